//! Figures of a time: how many, how they ended, how long the provider took, and why it refused. Nothing of a person.
//!
//! Every query stays within the time asked for: `verification_by_requested`, `attempt_by_begin` and `event_of_calls` are the
//! indexes behind them.

use bonin_core::{AttemptState, Operator, Status, StoreId, Way};
use jiff::{SignedDuration, Timestamp};
use sqlx::{Any, Row, any::AnyRow, query::Query};
use tracing::instrument;

use super::rows;
use crate::{
    Store, StoreError,
    connection::Tx,
    dialect::Dialect,
    observer::TRACE_TARGET,
    time::{micros, timestamp},
};

/// What the figures are of.
#[derive(Debug, Clone)]
pub struct StatisticsQuery {
    /// Of which stores.
    pub stores: Vec<StoreId>,
    /// From when, included.
    pub from: Timestamp,
    /// Until when, not included.
    pub until: Timestamp,
    /// How long one step of the course of time is: an hour, a day.
    pub step: SignedDuration,
    /// How far the clocks that the steps begin by are ahead of UTC.
    pub ahead: SignedDuration,
}

/// Tries that have all of this in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TryCount {
    /// The step of time in which they began, by its beginning.
    pub step: Timestamp,
    /// How they prove the person.
    pub way: Way,
    /// The operator that was asked for. A window's is known only when it has verified someone, so it has none here.
    pub operator: Option<Operator>,
    /// Where they stand.
    pub state: AttemptState,
    /// How many.
    pub count: i64,
}

/// How long the provider took for one kind of call, in milliseconds. Exact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Latency {
    /// Which call (KCP hub: its `tx_type`).
    pub call: String,
    /// How many there were.
    pub count: i64,
    /// Half of them took no longer.
    pub p50: i64,
    /// 95 of 100 took no longer.
    pub p95: i64,
    /// The longest.
    pub max: i64,
}

/// How often one kind of call ended with one code that is not success.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallFailure {
    /// Which call.
    pub call: String,
    /// The provider's code, or ours where it did not answer.
    pub code: String,
    /// How often.
    pub count: i64,
    /// When last.
    pub last: Timestamp,
}

/// The figures.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Verifications whose shown try was asked for in that time, by status.
    pub verifications: Vec<(Status, i64)>,
    /// Tries that began in that time.
    pub tries: Vec<TryCount>,
    /// How long the provider took in that time, by call.
    pub latencies: Vec<Latency>,
    /// What the provider refused in that time, the most frequent first.
    pub failures: Vec<CallFailure>,
}

type AnyQuery<'q> = Query<'q, Any, <Any as sqlx::Database>::Arguments>;

/// The code of a call that did what it was for.
const SUCCESS: &str = "0000";

impl StatisticsQuery {
    /// The condition that rows of this time in these stores meet; its values are `$1` and on.
    fn within(&self, time: &str) -> String {
        let stores = 3..3 + self.stores.len();
        let places: Vec<String> = stores.map(|place| format!("${place}")).collect();
        format!(
            "{time} >= $1 AND {time} < $2 AND store_id IN ({})",
            places.join(", ")
        )
    }

    /// How long a step is, and how far ahead its clocks are.
    fn steps(&self) -> (i64, i64) {
        let length = |duration: SignedDuration| i64::try_from(duration.as_micros());
        let step = length(self.step).unwrap_or(i64::MAX).max(1);
        (step, length(self.ahead).unwrap_or_default())
    }

    fn verifications(&self, dialect: Dialect) -> String {
        let within = self.within("requested_at");
        // SQLite would rather read all of a store in the order of its groups.
        let by_time = dialect.indexed_by(Some("verification_by_requested"));
        format!(
            "SELECT status, COUNT(*) FROM identity_verification{by_time} WHERE {within} GROUP BY status ORDER BY status"
        )
    }

    fn tries(&self) -> String {
        let ((step, ahead), within) = (self.steps(), self.within("begun_at"));
        format!(
            "SELECT (begun_at + {ahead}) / {step} AS step, way, operator, state, failure_reason, COUNT(*) AS count \
             FROM attempt WHERE {within} GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5"
        )
    }

    fn latencies(&self) -> String {
        let within = self.within("at");
        format!(
            "SELECT call, millis, COUNT(*) FROM event WHERE kind = 'asked_pg' AND call IS NOT NULL \
             AND millis IS NOT NULL AND {within} GROUP BY call, millis ORDER BY call, millis"
        )
    }

    fn failures(&self) -> String {
        let within = self.within("at");
        format!(
            "SELECT call, code, COUNT(*) AS count, MAX(at) AS last FROM event WHERE kind = 'asked_pg' AND call IS NOT NULL \
             AND code <> '{SUCCESS}' AND {within} GROUP BY call, code ORDER BY 3 DESC, call, code"
        )
    }

    fn bind<'q>(&self, mut query: AnyQuery<'q>) -> AnyQuery<'q> {
        query = query.bind(micros(self.from)).bind(micros(self.until));
        for store in &self.stores {
            query = query.bind(store.as_str().to_owned());
        }
        query
    }

    async fn rows(&self, tx: &mut Tx, sql: String) -> Result<Vec<AnyRow>, StoreError> {
        let query = self.bind(sqlx::query(sqlx::AssertSqlSafe(sql)));
        Ok(query.fetch_all(&mut **tx).await?)
    }
}

impl Store {
    /// The figures of a time.
    #[instrument(target = TRACE_TARGET, level = "debug", skip_all, fields(otel.kind = "client"))]
    pub async fn statistics(&self, query: &StatisticsQuery) -> Result<Statistics, StoreError> {
        // `IN ()` is not portable.
        if query.stores.is_empty() {
            return Ok(Statistics::default());
        }
        // One snapshot: what is counted twice is the same twice.
        let mut tx = self.database.snapshot().await?;
        Ok(Statistics {
            verifications: verifications(&mut tx, self.database.dialect(), query).await?,
            tries: tries(&mut tx, query).await?,
            latencies: latencies(&mut tx, query).await?,
            failures: failures(&mut tx, query).await?,
        })
    }
}

async fn verifications(
    tx: &mut Tx,
    dialect: Dialect,
    query: &StatisticsQuery,
) -> Result<Vec<(Status, i64)>, StoreError> {
    let rows = query.rows(tx, query.verifications(dialect)).await?;
    rows.iter()
        .map(|row| {
            Ok((
                rows::status(&row.try_get::<String, _>(0)?)?,
                row.try_get(1)?,
            ))
        })
        .collect()
}

async fn tries(tx: &mut Tx, query: &StatisticsQuery) -> Result<Vec<TryCount>, StoreError> {
    let (step, ahead) = query.steps();
    let rows = query.rows(tx, query.tries()).await?;
    rows.iter()
        .map(|row| {
            let number: i64 = row.try_get("step")?;
            let begins = number.saturating_mul(step).saturating_sub(ahead);
            let reason: Option<String> = row.try_get("failure_reason")?;
            Ok(TryCount {
                step: timestamp(begins)?,
                way: rows::way(&row.try_get::<String, _>("way")?)?,
                operator: rows::operator(row, "operator")?,
                state: rows::state(&row.try_get::<String, _>("state")?, reason.as_deref())?,
                count: row.try_get("count")?,
            })
        })
        .collect()
}

/// How often each length occurred, from which any percentile can be told: no more rows than there are lengths.
async fn latencies(tx: &mut Tx, query: &StatisticsQuery) -> Result<Vec<Latency>, StoreError> {
    let rows = query.rows(tx, query.latencies()).await?;
    let mut lengths: Vec<(String, Vec<(i64, i64)>)> = Vec::new();
    for row in &rows {
        let call: String = row.try_get(0)?;
        let length = (row.try_get(1)?, row.try_get(2)?);
        match lengths.last_mut() {
            Some((last, lengths)) if *last == call => lengths.push(length),
            _ => lengths.push((call, vec![length])),
        }
    }
    Ok(lengths
        .into_iter()
        .map(|(call, lengths)| Latency {
            call,
            count: lengths.iter().map(|(_, count)| count).sum(),
            p50: percentile(&lengths, 50),
            p95: percentile(&lengths, 95),
            max: lengths.last().map_or(0, |(millis, _)| *millis),
        })
        .collect())
}

/// The shortest length that so many of 100 do not exceed (nearest rank), of lengths in order with their counts.
fn percentile(lengths: &[(i64, i64)], of_hundred: i64) -> i64 {
    let all: i64 = lengths.iter().map(|(_, count)| count).sum();
    let rank = all.saturating_mul(of_hundred).saturating_add(99) / 100;
    let mut passed = 0;
    for (millis, count) in lengths {
        passed += count;
        if passed >= rank {
            return *millis;
        }
    }
    0
}

async fn failures(tx: &mut Tx, query: &StatisticsQuery) -> Result<Vec<CallFailure>, StoreError> {
    let rows = query.rows(tx, query.failures()).await?;
    rows.iter()
        .map(|row| {
            Ok(CallFailure {
                call: row.try_get("call")?,
                code: row.try_get("code")?,
                count: row.try_get("count")?,
                last: timestamp(row.try_get("last")?)?,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What SQLite does for a query, in its own words.
    async fn plan(store: &Store, query: &StatisticsQuery, sql: String) -> String {
        let mut tx = store.database.snapshot().await.unwrap();
        let rows = query.rows(&mut tx, format!("EXPLAIN QUERY PLAN {sql}"));
        let rows = rows.await.unwrap();
        let steps = rows.iter().map(|row| row.get::<String, _>("detail"));
        steps.collect::<Vec<_>>().join("\n")
    }

    #[tokio::test]
    async fn no_query_reads_more_than_its_time_of_its_stores() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new_in(folder.path()).await;
        let id = |id| StoreId::parse(id).unwrap();
        for stores in [vec![id("one")], vec![id("one"), id("two"), id("three")]] {
            let query = StatisticsQuery {
                stores,
                from: Timestamp::UNIX_EPOCH,
                until: Timestamp::UNIX_EPOCH,
                step: SignedDuration::from_hours(1),
                ahead: SignedDuration::from_hours(9),
            };
            for (sql, time) in [
                (query.verifications(Dialect::Sqlite), "requested_at"),
                (query.tries(), "begun_at"),
                (query.latencies(), "at"),
                (query.failures(), "at"),
            ] {
                let plan = plan(&store, &query, sql).await;
                let bounded = format!("(store_id=? AND {time}>? AND {time}<?)");
                assert!(plan.contains(&bounded), "{plan}");
            }
        }
    }

    #[test]
    fn a_percentile_is_the_nearest_rank() {
        // 1, 2, …, 100 once each.
        let even: Vec<(i64, i64)> = (1..=100).map(|millis| (millis, 1)).collect();
        assert_eq!(percentile(&even, 50), 50);
        assert_eq!(percentile(&even, 95), 95);
        let one = [(7, 1)];
        assert_eq!((percentile(&one, 50), percentile(&one, 95)), (7, 7));
        // 19 fast ones and a slow one: the slow one is beyond 95 of 100; of 20 in all, 19 are within it.
        assert_eq!(percentile(&[(10, 19), (5000, 1)], 95), 10);
        assert_eq!(percentile(&[(10, 18), (5000, 2)], 95), 5000);
        assert_eq!(percentile(&[], 50), 0);
    }
}

//! What waits, counted; and what is over, removed.

use bonin_core::WebhookEndpointId;
use jiff::{SignedDuration, Timestamp};
use sqlx::Row;

use crate::{
    Store, StoreError,
    time::{micros, timestamp_some},
};

/// What has waited for too long. Endpoint and urgency are asked for so that this, which runs every minute, reads by
/// `webhook_delivery_due` and not the whole table.
const TOO_OLD: &str = "UPDATE webhook_delivery SET state = 'GAVE_UP', ended_at = $2, next_at = NULL, lease_token = NULL \
    WHERE state = 'PENDING' AND endpoint_id IN (SELECT id FROM webhook_endpoint) AND urgent IN (0, 1) AND next_at <= $1";

/// What waits for an endpoint that was put away, and is not under way.
const OF_RETIRED: &str = "UPDATE webhook_delivery SET state = 'DROPPED', ended_at = $1, next_at = NULL, lease_token = NULL \
    WHERE state = 'PENDING' AND endpoint_id IN (SELECT id FROM webhook_endpoint WHERE retired_at IS NOT NULL) \
    AND (lease_token IS NULL OR next_at <= $1)";

/// What ended long ago.
const ENDED: &str = "SELECT id FROM webhook_delivery WHERE ended_at IS NOT NULL AND ended_at <= $1 ORDER BY ended_at LIMIT $2";

/// What waits for an endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookBacklog {
    /// Which endpoint.
    pub endpoint: WebhookEndpointId,
    /// How many messages wait, or are being sent.
    pub pending: i64,
    /// From when on the next of them may go; in the past where it should have gone.
    pub next_at: Option<Timestamp>,
    /// Whether the endpoint is paused.
    pub is_paused: bool,
    /// Since when no try has succeeded, though there were some.
    pub failing_since: Option<Timestamp>,
}

impl Store {
    /// What waits for each endpoint that is not put away.
    pub async fn webhook_backlog(&self) -> Result<Vec<WebhookBacklog>, StoreError> {
        sqlx::query(
            "SELECT e.id, e.paused_at, e.failing_since, \
             (SELECT COUNT(*) FROM webhook_delivery d WHERE d.endpoint_id = e.id AND d.state = 'PENDING'), \
             (SELECT MIN(d.next_at) FROM webhook_delivery d WHERE d.endpoint_id = e.id AND d.state = 'PENDING') \
             FROM webhook_endpoint e WHERE e.retired_at IS NULL ORDER BY e.id",
        )
        .fetch_all(self.database.reader())
        .await?
        .iter()
        .map(|row| {
            Ok(WebhookBacklog {
                endpoint: WebhookEndpointId::parse(row.try_get::<String, _>(0)?)
                    .map_err(|_| StoreError::UnknownValue("webhook_endpoint"))?,
                is_paused: row.try_get::<Option<i64>, _>(1)?.is_some(),
                failing_since: timestamp_some(row.try_get(2)?)?,
                pending: row.try_get(3)?,
                next_at: timestamp_some(row.try_get(4)?)?,
            })
        })
        .collect()
    }

    /// Removes messages that ended longer ago than they are kept, and their tries, up to `limit` of them; says how many. Gives
    /// up what has waited for so long for an endpoint that is paused, drops what waits for one that was put away, and forgets
    /// secrets that sign no more. Many instances may do so at once.
    pub async fn tidy_webhooks(
        &self,
        keep: SignedDuration,
        limit: u32,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let since = now.checked_sub(keep).unwrap_or(Timestamp::MIN);
        self.drop_of_retired(now).await?;
        let mut tx = self.write().await?;
        sqlx::query(TOO_OLD)
            .bind(micros(since))
            .bind(micros(now))
            .execute(&mut *tx)
            .await?;
        sqlx::query(
            "UPDATE webhook_endpoint SET previous_secret = NULL, previous_until = NULL WHERE previous_until <= $1",
        )
        .bind(micros(now))
        .execute(&mut *tx)
        .await?;
        let passing_over = self.database.dialect().for_update_skip_locked();
        let sql = format!("DELETE FROM webhook_delivery WHERE id IN ({ENDED}{passing_over})");
        let removed = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(micros(since))
            .bind(i64::from(limit))
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(removed.rows_affected())
    }

    /// Drops what waits for endpoints that were put away. A try that is under way is let end.
    pub(super) async fn drop_of_retired(&self, now: Timestamp) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        sqlx::query(OF_RETIRED)
            .bind(micros(now))
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_runs_every_minute_reads_by_index() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new_in(folder.path()).await;
        for (sql, index) in [
            (TOO_OLD, "webhook_delivery_due"),
            (OF_RETIRED, "webhook_delivery_due"),
            (ENDED, "webhook_delivery_ended"),
        ] {
            let mut query =
                sqlx::query(sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}"))).bind(0i64);
            if sql.contains("$2") {
                query = query.bind(1i64);
            }
            let plan = query.fetch_all(store.database.reader()).await.unwrap();
            let plan: Vec<String> = plan.iter().map(|row| row.get("detail")).collect();
            let by_index = |line: &String| line.contains("SEARCH") && line.contains(index);
            assert!(plan.iter().any(by_index), "{plan:?}");
            let whole = |line: &String| line.starts_with("SCAN webhook_delivery");
            assert!(!plan.iter().any(whole), "{plan:?}");
        }
    }
}

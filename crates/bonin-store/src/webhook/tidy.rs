//! What waits, counted; and what is over, removed. A million messages may wait for a receiver that is gone: whatever changes
//! many of them does so a few at a time, so that others write in between and no statement takes longer than it may.

use std::collections::BTreeMap;

use bonin_core::WebhookEndpointId;
use jiff::{SignedDuration, Timestamp};
use sqlx::Row;

use super::{DeliveryState, WebhookEvent};
use crate::{
    Store, StoreError,
    time::{micros, timestamp_some},
};

/// What has waited for too long. Endpoint and urgency are asked for so that this, which runs every minute, reads by
/// `webhook_delivery_due` and not the whole table.
const TOO_OLD: &str = "SELECT id FROM webhook_delivery WHERE state = 'PENDING' \
    AND endpoint_id IN (SELECT id FROM webhook_endpoint) AND urgent IN (0, 1) AND next_at <= $1 LIMIT $2";

/// What waits for an endpoint that was put away, and is not under way.
const OF_RETIRED: &str = "SELECT id FROM webhook_delivery WHERE state = 'PENDING' \
    AND endpoint_id IN (SELECT id FROM webhook_endpoint WHERE retired_at IS NOT NULL) \
    AND (lease_token IS NULL OR next_at <= $1) LIMIT $2";

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
}

/// What [`Store::tidy_webhooks`] did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tidied {
    /// How many messages were removed.
    pub removed: u64,
    /// How many were given up, of each endpoint, since they had waited for too long; tests aside.
    pub given_up: BTreeMap<WebhookEndpointId, u64>,
    /// Whether there may be more to tidy.
    pub more: bool,
}

impl Store {
    /// What waits for each endpoint that is not put away.
    pub async fn webhook_backlog(&self) -> Result<Vec<WebhookBacklog>, StoreError> {
        sqlx::query(
            "SELECT e.id, e.paused_at, \
             (SELECT COUNT(*) FROM webhook_delivery d WHERE d.endpoint_id = e.id AND d.state = 'PENDING'), \
             (SELECT MIN(d.next_at) FROM webhook_delivery d WHERE d.endpoint_id = e.id AND d.state = 'PENDING') \
             FROM webhook_endpoint e WHERE e.retired_at IS NULL ORDER BY e.id",
        )
        .fetch_all(self.database.searcher())
        .await?
        .iter()
        .map(|row| {
            Ok(WebhookBacklog {
                endpoint: WebhookEndpointId::parse(row.try_get::<String, _>(0)?)
                    .map_err(|_| StoreError::UnknownValue("webhook_endpoint"))?,
                is_paused: row.try_get::<Option<i64>, _>(1)?.is_some(),
                pending: row.try_get(2)?,
                next_at: timestamp_some(row.try_get(3)?)?,
            })
        })
        .collect()
    }

    /// How many messages wait for an endpoint, or are being sent.
    pub async fn webhooks_pending(&self, endpoint: &WebhookEndpointId) -> Result<i64, StoreError> {
        let row = sqlx::query(
            "SELECT COUNT(*) FROM webhook_delivery WHERE endpoint_id = $1 AND state = 'PENDING'",
        )
        .bind(endpoint.as_str())
        .fetch_one(self.database.searcher())
        .await?;
        Ok(row.try_get(0)?)
    }

    /// Removes messages that ended longer ago than they are kept, and their tries. Gives up what has waited for so long for an
    /// endpoint that is paused, drops what waits for one that was put away, and forgets secrets that sign no more. Of each of
    /// the three up to `limit` messages: it is to be called again as long as there is more. Many instances may do so at once.
    pub async fn tidy_webhooks(
        &self,
        keep: SignedDuration,
        limit: u32,
        now: Timestamp,
    ) -> Result<Tidied, StoreError> {
        let since = now.checked_sub(keep).unwrap_or(Timestamp::MIN);
        let dropped = self.drop_of_retired(limit, now).await?;
        self.forget_previous_secrets(now).await?;
        let removed = self.remove_ended(since, limit).await?;
        // Last, so that what is given up is told: whatever fails after a commit takes the answer with it.
        let old = self
            .end_messages(TOO_OLD, DeliveryState::GaveUp, (since, limit), now)
            .await?;
        let limit = u64::from(limit);
        let mut tidied = Tidied {
            removed,
            given_up: BTreeMap::new(),
            more: dropped >= limit || old.len() as u64 >= limit || removed >= limit,
        };
        for (endpoint, event) in old {
            if event != WebhookEvent::Test {
                *tidied.given_up.entry(endpoint).or_default() += 1;
            }
        }
        Ok(tidied)
    }

    /// Drops what waits for endpoints that were put away, up to `limit` messages, and says how many. A try that is under way is
    /// let end.
    pub(super) async fn drop_of_retired(
        &self,
        limit: u32,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let dropped = self
            .end_messages(OF_RETIRED, DeliveryState::Dropped, (now, limit), now)
            .await?;
        Ok(dropped.len() as u64)
    }

    /// Ends messages that a query finds, without a try. Those that somebody is just taking are passed over.
    async fn end_messages(
        &self,
        found: &str,
        state: DeliveryState,
        (until, limit): (Timestamp, u32),
        now: Timestamp,
    ) -> Result<Vec<(WebhookEndpointId, WebhookEvent)>, StoreError> {
        let sql = format!(
            "UPDATE webhook_delivery SET state = '{}', ended_at = $3, next_at = NULL, lease_token = NULL \
             WHERE id IN ({found}{}) RETURNING endpoint_id, event",
            state.as_str(),
            self.database.dialect().for_update_skip_locked()
        );
        let mut tx = self.write().await?;
        let ended = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(micros(until))
            .bind(i64::from(limit))
            .bind(micros(now))
            .fetch_all(&mut *tx)
            .await?
            .iter()
            .map(|row| {
                let endpoint = WebhookEndpointId::parse(row.try_get::<String, _>(0)?)
                    .map_err(|_| StoreError::UnknownValue("webhook_endpoint"))?;
                Ok((
                    endpoint,
                    WebhookEvent::parse(&row.try_get::<String, _>(1)?)?,
                ))
            })
            .collect::<Result<Vec<_>, StoreError>>()?;
        tx.commit().await?;
        Ok(ended)
    }

    async fn forget_previous_secrets(&self, now: Timestamp) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        sqlx::query(
            "UPDATE webhook_endpoint SET previous_secret = NULL, previous_until = NULL WHERE previous_until <= $1",
        )
        .bind(micros(now))
        .execute(&mut *tx)
        .await?;
        tx.commit().await
    }

    async fn remove_ended(&self, since: Timestamp, limit: u32) -> Result<u64, StoreError> {
        let sql = format!(
            "DELETE FROM webhook_delivery WHERE id IN ({ENDED}{})",
            self.database.dialect().to_delete_skip_locked()
        );
        let mut tx = self.write().await?;
        let removed = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(micros(since))
            .bind(i64::from(limit))
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(removed.rows_affected())
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
            let query = sqlx::query(sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}")));
            let query = query.bind(0i64).bind(1i64);
            let plan = query.fetch_all(store.database.reader()).await.unwrap();
            let plan: Vec<String> = plan.iter().map(|row| row.get("detail")).collect();
            let by_index = |line: &String| line.contains("SEARCH") && line.contains(index);
            assert!(plan.iter().any(by_index), "{plan:?}");
            let whole = |line: &String| line.starts_with("SCAN webhook_delivery");
            assert!(!plan.iter().any(whole), "{plan:?}");
        }
    }
}

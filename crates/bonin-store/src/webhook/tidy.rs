//! What waits, counted; and what is over, removed.

use bonin_core::WebhookEndpointId;
use jiff::{SignedDuration, Timestamp};
use sqlx::Row;

use super::DeliveryState;
use crate::{
    Store, StoreError,
    time::{micros, timestamp_some},
};

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
        sqlx::query(
            "UPDATE webhook_delivery SET state = 'GAVE_UP', ended_at = $2, next_at = NULL, lease_token = NULL \
             WHERE state = 'PENDING' AND next_at <= $1",
        )
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
        let sql = format!(
            "DELETE FROM webhook_delivery WHERE id IN (SELECT id FROM webhook_delivery WHERE ended_at IS NOT NULL \
             AND ended_at <= $1 ORDER BY ended_at LIMIT $2{})",
            self.database.dialect().for_update_skip_locked()
        );
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
        sqlx::query(
            "UPDATE webhook_delivery SET state = $2, ended_at = $1, next_at = NULL, lease_token = NULL \
             WHERE state = 'PENDING' AND (lease_token IS NULL OR next_at <= $1) \
             AND endpoint_id IN (SELECT id FROM webhook_endpoint WHERE retired_at IS NOT NULL)",
        )
        .bind(micros(now))
        .bind(DeliveryState::Dropped.as_str())
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }
}

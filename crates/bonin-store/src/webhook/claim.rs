//! Taking what is due, and noting what came of it.

use std::sync::Arc;

use bonin_core::{ClaimToken, Redacted, WebhookEndpointId};
use jiff::Timestamp;
use sqlx::{Row, any::AnyRow};
use tracing::instrument;

use super::{
    DELIVERY, DeliveryState, TryOutcome, WebhookDelivery, WebhookEvent, delivery, is_success, place,
};
use crate::{
    Store, StoreError,
    connection::Tx,
    observer::TRACE_TARGET,
    time::{micros, timestamp, timestamp_some},
};

/// Endpoints for which something is due: something that was asked for, or anything while they are not paused. Each is a
/// look-up in `webhook_delivery_due`, however much waits for an endpoint that is paused.
const DUE: &str = "SELECT e.id, e.failing_since FROM webhook_endpoint e WHERE e.retired_at IS NULL AND (\
    EXISTS (SELECT 1 FROM webhook_delivery d WHERE d.endpoint_id = e.id AND d.state = 'PENDING' AND d.urgent = 1 \
            AND d.next_at <= $1) \
    OR (e.paused_at IS NULL AND EXISTS (SELECT 1 FROM webhook_delivery d WHERE d.endpoint_id = e.id \
            AND d.state = 'PENDING' AND d.urgent = 0 AND d.next_at <= $1))) ORDER BY e.id";

/// An endpoint for which something is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueEndpoint {
    /// Which.
    pub id: WebhookEndpointId,
    /// Whether its last tries failed.
    pub is_failing: bool,
}

/// Where messages of an endpoint go, and what they are signed with.
#[derive(Debug, Clone)]
pub struct WebhookAddress {
    /// The address.
    pub url: Redacted,
    /// The secrets, the newest first: one or two.
    pub secrets: Vec<Redacted>,
}

/// A message that is this worker's to send, until its lease lapses.
#[derive(Debug, Clone)]
pub struct ClaimedWebhook {
    /// The message.
    pub delivery: WebhookDelivery,
    /// How many tries were made since it was written or asked for again.
    pub round_tries: u32,
    /// Where it goes. `None` where what is kept of the endpoint does not open.
    pub address: Option<Arc<WebhookAddress>>,
    token: ClaimToken,
}

/// What noting a try led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Noted {
    /// The lease had lapsed, and the message is somebody else's: nothing was noted.
    Lost,
    /// It is on disk.
    Done {
        /// Since when no try to this endpoint has succeeded, where it is not paused.
        failing_since: Option<Timestamp>,
    },
}

impl Store {
    /// Endpoints for which something is due.
    pub async fn due_webhooks(&self, now: Timestamp) -> Result<Vec<DueEndpoint>, StoreError> {
        sqlx::query(DUE)
            .bind(micros(now))
            .fetch_all(self.database.reader())
            .await?
            .iter()
            .map(|row| {
                Ok(DueEndpoint {
                    id: WebhookEndpointId::parse(row.try_get::<String, _>(0)?)
                        .map_err(|_| StoreError::UnknownValue("webhook_endpoint"))?,
                    is_failing: row.try_get::<Option<i64>, _>(1)?.is_some(),
                })
            })
            .collect()
    }

    /// Takes messages that are due, for each endpoint as many as there is room for. They are this caller's until `until`;
    /// after that anybody may take them. Many instances may do so at once: no message is taken by two.
    pub async fn claim_webhooks(
        &self,
        room: &[(WebhookEndpointId, u32)],
        token: &ClaimToken,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<ClaimedWebhook>, StoreError> {
        let mut tx = self.write().await?;
        let mut claimed = Vec::new();
        for (endpoint, room) in room {
            let row = sqlx::query(
                "SELECT id, url, secret, previous_secret, previous_until, paused_at FROM webhook_endpoint \
                 WHERE id = $1 AND retired_at IS NULL",
            )
            .bind(endpoint.as_str())
            .fetch_optional(&mut *tx)
            .await?;
            let Some(row) = row else { continue };
            let is_paused = row.try_get::<Option<i64>, _>("paused_at")?.is_some();
            let mut due = self.pick(&mut tx, endpoint, true, *room, now).await?;
            if !is_paused {
                let left = room.saturating_sub(u32::try_from(due.len()).unwrap_or(u32::MAX));
                due.extend(self.pick(&mut tx, endpoint, false, left, now).await?);
            }
            if due.is_empty() {
                continue;
            }
            // What does not open must be told as a failed try: it would be due for ever.
            let address = match self.address(&row, now) {
                Ok(address) => Some(Arc::new(address)),
                Err(error) => {
                    tracing::error!(endpoint = %endpoint, %error, "a webhook endpoint cannot be read");
                    None
                }
            };
            for (delivery, round_tries) in due {
                sqlx::query(
                    "UPDATE webhook_delivery SET lease_token = $2, next_at = $3 WHERE id = $1",
                )
                .bind(delivery.id.as_str())
                .bind(token.as_str())
                .bind(micros(until))
                .execute(&mut *tx)
                .await?;
                claimed.push(ClaimedWebhook {
                    delivery,
                    round_tries,
                    address: address.clone(),
                    token: token.clone(),
                });
            }
        }
        if claimed.is_empty() {
            tx.rollback().await?;
        } else {
            tx.commit().await?;
        }
        Ok(claimed)
    }

    /// Messages that are due at an endpoint, locked; those that another instance is just taking are passed over.
    async fn pick(
        &self,
        tx: &mut Tx,
        endpoint: &WebhookEndpointId,
        urgent: bool,
        room: u32,
        now: Timestamp,
    ) -> Result<Vec<(WebhookDelivery, u32)>, StoreError> {
        if room == 0 {
            return Ok(Vec::new());
        }
        let sql = format!(
            "SELECT {DELIVERY}, round_tries FROM webhook_delivery WHERE endpoint_id = $1 AND state = 'PENDING' \
             AND urgent = $2 AND next_at <= $3 ORDER BY next_at LIMIT $4{}",
            self.database.dialect().for_update_skip_locked()
        );
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(endpoint.as_str())
            .bind(i64::from(urgent))
            .bind(micros(now))
            .bind(i64::from(room))
            .fetch_all(&mut **tx)
            .await?
            .iter()
            .map(|row| {
                let round_tries = u32::try_from(row.try_get::<i64, _>("round_tries")?)
                    .map_err(|_| StoreError::UnknownValue("webhook_delivery.round_tries"))?;
                Ok((delivery(row, now)?, round_tries))
            })
            .collect()
    }

    fn address(&self, row: &AnyRow, now: Timestamp) -> Result<WebhookAddress, StoreError> {
        let id: String = row.try_get("id")?;
        let open = |column: &'static str| -> Result<Option<Redacted>, StoreError> {
            row.try_get::<Option<Vec<u8>>, _>(column)?
                .map(|sealed| self.keyring.open(place(column, &id), &sealed))
                .transpose()
        };
        let missing = StoreError::UnknownValue("webhook_endpoint");
        let (Some(url), Some(secret)) = (open("url")?, open("secret")?) else {
            return Err(missing);
        };
        let mut secrets = vec![secret];
        let until = timestamp_some(row.try_get("previous_until")?)?;
        if until.is_some_and(|until| now < until) {
            secrets.extend(open("previous_secret")?);
        }
        Ok(WebhookAddress { url, secrets })
    }

    /// Notes a try: made at `at`, it took so long and came to this. `retry_at` is when a message that was not taken is tried
    /// again; without it, it is given up. When this returns, it is on disk.
    #[instrument(target = TRACE_TARGET, level = "debug", skip_all, fields(otel.kind = "client"))]
    pub async fn note_webhook_try(
        &self,
        claimed: &ClaimedWebhook,
        (at, millis): (Timestamp, i64),
        outcome: TryOutcome,
        retry_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<Noted, StoreError> {
        let state = match (is_success(outcome), retry_at) {
            (true, _) => DeliveryState::Delivered,
            (false, Some(_)) => DeliveryState::Pending,
            (false, None) => DeliveryState::GaveUp,
        };
        let waits = state == DeliveryState::Pending;
        let mut tx = self.write().await?;
        let row = sqlx::query(
            "UPDATE webhook_delivery SET tries = tries + 1, round_tries = round_tries + 1, urgent = 0, state = $3, \
             next_at = $4, ended_at = $5, lease_token = NULL WHERE id = $1 AND lease_token = $2 RETURNING tries",
        )
        .bind(claimed.delivery.id.as_str())
        .bind(claimed.token.as_str())
        .bind(state.as_str())
        .bind(retry_at.filter(|_| waits).map(micros))
        .bind((!waits).then(|| micros(now)))
        .fetch_optional(&mut *tx)
        .await?;
        let Some(row) = row else {
            return Ok(Noted::Lost);
        };
        sqlx::query(
            "INSERT INTO webhook_try (delivery_id, number, at, millis, status, failure) VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(claimed.delivery.id.as_str())
        .bind(row.try_get::<i64, _>(0)?)
        .bind(micros(at))
        .bind(millis)
        .bind(outcome.ok().map(i64::from))
        .bind(outcome.err().map(|failure| failure.as_str().to_owned()))
        .execute(&mut *tx)
        .await?;
        let failing_since = note_health(&mut tx, claimed, outcome, at).await?;
        tx.commit().await?;
        Ok(Noted::Done { failing_since })
    }
}

/// Keeps since when an endpoint has been failing. A test says nothing of that: somebody may be trying an address that is not
/// ready yet.
async fn note_health(
    tx: &mut Tx,
    claimed: &ClaimedWebhook,
    outcome: TryOutcome,
    at: Timestamp,
) -> Result<Option<Timestamp>, StoreError> {
    if claimed.delivery.event == WebhookEvent::Test {
        return Ok(None);
    }
    let endpoint = claimed.delivery.endpoint.as_str();
    if is_success(outcome) {
        sqlx::query(
            "UPDATE webhook_endpoint SET failing_since = NULL WHERE id = $1 AND failing_since IS NOT NULL",
        )
        .bind(endpoint)
        .execute(&mut **tx)
        .await?;
        return Ok(None);
    }
    sqlx::query(
        "UPDATE webhook_endpoint SET failing_since = $2 WHERE id = $1 AND failing_since IS NULL",
    )
    .bind(endpoint)
    .bind(micros(at))
    .execute(&mut **tx)
    .await?;
    let row = sqlx::query(
        "SELECT CASE WHEN paused_at IS NULL AND retired_at IS NULL THEN failing_since END FROM webhook_endpoint \
         WHERE id = $1",
    )
    .bind(endpoint)
    .fetch_one(&mut **tx)
    .await?;
    row.try_get::<Option<i64>, _>(0)?.map(timestamp).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn looking_for_what_is_due_reads_what_is_due_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new_in(folder.path()).await;
        let plan = sqlx::query(sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {DUE}")))
            .bind(0i64)
            .fetch_all(store.database.reader())
            .await
            .unwrap();
        let plan: Vec<String> = plan.iter().map(|row| row.get("detail")).collect();
        let of_deliveries: Vec<_> = plan.iter().filter(|line| line.contains(" d ")).collect();
        assert_eq!(of_deliveries.len(), 2, "{plan:?}");
        for line in of_deliveries {
            assert!(
                line.contains("webhook_delivery_due (endpoint_id=? AND urgent=? AND next_at<?)"),
                "{plan:?}"
            );
        }
    }
}

//! Messages looked at, and asked for once more.

use bonin_core::{IdentityVerificationId, WebhookDeliveryId, WebhookEndpointId};
use jiff::Timestamp;
use serde_json::json;
use sqlx::{Row, any::AnyRow};

use super::{
    DELIVERY, DeliveryState, TryFailure, WebhookDelivery, WebhookEvent, WebhookTry, delivery,
};
use crate::{
    Act, Actor, Store, StoreError,
    dialect::Dialect,
    time::{micros, timestamp},
};

/// Which messages.
#[derive(Debug, Clone)]
pub struct DeliveryQuery {
    /// To this endpoint.
    pub endpoint: WebhookEndpointId,
    /// That have come this far.
    pub state: Option<DeliveryState>,
    /// That tell this.
    pub event: Option<WebhookEvent>,
    /// About this verification.
    pub verification: Option<IdentityVerificationId>,
    /// Older than this one: where the page before ended.
    pub before: Option<WebhookDeliveryId>,
    /// How many at the most.
    pub size: u32,
}

/// Messages, the newest first.
#[derive(Debug, Clone)]
pub struct DeliveryPage {
    /// The messages.
    pub items: Vec<WebhookDelivery>,
    /// Whether older ones match too.
    pub more: bool,
}

impl Store {
    /// A page of messages to an endpoint, the newest first.
    pub async fn webhook_deliveries(
        &self,
        query: &DeliveryQuery,
        now: Timestamp,
    ) -> Result<DeliveryPage, StoreError> {
        let (sql, values) = selected(self.database.dialect(), query);
        let mut found = sqlx::query(sqlx::AssertSqlSafe(sql));
        for value in values {
            found = found.bind(value);
        }
        let rows = found
            .bind(i64::from(query.size) + 1)
            .fetch_all(self.database.reader())
            .await?;
        let mut items = rows
            .iter()
            .map(|row| delivery(row, now))
            .collect::<Result<Vec<_>, _>>()?;
        let size = usize::try_from(query.size).unwrap_or(usize::MAX);
        let more = items.len() > size;
        items.truncate(size);
        Ok(DeliveryPage { items, more })
    }

    /// One message and its tries, the oldest first.
    pub async fn webhook_delivery(
        &self,
        id: &WebhookDeliveryId,
        now: Timestamp,
    ) -> Result<Option<(WebhookDelivery, Vec<WebhookTry>)>, StoreError> {
        let mut tx = self.snapshot().await?;
        let sql = format!("SELECT {DELIVERY} FROM webhook_delivery WHERE id = $1");
        let row = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(id.as_str())
            .fetch_optional(&mut *tx)
            .await?;
        let Some(row) = row else { return Ok(None) };
        let tries = sqlx::query(
            "SELECT number, at, millis, status, failure FROM webhook_try WHERE delivery_id = $1 ORDER BY number",
        )
        .bind(id.as_str())
        .fetch_all(&mut *tx)
        .await?
        .iter()
        .map(read_try)
        .collect::<Result<Vec<_>, _>>()?;
        Ok(Some((delivery(&row, now)?, tries)))
    }

    /// Sends a message once more, under the same id, with as many tries as a new one; at once, and to a paused endpoint, too.
    /// `false` where a try of it is under way.
    pub async fn replay_webhook(
        &self,
        id: &WebhookDeliveryId,
        by: &Actor,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut tx = self.administer().await?;
        let sql = format!(
            "SELECT {DELIVERY} FROM webhook_delivery WHERE id = $1{}",
            self.database.dialect().for_update()
        );
        let row = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(id.as_str())
            .fetch_optional(&mut *tx)
            .await?
            .ok_or(StoreError::NotFound("webhook delivery"))?;
        let found = delivery(&row, now)?;
        // Not locked: whoever notes a try locks the message first and the endpoint after it, as well.
        let retired =
            sqlx::query("SELECT 1 FROM webhook_endpoint WHERE id = $1 AND retired_at IS NOT NULL")
                .bind(found.endpoint.as_str())
                .fetch_optional(&mut *tx)
                .await?;
        if retired.is_some() {
            return Err(StoreError::Retired("webhook"));
        }
        if found.is_being_sent {
            return Ok(false);
        }
        sqlx::query(
            "UPDATE webhook_delivery SET state = 'PENDING', round_tries = 0, urgent = 1, next_at = $2, ended_at = NULL, \
             lease_token = NULL WHERE id = $1",
        )
        .bind(id.as_str())
        .bind(micros(now))
        .execute(&mut *tx)
        .await?;
        let act = Act::new("webhook.replay")
            .to(&found.endpoint)
            .of(&found.store)
            .with(json!({ "delivery": id.as_str() }));
        self.append(&mut tx, by, act, now).await?;
        tx.commit().await?;
        self.outbox.wake();
        Ok(true)
    }
}

/// By which index a page is found: that of the condition that matches the fewest. SQLite would take a state or a type of event
/// to be as rare as a verification.
fn index(query: &DeliveryQuery) -> &'static str {
    match (&query.verification, query.state, query.event) {
        (Some(_), _, _) => "webhook_delivery_of",
        // Most have been delivered.
        (None, None | Some(DeliveryState::Delivered), Some(_)) => "webhook_delivery_by_event",
        (None, Some(DeliveryState::Pending), _) => "webhook_delivery_waiting",
        (None, Some(DeliveryState::Delivered), None) => "webhook_delivery_delivered",
        (None, Some(DeliveryState::GaveUp), _) => "webhook_delivery_failed",
        (None, Some(DeliveryState::Dropped), _) => "webhook_delivery_dropped",
        (None, None, None) => "webhook_delivery_by_time",
    }
}

/// The query in SQL, and the texts that it binds; the size is bound after them.
fn selected(dialect: Dialect, query: &DeliveryQuery) -> (String, Vec<String>) {
    let mut sql = format!(
        "SELECT {DELIVERY} FROM webhook_delivery{} WHERE endpoint_id = $1",
        dialect.indexed_by(Some(index(query)))
    );
    let mut values = vec![query.endpoint.as_str().to_owned()];
    // Spelled out, not bound: so that a partial index can be chosen.
    if let Some(state) = query.state {
        sql.push_str(&format!(" AND state = '{}'", state.as_str()));
    }
    if let Some(event) = query.event {
        sql.push_str(&format!(" AND event = '{}'", event.word()));
    }
    if let Some(id) = &query.verification {
        values.push(id.as_str().to_owned());
        sql.push_str(&format!(" AND verification_id = ${}", values.len()));
    }
    if let Some(id) = &query.before {
        values.push(id.as_str().to_owned());
        sql.push_str(&format!(
            " AND (happened_at, id) < (SELECT happened_at, id FROM webhook_delivery WHERE id = ${})",
            values.len()
        ));
    }
    sql.push_str(&format!(
        " ORDER BY happened_at DESC, id DESC LIMIT ${}",
        values.len() + 1
    ));
    (sql, values)
}

fn read_try(row: &AnyRow) -> Result<WebhookTry, StoreError> {
    let unknown = |_| StoreError::UnknownValue("webhook_try");
    let status: Option<i64> = row.try_get("status")?;
    let failure: Option<String> = row.try_get("failure")?;
    Ok(WebhookTry {
        number: u32::try_from(row.try_get::<i64, _>("number")?).map_err(unknown)?,
        at: timestamp(row.try_get("at")?)?,
        millis: row.try_get("millis")?,
        outcome: match (status, failure) {
            (Some(status), _) => Ok(u16::try_from(status).map_err(unknown)?),
            (None, Some(failure)) => Err(TryFailure::parse(&failure)?),
            (None, None) => return Err(StoreError::UnknownValue("webhook_try")),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_page_is_read_by_the_index_of_what_it_asks_for() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new_in(folder.path()).await;
        let all = DeliveryQuery {
            endpoint: WebhookEndpointId::parse("webhook-1").unwrap(),
            state: None,
            event: None,
            verification: None,
            before: None,
            size: 30,
        };
        let in_state = |state| DeliveryQuery {
            state: Some(state),
            ..all.clone()
        };
        let older = DeliveryQuery {
            before: Some(WebhookDeliveryId::parse("wh_1").unwrap()),
            ..in_state(DeliveryState::GaveUp)
        };
        let tests = DeliveryQuery {
            event: Some(WebhookEvent::Test),
            ..all.clone()
        };
        let of_one = DeliveryQuery {
            verification: Some(IdentityVerificationId::parse("one").unwrap()),
            ..all.clone()
        };
        // Whatever else is asked for: of one verification there are few.
        let failed_of_one = DeliveryQuery {
            state: Some(DeliveryState::GaveUp),
            event: Some(WebhookEvent::Verified),
            ..of_one.clone()
        };
        let delivered_tests = DeliveryQuery {
            state: Some(DeliveryState::Delivered),
            ..tests.clone()
        };
        let of = "webhook_delivery_of (endpoint_id=? AND verification_id=?";
        let by_event = "webhook_delivery_by_event (endpoint_id=? AND event=?";
        for (query, index) in [
            (all.clone(), "webhook_delivery_by_time (endpoint_id=?"),
            (in_state(DeliveryState::Pending), "webhook_delivery_waiting"),
            (
                in_state(DeliveryState::Delivered),
                "webhook_delivery_delivered",
            ),
            (in_state(DeliveryState::GaveUp), "webhook_delivery_failed"),
            (in_state(DeliveryState::Dropped), "webhook_delivery_dropped"),
            (
                older,
                "webhook_delivery_failed (endpoint_id=? AND happened_at<?",
            ),
            (tests, by_event),
            (delivered_tests, by_event),
            (of_one, of),
            (failed_of_one, of),
        ] {
            let (sql, values) = selected(store.database.dialect(), &query);
            let mut plan = sqlx::query(sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}")));
            for value in values {
                plan = plan.bind(value);
            }
            let plan = plan
                .bind(31i64)
                .fetch_all(store.database.reader())
                .await
                .unwrap();
            let plan: Vec<String> = plan.iter().map(|row| row.get("detail")).collect();
            assert!(plan[0].contains(index), "{index}: {plan:?}");
            let sorts = |line: &String| line.contains("TEMP B-TREE");
            assert!(!plan.iter().any(sorts), "{plan:?}");
        }
    }
}

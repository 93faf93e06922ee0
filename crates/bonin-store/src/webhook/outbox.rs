//! The outbox: what happens to a verification is written down for whoever wants to be told, in the same transaction.

use std::sync::Arc;

use aws_lc_rs::rand;
use bonin_core::{StoreId, WebhookDeliveryId, WebhookEndpointId};
use jiff::Timestamp;

use tokio::sync::Notify;

use super::WebhookEvent;
use crate::{
    Act, Actor, Store, StoreError, connection::Tx, time::micros, verification::VerificationKey,
};

/// Tells the workers of this process that something may be due. Those of others look every second or so.
#[derive(Debug, Clone, Default)]
pub(crate) struct Outbox(Arc<Notify>);

impl Outbox {
    /// Something was committed.
    pub(crate) fn wake(&self) {
        self.0.notify_one();
    }
}

/// 128 random bits, as the beginning of a message's id: one for each event. A whole id ends with the endpoint's number.
fn event_id() -> Result<String, StoreError> {
    let mut bytes = [0u8; 16];
    rand::fill(&mut bytes).map_err(|_| StoreError::NoRandomness)?;
    Ok(format!("wh_{:032x}_", u128::from_be_bytes(bytes)))
}

/// Writes a message for each endpoint of the store that wants to be told. Says whether there is one.
pub(crate) async fn write(
    tx: &mut Tx,
    key: &VerificationKey,
    tx_id: &str,
    event: WebhookEvent,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let written = sqlx::query(
        "INSERT INTO webhook_delivery (id, endpoint_id, store_id, verification_id, tx_id, event, happened_at, state, next_at) \
         SELECT $1 || CAST(number AS TEXT), id, store_id, $3, $4, $5, $6, 'PENDING', $6 FROM webhook_endpoint \
         WHERE store_id = $2 AND retired_at IS NULL AND events LIKE $7",
    )
    .bind(event_id()?)
    .bind(key.store.as_str())
    .bind(key.id.as_str())
    .bind(tx_id)
    .bind(event.word())
    .bind(micros(now))
    .bind(format!("% {} %", event.word()))
    .execute(&mut **tx)
    .await?;
    Ok(written.rows_affected() > 0)
}

impl Store {
    /// Waits until this process has written something for an endpoint since this was last called.
    pub async fn webhook_written(&self) {
        self.outbox.0.notified().await;
    }

    /// Writes a message that tells of nothing, so that somebody sees one arrive. It goes at once, to a paused endpoint too,
    /// and is tried once.
    pub async fn write_test_webhook(
        &self,
        id: &WebhookEndpointId,
        by: &Actor,
        now: Timestamp,
    ) -> Result<WebhookDeliveryId, StoreError> {
        let mut tx = self.administer().await?;
        let endpoint = self.webhook_to_change(&mut tx, id).await?;
        let delivery = WebhookDeliveryId::parse(format!("{}test", event_id()?))
            .map_err(|_| StoreError::UnknownValue("webhook_delivery"))?;
        insert_test(&mut tx, &delivery, id, &endpoint.store, now).await?;
        let act = Act::new("webhook.test")
            .to(id)
            .of(&endpoint.store)
            .with(serde_json::json!({ "delivery": delivery.as_str() }));
        self.append(&mut tx, by, act, now).await?;
        tx.commit().await?;
        self.outbox.wake();
        Ok(delivery)
    }
}

async fn insert_test(
    tx: &mut Tx,
    delivery: &WebhookDeliveryId,
    endpoint: &WebhookEndpointId,
    store: &StoreId,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO webhook_delivery (id, endpoint_id, store_id, event, happened_at, state, urgent, next_at) \
         VALUES ($1, $2, $3, $4, $5, 'PENDING', 1, $5)",
    )
    .bind(delivery.as_str())
    .bind(endpoint.as_str())
    .bind(store.as_str())
    .bind(WebhookEvent::Test.word())
    .bind(micros(now))
    .execute(&mut **tx)
    .await?;
    Ok(())
}

//! Endpoints: made, changed, paused, put away. The audit tells the origin of an address and never the rest of it, and that a
//! secret was replaced and never what it is.

use bonin_core::{Redacted, StoreId, WebhookEndpointId};
use jiff::Timestamp;
use serde_json::json;
use sqlx::{Row, any::AnyRow};

use super::{NewWebhookEndpoint, PauseCause, WebhookEndpoint, WebhookEvent, place};
use crate::{
    Act, Actor, Store, StoreError,
    connection::Tx,
    time::{micros, timestamp, timestamp_some},
};

const COLUMNS: &str = "id, store_id, url, events, previous_until, created_at, updated_at, failing_since, paused_at, \
    pause_cause, retired_at";

/// How many of the messages that wait for an endpoint are dropped while somebody waits for it to be put away.
const DROPPED_AT_ONCE: u32 = 500;

/// The words of a list, with a space on either side of each, so that one can be looked for.
fn words(events: &[WebhookEvent]) -> String {
    let mut events = events.to_vec();
    events.sort_unstable();
    events.dedup();
    let words = events.iter().map(|event| event.word());
    format!(" {} ", words.collect::<Vec<_>>().join(" "))
}

fn events(words: &str) -> Result<Vec<WebhookEvent>, StoreError> {
    words.split_whitespace().map(WebhookEvent::parse).collect()
}

fn told(events: &[WebhookEvent]) -> Vec<&'static str> {
    events.iter().map(|event| event.type_name()).collect()
}

impl Store {
    /// Makes an endpoint, if the store has fewer than `most` that are not put away.
    pub async fn create_webhook(
        &self,
        endpoint: &NewWebhookEndpoint,
        most: i64,
        by: &Actor,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.administer().await?;
        let row = sqlx::query(
            "SELECT COALESCE(MAX(number), 0), COUNT(CASE WHEN retired_at IS NULL THEN 1 END) FROM webhook_endpoint \
             WHERE store_id = $1",
        )
        .bind(endpoint.store.as_str())
        .fetch_one(&mut *tx)
        .await?;
        let (number, live): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
        if live >= most {
            return Err(StoreError::TooMany("webhook endpoints"));
        }
        let id = endpoint.id.as_str();
        sqlx::query(
            "INSERT INTO webhook_endpoint (id, store_id, number, url, events, secret, created_at, updated_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $7)",
        )
        .bind(id)
        .bind(endpoint.store.as_str())
        .bind(number + 1)
        .bind(self.keyring.seal(place("url", id), endpoint.url.expose())?)
        .bind(words(&endpoint.events))
        .bind(
            self.keyring
                .seal(place("secret", id), endpoint.secret.expose())?,
        )
        .bind(micros(now))
        .execute(&mut *tx)
        .await?;
        let act = Act::new("webhook.create")
            .to(id)
            .of(&endpoint.store)
            .with(json!({ "origin": endpoint.origin, "events": told(&endpoint.events) }));
        self.append(&mut tx, by, act, now).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Changes where an endpoint is and what it is told of. What waits goes to the new address. `origin` is the address's
    /// scheme, host and port.
    pub async fn update_webhook(
        &self,
        id: &WebhookEndpointId,
        (url, origin): (&Redacted, &str),
        events: &[WebhookEvent],
        by: &Actor,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.administer().await?;
        let before = self.webhook_to_change(&mut tx, id).await?;
        let moved = before.url != *url;
        let events_before = words(&before.events);
        let events_after = words(events);
        if !moved && events_before == events_after {
            return tx.commit().await;
        }
        let url = self.keyring.seal(place("url", id.as_str()), url.expose())?;
        sqlx::query(
            "UPDATE webhook_endpoint SET url = $2, events = $3, updated_at = $4 WHERE id = $1",
        )
        .bind(id.as_str())
        .bind(url)
        .bind(&events_after)
        .bind(micros(now))
        .execute(&mut *tx)
        .await?;
        let mut details = serde_json::Map::new();
        if moved {
            details.insert("origin".into(), json!(origin));
        }
        if events_before != events_after {
            details.insert(
                "events".into(),
                json!({ "from": told(&before.events), "to": told(events) }),
            );
        }
        let act = Act::new("webhook.update")
            .to(id)
            .of(&before.store)
            .with(serde_json::Value::Object(details));
        self.append(&mut tx, by, act, now).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Gives an endpoint another secret. Until `previous_until` messages are signed with the one before, too; without it that
    /// one ends at once. One that was still valid from the time before ends in any case: two are valid at the most.
    pub async fn rotate_webhook_secret(
        &self,
        id: &WebhookEndpointId,
        secret: &Redacted,
        previous_until: Option<Timestamp>,
        by: &Actor,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.administer().await?;
        let endpoint = self.webhook_to_change(&mut tx, id).await?;
        let row = sqlx::query("SELECT secret FROM webhook_endpoint WHERE id = $1")
            .bind(id.as_str())
            .fetch_one(&mut *tx)
            .await?;
        let previous = match previous_until {
            None => None,
            Some(_) => row
                .try_get::<Option<Vec<u8>>, _>(0)?
                .map(|sealed| {
                    let opened = self.keyring.open(place("secret", id.as_str()), &sealed)?;
                    self.keyring
                        .seal(place("previous_secret", id.as_str()), opened.expose())
                })
                .transpose()?,
        };
        sqlx::query(
            "UPDATE webhook_endpoint SET secret = $2, previous_secret = $3, previous_until = $4, updated_at = $5 WHERE id = $1",
        )
        .bind(id.as_str())
        .bind(
            self.keyring
                .seal(place("secret", id.as_str()), secret.expose())?,
        )
        .bind(previous)
        .bind(previous_until.map(micros))
        .bind(micros(now))
        .execute(&mut *tx)
        .await?;
        let act = Act::new("webhook.rotate_secret")
            .to(id)
            .of(&endpoint.store)
            .with(json!({ "previousUntil": previous_until.map(|at| at.to_string()) }));
        self.append(&mut tx, by, act, now).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Lets nothing go to an endpoint until it is resumed; what is to be told of waits. Says whether that changed anything.
    pub async fn pause_webhook(
        &self,
        id: &WebhookEndpointId,
        by: &Actor,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut tx = self.administer().await?;
        let endpoint = self.webhook_to_change(&mut tx, id).await?;
        if endpoint.paused.is_some() {
            tx.commit().await?;
            return Ok(false);
        }
        self.pause(&mut tx, &endpoint, PauseCause::Request, by, now)
            .await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Pauses an endpoint that has been failing since `since` or earlier. Says whether it did: it may have been paused or put
    /// away, or have answered, meanwhile.
    pub async fn pause_failing_webhook(
        &self,
        id: &WebhookEndpointId,
        since: Timestamp,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut tx = self.administer().await?;
        let Some(endpoint) = self.webhook_in(&mut tx, id).await? else {
            return Ok(false);
        };
        let failing = endpoint.failing_since.is_some_and(|first| first <= since);
        if !failing || endpoint.paused.is_some() || endpoint.retired_at.is_some() {
            return Ok(false);
        }
        let by = Actor::system("webhooks");
        self.pause(&mut tx, &endpoint, PauseCause::Failing, &by, now)
            .await?;
        tx.commit().await?;
        Ok(true)
    }

    async fn pause(
        &self,
        tx: &mut Tx,
        endpoint: &WebhookEndpoint,
        cause: PauseCause,
        by: &Actor,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        sqlx::query("UPDATE webhook_endpoint SET paused_at = $2, pause_cause = $3 WHERE id = $1")
            .bind(endpoint.id.as_str())
            .bind(micros(now))
            .bind(cause.as_str())
            .execute(&mut **tx)
            .await?;
        let mut details = json!({ "cause": cause.as_str() });
        if cause == PauseCause::Failing {
            details["failingSince"] = json!(endpoint.failing_since.map(|at| at.to_string()));
        }
        let act = Act::new("webhook.pause")
            .to(&endpoint.id)
            .of(&endpoint.store)
            .with(details);
        self.append(tx, by, act, now).await
    }

    /// Lets messages go to an endpoint again, those that waited first of all. Says whether that changed anything.
    pub async fn resume_webhook(
        &self,
        id: &WebhookEndpointId,
        by: &Actor,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut tx = self.administer().await?;
        let endpoint = self.webhook_to_change(&mut tx, id).await?;
        if endpoint.paused.is_none() {
            tx.commit().await?;
            return Ok(false);
        }
        // Failures of before count no more: it gets its days again.
        sqlx::query(
            "UPDATE webhook_endpoint SET paused_at = NULL, pause_cause = NULL, failing_since = NULL WHERE id = $1",
        )
        .bind(id.as_str())
        .execute(&mut *tx)
        .await?;
        let act = Act::new("webhook.resume").to(id).of(&endpoint.store);
        self.append(&mut tx, by, act, now).await?;
        tx.commit().await?;
        self.outbox.wake();
        Ok(true)
    }

    /// Puts an endpoint away for good, and what waits for it. Its secrets are forgotten. One that was put away before stays as
    /// it is.
    pub async fn retire_webhook(
        &self,
        id: &WebhookEndpointId,
        by: &Actor,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.administer().await?;
        let endpoint = self.webhook_in(&mut tx, id).await?;
        let endpoint = endpoint.ok_or(StoreError::NotFound("webhook"))?;
        if endpoint.retired_at.is_some() {
            return tx.commit().await;
        }
        sqlx::query(
            "UPDATE webhook_endpoint SET retired_at = $2, updated_at = $2, secret = NULL, previous_secret = NULL, \
             previous_until = NULL WHERE id = $1",
        )
        .bind(id.as_str())
        .bind(micros(now))
        .execute(&mut *tx)
        .await?;
        let act = Act::new("webhook.retire").to(id).of(&endpoint.store);
        self.append(&mut tx, by, act, now).await?;
        tx.commit().await?;
        // Apart, since there may be many of them. What this leaves `tidy_webhooks` drops.
        if let Err(error) = self.drop_of_retired(DROPPED_AT_ONCE, now).await {
            tracing::warn!(endpoint = %id, %error, "what waits for a webhook endpoint that was put away is dropped later");
        }
        Ok(())
    }

    /// The endpoint of this id, also one that is put away.
    pub async fn webhook(
        &self,
        id: &WebhookEndpointId,
    ) -> Result<Option<WebhookEndpoint>, StoreError> {
        self.opening(|| async {
            let sql = format!("SELECT {COLUMNS} FROM webhook_endpoint WHERE id = $1");
            sqlx::query(sqlx::AssertSqlSafe(sql))
                .bind(id.as_str())
                .fetch_optional(self.database.reader())
                .await?
                .as_ref()
                .map(|row| self.read_webhook(row))
                .transpose()
        })
        .await
    }

    /// The endpoints of a store, or of all: those in use first, then those that are put away; the oldest first.
    pub async fn webhooks(
        &self,
        store: Option<&StoreId>,
    ) -> Result<Vec<WebhookEndpoint>, StoreError> {
        self.opening(|| async {
            let sql = format!(
                "SELECT {COLUMNS} FROM webhook_endpoint WHERE store_id = COALESCE($1, store_id) \
                 ORDER BY CASE WHEN retired_at IS NULL THEN 0 ELSE 1 END, created_at, id"
            );
            sqlx::query(sqlx::AssertSqlSafe(sql))
                .bind(store.map(|store| store.as_str().to_owned()))
                .fetch_all(self.database.reader())
                .await?
                .iter()
                .map(|row| self.read_webhook(row))
                .collect()
        })
        .await
    }

    /// An endpoint that is not put away, inside a transaction that changes it.
    pub(super) async fn webhook_to_change(
        &self,
        tx: &mut Tx,
        id: &WebhookEndpointId,
    ) -> Result<WebhookEndpoint, StoreError> {
        let endpoint = self.webhook_in(tx, id).await?;
        let endpoint = endpoint.ok_or(StoreError::NotFound("webhook"))?;
        if endpoint.retired_at.is_some() {
            return Err(StoreError::Retired("webhook"));
        }
        Ok(endpoint)
    }

    async fn webhook_in(
        &self,
        tx: &mut Tx,
        id: &WebhookEndpointId,
    ) -> Result<Option<WebhookEndpoint>, StoreError> {
        // Locked: tries that end note success and failure in the same row.
        let sql = format!(
            "SELECT {COLUMNS} FROM webhook_endpoint WHERE id = $1{}",
            self.database.dialect().for_update()
        );
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(id.as_str())
            .fetch_optional(&mut **tx)
            .await?
            .as_ref()
            .map(|row| self.read_webhook(row))
            .transpose()
    }

    fn read_webhook(&self, row: &AnyRow) -> Result<WebhookEndpoint, StoreError> {
        let unknown = |_| StoreError::UnknownValue("webhook_endpoint");
        let id: String = row.try_get("id")?;
        let url = self
            .keyring
            .open(place("url", &id), &row.try_get::<Vec<u8>, _>("url")?)?;
        let paused = match (
            timestamp_some(row.try_get("paused_at")?)?,
            row.try_get::<Option<String>, _>("pause_cause")?,
        ) {
            (Some(at), Some(cause)) => Some((at, PauseCause::parse(&cause)?)),
            _ => None,
        };
        Ok(WebhookEndpoint {
            id: WebhookEndpointId::parse(id).map_err(unknown)?,
            store: StoreId::parse(row.try_get::<String, _>("store_id")?).map_err(unknown)?,
            url,
            events: events(&row.try_get::<String, _>("events")?)?,
            previous_until: timestamp_some(row.try_get("previous_until")?)?,
            created_at: timestamp(row.try_get("created_at")?)?,
            updated_at: timestamp(row.try_get("updated_at")?)?,
            failing_since: timestamp_some(row.try_get("failing_since")?)?,
            paused,
            retired_at: timestamp_some(row.try_get("retired_at")?)?,
        })
    }
}

//! Channels: a contract with a PG provider, and the credentials that come with it.

use bonin_core::{ChannelId, ChannelKey, Redacted, StoreId};
use jiff::Timestamp;
use sqlx::{Row, any::AnyRow};

use serde_json::{Map, Value, json};
use tracing::instrument;

use super::exists;
use crate::{
    Act, Actor, Store, StoreError,
    connection::Tx,
    observer::TRACE_TARGET,
    sealed::Place,
    time::{micros, timestamp, timestamp_some},
};

/// Whether a channel verifies people or believes anyone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChannelKind {
    /// A real contract.
    Live,
    /// A test contract.
    Test,
}

impl ChannelKind {
    /// As the database and the API spell it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Live => "LIVE",
            Self::Test => "TEST",
        }
    }

    fn parse(value: &str) -> Result<Self, StoreError> {
        match value {
            "LIVE" => Ok(Self::Live),
            "TEST" => Ok(Self::Test),
            _ => Err(StoreError::UnknownValue("channel.kind")),
        }
    }
}

/// What the hub (API way) asks for.
#[derive(Debug, Clone)]
pub struct HubAccess {
    /// Its base address.
    pub url: String,
    /// The service certificate, PEM.
    pub certificate: Redacted,
    /// The encrypted PKCS#8 key, PEM.
    pub private_key: Redacted,
    /// The key's password.
    pub private_key_password: Redacted,
    /// When the certificate ends.
    pub certificate_ends_at: Option<Timestamp>,
}

/// What the window (SDK way) asks for.
#[derive(Debug, Clone)]
pub struct WindowAccess {
    /// Its base address.
    pub url: String,
    /// 가맹점 인증키.
    pub enc_key: Redacted,
}

/// A channel to be made.
#[derive(Debug, Clone)]
pub struct NewChannel {
    /// Its id.
    pub id: ChannelId,
    /// Whose it is.
    pub store_id: StoreId,
    /// What clients name it by.
    pub key: ChannelKey,
    /// What people call it.
    pub name: String,
    /// LIVE or TEST.
    pub kind: ChannelKind,
    /// The provider, as the API spells it: `KCP_V2`.
    pub pg_provider: String,
    /// The merchant's id there (KCP's `site_cd`).
    pub pg_merchant_id: String,
    /// Credentials for the hub.
    pub hub: Option<HubAccess>,
    /// Credentials for the window.
    pub window: Option<WindowAccess>,
}

/// A channel with its credentials opened. Its updating time tells whether a parsed copy is still good.
#[derive(Debug, Clone)]
pub struct Channel {
    /// What it was made of.
    pub new: NewChannel,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: i64,
    /// Since when it takes no new tries.
    pub retired_at: Option<Timestamp>,
}

impl std::ops::Deref for Channel {
    type Target = NewChannel;
    fn deref(&self) -> &NewChannel {
        &self.new
    }
}

fn place<'a>(column: &'static str, row: &'a str) -> Place<'a> {
    Place {
        table: "channel",
        column,
        row,
    }
}

const COLUMNS: &str = "id, store_id, channel_key, name, kind, pg_provider, pg_merchant_id, hub_url, hub_certificate, \
    hub_private_key, hub_private_key_password, hub_certificate_ends_at, window_url, window_enc_key, created_at, \
    updated_at, retired_at";

/// What the audit tells of a channel: whether there are credentials, and never what they are.
fn told(channel: &NewChannel) -> Map<String, Value> {
    let ends_at = channel.hub.as_ref().and_then(|hub| hub.certificate_ends_at);
    [
        ("name", json!(channel.name)),
        ("kind", json!(channel.kind.as_str())),
        ("key", json!(channel.key.as_str())),
        ("pgProvider", json!(channel.pg_provider)),
        ("pgMerchantId", json!(channel.pg_merchant_id)),
        ("hubUrl", json!(channel.hub.as_ref().map(|hub| &hub.url))),
        ("certificateEndsAt", json!(ends_at.map(|at| at.to_string()))),
        (
            "windowUrl",
            json!(channel.window.as_ref().map(|window| &window.url)),
        ),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect()
}

fn same_hub(one: Option<&HubAccess>, other: Option<&HubAccess>) -> bool {
    let secrets = |hub: Option<&HubAccess>| {
        hub.map(|hub| {
            (
                hub.certificate.clone(),
                hub.private_key.clone(),
                hub.private_key_password.clone(),
            )
        })
    };
    secrets(one) == secrets(other)
}

fn same_window(one: Option<&WindowAccess>, other: Option<&WindowAccess>) -> bool {
    one.map(|window| &window.enc_key) == other.map(|window| &window.enc_key)
}

/// The act that makes `after` of `before`. `None` where nothing changes.
fn act_of(before: Option<&NewChannel>, after: &NewChannel) -> Option<Act> {
    let Some(before) = before else {
        let mut told = told(after);
        told.insert("hub".into(), json!(after.hub.is_some()));
        told.insert("window".into(), json!(after.window.is_some()));
        return Some(Act::new("channel.create").with(Value::Object(told)));
    };
    let were = told(before);
    let mut changes: Map<String, Value> = told(after)
        .into_iter()
        .filter(|(name, value)| were.get(name) != Some(value))
        .map(|(name, to)| {
            let from = were.get(&name).cloned();
            (name, json!({ "from": from, "to": to }))
        })
        .collect();
    let mut replaced = Vec::new();
    if !same_hub(before.hub.as_ref(), after.hub.as_ref()) {
        replaced.push("hub");
    }
    if !same_window(before.window.as_ref(), after.window.as_ref()) {
        replaced.push("window");
    }
    let action = if replaced.is_empty() {
        "channel.update"
    } else {
        changes.insert("credentials".into(), json!(replaced));
        "channel.replace_credentials"
    };
    (!changes.is_empty()).then(|| Act::new(action).with(Value::Object(changes)))
}

impl Store {
    /// Makes a channel, or changes the one with the same id: all but its store and its key. Credentials that are the same
    /// stay as they are sealed; where nothing changes, nothing is written.
    pub async fn put_channel(
        &self,
        channel: &NewChannel,
        by: &Actor,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.administer().await?;
        let before = self.channel_in(&mut tx, &channel.id).await?;
        let Some(act) = act_of(before.as_deref(), channel) else {
            return tx.commit().await;
        };
        self.write_channel(&mut tx, channel, now).await?;
        let act = act.to(&channel.id).of(&channel.store_id);
        self.append(&mut tx, by, act, now).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Puts a channel away, so that it takes no new tries, or brings it back.
    pub async fn retire_channel(
        &self,
        id: &ChannelId,
        retired: bool,
        by: &Actor,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.administer().await?;
        let channel = self.channel_in(&mut tx, id).await?;
        let channel = channel.ok_or(StoreError::NotFound("channel"))?;
        if channel.retired_at.is_some() == retired {
            return tx.commit().await;
        }
        sqlx::query("UPDATE channel SET retired_at = $2, updated_at = $3 WHERE id = $1")
            .bind(id.as_str())
            .bind(retired.then(|| micros(now)))
            .bind(micros(now))
            .execute(&mut *tx)
            .await?;
        let action = if retired {
            "channel.retire"
        } else {
            "channel.restore"
        };
        let act = Act::new(action)
            .to(id)
            .of(&channel.store_id)
            .with(json!({ "name": channel.name }));
        self.append(&mut tx, by, act, now).await?;
        tx.commit().await?;
        Ok(())
    }

    async fn channel_in(&self, tx: &mut Tx, id: &ChannelId) -> Result<Option<Channel>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM channel WHERE id = $1");
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(id.as_str())
            .fetch_optional(&mut **tx)
            .await?
            .as_ref()
            .map(|row| self.read_channel(row))
            .transpose()
    }

    async fn write_channel(
        &self,
        tx: &mut Tx,
        channel: &NewChannel,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let row = channel.id.as_str();
        let seal = |column, value: Option<&Redacted>| {
            self.keyring
                .seal_some(place(column, row), value.map(Redacted::expose))
        };
        let hub = channel.hub.as_ref();
        let certificate = seal("hub_certificate", hub.map(|hub| &hub.certificate))?;
        let private_key = seal("hub_private_key", hub.map(|hub| &hub.private_key))?;
        let password = seal(
            "hub_private_key_password",
            hub.map(|hub| &hub.private_key_password),
        )?;
        let enc_key = seal(
            "window_enc_key",
            channel.window.as_ref().map(|window| &window.enc_key),
        )?;
        sqlx::query(
            "INSERT INTO channel (id, store_id, channel_key, name, kind, pg_provider, pg_merchant_id, hub_url, \
             hub_certificate, hub_private_key, hub_private_key_password, hub_certificate_ends_at, window_url, \
             window_enc_key, created_at, updated_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $15) \
             ON CONFLICT (id) DO UPDATE SET name = excluded.name, kind = excluded.kind, pg_provider = excluded.pg_provider, \
             pg_merchant_id = excluded.pg_merchant_id, hub_url = excluded.hub_url, \
             hub_certificate = excluded.hub_certificate, hub_private_key = excluded.hub_private_key, \
             hub_private_key_password = excluded.hub_private_key_password, \
             hub_certificate_ends_at = excluded.hub_certificate_ends_at, window_url = excluded.window_url, \
             window_enc_key = excluded.window_enc_key, updated_at = excluded.updated_at",
        )
        .bind(row)
        .bind(channel.store_id.as_str())
        .bind(channel.key.as_str())
        .bind(&channel.name)
        .bind(channel.kind.as_str())
        .bind(&channel.pg_provider)
        .bind(&channel.pg_merchant_id)
        .bind(hub.map(|hub| hub.url.clone()))
        .bind(certificate)
        .bind(private_key)
        .bind(password)
        .bind(hub.and_then(|hub| hub.certificate_ends_at).map(micros))
        .bind(channel.window.as_ref().map(|window| window.url.clone()))
        .bind(enc_key)
        .bind(micros(now))
        .execute(&mut **tx)
        .await
        .map_err(exists("a channel with this key"))?;
        Ok(())
    }

    /// The channel of this key in this store. Another store's channel is not there.
    #[instrument(target = TRACE_TARGET, level = "debug", skip_all, fields(otel.kind = "client"))]
    pub async fn channel_by_key(
        &self,
        store: &StoreId,
        key: &ChannelKey,
    ) -> Result<Option<Channel>, StoreError> {
        self.opening(|| async {
            let sql =
                format!("SELECT {COLUMNS} FROM channel WHERE store_id = $1 AND channel_key = $2");
            sqlx::query(sqlx::AssertSqlSafe(sql))
                .bind(store.as_str())
                .bind(key.as_str())
                .fetch_optional(self.database.reader())
                .await?
                .as_ref()
                .map(|row| self.read_channel(row))
                .transpose()
        })
        .await
    }

    /// The channel of this id.
    #[instrument(target = TRACE_TARGET, level = "debug", skip_all, fields(otel.kind = "client"))]
    pub async fn channel(&self, id: &ChannelId) -> Result<Option<Channel>, StoreError> {
        self.opening(|| async {
            let sql = format!("SELECT {COLUMNS} FROM channel WHERE id = $1");
            sqlx::query(sqlx::AssertSqlSafe(sql))
                .bind(id.as_str())
                .fetch_optional(self.database.reader())
                .await?
                .as_ref()
                .map(|row| self.read_channel(row))
                .transpose()
        })
        .await
    }

    /// All channels, or those of one store, oldest first.
    #[instrument(target = TRACE_TARGET, level = "debug", skip_all, fields(otel.kind = "client"))]
    pub async fn channels(&self, store: Option<&StoreId>) -> Result<Vec<Channel>, StoreError> {
        self.opening(|| async {
        let sql = format!(
            "SELECT {COLUMNS} FROM channel WHERE store_id = COALESCE($1, store_id) ORDER BY created_at, id"
        );
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(store.map(|store| store.as_str().to_owned()))
            .fetch_all(self.database.reader())
            .await?
            .iter()
            .map(|row| self.read_channel(row))
            .collect()
        }).await
    }

    fn read_channel(&self, row: &AnyRow) -> Result<Channel, StoreError> {
        let id: String = row.try_get("id")?;
        let open = |column: &'static str| -> Result<Option<Redacted>, StoreError> {
            row.try_get::<Option<Vec<u8>>, _>(column)?
                .map(|sealed| self.keyring.open(place(column, &id), &sealed))
                .transpose()
        };
        let hub = match (
            row.try_get::<Option<String>, _>("hub_url")?,
            open("hub_certificate")?,
            open("hub_private_key")?,
            open("hub_private_key_password")?,
        ) {
            (Some(url), Some(certificate), Some(private_key), Some(private_key_password)) => {
                Some(HubAccess {
                    url,
                    certificate,
                    private_key,
                    private_key_password,
                    certificate_ends_at: timestamp_some(row.try_get("hub_certificate_ends_at")?)?,
                })
            }
            _ => None,
        };
        let window = match (
            row.try_get::<Option<String>, _>("window_url")?,
            open("window_enc_key")?,
        ) {
            (Some(url), Some(enc_key)) => Some(WindowAccess { url, enc_key }),
            _ => None,
        };
        let unknown = |_| StoreError::UnknownValue("channel");
        Ok(Channel {
            new: NewChannel {
                store_id: StoreId::parse(row.try_get::<String, _>("store_id")?).map_err(unknown)?,
                key: ChannelKey::parse(row.try_get::<String, _>("channel_key")?)
                    .map_err(unknown)?,
                name: row.try_get("name")?,
                kind: ChannelKind::parse(&row.try_get::<String, _>("kind")?)?,
                pg_provider: row.try_get("pg_provider")?,
                pg_merchant_id: row.try_get("pg_merchant_id")?,
                hub,
                window,
                id: ChannelId::parse(id.clone()).map_err(unknown)?,
            },
            created_at: timestamp(row.try_get("created_at")?)?,
            updated_at: row.try_get("updated_at")?,
            retired_at: timestamp_some(row.try_get("retired_at")?)?,
        })
    }
}

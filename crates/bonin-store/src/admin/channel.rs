//! Channels: a contract with a PG provider, and the credentials that come with it.

use bonin_core::{ChannelId, ChannelKey, Redacted, StoreId};
use jiff::Timestamp;
use sqlx::{Row, any::AnyRow};

use super::exists;
use crate::{
    Store, StoreError,
    sealed::Place,
    time::{micros, timestamp_some},
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
    /// When it was last changed.
    pub updated_at: i64,
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
    hub_private_key, hub_private_key_password, hub_certificate_ends_at, window_url, window_enc_key, updated_at";

impl Store {
    /// Makes a channel, or replaces all of one with the same id.
    pub async fn put_channel(
        &self,
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
        let mut tx = self.database.write().await?;
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
        .execute(&mut *tx)
        .await
        .map_err(exists("a channel with this key"))?;
        tx.commit().await?;
        Ok(())
    }

    /// The channel of this key in this store. Another store's channel is not there.
    pub async fn channel_by_key(
        &self,
        store: &StoreId,
        key: &ChannelKey,
    ) -> Result<Option<Channel>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM channel WHERE store_id = $1 AND channel_key = $2");
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(store.as_str())
            .bind(key.as_str())
            .fetch_optional(self.database.reader())
            .await?
            .as_ref()
            .map(|row| self.read_channel(row))
            .transpose()
    }

    /// The channel of this id.
    pub async fn channel(&self, id: &ChannelId) -> Result<Option<Channel>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM channel WHERE id = $1");
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(id.as_str())
            .fetch_optional(self.database.reader())
            .await?
            .as_ref()
            .map(|row| self.read_channel(row))
            .transpose()
    }

    /// All channels, or those of one store, oldest first.
    pub async fn channels(&self, store: Option<&StoreId>) -> Result<Vec<Channel>, StoreError> {
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
            updated_at: row.try_get("updated_at")?,
        })
    }
}

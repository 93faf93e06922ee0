//! API secrets: shown once, kept as a hash.

use aws_lc_rs::digest;
use bonin_core::{SecretId, StoreId};
use jiff::Timestamp;
use sqlx::{Row, any::AnyRow};

use serde_json::json;
use tracing::instrument;

use super::exists;
use crate::{
    Act, Actor, Store, StoreError,
    connection::Tx,
    observer::TRACE_TARGET,
    time::{micros, timestamp, timestamp_some},
};

/// SHA-256 of a secret or token. These are made from 256 bits of randomness, so a plain hash cannot be searched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretHash(Vec<u8>);

impl SecretHash {
    /// Hashes a secret.
    pub fn of(secret: &str) -> Self {
        Self(
            digest::digest(&digest::SHA256, secret.as_bytes())
                .as_ref()
                .to_vec(),
        )
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.0.clone()
    }
}

/// An API secret to be kept.
#[derive(Debug, Clone)]
pub struct NewApiSecret {
    /// Its id.
    pub id: SecretId,
    /// Its hash.
    pub hash: SecretHash,
    /// Its first characters, to be recognised by.
    pub prefix: String,
    /// What people call it.
    pub name: String,
    /// The store that requests without `storeId` mean.
    pub default_store: StoreId,
    /// More stores that it reaches.
    pub other_stores: Vec<StoreId>,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
}

/// An API secret as it is kept.
#[derive(Debug, Clone)]
pub struct ApiSecret {
    /// Its id.
    pub id: SecretId,
    /// Its first characters.
    pub prefix: String,
    /// What people call it.
    pub name: String,
    /// The store that requests without `storeId` mean.
    pub default_store: StoreId,
    /// All stores that it reaches, the default one first.
    pub stores: Vec<StoreId>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
}

impl ApiSecret {
    /// Whether it opens anything at `now`.
    pub fn is_valid(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }
}

/// A row for each store that a secret reaches besides its default, or one if there is none.
const SECRETS: &str = "SELECT s.id, s.prefix, s.name, s.default_store_id, s.created_at, s.expires_at, s.revoked_at, \
    s.last_used_at, o.store_id AS other_store_id FROM api_secret s \
    LEFT JOIN api_secret_store o ON o.secret_id = s.id";

impl Store {
    /// Keeps a new secret.
    pub async fn create_secret(
        &self,
        secret: &NewApiSecret,
        by: &Actor,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.administer().await?;
        sqlx::query(
            "INSERT INTO api_secret (id, hash, prefix, name, default_store_id, created_at, expires_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(secret.id.as_str())
        .bind(secret.hash.bytes())
        .bind(&secret.prefix)
        .bind(&secret.name)
        .bind(secret.default_store.as_str())
        .bind(micros(now))
        .bind(secret.expires_at.map(micros))
        .execute(&mut *tx)
        .await
        .map_err(exists("this secret"))?;
        for store in &secret.other_stores {
            sqlx::query("INSERT INTO api_secret_store (secret_id, store_id) VALUES ($1, $2)")
                .bind(secret.id.as_str())
                .bind(store.as_str())
                .execute(&mut *tx)
                .await
                .map_err(exists("this store in the list"))?;
        }
        let others: Vec<_> = secret.other_stores.iter().map(StoreId::as_str).collect();
        let act = Act::new("secret.create")
            .to(&secret.id)
            .of(&secret.default_store)
            .with(json!({
                "name": secret.name,
                "prefix": secret.prefix,
                "otherStores": others,
                "expiresAt": secret.expires_at.map(|at| at.to_string()),
            }));
        self.append(&mut tx, by, act, now).await?;
        tx.commit().await?;
        Ok(())
    }

    /// The secret of this hash, valid or not.
    #[instrument(target = TRACE_TARGET, level = "debug", skip_all, fields(otel.kind = "client"))]
    pub async fn secret_by_hash(&self, hash: &SecretHash) -> Result<Option<ApiSecret>, StoreError> {
        let sql = format!("{SECRETS} WHERE s.hash = $1 ORDER BY o.store_id");
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(hash.bytes())
            .fetch_all(self.database.reader())
            .await?;
        Ok(read_secrets(&rows)?.pop())
    }

    /// The secret of this id, valid or not.
    #[instrument(target = TRACE_TARGET, level = "debug", skip_all, fields(otel.kind = "client"))]
    pub async fn secret(&self, id: &SecretId) -> Result<Option<ApiSecret>, StoreError> {
        let sql = format!("{SECRETS} WHERE s.id = $1 ORDER BY o.store_id");
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(id.as_str())
            .fetch_all(self.database.reader())
            .await?;
        Ok(read_secrets(&rows)?.pop())
    }

    /// All secrets, oldest first.
    pub async fn secrets(&self) -> Result<Vec<ApiSecret>, StoreError> {
        let sql = format!("{SECRETS} ORDER BY s.created_at, s.id, o.store_id");
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
            .fetch_all(self.database.reader())
            .await?;
        read_secrets(&rows)
    }

    /// Gives a secret another name.
    pub async fn rename_secret(
        &self,
        id: &SecretId,
        name: &str,
        by: &Actor,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.administer().await?;
        let before = Self::name_and_store(&mut tx, id).await?;
        sqlx::query("UPDATE api_secret SET name = $2 WHERE id = $1")
            .bind(id.as_str())
            .bind(name)
            .execute(&mut *tx)
            .await?;
        let act = Act::new("secret.rename")
            .to(id)
            .of(&before.1)
            .with(json!({ "name": { "from": before.0, "to": name } }));
        self.append(&mut tx, by, act, now).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Ends a secret, and every token made from it, at once. One that was ended before stays as it was.
    pub async fn revoke_secret(
        &self,
        id: &SecretId,
        by: &Actor,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.administer().await?;
        let (name, store) = Self::name_and_store(&mut tx, id).await?;
        let done = sqlx::query(
            "UPDATE api_secret SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL",
        )
        .bind(id.as_str())
        .bind(micros(now))
        .execute(&mut *tx)
        .await?;
        if done.rows_affected() == 0 {
            // Whoever revoked it may not be on disk yet.
            return tx.commit().await;
        }
        sqlx::query("DELETE FROM refresh_token WHERE secret_id = $1")
            .bind(id.as_str())
            .execute(&mut *tx)
            .await?;
        let act = Act::new("secret.revoke")
            .to(id)
            .of(&store)
            .with(json!({ "name": name }));
        self.append(&mut tx, by, act, now).await?;
        tx.commit().await?;
        Ok(())
    }

    async fn name_and_store(tx: &mut Tx, id: &SecretId) -> Result<(String, StoreId), StoreError> {
        let row = sqlx::query("SELECT name, default_store_id FROM api_secret WHERE id = $1")
            .bind(id.as_str())
            .fetch_optional(&mut **tx)
            .await?
            .ok_or(StoreError::NotFound("secret"))?;
        let store = StoreId::parse(row.try_get::<String, _>(1)?)
            .map_err(|_| StoreError::UnknownValue("api_secret"))?;
        Ok((row.try_get(0)?, store))
    }

    /// Notes that a secret was used.
    #[instrument(target = TRACE_TARGET, level = "debug", skip_all, fields(otel.kind = "client"))]
    pub async fn touch_secret(&self, id: &SecretId, now: Timestamp) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        sqlx::query("UPDATE api_secret SET last_used_at = $2 WHERE id = $1")
            .bind(id.as_str())
            .bind(micros(now))
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(())
    }
}

/// The rows of a secret follow each other.
fn read_secrets(rows: &[AnyRow]) -> Result<Vec<ApiSecret>, StoreError> {
    let unknown = |_| StoreError::UnknownValue("api_secret");
    let mut secrets: Vec<ApiSecret> = Vec::new();
    for row in rows {
        let id = SecretId::parse(row.try_get::<String, _>("id")?).map_err(unknown)?;
        if secrets.last().is_none_or(|last| last.id != id) {
            let default_store =
                StoreId::parse(row.try_get::<String, _>("default_store_id")?).map_err(unknown)?;
            secrets.push(ApiSecret {
                id,
                prefix: row.try_get("prefix")?,
                name: row.try_get("name")?,
                stores: vec![default_store.clone()],
                default_store,
                created_at: timestamp(row.try_get("created_at")?)?,
                expires_at: timestamp_some(row.try_get("expires_at")?)?,
                revoked_at: timestamp_some(row.try_get("revoked_at")?)?,
                last_used_at: timestamp_some(row.try_get("last_used_at")?)?,
            });
        }
        let other: Option<String> = row.try_get("other_store_id")?;
        if let (Some(secret), Some(other)) = (secrets.last_mut(), other) {
            secret.stores.push(StoreId::parse(other).map_err(unknown)?);
        }
    }
    Ok(secrets)
}

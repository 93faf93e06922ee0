//! Refresh tokens: one per secret is alive, and it is used once.

use bonin_core::SecretId;
use jiff::Timestamp;
use sqlx::Row;
use tracing::instrument;

use super::SecretHash;
use crate::{Store, StoreError, observer::TRACE_TARGET, time::micros};

impl Store {
    /// Gives a secret a new refresh token. Those it had before end (PortOne: logging in again does so).
    #[instrument(target = TRACE_TARGET, level = "debug", skip_all, fields(otel.kind = "client"))]
    pub async fn replace_refresh_token(
        &self,
        secret: &SecretId,
        token: &SecretHash,
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        self.lock_secret(&mut tx, secret).await?;
        Self::write_refresh_token(&mut tx, secret, token, expires_at, now).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Whose refresh token this is, without using it up. `None` where it is unknown, used, replaced or too old.
    #[instrument(target = TRACE_TARGET, level = "debug", skip_all, fields(otel.kind = "client"))]
    pub async fn refresh_token_holder(
        &self,
        token: &SecretHash,
        now: Timestamp,
    ) -> Result<Option<SecretId>, StoreError> {
        let row =
            sqlx::query("SELECT secret_id FROM refresh_token WHERE hash = $1 AND expires_at > $2")
                .bind(token.bytes())
                .bind(micros(now))
                .fetch_optional(self.database.reader())
                .await?;
        let Some(row) = row else { return Ok(None) };
        SecretId::parse(row.try_get::<String, _>(0)?)
            .map(Some)
            .map_err(|_| StoreError::UnknownValue("refresh_token"))
    }

    /// Uses a refresh token up and puts `next` in its place, in one transaction. `None` where the token is unknown, used,
    /// replaced or too old.
    #[instrument(target = TRACE_TARGET, level = "debug", skip_all, fields(otel.kind = "client"))]
    pub async fn use_refresh_token(
        &self,
        token: &SecretHash,
        next: &SecretHash,
        next_expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<Option<SecretId>, StoreError> {
        let Some(secret) = self.refresh_token_holder(token, now).await? else {
            return Ok(None);
        };
        let mut tx = self.write().await?;
        self.lock_secret(&mut tx, &secret).await?;
        let used = sqlx::query("DELETE FROM refresh_token WHERE hash = $1 AND expires_at > $2")
            .bind(token.bytes())
            .bind(micros(now))
            .execute(&mut *tx)
            .await?;
        if used.rows_affected() == 0 {
            return Ok(None);
        }
        Self::write_refresh_token(&mut tx, &secret, next, next_expires_at, now).await?;
        tx.commit().await?;
        Ok(Some(secret))
    }

    /// Of two who ask for a token at once, the second one replaces what the first one got.
    async fn lock_secret(
        &self,
        tx: &mut crate::connection::Tx,
        secret: &SecretId,
    ) -> Result<(), StoreError> {
        let sql = format!(
            "SELECT 1 FROM api_secret WHERE id = $1{}",
            self.database.dialect().for_update()
        );
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(secret.as_str())
            .fetch_optional(&mut **tx)
            .await?;
        Ok(())
    }

    async fn write_refresh_token(
        tx: &mut crate::connection::Tx,
        secret: &SecretId,
        token: &SecretHash,
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM refresh_token WHERE secret_id = $1")
            .bind(secret.as_str())
            .execute(&mut **tx)
            .await?;
        sqlx::query(
            "INSERT INTO refresh_token (hash, secret_id, created_at, expires_at) VALUES ($1, $2, $3, $4)",
        )
        .bind(token.bytes())
        .bind(secret.as_str())
        .bind(micros(now))
        .bind(micros(expires_at))
        .execute(&mut **tx)
        .await?;
        Ok(())
    }
}

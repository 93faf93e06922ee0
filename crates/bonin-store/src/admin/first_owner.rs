//! The first owner of the console: let in by a one-time key, while there is nobody yet.

use jiff::Timestamp;
use serde_json::json;
use sqlx::Row;

use super::{NewUser, SecretHash};
use crate::{Act, Actor, Store, StoreError, connection::Tx, time::micros};

/// What the mac of the key to the first owner's account is of.
const SETUP: &str = "console_setup";

impl Store {
    /// Keeps the one-time key to the first owner's account, in place of the one before. `false` where there is a user.
    pub async fn put_setup_code(
        &self,
        code: &SecretHash,
        expires_at: Timestamp,
        by: &Actor,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut tx = self.administer().await?;
        if Self::any_user(&mut tx).await? {
            return Ok(false);
        }
        sqlx::query(
            "INSERT INTO console_setup (id, hash, expires_at) VALUES (1, $1, $2) \
             ON CONFLICT (id) DO UPDATE SET hash = excluded.hash, expires_at = excluded.expires_at",
        )
        .bind(self.kept_as(SETUP, code))
        .bind(micros(expires_at))
        .execute(&mut *tx)
        .await?;
        let act = Act::new("user.setup_code");
        let act = act.with(json!({ "expiresAt": expires_at.to_string() }));
        self.append(&mut tx, by, act, now).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Makes the first owner and uses the key up. `false` where there is a user, or the key is wrong or too old.
    pub async fn create_first_owner(
        &self,
        code: &SecretHash,
        user: &NewUser,
        by: &Actor,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut tx = self.administer().await?;
        if !self.is_setup_code(&mut tx, code, now).await? || Self::any_user(&mut tx).await? {
            return Ok(false);
        }
        sqlx::query("DELETE FROM console_setup WHERE id = 1")
            .execute(&mut *tx)
            .await?;
        self.insert_user(&mut tx, user, by, now).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Whether [`Store::create_first_owner`] would take this key now: a look before the work of a new password.
    pub async fn takes_setup_code(
        &self,
        code: &SecretHash,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut tx = self.database.snapshot().await?;
        let takes =
            self.is_setup_code(&mut tx, code, now).await? && !Self::any_user(&mut tx).await?;
        tx.rollback().await?;
        Ok(takes)
    }

    async fn is_setup_code(
        &self,
        tx: &mut Tx,
        code: &SecretHash,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let row = sqlx::query("SELECT hash FROM console_setup WHERE id = 1 AND expires_at > $1")
            .bind(micros(now))
            .fetch_optional(&mut **tx)
            .await?;
        let Some(row) = row else { return Ok(false) };
        let kept: Vec<u8> = row.try_get(0)?;
        Ok(self.found_as(SETUP, code).contains(&kept))
    }

    async fn any_user(tx: &mut Tx) -> Result<bool, StoreError> {
        let row = sqlx::query("SELECT 1 FROM console_user LIMIT 1")
            .fetch_optional(&mut **tx)
            .await?;
        Ok(row.is_some())
    }
}

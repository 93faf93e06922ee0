//! What changes a user: role, password, second factor, whether they may come in. Each ends the sessions that it must.

use bonin_core::{Redacted, UserId};
use jiff::Timestamp;
use serde_json::json;

use super::{
    ConsoleUser, Role, SessionRotation,
    user::{COLUMNS, place, read},
};
use crate::{Act, Actor, Store, StoreError, connection::Tx, time::micros};

impl Store {
    /// Gives a user another role, and ends their sessions.
    pub async fn set_user_role(
        &self,
        id: &UserId,
        role: Role,
        by: &Actor,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.administer().await?;
        let before = Self::user_in(&mut tx, id).await?;
        if before.role == role {
            return tx.commit().await;
        }
        Self::keep_an_owner(&mut tx, &before).await?;
        sqlx::query("UPDATE console_user SET role = $2 WHERE id = $1")
            .bind(id.as_str())
            .bind(role.as_str())
            .execute(&mut *tx)
            .await?;
        Self::end_all_sessions(&mut tx, id).await?;
        let act = Act::new("user.set_role").to(id).with(json!({
            "username": before.username,
            "role": { "from": before.role.as_str(), "to": role.as_str() },
        }));
        self.append(&mut tx, by, act, now).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Sets a password, forgets failed logins and ends the user's sessions, but for the one that goes on under another cookie.
    pub async fn set_user_password(
        &self,
        id: &UserId,
        hash: &Redacted,
        must_change: bool,
        goes_on: Option<&SessionRotation>,
        by: &Actor,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.administer().await?;
        let before = Self::user_in(&mut tx, id).await?;
        let sealed = self
            .keyring
            .seal(place("password_hash", id), hash.expose())?;
        sqlx::query(
            "UPDATE console_user SET password_hash = $2, must_change = $3, password_changed_at = $4, \
             failed_logins = 0, locked_until = NULL WHERE id = $1",
        )
        .bind(id.as_str())
        .bind(sealed)
        .bind(i64::from(must_change))
        .bind(micros(now))
        .execute(&mut *tx)
        .await?;
        self.end_sessions_but(&mut tx, id, goes_on, now).await?;
        self.changed(tx, "user.set_password", &before, by, now)
            .await
    }

    /// Sets a second factor whose number of `step` was just typed. Ends the user's other sessions.
    pub async fn enable_totp(
        &self,
        id: &UserId,
        secret: &Redacted,
        step: i64,
        goes_on: &SessionRotation,
        by: &Actor,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.administer().await?;
        let before = Self::user_in(&mut tx, id).await?;
        let sealed = self
            .keyring
            .seal(place("totp_secret", id), secret.expose())?;
        sqlx::query("UPDATE console_user SET totp_secret = $2, totp_last_step = $3 WHERE id = $1")
            .bind(id.as_str())
            .bind(sealed)
            .bind(step)
            .execute(&mut *tx)
            .await?;
        self.end_sessions_but(&mut tx, id, Some(goes_on), now)
            .await?;
        self.changed(tx, "user.enable_totp", &before, by, now).await
    }

    /// Takes a second factor away, and ends the user's sessions, but for the one that goes on under another cookie. Does
    /// nothing where there is none.
    pub async fn disable_totp(
        &self,
        id: &UserId,
        goes_on: Option<&SessionRotation>,
        by: &Actor,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.administer().await?;
        let before = Self::user_in(&mut tx, id).await?;
        if !before.has_totp {
            return tx.commit().await;
        }
        // The last step stays: a number that was used before must not count for the same secret set again.
        sqlx::query("UPDATE console_user SET totp_secret = NULL WHERE id = $1")
            .bind(id.as_str())
            .execute(&mut *tx)
            .await?;
        self.end_sessions_but(&mut tx, id, goes_on, now).await?;
        self.changed(tx, "user.disable_totp", &before, by, now)
            .await
    }

    /// Locks a user out and ends their sessions, or lets them in again.
    pub async fn set_user_disabled(
        &self,
        id: &UserId,
        disabled: bool,
        by: &Actor,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.administer().await?;
        let before = Self::user_in(&mut tx, id).await?;
        if before.is_disabled() == disabled {
            return tx.commit().await;
        }
        if disabled {
            Self::keep_an_owner(&mut tx, &before).await?;
            Self::end_all_sessions(&mut tx, id).await?;
        }
        sqlx::query("UPDATE console_user SET disabled_at = $2 WHERE id = $1")
            .bind(id.as_str())
            .bind(disabled.then(|| micros(now)))
            .execute(&mut *tx)
            .await?;
        let action = if disabled {
            "user.disable"
        } else {
            "user.enable"
        };
        self.changed(tx, action, &before, by, now).await
    }

    /// Forgets failed logins, so that the user may try again at once.
    pub async fn unlock_user(
        &self,
        id: &UserId,
        by: &Actor,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.administer().await?;
        let before = Self::user_in(&mut tx, id).await?;
        sqlx::query("UPDATE console_user SET failed_logins = 0, locked_until = NULL WHERE id = $1")
            .bind(id.as_str())
            .execute(&mut *tx)
            .await?;
        self.changed(tx, "user.unlock", &before, by, now).await
    }

    /// Notes what was done to a user, of which there is nothing more to tell, and makes it durable.
    async fn changed(
        &self,
        mut tx: Tx,
        action: &'static str,
        user: &ConsoleUser,
        by: &Actor,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let act = Act::new(action)
            .to(&user.id)
            .with(json!({ "username": user.username }));
        self.append(&mut tx, by, act, now).await?;
        tx.commit().await?;
        Ok(())
    }

    pub(super) async fn user_in(tx: &mut Tx, id: &UserId) -> Result<ConsoleUser, StoreError> {
        let row = sqlx::query(sqlx::AssertSqlSafe(format!(
            "SELECT {COLUMNS} FROM console_user WHERE id = $1"
        )))
        .bind(id.as_str())
        .fetch_optional(&mut **tx)
        .await?;
        read(&row.ok_or(StoreError::NotFound("user"))?)
    }

    /// Refuses what would leave nobody who may do everything.
    async fn keep_an_owner(tx: &mut Tx, without: &ConsoleUser) -> Result<(), StoreError> {
        if without.role != Role::Owner || without.is_disabled() {
            return Ok(());
        }
        let another = sqlx::query(
            "SELECT 1 FROM console_user WHERE role = 'OWNER' AND disabled_at IS NULL AND id <> $1 LIMIT 1",
        )
        .bind(without.id.as_str())
        .fetch_optional(&mut **tx)
        .await?;
        another.map(|_| ()).ok_or(StoreError::LastOwner)
    }
}

//! People who may enter the console.

use bonin_core::{Redacted, UserId};
use jiff::Timestamp;
use serde_json::json;
use sqlx::{Any, Row, Transaction, any::AnyRow};

use super::{SecretHash, SessionRotation, exists};
use crate::{
    Act, Actor, Store, StoreError,
    sealed::Place,
    time::{micros, timestamp, timestamp_some},
};

/// What someone in the console may do; each includes those after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Everything, users included.
    Owner,
    /// Runs the gateway: stores, channels, secrets; sees people where there is a reason.
    Operator,
    /// Looks, and sees no person.
    Viewer,
}

impl Role {
    /// All of them, the mightiest first.
    pub const ALL: [Self; 3] = [Self::Owner, Self::Operator, Self::Viewer];

    /// As the database spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "OWNER",
            Self::Operator => "OPERATOR",
            Self::Viewer => "VIEWER",
        }
    }

    /// Reads what [`Role::as_str`] wrote.
    pub fn parse(value: &str) -> Result<Self, StoreError> {
        match value {
            "OWNER" => Ok(Self::Owner),
            "OPERATOR" => Ok(Self::Operator),
            "VIEWER" => Ok(Self::Viewer),
            _ => Err(StoreError::UnknownValue("console_user.role")),
        }
    }
}

/// A user to be kept.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// Their id.
    pub id: UserId,
    /// What they log in with; unique.
    pub username: String,
    /// What they may do.
    pub role: Role,
    /// The Argon2id hash of their password, as a PHC string.
    pub password_hash: Redacted,
    /// Whether the password must be changed before anything else.
    pub must_change: bool,
}

/// A user as they are kept, without password and second factor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsoleUser {
    /// Their id.
    pub id: UserId,
    /// What they log in with.
    pub username: String,
    /// What they may do.
    pub role: Role,
    /// Whether the password must be changed before anything else.
    pub must_change: bool,
    /// Whether a second factor is asked for.
    pub has_totp: bool,
    /// Until when no login is judged, after too many wrong ones.
    pub locked_until: Option<Timestamp>,
    /// When they were made.
    pub created_at: Timestamp,
    /// When the password was last set.
    pub password_changed_at: Timestamp,
    /// When they last came in.
    pub last_login_at: Option<Timestamp>,
    /// Since when they may not come in.
    pub disabled_at: Option<Timestamp>,
}

impl ConsoleUser {
    /// Whether logins are refused at `now`, whatever is typed.
    pub fn is_locked(&self, now: Timestamp) -> bool {
        self.locked_until.is_some_and(|until| now < until)
    }

    /// Whether they may not come in at all.
    pub fn is_disabled(&self) -> bool {
        self.disabled_at.is_some()
    }
}

/// What the mac of the key to the first owner's account is of.
const SETUP: &str = "console_setup";

pub(super) const COLUMNS: &str = "console_user.id AS user_id, username, role, must_change, \
     totp_secret IS NOT NULL AS has_totp, locked_until, console_user.created_at AS user_created_at, \
     password_changed_at, last_login_at, disabled_at";

pub(super) fn place<'a>(column: &'static str, row: &'a UserId) -> Place<'a> {
    Place {
        table: "console_user",
        column,
        row: row.as_str(),
    }
}

pub(super) fn read(row: &AnyRow) -> Result<ConsoleUser, StoreError> {
    let id: String = row.try_get("user_id")?;
    Ok(ConsoleUser {
        id: UserId::parse(id).map_err(|_| StoreError::UnknownValue("console_user"))?,
        username: row.try_get("username")?,
        role: Role::parse(row.try_get("role")?)?,
        must_change: row.try_get::<i64, _>("must_change")? != 0,
        has_totp: row.try_get::<i64, _>("has_totp")? != 0,
        locked_until: timestamp_some(row.try_get("locked_until")?)?,
        created_at: timestamp(row.try_get("user_created_at")?)?,
        password_changed_at: timestamp(row.try_get("password_changed_at")?)?,
        last_login_at: timestamp_some(row.try_get("last_login_at")?)?,
        disabled_at: timestamp_some(row.try_get("disabled_at")?)?,
    })
}

impl Store {
    /// All users, oldest first.
    pub async fn users(&self) -> Result<Vec<ConsoleUser>, StoreError> {
        sqlx::query(sqlx::AssertSqlSafe(format!(
            "SELECT {COLUMNS} FROM console_user ORDER BY created_at, id"
        )))
        .fetch_all(self.database.reader())
        .await?
        .iter()
        .map(read)
        .collect()
    }

    /// Whether there is any user.
    pub async fn has_user(&self) -> Result<bool, StoreError> {
        let row = sqlx::query("SELECT 1 FROM console_user LIMIT 1")
            .fetch_optional(self.database.reader())
            .await?;
        Ok(row.is_some())
    }

    /// One user.
    pub async fn user(&self, id: &UserId) -> Result<Option<ConsoleUser>, StoreError> {
        self.one_user("id", id.as_str()).await
    }

    /// The user of this name.
    pub async fn user_by_username(
        &self,
        username: &str,
    ) -> Result<Option<ConsoleUser>, StoreError> {
        self.one_user("username", username).await
    }

    async fn one_user(
        &self,
        column: &'static str,
        value: &str,
    ) -> Result<Option<ConsoleUser>, StoreError> {
        sqlx::query(sqlx::AssertSqlSafe(format!(
            "SELECT {COLUMNS} FROM console_user WHERE {column} = $1"
        )))
        .bind(value)
        .fetch_optional(self.database.reader())
        .await?
        .as_ref()
        .map(read)
        .transpose()
    }

    /// The hash of a user's password.
    pub async fn password_hash(&self, id: &UserId) -> Result<Option<Redacted>, StoreError> {
        self.opening(|| async {
            let row = sqlx::query("SELECT password_hash FROM console_user WHERE id = $1")
                .bind(id.as_str())
                .fetch_optional(self.database.reader())
                .await?;
            let Some(row) = row else { return Ok(None) };
            let sealed: Vec<u8> = row.try_get(0)?;
            let opened = self.keyring.open(place("password_hash", id), &sealed)?;
            Ok(Some(opened))
        })
        .await
    }

    /// The secret of a user's second factor.
    pub async fn totp_secret(&self, id: &UserId) -> Result<Option<Redacted>, StoreError> {
        self.opening(|| async {
            let row = sqlx::query("SELECT totp_secret FROM console_user WHERE id = $1")
                .bind(id.as_str())
                .fetch_optional(self.database.reader())
                .await?;
            let Some(row) = row else { return Ok(None) };
            let sealed: Option<Vec<u8>> = row.try_get(0)?;
            sealed
                .map(|sealed| self.keyring.open(place("totp_secret", id), &sealed))
                .transpose()
        })
        .await
    }

    /// Makes a user.
    pub async fn create_user(
        &self,
        user: &NewUser,
        by: &Actor,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        self.insert_user(&mut tx, user, by, now).await?;
        tx.commit().await?;
        Ok(())
    }

    async fn insert_user(
        &self,
        tx: &mut Transaction<'static, Any>,
        user: &NewUser,
        by: &Actor,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let hash = self.keyring.seal(
            place("password_hash", &user.id),
            user.password_hash.expose(),
        )?;
        sqlx::query(
            "INSERT INTO console_user (id, username, role, password_hash, must_change, created_at, password_changed_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $6)",
        )
        .bind(user.id.as_str())
        .bind(&user.username)
        .bind(user.role.as_str())
        .bind(hash)
        .bind(i64::from(user.must_change))
        .bind(micros(now))
        .execute(&mut **tx)
        .await
        .map_err(exists("this user"))?;
        let act = Act::new("user.create")
            .to(&user.id)
            .with(json!({ "username": user.username, "role": user.role.as_str() }));
        self.append(tx, by, act, now).await
    }

    /// Keeps the one-time key to the first owner's account, in place of the one before. `false` where there is a user.
    pub async fn put_setup_code(
        &self,
        code: &SecretHash,
        expires_at: Timestamp,
        by: &Actor,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut tx = self.write().await?;
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
        let mut tx = self.write().await?;
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
        let mut tx = self.database.reader().begin().await?;
        let takes =
            self.is_setup_code(&mut tx, code, now).await? && !Self::any_user(&mut tx).await?;
        tx.rollback().await?;
        Ok(takes)
    }

    async fn is_setup_code(
        &self,
        tx: &mut Transaction<'static, Any>,
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

    async fn any_user(tx: &mut Transaction<'static, Any>) -> Result<bool, StoreError> {
        let row = sqlx::query("SELECT 1 FROM console_user LIMIT 1")
            .fetch_optional(&mut **tx)
            .await?;
        Ok(row.is_some())
    }

    /// Gives a user another role, and ends their sessions.
    pub async fn set_user_role(
        &self,
        id: &UserId,
        role: Role,
        by: &Actor,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        let before = Self::user_in(&mut tx, id).await?;
        if before.role == role {
            return Ok(());
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
        let mut tx = self.write().await?;
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
        let act = Act::new("user.set_password").to(id);
        let act = act.with(json!({ "username": before.username }));
        self.append(&mut tx, by, act, now).await?;
        tx.commit().await?;
        Ok(())
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
        let mut tx = self.write().await?;
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
        let act = Act::new("user.enable_totp").to(id);
        let act = act.with(json!({ "username": before.username }));
        self.append(&mut tx, by, act, now).await?;
        tx.commit().await?;
        Ok(())
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
        let mut tx = self.write().await?;
        let before = Self::user_in(&mut tx, id).await?;
        if !before.has_totp {
            return Ok(());
        }
        // The last step stays: a number that was used before must not count for the same secret set again.
        sqlx::query("UPDATE console_user SET totp_secret = NULL WHERE id = $1")
            .bind(id.as_str())
            .execute(&mut *tx)
            .await?;
        self.end_sessions_but(&mut tx, id, goes_on, now).await?;
        let act = Act::new("user.disable_totp").to(id);
        let act = act.with(json!({ "username": before.username }));
        self.append(&mut tx, by, act, now).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Locks a user out and ends their sessions, or lets them in again.
    pub async fn set_user_disabled(
        &self,
        id: &UserId,
        disabled: bool,
        by: &Actor,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        let before = Self::user_in(&mut tx, id).await?;
        if before.is_disabled() == disabled {
            return Ok(());
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
        let act = Act::new(action).to(id);
        let act = act.with(json!({ "username": before.username }));
        self.append(&mut tx, by, act, now).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Forgets failed logins, so that the user may try again at once.
    pub async fn unlock_user(
        &self,
        id: &UserId,
        by: &Actor,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        let before = Self::user_in(&mut tx, id).await?;
        sqlx::query("UPDATE console_user SET failed_logins = 0, locked_until = NULL WHERE id = $1")
            .bind(id.as_str())
            .execute(&mut *tx)
            .await?;
        let act = Act::new("user.unlock").to(id);
        let act = act.with(json!({ "username": before.username }));
        self.append(&mut tx, by, act, now).await?;
        tx.commit().await?;
        Ok(())
    }

    pub(super) async fn user_in(
        tx: &mut Transaction<'static, Any>,
        id: &UserId,
    ) -> Result<ConsoleUser, StoreError> {
        let row = sqlx::query(sqlx::AssertSqlSafe(format!(
            "SELECT {COLUMNS} FROM console_user WHERE id = $1"
        )))
        .bind(id.as_str())
        .fetch_optional(&mut **tx)
        .await?;
        read(&row.ok_or(StoreError::NotFound("user"))?)
    }

    /// Refuses what would leave nobody who may do everything.
    async fn keep_an_owner(
        tx: &mut Transaction<'static, Any>,
        without: &ConsoleUser,
    ) -> Result<(), StoreError> {
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

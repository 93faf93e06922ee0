//! People who may enter the console.

use bonin_core::{Redacted, UserId};
use jiff::Timestamp;
use serde_json::json;
use sqlx::{Row, any::AnyRow};

use super::exists;
use crate::{
    Act, Actor, Store, StoreError,
    connection::Tx,
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

pub(super) const COLUMNS: &str = "console_user.id AS user_id, username, role, must_change, \
     CASE WHEN totp_secret IS NULL THEN 0 ELSE 1 END AS has_totp, locked_until, console_user.created_at AS user_created_at, \
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
        // PostgreSQL has no text with a zero in it, and takes the question itself for an error.
        if value.contains('\0') {
            return Ok(None);
        }
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
        let mut tx = self.administer().await?;
        self.insert_user(&mut tx, user, by, now).await?;
        tx.commit().await?;
        Ok(())
    }

    pub(super) async fn insert_user(
        &self,
        tx: &mut Tx,
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
}

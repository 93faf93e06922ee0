//! Sessions in the console: each is found by a mac of its cookie, and ends by itself.
//!
//! The mac is made with the keyring: whoever can write to the database but has no key cannot put a session of their own into
//! it. New ones are kept under the active key and found under every key, so that a rotation ends none.

use base64::{Engine, engine::general_purpose::STANDARD};
use bonin_core::{Redacted, SessionId, UserId};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use sqlx::{Row, any::AnyRow};
use tracing::instrument;

use super::{
    SecretHash,
    user::{COLUMNS as USER, ConsoleUser, read as read_user},
};
use crate::{
    Act, Actor, Store, StoreError,
    connection::Tx,
    keyring::IndexScope,
    observer::TRACE_TARGET,
    sealed::Place,
    time::{micros, timestamp},
};

/// What the mac of a session's cookie is of.
const COOKIE: &str = "console_session";

/// How often a session notes that it was used.
const TOUCH: SignedDuration = SignedDuration::from_mins(1);

/// How far someone has come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionStep {
    /// The password was right; a number of the second factor has to follow.
    SecondFactor,
    /// Inside, but someone else set the password: it has to be changed before anything else.
    MustChangePassword,
    /// Inside.
    Full,
}

impl SessionStep {
    fn as_str(self) -> &'static str {
        match self {
            Self::SecondFactor => "SECOND_FACTOR",
            Self::MustChangePassword => "MUST_CHANGE_PASSWORD",
            Self::Full => "FULL",
        }
    }

    fn parse(value: &str) -> Result<Self, StoreError> {
        match value {
            "SECOND_FACTOR" => Ok(Self::SecondFactor),
            "MUST_CHANGE_PASSWORD" => Ok(Self::MustChangePassword),
            "FULL" => Ok(Self::Full),
            _ => Err(StoreError::UnknownValue("console_session.step")),
        }
    }
}

/// A session to be kept.
#[derive(Debug, Clone)]
pub struct NewSession {
    /// The hash of its cookie.
    pub hash: SecretHash,
    /// Its id, which may be shown.
    pub id: SessionId,
    /// Whose.
    pub user: UserId,
    /// How far they have come in.
    pub step: SessionStep,
    /// The address it was begun from.
    pub origin: String,
    /// When it ends, used or not.
    pub expires_at: Timestamp,
    /// When the password was set that was judged: no session begins with one that is over.
    pub password_set_at: Timestamp,
}

/// A session goes on under another cookie, once what it may do has changed: one that was planted or copied before is worth
/// nothing.
#[derive(Debug, Clone)]
pub struct SessionRotation {
    /// The hash of the cookie that it had.
    pub from: SecretHash,
    /// The hash of the cookie that it gets.
    pub to: SecretHash,
}

/// A session as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsoleSession {
    /// Its id.
    pub id: SessionId,
    /// Whose.
    pub user: UserId,
    /// How far they have come in.
    pub step: SessionStep,
    /// The address it was begun from.
    pub origin: String,
    /// When it was begun.
    pub created_at: Timestamp,
    /// When it was last used, to the minute.
    pub last_seen_at: Timestamp,
    /// When it ends, used or not.
    pub expires_at: Timestamp,
}

const COLUMNS: &str = "console_session.id, console_session.user_id, step, origin, \
     console_session.created_at, last_seen_at, expires_at";

fn place(id: &SessionId) -> Place<'_> {
    Place {
        table: "console_session",
        column: "totp_pending",
        row: id.as_str(),
    }
}

fn read(row: &AnyRow) -> Result<ConsoleSession, StoreError> {
    let unknown = |_| StoreError::UnknownValue("console_session");
    Ok(ConsoleSession {
        id: SessionId::parse(row.try_get::<String, _>("id")?).map_err(unknown)?,
        user: UserId::parse(row.try_get::<String, _>("user_id")?).map_err(unknown)?,
        step: SessionStep::parse(row.try_get("step")?)?,
        origin: row.try_get("origin")?,
        created_at: timestamp(row.try_get("created_at")?)?,
        last_seen_at: timestamp(row.try_get("last_seen_at")?)?,
        expires_at: timestamp(row.try_get("expires_at")?)?,
    })
}

/// The time before which a session must have been used to be alive.
fn quiet_since(now: Timestamp, idle: SignedDuration) -> i64 {
    micros(now.checked_sub(idle).unwrap_or(Timestamp::MIN))
}

/// `($3, $4)`: as many places for values, from the `first` on.
fn places(first: usize, values: &[Vec<u8>]) -> String {
    let all: Vec<String> = (first..first + values.len())
        .map(|at| format!("${at}"))
        .collect();
    format!("({})", all.join(", "))
}

impl Store {
    /// What a one-time value of the console is kept as, in place of the value.
    pub(super) fn kept_as(&self, field: &'static str, value: &SecretHash) -> Vec<u8> {
        let scope = IndexScope { store: None, field };
        self.keyring.index(&scope, &STANDARD.encode(value.bytes()))
    }

    /// What it may be kept as: under the active key or an older one.
    pub(super) fn found_as(&self, field: &'static str, value: &SecretHash) -> Vec<Vec<u8>> {
        let scope = IndexScope { store: None, field };
        self.keyring
            .indexes(&scope, &STANDARD.encode(value.bytes()))
    }

    /// What the session of this cookie is kept as, if there is one.
    pub(super) async fn session_in(
        &self,
        tx: &mut Tx,
        cookie: &SecretHash,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let macs = self.found_as(COOKIE, cookie);
        let mut query = sqlx::query(sqlx::AssertSqlSafe(format!(
            "SELECT hash FROM console_session WHERE hash IN {}",
            places(1, &macs)
        )));
        for mac in macs {
            query = query.bind(mac);
        }
        let row = query.fetch_optional(&mut **tx).await?;
        Ok(row.map(|row| row.try_get(0)).transpose()?)
    }

    /// The session of this cookie and its user, if it is alive and the user may come in. Notes, once a minute at most, that it
    /// was used.
    #[instrument(target = TRACE_TARGET, level = "debug", skip_all, fields(otel.kind = "client"))]
    pub async fn use_session(
        &self,
        hash: &SecretHash,
        idle: SignedDuration,
        now: Timestamp,
    ) -> Result<Option<(ConsoleSession, ConsoleUser)>, StoreError> {
        let macs = self.found_as(COOKIE, hash);
        let mut query = sqlx::query(sqlx::AssertSqlSafe(format!(
            "SELECT {COLUMNS}, {USER} FROM console_session JOIN console_user \
             ON console_user.id = console_session.user_id \
             WHERE expires_at > $1 AND last_seen_at > $2 AND disabled_at IS NULL AND hash IN {}",
            places(3, &macs)
        )))
        .bind(micros(now))
        .bind(quiet_since(now, idle));
        for mac in macs {
            query = query.bind(mac);
        }
        let row = query.fetch_optional(self.database.reader()).await?;
        let Some(row) = row else { return Ok(None) };
        let (session, user) = (read(&row)?, read_user(&row)?);
        // Where little idleness is allowed, a minute is too long to forget a use.
        let noted_every = TOUCH.min(idle / 4);
        if now.duration_since(session.last_seen_at) >= noted_every {
            let mut tx = self.write().await?;
            sqlx::query(
                "UPDATE console_session SET last_seen_at = $2 WHERE id = $1 AND last_seen_at < $2",
            )
            .bind(session.id.as_str())
            .bind(micros(now))
            .execute(&mut *tx)
            .await?;
            tx.commit().await?;
        }
        Ok(Some((session, user)))
    }

    /// A user's sessions that are alive and inside, the newest first.
    pub async fn sessions_of(
        &self,
        user: &UserId,
        idle: SignedDuration,
        now: Timestamp,
    ) -> Result<Vec<ConsoleSession>, StoreError> {
        sqlx::query(sqlx::AssertSqlSafe(format!(
            "SELECT {COLUMNS} FROM console_session WHERE user_id = $1 AND expires_at > $2 \
             AND last_seen_at > $3 AND step <> 'SECOND_FACTOR' ORDER BY created_at DESC, id LIMIT 100"
        )))
        .bind(user.as_str())
        .bind(micros(now))
        .bind(quiet_since(now, idle))
        .fetch_all(self.database.reader())
        .await?
        .iter()
        .map(read)
        .collect()
    }

    /// Ends the session of this cookie: its user leaves.
    pub async fn leave_session(
        &self,
        hash: &SecretHash,
        by: &Actor,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.administer().await?;
        if let Some(kept) = self.session_in(&mut tx, hash).await? {
            sqlx::query("DELETE FROM console_session WHERE hash = $1")
                .bind(kept)
                .execute(&mut *tx)
                .await?;
            let act = Act::new("logout").to(&by.id);
            self.append(&mut tx, by, act, now).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Ends one session of a user.
    pub async fn end_session(
        &self,
        user: &UserId,
        id: &SessionId,
        by: &Actor,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.administer().await?;
        let ended = sqlx::query("DELETE FROM console_session WHERE user_id = $1 AND id = $2")
            .bind(user.as_str())
            .bind(id.as_str())
            .execute(&mut *tx)
            .await?;
        if ended.rows_affected() == 0 {
            return Err(StoreError::NotFound("session"));
        }
        let act = Act::new("session.end").to(user);
        let act = act.with(json!({ "session": id.as_str() }));
        self.append(&mut tx, by, act, now).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Ends all sessions of a user but this one.
    pub async fn end_other_sessions(
        &self,
        user: &UserId,
        but: &SessionId,
        by: &Actor,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.administer().await?;
        let ended = sqlx::query("DELETE FROM console_session WHERE user_id = $1 AND id <> $2")
            .bind(user.as_str())
            .bind(but.as_str())
            .execute(&mut *tx)
            .await?;
        if ended.rows_affected() > 0 {
            let act = Act::new("session.end_others").to(user);
            let act = act.with(json!({ "ended": ended.rows_affected() }));
            self.append(&mut tx, by, act, now).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Keeps the secret of a second factor that is shown to the user of this session, until a number proves that they have
    /// it; or forgets it.
    pub async fn put_pending_totp(
        &self,
        session: &SessionId,
        secret: Option<&Redacted>,
    ) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        let sealed = self
            .keyring
            .seal_some(place(session), secret.map(Redacted::expose))?;
        sqlx::query("UPDATE console_session SET totp_pending = $2 WHERE id = $1")
            .bind(session.as_str())
            .bind(sealed)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(())
    }

    /// What [`Store::put_pending_totp`] kept.
    pub async fn pending_totp(&self, session: &SessionId) -> Result<Option<Redacted>, StoreError> {
        self.opening(|| async {
            let row = sqlx::query("SELECT totp_pending FROM console_session WHERE id = $1")
                .bind(session.as_str())
                .fetch_optional(self.database.reader())
                .await?;
            let Some(row) = row else { return Ok(None) };
            let sealed: Option<Vec<u8>> = row.try_get(0)?;
            sealed
                .map(|sealed| self.keyring.open(place(session), &sealed))
                .transpose()
        })
        .await
    }

    /// Removes sessions that are over.
    pub async fn forget_sessions(
        &self,
        idle: SignedDuration,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        sqlx::query("DELETE FROM console_session WHERE expires_at <= $1 OR last_seen_at <= $2")
            .bind(micros(now))
            .bind(quiet_since(now, idle))
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(())
    }

    pub(super) async fn insert_session(
        &self,
        tx: &mut Tx,
        session: &NewSession,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO console_session (hash, id, user_id, step, origin, created_at, last_seen_at, expires_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $6, $7)",
        )
        .bind(self.kept_as(COOKIE, &session.hash))
        .bind(session.id.as_str())
        .bind(session.user.as_str())
        .bind(session.step.as_str())
        .bind(&session.origin)
        .bind(micros(now))
        .bind(micros(session.expires_at))
        .execute(&mut **tx)
        .await?;
        Ok(())
    }

    pub(super) async fn end_all_sessions(tx: &mut Tx, user: &UserId) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM console_session WHERE user_id = $1")
            .bind(user.as_str())
            .execute(&mut **tx)
            .await?;
        Ok(())
    }

    /// Ends all sessions of a user but the one that goes on, fully inside, under another cookie. It must be there.
    pub(super) async fn end_sessions_but(
        &self,
        tx: &mut Tx,
        user: &UserId,
        goes_on: Option<&SessionRotation>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let Some(rotation) = goes_on else {
            return Self::end_all_sessions(tx, user).await;
        };
        let from = self
            .session_in(tx, &rotation.from)
            .await?
            .ok_or(StoreError::NotFound("session"))?;
        sqlx::query("DELETE FROM console_session WHERE user_id = $1 AND hash <> $2")
            .bind(user.as_str())
            .bind(from.clone())
            .execute(&mut **tx)
            .await?;
        let gone_on = sqlx::query(
            "UPDATE console_session SET hash = $3, step = 'FULL', totp_pending = NULL, last_seen_at = $4 \
             WHERE user_id = $1 AND hash = $2",
        )
        .bind(user.as_str())
        .bind(from)
        .bind(self.kept_as(COOKIE, &rotation.to))
        .bind(micros(now))
        .execute(&mut **tx)
        .await?;
        if gone_on.rows_affected() == 0 {
            return Err(StoreError::NotFound("session"));
        }
        Ok(())
    }
}

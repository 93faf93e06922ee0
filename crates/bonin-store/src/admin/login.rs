//! Logins: each guess is counted before it is judged, so that many at once count as many, over all instances.

use bonin_core::UserId;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use sqlx::Row;
use tracing::instrument;

use super::{NewSession, SecretHash};
use crate::{
    Act, Actor, Store, StoreError,
    observer::TRACE_TARGET,
    time::{micros, timestamp},
};

/// After so many wrong guesses in a row, the next have to wait.
const FREE_GUESSES: i64 = 5;
/// How long at first; each further wrong guess doubles it.
const FIRST_WAIT: SignedDuration = SignedDuration::from_mins(1);
/// The longest wait.
const LONGEST_WAIT: SignedDuration = SignedDuration::from_mins(15);

/// Whether a guess may be judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guess {
    /// It was counted as wrong, until it turns out to be right.
    Counted {
        /// Until when there will be no other, if it is wrong.
        locks_until: Option<Timestamp>,
    },
    /// It was not counted and must not be judged: there were too many.
    Locked {
        /// Until when.
        until: Timestamp,
    },
}

/// A number of the second factor that was right.
#[derive(Debug, Clone)]
pub struct CodeUse {
    /// The session that waited for it: it ends.
    pub waiting: SecretHash,
    /// The time step it belongs to. It and those before it count no more.
    pub step: i64,
}

/// How long to wait after so many wrong guesses in a row.
fn wait_after(failed: i64) -> Option<SignedDuration> {
    let beyond = failed - FREE_GUESSES;
    if beyond < 0 {
        return None;
    }
    let doublings = u32::try_from(beyond).unwrap_or(u32::MAX);
    let factor = 2i32.checked_pow(doublings).unwrap_or(i32::MAX);
    let wait = FIRST_WAIT.checked_mul(factor).unwrap_or(LONGEST_WAIT);
    Some(wait.min(LONGEST_WAIT))
}

impl Store {
    /// Counts a guess at a password or a number as wrong, before it is judged.
    #[instrument(target = TRACE_TARGET, level = "debug", skip_all, fields(otel.kind = "client"))]
    pub async fn count_guess(&self, user: &UserId, now: Timestamp) -> Result<Guess, StoreError> {
        let mut tx = self.administer().await?;
        let counted = sqlx::query(
            "UPDATE console_user SET failed_logins = failed_logins + 1 \
             WHERE id = $1 AND (locked_until IS NULL OR locked_until <= $2) RETURNING failed_logins",
        )
        .bind(user.as_str())
        .bind(micros(now))
        .fetch_optional(&mut *tx)
        .await?;
        let Some(row) = counted else {
            let row = sqlx::query("SELECT locked_until FROM console_user WHERE id = $1")
                .bind(user.as_str())
                .fetch_optional(&mut *tx)
                .await?
                .ok_or(StoreError::NotFound("user"))?;
            let until: Option<i64> = row.try_get(0)?;
            return Ok(Guess::Locked {
                until: until.map_or(Ok(now), timestamp)?,
            });
        };
        let wait = wait_after(row.try_get(0)?);
        let locks_until = wait.map(|wait| now.checked_add(wait).unwrap_or(Timestamp::MAX));
        sqlx::query("UPDATE console_user SET locked_until = $2 WHERE id = $1")
            .bind(user.as_str())
            .bind(locks_until.map(micros))
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(Guess::Counted { locks_until })
    }

    /// Notes in the audit that a counted guess was wrong, and that it locked the user.
    pub async fn note_wrong_guess(
        &self,
        user: &UserId,
        factor: &'static str,
        locks_until: Option<Timestamp>,
        by: &Actor,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.administer().await?;
        let act = Act::new("login.failed").to(user);
        let act = act.with(json!({ "factor": factor }));
        self.append(&mut tx, by, act, now).await?;
        if let Some(until) = locks_until {
            let act = Act::new("login.locked").to(user);
            let act = act.with(json!({ "until": until.to_string() }));
            self.append(&mut tx, by, act, now).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// A counted guess was right, and its lock goes with it. Nothing else is forgotten: whoever knows a password must not be
    /// able to guess at the second factor for ever by typing the password in between.
    pub async fn take_guess_back(
        &self,
        user: &UserId,
        locks_until: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        let mut tx = self.administer().await?;
        Self::take_back(&mut tx, user, locks_until).await?;
        tx.commit().await?;
        Ok(())
    }

    async fn take_back(
        tx: &mut crate::connection::Tx,
        user: &UserId,
        locks_until: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        // The lock that this guess has set goes with it. One that a wrong guess has set meanwhile stays.
        sqlx::query(
            "UPDATE console_user SET failed_logins = CASE WHEN failed_logins > 0 THEN failed_logins - 1 ELSE 0 END, \
             locked_until = CASE WHEN locked_until = $2 THEN NULL ELSE locked_until END WHERE id = $1",
        )
        .bind(user.as_str())
        .bind(locks_until.map(micros))
        .execute(&mut **tx)
        .await?;
        Ok(())
    }

    /// The password, a guess that was counted, was right; a number has to follow, in this session.
    /// `false` where the user was disabled, or the password replaced, meanwhile.
    pub async fn await_second_factor(
        &self,
        session: &NewSession,
        locks_until: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut tx = self.administer().await?;
        let user = Self::user_in(&mut tx, &session.user).await?;
        if user.is_disabled() || user.password_changed_at != session.password_set_at {
            return Ok(false);
        }
        Self::take_back(&mut tx, &session.user, locks_until).await?;
        self.insert_session(&mut tx, session, now).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Lets a user in. `false` where they were disabled, or the password or the second factor was changed meanwhile; where
    /// the number was used before, or the session that waited is over.
    #[instrument(target = TRACE_TARGET, level = "debug", skip_all, fields(otel.kind = "client"))]
    pub async fn let_in(
        &self,
        session: &NewSession,
        code: Option<&CodeUse>,
        by: &Actor,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut tx = self.administer().await?;
        let user = Self::user_in(&mut tx, &session.user).await?;
        if user.is_disabled()
            || user.has_totp != code.is_some()
            || user.password_changed_at != session.password_set_at
        {
            return Ok(false);
        }
        if let Some(code) = code {
            let Some(waiting) = self.session_in(&mut tx, &code.waiting).await? else {
                return Ok(false);
            };
            let waited = sqlx::query(
                "DELETE FROM console_session WHERE hash = $1 AND user_id = $2 AND step = 'SECOND_FACTOR'",
            )
            .bind(waiting)
            .bind(session.user.as_str())
            .execute(&mut *tx)
            .await?;
            let counts = sqlx::query(
                "UPDATE console_user SET totp_last_step = $2 \
                 WHERE id = $1 AND (totp_last_step IS NULL OR totp_last_step < $2)",
            )
            .bind(session.user.as_str())
            .bind(code.step)
            .execute(&mut *tx)
            .await?;
            if waited.rows_affected() == 0 || counts.rows_affected() == 0 {
                return Ok(false);
            }
        }
        sqlx::query(
            "UPDATE console_user SET failed_logins = 0, locked_until = NULL, last_login_at = $2 WHERE id = $1",
        )
        .bind(session.user.as_str())
        .bind(micros(now))
        .execute(&mut *tx)
        .await?;
        self.insert_session(&mut tx, session, now).await?;
        let act = Act::new("login.success").to(&session.user);
        let act = act.with(json!({ "secondFactor": code.is_some() }));
        self.append(&mut tx, by, act, now).await?;
        tx.commit().await?;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_begin_after_five_wrong_guesses_double_and_stay_under_a_quarter_of_an_hour() {
        let minutes = |failed| wait_after(failed).map(|wait| wait.as_mins());
        let waits: Vec<_> = (1..=10).map(minutes).collect();
        let expected = [
            None,
            None,
            None,
            None,
            Some(1),
            Some(2),
            Some(4),
            Some(8),
            Some(15),
            Some(15),
        ];
        assert_eq!(waits, expected);
        assert_eq!(minutes(i64::MAX), Some(15));
    }
}

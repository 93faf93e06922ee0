//! The way into the console: the first owner, logins, sessions.

use std::time::Duration;

use bonin_core::{Redacted, UserId};
use bonin_store::{
    Actor, ActorKind, CodeUse, ConsoleSession, ConsoleUser, Guess, NewSession, NewUser, Role,
    SecretHash, SessionStep, StoreError,
};
use jiff::{SignedDuration, Timestamp};

use super::{Admin, Administrator, Error, Problems, password, totp, user};
use crate::{ConsoleConfig, ids, metrics::LoginOutcome};

/// How long the key to the first owner's account is good for.
const SETUP_CODE_LIFE: SignedDuration = SignedDuration::from_hours(24);
/// How long a number of the second factor is waited for.
const SECOND_FACTOR_LIFE: SignedDuration = SignedDuration::from_mins(10);

/// A wrong login is answered after this long, whatever was wrong: what the database notes of known users takes a moment, too.
const WRONG_TAKES: Duration = Duration::from_millis(500);

/// Why someone is not let in. What was wrong is not told: whoever guesses learns nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoginError {
    /// Wrong, unknown, disabled or locked.
    Wrong,
    /// Anything else.
    Other(Error),
}

impl<E: Into<Error>> From<E> for LoginError {
    fn from(error: E) -> Self {
        Self::Other(error.into())
    }
}

/// A session that was just begun, or goes on under another cookie. This is the only time that its token can be seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenedSession {
    /// What the cookie holds.
    pub token: Redacted,
    /// How far its user has come in.
    pub step: SessionStep,
}

/// A session that is alive.
#[derive(Debug, Clone)]
pub struct Session {
    /// As it is kept.
    pub kept: ConsoleSession,
    /// Its user.
    pub user: ConsoleUser,
    /// The same as who administers.
    pub who: Administrator,
    pub(super) hash: SecretHash,
}

pub(super) fn actor(id: &UserId, username: &str, origin: &str) -> Actor {
    Actor {
        kind: ActorKind::User,
        id: id.to_string(),
        name: username.to_owned(),
        origin: origin.to_owned(),
    }
}

/// A setup code as it was made, however it was typed.
fn setup_code(typed: &Redacted) -> SecretHash {
    let plain = typed.expose().chars().filter(char::is_ascii_alphanumeric);
    let plain = Redacted::new(plain.collect::<String>().to_ascii_lowercase());
    SecretHash::of(plain.expose())
}

fn wrong_setup_code() -> Error {
    Error::invalid(
        "code",
        "설정 코드가 맞지 않거나, 이미 쓰였거나, 24시간이 지났습니다. bonin user setup-code 명령으로 새 코드를 받아 적어 주세요.",
    )
}

impl Admin {
    /// Whether nobody can come in yet.
    pub async fn has_no_user(&self) -> Result<bool, Error> {
        Ok(!self.store.has_user().await?)
    }

    /// A one-time key to the first owner's account, good for 24 hours; the one made before ends. `None` where there is a user.
    pub async fn make_setup_code(&self, by: &Actor) -> Result<Option<Redacted>, Error> {
        let code = ids::readable(5)?;
        let ends = self.after(SETUP_CODE_LIFE);
        let kept = self
            .store
            .put_setup_code(&setup_code(&code), ends, by, self.now())
            .await?;
        Ok(kept.then_some(code))
    }

    /// Makes the first owner with the key from [`Admin::make_setup_code`], and lets them in.
    pub async fn set_up_first_owner(
        &self,
        code: &Redacted,
        username: &str,
        passwords: [&Redacted; 2],
        origin: &str,
        config: &ConsoleConfig,
    ) -> Result<OpenedSession, Error> {
        let mut problems = Problems::default();
        let username = user::username(&mut problems, "username", username);
        password::check_repeated(
            &mut problems,
            ["password", "repeated"],
            passwords,
            &username,
        );
        let () = problems.or(())?;
        let code = setup_code(code);
        // Hashing a password is work that nobody without the code can ask for.
        if !self.store.takes_setup_code(&code, self.now()).await? {
            return Err(wrong_setup_code());
        }
        let user = NewUser {
            id: ids::user_id()?,
            username,
            role: Role::Owner,
            password_hash: password::hash(passwords[0]).await?,
            must_change: false,
        };
        let by = actor(&user.id, &user.username, origin);
        let made = self
            .store
            .create_first_owner(&code, &user, &by, self.now())
            .await?;
        if !made {
            return Err(wrong_setup_code());
        }
        let made = self.store.user(&user.id).await?.ok_or(Error::Unavailable)?;
        let (opened, session) = self.new_session(&made, SessionStep::Full, origin, config)?;
        let inside = self.store.let_in(&session, None, &by, self.now()).await?;
        if inside {
            Ok(opened)
        } else {
            Err(Error::Unavailable)
        }
    }

    /// Judges a username and a password. Where a second factor is set, the session only waits for its number.
    pub async fn login(
        &self,
        username: &str,
        password: &Redacted,
        origin: &str,
        config: &ConsoleConfig,
    ) -> Result<OpenedSession, LoginError> {
        let told_at = tokio::time::Instant::now() + WRONG_TAKES;
        let judged = self.judge(username, password, origin, config).await;
        self.logins.ended(outcome(&judged));
        if judged == Err(LoginError::Wrong) {
            tokio::time::sleep_until(told_at).await;
        }
        judged
    }

    async fn judge(
        &self,
        username: &str,
        password: &Redacted,
        origin: &str,
        config: &ConsoleConfig,
    ) -> Result<OpenedSession, LoginError> {
        let username = username.trim().to_ascii_lowercase();
        let known = match self.store.user_by_username(&username).await? {
            Some(user) => Some((self.guess(&user.id).await?, user)),
            None => None,
        };
        let Some((Some(locks_until), user)) = known else {
            // Nobody, or locked: it takes as long, and says the same.
            password::is_right(password, None).await?;
            return Err(LoginError::Wrong);
        };
        let by = actor(&user.id, &user.username, origin);
        let right = self.judged(&user.id, password, locks_until).await?;
        if !right || user.is_disabled() {
            self.wrong(&user.id, "password", locks_until, &by).await?;
            return Err(LoginError::Wrong);
        }
        if user.has_totp {
            let (opened, mut session) =
                self.new_session(&user, SessionStep::SecondFactor, origin, config)?;
            session.expires_at = session.expires_at.min(self.after(SECOND_FACTOR_LIFE));
            let waits = self
                .store
                .await_second_factor(&session, locks_until, self.now())
                .await?;
            return if waits {
                Ok(opened)
            } else {
                Err(LoginError::Wrong)
            };
        }
        let (opened, session) = self.new_session(&user, inside(&user), origin, config)?;
        if self.store.let_in(&session, None, &by, self.now()).await? {
            Ok(opened)
        } else {
            Err(LoginError::Wrong)
        }
    }

    /// Judges a number of the second factor, and lets its user in under another cookie.
    pub async fn login_second_factor(
        &self,
        waiting: &Session,
        number: &str,
        config: &ConsoleConfig,
    ) -> Result<OpenedSession, LoginError> {
        let judged = self.judge_second_factor(waiting, number, config).await;
        self.logins.ended(outcome(&judged));
        judged
    }

    async fn judge_second_factor(
        &self,
        waiting: &Session,
        number: &str,
        config: &ConsoleConfig,
    ) -> Result<OpenedSession, LoginError> {
        let user = &waiting.user;
        let Some(locks_until) = self.guess(&user.id).await? else {
            return Err(LoginError::Wrong);
        };
        let by = &waiting.who.actor;
        let step = match self.store.totp_secret(&user.id).await? {
            Some(secret) => totp::step_of(number, &secret, self.now())?,
            None => None,
        };
        if let Some(step) = step {
            let (opened, session) = self.new_session(user, inside(user), &by.origin, config)?;
            let code = CodeUse {
                waiting: waiting.hash.clone(),
                step,
            };
            let inside = self
                .store
                .let_in(&session, Some(&code), by, self.now())
                .await?;
            if inside {
                return Ok(opened);
            }
        }
        self.wrong(&user.id, "totp", locks_until, by).await?;
        Err(LoginError::Wrong)
    }

    /// The session of a cookie, if it is alive.
    pub async fn session(
        &self,
        token: &Redacted,
        origin: &str,
        config: &ConsoleConfig,
    ) -> Result<Option<Session>, Error> {
        let hash = SecretHash::of(token.expose());
        let found = self
            .store
            .use_session(&hash, config.session_idle, self.now())
            .await?;
        Ok(found.map(|(kept, user)| Session {
            who: Administrator {
                actor: actor(&user.id, &user.username, origin),
                role: user.role,
            },
            kept,
            user,
            hash,
        }))
    }

    /// Ends a session: its user leaves.
    pub async fn logout(&self, session: &Session) -> Result<(), Error> {
        let by = &session.who.actor;
        Ok(self
            .store
            .leave_session(&session.hash, by, self.now())
            .await?)
    }

    /// Counts a guess before it is judged. `None` where it must not be judged, else until when it locks if it is wrong.
    pub(super) async fn guess(
        &self,
        user: &UserId,
    ) -> Result<Option<Option<Timestamp>>, StoreError> {
        match self.store.count_guess(user, self.now()).await? {
            Guess::Counted { locks_until } => Ok(Some(locks_until)),
            Guess::Locked { .. } => Ok(None),
        }
    }

    /// Whether a counted guess at a password is right. One that could not be judged is no guess: it is taken back.
    pub(super) async fn judged(
        &self,
        user: &UserId,
        password: &Redacted,
        locks_until: Option<Timestamp>,
    ) -> Result<bool, Error> {
        let judged = match self.store.password_hash(user).await {
            Ok(hash) => password::is_right(password, hash).await,
            Err(error) => Err(error.into()),
        };
        if judged.is_err() {
            self.store.take_guess_back(user, locks_until).await?;
        }
        judged
    }

    pub(super) async fn wrong(
        &self,
        user: &UserId,
        factor: &'static str,
        locks_until: Option<Timestamp>,
        by: &Actor,
    ) -> Result<(), StoreError> {
        self.store
            .note_wrong_guess(user, factor, locks_until, by, self.now())
            .await
    }

    fn new_session(
        &self,
        user: &ConsoleUser,
        step: SessionStep,
        origin: &str,
        config: &ConsoleConfig,
    ) -> Result<(OpenedSession, NewSession), Error> {
        let token = ids::session_token()?;
        let session = NewSession {
            hash: SecretHash::of(token.expose()),
            id: ids::session_id()?,
            user: user.id.clone(),
            step,
            origin: origin.to_owned(),
            expires_at: self.after(config.session_life),
            password_set_at: user.password_changed_at,
        };
        Ok((OpenedSession { token, step }, session))
    }

    fn after(&self, life: SignedDuration) -> Timestamp {
        self.now().checked_add(life).unwrap_or(Timestamp::MAX)
    }
}

/// What is counted of a login.
fn outcome(judged: &Result<OpenedSession, LoginError>) -> LoginOutcome {
    match judged {
        Ok(opened) if opened.step == SessionStep::SecondFactor => LoginOutcome::SecondFactor,
        Ok(_) => LoginOutcome::LetIn,
        Err(LoginError::Wrong) => LoginOutcome::Wrong,
        Err(LoginError::Other(_)) => LoginOutcome::Unjudged,
    }
}

/// What a user may do once both factors were right.
fn inside(user: &ConsoleUser) -> SessionStep {
    if user.must_change {
        SessionStep::MustChangePassword
    } else {
        SessionStep::Full
    }
}

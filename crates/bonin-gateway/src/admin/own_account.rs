//! One's own account: the password, the second factor, the sessions.

use bonin_core::{Redacted, SessionId};
use bonin_store::{ConsoleSession, SecretHash, SessionRotation, SessionStep};

use super::{Action, Admin, Enrolment, Error, OpenedSession, Problems, Session, password, totp};
use crate::{ConsoleConfig, ids};

impl Admin {
    /// Changes one's own password, for which the present one has to be known. Other sessions end; this one goes on under
    /// another cookie.
    pub async fn change_own_password(
        &self,
        session: &Session,
        present: &Redacted,
        next: [&Redacted; 2],
    ) -> Result<OpenedSession, Error> {
        session.who.must(Action::ChangeOwnAccount)?;
        let mut problems = Problems::default();
        let fields = ["password", "repeated"];
        password::check_repeated(&mut problems, fields, next, &session.user.username);
        if next[0] == present {
            problems.add("password", SAME_PASSWORD);
        }
        let () = problems.or(())?;
        self.prove(session, "current", present).await?;
        self.put_own_password(session, next[0]).await
    }

    /// Sets one's own password in place of one that somebody else has set.
    pub async fn replace_temporary_password(
        &self,
        session: &Session,
        next: [&Redacted; 2],
    ) -> Result<OpenedSession, Error> {
        session.who.must(Action::ChangeOwnAccount)?;
        if session.kept.step != SessionStep::MustChangePassword {
            return Err(Error::Refused(
                "바꿔야 할 임시 비밀번호가 없습니다. 비밀번호는 설정에서 바꿀 수 있습니다."
                    .to_owned(),
            ));
        }
        let mut problems = Problems::default();
        let fields = ["password", "repeated"];
        password::check_repeated(&mut problems, fields, next, &session.user.username);
        let () = problems.or(())?;
        let kept = self.store.password_hash(&session.user.id).await?;
        if password::is_right(next[0], kept).await? {
            return Err(Error::invalid("password", SAME_PASSWORD));
        }
        self.put_own_password(session, next[0]).await
    }

    async fn put_own_password(
        &self,
        session: &Session,
        next: &Redacted,
    ) -> Result<OpenedSession, Error> {
        let hash = password::hash(next).await?;
        let (opened, rotation) = self.rotate(session)?;
        let (user, by) = (&session.user.id, &session.who.actor);
        self.store
            .set_user_password(user, &hash, false, Some(&rotation), by, self.now())
            .await?;
        Ok(opened)
    }

    /// Makes a second factor and keeps it in this session, until a number proves that it is in an app.
    pub async fn begin_own_totp(&self, session: &Session, present: &Redacted) -> Result<(), Error> {
        session.who.must(Action::ChangeOwnAccount)?;
        if session.user.has_totp {
            return Err(Error::Refused(
                "이미 2단계 인증을 쓰고 있습니다. 먼저 해제해야 다시 등록할 수 있습니다."
                    .to_owned(),
            ));
        }
        self.prove(session, "present", present).await?;
        let secret = totp::secret()?;
        Ok(self
            .store
            .put_pending_totp(&session.kept.id, Some(&secret))
            .await?)
    }

    /// The second factor that waits for a number, if one does.
    pub async fn pending_own_totp(&self, session: &Session) -> Result<Option<Enrolment>, Error> {
        session.who.must(Action::ChangeOwnAccount)?;
        let pending = self.store.pending_totp(&session.kept.id).await?;
        pending
            .map(|secret| totp::enrolment(&secret, &session.user.username))
            .transpose()
    }

    /// Forgets the second factor that waits for a number.
    pub async fn forget_pending_totp(&self, session: &Session) -> Result<(), Error> {
        session.who.must(Action::ChangeOwnAccount)?;
        Ok(self.store.put_pending_totp(&session.kept.id, None).await?)
    }

    /// Takes the second factor that waits into use. Other sessions end; this one goes on under another cookie.
    pub async fn confirm_own_totp(
        &self,
        session: &Session,
        number: &str,
    ) -> Result<OpenedSession, Error> {
        session.who.must(Action::ChangeOwnAccount)?;
        let pending = self.store.pending_totp(&session.kept.id).await?;
        let secret = pending.ok_or_else(|| {
            Error::Refused("등록 중인 2단계 인증이 없습니다. 처음부터 다시 해야 합니다.".to_owned())
        })?;
        let step = totp::step_of(number, &secret, self.now())?;
        let step = step.ok_or_else(|| {
            Error::invalid(
                "code",
                "번호가 맞지 않습니다. 인증 앱에 지금 보이는 숫자 6자리를 적어야 합니다. 계속 맞지 않으면 휴대폰과 서버의 시각을 확인해 주세요.",
            )
        })?;
        let (opened, rotation) = self.rotate(session)?;
        let (user, by) = (&session.user.id, &session.who.actor);
        self.store
            .enable_totp(user, &secret, step, &rotation, by, self.now())
            .await?;
        Ok(opened)
    }

    /// Takes one's own second factor away. Other sessions end; this one goes on under another cookie.
    pub async fn remove_own_totp(
        &self,
        session: &Session,
        present: &Redacted,
    ) -> Result<OpenedSession, Error> {
        session.who.must(Action::ChangeOwnAccount)?;
        if !session.user.has_totp {
            return Err(Error::Refused(
                "2단계 인증을 쓰고 있지 않습니다.".to_owned(),
            ));
        }
        self.prove(session, "present", present).await?;
        let (opened, rotation) = self.rotate(session)?;
        let (user, by) = (&session.user.id, &session.who.actor);
        self.store
            .disable_totp(user, Some(&rotation), by, self.now())
            .await?;
        Ok(opened)
    }

    /// One's own sessions, the newest first.
    pub async fn own_sessions(
        &self,
        session: &Session,
        config: &ConsoleConfig,
    ) -> Result<Vec<ConsoleSession>, Error> {
        session.who.must(Action::ChangeOwnAccount)?;
        let user = &session.user.id;
        Ok(self
            .store
            .sessions_of(user, config.session_idle, self.now())
            .await?)
    }

    /// Ends one of one's own sessions.
    pub async fn end_own_session(&self, session: &Session, id: &SessionId) -> Result<(), Error> {
        session.who.must(Action::ChangeOwnAccount)?;
        let (user, by) = (&session.user.id, &session.who.actor);
        Ok(self.store.end_session(user, id, by, self.now()).await?)
    }

    /// Ends all of one's own sessions but this one.
    pub async fn end_other_own_sessions(&self, session: &Session) -> Result<(), Error> {
        session.who.must(Action::ChangeOwnAccount)?;
        let (user, by) = (&session.user.id, &session.who.actor);
        Ok(self
            .store
            .end_other_sessions(user, &session.kept.id, by, self.now())
            .await?)
    }

    /// Asks for the password again: an open browser is not yet its owner. Wrong ones count like those of a login.
    async fn prove(
        &self,
        session: &Session,
        field: &'static str,
        present: &Redacted,
    ) -> Result<(), Error> {
        let user = &session.user.id;
        let Some(locks_until) = self.guess(user).await? else {
            return Err(Error::invalid(
                field,
                "비밀번호를 여러 번 틀려 잠시 잠겼습니다. 최대 15분 뒤에 다시 시도해야 합니다.",
            ));
        };
        if self.judged(user, present, locks_until).await? {
            return Ok(self.store.take_guess_back(user, locks_until).await?);
        }
        self.wrong(user, "password", locks_until, &session.who.actor)
            .await?;
        Err(Error::invalid(
            field,
            "지금 쓰는 비밀번호와 다릅니다. 다시 적어야 합니다.",
        ))
    }

    fn rotate(&self, session: &Session) -> Result<(OpenedSession, SessionRotation), Error> {
        let token = ids::session_token()?;
        let rotation = SessionRotation {
            from: session.hash.clone(),
            to: SecretHash::of(token.expose()),
        };
        let step = SessionStep::Full;
        Ok((OpenedSession { token, step }, rotation))
    }
}

const SAME_PASSWORD: &str = "지금 쓰는 비밀번호와 다른 비밀번호를 적어야 합니다.";

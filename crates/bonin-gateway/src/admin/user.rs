//! Who may enter the console.

use bonin_core::{Redacted, UserId};
use bonin_store::{Actor, ConsoleUser, NewUser, Role, StoreError};

use super::{Action, Admin, Administrator, Error, Problems, password};
use crate::ids;

/// The longest username.
const LONGEST_USERNAME: usize = 64;

/// A user as they were filled in.
#[derive(Debug, Clone, Default)]
pub struct UserForm {
    /// What they log in with.
    pub username: String,
    /// `OWNER`, `OPERATOR` or `VIEWER`.
    pub role: String,
}

/// A user that was just made. This is the only time that the password can be seen; they change it when they first come in.
#[derive(Debug, Clone)]
pub struct MadeUser {
    /// Their id.
    pub id: UserId,
    /// What they log in with.
    pub username: String,
    /// What they may do.
    pub role: Role,
    /// The password to begin with.
    pub password: Redacted,
}

/// A username: 1 to 64 of `a-z`, `0-9`, `.`, `_`, `@` and `-`. Capitals are written small.
pub(super) fn username(problems: &mut Problems, field: &'static str, given: &str) -> String {
    let username = given.trim().to_ascii_lowercase();
    let allowed =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._@-".contains(&byte);
    if !(1..=LONGEST_USERNAME).contains(&username.len()) || !username.bytes().all(allowed) {
        problems.add(
            field,
            "아이디는 영문 소문자, 숫자, 마침표(.), 밑줄(_), 골뱅이(@), 하이픈(-)으로 1자에서 64자까지 적어야 합니다.",
        );
    }
    username
}

fn role(problems: &mut Problems, field: &'static str, given: &str) -> Role {
    Role::parse(given.trim().to_ascii_uppercase().as_str()).unwrap_or_else(|_| {
        problems.add(
            field,
            "역할은 OWNER, OPERATOR, VIEWER 가운데 하나여야 합니다.",
        );
        Role::Viewer
    })
}

impl Admin {
    /// All users, oldest first.
    pub async fn users(&self, who: &Administrator) -> Result<Vec<ConsoleUser>, Error> {
        who.must(Action::SeeUsers)?;
        Ok(self.store.users().await?)
    }

    /// One user.
    pub async fn user(&self, who: &Administrator, id: &UserId) -> Result<ConsoleUser, Error> {
        who.must(Action::SeeUsers)?;
        let user = self.store.user(id).await?;
        user.ok_or(Error::NotFound("사용자"))
    }

    /// The user of this name.
    pub async fn user_named(
        &self,
        who: &Administrator,
        username: &str,
    ) -> Result<ConsoleUser, Error> {
        who.must(Action::SeeUsers)?;
        let username = username.trim().to_ascii_lowercase();
        let user = self.store.user_by_username(&username).await?;
        user.ok_or(Error::NotFound("사용자"))
    }

    /// Makes a user with a password that they have to change.
    pub async fn create_user(
        &self,
        who: &Administrator,
        form: &UserForm,
    ) -> Result<MadeUser, Error> {
        who.must(Action::ChangeUsers)?;
        let mut problems = Problems::default();
        let username = username(&mut problems, "username", &form.username);
        let role = role(&mut problems, "role", &form.role);
        let () = problems.or(())?;
        let password = password::temporary()?;
        let user = NewUser {
            id: ids::user_id()?,
            username,
            role,
            password_hash: password::hash(&password).await?,
            must_change: true,
        };
        let made = self.store.create_user(&user, &who.actor, self.now()).await;
        match made {
            Ok(()) => Ok(MadeUser {
                id: user.id,
                username: user.username,
                role,
                password,
            }),
            Err(StoreError::Exists(_)) => Err(Error::invalid(
                "username",
                "이미 있는 아이디입니다. 다른 아이디를 적어야 합니다.",
            )),
            Err(error) => Err(error.into()),
        }
    }

    /// Gives a user another role: `OWNER`, `OPERATOR` or `VIEWER`. Their sessions end.
    pub async fn set_user_role(
        &self,
        who: &Administrator,
        id: &UserId,
        given: &str,
    ) -> Result<(), Error> {
        who.must(Action::ChangeUsers)?;
        let mut problems = Problems::default();
        let role = role(&mut problems, "role", given);
        let () = problems.or(())?;
        Ok(self
            .store
            .set_user_role(id, role, &who.actor, self.now())
            .await?)
    }

    /// Gives a user a password that they have to change. Their sessions end.
    pub async fn reset_password(
        &self,
        who: &Administrator,
        id: &UserId,
    ) -> Result<Redacted, Error> {
        who.must(Action::ChangeUsers)?;
        let password = password::temporary()?;
        let hash = password::hash(&password).await?;
        self.store
            .set_user_password(id, &hash, true, None, &who.actor, self.now())
            .await?;
        Ok(password)
    }

    /// Takes a user's second factor away: the phone is lost. Their sessions end.
    pub async fn reset_second_factor(&self, who: &Administrator, id: &UserId) -> Result<(), Error> {
        who.must(Action::ChangeUsers)?;
        Ok(self
            .store
            .disable_totp(id, None, &who.actor, self.now())
            .await?)
    }

    /// Locks a user out. Their sessions end.
    pub async fn disable_user(&self, who: &Administrator, id: &UserId) -> Result<(), Error> {
        who.must(Action::ChangeUsers)?;
        Ok(self
            .store
            .set_user_disabled(id, true, &who.actor, self.now())
            .await?)
    }

    /// Lets a user in again.
    pub async fn enable_user(&self, who: &Administrator, id: &UserId) -> Result<(), Error> {
        who.must(Action::ChangeUsers)?;
        Ok(self
            .store
            .set_user_disabled(id, false, &who.actor, self.now())
            .await?)
    }

    /// Lets a user try again at once who typed a wrong password too often.
    pub async fn unlock_user(&self, who: &Administrator, id: &UserId) -> Result<(), Error> {
        who.must(Action::ChangeUsers)?;
        Ok(self.store.unlock_user(id, &who.actor, self.now()).await?)
    }

    /// For the dev environment alone: an owner with a password that everyone knows and that no rule would let through. Does
    /// nothing where the user is there.
    pub async fn ensure_dev_owner(&self, username: &str, password: &str) -> Result<(), Error> {
        if self.store.user_by_username(username).await?.is_some() {
            return Ok(());
        }
        let user = NewUser {
            id: ids::user_id()?,
            username: username.to_owned(),
            role: Role::Owner,
            password_hash: password::hash(&Redacted::new(password)).await?,
            must_change: false,
        };
        let by = Actor::system("bonin dev");
        match self.store.create_user(&user, &by, self.now()).await {
            Ok(()) | Err(StoreError::Exists(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Whether any user has this password, which everyone knows.
    pub async fn has_user_with_password(&self, known: &str) -> Result<bool, Error> {
        let known = Redacted::new(known);
        for user in self.store.users().await? {
            let hash = self.store.password_hash(&user.id).await?;
            if password::is_right(&known, hash).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usernames_are_short_latin_and_small() {
        let checked = |given: &str| {
            let mut problems = Problems::default();
            let username = username(&mut problems, "username", given);
            problems.0.is_empty().then_some(username)
        };
        assert_eq!(
            checked(" Kim.Min-su_2@example.com ").as_deref(),
            Some("kim.min-su_2@example.com")
        );
        assert_eq!(
            checked(&"a".repeat(64)).as_deref(),
            Some("a".repeat(64).as_str())
        );
        for wrong in [
            "",
            " ",
            "김민수",
            "a b",
            "a:b",
            "a/b",
            "<a>",
            &"a".repeat(65),
        ] {
            assert_eq!(checked(wrong), None, "{wrong}");
        }
    }
}

//! API secrets.

use bonin_core::{Redacted, SecretId, StoreId};
use bonin_store::{ApiSecret, NewApiSecret, SecretHash};
use jiff::{SignedDuration, Timestamp};

use super::{Action, Admin, Administrator, Error, Problems, name};
use crate::ids;

/// How much of a secret is shown to be recognised by.
const PREFIX: usize = 13;
/// The longest life: ten years.
const MAX_LIFE: SignedDuration = SignedDuration::from_hours(24 * 3650);

/// A secret as it was filled in.
#[derive(Debug, Clone)]
pub struct SecretForm {
    /// What people call it: 1 to 100 characters on one line.
    pub name: String,
    /// The store that requests without `storeId` mean.
    pub default_store: StoreId,
    /// More stores that it reaches.
    pub other_stores: Vec<StoreId>,
    /// When it ends by itself.
    pub life: Option<SignedDuration>,
}

/// A secret that was just made. This is the only time that it can be seen.
#[derive(Debug, Clone)]
pub struct MadeSecret {
    /// As it is kept.
    pub kept: NewApiSecret,
    /// The secret itself.
    pub secret: Redacted,
}

impl Admin {
    /// All secrets, oldest first, without the secrets themselves.
    pub async fn secrets(&self, who: &Administrator) -> Result<Vec<ApiSecret>, Error> {
        who.must(Action::SeeSetup)?;
        Ok(self.store.secrets().await?)
    }

    /// One secret, without the secret itself.
    pub async fn secret(&self, who: &Administrator, id: &SecretId) -> Result<ApiSecret, Error> {
        who.must(Action::SeeSetup)?;
        let secret = self.store.secret(id).await?;
        secret.ok_or(Error::NotFound("API 시크릿"))
    }

    /// Makes a secret. Others stay valid, so that one can take another's place without a gap.
    pub async fn create_secret(
        &self,
        who: &Administrator,
        form: &SecretForm,
    ) -> Result<MadeSecret, Error> {
        who.must(Action::ChangeSecrets)?;
        let now = self.now();
        let mut problems = Problems::default();
        let name = name(&mut problems, "name", &form.name);
        let expires_at = match form.life {
            None => None,
            Some(life) if life > SignedDuration::ZERO && life <= MAX_LIFE => {
                Some(now.checked_add(life).unwrap_or(Timestamp::MAX))
            }
            Some(_) => {
                problems.add("expiresIn", "0보다 길고 10년보다 길지 않아야 합니다.");
                None
            }
        };
        let mut other_stores = form.other_stores.clone();
        other_stores.retain(|store| *store != form.default_store);
        other_stores.sort();
        other_stores.dedup();
        let unknown = "없는 상점입니다. 상점 목록에 있는 storeId를 적어야 합니다.";
        if self.store.store(&form.default_store).await?.is_none() {
            problems.add("store", unknown);
        }
        for store in &other_stores {
            if self.store.store(store).await?.is_none() {
                problems.add("otherStores", unknown);
            }
        }
        problems.or(())?;
        let secret = ids::api_secret()?;
        let kept = NewApiSecret {
            id: ids::secret_id()?,
            hash: SecretHash::of(secret.expose()),
            prefix: secret.expose().chars().take(PREFIX).collect(),
            name,
            default_store: form.default_store.clone(),
            other_stores,
            expires_at,
        };
        self.store.create_secret(&kept, &who.actor, now).await?;
        Ok(MadeSecret { kept, secret })
    }

    /// Gives a secret another name.
    pub async fn rename_secret(
        &self,
        who: &Administrator,
        id: &SecretId,
        wanted: &str,
    ) -> Result<(), Error> {
        who.must(Action::ChangeSecrets)?;
        let mut problems = Problems::default();
        let name = name(&mut problems, "name", wanted);
        problems.or(())?;
        Ok(self
            .store
            .rename_secret(id, &name, &who.actor, self.now())
            .await?)
    }

    /// Ends a secret, and every token made from it, at once.
    pub async fn revoke_secret(&self, who: &Administrator, id: &SecretId) -> Result<(), Error> {
        who.must(Action::ChangeSecrets)?;
        Ok(self.store.revoke_secret(id, &who.actor, self.now()).await?)
    }
}

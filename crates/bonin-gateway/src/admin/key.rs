//! Keys: which one seals, and everything sealed anew under the next.

use bonin_store::{KeyState, KeyVersion, Resealing, StoreError};

use super::{Action, Admin, Administrator, Error};

impl Admin {
    /// The keys that the database knows, never the keys themselves.
    pub async fn keys(&self, who: &Administrator) -> Result<Vec<KeyVersion>, Error> {
        who.must(Action::SeeSetup)?;
        Ok(self.store.keys().await?)
    }

    /// The numbers of the keys at hand, whether the database knows them or not.
    pub fn keys_at_hand(&self) -> Vec<u32> {
        self.store.keyring_ids()
    }

    /// Makes a key at hand the one that everything new is sealed with. What is sealed with the one before stays readable and
    /// is sealed anew by [`Admin::reseal`], or by the gateway by itself.
    pub async fn rotate_key(&self, who: &Administrator, to: u32) -> Result<(), Error> {
        who.must(Action::RotateKeys)?;
        let opening = |key: &KeyVersion| key.state == KeyState::Opening;
        if self.store.keys().await?.iter().any(opening) {
            return Err(Error::Refused(
                "앞선 키 교체가 아직 끝나지 않았습니다. 그 교체가 끝난 뒤 다시 시도해야 합니다."
                    .to_owned(),
            ));
        }
        let begun = self.store.begin_rotation(to, &who.actor, self.now());
        begun.await.map_err(|error| match error {
            StoreError::Exists(_) => Error::Refused(format!(
                "{to}번 키는 이 데이터베이스가 이미 쓴 키입니다. 다른 번호로 새 키를 만들어야 합니다."
            )),
            StoreError::KeyMissing(_) => Error::Refused(format!(
                "{to}번 키가 키 목록에 없습니다. 키 파일이나 BONIN_KEY에 먼저 더해야 합니다."
            )),
            error => error.into(),
        })
    }

    /// Seals everything anew that is sealed with an older key, until nothing is left, and tells how far it is. It may be
    /// broken off and called again at any moment. Gives the keys that may be thrown away now.
    pub async fn reseal(
        &self,
        who: &Administrator,
        mut told: impl FnMut(&Resealing),
    ) -> Result<Vec<u32>, Error> {
        who.must(Action::RotateKeys)?;
        loop {
            let mut round = self.store.begin_resealing().await?;
            loop {
                let ended = self.store.reseal(&mut round, &who.actor, self.now());
                let ended = ended.await?;
                told(&round);
                if ended {
                    break;
                }
                // Others write in between.
                tokio::task::yield_now().await;
            }
            if let Some(retired) = round.retired {
                // What was sealed with the older keys is not to be found in the log either.
                crate::service::scrub(&self.store).await?;
                return Ok(retired);
            }
        }
    }
}

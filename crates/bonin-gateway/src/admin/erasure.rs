//! Erasure on request: one verification, or one person wherever they appear.

use bonin_core::StoreId;
use bonin_store::{Erasure, PersonToErase, VerificationKey};

use super::{Action, Admin, Administrator, Error, reason};

/// What came of erasing a person.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ErasedPerson {
    /// Verifications whose personal data is gone now.
    pub erased: u32,
    /// Verifications with a try under way: to be erased when it has ended.
    pub under_way: u32,
}

impl Admin {
    /// Erases what is personal of one verification. It cannot be undone; the row and its timeline stay.
    pub async fn erase_verification(
        &self,
        who: &Administrator,
        key: &VerificationKey,
        why: &str,
    ) -> Result<(), Error> {
        who.must(Action::ErasePerson)?;
        let reason = reason(why)?;
        let erased = self
            .store
            .erase(key, &who.actor, &reason, self.now())
            .await?;
        match erased {
            Erasure::Erased => self.scrub().await,
            Erasure::ErasedBefore => Ok(()),
            Erasure::UnderWay => Err(Error::Refused(
                "진행 중인 시도가 있어 지금은 파기할 수 없습니다. 시도가 끝난 뒤(길어도 30분쯤) 다시 시도해야 합니다."
                    .to_owned(),
            )),
        }
    }

    /// Erases a person from every verification of a store, or of all stores.
    pub async fn erase_person(
        &self,
        who: &Administrator,
        store: Option<&StoreId>,
        person: &PersonToErase,
        why: &str,
    ) -> Result<ErasedPerson, Error> {
        who.must(Action::ErasePerson)?;
        let reason = reason(why)?;
        let stores = match store {
            Some(id) => vec![
                self.store
                    .store(id)
                    .await?
                    .ok_or(Error::NotFound("상점"))?
                    .id,
            ],
            None => {
                let stores = self.store.stores().await?;
                stores.into_iter().map(|store| store.id).collect()
            }
        };
        let mut told = ErasedPerson::default();
        for key in self.store.verifications_of(&stores, person).await? {
            let erased = self.store.erase(&key, &who.actor, &reason, self.now());
            match erased.await? {
                Erasure::Erased => told.erased += 1,
                Erasure::ErasedBefore => {}
                Erasure::UnderWay => told.under_way += 1,
            }
        }
        if told.erased > 0 {
            self.scrub().await?;
        }
        Ok(told)
    }

    /// Whether what was erased may still stand in the database's log: somebody kept reading until nobody waited any longer. A
    /// gateway that runs truncates it within a minute of their end.
    pub fn erased_is_in_log(&self) -> bool {
        self.store.is_to_be_scrubbed()
    }

    async fn scrub(&self) -> Result<(), Error> {
        Ok(crate::service::scrub(&self.store).await?)
    }
}

//! `resend`: the same SMS once more.

use bonin_core::{IdentityVerificationId, Purpose, ResendOutcome};
use bonin_store::{ResendRecord, VerificationKey};

use super::{Caller, Error, Service, waiting::Turn};

impl Service {
    /// Sends the message of the live SMS try again. When this returns, it has left.
    pub async fn resend(
        &self,
        caller: &Caller,
        id: &str,
        store_id: Option<&str>,
    ) -> Result<(), Error> {
        let key = VerificationKey {
            store: caller.store(store_id)?,
            id: IdentityVerificationId::parse(id).map_err(|_| Error::NotFound)?,
        };
        let service = self.clone();
        self.detached(async move { service.claim_and_resend(key).await })
            .await
    }

    async fn claim_and_resend(&self, key: VerificationKey) -> Result<(), Error> {
        let (claimed, claim) = match self.turn(&key, Purpose::Resend).await? {
            Turn::Mine(claimed, claim) => (claimed, claim),
            Turn::Shared(progress) => return progress.answer.map_or(Ok(()), |a| Err(Error::Pg(a))),
        };
        let channel = self
            .store()
            .channel(&claimed.channel_id)
            .await?
            .ok_or(Error::ChannelNotFound)?;
        let asked = self.providers.of(&channel).resend(&channel, &claimed).await;
        let mut record = ResendRecord {
            key,
            tx_id: claimed.tx_id.clone(),
            token: claim.token,
            outcome: ResendOutcome::NotSent,
            answer: None,
            calls: Vec::new(),
        };
        let unprepared = match asked {
            Ok(resent) => {
                record.outcome = resent.outcome;
                record.answer = resent.answer;
                record.calls = resent.calls;
                None
            }
            // Nobody was asked: only the claim is given back.
            Err(unprepared) => Some(unprepared),
        };
        self.until_durable(|| self.store.record_resend(&record, self.now()))
            .await?;
        match (unprepared, record.answer) {
            (Some(unprepared), _) => Err(unprepared.into()),
            (None, Some(answer)) => Err(Error::Pg(answer)),
            (None, None) => Ok(()),
        }
    }
}

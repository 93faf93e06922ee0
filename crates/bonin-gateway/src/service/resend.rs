//! `resend`: the same SMS once more.

use bonin_core::{IdentityVerificationId, Purpose, ResendOutcome};
use bonin_store::{Claimed, ResendRecord, VerificationKey};

use super::{Caller, Error, Service, asking::Outcome, waiting::Turn};
use crate::provider::Resent;

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
        let (claimed, claim, asked) = match self.turn(&key, Purpose::Resend).await? {
            Turn::Mine(claimed, claim, asked) => (claimed, claim, asked),
            Turn::Done => return Ok(()),
            Turn::Refused(answer) => return Err(Error::Pg(answer)),
        };
        let mut record = ResendRecord {
            key,
            tx_id: claimed.tx_id.clone(),
            token: claim.token,
            outcome: ResendOutcome::NotSent,
            answer: None,
            calls: Vec::new(),
        };
        let unasked = match self.ask_again(&claimed).await {
            Ok(resent) => {
                record.outcome = resent.outcome;
                record.answer = resent.answer;
                record.calls = resent.calls;
                None
            }
            // Nobody was asked: the claim is given back; the resend stays counted, as its message does.
            Err(error) => Some(error),
        };
        let now = self.now();
        self.until_durable(|| self.store.record_resend(&record, now))
            .await?;
        asked.came_to(Outcome::of(unasked.as_ref(), record.answer.as_ref()));
        match (unasked, record.answer) {
            (Some(error), _) => Err(error),
            (None, Some(answer)) => Err(Error::Pg(answer)),
            (None, None) => Ok(()),
        }
    }

    async fn ask_again(&self, claimed: &Claimed) -> Result<Resent, Error> {
        let channel = self.channel_of(&claimed.channel_id).await?;
        let provider = self.providers.of(&channel);
        Ok(provider.resend(&channel, claimed).await?)
    }
}

//! `confirm`: ask the provider once, record what it said, answer.

use bonin_api::{ConfirmIdentityVerificationBody, VerifiedIdentityVerification};
use bonin_core::{ConfirmOutcome, IdentityVerificationId, Otp, Purpose, Way};
use bonin_store::{Claimed, ConfirmRecord, VerificationKey};

use super::{Caller, Error, Service, asking::Outcome, lookup, waiting::Turn};
use crate::provider::Confirmed;

impl Service {
    /// Confirms the live API try of this id. The answer is the verified person, on disk.
    pub async fn confirm(
        &self,
        caller: &Caller,
        id: &str,
        body: &ConfirmIdentityVerificationBody,
    ) -> Result<VerifiedIdentityVerification, Error> {
        let key = VerificationKey {
            store: caller.store(body.store_id.as_deref())?,
            id: IdentityVerificationId::parse(id).map_err(|_| Error::NotFound)?,
        };
        let otp = body
            .otp
            .as_ref()
            .map(|otp| Otp::parse(otp.expose()).map_err(|_| otp_missing()))
            .transpose()?;
        if otp.is_none() {
            self.refuse_sms_without_number(&key).await?;
        }
        let service = self.clone();
        self.detached(async move { service.claim_and_confirm(key, otp).await })
            .await
    }

    async fn claim_and_confirm(
        &self,
        key: VerificationKey,
        otp: Option<Otp>,
    ) -> Result<VerifiedIdentityVerification, Error> {
        let (claimed, claim, asked) = match self.turn(&key, Purpose::Confirm).await? {
            Turn::Mine(claimed, claim, asked) => (claimed, claim, asked),
            Turn::Done => return Err(Error::AlreadyVerified),
            Turn::Refused(answer) => return Err(Error::Pg(answer)),
        };
        let mut record = ConfirmRecord {
            key,
            tx_id: claimed.tx_id.clone(),
            token: Some(claim.token),
            outcome: ConfirmOutcome::StaysOpen,
            verified: None,
            pg_tx_id: None,
            answer: None,
            calls: Vec::new(),
        };
        let unasked = match self.ask(&claimed, otp.as_ref()).await {
            Ok(confirmed) => {
                record.outcome = confirmed.outcome;
                record.verified = confirmed.verified;
                record.pg_tx_id = confirmed.pg_tx_id;
                record.answer = confirmed.answer;
                record.calls = confirmed.calls;
                None
            }
            // Nobody was asked: only the claim is given back.
            Err(error) => Some(error),
        };
        let now = self.now();
        let recorded = self
            .until_durable(|| self.store.record_confirm(&record, now))
            .await?;
        asked.came_to(Outcome::of(unasked.as_ref(), record.answer.as_ref()));
        if let Some(error) = unasked {
            return Err(error);
        }
        if let Some(answer) = record.answer {
            return Err(Error::Pg(answer));
        }
        if recorded.came_too_late {
            return Err(Error::AlreadyVerified);
        }
        let record = self
            .store()
            .verification(&record.key)
            .await?
            .ok_or(Error::NotFound)?;
        lookup::verified(&record).ok_or_else(lookup::unshowable)
    }

    async fn ask(&self, claimed: &Claimed, otp: Option<&Otp>) -> Result<Confirmed, Error> {
        let channel = self.channel_of(&claimed.channel_id).await?;
        let provider = self.providers.of(&channel);
        Ok(provider.confirm(&channel, claimed, otp).await?)
    }

    /// A number is needed where SMS was used. Told before anything is claimed.
    async fn refuse_sms_without_number(&self, key: &VerificationKey) -> Result<(), Error> {
        let Some(record) = self.store.verification(key).await? else {
            return Err(Error::NotFound);
        };
        match (record.status, record.way) {
            (bonin_core::Status::Ready, Way::Sms) => Err(otp_missing().into()),
            _ => Ok(()),
        }
    }
}

fn otp_missing() -> bonin_api::InvalidRequest {
    bonin_api::InvalidRequest::new(
        "otp",
        "method가 SMS인 건이면 필수 항목입니다. 문자로 받은 숫자 6자리를 적어야 합니다.",
    )
}

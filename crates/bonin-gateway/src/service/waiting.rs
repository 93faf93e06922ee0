//! Claiming a try, or waiting for what another caller's claim comes to.

use std::time::Duration;

use bonin_core::{Claim, Purpose, Refusal, Status, TxId};
use bonin_store::{ClaimError, Claimed, Progress, VerificationKey};

use super::{Error, Service, send::too_many_messages};
use crate::ids;

/// What a caller who wanted a claim got.
pub(super) enum Turn {
    /// The claim: ask the provider.
    Mine(Box<Claimed>, Claim),
    /// Another caller's call of the same kind has ended: what it learned holds for this caller too.
    Shared(Progress),
}

impl Service {
    /// Claims the live API try. While another caller holds it, waits: for a call of the same kind the outcome is shared,
    /// so that the provider is asked once; after one of another kind this caller has its turn.
    pub(super) async fn turn(
        &self,
        key: &VerificationKey,
        purpose: Purpose,
    ) -> Result<Turn, Error> {
        loop {
            let longest = self.providers.longest_call();
            let claim = Claim {
                token: ids::claim_token()?,
                purpose,
                until: self.settle_by(longest),
            };
            let now = self.now();
            let limit = Some(self.message_limit());
            let (held, tx_id) = match self.store.claim(key, &claim, limit, now).await {
                Ok(claimed) => return Ok(Turn::Mine(Box::new(claimed), claim)),
                Err(ClaimError::Refused {
                    refusal: Refusal::Claimed(held),
                    tx_id: Some(tx_id),
                }) => (held, tx_id),
                Err(ClaimError::Refused { refusal, .. }) => {
                    return Err(Error::refused(refusal, now));
                }
                Err(ClaimError::NotFound) => return Err(Error::NotFound),
                Err(ClaimError::TooManyMessages { until }) => {
                    return Err(too_many_messages(until, now).into());
                }
                Err(ClaimError::Store(error)) => return Err(error.into()),
            };
            let Some(progress) = self.outcome_of(key, &tx_id, &held).await? else {
                continue;
            };
            if progress.status == Status::Verified {
                return Err(Error::AlreadyVerified);
            }
            if held.purpose == purpose {
                return Ok(Turn::Shared(progress));
            }
        }
    }

    /// Waits until a claim's outcome is recorded. `None` where the claim lapsed without one: its holder is gone.
    async fn outcome_of(
        &self,
        key: &VerificationKey,
        tx_id: &TxId,
        held: &Claim,
    ) -> Result<Option<Progress>, Error> {
        let mut pause = Duration::from_millis(10);
        loop {
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_millis(200));
            let Some(progress) = self.store.progress(key, tx_id).await? else {
                return Ok(None);
            };
            match &progress.claim {
                Some(claim) if claim.token == held.token => {
                    if self.now() >= held.until {
                        return Ok(None);
                    }
                }
                _ => return Ok(Some(progress)),
            }
        }
    }
}

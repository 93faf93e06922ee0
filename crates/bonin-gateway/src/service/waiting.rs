//! Claiming a try, or waiting for what another caller's claim comes to.

use std::time::Duration;

use bonin_core::{Claim, Purpose, Refusal, Status, TxId};
use bonin_store::{Answered, ClaimError, Claimed, PgAnswer, VerificationKey};

use super::{
    Error, Service,
    asking::{Asked, Outcome},
    send::too_many_messages,
};
use crate::ids;

/// What a caller who wanted a claim got.
pub(super) enum Turn {
    /// The claim: ask the provider, record what it said, and only then let go of `Asked`.
    Mine(Box<Claimed>, Claim, Asked),
    /// Another caller's call of the same kind did what was wanted.
    Done,
    /// Another caller's call of the same kind was refused: the same holds for this caller.
    Refused(PgAnswer),
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
            let (claim, outcome) = match self.asking.held(key) {
                Some(held) => (held.claim.clone(), held.outcome().await),
                None => match self.claim(key, purpose).await? {
                    Ok(turn) => return Ok(turn),
                    Err((claim, tx_id)) => {
                        let outcome = self.outcome_of(key, &tx_id, &claim).await?;
                        (claim, outcome)
                    }
                },
            };
            let shared = claim.purpose == purpose;
            match outcome {
                Outcome::Done if shared => return Ok(Turn::Done),
                Outcome::Refused(answer) if shared => return Ok(Turn::Refused(answer)),
                Outcome::Done | Outcome::Refused(_) | Outcome::Open => {}
            }
        }
    }

    /// The claim, or whose it is.
    async fn claim(
        &self,
        key: &VerificationKey,
        purpose: Purpose,
    ) -> Result<Result<Turn, (Claim, TxId)>, Error> {
        let claim = Claim {
            token: ids::claim_token()?,
            purpose,
            until: self.settle_by(self.providers.longest_call()),
        };
        let now = self.now();
        let limit = match purpose {
            Purpose::Confirm => None,
            Purpose::Resend => {
                let store = self.store.store(&key.store).await?;
                Some(self.message_limit(&store.ok_or(Error::NotFound)?))
            }
        };
        match self.store.claim(key, &claim, limit, now).await {
            Ok(claimed) => {
                let asked = self.asking.note(key, &claim);
                Ok(Ok(Turn::Mine(Box::new(claimed), claim, asked)))
            }
            Err(ClaimError::Refused {
                refusal: Refusal::Claimed(held),
                tx_id: Some(tx_id),
            }) => Ok(Err((held, tx_id))),
            Err(ClaimError::Refused { refusal, .. }) => Err(Error::refused(refusal, now)),
            Err(ClaimError::NotFound) => Err(Error::NotFound),
            Err(ClaimError::TooManyMessages { until }) => Err(too_many_messages(until, now).into()),
            Err(ClaimError::Store(error)) => Err(error.into()),
        }
    }

    /// Waits until a claim's outcome is recorded, or the claim has lapsed without one: its holder is gone.
    async fn outcome_of(
        &self,
        key: &VerificationKey,
        tx_id: &TxId,
        held: &Claim,
    ) -> Result<Outcome, Error> {
        let mut pause = Duration::from_millis(10);
        loop {
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_millis(200));
            // In this process after all: its holder will tell.
            if let Some(here) = self.asking.held(key)
                && here.claim.token == held.token
            {
                return Ok(here.outcome().await);
            }
            let Some(progress) = self.store.progress(key, tx_id).await? else {
                return Ok(Outcome::Open);
            };
            // Whoever asks next is told so by the rules.
            if progress.status == Status::Verified {
                return Ok(Outcome::Open);
            }
            let holds = |claim: &Claim| claim.token == held.token;
            if progress.claim.as_ref().is_some_and(holds) && self.now() < held.until {
                continue;
            }
            // Only what this very claim came to may be shared: another may have been answered meanwhile.
            return Ok(match progress.answered {
                Some((token, answered)) if token == held.token => match (answered, progress.answer)
                {
                    (Answered::Done, _) => Outcome::Done,
                    (Answered::Refused, Some(answer)) => Outcome::Refused(answer),
                    (Answered::Refused | Answered::Unasked, _) => Outcome::Open,
                },
                _ => Outcome::Open,
            });
        }
    }
}

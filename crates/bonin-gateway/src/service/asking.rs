//! Who in this process is asking a provider right now, and what it comes to once that is on disk.
//!
//! The claim in the database says the same to all instances, but it lapses; while the database is away, the outcome that a
//! holder already knows is not there yet. Nobody in this process may ask again before it is.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bonin_core::Claim;
use bonin_store::{PgAnswer, VerificationKey};
use tokio::sync::watch;

/// What a claim came to, as those who waited for it are told.
#[derive(Debug, Clone)]
pub(super) enum Outcome {
    /// The provider did it.
    Done,
    /// The provider refused, or did not answer.
    Refused(PgAnswer),
    /// Nobody knows, or nobody was asked: whoever waited has a turn of its own.
    Open,
}

impl Outcome {
    /// What a call came to: `unasked` is why nobody was asked, `answer` what the provider said if it did not do it.
    pub(super) fn of<E>(unasked: Option<&E>, answer: Option<&PgAnswer>) -> Self {
        match (unasked, answer) {
            (Some(_), _) => Self::Open,
            (None, Some(answer)) => Self::Refused(answer.clone()),
            (None, None) => Self::Done,
        }
    }
}

/// A claim held by this process, to be waited for.
#[derive(Debug, Clone)]
pub(super) struct Held {
    /// The claim.
    pub claim: Claim,
    outcome: watch::Receiver<Option<Outcome>>,
}

impl Held {
    /// What it comes to. A holder that is gone without a word leaves it open.
    pub(super) async fn outcome(mut self) -> Outcome {
        match self.outcome.wait_for(Option::is_some).await {
            Ok(told) => told.clone().unwrap_or(Outcome::Open),
            Err(_) => Outcome::Open,
        }
    }
}

type Key = (String, String);

/// The claims held by this process.
#[derive(Debug, Clone, Default)]
pub(super) struct Asking(Arc<Mutex<HashMap<Key, Held>>>);

/// One of them, in its holder's hands. It ends with this.
pub(super) struct Asked {
    asking: Asking,
    key: Key,
    outcome: watch::Sender<Option<Outcome>>,
}

fn of(key: &VerificationKey) -> Key {
    (key.store.to_string(), key.id.to_string())
}

impl Asking {
    fn all(&self) -> MutexGuard<'_, HashMap<Key, Held>> {
        // Whoever panicked while holding it left a map that is whole all the same.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a claim that was granted, until the result is dropped.
    pub(super) fn note(&self, key: &VerificationKey, claim: &Claim) -> Asked {
        let (sender, outcome) = watch::channel(None);
        let held = Held {
            claim: claim.clone(),
            outcome,
        };
        self.all().insert(of(key), held);
        Asked {
            asking: self.clone(),
            key: of(key),
            outcome: sender,
        }
    }

    /// The claim that is held on this verification.
    pub(super) fn held(&self, key: &VerificationKey) -> Option<Held> {
        self.all().get(&of(key)).cloned()
    }
}

impl Asked {
    /// Tells those who wait. What is told must be on disk.
    pub(super) fn came_to(self, outcome: Outcome) {
        self.outcome.send_replace(Some(outcome));
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        self.asking.all().remove(&self.key);
    }
}

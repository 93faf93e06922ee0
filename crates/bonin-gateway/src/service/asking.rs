//! Who in this process is asking a provider right now, until what it said is on disk.
//!
//! The claim in the database says the same to all instances, but it lapses; while the database is away, the outcome that a
//! holder already knows is not there yet. Nobody in this process may ask again before it is.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bonin_core::{Claim, TxId};
use bonin_store::VerificationKey;

type Held = HashMap<(String, String), (Claim, TxId)>;

/// The claims held by this process.
#[derive(Debug, Clone, Default)]
pub(super) struct Asking(Arc<Mutex<Held>>);

/// One of them. It ends with this.
pub(super) struct Asked {
    asking: Asking,
    key: (String, String),
}

fn of(key: &VerificationKey) -> (String, String) {
    (key.store.to_string(), key.id.to_string())
}

impl Asking {
    fn held(&self) -> MutexGuard<'_, Held> {
        // Whoever panicked while holding it left a map that is whole all the same.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a claim that was granted, until the result is dropped.
    pub(super) fn note(&self, key: &VerificationKey, claim: &Claim, tx_id: &TxId) -> Asked {
        let key = of(key);
        self.held()
            .insert(key.clone(), (claim.clone(), tx_id.clone()));
        Asked {
            asking: self.clone(),
            key,
        }
    }

    /// The claim that is held on this verification.
    pub(super) fn claim(&self, key: &VerificationKey) -> Option<(Claim, TxId)> {
        self.held().get(&of(key)).cloned()
    }

    /// Whether this very claim is still held.
    pub(super) fn holds(&self, key: &VerificationKey, claim: &Claim) -> bool {
        self.claim(key)
            .is_some_and(|(held, _)| held.token == claim.token)
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        self.asking.held().remove(&self.key);
    }
}

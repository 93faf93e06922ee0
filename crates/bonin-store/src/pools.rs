//! Pools of connections that can be replaced while they are in use.

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use sqlx::{
    AnyPool,
    any::{AnyConnectOptions, AnyPoolOptions},
};

/// Pools that can be replaced.
#[derive(Debug, Clone)]
pub(crate) struct Pools(Arc<RwLock<Current>>);

/// The pools as they are now.
#[derive(Debug)]
pub(crate) struct Current {
    pub(crate) pool: AnyPool,
    /// Counts the replacements.
    pub(crate) generation: u64,
    /// Where to connect to anew. SQLite's files do not go away without a word.
    anew: Option<(AnyPoolOptions, AnyConnectOptions)>,
}

impl Pools {
    pub(crate) fn new(pool: AnyPool, anew: Option<(AnyPoolOptions, AnyConnectOptions)>) -> Self {
        Self(Arc::new(RwLock::new(Current {
            pool,
            generation: 0,
            anew,
        })))
    }

    pub(crate) fn now(&self) -> RwLockReadGuard<'_, Current> {
        // Whoever panicked while holding it left it whole all the same.
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a new pool in the place of the one of this generation, whose connections are given up.
    pub(crate) fn replace(&self, generation: u64) {
        let mut current = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if current.generation != generation || current.pool.is_closed() {
            return;
        }
        let Some((options, address)) = &current.anew else {
            return;
        };
        tracing::warn!("the database does not answer; its connections are given up");
        let new = options.clone().connect_lazy_with(address.clone());
        let old = std::mem::replace(&mut current.pool, new);
        current.generation += 1;
        // Ends when the last of its connections does: when the system gives it up, or the server speaks again.
        tokio::spawn(async move { old.close().await });
    }
}

//! Watching the store: what it tells of itself, in plain numbers.

use std::{
    fmt,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bonin_core::Way;
use sqlx::AnyPool;

use crate::Store;

/// The target of spans that are for traces alone: each verb of the store has one, and each commit.
pub const TRACE_TARGET: &str = "bonin_trace";

/// Whoever watches. It is told in the middle of the work, and must not wait for anything.
pub trait Observer: fmt::Debug + Send + Sync {
    /// A commit is on disk, with so many transactions in it.
    fn committed(&self, took: Duration, transactions: usize);

    /// Something happened to a try, by its name in the timeline, and is on disk.
    fn happened(&self, way: Way, event: &'static str);
}

/// The observer, once there is one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Watch(Arc<OnceLock<Arc<dyn Observer>>>);

impl Watch {
    /// Tells this observer from now on. There is one at the most: the first stays.
    pub(crate) fn tell(&self, observer: Arc<dyn Observer>) {
        drop(self.0.set(observer));
    }

    pub(crate) fn committed(&self, took: Duration, transactions: usize) {
        if let Some(observer) = self.0.get() {
            observer.committed(took, transactions);
        }
    }

    pub(crate) fn happened(&self, way: Way, event: &'static str) {
        if let Some(observer) = self.0.get() {
            observer.happened(way, event);
        }
    }
}

/// The connections of a pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolState {
    /// What they are for: `read`, `write`, or `any`.
    pub name: &'static str,
    /// How many are open.
    pub open: u32,
    /// How many of those nobody uses.
    pub idle: u32,
    /// How many there may be.
    pub most: u32,
}

impl PoolState {
    pub(crate) fn of(name: &'static str, pool: &AnyPool) -> Self {
        let open = pool.size();
        let idle = u32::try_from(pool.num_idle()).unwrap_or(u32::MAX);
        Self {
            name,
            open,
            // The two are read one after the other.
            idle: idle.min(open),
            most: pool.options().get_max_connections(),
        }
    }
}

static ACQUIRE_TIMEOUTS: AtomicU64 = AtomicU64::new(0);

pub(crate) fn note_acquire_timeout() {
    ACQUIRE_TIMEOUTS.fetch_add(1, Ordering::Relaxed);
}

/// How often, in this process, no connection to a database was to be had in time.
pub fn acquire_timeouts() -> u64 {
    ACQUIRE_TIMEOUTS.load(Ordering::Relaxed)
}

impl Store {
    /// Tells this observer from now on. There is one at the most: the first stays.
    pub fn observe(&self, observer: Arc<dyn Observer>) {
        self.database.watch().tell(observer);
    }

    /// The connections to the database.
    pub fn pools(&self) -> Vec<PoolState> {
        self.database.pool_states()
    }
}

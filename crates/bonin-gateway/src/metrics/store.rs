//! The database: its commits, its connections, and what happens to tries in it.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use bonin_core::Way;
use bonin_store::{Observer, PoolState};
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::{Registry, Unit},
};

/// From a commit on a fast disk to one that waited for the database's time-out.
const SECONDS: [f64; 14] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];
/// How many transactions share a commit.
const GROUP: [f64; 8] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0];

#[derive(Debug, Clone, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Happened {
    way: &'static str,
    event: &'static str,
}

#[derive(Debug, Clone, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Pool {
    pool: &'static str,
}

#[derive(Debug, Clone, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Connections {
    pool: &'static str,
    state: &'static str,
}

/// Commits, connections, and what happens to tries.
#[derive(Debug, Clone)]
pub struct StoreMetrics {
    commits: Counter,
    seconds: Histogram,
    group: Histogram,
    connections: Family<Connections, Gauge>,
    most: Family<Pool, Gauge>,
    timeouts: Counter<u64, AtomicU64>,
    events: Family<Happened, Counter>,
}

impl Default for StoreMetrics {
    fn default() -> Self {
        Self {
            commits: Counter::default(),
            seconds: Histogram::new(SECONDS),
            group: Histogram::new(GROUP),
            connections: Family::default(),
            most: Family::default(),
            timeouts: Counter::default(),
            events: Family::default(),
        }
    }
}

impl StoreMetrics {
    /// Notes how the connections are now, and how often none was to be had in time.
    pub fn connections(&self, pools: &[PoolState], timeouts: u64) {
        for pool in pools {
            let name = pool.name;
            for (state, count) in [("idle", pool.idle), ("used", pool.open - pool.idle)] {
                let gauge = Connections { pool: name, state };
                self.connections.get_or_create(&gauge).set(count.into());
            }
            let most = self.most.get_or_create(&Pool { pool: name });
            most.set(pool.most.into());
        }
        self.timeouts.inner().store(timeouts, Ordering::Relaxed);
    }

    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register(
            "bonin_store_commits",
            "Commits that are on disk",
            self.commits.clone(),
        );
        registry.register_with_unit(
            "bonin_store_commit",
            "How long commits took until they were on disk",
            Unit::Seconds,
            self.seconds.clone(),
        );
        registry.register(
            "bonin_store_commit_group_size",
            "How many transactions share a commit",
            self.group.clone(),
        );
        registry.register(
            "bonin_store_connections",
            "Open connections to the database, by pool and state",
            self.connections.clone(),
        );
        registry.register(
            "bonin_store_connections_max",
            "How many connections a pool may open",
            self.most.clone(),
        );
        registry.register(
            "bonin_store_acquire_timeouts",
            "How often no connection to the database was to be had in time",
            self.timeouts.clone(),
        );
        registry.register(
            "bonin_verification_events",
            "What happened to tries, by way and by its name in the timeline",
            self.events.clone(),
        );
    }
}

impl Observer for StoreMetrics {
    fn committed(&self, took: Duration, transactions: usize) {
        self.commits.inc();
        self.seconds.observe(took.as_secs_f64());
        self.group.observe(transactions as f64);
    }

    fn happened(&self, way: Way, event: &'static str) {
        let way = match way {
            Way::Sms => "sms",
            Way::App => "app",
            Way::Window => "window",
        };
        self.events.get_or_create(&Happened { way, event }).inc();
    }
}

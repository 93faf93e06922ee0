//! The database: its commits, its connections, and how tries begin and end in it.

use std::{sync::atomic::AtomicU64, time::Duration};

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::{Registry, Unit},
};

/// From a commit on a fast disk to one that waited for the database's time-out.
const SECONDS: [f64; 14] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];
/// How many changes share a commit.
const GROUP: [f64; 8] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0];

#[derive(Debug, Clone, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Begun {
    way: &'static str,
}

#[derive(Debug, Clone, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Ended {
    way: &'static str,
    outcome: &'static str,
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

/// Commits, connections, tries.
#[derive(Debug, Clone)]
pub struct StoreMetrics {
    commits: Counter,
    seconds: Histogram,
    group: Histogram,
    connections: Family<Connections, Gauge>,
    most: Family<Pool, Gauge>,
    timeouts: Counter<u64, AtomicU64>,
    begun: Family<Begun, Counter>,
    ended: Family<Ended, Counter>,
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
            begun: Family::default(),
            ended: Family::default(),
        }
    }
}

impl StoreMetrics {
    /// A commit was made durable, with so many changes in it.
    pub fn committed(&self, took: Duration, changes: usize) {
        self.commits.inc();
        self.seconds.observe(took.as_secs_f64());
        self.group.observe(changes as f64);
    }

    /// A try began.
    pub fn begun(&self, way: &'static str) {
        self.begun.get_or_create(&Begun { way }).inc();
    }

    /// A try ended.
    pub fn ended(&self, way: &'static str, outcome: &'static str) {
        self.ended.get_or_create(&Ended { way, outcome }).inc();
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
            "How many changes share a commit",
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
            "bonin_tries_begun",
            "Tries begun, by way",
            self.begun.clone(),
        );
        registry.register(
            "bonin_tries_ended",
            "Tries ended, by way and outcome",
            self.ended.clone(),
        );
    }
}

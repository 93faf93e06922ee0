//! What runs by itself.

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::{Registry, Unit},
};

use super::unix_seconds;

#[derive(Debug, Clone, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Ran {
    worker: &'static str,
    result: &'static str,
}

#[derive(Debug, Clone, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Worker {
    worker: &'static str,
}

/// Rounds of what runs by itself.
#[derive(Debug, Clone, Default)]
pub struct WorkerMetrics {
    runs: Family<Ran, Counter>,
    succeeded_at: Family<Worker, Gauge>,
    tries_swept: Counter,
    erased: Counter,
}

impl WorkerMetrics {
    /// A worker made a round, or a part of one that may take long.
    pub fn ran(&self, worker: &'static str, worked: bool) {
        let result = if worked { "ok" } else { "failed" };
        self.runs.get_or_create(&Ran { worker, result }).inc();
        if worked {
            let succeeded_at = self.succeeded_at.get_or_create(&Worker { worker });
            succeeded_at.set(unix_seconds());
        }
    }

    /// So many tries were ended because their time was over.
    pub fn swept(&self, tries: u32) {
        self.tries_swept.inc_by(tries.into());
    }

    /// The personal data of so many verifications was erased because its time was over.
    pub fn erased(&self, verifications: u32) {
        self.erased.inc_by(verifications.into());
    }

    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register(
            "bonin_worker_runs",
            "Rounds of what runs by itself, by worker and result",
            self.runs.clone(),
        );
        registry.register_with_unit(
            "bonin_worker_last_success_timestamp",
            "When a worker last made a round that worked, since 1970",
            Unit::Seconds,
            self.succeeded_at.clone(),
        );
        registry.register(
            "bonin_tries_swept",
            "Tries ended because their time was over",
            self.tries_swept.clone(),
        );
        registry.register(
            "bonin_retention_erased",
            "Verifications whose personal data was erased because its time was over",
            self.erased.clone(),
        );
    }
}

//! Webhooks.

use std::time::Duration;

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::{Registry, Unit},
};

/// A receiver is given 30 seconds unless set otherwise.
const SECONDS: [f64; 10] = [0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

/// What came of one request to a receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WebhookOutcome {
    /// It answered 2xx.
    Delivered,
    /// It answered anything else, a redirect included.
    Refused,
    /// It did not answer in time.
    TimedOut,
    /// It could not be reached, or broke the connection.
    Unreachable,
    /// Its address is one that may not be called.
    Blocked,
}

impl WebhookOutcome {
    const ALL: [Self; 5] = [
        Self::Delivered,
        Self::Refused,
        Self::TimedOut,
        Self::Unreachable,
        Self::Blocked,
    ];

    fn as_str(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Refused => "refused",
            Self::TimedOut => "timed_out",
            Self::Unreachable => "unreachable",
            Self::Blocked => "blocked",
        }
    }
}

#[derive(Debug, Clone, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Tried {
    outcome: &'static str,
}

/// How much waits to be delivered, and how delivering goes.
#[derive(Debug, Clone)]
pub struct WebhookMetrics {
    pending: Gauge,
    oldest_due: Gauge<f64, std::sync::atomic::AtomicU64>,
    paused: Gauge,
    tries: Family<Tried, Counter>,
    seconds: Histogram,
    given_up: Counter,
}

impl Default for WebhookMetrics {
    fn default() -> Self {
        let tries = Family::<Tried, Counter>::default();
        // An outcome that never was is zero, so that its first is seen as a rise.
        for outcome in WebhookOutcome::ALL {
            let outcome = outcome.as_str();
            drop(tries.get_or_create(&Tried { outcome }));
        }
        Self {
            pending: Gauge::default(),
            oldest_due: Gauge::default(),
            paused: Gauge::default(),
            tries,
            seconds: Histogram::new(SECONDS),
            given_up: Counter::default(),
        }
    }
}

impl WebhookMetrics {
    /// How many deliveries wait, in the whole database, and for how long the oldest of those that are due has been so.
    pub fn backlog(&self, pending: u64, oldest_due: Option<Duration>) {
        self.pending.set(i64::try_from(pending).unwrap_or(i64::MAX));
        let oldest_due = oldest_due.unwrap_or_default();
        self.oldest_due.set(oldest_due.as_secs_f64());
    }

    /// How many endpoints are paused, in the whole database.
    pub fn paused(&self, endpoints: u64) {
        let endpoints = i64::try_from(endpoints).unwrap_or(i64::MAX);
        self.paused.set(endpoints);
    }

    /// A request was made to a receiver.
    pub fn tried(&self, outcome: WebhookOutcome, took: Duration) {
        let outcome = outcome.as_str();
        self.tries.get_or_create(&Tried { outcome }).inc();
        self.seconds.observe(took.as_secs_f64());
    }

    /// So many deliveries that tell of a verification were given up: the last try failed, or they had waited for too long.
    pub fn gave_up(&self, deliveries: u64) {
        self.given_up.inc_by(deliveries);
    }

    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register(
            "bonin_webhook_deliveries_pending",
            "Deliveries that wait, in the whole database",
            self.pending.clone(),
        );
        registry.register_with_unit(
            "bonin_webhook_oldest_due",
            "For how long the oldest delivery has been due, in the whole database",
            Unit::Seconds,
            self.oldest_due.clone(),
        );
        registry.register(
            "bonin_webhook_endpoints_paused",
            "Endpoints that are paused, in the whole database",
            self.paused.clone(),
        );
        registry.register(
            "bonin_webhook_tries",
            "Requests to receivers, by outcome",
            self.tries.clone(),
        );
        registry.register_with_unit(
            "bonin_webhook_try",
            "How long receivers took to answer",
            Unit::Seconds,
            self.seconds.clone(),
        );
        registry.register(
            "bonin_webhook_deliveries_given_up",
            "Deliveries that were given up, tests aside",
            self.given_up.clone(),
        );
    }
}

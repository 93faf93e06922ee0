//! What the running gateway counts, for Prometheus: `/metrics`, in the OpenMetrics text format.
//!
//! Every metric is named `bonin_…` and stands in the table of `docs/OPERATIONS.md`; a test holds the two to each other. Labels
//! are words out of lists that we know beforehand (routes, ways, outcomes): never an id, never a person, never what a caller
//! wrote. Where a word comes from outside, as KCP's codes do, the list has an end and the rest is counted as `other`.
//!
//! Each part of the gateway counts through its own group, which [`Service::metrics`](crate::Service::metrics) gives. The worker
//! that delivers webhooks, for example:
//!
//! ```no_run
//! # use std::time::Duration;
//! # use bonin_gateway::metrics::{Metrics, WebhookOutcome};
//! # fn example(metrics: &Metrics) {
//! // After each look at the outbox: how much waits, and for how long the oldest has been due.
//! metrics.webhooks.backlog(3, Some(Duration::from_secs(12)));
//! // How many endpoints are paused now.
//! metrics.webhooks.paused(1);
//! // After each request to a receiver.
//! metrics.webhooks.tried(WebhookOutcome::Delivered, Duration::from_millis(80));
//! // When deliveries are given up: how many.
//! metrics.webhooks.gave_up(1);
//! // After each round of a worker, whether it worked.
//! metrics.workers.ran("webhooks", true);
//! # }
//! ```

mod http;
mod kcp;
mod labels;
mod people;
mod store;
mod webhooks;
mod workers;

use std::{
    fmt,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use prometheus_client::{
    encoding::text::encode,
    metrics::{counter::Counter, gauge::Gauge, info::Info},
    registry::{Registry, Unit},
};

pub use http::HttpMetrics;
pub(crate) use http::method_name;
pub use kcp::KcpMetrics;
pub use people::{Limit, LimitMetrics, LoginMetrics, LoginOutcome};
pub use store::StoreMetrics;
pub use webhooks::{WebhookMetrics, WebhookOutcome};
pub use workers::WorkerMetrics;

/// The media type of what [`Metrics::render`] gives.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// All metrics of one process. Cheap to clone: clones count together.
#[derive(Clone)]
pub struct Metrics {
    /// Requests.
    pub http: HttpMetrics,
    /// Calls to KCP.
    pub kcp: KcpMetrics,
    /// What limits refused.
    pub limits: LimitMetrics,
    /// Logins at the console.
    pub logins: LoginMetrics,
    /// What runs by itself.
    pub workers: WorkerMetrics,
    /// Webhooks.
    pub webhooks: WebhookMetrics,
    /// The database, and what happens to tries there.
    pub store: StoreMetrics,
    /// Traces.
    pub traces: TraceMetrics,
    registry: Arc<Registry>,
}

/// How sending traces away goes.
#[derive(Debug, Clone, Default)]
pub struct TraceMetrics {
    made: Counter,
    exported: Counter,
    lost: Counter,
}

impl TraceMetrics {
    /// A span is to be sent.
    pub fn made(&self) {
        self.made.inc();
    }

    /// So many spans reached the collector.
    pub fn exported(&self, spans: usize) {
        self.exported.inc_by(spans as u64);
    }

    /// So many spans did not, or will not.
    pub fn lost(&self, spans: usize) {
        self.lost.inc_by(spans as u64);
    }

    /// How many spans wait for the collector, or are on their way to it.
    pub fn waiting(&self) -> u64 {
        let settled = self.exported.get() + self.lost.get();
        self.made.get().saturating_sub(settled)
    }

    fn register(&self, registry: &mut Registry) {
        registry.register(
            "bonin_trace_spans",
            "Spans that were made to be sent",
            self.made.clone(),
        );
        registry.register(
            "bonin_trace_spans_exported",
            "Spans that the collector took",
            self.exported.clone(),
        );
        registry.register(
            "bonin_trace_spans_lost",
            "Spans that the collector did not take, or for which there was no room",
            self.lost.clone(),
        );
    }
}

impl Metrics {
    /// Everything at zero, and the process's start at now.
    pub fn new() -> Self {
        let mut registry = Registry::default();
        let build = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("bonin_build", "The version that runs", build);
        let started = Gauge::<i64>::default();
        started.set(unix_seconds());
        registry.register_with_unit(
            "process_start_time",
            "When the process began, since 1970",
            Unit::Seconds,
            started,
        );
        let metrics = Self {
            http: HttpMetrics::default(),
            kcp: KcpMetrics::default(),
            limits: LimitMetrics::default(),
            logins: LoginMetrics::default(),
            workers: WorkerMetrics::default(),
            webhooks: WebhookMetrics::default(),
            store: StoreMetrics::default(),
            traces: TraceMetrics::default(),
            registry: Arc::default(),
        };
        metrics.http.register(&mut registry);
        metrics.kcp.register(&mut registry);
        metrics.limits.register(&mut registry);
        metrics.logins.register(&mut registry);
        metrics.workers.register(&mut registry);
        metrics.webhooks.register(&mut registry);
        metrics.store.register(&mut registry);
        metrics.traces.register(&mut registry);
        Self {
            registry: Arc::new(registry),
            ..metrics
        }
    }

    /// The exposition.
    pub fn render(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics")
    }
}

/// Now, in whole seconds since 1970.
fn unix_seconds() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since
        .ok()
        .and_then(|since| i64::try_from(since.as_secs()).ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::{collections::HashMap, time::Duration};

    use super::*;

    #[test]
    fn every_line_belongs_to_a_metric_that_says_what_it_is() {
        let metrics = Metrics::new();
        metrics
            .http
            .answered("GET", "/health/live", 204, Duration::from_millis(3));
        metrics.kcp.asked("2300", "SB11", Duration::from_millis(9));
        metrics.limits.reached(Limit::Customer);
        metrics.logins.ended(LoginOutcome::Wrong);
        metrics.workers.ran("sweeper", true);
        metrics
            .webhooks
            .tried(WebhookOutcome::Refused, Duration::from_secs(1));
        let text = metrics.render().unwrap();
        let (mut types, mut helps) = (HashMap::new(), HashMap::new());
        let mut samples = 0;
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix("# TYPE ") {
                let (name, kind) = rest.split_once(' ').unwrap();
                assert!(types.insert(name, kind).is_none(), "{name} is told twice");
            } else if let Some(rest) = line.strip_prefix("# HELP ") {
                let (name, help) = rest.split_once(' ').unwrap();
                helps.insert(name, help);
            } else if !line.starts_with('#') {
                samples += 1;
                let name = line.split(['{', ' ']).next().unwrap();
                let family = ["_total", "_bucket", "_sum", "_count", "_info"]
                    .iter()
                    .find_map(|suffix| name.strip_suffix(suffix))
                    .filter(|family| types.contains_key(family))
                    .unwrap_or(name);
                assert!(types.contains_key(family), "{line}");
                assert!(helps.contains_key(family), "{line}");
            }
        }
        assert!(samples > 40, "{text}");
        assert!(text.ends_with("# EOF\n"));
    }
}

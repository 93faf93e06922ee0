//! Requests.

use std::time::Duration;

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::{Registry, Unit},
};

use super::labels::OTHER;

/// A send asks KCP three times, 54 seconds at the longest.
const SECONDS: [f64; 13] = [
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0,
];

/// The methods that have a name here; any other is `other`, since a client can make them up.
const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

#[derive(Debug, Clone, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Answered {
    route: String,
    method: &'static str,
    status: &'static str,
}

#[derive(Debug, Clone, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Taken {
    route: String,
    method: &'static str,
}

/// The method, if it is a usual one.
pub(crate) fn method_name(method: &str) -> &'static str {
    let known = METHODS.iter().find(|known| **known == method);
    known.copied().unwrap_or(OTHER)
}

/// Requests by route, method and class of status.
#[derive(Debug, Clone)]
pub struct HttpMetrics {
    requests: Family<Answered, Counter>,
    seconds: Family<Taken, Histogram>,
    in_flight: Gauge,
}

impl Default for HttpMetrics {
    fn default() -> Self {
        Self {
            requests: Family::default(),
            seconds: Family::new_with_constructor(|| Histogram::new(SECONDS)),
            in_flight: Gauge::default(),
        }
    }
}

/// A request under way. It counts as such until this is dropped.
#[derive(Debug)]
pub struct InFlight(Gauge);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl HttpMetrics {
    /// A request has come.
    pub fn came(&self) -> InFlight {
        self.in_flight.inc();
        InFlight(self.in_flight.clone())
    }

    /// A request was answered. `route` is the pattern of our own map of routes, never the path.
    pub fn answered(&self, method: &'static str, route: &str, status: u16, took: Duration) {
        let status = match status {
            100..=199 => "1xx",
            200..=299 => "2xx",
            300..=399 => "3xx",
            400..=499 => "4xx",
            // What the provider said no to, as the contract wants it: customers cause it, and nobody is to be woken by it.
            502 => "502",
            _ => "5xx",
        };
        let route = route.to_owned();
        let taken = Taken {
            route: route.clone(),
            method,
        };
        self.seconds
            .get_or_create(&taken)
            .observe(took.as_secs_f64());
        let answered = Answered {
            route,
            method,
            status,
        };
        self.requests.get_or_create(&answered).inc();
    }

    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register(
            "bonin_http_requests",
            "Requests answered",
            self.requests.clone(),
        );
        registry.register_with_unit(
            "bonin_http_request",
            "How long requests took",
            Unit::Seconds,
            self.seconds.clone(),
        );
        registry.register(
            "bonin_http_requests_in_flight",
            "Requests under way",
            self.in_flight.clone(),
        );
    }
}

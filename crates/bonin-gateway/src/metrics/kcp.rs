//! Calls to KCP.

use std::time::Duration;

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, histogram::Histogram},
    registry::{Registry, Unit},
};

use super::labels::Vocabulary;

/// KCP's time-out is 15 seconds unless set otherwise.
const SECONDS: [f64; 13] = [
    0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 10.0, 15.0, 30.0,
];

/// Codes that are always told by themselves: success, our own for no proper answer, and KCP's for a setting that is missing.
const KNOWN: [&str; 7] = [
    "0000",
    "9562",
    "9999",
    "CS24",
    "TIMEOUT",
    "UNREACHABLE",
    "INVALID_RESPONSE",
];

/// How many codes beside those are told by themselves: KCP has some dozens, and nobody has a list.
const MORE: usize = 100;

#[derive(Debug, Clone, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Asked {
    call: &'static str,
    code: String,
}

#[derive(Debug, Clone, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Call {
    call: &'static str,
}

/// Calls by type and result code.
#[derive(Debug, Clone)]
pub struct KcpMetrics {
    calls: Family<Asked, Counter>,
    seconds: Family<Call, Histogram>,
    codes: Vocabulary,
}

impl Default for KcpMetrics {
    fn default() -> Self {
        Self {
            calls: Family::default(),
            seconds: Family::new_with_constructor(|| Histogram::new(SECONDS)),
            codes: Vocabulary::new(&KNOWN, MORE),
        }
    }
}

impl KcpMetrics {
    /// A call was made: the window's `register` or `query`, or the hub's `tx_type`.
    pub fn asked(&self, call: &'static str, code: &str, took: Duration) {
        let asked = Asked {
            call,
            code: self.codes.word(code),
        };
        self.calls.get_or_create(&asked).inc();
        self.seconds
            .get_or_create(&Call { call })
            .observe(took.as_secs_f64());
    }

    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register(
            "bonin_kcp_calls",
            "Calls to KCP by type and result code",
            self.calls.clone(),
        );
        registry.register_with_unit(
            "bonin_kcp_call",
            "How long KCP took to answer",
            Unit::Seconds,
            self.seconds.clone(),
        );
    }
}

//! Calls to KCP.

use std::time::Duration;

use bonin_kcp::hub::message::TxType;
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

/// The calls of the window; those of the hub are its `tx_type`s.
const WINDOW: [&str; 2] = ["register", "query"];

/// KCP's codes for a setting that is missing.
const SETTINGS: [&str; 2] = ["9562", "CS24"];

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
        let calls = Family::<Asked, Counter>::default();
        // A refusal for a setting that never was is zero, so that its first is seen as a rise.
        for call in TxType::ALL.iter().map(|call| call.as_str()).chain(WINDOW) {
            for code in SETTINGS {
                let code = code.to_owned();
                drop(calls.get_or_create(&Asked { call, code }));
            }
        }
        Self {
            calls,
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

#[cfg(test)]
mod tests {
    use crate::metrics::Metrics;

    #[test]
    fn a_refusal_for_a_setting_is_told_as_zero_before_there_is_one() {
        let text = Metrics::new().render().unwrap();
        let told: Vec<&str> = text
            .lines()
            .filter(|line| line.starts_with("bonin_kcp_calls_total"))
            .collect();
        for call in ["2100", "2700", "register", "query"] {
            for code in ["9562", "CS24"] {
                let wanted = format!(r#"bonin_kcp_calls_total{{call="{call}",code="{code}"}} 0"#);
                assert!(told.contains(&wanted.as_str()), "{wanted}: {told:#?}");
            }
        }
        assert_eq!(told.len(), 18, "nine calls, and nothing else: {told:#?}");
    }
}

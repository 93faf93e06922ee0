use std::time::Duration;

use bonin_kcp::hub::message::TxType;
use serde_json::{Value, json};

/// More faults than anyone can keep in mind.
const MAX_FAULTS: usize = 100;

/// Where a fault strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Endpoint {
    /// The window's registration.
    Register,
    /// The window's query.
    Query,
    /// Every call of the hub.
    Hub,
    /// One call of the hub.
    HubCall(TxType),
}

impl Endpoint {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        match text {
            "register" => Some(Self::Register),
            "query" => Some(Self::Query),
            "hub" => Some(Self::Hub),
            _ => text.strip_prefix("hub:")?.parse().ok().map(Self::HubCall),
        }
    }

    fn name(self) -> String {
        match self {
            Self::Register => "register".into(),
            Self::Query => "query".into(),
            Self::Hub => "hub".into(),
            Self::HubCall(tx_type) => format!("hub:{tx_type}"),
        }
    }

    fn covers(self, call: Call) -> bool {
        match (self, call) {
            (Self::Register, Call::Register)
            | (Self::Query, Call::Query)
            | (Self::Hub, Call::Hub(_)) => true,
            (Self::HubCall(own), Call::Hub(tx_type)) => Some(own) == tx_type,
            _ => false,
        }
    }
}

/// A call that a fault may strike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Call {
    /// The window's registration.
    Register,
    /// The window's query.
    Query,
    /// A call of the hub, where it said which.
    Hub(Option<TxType>),
}

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FaultKind {
    /// The answer comes later.
    Latency(Duration),
    /// No answer until the client gives up.
    Timeout,
    /// This HTTP status.
    Http(u16),
    /// Bytes that are no answer.
    Garbage,
    /// This `res_cd`.
    ResCd(String),
    /// The connection is closed without an answer.
    Drop,
}

/// One fault on demand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) endpoint: Endpoint,
    pub(crate) kind: FaultKind,
    /// How many times more it strikes; `None` until it is cleared.
    pub(crate) remaining: Option<u64>,
}

impl Fault {
    /// As `POST /sandbox/faults` takes it.
    pub(crate) fn to_json(&self) -> Value {
        let (kind, value) = match &self.kind {
            FaultKind::Latency(duration) => ("latency", json!(duration.as_millis() as u64)),
            FaultKind::Timeout => ("timeout", Value::Null),
            FaultKind::Http(status) => ("http", json!(status)),
            FaultKind::Garbage => ("garbage", Value::Null),
            FaultKind::ResCd(code) => ("resCd", json!(code)),
            FaultKind::Drop => ("drop", Value::Null),
        };
        json!({ "endpoint": self.endpoint.name(), "kind": kind, "value": value, "count": self.remaining })
    }
}

/// The faults that are waiting, oldest first.
#[derive(Default)]
pub(crate) struct Faults(Vec<Fault>);

impl Faults {
    pub(crate) fn add(&mut self, fault: Fault) {
        if self.0.len() >= MAX_FAULTS {
            self.0.remove(0);
        }
        self.0.push(fault);
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Fault> {
        self.0.iter()
    }

    /// What strikes this call: at most one latency and at most one other fault, each used up by one.
    pub(crate) fn strike(&mut self, call: Call) -> Strike {
        let mut strike = Strike::default();
        self.0.retain_mut(|fault| {
            if !fault.endpoint.covers(call) {
                return true;
            }
            match &fault.kind {
                FaultKind::Latency(duration) if strike.latency.is_none() => {
                    strike.latency = Some(*duration)
                }
                FaultKind::Latency(_) => return true,
                kind if strike.fault.is_none() => strike.fault = Some(kind.clone()),
                _ => return true,
            }
            match &mut fault.remaining {
                Some(remaining) => {
                    *remaining = remaining.saturating_sub(1);
                    *remaining > 0
                }
                None => true,
            }
        });
        strike
    }
}

/// What strikes one call.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Strike {
    pub(crate) latency: Option<Duration>,
    /// Never a latency.
    pub(crate) fault: Option<FaultKind>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(endpoint: &str, kind: FaultKind, remaining: Option<u64>) -> Fault {
        Fault {
            endpoint: Endpoint::parse(endpoint).unwrap(),
            kind,
            remaining,
        }
    }

    #[test]
    fn a_fault_strikes_its_own_call_as_often_as_it_was_told() {
        let mut faults = Faults::default();
        faults.add(fault("hub:2300", FaultKind::Drop, Some(2)));
        assert_eq!(
            faults.strike(Call::Hub(Some(TxType::NameCheck))),
            Strike::default()
        );
        assert_eq!(faults.strike(Call::Hub(None)), Strike::default());
        for _ in 0..2 {
            assert_eq!(
                faults.strike(Call::Hub(Some(TxType::ConfirmOtp))).fault,
                Some(FaultKind::Drop)
            );
        }
        assert_eq!(
            faults.strike(Call::Hub(Some(TxType::ConfirmOtp))),
            Strike::default()
        );
    }

    #[test]
    fn a_latency_and_another_fault_strike_together_and_others_wait() {
        let mut faults = Faults::default();
        let second = Duration::from_secs(1);
        faults.add(fault("hub", FaultKind::Latency(second), None));
        faults.add(fault("hub", FaultKind::Garbage, Some(1)));
        faults.add(fault("hub", FaultKind::Drop, Some(1)));
        faults.add(fault("register", FaultKind::Timeout, None));
        for expected in [Some(FaultKind::Garbage), Some(FaultKind::Drop), None] {
            assert_eq!(
                faults.strike(Call::Hub(None)),
                Strike {
                    latency: Some(second),
                    fault: expected
                }
            );
        }
    }

    #[test]
    fn endpoints_are_read_by_name() {
        for name in ["register", "query", "hub", "hub:2100", "hub:2700"] {
            assert_eq!(Endpoint::parse(name).unwrap().name(), name);
        }
        for wrong in ["", "hub:", "hub:2800", "HUB", "2300"] {
            assert_eq!(Endpoint::parse(wrong), None);
        }
    }
}

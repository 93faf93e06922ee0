//! Which traces are sent.

use bonin_gateway::telemetry::{QUIET_ROUTES, ROOTS};
use opentelemetry::{
    Context, KeyValue,
    trace::{Link, SpanKind, TraceContextExt, TraceId, TraceState},
};
use opentelemetry_sdk::trace::{Sampler, SamplingDecision, SamplingResult, ShouldSample};

/// Whatever belongs to a trace that is sent; of those that begin here, a part. What runs by itself begins none, and neither do
/// the questions of a balancer or of Prometheus.
#[derive(Debug, Clone)]
pub(super) struct Chosen(Sampler);

impl Chosen {
    pub(super) fn by_ratio(ratio: f64) -> Self {
        Self(Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(
            ratio,
        ))))
    }
}

impl ShouldSample for Chosen {
    fn should_sample(
        &self,
        parent: Option<&Context>,
        trace: TraceId,
        name: &str,
        kind: &SpanKind,
        attributes: &[KeyValue],
        links: &[Link],
    ) -> SamplingResult {
        let begins = !parent.is_some_and(|parent| parent.span().span_context().is_valid());
        let is_quiet = attributes.iter().any(|one| {
            one.key.as_str() == "http.route" && QUIET_ROUTES.contains(&&*one.value.as_str())
        });
        if is_quiet || (begins && !ROOTS.contains(&name)) {
            return SamplingResult {
                decision: SamplingDecision::Drop,
                attributes: Vec::new(),
                trace_state: TraceState::NONE,
            };
        }
        let chosen = &self.0;
        chosen.should_sample(parent, trace, name, kind, attributes, links)
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry::trace::{SpanContext, SpanId, TraceFlags};

    use super::*;

    fn is_sent(ratio: f64, parent: Option<TraceFlags>, name: &str, route: &str) -> bool {
        let trace = TraceId::from_bytes([7; 16]);
        let parent = parent.map(|flags| {
            let span = SpanId::from_bytes([7; 8]);
            let context = SpanContext::new(trace, span, flags, true, TraceState::NONE);
            Context::new().with_remote_span_context(context)
        });
        let attributes = [KeyValue::new("http.route", route.to_owned())];
        let sampled = Chosen::by_ratio(ratio).should_sample(
            parent.as_ref(),
            trace,
            name,
            &SpanKind::Internal,
            &attributes,
            &[],
        );
        sampled.decision == SamplingDecision::RecordAndSample
    }

    #[test]
    fn a_callers_decision_is_followed_and_the_ratio_decides_where_there_is_none() {
        let (yes, no) = (TraceFlags::SAMPLED, TraceFlags::default());
        assert!(is_sent(1.0, None, "request", "/docs"));
        assert!(!is_sent(0.0, None, "request", "/docs"));
        assert!(is_sent(0.0, Some(yes), "request", "/docs"));
        assert!(!is_sent(1.0, Some(no), "request", "/docs"));
    }

    #[test]
    fn what_runs_by_itself_and_what_machines_ask_for_begin_no_trace() {
        let yes = Some(TraceFlags::SAMPLED);
        assert!(!is_sent(1.0, None, "sweep", ""));
        assert!(is_sent(1.0, yes, "begin", ""));
        assert!(!is_sent(1.0, None, "request", "/health/ready"));
        assert!(!is_sent(1.0, yes, "request", "/metrics"));
    }
}

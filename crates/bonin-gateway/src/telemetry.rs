//! Traces: one from the request over the calls to KCP to the database, where the process sends traces somewhere.
//!
//! Spans carry words of our own and codes, never an id, a person or what a caller wrote. Log lines are not part of them. The
//! span of a request is in the log, too, so that a line says which request and which trace it belongs to; all others have the
//! target [`TRACE_TARGET`], which the log leaves out.

use std::fmt::Write;

use opentelemetry::{
    Context,
    trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState},
};
use tracing::{Span, field};
use tracing_opentelemetry::OpenTelemetrySpanExt;

pub use bonin_store::TRACE_TARGET;

/// The name of the span of a request, which is in the log and in the trace.
pub const REQUEST_SPAN: &str = "request";

/// The route of a request for what is not there.
pub(crate) const UNKNOWN_ROUTE: &str = "unknown";

/// Routes that machines ask for every few seconds: their traces would bury the others.
pub const QUIET_ROUTES: [&str; 3] = ["/health/live", "/health/ready", "/metrics"];

/// Attributes that may leave the process in a trace. Whatever sends traces away lets through these alone.
pub const ATTRIBUTES: [&str; 8] = [
    "http.request.method",
    "http.route",
    "http.response.status_code",
    "kcp.call",
    "kcp.code",
    "kcp.millis",
    "db.system.name",
    "webhook.outcome",
];

/// Names of spans that a trace may begin with. Any other belongs to what runs by itself, and says nothing alone.
pub const ROOTS: [&str; 2] = [REQUEST_SPAN, WEBHOOK_SPAN];

/// The name of the span of a request to a receiver of webhooks.
const WEBHOOK_SPAN: &str = "webhook";

/// The span of a request to a receiver of webhooks, and of what is noted of it: a trace of its own.
pub(crate) fn webhook_span() -> Span {
    tracing::debug_span!(
        target: TRACE_TARGET,
        "webhook",
        otel.kind = "client",
        otel.status_code = field::Empty,
        webhook.outcome = field::Empty,
    )
}

/// Notes what came of it in the current span.
pub(crate) fn webhook_tried(outcome: &str, delivered: bool) {
    let span = Span::current();
    span.record("webhook.outcome", outcome);
    if !delivered {
        span.record("otel.status_code", "ERROR");
    }
}

/// The span of a request: named by its route, in the trace that the caller began, if it began one.
pub(crate) fn request_span(
    id: &str,
    method: &'static str,
    route: Option<&str>,
    caller: Option<&SpanContext>,
) -> Span {
    // At this level it is there however little is logged.
    let span = tracing::error_span!("request", id, trace_id = field::Empty);
    if let Some(caller) = caller {
        let parent = Context::new().with_remote_span_context(caller.clone());
        // Fails where no traces are sent; the caller's trace is named in the log all the same.
        let _ = span.set_parent(parent);
    }
    // Before the span begins: by the route it is decided whether it is sent.
    span.set_attribute("http.request.method", method);
    span.set_attribute("http.route", route.unwrap_or(UNKNOWN_ROUTE).to_owned());
    let context = span.context();
    let traced = context.span();
    if traced.span_context().is_valid() {
        traced.update_name(format!("{method} {}", route.unwrap_or(UNKNOWN_ROUTE)));
    }
    let trace = Some(traced.span_context())
        .filter(|context| context.is_valid())
        .or(caller);
    if let Some(trace) = trace {
        span.record("trace_id", trace.trace_id().to_string());
    }
    span
}

/// Notes a request's answer in its span.
pub(crate) fn answered(span: &Span, status: u16) {
    let context = span.context();
    let traced = context.span();
    if traced.span_context().is_valid() {
        span.set_attribute("http.response.status_code", i64::from(status));
        // 502 is the provider's no: its own span tells whether it failed.
        if status >= 500 && status != 502 {
            traced.set_status(opentelemetry::trace::Status::error(""));
        }
    }
}

/// What an answer or a request to others says of the span that it belongs to, as W3C writes it. `None` where nothing is traced.
pub(crate) fn traceparent(span: &Span) -> Option<String> {
    let context = span.context();
    let traced = context.span();
    let of = traced.span_context();
    of.is_valid().then(|| {
        let mut text = String::with_capacity(55);
        let flags = of.trace_flags() & TraceFlags::SAMPLED;
        // Writing into a text does not fail.
        let _ = write!(
            text,
            "00-{}-{}-{:02x}",
            of.trace_id(),
            of.span_id(),
            flags.to_u8()
        );
        text
    })
}

/// The `traceparent` of the span that is current, for requests to those who may know of our traces, such as receivers of
/// webhooks. KCP may not: it is somebody else's machine, and has no use for it.
pub fn current_traceparent() -> Option<String> {
    traceparent(&Span::current())
}

/// Reads a caller's `traceparent`. `None` where it is not one: then the trace begins here.
pub(crate) fn read_traceparent(text: &str) -> Option<SpanContext> {
    let mut parts = text.split('-');
    let (version, trace, span, flags) =
        (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let is_hex = |part: &str, len: usize| {
        part.len() == len && part.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    };
    let whole = is_hex(version, 2) && is_hex(trace, 32) && is_hex(span, 16) && is_hex(flags, 2);
    // Version 00 ends here; what a later one appends is not known, and `ff` is none.
    if !whole || version == "ff" || (version == "00" && parts.next().is_some()) {
        return None;
    }
    let flags = TraceFlags::new(u8::from_str_radix(flags, 16).ok()?) & TraceFlags::SAMPLED;
    let context = SpanContext::new(
        TraceId::from_hex(trace).ok()?,
        SpanId::from_hex(span).ok()?,
        flags,
        true,
        // `tracestate` is free text of strangers: it goes no further.
        TraceState::NONE,
    );
    context.is_valid().then_some(context)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

    #[test]
    fn a_callers_trace_is_read_as_w3c_writes_it() {
        let read = read_traceparent(&format!("00-{TRACE}-00f067aa0ba902b7-01")).unwrap();
        assert_eq!(read.trace_id().to_string(), TRACE);
        assert_eq!(read.span_id().to_string(), "00f067aa0ba902b7");
        assert!(read.is_sampled() && read.is_remote());
        let unsampled = read_traceparent(&format!("00-{TRACE}-00f067aa0ba902b7-00")).unwrap();
        assert!(!unsampled.is_sampled());
        // A later version may say more.
        assert!(read_traceparent(&format!("01-{TRACE}-00f067aa0ba902b7-01-more")).is_some());
    }

    #[test]
    fn what_is_no_trace_is_none() {
        for wrong in [
            String::new(),
            "00".to_owned(),
            format!("00-{TRACE}-00f067aa0ba902b7"),
            format!("00-{TRACE}-00f067aa0ba902b7-01-more"),
            format!("ff-{TRACE}-00f067aa0ba902b7-01"),
            format!("00-{}-00f067aa0ba902b7-01", "0".repeat(32)),
            format!("00-{TRACE}-{}-01", "0".repeat(16)),
            format!("00-{}-00f067aa0ba902b7-01", TRACE.to_uppercase()),
            format!("00-{TRACE}-00f067aa0ba902b7-1"),
            format!("00-{TRACE}0-00f067aa0ba902b7-01"),
            format!("00-{TRACE}-00f067aa0ba902b+-01"),
        ] {
            assert!(read_traceparent(&wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn where_nothing_is_traced_nothing_is_told() {
        let span = request_span("1", "GET", None, None);
        assert_eq!(traceparent(&span), None);
    }
}

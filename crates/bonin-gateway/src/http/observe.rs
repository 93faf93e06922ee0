//! What is noted of each request, and what every answer carries.

use std::{sync::Arc, time::Instant};

use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, header},
    middleware::Next,
    response::Response,
};
use opentelemetry::trace::SpanContext;
use tracing::Instrument;

use crate::{
    ids,
    metrics::{Metrics, method_name},
    telemetry,
};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const TRACERESPONSE: HeaderName = HeaderName::from_static("traceresponse");

/// Notes method, route, status and time. Never the path or the query: ids are the merchant's, and a filter holds names.
pub(super) async fn observe(
    State(metrics): State<Arc<Metrics>>,
    request: Request,
    next: Next,
) -> Response {
    let began = Instant::now();
    let in_flight = metrics.http.came();
    let method = method_name(request.method().as_str());
    let matched = request.extensions().get::<MatchedPath>().cloned();
    let route = matched.as_ref().map(MatchedPath::as_str);
    let id = request_id(request.headers());
    let caller = callers_trace(request.headers());
    let span = telemetry::request_span(
        id.as_deref().unwrap_or_default(),
        method,
        route,
        caller.as_ref(),
    );
    let mut response = next.run(request).instrument(span.clone()).await;
    let status = response.status().as_u16();
    let took = began.elapsed();
    let route = route.unwrap_or(telemetry::UNKNOWN_ROUTE);
    metrics.http.answered(method, route, status, took);
    drop(in_flight);
    telemetry::answered(&span, status);
    let millis = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    span.in_scope(|| tracing::info!(%method, route, status, millis, "answered"));
    let headers = response.headers_mut();
    for (name, value) in [
        (REQUEST_ID, id),
        (TRACERESPONSE, telemetry::traceparent(&span)),
    ] {
        if let Some(value) = value.and_then(|text| HeaderValue::from_str(&text).ok()) {
            headers.insert(name, value);
        }
    }
    // A page that says itself who may frame it must not be contradicted.
    if !headers.contains_key(header::CONTENT_SECURITY_POLICY) {
        headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    }
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; frame-ancestors 'none'",
        ),
        (header::CACHE_CONTROL, "no-store"),
    ] {
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
    response
}

/// The caller's own id of the request, if it is a plain one, else a new one.
fn request_id(headers: &HeaderMap) -> Option<String> {
    let given = headers
        .get(REQUEST_ID)
        .and_then(|value| value.to_str().ok())
        .filter(|id| (1..=64).contains(&id.len()))
        .filter(|id| id.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-'));
    match given {
        Some(id) => Some(id.to_owned()),
        None => ids::request_id().ok(),
    }
}

/// The trace that the caller began, if it says so once and rightly.
fn callers_trace(headers: &HeaderMap) -> Option<SpanContext> {
    let mut values = headers.get_all(TRACEPARENT).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return None;
    };
    telemetry::read_traceparent(value.to_str().ok()?)
}

//! Pages and files that need no credential.

use std::sync::Arc;

use axum::{
    Extension, Json,
    extract::State,
    http::{
        HeaderValue, StatusCode,
        header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, RETRY_AFTER},
    },
    response::{IntoResponse, Redirect, Response},
};
use serde_json::{Value, json};

use super::{docs, error::COME_BACK_AFTER};
use crate::service::Service;

/// Rendered once.
#[derive(Debug, Clone)]
pub(super) struct Pages {
    openapi: Arc<str>,
    docs: Arc<str>,
    docs_policy: HeaderValue,
}

impl Pages {
    pub(super) fn new(openapi: &Value) -> Self {
        let nothing = HeaderValue::from_static("default-src 'none'");
        Self {
            openapi: openapi.to_string().into(),
            docs: docs::render(openapi).into(),
            docs_policy: HeaderValue::from_str(&docs::content_security_policy()).unwrap_or(nothing),
        }
    }
}

fn cached(content_type: &'static str, body: &str) -> Response {
    let mut response = body.to_owned().into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(
        CACHE_CONTROL,
        HeaderValue::from_static("public, max-age=300"),
    );
    response
}

/// `/`: the reference, until there is more to show.
pub(super) async fn home() -> Redirect {
    Redirect::temporary("/docs")
}

/// `/docs`: the API reference.
pub(super) async fn docs(Extension(pages): Extension<Pages>) -> Response {
    let mut response = cached("text/html; charset=utf-8", &pages.docs);
    response
        .headers_mut()
        .insert(CONTENT_SECURITY_POLICY, pages.docs_policy);
    response
}

/// `/openapi.json`: the same for machines.
pub(super) async fn openapi(Extension(pages): Extension<Pages>) -> Response {
    cached("application/json; charset=utf-8", &pages.openapi)
}

/// `/health/live`: the process answers.
pub(super) async fn live() -> StatusCode {
    StatusCode::NO_CONTENT
}

/// `/health/ready`: whether the database answers, its schema is ours, and the keys that it uses are here, each by name; and
/// whether the process is about to leave.
pub(super) async fn ready(State(service): State<Service>) -> Response {
    let ready = service.readiness().await;
    let told = Json(json!({
        "ready": ready.is_ready(),
        "leaving": ready.leaving,
        "checks": {
            "database": ready.database.as_str(),
            "migrations": ready.migrations.as_str(),
            "keys": ready.keys.as_str(),
        },
    }));
    if ready.is_ready() {
        return told.into_response();
    }
    let come_back = [(RETRY_AFTER, HeaderValue::from(COME_BACK_AFTER))];
    (StatusCode::SERVICE_UNAVAILABLE, come_back, told).into_response()
}

//! Pages and files that need no credential.

use std::sync::Arc;

use axum::{
    Extension,
    extract::State,
    http::{
        HeaderValue, StatusCode,
        header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE},
    },
    response::{IntoResponse, Redirect, Response},
};
use serde_json::Value;

use super::docs;
use crate::service::{Error, Service};

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

/// `/health/ready`: the database answers too, and the keys that it uses are here.
pub(super) async fn ready(State(service): State<Service>) -> Result<StatusCode, Error> {
    service.is_ready().await?;
    Ok(StatusCode::NO_CONTENT)
}

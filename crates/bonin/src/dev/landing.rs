//! `/` of the dev environment: what runs, where, with which credentials, and what to do first.

mod code;
mod page;

use axum::{
    Router,
    http::{
        HeaderValue,
        header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY},
    },
    response::{IntoResponse, Response},
    routing::get,
};

pub(super) use code::figure;
pub(super) use page::document;

/// Nothing but the gateway's own files, and no way into a frame.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; base-uri 'none'; \
                      form-action 'none'; frame-ancestors 'none'";

/// The addresses that the pages name.
#[derive(Clone)]
pub(super) struct Addresses {
    pub gateway: String,
    pub sandbox: String,
}

pub(super) fn router(addresses: &Addresses) -> Router {
    let landing = page::landing(addresses);
    Router::new()
        .route("/", get(async move || html(&landing, POLICY)))
        .route(
            "/dev/base.css",
            get(async || css(include_str!("landing/base.css"))),
        )
        .route(
            "/dev/landing.css",
            get(async || css(include_str!("landing/landing.css"))),
        )
        .route(
            "/dev/copy.js",
            get(async || script(include_str!("landing/copy.js"))),
        )
}

/// A page. It is made anew with each start, on the same address: nobody may keep it.
pub(super) fn html(page: &str, policy: &str) -> Response {
    let nothing = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
    let mut response = file("text/html; charset=utf-8", page.to_owned());
    response.headers_mut().insert(
        CONTENT_SECURITY_POLICY,
        HeaderValue::from_str(policy).unwrap_or(nothing),
    );
    response
}

pub(super) fn css(text: &'static str) -> Response {
    file("text/css; charset=utf-8", text)
}

pub(super) fn script(text: &'static str) -> Response {
    file("text/javascript; charset=utf-8", text)
}

fn file(content_type: &'static str, body: impl IntoResponse) -> Response {
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(
        "x-content-type-options",
        HeaderValue::from_static("nosniff"),
    );
    response
}

//! The browser script, built from `sdk/browser` and embedded.

use axum::{
    http::{
        HeaderValue,
        header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_TYPE},
    },
    response::{IntoResponse, Response},
};

const CLASSIC: &str = include_str!("../../../../../sdk/browser/dist/browser-sdk.js");
const MODULE: &str = include_str!("../../../../../sdk/browser/dist/browser-sdk.mjs");
const TYPES: &str = include_str!("../../../../../sdk/browser/dist/browser-sdk.d.ts");

fn file(content_type: &'static str, text: &'static str) -> Response {
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(content_type)),
        // From any origin, and a new version within minutes.
        (ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*")),
        (
            CACHE_CONTROL,
            HeaderValue::from_static("public, max-age=300"),
        ),
    ];
    (headers, text).into_response()
}

/// `/v2/browser-sdk.js`: sets `window.PortOne`.
pub(super) async fn classic() -> Response {
    file("text/javascript; charset=utf-8", CLASSIC)
}

/// `/v2/browser-sdk.mjs`: the same as a module.
pub(super) async fn module() -> Response {
    file("text/javascript; charset=utf-8", MODULE)
}

/// `/v2/browser-sdk.d.ts`: its types.
pub(super) async fn types() -> Response {
    file("text/plain; charset=utf-8", TYPES)
}

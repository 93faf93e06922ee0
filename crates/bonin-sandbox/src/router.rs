//! Every address of the sandbox, on one page.

use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::middleware::from_fn_with_state;
use axum::routing::{delete, get, post};
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::timeout::RequestBodyTimeoutLayer;

use crate::control::{
    ControlError, faults, merchants, messages, pass_requests, people, reset, settings,
};
use crate::{Sandbox, access, hub, phone, window};

/// A call of the hub has about 3 KiB, most of it the certificate; a merchant with certificate about 4 KiB.
const MAX_BODY_LEN: usize = 64 * 1024;
const BODY_TIME_LIMIT: Duration = Duration::from_secs(10);

/// Pages need only what the sandbox serves itself.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; \
                      base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

pub(crate) fn router(sandbox: Sandbox) -> Router {
    let control = Router::new()
        .route("/", get(phone::index))
        .route("/phone", get(phone::page))
        .route("/phone/screen", get(phone::screen))
        .route("/phone/events", get(phone::events))
        .route("/phone/phone.css", get(phone::style))
        .route("/phone/phone.js", get(phone::script))
        .route("/phone/icon.svg", get(phone::icon))
        .route("/sandbox/messages", get(messages::list))
        .route("/sandbox/pass-requests", get(pass_requests::list))
        .route(
            "/sandbox/pass-requests/{id}/approve",
            post(pass_requests::approve),
        )
        .route(
            "/sandbox/pass-requests/{id}/reject",
            post(pass_requests::reject),
        )
        .route("/sandbox/people", get(people::list).post(people::add))
        .route("/sandbox/people/{phone}", delete(people::remove))
        .route(
            "/sandbox/settings",
            get(settings::show).put(settings::change),
        )
        .route(
            "/sandbox/merchants",
            get(merchants::list).post(merchants::create),
        )
        .route(
            "/sandbox/merchants/{site_cd}",
            get(merchants::show).put(merchants::change),
        )
        .route(
            "/sandbox/merchants/{site_cd}/credentials",
            get(merchants::credentials),
        )
        .route(
            "/sandbox/faults",
            get(faults::list).post(faults::add).delete(faults::clear),
        )
        .route("/sandbox/reset", post(reset::reset))
        .layer(from_fn_with_state(sandbox.clone(), access::guard));

    Router::new()
        .route(bonin_kcp::hub::PATH, post(hub::call))
        .merge(window::router())
        .merge(control)
        .fallback(no_such_address)
        .method_not_allowed_fallback(no_such_method)
        .layer(DefaultBodyLimit::max(MAX_BODY_LEN))
        .layer(RequestBodyTimeoutLayer::new(BODY_TIME_LIMIT))
        .layer(header(CONTENT_SECURITY_POLICY, POLICY))
        .layer(header(X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(header(REFERRER_POLICY, "no-referrer"))
        .layer(header(CACHE_CONTROL, "no-store"))
        .with_state(sandbox)
}

fn header(name: HeaderName, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
}

async fn no_such_address() -> ControlError {
    ControlError::new(
        StatusCode::NOT_FOUND,
        "이 주소에는 아무것도 없습니다. 사용할 수 있는 주소는 / 페이지를 보세요.",
    )
}

async fn no_such_method() -> ControlError {
    ControlError::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "이 주소에서 쓸 수 없는 HTTP 메서드입니다.",
    )
}

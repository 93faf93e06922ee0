//! KCP's window (표준인증창, 본인확인 V2): registration and query for the merchant's server, and between them the pages where a
//! person verifies, step by step.

mod cipher;
mod form;
mod leave;
mod open;
mod page;
mod prove;
mod query;
mod register;
mod steps;
mod visit;
mod who;

use axum::Router;
use axum::http::HeaderMap;
use axum::routing::{get, post};
use bonin_kcp::window::{QUERY_PATH, REGISTER_PATH};
use url::Url;

use crate::Sandbox;
use crate::fields::FieldError;
use crate::hub::Refusal;
use crate::world::Merchant;

/// Where `call_url` points.
const OPEN_PATH: &str = "/window/open";

/// Every address of the window. Like the hub, and unlike the phone, it is open to whoever reaches the port.
pub(crate) fn router() -> Router<Sandbox> {
    Router::new()
        .route(REGISTER_PATH, post(register::call))
        .route(QUERY_PATH, post(query::call))
        .route(OPEN_PATH, get(open::by_hand).post(open::open))
        .route("/window/window.css", get(page::style))
        .route("/window/window.js", get(page::script))
        .route("/window/icon.svg", get(page::icon))
        .route(
            "/window/{id}/operator",
            get(steps::operator).post(steps::choose_operator),
        )
        .route("/window/{id}/terms", get(steps::terms).post(steps::agree))
        .route(
            "/window/{id}/method",
            get(steps::method).post(steps::choose_method),
        )
        .route("/window/{id}/person", get(steps::person).post(steps::send))
        .route(
            "/window/{id}/number",
            get(prove::number).post(prove::confirm),
        )
        .route("/window/{id}/resend", post(prove::resend))
        .route("/window/{id}/pass", get(prove::pass).post(prove::fetch))
        .route("/window/{id}/pass/state", get(prove::pass_state))
        .route("/window/{id}/cancel", post(leave::cancel))
        .route("/window/{id}/return", get(leave::back))
}

/// The merchant that a call's `site_cd` header names.
fn merchant(sandbox: &Sandbox, headers: &HeaderMap) -> Result<Merchant, Refusal> {
    let site_cd = header(headers, "site_cd")?;
    sandbox
        .world()
        .merchant(site_cd)
        .cloned()
        .ok_or(Refusal::UnknownMerchant)
}

fn header<'a>(headers: &'a HeaderMap, name: &'static str) -> Result<&'a str, FieldError> {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .filter(|value| !value.is_empty())
        .ok_or_else(|| FieldError::new(name, "HTTP 헤더로 보내야 하는 필수 값입니다."))
}

/// The origin that this address is, if it is one and nothing more.
pub(crate) fn origin(address: &str) -> Option<String> {
    let url = Url::parse(address).ok()?;
    let is_origin = matches!(url.scheme(), "http" | "https")
        && url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    is_origin.then(|| url.origin().ascii_serialization())
}

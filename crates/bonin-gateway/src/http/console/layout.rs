//! What every page looks like.

use axum::{
    http::StatusCode,
    response::{Html, IntoResponse, Response},
};
use maud::{DOCTYPE, Markup, html};

use super::visitor::Visitor;
use crate::admin::Error;

/// Where in the console a page is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Here {
    Overview,
    Verifications,
    Stores,
    Channels,
    Secrets,
    Users,
    Audit,
    Settings,
}

/// A page for a signed-in user.
pub(super) fn page(visitor: &Visitor, _here: Here, title: &str, body: Markup) -> Response {
    let _ = &visitor.who;
    bare(title, body)
}

/// A page without navigation: the way in.
pub(super) fn bare(title: &str, body: Markup) -> Response {
    let page = html! {
        (DOCTYPE)
        html lang="ko" { head { title { (title) " – Bonin" } } body { main { (body) } } }
    };
    Html(page.into_string()).into_response()
}

/// The field that every form of a signed-in user carries.
pub(super) fn token(visitor: &Visitor) -> Markup {
    html! { input type="hidden" name="csrf" value=(visitor.csrf); }
}

/// What stands in the way, as a page.
pub(super) fn trouble(visitor: &Visitor, error: &Error) -> Response {
    let status = match error {
        Error::Forbidden(_) => StatusCode::FORBIDDEN,
        Error::NotFound(_) => StatusCode::NOT_FOUND,
        Error::Invalid(_) | Error::Refused(_) => StatusCode::BAD_REQUEST,
        Error::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
    };
    let body = html! { h1 { "처리하지 못했습니다" } p { (error) } };
    (status, page(visitor, Here::Overview, "오류", body)).into_response()
}

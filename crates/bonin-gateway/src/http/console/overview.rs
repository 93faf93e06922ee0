//! `/console`: today's figures.

use axum::{Router, response::Response, routing::get};
use maud::html;

use super::{Console, layout, layout::Here, visitor::Visitor};

pub(super) fn routes() -> Router<Console> {
    Router::new().route("/console", get(show))
}

async fn show(visitor: Visitor) -> Response {
    layout::page(&visitor, Here::Overview, "현황", html! { h1 { "현황" } })
}

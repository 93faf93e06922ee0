//! `/console/verifications`: what happened to whom, with everyone masked until there is a reason.

mod detail;
mod list;
mod story;

use axum::{
    Router,
    routing::{get, post},
};

use super::Console;

pub(super) fn routes() -> Router<Console> {
    Router::new()
        .route("/console/verifications", get(list::show).post(list::search))
        .route("/console/verifications/{store}/{id}", get(detail::show))
        .route(
            "/console/verifications/{store}/{id}/reveal",
            post(detail::reveal),
        )
}

//! `POST /sandbox/reset`: everything as at the start. The default merchant keeps its key, for it is what clients were set up with.

use axum::extract::State;
use axum::http::StatusCode;

use crate::Sandbox;

pub(crate) async fn reset(State(sandbox): State<Sandbox>) -> StatusCode {
    sandbox.world().reset();
    sandbox.phone_changed();
    StatusCode::NO_CONTENT
}

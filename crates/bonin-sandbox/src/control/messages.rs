//! `GET /sandbox/messages`: the SMS that have arrived, newest first.

use axum::Json;
use axum::extract::State;
use serde_json::Value;

use super::body::PhoneFilter;
use crate::Sandbox;
use crate::world::Sms;

pub(crate) async fn list(State(sandbox): State<Sandbox>, filter: PhoneFilter) -> Json<Vec<Value>> {
    let world = sandbox.world();
    let messages = world
        .messages
        .newest_first()
        .filter(|sms| filter.covers(&sms.to));
    Json(messages.map(Sms::to_json).collect())
}

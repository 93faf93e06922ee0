//! `/sandbox/pass-requests`: what the PASS app shows, and the user's tap.

use axum::Json;
use axum::extract::State;
use serde_json::Value;

use super::ControlError;
use super::body::{Name, PhoneFilter};
use crate::Sandbox;
use crate::world::{PassRequest, PassState};

pub(crate) async fn list(State(sandbox): State<Sandbox>, filter: PhoneFilter) -> Json<Vec<Value>> {
    let world = sandbox.world();
    let requests = world
        .pass_requests
        .newest_first()
        .filter(|request| filter.covers(&request.phone));
    Json(requests.map(PassRequest::to_json).collect())
}

pub(crate) async fn approve(
    State(sandbox): State<Sandbox>,
    Name(id): Name,
) -> Result<Json<Value>, ControlError> {
    decide(&sandbox, &id, PassState::Approved)
}

pub(crate) async fn reject(
    State(sandbox): State<Sandbox>,
    Name(id): Name,
) -> Result<Json<Value>, ControlError> {
    decide(&sandbox, &id, PassState::Rejected)
}

/// A user decides once; tapping the same again changes nothing.
fn decide(sandbox: &Sandbox, id: &str, decision: PassState) -> Result<Json<Value>, ControlError> {
    let answer = {
        let mut world = sandbox.world();
        let request = world.pass_requests.get_mut(id).ok_or_else(|| {
            ControlError::not_found(
                "그런 PASS 요청이 없습니다. GET /sandbox/pass-requests에서 id를 확인해 주세요.",
            )
        })?;
        match request.state {
            PassState::Pending => request.state = decision,
            state if state == decision => {}
            PassState::Approved => {
                return Err(ControlError::bad_request("이미 승인한 PASS 요청입니다."));
            }
            PassState::Rejected => {
                return Err(ControlError::bad_request("이미 거절한 PASS 요청입니다."));
            }
        }
        request.to_json()
    };
    sandbox.phone_changed();
    Ok(Json(answer))
}

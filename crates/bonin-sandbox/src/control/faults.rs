//! `/sandbox/faults`: what shall go wrong, where, and how often.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::Value;

use super::ControlError;
use super::body::JsonObject;
use crate::Sandbox;
use crate::fields::{FieldError, Fields};
use crate::world::{Endpoint, Fault, FaultKind};

const FIELDS: [&str; 4] = ["endpoint", "kind", "value", "count"];

pub(crate) async fn list(State(sandbox): State<Sandbox>) -> Json<Vec<Value>> {
    Json(sandbox.world().faults.iter().map(Fault::to_json).collect())
}

pub(crate) async fn add(
    State(sandbox): State<Sandbox>,
    JsonObject(fields): JsonObject,
) -> Result<(StatusCode, Json<Value>), ControlError> {
    let fault = read(&fields)?;
    let answer = fault.to_json();
    sandbox.world().faults.add(fault);
    Ok((StatusCode::CREATED, Json(answer)))
}

pub(crate) async fn clear(State(sandbox): State<Sandbox>) -> StatusCode {
    sandbox.world().faults.clear();
    StatusCode::NO_CONTENT
}

fn read(fields: &Fields) -> Result<Fault, FieldError> {
    fields.only(&FIELDS)?;
    let endpoint = Endpoint::parse(fields.required_text("endpoint")?).ok_or_else(|| {
        FieldError::new(
            "endpoint",
            "register, query, hub, 또는 hub:2100처럼 hub:와 tx_type이어야 합니다.",
        )
    })?;
    let missing = |what| FieldError::new("value", what);
    let kind = match fields.required_text("kind")? {
        "latency" => {
            let milliseconds = fields.integer("value", 0..=600_000)?;
            let milliseconds = milliseconds
                .ok_or_else(|| missing("latency에는 밀리초 값이 필요합니다. 예: 500"))?;
            FaultKind::Latency(Duration::from_millis(milliseconds))
        }
        "http" => {
            let status = fields
                .integer("value", 200..=599)?
                .and_then(|status| u16::try_from(status).ok());
            FaultKind::Http(
                status.ok_or_else(|| missing("http에는 HTTP 상태 코드가 필요합니다. 예: 503"))?,
            )
        }
        "resCd" => {
            let code = fields
                .text("value")?
                .filter(|code| code.chars().count() <= 50);
            let code = code.ok_or_else(|| {
                missing("resCd에는 돌려줄 res_cd(50자 이하)가 필요합니다. 예: \"9562\"")
            })?;
            FaultKind::ResCd(code.to_owned())
        }
        "timeout" => FaultKind::Timeout,
        "garbage" => FaultKind::Garbage,
        "drop" => FaultKind::Drop,
        _ => {
            return Err(FieldError::new(
                "kind",
                "latency, timeout, http, garbage, resCd, drop 중 하나여야 합니다.",
            ));
        }
    };
    Ok(Fault {
        endpoint,
        kind,
        remaining: fields.integer("count", 1..=1_000_000)?,
    })
}

//! What the gateway tells the shop, and what the shop tells the browser.

use std::sync::PoisonError;

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    Shop,
    customer::{self, Person, Shown},
};

/// `GET /identity-verifications/{id}`, as far as the shop needs it. It holds a person: no `Debug`.
#[derive(Deserialize)]
#[serde(tag = "status", rename_all = "UPPERCASE")]
pub(super) enum Verification {
    Ready,
    Failed { failure: Failure },
    Verified(Box<Verified>),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Verified {
    pub verified_customer: Person,
    pub channel: Channel,
}

#[derive(Deserialize)]
pub(super) struct Channel {
    pub key: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Failure {
    reason: Option<String>,
    pg_code: Option<String>,
    pg_message: Option<String>,
}

/// Who stands at the counter.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Welcome {
    is_adult: bool,
    /// How often this person has been verified here, this time included.
    visits: u32,
    customer: Shown,
}

impl Shop {
    pub(super) fn welcome(&self, id: &str, person: &Person) -> Result<Json<Welcome>, Refusal> {
        let today = customer::today(Timestamp::now());
        let (Some(born), Some(di)) = (person.birth_date, &person.di) else {
            return Err(Refusal::Erased);
        };
        let visits = self
            .members
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .visit(di, id);
        Ok(Json(Welcome {
            is_adult: customer::is_adult(born, today),
            visits,
            customer: person.shown(born, today),
        }))
    }
}

/// Why there is nobody to welcome.
pub(super) enum Refusal {
    BadRequest,
    Unknown,
    NotYet,
    Failed(Failure),
    OtherChannel,
    Erased,
    /// The gateway did not answer, or not as it should.
    Unreachable,
}

impl From<reqwest::Error> for Refusal {
    fn from(error: reqwest::Error) -> Self {
        // Without the address, which holds an id.
        tracing::warn!(error = %error.without_url(), "the demo got no answer from the gateway");
        Self::Unreachable
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let told = |status, code: &str, message: &str| {
            (status, Json(json!({ "code": code, "message": message })))
        };
        match self {
            Self::BadRequest => told(
                StatusCode::BAD_REQUEST,
                "BAD_REQUEST",
                "identityVerificationId: 영문과 숫자로 된 70자 이하의 문자열이어야 합니다.",
            ),
            Self::Unknown => told(
                StatusCode::NOT_FOUND,
                "NOT_FOUND",
                "게이트웨이에 이런 본인인증이 없습니다.",
            ),
            Self::NotYet => told(
                StatusCode::CONFLICT,
                "NOT_VERIFIED",
                "아직 본인인증을 마치지 않았습니다.",
            ),
            Self::Failed(failure) => {
                let message = failure
                    .reason
                    .as_deref()
                    .unwrap_or("본인인증에 실패했습니다.");
                let (status, Json(mut body)) = told(StatusCode::CONFLICT, "FAILED", message);
                body["pgCode"] = json!(failure.pg_code);
                body["pgMessage"] = json!(failure.pg_message);
                (status, Json(body))
            }
            Self::OtherChannel => told(
                StatusCode::CONFLICT,
                "OTHER_CHANNEL",
                "이 상점이 쓰지 않는 채널로 한 본인인증입니다.",
            ),
            Self::Erased => told(
                StatusCode::GONE,
                "ERASED",
                "보관 기간이 지나 개인정보가 지워진 본인인증입니다.",
            ),
            Self::Unreachable => told(
                StatusCode::BAD_GATEWAY,
                "UNREACHABLE",
                "게이트웨이에서 결과를 받지 못했습니다.",
            ),
        }
        .into_response()
    }
}

//! Failures as the script reads them.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header::RETRY_AFTER},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use crate::service::checkout::{Code, Failure};

/// `code`, `message`, and what the provider said.
pub(super) fn told(failure: &Failure) -> Value {
    let mut told = json!({ "code": failure.code.as_str(), "message": failure.message });
    if let Some(pg) = &failure.pg {
        told["pgCode"] = json!(pg.code);
        told["pgMessage"] = json!(pg.message.expose());
    }
    told
}

/// The status of a failure's answer.
pub(super) fn status(code: Code) -> StatusCode {
    match code {
        Code::RequestParseFailed | Code::FailedPrecondition => StatusCode::BAD_REQUEST,
        Code::PermissionDenied => StatusCode::FORBIDDEN,
        Code::StoreNotFound | Code::ChannelNotFound => StatusCode::NOT_FOUND,
        Code::InvalidEntityState | Code::IdentityVerificationAlreadyVerified => {
            StatusCode::CONFLICT
        }
        Code::DeadlineExceeded => StatusCode::GONE,
        Code::ResourceExhausted => StatusCode::TOO_MANY_REQUESTS,
        Code::PGProviderError => StatusCode::BAD_GATEWAY,
        Code::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut response = (status(self.code), Json(told(&self))).into_response();
        if let Some(seconds) = self.retry_after {
            let seconds = HeaderValue::from(seconds);
            response.headers_mut().insert(RETRY_AFTER, seconds);
        }
        response
    }
}

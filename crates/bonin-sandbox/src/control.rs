//! The control API: what a test or a person sets and sees.

pub(crate) mod body;
pub(crate) mod faults;
pub(crate) mod merchants;
pub(crate) mod messages;
pub(crate) mod pass_requests;
pub(crate) mod people;
pub(crate) mod reset;
pub(crate) mod settings;

use std::borrow::Cow;

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::fields::FieldError;

/// A refusal of the control API: a status and `{"message": "…"}` in Korean.
#[derive(Debug)]
pub(crate) struct ControlError {
    status: StatusCode,
    message: Cow<'static, str>,
}

impl ControlError {
    pub(crate) fn new(status: StatusCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status,
            message: message.into(),
        }
    }

    fn bad_request(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    fn not_found(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::NOT_FOUND, message)
    }
}

impl From<FieldError> for ControlError {
    fn from(error: FieldError) -> Self {
        Self::bad_request(error.to_string())
    }
}

impl IntoResponse for ControlError {
    fn into_response(self) -> Response {
        (self.status, Json(json!({ "message": self.message }))).into_response()
    }
}

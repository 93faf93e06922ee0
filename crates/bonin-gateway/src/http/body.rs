//! Request bodies as bytes, whatever their `Content-Type` says: the official SDKs send JSON as `text/plain`.

use std::time::Duration;

use axum::{
    body::Bytes,
    extract::{FromRequest, Request},
    response::{IntoResponse, Response},
};
use bonin_api::{ApiErrorKind, ErrorBody, InvalidRequest};
use futures_util::StreamExt;

use super::error::respond;
use crate::service::Error;

/// The longest body that is read.
pub(super) const MAX_BODY: usize = 256 * 1024;
/// A longer one is read on and thrown away up to here, so that its sender gets to see the answer instead of a broken pipe.
const MAX_THROWN_AWAY: usize = 16 * 1024 * 1024;
/// How long a body may take to arrive.
const MAX_TIME: Duration = Duration::from_secs(20);

/// A whole request body, at most 256 KiB.
pub(super) struct RawBody(pub(super) Bytes);

impl<S: Send + Sync> FromRequest<S> for RawBody {
    type Rejection = Response;

    async fn from_request(request: Request, _: &S) -> Result<Self, Response> {
        match tokio::time::timeout(MAX_TIME, read(request)).await {
            Ok(read) => read.map(Self),
            Err(_) => Err(broken()),
        }
    }
}

async fn read(request: Request) -> Result<Bytes, Response> {
    let mut stream = request.into_body().into_data_stream();
    let mut body = Vec::new();
    let mut length = 0usize;
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|_| broken())?;
        length += chunk.len();
        if length > MAX_THROWN_AWAY {
            break;
        }
        if length <= MAX_BODY {
            body.extend_from_slice(&chunk);
        }
    }
    if length > MAX_BODY {
        return Err(too_large());
    }
    Ok(body.into())
}

fn broken() -> Response {
    let invalid = InvalidRequest::new("본문", "끝까지 도착하지 않았습니다. 다시 요청해야 합니다.");
    Error::Invalid(invalid).into_response()
}

fn too_large() -> Response {
    respond(
        &ErrorBody::new(
            ApiErrorKind::PayloadTooLarge,
            "요청 본문이 너무 큽니다. 256KiB(262,144바이트) 이하로 보내야 합니다.",
        ),
        None,
    )
}

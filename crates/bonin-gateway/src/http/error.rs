//! Errors of use cases as answers. The one place where they become HTTP.

use axum::{
    http::{
        HeaderValue, StatusCode,
        header::{CONTENT_TYPE, RETRY_AFTER},
    },
    response::{IntoResponse, Response},
};
use bonin_api::{ApiErrorKind, ErrorBody};

use crate::service::Error;

/// When to come back after a 503.
pub(super) const COME_BACK_AFTER: u64 = 3;

/// An error's answer.
pub(super) fn respond(body: &ErrorBody, retry_after: Option<u64>) -> Response {
    let status = StatusCode::from_u16(body.status()).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
    let json = HeaderValue::from_static("application/json; charset=utf-8");
    let mut response = (
        status,
        [(CONTENT_TYPE, json)],
        serde_json::json!(body).to_string(),
    )
        .into_response();
    if let Some(seconds) = retry_after {
        response
            .headers_mut()
            .insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// Whatever answers that something is away, a page or a script's call, says when to come back.
pub(super) async fn come_back(mut response: Response) -> Response {
    if response.status() == StatusCode::SERVICE_UNAVAILABLE {
        let headers = response.headers_mut();
        headers
            .entry(RETRY_AFTER)
            .or_insert(HeaderValue::from(COME_BACK_AFTER));
    }
    response
}

fn body(error: Error) -> ErrorBody {
    let of = |kind: ApiErrorKind, message: &str| ErrorBody::new(kind, message);
    match error {
        Error::Invalid(invalid) => invalid.into(),
        Error::ChannelUnusable(why) => of(ApiErrorKind::InvalidRequest, &why),
        Error::NoTriesLeft => of(
            ApiErrorKind::MaxTransactionCountReached,
            "identityVerificationId: 이 아이디로 시도할 수 있는 횟수를 모두 썼습니다. 새 아이디로 요청해야 합니다.",
        ),
        Error::Unauthorized(why) => of(ApiErrorKind::Unauthorized, why),
        Error::Forbidden(why) => of(ApiErrorKind::Forbidden, why),
        Error::ChannelNotFound => of(
            ApiErrorKind::ChannelNotFound,
            "channelKey: 이 상점에 없는 채널입니다. 상점의 채널 키를 확인해야 합니다.",
        ),
        Error::NotFound => of(
            ApiErrorKind::IdentityVerificationNotFound,
            "identityVerificationId: 이 상점에 없는 본인인증 건입니다. 아이디(영문과 숫자 70자 이하)와 storeId를 확인해야 합니다.",
        ),
        Error::NotSent => of(
            ApiErrorKind::IdentityVerificationNotSent,
            "identityVerificationId: API로 전송되어 진행 중인 요청이 없습니다. send로 먼저 요청해야 합니다.",
        ),
        Error::AlreadySent => of(
            ApiErrorKind::IdentityVerificationAlreadySent,
            "identityVerificationId: 이미 전송되어 진행 중인 요청이 있습니다. confirm이나 resend를 부르거나, 그 요청이 끝난 뒤 다시 요청해야 합니다.",
        ),
        Error::AlreadyVerified => of(
            ApiErrorKind::IdentityVerificationAlreadyVerified,
            "identityVerificationId: 이미 인증이 완료된 건입니다. 단건 조회로 결과를 확인할 수 있습니다.",
        ),
        Error::TooMany(limit) => of(ApiErrorKind::TooManyRequests, limit.message),
        Error::Pg(answer) => ErrorBody::pg_provider(
            "PG사가 오류를 전달했거나 제대로 응답하지 않았습니다. pgCode와 pgMessage를 확인해야 합니다.",
            answer.code,
            answer.message.expose(),
        ),
        Error::Unavailable => of(
            ApiErrorKind::ServiceUnavailable,
            "지금은 요청을 처리할 수 없습니다. Retry-After의 초만큼 기다린 뒤 다시 요청해야 합니다.",
        ),
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let retry_after = match &self {
            Self::TooMany(limit) => Some(limit.retry_after),
            Self::Unavailable => Some(COME_BACK_AFTER),
            _ => None,
        };
        respond(&body(self), retry_after)
    }
}

//! `POST /identity-verifications/{identityVerificationId}/send`

use axum::{Json, extract::State};
use bonin_api::{
    SendIdentityVerificationBody, SendIdentityVerificationError, SendIdentityVerificationResponse,
};

use super::path::Id;
use crate::{
    http::body::RawBody,
    service::{Caller, Error, Service},
};

/// Begins the API way.
#[utoipa::path(
    post,
    path = "/identity-verifications/{identityVerificationId}/send",
    operation_id = "sendIdentityVerification",
    summary = "본인인증 요청 전송",
    description = "고객의 휴대폰으로 인증번호(SMS)나 PASS 앱 인증 요청(APP)을 보냅니다.",
    params(("identityVerificationId" = String, Path, description = "고객사가 정하는 본인인증 아이디. 영문 대소문자와 숫자만 쓰며 70자 이하입니다.")),
    request_body = SendIdentityVerificationBody,
    responses(
        (status = 200, description = "전송됨", body = SendIdentityVerificationResponse),
        SendIdentityVerificationError,
    ),
    security(("bearerJwt" = []), ("portOne" = [])),
)]
pub(in crate::http) async fn send(
    State(service): State<Service>,
    caller: Caller,
    Id(id): Id,
    RawBody(body): RawBody,
) -> Result<Json<SendIdentityVerificationResponse>, Error> {
    let body = SendIdentityVerificationBody::parse(&body)?;
    service.send(&caller, &id, &body).await?;
    Ok(Json(SendIdentityVerificationResponse {}))
}

//! `POST /identity-verifications/{identityVerificationId}/confirm`

use axum::{Json, extract::State};
use bonin_api::{
    ConfirmIdentityVerificationBody, ConfirmIdentityVerificationError,
    ConfirmIdentityVerificationResponse,
};

use super::path::Id;
use crate::{
    http::body::RawBody,
    service::{Caller, Error, Service},
};

/// Confirms the live try.
#[utoipa::path(
    post,
    path = "/identity-verifications/{identityVerificationId}/confirm",
    operation_id = "confirmIdentityVerification",
    summary = "본인인증 확인",
    description = "고객이 입력한 인증번호(SMS)를 확인하거나, PASS 앱에서 승인했는지(APP) 확인합니다.",
    params(("identityVerificationId" = String, Path, description = "본인인증 아이디")),
    request_body = ConfirmIdentityVerificationBody,
    responses(
        (status = 200, description = "인증 완료", body = ConfirmIdentityVerificationResponse),
        ConfirmIdentityVerificationError,
    ),
    security(("bearerJwt" = []), ("portOne" = [])),
)]
pub(in crate::http) async fn confirm(
    State(service): State<Service>,
    caller: Caller,
    Id(id): Id,
    RawBody(body): RawBody,
) -> Result<Json<ConfirmIdentityVerificationResponse>, Error> {
    let body = ConfirmIdentityVerificationBody::parse(&body)?;
    Ok(Json(ConfirmIdentityVerificationResponse {
        identity_verification: service.confirm(&caller, &id, &body).await?,
    }))
}

//! `POST /identity-verifications/{identityVerificationId}/resend`

use axum::{
    Json,
    extract::{RawQuery, State},
};
use bonin_api::{
    ResendIdentityVerificationError, ResendIdentityVerificationResponse, StoreIdQuery,
};

use super::path::Id;
use crate::{
    http::body::RawBody,
    service::{Caller, Error, Service},
};

/// Sends the SMS again.
#[utoipa::path(
    post,
    path = "/identity-verifications/{identityVerificationId}/resend",
    operation_id = "resendIdentityVerification",
    summary = "SMS 본인인증 요청 재전송",
    description = "진행 중인 SMS 본인인증의 인증번호를 다시 보냅니다. 앞서 보낸 인증번호는 쓸 수 없게 됩니다.",
    params(("identityVerificationId" = String, Path, description = "본인인증 아이디"), StoreIdQuery),
    responses(
        (status = 200, description = "재전송됨", body = ResendIdentityVerificationResponse),
        ResendIdentityVerificationError,
    ),
    security(("bearerJwt" = []), ("portOne" = [])),
)]
pub(in crate::http) async fn resend(
    State(service): State<Service>,
    caller: Caller,
    Id(id): Id,
    RawQuery(query): RawQuery,
    // There is nothing in it, but one that never ends must not be accepted.
    _: RawBody,
) -> Result<Json<ResendIdentityVerificationResponse>, Error> {
    let query = StoreIdQuery::parse(query.as_deref())?;
    service
        .resend(&caller, &id, query.store_id.as_deref())
        .await?;
    Ok(Json(ResendIdentityVerificationResponse {}))
}

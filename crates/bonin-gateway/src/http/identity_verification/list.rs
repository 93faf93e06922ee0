//! `GET /identity-verifications`

use axum::{
    Json,
    extract::{RawQuery, State},
};
use bonin_api::{
    GetIdentityVerificationsBody, GetIdentityVerificationsError, GetIdentityVerificationsResponse,
};

use crate::{
    http::body::RawBody,
    service::{Caller, Error, Service},
};

/// A page of verifications.
#[utoipa::path(
    get,
    path = "/identity-verifications",
    operation_id = "getIdentityVerifications",
    summary = "본인인증 내역 다건 조회",
    description = "조건에 맞는 본인인증 내역을 페이지로 나누어 조회합니다. 조건은 쿼리 파라미터 `requestBody`에 JSON으로 적거나 GET 본문으로 보냅니다. 조건에는 이름과 전화번호가 들어갈 수 있으므로, 앞단의 프록시가 쿼리 문자열을 로그에 남기지 않게 해야 합니다.",
    params(GetIdentityVerificationsBody),
    request_body = GetIdentityVerificationsBody,
    responses(
        (status = 200, description = "본인인증 내역과 페이지 정보", body = GetIdentityVerificationsResponse),
        GetIdentityVerificationsError,
    ),
    security(("bearerJwt" = []), ("portOne" = [])),
)]
pub(in crate::http) async fn list(
    State(service): State<Service>,
    caller: Caller,
    RawQuery(query): RawQuery,
    RawBody(body): RawBody,
) -> Result<Json<GetIdentityVerificationsResponse>, Error> {
    let body = GetIdentityVerificationsBody::from_request(query.as_deref(), &body)?;
    Ok(Json(service.list(&caller, &body).await?))
}

//! `GET /identity-verifications/{identityVerificationId}`

use axum::{
    Json,
    extract::{RawQuery, State},
};
use bonin_api::{GetIdentityVerificationError, IdentityVerification, StoreIdQuery};

use super::path::Id;
use crate::service::{Caller, Error, Service};

/// One verification.
#[utoipa::path(
    get,
    path = "/identity-verifications/{identityVerificationId}",
    operation_id = "getIdentityVerification",
    summary = "본인인증 단건 조회",
    description = "아이디로 본인인증 내역을 조회합니다.",
    params(("identityVerificationId" = String, Path, description = "조회할 본인인증 아이디"), StoreIdQuery),
    responses(
        (status = 200, description = "본인인증 내역", body = IdentityVerification),
        GetIdentityVerificationError,
    ),
    security(("bearerJwt" = []), ("portOne" = [])),
)]
pub(in crate::http) async fn get(
    State(service): State<Service>,
    caller: Caller,
    Id(id): Id,
    RawQuery(query): RawQuery,
) -> Result<Json<IdentityVerification>, Error> {
    let query = StoreIdQuery::parse(query.as_deref())?;
    let found = service
        .lookup(&caller, &id, query.store_id.as_deref())
        .await?;
    Ok(Json(found))
}

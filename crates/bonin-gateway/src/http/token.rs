//! Bearer tokens for those who do not send the secret itself.

use axum::{Json, extract::State};
use bonin_api::{
    LoginViaApiSecretBody, LoginViaApiSecretError, LoginViaApiSecretResponse, RefreshTokenBody,
    RefreshTokenError, RefreshTokenResponse,
};

use super::{body::RawBody, caller::Address};
use crate::service::{Error, Service};

/// API secret → access token and refresh token.
#[utoipa::path(
    post,
    path = "/login/api-secret",
    operation_id = "loginViaApiSecret",
    summary = "API 시크릿으로 토큰 발급",
    description = "API 시크릿으로 엑세스 토큰(30분)과 리프레시 토큰(하루)을 발급받습니다. 같은 시크릿으로 앞서 받은 리프레시 토큰은 바로 끝납니다.",
    request_body = LoginViaApiSecretBody,
    responses(
        (status = 200, description = "발급된 토큰", body = LoginViaApiSecretResponse),
        LoginViaApiSecretError,
    ),
)]
pub(super) async fn login(
    State(service): State<Service>,
    Address(address): Address,
    RawBody(body): RawBody,
) -> Result<Json<LoginViaApiSecretResponse>, Error> {
    let body = LoginViaApiSecretBody::parse(&body)?;
    Ok(Json(service.login(&body.api_secret, address).await?))
}

/// Refresh token → new tokens.
#[utoipa::path(
    post,
    path = "/token/refresh",
    operation_id = "refreshToken",
    summary = "토큰 갱신",
    description = "리프레시 토큰으로 새 토큰을 발급받습니다. 리프레시 토큰은 한 번만 쓸 수 있습니다.",
    request_body = RefreshTokenBody,
    responses(
        (status = 200, description = "새로 발급된 토큰", body = RefreshTokenResponse),
        RefreshTokenError,
    ),
)]
pub(super) async fn refresh(
    State(service): State<Service>,
    Address(address): Address,
    RawBody(body): RawBody,
) -> Result<Json<RefreshTokenResponse>, Error> {
    let body = RefreshTokenBody::parse(&body)?;
    let tokens = service.refresh(&body.refresh_token, address).await?;
    Ok(Json(RefreshTokenResponse {
        access_token: tokens.access_token,
        refresh_token: tokens.refresh_token,
    }))
}

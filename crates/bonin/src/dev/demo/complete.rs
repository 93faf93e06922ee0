//! What the shop's server does with the id that a browser hands it. `/demo` shows this file from the first comment on.

use axum::{Json, extract::State, extract::rejection::JsonRejection};
use reqwest::{StatusCode, header::AUTHORIZATION};
use serde::Deserialize;

use super::{
    Shop,
    answer::{Refusal, Verification, Welcome},
};
use crate::dev::environment::CHANNELS;

// 브라우저에서 받는 것은 아이디뿐입니다. 성공했다는 말은 받지도, 믿지도 않습니다.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Completed {
    identity_verification_id: String,
}

// POST /demo/complete
pub(super) async fn complete(
    State(shop): State<Shop>,
    body: Result<Json<Completed>, JsonRejection>,
) -> Result<Json<Welcome>, Refusal> {
    let Json(completed) = body.map_err(|_| Refusal::BadRequest)?;
    let id = completed.identity_verification_id;
    // 주소의 일부가 되는 값이므로 정해진 글자만 받습니다.
    if id.is_empty() || id.len() > 70 || !id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(Refusal::BadRequest);
    }
    match shop.ask_gateway(&id).await? {
        Verification::Verified(verified) => {
            // 채널은 브라우저가 고를 수 있으므로, 우리가 쓰는 채널로 인증했는지 확인합니다.
            if verified.channel.key != CHANNELS[0].key {
                return Err(Refusal::OtherChannel);
            }
            // 실제 서비스라면 이 아이디로 시작한 사람이 지금 로그인한 사람인지도 확인해야 합니다.
            shop.welcome(&id, &verified.verified_customer)
        }
        Verification::Failed { failure } => Err(Refusal::Failed(failure)),
        Verification::Ready => Err(Refusal::NotYet),
    }
}

impl Shop {
    // 본인인증 단건 조회: 결과는 게이트웨이에게 직접 묻습니다.
    async fn ask_gateway(&self, id: &str) -> Result<Verification, Refusal> {
        let answer = self
            .http
            .get(format!("{}/identity-verifications/{id}", self.gateway))
            .header(AUTHORIZATION, format!("PortOne {}", self.api_secret))
            .send()
            .await?;
        match answer.status() {
            StatusCode::NOT_FOUND => Err(Refusal::Unknown),
            _ => Ok(answer.error_for_status()?.json().await?),
        }
    }
}

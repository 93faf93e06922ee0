//! `POST /api/query/getCertData.do`: a merchant asks who verified. May be asked again until the registration expires.

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{ConnectInfo, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use bonin_kcp::window::RES_CD_SUCCESS;
use serde_json::{Value, json};

use super::{cipher, merchant};
use crate::fields::Fields;
use crate::hub::Refusal;
use crate::serve::Peer;
use crate::strike::strike;
use crate::world::{Call, End, Merchant, NoWindow, Registration, Verified};
use crate::{Sandbox, linkage};

pub(crate) async fn call(
    State(sandbox): State<Sandbox>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    if let Some(response) = strike(&sandbox, &peer, Call::Query).await {
        return response;
    }
    let body = match body {
        Ok(body) => body,
        Err(rejection) => {
            let refusal = Refusal::field("요청 본문이 너무 크거나 끝까지 오지 않았습니다.");
            return (rejection.status(), Json(refusal.to_json())).into_response();
        }
    };
    let answer = query(&sandbox, &headers, &body).await;
    Json(answer.unwrap_or_else(|refusal| {
        tracing::debug!(res_cd = refusal.code(), "query refused");
        refusal.to_json()
    }))
    .into_response()
}

async fn query(sandbox: &Sandbox, headers: &HeaderMap, body: &[u8]) -> Result<Value, Refusal> {
    let merchant = merchant(sandbox, headers)?;
    let fields = Fields::parse(body)?;
    let reg_cert_key = fields.required_text("reg_cert_key")?;
    let ordr_idxx = fields.required_text("ordr_idxx")?;
    let plaintext = {
        let world = sandbox.world();
        let registration = world
            .windows
            .registration(reg_cert_key, world.settings.registration_ttl);
        match registration {
            // Another merchant's registration is as unknown as one that never was.
            Ok(it) if it.site_cd == merchant.site_cd && it.ordr_idxx == ordr_idxx => {
                result(&merchant, it)?
            }
            Err(NoWindow::Expired) => {
                return Err(Refusal::Order(
                    "reg_cert_key: 유효시간이 지난 등록입니다. 새로 등록해 주세요.",
                ));
            }
            _ => {
                return Err(Refusal::Order(
                    "reg_cert_key: 이 가맹점이 이 ordr_idxx로 등록한 것이 아닙니다.",
                ));
            }
        }
    };
    let encrypted =
        cipher::with_key(sandbox, &merchant, move |key| key.encrypt(&plaintext)).await?;
    let encrypted = encrypted.map_err(|_| Refusal::Broken)?;
    Ok(json!({
        "res_cd": RES_CD_SUCCESS,
        "res_msg": "정상처리",
        "enc_cert_data": encrypted.data,
        "rv": encrypted.rv,
    }))
}

/// What the merchant decrypts.
fn result(merchant: &Merchant, registration: &Registration) -> Result<String, Refusal> {
    let Verified {
        per_cert_no,
        person,
    } = match &registration.end {
        Some(End::Verified(verified)) => verified,
        Some(End::Cancelled) => return Err(Refusal::Cancelled),
        None => return Err(Refusal::NotVerifiedYet),
    };
    let mut data = json!({
        "res_cd": RES_CD_SUCCESS,
        "res_msg": "정상처리",
        "per_cert_no": per_cert_no,
        "user_name": person.name,
        "birth_day": person.birth_date.strftime("%Y%m%d").to_string(),
        "phone_no": person.phone,
        "comm_id": person.operator,
        "sex_code": person.sex,
        "local_code": person.nationality,
    });
    let site = registration
        .web_siteid
        .clone()
        .unwrap_or_else(|| merchant.own_site());
    if let Some(data) = data.as_object_mut() {
        linkage::add(data, person, &site, merchant.provides_ci);
    }
    Ok(data.to_string())
}

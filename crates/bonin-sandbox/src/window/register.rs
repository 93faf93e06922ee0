//! `POST /api/reg/certDataReg.do`: a merchant registers what the window shall be opened for.

use std::time::Instant;

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{ConnectInfo, State};
use axum::http::HeaderMap;
use axum::http::header::HOST;
use axum::response::{IntoResponse, Response};
use bonin_kcp::window::{RES_CD_SUCCESS, Registration as Wire};
use serde_json::{Value, json};
use url::Url;

use super::{OPEN_PATH, cipher, header, merchant};
use crate::Sandbox;
use crate::fields::{FieldError, Fields};
use crate::hub::Refusal;
use crate::serve::Peer;
use crate::strike::strike;
use crate::world::{Call, Merchant, Registration};

/// KCP names no limit for what it echoes; this one keeps the memory bounded.
const MAX_PARAM_OPT_LEN: usize = 500;

pub(crate) async fn call(
    State(sandbox): State<Sandbox>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    if let Some(response) = strike(&sandbox, &peer, Call::Register).await {
        return response;
    }
    let body = match body {
        Ok(body) => body,
        Err(rejection) => {
            let refusal = Refusal::field("요청 본문이 너무 크거나 끝까지 오지 않았습니다.");
            return (rejection.status(), Json(refusal.to_json())).into_response();
        }
    };
    let answer = register(&sandbox, &headers, &body).await;
    Json(answer.unwrap_or_else(|refusal| {
        tracing::debug!(res_cd = refusal.code(), "registration refused");
        refusal.to_json()
    }))
    .into_response()
}

async fn register(sandbox: &Sandbox, headers: &HeaderMap, body: &[u8]) -> Result<Value, Refusal> {
    let merchant = merchant(sandbox, headers)?;
    let call_url = call_url(sandbox, headers)?;
    let fields = decrypt(sandbox, &merchant, headers, body).await?;
    let registration = read(&merchant, &fields)?;
    let reg_cert_key = sandbox.world().windows.register(registration)?;
    Ok(json!({
        "res_cd": RES_CD_SUCCESS,
        "res_msg": "정상처리",
        "call_url": call_url,
        "reg_cert_key": reg_cert_key,
    }))
}

async fn decrypt(
    sandbox: &Sandbox,
    merchant: &Merchant,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Fields, Refusal> {
    let wrong = Refusal::Authentication(
        "요청 본문을 복호화할 수 없습니다. AES-256-CBC(PKCS#7)의 base64여야 하고, 키는 enc_key에서, IV는 site_cd에서 \
         rv 헤더의 salt로 PBKDF2-HMAC-SHA256 10000회로 만들어야 합니다.",
    );
    let rv = header(headers, "rv")?.to_owned();
    let Ok(data) = String::from_utf8(body.to_vec()) else {
        return Err(wrong);
    };
    let plaintext = cipher::with_key(sandbox, merchant, move |key| key.decrypt(&data, &rv)).await?;
    let plaintext = plaintext.map_err(|_| wrong)?;
    Ok(Fields::parse(plaintext.expose().as_bytes())?)
}

fn read(merchant: &Merchant, fields: &Fields) -> Result<Registration, Refusal> {
    if fields.required_text("site_cd")? != merchant.site_cd {
        return Err(FieldError::new("site_cd", "site_cd 헤더와 같아야 합니다.").into());
    }
    let ret_url = fields.required_text("Ret_URL")?;
    let mut param_opts = <[String; 3]>::default();
    for (name, value) in ["param_opt_1", "param_opt_2", "param_opt_3"]
        .into_iter()
        .zip(&mut param_opts)
    {
        *value = fields.text(name)?.unwrap_or_default().to_owned();
        if value.chars().count() > MAX_PARAM_OPT_LEN {
            return Err(FieldError::new(name, "500자 이하여야 합니다.").into());
        }
    }
    let web_siteid = fields.text("web_siteid")?;
    if web_siteid.is_some_and(|site| !site.bytes().all(|b| b.is_ascii_alphanumeric())) {
        return Err(FieldError::new("web_siteid", "영문과 숫자 12자 이하여야 합니다.").into());
    }
    let wire = Wire {
        ordr_idxx: fields.required_text("ordr_idxx")?.to_owned(),
        ret_url: ret_url.into(),
        web_siteid: web_siteid.map(str::to_owned),
        ..Wire::default()
    };
    wire.check()
        .map_err(|error| FieldError::new(error.field, error.rule))?;
    if !is_set_at_kcp(merchant, ret_url) {
        return Err(Refusal::ResultUrlNotSet);
    }
    Ok(Registration {
        site_cd: merchant.site_cd.clone(),
        ordr_idxx: wire.ordr_idxx,
        ret_url: ret_url.to_owned(),
        web_siteid: wire.web_siteid,
        param_opts,
        at: Instant::now(),
        is_opened: false,
        end: None,
    })
}

/// Whether the merchant has set this address's host in KCP's partner admin.
fn is_set_at_kcp(merchant: &Merchant, ret_url: &str) -> bool {
    let url = Url::parse(ret_url);
    url.ok()
        .as_ref()
        .and_then(Url::host_str)
        .is_some_and(|host| {
            let set = merchant.result_url_hosts.iter();
            set.into_iter()
                .any(|it| it.trim().eq_ignore_ascii_case(host))
        })
}

/// Where a browser opens the window: the sandbox's public address, else the one that the merchant reached it by.
fn call_url(sandbox: &Sandbox, headers: &HeaderMap) -> Result<String, Refusal> {
    if let Some(origin) = &sandbox.0.config.public_url {
        return Ok(format!("{origin}{OPEN_PATH}"));
    }
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    let url = host
        .filter(|host| !host.contains(['/', '\\', '?', '#', '@']))
        .map(|host| format!("http://{host}{OPEN_PATH}"))
        .filter(|url| Url::parse(url).is_ok());
    url.ok_or_else(|| FieldError::new("Host", "샌드박스의 주소가 든 HTTP 헤더여야 합니다.").into())
}

//! What every call goes through before it is done: fields, merchant, certificate, signature, in KCP's order of things.

use bonin_kcp::hub::HubCertificate;
use bonin_kcp::hub::message::HubRequest;
use jiff::Timestamp;
use serde::de::DeserializeOwned;

use super::{Refusal, rules};
use crate::Sandbox;
use crate::fields::{FieldError, Fields};
use crate::world::Merchant;

/// A call that may be done: whose it is, and what it asks.
pub(super) struct Admitted<R> {
    pub(super) merchant: Merchant,
    pub(super) request: R,
}

pub(super) fn admit<R: HubRequest + DeserializeOwned>(
    sandbox: &Sandbox,
    fields: Fields,
) -> Result<Admitted<R>, Refusal> {
    rules::check(R::TX_TYPE, &fields)?;
    let site_cd = fields.required_text("site_cd")?;
    let merchant = sandbox
        .world()
        .merchant(site_cd)
        .cloned()
        .ok_or(Refusal::UnknownMerchant)?;
    check_certificate(&merchant, text_or_empty(&fields, "kcp_cert_info")?)?;
    let signature = text_or_empty(&fields, "kcp_sign_data")?.to_owned();
    let request: R = serde_json::from_value(fields.into_value()).map_err(|_| {
        Refusal::field("요청에 잘못된 값이 있습니다. 필드 이름과 형식을 확인해 주세요.")
    })?;
    if let Some(text) = request.sign_text()
        && !merchant.certificate.verifies(&text?, &signature)
    {
        return Err(Refusal::Authentication(
            "kcp_sign_data: 서명이 맞지 않습니다. 서명할 값들을 ^로 이은 UTF-8 문자열을 인증서와 짝인 개인키로 \
             SHA256withRSA 서명해 base64로 보내 주세요.",
        ));
    }
    Ok(Admitted { merchant, request })
}

fn check_certificate(merchant: &Merchant, kcp_cert_info: &str) -> Result<(), Refusal> {
    if HubCertificate::parse(kcp_cert_info)? != merchant.certificate {
        return Err(Refusal::Authentication(
            "kcp_cert_info: 이 가맹점의 서비스 인증서가 아닙니다.",
        ));
    }
    let now = Timestamp::now();
    if now < merchant.certificate.not_before() || merchant.certificate.not_after() < now {
        return Err(Refusal::Authentication(
            "kcp_cert_info: 서비스 인증서의 유효기간이 아닙니다. 새 인증서를 발급받아 주세요.",
        ));
    }
    Ok(())
}

/// A missing certificate or signature is a bad one.
fn text_or_empty<'a>(fields: &'a Fields, name: &'static str) -> Result<&'a str, FieldError> {
    Ok(fields.text(name)?.unwrap_or_default())
}

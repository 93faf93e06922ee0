//! `/sandbox/merchants`: who has a contract at KCP, and what each was handed.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::ControlError;
use super::body::{JsonObject, Name};
use crate::Sandbox;
use crate::fields::{FieldError, Fields};
use crate::world::{CertificateLife, Merchant};

const FIELDS: [&str; 7] = [
    "siteCd",
    "encKey",
    "resultUrlHosts",
    "providesCi",
    "nameCheckOnly",
    "certificatePem",
    "certificate",
];

pub(crate) async fn list(State(sandbox): State<Sandbox>) -> Json<Vec<Value>> {
    Json(sandbox.world().merchants().map(Merchant::to_json).collect())
}

pub(crate) async fn show(
    State(sandbox): State<Sandbox>,
    Name(site_cd): Name,
) -> Result<Json<Value>, ControlError> {
    sandbox
        .world()
        .merchant(&site_cd)
        .map(|merchant| Json(merchant.to_json()))
        .ok_or_else(unknown)
}

/// A new merchant, with a key and certificate of its own unless it brings a certificate.
pub(crate) async fn create(
    State(sandbox): State<Sandbox>,
    JsonObject(fields): JsonObject,
) -> Result<(StatusCode, Json<Value>), ControlError> {
    let changes = Changes::read(&fields)?;
    let site_cd = fields.required_text("siteCd")?.to_owned();
    if site_cd.len() > 20 || !site_cd.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Err(
            FieldError::new("siteCd", "영문과 숫자 20자 이하여야 합니다. 예: T0001").into(),
        );
    }
    let taken = || {
        ControlError::bad_request("siteCd: 이미 있는 가맹점입니다. 고치려면 PUT을 사용해 주세요.")
    };
    if sandbox.world().merchant(&site_cd).is_some() {
        return Err(taken());
    }
    let life = changes
        .certificate_life
        .unwrap_or(CertificateLife::FiveYears);
    let mut merchant = make(&sandbox, &site_cd, life).await?;
    changes.apply(&mut merchant, None)?;

    let mut world = sandbox.world();
    if world.merchant(&site_cd).is_some() {
        return Err(taken());
    }
    let answer = merchant.to_json();
    world.other_merchants.insert(site_cd, merchant);
    Ok((StatusCode::CREATED, Json(answer)))
}

/// Changes what is named of a merchant.
pub(crate) async fn change(
    State(sandbox): State<Sandbox>,
    Name(site_cd): Name,
    JsonObject(fields): JsonObject,
) -> Result<Json<Value>, ControlError> {
    let changes = Changes::read(&fields)?;
    if fields.text("siteCd")?.is_some_and(|named| named != site_cd) {
        return Err(FieldError::new(
            "siteCd",
            "주소의 siteCd와 같아야 합니다. siteCd는 바꿀 수 없습니다.",
        )
        .into());
    }
    if sandbox.world().merchant(&site_cd).is_none() {
        return Err(unknown());
    }
    let remade = match changes.certificate_life {
        Some(life) => Some(make(&sandbox, &site_cd, life).await?),
        None => None,
    };
    let mut world = sandbox.world();
    let merchant = world.merchant_mut(&site_cd).ok_or_else(unknown)?;
    // On a copy, so that a change is made whole or not at all.
    let mut changed = merchant.clone();
    changes.apply(&mut changed, remade)?;
    *merchant = changed;
    Ok(Json(merchant.to_json()))
}

/// What this merchant would have been handed by KCP.
pub(crate) async fn credentials(
    State(sandbox): State<Sandbox>,
    Name(site_cd): Name,
) -> Result<Json<Value>, ControlError> {
    let world = sandbox.world();
    let merchant = world.merchant(&site_cd).ok_or_else(unknown)?;
    let issued = merchant.issued.as_ref().ok_or_else(|| {
        ControlError::not_found("certificatePem을 직접 넣은 가맹점이라 샌드박스에 개인키가 없습니다. 인증서를 만든 곳의 개인키를 사용해 주세요.")
    })?;
    Ok(Json(json!({
        "siteCd": merchant.site_cd,
        "encKey": merchant.enc_key,
        "certificatePem": merchant.certificate_pem,
        "privateKeyPem": issued.private_key_pem,
        "privateKeyPassword": issued.password,
    })))
}

fn unknown() -> ControlError {
    ControlError::not_found(
        "그런 가맹점이 없습니다. GET /sandbox/merchants에서 siteCd를 확인해 주세요.",
    )
}

async fn make(
    sandbox: &Sandbox,
    site_cd: &str,
    life: CertificateLife,
) -> Result<Merchant, ControlError> {
    let failed = || {
        ControlError::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "가맹점의 키를 만들지 못했습니다. 다시 시도해 주세요.",
        )
    };
    let _permit = sandbox.0.key_making.acquire().await.map_err(|_| failed())?;
    let site_cd = site_cd.to_owned();
    let made = tokio::task::spawn_blocking(move || Merchant::with_new_key(&site_cd, life)).await;
    made.map_err(|_| failed())?.map_err(|error| {
        tracing::error!(%error, "could not make a merchant's key");
        failed()
    })
}

/// What a request says about a merchant.
struct Changes {
    enc_key: Option<String>,
    result_url_hosts: Option<Vec<String>>,
    provides_ci: Option<bool>,
    name_check_only: Option<bool>,
    certificate_pem: Option<String>,
    certificate_life: Option<CertificateLife>,
}

impl Changes {
    fn read(fields: &Fields) -> Result<Self, FieldError> {
        fields.only(&FIELDS)?;
        let enc_key = fields.text("encKey")?.map(str::to_owned);
        if enc_key
            .as_ref()
            .is_some_and(|key| key.len() > 128 || !key.bytes().all(|b| b.is_ascii_graphic()))
        {
            return Err(FieldError::new(
                "encKey",
                "공백 없는 ASCII 128자 이하여야 합니다.",
            ));
        }
        let result_url_hosts = fields.text_list("resultUrlHosts")?;
        if result_url_hosts.as_ref().is_some_and(|hosts| {
            hosts.len() > 20 || hosts.iter().any(|host| host.is_empty() || host.len() > 255)
        }) {
            return Err(FieldError::new(
                "resultUrlHosts",
                "255자 이하의 호스트 이름 20개까지여야 합니다.",
            ));
        }
        let certificate_life = match fields.text("certificate")? {
            None => None,
            Some("valid") => Some(CertificateLife::FiveYears),
            Some("expired") => Some(CertificateLife::Expired),
            Some(_) => {
                return Err(FieldError::new(
                    "certificate",
                    "valid 또는 expired여야 합니다.",
                ));
            }
        };
        let certificate_pem = fields.text("certificatePem")?.map(str::to_owned);
        if certificate_pem.is_some() && certificate_life.is_some() {
            return Err(FieldError::new(
                "certificate",
                "certificatePem과 함께 쓸 수 없습니다.",
            ));
        }
        Ok(Self {
            enc_key,
            result_url_hosts,
            provides_ci: fields.boolean("providesCi")?,
            name_check_only: fields.boolean("nameCheckOnly")?,
            certificate_pem,
            certificate_life,
        })
    }

    fn apply(self, merchant: &mut Merchant, remade: Option<Merchant>) -> Result<(), FieldError> {
        if let Some(remade) = remade {
            merchant.certificate = remade.certificate;
            merchant.certificate_pem = remade.certificate_pem;
            merchant.issued = remade.issued;
        }
        // The merchant's own certificate, sent back as it was shown, keeps its private key.
        if let Some(pem) = self
            .certificate_pem
            .filter(|pem| *pem != merchant.certificate_pem)
        {
            merchant
                .bring_certificate(&pem)
                .map_err(|error| FieldError::new("certificatePem", error.to_string()))?;
        }
        if let Some(enc_key) = self.enc_key {
            merchant.enc_key = enc_key;
        }
        if let Some(hosts) = self.result_url_hosts {
            merchant.result_url_hosts = hosts;
        }
        merchant.provides_ci = self.provides_ci.unwrap_or(merchant.provides_ci);
        merchant.name_check_only = self.name_check_only.unwrap_or(merchant.name_check_only);
        Ok(())
    }
}

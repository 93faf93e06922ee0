use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::Deserialize;

use super::ControlError;
use crate::Sandbox;
use crate::fields::Fields;
use crate::world::parse_phone;

/// A JSON object as body, whatever its `Content-Type`.
pub(crate) struct JsonObject(pub(crate) Fields);

impl FromRequest<Sandbox> for JsonObject {
    type Rejection = ControlError;

    async fn from_request(request: Request, sandbox: &Sandbox) -> Result<Self, Self::Rejection> {
        let body = Bytes::from_request(request, sandbox)
            .await
            .map_err(|rejection| {
                if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
                    ControlError::new(
                        StatusCode::PAYLOAD_TOO_LARGE,
                        "요청 본문이 너무 큽니다. 64 KiB까지 보낼 수 있습니다.",
                    )
                } else {
                    ControlError::bad_request("요청 본문을 끝까지 받지 못했습니다.")
                }
            })?;
        Ok(Self(Fields::parse(&body)?))
    }
}

/// The one name in a path, `{id}` or `{site_cd}`.
pub(crate) struct Name(pub(crate) String);

impl FromRequestParts<Sandbox> for Name {
    type Rejection = ControlError;

    async fn from_request_parts(
        parts: &mut Parts,
        sandbox: &Sandbox,
    ) -> Result<Self, Self::Rejection> {
        match Path::<String>::from_request_parts(parts, sandbox).await {
            Ok(Path(name)) => Ok(Self(name)),
            Err(_) => Err(ControlError::bad_request(
                "주소의 마지막 이름이 올바른 UTF-8이 아닙니다.",
            )),
        }
    }
}

/// `?phone=`: whose messages, or everybody's.
pub(crate) struct PhoneFilter(pub(crate) Option<String>);

#[derive(Deserialize)]
struct PhoneQuery {
    phone: Option<String>,
}

impl PhoneFilter {
    pub(crate) fn covers(&self, phone: &str) -> bool {
        self.0.as_deref().is_none_or(|wanted| wanted == phone)
    }
}

impl FromRequestParts<Sandbox> for PhoneFilter {
    type Rejection = ControlError;

    async fn from_request_parts(
        parts: &mut Parts,
        sandbox: &Sandbox,
    ) -> Result<Self, Self::Rejection> {
        let query = Query::<PhoneQuery>::from_request_parts(parts, sandbox).await;
        let phone = match query {
            Ok(Query(PhoneQuery { phone })) => phone.filter(|phone| !phone.is_empty()),
            Err(_) => {
                return Err(ControlError::bad_request(
                    "주소의 검색 조건을 읽을 수 없습니다. 예: ?phone=01012345678",
                ));
            }
        };
        match phone.as_deref().map(parse_phone) {
            None => Ok(Self(None)),
            Some(Some(digits)) => Ok(Self(Some(digits))),
            Some(None) => Err(ControlError::bad_request(
                "phone: 휴대폰 번호여야 합니다. 예: 01012345678",
            )),
        }
    }
}

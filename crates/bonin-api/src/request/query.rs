//! What stands in the address: the verification's id, and `storeId`.

use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::{ObjectBuilder, Required, Type};

use super::InvalidRequest;
use super::text::Text;

/// The first value of a query parameter, percent-decoded. Bytes that are no UTF-8 become U+FFFD, which no id of ours and
/// no JSON key has.
pub(crate) fn parameter(query: Option<&str>, name: &str) -> Option<String> {
    form_urlencoded::parse(query?.as_bytes())
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

/// `?storeId=`, on `resend` and get.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StoreIdQuery {
    /// The store; absent means the secret's default.
    pub store_id: Option<String>,
}

impl StoreIdQuery {
    /// Reads it from a raw query string.
    ///
    /// # Errors
    ///
    /// A `storeId` that is empty, longer than 200 characters or holds control characters.
    pub fn parse(query: Option<&str>) -> Result<Self, InvalidRequest> {
        let store_id = parameter(query, "storeId")
            .map(|text| Text::new("storeId".to_owned(), text)?.id())
            .transpose()?
            .map(Text::into_string);
        Ok(Self { store_id })
    }
}

impl IntoParams for StoreIdQuery {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![
            ParameterBuilder::new()
                .name("storeId")
                .parameter_in(ParameterIn::Query)
                .required(Required::False)
                .description(Some(
                    "상점 아이디. 접근 권한이 있는 상점만 쓸 수 있고, 없으면 인증 정보의 기본 상점입니다.",
                ))
                .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
                .build(),
        ]
    }
}

/// Checks an id that a new verification is to have on a KCP channel.
///
/// # Errors
///
/// Anything but 1 to 70 Latin letters and digits (the public guide to KCP).
pub fn check_identity_verification_id(id: &str) -> Result<(), InvalidRequest> {
    let good = (1..=70).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if good {
        Ok(())
    } else {
        Err(InvalidRequest::new(
            "identityVerificationId",
            "영문 대소문자와 숫자만 써서 1~70자로 적어야 합니다.",
        ))
    }
}

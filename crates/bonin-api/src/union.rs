//! The errors that each call may answer, as the contract groups them: `SendIdentityVerificationError` and so on.

use std::collections::BTreeMap;

use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::schema::{Discriminator, ObjectBuilder, OneOfBuilder, Ref};
use utoipa::openapi::{RefOr, Response, Schema, Type};

use crate::error::ApiErrorKind;

/// Additions of Bonin's that every call may answer.
const EVERYWHERE: &[ApiErrorKind] = &[
    ApiErrorKind::PayloadTooLarge,
    ApiErrorKind::TooManyRequests,
    ApiErrorKind::ServiceUnavailable,
];

/// A union of errors: the kinds that one call may raise, in the order of the contract.
///
/// It has no values (what is sent is an [`ErrorBody`](crate::ErrorBody)). `utoipa::path(responses(…, Union))` lists
/// all its responses, and those of Bonin's additions.
macro_rules! error_union {
    ($(#[doc = $doc:literal])+ $name:ident: $($kind:ident),+ $(,)?) => {
        $(#[doc = $doc])+
        #[derive(Debug, Clone, Copy)]
        pub enum $name {}

        impl $name {
            /// The kinds that the contract allows here. PAYLOAD_TOO_LARGE, TOO_MANY_REQUESTS and SERVICE_UNAVAILABLE
            /// may be answered everywhere beside them.
            pub const KINDS: &'static [ApiErrorKind] = &[$(ApiErrorKind::$kind),+];
        }

        impl utoipa::PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                union_schema(&[$($doc),+], Self::KINDS)
            }
        }

        impl utoipa::ToSchema for $name {
            fn name() -> std::borrow::Cow<'static, str> { stringify!($name).into() }
            fn schemas(schemas: &mut crate::contract::Schemas) {
                crate::openapi::collect_errors(schemas, Self::KINDS);
            }
        }

        impl utoipa::IntoResponses for $name {
            fn responses() -> BTreeMap<String, RefOr<Response>> {
                union_responses(stringify!($name), Self::KINDS)
            }
        }
    };
}

error_union! {
    /// API 시크릿으로 토큰을 발급받을 때의 오류.
    LoginViaApiSecretError: InvalidRequest, Unauthorized
}

error_union! {
    /// 토큰을 갱신할 때의 오류.
    RefreshTokenError: InvalidRequest, Unauthorized
}

error_union! {
    /// 본인인증 요청을 전송할 때의 오류.
    SendIdentityVerificationError:
        ChannelNotFound, Forbidden, IdentityVerificationAlreadySent, IdentityVerificationAlreadyVerified,
        IdentityVerificationNotFound, InvalidRequest, MaxTransactionCountReached, PgProvider, Unauthorized
}

error_union! {
    /// 본인인증 요청을 재전송할 때의 오류.
    ResendIdentityVerificationError:
        Forbidden, IdentityVerificationAlreadyVerified, IdentityVerificationNotFound, IdentityVerificationNotSent,
        InvalidRequest, PgProvider, Unauthorized
}

error_union! {
    /// 본인인증을 확인할 때의 오류.
    ConfirmIdentityVerificationError:
        Forbidden, IdentityVerificationAlreadyVerified, IdentityVerificationNotFound, IdentityVerificationNotSent,
        InvalidRequest, PgProvider, Unauthorized
}

error_union! {
    /// 본인인증 내역을 조회할 때의 오류.
    GetIdentityVerificationError: Forbidden, IdentityVerificationNotFound, InvalidRequest, Unauthorized
}

error_union! {
    /// 본인인증 내역을 여러 건 조회할 때의 오류.
    GetIdentityVerificationsError: Forbidden, InvalidRequest, Unauthorized
}

fn location(kind: ApiErrorKind) -> String {
    format!("#/components/schemas/{}", kind.schema_name())
}

fn union_schema(doc: &[&str], kinds: &[ApiErrorKind]) -> RefOr<Schema> {
    let mapping = kinds.iter().map(|kind| (kind.type_name(), location(*kind)));
    kinds
        .iter()
        .fold(OneOfBuilder::new(), |union, kind| {
            union.item(Ref::new(location(*kind)))
        })
        .description(Some(crate::contract::described(doc)))
        .discriminator(Some(Discriminator::with_mapping("type", mapping)))
        .into()
}

fn union_responses(union: &str, kinds: &[ApiErrorKind]) -> BTreeMap<String, RefOr<Response>> {
    let mut by_status: BTreeMap<u16, Vec<ApiErrorKind>> = BTreeMap::new();
    for kind in kinds {
        by_status.entry(kind.status()).or_default().push(*kind);
    }
    let contract = by_status.into_iter().map(|(status, kinds)| {
        let lines: Vec<_> = kinds.into_iter().map(line).collect();
        (
            status,
            response(lines.join("\n"), Ref::from_schema_name(union)),
        )
    });
    let additions = EVERYWHERE.iter().map(|kind| {
        let response = response(line(*kind), Ref::new(location(*kind)));
        let response = if kind.has_retry_after() {
            response.header(
                "Retry-After",
                HeaderBuilder::new()
                    .schema(Some(ObjectBuilder::new().schema_type(Type::Integer)))
                    .description(Some("다시 요청하기까지 기다릴 시간(초)."))
                    .build(),
            )
        } else {
            response
        };
        (kind.status(), response)
    });
    contract
        .chain(additions)
        .map(|(status, response)| (status.to_string(), response.build().into()))
        .collect()
}

fn line(kind: ApiErrorKind) -> String {
    format!("* `{}`: {}", kind.schema_name(), kind.meaning())
}

fn response(description: String, schema: Ref) -> ResponseBuilder {
    ResponseBuilder::new().description(description).content(
        "application/json",
        ContentBuilder::new().schema(Some(schema)).build(),
    )
}

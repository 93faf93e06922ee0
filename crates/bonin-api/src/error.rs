//! The errors that the API answers: one type at the edge.

use serde::{Deserialize, Serialize};
use utoipa::openapi::extensions::ExtensionsBuilder;
use utoipa::openapi::schema::ObjectBuilder;
use utoipa::openapi::{RefOr, Schema, Type};

use crate::contract::{describe, enumeration};
use crate::personal::Personal;
use crate::request::InvalidRequest;

/// One row an error: kind, schema, `type`, status, what it means for whoever reads the API reference.
macro_rules! api_errors {
    ($(
        $(#[doc = $doc:literal])+
        $kind:ident, $schema:ident = $wire:literal, $status:literal, $meaning:literal;
    )+) => {
        /// The kind of an error: its `type` on the wire is what a program decides by.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum ApiErrorKind {
            $($(#[doc = $doc])+ #[serde(rename = $wire)] $kind,)+
        }

        impl ApiErrorKind {
            /// Every kind, by status.
            pub const ALL: &'static [Self] = &[$(Self::$kind),+];

            /// The HTTP status of the answer.
            #[must_use]
            pub const fn status(self) -> u16 {
                match self { $(Self::$kind => $status,)+ }
            }

            /// The `type` of the answer's body.
            #[must_use]
            pub const fn type_name(self) -> &'static str {
                match self { $(Self::$kind => $wire,)+ }
            }

            /// The name of the schema that describes the answer's body.
            #[must_use]
            pub const fn schema_name(self) -> &'static str {
                match self { $(Self::$kind => stringify!($schema),)+ }
            }

            /// What the kind means, in Korean: the schema's description.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$kind => $meaning,)+ }
            }
        }
    };
}

api_errors! {
    /// 400: a field, a parameter or the whole body breaks a rule; the message says which and what would be right.
    InvalidRequest, InvalidRequestError = "INVALID_REQUEST", 400,
        "요청한 입력 정보가 올바르지 않은 경우";
    /// 400: the id was tried as often as an id may be.
    MaxTransactionCountReached, MaxTransactionCountReachedError = "MAX_TRANSACTION_COUNT_REACHED", 400,
        "한 아이디로 본인인증을 시도할 수 있는 횟수를 모두 쓴 경우";
    /// 401: no credential, or one that is unknown, revoked or expired.
    Unauthorized, UnauthorizedError = "UNAUTHORIZED", 401,
        "인증 정보가 없거나 올바르지 않은 경우";
    /// 403: the credential is good, but not for this store.
    Forbidden, ForbiddenError = "FORBIDDEN", 403,
        "접근 권한이 없는 상점을 지정한 경우";
    /// 404: the store has no channel of this key.
    ChannelNotFound, ChannelNotFoundError = "CHANNEL_NOT_FOUND", 404,
        "요청한 채널이 없는 경우";
    /// 404: the store has no verification of this id.
    IdentityVerificationNotFound, IdentityVerificationNotFoundError = "IDENTITY_VERIFICATION_NOT_FOUND", 404,
        "요청한 본인인증 건이 없는 경우";
    /// 404: the verification has no live try that was sent over the API.
    IdentityVerificationNotSent, IdentityVerificationNotSentError = "IDENTITY_VERIFICATION_NOT_SENT", 404,
        "API로 전송되어 진행 중인 본인인증 요청이 없는 경우";
    /// 404: no such path (ours, not in PortOne's schema).
    NotFound, NotFoundError = "NOT_FOUND", 404,
        "요청한 경로가 없는 경우";
    /// 405: the path exists, but not with this method (ours).
    MethodNotAllowed, MethodNotAllowedError = "METHOD_NOT_ALLOWED", 405,
        "경로가 받지 않는 HTTP 메서드로 요청한 경우";
    /// 409: a try sent over the API is live; confirm it, resend it, or wait until it expires.
    IdentityVerificationAlreadySent, IdentityVerificationAlreadySentError = "IDENTITY_VERIFICATION_ALREADY_SENT", 409,
        "이미 API로 전송되어 진행 중인 본인인증 건인 경우";
    /// 409: the verification has succeeded, which is final.
    IdentityVerificationAlreadyVerified, IdentityVerificationAlreadyVerifiedError =
        "IDENTITY_VERIFICATION_ALREADY_VERIFIED", 409,
        "이미 인증이 완료된 본인인증 건인 경우";
    /// 413: the body is longer than the server reads (ours).
    PayloadTooLarge, PayloadTooLargeError = "PAYLOAD_TOO_LARGE", 413,
        "요청 본문이 허용된 크기보다 큰 경우";
    /// 429: a limit was reached; `Retry-After` says when to come back (ours).
    TooManyRequests, TooManyRequestsError = "TOO_MANY_REQUESTS", 429,
        "요청이 허용된 횟수보다 많은 경우. `Retry-After` 헤더의 초만큼 기다린 뒤 다시 요청합니다";
    /// 502: KCP refused, or did not answer properly; `pgCode` and `pgMessage` say what it was.
    PgProvider, PgProviderError = "PG_PROVIDER", 502,
        "PG사가 오류를 전달했거나 제대로 응답하지 않은 경우";
    /// 503: the service cannot work now, for example its database is away; `Retry-After` says when to come back (ours).
    ServiceUnavailable, ServiceUnavailableError = "SERVICE_UNAVAILABLE", 503,
        "서비스가 일시적으로 요청을 처리할 수 없는 경우. `Retry-After` 헤더의 초만큼 기다린 뒤 다시 요청합니다";
}

impl ApiErrorKind {
    /// Whether the kind is an addition of Bonin's to PortOne's schema.
    #[must_use]
    pub const fn is_addition(self) -> bool {
        matches!(
            self,
            Self::NotFound
                | Self::MethodNotAllowed
                | Self::PayloadTooLarge
                | Self::TooManyRequests
                | Self::ServiceUnavailable
        )
    }

    /// Whether the answer carries `Retry-After`.
    #[must_use]
    pub const fn has_retry_after(self) -> bool {
        matches!(self, Self::TooManyRequests | Self::ServiceUnavailable)
    }
}

impl std::fmt::Display for ApiErrorKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.type_name())
    }
}

/// The component schema of an error.
pub(crate) fn schema_of(kind: ApiErrorKind) -> RefOr<Schema> {
    let text = || ObjectBuilder::new().schema_type(Type::String).build();
    let mut object = ObjectBuilder::new()
        .schema_type(Type::Object)
        .description(Some(kind.meaning()))
        .property("type", enumeration([kind.type_name()]))
        .required("type")
        .property(
            "message",
            describe(
                text().into(),
                &["무엇이 잘못되었고 어떻게 고칠지 알려 주는 한국어 메시지."],
            ),
        );
    if kind == ApiErrorKind::PgProvider {
        object = object
            .property(
                "pgCode",
                describe(
                    text().into(),
                    &["PG사의 오류 코드. KCP가 제대로 답하지 않은 경우에는 `TIMEOUT`, `UNREACHABLE`, `INVALID_RESPONSE` 중 하나입니다."],
                ),
            )
            .required("pgCode")
            .property("pgMessage", describe(text().into(), &["PG사의 오류 메시지."]))
            .required("pgMessage");
    }
    object
        .extensions(Some(
            ExtensionsBuilder::new()
                .add("x-portone-status-code", kind.status())
                .build(),
        ))
        .build()
        .into()
}

/// The body of every answer that is an error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ErrorBody {
    /// What went wrong, for programs.
    #[serde(rename = "type")]
    pub kind: ApiErrorKind,
    /// What went wrong, for people: Korean, names the field, says what would be right, never repeats what was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// PG_PROVIDER only: KCP's `res_cd`, or `TIMEOUT`, `UNREACHABLE`, `INVALID_RESPONSE`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pg_code: Option<String>,
    /// PG_PROVIDER only: KCP's `res_msg`, which may name a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pg_message: Option<Personal<String>>,
}

impl ErrorBody {
    /// An error with a message of its own. For PG_PROVIDER use [`pg_provider`](Self::pg_provider).
    pub fn new(kind: ApiErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: Some(message.into()),
            pg_code: None,
            pg_message: None,
        }
    }

    /// KCP's refusal, or its failure to answer, with its code and message untouched.
    pub fn pg_provider(
        message: impl Into<String>,
        pg_code: impl Into<String>,
        pg_message: impl Into<String>,
    ) -> Self {
        Self {
            pg_code: Some(pg_code.into()),
            pg_message: Some(Personal::new(pg_message.into())),
            ..Self::new(ApiErrorKind::PgProvider, message)
        }
    }

    /// The HTTP status of the answer.
    #[must_use]
    pub const fn status(&self) -> u16 {
        self.kind.status()
    }

    /// The `type` of the body.
    #[must_use]
    pub const fn type_name(&self) -> &'static str {
        self.kind.type_name()
    }
}

impl From<InvalidRequest> for ErrorBody {
    fn from(invalid: InvalidRequest) -> Self {
        Self::new(ApiErrorKind::InvalidRequest, invalid.to_string())
    }
}

//! What a page is told.

use bonin_core::{AttemptState, FailureReason, Redacted, Status};
use bonin_store::{PgAnswer, WindowTry};

use super::super::Error;

/// Why a browser's call came to nothing: PortOne's codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// Something that was asked for breaks a rule.
    RequestParseFailed,
    /// There is no such store.
    StoreNotFound,
    /// The store has no such channel, or it cannot open windows.
    ChannelNotFound,
    /// A try stands in the way, or there is no such try.
    InvalidEntityState,
    /// The person is verified already.
    IdentityVerificationAlreadyVerified,
    /// The provider refused or failed, or the person cancelled.
    PGProviderError,
    /// Something has to be done first.
    FailedPrecondition,
    /// The page or the channel is not allowed.
    PermissionDenied,
    /// Too many requests.
    ResourceExhausted,
    /// It took too long.
    DeadlineExceeded,
    /// The gateway or the provider cannot work now.
    Unavailable,
}

impl Code {
    /// As the page gets it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RequestParseFailed => "RequestParseFailed",
            Self::StoreNotFound => "StoreNotFound",
            Self::ChannelNotFound => "ChannelNotFound",
            Self::InvalidEntityState => "InvalidEntityState",
            Self::IdentityVerificationAlreadyVerified => "IdentityVerificationAlreadyVerified",
            Self::PGProviderError => "PGProviderError",
            Self::FailedPrecondition => "FailedPrecondition",
            Self::PermissionDenied => "PermissionDenied",
            Self::ResourceExhausted => "ResourceExhausted",
            Self::DeadlineExceeded => "DeadlineExceeded",
            Self::Unavailable => "Unavailable",
        }
    }
}

/// A failure, as the page is told it.
#[derive(Debug, Clone)]
pub struct Failure {
    /// The code.
    pub code: Code,
    /// What it means, in Korean.
    pub message: String,
    /// What the provider said.
    pub pg: Option<PgAnswer>,
    /// When to come back, in seconds.
    pub retry_after: Option<u64>,
}

impl Failure {
    /// A failure of our own.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            pg: None,
            retry_after: None,
        }
    }

    /// What the provider said.
    pub(super) fn pg(answer: PgAnswer) -> Self {
        Self {
            pg: Some(answer),
            ..Self::new(
                Code::PGProviderError,
                "본인인증을 마치지 못했습니다. pgCode와 pgMessage를 확인해야 합니다.",
            )
        }
    }
}

const NO_CHANNEL: &str = "channelKey: 이 상점에 없는 채널이거나 표준창을 쓸 수 없는 채널입니다.";

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let of = |code, message: &str| Self::new(code, message);
        match error {
            Error::Invalid(invalid) => of(Code::RequestParseFailed, &invalid.to_string()),
            // Why is the operator's affair, not the page's.
            Error::ChannelUnusable(why) => {
                tracing::warn!(why, "a channel cannot open windows");
                of(Code::ChannelNotFound, NO_CHANNEL)
            }
            Error::NoTriesLeft => of(
                Code::ResourceExhausted,
                "identityVerificationId: 이 아이디로 시도할 수 있는 횟수를 모두 썼습니다. 새 아이디로 요청해야 합니다.",
            ),
            Error::Unauthorized(why) | Error::Forbidden(why) => of(Code::PermissionDenied, why),
            Error::ChannelNotFound => of(Code::ChannelNotFound, NO_CHANNEL),
            Error::NotFound | Error::NotSent => of(
                Code::InvalidEntityState,
                "진행 중인 본인인증 시도가 없습니다.",
            ),
            Error::AlreadySent => of(
                Code::InvalidEntityState,
                "identityVerificationId: API로 전송되어 진행 중인 요청이 있습니다. 그 요청이 끝난 뒤 다시 시도해야 합니다.",
            ),
            Error::AlreadyVerified => of(
                Code::IdentityVerificationAlreadyVerified,
                "identityVerificationId: 이미 인증이 완료된 건입니다.",
            ),
            Error::TooMany(limit) => Self {
                retry_after: Some(limit.retry_after),
                ..of(Code::ResourceExhausted, limit.message)
            },
            Error::Pg(answer) => Self::pg(answer),
            Error::Unavailable => Self {
                retry_after: Some(3),
                ..of(
                    Code::Unavailable,
                    "지금은 요청을 처리할 수 없습니다. 잠시 뒤 다시 시도해야 합니다.",
                )
            },
        }
    }
}

/// Where a window try stands, for the page that opened it. Never a person.
#[derive(Debug)]
pub enum Progress {
    /// Not decided yet.
    Ready {
        /// Whether the person has come back from the window.
        returned: bool,
    },
    /// The person is verified, by this try or another.
    Verified,
    /// It came to nothing.
    Failed(Failure),
}

impl Progress {
    pub(super) fn of(window: &WindowTry) -> Self {
        if window.status == Status::Verified {
            return Self::Verified;
        }
        match window.attempt.state {
            AttemptState::Begun | AttemptState::Open => Self::Ready {
                returned: window.returned,
            },
            AttemptState::Verified => Self::Verified,
            AttemptState::Replaced => Self::Failed(Failure::new(
                Code::InvalidEntityState,
                "같은 아이디로 새 본인인증 창이 열려 이 시도는 끝났습니다.",
            )),
            AttemptState::Failed(FailureReason::Expired | FailureReason::OutcomeUnknown) => {
                Self::Failed(Failure::new(
                    Code::DeadlineExceeded,
                    "제한 시간 안에 본인인증을 마치지 않았습니다.",
                ))
            }
            AttemptState::Failed(_) => {
                Self::Failed(Failure::pg(window.answer.clone().unwrap_or_else(|| {
                    PgAnswer {
                        code: "UNKNOWN".to_owned(),
                        message: Redacted::default(),
                    }
                })))
            }
        }
    }
}

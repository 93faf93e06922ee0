//! Why a use case does not do what was asked. One variant for each error of the API.

use bonin_api::InvalidRequest;
use bonin_core::Refusal;
use bonin_store::{PgAnswer, StoreError};
use jiff::Timestamp;

use super::LimitReached;
use crate::{ids::NoRandomness, metrics::Limit, provider::Unprepared};

/// Why a use case does not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// 400 `INVALID_REQUEST`.
    #[error(transparent)]
    Invalid(#[from] InvalidRequest),
    /// 400 `INVALID_REQUEST`: the channel cannot be used; the message says why, in Korean.
    #[error("{0}")]
    ChannelUnusable(String),
    /// 400 `MAX_TRANSACTION_COUNT_REACHED`.
    #[error("no tries left")]
    NoTriesLeft,
    /// 401 `UNAUTHORIZED`; the message says why, in Korean.
    #[error("{0}")]
    Unauthorized(&'static str),
    /// 403 `FORBIDDEN`; the message says why, in Korean.
    #[error("{0}")]
    Forbidden(&'static str),
    /// 404 `CHANNEL_NOT_FOUND`.
    #[error("no such channel")]
    ChannelNotFound,
    /// 404 `IDENTITY_VERIFICATION_NOT_FOUND`.
    #[error("no such verification")]
    NotFound,
    /// 404 `IDENTITY_VERIFICATION_NOT_SENT`.
    #[error("no API try is live")]
    NotSent,
    /// 409 `IDENTITY_VERIFICATION_ALREADY_SENT`.
    #[error("an API try is live")]
    AlreadySent,
    /// 409 `IDENTITY_VERIFICATION_ALREADY_VERIFIED`.
    #[error("already verified")]
    AlreadyVerified,
    /// 429 `TOO_MANY_REQUESTS`.
    #[error(transparent)]
    TooMany(#[from] LimitReached),
    /// 502 `PG_PROVIDER`.
    #[error("the provider said {}", .0.code)]
    Pg(PgAnswer),
    /// 503 `SERVICE_UNAVAILABLE`.
    #[error("the service cannot work now")]
    Unavailable,
}

impl Error {
    /// What a refusal of the rules is to the caller.
    pub(super) fn refused(refusal: Refusal, now: Timestamp) -> Self {
        match refusal {
            Refusal::AlreadyVerified => Self::AlreadyVerified,
            Refusal::ApiTryLive => Self::AlreadySent,
            Refusal::NoTriesLeft => Self::NoTriesLeft,
            Refusal::NotSent => Self::NotSent,
            // Whoever waits never sees this; should waiting have come to its end, the caller asks again later.
            Refusal::Claimed(_) => Self::Unavailable,
            Refusal::NotSms => Self::Invalid(InvalidRequest::new(
                "method",
                "SMS로 요청한 건만 다시 보낼 수 있습니다. APP으로 요청한 건은 고객이 앱에서 승인한 뒤 confirm을 부릅니다.",
            )),
            Refusal::TooManyWrongNumbers { until } => {
                LimitReached::until(Limit::WrongNumbers, "otp: 틀린 인증번호를 허용된 횟수만큼 입력해 이 시도는 끝났습니다. send로 새 인증번호를 요청해야 합니다.", until, now).into()
            }
            Refusal::TooManyResends { until } => {
                LimitReached::until(Limit::Resends, "이 시도에서 다시 보낼 수 있는 횟수를 모두 썼습니다. 받은 인증번호로 confirm하거나, 시도가 만료된 뒤 send로 새로 요청해야 합니다.", until, now).into()
            }
        }
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        if error.is_transient() {
            tracing::warn!(%error, "the database is away");
        } else {
            tracing::error!(%error, "the database did not do what was asked");
        }
        Self::Unavailable
    }
}

impl From<NoRandomness> for Error {
    fn from(error: NoRandomness) -> Self {
        tracing::error!(%error);
        Self::Unavailable
    }
}

impl From<Unprepared> for Error {
    fn from(unprepared: Unprepared) -> Self {
        match unprepared {
            Unprepared::Invalid(invalid) => Self::Invalid(invalid),
            Unprepared::ChannelUnusable(why) => Self::ChannelUnusable(why),
        }
    }
}

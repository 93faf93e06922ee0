//! Why an administrative act is not done.

use bonin_store::StoreError;

use super::Action;
use crate::{Problems, ids::NoRandomness, particles::object};

impl Problems {
    /// What came of it, if nothing was wrong.
    pub fn or<T>(self, value: T) -> Result<T, Error> {
        if self.0.is_empty() {
            Ok(value)
        } else {
            Err(Error::Invalid(self))
        }
    }
}

/// Why an administrative act is not done. The messages are Korean.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Something was filled in wrongly.
    #[error("{}", .0.0.iter().map(|problem| format!("{}: {}", problem.field, problem.message)).collect::<Vec<_>>().join(" "))]
    Invalid(Problems),
    /// The role does not allow it.
    #[error("{}", .0.refusal())]
    Forbidden(Action),
    /// There is no such thing.
    #[error("{} 찾을 수 없습니다. 아이디를 확인해야 합니다.", object(.0))]
    NotFound(&'static str),
    /// It is well-formed and allowed, but not now or not so: the message says why and what to do.
    #[error("{0}")]
    Refused(String),
    /// The database is away.
    #[error("지금은 처리할 수 없습니다. 잠시 뒤 다시 시도해야 합니다.")]
    Unavailable,
}

impl Error {
    /// One field that was filled in wrongly.
    pub fn invalid(field: &'static str, message: impl Into<String>) -> Self {
        let mut problems = Problems::default();
        problems.add(field, message);
        Self::Invalid(problems)
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound("store") => Self::NotFound("상점"),
            StoreError::NotFound("channel") => Self::NotFound("채널"),
            StoreError::NotFound("secret") => Self::NotFound("API 시크릿"),
            StoreError::NotFound("user") => Self::NotFound("사용자"),
            StoreError::NotFound("webhook") => Self::NotFound("웹훅"),
            StoreError::NotFound("webhook delivery") => Self::NotFound("웹훅 메시지"),
            StoreError::NotFound(_) => Self::NotFound("대상"),
            StoreError::LastOwner => Self::Refused(
                "마지막 소유자(OWNER)입니다. 다른 사용자를 먼저 소유자로 만들어야 합니다."
                    .to_owned(),
            ),
            StoreError::Retired(_) => Self::Refused(
                "폐기한 웹훅입니다. 다시 받으려면 새 웹훅을 만들어야 합니다.".to_owned(),
            ),
            error if error.is_transient() => {
                tracing::warn!(%error, "the database is away");
                Self::Unavailable
            }
            error => {
                tracing::error!(%error, "the database did not do what was asked");
                Self::Unavailable
            }
        }
    }
}

impl From<NoRandomness> for Error {
    fn from(error: NoRandomness) -> Self {
        tracing::error!(%error);
        Self::Unavailable
    }
}

//! A call to KCP, whichever product it is for: what came of it, or why nothing did.

mod connections;
mod trust;

pub use connections::{ClientConfig, ClientSetupError};
pub(crate) use connections::{Connections, endpoint};
use serde_json::{Map, Value};
pub use trust::client;

use crate::Sensitive;
use crate::hub::sign::{SignTextError, SigningFailed};
use crate::window::{CipherError, RegistrationError};

/// `res_cd` of a call that succeeded. Every other code is KCP's own and is passed on untouched.
pub const RES_CD_SUCCESS: &str = "0000";

/// `res_cd` has four characters; a longer one or one with other than letters and digits is not a code, and is not passed on as one.
const MAX_RES_CD_LEN: usize = 16;

/// What KCP answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply<A> {
    /// Success or refusal.
    pub outcome: Outcome<A>,
    /// The answer's JSON text as it came. It may hold personal data.
    pub raw: Sensitive,
}

/// Success or refusal, by `res_cd`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome<A> {
    /// `res_cd` is `0000`.
    Success(A),
    /// Any other `res_cd`: KCP has decided, and this is its reason.
    Refused {
        /// KCP's code: 1 to 16 ASCII letters, digits, `-` or `_`.
        res_cd: String,
        /// KCP's message; empty if it gave none. Free text, so it is treated as personal.
        res_msg: Sensitive,
    },
}

/// Why a call has no proper answer. None of them repeats anything of the request or the answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// A field cannot be signed; nothing was sent.
    #[error(transparent)]
    NotSignable(#[from] SignTextError),
    /// The signature could not be made; nothing was sent.
    #[error(transparent)]
    SigningFailed(#[from] SigningFailed),
    /// A field of a registration breaks KCP's rule; nothing was sent.
    #[error(transparent)]
    BadRegistration(#[from] RegistrationError),
    /// The message could not be encrypted; nothing was sent.
    #[error(transparent)]
    NotEncrypted(#[from] CipherError),
    /// The base URL is not an `http` or `https` address; nothing was sent.
    #[error("KCP 주소가 http 또는 https 주소가 아닙니다. 채널의 KCP 주소를 확인해 주세요.")]
    BadBaseUrl,
    /// No connection could be opened, twice; nothing was sent.
    #[error("KCP에 연결하지 못했습니다. 네트워크와 KCP 주소를 확인해 주세요.")]
    Unreachable,
    /// No whole answer within the time limit; KCP may have acted.
    #[error("KCP가 제한 시간 안에 응답하지 않았습니다.")]
    Timeout,
    /// Something came back that is no answer of KCP, or the connection broke; KCP may have acted.
    #[error("KCP의 응답이 올바르지 않습니다: {0}")]
    InvalidResponse(#[from] InvalidResponse),
}

impl CallError {
    /// Whether the request may have reached KCP: if so, KCP may have acted (and charged), and the call must not be repeated.
    pub fn may_have_left(&self) -> bool {
        match self {
            Self::NotSignable(_)
            | Self::SigningFailed(_)
            | Self::BadRegistration(_)
            | Self::NotEncrypted(_)
            | Self::BadBaseUrl
            | Self::Unreachable => false,
            Self::Timeout | Self::InvalidResponse(_) => true,
        }
    }
}

/// In what way an answer was not one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidResponse {
    /// The connection broke before the whole answer had come.
    #[error("응답을 다 받기 전에 연결이 끊어졌습니다")]
    Disconnected,
    /// HTTP status other than 200 (a redirect is not followed).
    #[error("HTTP 상태 {0}")]
    Status(u16),
    /// More than 64 KiB.
    #[error("응답이 너무 큽니다")]
    TooLarge,
    /// Not UTF-8 or not a JSON object.
    #[error("JSON 객체가 아닙니다")]
    NotJson,
    /// No `res_cd`, or one that is no code.
    #[error("res_cd가 없거나 코드가 아닙니다")]
    NoResCd,
    /// A success without the field that the next step needs.
    #[error("성공이라고 하면서 {0} 값이 없거나 올바르지 않습니다")]
    Incomplete(&'static str),
    /// The data cannot be decrypted with these credentials.
    #[error("암호화된 데이터를 가맹점 인증키(enc_key)로 복호화할 수 없습니다")]
    Undecipherable,
}

pub(crate) fn parse_reply<A: serde::de::DeserializeOwned>(
    body: Vec<u8>,
) -> Result<Reply<A>, InvalidResponse> {
    let raw = String::from_utf8(body)
        .map(Sensitive::from)
        .map_err(|_| InvalidResponse::NotJson)?;
    let mut answer: Map<String, Value> =
        serde_json::from_str(raw.expose()).map_err(|_| InvalidResponse::NotJson)?;
    let res_cd = match answer.remove("res_cd") {
        Some(Value::String(code)) if is_res_cd(&code) => code,
        _ => return Err(InvalidResponse::NoResCd),
    };
    let outcome = if res_cd == RES_CD_SUCCESS {
        let answer =
            serde_json::from_value(Value::Object(answer)).map_err(|_| InvalidResponse::NotJson)?;
        Outcome::Success(answer)
    } else {
        let res_msg = match answer.remove("res_msg") {
            Some(Value::String(message)) => Sensitive::from(message),
            _ => Sensitive::default(),
        };
        Outcome::Refused { res_cd, res_msg }
    };
    Ok(Reply { outcome, raw })
}

pub(crate) fn is_res_cd(code: &str) -> bool {
    (1..=MAX_RES_CD_LEN).contains(&code.len())
        && code
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

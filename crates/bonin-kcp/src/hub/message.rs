//! The hub's messages: one request and one answer type for each `tx_type`.
//!
//! Requests hold only their own fields. What is common to all calls (`site_cd`, `kcp_cert_info`, `pay_method`, `tx_type`,
//! `kcp_web_yn`, `cert_type`) and the signature are added by [`HubClient`](super::HubClient), which alone knows the credentials: a
//! request that must be signed cannot be sent without its signature.

mod answer;
mod request;

use std::fmt;
use std::str::FromStr;

pub use answer::{Confirmation, Mvno, NameChecked, PassPushed, SmsSent};
pub use request::{
    ConfirmOtp, FetchPassResult, NameCheck, PassMvnoInquiry, PushPass, SendSms, SmsMvnoInquiry,
    Subject,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::sign::{SignText, SignTextError};

/// `tx_type`: which call this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TxType {
    /// 2100, the real-name check for SMS.
    NameCheck,
    /// 2200, send the SMS, or send it again.
    SendSms,
    /// 2300, confirm the number the user typed.
    ConfirmOtp,
    /// 2400, which MVNO, before 2100 (KTM and LGM only).
    SmsMvnoInquiry,
    /// 2500, push a request to the user's PASS app.
    PushPass,
    /// 2600, fetch the result once the user approved in the app.
    FetchPassResult,
    /// 2700, which MVNO, before 2500.
    PassMvnoInquiry,
}

impl TxType {
    /// Every call.
    pub const ALL: &[Self] = &[
        Self::NameCheck,
        Self::SendSms,
        Self::ConfirmOtp,
        Self::SmsMvnoInquiry,
        Self::PushPass,
        Self::FetchPassResult,
        Self::PassMvnoInquiry,
    ];

    /// The four digits on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NameCheck => "2100",
            Self::SendSms => "2200",
            Self::ConfirmOtp => "2300",
            Self::SmsMvnoInquiry => "2400",
            Self::PushPass => "2500",
            Self::FetchPassResult => "2600",
            Self::PassMvnoInquiry => "2700",
        }
    }

    /// Whether the call carries `kcp_sign_data`.
    pub const fn is_signed(self) -> bool {
        matches!(
            self,
            Self::NameCheck | Self::SmsMvnoInquiry | Self::PushPass | Self::PassMvnoInquiry
        )
    }

    /// `cert_type`, where the call has one.
    pub const fn cert_type(self) -> Option<&'static str> {
        match self {
            Self::NameCheck | Self::SmsMvnoInquiry | Self::PassMvnoInquiry => Some("01"),
            _ => None,
        }
    }
}

impl fmt::Display for TxType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A `tx_type` that the hub does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("tx_type 값이 올바르지 않습니다. 허용되는 값: 2100, 2200, 2300, 2400, 2500, 2600, 2700")]
pub struct UnknownTxType;

impl FromStr for TxType {
    type Err = UnknownTxType;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .iter()
            .copied()
            .find(|tx_type| tx_type.as_str() == text)
            .ok_or(UnknownTxType)
    }
}

/// A call of the hub: which `tx_type` it is, what is signed, and what it answers.
pub trait HubRequest: Serialize + Send + Sync {
    /// The `tx_type`.
    const TX_TYPE: TxType;
    /// What KCP answers when `res_cd` is `0000`.
    type Answer: DeserializeOwned + Send;

    /// The text that `kcp_sign_data` signs; `None` where the call is not signed.
    fn sign_text(&self) -> Option<Result<SignText, SignTextError>>;
}

use bonin_kcp::hub::{CertificateError, SignTextError};
use bonin_kcp::window::{RES_CD_CANCELLED, RES_CD_SETTINGS_MISSING};
use serde_json::{Value, json};

use crate::fields::FieldError;
use crate::random::NoRandomness;

/// KCP's words where the user cancelled in the window.
pub(crate) const CANCELLED: &str = "사용자가 인증을 취소하였습니다";

/// Why a call was refused. KCP's own codes for these are not public, so the sandbox's begin with `SB`, and nothing may depend
/// on their spelling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// `SB01`: the person and the data do not match, or nobody has that phone.
    PersonMismatch,
    /// `SB02`: the phone has no PASS app.
    NoPassApp,
    /// `SB11`: a wrong number.
    WrongOtp,
    /// `SB12`: the number is too old.
    OtpExpired,
    /// `SB13`: no more numbers are taken.
    TooManyWrongOtps,
    /// `SB21`: not approved in the app yet.
    NotApprovedYet,
    /// `SB22`: refused in the app.
    RejectedByUser,
    /// `SB21` too: the person is not through in the window.
    NotVerifiedYet,
    /// `9999`: the user cancelled in the window.
    Cancelled,
    /// `CS24`: the merchant has not set where the window may send people back to.
    ResultUrlNotSet,
    /// `SB91`: bad signature, certificate or cipher.
    Authentication(&'static str),
    /// `SB92`: unknown merchant.
    UnknownMerchant,
    /// `SB93`: a bad field.
    Field(String),
    /// `SB94`: the right call at the wrong time.
    Order(&'static str),
    /// `SB99`: the sandbox itself cannot go on.
    Broken,
}

impl Refusal {
    pub(crate) fn field(message: impl Into<String>) -> Self {
        Self::Field(message.into())
    }

    pub(crate) const fn code(&self) -> &'static str {
        match self {
            Self::PersonMismatch => "SB01",
            Self::NoPassApp => "SB02",
            Self::WrongOtp => "SB11",
            Self::OtpExpired => "SB12",
            Self::TooManyWrongOtps => "SB13",
            Self::NotApprovedYet => "SB21",
            Self::NotVerifiedYet => "SB21",
            Self::RejectedByUser => "SB22",
            Self::Cancelled => RES_CD_CANCELLED,
            Self::ResultUrlNotSet => RES_CD_SETTINGS_MISSING,
            Self::Authentication(_) => "SB91",
            Self::UnknownMerchant => "SB92",
            Self::Field(_) => "SB93",
            Self::Order(_) => "SB94",
            Self::Broken => "SB99",
        }
    }

    pub(crate) fn message(&self) -> &str {
        match self {
            Self::PersonMismatch => "입력한 정보가 통신사에 등록된 정보와 일치하지 않습니다.",
            Self::NoPassApp => "이 휴대폰에는 PASS 앱이 설치되어 있지 않습니다.",
            Self::WrongOtp => "인증번호가 일치하지 않습니다.",
            Self::OtpExpired => "인증번호의 유효시간이 지났습니다. 인증번호를 다시 요청해 주세요.",
            Self::TooManyWrongOtps => {
                "인증번호 입력 횟수를 초과했습니다. 처음부터 다시 진행해 주세요."
            }
            Self::NotApprovedYet => "PASS 앱에서 아직 인증이 완료되지 않았습니다.",
            Self::RejectedByUser => "PASS 앱에서 인증이 거절되었습니다.",
            Self::NotVerifiedYet => "인증창에서 아직 본인확인이 완료되지 않았습니다.",
            Self::Cancelled => CANCELLED,
            Self::ResultUrlNotSet => {
                "가맹점 설정 정보가 없습니다. 상점관리자의 [부가서비스 > 휴대폰본인확인 > 인증결과URL설정]에 Ret_URL의 호스트를 등록해 주세요."
            }
            Self::UnknownMerchant => {
                "site_cd: 등록되지 않은 가맹점입니다. GET /sandbox/merchants에서 확인해 주세요."
            }
            Self::Authentication(message) | Self::Order(message) => message,
            Self::Field(message) => message,
            Self::Broken => "샌드박스가 요청을 처리하지 못했습니다.",
        }
    }

    pub(crate) fn to_json(&self) -> Value {
        json!({ "res_cd": self.code(), "res_msg": self.message() })
    }
}

impl From<FieldError> for Refusal {
    fn from(error: FieldError) -> Self {
        Self::Field(error.to_string())
    }
}

impl From<SignTextError> for Refusal {
    fn from(error: SignTextError) -> Self {
        Self::Field(error.to_string())
    }
}

impl From<CertificateError> for Refusal {
    fn from(_: CertificateError) -> Self {
        Self::Authentication(
            "kcp_cert_info: 서비스 인증서를 읽을 수 없습니다. PEM에서 줄바꿈만 뺀 한 줄이어야 합니다.",
        )
    }
}

impl From<NoRandomness> for Refusal {
    fn from(_: NoRandomness) -> Self {
        Self::Broken
    }
}

use serde::{Deserialize, Serialize};

use super::{Confirmation, HubRequest, Mvno, NameChecked, PassPushed, SmsSent, TxType};
use crate::Sensitive;
use crate::codes::{CommId, LocalCode, MediaType, SexCode};
use crate::hub::sign::{SignText, SignTextError};
use crate::wire::empty_is_none;

/// The person a call asks about, as 2100, 2400 and 2700 have it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// The merchant's order number. Ours is unique for each try, and shared by its 2400 and 2100 (2700 and 2500).
    pub ordr_idxx: String,
    /// The phone number, digits only.
    pub phone_no: Sensitive,
    /// The operator.
    pub comm_id: CommId,
    /// The name as the operator has it.
    pub user_name: Sensitive,
    /// The birth date, `YYYYMMDD`.
    pub birth_day: Sensitive,
    /// Korean or foreigner.
    pub local_code: LocalCode,
    /// Male or female.
    pub sex_code: SexCode,
    /// The site that the DI is for, at most 12 characters; without it the one that KCP gave the merchant.
    #[serde(default, with = "empty_is_none")]
    pub web_siteid: Option<String>,
    /// The user's address, where the merchant knows it.
    #[serde(default, with = "empty_is_none")]
    pub cust_ip: Option<Sensitive>,
}

impl Subject {
    /// `phone_no^birth_day^user_name^local_code^sex_code` (KCP hub, tx_type 2100, 2400, 2700).
    fn sign_text(&self) -> Result<SignText, SignTextError> {
        SignText::of(&[
            ("phone_no", self.phone_no.expose()),
            ("birth_day", self.birth_day.expose()),
            ("user_name", self.user_name.expose()),
            ("local_code", self.local_code.as_str()),
            ("sex_code", self.sex_code.as_str()),
        ])
    }
}

/// 2400: which MVNO a phone belongs to, before 2100. KTM and LGM only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SmsMvnoInquiry(pub Subject);

/// 2700: which MVNO a phone belongs to, before 2500.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PassMvnoInquiry(pub Subject);

/// 2100: the real-name check for SMS. Costs money.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NameCheck {
    /// Who.
    #[serde(flatten)]
    pub subject: Subject,
    /// PC or mobile.
    pub media_type: MediaType,
    /// From 2400, where that was asked.
    #[serde(default, with = "empty_is_none")]
    pub per_cert_no: Option<String>,
    /// The text of the SMS, holding the literal `[000000]` that becomes the six digits.
    #[serde(default, with = "empty_is_none")]
    pub cp_sms_msg: Option<String>,
    /// The sender's number: digits and hyphens; the carriers refuse 070 and 060.
    #[serde(default, with = "empty_is_none")]
    pub cp_callback: Option<String>,
}

/// 2200: send the SMS, or send it again with the same `per_cert_no`. Costs money.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SendSms {
    /// From 2100.
    pub per_cert_no: String,
    /// The operator.
    pub comm_id: CommId,
    /// As in [`NameCheck`].
    #[serde(default, with = "empty_is_none")]
    pub cp_sms_msg: Option<String>,
    /// As in [`NameCheck`].
    #[serde(default, with = "empty_is_none")]
    pub cp_callback: Option<String>,
    /// The user's address, where the merchant knows it.
    #[serde(default, with = "empty_is_none")]
    pub cust_ip: Option<Sensitive>,
}

/// 2300: confirm the number that the user typed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfirmOtp {
    /// From 2100.
    pub per_cert_no: String,
    /// The operator.
    pub comm_id: CommId,
    /// What the user typed.
    pub otp_no: Sensitive,
    /// Whether the user agreed to the operator's additional service.
    #[serde(with = "yes_no")]
    pub adl_agree_yn: bool,
    /// The user's address, where the merchant knows it.
    #[serde(default, with = "empty_is_none")]
    pub cust_ip: Option<Sensitive>,
}

/// 2500: push a request to the user's PASS app. Costs money.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushPass {
    /// The merchant's order number. Ours is unique for each try, and shared by its 2400 and 2100 (2700 and 2500).
    pub ordr_idxx: String,
    /// The phone number, digits only.
    pub phone_no: Sensitive,
    /// The operator.
    pub comm_id: CommId,
    /// The name as the operator has it.
    pub user_name: Sensitive,
    /// PC or mobile.
    pub media_type: MediaType,
    /// As in [`Subject`].
    #[serde(default, with = "empty_is_none")]
    pub web_siteid: Option<String>,
    /// From 2700, where that was asked.
    #[serde(default, with = "empty_is_none")]
    pub per_cert_no: Option<String>,
    /// The user's address, where the merchant knows it.
    #[serde(default, with = "empty_is_none")]
    pub cust_ip: Option<Sensitive>,
}

/// 2600: fetch the result once the user approved in the app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FetchPassResult {
    /// From 2500.
    pub per_cert_no: String,
    /// The operator.
    pub comm_id: CommId,
    /// From 2500; SKT and SKM only.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "empty_is_none::deserialize"
    )]
    pub auth_tx_id: Option<String>,
    /// The user's address, where the merchant knows it.
    #[serde(default, with = "empty_is_none")]
    pub cust_ip: Option<Sensitive>,
}

mod yes_no {
    use serde::{Deserialize, Deserializer, Serializer, de};

    pub(super) fn serialize<S: Serializer>(yes: &bool, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(if *yes { "Y" } else { "N" })
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<bool, D::Error> {
        match String::deserialize(deserializer)?.as_str() {
            "Y" => Ok(true),
            "N" => Ok(false),
            _ => Err(de::Error::custom("neither Y nor N")),
        }
    }
}

impl HubRequest for SmsMvnoInquiry {
    const TX_TYPE: TxType = TxType::SmsMvnoInquiry;
    type Answer = Mvno;

    fn sign_text(&self) -> Option<Result<SignText, SignTextError>> {
        Some(self.0.sign_text())
    }
}

impl HubRequest for PassMvnoInquiry {
    const TX_TYPE: TxType = TxType::PassMvnoInquiry;
    type Answer = Mvno;

    fn sign_text(&self) -> Option<Result<SignText, SignTextError>> {
        Some(self.0.sign_text())
    }
}

impl HubRequest for NameCheck {
    const TX_TYPE: TxType = TxType::NameCheck;
    type Answer = NameChecked;

    fn sign_text(&self) -> Option<Result<SignText, SignTextError>> {
        Some(self.subject.sign_text())
    }
}

impl HubRequest for SendSms {
    const TX_TYPE: TxType = TxType::SendSms;
    type Answer = SmsSent;

    fn sign_text(&self) -> Option<Result<SignText, SignTextError>> {
        None
    }
}

impl HubRequest for ConfirmOtp {
    const TX_TYPE: TxType = TxType::ConfirmOtp;
    type Answer = Confirmation;

    fn sign_text(&self) -> Option<Result<SignText, SignTextError>> {
        None
    }
}

impl HubRequest for PushPass {
    const TX_TYPE: TxType = TxType::PushPass;
    type Answer = PassPushed;

    /// `phone_no^user_name` (KCP hub, tx_type 2500).
    fn sign_text(&self) -> Option<Result<SignText, SignTextError>> {
        Some(SignText::of(&[
            ("phone_no", self.phone_no.expose()),
            ("user_name", self.user_name.expose()),
        ]))
    }
}

impl HubRequest for FetchPassResult {
    const TX_TYPE: TxType = TxType::FetchPassResult;
    type Answer = Confirmation;

    fn sign_text(&self) -> Option<Result<SignText, SignTextError>> {
        None
    }
}

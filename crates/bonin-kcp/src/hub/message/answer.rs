use serde::Deserialize;

use crate::Sensitive;
use crate::linkage::Linkage;
use crate::wire::tolerant;

const YES: &str = "Y";

/// What 2400 and 2700 answer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Mvno {
    /// KCP's number for this verification, wanted by the next call.
    #[serde(deserialize_with = "tolerant")]
    pub per_cert_no: Option<String>,
    /// The phone number asked about.
    #[serde(deserialize_with = "tolerant")]
    pub phone_no: Option<Sensitive>,
    /// The operator asked about.
    #[serde(deserialize_with = "tolerant")]
    pub comm_id: Option<String>,
    /// The MVNO's name.
    #[serde(deserialize_with = "tolerant")]
    pub mvno_name: Option<String>,
}

/// What 2100 answers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct NameChecked {
    /// KCP's number for this verification, wanted by 2200 and 2300.
    #[serde(deserialize_with = "tolerant")]
    pub per_cert_no: Option<String>,
    /// The merchant's order number.
    #[serde(deserialize_with = "tolerant")]
    pub order_id: Option<String>,
    /// The phone number asked about.
    #[serde(deserialize_with = "tolerant")]
    pub phone_no: Option<Sensitive>,
    /// The operator asked about.
    #[serde(deserialize_with = "tolerant")]
    pub comm_id: Option<String>,
    /// `Y` where this was a name check alone; see [`is_name_check_only`](Self::is_name_check_only).
    #[serde(deserialize_with = "tolerant")]
    pub iden_only_yn: Option<String>,
    /// Whether the user has the operator's 명의도용방지 service.
    #[serde(deserialize_with = "tolerant")]
    pub safe_guard_yn: Option<String>,
    /// Whether the user has a USIM OTP.
    #[serde(deserialize_with = "tolerant")]
    pub usim_otp_yn: Option<String>,
    /// Whether the user has the operator's 인증번호 보호 service.
    #[serde(deserialize_with = "tolerant")]
    pub cert_num_guard_yn: Option<String>,
    /// `Y` where the SMS has gone; see [`is_sms_sent`](Self::is_sms_sent).
    #[serde(deserialize_with = "tolerant")]
    pub sms_snd_yn: Option<String>,
    /// The operator's transaction.
    #[serde(deserialize_with = "tolerant")]
    pub van_tx_id: Option<String>,
    /// The operator's authentication transaction.
    #[serde(deserialize_with = "tolerant")]
    pub auth_tx_id: Option<String>,
    #[serde(flatten)]
    linkage: Linkage,
}

impl NameChecked {
    /// Whether only the name was checked, and nobody showed that the phone is in their hand: it never verifies anyone.
    pub fn is_name_check_only(&self) -> bool {
        self.iden_only_yn.as_deref() == Some(YES)
    }

    /// Whether the SMS has already gone; otherwise 2200 must follow.
    pub fn is_sms_sent(&self) -> bool {
        self.sms_snd_yn.as_deref() == Some(YES)
    }

    /// CI of a name check alone, in whatever spelling it came.
    pub fn ci(&self) -> Option<Sensitive> {
        self.linkage.ci()
    }

    /// DI of a name check alone, in whatever spelling it came.
    pub fn di(&self) -> Option<Sensitive> {
        self.linkage.di()
    }
}

/// What 2200 answers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct SmsSent {
    /// KCP's number for this verification.
    #[serde(deserialize_with = "tolerant")]
    pub per_cert_no: Option<String>,
    /// The phone number that the SMS went to.
    #[serde(deserialize_with = "tolerant")]
    pub phone_no: Option<Sensitive>,
    /// The operator.
    #[serde(deserialize_with = "tolerant")]
    pub comm_id: Option<String>,
    /// Whether the SMS has gone.
    #[serde(deserialize_with = "tolerant")]
    pub sms_snd_yn: Option<String>,
    /// Whether the user has the operator's 명의도용방지 service.
    #[serde(deserialize_with = "tolerant")]
    pub safe_guard_yn: Option<String>,
    /// Whether the user has a USIM OTP.
    #[serde(deserialize_with = "tolerant")]
    pub usim_otp_yn: Option<String>,
    /// The site that the operator names.
    #[serde(deserialize_with = "tolerant")]
    pub site_url: Option<String>,
}

/// What 2300 and 2600 answer: the person is verified.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Confirmation {
    /// KCP's number for this verification.
    #[serde(deserialize_with = "tolerant")]
    pub per_cert_no: Option<String>,
    /// The phone number that was verified.
    #[serde(deserialize_with = "tolerant")]
    pub phone_no: Option<Sensitive>,
    /// The operator.
    #[serde(deserialize_with = "tolerant")]
    pub comm_id: Option<String>,
    #[serde(flatten)]
    linkage: Linkage,
}

impl Confirmation {
    /// CI, in whatever spelling it came; absent where the merchant's contract has none.
    pub fn ci(&self) -> Option<Sensitive> {
        self.linkage.ci()
    }

    /// DI, in whatever spelling it came.
    pub fn di(&self) -> Option<Sensitive> {
        self.linkage.di()
    }
}

/// What 2500 answers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct PassPushed {
    /// KCP's number for this verification, wanted by 2600.
    #[serde(deserialize_with = "tolerant")]
    pub per_cert_no: Option<String>,
    /// The phone number that the request went to.
    #[serde(deserialize_with = "tolerant")]
    pub phone_no: Option<Sensitive>,
    /// The operator.
    #[serde(deserialize_with = "tolerant")]
    pub comm_id: Option<String>,
    /// The person's birth date as the operator has it, `YYYYMMDD`.
    #[serde(deserialize_with = "tolerant")]
    pub birth_day: Option<Sensitive>,
    /// `01` male, `02` female; see [`SexCode`](crate::codes::SexCode).
    #[serde(deserialize_with = "tolerant")]
    pub sex_code: Option<Sensitive>,
    /// `01` Korean, `02` foreigner; see [`LocalCode`](crate::codes::LocalCode).
    #[serde(deserialize_with = "tolerant")]
    pub local_code: Option<Sensitive>,
    /// Whether the user has the operator's 명의도용방지 service.
    #[serde(deserialize_with = "tolerant")]
    pub safe_guard_yn: Option<String>,
    /// The operator's transaction.
    #[serde(deserialize_with = "tolerant")]
    pub van_tx_id: Option<String>,
    /// The operator's authentication transaction, wanted by 2600 for SKT and SKM.
    #[serde(deserialize_with = "tolerant")]
    pub auth_tx_id: Option<String>,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const CI: &str = "aGVsbG8+d29ybGQ/aGVsbG8rd29ybGQvaGVsbG8=";
    const CI_URL: &str = "aGVsbG8%2Bd29ybGQ%2FaGVsbG8rd29ybGQvaGVsbG8%3D";

    fn confirmation(answer: serde_json::Value) -> Confirmation {
        serde_json::from_value(answer).unwrap()
    }

    #[test]
    fn ci_and_di_are_read_in_every_spelling() {
        for answer in [
            json!({"CI": CI, "DI": CI}),
            json!({"ci": CI, "di": CI}),
            json!({"CI_URL": CI_URL, "DI_URL": CI_URL}),
            json!({"ci_url": CI_URL, "di_url": CI_URL}),
            json!({"CI": "", "CI_URL": CI_URL, "DI": null, "di_url": CI_URL}),
            json!({"CI": CI, "CI_URL": "something%20else", "DI": CI, "DI_URL": "%"}),
        ] {
            let answer = confirmation(answer);
            assert_eq!(answer.ci().unwrap().expose(), CI);
            assert_eq!(answer.di().unwrap().expose(), CI);
        }
    }

    #[test]
    fn a_plus_in_a_twin_stays_a_plus() {
        assert_eq!(
            confirmation(json!({"CI_URL": "a+b%3D"}))
                .ci()
                .unwrap()
                .expose(),
            "a+b="
        );
    }

    #[test]
    fn missing_null_and_odd_fields_of_an_answer_are_absent_and_unknown_ones_ignored() {
        let answer = confirmation(
            json!({"phone_no": null, "comm_id": {"a": 1}, "per_cert_no": 2210, "new": [1]}),
        );
        assert_eq!(answer.per_cert_no.as_deref(), Some("2210"));
        assert_eq!((answer.phone_no, answer.comm_id), (None, None));
        assert_eq!(confirmation(json!({})), Confirmation::default());
    }

    #[test]
    fn debug_output_of_answers_shows_nobody() {
        let answer: PassPushed = serde_json::from_value(json!({
            "phone_no": "01012345678", "birth_day": "19900101", "sex_code": "01", "local_code": "01"
        }))
        .unwrap();
        let confirmed = confirmation(json!({"CI": CI, "phone_no": "01012345678"}));
        let printed = format!("{answer:?}{confirmed:?}");
        assert!(
            !printed.contains("0101234") && !printed.contains("1990") && !printed.contains("aGVs"),
            "{printed}"
        );
    }
}

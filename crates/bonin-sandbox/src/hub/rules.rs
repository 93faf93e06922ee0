//! What each field of each call must look like (KCP hub), checked before anything else, so that a client under development is
//! told which field is wrong and what would be right.

use bonin_kcp::codes::{CommId, LocalCode, MediaType, SexCode};
use bonin_kcp::hub::message::TxType;

use crate::fields::{FieldError, Fields};
use crate::world::{parse_birth_date, parse_phone};

/// What the digits of the SMS replace.
pub(super) const OTP_PLACE: &str = "[000000]";

type Check = fn(&str) -> bool;

struct Rule {
    field: &'static str,
    required: bool,
    check: Check,
    /// What would be right.
    right: &'static str,
}

const fn required(field: &'static str, check: Check, right: &'static str) -> Rule {
    Rule {
        field,
        required: true,
        check,
        right,
    }
}

const fn optional(field: &'static str, check: Check, right: &'static str) -> Rule {
    Rule {
        field,
        required: false,
        check,
        right,
    }
}

const PAY_METHOD: Rule = required(
    "pay_method",
    |text| text == "CERT:PERSON",
    "CERT:PERSON이어야 합니다.",
);
const WEB: Rule = required("kcp_web_yn", |text| text == "N", "N이어야 합니다.");
const SITE_CD: Rule = required("site_cd", |text| text.len() <= 20, "20자 이하여야 합니다.");
const CUST_IP: Rule = optional(
    "cust_ip",
    |text| text.len() <= 45,
    "IP 주소이거나 빈 문자열이어야 합니다.",
);
const ORDER: Rule = required(
    "ordr_idxx",
    |text| is_plain(text, 50),
    "50자 이하여야 하고 제어 문자를 쓸 수 없습니다.",
);
const CERT_TYPE: Rule = required("cert_type", |text| text == "01", "01이어야 합니다.");
const PHONE: Rule = required(
    "phone_no",
    |text| parse_phone(text).is_some_and(|digits| digits == text),
    "숫자만으로 된 휴대폰 번호여야 합니다. 예: 01012345678",
);
const OPERATOR: Rule = required(
    "comm_id",
    |text| text.parse::<CommId>().is_ok(),
    "SKT, KTF, LGT, SKM, KTM, LGM 중 하나여야 합니다.",
);
const MVNO_OPERATOR: Rule = required(
    "comm_id",
    |text| text.parse::<CommId>().is_ok_and(CommId::needs_mvno_inquiry),
    "2400은 KTM 또는 LGM에만 필요합니다.",
);
const NAME: Rule = required(
    "user_name",
    |text| is_plain(text, 50) && !text.contains('^') && text.trim() == text,
    "50자 이하의 이름이어야 하고 ^, 제어 문자, 앞뒤 공백을 쓸 수 없습니다.",
);
const BIRTH_DAY: Rule = required(
    "birth_day",
    |text| text.len() == 8 && parse_birth_date(text).is_some(),
    "YYYYMMDD 형식의 날짜여야 합니다. 예: 19900101",
);
const LOCAL_CODE: Rule = required(
    "local_code",
    |text| text.parse::<LocalCode>().is_ok(),
    "01(내국인) 또는 02(외국인)여야 합니다.",
);
const SEX_CODE: Rule = required(
    "sex_code",
    |text| text.parse::<SexCode>().is_ok(),
    "01(남) 또는 02(여)여야 합니다.",
);
const SITE_ID: Rule = optional(
    "web_siteid",
    |text| text.len() <= 12 && text.bytes().all(|b| b.is_ascii_alphanumeric()),
    "영문과 숫자 12자 이하여야 합니다.",
);
const MEDIA: Rule = required(
    "media_type",
    |text| text.parse::<MediaType>().is_ok(),
    "MC01(PC) 또는 MC02(모바일)여야 합니다.",
);
const PER_CERT_NO: Rule = required(
    "per_cert_no",
    |text| is_plain(text, 50),
    "50자 이하여야 합니다.",
);
const EARLIER_PER_CERT_NO: Rule = optional(
    "per_cert_no",
    |text| is_plain(text, 50),
    "50자 이하여야 합니다.",
);
const SMS_MESSAGE: Rule = optional(
    "cp_sms_msg",
    |text| {
        text.contains(OTP_PLACE)
            && text.chars().count() <= 1000
            && !text.contains(|c: char| c.is_control() && c != '\n')
    },
    "인증번호가 들어갈 [000000]을 그대로 포함한 1000자 이하의 문자여야 합니다.",
);
const CALLBACK: Rule = optional(
    "cp_callback",
    is_callback,
    "숫자와 하이픈으로 된 발신번호여야 하고 070, 060 번호는 쓸 수 없습니다. 예: 02-1234-5678",
);
const OTP: Rule = required(
    "otp_no",
    |text| text.len() <= 10 && text.bytes().all(|b| b.is_ascii_digit()),
    "숫자여야 합니다.",
);
const AGREEMENT: Rule = required(
    "adl_agree_yn",
    |text| matches!(text, "Y" | "N"),
    "Y 또는 N이어야 합니다.",
);
const AUTH_TX_ID: Rule = optional(
    "auth_tx_id",
    |text| is_plain(text, 50),
    "50자 이하여야 합니다.",
);

const COMMON: &[Rule] = &[SITE_CD, PAY_METHOD, WEB, CUST_IP];

const fn own_rules(tx_type: TxType) -> &'static [Rule] {
    match tx_type {
        TxType::SmsMvnoInquiry => &[
            ORDER,
            CERT_TYPE,
            PHONE,
            MVNO_OPERATOR,
            NAME,
            BIRTH_DAY,
            LOCAL_CODE,
            SEX_CODE,
            SITE_ID,
        ],
        TxType::PassMvnoInquiry => &[
            ORDER, CERT_TYPE, PHONE, OPERATOR, NAME, BIRTH_DAY, LOCAL_CODE, SEX_CODE, SITE_ID,
        ],
        TxType::NameCheck => &[
            ORDER,
            CERT_TYPE,
            PHONE,
            OPERATOR,
            NAME,
            BIRTH_DAY,
            LOCAL_CODE,
            SEX_CODE,
            SITE_ID,
            MEDIA,
            EARLIER_PER_CERT_NO,
            SMS_MESSAGE,
            CALLBACK,
        ],
        TxType::SendSms => &[PER_CERT_NO, OPERATOR, SMS_MESSAGE, CALLBACK],
        TxType::ConfirmOtp => &[PER_CERT_NO, OPERATOR, OTP, AGREEMENT],
        TxType::PushPass => &[
            ORDER,
            PHONE,
            OPERATOR,
            NAME,
            MEDIA,
            SITE_ID,
            EARLIER_PER_CERT_NO,
        ],
        TxType::FetchPassResult => &[PER_CERT_NO, OPERATOR, AUTH_TX_ID],
    }
}

/// Checks the fields common to all calls and the call's own; fields that the call does not have are ignored, as KCP does.
pub(super) fn check(tx_type: TxType, fields: &Fields) -> Result<(), FieldError> {
    for rule in COMMON.iter().chain(own_rules(tx_type)) {
        let text = if rule.required {
            Some(fields.required_text(rule.field)?)
        } else {
            fields.text(rule.field)?
        };
        if text.is_some_and(|text| !(rule.check)(text)) {
            return Err(FieldError::new(rule.field, rule.right));
        }
    }
    Ok(())
}

fn is_plain(text: &str, longest: usize) -> bool {
    text.chars().count() <= longest && !text.contains(char::is_control)
}

/// KCP hub, `cp_callback`: the carriers refuse internet and information numbers.
fn is_callback(text: &str) -> bool {
    let digits: String = text.chars().filter(|c| *c != '-').collect();
    text.len() <= 20
        && (4..=12).contains(&digits.len())
        && digits.bytes().all(|b| b.is_ascii_digit())
        && !digits.starts_with("070")
        && !digits.starts_with("060")
}

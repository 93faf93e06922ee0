use bonin_kcp::Sensitive;
use bonin_kcp::codes::{CommId, LocalCode, MediaType, SexCode};
use bonin_kcp::hub::message::{
    ConfirmOtp, FetchPassResult, HubRequest, NameCheck, PassMvnoInquiry, PushPass, SendSms,
    SmsMvnoInquiry, Subject, TxType,
};
use serde_json::json;

pub fn subject() -> Subject {
    Subject {
        ordr_idxx: "ORDER1".into(),
        phone_no: "01012345678".into(),
        comm_id: CommId::Ktm,
        user_name: "홍길동".into(),
        birth_day: "19900101".into(),
        local_code: LocalCode::Korean,
        sex_code: SexCode::Male,
        web_siteid: None,
        cust_ip: Some("203.0.113.9".into()),
    }
}

pub fn name_check() -> NameCheck {
    NameCheck {
        subject: subject(),
        media_type: MediaType::Pc,
        per_cert_no: None,
        cp_sms_msg: Some("[BONIN]본인확인 인증번호는 [000000]입니다.".into()),
        cp_callback: None,
    }
}

pub fn send_sms() -> SendSms {
    SendSms {
        per_cert_no: "P1".into(),
        comm_id: CommId::Skt,
        cp_sms_msg: None,
        cp_callback: None,
        cust_ip: None,
    }
}

pub fn confirm_otp() -> ConfirmOtp {
    ConfirmOtp {
        per_cert_no: "P1".into(),
        comm_id: CommId::Skt,
        otp_no: "483920".into(),
        adl_agree_yn: false,
        cust_ip: None,
    }
}

pub fn push_pass() -> PushPass {
    PushPass {
        ordr_idxx: "ORDER1".into(),
        phone_no: "01012345678".into(),
        comm_id: CommId::Skt,
        user_name: "홍길동".into(),
        media_type: MediaType::Mobile,
        web_siteid: Some("J01234567890".into()),
        per_cert_no: None,
        cust_ip: None,
    }
}

pub fn fetch_pass_result() -> FetchPassResult {
    FetchPassResult {
        per_cert_no: "P1".into(),
        comm_id: CommId::Skt,
        auth_tx_id: Some("A1".into()),
        cust_ip: None,
    }
}

#[test]
fn requests_look_on_the_wire_as_kcp_wants_them() {
    assert_eq!(
        serde_json::to_value(name_check()).unwrap(),
        json!({
            "ordr_idxx": "ORDER1", "phone_no": "01012345678", "comm_id": "KTM", "user_name": "홍길동",
            "birth_day": "19900101", "local_code": "01", "sex_code": "01", "web_siteid": "", "cust_ip": "203.0.113.9",
            "media_type": "MC01", "per_cert_no": "", "cp_callback": "",
            "cp_sms_msg": "[BONIN]본인확인 인증번호는 [000000]입니다.",
        })
    );
    assert_eq!(
        serde_json::to_value(confirm_otp()).unwrap(),
        json!({"per_cert_no": "P1", "comm_id": "SKT", "otp_no": "483920", "adl_agree_yn": "N", "cust_ip": ""})
    );
    let mut result = fetch_pass_result();
    assert_eq!(serde_json::to_value(&result).unwrap()["auth_tx_id"], "A1");
    result.auth_tx_id = None;
    assert!(
        serde_json::to_value(&result)
            .unwrap()
            .get("auth_tx_id")
            .is_none()
    );
}

#[test]
fn requests_read_back_what_they_write_and_ignore_fields_they_do_not_know() {
    let mut wire = serde_json::to_value(name_check()).unwrap();
    wire["site_cd"] = "AO7F3".into();
    assert_eq!(
        serde_json::from_value::<NameCheck>(wire).unwrap(),
        name_check()
    );
    let wire = serde_json::to_value(push_pass()).unwrap();
    assert_eq!(
        serde_json::from_value::<PushPass>(wire).unwrap(),
        push_pass()
    );
    let wire = serde_json::to_value(confirm_otp()).unwrap();
    assert_eq!(
        serde_json::from_value::<ConfirmOtp>(wire).unwrap(),
        confirm_otp()
    );
    let wire = json!({"per_cert_no": "P1", "comm_id": "SKT"});
    assert_eq!(serde_json::from_value::<SendSms>(wire).unwrap(), send_sms());
}

#[test]
fn exactly_the_calls_that_kcp_wants_signed_have_a_text_to_sign() {
    fn signed<R: HubRequest>(request: &R) -> (TxType, bool) {
        (R::TX_TYPE, request.sign_text().is_some())
    }
    let all = [
        signed(&name_check()),
        signed(&send_sms()),
        signed(&confirm_otp()),
        signed(&SmsMvnoInquiry(subject())),
        signed(&push_pass()),
        signed(&fetch_pass_result()),
        signed(&PassMvnoInquiry(subject())),
    ];
    assert_eq!(all.map(|(tx_type, _)| tx_type), TxType::ALL);
    for (tx_type, signed) in all {
        assert_eq!(signed, tx_type.is_signed(), "{tx_type}");
        assert_eq!(tx_type.as_str().parse(), Ok(tx_type));
    }
    assert!("2800".parse::<TxType>().is_err());
}

#[test]
fn debug_output_of_requests_shows_nobody() {
    let printed = format!(
        "{:?}{:?}{:?}{:?}",
        name_check(),
        push_pass(),
        confirm_otp(),
        send_sms()
    );
    for personal in ["01012345678", "홍길동", "19900101", "483920", "203.0.113.9"] {
        assert!(!printed.contains(personal), "{printed}");
    }
    assert!(
        printed.contains("[redacted]") && format!("{:?}", Sensitive::from("x")) == "[redacted]"
    );
}

//! No `{:?}` and no message shows what a client sent about a person, or a secret.

use bonin_api::{
    ConfirmIdentityVerificationBody, ErrorBody, GetIdentityVerificationsBody, IdentityVerification,
    LoginViaApiSecretBody, LoginViaApiSecretResponse, RefreshTokenBody,
    SendIdentityVerificationBody,
};
use serde_json::{Value, json};

use crate::bodies;

/// Every personal or secret value of a `send`, each unmistakable.
const SENT: [(&str, &str); 6] = [
    ("/customer/id", "canary-customer"),
    ("/customer/name", "카나리아"),
    ("/customer/phoneNumber", "01098765432"),
    ("/customer/identityNumber", "8512311"),
    ("/customer/ipAddress", "203.0.113.99"),
    ("/customData", "canary-data"),
];

fn canaries() -> Value {
    let mut body = bodies::send();
    for (pointer, value) in SENT {
        *body.pointer_mut(pointer).unwrap() = json!(value);
    }
    body
}

#[test]
fn a_parsed_send_prints_nobody() {
    let body = SendIdentityVerificationBody::parse(canaries().to_string().as_bytes()).unwrap();
    let printed = format!("{body:?} {body:#?}");
    for (field, value) in SENT {
        assert!(!printed.contains(value), "{field} is printed");
    }
    assert!(
        printed.contains("channel-key-1"),
        "what is not personal is printed"
    );
    assert!(printed.contains("[redacted]"));
}

#[test]
fn a_message_never_repeats_what_was_sent() {
    // Each field in turn gets a value that it must refuse, while it is unmistakable.
    let cases = [
        ("/storeId", "가\u{0}CANARY"),
        ("/channelKey", "CANARY\n"),
        ("/customer/id", "CANARY\n"),
        ("/customer/name", "CANARY^"),
        ("/customer/phoneNumber", "010CANARY"),
        ("/customer/identityNumber", "CANARY1"),
        ("/customer/ipAddress", "CANARY.1"),
        ("/customData", "CANARY\u{0}"),
        ("/bypass", "{\"CANARY\""),
        ("/operator", "CANARY"),
        ("/method", "CANARY"),
        ("/bypass/kcpV2/media_type", "CANARY"),
        ("/bypass/kcpV2/web_siteid", "CANARY-1"),
        ("/bypass/kcpV2/cp_sms_msg", "CANARY"),
        ("/bypass/kcpV2/cp_callback", "CANARY"),
    ];
    for (pointer, value) in cases {
        let body = bodies::with(canaries(), pointer, json!(value));
        let invalid = SendIdentityVerificationBody::parse(&body).unwrap_err();
        let shown = format!(
            "{invalid} {invalid:?} {:?}",
            ErrorBody::from(invalid.clone())
        );
        assert!(!shown.contains("CANARY"), "{pointer}: {shown}");
        for (_, value) in SENT {
            assert!(!shown.contains(value), "{pointer}: {shown}");
        }
    }
    // Keys are the client's words too.
    let keys = br#"{"channelKey": "a", "customer": {"CANARY": 1}, "CANARY": "#;
    assert!(
        !SendIdentityVerificationBody::parse(keys)
            .unwrap_err()
            .to_string()
            .contains("CANARY")
    );
}

#[test]
fn secrets_and_numbers_print_as_redacted() {
    let printed = [
        format!(
            "{:?}",
            ConfirmIdentityVerificationBody::parse(br#"{"otp": "918273"}"#).unwrap()
        ),
        format!(
            "{:?}",
            LoginViaApiSecretBody::parse(br#"{"apiSecret": "918273"}"#).unwrap()
        ),
        format!(
            "{:?}",
            RefreshTokenBody::parse(br#"{"refreshToken": "918273"}"#).unwrap()
        ),
        format!(
            "{:?}",
            LoginViaApiSecretResponse {
                access_token: "918273".into(),
                refresh_token: "918273".into()
            }
        ),
    ];
    for printed in printed {
        assert!(
            !printed.contains("918273") && printed.contains("[redacted]"),
            "{printed}"
        );
    }
}

#[test]
fn a_parsed_filter_prints_nobody() {
    let body = bodies::with(
        bodies::list(),
        "/filter/customer",
        json!({"name": "카나리아", "birthYear": "1885", "birthMonth": "11", "birthDay": "29", "phoneNumber": "01098765432", "gender": "FEMALE"}),
    );
    let printed = format!("{:?}", GetIdentityVerificationsBody::parse(&body).unwrap());
    for value in [
        "카나리아",
        "1885",
        "\"11\"",
        "\"29\"",
        "01098765432",
        "Female",
        "FEMALE",
    ] {
        assert!(!printed.contains(value), "{value} is printed: {printed}");
    }
}

#[test]
fn an_answer_about_a_person_prints_nobody() {
    let customer = json!({
        "id": "canary-id", "name": "카나리아", "operator": "LGU_MVNO", "phoneNumber": "01098765432",
        "birthDate": "1885-12-31", "gender": "FEMALE", "isForeigner": true, "ci": "canary-ci", "di": "canary-di"
    });
    let verified: IdentityVerification = serde_json::from_value(json!({
        "status": "VERIFIED", "id": "iv1", "verifiedCustomer": customer, "customData": "canary-data",
        "requestedAt": "2026-01-01T00:00:00Z", "updatedAt": "2026-01-01T00:00:00Z",
        "statusChangedAt": "2026-01-01T00:00:00Z", "verifiedAt": "2026-01-01T00:00:00Z",
        "pgTxId": "pg1", "pgRawResponse": "canary-raw", "version": "V2"
    }))
    .unwrap();
    let failed: IdentityVerification = serde_json::from_value(json!({
        "status": "FAILED", "id": "iv1", "requestedCustomer": {
            "id": "canary-id", "name": "카나리아", "phoneNumber": "01098765432",
            "birthYear": "1885", "birthMonth": "12", "birthDay": "31"
        },
        "customData": "canary-data", "failure": {"pgCode": "SB01", "pgMessage": "canary-message"},
        "requestedAt": "2026-01-01T00:00:00Z", "updatedAt": "2026-01-01T00:00:00Z",
        "statusChangedAt": "2026-01-01T00:00:00Z", "version": "V2"
    }))
    .unwrap();
    let error = ErrorBody::pg_provider("KCP", "SB01", "canary-message");
    let printed = format!("{verified:?} {failed:?} {error:?}");
    for value in [
        "canary",
        "카나리아",
        "01098765432",
        "1885",
        "Female",
        "LguMvno",
        "true",
    ] {
        assert!(!printed.contains(value), "{value} is printed: {printed}");
    }
    assert!(printed.contains("SB01"), "codes are printed");
}

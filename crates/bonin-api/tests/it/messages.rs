//! What is refused, and in which words. The words are the interface, so the snapshots hold all of them.

use std::fmt::Write as _;

use bonin_api::{
    ConfirmIdentityVerificationBody, GetIdentityVerificationsBody, InvalidRequest,
    LoginViaApiSecretBody, RefreshTokenBody, SendIdentityVerificationBody, StoreIdQuery,
    check_identity_verification_id,
};
use serde_json::{Value, json};

use crate::bodies;

/// One line a case: what was wrong, and what the caller is told. A case that is accepted shows as such.
fn told<T>(cases: impl IntoIterator<Item = (String, Result<T, InvalidRequest>)>) -> String {
    let mut lines = String::new();
    for (case, parsed) in cases {
        let message = parsed
            .err()
            .map_or("ACCEPTED".to_owned(), |e| e.to_string());
        writeln!(lines, "{case}\n    {message}").unwrap();
    }
    lines
}

fn send_with(
    pointer: &str,
    value: impl Into<Option<Value>>,
) -> Result<SendIdentityVerificationBody, InvalidRequest> {
    SendIdentityVerificationBody::parse(&bodies::with(bodies::send(), pointer, value))
}

fn list_with(
    pointer: &str,
    value: impl Into<Option<Value>>,
) -> Result<GetIdentityVerificationsBody, InvalidRequest> {
    GetIdentityVerificationsBody::parse(&bodies::with(bodies::list(), pointer, value))
}

fn replaced<T>(
    cases: Vec<(&str, Value)>,
    parse: impl Fn(&str, Value) -> Result<T, InvalidRequest>,
) -> String {
    told(cases.into_iter().map(|(pointer, value)| {
        let parsed = parse(pointer, value.clone());
        (format!("{pointer} = {value}"), parsed)
    }))
}

#[test]
fn a_body_that_is_no_json_object_is_told_what_it_is_not() {
    let deep = format!("{}1{}", "[".repeat(200), "]".repeat(200));
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("empty", b"".to_vec()),
        ("white space", b" \r\n\t ".to_vec()),
        ("no JSON", b"name=value".to_vec()),
        ("cut off", br#"{"channelKey": "channel"#.to_vec()),
        (
            "a comma too many",
            b"{\n  \"channelKey\": \"a\",\n}".to_vec(),
        ),
        (
            "a raw line break in a string",
            b"{\"channelKey\": \"a\nb\"}".to_vec(),
        ),
        (
            "half a surrogate pair",
            br#"{"channelKey": "\ud800"}"#.to_vec(),
        ),
        (
            "a number beyond measure",
            br#"{"channelKey": 1e999}"#.to_vec(),
        ),
        ("invalid UTF-8", b"{\"channelKey\": \"\xff\xfe\"}".to_vec()),
        ("UTF-16", b"\xff\xfe{\0}\0".to_vec()),
        ("too deep", deep.into_bytes()),
        ("a second document", b"{} {}".to_vec()),
        ("an array", b"[]".to_vec()),
        ("a string", b"\"{}\"".to_vec()),
        ("null", b"null".to_vec()),
        ("an empty object", b"{}".to_vec()),
    ];
    insta::assert_snapshot!(told(cases.into_iter().map(|(case, body)| {
        (case.to_owned(), SendIdentityVerificationBody::parse(&body))
    })));
}

#[test]
fn each_field_of_send_that_is_missing_or_null_is_named() {
    let fields = [
        "/storeId",
        "/channelKey",
        "/customer",
        "/customer/id",
        "/customer/name",
        "/customer/phoneNumber",
        "/customer/identityNumber",
        "/customer/ipAddress",
        "/customData",
        "/bypass",
        "/bypass/kcpV2",
        "/bypass/kcpV2/media_type",
        "/bypass/kcpV2/web_siteid",
        "/bypass/kcpV2/cp_sms_msg",
        "/bypass/kcpV2/cp_callback",
        "/operator",
        "/method",
    ];
    for field in fields {
        let missing = send_with(field, None);
        let null = send_with(field, Value::Null);
        assert_eq!(missing, null, "{field}: null must read as absent");
    }
    insta::assert_snapshot!(told(
        fields.map(|field| (field.to_owned(), send_with(field, None)))
    ));
}

#[test]
fn each_field_of_send_that_has_the_wrong_type_is_told_the_right_one() {
    let cases = vec![
        ("/storeId", json!(1)),
        ("/channelKey", json!(["a"])),
        ("/customer", json!("홍길동")),
        ("/customer/id", json!(7)),
        ("/customer/name", json!({"first": "길동"})),
        ("/customer/phoneNumber", json!(1012345678)),
        ("/customer/identityNumber", json!(9001011)),
        ("/customer/ipAddress", json!(true)),
        ("/customData", json!({"order": 1})),
        ("/bypass", json!(1)),
        ("/bypass", json!([])),
        ("/bypass", json!("media_type=MC01")),
        ("/bypass", json!("[1]")),
        ("/bypass", json!("")),
        ("/bypass/kcpV2", json!("MC01")),
        ("/bypass/kcpV2/media_type", json!(1)),
        ("/operator", json!(1)),
        ("/method", json!(["SMS"])),
    ];
    insta::assert_snapshot!(replaced(cases, send_with));
}

#[test]
fn each_field_of_send_that_breaks_its_rule_is_told_the_rule() {
    let long = |length: usize| json!("가".repeat(length));
    let cases = vec![
        ("/storeId", json!("")),
        ("/storeId", json!("a\u{0}b")),
        ("/channelKey", json!("a\nb")),
        ("/customer/name", json!("")),
        ("/customer/name", json!(" 홍길동")),
        ("/customer/name", json!("홍길동\u{3000}")),
        ("/customer/name", json!("홍^길동")),
        ("/customer/name", json!("홍\t길동")),
        ("/customer/name", json!("홍\u{0}길동")),
        ("/customer/name", long(51)),
        ("/customer/name", long(50)),
        ("/customer/phoneNumber", json!("010-1234-5678")),
        ("/customer/phoneNumber", json!("0101234567")),
        ("/customer/phoneNumber", json!("010123456")),
        ("/customer/phoneNumber", json!("010123456789")),
        ("/customer/phoneNumber", json!("0212345678")),
        ("/customer/phoneNumber", json!("０１０１２３４５６７８")),
        ("/customer/identityNumber", json!("900101-1")),
        ("/customer/identityNumber", json!("900101")),
        ("/customer/identityNumber", json!("9013011")),
        ("/customer/identityNumber", json!("0002293")),
        ("/customer/identityNumber", json!("0002291")),
        ("/customer/identityNumber", json!("0002299")),
        ("/customer/identityNumber", json!("9902290")),
        ("/customer/identityNumber", json!("9902280")),
        ("/customer/ipAddress", json!("203.0.113")),
        ("/customer/ipAddress", json!("203.0.113.7:80")),
        ("/customer/ipAddress", json!("2001:db8::7")),
        ("/customer/ipAddress", json!("fe80::1%eth0")),
        ("/customData", json!("")),
        ("/customData", json!("\u{1}\u{7f}\r\n")),
        ("/customData", json!("a\u{0}")),
        ("/operator", json!("SKT ")),
        ("/operator", json!("skt")),
        ("/method", json!("PASS")),
        ("/bypass", json!("{\"kcpV2\": {\"media_type\": \"MC03\"}}")),
        ("/bypass", json!("{\"kcpV2\": ")),
        ("/bypass", json!("{\"kcpV2\": {\"media_type\": \"MC02\"}}")),
        (
            "/bypass",
            json!({"kcpV2": {"media_type": "MC01"}, "kcp_v2": {"media_type": "MC02"}}),
        ),
        (
            "/bypass",
            json!({"kcpV2": {"media_type": "MC01"}, "kcp_v2": {"media_type": "MC01"}}),
        ),
        ("/bypass", json!({"kcp_v2": {"media_type": "PC"}})),
        ("/bypass", json!({"danal": {"CPTITLE": 1}})),
        ("/bypass/kcpV2/web_siteid", json!("")),
        ("/bypass/kcpV2/web_siteid", json!("J012345678901")),
        ("/bypass/kcpV2/web_siteid", json!("J0123-456")),
        ("/bypass/kcpV2/cp_sms_msg", json!("인증번호입니다.")),
        ("/bypass/kcpV2/cp_sms_msg", json!("[000000] [000000]")),
        ("/bypass/kcpV2/cp_sms_msg", json!("첫 줄\n[000000]")),
        (
            "/bypass/kcpV2/cp_sms_msg",
            json!(format!("{}[000000]", "가".repeat(73))),
        ),
        (
            "/bypass/kcpV2/cp_sms_msg",
            json!(format!("{}[000000]", "가".repeat(72))),
        ),
        ("/bypass/kcpV2/cp_callback", json!("+82-2-1670-5176")),
        ("/bypass/kcpV2/cp_callback", json!("-02-1670-5176")),
        ("/bypass/kcpV2/cp_callback", json!("070-1234-5678")),
        ("/bypass/kcpV2/cp_callback", json!("0-60-123-4567")),
        ("/bypass/kcpV2/cp_callback", json!("02-1670-5176-0000")),
        ("/bypass/kcpV2/cp_callback", json!("1588-1234")),
    ];
    insta::assert_snapshot!(replaced(cases, send_with));
}

#[test]
fn app_needs_no_resident_number_but_checks_one_that_is_given() {
    let mut app = bodies::send();
    app["method"] = json!("APP");
    let without = bodies::with(app.clone(), "/customer/identityNumber", None);
    assert!(SendIdentityVerificationBody::parse(&without).is_ok());
    let wrong = bodies::with(app, "/customer/identityNumber", json!("9013011"));
    assert!(SendIdentityVerificationBody::parse(&wrong).is_err());
}

#[test]
fn a_kcp_channel_asks_for_its_part_of_bypass() {
    let cases = [
        None,
        Some(json!({})),
        Some(json!("{}")),
        Some(json!({"other": {}})),
    ];
    for bypass in cases {
        let body = send_with("/bypass", bypass).unwrap();
        assert_eq!(
            body.kcp_v2().unwrap_err().to_string(),
            "bypass.kcpV2: KCP 채널이면 필수 항목입니다 (예: {\"kcpV2\": {\"media_type\": \"MC01\"}})."
        );
    }
}

#[test]
fn a_confirm_takes_six_digits_as_a_string_or_nothing() {
    let cases = [
        "{}",
        r#"{"otp": null}"#,
        r#"{"otp": "012345"}"#,
        r#"{"storeId": "s", "otp": "012345", "more": [1]}"#,
        r#"{"otp": 123456}"#,
        r#"{"otp": ""}"#,
        r#"{"otp": "12345"}"#,
        r#"{"otp": "1234567"}"#,
        r#"{"otp": " 12345"}"#,
        r#"{"otp": "１２３４５６"}"#,
        r#"{"otp": {}}"#,
        r#"{"storeId": ""}"#,
        r#"{"storeId": 1}"#,
        "",
    ];
    insta::assert_snapshot!(told(cases.map(|body| {
        (
            body.to_owned(),
            ConfirmIdentityVerificationBody::parse(body.as_bytes()),
        )
    })));
}

#[test]
fn logins_and_refreshes_need_their_credential() {
    let long = format!(r#"{{"apiSecret": "{}"}}"#, "a".repeat(4097));
    let login = [
        "{}",
        r#"{"apiSecret": ""}"#,
        r#"{"apiSecret": 1}"#,
        r#"{"apiSecret": "a"}"#,
        "secret",
        &long,
    ]
    .map(|body| {
        (
            body.chars().take(30).collect(),
            LoginViaApiSecretBody::parse(body.as_bytes()).map(|_| ()),
        )
    });
    let refresh = [
        "{}",
        r#"{"refreshToken": null}"#,
        r#"{"refreshToken": []}"#,
        r#"{"refreshToken": "a"}"#,
    ]
    .map(|body| {
        (
            body.to_owned(),
            RefreshTokenBody::parse(body.as_bytes()).map(|_| ()),
        )
    });
    insta::assert_snapshot!(told(login.into_iter().chain(refresh)));
}

#[test]
fn each_field_of_the_list_that_breaks_its_rule_is_told_the_rule() {
    let many = json!(vec!["READY"; 101]);
    let cases = vec![
        ("/page", json!(1)),
        ("/page/number", json!(-1)),
        ("/page/number", json!(2147483648_u64)),
        ("/page/number", json!("0")),
        ("/page/size", json!(0)),
        ("/page/size", json!(101)),
        ("/page/size", json!(100)),
        ("/page/size", json!(1.5)),
        ("/page/size", json!(u64::MAX)),
        ("/sort/by", json!("NAME")),
        ("/sort/order", json!("asc")),
        ("/filter", json!([])),
        ("/filter/storeId", json!("")),
        ("/filter/timeRangeField", json!("CREATED_AT")),
        ("/filter/from", json!("2026-01-01")),
        ("/filter/from", json!("2026-01-01 00:00:00Z")),
        ("/filter/from", json!("2026-01-01T00:00:00")),
        ("/filter/from", json!("2026-01-01T00:00:00+0900")),
        ("/filter/from", json!("2026-01-01T00:00:00.Z")),
        ("/filter/from", json!("2026-01-01T00:00:00.1234567891Z")),
        ("/filter/from", json!("2026-01-01T00:00:00Z[Asia/Seoul]")),
        ("/filter/from", json!("2026-02-29T00:00:00Z")),
        ("/filter/from", json!("2026-01-01T24:00:00Z")),
        ("/filter/from", json!("2026-01-01T00:00:00+99:00")),
        ("/filter/from", json!("1969-12-31T23:59:59Z")),
        ("/filter/until", json!("3000-01-01T00:00:00Z")),
        ("/filter/until", json!("2024-02-29t23:59:60.5z")),
        ("/filter/until", json!(1767225600)),
        ("/filter/identityVerificationId", json!("a\nb")),
        ("/filter/identityVerificationTxId", json!("a".repeat(201))),
        ("/filter/isTest", json!("true")),
        ("/filter/statuses", json!("READY")),
        ("/filter/statuses", json!(["READY", "DONE"])),
        ("/filter/statuses", json!(["READY", null])),
        ("/filter/statuses", many),
        ("/filter/pgTxId", json!("")),
        ("/filter/pgMerchantId", json!(3)),
        ("/filter/pgProviders", json!(["KCP_V3"])),
        ("/filter/pgCompanies", json!(["NHN"])),
        ("/filter/carriers", json!(["LG"])),
        ("/filter/version", json!("V3")),
        ("/filter/customer/name", json!("가".repeat(51))),
        ("/filter/customer/birthYear", json!("90")),
        ("/filter/customer/birthYear", json!(1990)),
        ("/filter/customer/birthMonth", json!("13")),
        ("/filter/customer/birthMonth", json!("0")),
        ("/filter/customer/birthDay", json!("32")),
        ("/filter/customer/birthDay", json!("1일")),
        ("/filter/customer/phoneNumber", json!("010-1234-5678")),
        ("/filter/customer/gender", json!("M")),
    ];
    insta::assert_snapshot!(replaced(cases, list_with));
}

#[test]
fn the_filter_in_the_query_is_told_apart_from_the_body() {
    let parse = |query| GetIdentityVerificationsBody::from_request(Some(query), b"");
    let cases = [
        "requestBody=",
        "requestBody=%7B",
        "requestBody=%5B%5D",
        "requestBody=%7B%22page%22%3A%7B%22size%22%3A0%7D%7D",
        "requestBody=%ff",
    ];
    insta::assert_snapshot!(told(cases.map(|query| (query.to_owned(), parse(query)))));
}

#[test]
fn ids_in_the_address_follow_their_rules() {
    for good in ["a", "iv2026", &"Z".repeat(70)] {
        assert_eq!(check_identity_verification_id(good), Ok(()));
    }
    for bad in ["", "a-b", "본인", "a b", "a/b", &"Z".repeat(71)] {
        assert_eq!(
            check_identity_verification_id(bad).unwrap_err().to_string(),
            "identityVerificationId: 영문 대소문자와 숫자만 써서 1~70자로 적어야 합니다."
        );
    }
    let store = |query| StoreIdQuery::parse(query).map(|query| query.store_id);
    assert_eq!(store(None), Ok(None));
    assert_eq!(store(Some("a=b")), Ok(None));
    assert_eq!(
        store(Some("storeId=store%2D1")),
        Ok(Some("store-1".to_owned()))
    );
    assert_eq!(
        store(Some("storeId=")).unwrap_err().to_string(),
        "storeId: 비어 있습니다. 1~200자로 적어야 합니다."
    );
}

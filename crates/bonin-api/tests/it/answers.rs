//! What bodies mean once they are read, and how answers are written.

use bonin_api::{
    ApiErrorKind, ConfirmIdentityVerificationBody, ConfirmIdentityVerificationResponse, ErrorBody,
    FailedIdentityVerification, FailedStatus, GetIdentityVerificationsBody, IdentityVerification,
    IdentityVerificationFailure, IdentityVerificationRequestedCustomer, IdentityVerificationSortBy,
    IdentityVerificationStatus, IdentityVerificationVerifiedCustomer, PortOneVersion,
    ReadyIdentityVerification, ReadyStatus, SendIdentityVerificationBody,
    SendIdentityVerificationResponse, SortOrder, VerifiedIdentityVerification, VerifiedStatus,
};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::bodies;

fn moment(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[test]
fn a_send_body_comes_out_as_it_went_in() {
    let sent = bodies::send();
    let body = SendIdentityVerificationBody::parse(sent.to_string().as_bytes()).unwrap();
    assert_eq!(serde_json::to_value(&body).unwrap(), sent);
    assert_eq!(body.customer.identity_number.unwrap().expose(), "9001011");
}

#[test]
fn bypass_is_the_same_as_an_object_as_text_and_in_either_spelling() {
    let plain = bodies::send();
    let kcp = plain["bypass"]["kcpV2"].clone();
    let parse = |bypass: Value| {
        SendIdentityVerificationBody::parse(&bodies::with(plain.clone(), "/bypass", bypass))
            .unwrap()
    };
    let expected = parse(json!({"kcpV2": kcp}));
    assert!(expected.kcp_v2().unwrap().cp_callback.is_some());
    for bypass in [
        json!({"kcp_v2": kcp}),
        json!({"kcpV2": kcp, "kcp_v2": kcp}),
        json!({"kcpV2": null, "kcp_v2": kcp}),
        json!(json!({"kcpV2": kcp}).to_string()),
        json!(json!({"kcp_v2": kcp}).to_string()),
    ] {
        assert_eq!(parse(bypass), expected);
    }
}

#[test]
fn a_confirm_keeps_the_zeros_of_its_number() {
    let body = ConfirmIdentityVerificationBody::parse(br#"{"otp": "000012"}"#).unwrap();
    assert_eq!(body.otp.unwrap().expose(), "000012");
}

#[test]
fn a_list_that_asks_for_nothing_gets_the_first_ten_of_ninety_days() {
    let body = GetIdentityVerificationsBody::from_request(None, b"").unwrap();
    assert_eq!((body.page_number(), body.page_size()), (0, 10));
    assert_eq!(body.sort_by(), IdentityVerificationSortBy::RequestedAt);
    assert_eq!(body.sort_order(), SortOrder::Desc);
    let range = body.time_range(moment("2026-04-01T12:00:00Z")).unwrap();
    assert_eq!(range.until, moment("2026-04-01T12:00:00Z"));
    assert_eq!(range.from, moment("2026-01-01T12:00:00Z"));
}

#[test]
fn a_list_keeps_what_it_asks_for_and_drops_lists_that_name_nothing() {
    let mut asked = bodies::list();
    let body = GetIdentityVerificationsBody::parse(asked.to_string().as_bytes()).unwrap();
    assert_eq!((body.page_number(), body.page_size()), (0, 20));
    // Times come out in UTC, months with two digits; all else as it went in.
    asked["filter"]["from"] = json!("2025-12-31T15:00:00Z");
    asked["filter"]["customer"]["birthMonth"] = json!("01");
    assert_eq!(serde_json::to_value(&body).unwrap(), asked);

    let empty = GetIdentityVerificationsBody::parse(
        br#"{"filter": {"statuses": [], "carriers": [], "pgProviders": [], "pgCompanies": []}}"#,
    );
    assert_eq!(
        serde_json::to_value(empty.unwrap()).unwrap(),
        json!({"filter": {}})
    );
}

#[test]
fn the_query_parameter_goes_before_the_body_of_a_list() {
    let page = |query, body: &[u8]| {
        GetIdentityVerificationsBody::from_request(query, body)
            .unwrap()
            .page_size()
    };
    let query = Some("x=1&requestBody=%7B%22page%22%3A%7B%22size%22%3A3%7D%7D");
    assert_eq!(page(query, b""), 3);
    assert_eq!(page(query, br#"{"page": {"size": 4}}"#), 3);
    assert_eq!(page(Some("x=1"), br#"{"page": {"size": 4}}"#), 4);
}

#[test]
fn a_stretch_of_time_must_not_end_before_it_begins() {
    let now = moment("2026-04-01T12:00:00Z");
    let range = |filter: Value| {
        let body = json!({ "filter": filter }).to_string();
        GetIdentityVerificationsBody::parse(body.as_bytes())
            .unwrap()
            .time_range(now)
    };
    let told = "filter.from: filter.until보다 늦을 수 없습니다 (filter.until이 없으면 지금 시각과 견줍니다).";
    let backwards =
        range(json!({"from": "2026-01-01T00:00:00Z", "until": "2026-01-01T08:59:59+09:00"}));
    assert_eq!(backwards.unwrap_err().to_string(), told);
    assert_eq!(
        range(json!({"from": "2026-04-01T12:00:01Z"}))
            .unwrap_err()
            .to_string(),
        told
    );

    let point =
        range(json!({"from": "2026-01-01T00:00:00Z", "until": "2026-01-01T09:00:00+09:00"}))
            .unwrap();
    assert_eq!(point.from, point.until);
    let before_the_epoch = range(json!({"until": "1970-01-01T00:00:00Z"})).unwrap();
    assert_eq!(before_the_epoch.from, moment("1969-10-03T00:00:00Z"));
}

fn ready() -> ReadyIdentityVerification {
    ReadyIdentityVerification {
        status: ReadyStatus::Value,
        id: "iv1".to_owned(),
        requested_customer: IdentityVerificationRequestedCustomer {
            name: Some("홍길동".into()),
            ..Default::default()
        },
        requested_at: moment("2026-01-01T00:00:00Z"),
        updated_at: moment("2026-01-01T00:00:00.5Z"),
        status_changed_at: moment("2026-01-01T00:00:00Z"),
        version: PortOneVersion::V2,
        channel: None,
        custom_data: None,
        pg_tx_id: None,
    }
}

fn verified() -> VerifiedIdentityVerification {
    let ready = ready();
    VerifiedIdentityVerification {
        status: VerifiedStatus::Value,
        id: ready.id,
        verified_customer: IdentityVerificationVerifiedCustomer {
            name: "홍길동".into(),
            birth_date: Some(jiff::civil::date(1990, 1, 1).into()),
            is_foreigner: Some(false.into()),
            ..Default::default()
        },
        requested_at: ready.requested_at,
        updated_at: ready.updated_at,
        status_changed_at: ready.status_changed_at,
        verified_at: ready.updated_at,
        pg_tx_id: "22800000000001".to_owned(),
        pg_raw_response: "{}".into(),
        version: ready.version,
        channel: None,
        custom_data: None,
    }
}

#[test]
fn an_answer_leaves_out_what_it_has_no_value_for() {
    assert_eq!(
        serde_json::to_value(ready()).unwrap(),
        json!({
            "status": "READY", "id": "iv1", "requestedCustomer": {"name": "홍길동"},
            "requestedAt": "2026-01-01T00:00:00Z", "updatedAt": "2026-01-01T00:00:00.5Z",
            "statusChangedAt": "2026-01-01T00:00:00Z", "version": "V2",
        })
    );
    assert_eq!(
        serde_json::to_value(SendIdentityVerificationResponse {}).unwrap(),
        json!({})
    );
    let erased = IdentityVerificationVerifiedCustomer::default();
    assert_eq!(serde_json::to_value(erased).unwrap(), json!({"name": ""}));
}

#[test]
fn a_verified_answer_has_its_status_alone_as_well_as_in_a_list() {
    let alone = serde_json::to_value(ConfirmIdentityVerificationResponse {
        identity_verification: verified(),
    })
    .unwrap();
    let listed =
        serde_json::to_value(IdentityVerification::Verified(Box::new(verified()))).unwrap();
    assert_eq!(alone["identityVerification"], listed);
    assert_eq!(listed["status"], "VERIFIED");
    assert_eq!(
        listed["verifiedCustomer"],
        json!({"name": "홍길동", "birthDate": "1990-01-01", "isForeigner": false})
    );
}

#[test]
fn a_client_reads_each_shape_back_by_its_status() {
    let failed = FailedIdentityVerification {
        status: FailedStatus::Value,
        id: "iv2".to_owned(),
        requested_customer: IdentityVerificationRequestedCustomer::default(),
        requested_at: ready().requested_at,
        updated_at: ready().updated_at,
        status_changed_at: ready().status_changed_at,
        failure: IdentityVerificationFailure::default(),
        version: PortOneVersion::V2,
        channel: None,
        custom_data: None,
        pg_tx_id: None,
    };
    let shapes = [
        IdentityVerification::Failed(Box::new(failed)),
        IdentityVerification::Ready(Box::new(ready())),
        IdentityVerification::Verified(Box::new(verified())),
    ];
    for (shape, status) in shapes.iter().zip([
        IdentityVerificationStatus::Failed,
        IdentityVerificationStatus::Ready,
        IdentityVerificationStatus::Verified,
    ]) {
        let text = serde_json::to_string(shape).unwrap();
        let read: IdentityVerification = serde_json::from_str(&text).unwrap();
        assert_eq!(&read, shape);
        assert_eq!(read.status(), status);
    }
    let mut foreign = serde_json::to_value(ready()).unwrap();
    foreign["status"] = json!("UNKNOWN");
    assert!(serde_json::from_value::<IdentityVerification>(foreign).is_err());
}

#[test]
fn an_error_has_a_type_a_message_and_only_from_kcp_its_code() {
    let forbidden = ErrorBody::new(ApiErrorKind::Forbidden, "이 상점에 접근할 권한이 없습니다.");
    assert_eq!(forbidden.status(), 403);
    assert_eq!(
        serde_json::to_value(&forbidden).unwrap(),
        json!({"type": "FORBIDDEN", "message": "이 상점에 접근할 권한이 없습니다."})
    );
    let refused = ErrorBody::pg_provider("KCP가 거절했습니다.", "SB11", "인증번호 불일치");
    assert_eq!(refused.status(), 502);
    assert_eq!(
        serde_json::to_value(&refused).unwrap(),
        json!({"type": "PG_PROVIDER", "message": "KCP가 거절했습니다.", "pgCode": "SB11", "pgMessage": "인증번호 불일치"})
    );
    let read: ErrorBody = serde_json::from_value(serde_json::to_value(&refused).unwrap()).unwrap();
    assert_eq!(read, refused);
}

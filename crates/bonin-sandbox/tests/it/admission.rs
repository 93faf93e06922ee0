//! What every call goes through: fields, merchant, certificate, signature.

use serde_json::json;

use crate::client::{BIRTH, NAME, PHONE, World, text, with};

#[tokio::test]
async fn any_tampered_signed_field_breaks_the_signature() {
    let world = World::start().await;
    for call in [
        world.name_check("SKT", ""),
        world.inquiry("2400", "KTM"),
        world.inquiry("2700", "KTM"),
    ] {
        for (field, value) in [
            ("phone_no", "01012345679"),
            ("birth_day", "19900102"),
            ("user_name", "홍길순"),
            ("local_code", "02"),
            ("sex_code", "02"),
        ] {
            world
                .expect(&with(call.clone(), json!({field: value})), "SB91")
                .await;
        }
    }
    for (field, value) in [("phone_no", "01012345679"), ("user_name", "홍길순")] {
        world
            .expect(&with(world.push("SKT", ""), json!({field: value})), "SB91")
            .await;
    }
    assert_eq!(world.get("/sandbox/messages").await, json!([]));
    assert_eq!(world.get("/sandbox/pass-requests").await, json!([]));
}

#[tokio::test]
async fn a_missing_or_broken_signature_is_refused() {
    let world = World::start().await;
    let call = world.name_check("SKT", "");
    let whole = text(&call, "kcp_sign_data");
    for signature in [
        "",
        "AAAA",
        "not base64!",
        &whole[..whole.len() - 4],
        &world.merchant.sign(&[PHONE, NAME]),
    ] {
        world
            .expect(
                &with(call.clone(), json!({"kcp_sign_data": signature})),
                "SB91",
            )
            .await;
    }
    let mut missing = call.clone();
    missing.as_object_mut().unwrap().remove("kcp_sign_data");
    world.expect(&missing, "SB91").await;
    world.expect(&call, "0000").await;
}

#[tokio::test]
async fn a_foreign_or_broken_certificate_is_refused_on_every_call() {
    let world = World::start().await;
    let foreign = world.another_merchant(json!({"siteCd": "F0001"})).await;
    let per_cert_no = world.sms_sent().await;
    for call in [
        world.name_check("SKT", ""),
        world.push("SKT", ""),
        world.send_sms(&per_cert_no, "SKT"),
        world.confirm(&per_cert_no, "SKT", "000000"),
        world.result(&json!({"per_cert_no": per_cert_no, "comm_id": "SKT"})),
    ] {
        for certificate in [
            &foreign.certificate_line,
            "",
            "-----BEGIN CERTIFICATE-----AAAA-----END CERTIFICATE-----",
        ] {
            world
                .expect(
                    &with(call.clone(), json!({"kcp_cert_info": certificate})),
                    "SB91",
                )
                .await;
        }
    }
    // Signed with the foreign key, beside the right certificate.
    let signature = foreign.sign(&[PHONE, BIRTH, NAME, "01", "01"]);
    world
        .expect(
            &with(
                world.name_check("SKT", ""),
                json!({"kcp_sign_data": signature}),
            ),
            "SB91",
        )
        .await;
}

#[tokio::test]
async fn an_expired_certificate_is_refused() {
    let world = World::start().await;
    let merchant = world
        .another_merchant(json!({"siteCd": "E0001", "certificate": "expired"}))
        .await;
    let call = world.name_check_by(&merchant, "SKT", "", PHONE, NAME, BIRTH);
    let answer = world.expect(&call, "SB91").await;
    assert!(text(&answer, "res_msg").contains("유효기간"));

    let changed = world.control(
        reqwest::Method::PUT,
        "/sandbox/merchants/E0001",
        Some(json!({"certificate": "valid"})),
    );
    assert_eq!(changed.await.status(), 200);
    let credentials = world.get("/sandbox/merchants/E0001/credentials").await;
    let renewed = crate::client::Merchant::open(&credentials);
    world
        .expect(
            &world.name_check_by(&renewed, "SKT", "", PHONE, NAME, BIRTH),
            "0000",
        )
        .await;
}

#[tokio::test]
async fn a_merchant_nobody_knows_is_told_so_and_one_cannot_speak_of_anothers_verifications() {
    let world = World::start().await;
    world
        .expect(
            &with(world.name_check("SKT", ""), json!({"site_cd": "X0001"})),
            "SB92",
        )
        .await;

    let other = world.another_merchant(json!({"siteCd": "O0001"})).await;
    let per_cert_no = world.sms_sent().await;
    let confirm = world.confirm(&per_cert_no, "SKT", &world.newest_otp().await);
    let as_other = json!({"site_cd": other.site_cd, "kcp_cert_info": other.certificate_line});
    world.expect(&with(confirm.clone(), as_other), "SB94").await;
    world.expect(&confirm, "0000").await;
}

#[tokio::test]
async fn a_bad_field_is_named() {
    let world = World::start().await;
    let long = "가".repeat(51);
    let long = long.as_str();
    let check = world.name_check("SKT", "");
    let sent = world.sms_sent().await;
    for (field, values) in [
        ("tx_type", vec![json!(null), json!("9999"), json!(2100)]),
        ("site_cd", vec![json!(null), json!(""), json!(5)]),
        ("pay_method", vec![json!(null), json!("CARD")]),
        ("kcp_web_yn", vec![json!("Y")]),
        ("cert_type", vec![json!("02")]),
        ("cust_ip", vec![json!(["127.0.0.1"])]),
        ("ordr_idxx", vec![json!(""), json!(long), json!("a\nb")]),
        (
            "phone_no",
            vec![
                json!("010-1234-5678"),
                json!("0212345678"),
                json!("010"),
                json!(1012345678),
            ],
        ),
        ("comm_id", vec![json!("KT"), json!("skt"), json!({})]),
        (
            "user_name",
            vec![
                json!(""),
                json!("홍^길동"),
                json!("홍\u{0}길동"),
                json!(long),
            ],
        ),
        (
            "birth_day",
            vec![json!("1990-01-01"), json!("19901301"), json!("900101")],
        ),
        ("local_code", vec![json!("1"), json!("03")]),
        ("sex_code", vec![json!("M")]),
        ("web_siteid", vec![json!("J012345678901"), json!("한글")]),
        ("media_type", vec![json!(""), json!("MC03")]),
        (
            "cp_sms_msg",
            vec![json!("인증번호"), json!("[00000]"), json!("[000000]\u{7}")],
        ),
        (
            "cp_callback",
            vec![
                json!("070-1234-5678"),
                json!("060-123-4567"),
                json!("0212345678a"),
                json!("--"),
            ],
        ),
    ] {
        for value in values {
            let answer = world
                .expect(&with(check.clone(), json!({field: value})), "SB93")
                .await;
            assert!(
                text(&answer, "res_msg").contains(field),
                "{field}: {answer}"
            );
        }
    }
    for (field, value) in [
        ("otp_no", "12345a"),
        ("otp_no", ""),
        ("adl_agree_yn", "y"),
        ("per_cert_no", ""),
    ] {
        let answer = world
            .expect(
                &with(world.confirm(&sent, "SKT", "123456"), json!({field: value})),
                "SB93",
            )
            .await;
        assert!(
            text(&answer, "res_msg").contains(field),
            "{field}: {answer}"
        );
    }
}

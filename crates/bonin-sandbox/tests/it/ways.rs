//! SMS and PASS from the first call to the last, for all six operators.

use serde_json::{Value, json};

use crate::client::{NAME, OPERATORS, PHONE, World, text, with};

fn assert_linkage(answer: &Value) {
    let (ci, di) = (text(answer, "CI"), text(answer, "DI"));
    assert_eq!((ci.len(), di.len()), (88, 64));
    let decoded = |twin: &str| {
        twin.replace("%2B", "+")
            .replace("%2F", "/")
            .replace("%3D", "=")
    };
    assert_eq!(decoded(&text(answer, "CI_URL")), ci);
    assert_eq!(decoded(&text(answer, "DI_URL")), di);
    assert!(!text(answer, "CI_URL").contains(['+', '/', '=']));
}

#[tokio::test]
async fn an_sms_verifies_for_all_six_operators() {
    let world = World::start().await;
    for comm_id in OPERATORS {
        let earlier = if matches!(comm_id, "KTM" | "LGM") {
            let inquiry = world.expect(&world.inquiry("2400", comm_id), "0000").await;
            assert_eq!(
                (&inquiry["phone_no"], &inquiry["comm_id"]),
                (&json!(PHONE), &json!(comm_id))
            );
            assert!(!text(&inquiry, "mvno_name").is_empty());
            text(&inquiry, "per_cert_no")
        } else {
            String::new()
        };
        let message = json!({"cp_sms_msg": "[TEST SHOP]이용자번호는[000000]입니다.", "cp_callback": "02-1670-5176"});
        let checked = world
            .expect(
                &with(world.name_check(comm_id, &earlier), message.clone()),
                "0000",
            )
            .await;
        for (field, value) in [
            ("order_id", "ORDER1"),
            ("phone_no", PHONE),
            ("comm_id", comm_id),
            ("iden_only_yn", "N"),
        ] {
            assert_eq!(checked[field], value, "{comm_id} {field}");
        }
        for field in [
            "safe_guard_yn",
            "usim_otp_yn",
            "cert_num_guard_yn",
            "van_tx_id",
            "auth_tx_id",
        ] {
            assert!(!text(&checked, field).is_empty());
        }
        assert!(checked.get("CI").is_none());
        let per_cert_no = text(&checked, "per_cert_no");
        assert!(earlier.is_empty() || earlier == per_cert_no);

        if matches!(comm_id, "SKT" | "KTF") {
            assert_eq!(checked["sms_snd_yn"], "Y");
        } else {
            assert_eq!(checked["sms_snd_yn"], "N");
            assert_ne!(
                world.get("/sandbox/messages").await[0]["perCertNo"],
                json!(per_cert_no)
            );
            let sent = world
                .expect(
                    &with(world.send_sms(&per_cert_no, comm_id), message),
                    "0000",
                )
                .await;
            assert_eq!(
                (&sent["sms_snd_yn"], &sent["per_cert_no"]),
                (&json!("Y"), &json!(per_cert_no))
            );
        }

        let sms = &world.get(&format!("/sandbox/messages?phone={PHONE}")).await[0];
        let otp = text(sms, "otp");
        assert!(otp.len() == 6 && otp.bytes().all(|b| b.is_ascii_digit()));
        assert_eq!(sms["text"], format!("[TEST SHOP]이용자번호는{otp}입니다."));
        assert_eq!(
            (&sms["to"], &sms["from"]),
            (&json!(PHONE), &json!("02-1670-5176"))
        );
        assert_eq!(sms["perCertNo"], per_cert_no);

        let confirmed = world
            .expect(&world.confirm(&per_cert_no, comm_id, &otp), "0000")
            .await;
        assert_eq!(
            (&confirmed["phone_no"], &confirmed["comm_id"]),
            (&json!(PHONE), &json!(comm_id))
        );
        assert_eq!(confirmed["per_cert_no"], per_cert_no);
        assert_linkage(&confirmed);
        world
            .expect(&world.confirm(&per_cert_no, comm_id, &otp), "SB94")
            .await;
    }
}

#[tokio::test]
async fn a_pass_request_verifies_for_all_six_operators_with_and_without_the_mvno_inquiry() {
    let world = World::start().await;
    for comm_id in OPERATORS {
        for inquires in [false, true] {
            let earlier = if inquires {
                text(
                    &world.expect(&world.inquiry("2700", comm_id), "0000").await,
                    "per_cert_no",
                )
            } else {
                String::new()
            };
            let pushed = world.expect(&world.push(comm_id, &earlier), "0000").await;
            assert_eq!(
                (&pushed["phone_no"], &pushed["comm_id"]),
                (&json!(PHONE), &json!(comm_id))
            );
            assert_eq!(text(&pushed, "birth_day").len(), 8);
            assert_eq!(pushed["birth_day"] == "19900101", inquires);
            for field in ["sex_code", "local_code"] {
                assert!(matches!(text(&pushed, field).as_str(), "01" | "02"));
            }
            assert_eq!(
                pushed.get("auth_tx_id").is_some(),
                matches!(comm_id, "SKT" | "SKM")
            );
            world.expect(&world.result(&pushed), "SB21").await;

            let request = &world
                .get(&format!("/sandbox/pass-requests?phone={PHONE}"))
                .await[0];
            assert_eq!(
                (&request["name"], &request["phone"]),
                (&json!(NAME), &json!(PHONE))
            );
            assert_eq!(
                (&request["state"], &request["perCertNo"]),
                (&json!("pending"), &pushed["per_cert_no"])
            );
            assert_eq!(
                world.decide(&text(request, "id"), "approve").await.status(),
                200
            );

            let result = world.expect(&world.result(&pushed), "0000").await;
            assert_eq!(result["per_cert_no"], pushed["per_cert_no"]);
            assert_linkage(&result);
            // A client that lost the answer may ask again.
            assert_eq!(world.expect(&world.result(&pushed), "0000").await, result);
        }
    }
}

#[tokio::test]
async fn a_pass_request_refused_on_the_phone_stays_refused() {
    let world = World::start().await;
    let pushed = world.expect(&world.push("KTF", ""), "0000").await;
    let id = world.newest_pass_request().await;
    assert_eq!(world.decide(&id, "reject").await.status(), 200);
    world.expect(&world.result(&pushed), "SB22").await;
    assert_eq!(world.decide(&id, "reject").await.status(), 200);
    assert_eq!(world.decide(&id, "approve").await.status(), 400);
    world.expect(&world.result(&pushed), "SB22").await;
}

#[tokio::test]
async fn skt_and_its_mvnos_want_the_auth_tx_id_back() {
    let world = World::start().await;
    for comm_id in ["SKT", "SKM"] {
        let pushed = world.expect(&world.push(comm_id, ""), "0000").await;
        world
            .decide(&world.newest_pass_request().await, "approve")
            .await;
        let mut call = world.result(&pushed);
        call["auth_tx_id"] = "0123456789abcdef".into();
        world.expect(&call, "SB94").await;
        call.as_object_mut().unwrap().remove("auth_tx_id");
        world.expect(&call, "SB94").await;
        world.expect(&world.result(&pushed), "0000").await;
    }
}

#[tokio::test]
async fn calls_out_of_order_are_refused() {
    let world = World::start().await;
    for comm_id in ["KTM", "LGM"] {
        world.expect(&world.name_check(comm_id, ""), "SB94").await;
        world
            .expect(&world.name_check(comm_id, "no-such-number"), "SB94")
            .await;
    }
    world.expect(&world.inquiry("2400", "SKT"), "SB93").await;
    world
        .expect(&world.send_sms("no-such-number", "SKT"), "SB94")
        .await;
    world
        .expect(&world.confirm("no-such-number", "SKT", "123456"), "SB94")
        .await;

    // The SMS has not left yet.
    let checked = world.expect(&world.name_check("LGT", ""), "0000").await;
    let per_cert_no = text(&checked, "per_cert_no");
    world
        .expect(&world.confirm(&per_cert_no, "LGT", "123456"), "SB94")
        .await;
    // Another operator than the one it began with.
    world
        .expect(&world.send_sms(&per_cert_no, "SKT"), "SB94")
        .await;
    // An SMS verification is no PASS verification, nor the other way round.
    let as_pass = json!({"per_cert_no": per_cert_no, "comm_id": "LGT"});
    world.expect(&world.result(&as_pass), "SB94").await;
    world.expect(&world.push("LGT", &per_cert_no), "SB94").await;
    let pushed = world.expect(&world.push("LGT", ""), "0000").await;
    world
        .expect(
            &world.send_sms(&text(&pushed, "per_cert_no"), "LGT"),
            "SB94",
        )
        .await;

    // The inquiry before SMS does for SMS only, and for the same person only.
    let inquiry = text(
        &world.expect(&world.inquiry("2400", "KTM"), "0000").await,
        "per_cert_no",
    );
    world.expect(&world.push("KTM", &inquiry), "SB94").await;
    let other = world.name_check_by(
        &world.merchant,
        "KTM",
        &inquiry,
        PHONE,
        "김철수",
        "19900101",
    );
    world.expect(&other, "SB94").await;
    world
        .expect(&world.name_check("KTM", &inquiry), "0000")
        .await;
    world
        .expect(&world.name_check("KTM", &inquiry), "SB94")
        .await;
}

#[tokio::test]
async fn a_contract_with_the_name_check_alone_never_sends_an_sms() {
    let world = World::start().await;
    let merchant = world
        .another_merchant(json!({"siteCd": "N0001", "nameCheckOnly": true}))
        .await;
    let call = world.name_check_by(&merchant, "SKT", "", PHONE, NAME, "19900101");
    let checked = world.expect(&call, "0000").await;
    assert_eq!(
        (&checked["iden_only_yn"], &checked["sms_snd_yn"]),
        (&json!("Y"), &json!("N"))
    );
    assert_linkage(&checked);
    let follow = json!({"site_cd": merchant.site_cd, "kcp_cert_info": merchant.certificate_line});
    let per_cert_no = text(&checked, "per_cert_no");
    world
        .expect(
            &with(world.send_sms(&per_cert_no, "SKT"), follow.clone()),
            "SB94",
        )
        .await;
    world
        .expect(
            &with(world.confirm(&per_cert_no, "SKT", "123456"), follow),
            "SB94",
        )
        .await;
    assert_eq!(world.get("/sandbox/messages").await, json!([]));
}

#[tokio::test]
async fn ci_is_the_persons_everywhere_and_di_the_persons_at_one_site() {
    let world = World::start().await;
    world.settings(json!({"fixedOtp": "000000"})).await;
    let bookshop = world.another_merchant(json!({"siteCd": "B0001"})).await;
    let without_ci = world
        .another_merchant(json!({"siteCd": "C0001", "providesCi": false}))
        .await;

    let verify = async |merchant, phone: &str, name: &str, birth: &str, site: &str| {
        let call = with(
            world.name_check_by(merchant, "SKT", "", phone, name, birth),
            json!({"web_siteid": site}),
        );
        let checked = world.expect(&call, "0000").await;
        let confirm = with(
            world.confirm(&text(&checked, "per_cert_no"), "SKT", "000000"),
            json!({"site_cd": merchant.site_cd, "kcp_cert_info": merchant.certificate_line}),
        );
        let confirmed = world.expect(&confirm, "0000").await;
        (confirmed.get("CI").cloned(), text(&confirmed, "DI"))
    };
    let first = verify(&world.merchant, PHONE, NAME, "19900101", "").await;
    assert_eq!(
        verify(&world.merchant, "01099998888", NAME, "19900101", "").await,
        first,
        "another phone"
    );
    let at_bookshop = verify(&bookshop, PHONE, NAME, "19900101", "").await;
    assert_eq!(at_bookshop.0, first.0, "the same CI everywhere");
    assert_ne!(at_bookshop.1, first.1, "another DI at another site");
    let site = verify(&world.merchant, PHONE, NAME, "19900101", "J01234567890").await;
    assert_ne!(site.1, first.1);
    assert_eq!(
        verify(&bookshop, PHONE, NAME, "19900101", "J01234567890")
            .await
            .1,
        site.1,
        "the site decides"
    );
    let somebody_else = verify(&world.merchant, PHONE, NAME, "19900102", "").await;
    assert!(somebody_else.0 != first.0 && somebody_else.1 != first.1);
    assert_eq!(
        verify(&without_ci, PHONE, NAME, "19900101", "").await.0,
        None
    );

    let again = World::start().await;
    again.settings(json!({"fixedOtp": "000000"})).await;
    let per_cert_no = again.sms_sent().await;
    let confirmed = again
        .expect(&again.confirm(&per_cert_no, "SKT", "000000"), "0000")
        .await;
    assert_eq!(
        (confirmed.get("CI").cloned(), text(&confirmed, "DI")),
        first,
        "after a restart too"
    );
}

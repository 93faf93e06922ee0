//! The window: a merchant that is not ours registers, its customer goes through the pages, and it decrypts who that was.

use std::time::{Duration, Instant};

use bonin_sandbox::{Sandbox, SandboxConfig};
use reqwest::Method;
use serde_json::{Value, json};

use crate::client::{BIRTH, NAME, OPERATORS, PHONE, World, text, wrong};
use crate::window_client::{Browser, ENC_KEY, RET_URL, SITE_CD, Shop, unique};

fn shop() -> Shop {
    Shop::default_one()
}

#[tokio::test]
async fn a_foreign_client_verifies_a_person_by_sms_with_each_operator() {
    let world = World::start().await;
    for operator in OPERATORS {
        let changes = json!({"param_opt_1": "하나 & \"><script>", "web_siteid": "J01234567890"});
        let registered = world.expect_registration(&shop(), changes, "0000").await;
        let (key, order) = (
            text(&registered, "reg_cert_key"),
            text(&registered, "ordr_idxx"),
        );
        let mut browser = Browser::new();
        browser.open(&registered).await;
        assert_eq!(browser.step(), "operator");
        browser.to_proof(operator, "SMS").await;
        assert_eq!(world.query(&shop(), &key, &order).await["res_cd"], "SB21");

        let otp = world.newest_otp().await;
        browser.submit("/number", &[("otp", &wrong(&otp))]).await;
        assert_eq!(browser.step(), "number");
        assert!(
            browser.page.contains("인증번호가 일치하지 않습니다."),
            "{}",
            browser.page
        );
        browser.submit("/number", &[("otp", &otp)]).await;

        let form = browser.return_post();
        assert_eq!(form.action, RET_URL);
        let expected = [
            ("ordr_idxx", order.as_str()),
            ("param_opt_1", "하나 & \"><script>"),
            ("param_opt_2", ""),
            ("param_opt_3", ""),
            ("res_cd", "0000"),
            ("res_msg", "%EC%A0%95%EC%83%81%EC%B2%98%EB%A6%AC"),
            ("site_cd", SITE_CD),
        ];
        let posted: Vec<_> = form
            .fields
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        assert_eq!(posted, expected);

        let result = world.window_result(&shop(), &registered).await;
        for (field, value) in [
            ("res_cd", "0000"),
            ("user_name", NAME),
            ("birth_day", BIRTH),
            ("phone_no", PHONE),
            ("comm_id", operator),
            ("sex_code", "01"),
            ("local_code", "01"),
        ] {
            assert_eq!(result[field], value, "{field}");
        }
        assert_eq!(
            text(&result, "per_cert_no"),
            text(&world.get("/sandbox/messages").await[0], "perCertNo")
        );
        assert_eq!(
            (text(&result, "CI").len(), text(&result, "DI").len()),
            (88, 64)
        );
        assert_eq!(
            world.window_result(&shop(), &registered).await,
            result,
            "the query may be repeated"
        );
    }
}

#[tokio::test]
async fn the_window_and_the_hub_know_the_same_person() {
    let world = World::start().await;
    let (registered, mut browser) = world.open_window().await;
    browser.to_proof("SKT", "SMS").await;
    browser
        .submit("/number", &[("otp", &world.newest_otp().await)])
        .await;
    let by_window = world.window_result(&shop(), &registered).await;
    let per_cert_no = world.sms_sent().await;
    let confirm = world.confirm(&per_cert_no, "SKT", &world.newest_otp().await);
    let by_hub = world.expect(&confirm, "0000").await;
    for field in ["CI", "DI", "CI_URL", "DI_URL"] {
        assert_eq!(by_window[field], by_hub[field], "{field}");
    }
}

#[tokio::test]
async fn pass_waits_for_the_app_and_can_be_asked_for_again() {
    let world = World::start().await;
    let (registered, mut browser) = world.open_window().await;
    browser.to_proof("SKT", "PASS").await;
    let state = browser.address.clone() + "/state";
    assert_eq!(
        world
            .http
            .get(&state)
            .send()
            .await
            .unwrap()
            .json::<Value>()
            .await
            .unwrap(),
        json!({"state": "pending"})
    );
    browser.submit("/pass", &[]).await;
    assert!(
        browser
            .page
            .contains("PASS 앱에서 아직 인증이 완료되지 않았습니다.")
    );

    let first = world.newest_pass_request().await;
    world.decide(&first, "reject").await;
    browser.get(&browser.address.clone()).await;
    assert!(
        browser.page.contains("PASS 앱에서 인증이 거절되었습니다."),
        "{}",
        browser.page
    );
    browser.submit("/resend", &[]).await;
    assert!(
        browser.page.contains("다시 요청했습니다."),
        "{}",
        browser.page
    );
    let second = world.newest_pass_request().await;
    assert_ne!(first, second);
    world.decide(&second, "approve").await;
    assert_eq!(
        world
            .http
            .get(&state)
            .send()
            .await
            .unwrap()
            .json::<Value>()
            .await
            .unwrap(),
        json!({"state": "approved"})
    );
    browser.submit("/pass", &[]).await;
    assert_eq!(browser.return_post().fields["res_cd"], "0000");
    assert_eq!(
        world.window_result(&shop(), &registered).await["birth_day"],
        BIRTH
    );
}

#[tokio::test]
async fn an_older_pass_request_no_longer_counts() {
    let world = World::start().await;
    let (_, mut browser) = world.open_window().await;
    browser.to_proof("KTF", "PASS").await;
    let first = world.newest_pass_request().await;
    browser.submit("/resend", &[]).await;
    world.decide(&first, "approve").await;
    browser.submit("/pass", &[]).await;
    assert_eq!(browser.step(), "pass");
}

#[tokio::test]
async fn a_person_can_cancel_on_every_page() {
    let world = World::start().await;
    for step in ["operator", "terms", "method", "person", "number", "pass"] {
        let (registered, mut browser) = world.open_window().await;
        match step {
            "operator" => {}
            "terms" => browser.submit("/operator", &[("operator", "SKT")]).await,
            "method" => {
                browser.submit("/operator", &[("operator", "SKT")]).await;
                browser.submit("/terms", &[]).await;
            }
            "person" => browser.to_person("SKT", "SMS").await,
            "number" => browser.to_proof("SKT", "SMS").await,
            _ => browser.to_proof("SKT", "PASS").await,
        }
        assert_eq!(browser.step(), step);
        browser.submit("/cancel", &[]).await;
        let form = browser.return_post();
        assert_eq!(form.fields["res_cd"], "9999");
        let message = "%EC%82%AC%EC%9A%A9%EC%9E%90%EA%B0%80%20%EC%9D%B8%EC%A6%9D%EC%9D%84%20%EC%B7%A8%EC%86%8C%ED%95%98%EC%98%80%EC%8A%B5%EB%8B%88%EB%8B%A4";
        assert_eq!(form.fields["res_msg"], message);
        assert_eq!(form.fields["ordr_idxx"], text(&registered, "ordr_idxx"));
        let answer = world
            .query(
                &shop(),
                &text(&registered, "reg_cert_key"),
                &text(&registered, "ordr_idxx"),
            )
            .await;
        assert_eq!(
            (&answer["res_cd"], &answer["res_msg"]),
            (&json!("9999"), &json!("사용자가 인증을 취소하였습니다"))
        );
        // Over is over: nothing of the window can be done any more.
        let number = browser.address.replace("/return", "/number");
        browser
            .post(&number, &[("otp", &world.newest_otp_or_none().await)])
            .await;
        assert_eq!(browser.return_post().fields["res_cd"], "9999");
    }
}

impl World {
    async fn newest_otp_or_none(&self) -> String {
        let messages = self.get("/sandbox/messages").await;
        messages[0]["otp"].as_str().unwrap_or("000000").to_owned()
    }
}

#[tokio::test]
async fn a_verified_window_cannot_be_cancelled_afterwards() {
    let world = World::start().await;
    let (registered, mut browser) = world.open_window().await;
    browser.to_proof("SKT", "SMS").await;
    let cancel = browser.address.replace("/number", "/cancel");
    browser
        .submit("/number", &[("otp", &world.newest_otp().await)])
        .await;
    browser.post(&cancel, &[]).await;
    assert_eq!(browser.return_post().fields["res_cd"], "0000");
    world.window_result(&shop(), &registered).await;
}

#[tokio::test]
async fn what_kcp_refuses_at_registration_is_refused() {
    let world = World::start().await;
    let right = shop().registration("R1");
    let (data, rv) = shop().encrypt(&right.to_string());
    let refused = async |headers: &[(&str, &str)], body: &str, res_cd: &str| {
        let response = world.register_raw(headers, body.to_owned()).await;
        assert_eq!(response.status(), 200);
        let answer: Value = response.json().await.unwrap();
        assert_eq!(
            answer["res_cd"], res_cd,
            "{headers:?} {body:.20} -> {answer}"
        );
        assert!(!text(&answer, "res_msg").is_empty());
    };
    for (site_cd, sent_rv, body, res_cd) in [
        ("ZZZZZ", rv.as_str(), data.as_str(), "SB92"),
        ("", &rv, &data, "SB93"),
        (SITE_CD, "", &data, "SB93"),
        (SITE_CD, "AAAA", &data, "SB91"),
        (SITE_CD, "not base64", &data, "SB91"),
        (SITE_CD, &rv, "", "SB91"),
        (SITE_CD, &rv, "not base64", "SB91"),
        (SITE_CD, &rv, &right.to_string(), "SB91"),
        (SITE_CD, "AAAAAAAAAAAAAAAAAAAAAA==", &data, "SB91"),
    ] {
        refused(&[("site_cd", site_cd), ("rv", sent_rv)], body, res_cd).await;
    }
    refused(&[("rv", &rv)], &data, "SB93").await;
    refused(&[("site_cd", SITE_CD)], &data, "SB93").await;
    let stranger = Shop {
        enc_key: "0".repeat(64),
        ..shop()
    };
    let (data, rv) = stranger.encrypt(&right.to_string());
    refused(&[("site_cd", SITE_CD), ("rv", &rv)], &data, "SB91").await;
    for plaintext in ["", "[]", "null", "{", "{\"site_cd\":\"AO7F3\"}"] {
        let (data, rv) = shop().encrypt(plaintext);
        refused(&[("site_cd", SITE_CD), ("rv", &rv)], &data, "SB93").await;
    }
    // Nothing that was refused has used the order number up.
    assert_eq!(world.register(&shop(), &right).await["res_cd"], "0000");
    assert_eq!(world.register(&shop(), &right).await["res_cd"], "SB94");
}

#[tokio::test]
async fn each_field_of_a_registration_is_held_to_kcps_limits() {
    let world = World::start().await;
    let address = |length: usize| format!("http://127.0.0.1/{}", "r".repeat(length - 17));
    for changes in [
        json!({"ordr_idxx": format!("{}{}", "x".repeat(40), unique())}),
        json!({"Ret_URL": address(256)}),
        json!({"Ret_URL": "https://LOCALHOST:8443/a?b=c#d"}),
        json!({"web_siteid": "J01234567890"}),
        json!({"web_siteid": null, "param_opt_1": null, "param_opt_2": "가".repeat(500)}),
    ] {
        world.expect_registration(&shop(), changes, "0000").await;
    }
    for changes in [
        json!({"site_cd": "T0001"}),
        json!({"site_cd": null}),
        json!({"ordr_idxx": ""}),
        json!({"ordr_idxx": 1}),
        json!({"ordr_idxx": "x".repeat(51)}),
        json!({"ordr_idxx": "a\nb"}),
        json!({"Ret_URL": ""}),
        json!({"Ret_URL": address(257)}),
        json!({"Ret_URL": "/return"}),
        json!({"Ret_URL": "javascript:alert(1)"}),
        json!({"Ret_URL": "http://user@127.0.0.1/"}),
        json!({"web_siteid": "J012345678901"}),
        json!({"web_siteid": "J 1"}),
        json!({"param_opt_1": "x".repeat(501)}),
        json!({"param_opt_3": {"a": 1}}),
    ] {
        world.expect_registration(&shop(), changes, "SB93").await;
    }
}

#[tokio::test]
async fn the_window_goes_back_only_to_hosts_that_the_merchant_has_set() {
    let world = World::start().await;
    for host in [
        "shop.example",
        "127.0.0.1.shop.example",
        "127.0.0.2",
        "[::1]",
        "xlocalhost",
    ] {
        let answer = world
            .expect_registration(
                &shop(),
                json!({"Ret_URL": format!("http://{host}/")}),
                "CS24",
            )
            .await;
        assert!(
            text(&answer, "res_msg").contains("인증결과URL설정"),
            "{answer}"
        );
    }
    let hosts = json!({"resultUrlHosts": ["shop.example", "[::1]"]});
    let path = format!("/sandbox/merchants/{SITE_CD}");
    assert_eq!(
        world
            .control(Method::PUT, &path, Some(hosts))
            .await
            .status(),
        200
    );
    world
        .expect_registration(&shop(), json!({"Ret_URL": "https://shop.example/"}), "0000")
        .await;
    world
        .expect_registration(&shop(), json!({"Ret_URL": "http://[::1]:8787/"}), "0000")
        .await;
    world
        .expect_registration(&shop(), json!({"Ret_URL": RET_URL}), "CS24")
        .await;
}

#[tokio::test]
async fn ci_comes_only_where_the_merchants_contract_has_it() {
    let world = World::start().await;
    let merchant = json!({"siteCd": "NOCI1", "encKey": "k1", "resultUrlHosts": ["127.0.0.1"], "providesCi": false});
    world.post("/sandbox/merchants", merchant).await;
    let shop = Shop {
        site_cd: "NOCI1".into(),
        enc_key: "k1".into(),
    };
    let registered = world.expect_registration(&shop, json!({}), "0000").await;
    let mut browser = Browser::new();
    browser.open(&registered).await;
    browser.to_proof("LGT", "SMS").await;
    browser
        .submit("/number", &[("otp", &world.newest_otp().await)])
        .await;
    let result = world.window_result(&shop, &registered).await;
    assert!(
        result.get("CI").is_none() && result.get("CI_URL").is_none(),
        "{result}"
    );
    assert_eq!(text(&result, "DI").len(), 64);
}

#[tokio::test]
async fn a_key_opens_one_window_in_time_and_nothing_else_does() {
    let world = World::start().await;
    let (registered, mut browser) = world.open_window().await;
    let inside = browser.address.clone();
    let call_url = text(&registered, "call_url");
    let key = text(&registered, "reg_cert_key");

    let mut second = Browser::new();
    second.open(&registered).await;
    assert_eq!(second.status, 410);
    assert!(
        second.page.contains("이미 열었던 인증창입니다"),
        "{}",
        second.page
    );
    assert!(
        second.policy.contains("frame-ancestors http://127.0.0.1:*"),
        "{}",
        second.policy
    );
    for (fields, status) in [
        (vec![], 400),
        (vec![("reg_cert_key", key.as_str())], 400),
        (
            vec![("reg_cert_key", &key), ("kcp_page_submit_yn", "X")],
            400,
        ),
        (vec![("reg_cert_key", ""), ("kcp_page_submit_yn", "Y")], 404),
        (
            vec![
                ("reg_cert_key", "0123456789abcdef0123456789abcdef"),
                ("kcp_page_submit_yn", "Y"),
            ],
            404,
        ),
    ] {
        second.post(&call_url, &fields).await;
        assert_eq!(second.status, status, "{fields:?}");
        assert!(
            second.page.contains("다시 시작해 주세요"),
            "{}",
            second.page
        );
    }
    second.get(&call_url).await;
    assert_eq!(second.status, 400);
    second
        .get(&format!("{}/window/{key}/operator", world.address))
        .await;
    assert_eq!(second.status, 404, "the key is not the window's address");

    world.settings(json!({"registrationTtlSeconds": 0})).await;
    browser.get(&inside).await;
    assert_eq!(browser.status, 410);
    assert!(
        browser.page.contains("유효시간이 지났습니다"),
        "{}",
        browser.page
    );
    let answer = world
        .query(&shop(), &key, &text(&registered, "ordr_idxx"))
        .await;
    assert_eq!(answer["res_cd"], "SB94");
    let late = world.expect_registration(&shop(), json!({}), "0000").await;
    second.open(&late).await;
    assert_eq!(second.status, 410);
}

#[tokio::test]
async fn a_query_answers_only_the_merchant_that_registered() {
    let world = World::start().await;
    let (registered, mut browser) = world.open_window().await;
    browser.to_proof("SKT", "SMS").await;
    browser
        .submit("/number", &[("otp", &world.newest_otp().await)])
        .await;
    let (key, order) = (
        text(&registered, "reg_cert_key"),
        text(&registered, "ordr_idxx"),
    );
    world
        .post("/sandbox/merchants", json!({"siteCd": "Q0001"}))
        .await;
    let other = Shop {
        site_cd: "Q0001".into(),
        enc_key: ENC_KEY.into(),
    };
    let nobody = Shop {
        site_cd: "ZZZZZ".into(),
        enc_key: ENC_KEY.into(),
    };
    for (who, key, order, res_cd) in [
        (&other, key.as_str(), order.as_str(), "SB94"),
        (&nobody, &key, &order, "SB92"),
        (&shop(), "another", &order, "SB94"),
        (&shop(), &key, "another", "SB94"),
        (&shop(), "", &order, "SB93"),
        (&shop(), &key, "", "SB93"),
        (&shop(), &key, &order, "0000"),
    ] {
        let answer = world.query(who, key, order).await;
        assert_eq!(answer["res_cd"], res_cd, "{answer}");
        assert_eq!(answer.get("enc_cert_data").is_some(), res_cd == "0000");
    }
}

#[tokio::test]
async fn no_page_can_be_reached_before_its_turn() {
    let world = World::start().await;
    let (_, mut browser) = world.open_window().await;
    let at =
        |address: &str, step: &str| address.rsplit_once('/').unwrap().0.to_owned() + "/" + step;
    let first = browser.address.clone();
    for step in ["terms", "method", "person", "number", "pass", "return"] {
        browser.get(&at(&first, step)).await;
        assert_eq!(browser.step(), "operator", "GET {step}");
        if step != "return" {
            browser
                .post(&at(&first, step), &[("method", "SMS"), ("otp", "000000")])
                .await;
            assert_eq!(browser.step(), "operator", "POST {step}");
        }
    }
    browser.post(&at(&first, "resend"), &[]).await;
    assert_eq!(browser.step(), "operator");

    // Nothing chosen, and nonsense chosen, is said.
    browser.submit("/operator", &[("operator", "NTT")]).await;
    assert!(browser.page.contains("통신사를 하나 선택해 주세요."));
    browser.submit("/operator", &[("operator", "SKT")]).await;
    browser.submit("/terms", &[("service", "")]).await;
    assert!(browser.page.contains("필수 약관에 모두 동의해야"));
    assert_eq!(
        browser.page.matches(" checked").count(),
        3,
        "what was ticked stays ticked"
    );
    browser.submit("/terms", &[("service", "Y")]).await;
    browser.submit("/method", &[("method", "FAX")]).await;
    assert!(browser.page.contains("방법을 하나 선택해 주세요."));

    // One can go back, and another operator makes what was sent before worthless.
    browser.submit("/method", &[("method", "SMS")]).await;
    browser.fill_person().await;
    assert_eq!(browser.step(), "number");
    browser.get(&first).await;
    assert_eq!(browser.step(), "operator");
    browser.submit("/operator", &[("operator", "KTF")]).await;
    browser.get(&at(&first, "number")).await;
    assert_eq!(browser.step(), "person");
}

#[tokio::test]
async fn people_are_checked_as_the_hub_checks_them() {
    let world = World::start().await;
    let person = json!({"name": NAME, "phone": PHONE, "birthDate": "1990-01-01", "gender": "MALE", "operator": "SKT", "pass": false});
    world.post("/sandbox/people", person).await;
    let (_, mut browser) = world.open_window().await;
    browser.to_person("SKT", "SMS").await;
    let right = [
        ("name", NAME),
        ("birth", "900101"),
        ("digit", "1"),
        ("phone", PHONE),
    ];
    for (field, value) in [
        ("name", "김철수"),
        ("birth", "900102"),
        ("digit", "2"),
        ("digit", "5"),
    ] {
        let fields = right.map(|(name, old)| (name, if name == field { value } else { old }));
        browser.submit("/person", &fields).await;
        assert_eq!(browser.step(), "person");
        assert!(
            browser
                .page
                .contains("통신사에 등록된 정보와 일치하지 않습니다."),
            "{}",
            browser.page
        );
    }
    for (field, value, said) in [
        ("name", "", "이름을 50자 이내로"),
        ("name", "<script>alert(1)</script>^", "이름을 50자 이내로"),
        ("birth", "901301", "주민등록번호 앞 7자리를"),
        ("digit", "", "주민등록번호 앞 7자리를"),
        ("phone", "02-123-4567", "휴대폰 번호를 확인해"),
    ] {
        let fields = right.map(|(name, old)| (name, if name == field { value } else { old }));
        browser.submit("/person", &fields).await;
        assert!(browser.page.contains(said), "{}", browser.page);
        assert!(!browser.page.contains("<script>alert"), "{}", browser.page);
    }
    assert_eq!(world.get("/sandbox/messages").await, json!([]));

    let (_, mut browser) = world.open_window().await;
    browser.to_person("SKT", "PASS").await;
    browser.fill_person().await;
    assert!(
        browser.page.contains("PASS 앱이 설치되어 있지 않습니다."),
        "{}",
        browser.page
    );

    world.settings(json!({"unknownPeople": "reject"})).await;
    browser
        .submit(
            "/person",
            &right.map(|(name, old)| (name, if name == "phone" { "01055556666" } else { old })),
        )
        .await;
    assert!(
        browser.page.contains("일치하지 않습니다."),
        "{}",
        browser.page
    );
}

#[tokio::test]
async fn numbers_are_counted_grow_old_and_are_replaced() {
    let world = World::start().await;
    let (_, mut browser) = world.open_window().await;
    browser.to_proof("SKT", "SMS").await;
    let first = world.newest_otp().await;
    for nonsense in ["", "12345", "abcdef", "１２３４５６", "1234567"] {
        browser.submit("/number", &[("otp", nonsense)]).await;
        assert!(
            browser.page.contains("인증번호 6자리를 입력해 주세요."),
            "{}",
            browser.page
        );
    }
    browser.submit("/resend", &[]).await;
    assert!(
        browser.page.contains("인증번호를 다시 보냈습니다."),
        "{}",
        browser.page
    );
    let second = world.newest_otp().await;
    if first != second {
        browser.submit("/number", &[("otp", &first)]).await;
        assert!(browser.page.contains("일치하지 않습니다."));
    }
    world.settings(json!({"otpTtlSeconds": 0})).await;
    browser.submit("/number", &[("otp", &second)]).await;
    assert!(
        browser.page.contains("인증번호의 유효시간이 지났습니다."),
        "{}",
        browser.page
    );
    world
        .settings(json!({"otpTtlSeconds": 180, "otpMaxAttempts": 2}))
        .await;
    for _ in 0..2 {
        browser.submit("/number", &[("otp", &wrong(&second))]).await;
    }
    browser.submit("/number", &[("otp", &second)]).await;
    assert!(
        browser.page.contains("입력 횟수를 초과했습니다."),
        "{}",
        browser.page
    );
    browser.submit("/resend", &[]).await;
    assert!(
        browser.page.contains("입력 횟수를 초과했습니다."),
        "{}",
        browser.page
    );
    // From the beginning it works again.
    browser
        .get(&browser.address.replace("/resend", "/person"))
        .await;
    browser.fill_person().await;
    browser
        .submit("/number", &[("otp", &world.newest_otp().await)])
        .await;
    assert_eq!(browser.return_post().fields["res_cd"], "0000");
}

#[tokio::test]
async fn one_window_cannot_flood_a_phone() {
    let world = World::start().await;
    let (_, mut browser) = world.open_window().await;
    browser.to_proof("SKT", "SMS").await;
    for _ in 0..15 {
        let resend = browser
            .address
            .replace("/number?again", "/resend")
            .replace("/number", "/resend");
        browser.post(&resend, &[]).await;
    }
    assert!(
        browser.page.contains("더 이상 인증을 요청할 수 없습니다."),
        "{}",
        browser.page
    );
    assert_eq!(
        world
            .get("/sandbox/messages")
            .await
            .as_array()
            .unwrap()
            .len(),
        10
    );
}

#[tokio::test]
async fn faults_strike_registration_and_query_as_the_hub() {
    let world = World::start().await;
    let (registered, _) = world.open_window().await;
    let (key, order) = (
        text(&registered, "reg_cert_key"),
        text(&registered, "ordr_idxx"),
    );
    let strike = async |fault: Value| {
        world.post("/sandbox/faults", fault).await;
    };
    for endpoint in ["register", "query"] {
        let path = if endpoint == "register" {
            "/api/reg/certDataReg.do"
        } else {
            "/api/query/getCertData.do"
        };
        let call = || {
            world
                .http
                .post(format!("{}{path}", world.address))
                .header("site_cd", SITE_CD)
        };
        strike(json!({"endpoint": endpoint, "kind": "http", "value": 503, "count": 1})).await;
        assert_eq!(call().send().await.unwrap().status(), 503);
        strike(json!({"endpoint": endpoint, "kind": "garbage", "count": 1})).await;
        assert!(
            call()
                .send()
                .await
                .unwrap()
                .text()
                .await
                .unwrap()
                .starts_with("<html>")
        );
        strike(json!({"endpoint": endpoint, "kind": "resCd", "value": "9562", "count": 1})).await;
        assert_eq!(
            call().send().await.unwrap().json::<Value>().await.unwrap()["res_cd"],
            "9562"
        );
        strike(json!({"endpoint": endpoint, "kind": "drop", "count": 2})).await;
        assert!(call().send().await.is_err());
        world.control(Method::DELETE, "/sandbox/faults", None).await;
        strike(json!({"endpoint": endpoint, "kind": "latency", "value": 200, "count": 1})).await;
        let started = Instant::now();
        call().send().await.unwrap();
        assert!(started.elapsed() >= Duration::from_millis(200));
        // The other calls are not struck.
        strike(json!({"endpoint": endpoint, "kind": "resCd", "value": "XX", "count": 1})).await;
        world.expect(&world.name_check("SKT", ""), "0000").await;
        if endpoint == "register" {
            assert_eq!(world.query(&shop(), &key, &order).await["res_cd"], "SB21");
        } else {
            world.expect_registration(&shop(), json!({}), "0000").await;
        }
        world.control(Method::DELETE, "/sandbox/faults", None).await;
    }
}

#[tokio::test]
async fn pages_of_the_window_are_strict_and_framed_by_the_merchant_alone() {
    let world = World::start().await;
    let hosts = json!({"resultUrlHosts": ["127.0.0.1", "x; script-src *"]});
    world
        .control(
            Method::PUT,
            &format!("/sandbox/merchants/{SITE_CD}"),
            Some(hosts),
        )
        .await;
    let (_, mut browser) = world.open_window().await;
    let common = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; \
                  frame-ancestors http://127.0.0.1:* https://127.0.0.1:*";
    assert_eq!(browser.policy, format!("{common}; form-action 'self'"));
    browser.submit("/cancel", &[]).await;
    assert_eq!(
        browser.policy, common,
        "the way back may lead on to anywhere"
    );
    browser
        .get(&format!("{}/window/nowhere/operator", world.address))
        .await;
    assert!(
        browser.policy.contains("frame-ancestors 'none'"),
        "{}",
        browser.policy
    );

    for (path, content_type) in [
        ("/window/window.css", "text/css"),
        ("/window/window.js", "text/javascript"),
        ("/window/icon.svg", "image/svg+xml"),
    ] {
        let response = world.control(Method::GET, path, None).await;
        assert_eq!(response.status(), 200);
        assert!(
            response.headers()["content-type"]
                .to_str()
                .unwrap()
                .starts_with(content_type)
        );
        assert_eq!(response.headers()["x-content-type-options"], "nosniff");
    }
}

#[tokio::test]
async fn the_window_opens_where_the_merchant_reached_the_sandbox_or_where_it_was_told() {
    let world = World::start().await;
    let (data, rv) = shop().encrypt(&shop().registration("H1").to_string());
    let headers = [
        ("site_cd", SITE_CD),
        ("rv", rv.as_str()),
        ("host", "kcp.internal:8788"),
    ];
    let answer: Value = world
        .register_raw(&headers, data.clone())
        .await
        .json()
        .await
        .unwrap();
    assert_eq!(answer["call_url"], "http://kcp.internal:8788/window/open");
    for hostile in ["evil.example/x?", "a@b", "a b", "#", "evil.example\\"] {
        let headers = [("site_cd", SITE_CD), ("rv", rv.as_str()), ("host", hostile)];
        let response = world.register_raw(&headers, data.clone()).await;
        if response.status() == 200 {
            let answer: Value = response.json().await.unwrap();
            assert_eq!(answer["res_cd"], "SB93", "{hostile} -> {answer}");
        }
    }

    let public = |url: &str| SandboxConfig {
        public_url: Some(url.into()),
        ..SandboxConfig::default()
    };
    let world = World::start_with(public("https://kcp.example:8443/")).await;
    let registered = world.expect_registration(&shop(), json!({}), "0000").await;
    assert_eq!(
        registered["call_url"],
        "https://kcp.example:8443/window/open"
    );
    for wrong in [
        "",
        "kcp.example",
        "ftp://kcp.example/",
        "https://kcp.example/path",
        "https://kcp.example/?a",
        "https://u@kcp.example",
    ] {
        assert!(Sandbox::new(public(wrong)).is_err(), "{wrong}");
    }
}

#[tokio::test]
async fn a_hundred_registrations_at_once_leave_the_sandbox_answering() {
    let world = World::start().await;
    let calls: Vec<_> = (0..100)
        .map(|index| {
            let (data, rv) = shop().encrypt(&shop().registration(&format!("P{index}")).to_string());
            let request = world
                .http
                .post(format!("{}/api/reg/certDataReg.do", world.address));
            tokio::spawn(
                request
                    .header("site_cd", SITE_CD)
                    .header("rv", rv)
                    .body(data)
                    .send(),
            )
        })
        .collect();
    let started = Instant::now();
    world.get("/sandbox/settings").await;
    assert!(
        started.elapsed() < Duration::from_secs(2),
        "{:?}",
        started.elapsed()
    );
    for call in calls {
        let answer: Value = call.await.unwrap().unwrap().json().await.unwrap();
        assert_eq!(answer["res_cd"], "0000");
    }
}

#[tokio::test]
async fn a_reset_closes_every_window() {
    let world = World::start().await;
    let (registered, mut browser) = world.open_window().await;
    world.control(Method::POST, "/sandbox/reset", None).await;
    browser.get(&browser.address.clone()).await;
    assert_eq!(browser.status, 404);
    let answer = world
        .query(
            &shop(),
            &text(&registered, "reg_cert_key"),
            &text(&registered, "ordr_idxx"),
        )
        .await;
    assert_eq!(answer["res_cd"], "SB94");
}

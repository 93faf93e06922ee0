//! A person goes through the window, to the end or not.

use serde_json::{Value, json};

use super::client::{Browser, RET_URL, SITE_CD};
use super::shop;
use crate::client::{BIRTH, NAME, OPERATORS, PHONE, World, text, wrong};

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
        browser.walk_to_proof(operator, "SMS").await;
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
async fn pass_waits_for_the_app_and_can_be_asked_for_again() {
    let world = World::start().await;
    let (registered, mut browser) = world.open_window().await;
    browser.walk_to_proof("SKT", "PASS").await;
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
    browser.walk_to_proof("KTF", "PASS").await;
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
            "person" => browser.walk_to_person("SKT", "SMS").await,
            "number" => browser.walk_to_proof("SKT", "SMS").await,
            _ => browser.walk_to_proof("SKT", "PASS").await,
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

#[tokio::test]
async fn a_verified_window_cannot_be_cancelled_afterwards() {
    let world = World::start().await;
    let (registered, mut browser) = world.open_window().await;
    browser.walk_to_proof("SKT", "SMS").await;
    let cancel = browser.address.replace("/number", "/cancel");
    browser
        .submit("/number", &[("otp", &world.newest_otp().await)])
        .await;
    browser.post(&cancel, &[]).await;
    assert_eq!(browser.return_post().fields["res_cd"], "0000");
    world.window_result(&shop(), &registered).await;
}

impl World {
    async fn newest_otp_or_none(&self) -> String {
        let messages = self.get("/sandbox/messages").await;
        messages[0]["otp"].as_str().unwrap_or("000000").to_owned()
    }
}

//! The pages, one by one.

use reqwest::Method;
use serde_json::json;

use super::client::SITE_CD;
use crate::client::{NAME, PHONE, World, wrong};

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
    browser.walk_to_person("SKT", "SMS").await;
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
    browser.walk_to_person("SKT", "PASS").await;
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
    browser.walk_to_proof("SKT", "SMS").await;
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
    browser.walk_to_proof("SKT", "SMS").await;
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

//! Who may ask what came of a window, and what opens one.

use reqwest::Method;
use serde_json::json;

use super::client::{Browser, ENC_KEY, Shop};
use super::shop;
use crate::client::{World, text};

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
    browser.walk_to_proof("LGT", "SMS").await;
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
async fn a_query_answers_only_the_merchant_that_registered() {
    let world = World::start().await;
    let (registered, mut browser) = world.open_window().await;
    browser.walk_to_proof("SKT", "SMS").await;
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

#[tokio::test]
async fn the_window_and_the_hub_know_the_same_person() {
    let world = World::start().await;
    let (registered, mut browser) = world.open_window().await;
    browser.walk_to_proof("SKT", "SMS").await;
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

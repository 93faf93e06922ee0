//! What is registered, and what is refused.

use std::time::{Duration, Instant};

use bonin_sandbox::{Sandbox, SandboxConfig};
use reqwest::Method;
use serde_json::{Value, json};

use super::client::{RET_URL, SITE_CD, Shop, unique};
use super::shop;
use crate::client::{World, text};

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

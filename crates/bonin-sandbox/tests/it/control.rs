//! The control API: merchants, settings, reset, and who may use it.

use bonin_sandbox::{ControlAccess, SandboxConfig};
use reqwest::Method;
use serde_json::{Value, json};

use crate::client::{BIRTH, Merchant, NAME, PHONE, World, text};

#[tokio::test]
async fn the_default_merchant_is_kcps_public_test_merchant() {
    let world = World::start().await;
    let merchant = world.get("/sandbox/merchants/AO7F3").await;
    assert_eq!(merchant["siteCd"], "AO7F3");
    assert_eq!(
        merchant["encKey"],
        "c2a22fa3ebe4698075bcac6b433d52e351c881b02fb83488d4283a43385b1f8e"
    );
    assert_eq!(
        merchant["resultUrlHosts"],
        json!(["127.0.0.1", "localhost"])
    );
    assert_eq!(merchant["providesCi"], true);
    let credentials = world.get("/sandbox/merchants/AO7F3/credentials").await;
    assert_eq!(credentials["certificatePem"], merchant["certificatePem"]);
    assert!(
        text(&credentials, "privateKeyPem").starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----\n")
    );
    assert_eq!(world.get("/sandbox/merchants").await, json!([merchant]));
}

#[tokio::test]
async fn a_merchant_can_be_made_changed_and_bring_a_certificate_of_its_own() {
    let world = World::start().await;
    let made = world
        .post(
            "/sandbox/merchants",
            json!({"siteCd": "M0001", "resultUrlHosts": ["shop.example"]}),
        )
        .await;
    assert_eq!(made["resultUrlHosts"], json!(["shop.example"]));
    assert_eq!(text(&made, "encKey").len(), 64);

    let put = async |body: Value| {
        world
            .control(Method::PUT, "/sandbox/merchants/M0001", Some(body))
            .await
    };
    let changed: Value = put(json!({"providesCi": false, "encKey": "k"}))
        .await
        .json()
        .await
        .unwrap();
    assert_eq!(
        (&changed["providesCi"], &changed["encKey"]),
        (&json!(false), &json!("k"))
    );
    assert_eq!(changed["resultUrlHosts"], json!(["shop.example"]));
    // What GET shows can be sent back as it is.
    assert_eq!(put(changed.clone()).await.status(), 200);
    assert_eq!(world.get("/sandbox/merchants/M0001").await, changed);
    world.get("/sandbox/merchants/M0001/credentials").await;

    let brought = world.post(
        "/sandbox/merchants",
        json!({"siteCd": "M0002", "certificatePem": made["certificatePem"]}),
    );
    assert_eq!(brought.await["certificatePem"], made["certificatePem"]);
    let credentials = world
        .control(Method::GET, "/sandbox/merchants/M0002/credentials", None)
        .await;
    assert_eq!(credentials.status(), 404);
    assert!(text(&credentials.json().await.unwrap(), "message").contains("개인키가 없습니다"));
    // Its owner signs with the key that belongs to it.
    let owner = Merchant {
        site_cd: "M0002".into(),
        ..Merchant::open(&world.get("/sandbox/merchants/M0001/credentials").await)
    };
    world
        .expect(
            &world.name_check_by(&owner, "SKT", "", PHONE, NAME, BIRTH),
            "0000",
        )
        .await;
}

#[tokio::test]
async fn a_merchant_that_cannot_be_is_refused() {
    let world = World::start().await;
    for (wrong, field) in [
        (json!({}), "siteCd"),
        (json!({"siteCd": "AO7F3"}), "siteCd"),
        (json!({"siteCd": "한글"}), "siteCd"),
        (json!({"siteCd": "X1", "encKey": "공백 있음"}), "encKey"),
        (
            json!({"siteCd": "X1", "resultUrlHosts": "localhost"}),
            "resultUrlHosts",
        ),
        (
            json!({"siteCd": "X1", "certificatePem": "not a certificate"}),
            "certificatePem",
        ),
        (json!({"siteCd": "X1", "certificate": "old"}), "certificate"),
        (json!({"siteCd": "X1", "providesCI": true}), "providesCi"),
    ] {
        let response = world
            .control(Method::POST, "/sandbox/merchants", Some(wrong.clone()))
            .await;
        assert_eq!(response.status(), 400, "{wrong}");
        let message = text(&response.json().await.unwrap(), "message");
        assert!(message.contains(field), "{message}");
    }
    for path in ["/sandbox/merchants/X1", "/sandbox/merchants/X1/credentials"] {
        assert_eq!(world.control(Method::GET, path, None).await.status(), 404);
    }
    let put = world
        .control(Method::PUT, "/sandbox/merchants/X1", Some(json!({})))
        .await;
    assert_eq!(put.status(), 404);
}

#[tokio::test]
async fn settings_change_only_what_is_named_and_refuse_nonsense() {
    let world = World::start().await;
    let start = json!({"unknownPeople": "accept", "otpTtlSeconds": 180, "otpMaxAttempts": 5, "registrationTtlSeconds": 3600, "fixedOtp": null});
    assert_eq!(world.get("/sandbox/settings").await, start);
    world.settings(json!({"otpTtlSeconds": 60})).await;
    world.settings(json!({"fixedOtp": "123456"})).await;
    let expected = json!({"unknownPeople": "accept", "otpTtlSeconds": 60, "otpMaxAttempts": 5, "registrationTtlSeconds": 3600, "fixedOtp": "123456"});
    assert_eq!(world.get("/sandbox/settings").await, expected);
    for wrong in [
        json!({"unknownPeople": "maybe"}),
        json!({"otpTtlSeconds": -1}),
        json!({"otpTtlSeconds": "60"}),
        json!({"otpMaxAttempts": 0}),
        json!({"registrationTtlSeconds": 86_401}),
        json!({"fixedOtp": "12345"}),
        json!({"fixedOTP": "123456"}),
        json!([]),
    ] {
        let response = world
            .control(Method::PUT, "/sandbox/settings", Some(wrong.clone()))
            .await;
        assert_eq!(response.status(), 400, "{wrong}");
    }
    assert_eq!(world.get("/sandbox/settings").await, expected);
}

#[tokio::test]
async fn a_reset_puts_everything_back_and_keeps_the_default_merchants_key() {
    let world = World::start().await;
    let paths = [
        "/sandbox/settings",
        "/sandbox/people",
        "/sandbox/merchants",
        "/sandbox/faults",
        "/sandbox/messages",
        "/sandbox/pass-requests",
        "/sandbox/merchants/AO7F3/credentials",
    ];
    let state = async || {
        let mut state = Vec::new();
        for path in paths {
            state.push(world.get(path).await);
        }
        state
    };
    let start = state().await;

    world
        .settings(json!({"unknownPeople": "accept", "fixedOtp": "111111", "otpMaxAttempts": 9}))
        .await;
    let person = json!({
        "name": NAME, "phone": PHONE, "birthDate": "1990-01-01", "gender": "MALE", "operator": "SKT"
    });
    world.post("/sandbox/people", person).await;
    world
        .post("/sandbox/merchants", json!({"siteCd": "R0001"}))
        .await;
    let per_cert_no = world.sms_sent().await;
    world.expect(&world.push("SKT", ""), "0000").await;
    world
        .post(
            "/sandbox/faults",
            json!({"endpoint": "query", "kind": "drop"}),
        )
        .await;
    let spoiled = json!({"certificate": "expired", "providesCi": false});
    assert_eq!(
        world
            .control(Method::PUT, "/sandbox/merchants/AO7F3", Some(spoiled))
            .await
            .status(),
        200
    );
    for (before, after) in start.iter().zip(state().await) {
        assert_ne!(*before, after);
    }

    assert_eq!(
        world
            .control(Method::POST, "/sandbox/reset", None)
            .await
            .status(),
        204
    );
    assert_eq!(state().await, start);
    world
        .expect(&world.confirm(&per_cert_no, "SKT", "111111"), "SB94")
        .await;
    world.sms_sent().await;
}

#[tokio::test]
async fn a_page_elsewhere_can_neither_read_nor_write() {
    let world = World::start().await;
    let url = |path: &str| format!("{}{path}", world.address);
    for host in ["evil.example", "127.0.0.1.evil.example"] {
        for path in [
            "/",
            "/phone",
            "/phone/events",
            "/sandbox/messages",
            "/sandbox/merchants/AO7F3/credentials",
        ] {
            let response = world
                .http
                .get(url(path))
                .header("host", host)
                .send()
                .await
                .unwrap();
            assert_eq!(response.status(), 403, "{host} {path}");
        }
    }
    for (name, value) in [
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("origin", "http://localhost:1"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
    ] {
        let response = world
            .http
            .post(url("/sandbox/reset"))
            .header(name, value)
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), 403, "{name}: {value}");
        assert!(!text(&response.json().await.unwrap(), "message").is_empty());
    }
    let own = world
        .http
        .post(url("/sandbox/reset"))
        .header("origin", &world.address);
    assert_eq!(
        own.header("sec-fetch-site", "same-origin")
            .send()
            .await
            .unwrap()
            .status(),
        204
    );
    // No page elsewhere is told that it may read.
    let response = world
        .http
        .get(url("/sandbox/messages"))
        .header("origin", "https://evil.example")
        .send()
        .await;
    assert!(
        response
            .unwrap()
            .headers()
            .get("access-control-allow-origin")
            .is_none()
    );
}

#[tokio::test]
async fn the_control_api_can_be_opened_to_other_names_but_never_to_other_origins() {
    let world = World::start_with(SandboxConfig {
        control_access: ControlAccess::Anyone,
        ..SandboxConfig::default()
    })
    .await;
    let settings = format!("{}/sandbox/settings", world.address);
    let named = world
        .http
        .get(&settings)
        .header("host", "sandbox.internal:8788")
        .send()
        .await
        .unwrap();
    assert_eq!(named.status(), 200);
    let write = world
        .http
        .put(&settings)
        .header("origin", "https://evil.example")
        .body("{}")
        .send()
        .await
        .unwrap();
    assert_eq!(write.status(), 403);
}

#[tokio::test]
async fn only_what_a_filter_names_is_listed() {
    let world = World::start().await;
    world.sms_sent().await;
    let other = world.name_check_by(&world.merchant, "SKT", "", "01099998888", NAME, BIRTH);
    world.expect(&other, "0000").await;
    world.expect(&world.push("SKT", ""), "0000").await;
    let count = async |path: &str| world.get(path).await.as_array().unwrap().len();
    assert_eq!(count("/sandbox/messages").await, 2);
    assert_eq!(count("/sandbox/messages?phone=").await, 2);
    assert_eq!(count("/sandbox/messages?phone=010-9999-8888").await, 1);
    assert_eq!(count("/sandbox/messages?phone=01000000000").await, 0);
    assert_eq!(count("/sandbox/pass-requests?phone=01099998888").await, 0);
    assert_eq!(
        text(&world.get("/sandbox/messages").await[0], "to"),
        "01099998888",
        "newest first"
    );
    assert_eq!(
        world
            .control(Method::GET, "/sandbox/messages?phone=x", None)
            .await
            .status(),
        400
    );
}

//! Whatever is sent: an answer, never a 5xx, never a hang, and the sandbox still works afterwards.

use std::time::Duration;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use reqwest::Method;
use serde_json::{Value, json};

use crate::client::World;

const PATHS: [(&str, &str); 22] = [
    ("POST", "/gw/hub/v1/cert"),
    ("POST", "/api/reg/certDataReg.do"),
    ("POST", "/api/query/getCertData.do"),
    ("POST", "/window/open"),
    ("POST", "/window/x/operator"),
    ("POST", "/window/x/cancel"),
    ("GET", "/window/x/return"),
    ("GET", "/sandbox/messages"),
    ("GET", "/sandbox/pass-requests"),
    ("POST", "/sandbox/pass-requests/x/approve"),
    ("POST", "/sandbox/pass-requests/x/reject"),
    ("POST", "/sandbox/people"),
    ("DELETE", "/sandbox/people/x"),
    ("PUT", "/sandbox/settings"),
    ("POST", "/sandbox/merchants"),
    ("PUT", "/sandbox/merchants/AO7F3"),
    ("GET", "/sandbox/merchants/x/credentials"),
    ("POST", "/sandbox/faults"),
    ("GET", "/phone"),
    ("GET", "/phone/screen"),
    ("GET", "/"),
    ("PATCH", "/nowhere"),
];

async fn send(world: &World, method: &str, path: &str, body: impl Into<reqwest::Body>) -> u16 {
    let request = world.http.request(
        method.parse::<Method>().unwrap(),
        format!("{}{path}", world.address),
    );
    let response = request
        .timeout(Duration::from_secs(5))
        .body(body)
        .send()
        .await
        .unwrap();
    let status = response.status().as_u16();
    let is_wire_or_page = ["/gw/", "/api/", "/phone", "/window/"]
        .iter()
        .any(|prefix| path.starts_with(prefix));
    let is_refusal = status >= 400 && !is_wire_or_page;
    let text = response.text().await.unwrap();
    if is_refusal {
        let refusal: Value =
            serde_json::from_str(&text).unwrap_or_else(|_| panic!("{method} {path}: {text}"));
        assert!(!refusal["message"].as_str().unwrap().is_empty());
    }
    status
}

#[tokio::test]
async fn bodies_that_are_no_json_objects_are_refused_everywhere() {
    let world = World::start().await;
    let deep = "[".repeat(30_000) + &"]".repeat(30_000);
    let bodies: Vec<Vec<u8>> = vec![
        b"".to_vec(),
        b"{".to_vec(),
        b"null".to_vec(),
        b"[]".to_vec(),
        b"\"text\"".to_vec(),
        b"{\"tx_type\":}".to_vec(),
        vec![0xff, 0xfe, 0x00],
        b"{\"tx_type\": \"\xff\"}".to_vec(),
        b"{\"a\": 1e999}".to_vec(),
        b"{\"a\": \"\\ud800\"}".to_vec(),
        deep.into_bytes(),
        "이건 JSON이 아닙니다".into(),
    ];
    for (method, path) in PATHS {
        for body in &bodies {
            let status = send(&world, method, path, body.clone()).await;
            assert!(status < 500, "{method} {path}: {status}");
            let takes_json = matches!(
                path,
                "/sandbox/people" | "/sandbox/settings" | "/sandbox/merchants" | "/sandbox/faults"
            );
            assert!(!takes_json || status == 400, "{method} {path}: {status}");
        }
    }
    world.sms_sent().await;
}

#[tokio::test]
async fn bodies_too_large_are_refused_without_being_read_to_the_end() {
    let world = World::start().await;
    let large = format!("{{\"name\": \"{}\"}}", "가".repeat(1_000_000));
    for (method, path) in [
        ("POST", "/sandbox/people"),
        ("PUT", "/sandbox/settings"),
        ("POST", "/gw/hub/v1/cert"),
    ] {
        // The server may answer and hang up while the client still writes.
        let request = world.http.request(
            method.parse::<Method>().unwrap(),
            format!("{}{path}", world.address),
        );
        if let Ok(response) = request.body(large.clone()).send().await {
            assert_eq!(response.status(), 413, "{path}");
        }
    }
    world.sms_sent().await;
}

#[tokio::test]
async fn odd_paths_and_queries_are_refused() {
    let world = World::start().await;
    for path in [
        "/sandbox/people/%ff",
        "/sandbox/people/..%2f..",
        "/sandbox/pass-requests/%00/approve",
        "/sandbox/merchants/%2F",
        "/sandbox/messages?phone=%ff%fe",
        "/sandbox/messages?phone=1&phone=2",
        "/phone?phone=%00",
        "/phone/../sandbox",
        "//",
    ] {
        for method in ["GET", "POST", "PUT", "DELETE", "OPTIONS", "TRACE"] {
            let status = send(&world, method, path, "{}").await;
            assert!((400..500).contains(&status), "{method} {path}: {status}");
        }
    }
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,20}".prop_map(Value::from),
        "[0-9]{1,12}".prop_map(Value::from),
        prop::sample::select(vec![
            "SKT",
            "LGM",
            "2100",
            "2300",
            "hub",
            "drop",
            "MALE",
            "01",
            "19900101",
            "^",
            "01012345678"
        ])
        .prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map(".{0,8}", inner, 0..3)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

#[tokio::test]
async fn a_proper_call_with_any_one_field_spoiled_is_answered_with_a_code() {
    let world = World::start().await;
    let per_cert_no = world.sms_sent().await;
    let pushed = world.expect(&world.push("SKM", ""), "0000").await;
    let calls = [
        world.name_check("SKT", ""),
        world.inquiry("2400", "KTM"),
        world.inquiry("2700", "LGM"),
        world.push("LGT", ""),
        world.send_sms(&per_cert_no, "SKT"),
        world.confirm(&per_cert_no, "SKT", "000000"),
        world.result(&pushed),
    ];
    let mut runner = TestRunner::deterministic();
    for call in &calls {
        for field in call.as_object().unwrap().keys() {
            for _ in 0..8 {
                let mut spoiled = call.clone();
                spoiled[field] = value().new_tree(&mut runner).unwrap().current();
                let answer = world.hub(&spoiled).await;
                assert!(
                    answer["res_cd"].is_string() && answer["res_msg"].is_string(),
                    "{spoiled} -> {answer}"
                );
            }
        }
    }
    assert_eq!(
        world.hub(&world.name_check("SKT", "")).await["res_cd"],
        "0000"
    );
}

#[tokio::test]
async fn control_calls_with_any_fields_are_answered_below_500() {
    let world = World::start().await;
    let mut runner = TestRunner::deterministic();
    let fields = [
        (
            "/sandbox/people",
            "POST",
            &[
                "name",
                "phone",
                "birthDate",
                "gender",
                "isForeigner",
                "operator",
                "pass",
            ][..],
        ),
        (
            "/sandbox/settings",
            "PUT",
            &[
                "unknownPeople",
                "otpTtlSeconds",
                "otpMaxAttempts",
                "fixedOtp",
            ],
        ),
        (
            "/sandbox/faults",
            "POST",
            &["endpoint", "kind", "value", "count"],
        ),
        (
            "/sandbox/merchants/AO7F3",
            "PUT",
            &["encKey", "resultUrlHosts", "providesCi", "certificatePem"],
        ),
    ];
    for (path, method, names) in fields {
        for _ in 0..60 {
            let body: Value = names
                .iter()
                .map(|name| {
                    (
                        (*name).to_owned(),
                        value().new_tree(&mut runner).unwrap().current(),
                    )
                })
                .collect::<serde_json::Map<_, _>>()
                .into();
            let status = send(&world, method, path, body.to_string()).await;
            assert!(status < 500, "{method} {path} {body}: {status}");
        }
    }
    assert_eq!(
        world
            .control(Method::POST, "/sandbox/reset", None)
            .await
            .status(),
        204
    );
    world.sms_sent().await;
}

#[tokio::test]
async fn thousands_of_messages_keep_only_the_newest() {
    let world = World::start().await;
    let per_cert_no = world.sms_sent().await;
    let call = world.send_sms(&per_cert_no, "SKT");
    for _ in 0..2_050 {
        world.hub(&call).await;
    }
    let messages = world.get("/sandbox/messages").await;
    assert_eq!(messages.as_array().unwrap().len(), 2_000);
    let otp = world.newest_otp().await;
    assert_eq!(messages[0]["otp"], json!(otp));
    world
        .expect(&world.confirm(&per_cert_no, "SKT", &otp), "0000")
        .await;
}

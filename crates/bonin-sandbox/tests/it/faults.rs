//! Faults on demand, each as a client meets it.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use crate::client::World;

async fn fault(world: &World, fault: Value) {
    world.post("/sandbox/faults", fault).await;
}

#[tokio::test]
async fn latency_delays_an_answer_that_is_right() {
    let world = World::start().await;
    fault(
        &world,
        json!({"endpoint": "hub:2100", "kind": "latency", "value": 300, "count": 1}),
    )
    .await;
    let started = Instant::now();
    world.expect(&world.name_check("SKT", ""), "0000").await;
    assert!(started.elapsed() >= Duration::from_millis(300));
    let started = Instant::now();
    world.expect(&world.name_check("SKT", ""), "0000").await;
    assert!(started.elapsed() < Duration::from_millis(300));
}

#[tokio::test]
async fn a_timeout_never_answers_and_the_call_has_changed_nothing() {
    let world = World::start().await;
    fault(
        &world,
        json!({"endpoint": "hub:2100", "kind": "timeout", "count": 1}),
    )
    .await;
    let call = world
        .http
        .post(format!("{}/gw/hub/v1/cert", world.address))
        .timeout(Duration::from_millis(400));
    let error = call
        .json(&world.name_check("SKT", ""))
        .send()
        .await
        .unwrap_err();
    assert!(error.is_timeout(), "{error:?}");
    assert_eq!(world.get("/sandbox/messages").await, json!([]));
    world.expect(&world.name_check("SKT", ""), "0000").await;
}

#[tokio::test]
async fn a_drop_closes_the_connection_without_an_answer() {
    let world = World::start().await;
    let per_cert_no = world.sms_sent().await;
    let confirm = world.confirm(&per_cert_no, "SKT", &world.newest_otp().await);
    fault(
        &world,
        json!({"endpoint": "hub:2300", "kind": "drop", "count": 2}),
    )
    .await;
    for _ in 0..2 {
        let error = world.hub_raw(&confirm).await.unwrap_err();
        assert!(!error.is_timeout() && !error.is_connect(), "{error:?}");
    }
    world.expect(&confirm, "0000").await;
}

#[tokio::test]
async fn a_dropped_connection_is_really_closed_and_carries_no_byte() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let world = World::start().await;
    fault(&world, json!({"endpoint": "hub", "kind": "drop"})).await;
    let mut stream = tokio::net::TcpStream::connect(world.address.trim_start_matches("http://"))
        .await
        .unwrap();
    let request =
        b"POST /gw/hub/v1/cert HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}";
    stream.write_all(request).await.unwrap();
    let mut answer = Vec::new();
    let end = tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut answer))
        .await
        .unwrap();
    assert!(end.is_ok_and(|length| length == 0) || answer.is_empty());
}

#[tokio::test]
async fn http_garbage_and_res_cd_are_answered_as_told() {
    let world = World::start().await;
    let call = world.name_check("SKT", "");
    fault(
        &world,
        json!({"endpoint": "hub", "kind": "http", "value": 503, "count": 1}),
    )
    .await;
    assert_eq!(world.hub_raw(&call).await.unwrap().status(), 503);

    fault(
        &world,
        json!({"endpoint": "hub", "kind": "garbage", "count": 1}),
    )
    .await;
    let garbage = world.hub_raw(&call).await.unwrap();
    assert_eq!(garbage.status(), 200);
    assert!(serde_json::from_str::<Value>(&garbage.text().await.unwrap()).is_err());

    fault(
        &world,
        json!({"endpoint": "hub:2100", "kind": "resCd", "value": "9562", "count": 1}),
    )
    .await;
    world.expect(&call, "9562").await;
    assert_eq!(world.get("/sandbox/messages").await, json!([]));
    world.expect(&call, "0000").await;
}

#[tokio::test]
async fn a_fault_without_a_count_stays_until_it_is_cleared_and_strikes_its_own_call_only() {
    let world = World::start().await;
    fault(
        &world,
        json!({"endpoint": "hub:2200", "kind": "resCd", "value": "T001"}),
    )
    .await;
    let per_cert_no = world.sms_sent().await;
    for _ in 0..3 {
        world
            .expect(&world.send_sms(&per_cert_no, "SKT"), "T001")
            .await;
    }
    let waiting = world.get("/sandbox/faults").await;
    assert_eq!(
        waiting,
        json!([{"endpoint": "hub:2200", "kind": "resCd", "value": "T001", "count": null}])
    );
    assert_eq!(
        world
            .control(Method::DELETE, "/sandbox/faults", None)
            .await
            .status(),
        204
    );
    world
        .expect(&world.send_sms(&per_cert_no, "SKT"), "0000")
        .await;
}

#[tokio::test]
async fn a_fault_that_cannot_be_is_refused() {
    let world = World::start().await;
    for wrong in [
        json!({}),
        json!({"endpoint": "hub"}),
        json!({"endpoint": "hub:9999", "kind": "drop"}),
        json!({"endpoint": "hub", "kind": "fire"}),
        json!({"endpoint": "hub", "kind": "latency"}),
        json!({"endpoint": "hub", "kind": "latency", "value": "soon"}),
        json!({"endpoint": "hub", "kind": "http", "value": 42}),
        json!({"endpoint": "hub", "kind": "resCd"}),
        json!({"endpoint": "hub", "kind": "drop", "count": 0}),
        json!({"endpoint": "hub", "kind": "drop", "often": 1}),
    ] {
        let response = world
            .control(Method::POST, "/sandbox/faults", Some(wrong.clone()))
            .await;
        assert_eq!(response.status(), 400, "{wrong}");
    }
    for endpoint in ["register", "query", "hub"] {
        fault(
            &world,
            json!({"endpoint": endpoint, "kind": "drop", "count": 1}),
        )
        .await;
    }
}

#[tokio::test]
async fn a_sandbox_that_is_told_to_stop_ends_even_while_a_fault_keeps_a_call_waiting() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let sandbox = bonin_sandbox::Sandbox::new(bonin_sandbox::SandboxConfig::default()).unwrap();
    let serving = tokio::spawn(sandbox.serve(listener, async {
        let _ = stopped.await;
    }));
    let http = reqwest::Client::new();
    let faults = http
        .post(format!("{address}/sandbox/faults"))
        .json(&json!({"endpoint": "hub", "kind": "timeout"}));
    assert!(faults.send().await.unwrap().status().is_success());
    let waiting = tokio::spawn(
        http.post(format!("{address}/gw/hub/v1/cert"))
            .body("{}")
            .send(),
    );
    let page = http
        .get(format!("{address}/phone/events"))
        .send()
        .await
        .unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    stop.send(()).unwrap();
    tokio::time::timeout(Duration::from_secs(3), serving)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    assert!(waiting.await.unwrap().is_err());
    drop(page);
}

use std::time::{Duration, Instant};

use bonin_kcp::hub::message::{PushPass, SmsMvnoInquiry};
use bonin_kcp::hub::{
    CallError, HubCertificate, HubClient, HubClientConfig, InvalidResponse, Outcome, SignText,
    SignTextError,
};
use serde_json::json;
use tokio::net::TcpListener;
use url::Url;

use crate::messages::{confirm_otp, fetch_pass_result, name_check, push_pass, send_sms, subject};
use crate::openssl::Merchant;
use crate::server::{Behaviour, Server};

fn client() -> HubClient {
    HubClient::new(&HubClientConfig {
        connect_timeout: Duration::from_millis(300),
        request_timeout: Duration::from_millis(700),
        ..HubClientConfig::default()
    })
    .unwrap()
}

async fn error_of(behaviour: Behaviour) -> (CallError, Server) {
    let server = Server::start(behaviour).await;
    let result = client()
        .call(
            &server.url,
            &Merchant::shared().credentials(),
            &name_check(),
        )
        .await;
    (result.unwrap_err(), server)
}

#[tokio::test]
async fn a_call_carries_the_common_fields_its_own_and_a_signature_that_verifies() {
    let mut server = Server::start(Behaviour::json(
        json!({"res_cd": "0000", "res_msg": "정상", "per_cert_no": "P1"}),
    ))
    .await;
    let merchant = Merchant::shared();
    let credentials = merchant.credentials();
    let base = server.url.join("/some/prefix/").unwrap();
    let reply = client()
        .call(&base, &credentials, &name_check())
        .await
        .unwrap();

    let Outcome::Success(answer) = reply.outcome else {
        panic!("{reply:?}")
    };
    assert_eq!(answer.per_cert_no.as_deref(), Some("P1"));
    assert!(!answer.is_sms_sent() && !answer.is_name_check_only());
    assert!(reply.raw.expose().contains("정상"));

    let received = server.received.recv().await.unwrap();
    assert!(
        received
            .head
            .starts_with("POST /some/prefix/gw/hub/v1/cert HTTP/1.1"),
        "{}",
        received.head
    );
    let body = received.body;
    for (field, value) in [
        ("site_cd", "AO7F3"),
        ("pay_method", "CERT:PERSON"),
        ("tx_type", "2100"),
        ("kcp_web_yn", "N"),
        ("cert_type", "01"),
        ("cust_ip", "203.0.113.9"),
        ("phone_no", "01012345678"),
        ("media_type", "MC01"),
    ] {
        assert_eq!(body[field], value, "{field}");
    }
    assert_eq!(
        body["kcp_cert_info"].as_str().unwrap(),
        merchant.certificate_pem().replace('\n', "")
    );
    let signature = body["kcp_sign_data"].as_str().unwrap();
    assert!(merchant.accepts("01012345678^19900101^홍길동^01^01", signature));
    let certificate = HubCertificate::parse(body["kcp_cert_info"].as_str().unwrap()).unwrap();
    let text = SignText::of(&[
        ("all", "01012345678"),
        ("b", "19900101"),
        ("n", "홍길동"),
        ("l", "01"),
        ("s", "01"),
    ]);
    assert!(certificate.verifies(&text.unwrap(), signature));
}

#[tokio::test]
async fn each_call_sends_its_tx_type_and_signs_what_it_must() {
    let mut server = Server::start(Behaviour::json(json!({"res_cd": "0000"}))).await;
    let credentials = Merchant::shared().credentials();
    let client = client();
    client
        .call(&server.url, &credentials, &send_sms())
        .await
        .unwrap();
    client
        .call(&server.url, &credentials, &confirm_otp())
        .await
        .unwrap();
    client
        .call(&server.url, &credentials, &fetch_pass_result())
        .await
        .unwrap();
    client
        .call(&server.url, &credentials, &SmsMvnoInquiry(subject()))
        .await
        .unwrap();
    client
        .call(&server.url, &credentials, &push_pass())
        .await
        .unwrap();
    for (tx_type, signed_text) in [
        ("2200", None),
        ("2300", None),
        ("2600", None),
        ("2400", Some("01012345678^19900101^홍길동^01^01")),
        ("2500", Some("01012345678^홍길동")),
    ] {
        let body = server.received.recv().await.unwrap().body;
        assert_eq!(body["tx_type"], tx_type);
        match signed_text {
            Some(text) => {
                assert!(Merchant::shared().accepts(text, body["kcp_sign_data"].as_str().unwrap()))
            }
            None => assert!(body.get("kcp_sign_data").is_none()),
        }
    }
    assert_eq!(server.connections(), 1, "calls share one connection");
}

#[tokio::test]
async fn a_refusal_carries_kcps_code_and_message() {
    let server = Server::start(Behaviour::json(
        json!({"res_cd": "SB01", "res_msg": "명의자 불일치"}),
    ))
    .await;
    let reply = client()
        .call(
            &server.url,
            &Merchant::shared().credentials(),
            &name_check(),
        )
        .await
        .unwrap();
    assert_eq!(
        reply.outcome,
        Outcome::Refused {
            res_cd: "SB01".into(),
            res_msg: "명의자 불일치".into()
        }
    );
    assert!(!format!("{reply:?}").contains("명의자"), "{reply:?}");
}

#[tokio::test]
async fn a_field_that_cannot_be_signed_stops_the_call_before_anything_leaves() {
    let mut server = Server::start(Behaviour::json(json!({"res_cd": "0000"}))).await;
    let request = PushPass {
        user_name: "홍^길동".into(),
        ..push_pass()
    };
    let error = client()
        .call(&server.url, &Merchant::shared().credentials(), &request)
        .await
        .unwrap_err();
    assert_eq!(
        error,
        CallError::NotSignable(SignTextError { field: "user_name" })
    );
    assert!(!error.may_have_left());
    assert_eq!(server.request_count().await, 0);
}

#[tokio::test]
async fn a_base_url_that_is_no_web_address_is_refused() {
    for address in ["ftp://127.0.0.1/", "data:text/plain,x", "file:///etc"] {
        let error = client()
            .call(
                &Url::parse(address).unwrap(),
                &Merchant::shared().credentials(),
                &name_check(),
            )
            .await
            .unwrap_err();
        assert_eq!(error, CallError::BadBaseUrl);
    }
}

#[tokio::test]
async fn a_refused_connection_is_unreachable_and_nothing_has_left() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    drop(listener);
    let error = client()
        .call(&url, &Merchant::shared().credentials(), &name_check())
        .await
        .unwrap_err();
    assert_eq!(error, CallError::Unreachable);
    assert!(!error.may_have_left());
}

#[tokio::test]
async fn opening_a_connection_is_tried_exactly_twice() {
    // The first connection breaks while TLS is being set up, that is before any request could leave.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = Url::parse(&format!("https://{}", listener.local_addr().unwrap())).unwrap();
    let accepted = tokio::spawn(async move {
        let mut accepted = 0;
        while let Ok(Ok((stream, _))) =
            tokio::time::timeout(Duration::from_millis(500), listener.accept()).await
        {
            accepted += 1;
            drop(stream);
        }
        accepted
    });
    let error = client()
        .call(&url, &Merchant::shared().credentials(), &name_check())
        .await
        .unwrap_err();
    assert_eq!(error, CallError::Unreachable);
    assert_eq!(
        accepted.await.unwrap(),
        2,
        "opening is tried once more, and only once"
    );
}

#[tokio::test]
async fn silence_is_a_timeout_and_is_not_asked_again() {
    let started = Instant::now();
    let (error, mut server) = error_of(Behaviour::Silence).await;
    assert_eq!(error, CallError::Timeout);
    assert!(error.may_have_left());
    assert!(started.elapsed() < Duration::from_secs(3));
    assert_eq!(server.request_count().await, 1);
}

#[tokio::test]
async fn an_answer_that_stops_in_the_middle_is_a_timeout() {
    let (error, _server) = error_of(Behaviour::Write(
        b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{".into(),
    ))
    .await;
    assert_eq!(error, CallError::Timeout);
}

#[tokio::test]
async fn a_connection_dropped_after_the_request_is_not_repeated() {
    for bytes in [
        &b""[..],
        b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{\"res_cd\"",
        b"HTTP/1.1 200",
    ] {
        let (error, mut server) = error_of(Behaviour::WriteAndClose(bytes.into())).await;
        assert_eq!(
            error,
            CallError::InvalidResponse(InvalidResponse::Disconnected)
        );
        assert!(error.may_have_left());
        assert_eq!(server.request_count().await, 1);
    }
}

#[tokio::test]
async fn anything_but_an_answer_of_the_hub_is_an_invalid_response() {
    let long = format!("{{\"res_cd\": \"{}\"}}", "A".repeat(17));
    let deep = format!(
        "{{\"res_cd\": \"0000\", \"a\": {}{}}}",
        "[".repeat(5000),
        "]".repeat(5000)
    );
    for (status, body, reason) in [
        (
            "500 Internal Server Error",
            "{\"res_cd\": \"0000\"}",
            InvalidResponse::Status(500),
        ),
        (
            "201 Created",
            "{\"res_cd\": \"0000\"}",
            InvalidResponse::Status(201),
        ),
        ("200 OK", "", InvalidResponse::NotJson),
        ("200 OK", "<html>점검 중</html>", InvalidResponse::NotJson),
        ("200 OK", "[]", InvalidResponse::NotJson),
        (
            "200 OK",
            "{\"res_cd\": \"0000\"} trailing",
            InvalidResponse::NotJson,
        ),
        ("200 OK", &deep, InvalidResponse::NotJson),
        ("200 OK", "{}", InvalidResponse::NoResCd),
        ("200 OK", "{\"res_cd\": 0}", InvalidResponse::NoResCd),
        ("200 OK", "{\"res_cd\": \"\"}", InvalidResponse::NoResCd),
        (
            "200 OK",
            "{\"res_cd\": \"홍길동\"}",
            InvalidResponse::NoResCd,
        ),
        ("200 OK", &long, InvalidResponse::NoResCd),
    ] {
        let (error, mut server) = error_of(Behaviour::answer(status, body)).await;
        assert_eq!(
            error,
            CallError::InvalidResponse(reason),
            "{status} {body:.40}"
        );
        assert!(error.may_have_left());
        assert_eq!(server.request_count().await, 1);
    }
    let (error, _server) = error_of(Behaviour::Write(b"nonsense\r\n\r\n".into())).await;
    assert_eq!(
        error,
        CallError::InvalidResponse(InvalidResponse::Disconnected)
    );
    let (error, _server) = error_of(Behaviour::Write(
        b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n\xff\xfe{}".into(),
    ))
    .await;
    assert_eq!(error, CallError::InvalidResponse(InvalidResponse::NotJson));
}

#[tokio::test]
async fn a_huge_answer_is_cut_off() {
    let body = format!(
        "{{\"res_cd\": \"0000\", \"a\": \"{}\"}}",
        "x".repeat(70_000)
    );
    let (error, _server) = error_of(Behaviour::answer("200 OK", &body)).await;
    assert_eq!(error, CallError::InvalidResponse(InvalidResponse::TooLarge));
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let mut elsewhere = Server::start(Behaviour::json(json!({"res_cd": "0000"}))).await;
    let redirect = format!(
        "HTTP/1.1 307 Moved\r\nLocation: {}\r\nContent-Length: 0\r\n\r\n",
        elsewhere.url
    );
    let (error, _server) = error_of(Behaviour::Write(redirect.into())).await;
    assert_eq!(
        error,
        CallError::InvalidResponse(InvalidResponse::Status(307))
    );
    assert_eq!(elsewhere.request_count().await, 0);
}

#[tokio::test]
async fn errors_repeat_nothing_of_the_request_or_the_answer() {
    for behaviour in [
        Behaviour::answer("500 x", "홍길동 01012345678"),
        Behaviour::answer("200 OK", "홍길동 01012345678"),
        Behaviour::WriteAndClose(Vec::new()),
    ] {
        let (error, _server) = error_of(behaviour).await;
        let printed = format!("{error} {error:?}");
        assert!(
            !printed.contains("홍길동") && !printed.contains("0101234"),
            "{printed}"
        );
    }
}

#[tokio::test]
async fn a_hundred_calls_at_once_are_all_answered() {
    let server = Server::start(Behaviour::json(
        json!({"res_cd": "0000", "per_cert_no": "P1"}),
    ))
    .await;
    let client = HubClient::new(&HubClientConfig::default()).unwrap();
    let credentials = Merchant::shared().credentials();
    let calls: Vec<_> = (0..100)
        .map(|_| {
            let (client, credentials, url) =
                (client.clone(), credentials.clone(), server.url.clone());
            tokio::spawn(async move { client.call(&url, &credentials, &name_check()).await })
        })
        .collect();
    for call in calls {
        assert!(matches!(
            call.await.unwrap().unwrap().outcome,
            Outcome::Success(_)
        ));
    }
}

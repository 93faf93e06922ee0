use std::fs;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bonin_kcp::hub::{HubClient, HubClientConfig};
use bonin_kcp::window::{
    CallError, CertData, InvalidResponse, Outcome, Registered, Registration, Reply, WindowClient,
    WindowCredentials,
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;
use url::Url;

use crate::openssl::openssl;
use crate::server::{Behaviour, Server};

const ENC_KEY: &str = "c2a22fa3ebe4698075bcac6b433d52e351c881b02fb83488d4283a43385b1f8e";
const SALT: [u8; 16] = *b"0123456789abcdef";

fn credentials() -> WindowCredentials {
    WindowCredentials::new("AO7F3", ENC_KEY).unwrap()
}

fn client() -> WindowClient {
    let config = HubClientConfig {
        connect_timeout: Duration::from_millis(300),
        request_timeout: Duration::from_millis(1500),
        ..HubClientConfig::default()
    };
    HubClient::new(&config).unwrap().window()
}

fn registration() -> Registration {
    Registration {
        ordr_idxx: "BONIN0001".into(),
        ret_url: "http://127.0.0.1:8787/checkout/return/비밀".into(),
        web_siteid: Some("J01234567890".into()),
        param_opt_1: "하나".into(),
        ..Registration::default()
    }
}

/// `iter` rounds of PBKDF2 by the `openssl` program, as hexadecimal digits.
fn derive(secret: &str, salt: &[u8], length: usize) -> String {
    let hex: String = salt.iter().map(|byte| format!("{byte:02x}")).collect();
    let output = openssl(
        &std::env::temp_dir(),
        &[
            "kdf",
            "-keylen",
            &length.to_string(),
            "-binary",
            "-kdfopt",
            "digest:SHA256",
            "-kdfopt",
            &format!("pass:{secret}"),
            "-kdfopt",
            &format!("hexsalt:{hex}"),
            "-kdfopt",
            "iter:10000",
            "PBKDF2",
        ],
    );
    output.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// AES-256-CBC by the `openssl` program, with key and IV as KCP derives them.
fn openssl_cipher(direction: &str, salt: &[u8], input: &[u8]) -> Vec<u8> {
    let dir = TempDir::new().unwrap();
    fs::write(dir.path().join("in"), input).unwrap();
    let (key, iv) = (derive(ENC_KEY, salt, 32), derive("AO7F3", salt, 16));
    openssl(
        dir.path(),
        &[
            "enc",
            "-aes-256-cbc",
            direction,
            "-K",
            &key,
            "-iv",
            &iv,
            "-in",
            "in",
        ],
    )
}

/// An answer to the query that holds this JSON, encrypted by the `openssl` program.
fn answer_holding(text: &str) -> Value {
    json!({
        "res_cd": "0000", "res_msg": "정상처리",
        "enc_cert_data": STANDARD.encode(openssl_cipher("-e", &SALT, text.as_bytes())),
        "rv": STANDARD.encode(SALT),
    })
}

async fn register(answer: Behaviour) -> (Result<Reply<Registered>, CallError>, Server) {
    let server = Server::start(answer).await;
    let result = client()
        .register(&server.url, &credentials(), &registration())
        .await;
    (result, server)
}

async fn query(answer: Value) -> (Result<Reply<CertData>, CallError>, Server) {
    let server = Server::start(Behaviour::json(answer)).await;
    let result = client()
        .query(&server.url, &credentials(), "KEY1", "BONIN0001")
        .await;
    (result, server)
}

#[tokio::test]
async fn a_registration_goes_encrypted_and_openssl_can_read_it() {
    let mut server = Server::start(Behaviour::json(json!({
        "res_cd": "0000", "res_msg": "정상처리", "call_url": "https://cert.kcp.co.kr/window?x=1", "reg_cert_key": "KEY1",
    })))
    .await;
    let base = server.url.join("/some/prefix/").unwrap();
    let reply = client()
        .register(&base, &credentials(), &registration())
        .await
        .unwrap();
    let Outcome::Success(registered) = &reply.outcome else {
        panic!("{reply:?}")
    };
    assert_eq!(
        registered.call_url.as_str(),
        "https://cert.kcp.co.kr/window?x=1"
    );
    assert_eq!(registered.reg_cert_key.expose(), "KEY1");
    assert!(!format!("{reply:?}").contains("KEY1"));

    let received = server.received.recv().await.unwrap();
    assert!(
        received
            .head
            .starts_with("POST /some/prefix/api/reg/certDataReg.do HTTP/1.1"),
        "{}",
        received.head
    );
    assert_eq!(received.header("site_cd"), "AO7F3");
    assert!(
        received
            .header("content-type")
            .starts_with("application/json")
    );
    let salt = STANDARD.decode(received.header("rv")).unwrap();
    assert_eq!(salt.len(), 16);
    let data = STANDARD.decode(received.body.as_str().unwrap()).unwrap();
    let plaintext: Value = serde_json::from_slice(&openssl_cipher("-d", &salt, &data)).unwrap();
    assert_eq!(
        plaintext,
        json!({
            "site_cd": "AO7F3", "ordr_idxx": "BONIN0001", "Ret_URL": "http://127.0.0.1:8787/checkout/return/비밀",
            "web_siteid": "J01234567890", "param_opt_1": "하나", "param_opt_2": "", "param_opt_3": "",
        })
    );
}

#[tokio::test]
async fn a_refused_registration_carries_kcps_code_and_message() {
    let (result, _server) = register(Behaviour::json(
        json!({"res_cd": "CS24", "res_msg": "가맹점 설정이 없습니다."}),
    ))
    .await;
    assert_eq!(
        result.unwrap().outcome,
        Outcome::Refused {
            res_cd: "CS24".into(),
            res_msg: "가맹점 설정이 없습니다.".into()
        }
    );
}

#[tokio::test]
async fn a_registration_without_a_usable_address_and_key_is_no_success() {
    let success = |call_url: Value, key: Value| {
        Behaviour::json(json!({"res_cd": "0000", "call_url": call_url, "reg_cert_key": key}))
    };
    for call_url in [
        json!(null),
        json!(""),
        json!("/window"),
        json!("javascript:alert(1)"),
        json!("ftp://cert.kcp.co.kr/"),
        json!("https://user@cert.kcp.co.kr/"),
        json!(["https://cert.kcp.co.kr/"]),
    ] {
        let (result, _server) = register(success(call_url.clone(), json!("KEY1"))).await;
        let expected = CallError::InvalidResponse(InvalidResponse::Incomplete("call_url"));
        assert_eq!(result.unwrap_err(), expected, "{call_url}");
    }
    for key in [
        json!(null),
        json!(""),
        json!({}),
        json!("a\nb"),
        json!("k".repeat(1025)),
    ] {
        let (result, _server) = register(success(json!("https://cert.kcp.co.kr/"), key)).await;
        let expected = CallError::InvalidResponse(InvalidResponse::Incomplete("reg_cert_key"));
        assert_eq!(result.unwrap_err(), expected);
    }
}

#[tokio::test]
async fn a_registration_that_breaks_kcps_rules_never_leaves() {
    let mut server = Server::start(Behaviour::json(json!({"res_cd": "0000"}))).await;
    let wrong = Registration {
        ret_url: "javascript:alert('비밀')".into(),
        ..registration()
    };
    let error = client()
        .register(&server.url, &credentials(), &wrong)
        .await
        .unwrap_err();
    assert!(matches!(&error, CallError::BadRegistration(it) if it.field == "Ret_URL"));
    assert!(!error.may_have_left() && !format!("{error} {error:?}").contains("비밀"));
    let error = client()
        .register(
            &Url::parse("ftp://127.0.0.1/").unwrap(),
            &credentials(),
            &registration(),
        )
        .await
        .unwrap_err();
    assert_eq!(error, CallError::BadBaseUrl);
    assert_eq!(server.request_count().await, 0);
}

#[tokio::test]
async fn a_query_gives_the_person_and_the_decrypted_text() {
    let text = r#"{"res_cd":"0000","res_msg":"정상처리","per_cert_no":"2611231","user_name":"홍길동","birth_day":"19900101","phone_no":"01012345678","comm_id":"KTF","sex_code":"01","local_code":"01","CI_URL":"Y2k%2B","di":"ZGk="}"#;
    let (result, mut server) = query(answer_holding(text)).await;
    let reply = result.unwrap();
    assert_eq!(reply.raw.expose(), text);
    let Outcome::Success(data) = &reply.outcome else {
        panic!("{reply:?}")
    };
    assert_eq!(data.per_cert_no.as_deref(), Some("2611231"));
    assert_eq!(data.comm_id.as_deref(), Some("KTF"));
    let read = [
        &data.user_name,
        &data.birth_day,
        &data.phone_no,
        &data.sex_code,
        &data.local_code,
    ];
    let expected = ["홍길동", "19900101", "01012345678", "01", "01"];
    assert_eq!(read.map(|it| it.as_ref().unwrap().expose()), expected);
    assert_eq!(data.ci().unwrap().expose(), "Y2k+");
    assert_eq!(data.di().unwrap().expose(), "ZGk=");
    let printed = format!("{reply:?}");
    assert!(
        !printed.contains("홍길동") && !printed.contains("0101234") && !printed.contains("Y2k"),
        "{printed}"
    );

    let received = server.received.recv().await.unwrap();
    assert!(
        received
            .head
            .starts_with("POST /api/query/getCertData.do HTTP/1.1"),
        "{}",
        received.head
    );
    assert_eq!(received.header("site_cd"), "AO7F3");
    assert_eq!(
        received.body,
        json!({"reg_cert_key": "KEY1", "ordr_idxx": "BONIN0001"})
    );
}

#[tokio::test]
async fn a_query_is_refused_outside_or_inside_the_cipher() {
    let (result, _server) = query(json!({"res_cd": "9562", "res_msg": "연동 오류"})).await;
    assert_eq!(
        result.unwrap().outcome,
        Outcome::Refused {
            res_cd: "9562".into(),
            res_msg: "연동 오류".into()
        }
    );
    let (result, _server) = query(answer_holding(
        r#"{"res_cd":"9999","res_msg":"취소","user_name":"홍길동"}"#,
    ))
    .await;
    assert_eq!(
        result.unwrap().outcome,
        Outcome::Refused {
            res_cd: "9999".into(),
            res_msg: "취소".into()
        }
    );
}

#[tokio::test]
async fn a_query_whose_answer_cannot_be_read_verifies_nobody() {
    let good = answer_holding("{\"res_cd\":\"0000\"}");
    let with = |name: &str, value: Value| {
        let mut answer = good.clone();
        answer[name] = value;
        answer
    };
    for (answer, reason) in [
        (
            with("enc_cert_data", json!("")),
            InvalidResponse::Incomplete("enc_cert_data"),
        ),
        (with("rv", json!(null)), InvalidResponse::Incomplete("rv")),
        (
            with("rv", json!(STANDARD.encode([7; 16]))),
            InvalidResponse::Undecipherable,
        ),
        (
            with("rv", json!("no base64")),
            InvalidResponse::Undecipherable,
        ),
        (
            with("enc_cert_data", json!(STANDARD.encode([7; 32]))),
            InvalidResponse::Undecipherable,
        ),
        (answer_holding("no JSON"), InvalidResponse::NotJson),
        (answer_holding("{}"), InvalidResponse::NoResCd),
    ] {
        let (result, _server) = query(answer).await;
        let error = result.unwrap_err();
        assert_eq!(error, CallError::InvalidResponse(reason));
        assert!(error.may_have_left());
    }
}

#[tokio::test]
async fn the_window_keeps_the_hubs_limits() {
    let (result, mut server) = register(Behaviour::Silence).await;
    assert_eq!(result.unwrap_err(), CallError::Timeout);
    assert_eq!(server.request_count().await, 1);

    let (result, mut server) = register(Behaviour::WriteAndClose(Vec::new())).await;
    assert_eq!(
        result.unwrap_err(),
        CallError::InvalidResponse(InvalidResponse::Disconnected)
    );
    assert_eq!(server.request_count().await, 1);

    let (result, _server) = register(Behaviour::answer("503 x", "점검")).await;
    assert_eq!(
        result.unwrap_err(),
        CallError::InvalidResponse(InvalidResponse::Status(503))
    );

    let (result, _server) = register(Behaviour::answer("200 OK", &"x".repeat(70_000))).await;
    assert_eq!(
        result.unwrap_err(),
        CallError::InvalidResponse(InvalidResponse::TooLarge)
    );

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    drop(listener);
    let error = client()
        .register(&url, &credentials(), &registration())
        .await
        .unwrap_err();
    assert_eq!(error, CallError::Unreachable);
}

#[tokio::test]
async fn a_hundred_queries_at_once_are_all_answered() {
    let server = Server::start(Behaviour::json(answer_holding("{\"res_cd\":\"0000\"}"))).await;
    let client = WindowClient::new(&HubClientConfig::default()).unwrap();
    let calls: Vec<_> = (0..100)
        .map(|_| {
            let (client, url) = (client.clone(), server.url.clone());
            tokio::spawn(async move { client.query(&url, &credentials(), "KEY1", "B1").await })
        })
        .collect();
    for call in calls {
        assert!(matches!(
            call.await.unwrap().unwrap().outcome,
            Outcome::Success(_)
        ));
    }
}

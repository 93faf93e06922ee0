//! What comes back from KCP, or from whoever answers in its place: the clients themselves call a server that answers with the
//! input.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    panic::AssertUnwindSafe,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use bolero::TypeGenerator;
use bonin_fuzz::{Bounds, Input, PLANTED, assert_tells_nothing, bounded, is_korean};
use bonin_kcp::{
    codes::{CommId, LocalCode, MediaType, SexCode},
    hub::{
        HubClient, HubCredentials,
        message::{
            ConfirmOtp, FetchPassResult, HubRequest, NameCheck, PushPass, SendSms, SmsMvnoInquiry,
            Subject,
        },
    },
    window::{
        CallError, ClientConfig, Outcome, Registration, Reply, WindowClient, WindowCredentials,
    },
};
use tokio::runtime::Runtime;
use url::Url;

use crate::{
    TIME,
    merchant::{Merchant, PASSWORD},
};

/// How long one call may take. Answers here come at once or break off.
const PATIENCE: Duration = Duration::from_secs(5);

/// An answer, on the level of HTTP or of what is in it.
#[derive(Debug, Clone, TypeGenerator)]
pub enum Answer {
    /// A well-formed answer with this body.
    Body(Input),
    /// Bytes instead of an answer; then the connection ends.
    Bytes(Input),
    /// A status, and a length that may be another than the body's.
    Odd {
        status: u16,
        length: u32,
        body: Input,
    },
    /// One that goes on for longer than anyone should read.
    Endless { chunked: bool },
}

/// A server that answers every request with what it is told.
pub struct Server {
    pub url: Url,
    answer: Arc<Mutex<Vec<u8>>>,
    ended: Arc<AtomicBool>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::SeqCst);
        // It is waiting for a connection.
        let address = self.url.socket_addrs(|| None).unwrap_or_default();
        let _ = TcpStream::connect(&*address);
    }
}

impl Server {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        let answer = Arc::new(Mutex::new(Vec::new()));
        let told = answer.clone();
        let ended = Arc::new(AtomicBool::new(false));
        let stop = ended.clone();
        std::thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                if stop.load(Ordering::SeqCst) {
                    break;
                }
                let answer = told.lock().unwrap().clone();
                // A client that hangs up early is no failure of the server.
                let _ = serve(stream, &answer);
            }
        });
        Self { url, answer, ended }
    }

    pub fn tell(&self, answer: &Answer, examples: &[&str]) {
        let ok = |body: &[u8], length: usize, status: &str| {
            let head = format!(
                "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
            );
            [head.as_bytes(), body].concat()
        };
        let http = [
            "HTTP/1.1 200 OK\r\nContent-Length: 17\r\n\r\n{\"res_cd\":\"0000\"}",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n11\r\n{\"res_cd\":\"0000\"}\r\n0\r\n\r\n",
            "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/QzPlantedQz77\r\nContent-Length: 0\r\n\r\n",
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n{}",
        ];
        let bytes = match answer {
            Answer::Body(input) => {
                let body = input.of(examples);
                ok(&body, body.len(), "200 OK")
            }
            Answer::Bytes(input) => input.of(&http),
            Answer::Odd {
                status,
                length,
                body,
            } => {
                let body = body.of(examples);
                ok(&body, *length as usize, &format!("{} X", status % 1000))
            }
            // JSON, so that only its length is wrong with it.
            Answer::Endless { chunked } => {
                let long = format!(
                    "{{\"res_cd\":\"0000\",\"more\":\"{}\"}}",
                    "x".repeat(300_000)
                );
                if *chunked {
                    let chunk = format!("{:x}\r\n{long}\r\n0\r\n\r\n", long.len());
                    format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{chunk}").into()
                } else {
                    ok(long.as_bytes(), long.len(), "200 OK")
                }
            }
        };
        *self.answer.lock().unwrap() = bytes;
    }
}

fn serve(mut stream: TcpStream, answer: &[u8]) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut request = Vec::new();
    let mut chunk = [0; 8192];
    loop {
        let count = stream.read(&mut chunk)?;
        request.extend_from_slice(&chunk[..count]);
        let text = String::from_utf8_lossy(&request);
        let whole = text.split_once("\r\n\r\n").is_some_and(|(head, body)| {
            let head = head.to_ascii_lowercase();
            let length = head
                .lines()
                .find_map(|l| l.strip_prefix("content-length: "));
            length.and_then(|l| l.parse().ok()).unwrap_or(0) <= body.len()
        });
        if whole || count == 0 {
            break;
        }
    }
    stream.write_all(answer)?;
    stream.shutdown(std::net::Shutdown::Write)
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}

fn config() -> ClientConfig {
    ClientConfig {
        connect_timeout: Duration::from_secs(2),
        request_timeout: Duration::from_secs(3),
        // Every answer closes its connection.
        pool_max_idle_per_host: 0,
        ..ClientConfig::default()
    }
}

/// Makes a call within bounds, and holds what came of it to what calls promise.
fn call<A>(
    runtime: &Runtime,
    input: &impl std::fmt::Debug,
    call: impl Future<Output = Result<Reply<A>, CallError>>,
) -> Option<A> {
    let began = Instant::now();
    let result = bounded(Bounds::default(), input, || runtime.block_on(call));
    assert!(began.elapsed() < PATIENCE, "a call hung for {input:?}");
    match result {
        Ok(Reply { outcome, raw }) => {
            assert!(raw.expose().len() <= 64 * 1024);
            assert!(!format!("{raw:?}").contains(PLANTED));
            match outcome {
                Outcome::Success(answer) => Some(answer),
                Outcome::Refused { res_cd, res_msg } => {
                    assert!((1..=16).contains(&res_cd.len()) && res_cd != "0000");
                    assert!(res_cd.bytes().all(|b| b.is_ascii_graphic()));
                    assert!(!format!("{res_msg:?}").contains(PLANTED));
                    None
                }
            }
        }
        Err(error) => {
            assert_tells_nothing(&error.to_string());
            assert!(!format!("{error:?}").contains(PLANTED));
            assert!(error.may_have_left() || is_korean(&error.to_string()));
            None
        }
    }
}

const HUB_ANSWERS: [&str; 4] = [
    r#"{"res_cd":"0000","res_msg":"정상","per_cert_no":"P1","order_id":"BN1","phone_no":"QzPlantedQz77","comm_id":"SKT","iden_only_yn":"N","sms_snd_yn":"Y","van_tx_id":"v","auth_tx_id":"a","CI":"QzPlantedQz77","DI":"QzPlantedQz77"}"#,
    r#"{"res_cd":"0000","CI_URL":"QzPlantedQz77%2B%3D","di_url":"QzPlantedQz77%","ci":null,"per_cert_no":2210}"#,
    r#"{"res_cd":"8001","res_msg":"QzPlantedQz77 님의 정보가 맞지 않습니다"}"#,
    r#"{"res_cd":"0000","birth_day":"QzPlantedQz77","sex_code":"QzPlantedQz77","local_code":"QzPlantedQz77"}"#,
];

fn subject() -> Subject {
    Subject {
        ordr_idxx: "BN1".into(),
        phone_no: "01012345678".into(),
        comm_id: CommId::Skt,
        user_name: "홍길동".into(),
        birth_day: "19900315".into(),
        local_code: LocalCode::Korean,
        sex_code: SexCode::Female,
        web_siteid: None,
        cust_ip: None,
    }
}

#[test]
fn hub() {
    let server = Server::start();
    let runtime = runtime();
    let client = AssertUnwindSafe(HubClient::new(&config()).unwrap());
    let merchant = Merchant::one();
    let credentials =
        HubCredentials::parse("T0001", &merchant.certificate, &merchant.key, PASSWORD).unwrap();
    bolero::check!()
        .with_test_time(TIME)
        .with_type::<(u8, Answer)>()
        .for_each(|input| {
            let (which, answer) = input;
            server.tell(answer, &HUB_ANSWERS);
            let at = &server.url;
            match which % 6 {
                0 => ask(
                    &runtime,
                    input,
                    &client,
                    at,
                    &credentials,
                    &SmsMvnoInquiry(subject()),
                ),
                1 => ask(
                    &runtime,
                    input,
                    &client,
                    at,
                    &credentials,
                    &NameCheck {
                        subject: subject(),
                        media_type: MediaType::Pc,
                        per_cert_no: None,
                        cp_sms_msg: None,
                        cp_callback: None,
                    },
                ),
                2 => ask(
                    &runtime,
                    input,
                    &client,
                    at,
                    &credentials,
                    &SendSms {
                        per_cert_no: "P1".into(),
                        comm_id: CommId::Skt,
                        cp_sms_msg: None,
                        cp_callback: None,
                        cust_ip: None,
                    },
                ),
                3 => ask(
                    &runtime,
                    input,
                    &client,
                    at,
                    &credentials,
                    &ConfirmOtp {
                        per_cert_no: "P1".into(),
                        comm_id: CommId::Skt,
                        otp_no: "012345".into(),
                        adl_agree_yn: false,
                        cust_ip: None,
                    },
                ),
                4 => ask(
                    &runtime,
                    input,
                    &client,
                    at,
                    &credentials,
                    &PushPass {
                        ordr_idxx: "BN1".into(),
                        phone_no: "01012345678".into(),
                        comm_id: CommId::Skt,
                        user_name: "홍길동".into(),
                        media_type: MediaType::Mobile,
                        web_siteid: None,
                        per_cert_no: None,
                        cust_ip: None,
                    },
                ),
                _ => ask(
                    &runtime,
                    input,
                    &client,
                    at,
                    &credentials,
                    &FetchPassResult {
                        per_cert_no: "P1".into(),
                        comm_id: CommId::Skt,
                        auth_tx_id: None,
                        cust_ip: None,
                    },
                ),
            }
        });
}

fn ask<R: HubRequest>(
    runtime: &Runtime,
    input: &impl std::fmt::Debug,
    client: &HubClient,
    at: &Url,
    credentials: &HubCredentials,
    request: &R,
) where
    R::Answer: std::fmt::Debug,
{
    // What names nobody prints as it came; the examples have the planted word only where it names someone.
    if let Some(answer) = call(runtime, input, client.call(at, credentials, request)) {
        let shown = format!("{answer:?}");
        assert!(shown.len() <= 64 * 1024 * 8, "a very long {}", shown.len());
    }
}

#[test]
fn registration() {
    let server = Server::start();
    let runtime = runtime();
    let client = AssertUnwindSafe(WindowClient::new(&config()).unwrap());
    let credentials = WindowCredentials::new("T0001", PLANTED).unwrap();
    let wanted = Registration {
        ordr_idxx: "BN1".into(),
        ret_url: "https://gateway.example/return".into(),
        ..Registration::default()
    };
    let examples = [
        r#"{"res_cd":"0000","call_url":"https://testcert.kcp.co.kr/kcp_cert/cert_view.do","reg_cert_key":"QzPlantedQz77"}"#,
        r#"{"res_cd":"0000","call_url":"javascript:QzPlantedQz77","reg_cert_key":"k"}"#,
        r#"{"res_cd":"0000","call_url":"https://kcp.example/","reg_cert_key":""}"#,
        r#"{"res_cd":"CS24","res_msg":"QzPlantedQz77"}"#,
    ];
    bolero::check!()
        .with_test_time(TIME)
        .with_type::<Answer>()
        .for_each(|answer| {
            server.tell(answer, &examples);
            let register = client.register(&server.url, &credentials, &wanted);
            let Some(registered) = call(&runtime, answer, register) else {
                return;
            };
            // A browser is sent there.
            assert!(matches!(registered.call_url.scheme(), "http" | "https"));
            assert!(registered.call_url.has_host());
            let key = registered.reg_cert_key;
            assert!(!key.is_empty() && key.expose().chars().count() <= 1024);
            assert!(!format!("{key:?}").contains(PLANTED));
        });
}

/// What is asked of a query: an answer as any, or one that was truly encrypted and holds the input.
#[derive(Debug, Clone, TypeGenerator)]
enum QueryAnswer {
    Any(Answer),
    Encrypted(Input),
}

#[test]
fn query() {
    let server = Server::start();
    let runtime = runtime();
    let client = AssertUnwindSafe(WindowClient::new(&config()).unwrap());
    let credentials = WindowCredentials::new("T0001", PLANTED).unwrap();
    let outer = [
        r#"{"res_cd":"0000","enc_cert_data":"pjn+1TICiC+67t2m1udt3A==","rv":"MDEyMzQ1Njc4OWFiY2RlZg=="}"#,
        r#"{"res_cd":"0000","enc_cert_data":"QzPlantedQz77","rv":""}"#,
        r#"{"res_cd":"9999","res_msg":"QzPlantedQz77"}"#,
    ];
    let inner = [
        r#"{"res_cd":"0000","per_cert_no":"P1","user_name":"QzPlantedQz77","birth_day":"QzPlantedQz77","phone_no":"QzPlantedQz77","comm_id":"KTF","sex_code":"QzPlantedQz77","local_code":"01","ci_url":"QzPlantedQz77%2B","DI":"QzPlantedQz77"}"#,
        r#"{"res_cd":"S004","res_msg":"QzPlantedQz77"}"#,
    ];
    bolero::check!()
        .with_test_time(TIME)
        .with_type::<QueryAnswer>()
        .for_each(|given| {
            match given {
                QueryAnswer::Any(answer) => server.tell(answer, &outer),
                QueryAnswer::Encrypted(input) => {
                    let sent = credentials.encrypt(&input.text_of(&inner)).unwrap();
                    let body = serde_json::json!({
                        "res_cd": "0000", "enc_cert_data": sent.data, "rv": sent.rv,
                    })
                    .to_string();
                    server.tell(&Answer::Body(Input::Bytes(body.into())), &[]);
                }
            }
            let query = client.query(&server.url, &credentials, "key", "BN1");
            if let Some(data) = call(&runtime, given, query) {
                let _ = (data.ci(), data.di());
                let people = [&data.user_name, &data.birth_day, &data.phone_no];
                let linked = [&data.ci(), &data.di()];
                assert!(!format!("{people:?}{linked:?}").contains(PLANTED));
            }
        });
}

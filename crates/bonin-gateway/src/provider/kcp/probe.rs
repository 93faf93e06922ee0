//! "Test this channel": calls that cost nothing and reach nobody, and what their answers mean.
//!
//! The window is registered as a real one is (nobody opens it). The hub is asked which MVNO a phone belongs to (tx_type 2400),
//! about a person that we made up; 2100, 2200 and 2500 cost money and are never used here.

use std::time::{Duration, Instant};

use bonin_core::Redacted;
use bonin_kcp::{
    codes::{CommId, LocalCode, SexCode},
    hub::message::{SmsMvnoInquiry, Subject},
    window::Registration,
};
use bonin_store::Channel;
use tokio::net::{TcpStream, lookup_host};
use url::Url;

use super::{
    Kcp,
    calls::{Calls, INVALID_RESPONSE, Notes, Stop, TIMEOUT},
    instructions::result_host,
};
use crate::provider::{ProbeOrder, Probed, Product, Unprepared, Verdict};

/// A number that no operator gives out, and a name that nobody has.
const NOBODYS_PHONE: &str = "01000000000";
const NOBODYS_NAME: &str = "연동시험";

/// What an answer meant.
struct Meaning {
    verdict: Verdict,
    explanation: String,
}

fn meaning(verdict: Verdict, explanation: impl Into<String>) -> Meaning {
    Meaning {
        verdict,
        explanation: explanation.into(),
    }
}

/// Registers a window with a return address of this gateway.
pub(super) async fn window(kcp: &Kcp, channel: &Channel, order: &ProbeOrder) -> Probed {
    let began = Instant::now();
    let window = match kcp.window(channel) {
        Ok(window) => window,
        Err(error) => return unusable(Product::Window, &error, began),
    };
    let registration = Registration {
        ordr_idxx: order.window_order.to_string(),
        ret_url: order.return_url.expose().into(),
        ..Registration::default()
    };
    let mut notes = Notes::counted_by(&window.metrics);
    let reply = window
        .client
        .register(&window.url, &window.credentials, &registration);
    let meant = match notes.ask("register", reply).await {
        Ok(_) => Ok(meaning(
            Verdict::Works,
            "KCP가 표준창을 등록해 주었습니다. 사이트 코드, 가맹점 인증키, 인증결과URL설정이 모두 맞습니다.",
        )),
        Err(stop) => Err(stop),
    };
    let host = result_host(order.return_url.expose());
    let explain = |code: &str| window_refusal(code, &host);
    told(kcp, Product::Window, &window.url, began, meant, explain).await
}

/// Asks which MVNO nobody's phone belongs to.
pub(super) async fn hub(kcp: &Kcp, channel: &Channel, order: &ProbeOrder) -> Probed {
    let began = Instant::now();
    let hub = match kcp.hub(channel).await {
        Ok(hub) => hub,
        Err(error) => return unusable(Product::Hub, &error, began),
    };
    let inquiry = SmsMvnoInquiry(Subject {
        ordr_idxx: order.hub_order.to_string(),
        phone_no: NOBODYS_PHONE.into(),
        comm_id: CommId::Ktm,
        user_name: NOBODYS_NAME.into(),
        birth_day: "19900101".into(),
        local_code: LocalCode::Korean,
        sex_code: SexCode::Male,
        web_siteid: None,
        cust_ip: None,
    });
    let mut calls = Calls::new(&hub);
    let meant = match calls.make(&inquiry).await {
        Ok(_) => Ok(meaning(
            Verdict::Works,
            "KCP가 인증서와 서명을 받아들였습니다. 과금되는 요청(2100, 2200, 2500)은 보내지 않았습니다.",
        )),
        Err(stop) => Err(stop),
    };
    told(kcp, Product::Hub, &hub.url, began, meant, hub_refusal).await
}

/// What KCP's refusal of a registration means.
fn window_refusal(code: &str, host: &str) -> Meaning {
    match code {
        "CS24" => meaning(
            Verdict::Refused,
            format!(
                "KCP 파트너 관리자의 설정이 빠졌습니다. 부가서비스 > 휴대폰본인확인 > 인증결과URL설정에 {host}을(를) 등록하고, 연동 방식이 표준창(V2)인지 확인해야 합니다. 사이트 코드와 가맹점 인증키는 KCP가 알아보았습니다."
            ),
        ),
        "9562" => meaning(
            Verdict::Refused,
            "KCP와의 연동에 오류가 있습니다. 사이트 코드와 가맹점 인증키가 KCP 파트너 관리자에 있는 값과 같은지, 테스트와 운영 주소가 바뀌지 않았는지 확인해야 합니다.",
        ),
        "SB91" => meaning(
            Verdict::Refused,
            "샌드박스가 요청을 풀지 못했습니다. 가맹점 인증키가 이 가맹점의 것인지 확인하고 바꿔야 합니다.",
        ),
        "SB92" => unknown_merchant(),
        code => meaning(
            Verdict::Refused,
            format!(
                "KCP가 코드 {code}(으)로 거절했습니다. KCP의 코드는 공개되어 있지 않으므로 뜻은 KCP에 문의해야 합니다. 사이트 코드, 가맹점 인증키, 주소(테스트/운영)를 함께 확인해 주세요."
            ),
        ),
    }
}

/// What KCP's refusal of an inquiry about nobody means.
fn hub_refusal(code: &str) -> Meaning {
    match code {
        "SB01" => meaning(
            Verdict::Works,
            "샌드박스가 인증서와 서명을 받아들였습니다. 시험용으로 지어낸 사람이라 '일치하지 않음'이 맞는 답입니다.",
        ),
        "SB91" => meaning(
            Verdict::Refused,
            "샌드박스가 인증서나 서명을 받아들이지 않았습니다. 이 가맹점의 인증서와 개인키인지 확인하고 자격 증명을 바꿔야 합니다.",
        ),
        "SB92" => unknown_merchant(),
        "9562" => meaning(
            Verdict::Refused,
            "KCP와의 연동에 오류가 있습니다. 사이트 코드와 인증서가 KCP에 등록된 것과 같은지, 테스트와 운영 주소가 바뀌지 않았는지 확인해야 합니다.",
        ),
        code => meaning(
            Verdict::Unclear,
            format!(
                "KCP까지 연결되고 답도 왔지만, 코드 {code}의 뜻은 공개되어 있지 않습니다. 시험용으로 지어낸 사람을 물었으므로 사람을 찾지 못했다는 뜻일 수도, 인증서나 서명을 거절했다는 뜻일 수도 있습니다. KCP의 메시지를 보고, 분명하지 않으면 KCP에 코드의 뜻을 문의해야 합니다."
            ),
        ),
    }
}

fn unknown_merchant() -> Meaning {
    meaning(
        Verdict::Refused,
        "샌드박스에 이 사이트 코드의 가맹점이 없습니다. 사이트 코드와 주소를 확인해야 합니다.",
    )
}

fn unusable(product: Product, error: &Unprepared, began: Instant) -> Probed {
    Probed {
        product,
        verdict: Verdict::Unusable,
        code: None,
        message: None,
        explanation: error.to_string(),
        took: began.elapsed(),
    }
}

async fn told(
    kcp: &Kcp,
    product: Product,
    url: &Url,
    began: Instant,
    meant: Result<Meaning, Stop>,
    explain: impl FnOnce(&str) -> Meaning,
) -> Probed {
    let took = began.elapsed();
    let (code, message, meant) = match meant {
        Ok(meant) => (Some("0000".to_owned()), None, meant),
        Err(Stop::Refused { code, message }) => {
            let meant = explain(&code);
            (Some(code), said(message), meant)
        }
        Err(Stop::NoAnswer { code, message, .. }) => {
            let why = match code {
                TIMEOUT => "KCP가 제한 시간 안에 답하지 않았습니다. 잠시 뒤 다시 시험하고, 계속되면 방화벽이 답을 막지 않는지 확인한 뒤 KCP에 문의해야 합니다.".to_owned(),
                INVALID_RESPONSE => format!("{message}. 주소가 KCP의 것이 맞는지, 중간에 다른 서버(프록시)가 답하지 않는지 확인해야 합니다."),
                _ => why_unreachable(url, kcp.connect_timeout, kcp.client.trusts_nobody()).await,
            };
            let meant = meaning(Verdict::NoAnswer, why);
            (Some(code.to_owned()), None, meant)
        }
    };
    Probed {
        product,
        verdict: meant.verdict,
        code,
        message,
        explanation: meant.explanation,
        took,
    }
}

/// KCP's message, where it gave one.
fn said(message: Redacted) -> Option<Redacted> {
    (!message.expose().trim().is_empty()).then_some(message)
}

/// How far a connection comes: to the name, to the port, or to TLS.
async fn why_unreachable(url: &Url, limit: Duration, trusts_nobody: bool) -> String {
    let host = url.host_str().unwrap_or_default();
    let port = url.port_or_known_default().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let found = tokio::time::timeout(limit, lookup_host((bare, port))).await;
    let addresses: Vec<_> = match found {
        Ok(Ok(addresses)) => addresses.collect(),
        _ => Vec::new(),
    };
    if addresses.is_empty() {
        return format!(
            "{host}의 IP 주소를 찾지 못했습니다. 주소를 확인하고, 맞으면 이 서버의 DNS 설정을 확인해야 합니다."
        );
    }
    let opened = tokio::time::timeout(limit, TcpStream::connect(addresses.as_slice())).await;
    match opened {
        Ok(Ok(_)) if url.scheme() == "https" && trusts_nobody => {
            "이 서버에 CA 인증서가 없어 https로 연결할 수 없습니다. ca-certificates 패키지를 설치하고 게이트웨이를 다시 시작해야 합니다.".to_owned()
        }
        Ok(Ok(_)) if url.scheme() == "https" => format!(
            "{host}:{port}에 연결되지만 TLS 연결을 맺지 못했습니다. 그 서버의 인증서와 이 서버의 CA 인증서, 시계, 중간의 프록시를 확인해야 합니다."
        ),
        Ok(Ok(_)) => format!(
            "{host}:{port}에 조금 전에는 연결하지 못했지만 지금은 연결됩니다. 다시 시험해야 합니다."
        ),
        Ok(Err(_)) => format!(
            "{host}:{port}에 연결하지 못했습니다. 서버가 연결을 받지 않습니다. 주소와 포트, 방화벽을 확인해야 합니다."
        ),
        Err(_) => format!(
            "{host}:{port}에 제한 시간 안에 연결하지 못했습니다. 방화벽이 막고 있지 않은지, KCP에 이 서버의 IP 주소를 등록해야 하는지 확인해야 합니다."
        ),
    }
}

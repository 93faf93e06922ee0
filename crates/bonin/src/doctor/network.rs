//! Whether the hosts of the channels can be reached. Nothing is asked of them that costs or that they would remember.

use std::{
    collections::BTreeSet,
    error::Error,
    time::{Duration, Instant},
};

use bonin_gateway::{
    KcpConfig,
    admin::{Finding, ShownChannel},
};
use reqwest::{Client, ClientBuilder, Url};

/// No host is waited for longer.
const LONGEST: Duration = Duration::from_secs(10);

pub(super) async fn examine(channels: &[ShownChannel], kcp: &KcpConfig) -> Vec<Finding> {
    let used = channels
        .iter()
        .filter(|channel| channel.retired_at.is_none());
    let hosts: BTreeSet<String> = used
        .flat_map(|channel| [&channel.hub_url, &channel.window_url])
        .flatten()
        .filter_map(|url| Url::parse(url).ok())
        .map(|url| url.origin().ascii_serialization())
        .collect();
    if hosts.is_empty() {
        return Vec::new();
    }
    // The same trust as the gateway's own calls.
    let client = match bonin_kcp::call::client(|| builder(kcp)) {
        Ok((client, _)) => client,
        Err(error) => {
            let message = format!("HTTP 클라이언트를 만들지 못했습니다: {}", deepest(&error));
            return vec![Finding::failure("reach", message)];
        }
    };
    let mut asked = tokio::task::JoinSet::new();
    for host in hosts {
        asked.spawn(reach(client.clone(), host));
    }
    let mut findings = asked.join_all().await;
    findings.sort_by(|one, other| one.message.cmp(&other.message));
    findings
}

fn builder(kcp: &KcpConfig) -> ClientBuilder {
    Client::builder()
        .connect_timeout(kcp.connect_timeout.min(LONGEST))
        .timeout(kcp.request_timeout.min(LONGEST))
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
}

/// Any answer is one.
async fn reach(client: Client, host: String) -> Finding {
    let began = Instant::now();
    match client.get(format!("{host}/")).send().await {
        Ok(_) => Finding::fine(
            "reach",
            format!("{host}에 닿습니다({} ms).", began.elapsed().as_millis()),
        ),
        Err(error) => {
            let why = if error.is_timeout() {
                "시간 안에 답이 없음".to_owned()
            } else {
                deepest(&error.without_url())
            };
            Finding::failure(
                "reach",
                format!(
                    "{host}에 닿지 않습니다({why}). 방화벽, DNS, CA 인증서와 채널의 주소를 확인해야 합니다."
                ),
            )
        }
    }
}

/// The cause at the bottom: what is above it only says that a request failed.
pub(super) fn deepest(error: &(dyn Error + 'static)) -> String {
    let mut cause = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}

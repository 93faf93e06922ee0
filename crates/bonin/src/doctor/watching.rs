//! Who may read the metrics, and whether traces arrive where they are sent.

use std::time::Duration;

use bonin_gateway::admin::Finding;
use reqwest::{Client, ClientBuilder, Url};

use super::{configuration, files, network::deepest};
use crate::{metrics::MetricsArgs, telemetry::TraceArgs};

/// The collector is not waited for longer.
const LONGEST: Duration = Duration::from_secs(5);

pub(super) async fn examine(metrics: &MetricsArgs, traces: &TraceArgs) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(open_to(metrics).await);
    if let Some(file) = &metrics.metrics_token_file {
        findings.extend(files::private("metrics_token_file", file));
    }
    match traces.endpoint() {
        Ok(None) => {}
        Ok(Some(url)) => {
            findings.extend(in_the_clear(&url));
            if let Some(file) = &traces.otlp_headers_file {
                findings.extend(files::private("otlp_headers_file", file));
            }
            findings.push(match traces.headers() {
                Ok(_) => reach(url).await,
                Err(failure) => Finding::failure(
                    "otlp",
                    format!("`bonin serve`가 시작하지 않습니다: {failure}"),
                ),
            });
        }
        Err(failure) => findings.push(Finding::failure(
            "otlp",
            format!("otlp_endpoint를 쓸 수 없습니다: {failure}"),
        )),
    }
    findings
}

/// Who may read the metrics, where anybody may.
async fn open_to(metrics: &MetricsArgs) -> Option<Finding> {
    const CHECK: &str = "metrics";
    let has_token = match metrics.token() {
        Ok(token) => token.is_some(),
        Err(failure) => {
            let message = format!("`bonin serve`가 시작하지 않습니다: {failure}");
            return Some(Finding::failure(CHECK, message));
        }
    };
    let Some(listen) = &metrics.metrics_listen else {
        return has_token.then(|| {
            Finding::fine(
                CHECK,
                "API와 같은 주소의 /metrics를 토큰을 보인 쪽만 읽습니다.",
            )
        });
    };
    let found = tokio::net::lookup_host(listen).await;
    let Some(addresses) = found.ok().map(Iterator::collect::<Vec<_>>) else {
        return Some(Finding::failure(
            CHECK,
            format!(
                "metrics_listen의 주소({listen})를 알 수 없습니다. 127.0.0.1:9464처럼 주소와 포트를 적어야 합니다."
            ),
        ));
    };
    let is_here = addresses.iter().all(|address| address.ip().is_loopback());
    Some(if has_token || is_here {
        Finding::fine(CHECK, format!("/metrics를 {listen}에서 엽니다."))
    } else {
        Finding::warning(
            CHECK,
            format!(
                "{listen}의 /metrics를 그 주소에 닿는 누구나 읽습니다. 개인정보는 없지만 인증이 얼마나 있었는지 알 수 있습니다. 방화벽으로 막거나 metrics_token_file을 설정해야 합니다."
            ),
        )
    })
}

/// What traces tell is no secret, but the collector's credential is.
fn in_the_clear(url: &Url) -> Option<Finding> {
    (url.scheme() == "http" && !configuration::is_this_machine(url)).then(|| {
        Finding::warning(
            "otlp",
            format!(
                "트레이스를 암호화하지 않은 채 {}(으)로 보냅니다. 수집기의 인증 정보도 그대로 보입니다. 자기 네트워크 밖이면 https 주소를 적어야 합니다.",
                url.origin().ascii_serialization()
            ),
        )
    })
}

/// Any answer is one: nothing is sent that a collector would keep.
async fn reach(url: Url) -> Finding {
    let collector = url.origin().ascii_serialization();
    let asked = match bonin_kcp::call::client(builder) {
        Ok((client, _)) => client.get(url).send().await.map(drop),
        Err(error) => Err(error),
    };
    match asked {
        Ok(()) => Finding::fine("otlp", format!("트레이스 수집기 {collector}에 닿습니다.")),
        Err(error) => {
            let why = if error.is_timeout() {
                "시간 안에 답이 없음".to_owned()
            } else {
                deepest(&error.without_url())
            };
            // Requests do not wait for it: nothing fails.
            Finding::warning(
                "otlp",
                format!(
                    "트레이스 수집기 {collector}에 닿지 않습니다({why}). 요청은 그대로 처리되지만 트레이스는 버려집니다. 주소와 방화벽을 확인해야 합니다."
                ),
            )
        }
    }
}

fn builder() -> ClientBuilder {
    Client::builder()
        .timeout(LONGEST)
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
}

//! Addresses, and what a proxy in front of the gateway asks for.

use bonin_gateway::{GatewayConfig, admin::Finding};
use reqwest::Url;

use crate::{
    console::{ConsoleArgs, plain_address},
    serve::AddressArgs,
    settings::GatewayArgs,
};

pub(super) async fn examine(
    address: &AddressArgs,
    console: &ConsoleArgs,
    gateway: &GatewayArgs,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    match address.public_url() {
        Ok(url) => {
            findings.push(reached_safely("public_url", &url));
            let hops = gateway.config(GatewayConfig::default()).trusted_hops;
            findings.extend(proxies(&url, hops));
        }
        Err(failure) => findings.push(Finding::failure(
            "public_url",
            format!("public_url을 쓸 수 없습니다: {failure}"),
        )),
    }
    findings.push(listening("listen", &address.listen).await);
    if console.console_enabled {
        if let Some(listen) = &console.console_listen {
            findings.push(listening("console_listen", listen).await);
        }
        if let Some(url) = &console.console_url {
            findings.push(match plain_address("console_url", url) {
                Ok(url) => reached_safely("console_url", &url),
                Err(failure) => Finding::failure(
                    "console_url",
                    format!("console_url을 쓸 수 없습니다: {failure}"),
                ),
            });
        }
    }
    findings
}

/// Names, phone numbers and passwords pass through these addresses.
fn reached_safely(check: &'static str, url: &str) -> Finding {
    let parsed = Url::parse(url).ok();
    let https = parsed.as_ref().is_some_and(|url| url.scheme() == "https");
    if https {
        Finding::fine(check, format!("{check}은 https입니다({url})."))
    } else if parsed.is_some_and(|url| is_this_machine(&url)) {
        Finding::fine(
            check,
            format!("{check}은 이 컴퓨터 안에서만 통하는 주소입니다({url})."),
        )
    } else {
        Finding::failure(
            check,
            format!(
                "{check}이 https가 아닙니다({url}). 개인정보와 로그인이 암호화되지 않은 채 오갑니다. TLS를 끝내는 프록시를 앞에 두고 https 주소를 적어야 합니다."
            ),
        )
    }
}

pub(super) fn is_this_machine(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || bare
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

fn proxies(public_url: &str, hops: usize) -> Option<Finding> {
    match (public_url.starts_with("https:"), hops) {
        (true, 0) => Some(Finding::warning(
            "trusted_hops",
            "public_url이 https라서 앞에 프록시가 있을 텐데 trusted_hops가 0입니다. 모든 호출자가 한 주소로 보여 제한과 감사 기록이 소용없게 됩니다. 프록시의 수를 적어야 합니다.",
        )),
        (true, hops) => Some(Finding::fine(
            "trusted_hops",
            format!("프록시 {hops}개를 믿습니다. 실제 수와 같아야 합니다."),
        )),
        (false, 0) => None,
        (false, hops) => Some(Finding::warning(
            "trusted_hops",
            format!(
                "public_url은 프록시 없는 http 주소인데 프록시 {hops}개를 믿습니다. 호출자가 자기 주소를 꾸며 낼 수 있습니다. 프록시가 없으면 0으로 두어야 합니다."
            ),
        )),
    }
}

/// Whether the address is one that can be listened on. It may be taken: the gateway may be running.
async fn listening(check: &'static str, address: &str) -> Finding {
    let found = tokio::net::lookup_host(address).await;
    if found.is_ok_and(|mut found| found.next().is_some()) {
        Finding::fine(check, format!("{check}은 {address}입니다."))
    } else {
        Finding::failure(
            check,
            format!(
                "{check}의 주소({address})를 알 수 없습니다. 127.0.0.1:8787처럼 주소와 포트를 적어야 합니다."
            ),
        )
    }
}

#[cfg(test)]
mod tests {
    use bonin_gateway::admin::Health;

    use super::*;

    #[test]
    fn plain_http_is_for_this_machine_alone() {
        for (url, health) in [
            ("https://bonin.example.com", Health::Fine),
            ("http://127.0.0.1:8787", Health::Fine),
            ("http://localhost:8787", Health::Fine),
            ("http://[::1]:8787", Health::Fine),
            ("http://bonin.example.com", Health::Failure),
            ("http://localhost.example.com", Health::Failure),
            ("http://10.0.0.1", Health::Failure),
        ] {
            assert_eq!(reached_safely("public_url", url).health, health, "{url}");
        }
    }

    #[test]
    fn proxies_are_to_be_counted() {
        let health = |url, hops| proxies(url, hops).map(|finding| finding.health);
        assert_eq!(health("https://a.example", 0), Some(Health::Warning));
        assert_eq!(health("https://a.example", 1), Some(Health::Fine));
        assert_eq!(health("http://127.0.0.1", 0), None);
        assert_eq!(health("http://127.0.0.1", 1), Some(Health::Warning));
    }
}

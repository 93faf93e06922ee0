//! Where a channel may speak to: a TEST channel anywhere, a LIVE one to KCP alone.

use bonin_store::ChannelKind;
use url::Url;

/// KCP's hub for tests.
pub const HUB_TEST: &str = "https://stg-spl.kcp.co.kr";
/// KCP's hub.
pub const HUB_LIVE: &str = "https://spl.kcp.co.kr";

/// KCP's window for tests.
pub const WINDOW_TEST: &str = "https://testcert.kcp.co.kr";
/// KCP's window.
pub const WINDOW_LIVE: &str = "https://cert.kcp.co.kr";

/// Hosts that a LIVE channel may speak to.
#[derive(Debug, Clone)]
pub(super) struct LiveHosts {
    more: Vec<String>,
}

impl LiveHosts {
    pub(super) fn new(more: &[String]) -> Self {
        Self {
            more: more.to_vec(),
        }
    }

    /// A LIVE channel that spoke to another host would believe whatever it said of a person.
    pub(super) fn allow(&self, kind: ChannelKind, url: &Url) -> bool {
        if kind == ChannelKind::Test {
            return true;
        }
        let Some(host) = url.host_str() else {
            return false;
        };
        let with_port = url.port().map(|port| format!("{host}:{port}"));
        let kcps = url.scheme() == "https"
            && url.port().is_none()
            && ["spl.kcp.co.kr", "cert.kcp.co.kr"].contains(&host);
        kcps || self
            .more
            .iter()
            .any(|known| known == host || Some(known) == with_port.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_live_channel_speaks_to_kcp_alone_unless_the_operator_names_more() {
        let hosts = LiveHosts::new(&["127.0.0.1:8788".into()]);
        let allow = |kind, url: &str| hosts.allow(kind, &Url::parse(url).unwrap());
        for (url, allowed) in [
            ("https://spl.kcp.co.kr", true),
            ("http://spl.kcp.co.kr", false),
            ("https://spl.kcp.co.kr:8443", false),
            ("https://stg-spl.kcp.co.kr", false),
            ("https://spl.kcp.co.kr.example.com", false),
            ("http://127.0.0.1:8788", true),
            ("http://127.0.0.1:8789", false),
        ] {
            assert_eq!(allow(ChannelKind::Live, url), allowed, "{url}");
            assert!(allow(ChannelKind::Test, url));
        }
    }
}

//! Where a request comes from.

use std::net::{IpAddr, SocketAddr};

use axum::http::HeaderMap;

/// How many proxies in front of one listener are trusted, where that is not the gateway's own number.
#[derive(Debug, Clone, Copy)]
pub(super) struct TrustedHops(pub(super) usize);

/// The caller's address. Behind `trusted_hops` proxies, each of which appends the address it saw to `X-Forwarded-For`, the
/// caller's is that many from the right; what stands left of it anyone can write.
pub(super) fn caller_address(peer: SocketAddr, headers: &HeaderMap, trusted_hops: usize) -> IpAddr {
    let direct = peer.ip().to_canonical();
    let Some(from_right) = trusted_hops.checked_sub(1) else {
        return direct;
    };
    // Split as bytes: what a client put in front must not make the proxy's own entry unreadable.
    let forwarded: Vec<&[u8]> = headers
        .get_all("x-forwarded-for")
        .iter()
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
        .collect();
    forwarded
        .iter()
        .rev()
        .nth(from_right)
        .and_then(|entry| address(entry))
        .map_or(direct, |address| address.to_canonical())
}

/// An address as proxies write it, with a port or without.
fn address(entry: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(entry.trim_ascii()).ok()?;
    let plain = text.trim_start_matches('[').trim_end_matches(']');
    text.parse::<SocketAddr>()
        .map(|socket| socket.ip())
        .or_else(|_| plain.parse())
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(forwarded: &[&str], trusted_hops: usize) -> String {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append(
                "x-forwarded-for",
                axum::http::HeaderValue::from_str(value).unwrap(),
            );
        }
        let peer = "10.0.0.1:4000".parse().unwrap();
        caller_address(peer, &headers, trusted_hops).to_string()
    }

    #[test]
    fn without_trusted_proxies_nobody_can_claim_an_address() {
        assert_eq!(seen(&["203.0.113.9"], 0), "10.0.0.1");
    }

    #[test]
    fn behind_proxies_the_address_is_counted_from_the_right() {
        assert_eq!(seen(&["6.6.6.6, 203.0.113.9"], 1), "203.0.113.9");
        assert_eq!(seen(&["6.6.6.6, 203.0.113.9, 10.0.0.2"], 2), "203.0.113.9");
        assert_eq!(
            seen(&["6.6.6.6", "203.0.113.9, 10.0.0.2"], 2),
            "203.0.113.9"
        );
    }

    #[test]
    fn ports_brackets_and_a_clients_nonsense_do_not_hide_the_address() {
        assert_eq!(seen(&["203.0.113.9:5000"], 1), "203.0.113.9");
        assert_eq!(seen(&["[2001:db8::9]:5000"], 1), "2001:db8::9");
        assert_eq!(seen(&["[2001:db8::9]"], 1), "2001:db8::9");
        assert_eq!(seen(&["é, 203.0.113.9"], 1), "203.0.113.9");
    }

    #[test]
    fn a_header_that_is_missing_or_no_address_means_the_proxy_itself() {
        assert_eq!(seen(&[], 1), "10.0.0.1");
        assert_eq!(seen(&["unknown"], 1), "10.0.0.1");
        assert_eq!(seen(&["203.0.113.9"], 2), "10.0.0.1");
    }
}

//! Where a request comes from.

use std::net::{IpAddr, SocketAddr};

use axum::http::HeaderMap;

/// The caller's address. Behind `trusted_hops` proxies, each of which appends the address it saw to `X-Forwarded-For`, the
/// caller's is that many from the right; what stands left of it anyone can write.
pub(super) fn caller_address(peer: SocketAddr, headers: &HeaderMap, trusted_hops: usize) -> IpAddr {
    let direct = peer.ip().to_canonical();
    let Some(from_right) = trusted_hops.checked_sub(1) else {
        return direct;
    };
    let forwarded: Vec<&str> = headers
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .collect();
    forwarded
        .iter()
        .rev()
        .nth(from_right)
        .and_then(|address| address.parse::<IpAddr>().ok())
        .map_or(direct, |address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(forwarded: &[&str], trusted_hops: usize) -> String {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append("x-forwarded-for", value.parse().unwrap());
        }
        let peer = "10.0.0.1:4000".parse().unwrap();
        caller_address(peer, &headers, trusted_hops).to_string()
    }

    #[test]
    fn without_trusted_proxies_nobody_can_claim_an_address() {
        assert_eq!(address(&["203.0.113.9"], 0), "10.0.0.1");
    }

    #[test]
    fn behind_proxies_the_address_is_counted_from_the_right() {
        assert_eq!(address(&["6.6.6.6, 203.0.113.9"], 1), "203.0.113.9");
        assert_eq!(
            address(&["6.6.6.6, 203.0.113.9, 10.0.0.2"], 2),
            "203.0.113.9"
        );
        assert_eq!(
            address(&["6.6.6.6", "203.0.113.9, 10.0.0.2"], 2),
            "203.0.113.9"
        );
    }

    #[test]
    fn a_header_that_is_missing_or_no_address_means_the_proxy_itself() {
        assert_eq!(address(&[], 1), "10.0.0.1");
        assert_eq!(address(&["unknown"], 1), "10.0.0.1");
        assert_eq!(address(&["203.0.113.9"], 2), "10.0.0.1");
    }
}

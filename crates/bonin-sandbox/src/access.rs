//! Who may use the phone and the control API.

use axum::extract::{ConnectInfo, Request, State};
use axum::http::header::{HOST, ORIGIN};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;

use crate::control::ControlError;
use crate::serve::Peer;
use crate::{ControlAccess, Sandbox};

/// Lets a request on only if it may use the control API.
pub(crate) async fn guard(
    State(sandbox): State<Sandbox>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    request: Request,
    next: Next,
) -> Result<Response, ControlError> {
    let headers = request.headers();
    if sandbox.0.config.control_access == ControlAccess::LoopbackOnly {
        if !peer.address.ip().to_canonical().is_loopback() {
            return Err(ControlError::forbidden(
                "샌드박스의 제어 API와 휴대폰 화면은 같은 컴퓨터(127.0.0.1)에서만 사용할 수 있습니다.",
            ));
        }
        if !host(headers).is_some_and(is_loopback_host) {
            // A page elsewhere can have its name point at 127.0.0.1, but cannot choose the Host that the browser sends.
            return Err(ControlError::forbidden(
                "Host 헤더가 이 컴퓨터가 아닙니다. http://127.0.0.1 또는 http://localhost 주소로 접속해 주세요.",
            ));
        }
    }
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    if !reads && !is_same_origin(headers) {
        return Err(ControlError::forbidden(
            "다른 사이트의 페이지에서는 샌드박스를 조작할 수 없습니다.",
        ));
    }
    Ok(next.run(request).await)
}

fn host(headers: &HeaderMap) -> Option<&str> {
    headers.get(HOST)?.to_str().ok()
}

fn is_loopback_host(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split_once(']').map_or("", |(address, _)| address),
        None => host.split_once(':').map_or(host, |(name, _)| name),
    };
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    name == "localhost"
        || name.ends_with(".localhost")
        || name
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.to_canonical().is_loopback())
}

/// Whether a browser sent this from our own page. What is no browser sends neither header.
fn is_same_origin(headers: &HeaderMap) -> bool {
    if let Some(site) = headers.get("sec-fetch-site")
        && !matches!(site.as_bytes(), b"same-origin" | b"none")
    {
        return false;
    }
    match headers.get(ORIGIN).map(|origin| origin.to_str()) {
        None => true,
        Some(Ok(origin)) => {
            let authority = origin
                .strip_prefix("http://")
                .or_else(|| origin.strip_prefix("https://"));
            authority.is_some() && authority == host(headers)
        }
        Some(Err(_)) => false,
    }
}

impl ControlError {
    fn forbidden(message: &'static str) -> Self {
        Self::new(StatusCode::FORBIDDEN, message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_are_loopback_hosts() {
        for host in [
            "localhost",
            "LOCALHOST:8788",
            "127.0.0.1:1",
            "127.9.9.9",
            "[::1]:80",
            "a.localhost",
            "localhost.",
        ] {
            assert!(is_loopback_host(host), "{host}");
        }
        for host in [
            "",
            "evil.example",
            "127.0.0.1.evil.example",
            "localhost.evil.example",
            "[::1",
            "10.0.0.1",
            "[fe80::1]",
        ] {
            assert!(!is_loopback_host(host), "{host}");
        }
    }

    #[test]
    fn a_write_from_another_origin_is_seen() {
        let headers = |pairs: &[(&'static str, &'static str)]| {
            pairs
                .iter()
                .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
                .collect::<HeaderMap>()
        };
        assert!(is_same_origin(&headers(&[("host", "127.0.0.1:1")])));
        assert!(is_same_origin(&headers(&[
            ("host", "127.0.0.1:1"),
            ("origin", "http://127.0.0.1:1")
        ])));
        for pairs in [
            &[("host", "127.0.0.1:1"), ("origin", "http://127.0.0.1:2")][..],
            &[("host", "127.0.0.1:1"), ("origin", "null")],
            &[("host", "127.0.0.1:1"), ("sec-fetch-site", "same-site")],
            &[("origin", "https://evil.example")],
        ] {
            assert!(!is_same_origin(&headers(pairs)), "{pairs:?}");
        }
    }
}

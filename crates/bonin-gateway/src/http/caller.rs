//! Authentication as an extractor.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::{HeaderMap, header::AUTHORIZATION, request::Parts},
};
use bonin_core::Redacted;

use super::peer::{TrustedHops, caller_address};
use crate::service::{Caller, Credential, Error, Service};

/// The caller's address.
pub(super) struct Address(pub(super) IpAddr);

impl FromRequestParts<Service> for Address {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(
        parts: &mut Parts,
        service: &Service,
    ) -> Result<Self, Self::Rejection> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let nowhere = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
        let peer = peer.map_or(nowhere, |info| info.0);
        let hops = parts.extensions.get::<TrustedHops>();
        let hops = hops.map_or(service.trusted_hops(), |hops| hops.0);
        Ok(Self(caller_address(peer, &parts.headers, hops)))
    }
}

impl FromRequestParts<Service> for Caller {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, service: &Service) -> Result<Self, Error> {
        let Ok(Address(address)) = Address::from_request_parts(parts, service).await;
        let credential = credential(&parts.headers)?;
        service.authenticate(&credential, address).await
    }
}

/// Longer than any secret or token of ours.
const MAX_CREDENTIAL: usize = 4096;

fn credential(headers: &HeaderMap) -> Result<Credential, Error> {
    const RULE: &str =
        "Authorization: `PortOne <API 시크릿>` 또는 `Bearer <엑세스 토큰>`을 보내야 합니다.";
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return Err(Error::Unauthorized(RULE));
    };
    let (scheme, credential) = value
        .to_str()
        .ok()
        .filter(|value| value.len() <= MAX_CREDENTIAL)
        .and_then(|value| value.split_once(' '))
        .ok_or(Error::Unauthorized(RULE))?;
    let credential = Redacted::new(credential.trim());
    if scheme.eq_ignore_ascii_case("PortOne") {
        Ok(Credential::ApiSecret(credential))
    } else if scheme.eq_ignore_ascii_case("Bearer") {
        Ok(Credential::AccessToken(credential))
    } else {
        Err(Error::Unauthorized(RULE))
    }
}

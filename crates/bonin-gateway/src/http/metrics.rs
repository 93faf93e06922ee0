//! `/metrics`, to those who may read it.

use axum::{
    Extension,
    extract::State,
    http::{
        HeaderMap, HeaderValue, StatusCode,
        header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE},
    },
    response::{IntoResponse, Response},
};
use bonin_core::Redacted;

use super::caller::Address;
use crate::{metrics::CONTENT_TYPE as OPENMETRICS, service::Service};

/// What has to be shown before figures are: nothing, or this token.
#[derive(Debug, Clone)]
pub(super) struct Guard(pub(super) Option<Redacted>);

impl Guard {
    fn lets_in(&self, headers: &HeaderMap) -> bool {
        let Some(token) = &self.0 else {
            return true;
        };
        let mut values = headers.get_all(AUTHORIZATION).iter();
        let (Some(value), None) = (values.next(), values.next()) else {
            return false;
        };
        let Some((scheme, shown)) = value.to_str().ok().and_then(|text| text.split_once(' '))
        else {
            return false;
        };
        // Compared in the same time whatever was shown; its length is no secret.
        let is_right = aws_lc_rs::constant_time::verify_slices_are_equal(
            shown.trim().as_bytes(),
            token.expose().as_bytes(),
        );
        scheme.eq_ignore_ascii_case("Bearer") && is_right.is_ok()
    }
}

/// The figures.
pub(super) async fn metrics(
    State(service): State<Service>,
    Extension(guard): Extension<Guard>,
    Address(address): Address,
    headers: HeaderMap,
) -> Response {
    if !guard.lets_in(&headers) {
        // Whoever guesses is slowed down as with any other secret.
        return match service.count_failed_login(address) {
            Ok(()) => (
                StatusCode::UNAUTHORIZED,
                [(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))],
            )
                .into_response(),
            Err(limit) => (
                StatusCode::TOO_MANY_REQUESTS,
                [(RETRY_AFTER, HeaderValue::from(limit.retry_after))],
            )
                .into_response(),
        };
    }
    match service.figures() {
        Ok(text) => (
            [(CONTENT_TYPE, HeaderValue::from_static(OPENMETRICS))],
            text,
        )
            .into_response(),
        Err(error) => {
            tracing::error!(%error, "the metrics could not be written");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lets_in(guard: Option<&str>, shown: &[&str]) -> bool {
        let mut headers = HeaderMap::new();
        for value in shown {
            headers.append(AUTHORIZATION, HeaderValue::from_str(value).unwrap());
        }
        Guard(guard.map(Redacted::new)).lets_in(&headers)
    }

    #[test]
    fn the_token_and_nothing_else_opens() {
        let token = Some("0123456789abcdef");
        assert!(lets_in(token, &["Bearer 0123456789abcdef"]));
        assert!(lets_in(token, &["bearer 0123456789abcdef"]));
        for wrong in [
            &[][..],
            &["0123456789abcdef"],
            &["Basic 0123456789abcdef"],
            &["Bearer 0123456789abcde"],
            &["Bearer 0123456789abcdef0"],
            &["Bearer"],
            &["Bearer "],
            &["Bearer 0123456789abcdef", "Bearer 0123456789abcdef"],
        ] {
            assert!(!lets_in(token, wrong), "{wrong:?}");
        }
        assert!(lets_in(None, &[]));
    }
}

//! The forms that a browser posts.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};

use crate::Sandbox;

/// More pairs than any form of the window has.
const MAX_PAIRS: usize = 64;

/// A posted form. Of a repeated field the first counts; what was no form has no fields.
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    /// A field without blanks around it; empty where there is none.
    pub(super) fn get(&self, name: &str) -> &str {
        self.0
            .iter()
            .find(|(field, _)| field == name)
            .map_or("", |(_, value)| value.trim())
    }
}

impl FromRequest<Sandbox> for Form {
    type Rejection = std::convert::Infallible;

    async fn from_request(request: Request, sandbox: &Sandbox) -> Result<Self, Self::Rejection> {
        // A body that is too large or breaks off reads as an empty form, and the page says what is missing.
        let body = Bytes::from_request(request, sandbox)
            .await
            .unwrap_or_default();
        let pairs = form_urlencoded::parse(&body).into_owned();
        Ok(Self(pairs.take(MAX_PAIRS).collect()))
    }
}

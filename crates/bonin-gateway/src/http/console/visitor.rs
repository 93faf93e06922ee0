//! Who looks at a page: a signed-in user.

use axum::{
    extract::FromRequestParts,
    http::request::Parts,
    response::{IntoResponse, Redirect, Response},
};

use super::Console;
use crate::admin::Administrator;

/// A signed-in user. As an extractor it sends everyone else to the way in.
#[derive(Debug, Clone)]
pub(super) struct Visitor {
    /// Who, and what they may do.
    pub who: Administrator,
    /// What every form of theirs carries: see [`super::form::Posted`].
    pub csrf: String,
}

impl FromRequestParts<Console> for Visitor {
    type Rejection = Response;

    async fn from_request_parts(_: &mut Parts, _: &Console) -> Result<Self, Response> {
        Err(Redirect::to("/console/login").into_response())
    }
}

//! What forms bring.

use aws_lc_rs::constant_time;
use axum::{
    extract::{FromRequest, FromRequestParts, Request},
    http::{StatusCode, request::Parts},
    response::{IntoResponse, Response},
};
use bonin_core::Redacted;
use maud::html;

use super::{
    Console, layout,
    visitor::{Arrival, Stranger, Visitor, is_from_elsewhere, refused_form},
};
use crate::http::body::RawBody;

/// No form of ours has as many.
const MAX_FIELDS: usize = 1000;

/// The fields of a form, as `application/x-www-form-urlencoded` brings them. They may hold secrets: no `Debug`.
#[derive(Default)]
pub(super) struct Fields(Vec<(String, Redacted)>);

impl Fields {
    /// The first value of a field, trimmed; empty where there is none.
    pub(super) fn text(&self, name: &str) -> &str {
        self.raw(name).trim()
    }

    /// The first value of a field as it came; empty where there is none.
    pub(super) fn raw(&self, name: &str) -> &str {
        let mut all = self.0.iter();
        all.find(|(key, _)| key == name)
            .map_or("", |(_, value)| value.expose())
    }

    /// Every value of a field, trimmed, without the empty ones.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let all = self.0.iter().filter(move |(key, _)| key == name);
        all.map(|(_, value)| value.expose().trim())
            .filter(|value| !value.is_empty())
    }

    /// Whether a box was ticked.
    pub(super) fn ticked(&self, name: &str) -> bool {
        self.0.iter().any(|(key, _)| key == name)
    }

    /// The lines of a field, trimmed, without the empty ones.
    pub(super) fn lines<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        self.raw(name)
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
    }
}

impl Fields {
    /// Reads a body that does not come from elsewhere. Who sent it is judged after that, by [`Fields::are_sent_with`]: the body
    /// may take its time, and a session can end or lose its role meanwhile.
    async fn read(body: Request, console: &Console) -> Result<Self, Response> {
        if is_from_elsewhere(body.headers(), console) {
            return Err(refused_form());
        }
        let RawBody(bytes) = RawBody::from_request(body, &())
            .await
            .map_err(|refused| unread(refused.status()))?;
        Ok(Self(
            form_urlencoded::parse(&bytes)
                .take(MAX_FIELDS)
                .map(|(name, value)| (name.into_owned(), Redacted::new(value)))
                .collect(),
        ))
    }

    /// Whether a page of ours has sent them: the token among them is the right one.
    fn are_sent_with(&self, csrf: &str) -> bool {
        let given = self.raw("csrf").as_bytes();
        constant_time::verify_slices_are_equal(given, csrf.as_bytes()).is_ok()
    }
}

/// What says who sends a request, and the request itself, whose body can then be read first.
fn apart(request: Request) -> (Parts, Request) {
    let (parts, body) = request.into_parts();
    (parts.clone(), Request::from_parts(parts, body))
}

/// A form that is too long, or did not arrive whole.
fn unread(status: StatusCode) -> Response {
    let body = html! {
        h1 { "양식을 받지 못했습니다" }
        p { "양식이 너무 길거나(256KiB까지) 끝까지 도착하지 않았습니다. 앞 화면으로 돌아가 다시 보내 주세요." }
        p { a href="/console" { "콘솔로 돌아가기" } }
    };
    (status, layout::bare("양식을 받지 못했습니다", body)).into_response()
}

/// A form of a signed-in user, whose token was right: nobody else's page sent it.
pub(super) struct Posted {
    /// Who sent it.
    pub visitor: Visitor,
    /// What was filled in.
    pub fields: Fields,
}

impl FromRequest<Console> for Posted {
    type Rejection = Response;

    async fn from_request(request: Request, console: &Console) -> Result<Self, Response> {
        let (mut parts, request) = apart(request);
        let fields = Fields::read(request, console).await?;
        let visitor = Visitor::from_request_parts(&mut parts, console).await?;
        if !fields.are_sent_with(&visitor.csrf) {
            return Err(refused_form());
        }
        Ok(Self { visitor, fields })
    }
}

/// A form of someone with a session, however far they have come in, whose token was right.
pub(super) struct PostedOnTheWay {
    /// Who sent it.
    pub arrival: Arrival,
    /// What was filled in.
    pub fields: Fields,
}

impl FromRequest<Console> for PostedOnTheWay {
    type Rejection = Response;

    async fn from_request(request: Request, console: &Console) -> Result<Self, Response> {
        let (mut parts, request) = apart(request);
        let fields = Fields::read(request, console).await?;
        let arrival = Arrival::from_request_parts(&mut parts, console).await?;
        if !fields.are_sent_with(&arrival.csrf) {
            return Err(refused_form());
        }
        Ok(Self { arrival, fields })
    }
}

/// A form of someone without a session, which a page of ours has sent.
pub(super) struct PostedByStranger {
    /// Who sent it, to be shown the form again.
    pub stranger: Stranger,
    /// What was filled in.
    pub fields: Fields,
}

impl FromRequest<Console> for PostedByStranger {
    type Rejection = Response;

    async fn from_request(request: Request, console: &Console) -> Result<Self, Response> {
        let stranger = Stranger::of(request.headers(), console)
            .map_err(|error| layout::trouble_at_the_door(&error))?;
        let fields = Fields::read(request, console).await?;
        if !fields.are_sent_with(&stranger.csrf) {
            return Err(refused_form());
        }
        Ok(Self { stranger, fields })
    }
}

//! What forms bring.

use axum::{
    extract::{FromRequest, FromRequestParts, Request},
    response::Response,
};

use super::{Console, visitor::Visitor};

/// The fields of a form, as `application/x-www-form-urlencoded` brings them. They may hold secrets: no `Debug`.
#[derive(Default)]
pub(super) struct Fields(Vec<(String, bonin_core::Redacted)>);

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
        let (mut parts, _) = request.into_parts();
        let visitor = Visitor::from_request_parts(&mut parts, console).await?;
        Ok(Self {
            visitor,
            fields: Fields::default(),
        })
    }
}

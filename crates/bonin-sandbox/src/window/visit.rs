//! Somebody at an open window: every page begins with this.

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Redirect, Response};

use super::page;
use crate::Sandbox;
use crate::world::{NoWindow, Registration, Stage, Way, Window, World};

/// An open window, as it was when the request came.
pub(super) struct Visit {
    pub(super) id: String,
    pub(super) window: Window,
    pub(super) registration: Registration,
    /// Hosts that the merchant has set at KCP: their pages may frame the window.
    pub(super) hosts: Vec<String>,
}

/// A page of the window, by the last part of its address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Operator,
    Terms,
    Method,
    Person,
    Number,
    Pass,
    Return,
}

impl Step {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::Terms => "terms",
            Self::Method => "method",
            Self::Person => "person",
            Self::Number => "number",
            Self::Pass => "pass",
            Self::Return => "return",
        }
    }
}

/// There is no such window (any more).
pub(super) struct Gone {
    pub(super) why: NoWindow,
    pub(super) hosts: Vec<String>,
}

impl IntoResponse for Gone {
    fn into_response(self) -> Response {
        page::gone(self.why, &self.hosts)
    }
}

impl Visit {
    fn of(world: &World, id: &str) -> Result<Self, Gone> {
        let unframed = |why| Gone {
            why,
            hosts: Vec::new(),
        };
        let found = world.windows.visit(id, world.settings.registration_ttl);
        let (window, registration) = found.map_err(unframed)?;
        Ok(Self {
            id: id.to_owned(),
            window: window.clone(),
            registration: registration.clone(),
            hosts: hosts(world, &registration.site_cd),
        })
    }

    /// The address of a page of this window.
    pub(super) fn path(&self, name: &str) -> String {
        format!("/window/{}/{name}", self.id)
    }

    pub(super) fn go(&self, step: Step) -> Response {
        Redirect::to(&self.path(step.name())).into_response()
    }

    /// The furthest page that may be shown now.
    fn furthest(&self, world: &World) -> Step {
        if self.registration.end.is_some() {
            return Step::Return;
        }
        let (Some(_), has_agreed) = (self.window.operator, self.window.has_agreed) else {
            return Step::Operator;
        };
        if !has_agreed {
            return Step::Terms;
        }
        let Some(_) = self.window.way else {
            return Step::Method;
        };
        let per_cert_no = self.window.per_cert_no.as_deref();
        match per_cert_no.and_then(|it| world.certifications.get(it)) {
            Some(certification) => match certification.stage {
                Stage::Sms { .. } => Step::Number,
                Stage::Pass { .. } => Step::Pass,
                _ => Step::Person,
            },
            None => Step::Person,
        }
    }

    /// Whether this page may be shown; else the one that may.
    pub(super) fn at(&self, world: &World, step: Step) -> Result<(), Box<Response>> {
        let furthest = self.furthest(world);
        let may = match step {
            Step::Operator | Step::Terms | Step::Method | Step::Person => {
                furthest != Step::Return && (step as u8) <= (furthest as u8)
            }
            Step::Number | Step::Pass | Step::Return => step == furthest,
        };
        if may {
            return Ok(());
        }
        Err(Box::new(self.go(furthest)))
    }

    /// The way that was chosen; SMS before that.
    pub(super) fn way(&self) -> Way {
        self.window.way.unwrap_or(Way::Sms)
    }
}

/// Hosts that a merchant has set at KCP.
pub(super) fn hosts(world: &World, site_cd: &str) -> Vec<String> {
    world
        .merchant(site_cd)
        .map(|merchant| merchant.result_url_hosts.clone())
        .unwrap_or_default()
}

impl FromRequestParts<Sandbox> for Visit {
    type Rejection = Gone;

    async fn from_request_parts(
        parts: &mut Parts,
        sandbox: &Sandbox,
    ) -> Result<Self, Self::Rejection> {
        let id = Path::<String>::from_request_parts(parts, sandbox)
            .await
            .map_or_else(|_| String::new(), |Path(id)| id);
        Self::of(&sandbox.world(), &id)
    }
}

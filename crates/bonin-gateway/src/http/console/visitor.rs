//! Who looks at a page: a signed-in user.

use std::net::IpAddr;

use aws_lc_rs::hmac;
use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header, request::Parts},
    response::{IntoResponse, Redirect, Response},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use bonin_core::Redacted;
use bonin_store::SessionStep;
use maud::html;
use url::Url;

use super::{Console, layout};
use crate::{
    admin::{Administrator, Error, OpenedSession, Session},
    http::caller::Address,
};

/// A signed-in user. As an extractor it sends everyone else to the way in.
#[derive(Clone)]
pub(super) struct Visitor {
    /// Who, and what they may do.
    pub who: Administrator,
    /// What every form of theirs carries: see [`super::form::Posted`].
    pub csrf: String,
    /// Their session.
    pub session: Session,
}

impl FromRequestParts<Console> for Visitor {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, console: &Console) -> Result<Self, Response> {
        let arrival = Arrival::from_request_parts(parts, console).await?;
        if arrival.session.kept.step != SessionStep::Full {
            return Err(next_step(arrival.session.kept.step));
        }
        Ok(Self {
            who: arrival.session.who.clone(),
            csrf: arrival.csrf,
            session: arrival.session,
        })
    }
}

/// Someone with a session that is alive, however far they have come in.
#[derive(Clone)]
pub(super) struct Arrival {
    pub session: Session,
    pub csrf: String,
}

impl FromRequestParts<Console> for Arrival {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, console: &Console) -> Result<Self, Response> {
        let Ok(Address(address)) = Address::from_request_parts(parts, &console.service).await;
        let found = arrived(&parts.headers, address, console).await;
        let found = found.map_err(|error| layout::trouble_at_the_door(&error))?;
        found.ok_or_else(|| {
            let had_one = cookie(&parts.headers, &cookie_name(console, SESSION)).is_some();
            let door = if had_one {
                "/console/login?ended"
            } else {
                "/console/login"
            };
            let mut answer = Redirect::to(door).into_response();
            let wanted = parts.uri.path();
            if parts.method == Method::GET && is_page(wanted) {
                set_cookie(console, &mut answer, WANTED, wanted, "; Max-Age=600");
            }
            answer
        })
    }
}

/// The caller's address.
pub(super) struct CalledFrom(pub(super) IpAddr);

impl FromRequestParts<Console> for CalledFrom {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(
        parts: &mut Parts,
        console: &Console,
    ) -> Result<Self, Self::Rejection> {
        let Address(address) = Address::from_request_parts(parts, &console.service).await?;
        Ok(Self(address))
    }
}

/// Whose session the cookie names, if it is alive.
pub(super) async fn arrived(
    headers: &HeaderMap,
    address: IpAddr,
    console: &Console,
) -> Result<Option<Arrival>, Error> {
    let Some(token) = cookie(headers, &cookie_name(console, SESSION)) else {
        return Ok(None);
    };
    let csrf = form_token(&token);
    let config = console.service.console_config();
    let origin = address.to_string();
    let session = console.admin.session(&token, &origin, config).await?;
    Ok(session.map(|session| Arrival { session, csrf }))
}

/// Where someone who has come in so far has to go.
pub(super) fn next_step(step: SessionStep) -> Response {
    let to = match step {
        SessionStep::SecondFactor => "/console/login/code",
        SessionStep::MustChangePassword => "/console/password",
        SessionStep::Full => "/console",
    };
    Redirect::to(to).into_response()
}

/// The session's cookie.
const SESSION: &str = "bonin_console";
/// The cookie of those who have no session yet: their forms must come from a page that they were shown.
const FORM: &str = "bonin_form";
/// The page that somebody wanted before they were sent to the door. In a cookie, so that no address names it.
const WANTED: &str = "bonin_wanted";

/// Whether it is an address of a page of ours and of nothing else.
fn is_page(path: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-_".contains(&byte);
    path.len() <= 120 && path.starts_with("/console/") && path.bytes().all(plain)
}

/// The address under which browsers reach the console.
fn own_address(console: &Console) -> &str {
    let own = console.service.console_config().url.as_deref();
    own.unwrap_or_else(|| console.service.public_url())
}

/// Behind https a cookie's name holds it to this host and to https: no neighbour can plant one.
fn cookie_name(console: &Console, name: &str) -> String {
    if own_address(console).starts_with("https:") {
        format!("__Host-{name}")
    } else {
        name.to_owned()
    }
}

/// A cookie's value, if it looks like one of ours.
fn cookie(headers: &HeaderMap, name: &str) -> Option<Redacted> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value)
        .filter(|value| (1..=128).contains(&value.len()))
        .map(Redacted::new)
}

fn set_cookie(console: &Console, response: &mut Response, name: &str, value: &str, more: &str) {
    let name = cookie_name(console, name);
    let secure = if name.starts_with("__Host-") {
        "; Secure"
    } else {
        ""
    };
    let cookie = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{more}");
    if let Ok(mut cookie) = HeaderValue::from_str(&cookie) {
        cookie.set_sensitive(true);
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}

/// Sends someone on with the cookie of a session that was just opened, or goes on under this one.
pub(super) fn carrying(
    console: &Console,
    opened: &OpenedSession,
    mut response: Response,
) -> Response {
    set_cookie(console, &mut response, SESSION, opened.token.expose(), "");
    response
}

/// The same for someone who comes in; once inside they get the page that they wanted.
pub(super) fn come_in(console: &Console, headers: &HeaderMap, opened: &OpenedSession) -> Response {
    let wanted = cookie(headers, &cookie_name(console, WANTED));
    let wanted = wanted.filter(|path| is_page(path.expose()));
    let Some(wanted) = wanted.filter(|_| opened.step == SessionStep::Full) else {
        return carrying(console, opened, next_step(opened.step));
    };
    let inside = Redirect::to(wanted.expose()).into_response();
    let mut inside = carrying(console, opened, inside);
    set_cookie(console, &mut inside, WANTED, "", "; Max-Age=0");
    inside
}

/// Sends someone on without a session.
pub(super) fn without_session(console: &Console, mut response: Response) -> Response {
    set_cookie(console, &mut response, SESSION, "", "; Max-Age=0");
    response
}

/// What the forms of someone without a session carry; and the cookie that it belongs to, where it is new.
pub(super) struct Stranger {
    pub csrf: String,
    new: Option<Redacted>,
}

impl Stranger {
    /// Knows them again by their cookie, or gives them one.
    pub(super) fn of(headers: &HeaderMap, console: &Console) -> Result<Self, Error> {
        if let Some(known) = cookie(headers, &cookie_name(console, FORM)) {
            return Ok(Self {
                csrf: form_token(&known),
                new: None,
            });
        }
        let token = crate::ids::session_token()?;
        Ok(Self {
            csrf: form_token(&token),
            new: Some(token),
        })
    }

    /// A page for them.
    pub(super) fn carrying(self, console: &Console, mut response: Response) -> Response {
        if let Some(token) = self.new {
            set_cookie(console, &mut response, FORM, token.expose(), "");
        }
        response
    }
}

/// The token of the forms that belong to a cookie: it can be made from the cookie, and the cookie cannot be made from it.
fn form_token(cookie: &Redacted) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, cookie.expose().as_bytes());
    URL_SAFE_NO_PAD.encode(hmac::sign(&key, b"bonin/console/form/v1"))
}

/// Whether a browser says that a page of somewhere else sends this. Scripts and old browsers say nothing: then the token
/// alone decides.
pub(super) fn is_from_elsewhere(headers: &HeaderMap, console: &Console) -> bool {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    if headers.contains_key("sec-fetch-site") {
        return !matches!(text("sec-fetch-site"), Some("same-origin" | "none"));
    }
    if !headers.contains_key(header::ORIGIN.as_str()) {
        return false;
    }
    let Some(origin) = text(header::ORIGIN.as_str()) else {
        return true;
    };
    let host = origin.split_once("://").map(|(_, host)| host);
    let is_host = host.is_some() && host == text(header::HOST.as_str());
    let is_address = Url::parse(own_address(console))
        .is_ok_and(|own| own.origin().ascii_serialization() == origin);
    !(is_host || is_address)
}

/// A form that no page of ours has sent, or one that is too old.
pub(super) fn refused_form() -> Response {
    let body = html! {
        h1 { "양식을 받지 못했습니다" }
        p {
            "이 양식은 콘솔의 화면에서 온 것이 아니거나, 연 지 오래되었습니다. "
            "앞 화면으로 돌아가 새로 고친 뒤 다시 보내 주세요."
        }
        p { a href="/console" { "콘솔로 돌아가기" } }
    };
    (
        StatusCode::FORBIDDEN,
        layout::bare("양식을 받지 못했습니다", body),
    )
        .into_response()
}

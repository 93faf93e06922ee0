//! The phone: a page that shows SMS and PASS requests as they arrive, and lets one approve or refuse.
//!
//! The server renders every item, escaped, once and in one place; the page's script only asks again when something has
//! changed and puts what is new where it belongs.

mod page;

use std::convert::Infallible;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{Html, IntoResponse, Response};
use futures_util::stream;

use crate::Sandbox;
use crate::control::ControlError;
use crate::control::body::PhoneFilter;
use crate::world::{PassRequest, Sms, World};

/// How many of the newest items the phone shows; the control API has them all.
const SHOWN: usize = 100;
/// How many phone numbers are offered as filters.
const NUMBERS_OFFERED: usize = 8;

/// Something on the phone's screen.
enum Item {
    Sms(Sms),
    Pass(PassRequest),
}

/// What the phone shows at one moment.
struct Screen {
    /// Whose messages, or everybody's.
    phone: Option<String>,
    /// Newest first.
    items: Vec<Item>,
    /// The phones that something came to, newest first.
    numbers: Vec<String>,
}

impl Screen {
    fn of(world: &World, filter: &PhoneFilter) -> Self {
        let messages = world
            .messages
            .newest_first()
            .map(|sms| (sms.sent_at, Item::Sms(sms.clone())));
        let requests = world
            .pass_requests
            .newest_first()
            .map(|request| (request.requested_at, Item::Pass(request.clone())));
        let mut all: Vec<_> = messages.chain(requests).collect();
        all.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
        let mut numbers = Vec::new();
        for (_, item) in &all {
            if numbers.len() < NUMBERS_OFFERED
                && !numbers.iter().any(|number| number == item.phone())
            {
                numbers.push(item.phone().to_owned());
            }
        }
        let shown = all
            .into_iter()
            .map(|(_, item)| item)
            .filter(|item| filter.covers(item.phone()));
        Self {
            phone: filter.0.clone(),
            items: shown.take(SHOWN).collect(),
            numbers,
        }
    }
}

impl Item {
    fn phone(&self) -> &str {
        match self {
            Self::Sms(sms) => &sms.to,
            Self::Pass(request) => &request.phone,
        }
    }
}

/// `GET /`: what this is.
pub(crate) async fn index(State(sandbox): State<Sandbox>) -> Html<String> {
    let sites: Vec<_> = sandbox
        .world()
        .merchants()
        .take(20)
        .map(|merchant| merchant.site_cd.clone())
        .collect();
    Html(page::index(&sites).into_string())
}

/// `GET /phone`: the whole page. A number that is none is answered with the page, not with JSON: a person typed it.
pub(crate) async fn page(
    State(sandbox): State<Sandbox>,
    filter: Result<PhoneFilter, ControlError>,
) -> Response {
    let (status, filter, wrong_number) = match filter {
        Ok(filter) => (StatusCode::OK, filter, false),
        Err(_) => (StatusCode::BAD_REQUEST, PhoneFilter(None), true),
    };
    let screen = Screen::of(&sandbox.world(), &filter);
    (
        status,
        Html(page::phone(&screen, wrong_number).into_string()),
    )
        .into_response()
}

/// `GET /phone/screen`: what changes on the page.
pub(crate) async fn screen(State(sandbox): State<Sandbox>, filter: PhoneFilter) -> Html<String> {
    let screen = Screen::of(&sandbox.world(), &filter);
    Html(page::screen(&screen).into_string())
}

/// `GET /phone/events`: a tick whenever something has changed. It carries nobody's data.
pub(crate) async fn events(State(sandbox): State<Sandbox>) -> Result<Response, ControlError> {
    let permit = sandbox
        .0
        .phone_pages
        .clone()
        .try_acquire_owned()
        .map_err(|_| {
            ControlError::new(
                StatusCode::TOO_MANY_REQUESTS,
                "휴대폰 화면이 너무 많이 열려 있습니다. 몇 개를 닫아 주세요.",
            )
        })?;
    let changes = sandbox.0.phone_changes.subscribe();
    let stopping = sandbox.0.stopping.clone();
    let ticks = stream::unfold(
        (changes, stopping, permit),
        |(mut changes, stopping, permit)| async move {
            let change = tokio::select! {
                change = changes.changed() => change.ok(),
                () = stopping.cancelled() => None,
            };
            change?;
            let version = *changes.borrow_and_update();
            let event = Event::default().data(version.to_string());
            Some((Ok::<_, Infallible>(event), (changes, stopping, permit)))
        },
    );
    Ok(Sse::new(ticks)
        .keep_alive(KeepAlive::default())
        .into_response())
}

pub(crate) async fn style() -> Response {
    asset("text/css; charset=utf-8", include_str!("phone/phone.css"))
}

pub(crate) async fn script() -> Response {
    asset(
        "text/javascript; charset=utf-8",
        include_str!("phone/phone.js"),
    )
}

pub(crate) async fn icon() -> Response {
    asset("image/svg+xml", include_str!("phone/icon.svg"))
}

fn asset(content_type: &'static str, text: &'static str) -> Response {
    ([(CONTENT_TYPE, content_type)], text).into_response()
}

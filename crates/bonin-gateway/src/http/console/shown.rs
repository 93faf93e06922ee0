//! Small things that several pages show.

use std::convert::Infallible;

use axum::{extract::FromRequestParts, http::request::Parts};
use jiff::{Timestamp, tz};
use maud::{Markup, html};

/// A page's title, with the one thing that is mostly done from there: `(address, label)`.
pub(super) fn heading(title: &str, action: Option<(&str, &str)>) -> Markup {
    html! {
        header.heading {
            h1 { (title) }
            @if let Some((address, label)) = action { a.button.primary href=(address) { (label) } }
        }
    }
}

/// LIVE, TEST, or a state.
pub(super) fn badge(text: &str) -> Markup {
    let class = match text {
        "LIVE" => "badge live",
        "TEST" => "badge test",
        _ => "badge",
    };
    html! { span class=(class) { (text) } }
}

/// Something to copy. The button is there where the script is.
pub(super) fn copyable(id: &str, text: &str) -> Markup {
    html! {
        span.copyable {
            code id=(id) { (text) }
            button type="button" data-copy=(id) hidden { "복사" }
        }
    }
}

/// A moment in Korea, to the minute.
pub(super) fn time(at: Timestamp) -> Markup {
    let there = tz::offset(9).to_datetime(at);
    let (date, time) = (there.date(), there.time());
    html! {
        time datetime=(at.to_string()) {
            (date) " " (format!("{:02}:{:02}", time.hour(), time.minute()))
        }
    }
}

/// What was just done, by the word that the redirect carries.
pub(super) fn done(word: &str, words: &[(&str, &str)]) -> Markup {
    let known = words.iter().find(|(known, _)| *known == word);
    html! { @if let Some((_, text)) = known { p.alert.success role="status" { (text) } } }
}

/// What an address asks for behind its question mark, by name; empty where it does not. Whatever stands there reads as
/// something.
fn asked(parts: &Parts, name: &str) -> String {
    let query = parts.uri.query().unwrap_or_default();
    form_urlencoded::parse(query.as_bytes())
        .find(|(known, _)| known == name)
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}

/// What a page is reached after.
#[derive(Debug, Default)]
pub(super) struct After {
    /// The word for what was just done.
    pub done: String,
}

impl<S: Sync> FromRequestParts<S> for After {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self {
            done: asked(parts, "done"),
        })
    }
}

/// For which store something is made, where one comes from its page.
#[derive(Debug, Default)]
pub(super) struct ForStore {
    /// The store, as the address spells it.
    pub store: String,
}

impl<S: Sync> FromRequestParts<S> for ForStore {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self {
            store: asked(parts, "store"),
        })
    }
}

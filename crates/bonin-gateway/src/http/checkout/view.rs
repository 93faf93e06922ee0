//! How the pages look: one calm card, readable without a script, a font or a network.

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, engine::general_purpose::STANDARD};
use bonin_core::Redacted;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde_json::Value;

use crate::{provider::WindowForm, service::checkout::Failure};

pub(super) const STYLE: &str = include_str!("style.css");
pub(super) const DEPARTURE_SCRIPT: &str = include_str!("departure.js");
pub(super) const ARRIVAL_SCRIPT: &str = include_str!("arrival.js");

/// Where nothing better is known.
pub(super) const TROUBLE: &str =
    "본인인증 창을 열 수 없습니다. 원래 페이지로 돌아가 다시 시도해 주세요.";

/// A source of a content security policy.
pub(super) fn hash(text: &str) -> String {
    let hash = STANDARD.encode(digest(&SHA256, text.as_bytes()));
    format!("sha256-{hash}")
}

fn layout(title: &str, script: Option<&str>, card: Markup) -> String {
    html! {
        (DOCTYPE)
        html lang="ko" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="robots" content="noindex";
                meta name="color-scheme" content="light dark";
                title { (title) " – 본인인증" }
                link rel="icon" href="data:,";
                style { (PreEscaped(STYLE)) }
            }
            body {
                main { (card) }
                @if let Some(script) = script {
                    script { (PreEscaped(script)) }
                }
            }
        }
    }
    .into_string()
}

/// The form that goes on to the provider by itself, and by a button where scripts are off.
pub(super) fn departure(form: &WindowForm) -> String {
    layout(
        "인증 창으로 이동",
        Some(DEPARTURE_SCRIPT),
        html! {
            h1 { "인증 창으로 이동합니다" }
            p role="status" { "잠시만 기다려 주세요. 바로 넘어가지 않으면 아래 버튼을 눌러 주세요." }
            form #go method="post" action=(form.action) {
                @for (name, value) in &form.fields {
                    input type="hidden" name=(name) value=(value.expose());
                }
                button type="submit" { "계속하기" }
            }
        },
    )
}

/// What came of it: told to the page that opened the window, or taken along to where the browser goes.
pub(super) fn arrival(told: &Value, failed: Option<&Failure>, go: Option<&str>) -> String {
    // In a script element only `<` could end it or begin another.
    let data = told.to_string().replace('<', "\\u003c");
    layout(
        "본인인증 결과",
        Some(ARRIVAL_SCRIPT),
        html! {
            @match failed {
                None => {
                    h1 { "본인인증을 마쳤습니다" }
                    p role="status" { "원래 페이지로 돌아갑니다." }
                }
                Some(_) => {
                    h1 { "본인인증을 마치지 못했습니다" }
                    p role="status" { "원래 페이지로 돌아가 다시 시도할 수 있습니다." }
                }
            }
            @if let Some(go) = go {
                p { a.button #go href=(go) { "돌아가기" } }
            } @else {
                p.hint #hint hidden { "이 창을 닫고 원래 페이지를 확인해 주세요." }
            }
            script type="application/json" #told { (PreEscaped(data)) }
        },
    )
}

/// The provider could not be asked: the same return is tried again by a tap.
pub(super) fn pending(again: &[(&'static str, Redacted)]) -> String {
    layout(
        "본인인증 확인 중",
        None,
        html! {
            h1 { "결과를 확인하고 있습니다" }
            p role="status" { "인증기관의 응답이 늦어지고 있습니다. 잠시 뒤 다시 확인해 주세요." }
            form method="post" {
                @for (name, value) in again {
                    input type="hidden" name=(name) value=(value.expose());
                }
                button type="submit" { "다시 확인하기" }
            }
        },
    )
}

/// No window to show.
pub(super) fn trouble() -> String {
    layout(
        "본인인증",
        None,
        html! {
            h1 { "본인인증을 계속할 수 없습니다" }
            p role="status" { (TROUBLE) }
        },
    )
}

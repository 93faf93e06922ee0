//! What every page looks like.

use std::fmt::Display;

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Redirect, Response},
};
use bonin_store::Role;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::{assets, visitor::Visitor};
use crate::admin::{Action, Error};

/// Where in the console a page is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Here {
    Overview,
    Verifications,
    Stores,
    Channels,
    Secrets,
    Webhooks,
    Users,
    Audit,
    Settings,
}

/// The navigation: where to, under what name, for whom.
const PLACES: [(Here, &str, &str, Action); 9] = [
    (Here::Overview, "/console", "현황", Action::SeeOverview),
    (
        Here::Verifications,
        "/console/verifications",
        "본인인증",
        Action::SeeVerifications,
    ),
    (Here::Stores, "/console/stores", "상점", Action::SeeSetup),
    (
        Here::Channels,
        "/console/channels",
        "채널",
        Action::SeeSetup,
    ),
    (
        Here::Secrets,
        "/console/secrets",
        "API 시크릿",
        Action::SeeSetup,
    ),
    (
        Here::Webhooks,
        "/console/webhooks",
        "웹훅",
        Action::SeeSetup,
    ),
    (Here::Users, "/console/users", "사용자", Action::SeeUsers),
    (Here::Audit, "/console/audit", "감사 기록", Action::SeeAudit),
    (
        Here::Settings,
        "/console/settings",
        "내 계정",
        Action::ChangeOwnAccount,
    ),
];

/// A role, as people call it.
pub(super) fn role_name(role: Role) -> &'static str {
    match role {
        Role::Owner => "소유자",
        Role::Operator => "운영자",
        Role::Viewer => "조회자",
    }
}

/// A page for a signed-in user.
pub(super) fn page(visitor: &Visitor, here: Here, title: &str, body: Markup) -> Response {
    signed_in(visitor, Some(here), title, body)
}

fn signed_in(visitor: &Visitor, here: Option<Here>, title: &str, body: Markup) -> Response {
    document(
        title,
        "console",
        html! {
            header.top {
                p.brand { a href="/console" { span.tick aria-hidden="true" { (TICK) } "Bonin" } }
                // Where there is no room for the navigation it is a popover, which needs no script.
                button.menu type="button" popovertarget="places" { "메뉴" }
                div #places popover="auto" {
                    nav aria-label="콘솔" {
                        ul {
                            @for (place, address, name, action) in PLACES {
                                @if visitor.who.may(action) {
                                    li { a href=(address) aria-current=[(here == Some(place)).then_some("page")] { (name) } }
                                }
                            }
                        }
                    }
                    div.who {
                        p { strong { (visitor.who.actor.name) } " " span { (role_name(visitor.who.role)) } }
                        form method="post" action="/console/logout" {
                            (token(visitor))
                            button.quiet type="submit" { "로그아웃" }
                        }
                    }
                }
            }
            main #content tabindex="-1" { (body) }
        },
    )
}

/// A page without navigation: the way in.
pub(super) fn bare(title: &str, body: Markup) -> Response {
    document(
        title,
        "gate",
        html! {
            main #content tabindex="-1" {
                p.brand { span.tick aria-hidden="true" { (TICK) } "Bonin" }
                div.card { (body) }
            }
        },
    )
}

/// Nothing from anywhere else, no script and no style within the page, in nobody's frame, and kept nowhere.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; form-action 'self'; \
     frame-ancestors 'none'; base-uri 'none'",
);

fn document(title: &str, class: &str, body: Markup) -> Response {
    let page = html! {
        (DOCTYPE)
        html lang="ko" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="robots" content="noindex";
                title { (title) " – Bonin" }
                link rel="icon" href=(ICON);
                link rel="stylesheet" href=(assets::style());
                script type="module" src=(assets::script()) {}
            }
            body class=(class) {
                a.skip href="#content" { "본문으로 건너뛰기" }
                (body)
                p #said role="status" aria-live="polite" {}
            }
        }
    };
    let headers = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    ];
    (headers, Html(page.into_string())).into_response()
}

/// Inline because the policy allows no address.
const ICON: &str = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E%3Crect width='32' height='32' rx='8' fill='%2314604b'/%3E%3Cpath d='M9 17l5 5 9-12' stroke='white' stroke-width='3.5' fill='none' stroke-linecap='round' stroke-linejoin='round'/%3E%3C/svg%3E";

const TICK: PreEscaped<&str> = PreEscaped(
    "<svg viewBox='0 0 32 32' width='26' height='26'><rect width='32' height='32' rx='8' fill='currentColor'/><path class='mark' d='M9 17l5 5 9-12'/></svg>",
);

/// The field that every form of a signed-in user carries.
pub(super) fn token(visitor: &Visitor) -> Markup {
    html! { input type="hidden" name="csrf" value=(visitor.csrf); }
}

/// What stands in the way, as a page.
pub(super) fn trouble(visitor: &Visitor, error: &Error) -> Response {
    let body = html! {
        (told(error))
        p.actions { a.button href="/console" { "현황으로" } }
    };
    let page = signed_in(visitor, None, "오류", body);
    (status(error), page).into_response()
}

/// To a page that says what was done there. Ids in its path are well-formed, or nothing would have been done.
pub(super) fn back(page: impl Display, done: &str) -> Response {
    Redirect::to(&format!("{page}?done={done}")).into_response()
}

/// The same once it was done; otherwise what stands in the way.
pub(super) fn settled(
    visitor: &Visitor,
    page: impl Display,
    done: &str,
    result: Result<(), Error>,
) -> Response {
    match result {
        Ok(()) => back(page, done),
        Err(error) => trouble(visitor, &error),
    }
}

/// What stands in the way of those who are not signed in.
pub(super) fn trouble_at_the_door(error: &Error) -> Response {
    (status(error), bare("오류", told(error))).into_response()
}

fn told(error: &Error) -> Markup {
    html! { h1 { "처리하지 못했습니다" } p { (error) } }
}

fn status(error: &Error) -> StatusCode {
    match error {
        Error::Forbidden(_) => StatusCode::FORBIDDEN,
        Error::NotFound(_) => StatusCode::NOT_FOUND,
        Error::Invalid(_) | Error::Refused(_) => StatusCode::BAD_REQUEST,
        Error::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
    }
}

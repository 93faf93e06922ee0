//! `/console/secrets`: what servers call the API with. A secret is seen once, when it is made.

mod new;

use axum::{
    Router,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use bonin_core::{SecretId, StoreId};
use bonin_store::{ApiSecret, StoreRow};
use jiff::Timestamp;
use maud::{Markup, html};

use super::{
    Console,
    form::Posted,
    inputs::{self, Input, summary},
    layout::{self, Here, back, page, settled, trouble},
    shown::{After, badge, done, heading, time},
    visitor::Visitor,
};
use crate::admin::{Action, Error};

pub(super) fn routes() -> Router<Console> {
    Router::new()
        .route("/console/secrets", get(list))
        .route("/console/secrets/new", get(new::blank).post(new::create))
        .route("/console/secrets/{id}", get(show))
        .route("/console/secrets/{id}/name", post(rename))
        .route(
            "/console/secrets/{id}/revoke",
            get(ask_to_revoke).post(revoke),
        )
}

/// The secret of an address. One that is not well-formed is not there.
fn secret_id(text: String) -> Result<SecretId, Error> {
    SecretId::parse(text).map_err(|_| Error::NotFound("API 시크릿"))
}

/// Whether it opens anything, in a word.
fn state(secret: &ApiSecret, now: Timestamp) -> Option<&'static str> {
    if secret.revoked_at.is_some() {
        Some("폐기됨")
    } else if !secret.is_valid(now) {
        Some("만료됨")
    } else {
        None
    }
}

/// A store by its name.
pub(super) fn store_name<'a>(stores: &'a [StoreRow], id: &'a StoreId) -> &'a str {
    let known = stores.iter().find(|store| store.id == *id);
    known.map_or(id.as_str(), |store| &store.name)
}

fn used(secret: &ApiSecret) -> Markup {
    html! {
        @match secret.last_used_at {
            Some(at) => { "마지막 사용 " (time(at)) },
            None => "아직 쓰이지 않았습니다",
        }
    }
}

async fn list(State(console): State<Console>, visitor: Visitor) -> Response {
    let found = async {
        let stores = console.admin.stores(&visitor.who).await?;
        Ok((console.admin.secrets(&visitor.who).await?, stores))
    };
    match found.await {
        Ok((secrets, stores)) => {
            let body = listed(&visitor, &secrets, &stores);
            page(&visitor, Here::Secrets, "API 시크릿", body)
        }
        Err(error) => trouble(&visitor, &error),
    }
}

fn listed(visitor: &Visitor, secrets: &[ApiSecret], stores: &[StoreRow]) -> Markup {
    let may_change = visitor.who.may(Action::ChangeSecrets);
    let now = crate::Clock.now();
    let (valid, over): (Vec<_>, Vec<_>) = secrets.iter().partition(|secret| secret.is_valid(now));
    html! {
        (heading("API 시크릿", may_change.then_some(("/console/secrets/new", "API 시크릿 만들기"))))
        @if stores.is_empty() {
            p.empty { "API 시크릿은 상점을 엽니다. " a href="/console/stores" { "상점" } "을 먼저 만들어야 합니다." }
        } @else if valid.is_empty() {
            p.empty { "쓸 수 있는 API 시크릿이 없습니다. 서버에서 API를 부르려면 필요합니다." }
        }
        (items(&valid, stores, now))
        @if !over.is_empty() {
            details {
                summary { "폐기되었거나 만료된 시크릿 " (over.len()) "개" }
                (items(&over, stores, now))
            }
        }
    }
}

fn items(secrets: &[&ApiSecret], stores: &[StoreRow], now: Timestamp) -> Markup {
    html! {
        ul.items {
            @for secret in secrets {
                li {
                    p.title {
                        a href={ "/console/secrets/" (secret.id) } { (secret.name) }
                        @if let Some(state) = state(secret, now) { (badge(state)) }
                    }
                    p.meta {
                        code { (secret.prefix) "…" } " · " (store_name(stores, &secret.default_store))
                        @if secret.stores.len() > 1 { " 외 " (secret.stores.len() - 1) "곳" }
                        " · " (used(secret))
                        @if let Some(at) = secret.expires_at { " · " (time(at)) "에 만료" }
                    }
                }
            }
        }
    }
}

async fn found(
    console: &Console,
    visitor: &Visitor,
    id: String,
) -> Result<(ApiSecret, Vec<StoreRow>), Error> {
    let id = secret_id(id)?;
    let secret = console.admin.secret(&visitor.who, &id).await?;
    Ok((secret, console.admin.stores(&visitor.who).await?))
}

async fn show(
    State(console): State<Console>,
    visitor: Visitor,
    Path(id): Path<String>,
    after: After,
) -> Response {
    detail(&console, &visitor, id, &after.done, None).await
}

/// A name that was typed and why it was refused.
type BadName<'a> = (&'a str, &'a Error);

async fn detail(
    console: &Console,
    visitor: &Visitor,
    id: String,
    after: &str,
    bad_name: Option<BadName<'_>>,
) -> Response {
    let (secret, stores) = match found(console, visitor, id).await {
        Ok(found) => found,
        Err(error) => return trouble(visitor, &error),
    };
    let now = crate::Clock.now();
    let error = bad_name.map(|(_, error)| error);
    let name = bad_name.map_or(secret.name.as_str(), |(name, _)| name);
    let body = html! {
        nav.trail aria-label="위치" { a href="/console/secrets" { "API 시크릿" } }
        (heading(&secret.name, None))
        (done(after, &[
            ("renamed", "이름을 바꿨습니다."),
            ("revoked", "폐기했습니다. 이 시크릿과 이것으로 만든 토큰은 더 이상 쓸 수 없습니다."),
        ]))
        (summary(error))
        dl.facts {
            dt { "상태" } dd { (badge(state(&secret, now).unwrap_or("사용 중"))) }
            dt { "앞자리" } dd { code { (secret.prefix) "…" } }
            dt { "기본 상점" } dd { a href={ "/console/stores/" (secret.default_store) } { (store_name(&stores, &secret.default_store)) } }
            @if secret.stores.len() > 1 {
                dt { "더 열 수 있는 상점" }
                dd { @for (at, id) in secret.stores.iter().skip(1).enumerate() { @if at > 0 { ", " } a href={ "/console/stores/" (id) } { (store_name(&stores, id)) } } }
            }
            dt { "만든 때" } dd { (time(secret.created_at)) }
            dt { "마지막 사용" } dd { @match secret.last_used_at { Some(at) => (time(at)), None => "없음" } }
            @if let Some(at) = secret.expires_at { dt { "만료" } dd { (time(at)) } }
            @if let Some(at) = secret.revoked_at { dt { "폐기" } dd { (time(at)) } }
        }
        @if visitor.who.may(Action::ChangeSecrets) {
            section aria-labelledby="changes" {
                h2 #changes { "바꾸기" }
                form.sheet method="post" action={ "/console/secrets/" (secret.id) "/name" } {
                    (layout::token(visitor))
                    (Input { name: "name", label: "이름", value: name, required: true, ..Input::default() }.text(inputs::problems(error)))
                    p.actions { button.primary type="submit" { "이름 바꾸기" } }
                }
                @if secret.is_valid(now) {
                    p { a.button.danger href={ "/console/secrets/" (secret.id) "/revoke" } { "폐기하기" } }
                }
            }
        }
    };
    let shown = page(visitor, Here::Secrets, &secret.name, body);
    match error {
        Some(_) => (StatusCode::BAD_REQUEST, shown).into_response(),
        None => shown,
    }
}

async fn rename(
    State(console): State<Console>,
    Path(id): Path<String>,
    posted: Posted,
) -> Response {
    let Posted { visitor, fields } = posted;
    let name = fields.text("name");
    let act = async {
        let id = secret_id(id.clone())?;
        console.admin.rename_secret(&visitor.who, &id, name).await
    };
    match act.await {
        Ok(()) => back(page_of(&id), "renamed"),
        Err(error @ (Error::Invalid(_) | Error::Refused(_))) => {
            detail(&console, &visitor, id, "", Some((name, &error))).await
        }
        Err(error) => trouble(&visitor, &error),
    }
}

async fn ask_to_revoke(
    State(console): State<Console>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Response {
    let asked = async {
        visitor.who.must(Action::ChangeSecrets)?;
        found(&console, &visitor, id).await
    };
    let (secret, _) = match asked.await {
        Ok(found) => found,
        Err(error) => return trouble(&visitor, &error),
    };
    let body = html! {
        nav.trail aria-label="위치" { a href={ "/console/secrets/" (secret.id) } { (secret.name) } }
        (heading("이 API 시크릿을 폐기할까요?", None))
        dl.facts {
            dt { "이름" } dd { (secret.name) }
            dt { "앞자리" } dd { code { (secret.prefix) "…" } }
            dt { "사용" } dd { (used(&secret)) }
        }
        p.alert.danger { "폐기하면 이 시크릿과 이것으로 만든 토큰을 쓰는 요청이 바로 거절됩니다. 되돌릴 수 없습니다. 먼저 새 시크릿을 만들어 서버에 넣어야 끊기지 않습니다." }
        form method="post" action={ "/console/secrets/" (secret.id) "/revoke" } {
            (layout::token(&visitor))
            p.actions {
                button.danger type="submit" { "폐기합니다" }
                a href={ "/console/secrets/" (secret.id) } { "취소" }
            }
        }
    };
    page(&visitor, Here::Secrets, "API 시크릿 폐기", body)
}

async fn revoke(
    State(console): State<Console>,
    Path(id): Path<String>,
    posted: Posted,
) -> Response {
    let visitor = posted.visitor;
    let act = async {
        let id = secret_id(id.clone())?;
        console.admin.revoke_secret(&visitor.who, &id).await
    };
    settled(&visitor, page_of(&id), "revoked", act.await)
}

fn page_of(id: &str) -> String {
    format!("/console/secrets/{id}")
}

//! `/console/webhooks`: who is told of a store's verifications, how telling them goes, and what was sent.

mod deliveries;
mod detail;
mod new;
mod settle;

use axum::{
    Router,
    extract::State,
    response::Response,
    routing::{get, post},
};
use bonin_core::WebhookEndpointId;
use bonin_store::{StoreRow, WebhookEvent};
use maud::{Markup, html};

use super::{
    Console,
    form::Fields,
    inputs::{self, Input, tick_box},
    layout::{Here, page, trouble},
    secrets::store_name,
    shown::{heading, time},
    visitor::Visitor,
    words::number,
};
use crate::admin::{Action, Error, Problems, ShownWebhook, WebhookForm, WebhookState};

pub(super) fn routes() -> Router<Console> {
    Router::new()
        .route("/console/webhooks", get(list))
        .route("/console/webhooks/new", get(new::blank).post(new::create))
        .route(
            "/console/webhooks/{id}",
            get(detail::show).post(detail::update),
        )
        .route("/console/webhooks/{id}/secret", post(detail::rotate_secret))
        .route("/console/webhooks/{id}/pause", post(detail::pause))
        .route("/console/webhooks/{id}/resume", post(detail::resume))
        .route("/console/webhooks/{id}/test", post(settle::test))
        .route(
            "/console/webhooks/{id}/retire",
            get(detail::ask_to_retire).post(detail::retire),
        )
        .route(
            "/console/webhooks/{id}/deliveries/{delivery}",
            get(deliveries::show),
        )
        .route(
            "/console/webhooks/{id}/deliveries/{delivery}/replay",
            post(settle::replay),
        )
}

/// The webhook of an address. One that is not well-formed is not there.
fn webhook_id(text: String) -> Result<WebhookEndpointId, Error> {
    WebhookEndpointId::parse(text).map_err(|_| Error::NotFound("웹훅"))
}

/// An address without what follows the question mark: enough to tell one from another, and no token over a shoulder.
fn short(webhook: &ShownWebhook) -> String {
    match webhook.address.expose().split_once('?') {
        Some((before, _)) => format!("{before}?…"),
        None => webhook.address.expose().to_owned(),
    }
}

/// How it stands, to be seen at a glance.
fn state_badge(state: WebhookState) -> Markup {
    let class = match state {
        WebhookState::Live => "badge verified",
        WebhookState::Failing { .. } => "badge failed",
        WebhookState::Paused { .. } => "badge ready",
        WebhookState::Retired { .. } => "badge",
    };
    html! { span class=(class) { (state.name()) } }
}

/// What happened, as people call it.
fn event_name(event: WebhookEvent) -> &'static str {
    match event {
        WebhookEvent::Ready => "시작",
        WebhookEvent::Verified => "성공",
        WebhookEvent::Failed => "실패",
        WebhookEvent::Test => "시험",
    }
}

fn event_names(events: &[WebhookEvent]) -> String {
    let names: Vec<&str> = events.iter().map(|event| event_name(*event)).collect();
    names.join(", ")
}

/// Since when it needs somebody, where it does.
fn needs(webhook: &ShownWebhook) -> Markup {
    html! {
        @match webhook.state {
            WebhookState::Failing { since } => { (time(since)) "부터 전달에 실패하고 있습니다." }
            WebhookState::Paused { since, .. } => { (time(since)) "에 중지되었습니다." }
            WebhookState::Live | WebhookState::Retired { .. } => {}
        }
    }
}

async fn list(State(console): State<Console>, visitor: Visitor) -> Response {
    let found = async {
        let webhooks = console.admin.webhooks(&visitor.who, None).await?;
        Ok((webhooks, console.admin.stores(&visitor.who).await?))
    };
    match found.await {
        Ok((webhooks, stores)) => {
            let body = listed(&visitor, &webhooks, &stores);
            page(&visitor, Here::Webhooks, "웹훅", body)
        }
        Err(error) => trouble(&visitor, &error),
    }
}

fn listed(visitor: &Visitor, webhooks: &[ShownWebhook], stores: &[StoreRow]) -> Markup {
    let may_change = visitor.who.may(Action::ChangeWebhooks);
    let is_over = |webhook: &&ShownWebhook| matches!(webhook.state, WebhookState::Retired { .. });
    let (over, used): (Vec<_>, Vec<_>) = webhooks.iter().partition(is_over);
    html! {
        (heading("웹훅", may_change.then_some(("/console/webhooks/new", "웹훅 만들기"))))
        @if stores.is_empty() {
            p.empty { "웹훅은 상점의 본인인증을 알립니다. " a href="/console/stores" { "상점" } "을 먼저 만들어야 합니다." }
        } @else if used.is_empty() {
            p.empty { "웹훅이 없습니다. 본인인증의 상태가 바뀔 때 서버로 알림을 받으려면 만들어야 합니다." }
        }
        (items(&used, Some(stores)))
        @if !over.is_empty() {
            details {
                summary { "폐기된 웹훅 " (over.len()) "개" }
                (items(&over, Some(stores)))
            }
        }
    }
}

/// Webhooks with their stores, where those are not known anyway.
fn items(webhooks: &[&ShownWebhook], stores: Option<&[StoreRow]>) -> Markup {
    html! {
        ul.items {
            @for webhook in webhooks {
                li {
                    p.title {
                        a href={ "/console/webhooks/" (webhook.id) } { (short(webhook)) }
                        (state_badge(webhook.state))
                    }
                    p.meta {
                        @if let Some(stores) = stores { (store_name(stores, &webhook.store)) " · " }
                        "이벤트: " (event_names(&webhook.events))
                        @if webhook.pending > 0 { " · 대기 중인 메시지 " (number(webhook.pending)) "건" }
                    }
                    @if matches!(webhook.state, WebhookState::Failing { .. } | WebhookState::Paused { .. }) {
                        p.warning { (needs(webhook)) }
                    }
                }
            }
        }
    }
}

/// The webhooks of a store, on its page.
pub(super) fn of_store(visitor: &Visitor, store: &StoreRow, webhooks: &[ShownWebhook]) -> Markup {
    let used = webhooks
        .iter()
        .filter(|webhook| !matches!(webhook.state, WebhookState::Retired { .. }));
    let used: Vec<&ShownWebhook> = used.collect();
    html! {
        section aria-labelledby="webhooks" {
            h2 #webhooks { "웹훅" }
            (items(&used, None))
            @if used.is_empty() { p.empty { "웹훅이 없습니다. 본인인증의 상태가 바뀔 때 서버로 알림을 받으려면 만들어야 합니다." } }
            @if visitor.who.may(Action::ChangeWebhooks) {
                p { a.button href={ "/console/webhooks/new?store=" (store.id) } { "웹훅 만들기" } }
            }
        }
    }
}

/// Those that somebody has to look after, above the figures.
pub(super) fn in_trouble(webhooks: &[ShownWebhook]) -> Markup {
    html! {
        @if !webhooks.is_empty() {
            section.alert.warning aria-labelledby="webhooks" {
                h2 #webhooks { "웹훅을 확인해야 합니다" }
                ul {
                    @for webhook in webhooks {
                        li {
                            a href={ "/console/webhooks/" (webhook.id) } { (short(webhook)) } ": "
                            @match webhook.state {
                                WebhookState::Paused { since, .. } => { "실패가 이어져 " (time(since)) "에 중지되었습니다. 받는 쪽을 고친 뒤 다시 시작해야 합니다." }
                                _ => { (needs(webhook)) " 받는 쪽을 확인해야 합니다." }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// An address and events, as they were filled in.
fn filled(fields: &Fields) -> WebhookForm {
    WebhookForm {
        url: bonin_core::Redacted::new(fields.text("url")),
        events: fields.all("events").map(str::to_owned).collect(),
    }
}

/// The fields of [`WebhookForm`].
fn fields_of(form: &WebhookForm, problems: Option<&Problems>) -> Markup {
    html! {
        (Input { name: "url", label: "받는 주소", value: form.url.expose(), required: true, hint: "메시지를 POST로 받을 https 주소입니다. http 주소는 운영 설정에서 허용한 네트워크에서만 쓸 수 있습니다(bonin dev에서는 이 컴퓨터, 127.0.0.1). 예: https://shop.example.com/webhooks", ..Input::default() }.text(problems))
        fieldset #events {
            legend { "알림을 받을 이벤트" }
            @for event in WebhookEvent::CHOOSABLE {
                (tick_box("events", event.type_name(), &format!("{} – {}", event_name(event), event.type_name()), form.events.iter().any(|name| name == event.type_name())))
            }
            (inputs::about(problems, "events"))
        }
    }
}

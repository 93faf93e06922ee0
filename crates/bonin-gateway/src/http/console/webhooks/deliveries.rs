//! The messages to a webhook, and one of them with its tries.

use std::collections::HashMap;

use axum::{
    extract::{Path, State},
    response::Response,
};
use bonin_core::WebhookDeliveryId;
use bonin_store::{DeliveryPage, DeliveryState, WebhookDelivery, WebhookEvent, WebhookTry};
use maud::{Markup, html};

use super::{
    super::{
        Console,
        inputs::{self, Input},
        layout::{self, Here, page, trouble},
        shown::{After, copyable, done, heading},
        visitor::Visitor,
        words::{length, moment, number},
    },
    event_name, short, webhook_id,
};
use crate::admin::{
    Action, DeliveryForm, Error, ShownDelivery, ShownWebhook, WebhookState, state_name,
    try_explanation,
};

/// Which messages an address asks for.
pub(super) fn asked(query: &str) -> DeliveryForm {
    let fields: HashMap<_, _> = form_urlencoded::parse(query.as_bytes()).take(50).collect();
    let text = |name| fields.get(name).map_or("", |value| value.trim()).to_owned();
    DeliveryForm {
        state: text("state"),
        event: text("event"),
        verification: text("identityVerificationId"),
        before: text("before"),
    }
}

/// The conditions, as an address spells them.
fn conditions(form: &DeliveryForm) -> impl Iterator<Item = (&'static str, &str)> {
    let all = [
        ("state", form.state.as_str()),
        ("event", form.event.as_str()),
        ("identityVerificationId", form.verification.as_str()),
    ];
    all.into_iter().filter(|(_, value)| !value.is_empty())
}

/// A message's state, to be seen at a glance.
fn state_badge(delivery: &WebhookDelivery) -> Markup {
    let class = match delivery.state {
        DeliveryState::Pending => "badge ready",
        DeliveryState::Delivered => "badge verified",
        DeliveryState::GaveUp => "badge failed",
        DeliveryState::Dropped => "badge",
    };
    let name = if delivery.is_being_sent {
        "보내는 중"
    } else {
        state_name(delivery.state)
    };
    html! { span class=(class) { (name) } }
}

fn here(delivery: &WebhookDelivery) -> String {
    format!(
        "/console/webhooks/{}/deliveries/{}",
        delivery.endpoint, delivery.id
    )
}

/// The list on the webhook's page.
pub(super) fn section(
    webhook: &ShownWebhook,
    form: &DeliveryForm,
    sent: &Result<DeliveryPage, Error>,
) -> Markup {
    html! {
        section aria-labelledby="deliveries" {
            h2 #deliveries { "메시지" }
            (filters(webhook, form, sent.as_ref().err()))
            @if let Ok(found) = sent { (results(webhook, form, found)) }
        }
    }
}

fn filters(webhook: &ShownWebhook, form: &DeliveryForm, error: Option<&Error>) -> Markup {
    let wrong = inputs::problems(error);
    let mut states = vec![("", "모든 상태")];
    states.extend(DeliveryState::ALL.map(|state| (state.as_str(), state_name(state))));
    let mut events = vec![("", "모든 이벤트")];
    let all = WebhookEvent::CHOOSABLE
        .into_iter()
        .chain([WebhookEvent::Test]);
    events.extend(all.map(|event| (event.type_name(), event_name(event))));
    let input = |name, label, value| Input {
        name,
        label,
        value,
        ..Input::default()
    };
    html! {
        form.filters method="get" action={ "/console/webhooks/" (webhook.id) "#deliveries" } aria-label="메시지를 찾을 조건" {
            (input("state", "상태", &form.state).select(&states, wrong))
            (input("event", "이벤트", &form.event).select(&events, wrong))
            (input("identityVerificationId", "identityVerificationId", &form.verification).text(wrong))
            p.actions {
                button type="submit" { "찾기" }
                a href={ "/console/webhooks/" (webhook.id) "#deliveries" } { "조건 지우기" }
            }
        }
    }
}

fn results(webhook: &ShownWebhook, form: &DeliveryForm, found: &DeliveryPage) -> Markup {
    html! {
        @if found.items.is_empty() {
            p.empty role="status" {
                @if conditions(form).next().is_some() || !form.before.is_empty() {
                    "조건에 맞는 메시지가 없습니다."
                } @else {
                    "아직 보낸 메시지가 없습니다. 시험 메시지를 보내 받는 쪽이 받는지 볼 수 있습니다."
                }
            }
        } @else {
            table.list {
                caption { "최근 것부터. 끝난 메시지는 정해진 기간이 지나면 지웁니다." }
                thead { tr {
                    th scope="col" { "일어난 때" } th scope="col" { "이벤트" } th scope="col" { "본인인증" } th scope="col" { "상태" }
                    th.number scope="col" { "시도" } th scope="col" { "다음 시도" }
                } }
                tbody {
                    @for delivery in &found.items {
                        tr {
                            th scope="row" { a href=(here(delivery)) { (moment(delivery.happened_at)) } }
                            td data-label="이벤트" { (event_name(delivery.event)) }
                            td data-label="본인인증" { @match &delivery.about { Some((id, _)) => code { (id) }, None => "–" } }
                            td data-label="상태" { (state_badge(delivery)) }
                            td.number data-label="시도" { (delivery.tries) "번" }
                            td data-label="다음 시도" { (next(webhook, delivery)) }
                        }
                    }
                }
            }
            (pages(webhook, form, found))
        }
    }
}

/// When it is tried next.
fn next(webhook: &ShownWebhook, delivery: &WebhookDelivery) -> Markup {
    let waits = matches!(webhook.state, WebhookState::Paused { .. });
    html! {
        @match delivery.next_at {
            Some(_) if waits => "다시 시작한 뒤",
            Some(at) => (moment(at)),
            None => "–",
        }
    }
}

/// The way to older messages, and back to the newest.
fn pages(webhook: &ShownWebhook, form: &DeliveryForm, found: &DeliveryPage) -> Markup {
    let address = |before: Option<&WebhookDeliveryId>| {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(conditions(form));
        if let Some(before) = before {
            query.append_pair("before", before.as_str());
        }
        format!(
            "/console/webhooks/{}?{}#deliveries",
            webhook.id,
            query.finish()
        )
    };
    let older = found.items.last().filter(|_| found.more);
    html! {
        @if older.is_some() || !form.before.is_empty() {
            nav.pages aria-label="쪽" {
                @if !form.before.is_empty() { a.button href=(address(None)) { "최근 메시지로" } }
                @if let Some(last) = older { a.button href=(address(Some(&last.id))) { "더 오래된 메시지" } }
            }
        }
    }
}

/// A message of this webhook.
pub(super) async fn found(
    console: &Console,
    visitor: &Visitor,
    webhook: String,
    delivery: String,
) -> Result<ShownDelivery, Error> {
    let missing = || Error::NotFound("웹훅 메시지");
    let webhook = webhook_id(webhook)?;
    let delivery = WebhookDeliveryId::parse(delivery).map_err(|_| missing())?;
    let found = console.admin.webhook_delivery(&visitor.who, &delivery);
    let found = found.await?;
    if found.endpoint.id == webhook {
        Ok(found)
    } else {
        Err(missing())
    }
}

pub(super) async fn show(
    State(console): State<Console>,
    visitor: Visitor,
    Path((webhook, delivery)): Path<(String, String)>,
    after: After,
) -> Response {
    match found(&console, &visitor, webhook, delivery).await {
        Ok(found) => {
            let body = body(&visitor, &found, &after.done);
            page(&visitor, Here::Webhooks, "웹훅 메시지", body)
        }
        Err(error) => trouble(&visitor, &error),
    }
}

fn body(visitor: &Visitor, shown: &ShownDelivery, after: &str) -> Markup {
    let ShownDelivery {
        delivery,
        endpoint,
        tries,
    } = shown;
    let is_used = !matches!(endpoint.state, WebhookState::Retired { .. });
    let waits = matches!(endpoint.state, WebhookState::Paused { .. });
    let may_send = is_used && !delivery.is_being_sent && visitor.who.may(Action::ChangeWebhooks);
    html! {
        nav.trail aria-label="위치" { a href={ "/console/webhooks/" (endpoint.id) } { (short(endpoint)) } }
        (heading(&format!("{} 메시지", event_name(delivery.event)), None))
        @if delivery.state == DeliveryState::Pending {
            p.alert role="status" {
                @if waits && !delivery.is_being_sent { "웹훅이 중지되어 있습니다. 다시 시작할 때까지 이 메시지는 기다립니다. " }
                @else if tries.is_empty() { "아직 결과가 없습니다. " }
                @else { "아직 전달하지 못했습니다. 정해진 때에 다시 시도합니다. " }
                a href=(here(delivery)) { "새로 고침" } "하면 지금의 상태를 봅니다."
            }
        } @else {
            (done(after, &[
                ("tested", "시험 메시지를 보냈습니다. 아래에 결과가 있습니다."),
                ("replayed", "메시지를 다시 보냈습니다. 아래에 결과가 있습니다."),
            ]))
        }
        dl.facts {
            dt { "상태" } dd { (state_badge(delivery)) }
            dt { "이벤트" } dd { code { (delivery.event.type_name()) } }
            @if let Some((id, tx_id)) = &delivery.about {
                dt { "본인인증" } dd { a href={ "/console/verifications/" (delivery.store) "/" (id) } { (id) } }
                dt { "시도(txId)" } dd { code { (tx_id) } }
            }
            dt { "webhook-id" } dd { (copyable("webhook-id", delivery.id.as_str())) }
            dt { "일어난 때" } dd { (moment(delivery.happened_at)) }
            @if delivery.next_at.is_some() { dt { "다음 시도" } dd { (next(endpoint, delivery)) } }
            @if let Some(at) = delivery.ended_at { dt { "끝난 때" } dd { (moment(at)) } }
        }
        (attempts(tries))
        @if may_send {
            form method="post" action={ (here(delivery)) "/replay" } {
                (layout::token(visitor))
                p.hint { "같은 webhook-id로 다시 보냅니다. 받는 쪽은 이미 처리한 메시지인지 webhook-id로 알 수 있습니다." }
                p.actions { button type="submit" { "다시 보내기" } }
            }
        }
    }
}

fn attempts(tries: &[WebhookTry]) -> Markup {
    html! {
        section aria-labelledby="tries" {
            h2 #tries { "시도 " (number(i64::try_from(tries.len()).unwrap_or(i64::MAX))) "번" }
            @if tries.is_empty() {
                p.empty { "아직 보내지 않았습니다." }
            } @else {
                table.list {
                    thead { tr {
                        th scope="col" { "시도" } th scope="col" { "보낸 때" } th scope="col" { "응답" } th.number scope="col" { "걸린 시간" } th scope="col" { "뜻과 할 일" }
                    } }
                    tbody {
                        @for one in tries {
                            tr {
                                th scope="row" { (one.number) "번째" }
                                td data-label="보낸 때" { (moment(one.at)) }
                                td data-label="응답" { code { @match one.outcome { Ok(status) => (status), Err(failure) => (failure.as_str()) } } }
                                td.number data-label="걸린 시간" { (length(one.millis)) }
                                td data-label="뜻과 할 일" { (try_explanation(one.outcome)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

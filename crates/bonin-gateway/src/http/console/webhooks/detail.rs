//! One webhook: where it goes, what it is told of, how it stands, and what was sent to it.

use std::fmt::Display;

use axum::{
    extract::{Path, RawQuery, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use bonin_store::{DeliveryPage, PauseCause};
use jiff::SignedDuration;
use maud::{Markup, html};

use super::{
    super::{
        Console,
        form::Posted,
        inputs::{self, Input, summary},
        layout::{self, Here, back, page, settled, trouble},
        shown::{After, done, heading, time},
        visitor::Visitor,
        words::number,
    },
    deliveries::{self, asked},
    event_name, fields_of, filled, new, short, state_badge, webhook_id,
};
use crate::admin::{Action, DeliveryForm, Error, ShownWebhook, WebhookForm, WebhookState};

/// How long the secret before may stay valid, by hours.
const OVERLAPS: [(&str, &str); 5] = [
    ("24", "하루"),
    ("1", "1시간"),
    ("72", "3일"),
    ("168", "7일"),
    ("0", "바로 끝내기"),
];

/// What the page shows beside the webhook.
#[derive(Default)]
struct Extra<'a> {
    /// What was just done.
    after: &'a str,
    /// Which messages were asked for.
    wanted: DeliveryForm,
    /// What was filled in, and why it came back.
    refused: Option<(&'a WebhookForm, &'a Error)>,
}

pub(super) async fn show(
    State(console): State<Console>,
    visitor: Visitor,
    Path(id): Path<String>,
    after: After,
    RawQuery(query): RawQuery,
) -> Response {
    let extra = Extra {
        after: &after.done,
        wanted: asked(query.as_deref().unwrap_or_default()),
        refused: None,
    };
    shown(&console, &visitor, id, extra).await
}

pub(super) async fn update(
    State(console): State<Console>,
    Path(id): Path<String>,
    posted: Posted,
) -> Response {
    let Posted { visitor, fields } = posted;
    let form = filled(&fields);
    let act = async {
        let id = webhook_id(id.clone())?;
        console.admin.update_webhook(&visitor.who, &id, &form).await
    };
    match act.await {
        Ok(_) => back(page_of(&id), "saved"),
        Err(error @ (Error::Invalid(_) | Error::Refused(_))) => {
            let extra = Extra {
                refused: Some((&form, &error)),
                ..Extra::default()
            };
            let shown = shown(&console, &visitor, id, extra).await;
            (StatusCode::BAD_REQUEST, shown).into_response()
        }
        Err(error) => trouble(&visitor, &error),
    }
}

pub(super) async fn rotate_secret(
    State(console): State<Console>,
    Path(id): Path<String>,
    posted: Posted,
) -> Response {
    let Posted { visitor, fields } = posted;
    let act = async {
        visitor.who.must(Action::ChangeWebhooks)?;
        let id = webhook_id(id)?;
        let hours = fields.text("overlap").parse::<u16>();
        let unknown = |_| Error::invalid("overlap", "목록에서 골라야 합니다.");
        let overlap = SignedDuration::from_hours(hours.map_err(unknown)?.into());
        let rotated = console
            .admin
            .rotate_webhook_secret(&visitor.who, &id, Some(overlap))
            .await?;
        Ok((id, rotated))
    };
    match act.await {
        // Shown in this answer and nowhere else: a redirect would have to keep it somewhere.
        Ok((id, rotated)) => {
            let until = Some(rotated.previous_until);
            let body = new::once("시크릿을 교체했습니다", &id, &rotated.secret, until);
            page(&visitor, Here::Webhooks, "웹훅 시크릿", body)
        }
        Err(error) => trouble(&visitor, &error),
    }
}

pub(super) async fn pause(
    State(console): State<Console>,
    Path(id): Path<String>,
    posted: Posted,
) -> Response {
    let visitor = posted.visitor;
    let act = async {
        let id = webhook_id(id.clone())?;
        console.admin.pause_webhook(&visitor.who, &id).await
    };
    settled(&visitor, page_of(&id), "paused", act.await)
}

pub(super) async fn resume(
    State(console): State<Console>,
    Path(id): Path<String>,
    posted: Posted,
) -> Response {
    let visitor = posted.visitor;
    let act = async {
        let id = webhook_id(id.clone())?;
        console.admin.resume_webhook(&visitor.who, &id).await
    };
    settled(&visitor, page_of(&id), "resumed", act.await)
}

pub(super) async fn ask_to_retire(
    State(console): State<Console>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Response {
    let asked = async {
        visitor.who.must(Action::ChangeWebhooks)?;
        console.admin.webhook(&visitor.who, &webhook_id(id)?).await
    };
    let webhook = match asked.await {
        Ok(webhook) => webhook,
        Err(error) => return trouble(&visitor, &error),
    };
    let here = page_of(&webhook.id);
    let body = html! {
        nav.trail aria-label="위치" { a href=(here) { (short(&webhook)) } }
        (heading("이 웹훅을 폐기할까요?", None))
        dl.facts {
            dt { "받는 주소" } dd { code { (short(&webhook)) } }
            dt { "대기 중인 메시지" } dd { (number(webhook.pending)) "건" }
        }
        p.alert.danger { "폐기하면 더 보내지 않고, 대기 중인 메시지도 보내지 않습니다. 되돌릴 수 없습니다. 잠시 멈추려면 일시 중지를 써야 합니다." }
        form method="post" action={ (here) "/retire" } {
            (layout::token(&visitor))
            p.actions {
                button.danger type="submit" { "폐기합니다" }
                a href=(here) { "취소" }
            }
        }
    };
    page(&visitor, Here::Webhooks, "웹훅 폐기", body)
}

pub(super) async fn retire(
    State(console): State<Console>,
    Path(id): Path<String>,
    posted: Posted,
) -> Response {
    let visitor = posted.visitor;
    let act = async {
        let id = webhook_id(id.clone())?;
        console.admin.retire_webhook(&visitor.who, &id).await
    };
    settled(&visitor, page_of(&id), "retired", act.await)
}

fn page_of(id: impl Display) -> String {
    format!("/console/webhooks/{id}")
}

async fn shown(console: &Console, visitor: &Visitor, id: String, extra: Extra<'_>) -> Response {
    let found = async {
        let id = webhook_id(id)?;
        let webhook = console.admin.webhook(&visitor.who, &id).await?;
        let store = console.admin.store(&visitor.who, &webhook.store).await?;
        let sent = console
            .admin
            .webhook_deliveries(&visitor.who, &id, &extra.wanted);
        let sent = match sent.await {
            Err(error @ Error::Invalid(_)) => Err(error),
            sent => Ok(sent?),
        };
        Ok((webhook, store.name, sent))
    };
    match found.await {
        Ok((webhook, store, sent)) => {
            let body = body(visitor, &webhook, &store, &sent, &extra);
            page(visitor, Here::Webhooks, "웹훅", body)
        }
        Err(error) => trouble(visitor, &error),
    }
}

fn body(
    visitor: &Visitor,
    webhook: &ShownWebhook,
    store: &str,
    sent: &Result<DeliveryPage, Error>,
    extra: &Extra<'_>,
) -> Markup {
    let is_used = !matches!(webhook.state, WebhookState::Retired { .. });
    let may_change = is_used && visitor.who.may(Action::ChangeWebhooks);
    html! {
        nav.trail aria-label="위치" { a href="/console/webhooks" { "웹훅" } }
        header.heading { h1.address { (short(webhook)) } }
        (done(extra.after, &[
            ("saved", "저장했습니다."),
            ("paused", "일시 중지했습니다. 그동안의 메시지는 다시 시작할 때까지 기다립니다."),
            ("resumed", "다시 시작했습니다. 기다리던 메시지부터 보냅니다."),
            ("retired", "폐기했습니다. 이 주소로 더 보내지 않습니다."),
        ]))
        (summary(extra.refused.map(|(_, error)| error).or(sent.as_ref().err())))
        (standing(webhook))
        (facts(webhook, store))
        @if may_change { (actions(visitor, webhook)) }
        (deliveries::section(webhook, &extra.wanted, sent))
        @if may_change { (changes(visitor, webhook, extra)) }
    }
}

/// What somebody has to know of how it stands.
fn standing(webhook: &ShownWebhook) -> Markup {
    html! {
        @match webhook.state {
            WebhookState::Live => {}
            WebhookState::Failing { since } => {
                p.alert.warning { (time(since)) "부터 한 건도 전달하지 못했습니다. 아래의 메시지에서 까닭을 보고 받는 쪽을 고쳐야 합니다. 오래 이어지면 저절로 중지됩니다." }
            }
            WebhookState::Paused { since, cause: PauseCause::Failing } => {
                p.alert.danger { "전달에 계속 실패해 " (time(since)) "에 중지되었습니다. 메시지는 기다리고 있습니다. 받는 쪽을 고치고 시험 메시지를 보내 본 다음 다시 시작해야 합니다." }
            }
            WebhookState::Paused { since, cause: PauseCause::Request } => {
                p.alert.warning { (time(since)) "부터 일시 중지된 웹훅입니다. 메시지는 다시 시작할 때까지 기다립니다." }
            }
            WebhookState::Retired { since } => {
                p.alert { (time(since)) "에 폐기된 웹훅입니다. 더 보내지 않습니다." }
            }
        }
    }
}

fn facts(webhook: &ShownWebhook, store: &str) -> Markup {
    html! {
        dl.facts {
            dt { "상태" } dd { (state_badge(webhook.state)) }
            dt { "상점" } dd { a href={ "/console/stores/" (webhook.store) } { (store) } }
            dt { "이벤트" }
            dd {
                @for event in &webhook.events {
                    p { (event_name(*event)) " " code { (event.type_name()) } }
                }
            }
            dt { "대기 중인 메시지" } dd { (number(webhook.pending)) "건" }
            @if let Some(until) = webhook.previous_until { dt { "이전 시크릿" } dd { (time(until)) "까지 함께 서명합니다" } }
            dt { "만든 때" } dd { (time(webhook.created_at)) }
        }
    }
}

fn actions(visitor: &Visitor, webhook: &ShownWebhook) -> Markup {
    let here = page_of(&webhook.id);
    let is_paused = matches!(webhook.state, WebhookState::Paused { .. });
    html! {
        div.actions {
            form method="post" action={ (here) "/test" } {
                (layout::token(visitor))
                button type="submit" { "시험 메시지 보내기" }
            }
            @if is_paused {
                form method="post" action={ (here) "/resume" } {
                    (layout::token(visitor))
                    button.primary type="submit" { "다시 시작하기" }
                }
            } @else {
                form method="post" action={ (here) "/pause" } {
                    (layout::token(visitor))
                    button type="submit" { "일시 중지하기" }
                }
            }
        }
    }
}

fn changes(visitor: &Visitor, webhook: &ShownWebhook, extra: &Extra<'_>) -> Markup {
    let here = page_of(&webhook.id);
    let names = webhook.events.iter().map(|event| event.type_name());
    let as_it_is = WebhookForm {
        url: webhook.address.clone(),
        events: names.map(str::to_owned).collect(),
    };
    let form = extra.refused.map_or(&as_it_is, |(form, _)| form);
    let problems = inputs::problems(extra.refused.map(|(_, error)| error));
    html! {
        section aria-labelledby="changes" {
            h2 #changes { "바꾸기" }
            details open[extra.refused.is_some()] {
                summary { "주소와 이벤트" }
                form.sheet method="post" action=(here) {
                    (layout::token(visitor))
                    (fields_of(form, problems))
                    p.hint { "대기 중인 메시지도 새 주소로 보냅니다." }
                    p.actions { button.primary type="submit" { "저장" } }
                }
            }
            details {
                summary { "시크릿 교체" }
                form.sheet method="post" action={ (here) "/secret" } {
                    (layout::token(visitor))
                    p.hint { "새 시크릿은 한 번만 보여 줍니다. 정한 동안은 두 시크릿으로 함께 서명하므로, 그 안에 받는 서버의 시크릿을 바꾸면 끊기지 않습니다." }
                    (Input { name: "overlap", label: "이전 시크릿을 함께 쓰는 시간", value: "24", ..Input::default() }.select(&OVERLAPS, None))
                    p.actions { button.primary type="submit" { "시크릿 교체하기" } }
                }
            }
            p { a.button.danger href={ (here) "/retire" } { "폐기하기" } }
        }
    }
}

//! `/console/audit`: who did what, when, from where; and whether it is still what was written.

mod words;

use axum::{
    Router,
    extract::{Query, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use bonin_core::Redacted;
use bonin_store::{ActorKind, AuditEntry, AuditHead, AuditPage, AuditProblem, AuditQuery};
use maud::{Markup, html};
use serde::Deserialize;

use super::{
    Console,
    form::Posted,
    inputs::{Input, problems, summary},
    layout::{Here, page, token, trouble},
    shown::{badge, copyable, heading, time},
    visitor::Visitor,
};
use crate::admin::{Action, Error};

/// How many entries stand on a page.
const PAGE: i64 = 50;

pub(super) fn routes() -> Router<Console> {
    Router::new()
        .route("/console/audit", get(show))
        .route("/console/audit/verify", post(verify))
        .route("/console/audit/head", post(export))
}

/// Which entries are asked for. None of it is personal.
#[derive(Debug, Default, Deserialize)]
struct Filter {
    /// A group of actions, such as `store`.
    #[serde(default)]
    action: String,
    /// Older than this number.
    #[serde(default)]
    before: String,
}

/// What came of checking the chain.
type Checked = Result<AuditHead, AuditProblem>;

async fn show(
    State(console): State<Console>,
    visitor: Visitor,
    Query(filter): Query<Filter>,
) -> Response {
    let query = AuditQuery {
        action: words::GROUPS
            .iter()
            .find(|(group, _)| *group == filter.action)
            .map(|(group, _)| (*group).to_owned()),
        before: filter.before.parse().ok(),
        size: PAGE,
        ..AuditQuery::default()
    };
    match console.admin.audit(&visitor.who, &query).await {
        Ok(found) => {
            let body = html! {
                (heading("감사 기록", None))
                p.lead { "누가 언제 어디에서 무엇을 했는지, 개인정보를 왜 열람했는지 남습니다. 지울 수 없습니다." }
                (filtering(&filter))
                (entries(&visitor, &found, &filter))
                (guarding(&visitor, None, None))
            };
            page(&visitor, Here::Audit, "감사 기록", body)
        }
        Err(error) => trouble(&visitor, &error),
    }
}

fn filtering(filter: &Filter) -> Markup {
    html! {
        form.filters method="get" action="/console/audit" {
            div.field {
                label for="action" { "종류" }
                select #action name="action" {
                    option value="" { "모두" }
                    @for (group, name) in words::GROUPS {
                        option value=(group) selected[group == filter.action] { (name) }
                    }
                }
            }
            button type="submit" { "보기" }
        }
    }
}

fn entries(visitor: &Visitor, found: &AuditPage, filter: &Filter) -> Markup {
    html! {
        @if found.entries.is_empty() {
            p.empty { "이 조건에 맞는 기록이 없습니다." }
        } @else {
            ul.items { @for entry in &found.entries { (line(visitor, entry)) } }
        }
        nav.pages aria-label="쪽" {
            @if !filter.before.is_empty() {
                a href={ "/console/audit?action=" (filter.action) } { "가장 최근 기록" }
            }
            @if let Some(last) = found.entries.last().filter(|_| found.more) {
                a href={ "/console/audit?action=" (filter.action) "&before=" (last.seq) } { "더 오래된 기록" }
            }
        }
    }
}

fn line(visitor: &Visitor, entry: &AuditEntry) -> Markup {
    let actor = &entry.actor;
    let who = match actor.kind {
        ActorKind::User => actor.name.clone(),
        ActorKind::Shell => format!("{} (셸)", actor.name),
        ActorKind::System => format!("Bonin ({})", actor.name),
    };
    let changes = words::changes(&entry.details);
    html! {
        li {
            p.title { (words::sentence(&entry.action)) }
            p.meta {
                (time(entry.at)) " · " (who)
                @if actor.kind != ActorKind::System { " · " (actor.origin) }
                " · " span.number { (entry.seq) "번" }
            }
            @if let Some(subject) = &entry.subject {
                p.meta { "대상 " (subject_of(visitor, entry, subject)) }
            }
            @if !changes.is_empty() {
                ul.changes { @for change in &changes { li { (change) } } }
            }
            @if let Some(reason) = &entry.reason {
                p { "이유: " (reason_for(visitor, reason)) }
            }
        }
    }
}

/// People write names into reasons: they are for those who may see people.
fn reason_for(visitor: &Visitor, reason: &Redacted) -> String {
    if visitor.who.may(Action::RevealPerson) {
        reason.expose().to_owned()
    } else {
        "(열람 권한이 있는 사람에게만 보입니다)".to_owned()
    }
}

fn subject_of(visitor: &Visitor, entry: &AuditEntry, subject: &str) -> Markup {
    let group = entry.action.split('.').next().unwrap_or_default();
    let address = match (group, &entry.store) {
        ("store", _) => Some(format!("/console/stores/{subject}")),
        ("channel", _) => Some(format!("/console/channels/{subject}")),
        ("secret", _) => Some(format!("/console/secrets/{subject}")),
        ("webhook", _) => Some(format!("/console/webhooks/{subject}")),
        ("verification", Some(store)) => Some(format!("/console/verifications/{store}/{subject}")),
        ("user" | "login" | "session" | "logout", _) if visitor.who.may(Action::SeeUsers) => {
            Some(format!("/console/users/{subject}"))
        }
        _ => None,
    };
    html! {
        @match address {
            Some(address) => { a href=(address) { (subject) } }
            None => code { (subject) },
        }
    }
}

/// Checking the chain, and taking its head along.
fn guarding(visitor: &Visitor, error: Option<&Error>, filled: Option<&str>) -> Markup {
    let head = Input {
        name: "head",
        label: "전에 내보낸 머리값 (선택)",
        value: filled.unwrap_or_default(),
        hint: "42:9f3c… 모양입니다. 적으면 그때까지의 기록이 그대로 남아 있는지도 확인합니다.",
        ..Input::default()
    };
    html! {
        section {
            h2 { "기록이 바뀌지 않았는지 확인하기" }
            p.fine {
                "모든 기록은 앞의 기록과 사슬로 이어져 있습니다. 하나라도 바뀌거나, 지워지거나, 순서가 달라지면 확인할 때 드러납니다."
            }
            form.sheet method="post" action="/console/audit/verify" {
                (token(visitor))
                (head.text(problems(error)))
                div.actions { button.primary type="submit" { "확인하기" } }
            }
        }
        @if visitor.who.may(Action::ExportAudit) {
            section {
                h2 { "머리값 내보내기" }
                p.fine {
                    "지금까지의 기록을 대표하는 값입니다. 데이터베이스와 떨어진 곳에 두면, 데이터베이스를 통째로 옛것으로 되돌린 것까지 알아낼 수 있습니다."
                }
                form method="post" action="/console/audit/head" {
                    (token(visitor))
                    button type="submit" { "내보내기" }
                }
            }
        }
    }
}

async fn verify(State(console): State<Console>, posted: Posted) -> Response {
    let Posted { visitor, fields } = posted;
    let given = fields.text("head");
    let exported = match given {
        "" => Ok(None),
        text => text.parse::<AuditHead>().map(Some).map_err(|_| {
            Error::invalid(
                "head",
                "내보낸 머리값을 그대로 적어야 합니다. 번호, 쌍점, 16진수 64자입니다(42:9f3c…).",
            )
        }),
    };
    let checked = match exported {
        Ok(head) => {
            let checked = console.admin.verify_audit(&visitor.who, head.as_ref());
            checked.await.map(|checked| (checked, head.is_some()))
        }
        Err(error) => Err(error),
    };
    match checked {
        Ok((checked, with_head)) => {
            let body = html! {
                (heading("감사 기록 확인", None))
                (verdict(&checked, with_head))
                p.actions { a.button href="/console/audit" { "감사 기록으로" } }
            };
            page(&visitor, Here::Audit, "감사 기록 확인", body)
        }
        Err(error @ Error::Invalid(_)) => {
            let body = html! {
                (heading("감사 기록 확인", None))
                (summary(Some(&error)))
                (guarding(&visitor, Some(&error), Some(given)))
            };
            let page = page(&visitor, Here::Audit, "감사 기록 확인", body);
            (StatusCode::BAD_REQUEST, page).into_response()
        }
        Err(error) => trouble(&visitor, &error),
    }
}

fn verdict(checked: &Checked, with_head: bool) -> Markup {
    html! {
        @match checked {
            Ok(head) => {
                div.alert.success role="status" {
                    p { strong { "기록 " (head.seq) "건이 모두 쓰인 그대로입니다." } }
                    @if with_head { p { "전에 내보낸 머리값도 이 기록 안에 있습니다." } }
                    @else { p { "전에 내보낸 머리값이 있으면 함께 확인해야, 데이터베이스가 통째로 옛것으로 바뀌지 않았는지도 알 수 있습니다." } }
                }
            }
            Err(problem) => {
                div.alert.danger role="alert" {
                    p { strong { "기록이 쓰인 그대로가 아닙니다." } }
                    p { (words::problem(problem)) }
                    p { "데이터베이스를 지금 상태로 복사해 두고, 누가 데이터베이스에 쓸 수 있었는지 확인해야 합니다." }
                }
            }
        }
    }
}

async fn export(State(console): State<Console>, Posted { visitor, .. }: Posted) -> Response {
    match console.admin.export_audit_head(&visitor.who).await {
        Ok(head) => {
            let body = html! {
                (heading("머리값", None))
                p.lead { "기록 " (head.seq) "번까지를 대표합니다. 데이터베이스와 떨어진 곳에 두어야 합니다. " (badge("비밀 아님")) }
                p { (copyable("head-value", &head.to_string())) }
                p.fine { "나중에 이 값을 감사 기록의 확인란에 적거나, 셸에서 " code { "bonin audit verify --head …" } "로 확인합니다." }
                p.actions { a.button href="/console/audit" { "감사 기록으로" } }
            };
            page(&visitor, Here::Audit, "머리값", body)
        }
        Err(error) => trouble(&visitor, &error),
    }
}

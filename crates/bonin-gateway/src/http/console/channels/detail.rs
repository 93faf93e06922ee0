//! One channel: what it can do, what KCP must know of it, and what can be changed.

use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use maud::{Markup, html};

use super::{
    super::{
        Console,
        form::Posted,
        inputs::{self, Input, summary},
        layout::{self, Here, back, page, settled, trouble},
        shown::{After, badge, copyable, done, heading, time},
        visitor::Visitor,
    },
    channel_id, credentials, day, products,
};
use crate::{
    admin::{Action, Error, ShownChannel},
    provider::{EnteredCredentials, Instructions, Probed, Verdict},
};

/// What the page shows beside the channel.
#[derive(Default)]
struct Extra<'a> {
    /// What was just done.
    after: &'a str,
    /// What a trial call showed.
    probed: Option<&'a [Probed]>,
    /// Why a form came back.
    error: Option<&'a Error>,
    /// The name as it was typed, where that form came back.
    name: Option<&'a str>,
    /// What may be shown of entered credentials, where that form came back.
    entered: Option<&'a EnteredCredentials>,
}

pub(super) async fn show(
    State(console): State<Console>,
    visitor: Visitor,
    Path(id): Path<String>,
    after: After,
) -> Response {
    let extra = Extra {
        after: &after.done,
        ..Extra::default()
    };
    shown(&console, &visitor, id, extra).await
}

pub(super) async fn rename(
    State(console): State<Console>,
    Path(id): Path<String>,
    posted: Posted,
) -> Response {
    let Posted { visitor, fields } = posted;
    let name = fields.text("name");
    let act = async {
        let id = channel_id(id.clone())?;
        console.admin.rename_channel(&visitor.who, &id, name).await
    };
    match act.await {
        Ok(()) => back(page_of(&id), "renamed"),
        Err(error) => {
            let extra = Extra {
                error: Some(&error),
                name: Some(name),
                ..Extra::default()
            };
            again(&console, &visitor, id, extra).await
        }
    }
}

pub(super) async fn replace_credentials(
    State(console): State<Console>,
    Path(id): Path<String>,
    posted: Posted,
) -> Response {
    let Posted { visitor, fields } = posted;
    let act = async {
        visitor.who.must(Action::ChangeChannels)?;
        let id = channel_id(id.clone())?;
        let entered = credentials::entered(&fields)?;
        console
            .admin
            .replace_credentials(&visitor.who, &id, &entered)
            .await
    };
    match act.await {
        Ok(_) => back(page_of(&id), "replaced"),
        Err(error) => {
            let entered = EnteredCredentials {
                hub_url: fields.text("hubUrl").to_owned(),
                window_url: fields.text("windowUrl").to_owned(),
                ..EnteredCredentials::default()
            };
            let extra = Extra {
                error: Some(&error),
                entered: Some(&entered),
                ..Extra::default()
            };
            again(&console, &visitor, id, extra).await
        }
    }
}

pub(super) async fn retire(
    State(console): State<Console>,
    Path(id): Path<String>,
    posted: Posted,
) -> Response {
    let visitor = posted.visitor;
    let act = async {
        let id = channel_id(id.clone())?;
        console.admin.retire_channel(&visitor.who, &id).await
    };
    settled(&visitor, page_of(&id), "retired", act.await)
}

pub(super) async fn restore(
    State(console): State<Console>,
    Path(id): Path<String>,
    posted: Posted,
) -> Response {
    let visitor = posted.visitor;
    let act = async {
        let id = channel_id(id.clone())?;
        console.admin.restore_channel(&visitor.who, &id).await
    };
    settled(&visitor, page_of(&id), "restored", act.await)
}

/// Asks KCP; its answer is shown here and kept nowhere.
pub(super) async fn test(
    State(console): State<Console>,
    Path(id): Path<String>,
    posted: Posted,
) -> Response {
    let visitor = posted.visitor;
    let act = async {
        let id = channel_id(id.clone())?;
        console.admin.test_channel(&visitor.who, &id).await
    };
    match act.await {
        Ok(probed) => {
            let extra = Extra {
                probed: Some(&probed),
                ..Extra::default()
            };
            shown(&console, &visitor, id, extra).await
        }
        Err(error) => trouble(&visitor, &error),
    }
}

fn page_of(id: &str) -> String {
    format!("/console/channels/{id}")
}

/// The page with a form that came back; what is no mistake in a form is told as a page of its own.
async fn again(console: &Console, visitor: &Visitor, id: String, extra: Extra<'_>) -> Response {
    match extra.error {
        Some(Error::Invalid(_) | Error::Refused(_)) => {
            let shown = shown(console, visitor, id, extra).await;
            (StatusCode::BAD_REQUEST, shown).into_response()
        }
        Some(error) => trouble(visitor, error),
        None => shown(console, visitor, id, extra).await,
    }
}

async fn shown(console: &Console, visitor: &Visitor, id: String, extra: Extra<'_>) -> Response {
    let found = async {
        let id = channel_id(id)?;
        let channel = console.admin.channel(&visitor.who, &id).await?;
        let store = console.admin.store(&visitor.who, &channel.store).await?;
        let instructions = console
            .admin
            .channel_instructions(&visitor.who, &id)
            .await?;
        Ok((channel, store.name, instructions))
    };
    match found.await {
        Ok((channel, store, instructions)) => {
            let body = body(visitor, &channel, &store, &instructions, &extra);
            page(visitor, Here::Channels, &channel.name, body)
        }
        Err(error) => trouble(visitor, &error),
    }
}

fn body(
    visitor: &Visitor,
    channel: &ShownChannel,
    store: &str,
    instructions: &[Instructions],
    extra: &Extra<'_>,
) -> Markup {
    let may_change = visitor.who.may(Action::ChangeChannels);
    html! {
        nav.trail aria-label="위치" { a href="/console/channels" { "채널" } }
        (heading(&channel.name, None))
        (done(extra.after, &[
            ("made", "채널을 만들었습니다. 자격 증명은 형식과 짝이 맞습니다. 이제 아래에서 KCP에 물어 시험해 볼 수 있습니다."),
            ("renamed", "이름을 바꿨습니다."),
            ("replaced", "자격 증명을 바꿨습니다. 아래에서 시험해 볼 수 있습니다."),
            ("retired", "채널을 보관했습니다. 새 본인인증을 받지 않습니다."),
            ("restored", "채널을 다시 쓸 수 있습니다."),
        ]))
        (summary(extra.error))
        @if let Some(warning) = channel.certificate_warning() { p.alert.warning { (warning) } }
        @if let Some(at) = channel.retired_at {
            p.alert { "보관한 채널입니다(" (time(at)) "부터). 새 본인인증을 받지 않고, 이미 시작한 것만 끝까지 진행합니다." }
        }
        (facts(channel, store))
        (probe(visitor, channel, may_change, extra.probed))
        (told(instructions))
        @if may_change { (changes(visitor, channel, extra)) }
    }
}

fn facts(channel: &ShownChannel, store: &str) -> Markup {
    html! {
        dl.facts {
            dt { "종류" } dd { (badge(channel.kind.as_str())) }
            dt { "channelKey" } dd { (copyable("channel-key", &channel.key)) }
            dt { "상점" } dd { a href={ "/console/stores/" (channel.store) } { (store) } }
            dt { "사이트 코드" } dd { code { (channel.pg_merchant_id) } }
            dt { "할 수 있는 것" } dd { @for (at, product) in products(channel).enumerate() { @if at > 0 { ", " } (product.korean()) } }
            @if let Some((ends_at, _)) = channel.certificate { dt { "인증서 만료" } dd { (day(ends_at)) } }
            @if let Some(url) = &channel.window_url { dt { "표준창 주소" } dd { code { (url) } } }
            @if let Some(url) = &channel.hub_url { dt { "허브형 주소" } dd { code { (url) } } }
            dt { "만든 때" } dd { (time(channel.created_at)) }
        }
    }
}

fn probe(
    visitor: &Visitor,
    channel: &ShownChannel,
    may_change: bool,
    probed: Option<&[Probed]>,
) -> Markup {
    html! {
        @if may_change || probed.is_some() {
            section aria-labelledby="test" {
                h2 #test { "채널 시험" }
                @if let Some(probed) = probed {
                    div.verdicts role="status" { @for result in probed { (verdict(result)) } }
                }
                p.hint { "KCP에 돈이 들지 않는 요청을 하나씩 보내, 자격 증명과 설정을 KCP가 받아들이는지 확인합니다. 누구에게도 문자나 알림이 가지 않습니다." }
                form method="post" action={ "/console/channels/" (channel.id) "/test#test" } {
                    (layout::token(visitor))
                    button type="submit" { @if probed.is_some() { "다시 시험하기" } @else { "채널 시험하기" } }
                }
            }
        }
    }
}

fn verdict(probed: &Probed) -> Markup {
    let (class, word) = match probed.verdict {
        Verdict::Works => ("alert success", "됩니다"),
        Verdict::Unclear => ("alert warning", "분명하지 않습니다"),
        Verdict::Refused => ("alert danger", "거절되었습니다"),
        Verdict::NoAnswer => ("alert danger", "답이 없습니다"),
        Verdict::Unusable => ("alert danger", "시험할 수 없습니다"),
    };
    html! {
        div class=(class) data-product=(probed.product.as_str()) data-verdict=(probed.verdict.as_str()) {
            p { strong { (probed.product.korean()) ": " (word) } }
            p { (probed.explanation) }
            @if let Some(code) = &probed.code {
                p.meta {
                    "코드 " code { (code) }
                    @if let Some(message) = &probed.message { " · KCP의 메시지: " (message.expose()) }
                    " · " (probed.took.as_millis()) "ms"
                }
            }
        }
    }
}

fn told(instructions: &[Instructions]) -> Markup {
    html! {
        section aria-labelledby="partner-admin" {
            h2 #partner-admin { "KCP에 설정할 것" }
            @for told in instructions {
                h3 { (told.product.korean()) }
                ol.steps {
                    @for (at, step) in told.steps.iter().enumerate() {
                        li {
                            p { strong { (step.place) } }
                            @if let Some(value) = &step.value {
                                p { (copyable(&format!("{}-{at}", told.product.as_str()), value)) }
                            }
                            p.hint { (step.note) }
                        }
                    }
                }
            }
        }
    }
}

fn changes(visitor: &Visitor, channel: &ShownChannel, extra: &Extra<'_>) -> Markup {
    let problems = inputs::problems(extra.error);
    let blank = EnteredCredentials::default();
    let of_name = extra.name.and(problems);
    let of_credentials = extra.entered.and(problems);
    html! {
        section aria-labelledby="changes" {
            h2 #changes { "바꾸기" }
            details open[extra.name.is_some()] {
                summary { "이름" }
                form.sheet method="post" action={ "/console/channels/" (channel.id) "/name" } {
                    (layout::token(visitor))
                    (Input { name: "name", label: "이름", value: extra.name.unwrap_or(&channel.name), required: true, ..Input::default() }.text(of_name))
                    p.actions { button.primary type="submit" { "이름 바꾸기" } }
                }
            }
            details open[extra.entered.is_some()] {
                summary { "자격 증명" }
                form.sheet method="post" action={ "/console/channels/" (channel.id) "/credentials" } {
                    (layout::token(visitor))
                    p.hint { "지금의 자격 증명은 보여 주지 않습니다. 비워 둔 것은 그대로 둡니다. 허브형은 인증서, 개인키, 비밀번호를 함께 바꿔야 합니다." }
                    (credentials::json(of_credentials))
                    (credentials::fields(extra.entered.unwrap_or(&blank), of_credentials))
                    p.actions { button.primary type="submit" { "자격 증명 바꾸기" } }
                }
            }
            @if channel.retired_at.is_some() {
                form method="post" action={ "/console/channels/" (channel.id) "/restore" } {
                    (layout::token(visitor))
                    button type="submit" { "다시 쓰기" }
                }
            } @else {
                details {
                    summary { "보관" }
                    p.hint { "보관하면 새 본인인증을 받지 않습니다. 이미 시작한 것은 끝까지 진행하고, 언제든 다시 쓸 수 있습니다." }
                    form method="post" action={ "/console/channels/" (channel.id) "/retire" } {
                        (layout::token(visitor))
                        button.danger type="submit" { "보관하기" }
                    }
                }
            }
        }
    }
}

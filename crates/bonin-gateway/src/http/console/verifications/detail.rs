//! One verification: every try, what happened in order, and the person where there is a reason.

use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use bonin_core::{
    AttemptState, BirthDate, Gender, IdentityVerificationId, PersonName, PhoneNumber, Redacted,
    StoreId,
};
use bonin_store::VerificationKey;
use maud::{Markup, html};

use super::{
    super::{
        Console, erasure,
        form::{Fields, Posted},
        inputs::{self, Input, summary, tick_box},
        layout::{self, Here, page, trouble},
        overview::UNKNOWN,
        shown::{After, badge, copyable, done},
        visitor::Visitor,
        words::{self, moment, status_badge, try_badge},
    },
    story::story,
};
use crate::admin::{
    Action, Error, MaskedPerson, RevealedPerson, ShownTry, TimelineLine, VerificationDetail,
};

/// What the page shows beside the verification.
#[derive(Default)]
struct Extra<'a> {
    /// What was just done.
    after: &'a str,
    /// The person, where there was a reason.
    revealed: Option<&'a RevealedPerson>,
    /// Why the form came back, and with what.
    back: Option<(&'a Error, &'a Fields)>,
}

/// The verification of an address. One that is not well-formed is not there.
fn key(store: String, id: String) -> Result<VerificationKey, Error> {
    let unknown = |_| Error::NotFound("본인인증");
    Ok(VerificationKey {
        store: StoreId::parse(store).map_err(unknown)?,
        id: IdentityVerificationId::parse(id).map_err(unknown)?,
    })
}

pub(in super::super) async fn show(
    State(console): State<Console>,
    visitor: Visitor,
    Path((store, id)): Path<(String, String)>,
    after: After,
) -> Response {
    let extra = Extra {
        after: &after.done,
        ..Extra::default()
    };
    match key(store, id) {
        Ok(key) => shown(&console, &visitor, &key, &extra).await,
        Err(error) => trouble(&visitor, &error),
    }
}

/// Shows the person in this answer and nowhere else.
pub(in super::super) async fn reveal(
    State(console): State<Console>,
    Path((store, id)): Path<(String, String)>,
    posted: Posted,
) -> Response {
    let Posted { visitor, fields } = posted;
    let key = match key(store, id) {
        Ok(key) => key,
        Err(error) => return trouble(&visitor, &error),
    };
    let linking = fields.ticked("linking");
    let reason = fields.text("reason");
    let revealed = console
        .admin
        .reveal(&visitor.who, &key, linking, reason)
        .await;
    match revealed {
        Ok(revealed) => {
            let extra = Extra {
                revealed: Some(&revealed),
                ..Extra::default()
            };
            shown(&console, &visitor, &key, &extra).await
        }
        Err(error @ (Error::Invalid(_) | Error::Refused(_))) => {
            let extra = Extra {
                back: Some((&error, &fields)),
                ..Extra::default()
            };
            let shown = shown(&console, &visitor, &key, &extra).await;
            (StatusCode::BAD_REQUEST, shown).into_response()
        }
        Err(error) => trouble(&visitor, &error),
    }
}

async fn shown(
    console: &Console,
    visitor: &Visitor,
    key: &VerificationKey,
    extra: &Extra<'_>,
) -> Response {
    match console.admin.verification(&visitor.who, key).await {
        Ok(detail) => {
            let body = body(visitor, &detail, extra);
            page(visitor, Here::Verifications, "본인인증", body)
        }
        Err(error) => trouble(visitor, &error),
    }
}

fn body(visitor: &Visitor, detail: &VerificationDetail, extra: &Extra<'_>) -> Markup {
    html! {
        nav.trail aria-label="위치" { a href="/console/verifications" { "본인인증" } }
        header.heading { h1 { "본인인증 " (status_badge(detail.shown.status)) } }
        (done(extra.after, &[("erased", "개인정보를 파기했습니다.")]))
        (summary(extra.back.map(|(error, _)| error)))
        @if let Some(person) = extra.revealed { (revealed(person)) }
        (facts(detail))
        @if extra.revealed.is_none() { (reveal_form(visitor, detail, extra)) }
        (tries(detail))
        @if detail.erased_at.is_none() { (erasure::of_verification(visitor, &detail.shown.key)) }
    }
}

fn facts(detail: &VerificationDetail) -> Markup {
    let shown = &detail.shown;
    html! {
        dl.facts {
            dt { "아이디" } dd { (copyable("verification-id", shown.key.id.as_str())) }
            dt { "상점" } dd { a href={ "/console/stores/" (detail.store.id) } { (detail.store.name) } " " (badge(detail.store.kind.as_str())) }
            dt { "고객" }
            dd {
                @match detail.erased_at {
                    Some(at) => { "개인정보를 파기했습니다(" (moment(at)) ")." }
                    None => (masked(&shown.person)),
                }
            }
            dt { "요청한 때" } dd { (moment(shown.requested_at)) }
            dt { "상태가 바뀐 때" } dd { (moment(shown.status_changed_at)) }
            @if let Some(reason) = shown.failure {
                dt { "실패한 이유" }
                dd {
                    (words::reason(reason))
                    @if let Some(code) = &shown.code {
                        " " code { (code) }
                        p.hint { (shown.explanation.unwrap_or(UNKNOWN)) }
                    }
                }
            }
        }
    }
}

fn masked(person: &MaskedPerson) -> Markup {
    let parts = [&person.name, &person.phone, &person.birth_date];
    html! {
        @if person.is_unknown() { "아직 알 수 없습니다" }
        @for (at, part) in parts.into_iter().flatten().enumerate() { @if at > 0 { " · " } (part) }
    }
}

fn reveal_form(visitor: &Visitor, detail: &VerificationDetail, extra: &Extra<'_>) -> Markup {
    let problems = inputs::problems(extra.back.map(|(error, _)| error));
    let typed = |name| extra.back.map_or("", |(_, fields)| fields.text(name));
    let linking = extra
        .back
        .is_some_and(|(_, fields)| fields.ticked("linking"));
    let has_someone = !detail.shown.person.is_unknown();
    html! {
        @if visitor.who.may(Action::RevealPerson) && has_someone && detail.erased_at.is_none() {
            section aria-labelledby="reveal" {
                h2 #reveal { "고객 정보 보기" }
                details open[extra.back.is_some()] {
                    summary { "가려진 정보를 봅니다" }
                    form.sheet method="post" action={ "/console/verifications/" (detail.shown.key.store) "/" (detail.shown.key.id) "/reveal" } {
                        (layout::token(visitor))
                        (Input { name: "reason", label: "보는 이유", value: typed("reason"), required: true, hint: "2자에서 200자까지 적습니다. 누가 언제 왜 보았는지 감사 기록에 남습니다. 예: 고객 문의 1234 확인", ..Input::default() }.text(problems))
                        (tick_box("linking", "on", "CI와 DI도 봅니다", linking))
                        p.actions { button.primary type="submit" { "보기" } }
                    }
                }
            }
        }
    }
}

/// The person in the clear.
fn revealed(person: &RevealedPerson) -> Markup {
    let line = |name: &str, value: Option<&str>| html! { @if let Some(value) = value { dt { (name) } dd { (value) } } };
    let birth_date = person.birth_date.map(BirthDate::dashed);
    let gender = person.gender.map(|gender| match gender {
        Gender::Male => "남성",
        Gender::Female => "여성",
    });
    let nationality = person.is_foreigner.map(|is_foreigner| {
        if is_foreigner {
            "외국인"
        } else {
            "내국인"
        }
    });
    let secret = |value: &Option<Redacted>, id: &str| html! { @if let Some(value) = value { (copyable(id, value.expose())) } @else { "없음" } };
    let linking = &person.linking;
    html! {
        section.card.revealed aria-labelledby="revealed" {
            h2 #revealed {
                @if person.is_verified { "인증된 고객 정보" } @else { "요청에 적힌 고객 정보(인증되지 않음)" }
            }
            p.hint role="status" { "이 열람을 감사 기록에 남겼습니다. 이 화면을 떠나면 다시 가려집니다." }
            dl.facts {
                (line("이름", person.name.as_ref().map(PersonName::expose)))
                (line("휴대폰 번호", person.phone.as_ref().map(PhoneNumber::expose)))
                (line("생년월일", birth_date.as_deref()))
                (line("성별", gender))
                (line("내국인·외국인", nationality))
                (line("통신사", person.operator.map(words::operator)))
                (line("customer.id", person.customer_id.as_ref().map(Redacted::expose)))
                @if linking.ci.is_some() || linking.di.is_some() {
                    dt { "CI" } dd { (secret(&linking.ci, "ci")) }
                    dt { "DI" } dd { (secret(&linking.di, "di")) }
                }
            }
        }
    }
}

fn tries(detail: &VerificationDetail) -> Markup {
    html! {
        section aria-labelledby="tries" {
            h2 #tries { "있었던 일" }
            // The latest first: that is what people ask about.
            @for (at, one) in detail.tries.iter().enumerate().rev() {
                (one_try(at + 1, one, &detail.timeline, detail.tries.len()))
            }
        }
    }
}

fn one_try(at: usize, one: &ShownTry, timeline: &[TimelineLine], all: usize) -> Markup {
    let lines: Vec<&TimelineLine> = timeline
        .iter()
        .filter(|line| line.entry.tx_id == one.tx_id)
        .collect();
    let id = format!("try-{at}");
    html! {
        section.try aria-labelledby=(id) {
            header {
                h3 id=(id) { @if all > 1 { (at) "번째 시도 · " } (words::way(one.way)) @if let Some(operator) = one.operator { " · " (words::operator(operator)) } }
                (try_badge(one.state))
                @if one.channel.is_test { (badge("TEST")) }
            }
            (story(&lines, one.way))
            details {
                summary { "이 시도의 정보" }
                dl.facts {
                    dt { "txId" } dd { (copyable(&format!("tx-{at}"), one.tx_id.as_str())) }
                    dt { "채널" } dd { a href={ "/console/channels/" (one.channel.id) } { (one.channel_name) } " · 사이트 코드 " code { (one.channel.pg_merchant_id) } }
                    dt { "KCP 주문 번호" } dd { (copyable(&format!("order-{at}"), one.order_number.as_str())) }
                    @if let Some(number) = &one.pg_tx_id { dt { "KCP 거래 번호" } dd { (copyable(&format!("pg-{at}"), number)) } }
                    @if let Some(code) = &one.code { dt { "KCP의 마지막 코드" } dd { code { (code) } } }
                    @if !one.person.is_unknown() { dt { "고객" } dd { (masked(&one.person)) } }
                    dt { "시작한 때" } dd { (moment(one.begun_at)) }
                    @if one.state == AttemptState::Open { dt { "제한 시간" } dd { (moment(one.live_until)) "까지" } }
                    @if one.wrong_numbers > 0 { dt { "틀린 인증번호" } dd { (one.wrong_numbers) "번" } }
                    @if one.resends > 0 { dt { "다시 보낸 횟수" } dd { (one.resends) "번" } }
                }
            }
        }
    }
}

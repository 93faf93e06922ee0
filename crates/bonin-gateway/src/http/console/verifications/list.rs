//! The list: filters, pages, and looking for a person. What says who someone is goes by form alone, never into an address.

use std::collections::HashMap;

use axum::{
    extract::{RawQuery, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use bonin_core::{Operator, Redacted};
use bonin_store::StoreRow;
use maud::{Markup, html};

use super::super::{
    Console,
    form::Posted,
    inputs::{Input, problems, summary},
    layout::{self, Here, page, trouble},
    shown::badge,
    visitor::Visitor,
    words::{self, moment, number, status_badge},
};
use crate::admin::{
    Action, Error, MaskedPerson, Problems, ShownVerification, VerificationForm, VerificationPage,
};

const HERE: &str = "/console/verifications";

/// The form from whatever brings its fields. The person's are not among them.
fn filled<'a>(field: impl Fn(&str) -> &'a str) -> VerificationForm {
    let text = |name| field(name).trim().to_owned();
    VerificationForm {
        store: text("store"),
        status: text("status"),
        operator: text("operator"),
        way: text("way"),
        channel: text("channel"),
        field: text("field"),
        from: text("from"),
        until: text("until"),
        id: text("id"),
        tx_id: text("txId"),
        pg_tx_id: text("pgTxId"),
        pg_merchant_id: text("pgMerchantId"),
        page: text("page"),
        ..VerificationForm::default()
    }
}

pub(in super::super) async fn show(
    State(console): State<Console>,
    visitor: Visitor,
    RawQuery(query): RawQuery,
) -> Response {
    let query = query.unwrap_or_default();
    let fields: HashMap<_, _> = form_urlencoded::parse(query.as_bytes()).take(50).collect();
    let form = filled(|name| fields.get(name).map_or("", |value| value.as_ref()));
    answer(&console, &visitor, &form).await
}

pub(in super::super) async fn search(State(console): State<Console>, posted: Posted) -> Response {
    let Posted { visitor, fields } = posted;
    let secret = |name| Redacted::new(fields.text(name));
    let form = VerificationForm {
        name: secret("name"),
        phone: secret("phone"),
        birth_date: secret("birthDate"),
        ..filled(|name| fields.text(name))
    };
    answer(&console, &visitor, &form).await
}

async fn answer(console: &Console, visitor: &Visitor, form: &VerificationForm) -> Response {
    let stores = match console.admin.stores(&visitor.who).await {
        Ok(stores) => stores,
        Err(error) => return trouble(visitor, &error),
    };
    let found = console.admin.verifications(&visitor.who, form).await;
    let (error, found) = match found {
        Ok(found) => (None, Some(found)),
        Err(error @ Error::Invalid(_)) => (Some(error), None),
        Err(error) => return trouble(visitor, &error),
    };
    let body = html! {
        header.heading {
            h1 { "본인인증" }
            @if visitor.who.may(Action::ErasePerson) { a.button href="/console/erasure" { "한 사람의 개인정보 파기" } }
        }
        (summary(error.as_ref()))
        (filters(form, &stores, problems(error.as_ref())))
        @if visitor.who.may(Action::RevealPerson) { (person(visitor, form, problems(error.as_ref()))) }
        @if let Some(found) = &found {
            (results(form, found, &stores))
            (pages(visitor, form, found))
        }
    };
    let shown = page(visitor, Here::Verifications, "본인인증", body);
    match error {
        Some(_) => (StatusCode::BAD_REQUEST, shown).into_response(),
        None => shown,
    }
}

const STATUSES: [(&str, &str); 4] = [
    ("", "모든 상태"),
    ("VERIFIED", "성공"),
    ("FAILED", "실패"),
    ("READY", "진행 중"),
];
const WAYS: [(&str, &str); 4] = [
    ("", "모든 방식"),
    ("WINDOW", "표준창(SDK)"),
    ("SMS", "문자(API)"),
    ("APP", "PASS 앱(API)"),
];
const CHANNELS: [(&str, &str); 3] = [("", "LIVE와 TEST"), ("LIVE", "LIVE만"), ("TEST", "TEST만")];
const FIELDS: [(&str, &str); 4] = [
    ("", "요청한 때"),
    ("VERIFIED", "성공한 때"),
    ("FAILED", "실패한 때"),
    ("CHANGED", "상태가 바뀐 때"),
];

fn filters(form: &VerificationForm, stores: &[StoreRow], wrong: Option<&Problems>) -> Markup {
    let input = |name, label, value| Input {
        name,
        label,
        value,
        ..Input::default()
    };
    let names: Vec<String> = stores
        .iter()
        .map(|store| format!("{} ({})", store.name, store.kind.as_str()))
        .collect();
    let mut of_stores = vec![("", "모든 상점")];
    of_stores.extend(
        stores
            .iter()
            .zip(&names)
            .map(|(store, name)| (store.id.as_str(), name.as_str())),
    );
    let mut operators = vec![("", "모든 통신사")];
    operators.extend(Operator::ALL.map(|one| (one.as_str(), words::operator(one))));
    let ids = [&form.id, &form.tx_id, &form.pg_tx_id, &form.pg_merchant_id];
    let asks_by_id = ids.iter().any(|id| !id.is_empty());
    html! {
        form.filters method="get" action=(HERE) aria-label="찾을 조건" {
            (input("store", "상점", &form.store).select(&of_stores, wrong))
            (input("status", "상태", &form.status).select(&STATUSES, wrong))
            (input("way", "방식", &form.way).select(&WAYS, wrong))
            (input("operator", "통신사", &form.operator).select(&operators, wrong))
            (input("channel", "채널", &form.channel).select(&CHANNELS, wrong))
            (input("field", "기간의 기준", if form.field == "REQUESTED" { "" } else { &form.field }).select(&FIELDS, wrong))
            (input("from", "첫날", &form.from).date(wrong))
            (input("until", "마지막 날", &form.until).date(wrong))
            details open[asks_by_id] {
                summary { "아이디로 찾기" }
                div.row {
                    (input("id", "identityVerificationId", &form.id).text(wrong))
                    (input("txId", "identityVerificationTxId", &form.tx_id).text(wrong))
                    (input("pgTxId", "KCP 거래 번호(pgTxId)", &form.pg_tx_id).text(wrong))
                    (input("pgMerchantId", "사이트 코드", &form.pg_merchant_id).text(wrong))
                }
            }
            p.actions {
                button.primary type="submit" { "찾기" }
                a href=(HERE) { "조건 지우기" }
                span.hint { "날짜를 비우면 최근 90일에서 찾습니다. 아이디로 찾으면 전체 기간에서 찾습니다." }
            }
        }
    }
}

/// Looking for a person, within the other conditions.
fn person(visitor: &Visitor, form: &VerificationForm, wrong: Option<&Problems>) -> Markup {
    let is_asked = !form.personal_fields().is_empty();
    let input = |name, label, value, hint| Input {
        name,
        label,
        value,
        hint,
        ..Input::default()
    };
    html! {
        details open[is_asked] {
            summary { "고객 정보로 찾기" }
            form.filters method="post" action=(HERE) aria-label="고객 정보로 찾기" autocomplete="off" {
                (layout::token(visitor))
                (hidden(form))
                p.hint { "위에서 찾은 조건 안에서, 적은 것이 모두 맞는 본인인증을 찾습니다. 누가 어떤 항목으로 찾았는지 감사 기록에 남고, 적은 내용은 남지 않습니다." }
                div.row.three.wide {
                    (input("name", "이름", form.name.expose(), "전체를 적습니다.").text(wrong))
                    (input("phone", "휴대폰 번호", form.phone.expose(), "").tel(wrong))
                    (input("birthDate", "생년월일", form.birth_date.expose(), "예: 1990-01-31").text(wrong))
                }
                p.actions { button.primary type="submit" { "고객 찾기" } }
            }
        }
    }
}

/// The conditions that go along with a form, and into the addresses of other pages.
fn conditions(form: &VerificationForm) -> impl Iterator<Item = (&'static str, &str)> {
    let all = [
        ("store", &form.store),
        ("status", &form.status),
        ("way", &form.way),
        ("operator", &form.operator),
        ("channel", &form.channel),
        ("field", &form.field),
        ("from", &form.from),
        ("until", &form.until),
        ("id", &form.id),
        ("txId", &form.tx_id),
        ("pgTxId", &form.pg_tx_id),
        ("pgMerchantId", &form.pg_merchant_id),
    ];
    all.into_iter()
        .map(|(name, value)| (name, value.as_str()))
        .filter(|(_, value)| !value.is_empty())
}

fn hidden(form: &VerificationForm) -> Markup {
    html! {
        @for (name, value) in conditions(form) { input type="hidden" name=(name) value=(value); }
    }
}

fn results(form: &VerificationForm, found: &VerificationPage, stores: &[StoreRow]) -> Markup {
    let is_narrowed = conditions(form).next().is_some() || !form.personal_fields().is_empty();
    let store_name = |shown: &ShownVerification| {
        let known = stores.iter().find(|store| store.id == shown.key.store);
        known.map_or(shown.key.store.to_string(), |store| store.name.clone())
    };
    html! {
        @if found.items.is_empty() {
            p.empty role="status" {
                @if stores.is_empty() {
                    "아직 상점이 없습니다. " a href="/console/stores" { "상점" } "을 먼저 만들어야 합니다."
                } @else if is_narrowed {
                    "조건에 맞는 본인인증이 없습니다. 날짜를 넓히거나 조건을 줄여 주세요."
                } @else {
                    "최근 90일에 시작한 본인인증이 없습니다. SDK나 API로 시작하면 여기에 나타납니다."
                }
            }
        } @else {
            table.list.verifications {
                caption { "모두 " (number(found.total)) "건, 최근 것부터" }
                thead { tr {
                    th scope="col" { "아이디" } th scope="col" { "요청한 때" } th scope="col" { "상태" } th scope="col" { "고객" }
                    th scope="col" { "방식" } th scope="col" { "채널" }
                    @if stores.len() > 1 { th scope="col" { "상점" } }
                } }
                tbody {
                    @for shown in &found.items {
                        tr {
                            th scope="row" { a.id href={ (HERE) "/" (shown.key.store) "/" (shown.key.id) } { (shown.key.id) } }
                            td data-label="요청한 때" { (moment(shown.requested_at)) }
                            td data-label="상태" { (status_badge(shown.status)) }
                            td data-label="고객" { (masked(&shown.person)) }
                            td data-label="방식" {
                                span { (words::way(shown.way)) @if let Some(operator) = shown.operator { " · " (words::operator(operator)) } }
                            }
                            td data-label="채널" { span { (shown.channel_name) " " @if shown.channel.is_test { (badge("TEST")) } } }
                            @if stores.len() > 1 { td data-label="상점" { (store_name(shown)) } }
                        }
                    }
                }
            }
        }
    }
}

fn masked(person: &MaskedPerson) -> Markup {
    html! {
        span {
            @match (&person.name, &person.phone) {
                (Some(name), Some(phone)) => { (name) " " (phone) }
                (Some(one), None) | (None, Some(one)) => (one),
                (None, None) => span.soft { "없음" },
            }
        }
    }
}

/// The way to the pages before and after: by address, or by form where a person is looked for.
fn pages(visitor: &Visitor, form: &VerificationForm, found: &VerificationPage) -> Markup {
    let before = found.number.checked_sub(1).filter(|page| *page > 0);
    let after = (found.number < found.pages).then_some(found.number + 1);
    let is_personal = !form.personal_fields().is_empty();
    html! {
        @if found.pages > 1 {
            nav.pages aria-label="쪽" {
                p { (number(found.pages.into())) "쪽 가운데 " (number(found.number.into())) "쪽" }
                @if is_personal {
                    form.actions method="post" action=(HERE) {
                        (layout::token(visitor))
                        (hidden(form))
                        input type="hidden" name="name" value=(form.name.expose());
                        input type="hidden" name="phone" value=(form.phone.expose());
                        input type="hidden" name="birthDate" value=(form.birth_date.expose());
                        @if let Some(page) = before { button type="submit" name="page" value=(page) { "이전" } }
                        @if let Some(page) = after { button type="submit" name="page" value=(page) { "다음" } }
                    }
                } @else {
                    p.actions {
                        @if let Some(page) = before { a.button rel="prev" href=(address(form, page)) { "이전" } }
                        @if let Some(page) = after { a.button rel="next" href=(address(form, page)) { "다음" } }
                    }
                }
            }
        }
    }
}

fn address(form: &VerificationForm, page: u32) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(conditions(form));
    query.append_pair("page", &page.to_string());
    format!("{HERE}?{}", query.finish())
}

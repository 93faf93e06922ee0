//! `/console`: the figures of a time, and what has to be done.

use axum::{
    Router,
    extract::{Query, State},
    response::Response,
    routing::get,
};
use bonin_core::StoreId;
use maud::{Markup, html};
use serde::Deserialize;

use super::{
    Console, chart,
    layout::{self, Here, trouble},
    stores::store_id,
    visitor::Visitor,
    webhooks,
    words::{self, moment, number, percent},
};
use crate::admin::{
    Action, FirstSteps, Overview, Period, ShownChannel, ShownFailure, ShownLatency, ShownWebhook,
    Tally,
};

pub(super) fn routes() -> Router<Console> {
    Router::new().route("/console", get(show))
}

/// Of when and of which store the figures are.
#[derive(Debug, Default, Deserialize)]
struct Asked {
    #[serde(default)]
    period: String,
    #[serde(default)]
    store: String,
}

impl Asked {
    fn period(&self) -> Period {
        let all = Period::ALL.into_iter();
        let mut known = all.filter(|period| name(*period) == self.period);
        known.next().unwrap_or_default()
    }
}

/// A period, as the address spells it.
fn name(period: Period) -> &'static str {
    match period {
        Period::Today => "today",
        Period::Week => "week",
        Period::Month => "month",
    }
}

fn korean(period: Period) -> &'static str {
    match period {
        Period::Today => "오늘",
        Period::Week => "최근 7일",
        Period::Month => "최근 30일",
    }
}

async fn show(
    State(console): State<Console>,
    visitor: Visitor,
    Query(asked): Query<Asked>,
) -> Response {
    let found = async {
        let store: Option<StoreId> = match asked.store.as_str() {
            "" => None,
            id => Some(store_id(id.to_owned())?),
        };
        let period = asked.period();
        let admin = &console.admin;
        let overview = admin.overview(&visitor.who, store.as_ref(), period);
        let overview = overview.await?;
        Ok((overview, admin.webhooks_in_trouble(&visitor.who).await?))
    };
    match found.await {
        Ok((overview, trouble)) => {
            let body = body(&visitor, &overview, &trouble);
            layout::page(&visitor, Here::Overview, "현황", body)
        }
        Err(error) => trouble(&visitor, &error),
    }
}

fn body(visitor: &Visitor, overview: &Overview, in_trouble: &[ShownWebhook]) -> Markup {
    html! {
        header.heading {
            h1 { "현황" }
            (choices(overview))
        }
        (certificates(&overview.expiring))
        (webhooks::in_trouble(in_trouble))
        @if !overview.first_steps.are_done() { (first_steps(visitor, overview.first_steps)) }
        (numbers(overview))
        @if overview.tries.all() > 0 {
            (figures(overview))
        } @else if overview.first_steps.are_done() {
            p.empty { (korean(overview.period)) " 시작한 본인인증이 없습니다. 다른 기간을 골라 보거나 " a href="/console/verifications" { "본인인증 목록" } "을 볼 수 있습니다." }
        }
        (latencies(&overview.latencies))
        (failures(&overview.failures))
    }
}

/// Which time and which store.
fn choices(overview: &Overview) -> Markup {
    let store = overview.store.as_ref().map(StoreId::as_str);
    let address = |period: Period| match store {
        Some(store) => format!("/console?period={}&store={store}", name(period)),
        None => format!("/console?period={}", name(period)),
    };
    html! {
        div.choices {
            nav.tabs aria-label="기간" {
                @for period in Period::ALL {
                    a href=(address(period)) aria-current=[(period == overview.period).then_some("true")] { (korean(period)) }
                }
            }
            @if overview.stores.len() > 1 {
                form.inline method="get" action="/console" {
                    input type="hidden" name="period" value=(name(overview.period));
                    label.visually-hidden for="store" { "상점" }
                    select #store name="store" {
                        option value="" { "모든 상점" }
                        @for one in &overview.stores {
                            option value=(one.id) selected[Some(one.id.as_str()) == store] { (one.name) }
                        }
                    }
                    button type="submit" { "보기" }
                }
            }
        }
    }
}

fn certificates(expiring: &[ShownChannel]) -> Markup {
    html! {
        @if !expiring.is_empty() {
            section.alert.warning aria-labelledby="certificates" {
                h2 #certificates { "인증서를 갱신해야 합니다" }
                ul {
                    @for channel in expiring {
                        @if let Some(warning) = channel.certificate_warning() {
                            li { a href={ "/console/channels/" (channel.id) } { (channel.name) } ": " (warning) }
                        }
                    }
                }
            }
        }
    }
}

/// What a new gateway needs, in order, ticked off as it gets there.
fn first_steps(visitor: &Visitor, steps: FirstSteps) -> Markup {
    let may = |action| visitor.who.may(action);
    let lines = [
        (
            steps.store,
            "상점 만들기",
            "/console/stores/new",
            may(Action::ChangeStores),
            "본인인증을 쓰는 서비스 하나가 상점 하나입니다.",
        ),
        (
            steps.channel,
            "채널 만들기",
            "/console/channels/new",
            may(Action::ChangeChannels),
            "KCP와의 계약(또는 샌드박스)에서 받은 자격 증명을 넣습니다.",
        ),
        (
            steps.secret,
            "API 시크릿 만들기",
            "/console/secrets/new",
            may(Action::ChangeSecrets),
            "서버가 게이트웨이를 부를 때 씁니다. 만들 때 한 번만 보여 줍니다.",
        ),
        (
            steps.verification,
            "본인인증 해 보기",
            "/docs",
            true,
            "상점과 채널의 화면에 있는 값으로 SDK나 API를 부르면 여기에 숫자가 나타납니다.",
        ),
    ];
    let next = lines.iter().position(|(is_done, ..)| !is_done);
    html! {
        section.card aria-labelledby="first-steps" {
            h2 #first-steps { "시작하기" }
            ol.checklist {
                @for (at, (is_done, what, address, may, why)) in lines.into_iter().enumerate() {
                    li class=(if is_done { "done" } else { "todo" }) {
                        p {
                            @if is_done {
                                span { (what) } span.visually-hidden { " (마침)" }
                            } @else if may && next == Some(at) {
                                a.button.primary href=(address) { (what) }
                            } @else if may {
                                a href=(address) { (what) }
                            } @else {
                                span { (what) }
                            }
                        }
                        @if !is_done { p.hint { (why) } }
                    }
                }
            }
        }
    }
}

fn numbers(overview: &Overview) -> Markup {
    let (ready, verified, failed) = overview.verifications;
    let tally = Tally {
        open: ready,
        verified,
        failed,
        replaced: 0,
    };
    html! {
        section aria-labelledby="numbers" {
            h2.visually-hidden #numbers { (korean(overview.period)) " 본인인증" }
            dl.numbers {
                div { dt { "본인인증" } dd { (number(tally.all())) span { "건" } } }
                div { dt { "성공" } dd { (number(verified)) span { "건" } } }
                div { dt { "실패" } dd { (number(failed)) span { "건" } } }
                div { dt { "진행 중" } dd { (number(ready)) span { "건" } } }
                div { dt { "성공률" } dd { @match tally.permille() { Some(permille) => (percent(permille)), None => "–" } } }
            }
            p.fine { "성공률은 끝난 것 가운데 성공한 비율입니다. 같은 아이디로 여러 번 시도해도 본인인증은 한 건입니다." }
        }
    }
}

fn figures(overview: &Overview) -> Markup {
    let ways: Vec<(&str, Tally)> = overview
        .by_way
        .iter()
        .map(|(way, tally)| (words::way(*way), *tally))
        .collect();
    let operators: Vec<(&str, Tally)> = overview
        .by_operator
        .iter()
        .map(|(operator, tally)| (words::operator(*operator), *tally))
        .collect();
    html! {
        div.halves {
            div.halves.stacked {
                section.card aria-labelledby="by-way" {
                    h2 #by-way { "방식별 성공률" }
                    (chart::rates(&ways))
                }
                (reasons(overview))
            }
            section.card aria-labelledby="by-operator" {
                h2 #by-operator { "통신사별 성공률" }
                @if operators.is_empty() {
                    p.fine { "API 방식의 시도가 없습니다." }
                } @else {
                    (chart::rates(&operators))
                }
                p.fine { "API 방식에서 요청한 통신사입니다. 표준창은 고객이 창에서 고르므로 들어 있지 않습니다." }
            }
        }
        section.card aria-labelledby="course" {
            h2 #course { @if overview.period == Period::Today { "시간별 시도" } @else { "날짜별 시도" } }
            (chart::course(overview.period, &overview.course))
        }
    }
}

fn reasons(overview: &Overview) -> Markup {
    html! {
        @if !overview.reasons.is_empty() {
            section.card aria-labelledby="reasons" {
                h2 #reasons { "시도가 실패한 이유" }
                ul.counts {
                    @for (reason, count) in &overview.reasons {
                        li { span { (words::reason(*reason)) } " " strong.number { (number(*count)) "건" } }
                    }
                }
            }
        }
    }
}

/// A length of time in a table.
fn millis(millis: i64) -> Markup {
    html! { @if millis == 0 { "1ms 미만" } @else { (number(millis)) "ms" } }
}

/// A call by its name and its code.
fn call(call: &str, name: Option<&str>) -> Markup {
    html! { @match name { Some(name) => { (name) " " code { (call) } }, None => code { (call) } } }
}

fn latencies(latencies: &[ShownLatency]) -> Markup {
    html! {
        @if !latencies.is_empty() {
            section aria-labelledby="latency" {
                h2 #latency { "KCP의 응답 시간" }
                table.list {
                    thead { tr {
                        th scope="col" { "요청" } th.number scope="col" { "횟수" } th.number scope="col" { "보통(50%)" }
                        th.number scope="col" { "느린 편(95%)" } th.number scope="col" { "가장 느림" }
                    } }
                    tbody {
                        @for one in latencies {
                            tr {
                                th scope="row" { (call(&one.call, one.name)) }
                                td.number data-label="횟수" { (number(one.count)) }
                                td.number data-label="보통(50%)" { (millis(one.p50)) }
                                td.number data-label="느린 편(95%)" { (millis(one.p95)) }
                                td.number data-label="가장 느림" { (millis(one.max)) }
                            }
                        }
                    }
                }
                p.fine { "절반은 보통보다, 100번 가운데 95번은 느린 편보다 빨리 왔습니다. 답이 오지 않은 요청은 기다린 시간으로 셉니다." }
            }
        }
    }
}

fn failures(failures: &[ShownFailure]) -> Markup {
    html! {
        @if !failures.is_empty() {
            section aria-labelledby="failures" {
                h2 #failures { "KCP가 돌려준 실패 코드" }
                table.list {
                    thead { tr {
                        th scope="col" { "요청" } th scope="col" { "코드" } th scope="col" { "뜻과 할 일" } th.number scope="col" { "횟수" } th scope="col" { "마지막" }
                    } }
                    tbody {
                        @for one in failures {
                            tr {
                                th scope="row" { (call(&one.call, one.name)) }
                                td data-label="코드" { code { (one.code) } }
                                td data-label="뜻과 할 일" { (one.explanation.unwrap_or(UNKNOWN)) }
                                td.number data-label="횟수" { (number(one.count)) }
                                td data-label="마지막" { (moment(one.last)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// What to say of a code that nobody but KCP knows.
pub(super) const UNKNOWN: &str =
    "KCP의 코드입니다. 뜻이 공개되어 있지 않아, 되풀이되면 KCP에 문의해야 합니다.";

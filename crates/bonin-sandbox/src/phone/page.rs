use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};
use maud::{DOCTYPE, Markup, html};

use super::{Item, Screen};
use crate::number::{hyphenated, toward};
use crate::world::{PassRequest, PassState, Sms};

const KOREA: Offset = jiff::tz::offset(9);

/// `/`.
pub(super) fn index(sites: &[String]) -> Markup {
    document(
        "본인 샌드박스",
        "plain",
        html! {
            main.sheet {
                p.kicker { "BONIN SANDBOX" }
                h1 { "KCP 없이 해 보는 휴대폰 본인확인" }
                p.lead {
                    "이 서버는 NHN KCP의 본인확인을 흉내 냅니다. 실제 문자도, 실제 통신사 조회도 없습니다. "
                    "보낸 문자와 PASS 인증 요청은 아래의 휴대폰 화면에 나타납니다."
                }
                p { a.primary href="/phone" { "휴대폰 화면 열기" } }
                dl {
                    dt { "허브 API" }
                    dd { code { "POST /gw/hub/v1/cert" } }
                    dt { "표준인증창" }
                    dd { code { "POST /api/reg/certDataReg.do" } " " code { "POST /api/query/getCertData.do" } }
                    dt { "가맹점(site_cd)" }
                    dd { @for site in sites { code { (site) } " " } }
                    dt { "인증서와 개인키" }
                    dd { code { "GET /sandbox/merchants/{site_cd}/credentials" } }
                    dt { "받은 문자" }
                    dd { code { "GET /sandbox/messages?phone=01012345678" } }
                    dt { "PASS 승인" }
                    dd { code { "POST /sandbox/pass-requests/{id}/approve" } }
                    dt { "사람 · 설정 · 장애" }
                    dd {
                        code { "/sandbox/people" } " " code { "/sandbox/settings" } " " code { "/sandbox/faults" }
                    }
                    dt { "처음으로 되돌리기" }
                    dd { code { "POST /sandbox/reset" } }
                }
                p.fine { "모든 것은 메모리에만 있으며, 이 프로그램을 끝내면 사라집니다." }
            }
        },
    )
}

/// `/phone`.
pub(super) fn phone(screen: &Screen, wrong_number: bool) -> Markup {
    document(
        "휴대폰 · 본인 샌드박스",
        "phone",
        html! {
            div.stage {
                main.device {
                    header.top {
                        div.status {
                            a.carrier href="/" { "본인 샌드박스" }
                            span #link .link data-state="waiting" role="status" { "연결하는 중" }
                        }
                        h1 { "메시지" }
                        form.filter action="/phone" method="get" role="search" {
                            label.hidden for="number" { "휴대폰 번호로 골라 보기" }
                            input #number type="search" name="phone" inputmode="tel" autocomplete="off" maxlength="20"
                                placeholder="번호로 골라 보기" value=[screen.phone.as_deref().map(hyphenated)]
                                aria-invalid=[wrong_number.then_some("true")] aria-describedby="wrong-number";
                            button type="submit" { "보기" }
                        }
                        p #wrong-number .wrong hidden[!wrong_number] { "휴대폰 번호가 아닙니다. 예: 010-1234-5678" }
                    }
                    (self::screen(screen))
                    p #notice .notice role="alert" hidden {}
                }
                aside.about {
                    h2 { "이 휴대폰은 무엇인가요?" }
                    p {
                        "샌드박스가 보낸 문자와 PASS 인증 요청이 모두 이 한 대에 도착합니다. "
                        "어떤 번호로 보내도 실제 휴대폰에는 아무것도 가지 않습니다."
                    }
                    ol {
                        li { "서비스에서 본인확인을 요청합니다." }
                        li { "여기에 도착한 " strong { "인증번호" } "를 서비스에 입력하거나, PASS 요청을 " strong { "승인" } "합니다." }
                        li { "서비스가 결과를 확인하면 본인확인이 끝납니다." }
                    }
                    h2 { "테스트 코드에서는" }
                    pre { code { "GET /sandbox/messages?phone=…\nGET /sandbox/pass-requests?phone=…\nPOST /sandbox/pass-requests/{id}/approve" } }
                }
            }
            script src="/phone/phone.js" {}
        },
    )
}

/// What changes on `/phone`. The script matches items by `data-key` and redraws those whose `data-version` differs.
pub(super) fn screen(screen: &Screen) -> Markup {
    html! {
        nav #numbers .numbers aria-label="번호" {
            @if !screen.numbers.is_empty() {
                a href="/phone" data-key="all" data-version=(screen.phone.is_none())
                    aria-current=[screen.phone.is_none().then_some("true")] { "모두" }
            }
            @for number in &screen.numbers {
                @let current = screen.phone.as_deref() == Some(number);
                a href={ "/phone?phone=" (number) } data-key=(number) data-version=(current)
                    aria-current=[current.then_some("true")] { (hyphenated(number)) }
            }
        }
        section.list aria-label="도착한 문자와 PASS 요청" aria-live="polite" aria-relevant="additions" {
            ol #items {
                @for item in &screen.items {
                    @match item {
                        Item::Sms(message) => (sms(message)),
                        Item::Pass(request) => (pass(request)),
                    }
                }
            }
            div #empty .empty hidden[!screen.items.is_empty()] {
                p { strong { "아직 도착한 것이 없습니다" } }
                p { "본인확인을 요청하면 문자와 PASS 요청이 여기에 바로 나타납니다. 새로 고칠 필요는 없습니다." }
            }
        }
    }
}

fn sms(message: &Sms) -> Markup {
    let (before, after) = message
        .text
        .split_once(&message.otp)
        .unwrap_or((&message.text, ""));
    let shows_otp = message.text.contains(&message.otp);
    html! {
        li.item data-key=(message.id) data-version="sms" {
            article tabindex="-1" aria-label={ (message.from) "에서 " (hyphenated(&message.to)) (toward(&message.to)) " 온 문자" } {
                div.head {
                    span.from { (message.from) }
                    (time(message.sent_at))
                }
                p.to { "받는 번호 " (hyphenated(&message.to)) }
                p.bubble { (before) @if shows_otp { mark { (message.otp) } } (after) }
                button.quiet type="button" data-copy=(message.otp) aria-label={ "인증번호 복사 " (message.otp) } {
                    "인증번호 복사"
                }
            }
        }
    }
}

fn pass(request: &PassRequest) -> Markup {
    html! {
        li.item.pass data-key=(request.id) data-version=(request.state.as_str()) {
            article tabindex="-1" aria-label={ (hyphenated(&request.phone)) (toward(&request.phone)) " 온 PASS 인증 요청" } {
                div.head {
                    span.from { span.badge { "PASS" } "인증 요청" }
                    (time(request.requested_at))
                }
                p.to { "받는 번호 " (hyphenated(&request.phone)) }
                p.bubble { strong { (request.name) } "님, 본인확인을 요청받았습니다. 직접 요청하셨다면 승인해 주세요." }
                @match request.state {
                    PassState::Pending => div.choice {
                        button.refuse type="button" data-decide={ "/sandbox/pass-requests/" (request.id) "/reject" } { "거절" }
                        button.approve type="button" data-decide={ "/sandbox/pass-requests/" (request.id) "/approve" } { "승인" }
                    },
                    PassState::Approved => p.decided data-state="approved" { "승인했습니다" },
                    PassState::Rejected => p.decided data-state="rejected" { "거절했습니다" },
                }
            }
        }
    }
}

fn time(at: Timestamp) -> Markup {
    let korean = at.to_zoned(TimeZone::fixed(KOREA));
    html! { time datetime=(at.strftime("%Y-%m-%dT%H:%M:%SZ")) { (korean.strftime("%H:%M:%S")) } }
}

fn document(title: &str, class: &str, body: Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="ko" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                link rel="icon" href="/phone/icon.svg" type="image/svg+xml";
                link rel="stylesheet" href="/phone/phone.css";
            }
            body class=(class) { (body) }
        }
    }
}

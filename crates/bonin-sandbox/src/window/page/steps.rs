//! One page for each step.

use axum::response::Response;
use bonin_kcp::codes::CommId;
use maud::{Markup, html};

use super::Sheet;
use crate::number::{hyphenated, toward};
use crate::window::steps::TERMS;
use crate::window::visit::Visit;
use crate::window::who::{Typed, Wrong};
use crate::world::{PassState, Way};

/// Something to tell the user on top of a page.
pub(in crate::window) enum Word {
    None,
    /// All is well.
    Said(&'static str),
    /// Something is wrong.
    Wrong(String),
}

impl Word {
    pub(in crate::window) fn wrong(message: &str) -> Self {
        Self::Wrong(message.to_owned())
    }

    fn is_wrong(&self) -> bool {
        matches!(self, Self::Wrong(_))
    }

    fn show(&self) -> Markup {
        html! {
            @match self {
                Self::None => {},
                Self::Said(message) => p #word .said role="status" { (message) },
                Self::Wrong(message) => p #word .wrong role="alert" { (message) },
            }
        }
    }
}

const OPERATORS: [(CommId, &str); 3] = [
    (CommId::Skt, "SKT"),
    (CommId::Ktf, "KT"),
    (CommId::Lgt, "LG U+"),
];
const MVNO_OPERATORS: [(CommId, &str); 3] = [
    (CommId::Skm, "SKT 알뜰폰"),
    (CommId::Ktm, "KT 알뜰폰"),
    (CommId::Lgm, "LG U+ 알뜰폰"),
];

fn operator_name(operator: CommId) -> &'static str {
    OPERATORS
        .iter()
        .chain(&MVNO_OPERATORS)
        .find(|(id, _)| *id == operator)
        .map_or("", |(_, name)| name)
}

/// 1: the operator.
pub(in crate::window) fn operator(visit: &Visit, is_wrong: bool) -> Response {
    let buttons = |operators: &[(CommId, &str)]| {
        html! {
            div.tiles {
                @for (id, name) in operators {
                    button type="submit" name="operator" value=(id.as_str())
                        aria-current=[(visit.window.operator == Some(*id)).then_some("true")] { (name) }
                }
            }
        }
    };
    Sheet {
        visit,
        step: 1,
        heading: "이용 중인 통신사를 선택해 주세요",
        previous: None,
        content: html! {
            @if is_wrong { (Word::wrong("통신사를 하나 선택해 주세요.").show()) }
            form method="post" action=(visit.path("operator")) {
                h2.hidden { "통신사" }
                (buttons(&OPERATORS))
                h2 { "알뜰폰" }
                (buttons(&MVNO_OPERATORS))
            }
        },
    }
    .show()
}

/// 2: what is agreed to.
pub(in crate::window) fn terms(
    visit: &Visit,
    is_ticked: impl Fn(&str) -> bool,
    is_wrong: bool,
) -> Response {
    const TITLES: [(&str, &str); 4] = [
        (
            "개인정보 이용 동의",
            "이름, 생년월일, 성별, 휴대폰 번호를 본인확인에만 씁니다. 샌드박스는 이것을 메모리에만 두고, 끝나면 지웁니다.",
        ),
        (
            "고유식별정보 처리 동의",
            "주민등록번호 앞 7자리로 생년월일과 성별을 확인합니다. 일곱째 숫자 자체는 저장하지 않습니다.",
        ),
        (
            "통신사 이용약관 동의",
            "실제 인증창에서는 선택한 통신사의 약관이 나옵니다. 샌드박스는 통신사에 아무것도 보내지 않습니다.",
        ),
        (
            "서비스 이용약관 동의",
            "실제 인증창에서는 인증대행사의 약관이 나옵니다. 이 창은 시험용입니다.",
        ),
    ];
    Sheet {
        visit,
        step: 2,
        heading: "약관에 동의해 주세요",
        previous: Some("operator"),
        content: html! {
            @if is_wrong { (Word::wrong("필수 약관에 모두 동의해야 본인확인을 할 수 있습니다.").show()) }
            form method="post" action=(visit.path("terms")) {
                label.check.all data-all hidden { input type="checkbox"; span { "모두 동의합니다" } }
                ul.terms {
                    @for (name, (title, text)) in TERMS.into_iter().zip(TITLES) {
                        li {
                            label.check {
                                input type="checkbox" name=(name) value="Y" checked[is_ticked(name)]
                                    aria-invalid=[(is_wrong && !is_ticked(name)).then_some("true")];
                                span { (title) " " em { "(필수)" } }
                            }
                            details {
                                summary { "내용" span.hidden { ": " (title) } }
                                p { (text) }
                            }
                        }
                    }
                }
                button.primary type="submit" { "다음" }
            }
        },
    }
    .show()
}

/// 3: PASS or SMS.
pub(in crate::window) fn method(visit: &Visit, is_wrong: bool) -> Response {
    Sheet {
        visit,
        step: 3,
        heading: "본인확인 방법을 선택해 주세요",
        previous: Some("terms"),
        content: html! {
            @if is_wrong { (Word::wrong("방법을 하나 선택해 주세요.").show()) }
            form.ways method="post" action=(visit.path("method")) {
                button type="submit" name="method" value="PASS" {
                    strong { span.badge { "PASS" } "앱으로 인증" }
                    span { "휴대폰의 PASS 앱에서 승인합니다." }
                }
                button type="submit" name="method" value="SMS" {
                    strong { "문자(SMS)로 인증" }
                    span { "문자로 받은 인증번호 6자리를 입력합니다." }
                }
            }
        },
    }
    .show()
}

/// 4: the person.
pub(in crate::window) fn person(visit: &Visit, typed: &Typed, wrong: &Wrong) -> Response {
    let way = visit.way();
    let operator = visit.window.operator.map_or("", operator_name);
    let error = |id: &str, message: Option<&str>| {
        html! { @if let Some(message) = message { p.wrong.beside id=(id) role="alert" { (message) } } }
    };
    let mark = |message: Option<&str>| message.map(|_| "true");
    // Whoever types goes on where the first mistake is.
    let first_is_name = wrong.name.is_some();
    let first_is_birth = !first_is_name && wrong.birth.is_some();
    let first_is_phone = !first_is_name && !first_is_birth && wrong.phone.is_some();
    let described = |message: Option<&str>, id: &'static str| message.map(|_| id);
    Sheet {
        visit,
        step: 4,
        heading: "본인 정보를 입력해 주세요",
        previous: Some("method"),
        content: html! {
            p.lead { (operator) " · " (match way { Way::Sms => "문자(SMS) 인증", Way::Pass => "PASS 앱 인증" }) }
            @if let Some(message) = &wrong.all { (Word::wrong(message).show()) }
            form.fields method="post" action=(visit.path("person")) {
                div.field {
                    label for="name" { "이름" }
                    input #name name="name" value=(typed.name) autocomplete="name" maxlength="50" placeholder="홍길동"
                        autofocus[first_is_name]
                        aria-invalid=[mark(wrong.name)] aria-describedby=[described(wrong.name, "name-wrong")];
                    (error("name-wrong", wrong.name))
                }
                fieldset.field aria-describedby=[described(wrong.birth, "birth-wrong")] {
                    legend { "주민등록번호 앞 7자리" }
                    div.birth {
                        input #birth name="birth" value=(typed.birth) inputmode="numeric" autocomplete="off" maxlength="6"
                            autofocus[first_is_birth] placeholder="900101" aria-label="생년월일 6자리" aria-invalid=[mark(wrong.birth)];
                        span aria-hidden="true" { "–" }
                        input #digit name="digit" value=(typed.digit) inputmode="numeric" autocomplete="off" maxlength="1"
                            placeholder="1" aria-label="뒷자리 첫 숫자" aria-invalid=[mark(wrong.birth)];
                        span.dots aria-hidden="true" { "●●●●●●" }
                    }
                    (error("birth-wrong", wrong.birth))
                }
                div.field {
                    label for="phone" { "휴대폰 번호" }
                    input #phone name="phone" type="tel" value=(typed.phone) autocomplete="tel-national" maxlength="20"
                        placeholder="010-1234-5678" autofocus[first_is_phone] aria-invalid=[mark(wrong.phone)]
                        aria-describedby=[described(wrong.phone, "phone-wrong")];
                    (error("phone-wrong", wrong.phone))
                }
                button.primary type="submit" {
                    (match way { Way::Sms => "인증번호 받기", Way::Pass => "PASS 인증 요청하기" })
                }
            }
        },
    }
    .show()
}

/// What the number's page knows.
pub(in crate::window) struct Numbered {
    pub(in crate::window) phone: String,
    pub(in crate::window) seconds_left: u64,
}

/// 5, by SMS: the number.
pub(in crate::window) fn number(visit: &Visit, numbered: &Numbered, word: &Word) -> Response {
    let left = numbered.seconds_left;
    let is_over = left == 0;
    Sheet {
        visit,
        step: 5,
        heading: "인증번호를 입력해 주세요",
        previous: Some("person"),
        content: html! {
            p.lead { strong { (hyphenated(&numbered.phone)) } (toward(&numbered.phone)) " 인증번호를 보냈습니다. " (phone_link()) }
            (word.show())
            form.fields #prove method="post" action=(visit.path("number")) {
                div.field {
                    label for="otp" { "인증번호 6자리" }
                    div.otp {
                        input #otp name="otp" inputmode="numeric" autocomplete="one-time-code" maxlength="6" autofocus
                            placeholder="000000" aria-invalid=[word.is_wrong().then_some("true")]
                            aria-describedby={ "left" @if word.is_wrong() { " word" } };
                        span #left .left data-seconds=(left) {
                            @if is_over { "시간 초과" } @else { (left / 60) ":" (format!("{:02}", left % 60)) }
                        }
                    }
                    p #over .wrong.beside role="status" {
                        @if is_over { "입력 시간이 지났습니다. 인증번호를 다시 받아 주세요." }
                    }
                }
            }
            div.pair {
                form method="post" action=(visit.path("resend")) {
                    button.secondary type="submit" { "인증번호 다시 받기" }
                }
                button.primary type="submit" form="prove" { "확인" }
            }
        },
    }
    .show()
}

/// What the page of the PASS app knows.
pub(in crate::window) struct Asked {
    pub(in crate::window) phone: String,
    /// `None` where the phone has forgotten the request.
    pub(in crate::window) state: Option<PassState>,
}

impl Asked {
    pub(in crate::window) fn state_name(&self) -> &'static str {
        self.state.map_or("forgotten", PassState::as_str)
    }
}

/// 5, by PASS: waiting for the app.
pub(in crate::window) fn pass(visit: &Visit, asked: &Asked, word: &Word) -> Response {
    let is_open = matches!(asked.state, Some(PassState::Pending | PassState::Approved));
    Sheet {
        visit,
        step: 5,
        heading: "PASS 앱에서 승인해 주세요",
        previous: Some("method"),
        content: html! {
            @if is_open {
                p.lead {
                    strong { (hyphenated(&asked.phone)) } "의 PASS 앱으로 인증을 요청했습니다. 승인하면 자동으로 넘어갑니다. "
                    (phone_link())
                }
                (word.show())
                p.waiting data-poll=(visit.path("pass/state")) data-state=(asked.state_name()) role="status" {
                    "앱에서 승인하기를 기다리고 있습니다"
                }
            } @else if asked.state == Some(PassState::Rejected) {
                p #word .wrong role="alert" { "PASS 앱에서 인증이 거절되었습니다. 다시 요청하거나 다른 방법을 선택해 주세요." }
            } @else {
                p #word .wrong role="alert" { "PASS 요청이 너무 오래되었습니다. 다시 요청해 주세요." }
            }
            div.pair {
                form method="post" action=(visit.path("resend")) {
                    button.secondary type="submit" { "PASS 다시 요청" }
                }
                @if is_open {
                    form #prove method="post" action=(visit.path("pass")) {
                        button.primary type="submit" { "승인했습니다" }
                    }
                } @else {
                    a.primary href=(visit.path("method")) { "다른 방법 선택" }
                }
            }
        },
    }
    .show()
}

/// In the sandbox every SMS and every PASS request comes to one phone.
fn phone_link() -> Markup {
    html! {
        a href="/phone" target="_blank" rel="noopener" { "샌드박스 휴대폰 열기" span.hidden { " (새 창)" } }
    }
}

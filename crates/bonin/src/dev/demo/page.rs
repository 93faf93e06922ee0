use maud::{Markup, PreEscaped, html};

use crate::dev::{
    environment::{CHANNELS, STORES},
    landing::{Addresses, document, figure},
};

/// Served and shown: the page does what it says.
pub(super) const VERIFY: &str = include_str!("verify.js");
const COMPLETE: &str = include_str!("complete.rs");
const COMPLETE_IN_NODE: &str = include_str!("complete.mjs");

/// What one may choose, the first chosen from the start.
const WINDOW_TYPES: [(&str, &str, &str); 4] = [
    ("", "기기에 맞게", "PC는 팝업, 모바일은 리디렉션"),
    ("POPUP", "팝업", "새 창에서"),
    ("REDIRECTION", "리디렉션", "이 창이 다녀옵니다"),
    ("IFRAME", "아이프레임", "이 페이지 위에서"),
];

/// Both `/demo` and `/demo/return`.
pub(super) fn render(addresses: &Addresses) -> String {
    document(
        "고요양조 · Bonin 데모",
        &["/demo/demo.css"],
        html! {
            script src="/v2/browser-sdk.js" {}
            script type="module" src="/demo/shop.js" {}
        },
        html! {
            header.top {
                p.brand { "고요양조" span.tag { "데모 상점" } }
                nav aria-label="바로 가기" {
                    a href="/" { "개발 환경" }
                    a href={ (addresses.sandbox) "/phone" } target="_blank" rel="noopener" { "휴대폰" span.away aria-hidden="true" { "↗" } span.hidden { " (새 창)" } }
                }
            }
            main #content {
                div.counter { (counter(addresses)) }
                (code())
            }
        },
    )
}

fn counter(addresses: &Addresses) -> Markup {
    html! {
        article.wine {
            (BOTTLE)
            div {
                h1 { "첫서리 산머루 와인" }
                p.about { "375 mL · 12%" }
                p.price { "32,000원" }
                p { "늦가을 산머루를 두 해 동안 조용히 재웠습니다. 술은 성인만 살 수 있어, 주문하기 전에 휴대폰으로 나이를 확인합니다." }
            }
        }
        section #result .result aria-live="polite" aria-atomic="true" hidden {}
        form #order data-store-id=(STORES[0].id) data-channel-key=(CHANNELS[0].key) {
            fieldset {
                legend { "인증 창을 어떻게 열까요?" }
                div.choices {
                    @for (number, (value, name, hint)) in WINDOW_TYPES.iter().enumerate() {
                        label {
                            input type="radio" name="windowType" value=(value) checked[number == 0];
                            span { strong { (name) } small { (hint) } }
                        }
                    }
                }
            }
            button.buy type="submit" { "본인인증하고 주문하기" }
            noscript { p.failed { "이 데모에는 자바스크립트가 필요합니다." } }
        }
        p.fine {
            "인증번호 문자와 PASS 요청은 " a href={ (addresses.sandbox) "/phone" } target="_blank" rel="noopener" { "샌드박스 휴대폰" span.hidden { " (새 창)" } }
            "으로 옵니다. 이름과 번호는 아무것이나 괜찮습니다. 생년월일을 바꿔 가며 성인과 청소년을 모두 시험해 보세요."
        }
    }
}

fn code() -> Markup {
    // From the first comment on: the imports tell the reader of the page nothing.
    let server = COMPLETE
        .lines()
        .skip_while(|line| !line.starts_with("// "))
        .collect::<Vec<_>>()
        .join("\n");
    html! {
        section.behind aria-labelledby="code" {
            h2 #code { "이 페이지의 코드" }
            ol.steps {
                li { "브라우저가 SDK로 인증 창을 엽니다." }
                li { "손님이 창에서 인증을 마치면, 브라우저는 아이디만 상점 서버에 보냅니다." }
                li { "상점 서버가 API 시크릿으로 게이트웨이에 결과를 묻고, 나이와 단골 여부를 판단합니다." }
            }
            (figure("브라우저 · verify.js", VERIFY))
            (figure("상점 서버 · complete.rs (이 데모에서 실제로 도는 코드)", &server))
            (figure("상점 서버 · 같은 일을 Node.js와 공식 SDK로", COMPLETE_IN_NODE))
        }
    }
}

const BOTTLE: PreEscaped<&str> = PreEscaped(
    "<svg class='bottle' viewBox='0 0 120 240' aria-hidden='true'>\
     <path class='glass' d='M48 8h24v58c0 14 22 22 22 48v104c0 8-6 14-14 14H40c-8 0-14-6-14-14V114c0-26 22-34 22-48z'/>\
     <path class='cap' d='M46 4h28v30H46z'/>\
     <path class='label' d='M26 128h68v66H26z'/>\
     <circle class='moon' cx='60' cy='152' r='11'/>\
     <path class='hill' d='M26 194v-14c12-10 20-10 32-2 12-10 24-8 36 0v16z'/>\
     </svg>",
);

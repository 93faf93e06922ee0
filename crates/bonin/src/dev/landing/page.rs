use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::{Addresses, figure};
use crate::dev::environment::{CHANNELS, CONSOLE_PASSWORD, CONSOLE_USERNAME, STORES};

/// Inline because the policy allows no address.
const ICON: &str = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E%3Crect width='32' height='32' rx='8' fill='%2314604b'/%3E%3Cpath d='M9 17l5 5 9-12' stroke='white' stroke-width='3.5' fill='none' stroke-linecap='round' stroke-linejoin='round'/%3E%3C/svg%3E";

/// A page with these files. Scripts are modules: they wait for the page and know nothing of each other.
pub(in crate::dev) fn document(
    title: &str,
    styles: &[&str],
    scripts: Markup,
    body: Markup,
) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="ko" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                link rel="icon" href=(ICON);
                link rel="stylesheet" href="/dev/base.css";
                @for style in styles { link rel="stylesheet" href=(style); }
                (scripts)
                script type="module" src="/dev/copy.js" {}
            }
            body {
                a.skip href="#content" { "본문으로 건너뛰기" }
                (body)
                p #copied .said role="status" aria-live="polite" {}
            }
        }
    };
    page.into_string()
}

pub(super) fn landing(addresses: &Addresses) -> String {
    let Addresses { gateway, sandbox } = addresses;
    document(
        "Bonin 개발 환경",
        &["/dev/landing.css"],
        html! {},
        html! {
            header.top {
                p.brand { span.tick aria-hidden="true" { (TICK) } "Bonin" }
                nav aria-label="바로 가기" {
                    a href="/demo" { "데모" }
                    a href={ (sandbox) "/phone" } { "휴대폰" }
                    a href="/console" { "콘솔" }
                    a href="/docs" { "API" }
                }
            }
            main #content {
                section.hello {
                    h1 { "본인인증을 시작할 준비가 되었습니다" }
                    p.lead {
                        "게이트웨이와 KCP 샌드박스, 데모 상점이 이 컴퓨터에서 돌고 있습니다. "
                        "실제 문자도, 통신사 조회도, 인터넷 연결도 없습니다."
                    }
                    ul.doors {
                        li {
                            a.door.first href="/demo" {
                                strong { "데모 상점" }
                                span { "SDK로 손님의 나이를 확인하는 작은 가게. 코드도 함께 봅니다." }
                            }
                        }
                        li {
                            a.door href={ (sandbox) "/phone" } {
                                strong { "샌드박스 휴대폰" }
                                span { "인증번호 문자와 PASS 요청이 모두 이 화면으로 옵니다." }
                            }
                        }
                        li {
                            a.door href="/console" {
                                strong { "콘솔" }
                                span { "채널과 상점, 건별 진행 기록과 통계. 아이디는 " (CONSOLE_USERNAME) "입니다." }
                            }
                        }
                        li {
                            a.door href="/docs" {
                                strong { "API 레퍼런스" }
                                span { "포트원 V2와 같은 모양의 REST API. 오류와 제한까지." }
                            }
                        }
                    }
                }
                (facts(gateway, sandbox))
                section aria-labelledby="sdk" {
                    h2 #sdk { "브라우저에서: SDK" }
                    p {
                        "스크립트를 넣고 " code { "requestIdentityVerification" } "을 부르면 KCP의 인증 창이 열립니다. 성공했는지는 브라우저의 말을 믿지 말고 "
                        "서버에서 다시 물어보세요."
                    }
                    (figure("HTML", &sdk(gateway)))
                    (figure("서버에서 결과 조회", &lookup(gateway)))
                    p.fine {
                        "npm의 " code { "@portone/browser-sdk" } "를 쓰고 있다면 "
                        code { "__INTERNAL__setPortOneSdkUrl(\"" (gateway) "/v2/browser-sdk.js\")" } " 한 줄이면 됩니다. "
                        "모듈은 " a href="/v2/browser-sdk.mjs" { "browser-sdk.mjs" } ", 타입은 "
                        a href="/v2/browser-sdk.d.ts" { "browser-sdk.d.ts" } "에 있습니다."
                    }
                }
                section aria-labelledby="rest" {
                    h2 #rest { "서버에서: REST API" }
                    p { "인증번호를 보내고, " a href={ (sandbox) "/phone" } { "휴대폰 화면" } "에 온 번호로 확인합니다. 같은 터미널에 차례로 붙여 넣으세요." }
                    (figure("1. 인증번호 보내기", &send(gateway)))
                    (figure("2. 받은 번호로 확인하기", CONFIRM))
                    p.fine {
                        "번호는 프로그램으로도 읽을 수 있습니다: " code { "GET " (sandbox) "/sandbox/messages?phone=01012345678" }
                    }
                }
            }
            footer {
                p { "여기 적힌 아이디와 시크릿은 누구나 아는 개발용 값입니다. " code { "bonin serve" } "는 이 값이 든 데이터베이스로는 시작하지 않습니다." }
            }
        },
    )
}

const TICK: PreEscaped<&str> = PreEscaped(
    "<svg viewBox='0 0 32 32' width='28' height='28'><rect width='32' height='32' rx='8' fill='currentColor'/><path class='mark' d='M9 17l5 5 9-12'/></svg>",
);

fn facts(gateway: &str, sandbox: &str) -> Markup {
    html! {
        div.facts {
            section aria-labelledby="credentials" {
                h2 #credentials { "연동 정보" }
                dl {
                    (fact("storeId", STORES[0].id))
                    (fact("channelKey", CHANNELS[0].key))
                    (fact("API 시크릿", STORES[0].api_secret))
                    (fact("콘솔 아이디", CONSOLE_USERNAME))
                    (fact("콘솔 비밀번호", CONSOLE_PASSWORD))
                }
                details {
                    summary { "다른 채널과 두 번째 상점" }
                    dl {
                        (fact("표준창만 되는 채널", CHANNELS[1].key))
                        (fact("허브만 되는 채널", CHANNELS[2].key))
                        (fact("두 번째 상점", STORES[1].id))
                        (fact("두 번째 상점의 API 시크릿", STORES[1].api_secret))
                    }
                }
            }
            section aria-labelledby="addresses" {
                h2 #addresses { "주소" }
                dl {
                    (place("게이트웨이", gateway, gateway))
                    (place("데모 상점", gateway, &format!("{gateway}/demo")))
                    (place("콘솔", gateway, &format!("{gateway}/console")))
                    (place("API 레퍼런스", gateway, &format!("{gateway}/docs")))
                    (place("OpenAPI 문서", gateway, &format!("{gateway}/openapi.json")))
                    (place("샌드박스 휴대폰", "", &format!("{sandbox}/phone")))
                    (place("샌드박스 안내", "", sandbox))
                }
            }
        }
    }
}

fn fact(name: &str, value: &str) -> Markup {
    html! {
        div {
            dt { (name) }
            dd {
                code { (value) }
                button type="button" data-copy="value" hidden aria-label={ (name) " 복사" } { "복사" }
            }
        }
    }
}

/// An address; where it begins with `here`, the link is relative, so that it also works under another name of this machine.
fn place(name: &str, here: &str, address: &str) -> Markup {
    let target = match address.strip_prefix(here) {
        Some(rest) if !here.is_empty() => format!("/{}", rest.trim_start_matches('/')),
        _ => address.to_owned(),
    };
    html! {
        div { dt { (name) } dd { a href=(target) { (address) } } }
    }
}

fn sdk(gateway: &str) -> String {
    format!(
        r#"<script src="{gateway}/v2/browser-sdk.js"></script>
<button id="verify">본인인증</button>
<script>
  document.querySelector('#verify').onclick = async () => {{
    const result = await PortOne.requestIdentityVerification({{
      storeId: '{store}',
      channelKey: '{channel}',
      // 건마다 새 아이디. 영문과 숫자만 쓸 수 있습니다.
      identityVerificationId: crypto.randomUUID().replaceAll('-', ''),
      // 모바일에서는 이 주소로 결과를 들고 돌아옵니다.
      redirectUrl: location.href.split('?')[0],
    }});
    if (result.code) alert(result.message);
    else alert('이제 서버에서 확인할 차례입니다: ' + result.identityVerificationId);
  }};
</script>"#,
        store = STORES[0].id,
        channel = CHANNELS[0].key,
    )
}

fn lookup(gateway: &str) -> String {
    format!(
        "curl \"{gateway}/identity-verifications/브라우저가_보낸_아이디\" \\\n  -H 'Authorization: PortOne {}'",
        STORES[0].api_secret
    )
}

fn send(gateway: &str) -> String {
    format!(
        r#"BONIN={gateway}
AUTH='Authorization: PortOne {secret}'
ID="iv$(date +%s)"

curl -sS "$BONIN/identity-verifications/$ID/send" \
  -H "$AUTH" -H 'Content-Type: application/json' -d '{{
    "channelKey": "{channel}",
    "customer": {{
      "name": "홍길동",
      "phoneNumber": "01012345678",
      "identityNumber": "9001011",
      "ipAddress": "127.0.0.1"
    }},
    "operator": "SKT",
    "method": "SMS",
    "bypass": {{ "kcpV2": {{ "media_type": "MC01" }} }}
  }}'"#,
        secret = STORES[0].api_secret,
        channel = CHANNELS[0].key,
    )
}

const CONFIRM: &str = r#"OTP=000000   # 휴대폰 화면에 온 여섯 자리

curl -sS "$BONIN/identity-verifications/$ID/confirm" \
  -H "$AUTH" -H 'Content-Type: application/json' \
  -d "{\"otp\": \"$OTP\"}""#;

//! What the OpenAPI document does not tell: how to begin, how to authorize, limits, rules, examples.

use maud::{Markup, html};
use serde_json::Value;

use super::fields::{Document, rich};

/// Code that one copies.
pub fn block(label: &str, code: &str) -> Markup {
    // Focusable, so that it can be scrolled from the keyboard.
    html! {
        figure.code {
            figcaption { (label) }
            pre tabindex="0" role="region" aria-label=(label) { code { (code) } }
        }
    }
}

pub fn introduction(openapi: &Value) -> Markup {
    let server = openapi["servers"][0]["url"]
        .as_str()
        .unwrap_or("http://127.0.0.1:8787");
    html! {
        section #introduction {
            h1 { "Bonin API 레퍼런스" }
            p.lead {
                "휴대폰 본인인증을 요청하고 확인하는 REST API입니다. 포트원 V2의 본인인증 API와 주소, 필드, 오류가 같아서 "
                "공식 서버 SDK를 주소만 바꿔 그대로 쓸 수 있습니다."
            }
            ol.steps {
                li { a href="#sendIdentityVerification" { "요청 전송" } " — 고객의 휴대폰으로 인증번호 문자나 PASS 앱 요청을 보냅니다." }
                li { a href="#confirmIdentityVerification" { "확인" } " — 고객이 입력한 인증번호를 보내거나, 앱에서 승인했는지 확인합니다." }
                li { a href="#getIdentityVerification" { "조회" } " — 인증된 고객의 이름, 생년월일, CI, DI를 받습니다." }
            }
            p { "예시는 아래 값을 셸 변수로 둔 것으로 씁니다. 주소와 시크릿, 채널 키를 자신의 값으로 바꾸세요." }
            (block("예시에 쓰는 값", &format!("BONIN_URL='{server}'\nAPI_SECRET='발급받은 API 시크릿'\nCHANNEL_KEY='채널 키'")))
            p {
                "요청과 응답은 UTF-8로 인코딩한 JSON이고, 시각은 UTC로 표현한 RFC 3339 형식입니다. 응답에서 값이 없는 선택 항목은 "
                code { "null" } "이 아니라 아예 빠집니다."
            }
        }
    }
}

pub fn authentication(document: &Document<'_>) -> Markup {
    html! {
        section #authentication {
            h2 { a href="#authentication" { "인증" } }
            p {
                "모든 본인인증 API에는 " code { "Authorization" } " 헤더가 필요합니다. 두 가지 방법 중 하나를 씁니다. "
                "API 시크릿은 서버에서만 쓰고, 브라우저나 앱에 넣지 마세요."
            }
            h3 { "API 시크릿" }
            p { (rich(document.scheme("portOne"))) }
            (block("API 시크릿으로 인증", "curl \"$BONIN_URL/identity-verifications/order20260101\" \\\n  -H \"Authorization: PortOne $API_SECRET\""))
            h3 { "액세스 토큰" }
            p { (rich(document.scheme("bearerJwt"))) }
            p {
                "액세스 토큰은 30분, 리프레시 토큰은 하루 동안 쓸 수 있습니다(기본값). 리프레시 토큰은 한 번만 쓸 수 있고, "
                "API 시크릿을 폐기하면 그 시크릿으로 받은 토큰도 모두 쓸 수 없게 됩니다."
            }
            (block("액세스 토큰으로 인증", "curl \"$BONIN_URL/identity-verifications/order20260101\" \\\n  -H \"Authorization: Bearer $ACCESS_TOKEN\""))
            h3 { "상점" }
            p {
                "API 시크릿에는 기본 상점이 하나 있고, 다른 상점에 접근할 권한이 더 있을 수 있습니다. " code { "storeId" }
                "를 보내지 않으면 기본 상점을 쓰고, 다건 조회의 조건에서는 접근할 수 있는 모든 상점에서 찾습니다. 권한이 없는 상점을 보내면 "
                a href="#ForbiddenError" { code { "FORBIDDEN" } } "으로 답합니다."
            }
        }
    }
}

/// The example of a call.
pub fn example(id: &str, method: &str, path: &str) -> Markup {
    let path = path.replace("{identityVerificationId}", "order20260101");
    let authorized = "  -H \"Authorization: PortOne $API_SECRET\"";
    let json = "  -H 'Content-Type: application/json'";
    let call = |body: &str| {
        let first = format!("curl -X {method} \"$BONIN_URL{path}\"");
        [first.as_str(), authorized, json, &format!("  -d '{body}'")].join(" \\\n")
    };
    let open = |body: &str| {
        let first = format!("curl -X {method} \"$BONIN_URL{path}\"");
        [first.as_str(), json, &format!("  -d '{body}'")].join(" \\\n")
    };
    let examples = match id {
        "sendIdentityVerification" => vec![
            (
                "SMS로 요청",
                call(&SEND_SMS.replace("{key}", "'\"$CHANNEL_KEY\"'")),
            ),
            (
                "PASS 앱으로 요청",
                call(&SEND_APP.replace("{key}", "'\"$CHANNEL_KEY\"'")),
            ),
        ],
        "confirmIdentityVerification" => vec![
            ("SMS 인증번호 확인", call("{\"otp\": \"123456\"}")),
            ("PASS 앱 승인 확인", call("{}")),
        ],
        "loginViaApiSecret" => vec![("토큰 발급", open("{\"apiSecret\": \"'\"$API_SECRET\"'\"}"))],
        "refreshToken" => vec![(
            "토큰 갱신",
            open("{\"refreshToken\": \"'\"$REFRESH_TOKEN\"'\"}"),
        )],
        "getIdentityVerifications" => vec![(
            "조건을 붙여 조회",
            format!(
                "curl -G \"$BONIN_URL{path}\" \\\n{authorized} \\\n  --data-urlencode 'requestBody={LIST}'"
            ),
        )],
        _ => vec![(
            "요청",
            match method {
                "GET" => format!("curl \"$BONIN_URL{path}\" \\\n{authorized}"),
                _ => format!("curl -X {method} \"$BONIN_URL{path}\" \\\n{authorized}"),
            },
        )],
    };
    html! {
        @for (label, code) in examples { (block(label, &code)) }
        @if let Some(answer) = answer(id) { (block("응답", answer)) }
    }
}

const SEND_SMS: &str = r#"{
    "channelKey": "{key}",
    "customer": {
      "name": "홍길동",
      "phoneNumber": "01012345678",
      "identityNumber": "9001011",
      "ipAddress": "203.0.113.7"
    },
    "operator": "SKT",
    "method": "SMS",
    "bypass": {"kcpV2": {"media_type": "MC02"}}
  }"#;

const SEND_APP: &str = r#"{
    "channelKey": "{key}",
    "customer": {
      "name": "홍길동",
      "phoneNumber": "01012345678",
      "ipAddress": "203.0.113.7"
    },
    "operator": "KT_MVNO",
    "method": "APP",
    "bypass": {"kcpV2": {"media_type": "MC02"}}
  }"#;

const LIST: &str = r#"{
    "page": {"number": 0, "size": 20},
    "filter": {
      "statuses": ["VERIFIED"],
      "from": "2026-01-01T00:00:00+09:00"
    }
  }"#;

fn answer(id: &str) -> Option<&'static str> {
    match id {
        "sendIdentityVerification" | "resendIdentityVerification" => Some("{}"),
        "loginViaApiSecret" | "refreshToken" => {
            Some("{\n  \"accessToken\": \"eyJhbGciOi…\",\n  \"refreshToken\": \"rt_…\"\n}")
        }
        "confirmIdentityVerification" => Some(
            r#"{
  "identityVerification": {
    "status": "VERIFIED",
    "id": "order20260101",
    "verifiedCustomer": {
      "name": "홍길동",
      "operator": "SKT",
      "phoneNumber": "01012345678",
      "birthDate": "1990-01-01",
      "gender": "MALE",
      "isForeigner": false,
      "ci": "…88자…",
      "di": "…64자…"
    },
    "requestedAt": "2026-01-01T00:00:00Z",
    "updatedAt": "2026-01-01T00:00:41Z",
    "statusChangedAt": "2026-01-01T00:00:41Z",
    "verifiedAt": "2026-01-01T00:00:41Z",
    "pgTxId": "26010112345678",
    "pgRawResponse": "{…}",
    "version": "V2"
  }
}"#,
        ),
        "getIdentityVerification" => Some(
            r#"{
  "status": "READY",
  "id": "order20260101",
  "channel": {
    "type": "TEST",
    "id": "channel-id-…",
    "key": "channel-key-…",
    "name": "KCP 테스트",
    "pgProvider": "KCP_V2",
    "pgMerchantId": "AO7F3"
  },
  "requestedCustomer": {
    "name": "홍길동",
    "phoneNumber": "01012345678",
    "birthYear": "1990",
    "birthMonth": "01",
    "birthDay": "01"
  },
  "requestedAt": "2026-01-01T00:00:00Z",
  "updatedAt": "2026-01-01T00:00:01Z",
  "statusChangedAt": "2026-01-01T00:00:00Z",
  "version": "V2",
  "pgTxId": "26010112345678"
}"#,
        ),
        "getIdentityVerifications" => Some(
            "{\n  \"items\": [ … ],\n  \"page\": {\"number\": 0, \"size\": 20, \"totalCount\": 137}\n}",
        ),
        _ => None,
    }
}

pub fn limits() -> Markup {
    html! {
        section #limits {
            h2 { a href="#limits" { "요청 제한" } }
            p {
                "인증번호 추측과 문자 폭탄을 막기 위해 횟수를 제한합니다. 아래는 기본값이며 운영자가 바꿀 수 있습니다."
            }
            table.limits {
                thead { tr { th scope="col" { "무엇" } th scope="col" { "기본값" } th scope="col" { "넘으면" } } }
                tbody {
                    tr { th scope="row" { "본인인증 아이디 하나로 시도" } td { "10회" } td { (error("MaxTransactionCountReachedError", "MAX_TRANSACTION_COUNT_REACHED")) } }
                    tr { th scope="row" { "API로 보낸 요청의 유효 시간" } td { "마지막 메시지부터 10분" } td { (error("IdentityVerificationNotSentError", "IDENTITY_VERIFICATION_NOT_SENT")) } }
                    tr { th scope="row" { "한 요청에서 틀린 인증번호" } td { "5회" } td { "그 요청이 실패로 끝나고, 이어지는 확인에는 " (error("TooManyRequestsError", "TOO_MANY_REQUESTS")) "로 답합니다." } }
                    tr { th scope="row" { "한 요청의 재전송" } td { "5회" } td { (error("TooManyRequestsError", "TOO_MANY_REQUESTS")) } }
                    tr { th scope="row" { "한 전화번호로 보내는 메시지" } td { "1시간에 10건" } td { (error("TooManyRequestsError", "TOO_MANY_REQUESTS")) } }
                    tr { th scope="row" { "한 고객(" code { "customer.ipAddress" } ")의 요청" } td { "1분에 30회" } td { (error("TooManyRequestsError", "TOO_MANY_REQUESTS")) } }
                    tr { th scope="row" { "한 API 시크릿의 요청" } td { "1분에 6,000회" } td { (error("TooManyRequestsError", "TOO_MANY_REQUESTS")) } }
                    tr { th scope="row" { "한 주소에서 실패한 인증" } td { "1분에 60회" } td { (error("TooManyRequestsError", "TOO_MANY_REQUESTS")) } }
                    tr { th scope="row" { "요청 본문의 크기" } td { "256 KiB" } td { (error("PayloadTooLargeError", "PAYLOAD_TOO_LARGE")) } }
                }
            }
            p {
                code { "429" } "와 " code { "503" } " 응답에는 " code { "Retry-After" }
                " 헤더가 있습니다. 그 값(초)만큼 기다린 뒤 다시 요청하세요."
            }
            (block("너무 많은 요청", "HTTP/1.1 429 Too Many Requests\nretry-after: 42\ncontent-type: application/json\n\n{\"type\": \"TOO_MANY_REQUESTS\", \"message\": \"…\"}"))
        }
    }
}

fn error(name: &str, type_name: &str) -> Markup {
    html! { a href={ "#" (name) } { code { (type_name) } } }
}

pub fn rules() -> Markup {
    html! {
        section #rules {
            h2 { a href="#rules" { "입력 규칙" } }
            ul {
                li { "본인인증 아이디는 상점 안에서 겹치지 않아야 하고, KCP 채널에서는 영문 대소문자와 숫자만 70자까지 쓸 수 있습니다." }
                li { "알 수 없는 필드는 무시하고, " code { "null" } "은 값이 없는 것으로 읽습니다. 여러 항목이 잘못되었으면 첫 번째 것을 알려 드립니다." }
                li { code { "Content-Type" } "은 보지 않습니다. 본문이 JSON이면 됩니다." }
                li { code { "bypass" } "는 객체로 보내도, 객체를 담은 JSON 문자열로 보내도 됩니다. " code { "kcpV2" } "는 " code { "kcp_v2" } "라고 적어도 됩니다." }
                li { code { "cp_sms_msg" } "에는 " code { "[000000]" } "이 꼭 한 번 있어야 하고, 80자까지 쓸 수 있습니다. 80자는 KCP가 아니라 Bonin의 제한입니다." }
                li { code { "customData" } "는 보낸 그대로 돌려드립니다. NUL 문자(U+0000)만 쓸 수 없습니다." }
                li { "주민등록번호 앞 7자리는 저장하지 않습니다. 생년월일, 성별, 내외국인 구분만 남깁니다." }
                li {
                    "다건 조회의 " code { "requestBody" } "에는 이름과 전화번호가 들어갈 수 있습니다. 앞단의 프록시나 로드 밸런서가 쿼리 문자열을 "
                    "로그에 남기지 않게 하거나, 조건을 GET 요청의 본문으로 보내세요."
                }
            }
        }
    }
}

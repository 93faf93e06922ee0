//! `/docs`: the API reference, a page made of the OpenAPI document. It needs no script and nothing from the network.

mod fields;
mod guide;
mod webhooks;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde_json::Value;

use fields::Document;

const STYLE: &str = include_str!("docs/style.css");

/// The page's icon, inline because the policy allows no address.
const ICON: &str = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E%3Crect width='32' height='32' rx='8' fill='%231f6feb'/%3E%3Cpath d='M9 17l5 5 9-12' stroke='white' stroke-width='3.5' fill='none' stroke-linecap='round' stroke-linejoin='round'/%3E%3C/svg%3E";

/// The calls in the order in which one meets them; what is not named here follows.
const ORDER: [&str; 7] = [
    "sendIdentityVerification",
    "confirmIdentityVerification",
    "resendIdentityVerification",
    "getIdentityVerification",
    "getIdentityVerifications",
    "loginViaApiSecret",
    "refreshToken",
];

/// The `Content-Security-Policy` of the page: nothing but its own style and icon.
pub fn content_security_policy() -> String {
    let hash = STANDARD.encode(digest(&SHA256, STYLE.as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{hash}'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
}

/// The page.
pub fn render(openapi: &Value) -> String {
    let document = Document::new(openapi);
    let operations = operations(openapi);
    let page = html! {
        (DOCTYPE)
        html lang="ko" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { "Bonin API 레퍼런스" }
                link rel="icon" href=(ICON);
                style { (PreEscaped(STYLE)) }
            }
            body {
                a.skip href="#content" { "본문으로 건너뛰기" }
                header.top {
                    a.brand href="#content" { "Bonin" span { "API 레퍼런스" } }
                    a.spec href="/openapi.json" { "openapi.json" }
                }
                div.page {
                    details.menu {
                        summary { "목차" }
                        nav aria-label="목차" { (contents(&document, &operations)) }
                    }
                    nav.side aria-label="목차" { (contents(&document, &operations)) }
                    main #content {
                        (guide::introduction(openapi))
                        (guide::authentication(&document))
                        @for operation in &operations { (section(&document, operation)) }
                        (models(&document))
                        (errors(&document, &operations))
                        (webhooks::section())
                        (guide::limits())
                        (guide::rules())
                    }
                }
            }
        }
    };
    page.into_string()
}

/// One call of the document.
struct Operation<'a> {
    method: String,
    path: &'a str,
    id: &'a str,
    value: &'a Value,
}

impl Operation<'_> {
    fn summary(&self) -> &str {
        self.value["summary"].as_str().unwrap_or(self.id)
    }

    /// What the call asks for in the body, where it asks for one.
    fn body(&self) -> Option<&Value> {
        let schema = &self.value["requestBody"]["content"]["application/json"]["schema"];
        schema.is_object().then_some(schema)
    }
}

fn operations(openapi: &Value) -> Vec<Operation<'_>> {
    let mut operations: Vec<_> = fields::entries(&openapi["paths"])
        .flat_map(|(path, item)| {
            fields::entries(item)
                .filter(|(_, operation)| operation["responses"].is_object())
                .map(move |(method, value)| Operation {
                    method: method.to_uppercase(),
                    path,
                    id: value["operationId"].as_str().unwrap_or(path),
                    value,
                })
        })
        .collect();
    let place = |id: &str| ORDER.iter().position(|known| *known == id);
    operations.sort_by_key(|operation| place(operation.id).unwrap_or(ORDER.len()));
    operations
}

fn contents(document: &Document<'_>, operations: &[Operation<'_>]) -> Markup {
    html! {
        ul {
            li { a href="#introduction" { "시작하기" } }
            li { a href="#authentication" { "인증" } }
        }
        p.group { "API" }
        ul {
            @for operation in operations {
                li {
                    a href={ "#" (operation.id) } {
                        (method(&operation.method)) " " (operation.summary())
                    }
                }
            }
        }
        p.group { "참고" }
        ul {
            @for (name, schema) in document.unions() {
                li { a href={ "#" (name) } { (fields::title(name, schema)) } }
            }
            li { a href="#errors" { "오류" } }
            li { a href="#webhooks" { "웹훅" } }
            li { a href="#limits" { "요청 제한" } }
            li { a href="#rules" { "입력 규칙" } }
        }
    }
}

fn method(method: &str) -> Markup {
    html! { span class={ "method " (method.to_lowercase()) } { (method) } }
}

fn section(document: &Document<'_>, operation: &Operation<'_>) -> Markup {
    let parameters = document.parameters(operation.value);
    html! {
        section #(operation.id) {
            h2 { a href={ "#" (operation.id) } { (operation.summary()) } }
            p.address { (method(&operation.method)) code { (operation.path) } }
            @if let Some(description) = operation.value["description"].as_str() {
                (fields::paragraphs(description, operation.summary()))
            }
            div.sides {
                div.told {
                    @if !parameters.is_empty() {
                        h3 { "파라미터" }
                        (fields::table(&parameters))
                    }
                    @if let Some(schema) = operation.body() {
                        h3 {
                            "요청 본문"
                            @if operation.value["requestBody"]["required"] != true {
                                " " span.optional { "선택" }
                            }
                        }
                        (fields::table(&document.fields(schema)))
                    }
                    h3 { "응답" }
                    (answers(document, operation))
                }
                div.shown {
                    (guide::example(operation.id, &operation.method, operation.path))
                }
            }
        }
    }
}

fn answers(document: &Document<'_>, operation: &Operation<'_>) -> Markup {
    html! {
        @for (status, response) in fields::entries(&operation.value["responses"]) {
            @let schema = &response["content"]["application/json"]["schema"];
            @let kinds = document.errors_of(schema, status);
            @if kinds.is_empty() {
                p.status { span.good { (status) } " " (fields::rich(response["description"].as_str().unwrap_or_default())) }
                @let rows = document.fields(schema);
                @if let Some(link) = document.link_to(schema) {
                    p { (link) " 객체를 답합니다." }
                } @else if rows.is_empty() {
                    p { "빈 객체 " code { "{}" } "를 답합니다." }
                } @else {
                    (fields::table(&rows))
                }
            }
        }
        table.errors {
            thead { tr { th scope="col" { "상태" } th scope="col" { "type" } th scope="col" { "언제" } } }
            tbody {
                @for (status, response) in fields::entries(&operation.value["responses"]) {
                    @for kind in document.errors_of(&response["content"]["application/json"]["schema"], status) {
                        tr {
                            td { span.bad { (status) } }
                            td { a href={ "#" (kind.name) } { code { (kind.type_name) } } }
                            td { (fields::rich(kind.meaning)) "." }
                        }
                    }
                }
            }
        }
    }
}

/// The objects that have one shape for each value of a discriminator.
fn models(document: &Document<'_>) -> Markup {
    html! {
        @for (name, schema) in document.unions() {
            section #(name) {
                h2 { a href={ "#" (name) } { (fields::title(name, schema)) } }
                (fields::paragraphs(schema["description"].as_str().unwrap_or_default(), ""))
                @for (value, member) in document.members(schema) {
                    div.model #(member) {
                        h3 {
                            code { (schema["discriminator"]["propertyName"].as_str().unwrap_or_default()) ": " (value) }
                        }
                        @let schema = document.schema(member);
                        p { (fields::rich(schema["description"].as_str().unwrap_or_default())) }
                        (fields::table(&document.fields(schema)))
                    }
                }
            }
        }
    }
}

fn errors(document: &Document<'_>, operations: &[Operation<'_>]) -> Markup {
    html! {
        section #errors {
            h2 { a href="#errors" { "오류" } }
            p {
                "모든 오류는 같은 모양의 JSON으로 답합니다. 프로그램은 " code { "type" } "으로 구분하고, "
                code { "message" } "는 무엇을 어떻게 고칠지 사람에게 알려 줍니다. 보낸 값은 메시지에 되풀이하지 않습니다."
            }
            (guide::block("오류 응답", "HTTP/1.1 400 Bad Request\ncontent-type: application/json\n\n{\n  \"type\": \"INVALID_REQUEST\",\n  \"message\": \"customer.ipAddress: IPv4 또는 IPv6 주소여야 합니다 (예: 203.0.113.7).\"\n}"))
            p {
                code { "PG_PROVIDER" } "에는 PG사의 코드와 메시지인 " code { "pgCode" } "와 " code { "pgMessage" }
                "가 더 있습니다. PG사가 제대로 답하지 않은 경우의 " code { "pgCode" } "는 " code { "TIMEOUT" } ", "
                code { "UNREACHABLE" } ", " code { "INVALID_RESPONSE" } " 중 하나입니다."
            }
            table.errors {
                thead { tr { th scope="col" { "상태" } th scope="col" { "type" } th scope="col" { "언제" } } }
                tbody {
                    @for kind in document.errors() {
                        @let raised: Vec<_> = operations.iter().filter(|operation| document.raises(operation.value, kind.name)).collect();
                        tr #(kind.name) {
                            td { span.bad { (kind.status) } }
                            td { code { (kind.type_name) } }
                            td {
                                (fields::rich(kind.meaning)) "."
                                p.where {
                                    @if raised.len() == operations.len() {
                                        "모든 API"
                                    } @else if raised.is_empty() {
                                        "API에 이르지 못한 요청"
                                    } @else {
                                        @for (index, operation) in raised.iter().enumerate() {
                                            @if index > 0 { ", " }
                                            a href={ "#" (operation.id) } { (operation.summary()) }
                                        }
                                    }
                                    @if kind.is_addition() { " " span.ours { "Bonin 추가" } }
                                }
                            }
                        }
                    }
                }
            }
            p {
                span.ours { "Bonin 추가" } " 표시가 있는 오류는 포트원 V2 API 스키마에 없습니다. 공식 SDK는 이들을 알 수 없는 오류로 다룹니다."
            }
        }
    }
}

#[cfg(test)]
mod tests;

//! The page, made of a small document in the shape of the real one.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::fields::Document;
use super::{STYLE, content_security_policy, render};

fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

fn json_content(name: &str) -> Value {
    json!({"application/json": {"schema": reference(name)}})
}

fn document() -> Value {
    json!({
        "openapi": "3.1.0",
        "info": {"title": "Bonin", "version": "0.1.0"},
        "servers": [{"url": "https://verify.example"}],
        "paths": {
            "/identity-verifications/{identityVerificationId}": {"get": {
                "operationId": "getIdentityVerification",
                "summary": "본인인증 단건 조회",
                "description": "본인인증 단건 조회\n\n아이디로 <b>한 건</b>을 조회합니다.",
                "parameters": [
                    {"name": "identityVerificationId", "in": "path", "required": true, "schema": {"type": "string"}},
                    {"name": "storeId", "in": "query", "required": false, "description": "상점 아이디", "schema": {"type": "string"}}
                ],
                "responses": {
                    "200": {"description": "성공 응답", "content": json_content("IdentityVerification")},
                    "401": {"description": "", "content": json_content("GetIdentityVerificationError")},
                    "429": {"description": "", "content": json_content("TooManyRequestsError")}
                }
            }},
            "/identity-verifications/{identityVerificationId}/confirm": {"post": {
                "operationId": "confirmIdentityVerification",
                "responses": {"200": {"description": "성공 응답"}}
            }},
            "/identity-verifications/{identityVerificationId}/send": {"post": {
                "operationId": "sendIdentityVerification",
                "summary": "본인인증 요청 전송",
                "requestBody": {"required": true, "content": json_content("SendIdentityVerificationBody")},
                "responses": {"200": {"description": "성공 응답", "content": json_content("SendIdentityVerificationResponse")}}
            }}
        },
        "components": {
            "securitySchemes": {"portOne": {"type": "http", "scheme": "portone", "description": "`PortOne` 방식"}},
            "schemas": {
                "SendIdentityVerificationResponse": {"type": "object"},
                "SendIdentityVerificationBody": {
                    "type": "object",
                    "required": ["customer", "method"],
                    "properties": {
                        "customer": {"$ref": "#/components/schemas/Customer", "description": "고객 정보"},
                        "method": reference("Method"),
                        "bypass": {"type": "object", "x-bonin-properties": {"kcpV2": reference("KcpV2Bypass")}}
                    }
                },
                "Customer": {
                    "type": "object",
                    "required": ["name"],
                    "properties": {"name": {"type": "string", "description": "이름"}, "birthDate": {"type": "string", "format": "date"}}
                },
                "KcpV2Bypass": {"type": "object", "required": ["media_type"], "properties": {"media_type": {"type": "string", "enum": ["MC01", "MC02"]}}},
                "Method": {"description": "방식", "type": "string", "enum": ["SMS", "APP"]},
                "IdentityVerification": {
                    "description": "본인인증 내역. 상태마다 다릅니다.",
                    "oneOf": [reference("ReadyIdentityVerification")],
                    "discriminator": {"propertyName": "status", "mapping": {"READY": "#/components/schemas/ReadyIdentityVerification"}}
                },
                "ReadyIdentityVerification": {"type": "object", "properties": {"status": {"type": "string", "enum": ["READY"]}}},
                "GetIdentityVerificationError": {
                    "oneOf": [reference("UnauthorizedError")],
                    "discriminator": {"propertyName": "type", "mapping": {"UNAUTHORIZED": "#/components/schemas/UnauthorizedError"}}
                },
                "UnauthorizedError": error("UNAUTHORIZED", 401),
                "TooManyRequestsError": error("TOO_MANY_REQUESTS", 429),
                "ForbiddenError": error("FORBIDDEN", 403),
                "PayloadTooLargeError": error("PAYLOAD_TOO_LARGE", 413),
                "MaxTransactionCountReachedError": error("MAX_TRANSACTION_COUNT_REACHED", 400),
                "IdentityVerificationNotSentError": error("IDENTITY_VERIFICATION_NOT_SENT", 404)
            }
        }
    })
}

fn error(type_name: &str, status: u16) -> Value {
    json!({
        "type": "object", "description": format!("{type_name}인 경우"), "x-portone-status-code": status,
        "properties": {"type": {"type": "string", "enum": [type_name]}}
    })
}

/// The values of an attribute, in the order of the page.
fn attributes<'a>(page: &'a str, name: &str) -> Vec<&'a str> {
    page.split(&format!(" {name}=\""))
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap())
        .collect()
}

#[test]
fn every_call_has_a_section_with_its_address_an_example_and_its_errors() {
    let page = render(&document());
    for id in ["getIdentityVerification", "sendIdentityVerification"] {
        assert!(page.contains(&format!("<section id=\"{id}\">")), "{id}");
    }
    assert!(page.contains("<code>/identity-verifications/{identityVerificationId}/send</code>"));
    assert!(page.contains("BONIN_URL='https://verify.example'"));
    assert!(page.contains("&quot;phoneNumber&quot;: &quot;01012345678&quot;"));
    assert!(page.contains("href=\"#UnauthorizedError\""));
    assert!(page.contains("빈 객체"));
}

#[test]
fn objects_in_objects_become_dotted_paths_with_their_own_marks() {
    let openapi = document();
    let document = Document::new(&openapi);
    let rows = document.fields(document.schema("SendIdentityVerificationBody"));
    let told: Vec<_> = rows.iter().map(super::fields::Row::told).collect();
    assert_eq!(
        told,
        [
            ("customer", true, "객체".to_owned()),
            ("customer.name", true, "문자열".to_owned()),
            ("customer.birthDate", false, "문자열 (날짜)".to_owned()),
            ("method", true, "문자열".to_owned()),
            ("bypass", false, "객체".to_owned()),
            ("bypass.kcpV2", false, "객체".to_owned()),
            ("bypass.kcpV2.media_type", true, "문자열".to_owned()),
        ]
    );
}

#[test]
fn what_the_document_says_cannot_become_markup() {
    let mut openapi = document();
    openapi["components"]["schemas"]["Customer"]["properties"]["name"]["description"] =
        json!("<script>alert(1)</script>`<img>`");
    let page = render(&openapi);
    assert!(!page.contains("<script") && !page.contains("<img") && !page.contains("<b>"));
    assert!(page.contains("&lt;script&gt;"));
}

#[test]
fn the_page_needs_no_script_and_nothing_from_elsewhere() {
    let page = render(&document());
    assert!(!page.contains("<script") && !page.contains(" style=\"") && !page.contains(" onclick"));
    for address in attributes(&page, "href")
        .into_iter()
        .chain(attributes(&page, "src"))
    {
        let local =
            address.starts_with('#') || address.starts_with("data:") || address == "/openapi.json";
        assert!(local, "{address}");
    }
    assert!(!STYLE.contains("url(") && !STYLE.contains("@import"));
}

#[test]
fn every_link_within_the_page_leads_somewhere_and_every_id_is_there_once() {
    let page = render(&document());
    let ids = attributes(&page, "id");
    let unique: HashSet<_> = ids.iter().collect();
    assert_eq!(ids.len(), unique.len(), "{ids:?}");
    for address in attributes(&page, "href") {
        if let Some(id) = address.strip_prefix('#') {
            assert!(unique.contains(&id), "#{id} leads nowhere");
        }
    }
}

#[test]
fn the_policy_allows_the_pages_own_style_and_no_other() {
    use aws_lc_rs::digest::{SHA256, digest};
    use base64::Engine as _;

    let page = render(&document());
    let style = page
        .split("<style>")
        .nth(1)
        .unwrap()
        .split("</style>")
        .next()
        .unwrap();
    let hash = base64::engine::general_purpose::STANDARD.encode(digest(&SHA256, style.as_bytes()));
    let policy = content_security_policy();
    assert!(
        policy.contains(&format!("style-src 'sha256-{hash}';")),
        "{policy}"
    );
    assert!(policy.starts_with("default-src 'none';") && !policy.contains("unsafe"));
}

#[test]
fn a_document_without_anything_still_makes_a_page() {
    for openapi in [
        json!({}),
        json!(null),
        json!({"paths": {"/x": {"get": {"responses": {"200": {}}}}}}),
    ] {
        assert!(render(&openapi).contains("API 레퍼런스"));
    }
}

//! The component schemas that are made of the types, held against PortOne's public schema where it is at hand.

use std::path::Path;

use bonin_api::ApiErrorKind;
use bonin_api::openapi::{complete, component_schemas};
use bonin_api::{
    ConfirmIdentityVerificationError, GetIdentityVerificationsBody, SendIdentityVerificationError,
};
use serde_json::{Value, json};
use utoipa::{IntoParams, IntoResponses};

use crate::agreement;

/// Our components as a document.
fn ours() -> Value {
    let schemas: serde_json::Map<_, _> = component_schemas()
        .into_iter()
        .map(|(name, schema)| (name, serde_json::to_value(schema).unwrap()))
        .collect();
    json!({"components": {"schemas": schemas}})
}

/// PortOne's public schema, which lies beside a checkout of the project's maintainers.
fn reference() -> Option<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/reference/portone-v2-identity-verification.openapi.json");
    let text = std::fs::read_to_string(path).ok()?;
    Some(serde_json::from_str(&text).unwrap())
}

#[test]
fn our_schemas_agree_with_the_public_ones() {
    let Some(reference) = reference() else {
        println!("skipped: the public schema is not beside this checkout");
        return;
    };
    assert_eq!(
        agreement::of_schemas(&ours(), &reference),
        Vec::<String>::new()
    );
}

#[test]
fn the_comparison_notices_every_kind_of_difference() {
    let ours = ours();
    let changes: [(&str, Value); 11] = [
        ("/SelectedChannel", Value::Null),
        ("/SelectedChannel/required", json!(["type"])),
        (
            "/SelectedChannel/properties/pgProvider/$ref",
            json!("#/components/schemas/PgCompany"),
        ),
        (
            "/SelectedChannel/properties/more",
            json!({"type": "string"}),
        ),
        ("/PageInfo/properties/number/format", json!("int64")),
        (
            "/PageInfo/properties/number/type",
            json!(["integer", "null"]),
        ),
        ("/SortOrder/enum", json!(["ASC", "DESC"])),
        (
            "/IdentityVerificationFilterInput/properties/carriers/items/$ref",
            json!("#/components/schemas/PgCompany"),
        ),
        (
            "/IdentityVerification/discriminator/propertyName",
            json!("type"),
        ),
        (
            "/IdentityVerification/discriminator/mapping/READY",
            json!("#/components/schemas/FailedIdentityVerification"),
        ),
        ("/PgProviderError/x-portone-status-code", json!(500)),
    ];
    for (pointer, value) in changes {
        let mut changed = ours.clone();
        let pointer = format!("/components/schemas{pointer}");
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        changed.pointer_mut(parent).unwrap()[key] = value;
        assert!(
            !agreement::of_schemas(&changed, &ours).is_empty(),
            "{pointer}: not noticed"
        );
    }
    assert_eq!(agreement::of_schemas(&ours, &ours), Vec::<String>::new());
}

#[test]
fn the_comparison_of_whole_documents_notices_every_kind_of_difference() {
    let Some(reference) = reference() else {
        println!("skipped: the public schema is not beside this checkout");
        return;
    };
    let send = "/paths/~1identity-verifications~1{identityVerificationId}~1send/post";
    let list = "/paths/~1identity-verifications/get";
    let changes: [(String, Value); 9] = [
        ("/paths/~1token~1refresh".to_owned(), Value::Null),
        (format!("{send}/operationId"), json!("send")),
        (format!("{send}/security"), json!([])),
        (format!("{send}/requestBody/required"), json!(false)),
        (format!("{send}/responses/418"), json!({"description": ""})),
        (format!("{send}/responses/200/content"), json!({})),
        (format!("{send}/parameters/0/in"), json!("query")),
        (
            format!("{list}/parameters/0/content/application~1json/schema/$ref"),
            json!("#/else"),
        ),
        (
            "/components/securitySchemes/portOne/scheme".to_owned(),
            json!("basic"),
        ),
    ];
    for (pointer, value) in changes {
        let mut changed = reference.clone();
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        let parent = changed.pointer_mut(parent).unwrap();
        parent[key.replace("~1", "/")] = value;
        let noticed = agreement::of_documents(&changed, &reference, &["429"]);
        assert!(!noticed.is_empty(), "{pointer}: not noticed");
    }
    let mut more = reference.clone();
    more.pointer_mut(send).unwrap()["responses"]["429"] = json!({"description": ""});
    assert_eq!(
        agreement::of_documents(&more, &reference, &["429"]),
        Vec::<String>::new()
    );
}

#[test]
fn every_reference_leads_to_a_schema() {
    fn references(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(map) => {
                if let Some(Value::String(location)) = map.get("$ref") {
                    found.push(location.clone());
                }
                if let Some(Value::Object(mapping)) = map.get("mapping") {
                    found.extend(
                        mapping
                            .values()
                            .filter_map(Value::as_str)
                            .map(str::to_owned),
                    );
                }
                map.values().for_each(|value| references(value, found));
            }
            Value::Array(list) => list.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }
    let ours = ours();
    let mut found = Vec::new();
    references(&ours, &mut found);
    assert!(found.len() > 50);
    for location in found {
        let pointer = location.strip_prefix('#').unwrap();
        assert!(ours.pointer(pointer).is_some(), "{location} leads nowhere");
    }
}

#[test]
fn every_schema_and_every_property_is_described() {
    for (name, schema) in ours()["components"]["schemas"].as_object().unwrap() {
        assert!(
            schema["description"]
                .as_str()
                .is_some_and(|text| !text.is_empty()),
            "{name}"
        );
        for (property, schema) in schema["properties"].as_object().into_iter().flatten() {
            let described = schema["description"].is_string() || property == "type";
            assert!(described, "{name}.{property}");
        }
    }
}

#[test]
fn every_kind_of_error_has_a_schema_with_its_status() {
    let ours = ours();
    for kind in ApiErrorKind::ALL {
        let schema = &ours["components"]["schemas"][kind.schema_name()];
        assert_eq!(
            schema["properties"]["type"]["enum"],
            json!([kind.type_name()])
        );
        assert_eq!(schema["x-portone-status-code"], kind.status());
        assert_eq!(schema["description"], kind.meaning());
    }
}

#[test]
fn a_union_of_errors_lists_its_responses_by_status_with_our_additions() {
    let responses = serde_json::to_value(SendIdentityVerificationError::responses()).unwrap();
    let statuses: Vec<_> = responses.as_object().unwrap().keys().cloned().collect();
    assert_eq!(
        statuses,
        [
            "400", "401", "403", "404", "409", "413", "429", "502", "503"
        ]
    );
    assert_eq!(
        responses["400"]["content"]["application/json"]["schema"]["$ref"],
        "#/components/schemas/SendIdentityVerificationError"
    );
    assert_eq!(
        responses["400"]["description"],
        "* `InvalidRequestError`: 요청한 입력 정보가 올바르지 않은 경우\n* `MaxTransactionCountReachedError`: 한 아이디로 본인인증을 시도할 수 있는 횟수를 모두 쓴 경우"
    );
    assert_eq!(
        responses["429"]["headers"]["Retry-After"]["schema"]["type"],
        "integer"
    );
    assert!(
        ConfirmIdentityVerificationError::KINDS
            .contains(&ApiErrorKind::IdentityVerificationNotSent)
    );
}

#[test]
fn the_lists_filter_is_a_query_parameter_that_holds_json() {
    let parameters = GetIdentityVerificationsBody::into_params(|| None);
    assert_eq!(
        serde_json::to_value(&parameters).unwrap()[0]["content"]["application/json"]["schema"]["$ref"],
        "#/components/schemas/GetIdentityVerificationsBody"
    );
}

/// An operation as a server declares it, to see that the types fit `utoipa`'s macro.
mod operation {
    #[utoipa::path(
        get,
        path = "/identity-verifications",
        operation_id = "getIdentityVerifications",
        params(bonin_api::GetIdentityVerificationsBody),
        request_body(content = bonin_api::GetIdentityVerificationsBody, content_type = "application/json"),
        responses(
            (status = 200, description = "성공 응답", body = bonin_api::GetIdentityVerificationsResponse),
            bonin_api::GetIdentityVerificationsError,
        ),
        security(("bearerJwt" = []), ("portOne" = [])),
    )]
    #[expect(dead_code, reason = "only its document counts")]
    pub fn list() {}

    #[derive(utoipa::OpenApi)]
    #[openapi(paths(list))]
    pub struct Document;
}

#[test]
fn an_operation_declared_with_these_types_agrees_with_the_public_one() {
    let Some(mut reference) = reference() else {
        println!("skipped: the public schema is not beside this checkout");
        return;
    };
    reference["paths"]
        .as_object_mut()
        .unwrap()
        .retain(|path, _| path == "/identity-verifications");
    let document = complete(<operation::Document as utoipa::OpenApi>::openapi()).unwrap();
    assert_eq!(
        agreement::of_documents(&document, &reference, &["413", "429", "503"]),
        Vec::<String>::new()
    );
}

//! The document that the code generates is the public one, and more.

use serde_json::Value;

use crate::agreement;

const REFERENCE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../../shared/reference/portone-v2-identity-verification.openapi.json"
);

#[test]
fn the_whole_document_agrees_with_the_public_one_where_that_is_there() {
    let Ok(reference) = std::fs::read_to_string(REFERENCE) else {
        println!("the public document is not here: nothing to compare with");
        return;
    };
    let reference: Value = serde_json::from_str(&reference).unwrap();
    let ours = bonin_gateway::http::openapi("http://127.0.0.1:8787").unwrap();
    let differences = agreement::of_documents(&ours, &reference, &["413", "429", "503"]);
    assert!(differences.is_empty(), "{differences:#?}");
}

#[test]
fn the_seven_endpoints_are_there_under_the_names_that_sdks_use() {
    let document = bonin_gateway::http::openapi("https://bonin.example.com").unwrap();
    assert_eq!(document["servers"][0]["url"], "https://bonin.example.com");
    let mut operations: Vec<&str> = document["paths"]
        .as_object()
        .unwrap()
        .values()
        .flat_map(|path| path.as_object().unwrap().values())
        .filter_map(|operation| operation["operationId"].as_str())
        .collect();
    operations.sort_unstable();
    assert_eq!(
        operations,
        [
            "confirmIdentityVerification",
            "getIdentityVerification",
            "getIdentityVerifications",
            "loginViaApiSecret",
            "refreshToken",
            "resendIdentityVerification",
            "sendIdentityVerification",
        ]
    );
}

//! How much memory the longest inputs take. Apart from the other targets: the count is of the whole process.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "what a test builds on may stop it by panicking"
)]

// `cargo bolero` instruments this too, and what it calls then is in bolero.
use bolero as _;
use bonin_api::{
    CheckoutBody, ConfirmIdentityVerificationBody, GetIdentityVerificationsBody,
    LoginViaApiSecretBody, SendIdentityVerificationBody, StoreIdQuery,
};
use bonin_gateway::provider::EnteredCredentials;
use bonin_kcp::{
    hub::{HubCertificate, HubKey},
    window::{ReturnPost, WindowCredentials},
};
use bonin_store::Keyring;
use peak_alloc::PeakAlloc;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

const LONG: usize = 1024 * 1024;
/// What one input of 1 MiB may take beside itself.
const MOST: usize = 64 * 1024 * 1024;

/// Inputs of 1 MiB that are costly to one parser or another.
fn inputs() -> Vec<(&'static str, String)> {
    let times = |piece: &str| piece.repeat(LONG / piece.len());
    vec![
        ("lists", times("[")),
        ("objects", times("{\"a\":")),
        ("numbers", format!("[{}0]", times("0,"))),
        ("texts", format!("[{}\"\"]", times("\"\","))),
        ("a text", format!("{{\"customData\":\"{}\"}}", times("가"))),
        ("escapes", format!("{{\"name\":\"{}\"}}", times("\\u0061"))),
        (
            "digits",
            format!("{{\"page\":{{\"size\":{}}}}}", times("9")),
        ),
        (
            "statuses",
            format!(
                "{{\"filter\":{{\"statuses\":[{}\"READY\"]}}}}",
                times("\"READY\",")
            ),
        ),
        (
            "inner JSON",
            format!("{{\"bypass\":\"{}\"}}", times("{\\\"a\\\":")),
        ),
        ("pairs", times("a&")),
        ("one pair", times("%41")),
        (
            "a certificate",
            format!(
                "-----BEGIN CERTIFICATE-----{}-----END CERTIFICATE-----",
                times("MIIB")
            ),
        ),
        ("many certificates", times("-----BEGIN CERTIFICATE-----")),
        (
            "a key",
            format!(
                "-----BEGIN ENCRYPTED PRIVATE KEY-----{}-----END ENCRYPTED PRIVATE KEY-----",
                times("MIIB")
            ),
        ),
        (
            "keys",
            times("1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=,"),
        ),
        ("base64", times("AAAA")),
    ]
}

#[test]
fn no_parser_takes_much_more_memory_than_what_it_is_given() {
    let window = WindowCredentials::new("T0001", "a-key").unwrap();
    let rv = "AAECAwQFBgcICQoLDA0ODw==";
    type Parser<'a> = (&'static str, Box<dyn Fn(&str) + 'a>);
    let parsers: Vec<Parser<'_>> = vec![
        (
            "send",
            Box::new(|text| drop(SendIdentityVerificationBody::parse(text.as_bytes()))),
        ),
        (
            "confirm",
            Box::new(|text| drop(ConfirmIdentityVerificationBody::parse(text.as_bytes()))),
        ),
        (
            "login",
            Box::new(|text| drop(LoginViaApiSecretBody::parse(text.as_bytes()))),
        ),
        (
            "checkout",
            Box::new(|text| drop(CheckoutBody::parse(text.as_bytes()))),
        ),
        (
            "list",
            Box::new(|text| drop(GetIdentityVerificationsBody::parse(text.as_bytes()))),
        ),
        (
            "query",
            Box::new(|text| drop(StoreIdQuery::parse(Some(text)))),
        ),
        (
            "credentials",
            Box::new(|text| drop(EnteredCredentials::from_json(text))),
        ),
        (
            "certificate",
            Box::new(|text| drop(HubCertificate::parse(text))),
        ),
        (
            "key",
            Box::new(|text| drop(HubKey::open(text, "a password"))),
        ),
        (
            "return",
            Box::new(|text| drop(ReturnPost::parse(text.as_bytes()))),
        ),
        ("cipher", Box::new(|text| drop(window.decrypt(text, rv)))),
        ("keyring", Box::new(|text| drop(Keyring::parse(text)))),
    ];
    for (input, text) in inputs() {
        for (parser, parse) in &parsers {
            let before = MEMORY.current_usage();
            MEMORY.reset_peak_usage();
            parse(&text);
            let took = MEMORY.peak_usage().saturating_sub(before);
            assert!(took <= MOST, "{parser} took {took} bytes for {input}");
        }
    }
}

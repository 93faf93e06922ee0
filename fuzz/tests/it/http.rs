//! The whole gateway: any request to any route, by strangers, by clients and by people at the console, over a real database
//! and a KCP that answers anything.

mod request;
mod world;

use std::time::{Duration, Instant};

use axum::{
    body::to_bytes,
    http::{HeaderMap, StatusCode, header},
    response::Response,
};
use bonin_fuzz::{Bounds, PLANTED, assert_tells_nothing, bounded};

use crate::TIME;
use request::Call;
use world::World;

/// The API reference is the longest of all answers.
const LONGEST_ANSWER: usize = 1024 * 1024;

/// An argon2 hash and a call to KCP may be waited for.
const PATIENCE: Duration = Duration::from_secs(20);

#[test]
fn router() {
    let mut world = World::new();
    bolero::check!()
        .with_test_time(TIME * 2)
        .with_type::<Call>()
        .for_each(|call| {
            let request = call.request(&world);
            let Some((request, typed)) = request else {
                return;
            };
            let began = Instant::now();
            let answer = bounded(Bounds::default(), call, || world.answer(request, &call.kcp));
            assert!(began.elapsed() < PATIENCE, "hung on {call:?}");
            examine(&world, answer, &typed, call);
            world.refresh();
        });
}

fn examine(world: &World, answer: Response, typed: &[String], call: &Call) {
    let (parts, body) = answer.into_parts();
    let body = world.runtime.block_on(to_bytes(body, LONGEST_ANSWER));
    let body = body.unwrap_or_else(|_| panic!("a very long answer to {call:?}"));
    let text = String::from_utf8_lossy(&body);
    let status = parts.status;
    // The database is there and nothing panics: only KCP may be what fails.
    if status.is_server_error() {
        assert_eq!(status, StatusCode::BAD_GATEWAY, "{text} to {call:?}");
        let spelled = ["\"PG_PROVIDER\"", "\"PGProviderError\""];
        assert!(spelled.iter().any(|word| text.contains(word)), "{text}");
    }
    for name in [
        header::X_CONTENT_TYPE_OPTIONS,
        header::CONTENT_SECURITY_POLICY,
        header::REFERRER_POLICY,
        header::CACHE_CONTROL,
    ] {
        assert!(parts.headers.contains_key(&name), "no {name} for {call:?}");
    }
    assert_eq!(parts.headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
    if text.contains("01012345678") || text.contains("홍길동") {
        let cached = &parts.headers[header::CACHE_CONTROL];
        // The API reference has an example of a person in it.
        assert!(
            cached == "no-store" || call.is_reference(),
            "{cached:?} for {call:?}"
        );
    }
    for kept in &world.secrets {
        assert!(
            !text.contains(kept),
            "a secret is in the answer to {call:?}"
        );
        assert!(
            !is_in_headers(kept, &parts.headers),
            "a secret is in the headers for {call:?}"
        );
    }
    for typed in typed {
        assert!(
            !text.contains(typed),
            "what was typed comes back: {typed} of {call:?}"
        );
    }
    if let Ok(error) = serde_json::from_str::<serde_json::Value>(&text)
        && status.is_client_error()
    {
        let message = error["message"].as_str();
        let message = message.unwrap_or_else(|| panic!("an error without a message: {text}"));
        assert_tells_nothing(message);
        assert!(!message.contains(PLANTED));
    }
}

fn is_in_headers(word: &str, headers: &HeaderMap) -> bool {
    headers
        .values()
        .any(|value| String::from_utf8_lossy(value.as_bytes()).contains(word))
}

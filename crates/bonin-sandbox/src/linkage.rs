//! CI (연계정보) and DI (중복가입확인정보) of made-up people: random to look at, and always the same for the same person.

use aws_lc_rs::digest::{SHA384, SHA512, digest};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};

use crate::world::Person;

/// Adds CI (only where the merchant's contract has it) and DI to an answer, each with its URL-encoded twin.
pub(crate) fn add(answer: &mut Map<String, Value>, person: &Person, site: &str, provides_ci: bool) {
    let mut put = |name: &str, value: String| {
        let twin = utf8_percent_encode(&value, NON_ALPHANUMERIC).to_string();
        answer.insert(format!("{name}_URL"), twin.into());
        answer.insert(name.to_owned(), value.into());
    };
    if provides_ci {
        put("CI", ci(person));
    }
    put("DI", di(person, site));
}

/// 88 characters, base64 of 64 bytes: the same person everywhere, whatever phone they hold.
fn ci(person: &Person) -> String {
    STANDARD.encode(digest(
        &SHA512,
        identity("bonin-sandbox CI", person, "").as_bytes(),
    ))
}

/// 64 characters: the same person at one site.
fn di(person: &Person, site: &str) -> String {
    STANDARD.encode(digest(
        &SHA384,
        identity("bonin-sandbox DI", person, site).as_bytes(),
    ))
}

/// None of the fields can hold a NUL, so that no two people share a text.
fn identity(purpose: &str, person: &Person, site: &str) -> String {
    [
        purpose,
        &person.name,
        &person.birth_date.strftime("%Y%m%d").to_string(),
        person.sex.as_str(),
        person.nationality.as_str(),
        site,
    ]
    .join("\0")
}

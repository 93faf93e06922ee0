//! The last pages: the number from the SMS, or the answer in the PASS app.

use std::time::Duration;

use axum::Json;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Redirect, Response};
use serde_json::{Value, json};

use super::form::Form;
use super::page::{self, Asked, Numbered, Word};
use super::steps::count;
use super::visit::{Step, Visit};
use crate::hub::Refusal;
use crate::hub::pass::ask_on_phone;
use crate::hub::sms::{confirm_number, send_to_phone};
use crate::world::{Certification, End, PassState, Person, Stage, Verified, World};
use crate::{Sandbox, random};

/// The query of a page that comes after sending again.
const AGAIN: &str = "again";

fn word_of(query: Option<String>, said: &'static str) -> Word {
    match query.as_deref() {
        Some(AGAIN) => Word::Said(said),
        _ => Word::None,
    }
}

fn certification<'a>(world: &'a World, visit: &Visit) -> Option<&'a Certification> {
    world
        .certifications
        .get(visit.window.per_cert_no.as_deref()?)
}

/// `GET …/number`.
pub(crate) async fn number(
    State(sandbox): State<Sandbox>,
    visit: Visit,
    RawQuery(query): RawQuery,
) -> Response {
    let world = sandbox.world();
    if let Err(elsewhere) = visit.at(&world, Step::Number) {
        return *elsewhere;
    }
    let word = word_of(query, "인증번호를 다시 보냈습니다.");
    page::number(&visit, &numbered(&world, &visit), &word)
}

/// `POST …/number`: the number that was typed.
pub(crate) async fn confirm(State(sandbox): State<Sandbox>, visit: Visit, form: Form) -> Response {
    let mut world = sandbox.world();
    if let Err(elsewhere) = visit.at(&world, Step::Number) {
        return *elsewhere;
    }
    let digits: String = form
        .get("otp")
        .chars()
        .filter(|c| !c.is_whitespace())
        .take(20)
        .collect();
    if digits.len() != 6 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        let word = Word::wrong("문자로 받은 인증번호 6자리를 입력해 주세요.");
        return page::number(&visit, &numbered(&world, &visit), &word);
    }
    match check(&mut world, &visit, &digits) {
        Ok(()) => visit.go(Step::Return),
        Err(refusal) => {
            let word = Word::wrong(refusal.message());
            page::number(&visit, &numbered(&world, &visit), &word)
        }
    }
}

fn check(world: &mut World, visit: &Visit, digits: &str) -> Result<(), Refusal> {
    let settings = world.settings.clone();
    let per_cert_no = visit.window.per_cert_no.as_deref().unwrap_or_default();
    let certification = world.certifications.get_mut(per_cert_no);
    let certification = certification.ok_or(Refusal::OtpExpired)?;
    confirm_number(certification, &settings, digits)?;
    let person = certification.person.clone();
    end_verified(world, visit, person);
    Ok(())
}

fn end_verified(world: &mut World, visit: &Visit, person: Person) {
    let per_cert_no = visit.window.per_cert_no.clone().unwrap_or_default();
    let end = End::Verified(Verified {
        per_cert_no,
        person,
    });
    world.windows.end(&visit.id, end);
}

/// What the number's page shows.
fn numbered(world: &World, visit: &Visit) -> Numbered {
    let ttl = world.settings.otp_ttl;
    let certification = certification(world, visit);
    let left = match certification.map(|it| &it.stage) {
        Some(Stage::Sms { otp: Some(otp), .. }) => ttl.saturating_sub(otp.sent_at.elapsed()),
        _ => Duration::ZERO,
    };
    Numbered {
        phone: certification.map_or_else(String::new, |it| it.person.phone.clone()),
        seconds_left: left.as_secs(),
    }
}

/// `POST …/resend`: the SMS or the PASS request once more.
pub(crate) async fn resend(State(sandbox): State<Sandbox>, visit: Visit) -> Response {
    let (step, sent) = {
        let mut world = sandbox.world();
        let step = match certification(&world, &visit).map(|it| &it.stage) {
            Some(Stage::Pass { .. }) => Step::Pass,
            _ => Step::Number,
        };
        if let Err(elsewhere) = visit.at(&world, step) {
            return *elsewhere;
        }
        (step, send_again(&mut world, &visit))
    };
    match sent {
        Ok(()) => {
            sandbox.phone_changed();
            let path = format!("{}?{AGAIN}", visit.path(step.name()));
            Redirect::to(&path).into_response()
        }
        Err(refusal) => {
            let world = sandbox.world();
            let word = Word::wrong(refusal.message());
            match step {
                Step::Pass => page::pass(&visit, &asked(&world, &visit), &word),
                _ => page::number(&visit, &numbered(&world, &visit), &word),
            }
        }
    }
}

fn send_again(world: &mut World, visit: &Visit) -> Result<(), Refusal> {
    let per_cert_no = visit.window.per_cert_no.as_deref().unwrap_or_default();
    let certification = certification(world, visit).ok_or(Refusal::OtpExpired)?;
    match &certification.stage {
        Stage::Sms { wrong_numbers, .. } => {
            if *wrong_numbers >= world.settings.otp_max_attempts {
                return Err(Refusal::TooManyWrongOtps);
            }
            count(world, visit)?;
            send_to_phone(world, per_cert_no)
        }
        Stage::Pass { .. } => {
            let person = certification.person.clone();
            let id = random::id()?;
            count(world, visit)?;
            // Only the newest request counts: tapping an older one on the phone does nothing any more.
            if let Some(certification) = world.certifications.get_mut(per_cert_no) {
                certification.stage = Stage::Pass {
                    request_id: id.clone(),
                    auth_tx_id: None,
                };
            }
            ask_on_phone(world, id, person.phone, person.name, per_cert_no);
            Ok(())
        }
        _ => Err(Refusal::Order("이미 끝난 인증입니다.")),
    }
}

/// `GET …/pass`.
pub(crate) async fn pass(
    State(sandbox): State<Sandbox>,
    visit: Visit,
    RawQuery(query): RawQuery,
) -> Response {
    let world = sandbox.world();
    if let Err(elsewhere) = visit.at(&world, Step::Pass) {
        return *elsewhere;
    }
    let word = word_of(query, "PASS 앱으로 인증을 다시 요청했습니다.");
    page::pass(&visit, &asked(&world, &visit), &word)
}

/// `POST …/pass`: the user says that it is done in the app.
pub(crate) async fn fetch(State(sandbox): State<Sandbox>, visit: Visit) -> Response {
    let mut world = sandbox.world();
    if let Err(elsewhere) = visit.at(&world, Step::Pass) {
        return *elsewhere;
    }
    let asked = asked(&world, &visit);
    let person = certification(&world, &visit).map(|it| it.person.clone());
    match (asked.state, person) {
        (Some(PassState::Approved), Some(person)) => {
            end_verified(&mut world, &visit, person);
            visit.go(Step::Return)
        }
        // The page itself says that it was refused in the app.
        (Some(PassState::Rejected), _) => page::pass(&visit, &asked, &Word::None),
        _ => {
            let word = Word::wrong(Refusal::NotApprovedYet.message());
            page::pass(&visit, &asked, &word)
        }
    }
}

/// `GET …/pass/state`: what the page's script waits for.
pub(crate) async fn pass_state(State(sandbox): State<Sandbox>, visit: Visit) -> Json<Value> {
    let asked = asked(&sandbox.world(), &visit);
    Json(json!({ "state": asked.state_name() }))
}

/// What the page of the PASS app shows.
fn asked(world: &World, visit: &Visit) -> Asked {
    let certification = certification(world, visit);
    let state = match certification.map(|it| &it.stage) {
        Some(Stage::Pass { request_id, .. }) => {
            world.pass_requests.get(request_id).map(|it| it.state)
        }
        _ => None,
    };
    Asked {
        phone: certification.map_or_else(String::new, |it| it.person.phone.clone()),
        state,
    }
}

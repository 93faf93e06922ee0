//! The pages up to the SMS or the PASS request: operator, terms, method, person.

use axum::extract::State;
use axum::response::Response;
use bonin_kcp::codes::CommId;
use bonin_kcp::hub::message::Subject;

use super::form::Form;
use super::page;
use super::visit::{Step, Visit};
use super::who::{Typed, Wrong};
use crate::Sandbox;
use crate::hub::Refusal;
use crate::hub::name_check::person_of;
use crate::hub::pass::ask_on_phone;
use crate::hub::sms::send_to_phone;
use crate::random;
use crate::world::{Certification, Stage, Way, World};

/// SMS and PASS requests that one window sends: enough for anyone, and not enough to flood a phone.
const MAX_SENT: u32 = 10;

/// What must be agreed to, by the names of the boxes.
pub(super) const TERMS: [&str; 4] = ["privacy", "identity", "carrier", "service"];

pub(crate) async fn operator(State(sandbox): State<Sandbox>, visit: Visit) -> Response {
    if let Err(elsewhere) = visit.at(&sandbox.world(), Step::Operator) {
        return *elsewhere;
    }
    page::operator(&visit, false)
}

pub(crate) async fn choose_operator(
    State(sandbox): State<Sandbox>,
    visit: Visit,
    form: Form,
) -> Response {
    let mut world = sandbox.world();
    if let Err(elsewhere) = visit.at(&world, Step::Operator) {
        return *elsewhere;
    }
    let Ok(operator) = form.get("operator").parse::<CommId>() else {
        return page::operator(&visit, true);
    };
    world.windows.change(&visit.id, |window| {
        window.operator = Some(operator);
        window.per_cert_no = None;
    });
    visit.go(Step::Terms)
}

pub(crate) async fn terms(State(sandbox): State<Sandbox>, visit: Visit) -> Response {
    if let Err(elsewhere) = visit.at(&sandbox.world(), Step::Terms) {
        return *elsewhere;
    }
    let agreed = visit.window.has_agreed;
    page::terms(&visit, |_| agreed, false)
}

pub(crate) async fn agree(State(sandbox): State<Sandbox>, visit: Visit, form: Form) -> Response {
    let mut world = sandbox.world();
    if let Err(elsewhere) = visit.at(&world, Step::Terms) {
        return *elsewhere;
    }
    if !TERMS.iter().all(|term| form.get(term) == "Y") {
        return page::terms(&visit, |term| form.get(term) == "Y", true);
    }
    world
        .windows
        .change(&visit.id, |window| window.has_agreed = true);
    visit.go(Step::Method)
}

pub(crate) async fn method(State(sandbox): State<Sandbox>, visit: Visit) -> Response {
    if let Err(elsewhere) = visit.at(&sandbox.world(), Step::Method) {
        return *elsewhere;
    }
    page::method(&visit, false)
}

pub(crate) async fn choose_method(
    State(sandbox): State<Sandbox>,
    visit: Visit,
    form: Form,
) -> Response {
    let mut world = sandbox.world();
    if let Err(elsewhere) = visit.at(&world, Step::Method) {
        return *elsewhere;
    }
    let way = match form.get("method") {
        "SMS" => Way::Sms,
        "PASS" => Way::Pass,
        _ => return page::method(&visit, true),
    };
    world.windows.change(&visit.id, |window| {
        window.way = Some(way);
        window.per_cert_no = None;
    });
    visit.go(Step::Person)
}

pub(crate) async fn person(State(sandbox): State<Sandbox>, visit: Visit) -> Response {
    if let Err(elsewhere) = visit.at(&sandbox.world(), Step::Person) {
        return *elsewhere;
    }
    page::person(&visit, &Typed::default(), &Wrong::default())
}

/// Checks the person and sends the SMS or the PASS request.
pub(crate) async fn send(State(sandbox): State<Sandbox>, visit: Visit, form: Form) -> Response {
    let typed = Typed::read(&form);
    let sent = {
        let mut world = sandbox.world();
        if let Err(elsewhere) = visit.at(&world, Step::Person) {
            return *elsewhere;
        }
        let Some(operator) = visit.window.operator else {
            return visit.go(Step::Operator);
        };
        match typed.subject(operator) {
            Ok(subject) => begin(&mut world, &visit, subject),
            Err(wrong) => return page::person(&visit, &typed, &wrong),
        }
    };
    match sent {
        Ok(()) => {
            sandbox.phone_changed();
            visit.go(match visit.way() {
                Way::Sms => Step::Number,
                Way::Pass => Step::Pass,
            })
        }
        Err(refusal) => page::person(&visit, &typed, &Wrong::together(refusal.message())),
    }
}

fn begin(world: &mut World, visit: &Visit, subject: Subject) -> Result<(), Refusal> {
    let person = person_of(world, &subject)?;
    let way = visit.way();
    if way == Way::Pass && !person.has_pass {
        return Err(Refusal::NoPassApp);
    }
    count(world, visit)?;
    let request_id = random::id()?;
    let (name, phone) = (person.name.clone(), person.phone.clone());
    let per_cert_no = world.certify(Certification {
        site_cd: visit.registration.site_cd.clone(),
        operator: subject.comm_id,
        person,
        web_siteid: visit.registration.web_siteid.clone(),
        stage: match way {
            Way::Sms => Stage::Sms {
                cp_sms_msg: None,
                cp_callback: None,
                otp: None,
                wrong_numbers: 0,
            },
            Way::Pass => Stage::Pass {
                request_id: request_id.clone(),
                auth_tx_id: None,
            },
        },
    })?;
    match way {
        Way::Sms => send_to_phone(world, &per_cert_no)?,
        Way::Pass => ask_on_phone(world, request_id, phone, name, &per_cert_no),
    }
    world.windows.change(&visit.id, |window| {
        window.per_cert_no = Some(per_cert_no);
    });
    Ok(())
}

/// Counts one more SMS or PASS request, if one more may leave.
pub(super) fn count(world: &mut World, visit: &Visit) -> Result<(), Refusal> {
    let mut may = false;
    world.windows.change(&visit.id, |window| {
        may = window.sent < MAX_SENT;
        window.sent = window.sent.saturating_add(1);
    });
    if may {
        return Ok(());
    }
    Err(Refusal::Order(
        "이 인증창에서는 더 이상 인증을 요청할 수 없습니다. 취소하고 처음부터 다시 진행해 주세요.",
    ))
}

//! 2500 and 2600: a request in the user's PASS app, and what the user did with it.

use bonin_kcp::hub::message::{FetchPassResult, PushPass};
use jiff::Timestamp;
use serde_json::json;

use super::admission::{Admitted, admit};
use super::{Answer, Refusal, object};
use crate::Sandbox;
use crate::fields::Fields;
use crate::world::{Certification, PassRequest, PassState, Person, Stage, Way, World};
use crate::{linkage, random};

pub(super) fn push(sandbox: &Sandbox, fields: Fields) -> Result<Answer, Refusal> {
    let Admitted { merchant, request } = admit::<PushPass>(sandbox, fields)?;
    let mut world = sandbox.world();
    let person = match &request.per_cert_no {
        Some(earlier) => {
            let known = world.certification(&merchant, earlier, request.comm_id)?;
            let same = known.person.phone == request.phone_no.expose()
                && known.person.name == request.user_name.expose();
            if !matches!(known.stage, Stage::MvnoKnown(Way::Pass)) || !same {
                return Err(Refusal::Order(
                    "per_cert_no: 같은 사람에 대한 2700의 per_cert_no가 아닙니다.",
                ));
            }
            known.person.clone()
        }
        None => person_named(&world, &request)?,
    };
    if !person.has_pass {
        return Err(Refusal::NoPassApp);
    }

    let auth_tx_id = if request.comm_id.needs_auth_tx_id() {
        Some(random::id()?)
    } else {
        None
    };
    let request_id = random::id()?;
    let mut answer = json!({
        "phone_no": person.phone,
        "comm_id": request.comm_id,
        "birth_day": person.birth_date.strftime("%Y%m%d").to_string(),
        "sex_code": person.sex,
        "local_code": person.nationality,
        "safe_guard_yn": "N",
        "van_tx_id": random::id()?,
    });
    if let Some(auth_tx_id) = &auth_tx_id {
        answer["auth_tx_id"] = auth_tx_id.as_str().into();
    }
    let (name, phone) = (person.name.clone(), person.phone.clone());
    let certification = Certification {
        site_cd: merchant.site_cd,
        operator: request.comm_id,
        person,
        web_siteid: request.web_siteid,
        stage: Stage::Pass {
            request_id: request_id.clone(),
            auth_tx_id,
        },
    };
    let per_cert_no = match request.per_cert_no {
        Some(earlier) => {
            world.certifications.insert(earlier.clone(), certification);
            earlier
        }
        None => world.certify(certification)?,
    };
    ask_on_phone(&mut world, request_id, phone, name, &per_cert_no);
    drop(world);
    sandbox.phone_changed();
    Ok(object(&per_cert_no, answer))
}

/// Puts a request into the PASS app.
pub(crate) fn ask_on_phone(
    world: &mut World,
    id: String,
    phone: String,
    name: String,
    per_cert_no: &str,
) {
    let request = PassRequest {
        id: id.clone(),
        phone,
        name,
        per_cert_no: per_cert_no.to_owned(),
        state: PassState::Pending,
        requested_at: Timestamp::now(),
    };
    world.pass_requests.insert(id, request);
}

/// 2500 names no birth date: somebody known must match in name and operator, of the others the rest is made up.
fn person_named(world: &World, request: &PushPass) -> Result<Person, Refusal> {
    let (name, phone) = (request.user_name.expose(), request.phone_no.expose());
    match world.people.get(phone) {
        Some(known) if known.name == name && known.operator == request.comm_id => Ok(known.clone()),
        Some(_) => Err(Refusal::PersonMismatch),
        None if world.settings.accepts_unknown_people => {
            Ok(Person::made_up(name, phone, request.comm_id))
        }
        None => Err(Refusal::PersonMismatch),
    }
}

/// What the user did. May be asked again, before and after: it is a question, not an act.
pub(super) fn fetch_result(sandbox: &Sandbox, fields: Fields) -> Result<Answer, Refusal> {
    let Admitted { merchant, request } = admit::<FetchPassResult>(sandbox, fields)?;
    let world = sandbox.world();
    let certification = world.certification(&merchant, &request.per_cert_no, request.comm_id)?;
    let Stage::Pass {
        request_id,
        auth_tx_id,
    } = &certification.stage
    else {
        return Err(Refusal::Order(
            "2500으로 PASS 인증을 요청한 per_cert_no가 아닙니다.",
        ));
    };
    if auth_tx_id.is_some() && *auth_tx_id != request.auth_tx_id {
        return Err(Refusal::Order(
            "auth_tx_id: SKT와 SKM은 2500이 답한 auth_tx_id를 그대로 보내야 합니다.",
        ));
    }
    match world
        .pass_requests
        .get(request_id)
        .map(|request| request.state)
    {
        Some(PassState::Approved) => {}
        Some(PassState::Pending) => return Err(Refusal::NotApprovedYet),
        Some(PassState::Rejected) => return Err(Refusal::RejectedByUser),
        None => {
            return Err(Refusal::Order(
                "너무 오래된 PASS 요청입니다. 2500부터 다시 진행해 주세요.",
            ));
        }
    }
    let mut answer = object(
        &request.per_cert_no,
        json!({ "phone_no": certification.person.phone, "comm_id": certification.operator }),
    );
    let site = certification
        .web_siteid
        .clone()
        .unwrap_or_else(|| merchant.own_site());
    linkage::add(
        &mut answer,
        &certification.person,
        &site,
        merchant.provides_ci,
    );
    Ok(answer)
}

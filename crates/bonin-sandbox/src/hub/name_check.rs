//! 2100: the real-name check for SMS. For SKT and KT the SMS leaves with it.

use bonin_kcp::codes::CommId;
use bonin_kcp::hub::message::{NameCheck, Subject};
use serde_json::json;

use super::admission::{Admitted, admit};
use super::{Answer, Refusal, object, sms};
use crate::Sandbox;
use crate::fields::Fields;
use crate::world::{Certification, Person, Stage, Way, World, parse_birth_date};
use crate::{linkage, random};

pub(super) fn name_check(sandbox: &Sandbox, fields: Fields) -> Result<Answer, Refusal> {
    let Admitted { merchant, request } = admit::<NameCheck>(sandbox, fields)?;
    let NameCheck {
        subject,
        per_cert_no: earlier,
        cp_sms_msg,
        cp_callback,
        ..
    } = request;
    let operator = subject.comm_id;

    let mut world = sandbox.world();
    let person = person_of(&world, &subject)?;
    match &earlier {
        None if operator.needs_mvno_inquiry() => {
            return Err(Refusal::Order(
                "KTM과 LGM은 2400의 per_cert_no가 있어야 2100을 할 수 있습니다.",
            ));
        }
        None => {}
        Some(earlier) => {
            let known = world.certification(&merchant, earlier, operator)?;
            if !matches!(known.stage, Stage::MvnoKnown(Way::Sms)) || known.person != person {
                return Err(Refusal::Order(
                    "per_cert_no: 같은 사람에 대한 2400의 per_cert_no가 아닙니다.",
                ));
            }
        }
    }

    let leaves_now = !merchant.name_check_only && matches!(operator, CommId::Skt | CommId::Ktf);
    let mut answer = json!({
        "order_id": subject.ordr_idxx,
        "phone_no": person.phone,
        "comm_id": operator,
        "iden_only_yn": if merchant.name_check_only { "Y" } else { "N" },
        "safe_guard_yn": "N",
        "usim_otp_yn": "N",
        "cert_num_guard_yn": "N",
        "sms_snd_yn": if leaves_now { "Y" } else { "N" },
        "van_tx_id": random::id()?,
        "auth_tx_id": random::id()?,
    });
    let stage = if merchant.name_check_only {
        let site = subject
            .web_siteid
            .clone()
            .unwrap_or_else(|| merchant.own_site());
        if let Some(answer) = answer.as_object_mut() {
            linkage::add(answer, &person, &site, merchant.provides_ci);
        }
        Stage::NameOnly
    } else {
        Stage::Sms {
            cp_sms_msg,
            cp_callback,
            otp: None,
            wrong_numbers: 0,
        }
    };
    let certification = Certification {
        site_cd: merchant.site_cd.clone(),
        operator,
        person,
        web_siteid: subject.web_siteid,
        stage,
    };
    let per_cert_no = match earlier {
        Some(earlier) => {
            world.certifications.insert(earlier.clone(), certification);
            earlier
        }
        None => world.certify(certification)?,
    };
    if leaves_now {
        sms::send_to_phone(&mut world, &per_cert_no)?;
        drop(world);
        sandbox.phone_changed();
    }
    Ok(object(&per_cert_no, answer))
}

/// The person a call asks about: somebody known, who must match in everything, or somebody made of what the call says.
pub(crate) fn person_of(world: &World, subject: &Subject) -> Result<Person, Refusal> {
    let birth_date = parse_birth_date(subject.birth_day.expose()).ok_or_else(|| {
        Refusal::field("birth_day: YYYYMMDD 형식의 날짜여야 합니다. 예: 19900101")
    })?;
    let asked = Person {
        name: subject.user_name.expose().to_owned(),
        phone: subject.phone_no.expose().to_owned(),
        birth_date,
        sex: subject.sex_code,
        nationality: subject.local_code,
        operator: subject.comm_id,
        has_pass: true,
    };
    match world.people.get(&asked.phone) {
        // Whether the phone has PASS is nothing that the call says.
        Some(known)
            if (Person {
                has_pass: known.has_pass,
                ..asked.clone()
            }) == *known =>
        {
            Ok(known.clone())
        }
        Some(_) => Err(Refusal::PersonMismatch),
        None if world.settings.accepts_unknown_people => Ok(asked),
        None => Err(Refusal::PersonMismatch),
    }
}

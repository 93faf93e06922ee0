//! 2400 and 2700: which MVNO a phone belongs to.

use bonin_kcp::codes::CommId;
use bonin_kcp::hub::message::{PassMvnoInquiry, SmsMvnoInquiry, Subject};
use serde_json::json;

use super::admission::admit;
use super::name_check::person_of;
use super::{Answer, Refusal, object};
use crate::Sandbox;
use crate::fields::Fields;
use crate::world::{Certification, Merchant, Stage, Way};

pub(super) fn before_sms(sandbox: &Sandbox, fields: Fields) -> Result<Answer, Refusal> {
    let call = admit::<SmsMvnoInquiry>(sandbox, fields)?;
    inquire(sandbox, &call.merchant, call.request.0, Way::Sms)
}

pub(super) fn before_pass(sandbox: &Sandbox, fields: Fields) -> Result<Answer, Refusal> {
    let call = admit::<PassMvnoInquiry>(sandbox, fields)?;
    inquire(sandbox, &call.merchant, call.request.0, Way::Pass)
}

fn inquire(
    sandbox: &Sandbox,
    merchant: &Merchant,
    subject: Subject,
    way: Way,
) -> Result<Answer, Refusal> {
    let mut world = sandbox.world();
    let person = person_of(&world, &subject)?;
    if way == Way::Pass && !person.has_pass {
        return Err(Refusal::NoPassApp);
    }
    let answer = json!({
        "phone_no": person.phone,
        "comm_id": subject.comm_id,
        "mvno_name": mvno_name(subject.comm_id),
    });
    let per_cert_no = world.certify(Certification {
        site_cd: merchant.site_cd.clone(),
        operator: subject.comm_id,
        person,
        web_siteid: subject.web_siteid,
        stage: Stage::MvnoKnown(way),
    })?;
    Ok(object(&per_cert_no, answer))
}

fn mvno_name(operator: CommId) -> &'static str {
    match operator {
        CommId::Skm => "샌드박스 알뜰폰(SKT망)",
        CommId::Ktm => "샌드박스 알뜰폰(KT망)",
        CommId::Lgm => "샌드박스 알뜰폰(LG U+망)",
        CommId::Skt | CommId::Ktf | CommId::Lgt => "",
    }
}

//! 2200 and 2300: the SMS, and the number that came with it.

use std::time::Instant;

use bonin_kcp::hub::message::{ConfirmOtp, SendSms};
use jiff::Timestamp;
use serde_json::json;

use super::admission::{Admitted, admit};
use super::rules::OTP_PLACE;
use super::{Answer, Refusal, object};
use crate::Sandbox;
use crate::fields::Fields;
use crate::world::{Certification, Otp, Settings, Sms, Stage, World};
use crate::{linkage, random};

const DEFAULT_MESSAGE: &str = "[BONIN]본인확인 인증번호는 [000000]입니다.";
const DEFAULT_CALLBACK: &str = "1544-8661";
const OTP_DIGITS: u32 = 6;

/// Sends the SMS, or sends it again: a new number with a time limit of its own, and the old one is dead.
pub(super) fn send(sandbox: &Sandbox, fields: Fields) -> Result<Answer, Refusal> {
    let Admitted { merchant, request } = admit::<SendSms>(sandbox, fields)?;
    let mut world = sandbox.world();
    let most_wrong = world.settings.otp_max_attempts;
    let certification =
        world.certification_mut(&merchant, &request.per_cert_no, request.comm_id)?;
    let Stage::Sms {
        cp_sms_msg,
        cp_callback,
        wrong_numbers,
        ..
    } = &mut certification.stage
    else {
        return Err(Refusal::Order(
            "2100으로 실명을 확인한 per_cert_no에만 SMS를 보낼 수 있습니다.",
        ));
    };
    if *wrong_numbers >= most_wrong {
        return Err(Refusal::Order(
            "인증번호 입력 횟수를 넘긴 per_cert_no에는 SMS를 다시 보낼 수 없습니다.",
        ));
    }
    if request.cp_sms_msg.is_some() {
        *cp_sms_msg = request.cp_sms_msg;
    }
    if request.cp_callback.is_some() {
        *cp_callback = request.cp_callback;
    }
    let answer = json!({
        "phone_no": certification.person.phone,
        "comm_id": certification.operator,
        "sms_snd_yn": "Y",
        "safe_guard_yn": "N",
        "usim_otp_yn": "N",
        "site_url": "",
    });
    send_to_phone(&mut world, &request.per_cert_no)?;
    drop(world);
    sandbox.phone_changed();
    Ok(object(&request.per_cert_no, answer))
}

/// Makes a new number for a certification and puts the SMS on the phone.
pub(crate) fn send_to_phone(world: &mut World, per_cert_no: &str) -> Result<(), Refusal> {
    let digits = match &world.settings.fixed_otp {
        Some(fixed) => fixed.clone(),
        None => random::digits(OTP_DIGITS)?,
    };
    let id = random::id()?;
    let Some(certification) = world.certifications.get_mut(per_cert_no) else {
        return Err(Refusal::Broken);
    };
    let Stage::Sms {
        cp_sms_msg,
        cp_callback,
        otp,
        ..
    } = &mut certification.stage
    else {
        return Err(Refusal::Broken);
    };
    *otp = Some(Otp {
        digits: digits.clone(),
        sent_at: Instant::now(),
    });
    let text = cp_sms_msg
        .as_deref()
        .unwrap_or(DEFAULT_MESSAGE)
        .replace(OTP_PLACE, &digits);
    let sms = Sms {
        id: id.clone(),
        to: certification.person.phone.clone(),
        from: cp_callback
            .as_deref()
            .unwrap_or(DEFAULT_CALLBACK)
            .to_owned(),
        text,
        otp: digits,
        per_cert_no: per_cert_no.to_owned(),
        sent_at: Timestamp::now(),
    };
    world.messages.insert(id, sms);
    Ok(())
}

pub(super) fn confirm(sandbox: &Sandbox, fields: Fields) -> Result<Answer, Refusal> {
    let Admitted { merchant, request } = admit::<ConfirmOtp>(sandbox, fields)?;
    let mut world = sandbox.world();
    let settings = world.settings.clone();
    let certification =
        world.certification_mut(&merchant, &request.per_cert_no, request.comm_id)?;
    confirm_number(certification, &settings, request.otp_no.expose())?;
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

/// The number that the user typed, held against the SMS.
pub(crate) fn confirm_number(
    certification: &mut Certification,
    settings: &Settings,
    digits: &str,
) -> Result<(), Refusal> {
    let Stage::Sms {
        otp, wrong_numbers, ..
    } = &mut certification.stage
    else {
        return Err(Refusal::Order(
            "인증번호를 확인할 수 있는 상태가 아닌 per_cert_no입니다.",
        ));
    };
    let Some(otp) = otp else {
        return Err(Refusal::Order(
            "아직 SMS를 보내지 않았습니다. 2200을 먼저 호출해 주세요.",
        ));
    };
    if *wrong_numbers >= settings.otp_max_attempts {
        return Err(Refusal::TooManyWrongOtps);
    }
    if otp.sent_at.elapsed() >= settings.otp_ttl {
        return Err(Refusal::OtpExpired);
    }
    if otp.digits != digits {
        *wrong_numbers += 1;
        return Err(Refusal::WrongOtp);
    }
    certification.stage = Stage::Confirmed;
    Ok(())
}

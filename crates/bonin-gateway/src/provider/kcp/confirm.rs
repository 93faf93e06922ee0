//! Asking KCP whether the person is verified, and reading nobody out of an answer that is not whole.

use bonin_core::{BirthDate, Gender, Operator, Otp, PersonName, PhoneNumber, Redacted, Way};
use bonin_kcp::hub::message::{ConfirmOtp, Confirmation, FetchPassResult};
use bonin_store::{Claimed, VerifiedPerson};

use super::{
    Calls, HubState,
    calls::Stop,
    person::{self, Unusable},
};

type Verified = (VerifiedPerson, Redacted);

/// The number that the person typed (KCP hub, tx_type 2300).
pub(super) async fn number(
    calls: &mut Calls<'_>,
    claimed: &Claimed,
    state: &HubState,
    per_cert_no: String,
    otp: &Otp,
) -> Result<Verified, Stop> {
    let request = ConfirmOtp {
        per_cert_no,
        comm_id: state.comm_id,
        otp_no: otp.expose().into(),
        adl_agree_yn: false,
        cust_ip: None,
    };
    let (answer, raw) = calls.make(&request).await?;
    let person = person(claimed, state, &answer).map_err(|why| calls.unusable(why))?;
    Ok((person, raw))
}

/// Whether the person has tapped in the PASS app (tx_type 2600).
pub(super) async fn approval(
    calls: &mut Calls<'_>,
    claimed: &Claimed,
    state: &HubState,
    per_cert_no: String,
) -> Result<Verified, Stop> {
    let needs_auth = state.comm_id.needs_auth_tx_id();
    let request = FetchPassResult {
        per_cert_no,
        comm_id: state.comm_id,
        auth_tx_id: state.auth_tx_id.clone().filter(|_| needs_auth),
        cust_ip: None,
    };
    let (answer, raw) = calls.make(&request).await?;
    let person = person(claimed, state, &answer).map_err(|why| calls.unusable(why))?;
    Ok((person, raw))
}

/// The verified person: SMS, what was asked and the name check confirmed; PASS, the name asked for and the rest as the
/// operator told it with the push. Number, phone and operator of the answer must be the try's own.
fn person(
    claimed: &Claimed,
    state: &HubState,
    answer: &Confirmation,
) -> Result<VerifiedPerson, Unusable> {
    let (name, phone, operator) = asked(claimed)?;
    if answer.per_cert_no != claimed.pg_tx_id {
        return Err("per_cert_no가 요청과 다릅니다");
    }
    if answer.phone_no.as_ref().map(|given| given.expose()) != Some(phone.expose()) {
        return Err("phone_no가 요청과 다릅니다");
    }
    if answer.comm_id.as_deref() != Some(state.comm_id.as_str()) {
        return Err("comm_id가 요청과 다릅니다");
    }
    let (birth_date, gender, is_foreigner) = match claimed.way {
        Way::Sms => asked_person(claimed)?,
        _ => (
            person::birth_date(&state.birth_day)?,
            person::gender(&state.sex_code)?,
            person::is_foreigner(&state.local_code)?,
        ),
    };
    Ok(VerifiedPerson {
        name,
        phone,
        birth_date,
        gender,
        is_foreigner,
        operator,
        ci: person::ci(answer.ci())?,
        di: person::di(answer.di())?,
    })
}

fn asked(claimed: &Claimed) -> Result<(PersonName, PhoneNumber, Operator), Unusable> {
    match (
        claimed.customer.name.clone(),
        claimed.customer.phone.clone(),
        claimed.operator,
    ) {
        (Some(name), Some(phone), Some(operator)) => Ok((name, phone, operator)),
        _ => Err("요청한 고객 정보가 남아 있지 않습니다"),
    }
}

fn asked_person(claimed: &Claimed) -> Result<(BirthDate, Gender, bool), Unusable> {
    let customer = &claimed.customer;
    match (customer.birth_date, customer.gender, customer.is_foreigner) {
        (Some(birth_date), Some(gender), Some(is_foreigner)) => {
            Ok((birth_date, gender, is_foreigner))
        }
        _ => Err("요청한 고객 정보가 남아 있지 않습니다"),
    }
}

//! How the domain's words are spelled in rows.

use std::str::FromStr;

use bonin_core::{
    Attempt, AttemptState, Claim, ClaimToken, FailureReason, Operator, Purpose, Status, TxId, Way,
};
use sqlx::{Row, any::AnyRow};

use super::claim::Answered;
use crate::{StoreError, time::timestamp};

pub(super) fn status_name(status: Status) -> &'static str {
    match status {
        Status::Ready => "READY",
        Status::Verified => "VERIFIED",
        Status::Failed => "FAILED",
    }
}

pub(super) fn status(name: &str) -> Result<Status, StoreError> {
    match name {
        "READY" => Ok(Status::Ready),
        "VERIFIED" => Ok(Status::Verified),
        "FAILED" => Ok(Status::Failed),
        _ => Err(StoreError::UnknownValue("identity_verification.status")),
    }
}

pub(super) fn way_name(way: Way) -> &'static str {
    match way {
        Way::Sms => "SMS",
        Way::App => "APP",
        Way::Window => "WINDOW",
    }
}

pub(super) fn way(name: &str) -> Result<Way, StoreError> {
    match name {
        "SMS" => Ok(Way::Sms),
        "APP" => Ok(Way::App),
        "WINDOW" => Ok(Way::Window),
        _ => Err(StoreError::UnknownValue("attempt.way")),
    }
}

pub(super) fn state_name(state: AttemptState) -> &'static str {
    match state {
        AttemptState::Begun => "BEGUN",
        AttemptState::Open => "OPEN",
        AttemptState::Verified => "VERIFIED",
        AttemptState::Failed(_) => "FAILED",
        AttemptState::Replaced => "REPLACED",
    }
}

const REASONS: [(FailureReason, &str); 5] = [
    (FailureReason::Refused, "REFUSED"),
    (FailureReason::NothingSent, "NOTHING_SENT"),
    (FailureReason::OutcomeUnknown, "OUTCOME_UNKNOWN"),
    (FailureReason::Expired, "EXPIRED"),
    (FailureReason::TooManyWrongNumbers, "TOO_MANY_WRONG_NUMBERS"),
];

pub(super) fn reason_name(state: AttemptState) -> Option<&'static str> {
    let AttemptState::Failed(reason) = state else {
        return None;
    };
    REASONS
        .iter()
        .find(|(known, _)| *known == reason)
        .map(|(_, name)| *name)
}

pub(super) fn reason(name: Option<&str>) -> Result<FailureReason, StoreError> {
    REASONS
        .iter()
        .find(|(_, known)| Some(*known) == name)
        .map(|(reason, _)| *reason)
        .ok_or(StoreError::UnknownValue("attempt.failure_reason"))
}

pub(super) fn state(name: &str, failure: Option<&str>) -> Result<AttemptState, StoreError> {
    Ok(match name {
        "BEGUN" => AttemptState::Begun,
        "OPEN" => AttemptState::Open,
        "VERIFIED" => AttemptState::Verified,
        "REPLACED" => AttemptState::Replaced,
        "FAILED" => AttemptState::Failed(reason(failure)?),
        _ => return Err(StoreError::UnknownValue("attempt.state")),
    })
}

pub(super) fn purpose_name(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Confirm => "CONFIRM",
        Purpose::Resend => "RESEND",
    }
}

/// The claim that a row holds.
pub(super) fn claim(row: &AnyRow) -> Result<Option<Claim>, StoreError> {
    let Some(token) = row.try_get::<Option<String>, _>("claim_token")? else {
        return Ok(None);
    };
    let unknown = || StoreError::UnknownValue("attempt.claim");
    let purpose = match row
        .try_get::<Option<String>, _>("claim_purpose")?
        .as_deref()
    {
        Some("CONFIRM") => Purpose::Confirm,
        Some("RESEND") => Purpose::Resend,
        _ => return Err(unknown()),
    };
    Ok(Some(Claim {
        token: ClaimToken::parse(token).map_err(|_| unknown())?,
        purpose,
        until: timestamp(row.try_get("claim_until")?)?,
    }))
}

const ANSWERED: [(Answered, &str); 3] = [
    (Answered::Refused, "REFUSED"),
    (Answered::Done, "DONE"),
    (Answered::Unasked, "UNASKED"),
];

pub(super) fn answered_name(answered: Answered) -> &'static str {
    match answered {
        Answered::Refused => "REFUSED",
        Answered::Done => "DONE",
        Answered::Unasked => "UNASKED",
    }
}

/// The last claim that was answered.
pub(super) fn answered(row: &AnyRow) -> Result<Option<(ClaimToken, Answered)>, StoreError> {
    let token = row.try_get::<Option<String>, _>("answered_token")?;
    let outcome = row.try_get::<Option<String>, _>("answered_outcome")?;
    let (Some(token), Some(outcome)) = (token, outcome) else {
        return Ok(None);
    };
    let unknown = || StoreError::UnknownValue("attempt.answered");
    let answered = ANSWERED.iter().find(|(_, name)| *name == outcome);
    Ok(Some((
        ClaimToken::parse(token).map_err(|_| unknown())?,
        answered.ok_or_else(unknown)?.0,
    )))
}

pub(super) fn tx_id(row: &AnyRow, column: &str) -> Result<TxId, StoreError> {
    TxId::parse(row.try_get::<String, _>(column)?)
        .map_err(|_| StoreError::UnknownValue("attempt.tx_id"))
}

/// An operator, where the row has one.
pub(super) fn operator(row: &AnyRow, column: &str) -> Result<Option<Operator>, StoreError> {
    let name: Option<String> = row.try_get(column)?;
    name.map(|name| Operator::from_str(&name))
        .transpose()
        .map_err(|_| StoreError::UnknownValue("attempt.operator"))
}

/// The columns that [`attempt`] reads.
pub(super) const ATTEMPT: &str = "tx_id, way, state, failure_reason, live_until, wrong_numbers, resends, claim_token, \
    claim_purpose, claim_until";

pub(super) fn attempt(row: &AnyRow) -> Result<Attempt, StoreError> {
    let count = |column: &str| -> Result<u32, StoreError> {
        u32::try_from(row.try_get::<i64, _>(column)?)
            .map_err(|_| StoreError::UnknownValue("attempt's counts"))
    };
    Ok(Attempt {
        tx_id: tx_id(row, "tx_id")?,
        way: way(&row.try_get::<String, _>("way")?)?,
        state: state(
            &row.try_get::<String, _>("state")?,
            row.try_get::<Option<String>, _>("failure_reason")?
                .as_deref(),
        )?,
        live_until: timestamp(row.try_get("live_until")?)?,
        wrong_numbers: count("wrong_numbers")?,
        resends: count("resends")?,
        claim: claim(row)?,
    })
}

//! One verification, as the API shows it.

use bonin_api::{
    FailedIdentityVerification, FailedStatus, Gender, IdentityVerification,
    IdentityVerificationFailure, IdentityVerificationOperator,
    IdentityVerificationRequestedCustomer, IdentityVerificationVerifiedCustomer, Personal,
    PgProvider, PortOneVersion, ReadyIdentityVerification, ReadyStatus, SelectedChannel,
    SelectedChannelType, VerifiedIdentityVerification, VerifiedStatus,
};
use bonin_core::{
    BirthDate, FailureReason, IdentityVerificationId, Operator, PersonName, PhoneNumber, Redacted,
    Status,
};
use bonin_store::{Customer, VerificationKey, VerificationRecord, VerifiedPerson};

use super::{Caller, Error, Service};

impl Service {
    /// The verification of this id.
    pub async fn lookup(
        &self,
        caller: &Caller,
        id: &str,
        store_id: Option<&str>,
    ) -> Result<IdentityVerification, Error> {
        let key = VerificationKey {
            store: caller.store(store_id)?,
            id: IdentityVerificationId::parse(id).map_err(|_| Error::NotFound)?,
        };
        let record = self
            .store()
            .verification(&key)
            .await?
            .ok_or(Error::NotFound)?;
        shown(&record).ok_or_else(unshowable)
    }
}

/// A record that the contract has no shape for: a provider that this version does not know, for example.
pub(super) fn unshowable() -> Error {
    tracing::error!("a verification holds what this version cannot show");
    Error::Unavailable
}

/// The verification in the shape of its status.
pub(super) fn shown(record: &VerificationRecord) -> Option<IdentityVerification> {
    Some(match record.status {
        Status::Verified => IdentityVerification::Verified(Box::new(verified(record)?)),
        Status::Ready => IdentityVerification::Ready(Box::new(ReadyIdentityVerification {
            status: ReadyStatus::default(),
            id: record.key.id.to_string(),
            channel: Some(channel(record)?),
            requested_customer: requested(&record.requested),
            custom_data: custom_data(record),
            requested_at: record.requested_at,
            updated_at: record.updated_at,
            status_changed_at: record.status_changed_at,
            version: PortOneVersion::V2,
            pg_tx_id: record.pg_tx_id.clone(),
        })),
        Status::Failed => IdentityVerification::Failed(Box::new(FailedIdentityVerification {
            status: FailedStatus::default(),
            id: record.key.id.to_string(),
            channel: Some(channel(record)?),
            requested_customer: requested(&record.requested),
            custom_data: custom_data(record),
            requested_at: record.requested_at,
            updated_at: record.updated_at,
            status_changed_at: record.status_changed_at,
            failure: failure(record),
            version: PortOneVersion::V2,
            pg_tx_id: record.pg_tx_id.clone(),
        })),
    })
}

/// A verified one. `None` where the record is not.
pub(super) fn verified(record: &VerificationRecord) -> Option<VerifiedIdentityVerification> {
    let id = record.requested.id.as_ref();
    Some(VerifiedIdentityVerification {
        status: VerifiedStatus::default(),
        id: record.key.id.to_string(),
        channel: Some(channel(record)?),
        // After erasure only an empty name is left.
        verified_customer: record
            .verified
            .as_ref()
            .map(|person| customer(person, id))
            .unwrap_or_default(),
        custom_data: custom_data(record),
        requested_at: record.requested_at,
        updated_at: record.updated_at,
        status_changed_at: record.status_changed_at,
        verified_at: record.verified_at?,
        pg_tx_id: record.pg_tx_id.clone()?,
        pg_raw_response: personal(&record.pg_raw_response.clone().unwrap_or_default()),
        version: PortOneVersion::V2,
    })
}

fn personal(text: &Redacted) -> Personal<String> {
    Personal::new(text.expose().to_owned())
}

fn custom_data(record: &VerificationRecord) -> Option<Personal<String>> {
    record.custom_data.as_ref().map(personal)
}

fn channel(record: &VerificationRecord) -> Option<SelectedChannel> {
    Some(SelectedChannel {
        channel_type: if record.channel.is_test {
            SelectedChannelType::Test
        } else {
            SelectedChannelType::Live
        },
        id: Some(record.channel.id.to_string()),
        key: Some(record.channel_key.clone()),
        name: Some(record.channel_name.clone()),
        pg_provider: PgProvider::from_wire(&record.channel.pg_provider)?,
        pg_merchant_id: record.channel.pg_merchant_id.clone(),
    })
}

fn requested(customer: &Customer) -> IdentityVerificationRequestedCustomer {
    let part =
        |part: fn(BirthDate) -> String| customer.birth_date.map(|date| Personal::new(part(date)));
    let name = customer.name.as_ref().map(PersonName::expose);
    let phone = customer.phone.as_ref().map(PhoneNumber::expose);
    IdentityVerificationRequestedCustomer {
        id: customer.id.as_ref().map(personal),
        name: name.map(Personal::from),
        phone_number: phone.map(Personal::from),
        birth_year: part(BirthDate::year),
        birth_month: part(BirthDate::month),
        birth_day: part(BirthDate::day),
    }
}

fn customer(
    person: &VerifiedPerson,
    id: Option<&Redacted>,
) -> IdentityVerificationVerifiedCustomer {
    IdentityVerificationVerifiedCustomer {
        id: id.map(personal),
        name: person.name.expose().into(),
        operator: Some(Personal::new(operator(person.operator))),
        phone_number: Some(person.phone.expose().into()),
        birth_date: person.birth_date.dashed().parse().ok().map(Personal::new),
        gender: Some(Personal::new(match person.gender {
            bonin_core::Gender::Male => Gender::Male,
            bonin_core::Gender::Female => Gender::Female,
        })),
        is_foreigner: Some(Personal::new(person.is_foreigner)),
        ci: person.ci.as_ref().map(|ci| ci.expose().into()),
        di: Some(person.di.expose().into()),
    }
}

fn operator(operator: Operator) -> IdentityVerificationOperator {
    match operator {
        Operator::Skt => IdentityVerificationOperator::Skt,
        Operator::Kt => IdentityVerificationOperator::Kt,
        Operator::Lgu => IdentityVerificationOperator::Lgu,
        Operator::SktMvno => IdentityVerificationOperator::SktMvno,
        Operator::KtMvno => IdentityVerificationOperator::KtMvno,
        Operator::LguMvno => IdentityVerificationOperator::LguMvno,
    }
}

fn failure(record: &VerificationRecord) -> IdentityVerificationFailure {
    let Some(failure) = &record.failure else {
        return IdentityVerificationFailure::default();
    };
    let reason = match failure.reason {
        FailureReason::Refused => "PG사가 본인인증을 거절했습니다.",
        FailureReason::NothingSent => {
            "PG사가 제대로 응답하지 않아 고객에게 아무것도 보내지 못했습니다."
        }
        FailureReason::OutcomeUnknown => {
            "PG사가 제대로 응답하지 않아 결과를 알 수 없습니다. 고객에게 메시지가 갔을 수 있습니다."
        }
        FailureReason::Expired => "제한 시간 안에 본인인증을 마치지 않았습니다.",
        FailureReason::TooManyWrongNumbers => "틀린 인증번호를 허용된 횟수만큼 입력했습니다.",
    };
    let answer = failure.answer.as_ref();
    IdentityVerificationFailure {
        reason: Some(reason.to_owned()),
        pg_code: answer.map(|answer| answer.code.clone()),
        pg_message: answer.map(|answer| personal(&answer.message)),
    }
}

//! A person in the clear, for a reason that is written down first.

use bonin_core::{BirthDate, Gender, Operator, PersonName, PhoneNumber, Redacted};
use bonin_store::{Act, Customer, VerificationKey, VerifiedPerson};
use serde_json::json;

use super::super::{Action, Admin, Administrator, Error, reason};

/// A person in the clear. It prints as nothing but `[redacted]`.
#[derive(Debug, Clone)]
pub struct RevealedPerson {
    /// Whether a provider has verified it; else it is what was asked for.
    pub is_verified: bool,
    /// The name.
    pub name: Option<PersonName>,
    /// The phone.
    pub phone: Option<PhoneNumber>,
    /// The day of birth.
    pub birth_date: Option<BirthDate>,
    /// The sex.
    pub gender: Option<Gender>,
    /// Whether a foreigner.
    pub is_foreigner: Option<bool>,
    /// The operator.
    pub operator: Option<Operator>,
    /// The merchant's own id of the customer.
    pub customer_id: Option<Redacted>,
    /// CI and DI, where they were asked for and are there.
    pub linking: Linking,
}

/// What a person is recognised by from one service to the next.
#[derive(Debug, Clone, Default)]
pub struct Linking {
    /// CI.
    pub ci: Option<Redacted>,
    /// DI.
    pub di: Option<Redacted>,
}

impl Admin {
    /// The person of a verification in the clear. With `linking` CI and DI too. Who looked, and why, is in the audit before
    /// anything is handed out.
    pub async fn reveal(
        &self,
        who: &Administrator,
        key: &VerificationKey,
        linking: bool,
        why: &str,
    ) -> Result<RevealedPerson, Error> {
        who.must(Action::RevealPerson)?;
        let reason = reason(why)?;
        let record = self.record(key).await?;
        let revealed = match &record.verified {
            Some(person) => verified(person, &record.requested, linking),
            None => RevealedPerson {
                operator: record.operator,
                ..asked_for(&record.requested)
            },
        };
        if revealed.is_nothing() {
            return Err(Error::Refused(
                "보여 줄 개인정보가 없습니다. 파기했거나, 고객이 아직 정보를 입력하지 않았습니다."
                    .to_owned(),
            ));
        }
        let act = Act::new("verification.reveal")
            .to(&key.id)
            .of(&key.store)
            .with(json!({ "txId": record.tx_id.as_str(), "linking": linking }))
            .because(reason);
        self.store.note(&who.actor, act, self.now()).await?;
        Ok(revealed)
    }
}

fn asked_for(customer: &Customer) -> RevealedPerson {
    RevealedPerson {
        is_verified: false,
        name: customer.name.clone(),
        phone: customer.phone.clone(),
        birth_date: customer.birth_date,
        gender: customer.gender,
        is_foreigner: customer.is_foreigner,
        operator: None,
        customer_id: customer.id.clone(),
        linking: Linking::default(),
    }
}

fn verified(person: &VerifiedPerson, asked_for: &Customer, linking: bool) -> RevealedPerson {
    RevealedPerson {
        is_verified: true,
        name: Some(person.name.clone()),
        phone: Some(person.phone.clone()),
        birth_date: Some(person.birth_date),
        gender: Some(person.gender),
        is_foreigner: Some(person.is_foreigner),
        operator: Some(person.operator),
        customer_id: asked_for.id.clone(),
        linking: if linking {
            Linking {
                ci: person.ci.as_ref().map(|ci| Redacted::new(ci.expose())),
                di: Some(Redacted::new(person.di.expose())),
            }
        } else {
            Linking::default()
        },
    }
}

impl RevealedPerson {
    fn is_nothing(&self) -> bool {
        self.name.is_none()
            && self.phone.is_none()
            && self.birth_date.is_none()
            && self.gender.is_none()
            && self.customer_id.is_none()
    }
}

//! The personal columns of a try, sealed and opened; and the blind indexes of the list.

use std::str::FromStr;

use bonin_core::{
    BirthDate, Ci, Di, Gender, Operator, PersonName, PhoneNumber, Redacted, StoreId, TxId,
};
use sqlx::{Row, any::AnyRow};

use super::{Customer, PgAnswer, VerifiedPerson};
use crate::{Keyring, StoreError, keyring::IndexScope, sealed::Place};

/// The place of a column of `attempt`.
pub(super) fn place<'a>(column: &'static str, tx_id: &'a TxId) -> Place<'a> {
    Place {
        table: "attempt",
        column,
        row: tx_id.as_str(),
    }
}

fn yes_no(value: bool) -> &'static str {
    if value { "Y" } else { "N" }
}

/// One letter each: a sealed value is as long as what is in it, and the length must not tell the sex.
fn letter(gender: Gender) -> &'static str {
    match gender {
        Gender::Male => "M",
        Gender::Female => "F",
    }
}

fn gender(letter: &str) -> Result<Gender, ()> {
    match letter {
        "M" => Ok(Gender::Male),
        "F" => Ok(Gender::Female),
        _ => Err(()),
    }
}

/// Reads sealed columns of one `attempt` row.
pub(super) struct Opener<'a> {
    pub keyring: &'a Keyring,
    pub row: &'a AnyRow,
    pub tx_id: &'a TxId,
}

impl Opener<'_> {
    pub(super) fn text(&self, column: &'static str) -> Result<Option<Redacted>, StoreError> {
        self.row
            .try_get::<Option<&[u8]>, _>(column)?
            .map(|sealed| self.keyring.open(place(column, self.tx_id), sealed))
            .transpose()
    }

    fn parsed<T, E>(
        &self,
        column: &'static str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<Option<T>, StoreError> {
        self.text(column)?
            .map(|text| parse(text.expose()).map_err(|_| StoreError::UnknownValue(column)))
            .transpose()
    }

    fn flag(&self, column: &'static str) -> Result<Option<bool>, StoreError> {
        self.parsed(column, |text| match text {
            "Y" => Ok(true),
            "N" => Ok(false),
            _ => Err(()),
        })
    }

    pub(super) fn customer(&self) -> Result<Customer, StoreError> {
        Ok(Customer {
            id: self.text("customer_id")?,
            name: self.parsed("requested_name", |text| PersonName::parse(text))?,
            phone: self.parsed("requested_phone", |text| PhoneNumber::parse(text))?,
            birth_date: self.parsed("requested_birth_date", BirthDate::parse_compact)?,
            gender: self.parsed("requested_gender", gender)?,
            is_foreigner: self.flag("requested_foreigner")?,
        })
    }

    /// The person, where a person was verified and has not been erased.
    pub(super) fn person(&self) -> Result<Option<VerifiedPerson>, StoreError> {
        let operator = self
            .row
            .try_get::<Option<String>, _>("verified_operator")?
            .map(|name| {
                Operator::from_str(&name).map_err(|_| StoreError::UnknownValue("verified_operator"))
            })
            .transpose()?;
        let (
            Some(name),
            Some(phone),
            Some(birth_date),
            Some(gender),
            Some(is_foreigner),
            Some(operator),
            Some(di),
        ) = (
            self.parsed("verified_name", |text| PersonName::parse(text))?,
            self.parsed("verified_phone", |text| PhoneNumber::parse(text))?,
            self.parsed("verified_birth_date", BirthDate::parse_compact)?,
            self.parsed("verified_gender", gender)?,
            self.flag("verified_foreigner")?,
            operator,
            self.parsed("verified_di", |text| Di::parse(text))?,
        )
        else {
            return Ok(None);
        };
        Ok(Some(VerifiedPerson {
            name,
            phone,
            birth_date,
            gender,
            is_foreigner,
            operator,
            ci: self.parsed("verified_ci", |text| Ci::parse(text))?,
            di,
        }))
    }

    pub(super) fn answer(&self) -> Result<Option<PgAnswer>, StoreError> {
        let Some(code) = self.row.try_get::<Option<String>, _>("pg_code")? else {
            return Ok(None);
        };
        Ok(Some(PgAnswer {
            code,
            message: self.text("pg_message")?.unwrap_or_default(),
        }))
    }
}

/// The personal columns of a request, sealed.
pub(super) struct SealedCustomer {
    pub id: Option<Vec<u8>>,
    pub name: Option<Vec<u8>>,
    pub phone: Option<Vec<u8>>,
    pub birth_date: Option<Vec<u8>>,
    pub gender: Option<Vec<u8>>,
    pub foreigner: Option<Vec<u8>>,
}

impl Keyring {
    pub(super) fn seal_customer(
        &self,
        tx_id: &TxId,
        customer: &Customer,
    ) -> Result<SealedCustomer, StoreError> {
        let seal = |column, value: Option<&str>| self.seal_some(place(column, tx_id), value);
        let birth_date = customer.birth_date.map(BirthDate::compact);
        Ok(SealedCustomer {
            id: seal("customer_id", customer.id.as_ref().map(Redacted::expose))?,
            name: seal(
                "requested_name",
                customer.name.as_ref().map(PersonName::expose),
            )?,
            phone: seal(
                "requested_phone",
                customer.phone.as_ref().map(PhoneNumber::expose),
            )?,
            birth_date: seal("requested_birth_date", birth_date.as_deref())?,
            gender: seal("requested_gender", customer.gender.map(letter))?,
            foreigner: seal("requested_foreigner", customer.is_foreigner.map(yes_no))?,
        })
    }

    /// The verified person's columns: name, phone, birth date, gender, nationality, CI, DI.
    pub(super) fn seal_person(
        &self,
        tx_id: &TxId,
        person: &VerifiedPerson,
    ) -> Result<[Option<Vec<u8>>; 7], StoreError> {
        let seal = |column, value: &str| self.seal(place(column, tx_id), value).map(Some);
        Ok([
            seal("verified_name", person.name.expose())?,
            seal("verified_phone", person.phone.expose())?,
            seal("verified_birth_date", &person.birth_date.compact())?,
            seal("verified_gender", letter(person.gender))?,
            seal("verified_foreigner", yes_no(person.is_foreigner))?,
            person
                .ci
                .as_ref()
                .map(|ci| self.seal(place("verified_ci", tx_id), ci.expose()))
                .transpose()?,
            seal("verified_di", person.di.expose())?,
        ])
    }
}

/// The blind indexes of a person.
#[derive(Default, PartialEq)]
pub(super) struct Indexes {
    pub name: Option<Vec<u8>>,
    pub phone: Option<Vec<u8>>,
    pub birth_year: Option<Vec<u8>>,
    pub birth_month: Option<Vec<u8>>,
    pub birth_day: Option<Vec<u8>>,
    pub gender: Option<Vec<u8>>,
    pub ci: Option<Vec<u8>>,
    pub di: Option<Vec<u8>>,
}

/// The names under which fields are indexed. A query must use the same.
pub(super) mod field {
    pub const NAME: &str = "name";
    pub const PHONE: &str = "phone";
    pub const BIRTH_YEAR: &str = "birth_year";
    pub const BIRTH_MONTH: &str = "birth_month";
    pub const BIRTH_DAY: &str = "birth_day";
    pub const GENDER: &str = "gender";
    pub const CI: &str = "ci";
    pub const DI: &str = "di";
}

impl Keyring {
    fn of(&self, store: &StoreId, field: &'static str, value: Option<&str>) -> Option<Vec<u8>> {
        let scope = IndexScope {
            store: Some(store),
            field,
        };
        value.map(|value| self.index(&scope, value))
    }

    pub(super) fn index_customer(&self, store: &StoreId, customer: &Customer) -> Indexes {
        let of = |field, value: Option<&str>| self.of(store, field, value);
        let birth = customer.birth_date;
        Indexes {
            name: of(field::NAME, customer.name.as_ref().map(PersonName::expose)),
            phone: of(
                field::PHONE,
                customer.phone.as_ref().map(PhoneNumber::expose),
            ),
            birth_year: of(field::BIRTH_YEAR, birth.map(BirthDate::year).as_deref()),
            birth_month: of(field::BIRTH_MONTH, birth.map(BirthDate::month).as_deref()),
            birth_day: of(field::BIRTH_DAY, birth.map(BirthDate::day).as_deref()),
            gender: of(field::GENDER, customer.gender.map(Gender::as_str)),
            ci: None,
            di: None,
        }
    }

    /// The index of a try's own phone: the same as the list's.
    pub(super) fn index_phone(&self, store: &StoreId, customer: &Customer) -> Option<Vec<u8>> {
        let phone = customer.phone.as_ref().map(PhoneNumber::expose);
        phone.map(|phone| self.index_of_phone(store, phone))
    }

    /// The index of a phone in a store.
    pub(crate) fn index_of_phone(&self, store: &StoreId, phone: &str) -> Vec<u8> {
        let scope = IndexScope {
            store: Some(store),
            field: field::PHONE,
        };
        self.index(&scope, phone)
    }

    pub(super) fn index_person(&self, store: &StoreId, person: &VerifiedPerson) -> Indexes {
        let of = |field, value: &str| self.of(store, field, Some(value));
        Indexes {
            name: of(field::NAME, person.name.expose()),
            phone: of(field::PHONE, person.phone.expose()),
            birth_year: of(field::BIRTH_YEAR, &person.birth_date.year()),
            birth_month: of(field::BIRTH_MONTH, &person.birth_date.month()),
            birth_day: of(field::BIRTH_DAY, &person.birth_date.day()),
            gender: of(field::GENDER, person.gender.as_str()),
            ci: person.ci.as_ref().and_then(|ci| of(field::CI, ci.expose())),
            di: of(field::DI, person.di.expose()),
        }
    }
}

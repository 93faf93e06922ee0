//! A verified person, and what of them may be shown on a page.

use jiff::{
    Timestamp,
    civil::Date,
    tz::{Offset, TimeZone},
};
use serde::{Deserialize, Serialize};

const KOREA: Offset = jiff::tz::offset(9);
const ADULT: i16 = 19;

/// `verifiedCustomer`. No `Debug`: nobody may log a person.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Person {
    name: String,
    phone_number: Option<String>,
    /// Absent once personal data was erased, as `di`.
    pub birth_date: Option<Date>,
    gender: Option<String>,
    operator: Option<String>,
    is_foreigner: Option<bool>,
    ci: Option<String>,
    pub di: Option<String>,
}

/// As it is shown: nothing that would tell a bystander who it is.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Shown {
    name: String,
    phone_number: Option<String>,
    birth_date: Date,
    age: i16,
    gender: Option<String>,
    operator: Option<String>,
    is_foreigner: Option<bool>,
    ci: Option<String>,
    di: Option<String>,
}

impl Person {
    pub(super) fn shown(&self, born: Date, today: Date) -> Shown {
        Shown {
            name: masked_name(&self.name),
            phone_number: self.phone_number.as_deref().map(masked_phone),
            birth_date: born,
            age: age(born, today),
            gender: self.gender.clone(),
            operator: self.operator.clone(),
            is_foreigner: self.is_foreigner,
            ci: self.ci.as_deref().map(shortened),
            di: self.di.as_deref().map(shortened),
        }
    }
}

/// The day it is in Korea, wherever this machine stands.
pub(super) fn today(now: Timestamp) -> Date {
    now.to_zoned(TimeZone::fixed(KOREA)).date()
}

/// 만 나이: the day of birth counts (Civil Act, article 158), so a year is full as the birthday begins. Who was born on 29
/// February is a year older on 1 March where there is no 29th.
fn age(born: Date, today: Date) -> i16 {
    let before_birthday = (today.month(), today.day()) < (born.month(), born.day());
    today.year() - born.year() - i16::from(before_birthday)
}

/// Youth Protection Act, article 2: a youth is who is under 19, except from 1 January of the year in which they turn 19.
pub(super) fn is_adult(born: Date, today: Date) -> bool {
    today.year() - born.year() >= ADULT
}

/// 홍길동 → 홍*동, 김산 → 김*.
fn masked_name(name: &str) -> String {
    let last = name.chars().count().saturating_sub(1);
    name.chars()
        .enumerate()
        .map(|(place, letter)| match place {
            0 if last > 0 => letter,
            _ if place == last && last > 1 => letter,
            _ if letter.is_whitespace() => letter,
            _ => '*',
        })
        .collect()
}

fn masked_phone(phone: &str) -> String {
    let end = phone.len().saturating_sub(4);
    match (phone.get(..3), phone.get(end..)) {
        (Some(start), Some(last)) if end >= 6 => format!("{start}-****-{last}"),
        _ => "****".to_owned(),
    }
}

fn shortened(value: &str) -> String {
    let start: String = value.chars().take(8).collect();
    format!("{start}… ({}자)", value.chars().count())
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn one_is_an_adult_from_the_first_of_january_of_the_year_one_turns_nineteen() {
        let born = date(2007, 12, 31);
        assert!(!is_adult(born, date(2025, 12, 31)));
        assert!(is_adult(born, date(2026, 1, 1)));
        assert_eq!(age(born, date(2026, 1, 1)), 18);
    }

    #[test]
    fn a_year_is_full_as_the_birthday_begins() {
        let born = date(1990, 6, 15);
        assert_eq!(age(born, date(2026, 6, 14)), 35);
        assert_eq!(age(born, date(2026, 6, 15)), 36);
        assert_eq!(age(date(2004, 2, 29), date(2026, 2, 28)), 21);
        assert_eq!(age(date(2004, 2, 29), date(2026, 3, 1)), 22);
    }

    #[test]
    fn the_day_is_koreas() {
        let new_year = "2025-12-31T15:00:00Z".parse().unwrap();
        assert_eq!(today(new_year), date(2026, 1, 1));
        assert_eq!(
            today(new_year - jiff::SignedDuration::from_secs(1)),
            date(2025, 12, 31)
        );
    }

    #[test]
    fn what_is_shown_does_not_tell_who_it_is() {
        for (name, masked) in [
            ("홍길동", "홍*동"),
            ("김산", "김*"),
            ("남궁민수", "남**수"),
            ("이", "*"),
            ("John Smith", "J*** ****h"),
            ("", ""),
        ] {
            assert_eq!(masked_name(name), masked);
        }
        assert_eq!(masked_phone("01012345678"), "010-****-5678");
        assert_eq!(masked_phone("0111234567"), "011-****-4567");
        assert_eq!(masked_phone("12"), "****");
        assert_eq!(shortened(&"A".repeat(64)), "AAAAAAAA… (64자)");
    }
}

use aws_lc_rs::digest::{SHA256, digest};
use bonin_kcp::codes::{CommId, LocalCode, SexCode};
use jiff::civil::Date;
use serde_json::{Value, json};

/// Somebody with a phone. No `Debug`: a person must not get into a log by accident, not even a made-up one.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Person {
    pub(crate) name: String,
    /// Digits only.
    pub(crate) phone: String,
    pub(crate) birth_date: Date,
    pub(crate) sex: SexCode,
    pub(crate) nationality: LocalCode,
    pub(crate) operator: CommId,
    /// Whether the phone has the PASS app.
    pub(crate) has_pass: bool,
}

impl Person {
    /// Somebody about whom only the name and the phone are known, as 2500 without 2700 tells them: the rest is made up, and
    /// always the same for the same phone.
    pub(crate) fn made_up(name: &str, phone: &str, operator: CommId) -> Self {
        let hash = digest(&SHA256, phone.as_bytes());
        let byte = |index: usize| hash.as_ref().get(index).copied().unwrap_or_default();
        let birth_date = Date::constant(1960, 1, 1).saturating_add(
            jiff::Span::new()
                .years(byte(0) % 45)
                .months(byte(1) % 12)
                .days(byte(2) % 28),
        );
        Self {
            name: name.to_owned(),
            phone: phone.to_owned(),
            birth_date,
            sex: if byte(3) % 2 == 0 {
                SexCode::Male
            } else {
                SexCode::Female
            },
            nationality: LocalCode::Korean,
            operator,
            has_pass: true,
        }
    }

    /// As `GET /sandbox/people` shows people.
    pub(crate) fn to_json(&self) -> Value {
        json!({
            "name": self.name,
            "phone": self.phone,
            "birthDate": self.birth_date.to_string(),
            "gender": gender_name(self.sex),
            "isForeigner": self.nationality == LocalCode::Foreigner,
            "operator": operator_name(self.operator),
            "pass": self.has_pass,
        })
    }
}

/// The operators' names in PortOne's API, which the control API shares, so that a test can use one value for both.
const OPERATOR_NAMES: [(CommId, &str); 6] = [
    (CommId::Skt, "SKT"),
    (CommId::Ktf, "KT"),
    (CommId::Lgt, "LGU"),
    (CommId::Skm, "SKT_MVNO"),
    (CommId::Ktm, "KT_MVNO"),
    (CommId::Lgm, "LGU_MVNO"),
];

fn operator_name(operator: CommId) -> &'static str {
    OPERATOR_NAMES
        .iter()
        .find(|(id, _)| *id == operator)
        .map_or(operator.as_str(), |(_, name)| name)
}

/// An operator by PortOne's name or by KCP's `comm_id`.
pub(crate) fn parse_operator(text: &str) -> Option<CommId> {
    let named = OPERATOR_NAMES
        .iter()
        .find(|(_, name)| *name == text)
        .map(|(id, _)| *id);
    named.or_else(|| text.parse().ok())
}

fn gender_name(sex: SexCode) -> &'static str {
    match sex {
        SexCode::Male => "MALE",
        SexCode::Female => "FEMALE",
    }
}

pub(crate) fn parse_gender(text: &str) -> Option<SexCode> {
    SexCode::ALL
        .iter()
        .copied()
        .find(|sex| gender_name(*sex) == text)
}

/// A mobile number, with or without hyphens, as digits only.
pub(crate) fn parse_phone(text: &str) -> Option<String> {
    if text.len() > 20 {
        return None;
    }
    let digits: String = text.chars().filter(|c| *c != '-').collect();
    let is_mobile = (10..=11).contains(&digits.len())
        && digits.starts_with("01")
        && digits.bytes().all(|b| b.is_ascii_digit());
    is_mobile.then_some(digits)
}

/// A birth date as `YYYYMMDD` or `YYYY-MM-DD`, from 1800 on.
pub(crate) fn parse_birth_date(text: &str) -> Option<Date> {
    let digits = match text.len() {
        8 => text.to_owned(),
        10 if text.get(4..5) == Some("-") && text.get(7..8) == Some("-") => text.replace('-', ""),
        _ => return None,
    };
    if digits.len() != 8 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let year = digits.get(..4)?.parse().ok()?;
    let month = digits.get(4..6)?.parse().ok()?;
    let day = digits.get(6..)?.parse().ok()?;
    Date::new(year, month, day)
        .ok()
        .filter(|date| date.year() >= 1800)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_made_up_person_is_always_the_same_for_the_same_phone() {
        let one = Person::made_up("홍길동", "01012345678", CommId::Skt);
        assert!(one == Person::made_up("홍길동", "01012345678", CommId::Skt));
        assert!((1960..=2005).contains(&one.birth_date.year()));
        let births: std::collections::HashSet<_> = (0..50)
            .map(|n| Person::made_up("홍길동", &format!("010123456{n:02}"), CommId::Skt).birth_date)
            .collect();
        assert!(births.len() > 10);
    }

    #[test]
    fn phones_and_birth_dates_are_read_with_and_without_hyphens() {
        assert_eq!(parse_phone("010-1234-5678").as_deref(), Some("01012345678"));
        assert_eq!(parse_phone("0111234567").as_deref(), Some("0111234567"));
        for wrong in [
            "",
            "1012345678",
            "010123456789",
            "0101234567a",
            "+821012345678",
            "-".repeat(30).as_str(),
        ] {
            assert_eq!(parse_phone(wrong), None);
        }
        assert_eq!(parse_birth_date("19900101"), parse_birth_date("1990-01-01"));
        for wrong in [
            "",
            "19900230",
            "1990-1-1",
            "1990/01/01",
            "17991231",
            "199001-01",
            "한글날이여",
            "1990-0101-",
        ] {
            assert_eq!(parse_birth_date(wrong), None);
        }
    }

    #[test]
    fn operators_are_read_by_both_names() {
        assert_eq!(parse_operator("LGU_MVNO"), Some(CommId::Lgm));
        assert_eq!(parse_operator("KTF"), Some(CommId::Ktf));
        assert_eq!(parse_operator("lgu"), None);
    }
}

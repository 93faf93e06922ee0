//! What is known of a person. Every type here prints as `[redacted]`.

use std::{fmt, str::FromStr};

use jiff::civil::Date;

use crate::{Redacted, redacted::personal};

/// Why a value is not what it should be. Says the rule, never the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{what}: {rule}")]
pub struct InvalidPerson {
    what: &'static str,
    rule: &'static str,
}

fn invalid<T>(what: &'static str, rule: &'static str) -> Result<T, InvalidPerson> {
    Err(InvalidPerson { what, rule })
}

personal! {
    /// A person's name: 1 to 50 characters, no control characters, and no `^`, since KCP's signature joins its fields by it.
    PersonName
}

impl PersonName {
    /// Checks the name and takes it as it came.
    pub fn parse(value: impl Into<String>) -> Result<Self, InvalidPerson> {
        let value = value.into();
        let length = value.chars().count();
        if value.trim().is_empty()
            || length > 50
            || value.chars().any(|c| c.is_control() || c == '^')
        {
            return invalid(
                "name",
                "1 to 50 characters, without control characters and '^'",
            );
        }
        Ok(Self(Redacted::new(value)))
    }

    /// What may be shown of it: the first and the last letter (홍*동), of two letters the first (홍*), of one none. Spaces stay.
    pub fn masked(&self) -> String {
        let name: Vec<char> = self.expose().trim().chars().collect();
        // Spaces hide nothing: of two letters with one between them, too, one stays hidden.
        let letters = name.iter().filter(|letter| **letter != ' ').count();
        let last = (letters > 2).then(|| name.len() - 1);
        let shows =
            |at: usize, letter: char| letter == ' ' || (at == 0 && letters > 1) || Some(at) == last;
        name.iter()
            .enumerate()
            .map(|(at, letter)| if shows(at, *letter) { *letter } else { '*' })
            .collect()
    }
}

personal! {
    /// A Korean mobile number: 10 or 11 digits that begin with `01`.
    PhoneNumber
}

impl PhoneNumber {
    /// Checks the number and takes it.
    pub fn parse(value: impl Into<String>) -> Result<Self, InvalidPerson> {
        let value = value.into();
        if !matches!(value.len(), 10 | 11)
            || !value.starts_with("01")
            || !value.bytes().all(|b| b.is_ascii_digit())
        {
            return invalid(
                "phone number",
                "10 or 11 digits that begin with 01, without hyphens",
            );
        }
        Ok(Self(Redacted::new(value)))
    }

    /// What may be shown of it: all but the middle, as 010-****-5678.
    pub fn masked(&self) -> String {
        // Ten or eleven ASCII digits: see `parse`.
        let digits = self.expose();
        let (prefix, rest) = digits.split_at(3);
        let (middle, last) = rest.split_at(rest.len() - 4);
        format!("{prefix}-{}-{last}", "*".repeat(middle.len()))
    }
}

/// A day of birth.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct BirthDate(Date);

impl BirthDate {
    /// From `YYYYMMDD` (KCP's `birth_day`).
    pub fn parse_compact(value: &str) -> Result<Self, InvalidPerson> {
        const RULE: &str = "eight digits YYYYMMDD that are a day of the calendar";
        if value.len() != 8 || !value.bytes().all(|b| b.is_ascii_digit()) {
            return invalid("birth date", RULE);
        }
        let number = |range: std::ops::Range<usize>| value[range].parse::<i16>().unwrap_or(0);
        let (year, month, day) = (number(0..4), number(4..6), number(6..8));
        if year < 1800 {
            return invalid("birth date", RULE);
        }
        match Date::new(year, month as i8, day as i8) {
            Ok(date) => Ok(Self(date)),
            Err(_) => invalid("birth date", RULE),
        }
    }

    /// As `YYYYMMDD`.
    pub fn compact(self) -> String {
        format!("{}{}{}", self.year(), self.month(), self.day())
    }

    /// As `YYYY-MM-DD`, the API's form.
    pub fn dashed(self) -> String {
        format!("{}-{}-{}", self.year(), self.month(), self.day())
    }

    /// What may be shown of it: the year, as 1990-**-**.
    pub fn masked(self) -> String {
        format!("{}-**-**", self.year())
    }

    /// The year, four digits.
    pub fn year(self) -> String {
        format!("{:04}", self.0.year())
    }

    /// The month, two digits.
    pub fn month(self) -> String {
        format!("{:02}", self.0.month())
    }

    /// The day of the month, two digits.
    pub fn day(self) -> String {
        format!("{:02}", self.0.day())
    }
}

impl fmt::Debug for BirthDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BirthDate([redacted])")
    }
}

/// Sex as a resident number and KCP tell it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub enum Gender {
    /// 남성.
    Male,
    /// 여성.
    Female,
}

impl Gender {
    /// The API's name for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Male => "MALE",
            Self::Female => "FEMALE",
        }
    }
}

impl FromStr for Gender {
    type Err = InvalidPerson;
    fn from_str(value: &str) -> Result<Self, InvalidPerson> {
        match value {
            "MALE" => Ok(Self::Male),
            "FEMALE" => Ok(Self::Female),
            _ => invalid("gender", "MALE or FEMALE"),
        }
    }
}

impl fmt::Debug for Gender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Gender([redacted])")
    }
}

/// The first seven digits of a resident registration number, reduced at once to what they tell: birth date, sex and
/// nationality. The digits themselves are not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResidentNumberPrefix {
    /// The day of birth.
    pub birth_date: BirthDate,
    /// The sex.
    pub gender: Gender,
    /// Whether the number was given to a foreigner.
    pub is_foreigner: bool,
}

impl ResidentNumberPrefix {
    /// Reads `YYMMDD` and the digit that tells century, sex and nationality: 9/0 = 1800s Korean, 1/2 = 1900s Korean,
    /// 3/4 = 2000s Korean, 5/6 = 1900s foreigner, 7/8 = 2000s foreigner; odd is male.
    pub fn parse(digits: &str) -> Result<Self, InvalidPerson> {
        const RULE: &str =
            "seven digits: YYMMDD of a real day, then the digit for century, sex and nationality";
        let bytes = digits.as_bytes();
        if bytes.len() != 7 || !bytes.iter().all(u8::is_ascii_digit) {
            return invalid("resident number", RULE);
        }
        let kind = bytes[6] - b'0';
        let century = match kind {
            9 | 0 => "18",
            1 | 2 | 5 | 6 => "19",
            _ => "20",
        };
        let Ok(birth_date) = BirthDate::parse_compact(&format!("{century}{}", &digits[..6])) else {
            return invalid("resident number", RULE);
        };
        Ok(Self {
            birth_date,
            gender: if kind % 2 == 1 {
                Gender::Male
            } else {
                Gender::Female
            },
            is_foreigner: matches!(kind, 5..=8),
        })
    }
}

personal! {
    /// 연계정보: 88 characters, base64 of 64 bytes; the same person everywhere.
    Ci
}

impl Ci {
    /// Checks the form and takes it.
    pub fn parse(value: impl Into<String>) -> Result<Self, InvalidPerson> {
        let value = value.into();
        let base64 = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=');
        if value.len() != 88 || !value.bytes().all(base64) {
            return invalid("CI", "88 characters of base64");
        }
        Ok(Self(Redacted::new(value)))
    }
}

personal! {
    /// 중복가입확인정보: 64 characters; the same person at one site.
    Di
}

impl Di {
    /// Checks the form and takes it.
    pub fn parse(value: impl Into<String>) -> Result<Self, InvalidPerson> {
        let value = value.into();
        if value.len() != 64 || !value.bytes().all(|b| b.is_ascii_graphic()) {
            return invalid("DI", "64 printable ASCII characters");
        }
        Ok(Self(Redacted::new(value)))
    }
}

personal! {
    /// The six digits that came by SMS.
    Otp
}

impl Otp {
    /// Checks the digits and takes them.
    pub fn parse(value: impl Into<String>) -> Result<Self, InvalidPerson> {
        let value = value.into();
        if value.len() != 6 || !value.bytes().all(|b| b.is_ascii_digit()) {
            return invalid("otp", "six digits");
        }
        Ok(Self(Redacted::new(value)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resident_number_prefix_tells_birth_date_sex_and_nationality() {
        let table = [
            ("9001011", "1990-01-01", Gender::Male, false),
            ("9001012", "1990-01-01", Gender::Female, false),
            ("0402293", "2004-02-29", Gender::Male, false),
            ("0402294", "2004-02-29", Gender::Female, false),
            ("8512315", "1985-12-31", Gender::Male, true),
            ("8512316", "1985-12-31", Gender::Female, true),
            ("0101017", "2001-01-01", Gender::Male, true),
            ("0101018", "2001-01-01", Gender::Female, true),
            ("9905059", "1899-05-05", Gender::Male, false),
            ("9905050", "1899-05-05", Gender::Female, false),
        ];
        for (digits, birth_date, gender, is_foreigner) in table {
            let read = ResidentNumberPrefix::parse(digits).unwrap();
            assert_eq!(read.birth_date.dashed(), birth_date);
            assert_eq!(read.gender, gender);
            assert_eq!(read.is_foreigner, is_foreigner);
        }
    }

    #[test]
    fn a_resident_number_prefix_of_no_real_day_is_refused() {
        for wrong in [
            "9002301",
            "0302293",
            "900101",
            "90010112",
            "900101a",
            "9000001",
            "９００１０１１",
            "",
        ] {
            assert!(ResidentNumberPrefix::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn personal_values_do_not_print() {
        let name = PersonName::parse("홍길동").unwrap();
        let phone = PhoneNumber::parse("01012345678").unwrap();
        let resident = ResidentNumberPrefix::parse("9001011").unwrap();
        let printed = format!("{name:?} {phone:?} {resident:?}");
        assert!(printed.contains("[redacted]"));
        for secret in ["홍길동", "01012345678", "1990", "Male"] {
            assert!(!printed.contains(secret), "{printed}");
        }
    }

    #[test]
    fn a_masked_name_keeps_its_ends_and_never_its_middle() {
        let table = [
            ("홍길동", "홍*동"),
            ("남궁민수", "남**수"),
            ("홍길", "홍*"),
            ("홍", "*"),
            (" 홍길동 ", "홍*동"),
            ("MARY ANN O'NEIL", "M*** *** *****L"),
            ("YI", "Y*"),
            ("𠮷野家", "𠮷*家"),
        ];
        // With its space shown, nothing of it was hidden once.
        assert_eq!(PersonName::parse("김 동").unwrap().masked(), "김 *");
        for (name, masked) in table {
            assert_eq!(PersonName::parse(name).unwrap().masked(), masked);
        }
    }

    #[test]
    fn a_masked_phone_number_keeps_its_first_three_and_last_four_digits() {
        let masked = |number: &str| PhoneNumber::parse(number).unwrap().masked();
        assert_eq!(masked("01012345678"), "010-****-5678");
        assert_eq!(masked("0111235678"), "011-***-5678");
    }

    #[test]
    fn a_masked_birth_date_keeps_its_year() {
        let birth_date = BirthDate::parse_compact("19900102").unwrap();
        assert_eq!(birth_date.masked(), "1990-**-**");
    }

    #[test]
    fn names_that_would_break_a_signature_are_refused() {
        assert!(PersonName::parse("홍^길동").is_err());
        assert!(PersonName::parse("홍\n길동").is_err());
        assert!(PersonName::parse("   ").is_err());
        assert!(PersonName::parse("MARY ANN O'NEIL").is_ok());
    }
}

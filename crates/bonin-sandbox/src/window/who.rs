//! Who somebody says they are.

use bonin_kcp::codes::{CommId, LocalCode, SexCode};
use bonin_kcp::hub::message::Subject;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::{Offset, TimeZone};

use super::form::Form;
use crate::world::parse_phone;

const KOREA: Offset = jiff::tz::offset(9);

/// The fields of the person's page as they were typed.
#[derive(Default)]
pub(super) struct Typed {
    pub(super) name: String,
    /// `YYMMDD`.
    pub(super) birth: String,
    /// The digit after it, which tells century, sex and nationality.
    pub(super) digit: String,
    pub(super) phone: String,
}

/// What is wrong with which field, for the page.
#[derive(Default)]
pub(super) struct Wrong {
    pub(super) name: Option<&'static str>,
    pub(super) birth: Option<&'static str>,
    pub(super) phone: Option<&'static str>,
    /// What is wrong with all of it together.
    pub(super) all: Option<String>,
}

impl Wrong {
    pub(super) fn together(message: &str) -> Self {
        Self {
            all: Some(message.to_owned()),
            ..Self::default()
        }
    }

    fn is_nothing(&self) -> bool {
        self.name.is_none() && self.birth.is_none() && self.phone.is_none() && self.all.is_none()
    }
}

impl Typed {
    pub(super) fn read(form: &Form) -> Self {
        let field = |name, longest| form.get(name).chars().take(longest).collect::<String>();
        Self {
            name: field("name", 100),
            birth: field("birth", 20),
            digit: field("digit", 5),
            phone: field("phone", 30),
        }
    }

    /// The person as the hub's checks take one.
    pub(super) fn subject(&self, operator: CommId) -> Result<Subject, Wrong> {
        let mut wrong = Wrong::default();
        // As `user_name` of the hub.
        if self.name.is_empty()
            || self.name.chars().count() > 50
            || self.name.contains(|c: char| c == '^' || c.is_control())
        {
            wrong.name = Some("이름을 50자 이내로 입력해 주세요. 예: 홍길동");
        }
        let born = born(&self.birth, &self.digit);
        let today = Timestamp::now().to_zoned(TimeZone::fixed(KOREA)).date();
        if born.as_ref().is_none_or(|born| born.date > today) {
            wrong.birth = Some("주민등록번호 앞 7자리를 확인해 주세요. 예: 900101 - 1");
        }
        let phone = parse_phone(&self.phone);
        if phone.is_none() {
            wrong.phone = Some("휴대폰 번호를 확인해 주세요. 예: 010-1234-5678");
        }
        match (born, phone) {
            (Some(born), Some(phone)) if wrong.is_nothing() => Ok(Subject {
                ordr_idxx: String::new(),
                phone_no: phone.into(),
                comm_id: operator,
                user_name: self.name.as_str().into(),
                birth_day: born.date.strftime("%Y%m%d").to_string().into(),
                local_code: born.nationality,
                sex_code: born.sex,
                web_siteid: None,
                cust_ip: None,
            }),
            _ => Err(wrong),
        }
    }
}

struct Born {
    date: Date,
    sex: SexCode,
    nationality: LocalCode,
}

/// The first seven digits of a resident number: `YYMMDD`, then 1/2 for 1900s Korean male/female, 3/4 2000s Korean, 5/6 1900s foreigner,
/// 7/8 2000s foreigner, 9/0 1800s Korean.
fn born(birth: &str, digit: &str) -> Option<Born> {
    if birth.len() != 6 || digit.len() != 1 || !birth.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let digit: u8 = digit.parse().ok()?;
    let (century, nationality) = match digit {
        1 | 2 => (1900, LocalCode::Korean),
        3 | 4 => (2000, LocalCode::Korean),
        5 | 6 => (1900, LocalCode::Foreigner),
        7 | 8 => (2000, LocalCode::Foreigner),
        9 | 0 => (1800, LocalCode::Korean),
        _ => return None,
    };
    let number = |range: std::ops::Range<usize>| birth.get(range)?.parse::<i8>().ok();
    let year = i16::from(number(0..2)?) + century;
    Some(Born {
        date: Date::new(year, number(2..4)?, number(4..6)?).ok()?,
        sex: if digit % 2 == 1 {
            SexCode::Male
        } else {
            SexCode::Female
        },
        nationality,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(name: &str, birth: &str, digit: &str, phone: &str) -> Typed {
        Typed {
            name: name.into(),
            birth: birth.into(),
            digit: digit.into(),
            phone: phone.into(),
        }
    }

    #[test]
    fn the_digit_tells_century_sex_and_nationality() {
        for (digit, date, sex, nationality) in [
            ("1", "19900102", "01", "01"),
            ("2", "19900102", "02", "01"),
            ("3", "20900102", "01", "01"),
            ("4", "20900102", "02", "01"),
            ("5", "19900102", "01", "02"),
            ("6", "19900102", "02", "02"),
            ("7", "20900102", "01", "02"),
            ("8", "20900102", "02", "02"),
            ("9", "18900102", "01", "01"),
            ("0", "18900102", "02", "01"),
        ] {
            let born = born("900102", digit).unwrap();
            assert_eq!(born.date.strftime("%Y%m%d").to_string(), date);
            assert_eq!(
                (born.sex.as_str(), born.nationality.as_str()),
                (sex, nationality)
            );
        }
    }

    #[test]
    fn each_field_that_is_wrong_is_named() {
        let fine = typed("홍길동", "900101", "1", "010-1234-5678");
        assert!(fine.subject(CommId::Skt).is_ok());
        let long = "홍".repeat(51);
        for name in ["", "홍^길동", "홍\u{7}", &long] {
            let wrong = typed(name, "900101", "1", "01012345678").subject(CommId::Skt);
            assert!(
                wrong
                    .is_err_and(|it| it.name.is_some() && it.birth.is_none() && it.phone.is_none())
            );
        }
        for (birth, digit) in [
            ("", "1"),
            ("900230", "1"),
            ("90010", "1"),
            ("9001011", ""),
            ("900101", "x"),
            ("900101", "12"),
            ("990101", "3"),
            ("+90101", "1"),
            ("한글", "1"),
        ] {
            let wrong = typed("홍길동", birth, digit, "01012345678").subject(CommId::Skt);
            assert!(
                wrong
                    .is_err_and(|it| it.name.is_none() && it.birth.is_some() && it.phone.is_none()),
                "{birth}-{digit}"
            );
        }
        let wrong = typed("홍길동", "900101", "1", "02-123-4567").subject(CommId::Skt);
        assert!(wrong.is_err_and(|it| it.phone.is_some()));
    }
}

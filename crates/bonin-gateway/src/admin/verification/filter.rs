//! What the list is asked for: a form as it was filled in, and the query it makes.

use bonin_core::{
    BirthDate, IdentityVerificationId, Operator, PersonName, PhoneNumber, Redacted, Status,
    StoreId, TxId, Way,
};
use bonin_store::{CustomerFilter, ListQuery, SortField, SortOrder, StoreRow, TimeRange};
use jiff::{SignedDuration, Timestamp, civil::Date};

use super::super::{Error, Problems, korea};

/// The list's filters as they were filled in; empty ones filter nothing. Whoever is looked for prints as `[redacted]`.
#[derive(Debug, Clone, Default)]
pub struct VerificationForm {
    /// A store's id.
    pub store: String,
    /// `READY`, `VERIFIED` or `FAILED`.
    pub status: String,
    /// An operator, as the API spells it.
    pub operator: String,
    /// `WINDOW`, `SMS` or `APP`.
    pub way: String,
    /// `LIVE` or `TEST`.
    pub channel: String,
    /// What the days are of, and what is sorted by: `REQUESTED`, `VERIFIED`, `FAILED` or `CHANGED`.
    pub field: String,
    /// The first day in Korea, as `2026-11-23`.
    pub from: String,
    /// The last day in Korea.
    pub until: String,
    /// `identityVerificationId`.
    pub id: String,
    /// `identityVerificationTxId`.
    pub tx_id: String,
    /// The provider's id of the shown try.
    pub pg_tx_id: String,
    /// The merchant's id at the provider.
    pub pg_merchant_id: String,
    /// A name in full.
    pub name: Redacted,
    /// A phone, with hyphens or without.
    pub phone: Redacted,
    /// A day of birth, as `1990-01-31`.
    pub birth_date: Redacted,
    /// Which page, from 1.
    pub page: String,
}

/// How far back the list goes where nothing says otherwise: as far as the API's.
const USUAL: SignedDuration = SignedDuration::from_hours(24 * 90);

impl VerificationForm {
    /// The fields about a person that are filled in, by their names.
    pub fn personal_fields(&self) -> Vec<&'static str> {
        let fields = [
            ("name", &self.name),
            ("phone", &self.phone),
            ("birthDate", &self.birth_date),
        ];
        let filled = fields
            .into_iter()
            .filter(|(_, value)| !value.expose().trim().is_empty());
        filled.map(|(name, _)| name).collect()
    }

    /// Whether it asks for one certain thing, however old that is.
    fn names_one(&self) -> bool {
        [&self.id, &self.tx_id, &self.pg_tx_id]
            .iter()
            .any(|id| !id.is_empty())
    }

    /// The first page of what is asked for, without a size.
    pub(super) fn query(&self, stores: &[StoreRow], now: Timestamp) -> Result<ListQuery, Error> {
        let mut problems = Problems::default();
        let wrong = &mut problems;
        let field = self.field(wrong);
        let range = self.range(field, now, wrong);
        let query = ListQuery {
            stores: self.stores(stores, wrong),
            range,
            id: parsed("id", &self.id, wrong, ID, |id| {
                IdentityVerificationId::parse(id).ok()
            }),
            tx_id: parsed("txId", &self.tx_id, wrong, TX_ID, |id| {
                TxId::parse(id.to_ascii_lowercase())
                    .ok()
                    .filter(|id| id.as_str().len() == 32)
            }),
            is_test: choice(
                "channel",
                &self.channel,
                wrong,
                &[("LIVE", false), ("TEST", true)],
            ),
            statuses: choice("status", &self.status, wrong, &STATUSES)
                .into_iter()
                .collect(),
            pg_tx_id: plain("pgTxId", &self.pg_tx_id, wrong),
            pg_merchant_id: plain("pgMerchantId", &self.pg_merchant_id, wrong),
            pg_providers: None,
            operators: parsed(
                "operator",
                &self.operator,
                wrong,
                &choose("operator"),
                |name| name.parse::<Operator>().ok(),
            )
            .into_iter()
            .collect(),
            ways: choice("way", &self.way, wrong, &WAYS).into_iter().collect(),
            customer: self.customer(wrong),
            sort: field,
            order: SortOrder::Descending,
            skip: 0,
            size: 0,
        };
        problems.or(query)
    }

    fn stores(&self, stores: &[StoreRow], problems: &mut Problems) -> Vec<StoreId> {
        let chosen: Vec<StoreId> = stores
            .iter()
            .map(|store| &store.id)
            .filter(|id| self.store.is_empty() || id.as_str() == self.store)
            .cloned()
            .collect();
        if chosen.is_empty() && !self.store.is_empty() {
            problems.add("store", choose("store"));
        }
        chosen
    }

    fn field(&self, problems: &mut Problems) -> SortField {
        choice("field", &self.field, problems, &FIELDS).unwrap_or_default()
    }

    fn range(&self, field: SortField, now: Timestamp, problems: &mut Problems) -> TimeRange {
        let mut day = |name, given: &str| {
            let which = if name == "from" {
                "첫날"
            } else {
                "마지막 날"
            };
            let rule = format!("{which}은 2026-11-23처럼 적어야 합니다.");
            parsed(name, given, problems, &rule, |text| {
                text.parse::<Date>()
                    .ok()
                    .filter(|day| text.len() == 10 && (1970..=2999).contains(&day.year()))
            })
        };
        let (first, last) = (day("from", &self.from), day("until", &self.until));
        if first.zip(last).is_some_and(|(first, last)| first > last) {
            problems.add("from", "첫날은 마지막 날보다 늦을 수 없습니다.");
        }
        let until = match last.and_then(|last| last.tomorrow().ok()) {
            // Both ends are included, down to the microsecond.
            Some(next) => korea::midnight(next)
                .checked_sub(SignedDuration::from_micros(1))
                .unwrap_or(now),
            None => now,
        };
        let from = match first {
            Some(first) => korea::midnight(first),
            None if self.names_one() => Timestamp::UNIX_EPOCH,
            None => until.checked_sub(USUAL).unwrap_or(Timestamp::UNIX_EPOCH),
        };
        TimeRange { field, from, until }
    }

    fn customer(&self, problems: &mut Problems) -> CustomerFilter {
        let name = parsed("name", self.name.expose(), problems, NAME, |name| {
            PersonName::parse(name.trim()).ok()
        });
        let phone = parsed("phone", self.phone.expose(), problems, PHONE, |phone| {
            let digits: String = phone.chars().filter(|c| !matches!(c, '-' | ' ')).collect();
            PhoneNumber::parse(digits).ok()
        });
        let birth = parsed(
            "birthDate",
            self.birth_date.expose(),
            problems,
            BIRTH,
            |day| {
                let digits: String = day
                    .chars()
                    .filter(|c| !matches!(c, '-' | ' ' | '.'))
                    .collect();
                BirthDate::parse_compact(&digits).ok()
            },
        );
        let part = |part: fn(BirthDate) -> String| birth.map(|birth| Redacted::new(part(birth)));
        CustomerFilter {
            name: name.map(|name| Redacted::new(name.expose())),
            phone: phone.map(|phone| Redacted::new(phone.expose())),
            birth_year: part(BirthDate::year),
            birth_month: part(BirthDate::month),
            birth_day: part(BirthDate::day),
            gender: None,
        }
    }
}

const STATUSES: [(&str, Status); 3] = [
    ("READY", Status::Ready),
    ("VERIFIED", Status::Verified),
    ("FAILED", Status::Failed),
];

const WAYS: [(&str, Way); 3] = [
    ("WINDOW", Way::Window),
    ("SMS", Way::Sms),
    ("APP", Way::App),
];

const FIELDS: [(&str, SortField); 4] = [
    ("REQUESTED", SortField::RequestedAt),
    ("VERIFIED", SortField::VerifiedAt),
    ("FAILED", SortField::FailedAt),
    ("CHANGED", SortField::StatusChangedAt),
];

const ID: &str = "아이디는 영문과 숫자 70자까지이고, 전체를 적어야 합니다.";
const TX_ID: &str = "txId는 0~9와 a~f로 된 32자이고, 전체를 적어야 합니다.";
const NAME: &str = "이름은 전체를 50자까지 적어야 합니다.";
const PHONE: &str = "휴대폰 번호는 01로 시작하는 10자리나 11자리로 적어야 합니다.";
const BIRTH: &str = "생년월일은 1990-01-31처럼 적어야 합니다.";

/// What a choice that is none of those offered is answered with.
fn choose(field: &'static str) -> String {
    let name = match field {
        "store" => "상점은",
        "status" => "상태는",
        "operator" => "통신사는",
        "way" => "방식은",
        "channel" => "채널은",
        _ => "기간의 기준은",
    };
    format!("{name} 목록에 있는 것을 골라야 합니다.")
}

/// What was filled in, read. Nothing, where nothing was or where it was wrong.
fn parsed<T>(
    field: &'static str,
    given: &str,
    problems: &mut Problems,
    rule: &str,
    parse: impl FnOnce(&str) -> Option<T>,
) -> Option<T> {
    let given = given.trim();
    if given.is_empty() {
        return None;
    }
    let read = parse(given);
    if read.is_none() {
        problems.add(field, rule);
    }
    read
}

fn choice<T: Copy>(
    field: &'static str,
    given: &str,
    problems: &mut Problems,
    choices: &[(&str, T)],
) -> Option<T> {
    parsed(field, given, problems, &choose(field), |given| {
        let mut all = choices.iter();
        all.find(|(name, _)| *name == given)
            .map(|(_, value)| *value)
    })
}

/// An id of the provider's, whose form is not ours to say.
fn plain(field: &'static str, given: &str, problems: &mut Problems) -> Option<String> {
    let rule = match field {
        "pgTxId" => "KCP 거래 번호는 한 줄로 100자까지 적어야 합니다.",
        _ => "사이트 코드는 한 줄로 100자까지 적어야 합니다.",
    };
    parsed(field, given, problems, rule, |given| {
        let fits = given.chars().count() <= 100 && !given.chars().any(char::is_control);
        fits.then(|| given.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-11-23T09:05:12Z".parse().unwrap()
    }

    fn problems(form: &VerificationForm) -> Vec<&'static str> {
        match form.query(&[], now()) {
            Err(Error::Invalid(problems)) => problems.0.iter().map(|one| one.field).collect(),
            other => panic!("{:?}", other.map(|query| query.statuses)),
        }
    }

    #[test]
    fn every_wrong_field_is_named_at_once_and_none_is_repeated() {
        let text = |wrong: &str| wrong.to_owned();
        let form = VerificationForm {
            store: text("store-nowhere"),
            status: text("DONE"),
            operator: text("KCP"),
            way: text("POST"),
            channel: text("BOTH"),
            field: text("EVER"),
            from: text("23.11.2026"),
            until: text("2026-02-30"),
            id: text("order-1"),
            tx_id: text("12"),
            pg_tx_id: "9".repeat(101),
            pg_merchant_id: text("A\u{7}B"),
            name: Redacted::new("홍^길동"),
            phone: Redacted::new("02-123-4567"),
            birth_date: Redacted::new("1990-13-01"),
            page: text("1"),
        };
        let mut named = problems(&form);
        named.sort_unstable();
        let all = [
            "birthDate",
            "channel",
            "field",
            "from",
            "id",
            "name",
            "operator",
            "pgMerchantId",
            "pgTxId",
            "phone",
            "status",
            "store",
            "txId",
            "until",
            "way",
        ];
        assert_eq!(named, all);
        let Err(error) = form.query(&[], now()) else {
            panic!("it is wrong")
        };
        for given in ["홍", "02-123", "1990-13", "nowhere"] {
            assert!(!error.to_string().contains(given), "{error}");
        }
        assert!(!format!("{form:?}").contains("길동"));
    }

    #[test]
    fn days_are_whole_days_in_korea() {
        let form = VerificationForm {
            from: "2026-11-22".into(),
            until: "2026-11-23".into(),
            ..VerificationForm::default()
        };
        let range = form.query(&[], now()).unwrap().range;
        assert_eq!(range.from.to_string(), "2026-11-21T15:00:00Z");
        assert_eq!(range.until.to_string(), "2026-11-23T14:59:59.999999Z");
    }

    #[test]
    fn the_list_goes_back_90_days_unless_it_is_asked_for_something_certain() {
        let range = VerificationForm::default().query(&[], now()).unwrap().range;
        assert_eq!((range.until, range.from), (now(), now() - USUAL));
        let certain = VerificationForm {
            id: "order1".into(),
            ..VerificationForm::default()
        };
        let range = certain.query(&[], now()).unwrap().range;
        assert_eq!(range.from, Timestamp::UNIX_EPOCH);
    }

    #[test]
    fn a_phone_and_a_birth_date_are_read_with_hyphens_and_without() {
        for (phone, birth_date) in [("010-1234-5678", "1990-01-31"), ("01012345678", "19900131")] {
            let form = VerificationForm {
                phone: Redacted::new(phone),
                birth_date: Redacted::new(birth_date),
                ..VerificationForm::default()
            };
            let customer = form.query(&[], now()).unwrap().customer;
            assert_eq!(customer.phone.unwrap().expose(), "01012345678");
            assert_eq!(customer.birth_day.unwrap().expose(), "31");
            assert_eq!(form.personal_fields(), ["phone", "birthDate"]);
        }
    }

    #[test]
    fn the_first_day_is_not_after_the_last() {
        let form = VerificationForm {
            from: "2026-11-24".into(),
            until: "2026-11-23".into(),
            ..VerificationForm::default()
        };
        assert_eq!(problems(&form), ["from"]);
    }
}

//! `GET /identity-verifications`.

use jiff::{Timestamp, ToSpan};
use utoipa::IntoParams;
use utoipa::openapi::Required;
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};

use super::query::parameter;
use super::reader::Given;
use super::text::Text;
use super::{Fields, InvalidRequest};
use crate::contract::{WireEnum, reference, wire_struct};
use crate::personal::Personal;
use crate::pg::{PgCompany, PgProvider};
use crate::values::{
    Carrier, Gender, IdentityVerificationSortBy, IdentityVerificationStatus,
    IdentityVerificationTimeRangeField, PortOneVersion, SortOrder,
};

type Parsed<T> = Result<T, InvalidRequest>;

/// The query parameter that holds the whole filter as JSON.
const PARAMETER: &str = "requestBody";

wire_struct! {
    /// 다건 조회의 페이지 입력 정보.
    #[derive(Default)]
    pub struct PageInput {
        optional {
            /// 0부터 시작하는 페이지 번호. 없으면 0입니다.
            number as "number": i32,
            /// 페이지마다 담을 건수, 1~100. 없으면 10입니다.
            size as "size": i32,
        }
    }
}

wire_struct! {
    /// 다건 조회의 정렬 조건.
    #[derive(Default)]
    pub struct IdentityVerificationSortInput {
        optional {
            /// 정렬 기준. 없으면 `REQUESTED_AT`입니다.
            by as "by": IdentityVerificationSortBy,
            /// 정렬 순서. 없으면 `DESC`입니다.
            order as "order": SortOrder,
        }
    }
}

wire_struct! {
    /// 다건 조회의 고객 정보 조건. 인증이 완료되지 않은 건은 요청한 고객 정보로, 완료된 건은 인증된 고객 정보로 찾습니다.
    #[derive(Default)]
    pub struct IdentityVerificationFilterCustomerInput {
        optional {
            /// 이름.
            name as "name": Personal<String>,
            /// 출생 연도, 4자리.
            birth_year as "birthYear": Personal<String>,
            /// 출생 월, 1~2자리.
            birth_month as "birthMonth": Personal<String>,
            /// 출생 일, 1~2자리.
            birth_day as "birthDay": Personal<String>,
            /// 전화번호. 하이픈 없이 숫자만 적습니다.
            phone_number as "phoneNumber": Personal<String>,
            /// 성별.
            gender as "gender": Personal<Gender>,
        }
    }
}

wire_struct! {
    /// 다건 조회의 조건. 조건을 여러 개 적으면 모두 맞는 건만 찾습니다.
    #[derive(Default)]
    pub struct IdentityVerificationFilterInput {
        optional {
            /// 상점 아이디. 없으면 접근 권한이 있는 모든 상점에서 찾습니다.
            store_id as "storeId": String,
            /// 조회 기간을 적용할 시각. 없으면 `REQUESTED_AT`입니다.
            time_range_field as "timeRangeField": IdentityVerificationTimeRangeField,
            /// 조회 기간의 시작(RFC 3339). 없으면 `until`의 90일 전입니다.
            from as "from": Timestamp,
            /// 조회 기간의 끝(RFC 3339). 없으면 지금입니다.
            until as "until": Timestamp,
            /// 고객사가 정한 본인인증 아이디.
            identity_verification_id as "identityVerificationId": String,
            /// Bonin이 매긴 본인인증 시도 아이디.
            identity_verification_tx_id as "identityVerificationTxId": String,
            /// 테스트 채널로 요청한 건인지 여부.
            is_test as "isTest": bool,
            /// 본인인증 상태. 비어 있으면 상태로 거르지 않습니다.
            statuses as "statuses": Vec<IdentityVerificationStatus>,
            /// PG사의 거래 아이디.
            pg_tx_id as "pgTxId": String,
            /// PG사가 고객사에 발급한 아이디.
            pg_merchant_id as "pgMerchantId": String,
            /// PG사 결제 모듈. 비어 있으면 결제 모듈로 거르지 않습니다.
            pg_providers as "pgProviders": Vec<PgProvider>,
            /// PG사. 비어 있으면 PG사로 거르지 않습니다.
            pg_companies as "pgCompanies": Vec<PgCompany>,
            /// 통신사. 비어 있으면 통신사로 거르지 않습니다.
            carriers as "carriers": Vec<Carrier>,
            /// API 버전.
            version as "version": PortOneVersion,
            /// 고객 정보.
            customer as "customer": IdentityVerificationFilterCustomerInput,
        }
    }
}

wire_struct! {
    /// 본인인증 내역 다건 조회를 위한 입력 정보.
    #[derive(Default)]
    pub struct GetIdentityVerificationsBody {
        optional {
            /// 요청할 페이지. 없으면 `number: 0`, `size: 10`입니다.
            page as "page": PageInput,
            /// 정렬 조건. 없으면 `by: REQUESTED_AT`, `order: DESC`입니다.
            sort as "sort": IdentityVerificationSortInput,
            /// 조회 조건.
            filter as "filter": IdentityVerificationFilterInput,
        }
    }
}

/// A stretch of time, both ends included; `from` is not after `until`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeRange {
    /// The first moment.
    pub from: Timestamp,
    /// The last moment.
    pub until: Timestamp,
}

impl GetIdentityVerificationsBody {
    /// Reads a request body.
    ///
    /// # Errors
    ///
    /// The first rule that is broken, in the order of the contract's fields.
    pub fn parse(body: &[u8]) -> Parsed<Self> {
        Self::read(Fields::of_body(body)?)
    }

    /// Reads the filter from where clients put it: the query parameter `requestBody`, or the GET's body, or nowhere,
    /// which finds everything. If both are there, the parameter counts.
    ///
    /// # Errors
    ///
    /// As [`parse`](Self::parse).
    pub fn from_request(query: Option<&str>, body: &[u8]) -> Parsed<Self> {
        match parameter(query, PARAMETER) {
            Some(json) => Self::read(Fields::of_root(PARAMETER, json.as_bytes())?),
            None if body.trim_ascii().is_empty() => Ok(Self::default()),
            None => Self::parse(body),
        }
    }

    fn read(mut fields: Fields) -> Parsed<Self> {
        Ok(Self {
            page: fields.maybe("page", |given| page(given.object()?))?,
            sort: fields.maybe("sort", |given| sort(given.object()?))?,
            filter: fields.maybe("filter", |given| filter(given.object()?))?,
        })
    }

    /// The page, counted from 0.
    #[must_use]
    pub fn page_number(&self) -> i32 {
        self.page.as_ref().and_then(|page| page.number).unwrap_or(0)
    }

    /// How many a page holds, 1 to 100.
    #[must_use]
    pub fn page_size(&self) -> i32 {
        self.page.as_ref().and_then(|page| page.size).unwrap_or(10)
    }

    /// What the list is sorted by.
    #[must_use]
    pub fn sort_by(&self) -> IdentityVerificationSortBy {
        self.sort
            .as_ref()
            .and_then(|sort| sort.by)
            .unwrap_or(IdentityVerificationSortBy::RequestedAt)
    }

    /// Which way the list is sorted.
    #[must_use]
    pub fn sort_order(&self) -> SortOrder {
        self.sort
            .as_ref()
            .and_then(|sort| sort.order)
            .unwrap_or(SortOrder::Desc)
    }

    /// The times asked for: until now and from 90 days before, where the filter does not say otherwise.
    ///
    /// # Errors
    ///
    /// `from` is after `until`.
    pub fn time_range(&self, now: Timestamp) -> Parsed<TimeRange> {
        let given = |time: fn(&IdentityVerificationFilterInput) -> Option<Timestamp>| {
            self.filter.as_ref().and_then(time)
        };
        let until = given(|filter| filter.until).unwrap_or(now);
        // `until` is at least the year 1970, so there always are 90 days before it.
        let from = given(|filter| filter.from).unwrap_or_else(|| {
            until
                .saturating_sub((90 * 24).hours())
                .unwrap_or(Timestamp::MIN)
        });
        if from > until {
            return Err(InvalidRequest::new(
                "filter.from",
                "filter.until보다 늦을 수 없습니다 (filter.until이 없으면 지금 시각과 견줍니다).",
            ));
        }
        Ok(TimeRange { from, until })
    }
}

impl IntoParams for GetIdentityVerificationsBody {
    /// The filter as a query parameter that holds JSON.
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let mut parameter = ParameterBuilder::new()
            .name(PARAMETER)
            .parameter_in(ParameterIn::Query)
            .required(Required::False)
            .description(Some(
                "조회 조건을 JSON으로 적어 URL 인코딩한 값. 요청 본문으로 보내도 되며, 둘 다 있으면 이 값을 씁니다.",
            ))
            .build();
        parameter.content.insert(
            "application/json".to_owned(),
            utoipa::openapi::RefOr::T(
                ContentBuilder::new()
                    .schema(Some(reference::<Self>()))
                    .build(),
            ),
        );
        vec![parameter]
    }
}

fn page(mut fields: Fields) -> Parsed<PageInput> {
    Ok(PageInput {
        number: fields.maybe("number", |given| given.integer(0..=i32::MAX))?,
        size: fields.maybe("size", |given| given.integer(1..=100))?,
    })
}

fn sort(mut fields: Fields) -> Parsed<IdentityVerificationSortInput> {
    Ok(IdentityVerificationSortInput {
        by: fields.maybe("by", Given::choice)?,
        order: fields.maybe("order", Given::choice)?,
    })
}

fn filter(mut fields: Fields) -> Parsed<IdentityVerificationFilterInput> {
    let id = |given: Given| Ok(given.text()?.id()?.into_string());
    Ok(IdentityVerificationFilterInput {
        store_id: fields.maybe("storeId", id)?,
        time_range_field: fields.maybe("timeRangeField", Given::choice)?,
        from: fields.maybe("from", time)?,
        until: fields.maybe("until", time)?,
        identity_verification_id: fields.maybe("identityVerificationId", id)?,
        identity_verification_tx_id: fields.maybe("identityVerificationTxId", id)?,
        is_test: fields.maybe("isTest", Given::flag)?,
        statuses: choices(&mut fields, "statuses")?,
        pg_tx_id: fields.maybe("pgTxId", id)?,
        pg_merchant_id: fields.maybe("pgMerchantId", id)?,
        pg_providers: choices(&mut fields, "pgProviders")?,
        pg_companies: choices(&mut fields, "pgCompanies")?,
        carriers: choices(&mut fields, "carriers")?,
        version: fields.maybe("version", Given::choice)?,
        customer: fields.maybe("customer", |given| customer(given.object()?))?,
    })
}

/// A list that names nothing filters nothing, as if it were absent.
fn choices<T: WireEnum>(fields: &mut Fields, name: &str) -> Parsed<Option<Vec<T>>> {
    let list = fields.maybe(name, |given| given.list(Given::choice))?;
    Ok(list.filter(|list| !list.is_empty()))
}

fn customer(mut fields: Fields) -> Parsed<IdentityVerificationFilterCustomerInput> {
    Ok(IdentityVerificationFilterCustomerInput {
        name: fields.maybe("name", |given| {
            given.text()?.length(1..=50)?.one_line().map(Text::personal)
        })?,
        birth_year: fields.maybe("birthYear", |given| {
            given
                .text()?
                .digits(
                    4..=4,
                    "출생 연도를 숫자 4자리로 적어야 합니다 (예: \"1990\").",
                )
                .map(Text::personal)
        })?,
        birth_month: fields.maybe("birthMonth", |given| {
            two_digits(
                given,
                12,
                "출생 월을 1~12의 숫자로 적어야 합니다 (예: \"07\").",
            )
        })?,
        birth_day: fields.maybe("birthDay", |given| {
            two_digits(
                given,
                31,
                "출생 일을 1~31의 숫자로 적어야 합니다 (예: \"07\").",
            )
        })?,
        phone_number: fields.maybe("phoneNumber", |given| {
            given
                .text()?
                .digits(
                    1..=20,
                    "하이픈 없이 숫자만 20자리 이하로 적어야 합니다 (예: \"01012345678\").",
                )
                .map(Text::personal)
        })?,
        gender: fields.maybe("gender", |given| given.choice().map(Personal::new))?,
    })
}

/// `7` and `07` are the same month.
fn two_digits(given: Given, most: u8, rule: &str) -> Parsed<Personal<String>> {
    let text = given.text()?.digits(1..=2, rule)?;
    match text.as_str().parse::<u8>() {
        Ok(number) if (1..=most).contains(&number) => Ok(Personal::new(format!("{number:02}"))),
        _ => Err(text.refused(rule)),
    }
}

fn time(given: Given) -> Parsed<Timestamp> {
    const YEARS: std::ops::RangeInclusive<&str> = "1970"..="2999";
    let text = given.text()?;
    if !is_rfc_3339(text.as_str().as_bytes()) {
        return Err(text.refused(
            "RFC 3339 형식의 시각이어야 합니다 (예: 2026-01-31T09:00:00+09:00, 2026-01-31T00:00:00Z).",
        ));
    }
    // `is_rfc_3339` has made sure of the four ASCII digits at the start.
    if !text
        .as_str()
        .get(..4)
        .is_some_and(|year| YEARS.contains(&year))
    {
        return Err(text.refused("1970년부터 2999년 사이의 시각이어야 합니다."));
    }
    text.as_str()
        .parse()
        .map_err(|_| text.refused("실제로 있는 날짜와 시각이어야 합니다."))
}

/// `YYYY-MM-DDThh:mm:ss[.fraction](Z|±hh:mm)`. `jiff` alone reads more than that: short offsets, spaces, zone names.
fn is_rfc_3339(text: &[u8]) -> bool {
    let fits = |part: &[u8], pattern: &[u8]| {
        part.len() == pattern.len()
            && part
                .iter()
                .zip(pattern)
                .all(|(byte, expected)| match expected {
                    b'0' => byte.is_ascii_digit(),
                    b'T' => byte.eq_ignore_ascii_case(&b'T'),
                    literal => byte == literal,
                })
    };
    let Some((moment, rest)) = text.split_at_checked(19) else {
        return false;
    };
    let offset = match rest.strip_prefix(b".") {
        None => rest,
        Some(fraction) => {
            let digits = fraction
                .iter()
                .take_while(|byte| byte.is_ascii_digit())
                .count();
            // Nanoseconds, the finest that any of our users' languages writes.
            if !(1..=9).contains(&digits) {
                return false;
            }
            fraction.get(digits..).unwrap_or_default()
        }
    };
    let offset_fits = match offset {
        [b'Z' | b'z'] => true,
        [b'+' | b'-', hours @ ..] => fits(hours, b"00:00"),
        _ => false,
    };
    fits(moment, b"0000-00-00T00:00:00") && offset_fits
}

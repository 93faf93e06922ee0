//! KCP's words about a person, read strictly: what is missing or malformed verifies nobody.

use bonin_core::{BirthDate, Ci, Di, Gender, Operator};
use bonin_kcp::{
    Sensitive,
    codes::{CommId, LocalCode, SexCode},
};

/// Why an answer verifies nobody.
pub(super) type Unusable = &'static str;

fn text(told: &Option<Sensitive>) -> &str {
    told.as_ref().map_or("", Sensitive::expose)
}

pub(super) fn birth_date(told: &Option<Sensitive>) -> Result<BirthDate, Unusable> {
    BirthDate::parse_compact(text(told)).map_err(|_| "birth_day가 없거나 날짜가 아닙니다")
}

pub(super) fn gender(told: &Option<Sensitive>) -> Result<Gender, Unusable> {
    match text(told).parse() {
        Ok(SexCode::Male) => Ok(Gender::Male),
        Ok(SexCode::Female) => Ok(Gender::Female),
        Err(_) => Err("sex_code가 없거나 코드가 아닙니다"),
    }
}

pub(super) fn is_foreigner(told: &Option<Sensitive>) -> Result<bool, Unusable> {
    match text(told).parse() {
        Ok(LocalCode::Korean) => Ok(false),
        Ok(LocalCode::Foreigner) => Ok(true),
        Err(_) => Err("local_code가 없거나 코드가 아닙니다"),
    }
}

pub(super) fn operator(comm_id: Option<&str>) -> Result<Operator, Unusable> {
    match comm_id.unwrap_or_default().parse() {
        Ok(CommId::Skt) => Ok(Operator::Skt),
        Ok(CommId::Ktf) => Ok(Operator::Kt),
        Ok(CommId::Lgt) => Ok(Operator::Lgu),
        Ok(CommId::Skm) => Ok(Operator::SktMvno),
        Ok(CommId::Ktm) => Ok(Operator::KtMvno),
        Ok(CommId::Lgm) => Ok(Operator::LguMvno),
        Err(_) => Err("comm_id가 없거나 코드가 아닙니다"),
    }
}

/// DI is always there.
pub(super) fn di(told: Option<Sensitive>) -> Result<Di, Unusable> {
    told.and_then(|di| Di::parse(di.expose()).ok())
        .ok_or("DI가 없거나 64자가 아닙니다")
}

/// CI is there where the merchant's contract gives it; malformed, it is a broken answer.
pub(super) fn ci(told: Option<Sensitive>) -> Result<Option<Ci>, Unusable> {
    told.filter(|ci| !ci.is_empty())
        .map(|ci| Ci::parse(ci.expose()).map_err(|_| "CI가 88자가 아닙니다"))
        .transpose()
}

//! `/sandbox/people`: who exists. A known phone must match in everything; the others follow `unknownPeople`.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use bonin_kcp::codes::LocalCode;
use serde_json::Value;

use super::ControlError;
use super::body::{JsonObject, Name};
use crate::Sandbox;
use crate::fields::{FieldError, Fields};
use crate::world::{Person, parse_birth_date, parse_gender, parse_operator, parse_phone};

const FIELDS: [&str; 7] = [
    "name",
    "phone",
    "birthDate",
    "gender",
    "isForeigner",
    "operator",
    "pass",
];

pub(crate) async fn list(State(sandbox): State<Sandbox>) -> Json<Vec<Value>> {
    Json(
        sandbox
            .world()
            .people
            .oldest_first()
            .map(Person::to_json)
            .collect(),
    )
}

/// Adds a person, or replaces the one with this phone.
pub(crate) async fn add(
    State(sandbox): State<Sandbox>,
    JsonObject(fields): JsonObject,
) -> Result<(StatusCode, Json<Value>), ControlError> {
    let person = read(&fields)?;
    let answer = person.to_json();
    sandbox.world().people.insert(person.phone.clone(), person);
    Ok((StatusCode::CREATED, Json(answer)))
}

pub(crate) async fn remove(
    State(sandbox): State<Sandbox>,
    Name(phone): Name,
) -> Result<StatusCode, ControlError> {
    let removed = parse_phone(&phone).and_then(|phone| sandbox.world().people.remove(&phone));
    match removed {
        Some(_) => Ok(StatusCode::NO_CONTENT),
        None => Err(ControlError::not_found("그 번호로 등록된 사람이 없습니다.")),
    }
}

fn read(fields: &Fields) -> Result<Person, FieldError> {
    fields.only(&FIELDS)?;
    let name = fields.required_text("name")?.trim();
    if name.is_empty()
        || name.chars().count() > 50
        || name.contains(|c: char| c == '^' || c.is_control())
    {
        return Err(FieldError::new(
            "name",
            "1~50자의 이름이어야 하고 ^와 제어 문자는 쓸 수 없습니다.",
        ));
    }
    let phone = parse_phone(fields.required_text("phone")?)
        .ok_or_else(|| FieldError::new("phone", "휴대폰 번호여야 합니다. 예: 01012345678"))?;
    let birth_date = parse_birth_date(fields.required_text("birthDate")?).ok_or_else(|| {
        FieldError::new(
            "birthDate",
            "YYYY-MM-DD 형식의 날짜여야 합니다. 예: 1990-01-01",
        )
    })?;
    let sex = parse_gender(fields.required_text("gender")?)
        .ok_or_else(|| FieldError::new("gender", "MALE 또는 FEMALE이어야 합니다."))?;
    let operator = parse_operator(fields.required_text("operator")?).ok_or_else(|| {
        FieldError::new(
            "operator",
            "SKT, KT, LGU, SKT_MVNO, KT_MVNO, LGU_MVNO 중 하나여야 합니다.",
        )
    })?;
    let is_foreigner = fields.boolean("isForeigner")?.unwrap_or(false);
    Ok(Person {
        name: name.to_owned(),
        phone,
        birth_date,
        sex,
        nationality: if is_foreigner {
            LocalCode::Foreigner
        } else {
            LocalCode::Korean
        },
        operator,
        has_pass: fields.boolean("pass")?.unwrap_or(true),
    })
}

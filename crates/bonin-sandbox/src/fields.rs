//! The fields of a JSON object, read one by one so that whoever sent it is told which field was wrong and what would be right.

use std::fmt;

use serde_json::{Map, Value};

/// A JSON object that came from outside.
pub(crate) struct Fields(Map<String, Value>);

/// What is wrong with which field. Korean, and never holding the value: it may be personal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FieldError {
    field: Option<&'static str>,
    problem: String,
}

impl FieldError {
    pub(crate) fn new(field: &'static str, problem: impl Into<String>) -> Self {
        Self {
            field: Some(field),
            problem: problem.into(),
        }
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.field {
            Some(field) => write!(f, "{field}: {}", self.problem),
            None => f.write_str(&self.problem),
        }
    }
}

impl Fields {
    pub(crate) fn parse(body: &[u8]) -> Result<Self, FieldError> {
        match serde_json::from_slice(body) {
            Ok(Value::Object(fields)) => Ok(Self(fields)),
            _ => Err(FieldError {
                field: None,
                problem: "요청 본문은 UTF-8 JSON 객체여야 합니다. 예: {\"phone\": \"01012345678\"}"
                    .into(),
            }),
        }
    }

    /// Refuses fields that the call does not have: a misspelt setting must not be ignored in silence.
    pub(crate) fn only(&self, known: &[&str]) -> Result<(), FieldError> {
        if self.0.keys().all(|name| known.contains(&name.as_str())) {
            return Ok(());
        }
        Err(FieldError {
            field: None,
            problem: format!(
                "알 수 없는 필드가 있습니다. 사용할 수 있는 필드: {}",
                known.join(", ")
            ),
        })
    }

    /// Whether the field is there and null.
    pub(crate) fn is_null(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(Value::is_null)
    }

    /// Text; absent, null and empty are all `None`.
    pub(crate) fn text(&self, name: &'static str) -> Result<Option<&str>, FieldError> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if text.is_empty() => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(FieldError::new(name, "문자열이어야 합니다.")),
        }
    }

    pub(crate) fn required_text(&self, name: &'static str) -> Result<&str, FieldError> {
        self.text(name)?
            .ok_or_else(|| FieldError::new(name, "필수 값입니다."))
    }

    pub(crate) fn boolean(&self, name: &'static str) -> Result<Option<bool>, FieldError> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Bool(value)) => Ok(Some(*value)),
            Some(_) => Err(FieldError::new(name, "true 또는 false여야 합니다.")),
        }
    }

    pub(crate) fn integer(
        &self,
        name: &'static str,
        range: std::ops::RangeInclusive<u64>,
    ) -> Result<Option<u64>, FieldError> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => match value.as_u64() {
                Some(number) if range.contains(&number) => Ok(Some(number)),
                _ => Err(FieldError::new(
                    name,
                    format!(
                        "{}부터 {}까지의 정수여야 합니다.",
                        range.start(),
                        range.end()
                    ),
                )),
            },
        }
    }

    pub(crate) fn text_list(&self, name: &'static str) -> Result<Option<Vec<String>>, FieldError> {
        let wrong = || FieldError::new(name, "문자열 목록이어야 합니다. 예: [\"127.0.0.1\"]");
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Array(values)) => {
                let texts = values.iter().map(|value| value.as_str().map(str::to_owned));
                texts.collect::<Option<_>>().map(Some).ok_or_else(wrong)
            }
            Some(_) => Err(wrong()),
        }
    }

    /// The whole object, for a typed message.
    pub(crate) fn into_value(self) -> Value {
        Value::Object(self.0)
    }
}

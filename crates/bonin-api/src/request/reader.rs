//! A small reader over JSON that knows where it is, so that every message names its field.
//!
//! It moves the values out of the parsed document rather than copying them, and wipes on drop whatever it still
//! holds: a body that is refused half-way leaves no resident number behind in memory.

use std::ops::RangeInclusive;

use serde::Deserialize;
use serde_json::error::Category;
use serde_json::{Deserializer, Map, Value};
use zeroize::Zeroize;

use super::InvalidRequest;
use super::text::Text;
use crate::contract::WireEnum;

type Parsed<T> = Result<T, InvalidRequest>;

/// How the whole body is called in messages.
const BODY: &str = "요청 본문";

/// The longest list that a filter may hold; each of the contract's enums is shorter.
const MAX_ITEMS: usize = 100;

/// The fields of a JSON object that were not read yet.
pub(crate) struct Fields {
    path: String,
    map: Map<String, Value>,
}

impl Fields {
    /// Reads a whole request body.
    pub(crate) fn of_body(bytes: &[u8]) -> Parsed<Self> {
        Self::of_root(BODY, bytes)
    }

    /// Reads an object that stands in `place` and whose fields are named without it.
    pub(crate) fn of_root(place: &str, bytes: &[u8]) -> Parsed<Self> {
        if bytes.trim_ascii().is_empty() {
            return Err(InvalidRequest::new(
                place,
                "비어 있습니다. JSON 객체를 보내야 합니다.",
            ));
        }
        Self::of_json(place, "", bytes)
    }

    fn of_json(place: &str, path: &str, bytes: &[u8]) -> Parsed<Self> {
        let text = std::str::from_utf8(bytes)
            .map_err(|_| InvalidRequest::new(place, "UTF-8로 인코딩된 JSON이어야 합니다."))?;
        let mut document = Deserializer::from_str(text);
        let value = Value::deserialize(&mut document)
            .map_err(|error| InvalidRequest::new(place, unreadable(&error)))?;
        let given = Given {
            path: place.to_owned(),
            value,
        };
        document.end().map_err(|error| {
            InvalidRequest::new(
                place,
                format!(
                    "JSON 객체 하나만 보내야 하는데 그 뒤에 다른 내용이 있습니다 ({}).",
                    position(&error)
                ),
            )
        })?;
        let mut fields = given.object()?;
        path.clone_into(&mut fields.path);
        Ok(fields)
    }

    /// The field, where it is there and not null.
    pub(crate) fn optional(&mut self, name: &str) -> Option<Given> {
        match self.map.remove(name) {
            None | Some(Value::Null) => None,
            Some(value) => Some(Given {
                path: self.path_of(name),
                value,
            }),
        }
    }

    /// The field, which must be there.
    pub(crate) fn required(&mut self, name: &str) -> Parsed<Given> {
        self.optional(name)
            .ok_or_else(|| InvalidRequest::new(self.path_of(name), "필수 항목입니다."))
    }

    /// Reads an optional field.
    pub(crate) fn maybe<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(Given) -> Parsed<T>,
    ) -> Parsed<Option<T>> {
        self.optional(name).map(read).transpose()
    }

    fn path_of(&self, name: &str) -> String {
        if self.path.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.path)
        }
    }
}

impl Drop for Fields {
    fn drop(&mut self) {
        self.map.values_mut().for_each(wipe);
    }
}

/// A value and where it stood.
pub(crate) struct Given {
    path: String,
    value: Value,
}

impl Given {
    fn path(&self) -> String {
        self.path.clone()
    }

    /// A string. U+0000 is refused everywhere, because no database of ours can hold it.
    pub(crate) fn text(mut self) -> Parsed<Text> {
        match std::mem::take(&mut self.value) {
            Value::String(text) => Text::new(self.path(), text),
            // A number loses its zeros in front before it gets here: 010… and 012345.
            Value::Number(_) => Err(InvalidRequest::new(
                self.path(),
                "숫자가 아니라 문자열이어야 합니다. 따옴표로 감싸서 보내야 합니다.",
            )),
            other => Err(self.mismatch("문자열이어야 합니다", other)),
        }
    }

    /// One of a closed list of strings.
    pub(crate) fn choice<T: WireEnum>(self) -> Parsed<T> {
        let text = self.text()?;
        T::of_wire(text.as_str()).ok_or_else(|| {
            text.refused(format!(
                "허용되지 않는 값입니다 (가능한 값: {}).",
                T::allowed()
            ))
        })
    }

    /// An object.
    pub(crate) fn object(mut self) -> Parsed<Fields> {
        match std::mem::take(&mut self.value) {
            Value::Object(map) => Ok(Fields {
                path: self.path(),
                map,
            }),
            other => Err(self.mismatch("JSON 객체여야 합니다", other)),
        }
    }

    /// An object, or a string that holds one as JSON.
    pub(crate) fn object_or_json_text(mut self) -> Parsed<Fields> {
        match std::mem::take(&mut self.value) {
            Value::String(text) => {
                let text = Text::new(self.path(), text)?;
                Fields::of_json(&self.path, &self.path, text.as_str().as_bytes()).map_err(
                    |InvalidRequest { field, rule }| {
                        let rule = format!("문자열의 내용을 JSON 객체로 읽을 수 없습니다. {rule}");
                        InvalidRequest { field, rule }
                    },
                )
            }
            Value::Object(map) => Ok(Fields {
                path: self.path(),
                map,
            }),
            other => Err(self.mismatch(
                "JSON 객체이거나 JSON 객체를 담은 문자열이어야 합니다",
                other,
            )),
        }
    }

    /// A list, each item read by `read`.
    pub(crate) fn list<T>(mut self, read: impl Fn(Self) -> Parsed<T>) -> Parsed<Vec<T>> {
        match std::mem::take(&mut self.value) {
            Value::Array(items) if items.len() > MAX_ITEMS => Err(InvalidRequest::new(
                self.path(),
                format!("{MAX_ITEMS}개까지만 보낼 수 있습니다."),
            )),
            Value::Array(items) => items
                .into_iter()
                .enumerate()
                .map(|(index, value)| {
                    read(Self {
                        path: format!("{}[{index}]", self.path),
                        value,
                    })
                })
                .collect(),
            other => Err(self.mismatch("배열이어야 합니다", other)),
        }
    }

    /// `true` or `false`.
    pub(crate) fn flag(mut self) -> Parsed<bool> {
        match std::mem::take(&mut self.value) {
            Value::Bool(flag) => Ok(flag),
            other => Err(self.mismatch("true 또는 false여야 합니다", other)),
        }
    }

    /// An integer within bounds.
    pub(crate) fn integer(mut self, bounds: RangeInclusive<i32>) -> Parsed<i32> {
        let value = std::mem::take(&mut self.value);
        let Value::Number(number) = &value else {
            return Err(self.mismatch("정수여야 합니다", value));
        };
        if number.is_f64() {
            return Err(InvalidRequest::new(
                self.path(),
                "소수점이 없는 정수여야 합니다.",
            ));
        }
        number
            .as_i64()
            .and_then(|number| i32::try_from(number).ok())
            .filter(|number| bounds.contains(number))
            .ok_or_else(|| {
                let (least, most) = (bounds.start(), bounds.end());
                let rule = format!("{least} 이상 {most} 이하의 정수여야 합니다.");
                InvalidRequest::new(self.path(), rule)
            })
    }

    fn mismatch(&self, expected: &str, mut found: Value) -> InvalidRequest {
        let kind = match found {
            Value::Null => "null",
            Value::Bool(_) => "참/거짓 값",
            Value::Number(_) => "숫자",
            Value::String(_) => "문자열",
            Value::Array(_) => "배열",
            Value::Object(_) => "객체",
        };
        wipe(&mut found);
        InvalidRequest::new(self.path(), format!("{expected} (받은 값의 형식: {kind})."))
    }
}

impl Drop for Given {
    fn drop(&mut self) {
        wipe(&mut self.value);
    }
}

/// Overwrites all strings of a value. It cannot be deeper than `serde_json` reads, 128 levels.
fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(items) => items.iter_mut().for_each(wipe),
        Value::Object(map) => map.values_mut().for_each(wipe),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Why a text is no JSON. `serde_json`'s own words are English and are not passed on, its position is.
fn unreadable(error: &serde_json::Error) -> String {
    match error.classify() {
        Category::Eof => format!("JSON이 중간에 끝났습니다 ({}).", position(error)),
        // The depth has no category of its own; the test of deep bodies notices if the words change.
        _ if error.to_string().starts_with("recursion limit exceeded") => {
            "JSON이 너무 깊습니다. 객체와 배열은 127단계까지만 겹칠 수 있습니다.".to_owned()
        }
        _ => format!("올바른 JSON이 아닙니다 ({}).", position(error)),
    }
}

fn position(error: &serde_json::Error) -> String {
    format!("{}번째 줄 {}번째 바이트", error.line(), error.column())
}

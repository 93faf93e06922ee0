//! The rules that strings follow.

use std::ops::RangeInclusive;

use zeroize::Zeroizing;

use super::InvalidRequest;
use crate::personal::{Personal, Secret};

type Parsed<T> = Result<T, InvalidRequest>;

/// A string and where it stood. Each rule takes it and gives it back, or refuses it.
pub(crate) struct Text {
    path: String,
    text: Zeroizing<String>,
}

impl Text {
    /// Refuses U+0000: it can be sent in JSON, but PostgreSQL cannot hold it.
    pub(crate) fn new(path: String, text: String) -> Parsed<Self> {
        let text = Self {
            path,
            text: Zeroizing::new(text),
        };
        text.must(
            |text| !text.contains('\0'),
            || "NUL 문자(U+0000)는 쓸 수 없습니다.".to_owned(),
        )
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    pub(crate) fn refused(&self, rule: impl Into<String>) -> InvalidRequest {
        InvalidRequest::new(self.path.clone(), rule)
    }

    /// A rule of the field's own.
    pub(crate) fn must(
        self,
        holds: impl FnOnce(&str) -> bool,
        rule: impl FnOnce() -> String,
    ) -> Parsed<Self> {
        if holds(&self.text) {
            Ok(self)
        } else {
            Err(self.refused(rule()))
        }
    }

    /// So many characters (Unicode scalar values, which is what people count in Korean text).
    pub(crate) fn length(self, bounds: RangeInclusive<usize>) -> Parsed<Self> {
        let (least, most) = (*bounds.start(), *bounds.end());
        if self.text.is_empty() && least > 0 {
            return Err(self.refused(format!("비어 있습니다. {least}~{most}자로 적어야 합니다.")));
        }
        self.must(
            // Bytes first: a character is at most four of them, so a long text need not be counted through.
            |text| text.len() <= most * 4 && bounds.contains(&text.chars().count()),
            || format!("{most}자 이하로 적어야 합니다."),
        )
    }

    /// No line breaks, tabs and the like.
    pub(crate) fn one_line(self) -> Parsed<Self> {
        self.must(
            |text| !text.chars().any(char::is_control),
            || "줄바꿈, 탭 같은 제어 문자는 쓸 수 없습니다.".to_owned(),
        )
    }

    /// Nothing but so many ASCII digits.
    pub(crate) fn digits(self, count: RangeInclusive<usize>, rule: &str) -> Parsed<Self> {
        self.must(
            |text| count.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit()),
            || rule.to_owned(),
        )
    }

    /// An id as stores, channels and verifications have them: short, on one line.
    pub(crate) fn id(self) -> Parsed<Self> {
        self.length(1..=200)?.one_line()
    }

    pub(crate) fn into_string(mut self) -> String {
        std::mem::take(&mut *self.text)
    }

    pub(crate) fn personal(self) -> Personal<String> {
        Personal::new(self.into_string())
    }

    pub(crate) fn secret(self) -> Secret {
        Secret::new(self.into_string())
    }
}

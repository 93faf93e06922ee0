//! Values that no log line, error message or `{:?}` may show.

use serde::{Deserialize, Serialize};
use utoipa::openapi::{RefOr, Schema};
use zeroize::Zeroizing;

use crate::contract::{Field, Schemas};

/// What a redacted value prints.
const REDACTED: &str = "[redacted]";

/// A value that says something about a person. On the wire it is its plain self; `Debug` prints `[redacted]`,
/// and there is no `Display`.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Personal<T>(T);

impl<T> Personal<T> {
    /// Marks a value as personal.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value itself, for those who have a reason to read it.
    pub const fn expose(&self) -> &T {
        &self.0
    }

    /// Gives the value up.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> From<T> for Personal<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl From<&str> for Personal<String> {
    fn from(value: &str) -> Self {
        Self(value.to_owned())
    }
}

impl<T> std::fmt::Debug for Personal<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(REDACTED)
    }
}

impl<T: Field> Field for Personal<T> {
    fn field_schema() -> RefOr<Schema> {
        T::field_schema()
    }

    fn collect(schemas: &mut Schemas) {
        T::collect(schemas);
    }
}

/// A credential, a number that proves something, a resident number's digits: `Debug` prints `[redacted]`, the
/// memory is wiped on drop.
///
/// `==` is not constant-time; what must be compared with a stored secret is hashed first.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes the text over; no copy is made.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text itself, for those who have a reason to read it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self::new(text.to_owned())
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(REDACTED)
    }
}

impl Serialize for Secret {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.expose())
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

impl Field for Secret {
    fn field_schema() -> RefOr<Schema> {
        String::field_schema()
    }
}

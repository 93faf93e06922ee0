//! Reading what clients send: from bytes to values that follow the rules, or to a Korean message that says which rule
//! was broken and what would be right.

pub(crate) mod checkout;
pub(crate) mod confirm;
pub(crate) mod kcp;
pub(crate) mod list;
pub(crate) mod query;
mod reader;
pub(crate) mod send;
mod text;

/// A request that breaks a rule. The message names the field by its path and never repeats what was sent, which may be
/// personal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {rule}")]
pub struct InvalidRequest {
    field: String,
    rule: String,
}

impl InvalidRequest {
    /// A broken rule: the field's path (`customer.phoneNumber`) or another Korean name for the place (`요청 본문`), and
    /// in Korean what would be right. Neither may hold anything that the client sent.
    pub fn new(field: impl Into<String>, rule: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            rule: rule.into(),
        }
    }

    /// The path of the field.
    #[must_use]
    pub fn field(&self) -> &str {
        &self.field
    }
}

pub(crate) use reader::Fields;

//! People who may enter the console.

use crate::StoreError;

/// What someone in the console may do; each includes those after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Everything, users included.
    Owner,
    /// Runs the gateway: stores, channels, secrets; sees people where there is a reason.
    Operator,
    /// Looks, and sees no person.
    Viewer,
}

impl Role {
    /// All of them, the mightiest first.
    pub const ALL: [Self; 3] = [Self::Owner, Self::Operator, Self::Viewer];

    /// As the database spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "OWNER",
            Self::Operator => "OPERATOR",
            Self::Viewer => "VIEWER",
        }
    }

    /// Reads what [`Role::as_str`] wrote.
    pub fn parse(value: &str) -> Result<Self, StoreError> {
        match value {
            "OWNER" => Ok(Self::Owner),
            "OPERATOR" => Ok(Self::Operator),
            "VIEWER" => Ok(Self::Viewer),
            _ => Err(StoreError::UnknownValue("console_user.role")),
        }
    }
}

//! Ids: short ASCII strings that are safe in a path, a log and a query.

use std::{fmt, str::FromStr};

/// Why a string is not the id it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} must be {rule}")]
pub struct InvalidId {
    what: &'static str,
    rule: &'static str,
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $max:expr, $allowed:expr, $rule:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(String);

        impl $name {
            /// Checks the string and takes it.
            pub fn parse(value: impl Into<String>) -> Result<Self, InvalidId> {
                let value = value.into();
                let allowed: fn(u8) -> bool = $allowed;
                if value.is_empty() || value.len() > $max || !value.bytes().all(allowed) {
                    return Err(InvalidId { what: stringify!($name), rule: $rule });
                }
                Ok(Self(value))
            }

            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;
            fn from_str(value: &str) -> Result<Self, InvalidId> {
                Self::parse(value)
            }
        }
    };
}

fn dashed(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'
}

id! {
    /// The merchant's own id of a verification: Latin letters and digits, 70 at most (PortOne's rule for KCP channels).
    /// Unique within a store.
    IdentityVerificationId, 70, |byte| byte.is_ascii_alphanumeric(), "1 to 70 Latin letters and digits"
}
id! {
    /// A store, as `store-<uuid>`.
    StoreId, 100, dashed, "1 to 100 letters, digits, '-' or '_'"
}
id! {
    /// A channel's public key, as `channel-key-<uuid>`: what clients name a channel by.
    ChannelKey, 100, dashed, "1 to 100 letters, digits, '-' or '_'"
}
id! {
    /// A channel's own id, as `channel-id-<uuid>`.
    ChannelId, 100, dashed, "1 to 100 letters, digits, '-' or '_'"
}
id! {
    /// An API secret's id, as `secret-<uuid>`. Not the secret: it may be shown.
    SecretId, 100, dashed, "1 to 100 letters, digits, '-' or '_'"
}
id! {
    /// A user of the console, as `user-<uuid>`.
    UserId, 100, dashed, "1 to 100 letters, digits, '-' or '_'"
}
id! {
    /// A session in the console, as `session-<uuid>`. Not its cookie: it may be shown.
    SessionId, 100, dashed, "1 to 100 letters, digits, '-' or '_'"
}
id! {
    /// An address that is told of a store's verifications, as `webhook-<uuid>`.
    WebhookEndpointId, 100, dashed, "1 to 100 letters, digits, '-' or '_'"
}
id! {
    /// One message to one endpoint: what its receiver sees as `webhook-id`.
    WebhookDeliveryId, 100, dashed, "1 to 100 letters, digits, '-' or '_'"
}
id! {
    /// One try of a verification: 128 bits of randomness as 32 hexadecimal digits. Unguessable, since a browser asks by it.
    TxId, 32, |byte| byte.is_ascii_hexdigit(), "32 hexadecimal digits"
}
id! {
    /// The order number KCP knows one try by (`ordr_idxx`, 50 characters at most); unique for each try.
    OrderNumber, 50, |byte| byte.is_ascii_alphanumeric(), "1 to 50 Latin letters and digits"
}
id! {
    /// Who holds a claim on a try: a confirm or a resend that is asking KCP right now.
    ClaimToken, 32, |byte| byte.is_ascii_hexdigit(), "1 to 32 hexadecimal digits"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verification_id_has_letters_and_digits_only() {
        assert!(IdentityVerificationId::parse("Order1234").is_ok());
        assert!(IdentityVerificationId::parse("a".repeat(70)).is_ok());
        for wrong in ["", "a-b", "a b", "가", "a/b", "a\0", &"a".repeat(71)] {
            assert!(IdentityVerificationId::parse(wrong).is_err(), "{wrong:?}");
        }
    }
}

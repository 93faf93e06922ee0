//! Strings that must not be printed.

use std::fmt;

use zeroize::Zeroizing;

/// A personal or secret string. Prints as `[redacted]`, is wiped from memory when dropped, and is read only with
/// [`Redacted::expose`], so that each place that reads it can be found.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Redacted(Zeroizing<String>);

impl Redacted {
    /// Takes a string into safety.
    pub fn new(value: impl Into<String>) -> Self {
        Self(Zeroizing::new(value.into()))
    }

    /// The string itself. Never hand it to a log, an error, a metric or a URL.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Redacted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl From<String> for Redacted {
    fn from(value: String) -> Self {
        Self::new(value)
    }
}

/// Defines a personal type over [`Redacted`]: no `Display`, a `Debug` that tells nothing, `expose()` to read it.
macro_rules! personal {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq)]
        pub struct $name($crate::Redacted);

        impl $name {
            /// The value itself. Never hand it to a log, an error, a metric or a URL.
            pub fn expose(&self) -> &str {
                self.0.expose()
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "([redacted])"))
            }
        }
    };
}

pub(crate) use personal;

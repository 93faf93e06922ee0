use std::fmt;

use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

/// Text about a person, or text that may hold something about one: it prints as `[redacted]`, has no `Display`, and is
/// wiped from memory when dropped.
///
/// Reading it takes a visible [`expose`](Self::expose), so that a log line cannot leak it by accident. On the wire it is a
/// plain JSON string.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(transparent)]
pub struct Sensitive(String);

impl Sensitive {
    /// The text itself.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether there is no text at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Sensitive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl From<String> for Sensitive {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for Sensitive {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sensitive_text_never_prints() {
        let text = Sensitive::from("홍길동");
        assert_eq!(format!("{text:?} {text:#?}"), "[redacted] [redacted]");
        assert_eq!(text.expose(), "홍길동");
    }
}

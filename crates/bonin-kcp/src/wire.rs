//! How optional text looks on KCP's wire.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

/// KCP sends and wants an absent text as an empty string (`per_cert_no` "from 2400, else empty").
pub(crate) mod empty_is_none {
    use super::{Deserialize, Deserializer, Serialize, Serializer};

    /// Text that can be empty, whether it is sensitive or not.
    pub(crate) trait Text: From<String> {
        fn is_empty(&self) -> bool;
    }

    impl Text for String {
        fn is_empty(&self) -> bool {
            self.as_str().is_empty()
        }
    }

    impl Text for crate::Sensitive {
        fn is_empty(&self) -> bool {
            self.expose().is_empty()
        }
    }

    pub(crate) fn serialize<T: Serialize, S: Serializer>(
        text: &Option<T>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match text {
            Some(text) => text.serialize(serializer),
            None => serializer.serialize_str(""),
        }
    }

    pub(crate) fn deserialize<'de, T: Text, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<T>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?.map(T::from);
        Ok(text.filter(|text| !text.is_empty()))
    }
}

/// Reads a field of an answer whatever it is: text, or a number taken as text; everything else, and empty text, is absent.
/// An answer that KCP has given must not be lost because a field that nobody needs has changed its type.
pub(crate) fn tolerant<'de, T: From<String>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::String(text) if !text.is_empty() => Some(T::from(text)),
        Value::Number(number) => Some(T::from(number.to_string())),
        _ => None,
    })
}

//! Mobile operators and the two ways to prove that a phone is one's own.

use std::{fmt, str::FromStr};

/// A mobile operator (통신사); `Mvno` ones are 알뜰폰 on that operator's network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operator {
    /// SK Telecom.
    Skt,
    /// KT.
    Kt,
    /// LG U+.
    Lgu,
    /// 알뜰폰 on SKT's network.
    SktMvno,
    /// 알뜰폰 on KT's network.
    KtMvno,
    /// 알뜰폰 on LG U+'s network.
    LguMvno,
}

impl Operator {
    /// All six.
    pub const ALL: [Self; 6] = [
        Self::Skt,
        Self::Kt,
        Self::Lgu,
        Self::SktMvno,
        Self::KtMvno,
        Self::LguMvno,
    ];

    /// The API's name for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Skt => "SKT",
            Self::Kt => "KT",
            Self::Lgu => "LGU",
            Self::SktMvno => "SKT_MVNO",
            Self::KtMvno => "KT_MVNO",
            Self::LguMvno => "LGU_MVNO",
        }
    }
}

/// A name that is none of the known ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown name")]
pub struct UnknownName;

impl FromStr for Operator {
    type Err = UnknownName;
    fn from_str(value: &str) -> Result<Self, UnknownName> {
        Self::ALL
            .into_iter()
            .find(|operator| operator.as_str() == value)
            .ok_or(UnknownName)
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How the person proves it in the API way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    /// A number that arrives by SMS and is typed in.
    Sms,
    /// A tap in the operator's PASS app.
    App,
}

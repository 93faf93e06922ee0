//! KCP's codes for operators, sexes, nationalities and media, as types with their wire spelling.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A code that is not one of KCP's. It says which field it was for, and not what was found: codes travel beside personal data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{field} 값이 KCP 코드가 아닙니다. 허용되는 값: {allowed}")]
pub struct UnknownCode {
    /// The wire name of the field.
    pub field: &'static str,
    /// The codes that would have been right.
    pub allowed: &'static str,
}

macro_rules! codes {
    (
        $(#[$meta:meta])* $name:ident, $field:literal, $allowed:literal,
        { $( $(#[$variant_meta:meta])* $variant:ident = $wire:literal ),+ $(,)? }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum $name {
            $( $(#[$variant_meta])* #[serde(rename = $wire)] $variant, )+
        }

        impl $name {
            /// Every code, in KCP's order.
            pub const ALL: &[Self] = &[$( Self::$variant, )+];

            /// The spelling on the wire.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $( Self::$variant => $wire, )+
                }
            }
        }

        impl FromStr for $name {
            type Err = UnknownCode;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $( $wire => Ok(Self::$variant), )+
                    _ => Err(UnknownCode { field: $field, allowed: $allowed }),
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

codes! {
    /// The mobile operator, `comm_id`.
    CommId, "comm_id", "SKT, KTF, LGT, SKM, KTM, LGM",
    {
        /// SK Telecom.
        Skt = "SKT",
        /// KT.
        Ktf = "KTF",
        /// LG U+.
        Lgt = "LGT",
        /// A virtual operator (알뜰폰) on SK Telecom's network.
        Skm = "SKM",
        /// A virtual operator (알뜰폰) on KT's network.
        Ktm = "KTM",
        /// A virtual operator (알뜰폰) on LG U+'s network.
        Lgm = "LGM",
    }
}

impl CommId {
    /// Whether KCP wants the MVNO inquiry (`tx_type` 2400 or 2700) before the name check or the PASS push: KTM and LGM only.
    pub const fn needs_mvno_inquiry(self) -> bool {
        matches!(self, Self::Ktm | Self::Lgm)
    }

    /// Whether 2600 must carry the `auth_tx_id` that 2500 answered: SKT and SKM only.
    pub const fn needs_auth_tx_id(self) -> bool {
        matches!(self, Self::Skt | Self::Skm)
    }
}

codes! {
    /// The sex, `sex_code`.
    SexCode, "sex_code", "01, 02",
    {
        /// Male.
        Male = "01",
        /// Female.
        Female = "02",
    }
}

codes! {
    /// The nationality, `local_code`.
    LocalCode, "local_code", "01, 02",
    {
        /// A Korean national (내국인).
        Korean = "01",
        /// A foreigner (외국인).
        Foreigner = "02",
    }
}

codes! {
    /// The kind of device the user sits at, `media_type`.
    MediaType, "media_type", "MC01, MC02",
    {
        /// A PC.
        Pc = "MC01",
        /// A mobile device.
        Mobile = "MC02",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_reads_back_what_it_writes() {
        for id in CommId::ALL {
            assert_eq!(id.as_str().parse(), Ok(*id));
            assert_eq!(serde_json::to_value(id).unwrap(), id.as_str());
            assert_eq!(
                serde_json::from_value::<CommId>(id.as_str().into()).unwrap(),
                *id
            );
        }
        assert_eq!("01".parse(), Ok(SexCode::Male));
        assert_eq!("02".parse(), Ok(LocalCode::Foreigner));
        assert_eq!("MC02".parse(), Ok(MediaType::Mobile));
    }

    #[test]
    fn an_unknown_code_is_refused_without_being_repeated() {
        let error = "01012345678".parse::<CommId>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "comm_id 값이 KCP 코드가 아닙니다. 허용되는 값: SKT, KTF, LGT, SKM, KTM, LGM"
        );
        assert!("skt".parse::<CommId>().is_err());
        assert!("1".parse::<SexCode>().is_err());
    }
}

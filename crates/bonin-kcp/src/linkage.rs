//! CI (연계정보) and DI (중복가입확인정보) as they come in answers.

use std::fmt;

use percent_encoding::percent_decode_str;
use serde::Deserialize;

use crate::Sensitive;
use crate::wire::tolerant;

/// CI and DI as KCP spells them: upper or lower case, and the URL-encoded twins.
///
/// Some deployments answer in lower case, or only with the twins, so all of them are read.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct Linkage {
    #[serde(rename = "CI", deserialize_with = "tolerant")]
    ci_upper: Option<Sensitive>,
    #[serde(rename = "ci", deserialize_with = "tolerant")]
    ci_lower: Option<Sensitive>,
    #[serde(rename = "CI_URL", deserialize_with = "tolerant")]
    ci_url_upper: Option<Sensitive>,
    #[serde(rename = "ci_url", deserialize_with = "tolerant")]
    ci_url_lower: Option<Sensitive>,
    #[serde(rename = "DI", deserialize_with = "tolerant")]
    di_upper: Option<Sensitive>,
    #[serde(rename = "di", deserialize_with = "tolerant")]
    di_lower: Option<Sensitive>,
    #[serde(rename = "DI_URL", deserialize_with = "tolerant")]
    di_url_upper: Option<Sensitive>,
    #[serde(rename = "di_url", deserialize_with = "tolerant")]
    di_url_lower: Option<Sensitive>,
}

impl Linkage {
    pub(crate) fn ci(&self) -> Option<Sensitive> {
        first_of(
            [&self.ci_upper, &self.ci_lower],
            [&self.ci_url_upper, &self.ci_url_lower],
        )
    }

    pub(crate) fn di(&self) -> Option<Sensitive> {
        first_of(
            [&self.di_upper, &self.di_lower],
            [&self.di_url_upper, &self.di_url_lower],
        )
    }
}

impl fmt::Debug for Linkage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

fn first_of(plain: [&Option<Sensitive>; 2], encoded: [&Option<Sensitive>; 2]) -> Option<Sensitive> {
    plain.into_iter().flatten().next().cloned().or_else(|| {
        // A `+` stays a `+`: the value is base64, which never holds the space that a form would mean by it.
        let twin = encoded.into_iter().flatten().next()?;
        Some(Sensitive::from(
            percent_decode_str(twin.expose())
                .decode_utf8()
                .ok()?
                .into_owned(),
        ))
    })
}

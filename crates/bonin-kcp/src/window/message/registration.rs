use serde::{Deserialize, Serialize};
use url::Url;

use crate::Sensitive;
use crate::call::InvalidResponse;
use crate::wire::tolerant;

/// What is registered before the window opens.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Registration {
    /// The merchant's order number, unique for each registration: 1 to [`MAX_ORDR_IDXX_LEN`](Self::MAX_ORDR_IDXX_LEN) characters.
    pub ordr_idxx: String,
    /// Where KCP posts the user's browser back to: an absolute `http` or `https` address of at most
    /// [`MAX_RET_URL_LEN`](Self::MAX_RET_URL_LEN) characters, its host set in KCP's partner admin.
    /// It may carry a secret of its own, so it never prints.
    pub ret_url: Sensitive,
    /// The site that the DI is for, at most [`MAX_WEB_SITEID_LEN`](Self::MAX_WEB_SITEID_LEN) characters; without it the one that KCP gave
    /// the merchant.
    pub web_siteid: Option<String>,
    /// Echoed by the return post; may be empty.
    pub param_opt_1: String,
    /// As `param_opt_1`.
    pub param_opt_2: String,
    /// As `param_opt_1`.
    pub param_opt_3: String,
}

/// A field of a [`Registration`] that breaks KCP's rule. Names the field, never its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {rule}")]
pub struct RegistrationError {
    /// The wire name of the field.
    pub field: &'static str,
    /// What would have been right, in Korean.
    pub rule: &'static str,
}

impl Registration {
    /// The longest `ordr_idxx`.
    pub const MAX_ORDR_IDXX_LEN: usize = 50;
    /// The longest `Ret_URL`.
    pub const MAX_RET_URL_LEN: usize = 256;
    /// The longest `web_siteid`.
    pub const MAX_WEB_SITEID_LEN: usize = 12;

    /// Whether every field keeps KCP's rule.
    pub fn check(&self) -> Result<(), RegistrationError> {
        let wrong = |field, rule| Err(RegistrationError { field, rule });
        if !is_short(&self.ordr_idxx, Self::MAX_ORDR_IDXX_LEN) || self.ordr_idxx.is_empty() {
            return wrong("ordr_idxx", "1자 이상 50자 이하의 문자열이어야 합니다.");
        }
        if !is_short(self.ret_url.expose(), Self::MAX_RET_URL_LEN)
            || web_address(self.ret_url.expose()).is_none()
        {
            return wrong(
                "Ret_URL",
                "256자 이하의 http 또는 https 절대 주소여야 합니다. 예: https://shop.example/return",
            );
        }
        if let Some(site) = &self.web_siteid
            && !is_short(site, Self::MAX_WEB_SITEID_LEN)
        {
            return wrong("web_siteid", "12자 이하의 문자열이어야 합니다.");
        }
        Ok(())
    }
}

fn is_short(text: &str, max: usize) -> bool {
    text.chars().count() <= max && !text.contains(char::is_control)
}

/// An absolute `http` or `https` address with a host and nobody's name and password in it.
fn web_address(text: &str) -> Option<Url> {
    // The parser strips blanks around an address; an address with blanks is none.
    if text.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return None;
    }
    let url = Url::parse(text).ok()?;
    let is_plain = matches!(url.scheme(), "http" | "https")
        && url.has_host()
        && url.username().is_empty()
        && url.password().is_none();
    is_plain.then_some(url)
}

/// The JSON that is encrypted: KCP wants an absent text as an empty one.
#[derive(Serialize)]
pub(in crate::window) struct Plaintext<'a> {
    pub(in crate::window) site_cd: &'a str,
    pub(in crate::window) ordr_idxx: &'a str,
    #[serde(rename = "Ret_URL")]
    pub(in crate::window) ret_url: &'a Sensitive,
    pub(in crate::window) web_siteid: &'a str,
    pub(in crate::window) param_opt_1: &'a str,
    pub(in crate::window) param_opt_2: &'a str,
    pub(in crate::window) param_opt_3: &'a str,
}

/// What a registration answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registered {
    /// Where the user's browser posts [`OPEN_KEY_FIELD`](crate::window::OPEN_KEY_FIELD) and
    /// [`OPEN_SUBMIT_FIELD`](crate::window::OPEN_SUBMIT_FIELD) to: an absolute `http` or `https` address.
    pub call_url: Url,
    /// What opens the window, once, and what the query asks about. Whoever holds it can open the window, so it never prints.
    pub reg_cert_key: Sensitive,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(in crate::window) struct RegisteredAnswer {
    #[serde(deserialize_with = "tolerant")]
    call_url: Option<String>,
    #[serde(deserialize_with = "tolerant")]
    reg_cert_key: Option<Sensitive>,
}

impl TryFrom<RegisteredAnswer> for Registered {
    type Error = InvalidResponse;

    fn try_from(answer: RegisteredAnswer) -> Result<Self, InvalidResponse> {
        Ok(Self {
            call_url: answer
                .call_url
                .and_then(|text| web_address(&text))
                .ok_or(InvalidResponse::Incomplete("call_url"))?,
            reg_cert_key: answer
                .reg_cert_key
                .filter(|key| is_short(key.expose(), 1024))
                .ok_or(InvalidResponse::Incomplete("reg_cert_key"))?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn registration() -> Registration {
        Registration {
            ordr_idxx: "BONIN0001".into(),
            ret_url: "https://shop.example/return/secret".into(),
            ..Registration::default()
        }
    }

    #[test]
    fn a_registration_that_breaks_a_rule_names_the_field_and_not_the_value() {
        let edge = Registration {
            ordr_idxx: "주".repeat(50),
            ret_url: format!("https://shop.example/{}", "r".repeat(235)).into(),
            web_siteid: Some("s".repeat(12)),
            ..Registration::default()
        };
        assert_eq!(edge.ret_url.expose().len(), 256);
        assert_eq!((edge.check(), registration().check()), (Ok(()), Ok(())));

        let too_long = format!("{}x", edge.ret_url.expose());
        let order = |text: &str| Registration {
            ordr_idxx: text.into(),
            ..registration()
        };
        let address = |text: &str| Registration {
            ret_url: text.into(),
            ..registration()
        };
        let site = |text: &str| Registration {
            web_siteid: Some(text.into()),
            ..registration()
        };
        for (wrong, field) in [
            (order(""), "ordr_idxx"),
            (order(&"x".repeat(51)), "ordr_idxx"),
            (order("a\nb"), "ordr_idxx"),
            (address(&too_long), "Ret_URL"),
            (address(""), "Ret_URL"),
            (address("/return"), "Ret_URL"),
            (address("//shop.example"), "Ret_URL"),
            (address("javascript:alert(1)"), "Ret_URL"),
            (address("ftp://shop.example/"), "Ret_URL"),
            (address("http://"), "Ret_URL"),
            (address("https://user:pass@shop.example/"), "Ret_URL"),
            (address(" https://shop.example/"), "Ret_URL"),
            (address("https://shop.example/a b"), "Ret_URL"),
            (site(&"x".repeat(13)), "web_siteid"),
        ] {
            assert_eq!(wrong.check().unwrap_err().field, field);
        }
        assert!(!format!("{:?}", registration()).contains("secret"));
    }
}

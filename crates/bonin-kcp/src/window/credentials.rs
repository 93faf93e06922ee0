//! What a merchant holds for the window: `site_cd` and `enc_key`.

use std::fmt;
use std::sync::Arc;

use crate::Sensitive;

const MAX_ENC_KEY_LEN: usize = 128;

/// One merchant's window credentials: cheap to clone, never printed, wiped from memory when dropped.
#[derive(Clone)]
pub struct WindowCredentials(Arc<Inner>);

struct Inner {
    site_cd: String,
    enc_key: Sensitive,
}

/// Why credentials cannot be used. Each message says what to do; none repeats what was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WindowCredentialsError {
    /// `site_cd` is empty, too long, or has other than letters and digits.
    #[error(
        "site_cd 형식이 올바르지 않습니다. KCP에서 발급한 영문·숫자 사이트 코드(예: AO7F3)를 넣어 주세요."
    )]
    SiteCd,
    /// `enc_key` is empty, longer than 128 characters, or has other than printable ASCII.
    #[error(
        "enc_key 형식이 올바르지 않습니다. KCP에서 발급한 가맹점 인증키(보통 16진수 64자)를 공백 없이 그대로 넣어 주세요."
    )]
    EncKey,
}

impl WindowCredentials {
    /// Checks the form of both. Whether KCP knows them only a call can tell.
    pub fn new(site_cd: &str, enc_key: &str) -> Result<Self, WindowCredentialsError> {
        if site_cd.is_empty()
            || site_cd.len() > 20
            || !site_cd.bytes().all(|b| b.is_ascii_alphanumeric())
        {
            return Err(WindowCredentialsError::SiteCd);
        }
        if enc_key.is_empty()
            || enc_key.len() > MAX_ENC_KEY_LEN
            || !enc_key.bytes().all(|b| b.is_ascii_graphic())
        {
            return Err(WindowCredentialsError::EncKey);
        }
        Ok(Self(Arc::new(Inner {
            site_cd: site_cd.to_owned(),
            enc_key: enc_key.into(),
        })))
    }

    /// KCP's code for the merchant.
    pub fn site_cd(&self) -> &str {
        &self.0.site_cd
    }

    pub(super) fn enc_key(&self) -> &str {
        self.0.enc_key.expose()
    }
}

impl fmt::Debug for WindowCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WindowCredentials")
            .field("site_cd", &self.0.site_cd)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_print_the_merchant_and_no_key() {
        let credentials = WindowCredentials::new("AO7F3", "c2a22fa3ebe4").unwrap();
        assert_eq!(
            format!("{credentials:?}"),
            "WindowCredentials { site_cd: \"AO7F3\", .. }"
        );
    }

    #[test]
    fn what_cannot_be_credentials_is_refused_without_being_repeated() {
        let long = "k".repeat(129);
        for (site_cd, enc_key, why) in [
            ("", "key", WindowCredentialsError::SiteCd),
            ("AO 7F3", "key", WindowCredentialsError::SiteCd),
            ("가맹점", "key", WindowCredentialsError::SiteCd),
            ("AO7F3", "", WindowCredentialsError::EncKey),
            ("AO7F3", "key\n", WindowCredentialsError::EncKey),
            ("AO7F3", "열쇠", WindowCredentialsError::EncKey),
            ("AO7F3", &long, WindowCredentialsError::EncKey),
        ] {
            let error = WindowCredentials::new(site_cd, enc_key).unwrap_err();
            assert_eq!(error, why);
            assert!(!error.to_string().contains("열쇠"));
        }
        assert!(WindowCredentials::new("AO7F3", &"k".repeat(128)).is_ok());
    }
}

//! Setting a channel up: what an administrator enters, what they must set at the provider, and what a trial call showed.

use std::time::Duration;

use bonin_core::{OrderNumber, Redacted};
use bonin_store::{ChannelKind, HubAccess, WindowAccess};
use jiff::{SignedDuration, Timestamp, tz};
use serde::Deserialize;

use crate::Problems;

/// From when on a certificate's end is warned of.
const WARN_BEFORE: SignedDuration = SignedDuration::from_hours(24 * 30);

/// What a channel can do, by which credentials it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Product {
    /// Calls from server to server.
    Hub,
    /// The provider's own page.
    Window,
}

impl Product {
    /// As JSON spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hub => "hub",
            Self::Window => "window",
        }
    }

    /// As people call it, in Korean.
    pub fn korean(self) -> &'static str {
        match self {
            Self::Hub => "허브형(API 방식)",
            Self::Window => "표준창(SDK 방식)",
        }
    }
}

/// Credentials and addresses as they were entered, none of them checked. Empty is: not given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EnteredCredentials {
    /// The provider's code for the merchant.
    pub site_cd: String,
    /// The hub's service certificate, PEM.
    pub certificate: Redacted,
    /// Its encrypted private key, PEM.
    pub private_key: Redacted,
    /// The key's password.
    pub private_key_password: Redacted,
    /// The window's key, 가맹점 인증키.
    pub enc_key: Redacted,
    /// Where the hub is; the provider's own address where it is empty.
    pub hub_url: String,
    /// Where the window is; the provider's own address where it is empty.
    pub window_url: String,
}

/// What the provider hands to a merchant, as one JSON text.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Handed {
    site_cd: String,
    #[serde(default)]
    enc_key: Option<String>,
    #[serde(default)]
    certificate_pem: Option<String>,
    #[serde(default)]
    private_key_pem: Option<String>,
    #[serde(default)]
    private_key_password: Option<String>,
}

impl EnteredCredentials {
    /// The longest JSON text that is read: certificate and key are a few KiB.
    const MAX_JSON: usize = 256 * 1024;

    /// Reads what the provider handed out as one JSON text: `{siteCd, encKey?, certificatePem?, privateKeyPem?,
    /// privateKeyPassword?}`. What is wrong is told of the field `credentials`, without repeating anything.
    pub fn from_json(text: &str) -> Result<Self, Problems> {
        let handed = (text.len() <= Self::MAX_JSON)
            .then(|| serde_json::from_str::<Handed>(text.trim()).ok())
            .flatten();
        let Some(handed) = handed else {
            let mut problems = Problems::default();
            problems.add(
                "credentials",
                "자격 증명 JSON을 읽을 수 없습니다. {\"siteCd\": …, \"encKey\": …, \"certificatePem\": …, \"privateKeyPem\": …, \"privateKeyPassword\": …} 모양의 JSON 객체여야 하고 siteCd는 꼭 있어야 합니다.",
            );
            return Err(problems);
        };
        let secret = |text: Option<String>| text.map_or_else(Redacted::default, Redacted::new);
        Ok(Self {
            site_cd: handed.site_cd,
            certificate: secret(handed.certificate_pem),
            private_key: secret(handed.private_key_pem),
            private_key_password: secret(handed.private_key_password),
            enc_key: secret(handed.enc_key),
            ..Self::default()
        })
    }

    /// Whether anything of the hub's credentials was given.
    pub fn names_hub(&self) -> bool {
        [
            &self.certificate,
            &self.private_key,
            &self.private_key_password,
        ]
        .into_iter()
        .any(|field| !field.expose().trim().is_empty())
    }

    /// Whether anything of the window's credentials was given.
    pub fn names_window(&self) -> bool {
        !self.enc_key.expose().trim().is_empty()
    }
}

/// Credentials that can be used, as far as that shows without asking the provider.
#[derive(Debug, Clone)]
pub struct CheckedCredentials {
    /// The provider, as the API spells it.
    pub pg_provider: &'static str,
    /// The merchant's id there.
    pub pg_merchant_id: String,
    /// LIVE or TEST.
    pub kind: ChannelKind,
    /// Credentials for the hub, with the certificate's end.
    pub hub: Option<HubAccess>,
    /// Credentials for the window.
    pub window: Option<WindowAccess>,
}

/// How long a certificate will do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CertificateState {
    /// For more than 30 days.
    Fine,
    /// It ends within 30 days.
    EndsSoon {
        /// Whole days that are left.
        days: i64,
    },
    /// It has ended.
    Expired,
}

/// How long a certificate that ends at `ends_at` will do.
pub fn certificate_state(ends_at: Timestamp, now: Timestamp) -> CertificateState {
    let left = ends_at.duration_since(now);
    if left <= SignedDuration::ZERO {
        CertificateState::Expired
    } else if left <= WARN_BEFORE {
        CertificateState::EndsSoon {
            days: left.as_hours() / 24,
        }
    } else {
        CertificateState::Fine
    }
}

impl CertificateState {
    /// What to do about it, in Korean; `None` where nothing has to be done.
    pub fn warning(self, ends_at: Timestamp) -> Option<String> {
        let day = korean_day(ends_at);
        match self {
            Self::Fine => None,
            Self::EndsSoon { days: 0 } => Some(format!(
                "인증서가 하루 안에({day}) 만료됩니다. 새 인증서를 발급받아 채널의 자격 증명을 바꿔야 합니다."
            )),
            Self::EndsSoon { days } => Some(format!(
                "인증서가 {days}일 뒤({day}) 만료됩니다. 새 인증서를 발급받아 채널의 자격 증명을 바꿔야 합니다."
            )),
            Self::Expired => Some(format!(
                "인증서가 {day}에 만료되었습니다. 허브형 요청은 거절됩니다. 새 인증서를 발급받아 채널의 자격 증명을 바꿔야 합니다."
            )),
        }
    }
}

/// The day in Korea.
pub(super) fn korean_day(at: Timestamp) -> String {
    tz::offset(9).to_datetime(at).date().to_string()
}

/// What has to be entered or done at the provider for one product, in Korean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instructions {
    /// For which product.
    pub product: Product,
    /// What to set, in the order in which to set it.
    pub steps: Vec<Step>,
}

/// One thing to enter or to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Where: the menu of the partner admin, or whom to ask.
    pub place: &'static str,
    /// What is entered exactly, if something is.
    pub value: Option<String>,
    /// Why, and what to watch.
    pub note: String,
}

/// A trial call to be made for each product that a channel has credentials for.
#[derive(Debug, Clone)]
pub struct ProbeOrder {
    /// A fresh order number for the hub.
    pub hub_order: OrderNumber,
    /// A fresh order number for the window.
    pub window_order: OrderNumber,
    /// A return address of this gateway, of the form that real tries have.
    pub return_url: Redacted,
}

/// What a trial call showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The provider took the credentials.
    Works,
    /// The provider answered, but its code does not tell whether the credentials were taken.
    Unclear,
    /// The provider refused for the credentials or for a setting.
    Refused,
    /// No proper answer came.
    NoAnswer,
    /// Nothing could be asked: the credentials or the address are of no use.
    Unusable,
}

impl Verdict {
    /// As JSON spells it.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Works => "works",
            Self::Unclear => "unclear",
            Self::Refused => "refused",
            Self::NoAnswer => "no_answer",
            Self::Unusable => "unusable",
        }
    }
}

/// What came of a trial call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probed {
    /// For which product.
    pub product: Product,
    /// What it showed.
    pub verdict: Verdict,
    /// The provider's code, or ours where it did not answer.
    pub code: Option<String>,
    /// What the provider said, for the administrator alone.
    pub message: Option<Redacted>,
    /// What it means and what to do, in Korean.
    pub explanation: String,
    /// How long it took.
    pub took: Duration,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_warned_of_from_thirty_days_before_its_end() {
        let now: Timestamp = "2026-11-23T00:00:00Z".parse().unwrap();
        let state = |hours: i64| certificate_state(now + SignedDuration::from_hours(hours), now);
        assert_eq!(state(24 * 30 + 1), CertificateState::Fine);
        assert_eq!(state(24 * 30), CertificateState::EndsSoon { days: 30 });
        assert_eq!(state(47), CertificateState::EndsSoon { days: 1 });
        assert_eq!(state(1), CertificateState::EndsSoon { days: 0 });
        assert_eq!(state(0), CertificateState::Expired);
        assert_eq!(state(-1), CertificateState::Expired);

        // 15:00 UTC is midnight in Korea.
        let ends_at: Timestamp = "2026-11-30T15:00:00Z".parse().unwrap();
        let warning = certificate_state(ends_at, now).warning(ends_at).unwrap();
        assert!(warning.contains("7일 뒤(2026-12-01)"), "{warning}");
        assert_eq!(CertificateState::Fine.warning(ends_at), None);
    }

    #[test]
    fn a_json_text_that_is_no_credentials_is_refused_without_being_repeated() {
        let handed = r#"{"siteCd":"T0001","encKey":"k","certificatePem":null,"more":1}"#;
        let entered = EnteredCredentials::from_json(handed).unwrap();
        assert_eq!(
            (entered.site_cd.as_str(), entered.enc_key.expose()),
            ("T0001", "k")
        );
        assert!(entered.names_window() && !entered.names_hub());
        assert!(!format!("{entered:?}").contains("\"k\""));

        let huge = format!("{{\"siteCd\":\"{}\"}}", "x".repeat(300_000));
        for wrong in [
            "",
            "[]",
            "비밀",
            r#"{"encKey":"k"}"#,
            r#"{"siteCd":1}"#,
            &huge,
        ] {
            let problems = EnteredCredentials::from_json(wrong).unwrap_err();
            assert_eq!(problems.0.len(), 1);
            assert!(
                problems
                    .of("credentials")
                    .is_some_and(|why| !why.contains("비밀"))
            );
        }
    }
}

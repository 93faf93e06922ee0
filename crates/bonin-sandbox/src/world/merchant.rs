use bonin_kcp::hub::{CertificateError, HubCertificate};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, Zoned};
use pkcs8::pkcs5::pbes2::Parameters;
use pkcs8::{LineEnding, PrivateKeyInfoRef};
use rcgen::{CertificateParams, DnType, KeyPair, PKCS_RSA_SHA256, date_time_ymd};
use serde_json::{Value, json};

use crate::random;

/// KCP's public test merchant for the window.
const DEFAULT_SITE_CD: &str = "AO7F3";
const DEFAULT_ENC_KEY: &str = "c2a22fa3ebe4698075bcac6b433d52e351c881b02fb83488d4283a43385b1f8e";

/// The password is random, so more rounds would only cost time. OpenSSL's default.
const PBKDF2_ROUNDS: u32 = 2048;

/// Somebody with a contract at KCP.
#[derive(Clone)]
pub(crate) struct Merchant {
    pub(crate) site_cd: String,
    /// The key of the window.
    pub(crate) enc_key: String,
    /// Hosts that the window may send the user back to.
    pub(crate) result_url_hosts: Vec<String>,
    /// Whether the contract has CI.
    pub(crate) provides_ci: bool,
    /// Whether the contract has the name check alone.
    pub(crate) name_check_only: bool,
    /// The certificate of the hub.
    pub(crate) certificate: HubCertificate,
    pub(crate) certificate_pem: String,
    /// The private key, where the sandbox made it.
    pub(crate) issued: Option<Issued>,
}

/// A private key as KCP hands it out, and its password.
#[derive(Clone)]
pub(crate) struct Issued {
    pub(crate) private_key_pem: String,
    pub(crate) password: String,
}

/// How long a certificate that the sandbox makes is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CertificateLife {
    /// Five years from today, as KCP's.
    FiveYears,
    /// Until a year ago.
    Expired,
}

/// A key or certificate could not be made: the cryptographic library or the system's randomness failed.
#[derive(Debug, thiserror::Error)]
#[error("가맹점의 키와 인증서를 만들지 못했습니다: {0}")]
pub(crate) struct KeyMakingFailed(String);

impl KeyMakingFailed {
    fn because(error: impl ToString) -> Self {
        Self(error.to_string())
    }
}

impl Merchant {
    /// The merchant that is there from the start.
    pub(crate) fn default_one() -> Result<Self, KeyMakingFailed> {
        let mut merchant = Self::with_new_key(DEFAULT_SITE_CD, CertificateLife::FiveYears)?;
        merchant.enc_key = DEFAULT_ENC_KEY.to_owned();
        Ok(merchant)
    }

    /// A merchant with a key and a certificate of its own. Making an RSA key takes a good part of a second: not for async threads.
    pub(crate) fn with_new_key(
        site_cd: &str,
        life: CertificateLife,
    ) -> Result<Self, KeyMakingFailed> {
        let (certificate_pem, issued) = issue(site_cd, life)?;
        let certificate =
            HubCertificate::parse(&certificate_pem).map_err(KeyMakingFailed::because)?;
        Ok(Self {
            site_cd: site_cd.to_owned(),
            enc_key: random::enc_key().map_err(KeyMakingFailed::because)?,
            result_url_hosts: vec!["127.0.0.1".into(), "localhost".into()],
            provides_ci: true,
            name_check_only: false,
            certificate,
            certificate_pem,
            issued: Some(issued),
        })
    }

    /// Replaces the certificate by one whose private key is elsewhere.
    pub(crate) fn bring_certificate(
        &mut self,
        certificate_pem: &str,
    ) -> Result<(), CertificateError> {
        self.certificate = HubCertificate::parse(certificate_pem)?;
        self.certificate_pem = certificate_pem.to_owned();
        self.issued = None;
        Ok(())
    }

    /// The site that DI is for where a call names none: as KCP's, it belongs to the merchant and has 12 characters at most.
    pub(crate) fn own_site(&self) -> String {
        format!("J{}", self.site_cd).chars().take(12).collect()
    }

    /// As `GET /sandbox/merchants` shows it.
    pub(crate) fn to_json(&self) -> Value {
        json!({
            "siteCd": self.site_cd,
            "encKey": self.enc_key,
            "resultUrlHosts": self.result_url_hosts,
            "providesCi": self.provides_ci,
            "nameCheckOnly": self.name_check_only,
            "certificatePem": self.certificate_pem,
        })
    }
}

fn issue(site_cd: &str, life: CertificateLife) -> Result<(String, Issued), KeyMakingFailed> {
    let key = KeyPair::generate_for(&PKCS_RSA_SHA256).map_err(KeyMakingFailed::because)?;
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name = rcgen::DistinguishedName::new();
    parameters
        .distinguished_name
        .push(DnType::OrganizationName, "Bonin Sandbox (not NHN KCP)");
    parameters
        .distinguished_name
        .push(DnType::CommonName, site_cd);
    let today = Timestamp::now().to_zoned(TimeZone::UTC);
    let (begin, end) = match life {
        CertificateLife::FiveYears => (0, 5),
        CertificateLife::Expired => (-6, -1),
    };
    // `date_time_ymd` panics on days that do not exist; these come from a calendar.
    let (year, month, day) = day_in(&today, begin);
    parameters.not_before = date_time_ymd(year, month, day);
    let (year, month, day) = day_in(&today, end);
    parameters.not_after = date_time_ymd(year, month, day);
    let certificate = parameters
        .self_signed(&key)
        .map_err(KeyMakingFailed::because)?;

    let password = random::password().map_err(KeyMakingFailed::because)?;
    let salt = random::bytes::<16>().map_err(KeyMakingFailed::because)?;
    let iv = random::bytes::<16>().map_err(KeyMakingFailed::because)?;
    let parameters = Parameters::generate_pbkdf2_sha256_aes256cbc(PBKDF2_ROUNDS, &salt, iv)
        .map_err(KeyMakingFailed::because)?;
    let private_key_pem = PrivateKeyInfoRef::try_from(key.serialized_der())
        .map_err(KeyMakingFailed::because)?
        .encrypt_with_params(parameters, password.as_bytes())
        .map_err(KeyMakingFailed::because)?
        .to_pem("ENCRYPTED PRIVATE KEY", LineEnding::LF)
        .map_err(KeyMakingFailed::because)?
        .to_string();
    Ok((
        certificate.pem().replace("\r\n", "\n"),
        Issued {
            private_key_pem,
            password,
        },
    ))
}

fn day_in(today: &Zoned, years: i32) -> (i32, u8, u8) {
    let date = today.saturating_add(Span::new().years(years)).date();
    (
        date.year().into(),
        date.month().unsigned_abs(),
        date.day().unsigned_abs(),
    )
}

#[cfg(test)]
mod tests {
    use bonin_kcp::hub::HubCredentials;

    use super::*;

    #[test]
    fn what_a_merchant_is_handed_opens_and_lasts_five_years() {
        let merchant = Merchant::default_one().unwrap();
        let issued = merchant.issued.as_ref().unwrap();
        let credentials = HubCredentials::parse(
            &merchant.site_cd,
            &merchant.certificate_pem,
            &issued.private_key_pem,
            &issued.password,
        )
        .unwrap();
        let days = credentials
            .certificate_not_after()
            .duration_since(Timestamp::now())
            .as_hours()
            / 24;
        assert!((1824..=1827).contains(&days), "{days}");
        assert!(merchant.certificate.not_before() <= Timestamp::now());

        let expired = Merchant::with_new_key("T1", CertificateLife::Expired).unwrap();
        assert!(expired.certificate.not_after() < Timestamp::now());
    }
}

//! What a merchant holds for the hub: `site_cd`, the service certificate, and the private key with its password.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::rsa::KeyPair as RsaKeyPair;
use aws_lc_rs::signature::KeyPair as _;
use jiff::Timestamp;
use pkcs8::EncryptedPrivateKeyInfoRef;
use pkcs8::der::Decode;
use pkcs8::der::asn1::{AnyRef, OctetStringRef};
use pkcs8::pkcs5::EncryptionScheme;
use pkcs8::pkcs5::pbes2::Kdf;
use pkcs8::spki::AlgorithmIdentifierRef;

use super::certificate::{CertificateError, HubCertificate};
use super::pem;

/// PBKDF2 rounds we are ready to do: OpenSSL writes 2 048 by default, OWASP asks for 600 000. Above it the file is hostile
/// or broken; at it, opening takes about a second.
const MAX_PBKDF2_ROUNDS: u32 = 2_000_000;
/// scrypt's memory (`128 · N · r` bytes) and total work (times `p`) we are ready to spend; OpenSSL's default is 16 MiB.
const MAX_SCRYPT_MEMORY: u64 = 64 * 1024 * 1024;
const MAX_SCRYPT_WORK: u64 = 4 * MAX_SCRYPT_MEMORY;

/// One merchant's hub credentials: parsed and checked once, cheap to clone, never printed.
///
/// A value of this type signs what its certificate verifies: [`parse`](Self::parse) checks that the two belong together.
#[derive(Clone)]
pub struct HubCredentials(Arc<Inner>);

struct Inner {
    site_cd: String,
    certificate: HubCertificate,
    certificate_line: String,
    key: HubKey,
}

/// A service certificate's private key, opened. AWS-LC wipes it when it is dropped.
pub struct HubKey(RsaKeyPair);

impl HubKey {
    /// Opens an encrypted PKCS#8 key (PBES2). Work for the CPU, bounded: call it off the async threads.
    pub fn open(encrypted_private_key_pem: &str, password: &str) -> Result<Self, CredentialsError> {
        open_key(encrypted_private_key_pem, password).map(Self)
    }

    /// Whether it is the key of this certificate.
    pub fn belongs_to(&self, certificate: &HubCertificate) -> bool {
        self.0.public_key().as_ref() == certificate.rsa_public_key()
    }
}

impl fmt::Debug for HubKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HubKey")
    }
}

/// Why credentials cannot be used. Each message says what to do; none repeats what was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CredentialsError {
    /// `site_cd` is empty, too long, or has other than letters and digits.
    #[error(
        "site_cd 형식이 올바르지 않습니다. KCP에서 발급한 영문·숫자 사이트 코드(예: AO7F3)를 넣어 주세요."
    )]
    SiteCd,
    /// The certificate cannot be read.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// No PEM block of a private key, or its body is not base64 of an encrypted PKCS#8 key.
    #[error(
        "개인키가 PEM 형식의 PKCS#8 파일이 아닙니다. KCP에서 받은 KCP_AUTH_{{site_cd}}_PRIKEY.pem 파일의 내용 전체를 넣어 주세요."
    )]
    KeyNotPem,
    /// The key is a private key without encryption.
    #[error(
        "개인키가 암호화되어 있지 않습니다. KCP에서 받은 KCP_AUTH_{{site_cd}}_PRIKEY.pem 파일(-----BEGIN ENCRYPTED PRIVATE KEY-----)을 그대로 넣어 주세요."
    )]
    KeyNotEncrypted,
    /// The key is encrypted with something other than PBES2 as we know it.
    #[error(
        "개인키의 암호화 방식을 지원하지 않습니다. `openssl pkcs8 -topk8 -v2 aes-256-cbc`로 다시 암호화(PBES2)해 주세요."
    )]
    UnsupportedEncryption,
    /// The key file asks for more key-derivation work than any honest one does.
    #[error(
        "개인키 파일의 키 유도 반복 횟수가 지나치게 큽니다. KCP에서 받은 원본 파일인지 확인하고, 아니면 `openssl pkcs8 -topk8 -v2 aes-256-cbc`로 다시 암호화해 주세요."
    )]
    TooMuchWork,
    /// The password does not open the key.
    #[error(
        "개인키 비밀번호가 맞지 않습니다. KCP에서 인증서를 발급받을 때 정한 비밀번호를 확인해 주세요."
    )]
    WrongPassword,
    /// The key is not RSA of at least 2048 bits.
    #[error(
        "개인키가 RSA 2048비트 이상의 키가 아닙니다. KCP에서 받은 KCP_AUTH_{{site_cd}}_PRIKEY.pem 파일이 맞는지 확인해 주세요."
    )]
    UnsupportedKey,
    /// The key belongs to another certificate.
    #[error(
        "개인키와 인증서가 서로 짝이 아닙니다. 같은 때에 함께 받은 KCP_AUTH_{{site_cd}}_CERT.pem과 KCP_AUTH_{{site_cd}}_PRIKEY.pem을 넣어 주세요."
    )]
    KeyMismatch,
}

impl HubCredentials {
    /// Reads, opens and checks credentials: both PEMs parse, the password opens the key (PBES2), and the key is the certificate's.
    ///
    /// An expired certificate parses; look at [`certificate_not_after`](Self::certificate_not_after). Opening the key is work for
    /// the CPU (milliseconds to about a second, bounded): call it off the async threads.
    pub fn parse(
        site_cd: &str,
        certificate_pem: &str,
        encrypted_private_key_pem: &str,
        password: &str,
    ) -> Result<Self, CredentialsError> {
        if site_cd.is_empty()
            || site_cd.len() > 20
            || !site_cd.bytes().all(|b| b.is_ascii_alphanumeric())
        {
            return Err(CredentialsError::SiteCd);
        }
        let certificate = HubCertificate::parse(certificate_pem)?;
        let key = HubKey::open(encrypted_private_key_pem, password)?;
        if !key.belongs_to(&certificate) {
            return Err(CredentialsError::KeyMismatch);
        }
        Ok(Self(Arc::new(Inner {
            site_cd: site_cd.to_owned(),
            certificate_line: certificate.to_one_line(),
            certificate,
            key,
        })))
    }

    /// KCP's code for the merchant.
    pub fn site_cd(&self) -> &str {
        &self.0.site_cd
    }

    /// Until when the certificate is valid; KCP refuses calls after it.
    pub fn certificate_not_after(&self) -> Timestamp {
        self.0.certificate.not_after()
    }

    /// The certificate.
    pub fn certificate(&self) -> &HubCertificate {
        &self.0.certificate
    }

    /// The certificate on one line, `kcp_cert_info`.
    pub(super) fn certificate_line(&self) -> &str {
        &self.0.certificate_line
    }

    pub(super) fn key(&self) -> &RsaKeyPair {
        &self.0.key.0
    }
}

impl fmt::Debug for HubCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HubCredentials")
            .field("site_cd", &self.0.site_cd)
            .field("certificate_not_after", &self.certificate_not_after())
            .finish_non_exhaustive()
    }
}

fn open_key(pem_text: &str, password: &str) -> Result<RsaKeyPair, CredentialsError> {
    if !pem::contains(pem_text, "ENCRYPTED PRIVATE KEY") {
        let plain =
            pem::contains(pem_text, "PRIVATE KEY") || pem::contains(pem_text, "RSA PRIVATE KEY");
        return Err(if plain {
            CredentialsError::KeyNotEncrypted
        } else {
            CredentialsError::KeyNotPem
        });
    }
    let der = pem::decode(pem_text, "ENCRYPTED PRIVATE KEY").ok_or(CredentialsError::KeyNotPem)?;
    let encrypted = EncryptedPrivateKeyInfoRef::try_from(der.as_slice()).map_err(|_| {
        // The library reads only the algorithms that it knows: well-formed is not yet readable.
        if is_encrypted_pkcs8(&der) {
            CredentialsError::UnsupportedEncryption
        } else {
            CredentialsError::KeyNotPem
        }
    })?;
    bound_work(&encrypted.encryption_algorithm)?;
    let document = encrypted.decrypt(password).map_err(|error| match error {
        pkcs8::Error::EncryptedPrivateKey(
            pkcs8::pkcs5::Error::UnsupportedAlgorithm { .. }
            | pkcs8::pkcs5::Error::AlgorithmParametersInvalid { .. }
            | pkcs8::pkcs5::Error::NoPbes1CryptSupport,
        ) => CredentialsError::UnsupportedEncryption,
        // A wrong password shows as bad padding or, by chance, as bytes that are no ASN.1.
        _ => CredentialsError::WrongPassword,
    })?;
    RsaKeyPair::from_pkcs8(document.as_bytes()).map_err(|_| CredentialsError::UnsupportedKey)
}

/// `EncryptedPrivateKeyInfo` (RFC 5208, section 6), whatever the algorithm.
fn is_encrypted_pkcs8(der: &[u8]) -> bool {
    AnyRef::from_der(der)
        .and_then(|info| {
            info.sequence(|reader| {
                AlgorithmIdentifierRef::decode(reader)?;
                <&OctetStringRef>::decode(reader).map(drop)
            })
        })
        .is_ok()
}

fn bound_work(scheme: &EncryptionScheme) -> Result<(), CredentialsError> {
    let EncryptionScheme::Pbes2(parameters) = scheme else {
        return Err(CredentialsError::UnsupportedEncryption);
    };
    let affordable = match &parameters.kdf {
        Kdf::Pbkdf2(pbkdf2) => pbkdf2.iteration_count <= MAX_PBKDF2_ROUNDS,
        Kdf::Scrypt(scrypt) => {
            // The library panics at a cost of 0 (pkcs5 0.8.1, found by fuzzing). RFC 7914, section 2: a power of two, above 1.
            if scrypt.cost_parameter < 2 || !scrypt.cost_parameter.is_power_of_two() {
                return Err(CredentialsError::UnsupportedEncryption);
            }
            let memory = 128_u64
                .saturating_mul(scrypt.cost_parameter)
                .saturating_mul(scrypt.block_size.into());
            let work = memory.saturating_mul(scrypt.parallelization.into());
            memory <= MAX_SCRYPT_MEMORY && work <= MAX_SCRYPT_WORK
        }
        _ => return Err(CredentialsError::UnsupportedEncryption),
    };
    if affordable {
        Ok(())
    } else {
        Err(CredentialsError::TooMuchWork)
    }
}

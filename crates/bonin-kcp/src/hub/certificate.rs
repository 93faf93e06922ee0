//! A merchant's service certificate, and the check of a signature against it: the half of `kcp_sign_data` that KCP does.

use std::fmt;

use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::public_key::PublicKey;

use super::pem;
use super::sign::SignText;

const LABEL: &str = "CERTIFICATE";

/// A service certificate with an RSA key. It holds nothing secret, but it names a merchant: `Debug` shows only its lifetime.
#[derive(Clone, PartialEq, Eq)]
pub struct HubCertificate {
    der: Vec<u8>,
    rsa_public_key: Vec<u8>,
    not_before: Timestamp,
    not_after: Timestamp,
}

/// Why a text is not a service certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// No PEM block `CERTIFICATE`, or its body is not base64.
    #[error(
        "인증서가 PEM 형식이 아닙니다. KCP에서 받은 KCP_AUTH_{{site_cd}}_CERT.pem 파일의 내용 전체를 넣어 주세요."
    )]
    NotPem,
    /// The PEM body is not an X.509 certificate.
    #[error(
        "인증서 내용을 읽을 수 없습니다. 파일이 손상되지 않았는지 확인하고 KCP_AUTH_{{site_cd}}_CERT.pem 파일을 다시 넣어 주세요."
    )]
    NotX509,
    /// The certificate holds a key that is not RSA of 2048 to 8192 bits.
    #[error(
        "인증서의 공개키가 RSA 2048비트 이상이 아닙니다. KCP 서비스 인증서(KCP_AUTH_{{site_cd}}_CERT.pem)가 맞는지 확인해 주세요."
    )]
    NotRsa,
}

impl HubCertificate {
    /// Reads a certificate from PEM, with line breaks or on one line as `kcp_cert_info` carries it.
    pub fn parse(certificate_pem: &str) -> Result<Self, CertificateError> {
        let der = pem::decode(certificate_pem, LABEL).ok_or(CertificateError::NotPem)?;
        let (rest, certificate) =
            X509Certificate::from_der(&der).map_err(|_| CertificateError::NotX509)?;
        if !rest.is_empty() {
            return Err(CertificateError::NotX509);
        }
        let spki = certificate.public_key();
        match spki.parsed() {
            Ok(PublicKey::RSA(key)) if (2048..=8192).contains(&key.key_size()) => {}
            _ => return Err(CertificateError::NotRsa),
        }
        let validity = certificate.validity();
        let timestamp =
            |seconds| Timestamp::from_second(seconds).map_err(|_| CertificateError::NotX509);
        Ok(Self {
            rsa_public_key: spki.subject_public_key.data.to_vec(),
            not_before: timestamp(validity.not_before.timestamp())?,
            not_after: timestamp(validity.not_after.timestamp())?,
            der: der.to_vec(),
        })
    }

    /// The PEM on one line, as `kcp_cert_info` carries it.
    pub fn to_one_line(&self) -> String {
        pem::encode_on_one_line(&self.der, LABEL)
    }

    /// From when the certificate is valid.
    pub fn not_before(&self) -> Timestamp {
        self.not_before
    }

    /// Until when the certificate is valid. KCP issues them for five years.
    pub fn not_after(&self) -> Timestamp {
        self.not_after
    }

    /// Whether `signature` (`kcp_sign_data`: base64 of RSA PKCS#1 v1.5 with SHA-256) was made over `text` with this certificate's key.
    pub fn verifies(&self, text: &SignText, signature: &str) -> bool {
        STANDARD.decode(signature).is_ok_and(|signature| {
            UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &self.rsa_public_key)
                .verify(text.as_bytes(), &signature)
                .is_ok()
        })
    }

    /// The public key as PKCS#1 `RSAPublicKey`, to compare it with a private key's.
    pub(super) fn rsa_public_key(&self) -> &[u8] {
        &self.rsa_public_key
    }
}

impl fmt::Debug for HubCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HubCertificate")
            .field("not_before", &self.not_before)
            .field("not_after", &self.not_after)
            .finish_non_exhaustive()
    }
}

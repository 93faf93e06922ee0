//! A merchant with a key and a certificate, made anew for each run: none is kept in the source.

use std::sync::OnceLock;

use pkcs8::{LineEnding, PrivateKeyInfoRef, pkcs5::pbes2::Parameters};
use rcgen::{CertificateParams, KeyPair, PKCS_RSA_SHA256};

pub const PASSWORD: &str = "QzPlantedQz77-비밀번호";

pub struct Merchant {
    pub certificate: String,
    /// With PBKDF2, as KCP hands keys out.
    pub key: String,
    /// With scrypt.
    pub scrypt_key: String,
    /// Not encrypted.
    pub plain_key: String,
}

impl Merchant {
    pub fn one() -> &'static Self {
        static ONE: OnceLock<Merchant> = OnceLock::new();
        ONE.get_or_init(|| {
            let key = KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap();
            let certificate = CertificateParams::default().self_signed(&key).unwrap();
            let plain = PrivateKeyInfoRef::try_from(key.serialized_der()).unwrap();
            let encrypted = |parameters: Parameters| {
                let encrypted = plain.encrypt_with_params(parameters, PASSWORD).unwrap();
                let pem = encrypted.to_pem("ENCRYPTED PRIVATE KEY", LineEnding::LF);
                pem.unwrap().to_string()
            };
            let (salt, iv) = (&[7; 16], [9; 16]);
            let pbkdf2 = Parameters::generate_pbkdf2_sha256_aes256cbc(1, salt, iv).unwrap();
            let small = pkcs8::pkcs5::scrypt::Params::new(1, 1, 1).unwrap();
            let scrypt = Parameters::generate_scrypt_aes256cbc(small, salt, iv).unwrap();
            Self {
                certificate: certificate.pem(),
                key: encrypted(pbkdf2),
                scrypt_key: encrypted(scrypt),
                plain_key: key.serialize_pem(),
            }
        })
    }
}

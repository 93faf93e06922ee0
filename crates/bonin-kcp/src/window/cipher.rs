//! The window's cipher: AES-256-CBC with PKCS#7, key and IV derived from a salt that is fresh for every message.
//!
//! `key` = PBKDF2-HMAC-SHA256(`enc_key` as text, salt, 10 000 rounds, 32 bytes); `iv` = the first 16 bytes of the same over `site_cd`.
//! The salt travels beside the message as `rv`. KCP's protocol authenticates nothing: who decrypts learns only whether the padding was
//! right, so every failure here is one and the same error.

use std::num::NonZeroU32;

use aws_lc_rs::cipher::{
    AES_256, DecryptionContext, EncryptionContext, PaddedBlockDecryptingKey,
    PaddedBlockEncryptingKey, UnboundCipherKey,
};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::pbkdf2;
use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::credentials::WindowCredentials;
use crate::Sensitive;

const ROUNDS: NonZeroU32 = NonZeroU32::new(10_000).unwrap();
const SALT_LEN: usize = 16;

/// A message as it travels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encrypted {
    /// The ciphertext as base64.
    pub data: String,
    /// The salt as base64, which travels beside it.
    pub rv: String,
}

/// A message could not be encrypted or decrypted. Which step failed is told to nobody: it would help only who makes messages up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "KCP 표준창 암호 처리를 하지 못했습니다. site_cd와 enc_key(가맹점 인증키)가 맞는지 확인해 주세요."
)]
pub struct CipherError;

impl From<Unspecified> for CipherError {
    fn from(_: Unspecified) -> Self {
        Self
    }
}

impl WindowCredentials {
    /// Encrypts a message under a fresh salt. About 2 ms of CPU: call it off the async threads; [`WindowClient`](super::WindowClient) does.
    pub fn encrypt(&self, plaintext: &str) -> Result<Encrypted, CipherError> {
        let mut salt = [0; SALT_LEN];
        SystemRandom::new().fill(&mut salt)?;
        self.encrypt_with(plaintext, salt)
    }

    fn encrypt_with(
        &self,
        plaintext: &str,
        salt: [u8; SALT_LEN],
    ) -> Result<Encrypted, CipherError> {
        let (key, iv) = self.derive(&salt)?;
        let mut message = plaintext.as_bytes().to_vec();
        PaddedBlockEncryptingKey::cbc_pkcs7(key)?.less_safe_encrypt(
            &mut message,
            EncryptionContext::Iv128(FixedLength::from(iv)),
        )?;
        Ok(Encrypted {
            data: STANDARD.encode(message),
            rv: STANDARD.encode(salt),
        })
    }

    /// Decrypts a message to the text it was. About 2 ms of CPU: call it off the async threads; [`WindowClient`](super::WindowClient) does.
    pub fn decrypt(&self, data: &str, rv: &str) -> Result<Sensitive, CipherError> {
        let salt: [u8; SALT_LEN] = STANDARD
            .decode(rv.trim_ascii())
            .ok()
            .and_then(|salt| salt.try_into().ok())
            .ok_or(CipherError)?;
        let mut message = Zeroizing::new(
            STANDARD
                .decode(data.trim_ascii())
                .map_err(|_| CipherError)?,
        );
        let (key, iv) = self.derive(&salt)?;
        let text = PaddedBlockDecryptingKey::cbc_pkcs7(key)?.decrypt(
            &mut message,
            DecryptionContext::Iv128(FixedLength::from(iv)),
        )?;
        let text = std::str::from_utf8(text).map_err(|_| CipherError)?;
        Ok(text.into())
    }

    fn derive(&self, salt: &[u8; SALT_LEN]) -> Result<(UnboundCipherKey, [u8; 16]), CipherError> {
        let mut key = Zeroizing::new([0; 32]);
        let derive = |secret: &str, out: &mut [u8]| {
            pbkdf2::derive(
                pbkdf2::PBKDF2_HMAC_SHA256,
                ROUNDS,
                salt,
                secret.as_bytes(),
                out,
            );
        };
        derive(self.enc_key(), key.as_mut());
        // The first 16 of 32 bytes: PBKDF2's output is cut, not mixed, so 16 can be asked for.
        let mut iv = [0; 16];
        derive(self.site_cd(), &mut iv);
        Ok((UnboundCipherKey::new(&AES_256, key.as_ref())?, iv))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn credentials() -> WindowCredentials {
        WindowCredentials::new(
            "AO7F3",
            "c2a22fa3ebe4698075bcac6b433d52e351c881b02fb83488d4283a43385b1f8e",
        )
        .unwrap()
    }

    /// Computed with the `openssl` program for KCP's public test merchant.
    const KNOWN: [(&str, &str, &str); 3] = [
        (
            "AAECAwQFBgcICQoLDA0ODw==",
            r#"{"site_cd":"AO7F3","ordr_idxx":"BONIN0001","Ret_URL":"http://127.0.0.1:8787/checkout/return","web_siteid":"","param_opt_1":"","param_opt_2":"","param_opt_3":""}"#,
            "WwIRBc/5avKjG/aMj8HBBilfDhlv3pRjgpFDyd8YLx7yHaN0rsQUPiNju27/AqQ7U+4nIROxzdL0EN4IxZl9ZE46NxGmPvqGtbOWDfT/J/xZgG7jBYMLNv543XIM1V9LkGt8zSkNn0nFdClNK2tCByxMuWYyip/HpIn5lWnXXRVEiv+5EUrm/98F0z0k+c2EB0KNcJu38HTmyOQNxEXm1qDiOh8CQA09JGUtD2Gzc/A=",
        ),
        (
            "//79/Pv6+fj39vX08/Lx8A==",
            r#"{"res_cd":"0000","user_name":"홍길동","birth_day":"19900101","phone_no":"01012345678","comm_id":"KTF","sex_code":"01","local_code":"01"}"#,
            "l+ocC1WuCwznUnooNahO0zUdRhMEeB2WxfsjW5HJPfKaJIlnJWVZ7pOrOuSqxy4MZRfz5q4o5VEI4vkJL83+8FuUXgsTRPKp1kJBT9pGS2g3nItdoIbLn36f5MjKTu3hmH7Lqd+RY28wS51oFZITPDOj62iaSbnsC9t+F9q/tTdmo2OJmQiJlKd9frLlm2JW",
        ),
        ("MDEyMzQ1Njc4OWFiY2RlZg==", "", "pjn+1TICiC+67t2m1udt3A=="),
    ];

    #[test]
    fn the_known_answers_come_out_both_ways() {
        for (rv, plaintext, data) in KNOWN {
            let salt: [u8; 16] = STANDARD.decode(rv).unwrap().try_into().unwrap();
            let encrypted = credentials().encrypt_with(plaintext, salt).unwrap();
            assert_eq!((encrypted.data.as_str(), encrypted.rv.as_str()), (data, rv));
            assert_eq!(credentials().decrypt(data, rv).unwrap().expose(), plaintext);
        }
    }

    #[test]
    fn every_message_has_a_salt_of_its_own() {
        let (one, other) = (
            credentials().encrypt("같은 글").unwrap(),
            credentials().encrypt("같은 글").unwrap(),
        );
        assert_ne!(one.rv, other.rv);
        assert_ne!(one.data, other.data);
        assert_eq!(
            credentials().decrypt(&one.data, &one.rv).unwrap().expose(),
            "같은 글"
        );
    }

    #[test]
    fn whatever_cannot_be_decrypted_is_one_and_the_same_error() {
        let (rv, _, data) = KNOWN[0];
        let other_key = WindowCredentials::new("AO7F3", "another").unwrap();
        assert_eq!(other_key.decrypt(data, rv), Err(CipherError));
        for (data, rv) in [
            (data, ""),
            (data, "AAEC"),
            (data, "no base64!"),
            (data, "AAECAwQFBgcICQoLDA0ODxA="),
            (data, "//79/Pv6+fj39vX08/Lx8A=="),
            ("", rv),
            ("no base64!", rv),
            ("AAEC", rv),
            ("AAECAwQFBgcICQoLDA0ODw==", rv),
            (data.get(..64).unwrap(), rv),
        ] {
            assert_eq!(
                credentials().decrypt(data, rv),
                Err(CipherError),
                "{data:.10} {rv}"
            );
        }
    }
}

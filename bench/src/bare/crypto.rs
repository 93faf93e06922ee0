//! The cryptography that KCP's protocol asks for, by itself on one core.

use std::{num::NonZeroU32, time::Duration};

use aws_lc_rs::pbkdf2;
use bonin_kcp::hub::{HubCredentials, SignText};

use crate::{
    failure::{Failure, Result},
    installation::Merchant,
    process::thread_cpu,
};

/// KCP's window: the rounds of one derivation.
const ROUNDS: NonZeroU32 = NonZeroU32::new(10_000).unwrap();

/// The processor time of one RSA-2048 signature with PKCS#1 v1.5 and SHA-256, over so many.
pub(crate) fn signature(merchant: &Merchant, count: u32) -> Result<Duration> {
    let credentials = credentials(merchant)?;
    let text = sign_text()?;
    timed(count, || {
        credentials.sign(&text).map(drop).map_err(Failure::from)
    })
}

/// The hub's credentials of the sandbox's merchant.
pub(crate) fn credentials(merchant: &Merchant) -> Result<HubCredentials> {
    Ok(HubCredentials::parse(
        &merchant.site_cd,
        &merchant.certificate_pem,
        &merchant.private_key_pem,
        &merchant.private_key_password,
    )?)
}

/// A text as long as those that are signed.
pub(crate) fn sign_text() -> Result<SignText> {
    Ok(SignText::of(&[
        ("phone_no", "01012345678"),
        ("birth_day", "19900101"),
        ("user_name", "홍길동"),
        ("local_code", "01"),
        ("sex_code", "01"),
    ])?)
}

/// The processor time of one PBKDF2 derivation as the window's cipher does it, over so many.
pub(crate) fn derivation(merchant: &Merchant, count: u32) -> Result<Duration> {
    let mut key = [0u8; 32];
    timed(count, || {
        let salt = [7u8; 16];
        let secret = merchant.enc_key.as_bytes();
        pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, ROUNDS, &salt, secret, &mut key);
        Ok(())
    })
}

fn timed(count: u32, mut work: impl FnMut() -> Result<()>) -> Result<Duration> {
    work()?;
    let began = thread_cpu();
    for _ in 0..count {
        work()?;
    }
    Ok((thread_cpu() - began) / count.max(1))
}

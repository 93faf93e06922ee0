//! The second factor: numbers that an app on a phone makes every 30 seconds (TOTP, RFC 6238).

use bonin_core::Redacted;
use jiff::Timestamp;
use totp_rs::{Algorithm, Builder, Secret, Totp};

use super::Error;
use crate::ids;

/// Who asks for the number, as apps show it.
const ISSUER: &str = "Bonin";

/// A second factor that is shown to its user, to be put into an app. Both hold the secret.
#[derive(Debug, Clone)]
pub struct Enrolment {
    /// The secret, to be typed.
    pub secret: Redacted,
    /// The `otpauth:` address, to be shown as a QR code.
    pub address: Redacted,
}

/// A new secret of 160 bits, as base32.
pub(super) fn secret() -> Result<Redacted, Error> {
    let bytes = ids::random::<20>()?;
    let secret = Secret::new(Box::new(bytes));
    Ok(Redacted::new(secret.to_base32()))
}

fn totp(secret: &Redacted, username: &str) -> Result<Totp, Error> {
    // Neither names a value: the secret is ours, and was sealed.
    let unusable = || {
        tracing::error!("the secret of a second factor cannot be used");
        Error::Unavailable
    };
    let secret = Secret::try_from_base32(secret.expose()).map_err(|_| unusable())?;
    Builder::new()
        .with_algorithm(Algorithm::SHA1)
        .with_digits(6)
        .with_step_duration(30)
        .with_skew(1)
        .with_secret(secret)
        .with_issuer(Some(ISSUER))
        .with_account_name(username)
        .build()
        .map_err(|_| unusable())
}

/// What is shown of a secret.
pub(super) fn enrolment(secret: &Redacted, username: &str) -> Result<Enrolment, Error> {
    let address = totp(secret, username)?.to_url().map_err(|_| {
        tracing::error!("the address of a second factor cannot be made");
        Error::Unavailable
    })?;
    Ok(Enrolment {
        secret: secret.clone(),
        address: Redacted::new(address),
    })
}

/// The time step that a number belongs to, if it is right now or was or will be within 30 seconds.
pub(super) fn step_of(
    number: &str,
    secret: &Redacted,
    now: Timestamp,
) -> Result<Option<i64>, Error> {
    let plain: String = number.chars().filter(|c| !c.is_whitespace()).collect();
    if plain.len() != 6 || !plain.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(None);
    }
    let seconds = u64::try_from(now.as_second()).map_err(|_| Error::Unavailable)?;
    let step = totp(secret, "-")?.check(&plain, seconds);
    Ok(step.and_then(|step| i64::try_from(step).ok()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop")]

    use super::*;

    /// RFC 6238, appendix B: the secret of its SHA-1 rows, "12345678901234567890".
    const RFC_SECRET: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

    fn step(number: &str, second: i64) -> Option<i64> {
        let now = Timestamp::from_second(second).unwrap();
        step_of(number, &Redacted::new(RFC_SECRET), now).unwrap()
    }

    #[test]
    fn the_numbers_of_the_standard_are_right_at_their_time() {
        // (time, the last six of the eight digits there)
        for (second, number) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
        ] {
            assert_eq!(step(number, second), Some(second / 30), "{number}");
        }
    }

    #[test]
    fn a_number_is_right_one_step_early_and_late_and_no_longer() {
        // The number of step 1, which lasts from second 30 to second 59.
        for (second, found) in [
            (0, Some(1)),
            (30, Some(1)),
            (59, Some(1)),
            (89, Some(1)),
            (90, None),
            (119, None),
        ] {
            assert_eq!(step("287082", second), found, "{second}");
        }
    }

    #[test]
    fn what_is_no_number_of_six_digits_is_wrong() {
        for wrong in ["", "28708", "2870822", "28708a", "２８７０８２", "94287082"] {
            assert_eq!(step(wrong, 59), None, "{wrong}");
        }
        assert_eq!(step(" 287 082 ", 59), Some(1));
    }

    #[test]
    fn what_is_shown_names_the_user_and_opens_what_was_made() {
        let made = secret().unwrap();
        assert_ne!(made, secret().unwrap());
        let shown = enrolment(&made, "owner@example.com").unwrap();
        assert!(
            shown
                .address
                .expose()
                .starts_with("otpauth://totp/Bonin:owner%40example.com?")
        );
        assert!(shown.address.expose().contains(made.expose()));
        assert!(!format!("{shown:?}").contains(made.expose()));
    }
}

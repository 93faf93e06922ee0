//! Numbers and names that nobody can guess.

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// The system gives no randomness. Nothing here can go on without it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("시스템에서 난수를 얻지 못했습니다.")]
pub(crate) struct NoRandomness;

pub(crate) fn bytes<const N: usize>() -> Result<[u8; N], NoRandomness> {
    let mut bytes = [0; N];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| NoRandomness)?;
    Ok(bytes)
}

/// A number of so many decimal digits, each value equally likely; at most nine.
pub(crate) fn digits(count: u32) -> Result<String, NoRandomness> {
    let bound = 10_u32.pow(count.min(9));
    // Values above the last whole multiple would make the small numbers likelier.
    let usable = u32::MAX - u32::MAX % bound;
    loop {
        let value = u32::from_ne_bytes(bytes()?);
        if value < usable {
            return Ok(format!("{:0width$}", value % bound, width = count as usize));
        }
    }
}

/// 16 hexadecimal digits.
pub(crate) fn id() -> Result<String, NoRandomness> {
    Ok(format!("{:016x}", u64::from_ne_bytes(bytes()?)))
}

/// 32 hexadecimal digits: what opens something to whoever knows it.
pub(crate) fn token() -> Result<String, NoRandomness> {
    Ok(format!("{:032x}", u128::from_ne_bytes(bytes()?)))
}

/// 64 hexadecimal digits, as KCP's `enc_key`.
pub(crate) fn enc_key() -> Result<String, NoRandomness> {
    Ok(bytes::<32>()?
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect())
}

/// 24 letters, digits, `-` and `_`.
pub(crate) fn password() -> Result<String, NoRandomness> {
    Ok(URL_SAFE_NO_PAD.encode(bytes::<18>()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_as_many_as_asked_and_differ() {
        let numbers: Vec<_> = (0..50).map(|_| digits(6).unwrap()).collect();
        assert!(
            numbers
                .iter()
                .all(|n| n.len() == 6 && n.bytes().all(|b| b.is_ascii_digit()))
        );
        assert!(numbers.iter().any(|n| n != &numbers[0]));
    }
}

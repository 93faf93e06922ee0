//! Sealed fields: AES-256-GCM, with the place of the field as associated data.
//!
//! A sealed value is `version (1) | key id (4, big endian) | nonce (12) | ciphertext | tag (16)`. Table, column and row id
//! are authenticated with it, so that a value moved to another row or column does not open.

use aws_lc_rs::{aead, rand};
use bonin_core::Redacted;
use zeroize::Zeroize;

use crate::{StoreError, keyring::Keyring};

const VERSION: u8 = 1;
const HEADER: usize = 1 + 4;

/// Why a value does not open whose key is not here: it may be there a moment later.
pub(crate) const NO_KEY: &str = "its key is not in the keyring";

/// Where a sealed field stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    pub table: &'static str,
    pub column: &'static str,
    pub row: &'a str,
}

impl Place<'_> {
    fn associated_data(&self) -> Vec<u8> {
        let parts = [self.table, self.column, self.row];
        let length = parts.iter().map(|part| 4 + part.len()).sum();
        let mut data = Vec::with_capacity(length);
        for part in parts {
            data.extend_from_slice(&(part.len() as u32).to_be_bytes());
            data.extend_from_slice(part.as_bytes());
        }
        data
    }

    fn unreadable(&self, why: &'static str) -> StoreError {
        StoreError::Unreadable {
            table: self.table,
            column: self.column,
            why,
        }
    }
}

/// The id of the key that a value was sealed with.
pub(crate) fn key_of(sealed: &[u8]) -> Option<u32> {
    let id = sealed.get(1..HEADER)?.try_into().ok()?;
    (sealed[0] == VERSION).then(|| u32::from_be_bytes(id))
}

impl Keyring {
    /// Seals a value under the active key.
    pub(crate) fn seal(&self, place: Place<'_>, value: &str) -> Result<Vec<u8>, StoreError> {
        let id = self.active_id();
        let mut nonce = [0u8; aead::NONCE_LEN];
        rand::fill(&mut nonce).map_err(|_| place.unreadable("there is no randomness"))?;
        let mut sealed = Vec::with_capacity(HEADER + nonce.len() + value.len() + 16);
        sealed.push(VERSION);
        sealed.extend_from_slice(&id.to_be_bytes());
        sealed.extend_from_slice(&nonce);
        let start = sealed.len();
        sealed.extend_from_slice(value.as_bytes());
        let tag = self
            .with_sealing(id, |key| {
                key.seal_in_place_separate_tag(
                    aead::Nonce::assume_unique_for_key(nonce),
                    aead::Aad::from(place.associated_data()),
                    &mut sealed[start..],
                )
            })
            .ok_or_else(|| place.unreadable("its key is missing"))?
            .map_err(|_| place.unreadable("it could not be sealed"))?;
        sealed.extend_from_slice(tag.as_ref());
        Ok(sealed)
    }

    /// Seals what is there.
    pub(crate) fn seal_some(
        &self,
        place: Place<'_>,
        value: Option<&str>,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        value.map(|value| self.seal(place, value)).transpose()
    }

    /// Opens a sealed value.
    pub(crate) fn open(&self, place: Place<'_>, sealed: &[u8]) -> Result<Redacted, StoreError> {
        let broken = || place.unreadable("it is not a sealed value");
        let (header, rest) = sealed.split_at_checked(HEADER).ok_or_else(broken)?;
        let (nonce, body) = rest.split_at_checked(aead::NONCE_LEN).ok_or_else(broken)?;
        if header[0] != VERSION {
            return Err(broken());
        }
        let id = u32::from_be_bytes([header[1], header[2], header[3], header[4]]);
        let nonce = aead::Nonce::try_assume_unique_for_key(nonce).map_err(|_| broken())?;
        let mut body = zeroize::Zeroizing::new(body.to_vec());
        let length = self
            .with_sealing(id, |key| {
                let aad = aead::Aad::from(place.associated_data());
                let opened = key.open_in_place(nonce, aad, body.as_mut_slice());
                opened.map(|text| text.len())
            })
            .ok_or_else(|| place.unreadable(NO_KEY))?
            .map_err(|_| place.unreadable("it was changed or moved"))?;
        // The same bytes go on as text: no copy of them is left behind.
        body.truncate(length);
        let text = String::from_utf8(std::mem::take(&mut *body)).map_err(|not_text| {
            not_text.into_bytes().zeroize();
            broken()
        })?;
        Ok(Redacted::new(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: Place<'static> = Place {
        table: "attempt",
        column: "requested_name",
        row: "tx1",
    };

    fn keyring(id: u32) -> Keyring {
        Keyring::parse(Keyring::generate(id).unwrap().expose()).unwrap()
    }

    #[test]
    fn what_was_sealed_opens_in_its_place_only() {
        let keyring = keyring(1);
        let sealed = keyring.seal(PLACE, "홍길동").unwrap();
        assert_eq!(keyring.open(PLACE, &sealed).unwrap().expose(), "홍길동");
        for moved in [
            Place {
                row: "tx2",
                ..PLACE
            },
            Place {
                column: "verified_name",
                ..PLACE
            },
            Place {
                table: "channel",
                ..PLACE
            },
        ] {
            assert!(keyring.open(moved, &sealed).is_err());
        }
    }

    #[test]
    fn a_changed_byte_anywhere_is_noticed() {
        let keyring = keyring(1);
        let sealed = keyring.seal(PLACE, "01012345678").unwrap();
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(keyring.open(PLACE, &changed).is_err(), "byte {at}");
        }
        for length in 0..sealed.len() {
            assert!(keyring.open(PLACE, &sealed[..length]).is_err());
        }
    }

    #[test]
    fn equal_values_do_not_look_alike_and_another_key_opens_nothing() {
        let one = keyring(1);
        let sealed = one.seal(PLACE, "홍길동").unwrap();
        assert_ne!(sealed, one.seal(PLACE, "홍길동").unwrap());
        assert!(keyring(1).open(PLACE, &sealed).is_err());
        assert!(keyring(2).open(PLACE, &sealed).is_err());
    }
}

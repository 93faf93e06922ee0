//! Master keys, and the keys derived from them.

use std::fmt;

use aws_lc_rs::{aead, hkdf, hmac, rand};
use base64::{Engine, engine::general_purpose::STANDARD};
use bonin_core::{Redacted, StoreId};
use zeroize::Zeroizing;

/// Why a keyring could not be read. Names the key's id, never its bytes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyringError {
    /// There is no key in it.
    #[error("there is no key in the keyring; `bonin key generate` makes one")]
    Empty,
    /// A line is not `id:base64`.
    #[error(
        "line {0} of the keyring is not `<number>:<base64 of 32 bytes>`; `bonin key generate` makes a right one"
    )]
    Malformed(usize),
    /// An id stands there twice.
    #[error("key {0} stands in the keyring twice")]
    Twice(u32),
    /// The system gave no randomness.
    #[error("the operating system gave no randomness")]
    NoRandomness,
}

/// One master key with what is derived from it.
struct MasterKey {
    id: u32,
    sealing: aead::LessSafeKey,
    indexing: hmac::Key,
    signing: Zeroizing<[u8; 32]>,
}

/// The master keys. The first is the active one, with which everything new is sealed; the others only open.
pub struct Keyring {
    keys: Vec<MasterKey>,
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.key_ids()).finish()
    }
}

struct Length32;
impl hkdf::KeyType for Length32 {
    fn len(&self) -> usize {
        32
    }
}

fn derive(master: &hkdf::Prk, label: &[u8]) -> Result<Zeroizing<[u8; 32]>, KeyringError> {
    let mut bytes = Zeroizing::new([0u8; 32]);
    master
        .expand(&[label], Length32)
        .and_then(|okm| okm.fill(bytes.as_mut()))
        .map_err(|_| KeyringError::NoRandomness)?;
    Ok(bytes)
}

impl MasterKey {
    fn new(id: u32, bytes: &[u8]) -> Result<Self, KeyringError> {
        let master = hkdf::Salt::new(hkdf::HKDF_SHA256, b"bonin/master/v1").extract(bytes);
        let sealing = derive(&master, b"bonin/seal/v1")?;
        let sealing = aead::UnboundKey::new(&aead::AES_256_GCM, sealing.as_ref())
            .map_err(|_| KeyringError::NoRandomness)?;
        let indexing = derive(&master, b"bonin/index/v1")?;
        Ok(Self {
            id,
            sealing: aead::LessSafeKey::new(sealing),
            indexing: hmac::Key::new(hmac::HMAC_SHA256, indexing.as_ref()),
            signing: derive(&master, b"bonin/token/v1")?,
        })
    }
}

impl Keyring {
    /// Reads `id:base64` lines, the active key first; empty lines and lines that begin with `#` are passed over. Commas
    /// separate keys as well, for environment variables.
    pub fn parse(text: &str) -> Result<Self, KeyringError> {
        let mut keys: Vec<MasterKey> = Vec::new();
        let lines = text.split(['\n', ',']).map(str::trim).enumerate();
        for (number, line) in lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#')) {
            let malformed = || KeyringError::Malformed(number + 1);
            let (id, key) = line.split_once(':').ok_or_else(malformed)?;
            let id: u32 = id.trim().parse().map_err(|_| malformed())?;
            let bytes = Zeroizing::new(STANDARD.decode(key.trim()).map_err(|_| malformed())?);
            if bytes.len() != 32 {
                return Err(malformed());
            }
            if keys.iter().any(|known| known.id == id) {
                return Err(KeyringError::Twice(id));
            }
            keys.push(MasterKey::new(id, &bytes)?);
        }
        if keys.is_empty() {
            return Err(KeyringError::Empty);
        }
        Ok(Self { keys })
    }

    /// A new key, as a line for [`Keyring::parse`].
    pub fn generate(id: u32) -> Result<Redacted, KeyringError> {
        let mut bytes = Zeroizing::new([0u8; 32]);
        rand::fill(bytes.as_mut()).map_err(|_| KeyringError::NoRandomness)?;
        let line = Zeroizing::new(format!("{id}:{}", STANDARD.encode(bytes.as_ref())));
        Ok(Redacted::new(line.as_str()))
    }

    /// The ids of its keys, the active one first.
    pub fn key_ids(&self) -> impl Iterator<Item = u32> {
        self.keys.iter().map(|key| key.id)
    }

    /// The key that access tokens are signed with, and its id. Each master key has its own.
    pub fn token_keys(&self) -> impl Iterator<Item = (u32, &[u8])> {
        self.keys.iter().map(|key| (key.id, key.signing.as_slice()))
    }

    fn active(&self) -> &MasterKey {
        // `parse` is the only way to a keyring, and refuses an empty one.
        &self.keys[0]
    }

    fn key(&self, id: u32) -> Option<&MasterKey> {
        self.keys.iter().find(|key| key.id == id)
    }

    /// The active key's id.
    pub(crate) fn active_id(&self) -> u32 {
        self.active().id
    }

    /// A value that tells whether a key of this id is still the same key.
    pub(crate) fn check_value(&self, id: u32) -> Option<Vec<u8>> {
        let key = self.key(id)?;
        Some(hmac::sign(&key.indexing, b"bonin/check/v1").as_ref()[..16].to_vec())
    }

    pub(crate) fn sealing(&self, id: u32) -> Option<&aead::LessSafeKey> {
        self.key(id).map(|key| &key.sealing)
    }

    /// The blind index of a value under the active key: 16 bytes that equal values of one store and field share, and that
    /// tell nothing without the key.
    pub(crate) fn index(&self, scope: &IndexScope<'_>, value: &str) -> Vec<u8> {
        scope.index(&self.active().indexing, value)
    }

    /// The same under every key, for a query that must find rows of all versions.
    pub(crate) fn indexes(&self, scope: &IndexScope<'_>, value: &str) -> Vec<Vec<u8>> {
        self.keys
            .iter()
            .map(|key| scope.index(&key.indexing, value))
            .collect()
    }
}

/// What an index is of: equal values of two stores or two fields must not look alike.
pub(crate) struct IndexScope<'a> {
    pub store: Option<&'a StoreId>,
    pub field: &'static str,
}

impl IndexScope<'_> {
    fn index(&self, key: &hmac::Key, value: &str) -> Vec<u8> {
        let mut context = hmac::Context::with_key(key);
        let store = self.store.map_or("", StoreId::as_str);
        for part in [store, self.field, value] {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part.as_bytes());
        }
        context.sign().as_ref()[..16].to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generated_key_is_read_again_and_does_not_print() {
        let line = Keyring::generate(7).unwrap();
        let keyring = Keyring::parse(line.expose()).unwrap();
        assert_eq!(keyring.active_id(), 7);
        assert_eq!(format!("{keyring:?}"), "[7]");
    }

    #[test]
    fn the_first_key_is_active_and_comments_are_passed_over() {
        let (two, one) = (Keyring::generate(2).unwrap(), Keyring::generate(1).unwrap());
        let keyring =
            Keyring::parse(&format!("# new\n{}\n\n{}", two.expose(), one.expose())).unwrap();
        assert_eq!(keyring.key_ids().collect::<Vec<_>>(), [2, 1]);
        let joined = format!("{},{}", two.expose(), one.expose());
        assert_eq!(Keyring::parse(&joined).unwrap().active_id(), 2);
    }

    #[test]
    fn what_is_no_key_is_refused_by_its_line() {
        assert_eq!(Keyring::parse("").unwrap_err(), KeyringError::Empty);
        assert_eq!(
            Keyring::parse("1:AAAA").unwrap_err(),
            KeyringError::Malformed(1)
        );
        let key = Keyring::generate(1).unwrap();
        let twice = format!("{}\n{}", key.expose(), key.expose());
        assert_eq!(Keyring::parse(&twice).unwrap_err(), KeyringError::Twice(1));
    }

    #[test]
    fn an_index_differs_by_store_field_and_key() {
        let keyring = Keyring::parse(Keyring::generate(1).unwrap().expose()).unwrap();
        let store = StoreId::parse("store-1").unwrap();
        let other = StoreId::parse("store-2").unwrap();
        let index = |store, field| keyring.index(&IndexScope { store, field }, "01012345678");
        assert_eq!(index(Some(&store), "phone"), index(Some(&store), "phone"));
        assert_ne!(index(Some(&store), "phone"), index(Some(&other), "phone"));
        assert_ne!(index(Some(&store), "phone"), index(Some(&store), "name"));
        assert_ne!(index(Some(&store), "phone"), index(None, "phone"));
    }
}

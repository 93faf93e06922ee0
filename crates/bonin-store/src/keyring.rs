//! Master keys, and the keys derived from them.

use std::{
    fmt,
    sync::{Arc, PoisonError, RwLock},
};

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

/// Where keys are read again when the database speaks of one that is not known here: another process may have begun to use
/// a new one.
type Source = Box<dyn Fn() -> Result<Keyring, KeyringError> + Send + Sync>;

/// The master keys. One of them is active: everything new is sealed with it. Which one it is the database says, so that all
/// processes agree; the others only open.
pub struct Keyring {
    keys: RwLock<Arc<Keys>>,
    source: Option<Source>,
}

/// The keys as they are at one moment.
#[derive(Clone)]
struct Keys {
    keys: Vec<Arc<MasterKey>>,
    active: u32,
}

impl Keys {
    fn get(&self, id: u32) -> Option<&Arc<MasterKey>> {
        self.keys.iter().find(|key| key.id == id)
    }
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
    /// Reads `id:base64` lines; empty lines and lines that begin with `#` are passed over. Commas separate keys as well, for
    /// environment variables. The first key is the one that a new database begins with.
    pub fn parse(text: &str) -> Result<Self, KeyringError> {
        let mut keys: Vec<Arc<MasterKey>> = Vec::new();
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
            keys.push(Arc::new(MasterKey::new(id, &bytes)?));
        }
        let active = keys.first().ok_or(KeyringError::Empty)?.id;
        Ok(Self {
            keys: RwLock::new(Arc::new(Keys { keys, active })),
            source: None,
        })
    }

    /// Reads the keys again from here when the database speaks of one that is not known.
    #[must_use]
    pub fn reading_again(
        mut self,
        source: impl Fn() -> Result<Keyring, KeyringError> + Send + Sync + 'static,
    ) -> Self {
        self.source = Some(Box::new(source));
        self
    }

    /// A new key, as a line for [`Keyring::parse`].
    pub fn generate(id: u32) -> Result<Redacted, KeyringError> {
        let mut bytes = Zeroizing::new([0u8; 32]);
        rand::fill(bytes.as_mut()).map_err(|_| KeyringError::NoRandomness)?;
        let line = Zeroizing::new(format!("{id}:{}", STANDARD.encode(bytes.as_ref())));
        Ok(Redacted::new(line.as_str()))
    }

    fn keys(&self) -> Arc<Keys> {
        // A poisoned lock holds whole keys: they are replaced in one step.
        self.keys
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The ids of its keys, the active one first.
    pub fn key_ids(&self) -> Vec<u32> {
        let keys = self.keys();
        let mut ids: Vec<u32> = keys.keys.iter().map(|key| key.id).collect();
        ids.sort_by_key(|id| *id != keys.active);
        ids
    }

    /// The keys that access tokens are signed with, the active one first. Each master key has its own.
    pub fn token_keys(&self) -> Vec<(u32, Zeroizing<[u8; 32]>)> {
        let keys = self.keys();
        let ids = self.key_ids().into_iter();
        ids.filter_map(|id| Some((id, keys.get(id)?.signing.clone())))
            .collect()
    }

    /// Uses the key that the database names as active, and makes sure that those it names as in use are here: they are read
    /// again where one is not. `Err` names the one that is missing.
    pub(crate) fn follow(&self, active: u32, in_use: &[u32]) -> Result<(), u32> {
        let now = self.keys();
        let missing = |keys: &Keys| in_use.iter().copied().find(|id| keys.get(*id).is_none());
        if now.active == active && missing(&now).is_none() {
            return Ok(());
        }
        let read = match missing(&now) {
            None => now,
            Some(id) => {
                let source = self.source.as_ref().ok_or(id)?;
                let again = source().map_err(|_| id)?.keys();
                // A key that is in use must not be lost by what was read.
                let mut all = again.keys.clone();
                let lost = now.keys.iter().filter(|key| again.get(key.id).is_none());
                all.extend(lost.cloned());
                Arc::new(Keys {
                    keys: all,
                    active: now.active,
                })
            }
        };
        if let Some(id) = missing(&read).or_else(|| read.get(active).is_none().then_some(active)) {
            return Err(id);
        }
        let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        *keys = Arc::new(Keys {
            keys: read.keys.clone(),
            active,
        });
        Ok(())
    }

    fn active(&self) -> Arc<MasterKey> {
        let keys = self.keys();
        // `parse` refuses an empty ring, and `follow` an active key that is not there.
        keys.get(keys.active).unwrap_or(&keys.keys[0]).clone()
    }

    /// The active key's id.
    pub(crate) fn active_id(&self) -> u32 {
        self.active().id
    }

    /// A value that tells whether a key of this id is still the same key.
    pub(crate) fn check_value(&self, id: u32) -> Option<Vec<u8>> {
        let keys = self.keys();
        let key = keys.get(id)?;
        Some(hmac::sign(&key.indexing, b"bonin/check/v1").as_ref()[..16].to_vec())
    }

    /// Runs something with the key that seals under this id, if it is here.
    pub(crate) fn with_sealing<T>(
        &self,
        id: u32,
        run: impl FnOnce(&aead::LessSafeKey) -> T,
    ) -> Option<T> {
        if self.keys().get(id).is_none() {
            // Another process may have begun to use it a moment ago.
            let _ = self.follow(self.active_id(), &[id]);
        }
        self.keys().get(id).map(|key| run(&key.sealing))
    }

    /// The blind index of a value under the active key: 16 bytes that equal values of one store and field share, and that
    /// tell nothing without the key.
    pub(crate) fn index(&self, scope: &IndexScope<'_>, value: &str) -> Vec<u8> {
        scope.index(&self.active().indexing, value)
    }

    /// The same under every key, for a query that must find rows of all versions.
    pub(crate) fn indexes(&self, scope: &IndexScope<'_>, value: &str) -> Vec<Vec<u8>> {
        self.keys()
            .keys
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
        assert_eq!(keyring.key_ids(), [2, 1]);
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

//! Master keys, and the keys derived from them.

use std::{
    fmt,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use aws_lc_rs::{aead, hkdf, hmac, rand};
use base64::{Engine, engine::general_purpose::STANDARD};
use bonin_core::{Redacted, StoreId};
use tokio::{
    sync::Mutex,
    time::{Instant, sleep_until, timeout_at},
};
use zeroize::Zeroizing;

/// How long keys are not read again after they were: each time may run a command.
const BETWEEN_READS: Duration = Duration::from_secs(1);

/// How long whoever needs a key waits for it to be read. Reading goes on without them.
const PATIENCE: Duration = Duration::from_secs(3);

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
/// a new one. It may take long, and is never run on a thread that others wait for.
type Source = Arc<dyn Fn() -> Result<Keyring, KeyringError> + Send + Sync>;

/// The master keys. One of them is active: everything new is sealed with it. Which one it is the database says, so that all
/// processes agree; the others only open.
pub struct Keyring {
    keys: Arc<RwLock<Arc<Keys>>>,
    source: Option<Source>,
    /// When the keys were last begun to be read again. Who holds it reads: one at a time.
    read_at: Arc<Mutex<Option<Instant>>>,
}

/// The keys as they are at one moment.
#[derive(Clone)]
struct Keys {
    keys: Vec<Arc<MasterKey>>,
    active: u32,
    /// Keys that the database named as active, the present one among them. None of them becomes active again: whoever says
    /// so looks at the database as it was before.
    were_active: Vec<u32>,
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
            keys: Arc::new(RwLock::new(Arc::new(Keys {
                keys,
                active,
                were_active: Vec::new(),
            }))),
            source: None,
            read_at: Arc::default(),
        })
    }

    /// Reads the keys again from here when the database speaks of one that is not known.
    #[must_use]
    pub fn reading_again(
        mut self,
        source: impl Fn() -> Result<Keyring, KeyringError> + Send + Sync + 'static,
    ) -> Self {
        self.source = Some(Arc::new(source));
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

    /// Uses the key that the database names as active, if all that it names as in use are here. `Err` names one that is
    /// missing: [`Keyring::read_again`] may find it.
    pub(crate) fn follow(&self, active: u32, in_use: &[u32]) -> Result<(), u32> {
        let known = self.keys();
        let mut needed = in_use.iter().chain([&active]);
        if let Some(missing) = needed.find(|id| known.get(**id).is_none()) {
            return Err(*missing);
        }
        if known.were_active.contains(&active) {
            return Ok(());
        }
        change(&self.keys, |keys| {
            if !keys.were_active.contains(&active) {
                keys.were_active.push(active);
                keys.active = active;
            }
        });
        Ok(())
    }

    /// Reads the keys again, since this one is missing. Whether it was found the next look tells. Must not be called in a
    /// transaction: a vault may take its time.
    pub(crate) async fn read_again(&self, missing: u32) {
        let Some(source) = self.source.clone() else {
            return;
        };
        let asked_at = Instant::now();
        let deadline = asked_at + PATIENCE;
        let Ok(mut read_at) = timeout_at(deadline, self.read_at.clone().lock_owned()).await else {
            return;
        };
        let read_since = read_at.is_some_and(|at| at >= asked_at);
        if self.keys().get(missing).is_some() || read_since {
            return;
        }
        if let Some(at) = *read_at {
            sleep_until(at + BETWEEN_READS).await;
        }
        let keys = self.keys.clone();
        // A task of its own: it ends in order although whoever asked for it has gone.
        let reading = tokio::spawn(async move {
            *read_at = Some(Instant::now());
            match tokio::task::spawn_blocking(move || source()).await {
                Ok(Ok(read)) => {
                    // No key gets lost by what was read, and none takes another's number.
                    change(&keys, |keys| {
                        for key in &read.keys().keys {
                            if keys.get(key.id).is_none() {
                                keys.keys.push(key.clone());
                            }
                        }
                    });
                }
                Ok(Err(error)) => tracing::warn!(missing, %error, "no keys were read again"),
                Err(error) => tracing::error!(missing, %error, "reading the keys again broke off"),
            }
            drop(read_at);
        });
        let _in_time = timeout_at(deadline, reading).await.is_ok();
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

/// Changes the keys in one step: nobody sees half of it.
fn change(keys: &RwLock<Arc<Keys>>, change: impl FnOnce(&mut Keys)) {
    let mut keys = keys.write().unwrap_or_else(PoisonError::into_inner);
    change(Arc::make_mut(&mut keys));
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

    fn three() -> Keyring {
        let lines: Vec<_> = [3, 1, 2].map(|id| Keyring::generate(id).unwrap()).into();
        let lines: Vec<_> = lines.iter().map(Redacted::expose).collect();
        Keyring::parse(&lines.join("\n")).unwrap()
    }

    #[test]
    fn an_active_key_never_becomes_active_again() {
        let keyring = three();
        assert_eq!(keyring.active_id(), 3);
        keyring.follow(1, &[1]).unwrap();
        assert_eq!(keyring.active_id(), 1);
        keyring.follow(2, &[1, 2]).unwrap();
        // A reader whose snapshot is from before.
        keyring.follow(1, &[1]).unwrap();
        assert_eq!(keyring.active_id(), 2);
        // The first one in the file was never named by the database.
        keyring.follow(3, &[2, 3]).unwrap();
        assert_eq!(keyring.active_id(), 3);
        assert_eq!(keyring.follow(4, &[3]), Err(4));
        assert_eq!(keyring.active_id(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn keys_are_read_again_one_at_a_time_and_at_most_once_a_second_and_the_active_one_stays()
    {
        let all = Arc::new(three());
        let reads = Arc::new(std::sync::Mutex::new(Vec::new()));
        let (from, counted) = (all.clone(), reads.clone());
        let keyring = Keyring::parse(Keyring::generate(7).unwrap().expose())
            .unwrap()
            .reading_again(move || {
                counted.lock().unwrap().push(Instant::now());
                Ok(Keyring {
                    keys: from.keys.clone(),
                    source: None,
                    read_at: Arc::default(),
                })
            });
        let keyring = Arc::new(keyring);
        keyring.follow(7, &[7]).unwrap();
        let ask = |id| {
            let keyring = keyring.clone();
            tokio::spawn(async move { keyring.read_again(id).await })
        };
        for one in [ask(99), ask(99), ask(99)] {
            one.await.unwrap();
        }
        assert_eq!(reads.lock().unwrap().len(), 1);
        assert_eq!(keyring.key_ids(), [7, 3, 1, 2]);
        ask(1).await.unwrap();
        assert_eq!(reads.lock().unwrap().len(), 1);
        for _ in 0..2 {
            tokio::time::advance(Duration::from_millis(1)).await;
            ask(99).await.unwrap();
        }
        let at = reads.lock().unwrap().clone();
        assert_eq!(at.len(), 3);
        assert!(at.windows(2).all(|two| two[1] - two[0] >= BETWEEN_READS));
    }
}

//! Keys over time: which one seals, which still open, and how everything comes from one under the next.
//!
//! A rotation makes another key active, in one transaction. From then on every writing transaction, in whichever process,
//! seals with it: each looks up which key is active when it begins. What is sealed with older keys is opened and sealed anew
//! in small transactions, in any order, by whoever gets to it; doing it twice does no harm, so it may be broken off and begun
//! again at any moment. Blind indexes are rewritten with the row that they are of. Until the end queries ask for the index
//! values of all keys.

mod reseal;

use jiff::Timestamp;
use serde_json::json;
use sqlx::Row;

pub use reseal::Resealing;

use crate::{
    Act, Actor, Store, StoreError,
    connection::Tx,
    dialect::Writing,
    sealed::NO_KEY,
    time::{micros, timestamp},
};

/// What a key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyState {
    /// It seals everything new.
    Active,
    /// It opens what was sealed with it, until that is sealed anew.
    Opening,
    /// Nothing is sealed with it: it may be thrown away.
    Retired,
}

impl KeyState {
    /// As the database spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Opening => "OPENING",
            Self::Retired => "RETIRED",
        }
    }

    fn parse(value: &str) -> Result<Self, StoreError> {
        match value {
            "ACTIVE" => Ok(Self::Active),
            "OPENING" => Ok(Self::Opening),
            "RETIRED" => Ok(Self::Retired),
            _ => Err(StoreError::UnknownValue("key_version.state")),
        }
    }
}

/// A key that the database knows. Never the key itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyVersion {
    /// Its number.
    pub id: u32,
    /// What it is for.
    pub state: KeyState,
    /// Since when the database knows it.
    pub created_at: Timestamp,
}

const KEYS: &str = "SELECT id, state, created_at, check_value FROM key_version ORDER BY id";

fn number(id: i64) -> Result<u32, StoreError> {
    u32::try_from(id).map_err(|_| StoreError::UnknownValue("key_version"))
}

impl Store {
    /// A transaction that writes, with the keys that the database says are in use. Whatever it seals must be sealed after it
    /// has begun.
    pub(crate) async fn write(&self) -> Result<Tx, StoreError> {
        self.with_keys_of(|| self.database.write(Writing::Beside))
            .await
    }

    /// The same for an act of administration: they happen one at a time, on whichever instance, so that what one reads stays
    /// true until it has written.
    pub(crate) async fn administer(&self) -> Result<Tx, StoreError> {
        self.with_keys_of(|| self.database.write(Writing::Administration))
            .await
    }

    /// The same, while nobody else writes: what is under way ends first, what comes later waits.
    async fn write_alone(&self) -> Result<Tx, StoreError> {
        self.with_keys_of(|| self.database.write(Writing::Alone))
            .await
    }

    /// A transaction that reads, with the keys that are in use in what it sees.
    pub(crate) async fn snapshot(&self) -> Result<Tx, StoreError> {
        self.with_keys_of(|| self.database.snapshot()).await
    }

    /// Begins a transaction. Where a key is missing it is read again, outside of the transaction since that may take long,
    /// and the transaction is begun anew.
    async fn with_keys_of<F>(&self, begin: impl Fn() -> F) -> Result<Tx, StoreError>
    where
        F: Future<Output = Result<Tx, StoreError>>,
    {
        let mut tx = begin().await?;
        match self.follow_keys(&mut tx).await? {
            None => return Ok(tx),
            Some(missing) => {
                tx.rollback().await?;
                self.keyring.read_again(missing).await;
            }
        }
        let mut tx = begin().await?;
        match self.follow_keys(&mut tx).await? {
            None => Ok(tx),
            Some(missing) => Err(StoreError::KeyMissing(missing.into())),
        }
    }

    /// Reads and opens something outside of a transaction. Where it was sealed with a key that is not known here, another
    /// process may have begun to use it a moment ago: it is learnt, and what was to be read is read once more.
    pub(crate) async fn opening<T, F>(&self, read: impl Fn() -> F) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, StoreError>>,
    {
        match read().await {
            Err(StoreError::Unreadable { why: NO_KEY, .. }) => {
                self.learn_keys().await?;
                read().await
            }
            read => read,
        }
    }

    /// Makes the keyring use the keys that the database names, as this transaction sees them. Names a key that is missing.
    async fn follow_keys(&self, tx: &mut Tx) -> Result<Option<u32>, StoreError> {
        let rows =
            sqlx::query("SELECT id, state, check_value FROM key_version WHERE state <> 'RETIRED'")
                .fetch_all(&mut **tx)
                .await?;
        let mut active = None;
        let mut in_use = Vec::with_capacity(rows.len());
        for row in &rows {
            let id = number(row.try_get(0)?)?;
            // Another key under this number would seal what nobody else can open.
            let at_hand = self.keyring.check_value(id);
            if at_hand.is_some_and(|value| Ok(value) != row.try_get::<Vec<u8>, _>(2).map_err(drop))
            {
                return Err(StoreError::KeyChanged(id));
            }
            if row.try_get::<String, _>(1)? == KeyState::Active.as_str() {
                active = Some(id);
            }
            in_use.push(id);
        }
        // There is none in a new database, before its first key is noted.
        Ok(active.and_then(|active| self.keyring.follow(active, &in_use).err()))
    }

    /// Learns which keys are in use, for what needs them outside of a writing transaction, such as tokens.
    pub async fn learn_keys(&self) -> Result<(), StoreError> {
        self.snapshot().await?.rollback().await
    }

    /// Refuses keys that are missing or other than they were. A new database begins here: with the keyring's first key, and
    /// the audit's chain.
    pub(crate) async fn check_keys(&self, now: Timestamp) -> Result<(), StoreError> {
        let mut tx = self.database.snapshot().await?;
        let is_new = !self.are_keys_here(&mut tx).await?;
        tx.rollback().await?;
        if !is_new {
            return Ok(());
        }
        // Another instance may begin at the same moment.
        let mut tx = self.database.write(Writing::Alone).await?;
        if !self.are_keys_here(&mut tx).await? {
            self.note_key(&mut tx, self.keyring.active_id(), now)
                .await?;
            self.begin_chain(&mut tx).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Makes the keyring use the database's keys. `false` where it has none yet.
    async fn are_keys_here(&self, tx: &mut Tx) -> Result<bool, StoreError> {
        let known = sqlx::query(KEYS).fetch_all(&mut **tx).await?;
        for row in &known {
            if KeyState::parse(&row.try_get::<String, _>("state")?)? == KeyState::Retired {
                continue;
            }
            let id = number(row.try_get("id")?)?;
            match self.keyring.check_value(id) {
                None => return Err(StoreError::KeyMissing(id.into())),
                Some(value) if value != row.try_get::<Vec<u8>, _>("check_value")? => {
                    return Err(StoreError::KeyChanged(id));
                }
                Some(_) => {}
            }
        }
        match self.follow_keys(tx).await? {
            Some(missing) => Err(StoreError::KeyMissing(missing.into())),
            None => Ok(!known.is_empty()),
        }
    }

    async fn note_key(&self, tx: &mut Tx, id: u32, now: Timestamp) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO key_version (id, check_value, created_at, state) VALUES ($1, $2, $3, 'ACTIVE')",
        )
        .bind(i64::from(id))
        .bind(self.keyring.check_value(id))
        .bind(micros(now))
        .execute(&mut **tx)
        .await?;
        Ok(())
    }

    /// The keys that the database knows, by number.
    pub async fn keys(&self) -> Result<Vec<KeyVersion>, StoreError> {
        sqlx::query(KEYS)
            .fetch_all(self.database.reader())
            .await?
            .iter()
            .map(|row| {
                Ok(KeyVersion {
                    id: number(row.try_get("id")?)?,
                    state: KeyState::parse(&row.try_get::<String, _>("state")?)?,
                    created_at: timestamp(row.try_get("created_at")?)?,
                })
            })
            .collect()
    }

    /// The numbers of the keyring's keys, whether the database knows them or not.
    pub fn keyring_ids(&self) -> Vec<u32> {
        self.keyring.key_ids()
    }

    /// Makes a key of the keyring active that the database does not know yet. The one before it opens on, until everything
    /// is sealed anew: see [`Store::reseal`].
    pub async fn begin_rotation(
        &self,
        to: u32,
        by: &Actor,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        if self.keyring.check_value(to).is_none() {
            return Err(StoreError::KeyMissing(to.into()));
        }
        let mut tx = self.write_alone().await?;
        let from = self.keyring.active_id();
        let known = sqlx::query("SELECT 1 FROM key_version WHERE id = $1")
            .bind(i64::from(to))
            .fetch_optional(&mut *tx)
            .await?;
        if known.is_some() {
            return Err(StoreError::Exists("this key's number"));
        }
        sqlx::query("UPDATE key_version SET state = 'OPENING' WHERE state = 'ACTIVE'")
            .execute(&mut *tx)
            .await?;
        self.note_key(&mut tx, to, now).await?;
        let act = Act::new("key.rotate")
            .to(to)
            .with(json!({ "from": from, "to": to }));
        // The act itself is sealed with the key that is active when it is written.
        self.append(&mut tx, by, act, now).await?;
        tx.commit().await?;
        self.learn_keys().await
    }

    /// Notes that nothing is sealed with the older keys any more, once a whole round of [`Store::reseal`] found nothing.
    /// Gives their numbers.
    pub(crate) async fn retire_older_keys(
        &self,
        active: u32,
        by: &Actor,
        now: Timestamp,
    ) -> Result<Vec<u32>, StoreError> {
        let mut tx = self.write_alone().await?;
        if self.keyring.active_id() != active {
            // Another rotation has begun meanwhile.
            return Ok(Vec::new());
        }
        let rows = sqlx::query(
            "UPDATE key_version SET state = 'RETIRED' WHERE state = 'OPENING' RETURNING id",
        )
        .fetch_all(&mut *tx)
        .await?;
        let mut retired = Vec::with_capacity(rows.len());
        for row in &rows {
            retired.push(number(row.try_get(0)?)?);
        }
        if !retired.is_empty() {
            let act = Act::new("key.retire").with(json!({ "keys": retired }));
            self.append(&mut tx, by, act, now).await?;
        }
        tx.commit().await?;
        Ok(retired)
    }
}

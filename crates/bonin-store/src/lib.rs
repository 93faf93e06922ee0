#![doc = include_str!("../README.md")]

mod admin;
mod audit;
mod database;
mod error;
mod keyring;
mod sealed;
mod time;
mod verification;

use bonin_core::Rules;
use jiff::Timestamp;
use sqlx::Row;
use zeroize::Zeroizing;

pub use admin::{
    ApiSecret, BrowserRules, Channel, ChannelKind, CodeUse, ConsoleSession, ConsoleUser, Guess,
    HubAccess, NewApiSecret, NewChannel, NewSession, NewStore, NewUser, Role, SecretHash,
    SessionRotation, SessionStep, StoreKind, StoreLimits, StoreRow, WindowAccess,
};
pub use audit::{
    Act, Actor, ActorKind, AuditEntry, AuditHead, AuditPage, AuditProblem, AuditQuery,
    InvalidAuditHead,
};
pub use error::StoreError;
pub use keyring::{Keyring, KeyringError};
pub use verification::{
    Answered, BeginError, BeginTry, CallNote, ChannelOfTry, ClaimError, Claimed, ConfirmRecord,
    Customer, CustomerFilter, Erasure, Failure, ListQuery, MessageLimit, Page, PersonToErase,
    PgAnswer, Progress, ProviderState, Recorded, ResendRecord, SendRecord, SortField, SortOrder,
    TimeRange, TimelineEntry, VerificationKey, VerificationRecord, VerifiedPerson, WindowNote,
    WindowTry,
};

use crate::{database::Database, time::micros};

/// The database, opened: every query there is, and the keys that its fields are sealed with.
#[derive(Debug)]
pub struct Store {
    database: Database,
    keyring: Keyring,
    rules: Rules,
}

impl Store {
    /// Connects to `sqlite:///path/to/file`, creating the file where `create` says so. The schema may still be behind:
    /// call [`Store::migrate`] or [`Store::check`] next.
    pub async fn connect(
        url: &str,
        keyring: Keyring,
        rules: Rules,
        create: bool,
    ) -> Result<Self, StoreError> {
        Ok(Self {
            database: Database::connect(url, create).await?,
            keyring,
            rules,
        })
    }

    /// Brings the schema up, and notes which keys are in use.
    pub async fn migrate(&self, now: Timestamp) -> Result<(), StoreError> {
        self.database.migrate().await?;
        self.check(now).await
    }

    /// Refuses a schema that is behind, a key that is missing, and a key that is another than it was.
    pub async fn check(&self, now: Timestamp) -> Result<(), StoreError> {
        self.database.check_schema().await?;
        let mut tx = self.database.write().await?;
        let known = sqlx::query("SELECT id, check_value FROM key_version")
            .fetch_all(&mut *tx)
            .await?;
        for row in &known {
            let id: i64 = row.try_get("id")?;
            let kept: Vec<u8> = row.try_get("check_value")?;
            let number = u32::try_from(id).map_err(|_| StoreError::UnknownValue("key_version"))?;
            match self.keyring.check_value(number) {
                None => return Err(StoreError::KeyMissing(id)),
                Some(value) if value != kept => return Err(StoreError::KeyChanged(number)),
                Some(_) => {}
            }
        }
        for id in self.keyring.key_ids() {
            let value = self.keyring.check_value(id);
            sqlx::query(
                "INSERT INTO key_version (id, check_value, created_at) VALUES ($1, $2, $3) ON CONFLICT (id) DO NOTHING",
            )
            .bind(i64::from(id))
            .bind(value)
            .bind(micros(now))
            .execute(&mut *tx)
            .await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// The keys that tokens are signed with, by key id, the active one first.
    pub fn token_keys(&self) -> Vec<(u32, Zeroizing<[u8; 32]>)> {
        self.keyring.token_keys()
    }

    /// The limits that the state machine keeps.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Whether the database answers, with the schema that this version needs.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.database.check_schema().await
    }

    /// Waits for what is under way, and closes the files.
    pub async fn close(&self) {
        self.database.close().await;
    }
}

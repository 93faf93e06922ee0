#![doc = include_str!("../README.md")]

mod admin;
mod audit;
mod connection;
mod copy;
mod database;
mod dialect;
mod error;
mod group;
mod keyring;
mod newest;
mod observer;
mod obstacle;
mod pools;
mod rotation;
mod sealed;
mod sqlite;
mod time;
mod verification;
mod webhook;

use bonin_core::Rules;
use jiff::Timestamp;
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
pub use copy::{Copied, CopyError, Copying};
pub use database::ConnectOptions;
pub use error::StoreError;
pub use keyring::{Keyring, KeyringError};
pub use observer::{Observer, PoolState, TRACE_TARGET, acquire_timeouts};
pub use obstacle::Obstacle;
pub use rotation::{KeyState, KeyVersion, Resealing};
pub use verification::{
    Answered, BeginError, BeginTry, CallFailure, CallNote, ChannelOfTry, ClaimError, Claimed,
    ConfirmRecord, Customer, CustomerFilter, Erasure, Failure, Latency, ListQuery, MessageLimit,
    Page, PersonToErase, PgAnswer, Progress, ProviderState, Recorded, ResendRecord, SendRecord,
    SortField, SortOrder, Statistics, StatisticsQuery, TimeRange, TimelineEntry, TryCount,
    TryRecord, VerificationKey, VerificationRecord, VerifiedPerson, WindowNote, WindowTry,
};
pub use webhook::{
    ClaimedWebhook, DeliveryPage, DeliveryQuery, DeliveryState, DueEndpoint, NewWebhookEndpoint,
    Noted, PauseCause, Tidied, TryFailure, TryOutcome, WebhookAddress, WebhookBacklog,
    WebhookDelivery, WebhookEndpoint, WebhookEvent, WebhookTry, is_success,
};

use crate::database::Database;

/// The database, opened: every query there is, and the keys that its fields are sealed with.
#[derive(Debug)]
pub struct Store {
    database: Database,
    keyring: Keyring,
    rules: Rules,
    /// What was erased, and may still stand in the write-ahead log.
    erasures: verification::Erasures,
    /// Wakes those who send webhooks.
    outbox: webhook::Outbox,
}

impl Store {
    /// Connects to `sqlite:///path/to/file` or `postgres://user@host/database`. The schema may still be behind: call
    /// [`Store::migrate`] or [`Store::check`] next.
    pub async fn connect(
        url: &str,
        keyring: Keyring,
        rules: Rules,
        options: &ConnectOptions,
    ) -> Result<Self, StoreError> {
        Ok(Self {
            database: Database::connect(url, options).await?,
            keyring,
            rules,
            erasures: verification::Erasures::default(),
            outbox: webhook::Outbox::default(),
        })
    }

    /// Brings the schema up, and notes which keys are in use.
    pub async fn migrate(&self, now: Timestamp) -> Result<(), StoreError> {
        self.database.migrate().await?;
        self.check(now).await
    }

    /// Refuses a schema that is behind, a key that is missing, and a key that is another than it was. A new database begins
    /// with the keyring's first key; another is used from [`Store::begin_rotation`] on.
    pub async fn check(&self, now: Timestamp) -> Result<(), StoreError> {
        self.database.check_schema().await?;
        self.check_keys(now).await
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

#[cfg(test)]
impl Store {
    /// A new database in a folder, for tests that look behind the public face.
    pub(crate) async fn new_in(folder: &std::path::Path) -> Self {
        let url = format!("sqlite://{}/bonin.db", folder.display());
        let keyring = Keyring::parse(Keyring::generate(1).unwrap().expose()).unwrap();
        let options = ConnectOptions {
            create: true,
            ..ConnectOptions::default()
        };
        let store = Self::connect(&url, keyring, Rules::default(), &options)
            .await
            .unwrap();
        store.migrate(Timestamp::now()).await.unwrap();
        store
    }
}

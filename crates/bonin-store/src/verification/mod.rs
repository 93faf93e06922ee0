//! Verifications: the three verbs that change them, and the queries that read them.

mod begin;
mod claim;
mod erase;
mod list;
mod locked;
mod quota;
mod read;
mod record;
mod reindex;
mod rows;
mod scrub;
mod seal;
mod statistics;
mod sweep;
mod timeline;
mod tries;
mod window;

use bonin_core::{
    BirthDate, ChannelId, Ci, Di, FailureReason, Gender, IdentityVerificationId, Operator,
    OrderNumber, PersonName, PhoneNumber, Redacted, Status, StoreId, TxId, Way,
};
use jiff::{SignedDuration, Timestamp};

use crate::{Channel, ChannelKind};

pub use begin::{BeginError, BeginTry};
pub use claim::{Answered, ClaimError, Claimed, Progress};
pub(crate) use erase::SEALED;
pub use erase::{Erasure, PersonToErase};
pub use list::{CustomerFilter, ListQuery, Page, SortField, SortOrder, TimeRange};
pub use record::{ConfirmRecord, Recorded, ResendRecord, SendRecord};
pub(crate) use scrub::Erasures;
pub use statistics::{CallFailure, Latency, Statistics, StatisticsQuery, TryCount};
pub use timeline::{CallNote, TimelineEntry};
pub use tries::TryRecord;
pub use window::{WindowNote, WindowTry};

/// Which verification: ids are unique within a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerificationKey {
    /// The store.
    pub store: StoreId,
    /// The merchant's id.
    pub id: IdentityVerificationId,
}

/// The channel that a try runs on, as it was when the try began.
#[derive(Debug, Clone)]
pub struct ChannelOfTry {
    /// Its id.
    pub id: ChannelId,
    /// Whether it believes anyone.
    pub is_test: bool,
    /// The provider, as the API spells it.
    pub pg_provider: String,
    /// The merchant's id there.
    pub pg_merchant_id: String,
}

impl ChannelOfTry {
    /// A channel as it is now.
    pub fn of(channel: &Channel) -> Self {
        Self {
            id: channel.id.clone(),
            is_test: channel.kind == ChannelKind::Test,
            pg_provider: channel.pg_provider.clone(),
            pg_merchant_id: channel.pg_merchant_id.clone(),
        }
    }
}

/// Who is to be verified, as far as the request says.
#[derive(Debug, Clone, Default)]
pub struct Customer {
    /// The merchant's own id of the customer.
    pub id: Option<Redacted>,
    /// The name.
    pub name: Option<PersonName>,
    /// The phone.
    pub phone: Option<PhoneNumber>,
    /// The day of birth.
    pub birth_date: Option<BirthDate>,
    /// The sex.
    pub gender: Option<Gender>,
    /// Whether a foreigner.
    pub is_foreigner: Option<bool>,
}

/// Who was verified.
#[derive(Debug, Clone)]
pub struct VerifiedPerson {
    /// The name.
    pub name: PersonName,
    /// The phone.
    pub phone: PhoneNumber,
    /// The day of birth.
    pub birth_date: BirthDate,
    /// The sex.
    pub gender: Gender,
    /// Whether a foreigner.
    pub is_foreigner: bool,
    /// The operator.
    pub operator: Operator,
    /// CI, where the merchant's contract gives it.
    pub ci: Option<Ci>,
    /// DI.
    pub di: Di,
}

/// What a provider said: its code, and its words, which may be about a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PgAnswer {
    /// The code.
    pub code: String,
    /// The message.
    pub message: Redacted,
}

/// What a provider's adapter wants to find again at the next step of a try. The store seals it and does not read it.
#[derive(Debug, Clone)]
pub struct ProviderState(pub Redacted);

/// How many messages one phone may get, from all stores together.
#[derive(Debug, Clone, Copy)]
pub struct MessageLimit {
    /// How many.
    pub max: u32,
    /// In what time.
    pub within: SignedDuration,
}

/// Why the shown try failed.
#[derive(Debug, Clone)]
pub struct Failure {
    /// Why.
    pub reason: FailureReason,
    /// What the provider said last.
    pub answer: Option<PgAnswer>,
}

/// A verification as the API shows it, opened.
#[derive(Debug, Clone)]
pub struct VerificationRecord {
    /// Which.
    pub key: VerificationKey,
    /// How far it has come.
    pub status: Status,
    /// The try that is shown.
    pub tx_id: TxId,
    /// How that try proves the person.
    pub way: Way,
    /// The order number of that try at the provider.
    pub order_number: OrderNumber,
    /// Its channel.
    pub channel: ChannelOfTry,
    /// The channel's key.
    pub channel_key: String,
    /// The channel's name today.
    pub channel_name: String,
    /// The operator that verified, else the one that was asked for.
    pub operator: Option<Operator>,
    /// Who was asked for.
    pub requested: Customer,
    /// Who was verified.
    pub verified: Option<VerifiedPerson>,
    /// The merchant's own data, as it came.
    pub custom_data: Option<Redacted>,
    /// The provider's id of the try.
    pub pg_tx_id: Option<String>,
    /// The provider's answer that verified.
    pub pg_raw_response: Option<Redacted>,
    /// Why it failed.
    pub failure: Option<Failure>,
    /// When the shown try was asked for.
    pub requested_at: Timestamp,
    /// When anything about it last changed.
    pub updated_at: Timestamp,
    /// When its status last changed.
    pub status_changed_at: Timestamp,
    /// When it was verified.
    pub verified_at: Option<Timestamp>,
}

//! Webhooks: who is told of a store's verifications, what waits to be told, and how telling went.
//!
//! What happens to a verification is written down for its endpoints in the transaction in which it happens (`outbox.rs`), so
//! that neither is ever there without the other. Workers of any instance take what is due (`claim.rs`): each by a lease with
//! a token of its own. Whoever dies with it leaves a lease that lapses, and the message goes once more, under the same id.

mod claim;
mod endpoint;
mod history;
mod outbox;
mod tidy;

use bonin_core::{
    IdentityVerificationId, Redacted, Status, StoreId, TxId, WebhookDeliveryId, WebhookEndpointId,
};
use jiff::Timestamp;
use sqlx::{Row, any::AnyRow};

use crate::{
    StoreError,
    sealed::Place,
    time::{timestamp, timestamp_some},
};

pub use claim::{ClaimedWebhook, DueEndpoint, Noted, WebhookAddress};
pub use history::{DeliveryPage, DeliveryQuery};
pub(crate) use outbox::{Outbox, write};
pub use tidy::{Tidied, WebhookBacklog};

/// What an endpoint can be told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WebhookEvent {
    /// A try has begun: the verification is READY.
    Ready,
    /// A person was verified.
    Verified,
    /// A try has failed.
    Failed,
    /// Nothing has happened: somebody asked to see a message arrive.
    Test,
}

impl WebhookEvent {
    /// Those that an endpoint may choose.
    pub const CHOOSABLE: [Self; 3] = [Self::Ready, Self::Verified, Self::Failed];

    /// As receivers read it, in `type`.
    pub fn type_name(self) -> &'static str {
        match self {
            Self::Ready => "IdentityVerification.Ready",
            Self::Verified => "IdentityVerification.Verified",
            Self::Failed => "IdentityVerification.Failed",
            Self::Test => "Webhook.Test",
        }
    }

    /// The one with this `type`.
    pub fn of_type_name(name: &str) -> Option<Self> {
        let all = [Self::Ready, Self::Verified, Self::Failed, Self::Test];
        all.into_iter().find(|event| event.type_name() == name)
    }

    pub(crate) fn of(status: Status) -> Self {
        match status {
            Status::Ready => Self::Ready,
            Status::Verified => Self::Verified,
            Status::Failed => Self::Failed,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Ready => "READY",
            Self::Verified => "VERIFIED",
            Self::Failed => "FAILED",
            Self::Test => "TEST",
        }
    }

    fn parse(word: &str) -> Result<Self, StoreError> {
        match word {
            "READY" => Ok(Self::Ready),
            "VERIFIED" => Ok(Self::Verified),
            "FAILED" => Ok(Self::Failed),
            "TEST" => Ok(Self::Test),
            _ => Err(StoreError::UnknownValue("a webhook's event")),
        }
    }
}

/// Why nothing goes to an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PauseCause {
    /// Somebody wanted it so.
    Request,
    /// No try had succeeded for days.
    Failing,
}

impl PauseCause {
    /// As the database and the audit spell it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Request => "REQUEST",
            Self::Failing => "FAILING",
        }
    }

    fn parse(word: &str) -> Result<Self, StoreError> {
        match word {
            "REQUEST" => Ok(Self::Request),
            "FAILING" => Ok(Self::Failing),
            _ => Err(StoreError::UnknownValue("webhook_endpoint.pause_cause")),
        }
    }
}

/// An endpoint to be made.
#[derive(Debug, Clone)]
pub struct NewWebhookEndpoint {
    /// Its id.
    pub id: WebhookEndpointId,
    /// Whose verifications it is told of.
    pub store: StoreId,
    /// Where it is.
    pub url: Redacted,
    /// The scheme, host and port of the address: what the audit may tell of it.
    pub origin: String,
    /// What it is told of; at least one.
    pub events: Vec<WebhookEvent>,
    /// What its messages are signed with: `whsec_` and base64.
    pub secret: Redacted,
}

/// An endpoint, without its secrets.
#[derive(Debug, Clone)]
pub struct WebhookEndpoint {
    /// Its id.
    pub id: WebhookEndpointId,
    /// Whose verifications it is told of.
    pub store: StoreId,
    /// Where it is.
    pub url: Redacted,
    /// What it is told of.
    pub events: Vec<WebhookEvent>,
    /// Until when messages are signed with the secret before as well.
    pub previous_until: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its set-up last changed.
    pub updated_at: Timestamp,
    /// Since when no try has succeeded, though there were some.
    pub failing_since: Option<Timestamp>,
    /// Since when nothing goes to it, and why.
    pub paused: Option<(Timestamp, PauseCause)>,
    /// Since when it is put away, for good.
    pub retired_at: Option<Timestamp>,
}

/// How far a message has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DeliveryState {
    /// It is to be sent, or is being sent.
    Pending,
    /// Its receiver has it.
    Delivered,
    /// No try succeeded.
    GaveUp,
    /// Its endpoint was put away before it was sent.
    Dropped,
}

impl DeliveryState {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Pending, Self::Delivered, Self::GaveUp, Self::Dropped];

    /// As the database, the shell and forms spell it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Delivered => "DELIVERED",
            Self::GaveUp => "GAVE_UP",
            Self::Dropped => "DROPPED",
        }
    }

    /// The state of this name.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

/// A message to an endpoint.
#[derive(Debug, Clone)]
pub struct WebhookDelivery {
    /// Its id: what the receiver sees as `webhook-id`.
    pub id: WebhookDeliveryId,
    /// To which endpoint.
    pub endpoint: WebhookEndpointId,
    /// Of which store.
    pub store: StoreId,
    /// Of which verification and which try of it. `None` for a test event.
    pub about: Option<(IdentityVerificationId, TxId)>,
    /// What it tells.
    pub event: WebhookEvent,
    /// When that happened.
    pub happened_at: Timestamp,
    /// How far it has come.
    pub state: DeliveryState,
    /// How many tries were made.
    pub tries: u32,
    /// While it waits: when it is tried next. While it is being sent: `None`.
    pub next_at: Option<Timestamp>,
    /// Whether a try is under way right now.
    pub is_being_sent: bool,
    /// When it was delivered, given up or dropped.
    pub ended_at: Option<Timestamp>,
}

/// Why a request to an endpoint had no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TryFailure {
    /// None in time.
    Timeout,
    /// No connection could be opened: no such name, nobody listens, no way there, or no TLS.
    Unreachable,
    /// The address is in a network that the operator does not allow.
    Forbidden,
    /// The connection ended, or what came was no HTTP.
    Disconnected,
    /// Bonin could not make the request: what is kept of the endpoint does not open, or is no address.
    NotSent,
}

impl TryFailure {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Timeout,
        Self::Unreachable,
        Self::Forbidden,
        Self::Disconnected,
        Self::NotSent,
    ];

    /// As the database, the shell and metrics spell it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Timeout => "TIMEOUT",
            Self::Unreachable => "UNREACHABLE",
            Self::Forbidden => "FORBIDDEN_ADDRESS",
            Self::Disconnected => "DISCONNECTED",
            Self::NotSent => "NOT_SENT",
        }
    }

    fn parse(word: &str) -> Result<Self, StoreError> {
        let mut all = Self::ALL.into_iter();
        all.find(|failure| failure.as_str() == word)
            .ok_or(StoreError::UnknownValue("webhook_try.failure"))
    }
}

/// What came of a request to an endpoint: the HTTP status of its answer, or why there was none.
pub type TryOutcome = Result<u16, TryFailure>;

/// One request of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookTry {
    /// Its number, from 1.
    pub number: u32,
    /// When it was made.
    pub at: Timestamp,
    /// How long it took, in milliseconds.
    pub millis: i64,
    /// What came of it.
    pub outcome: TryOutcome,
}

/// Whether an answer of this status says that the receiver has the message. A redirect does not: it is not followed.
pub fn is_success(outcome: TryOutcome) -> bool {
    matches!(outcome, Ok(200..=299))
}

fn place<'a>(column: &'static str, row: &'a str) -> Place<'a> {
    Place {
        table: "webhook_endpoint",
        column,
        row,
    }
}

const DELIVERY: &str = "id, endpoint_id, store_id, verification_id, tx_id, event, happened_at, state, tries, next_at, \
    lease_token, ended_at";

fn delivery(row: &AnyRow, now: Timestamp) -> Result<WebhookDelivery, StoreError> {
    let unknown = |_| StoreError::UnknownValue("webhook_delivery");
    let about = match (
        row.try_get::<Option<String>, _>("verification_id")?,
        row.try_get::<Option<String>, _>("tx_id")?,
    ) {
        (Some(id), Some(tx_id)) => Some((
            IdentityVerificationId::parse(id).map_err(unknown)?,
            TxId::parse(tx_id).map_err(unknown)?,
        )),
        _ => None,
    };
    let next_at = timestamp_some(row.try_get("next_at")?)?;
    let leased = row.try_get::<Option<String>, _>("lease_token")?.is_some();
    let is_being_sent = leased && next_at.is_some_and(|lapses| now < lapses);
    Ok(WebhookDelivery {
        id: WebhookDeliveryId::parse(row.try_get::<String, _>("id")?).map_err(unknown)?,
        endpoint: WebhookEndpointId::parse(row.try_get::<String, _>("endpoint_id")?)
            .map_err(unknown)?,
        store: StoreId::parse(row.try_get::<String, _>("store_id")?).map_err(unknown)?,
        about,
        event: WebhookEvent::parse(&row.try_get::<String, _>("event")?)?,
        happened_at: timestamp(row.try_get("happened_at")?)?,
        state: DeliveryState::parse(&row.try_get::<String, _>("state")?)
            .ok_or(StoreError::UnknownValue("webhook_delivery.state"))?,
        tries: u32::try_from(row.try_get::<i64, _>("tries")?)
            .map_err(|_| StoreError::UnknownValue("webhook_delivery.tries"))?,
        next_at: if is_being_sent { None } else { next_at },
        is_being_sent,
        ended_at: timestamp_some(row.try_get("ended_at")?)?,
    })
}

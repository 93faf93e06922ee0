//! What an operator sets up: stores, channels, secrets and the tokens made from them, and the people who may.
//!
//! Every change takes who makes it, and writes the audit in the same transaction.

mod channel;
mod first_owner;
mod login;
mod secret;
mod session;
mod store;
mod token;
mod user;
mod user_change;

pub use channel::{Channel, ChannelKind, HubAccess, NewChannel, WindowAccess};
pub use login::{CodeUse, Guess};
pub use secret::{ApiSecret, NewApiSecret, SecretHash};
pub use session::{ConsoleSession, NewSession, SessionRotation, SessionStep};
pub use store::{BrowserRules, NewStore, StoreKind, StoreLimits, StoreRow};
pub use user::{ConsoleUser, NewUser, Role};

use crate::StoreError;

/// A unique constraint broken reads as "exists already".
fn exists(what: &'static str) -> impl FnOnce(sqlx::Error) -> StoreError {
    move |error| match &error {
        sqlx::Error::Database(inner) if inner.is_unique_violation() => StoreError::Exists(what),
        _ => error.into(),
    }
}

//! What an operator sets up: stores, channels, secrets, and the tokens made from secrets.

mod channel;
mod secret;
mod store;
mod token;

pub use channel::{Channel, ChannelKind, HubAccess, NewChannel, WindowAccess};
pub use secret::{ApiSecret, NewApiSecret, SecretHash};
pub use store::{BrowserRules, NewStore, StoreKind, StoreRow};

use crate::StoreError;

/// A unique constraint broken reads as "exists already".
fn exists(what: &'static str) -> impl FnOnce(sqlx::Error) -> StoreError {
    move |error| match &error {
        sqlx::Error::Database(inner) if inner.is_unique_violation() => StoreError::Exists(what),
        _ => error.into(),
    }
}

//! The timeline: what happened to a verification, in order, without a word about the person.

use bonin_core::TxId;
use jiff::Timestamp;
use sqlx::Row;
use tracing::instrument;

use super::{VerificationKey, rows};
use crate::{Store, StoreError, observer::TRACE_TARGET, time::timestamp};

/// A call to the provider, as the timeline keeps it.
#[derive(Debug, Clone)]
pub struct CallNote {
    /// When its answer came, or was given up.
    pub at: Timestamp,
    /// Which call (KCP hub: its `tx_type`).
    pub call: String,
    /// The provider's code, or ours where it did not answer.
    pub code: String,
    /// How long it took, in milliseconds.
    pub millis: i64,
}

/// One line of the timeline.
#[derive(Debug, Clone)]
pub struct TimelineEntry {
    /// When.
    pub at: Timestamp,
    /// To which try.
    pub tx_id: TxId,
    /// What happened; `asked_pg` for a call to the provider, else a name of [`bonin_core::EventKind`].
    pub kind: String,
    /// Which call to the provider.
    pub call: Option<String>,
    /// The provider's code.
    pub code: Option<String>,
    /// How long the call took, in milliseconds.
    pub millis: Option<i64>,
}

impl Store {
    /// The timeline of a verification, in order. Empty where there is no such verification.
    #[instrument(target = TRACE_TARGET, level = "debug", skip_all, fields(otel.kind = "client"))]
    pub async fn timeline(&self, key: &VerificationKey) -> Result<Vec<TimelineEntry>, StoreError> {
        sqlx::query(
            "SELECT at, tx_id, kind, call, code, millis FROM event \
             WHERE store_id = $1 AND verification_id = $2 ORDER BY seq",
        )
        .bind(key.store.as_str())
        .bind(key.id.as_str())
        .fetch_all(self.database.reader())
        .await?
        .iter()
        .map(|row| {
            Ok(TimelineEntry {
                at: timestamp(row.try_get("at")?)?,
                tx_id: rows::tx_id(row, "tx_id")?,
                kind: row.try_get("kind")?,
                call: row.try_get("call")?,
                code: row.try_get("code")?,
                millis: row.try_get("millis")?,
            })
        })
        .collect()
    }
}

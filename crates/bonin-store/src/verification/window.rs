//! Window tries: what the browser's way back needs, found by the try's id.

use bonin_core::{Attempt, ChannelId, OrderNumber, Redacted, Status, StoreId, TxId};
use jiff::Timestamp;
use sqlx::{Row, any::AnyRow};
use tracing::instrument;

use super::{PgAnswer, ProviderState, VerificationKey, locked::Locked, rows, seal::Opener};
use crate::{Store, StoreError, observer::TRACE_TARGET, time::micros};

/// A window try with all that its next step needs.
#[derive(Debug)]
pub struct WindowTry {
    /// Of which verification.
    pub key: VerificationKey,
    /// How far that has come, by whatever try.
    pub status: Status,
    /// The try.
    pub attempt: Attempt,
    /// Its channel.
    pub channel_id: ChannelId,
    /// Its order number at the provider.
    pub order_number: OrderNumber,
    /// What the adapter kept.
    pub provider_state: Option<ProviderState>,
    /// What the way back needs, as it was given to *begin*.
    pub checkout: Option<Redacted>,
    /// Whether the person has come back from the provider's window.
    pub returned: bool,
    /// What the provider said last, if it did not verify.
    pub answer: Option<PgAnswer>,
}

/// A line in the timeline of a window try that changes nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WindowNote {
    /// The person came back from the provider's window.
    Returned,
    /// Somebody posted to the return address without the try's secret.
    Forged,
}

/// How many notes of a kind a try's timeline takes.
const MAX_NOTES: i64 = 20;

const COLUMNS: &str = "a.store_id, a.verification_id, v.status AS verification_status, a.tx_id, a.way, a.state, \
    a.failure_reason, a.live_until, a.wrong_numbers, a.resends, a.claim_token, a.claim_purpose, a.claim_until, \
    a.channel_id, a.order_number, a.provider_state, a.checkout, a.returned_at, a.pg_code, a.pg_message \
    FROM attempt a JOIN identity_verification v ON v.store_id = a.store_id AND v.id = a.verification_id";

impl Store {
    /// The window try of this id.
    #[instrument(target = TRACE_TARGET, level = "debug", skip_all, fields(otel.kind = "client"))]
    pub async fn window_try(&self, tx_id: &TxId) -> Result<Option<WindowTry>, StoreError> {
        self.opening(|| async {
            let sql = format!("SELECT {COLUMNS} WHERE a.tx_id = $1 AND a.way = 'WINDOW'");
            sqlx::query(sqlx::AssertSqlSafe(sql))
                .bind(tx_id.as_str())
                .fetch_optional(self.database.reader())
                .await?
                .as_ref()
                .map(|row| self.read_window_try(row))
                .transpose()
        })
        .await
    }

    /// Window tries whose time is over and whose end is not recorded, at most `limit`: the provider is asked about them
    /// once more.
    pub async fn due_windows(
        &self,
        limit: u32,
        now: Timestamp,
    ) -> Result<Vec<WindowTry>, StoreError> {
        let sql = format!(
            "SELECT {COLUMNS} WHERE a.state IN ('BEGUN', 'OPEN') AND a.way = 'WINDOW' AND a.live_until <= $1 LIMIT $2"
        );
        let due = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(micros(now))
            .bind(i64::from(limit))
            .fetch_all(self.database.reader())
            .await?;
        Ok(self.readable_window_tries(&due))
    }

    /// Window tries from which the person is back since then, though nothing is decided; at most `limit`. One that was
    /// replaced is among them, as long as no other try has succeeded: its genuine success would count.
    pub async fn undecided_windows(
        &self,
        limit: u32,
        back_since: Timestamp,
    ) -> Result<Vec<WindowTry>, StoreError> {
        let sql = format!(
            "SELECT {COLUMNS} WHERE a.returned_at <= $1 AND a.state IN ('OPEN', 'REPLACED') AND a.way = 'WINDOW' \
             AND v.status <> 'VERIFIED' ORDER BY a.returned_at DESC LIMIT $2"
        );
        let undecided = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(micros(back_since))
            .bind(i64::from(limit))
            .fetch_all(self.database.reader())
            .await?;
        Ok(self.readable_window_tries(&undecided))
    }

    /// A row that cannot be read must not keep the others from being asked about.
    fn readable_window_tries(&self, rows: &[AnyRow]) -> Vec<WindowTry> {
        let read = |row| match self.read_window_try(row) {
            Ok(window) => Some(window),
            Err(error) => {
                tracing::error!(%error, "a window try cannot be read");
                None
            }
        };
        rows.iter().filter_map(read).collect()
    }

    /// Appends a note to the timeline. Strangers can cause these, so there are at most [`MAX_NOTES`] of a kind.
    #[instrument(target = TRACE_TARGET, level = "debug", skip_all, fields(otel.kind = "client"))]
    pub async fn note_window(
        &self,
        key: &VerificationKey,
        tx_id: &TxId,
        note: WindowNote,
        code: Option<&str>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let tx = self.write().await?;
        let Some(mut locked) = Locked::load(&self.outbox, tx, key, now).await? else {
            return Err(StoreError::NotFound("verification"));
        };
        let kind = match note {
            WindowNote::Returned => {
                sqlx::query(
                    "UPDATE attempt SET returned_at = COALESCE(returned_at, $2) WHERE tx_id = $1",
                )
                .bind(tx_id.as_str())
                .bind(micros(now))
                .execute(&mut *locked.tx)
                .await?;
                "returned"
            }
            WindowNote::Forged => "return_forged",
        };
        let noted: i64 = sqlx::query(
            "SELECT COUNT(*) FROM event WHERE store_id = $1 AND verification_id = $2 AND tx_id = $3 AND kind = $4",
        )
        .bind(key.store.as_str())
        .bind(key.id.as_str())
        .bind(tx_id.as_str())
        .bind(kind)
        .fetch_one(&mut *locked.tx)
        .await?
        .try_get(0)?;
        if noted >= MAX_NOTES {
            return Ok(());
        }
        locked.note(tx_id, kind, code).await?;
        locked.commit().await
    }

    fn read_window_try(&self, row: &AnyRow) -> Result<WindowTry, StoreError> {
        let attempt = rows::attempt(row)?;
        let opener = Opener {
            keyring: &self.keyring,
            row,
            tx_id: &attempt.tx_id,
        };
        let unknown = |_| StoreError::UnknownValue("attempt");
        Ok(WindowTry {
            key: VerificationKey {
                store: StoreId::parse(row.try_get::<String, _>("store_id")?).map_err(unknown)?,
                id: bonin_core::IdentityVerificationId::parse(
                    row.try_get::<String, _>("verification_id")?,
                )
                .map_err(unknown)?,
            },
            status: rows::status(&row.try_get::<String, _>("verification_status")?)?,
            channel_id: ChannelId::parse(row.try_get::<String, _>("channel_id")?)
                .map_err(unknown)?,
            order_number: OrderNumber::parse(row.try_get::<String, _>("order_number")?)
                .map_err(unknown)?,
            provider_state: opener.text("provider_state")?.map(ProviderState),
            checkout: opener.text("checkout")?,
            returned: row.try_get::<Option<i64>, _>("returned_at")?.is_some(),
            answer: opener.answer()?,
            attempt,
        })
    }
}

//! All tries of a verification, the oldest first.

use bonin_core::{Attempt, ChannelId, Operator, OrderNumber};
use jiff::Timestamp;
use sqlx::{Row, any::AnyRow};
use tracing::instrument;

use super::{ChannelOfTry, Customer, VerificationKey, VerifiedPerson, rows, seal::Opener};
use crate::{Store, StoreError, observer::TRACE_TARGET, time::timestamp};

/// A try, opened.
#[derive(Debug, Clone)]
pub struct TryRecord {
    /// Where it stands.
    pub attempt: Attempt,
    /// Its order number at the provider.
    pub order_number: OrderNumber,
    /// Its channel.
    pub channel: ChannelOfTry,
    /// The channel's name today.
    pub channel_name: String,
    /// The operator that was asked for, or that verified.
    pub operator: Option<Operator>,
    /// The provider's id of it.
    pub pg_tx_id: Option<String>,
    /// The provider's last code, if it did not verify.
    pub pg_code: Option<String>,
    /// Who was asked for.
    pub requested: Customer,
    /// Who was verified.
    pub verified: Option<VerifiedPerson>,
    /// When it began.
    pub begun_at: Timestamp,
}

impl Store {
    /// The tries of a verification, the oldest first. Empty where there is no such verification.
    #[instrument(target = TRACE_TARGET, level = "debug", skip_all, fields(otel.kind = "client"))]
    pub async fn tries(&self, key: &VerificationKey) -> Result<Vec<TryRecord>, StoreError> {
        self.opening(|| async {
        sqlx::query(
            "SELECT a.tx_id, a.way, a.state, a.failure_reason, a.live_until, a.wrong_numbers, a.resends, a.claim_token, \
             a.claim_purpose, a.claim_until, a.order_number, a.channel_id, a.is_test, a.pg_provider, a.pg_merchant_id, \
             COALESCE(a.verified_operator, a.operator) AS try_operator, a.pg_tx_id, a.pg_code, a.begun_at, \
             a.customer_id, a.requested_name, a.requested_phone, a.requested_birth_date, a.requested_gender, \
             a.requested_foreigner, a.verified_name, a.verified_phone, a.verified_birth_date, a.verified_gender, \
             a.verified_foreigner, a.verified_operator, a.verified_ci, a.verified_di, c.name AS channel_name \
             FROM attempt a JOIN channel c ON c.id = a.channel_id \
             WHERE a.store_id = $1 AND a.verification_id = $2 ORDER BY a.number",
        )
        .bind(key.store.as_str())
        .bind(key.id.as_str())
        .fetch_all(self.database.reader())
        .await?
        .iter()
        .map(|row| self.read_try(row))
        .collect()
        }).await
    }

    fn read_try(&self, row: &AnyRow) -> Result<TryRecord, StoreError> {
        let attempt = rows::attempt(row)?;
        let opener = Opener {
            keyring: &self.keyring,
            row,
            tx_id: &attempt.tx_id,
        };
        let unknown = |_| StoreError::UnknownValue("attempt");
        Ok(TryRecord {
            order_number: OrderNumber::parse(row.try_get::<String, _>("order_number")?)
                .map_err(unknown)?,
            channel: ChannelOfTry {
                id: ChannelId::parse(row.try_get::<String, _>("channel_id")?).map_err(unknown)?,
                is_test: row.try_get::<i64, _>("is_test")? != 0,
                pg_provider: row.try_get("pg_provider")?,
                pg_merchant_id: row.try_get("pg_merchant_id")?,
            },
            channel_name: row.try_get("channel_name")?,
            operator: rows::operator(row, "try_operator")?,
            pg_tx_id: row.try_get("pg_tx_id")?,
            pg_code: row.try_get("pg_code")?,
            requested: opener.customer()?,
            verified: opener.person()?,
            begun_at: timestamp(row.try_get("begun_at")?)?,
            attempt,
        })
    }

    /// Whether any verification was ever begun.
    pub async fn has_verifications(&self) -> Result<bool, StoreError> {
        let row = sqlx::query("SELECT 1 FROM identity_verification LIMIT 1");
        let row = row.fetch_optional(self.database.reader()).await?;
        Ok(row.is_some())
    }
}

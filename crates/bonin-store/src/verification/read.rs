//! One verification, opened.

use bonin_core::{ChannelId, IdentityVerificationId, OrderNumber, Status, StoreId, TxId};
use sqlx::{Row, any::AnyRow};
use tracing::instrument;

use super::{ChannelOfTry, Failure, VerificationKey, VerificationRecord, rows, seal::Opener};
use crate::{
    Store, StoreError,
    observer::TRACE_TARGET,
    time::{timestamp, timestamp_some},
};

/// A verification with the try that is shown and its channel.
pub(super) const SHOWN: &str = "SELECT v.store_id, v.id, v.status, v.requested_at, v.updated_at, v.status_changed_at, \
    v.verified_at, v.operator, a.tx_id, a.way, a.order_number, a.channel_id, a.is_test, a.pg_provider, a.pg_merchant_id, \
    a.failure_reason, a.pg_tx_id, a.pg_code, a.pg_message, a.customer_id, a.custom_data, a.requested_name, \
    a.requested_phone, a.requested_birth_date, a.requested_gender, a.requested_foreigner, a.verified_name, \
    a.verified_phone, a.verified_birth_date, a.verified_gender, a.verified_foreigner, a.verified_operator, \
    a.verified_ci, a.verified_di, a.pg_raw_response, c.channel_key, c.name AS channel_name \
    FROM identity_verification v JOIN attempt a ON a.tx_id = v.shown_tx_id JOIN channel c ON c.id = a.channel_id";

impl Store {
    /// The verification of this key.
    #[instrument(target = TRACE_TARGET, level = "debug", skip_all, fields(otel.kind = "client"))]
    pub async fn verification(
        &self,
        key: &VerificationKey,
    ) -> Result<Option<VerificationRecord>, StoreError> {
        self.opening(|| async {
            let sql = format!("{SHOWN} WHERE v.store_id = $1 AND v.id = $2");
            sqlx::query(sqlx::AssertSqlSafe(sql))
                .bind(key.store.as_str())
                .bind(key.id.as_str())
                .fetch_optional(self.database.reader())
                .await?
                .as_ref()
                .map(|row| self.read_verification(row))
                .transpose()
        })
        .await
    }

    pub(super) fn read_verification(&self, row: &AnyRow) -> Result<VerificationRecord, StoreError> {
        let tx_id: TxId = rows::tx_id(row, "tx_id")?;
        let opener = Opener {
            keyring: &self.keyring,
            row,
            tx_id: &tx_id,
        };
        let unknown = |_| StoreError::UnknownValue("identity_verification");
        let status = rows::status(&row.try_get::<String, _>("status")?)?;
        let failure = match status {
            Status::Failed => Some(Failure {
                reason: rows::reason(
                    row.try_get::<Option<String>, _>("failure_reason")?
                        .as_deref(),
                )?,
                answer: opener.answer()?,
            }),
            Status::Ready | Status::Verified => None,
        };
        Ok(VerificationRecord {
            key: VerificationKey {
                store: StoreId::parse(row.try_get::<String, _>("store_id")?).map_err(unknown)?,
                id: IdentityVerificationId::parse(row.try_get::<String, _>("id")?)
                    .map_err(unknown)?,
            },
            status,
            way: rows::way(&row.try_get::<String, _>("way")?)?,
            order_number: OrderNumber::parse(row.try_get::<String, _>("order_number")?)
                .map_err(unknown)?,
            channel: ChannelOfTry {
                id: ChannelId::parse(row.try_get::<String, _>("channel_id")?).map_err(unknown)?,
                is_test: row.try_get::<i64, _>("is_test")? != 0,
                pg_provider: row.try_get("pg_provider")?,
                pg_merchant_id: row.try_get("pg_merchant_id")?,
            },
            channel_key: row.try_get("channel_key")?,
            channel_name: row.try_get("channel_name")?,
            operator: rows::operator(row, "operator")?,
            requested: opener.customer()?,
            verified: opener.person()?,
            custom_data: opener.text("custom_data")?,
            pg_tx_id: row.try_get("pg_tx_id")?,
            pg_raw_response: opener.text("pg_raw_response")?,
            failure,
            requested_at: timestamp(row.try_get("requested_at")?)?,
            updated_at: timestamp(row.try_get("updated_at")?)?,
            status_changed_at: timestamp(row.try_get("status_changed_at")?)?,
            verified_at: timestamp_some(row.try_get("verified_at")?)?,
            tx_id,
        })
    }
}

//! Erasure: what is personal goes, the row and its timeline stay.

use bonin_core::{Ci, IdentityVerificationId, PhoneNumber, Redacted, StoreId, TxId};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use sqlx::{Row, any::AnyRow};
use tracing::instrument;

use super::{VerificationKey, locked::Locked, seal::field};
use crate::{
    Act, Actor, Store, StoreError, keyring::IndexScope, observer::TRACE_TARGET, time::micros,
};

/// Every sealed column of a try: what is about the person, or what the merchant or the provider may have put a person into.
pub(crate) const SEALED: [&str; 18] = [
    "pg_message",
    "provider_state",
    "checkout",
    "customer_id",
    "custom_data",
    "requested_name",
    "requested_phone",
    "requested_birth_date",
    "requested_gender",
    "requested_foreigner",
    "verified_name",
    "verified_phone",
    "verified_birth_date",
    "verified_gender",
    "verified_foreigner",
    "verified_ci",
    "verified_di",
    "pg_raw_response",
];

/// The blind indexes that the list finds a person by.
const INDEXES: [&str; 9] = [
    "index_key",
    "name_index",
    "phone_index",
    "birth_year_index",
    "birth_month_index",
    "birth_day_index",
    "gender_index",
    "ci_index",
    "di_index",
];

const DUE: &str = "SELECT store_id, id FROM identity_verification WHERE store_id = $1 AND status_changed_at <= $2 \
    AND erased_at IS NULL ORDER BY status_changed_at LIMIT $3";

/// Whom to erase.
#[derive(Debug, Clone)]
pub enum PersonToErase {
    /// Whoever was verified with this CI.
    Ci(Ci),
    /// Whoever was asked for or verified with this phone.
    Phone(PhoneNumber),
}

/// What came of erasing one verification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Erasure {
    /// Its personal data is gone.
    Erased,
    /// It was gone before.
    ErasedBefore,
    /// A try of it is under way: it is to be erased when that has ended.
    UnderWay,
}

/// Why something is erased.
enum Cause<'a> {
    /// Someone asked for it; each is an act of its own in the audit.
    Request { by: &'a Actor, reason: &'a Redacted },
    /// Its time is over; the audit gets one line for all of a run.
    Retention,
}

impl Store {
    /// Erases what is personal of one verification, and notes in timeline and audit that it did.
    #[instrument(target = TRACE_TARGET, level = "debug", skip_all, fields(otel.kind = "client"))]
    pub async fn erase(
        &self,
        key: &VerificationKey,
        by: &Actor,
        reason: &Redacted,
        now: Timestamp,
    ) -> Result<Erasure, StoreError> {
        self.erase_one(key, &Cause::Request { by, reason }, now)
            .await
    }

    /// The verifications of these stores in which a person appears, whichever key they were indexed with.
    pub async fn verifications_of(
        &self,
        stores: &[StoreId],
        person: &PersonToErase,
    ) -> Result<Vec<VerificationKey>, StoreError> {
        let (field, value, queries): (_, _, &[&'static str]) = match person {
            PersonToErase::Ci(ci) => (
                field::CI,
                ci.expose(),
                &["SELECT store_id, id FROM identity_verification WHERE ci_index = $1"],
            ),
            PersonToErase::Phone(phone) => (
                field::PHONE,
                phone.expose(),
                &[
                    "SELECT store_id, id FROM identity_verification WHERE phone_index = $1",
                    "SELECT store_id, verification_id FROM attempt WHERE phone_index = $1",
                ],
            ),
        };
        let mut found: Vec<VerificationKey> = Vec::new();
        // One snapshot: the keys that are in use, and the rows that are indexed with them.
        let mut tx = self.snapshot().await?;
        for store in stores {
            let scope = IndexScope {
                store: Some(store),
                field,
            };
            for index in self.keyring.indexes(&scope, value) {
                for query in queries {
                    let rows = sqlx::query(*query)
                        .bind(index.clone())
                        .fetch_all(&mut *tx)
                        .await?;
                    for row in &rows {
                        let key = key_of(row)?;
                        if !found.contains(&key) {
                            found.push(key);
                        }
                    }
                }
            }
        }
        Ok(found)
    }

    /// Erases up to `limit` verifications of a store whose status has not changed for so long. Says how many it erased and
    /// whether more may be due. The audit gets one line for them.
    pub async fn erase_due(
        &self,
        store: &StoreId,
        retention: SignedDuration,
        limit: u32,
        now: Timestamp,
    ) -> Result<(u32, bool), StoreError> {
        let until = now.checked_sub(retention).unwrap_or(Timestamp::MIN);
        let due = sqlx::query(DUE)
            .bind(store.as_str())
            .bind(micros(until))
            .bind(i64::from(limit))
            .fetch_all(self.database.reader())
            .await?;
        let mut erased = 0;
        for row in &due {
            if self
                .erase_one(&key_of(row)?, &Cause::Retention, now)
                .await?
                == Erasure::Erased
            {
                erased += 1;
            }
        }
        if erased > 0 {
            let act = Act::new("retention.erase")
                .of(store)
                .with(json!({ "verifications": erased, "days": retention.as_hours() / 24 }));
            self.note(&Actor::system("retention"), act, now).await?;
        }
        Ok((erased, erased > 0 && due.len() as u64 == u64::from(limit)))
    }

    async fn erase_one(
        &self,
        key: &VerificationKey,
        cause: &Cause<'_>,
        now: Timestamp,
    ) -> Result<Erasure, StoreError> {
        let tx = self.write().await?;
        let Some(mut locked) = Locked::load(&self.outbox, tx, key, now).await? else {
            return Err(StoreError::NotFound("verification"));
        };
        let row = sqlx::query(
            "SELECT erased_at, shown_tx_id FROM identity_verification WHERE store_id = $1 AND id = $2",
        )
        .bind(key.store.as_str())
        .bind(key.id.as_str())
        .fetch_one(&mut *locked.tx)
        .await?;
        if row.try_get::<Option<i64>, _>(0)?.is_some() {
            return Ok(Erasure::ErasedBefore);
        }
        if locked
            .state()
            .attempts()
            .iter()
            .any(|attempt| attempt.is_pending())
        {
            return Ok(Erasure::UnderWay);
        }
        let shown = TxId::parse(row.try_get::<String, _>(1)?)
            .map_err(|_| StoreError::UnknownValue("identity_verification"))?;
        let nulled = |columns: &[&str]| {
            let columns: Vec<String> = columns
                .iter()
                .map(|name| format!("{name} = NULL"))
                .collect();
            columns.join(", ")
        };
        for sql in [
            // Counts of messages are kept by a blind index of the phone.
            "DELETE FROM phone_message WHERE tx_id IN \
             (SELECT tx_id FROM attempt WHERE store_id = $1 AND verification_id = $2)"
                .to_owned(),
            format!(
                // A window that was to be asked about once more could no longer be.
                "UPDATE attempt SET {}, phone_index = NULL, returned_at = NULL WHERE store_id = $1 AND verification_id = $2",
                nulled(&SEALED)
            ),
            format!(
                "UPDATE identity_verification SET {} WHERE store_id = $1 AND id = $2",
                nulled(&INDEXES)
            ),
        ] {
            sqlx::query(sqlx::AssertSqlSafe(sql))
                .bind(key.store.as_str())
                .bind(key.id.as_str())
                .execute(&mut *locked.tx)
                .await?;
        }
        for sql in [
            "UPDATE attempt SET erased_at = $3 WHERE store_id = $1 AND verification_id = $2",
            "UPDATE identity_verification SET erased_at = $3, updated_at = $3 WHERE store_id = $1 AND id = $2",
        ] {
            sqlx::query(sql)
                .bind(key.store.as_str())
                .bind(key.id.as_str())
                .bind(micros(now))
                .execute(&mut *locked.tx)
                .await?;
        }
        locked.note(&shown, "erased", None).await?;
        if let Cause::Request { by, reason } = cause {
            let act = Act::new("verification.erase")
                .to(&key.id)
                .of(&key.store)
                .because((*reason).clone());
            self.append(&mut locked.tx, by, act, now).await?;
        }
        // Before it is on disk: whoever asked may hang up while it is committed, which does not keep it from being so.
        self.erasures.note();
        locked.commit().await?;
        Ok(Erasure::Erased)
    }
}

fn key_of(row: &AnyRow) -> Result<VerificationKey, StoreError> {
    let unknown = |_| StoreError::UnknownValue("identity_verification");
    Ok(VerificationKey {
        store: StoreId::parse(row.try_get::<String, _>(0)?).map_err(unknown)?,
        id: IdentityVerificationId::parse(row.try_get::<String, _>(1)?).map_err(unknown)?,
    })
}

//! Messages to one phone, counted in the database over all stores: a guard against message bombing. And tries of one store,
//! a guard against a bill.

use bonin_core::{PhoneNumber, StoreId};
use jiff::{SignedDuration, Timestamp};
use sqlx::Row;

use super::MessageLimit;
use crate::{
    Keyring, SecretHash, StoreError,
    connection::Tx,
    dialect::Dialect,
    keyring::IndexScope,
    time::{micros, timestamp},
};

const SCOPE: IndexScope<'static> = IndexScope {
    store: None,
    field: "message",
};

impl Keyring {
    /// What a message to a phone is counted under, whichever store sends it.
    pub(crate) fn index_of_message(&self, phone: &str) -> Vec<u8> {
        self.index(&SCOPE, phone)
    }
}

const A_DAY: SignedDuration = SignedDuration::from_hours(24);

/// Keeps others from counting under the same key until the transaction ends; SQLite's one writer does that by itself. Two keys
/// that share their first eight bytes wait for each other, which does no harm.
async fn lock_count(tx: &mut Tx, dialect: Dialect, counted: &[u8]) -> Result<(), StoreError> {
    if dialect == Dialect::Sqlite {
        return Ok(());
    }
    let mut first = [0u8; 8];
    for (to, from) in first.iter_mut().zip(counted) {
        *to = *from;
    }
    sqlx::query("SELECT pg_advisory_xact_lock($1)")
        .bind(i64::from_be_bytes(first))
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Whether the store may begin one more try, or from when on. The try itself is what counts next time.
pub(super) async fn count_tries(
    tx: &mut Tx,
    dialect: Dialect,
    store: &StoreId,
    max: u32,
    now: Timestamp,
) -> Result<Result<(), Timestamp>, StoreError> {
    let Some(last) = max.checked_sub(1) else {
        return Ok(Err(now.checked_add(A_DAY).unwrap_or(Timestamp::MAX)));
    };
    lock_count(tx, dialect, &SecretHash::of(store.as_str()).bytes()).await?;
    let since = now.checked_sub(A_DAY).unwrap_or(Timestamp::MIN);
    // When the oldest of the last `max` is a day old, the next may begin.
    let oldest = sqlx::query(
        "SELECT begun_at FROM attempt WHERE store_id = $1 AND begun_at > $2 ORDER BY begun_at DESC LIMIT 1 OFFSET $3",
    )
    .bind(store.as_str())
    .bind(micros(since))
    .bind(i64::from(last))
    .fetch_optional(&mut **tx)
    .await?;
    let Some(row) = oldest else { return Ok(Ok(())) };
    let oldest = timestamp(row.try_get(0)?)?;
    Ok(Err(oldest.checked_add(A_DAY).unwrap_or(Timestamp::MAX)))
}

/// Counts one more message to the phone, or says from when on the next one may go.
pub(super) async fn count_message(
    tx: &mut Tx,
    (dialect, keyring): (Dialect, &Keyring),
    phone: &PhoneNumber,
    limit: MessageLimit,
    tx_id: &str,
    now: Timestamp,
) -> Result<Result<(), Timestamp>, StoreError> {
    lock_count(tx, dialect, &keyring.index_of_message(phone.expose())).await?;
    let since = micros(now.checked_sub(limit.within).unwrap_or(Timestamp::MIN));
    let mut sent: Vec<i64> = Vec::new();
    for index in keyring.indexes(&SCOPE, phone.expose()) {
        let rows = sqlx::query(
            "SELECT sent_at FROM phone_message WHERE phone_index = $1 AND sent_at > $2 ORDER BY sent_at DESC LIMIT $3",
        )
        .bind(index)
        .bind(since)
        .bind(i64::from(limit.max))
        .fetch_all(&mut **tx)
        .await?;
        for row in &rows {
            sent.push(row.try_get(0)?);
        }
    }
    sent.sort_unstable_by(|a, b| b.cmp(a));
    if sent.len() >= limit.max as usize {
        // The next may go when the oldest of the last `max` leaves the window.
        let oldest = match (limit.max as usize).checked_sub(1) {
            Some(last) => timestamp(sent[last])?,
            None => now,
        };
        return Ok(Err(oldest
            .checked_add(limit.within)
            .unwrap_or(Timestamp::MAX)));
    }
    sqlx::query("INSERT INTO phone_message (phone_index, sent_at, tx_id) VALUES ($1, $2, $3)")
        .bind(keyring.index_of_message(phone.expose()))
        .bind(micros(now))
        .bind(tx_id)
        .execute(&mut **tx)
        .await?;
    Ok(Ok(()))
}

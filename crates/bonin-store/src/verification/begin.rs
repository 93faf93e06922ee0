//! *begin*: the rules, and a new try, in one transaction.

use bonin_core::{Command, Operator, OrderNumber, Redacted, Refusal, Status, TxId, Way};
use jiff::Timestamp;
use tracing::instrument;

use super::{
    ChannelOfTry, Customer, MessageLimit, VerificationKey,
    locked::Locked,
    quota::{count_message, count_tries},
    rows,
    seal::{self, Indexes},
};
use crate::{Store, StoreError, connection::Tx, observer::TRACE_TARGET, time::micros};

/// A try to be begun.
#[derive(Debug, Clone)]
pub struct BeginTry {
    /// Of which verification. It is made if it is not there yet.
    pub key: VerificationKey,
    /// The new try's id.
    pub tx_id: TxId,
    /// Its order number at the provider.
    pub order_number: OrderNumber,
    /// Its channel.
    pub channel: ChannelOfTry,
    /// How it proves the person.
    pub way: Way,
    /// The operator, where it is known beforehand.
    pub operator: Option<Operator>,
    /// Whom it is about.
    pub customer: Customer,
    /// The merchant's own data.
    pub custom_data: Option<Redacted>,
    /// When the provider's answer must have been recorded.
    pub settle_by: Timestamp,
    /// What the browser's way back needs; sealed.
    pub checkout: Option<Redacted>,
    /// Counts a message to the customer's phone, within this limit.
    pub message_limit: Option<MessageLimit>,
    /// How many tries the store begins within 24 hours.
    pub daily_tries: Option<u32>,
}

/// Why a try could not begin.
#[derive(Debug, thiserror::Error)]
pub enum BeginError {
    /// The rules say no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The phone has had its messages.
    #[error("too many messages to this phone")]
    TooManyMessages {
        /// From when on the next may go.
        until: Timestamp,
    },
    /// The store has begun as many tries as it allows within 24 hours.
    #[error("too many tries of this store")]
    TooManyTries {
        /// From when on the next may begin.
        until: Timestamp,
    },
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for BeginError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

impl Store {
    /// Begins a try, if the rules allow it. When this returns, it is on disk.
    #[instrument(target = TRACE_TARGET, level = "debug", skip_all, fields(otel.kind = "client"))]
    pub async fn begin(&self, wanted: &BeginTry, now: Timestamp) -> Result<(), BeginError> {
        let key = &wanted.key;
        let mut tx = self.write().await?;
        let indexes = self.keyring.index_customer(&key.store, &wanted.customer);
        let key_id = i64::from(self.keyring.active_id());
        // Made first, so that there is a row to lock; refused, it goes with the transaction.
        let mut locked = if insert_verification(&mut tx, wanted, key_id, &indexes, now).await? {
            Locked::new(&self.outbox, tx, key, now)
        } else {
            Locked::load(&self.outbox, tx, key, now)
                .await?
                .ok_or(StoreError::NotFound("verification"))?
        };
        locked.decide(
            &Command::Begin {
                tx_id: wanted.tx_id.clone(),
                way: wanted.way,
                settle_by: wanted.settle_by,
            },
            &self.rules,
        )?;
        if let Some(max) = wanted.daily_tries {
            count_tries(
                &mut locked.tx,
                self.database.dialect(),
                &key.store,
                max,
                now,
            )
            .await?
            .map_err(|until| BeginError::TooManyTries { until })?;
        }
        if let (Some(limit), Some(phone)) = (wanted.message_limit, &wanted.customer.phone) {
            count_message(
                &mut locked.tx,
                (self.database.dialect(), &self.keyring),
                phone,
                limit,
                wanted.tx_id.as_str(),
                now,
            )
            .await?
            .map_err(|until| BeginError::TooManyMessages { until })?;
        }
        self.insert_attempt(&mut locked, wanted, now).await?;
        locked.save(&[], None, Some((key_id, indexes))).await?;
        locked.commit().await?;
        Ok(())
    }

    async fn insert_attempt(
        &self,
        locked: &mut Locked,
        wanted: &BeginTry,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let attempt = locked.state().attempt(&wanted.tx_id);
        let attempt = attempt.ok_or(StoreError::NotFound("try"))?;
        let (state, live_until) = (rows::state_name(attempt.state), attempt.live_until);
        let sealed = self
            .keyring
            .seal_customer(&wanted.tx_id, &wanted.customer)?;
        let custom_data = self.keyring.seal_some(
            seal::place("custom_data", &wanted.tx_id),
            wanted.custom_data.as_ref().map(Redacted::expose),
        )?;
        let checkout = self.keyring.seal_some(
            seal::place("checkout", &wanted.tx_id),
            wanted.checkout.as_ref().map(Redacted::expose),
        )?;
        sqlx::query(
            "INSERT INTO attempt (tx_id, store_id, verification_id, number, order_number, channel_id, is_test, \
             pg_provider, pg_merchant_id, way, operator, state, begun_at, live_until, customer_id, custom_data, \
             requested_name, requested_phone, requested_birth_date, requested_gender, requested_foreigner, checkout, phone_index) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23)",
        )
        .bind(wanted.tx_id.as_str())
        .bind(wanted.key.store.as_str())
        .bind(wanted.key.id.as_str())
        .bind(locked.state().attempts().len() as i64)
        .bind(wanted.order_number.as_str())
        .bind(wanted.channel.id.as_str())
        .bind(i64::from(wanted.channel.is_test))
        .bind(&wanted.channel.pg_provider)
        .bind(&wanted.channel.pg_merchant_id)
        .bind(rows::way_name(wanted.way))
        .bind(wanted.operator.map(Operator::as_str))
        .bind(state)
        .bind(micros(now))
        .bind(micros(live_until))
        .bind(sealed.id)
        .bind(custom_data)
        .bind(sealed.name)
        .bind(sealed.phone)
        .bind(sealed.birth_date)
        .bind(sealed.gender)
        .bind(sealed.foreigner)
        .bind(checkout)
        .bind(self.keyring.index_phone(&wanted.key.store, &wanted.customer))
        .execute(&mut *locked.tx)
        .await?;
        locked.inserted(&wanted.tx_id);
        Ok(())
    }
}

/// Makes the row as it is with its first try, in one piece. `false` where it is there already.
async fn insert_verification(
    tx: &mut Tx,
    wanted: &BeginTry,
    key_id: i64,
    indexes: &Indexes,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let inserted = sqlx::query(
        "INSERT INTO identity_verification (store_id, id, revision, status, shown_tx_id, requested_at, updated_at, \
         status_changed_at, channel_id, is_test, pg_provider, pg_merchant_id, operator, index_key, name_index, phone_index, \
         birth_year_index, birth_month_index, birth_day_index, gender_index, ci_index, di_index) \
         VALUES ($1, $2, 1, $3, $4, $5, $5, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19) \
         ON CONFLICT (store_id, id) DO NOTHING",
    )
    .bind(wanted.key.store.as_str())
    .bind(wanted.key.id.as_str())
    .bind(rows::status_name(Status::Ready))
    .bind(wanted.tx_id.as_str())
    .bind(micros(now))
    .bind(wanted.channel.id.as_str())
    .bind(i64::from(wanted.channel.is_test))
    .bind(&wanted.channel.pg_provider)
    .bind(&wanted.channel.pg_merchant_id)
    .bind(wanted.operator.map(Operator::as_str))
    .bind(key_id)
    .bind(&indexes.name)
    .bind(&indexes.phone)
    .bind(&indexes.birth_year)
    .bind(&indexes.birth_month)
    .bind(&indexes.birth_day)
    .bind(&indexes.gender)
    .bind(&indexes.ci)
    .bind(&indexes.di)
    .execute(&mut **tx)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

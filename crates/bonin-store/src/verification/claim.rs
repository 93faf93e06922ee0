//! *claim*: the right to ask the provider, given to one caller at a time.

use std::str::FromStr;

use bonin_core::{
    ChannelId, Claim, ClaimToken, Command, Operator, OrderNumber, Purpose, Refusal, Status, TxId,
    Way,
};
use jiff::Timestamp;
use sqlx::Row;
use tracing::instrument;

use super::{
    Customer, MessageLimit, PgAnswer, ProviderState, VerificationKey, locked::Locked,
    quota::count_message, rows, seal::Opener,
};
use crate::{Store, StoreError, observer::TRACE_TARGET};

/// What a holder of a claim needs to ask the provider.
#[derive(Debug)]
pub struct Claimed {
    /// The try.
    pub tx_id: TxId,
    /// Its channel.
    pub channel_id: ChannelId,
    /// How it proves the person.
    pub way: Way,
    /// The operator that was asked for.
    pub operator: Option<Operator>,
    /// The order number at the provider.
    pub order_number: OrderNumber,
    /// The provider's id of the try.
    pub pg_tx_id: Option<String>,
    /// What the adapter kept.
    pub provider_state: Option<ProviderState>,
    /// Whom it is about.
    pub customer: Customer,
}

/// Why there is no claim.
#[derive(Debug, thiserror::Error)]
pub enum ClaimError {
    /// There is no such verification.
    #[error("there is no such verification")]
    NotFound,
    /// The rules say no. Where another holds the claim, wait for its outcome.
    #[error("{refusal}")]
    Refused {
        /// Which rule.
        refusal: Refusal,
        /// The try that the claim was for.
        tx_id: Option<TxId>,
    },
    /// The phone has had its messages.
    #[error("too many messages to this phone")]
    TooManyMessages {
        /// From when on the next may go.
        until: Timestamp,
    },
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for ClaimError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// What a claim came to, once that is recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answered {
    /// The provider was asked, and refused or did not answer.
    Refused,
    /// The provider was asked, and did it.
    Done,
    /// Nobody was asked: the claim was only given back.
    Unasked,
}

/// Where a claimed try stands, for those who wait for its outcome.
#[derive(Debug)]
pub struct Progress {
    /// How far the verification has come.
    pub status: Status,
    /// The claim on the try, if one is held.
    pub claim: Option<Claim>,
    /// The last claim whose outcome was recorded, and what it came to.
    pub answered: Option<(ClaimToken, Answered)>,
    /// What the provider said to it, if it refused.
    pub answer: Option<PgAnswer>,
}

impl Store {
    /// Claims the live API try. When this returns, the claim is on disk.
    #[instrument(target = TRACE_TARGET, level = "debug", skip_all, fields(otel.kind = "client"))]
    pub async fn claim(
        &self,
        key: &VerificationKey,
        claim: &Claim,
        message_limit: Option<MessageLimit>,
        now: Timestamp,
    ) -> Result<Claimed, ClaimError> {
        let tx = self.write().await?;
        let Some(mut locked) = Locked::load(&self.outbox, tx, key, now).await? else {
            return Err(ClaimError::NotFound);
        };
        let last = locked.state().attempts().last().map(|a| a.tx_id.clone());
        locked
            .decide(&Command::Claim(claim.clone()), &self.rules)
            .map_err(|refusal| ClaimError::Refused {
                refusal,
                tx_id: last.clone(),
            })?;
        let tx_id = last.ok_or(ClaimError::NotFound)?;
        let row = sqlx::query(
            "SELECT channel_id, way, operator, order_number, pg_tx_id, provider_state, customer_id, requested_name, \
             requested_phone, requested_birth_date, requested_gender, requested_foreigner FROM attempt WHERE tx_id = $1",
        )
        .bind(tx_id.as_str())
        .fetch_one(&mut *locked.tx)
        .await?;
        let opener = Opener {
            keyring: &self.keyring,
            row: &row,
            tx_id: &tx_id,
        };
        let unknown = |_| StoreError::UnknownValue("attempt");
        let claimed = Claimed {
            channel_id: ChannelId::parse(row.try_get::<String, _>("channel_id")?)
                .map_err(unknown)?,
            way: rows::way(&row.try_get::<String, _>("way")?)?,
            operator: row
                .try_get::<Option<String>, _>("operator")?
                .and_then(|name| Operator::from_str(&name).ok()),
            order_number: OrderNumber::parse(row.try_get::<String, _>("order_number")?)
                .map_err(unknown)?,
            pg_tx_id: row.try_get("pg_tx_id")?,
            provider_state: opener.text("provider_state")?.map(ProviderState),
            customer: opener.customer()?,
            tx_id: tx_id.clone(),
        };
        if let (Purpose::Resend, Some(limit), Some(phone)) =
            (claim.purpose, message_limit, &claimed.customer.phone)
        {
            count_message(
                &mut locked.tx,
                (self.database.dialect(), &self.keyring),
                phone,
                limit,
                tx_id.as_str(),
                now,
            )
            .await?
            .map_err(|until| ClaimError::TooManyMessages { until })?;
        }
        locked.save(&[], None, None).await?;
        locked.commit().await?;
        Ok(claimed)
    }

    /// Where a try stands now.
    #[instrument(target = TRACE_TARGET, level = "debug", skip_all, fields(otel.kind = "client"))]
    pub async fn progress(
        &self,
        key: &VerificationKey,
        tx_id: &TxId,
    ) -> Result<Option<Progress>, StoreError> {
        self.opening(|| async {
        let row = sqlx::query(
            "SELECT v.status, a.claim_token, a.claim_purpose, a.claim_until, a.answered_token, a.answered_outcome, a.pg_code, a.pg_message \
             FROM attempt a JOIN identity_verification v ON v.store_id = a.store_id AND v.id = a.verification_id \
             WHERE a.tx_id = $1 AND a.store_id = $2",
        )
        .bind(tx_id.as_str())
        .bind(key.store.as_str())
        .fetch_optional(self.database.reader())
        .await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(Progress {
            status: rows::status(&row.try_get::<String, _>("status")?)?,
            claim: rows::claim(&row)?,
            answered: rows::answered(&row)?,
            answer: Opener {
                keyring: &self.keyring,
                row: &row,
                tx_id,
            }
            .answer()?,
        }))
        }).await
    }
}

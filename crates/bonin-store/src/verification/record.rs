//! *record*: what the provider said, written down before anyone is told.

use bonin_core::{
    ClaimToken, Command, ConfirmOutcome, EventKind, Redacted, ResendOutcome, SendOutcome, Status,
    TxId,
};
use jiff::Timestamp;
use sqlx::Row;
use tracing::instrument;

use super::{
    Answered, PgAnswer, ProviderState, VerificationKey, VerifiedPerson, locked::Locked, rows, seal,
    timeline::CallNote,
};
use crate::{Keyring, Store, StoreError, connection::Tx, observer::TRACE_TARGET};

/// What came of asking the provider to reach the person.
#[derive(Debug, Clone)]
pub struct SendRecord {
    /// Of which verification.
    pub key: VerificationKey,
    /// Of which try.
    pub tx_id: TxId,
    /// What came of it.
    pub outcome: SendOutcome,
    /// The provider's id of the try.
    pub pg_tx_id: Option<String>,
    /// What the adapter wants to find again.
    pub provider_state: Option<ProviderState>,
    /// What the provider said, if it refused.
    pub answer: Option<PgAnswer>,
    /// The calls that were made.
    pub calls: Vec<CallNote>,
}

/// What the provider said to a confirm.
#[derive(Debug, Clone)]
pub struct ConfirmRecord {
    /// Of which verification.
    pub key: VerificationKey,
    /// Of which try.
    pub tx_id: TxId,
    /// The claim under which it was asked.
    pub token: Option<ClaimToken>,
    /// What it said.
    pub outcome: ConfirmOutcome,
    /// The person and the answer that verified; needed where the outcome is a success.
    pub verified: Option<(VerifiedPerson, Redacted)>,
    /// The provider's id of the try, where only this answer told it.
    pub pg_tx_id: Option<String>,
    /// What the provider said, if it did not verify.
    pub answer: Option<PgAnswer>,
    /// The calls that were made.
    pub calls: Vec<CallNote>,
}

/// What came of a resend.
#[derive(Debug, Clone)]
pub struct ResendRecord {
    /// Of which verification.
    pub key: VerificationKey,
    /// Of which try.
    pub tx_id: TxId,
    /// The claim under which it was asked.
    pub token: ClaimToken,
    /// What came of it.
    pub outcome: ResendOutcome,
    /// What the provider said, if it did not send.
    pub answer: Option<PgAnswer>,
    /// The calls that were made.
    pub calls: Vec<CallNote>,
}

/// What recording led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recorded {
    /// How far the verification has come.
    pub status: Status,
    /// Whether nothing could be made of the outcome any more.
    pub came_too_late: bool,
}

impl Store {
    /// Records what came of a send. When this returns, it is on disk.
    #[instrument(target = TRACE_TARGET, level = "debug", skip_all, fields(otel.kind = "client"))]
    pub async fn record_send(
        &self,
        record: &SendRecord,
        now: Timestamp,
    ) -> Result<Recorded, StoreError> {
        let mut locked = self.lock(&record.key, now).await?;
        let command = Command::RecordSend {
            tx_id: record.tx_id.clone(),
            outcome: record.outcome,
        };
        let recorded = self.decide(&mut locked, &command)?;
        // The provider's number is kept however late it came: its call may have cost money.
        save_pg_tx_id(&mut locked.tx, &record.tx_id, record.pg_tx_id.as_deref()).await?;
        if !recorded.came_too_late {
            let state = self.keyring.seal_some(
                seal::place("provider_state", &record.tx_id),
                record.provider_state.as_ref().map(|state| state.0.expose()),
            )?;
            sqlx::query(
                "UPDATE attempt SET provider_state = $2 WHERE tx_id = $1 AND erased_at IS NULL",
            )
            .bind(record.tx_id.as_str())
            .bind(state)
            .execute(&mut *locked.tx)
            .await?;
            save_answer(
                &mut locked.tx,
                &self.keyring,
                &record.tx_id,
                record.answer.as_ref(),
            )
            .await?;
        }
        self.finish(locked, record.answer.as_ref(), &record.calls)
            .await?;
        Ok(recorded)
    }

    /// Records what the provider said to a confirm. When this returns, it is on disk.
    #[instrument(target = TRACE_TARGET, level = "debug", skip_all, fields(otel.kind = "client"))]
    pub async fn record_confirm(
        &self,
        record: &ConfirmRecord,
        now: Timestamp,
    ) -> Result<Recorded, StoreError> {
        let mut locked = self.lock(&record.key, now).await?;
        if let Some(token) = &record.token
            && is_answered(&mut locked.tx, &record.tx_id, token).await?
        {
            return Ok(recorded_before(&locked));
        }
        let command = Command::RecordConfirm {
            tx_id: record.tx_id.clone(),
            token: record.token.clone(),
            outcome: record.outcome,
        };
        let recorded = self.decide(&mut locked, &command)?;
        let mut indexes = None;
        let done = record.outcome == ConfirmOutcome::Verified;
        if let Some(token) = &record.token {
            let answered = answered(&record.calls, done);
            save_answered(&mut locked.tx, &record.tx_id, token, answered).await?;
        }
        if !recorded.came_too_late && !locked.events().is_empty() {
            if !record.calls.is_empty() || done {
                let answer = record.answer.as_ref();
                save_answer(&mut locked.tx, &self.keyring, &record.tx_id, answer).await?;
            }
            if let (ConfirmOutcome::Verified, Some((person, raw))) =
                (record.outcome, &record.verified)
            {
                self.save_person(&mut locked.tx, &record.tx_id, person, raw)
                    .await?;
                save_pg_tx_id(&mut locked.tx, &record.tx_id, record.pg_tx_id.as_deref()).await?;
                // Whoever was erased while the provider was being asked stays erased.
                if !is_erased(&mut locked.tx, &record.tx_id).await? {
                    let key_id = i64::from(self.keyring.active_id());
                    let person = self.keyring.index_person(&record.key.store, person);
                    indexes = Some((key_id, person));
                }
            }
        }
        let code = record.answer.as_ref().map(|answer| answer.code.as_str());
        locked.save(&record.calls, code, indexes).await?;
        locked.commit().await?;
        Ok(recorded)
    }

    /// Records what came of a resend. When this returns, it is on disk.
    #[instrument(target = TRACE_TARGET, level = "debug", skip_all, fields(otel.kind = "client"))]
    pub async fn record_resend(
        &self,
        record: &ResendRecord,
        now: Timestamp,
    ) -> Result<Recorded, StoreError> {
        let mut locked = self.lock(&record.key, now).await?;
        if is_answered(&mut locked.tx, &record.tx_id, &record.token).await? {
            return Ok(recorded_before(&locked));
        }
        let command = Command::RecordResend {
            tx_id: record.tx_id.clone(),
            token: record.token.clone(),
            outcome: record.outcome,
        };
        let recorded = self.decide(&mut locked, &command)?;
        let done = record.outcome == ResendOutcome::Sent;
        let answered = answered(&record.calls, done);
        save_answered(&mut locked.tx, &record.tx_id, &record.token, answered).await?;
        if !recorded.came_too_late && !record.calls.is_empty() {
            let answer = record.answer.as_ref();
            save_answer(&mut locked.tx, &self.keyring, &record.tx_id, answer).await?;
        }
        self.finish(locked, record.answer.as_ref(), &record.calls)
            .await?;
        Ok(recorded)
    }

    async fn lock(&self, key: &VerificationKey, now: Timestamp) -> Result<Locked, StoreError> {
        let tx = self.write().await?;
        Locked::load(&self.outbox, tx, key, now)
            .await?
            .ok_or(StoreError::NotFound("verification"))
    }

    fn decide(&self, locked: &mut Locked, command: &Command) -> Result<Recorded, StoreError> {
        // The domain refuses no record: what comes too late is an event of its own, and what was recorded before is none.
        locked
            .decide(command, &self.rules)
            .map_err(|_| StoreError::UnknownValue("attempt"))?;
        let late = |event: &bonin_core::Event| event.kind == EventKind::CameTooLate;
        Ok(Recorded {
            status: locked.state().status(),
            came_too_late: locked.events().iter().any(late),
        })
    }

    async fn finish(
        &self,
        mut locked: Locked,
        answer: Option<&PgAnswer>,
        calls: &[CallNote],
    ) -> Result<(), StoreError> {
        let code = answer.map(|answer| answer.code.as_str());
        locked.save(calls, code, None).await?;
        locked.commit().await
    }

    async fn save_person(
        &self,
        tx: &mut Tx,
        tx_id: &TxId,
        person: &VerifiedPerson,
        raw: &Redacted,
    ) -> Result<(), StoreError> {
        let raw = self
            .keyring
            .seal(seal::place("pg_raw_response", tx_id), raw.expose())?;
        let [name, phone, birth_date, gender, foreigner, ci, di] =
            self.keyring.seal_person(tx_id, person)?;
        sqlx::query(
            "UPDATE attempt SET verified_name = $2, verified_phone = $3, verified_birth_date = $4, \
             verified_gender = $5, verified_foreigner = $6, verified_ci = $7, verified_di = $8, \
             verified_operator = $9, pg_raw_response = $10 WHERE tx_id = $1 AND erased_at IS NULL",
        )
        .bind(tx_id.as_str())
        .bind(name)
        .bind(phone)
        .bind(birth_date)
        .bind(gender)
        .bind(foreigner)
        .bind(ci)
        .bind(di)
        .bind(person.operator.as_str())
        .bind(raw)
        .execute(&mut **tx)
        .await?;
        Ok(())
    }
}

/// What a claim came to, as those who waited for it are told.
fn answered(calls: &[CallNote], done: bool) -> Answered {
    match (calls.is_empty(), done) {
        (_, true) => Answered::Done,
        (false, false) => Answered::Refused,
        (true, false) => Answered::Unasked,
    }
}

/// Whether this claim's outcome is on disk already: then it is recorded again only because nobody knew.
async fn is_answered(tx: &mut Tx, tx_id: &TxId, token: &ClaimToken) -> Result<bool, StoreError> {
    let row = sqlx::query("SELECT answered_token FROM attempt WHERE tx_id = $1")
        .bind(tx_id.as_str())
        .fetch_optional(&mut **tx)
        .await?
        .ok_or(StoreError::NotFound("try"))?;
    let answered: Option<String> = row.try_get(0)?;
    Ok(answered.as_deref() == Some(token.as_str()))
}

fn recorded_before(locked: &Locked) -> Recorded {
    Recorded {
        status: locked.state().status(),
        came_too_late: false,
    }
}

async fn save_answered(
    tx: &mut Tx,
    tx_id: &TxId,
    token: &ClaimToken,
    answered: Answered,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE attempt SET answered_token = $2, answered_outcome = $3 WHERE tx_id = $1")
        .bind(tx_id.as_str())
        .bind(token.as_str())
        .bind(rows::answered_name(answered))
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Whether what is personal of a try was erased.
async fn is_erased(tx: &mut Tx, tx_id: &TxId) -> Result<bool, StoreError> {
    let row = sqlx::query("SELECT 1 FROM attempt WHERE tx_id = $1 AND erased_at IS NOT NULL")
        .bind(tx_id.as_str())
        .fetch_optional(&mut **tx)
        .await?;
    Ok(row.is_some())
}

/// Keeps the provider's number of a try, where it is told.
async fn save_pg_tx_id(
    tx: &mut Tx,
    tx_id: &TxId,
    pg_tx_id: Option<&str>,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE attempt SET pg_tx_id = COALESCE($2, pg_tx_id) WHERE tx_id = $1")
        .bind(tx_id.as_str())
        .bind(pg_tx_id.map(str::to_owned))
        .execute(&mut **tx)
        .await?;
    Ok(())
}

async fn save_answer(
    tx: &mut Tx,
    keyring: &Keyring,
    tx_id: &TxId,
    answer: Option<&PgAnswer>,
) -> Result<(), StoreError> {
    let message = keyring.seal_some(
        seal::place("pg_message", tx_id),
        answer.map(|answer| answer.message.expose()),
    )?;
    sqlx::query(
        "UPDATE attempt SET pg_code = $2, \
         pg_message = CASE WHEN erased_at IS NULL THEN $3 END WHERE tx_id = $1",
    )
    .bind(tx_id.as_str())
    .bind(answer.map(|answer| answer.code.clone()))
    .bind(message)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

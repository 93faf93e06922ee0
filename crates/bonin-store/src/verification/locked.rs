//! A verification inside one writing transaction: loaded under a lock, decided on, written back.

use bonin_core::{
    Attempt, AttemptState, Command, Event, IdentityVerification, Refusal, Rules, Status, TxId,
};
use jiff::Timestamp;
use sqlx::Row;

use super::{VerificationKey, rows, seal::Indexes, timeline::CallNote};
use crate::{
    StoreError,
    connection::Tx,
    time::micros,
    webhook::{self, Outbox, WebhookEvent},
};

pub(super) struct Locked {
    pub tx: Tx,
    pub key: VerificationKey,
    now: Timestamp,
    before: IdentityVerification,
    after: IdentityVerification,
    events: Vec<Event>,
    outbox: Outbox,
    /// The row was made in this transaction, as it shall be.
    is_new: bool,
    /// A try that was made in this transaction, as it shall be.
    new_try: Option<TxId>,
    /// Somebody is to be told of it.
    is_told: bool,
}

/// The last line of a timeline.
struct Line {
    seq: i64,
    at: i64,
}

impl Locked {
    /// Loads the tries and keeps others from changing them until the transaction ends. `None` where there is no such
    /// verification. The update of `revision` is what locks the row on a database with more than one writer.
    pub(super) async fn load(
        outbox: &Outbox,
        mut tx: Tx,
        key: &VerificationKey,
        now: Timestamp,
    ) -> Result<Option<Self>, StoreError> {
        let locked = sqlx::query(
            "UPDATE identity_verification SET revision = revision + 1 WHERE store_id = $1 AND id = $2",
        )
        .bind(key.store.as_str())
        .bind(key.id.as_str())
        .execute(&mut *tx)
        .await?;
        if locked.rows_affected() == 0 {
            return Ok(None);
        }
        let sql = format!(
            "SELECT {} FROM attempt WHERE store_id = $1 AND verification_id = $2 ORDER BY number",
            rows::ATTEMPT
        );
        let attempts = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(key.store.as_str())
            .bind(key.id.as_str())
            .fetch_all(&mut *tx)
            .await?
            .iter()
            .map(rows::attempt)
            .collect::<Result<Vec<_>, _>>()?;
        let before = IdentityVerification::new(attempts);
        Ok(Some(Self::of(outbox, tx, key, now, before)))
    }

    /// A verification whose row this transaction has just made, as it shall be: nobody else sees it before the transaction ends.
    pub(super) fn new(outbox: &Outbox, tx: Tx, key: &VerificationKey, now: Timestamp) -> Self {
        let nothing = IdentityVerification::new(Vec::new());
        Self {
            is_new: true,
            ..Self::of(outbox, tx, key, now, nothing)
        }
    }

    fn of(
        outbox: &Outbox,
        tx: Tx,
        key: &VerificationKey,
        now: Timestamp,
        before: IdentityVerification,
    ) -> Self {
        Self {
            tx,
            key: key.clone(),
            now,
            after: before.clone(),
            before,
            events: Vec::new(),
            outbox: outbox.clone(),
            is_new: false,
            new_try: None,
            is_told: false,
        }
    }

    /// Lets the domain decide, and applies what it decided.
    pub(super) fn decide(&mut self, command: &Command, rules: &Rules) -> Result<(), Refusal> {
        let events = self.after.decide(command, self.now, rules)?;
        for event in &events {
            self.after.apply(event);
        }
        self.events.extend(events);
        Ok(())
    }

    /// What has happened so far.
    pub(super) fn events(&self) -> &[Event] {
        &self.events
    }

    pub(super) fn state(&self) -> &IdentityVerification {
        &self.after
    }

    /// A try that the domain has begun was inserted as it stands.
    pub(super) fn inserted(&mut self, tx_id: &TxId) {
        self.new_try = Some(tx_id.clone());
    }

    /// Writes what changed: tries, timeline, and the verification's own row. `indexes` are given where the person that
    /// the list finds it by has changed. New tries must have been inserted before.
    pub(super) async fn save(
        &mut self,
        calls: &[CallNote],
        code: Option<&str>,
        indexes: Option<(i64, Indexes)>,
    ) -> Result<(), StoreError> {
        for attempt in self.after.attempts() {
            let is_written = self.new_try.as_ref() == Some(&attempt.tx_id)
                || self.before.attempt(&attempt.tx_id) == Some(attempt);
            if !is_written {
                save_attempt(&mut self.tx, attempt).await?;
            }
        }
        self.append_timeline(calls, code).await?;
        if !self.is_new {
            if let Some((key_id, indexes)) = indexes {
                save_indexes(&mut self.tx, &self.key, key_id, indexes).await?;
            }
            self.save_verification().await?;
        }
        self.tell().await
    }

    /// Appends a line to the timeline that changes nothing else.
    pub(super) async fn note(
        &mut self,
        tx_id: &TxId,
        kind: &str,
        code: Option<&str>,
    ) -> Result<(), StoreError> {
        let mut last = self.last_line().await?;
        self.append(&mut last, tx_id.as_str(), kind, None, code)
            .await
    }

    /// Makes it durable.
    pub(super) async fn commit(self) -> Result<(), StoreError> {
        let watch = self.tx.watch().clone();
        self.tx.commit().await?;
        for event in &self.events {
            if let Some(attempt) = self.after.attempt(&event.tx_id) {
                watch.happened(attempt.way, event.kind.name());
            }
        }
        if self.is_told {
            self.outbox.wake();
        }
        Ok(())
    }

    /// Writes down for the store's webhooks what can be seen from outside: another status, or the same of another try.
    async fn tell(&mut self) -> Result<(), StoreError> {
        let seen = |state: &IdentityVerification| {
            let shown = state.shown().map(|attempt| attempt.tx_id.clone());
            shown.map(|tx_id| (state.status(), tx_id))
        };
        let after = seen(&self.after);
        if seen(&self.before) == after {
            return Ok(());
        }
        if let Some((status, tx_id)) = after {
            let event = WebhookEvent::of(status);
            let tx = &mut self.tx;
            self.is_told |= webhook::write(tx, &self.key, tx_id.as_str(), event, self.now).await?;
        }
        Ok(())
    }

    async fn append_timeline(
        &mut self,
        calls: &[CallNote],
        code: Option<&str>,
    ) -> Result<(), StoreError> {
        let Some(tx_id) = self.events.last().map(|event| event.tx_id.clone()) else {
            return Ok(());
        };
        let mut last = self.last_line().await?;
        let events = std::mem::take(&mut self.events);
        let called = calls.iter().map(|call| {
            let code = Some(call.code.as_str());
            (tx_id.as_str(), "asked_pg", Some(call), code)
        });
        let happened = events
            .iter()
            .map(|event| (event.tx_id.as_str(), event.kind.name(), None, code));
        for (tx_id, kind, call, code) in called.chain(happened) {
            self.append(&mut last, tx_id, kind, call, code).await?;
        }
        self.events = events;
        Ok(())
    }

    async fn last_line(&mut self) -> Result<Line, StoreError> {
        let row = sqlx::query(
            "SELECT COALESCE(MAX(seq), 0), COALESCE(MAX(at), 0) FROM event WHERE store_id = $1 AND verification_id = $2",
        )
        .bind(self.key.store.as_str())
        .bind(self.key.id.as_str())
        .fetch_one(&mut *self.tx)
        .await?;
        Ok(Line {
            seq: row.try_get(0)?,
            at: row.try_get(1)?,
        })
    }

    /// Whoever waited for this verification looked at the clock before those it waited for, and another instance's clock may be
    /// ahead: no line is older than the one before it.
    async fn append(
        &mut self,
        last: &mut Line,
        tx_id: &str,
        kind: &str,
        call: Option<&CallNote>,
        code: Option<&str>,
    ) -> Result<(), StoreError> {
        last.seq += 1;
        last.at = last.at.max(micros(call.map_or(self.now, |call| call.at)));
        sqlx::query(
            "INSERT INTO event (store_id, verification_id, seq, at, tx_id, kind, call, code, millis) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        )
        .bind(self.key.store.as_str())
        .bind(self.key.id.as_str())
        .bind(last.seq)
        .bind(last.at)
        .bind(tx_id)
        .bind(kind)
        .bind(call.map(|call| call.call.clone()))
        .bind(code)
        .bind(call.map(|call| call.millis))
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// Names no column that stays as it was: on SQLite every index that has a named column is written anew.
    async fn save_verification(&mut self) -> Result<(), StoreError> {
        let Some(shown) = self.after.shown() else {
            return Ok(());
        };
        let status = self.after.status();
        let is_same_try = self.before.shown().map(|try_| &try_.tx_id) == Some(&shown.tx_id);
        if is_same_try && status == self.before.status() {
            return self.save_what_the_provider_told().await;
        }
        let of_try = if is_same_try {
            "(operator, pg_tx_id) = (SELECT COALESCE(verified_operator, operator), pg_tx_id FROM attempt WHERE tx_id = $7)"
        } else {
            "shown_tx_id = $7, (requested_at, channel_id, is_test, pg_provider, pg_merchant_id, operator, pg_tx_id) = \
               (SELECT begun_at, channel_id, is_test, pg_provider, pg_merchant_id, COALESCE(verified_operator, operator), pg_tx_id \
                FROM attempt WHERE tx_id = $7)"
        };
        let at_if = |wanted| (status == wanted).then_some(micros(self.now));
        // A time of success or failure is kept until the status itself changes.
        sqlx::query(sqlx::AssertSqlSafe(format!(
            "UPDATE identity_verification SET status_changed_at = $4, updated_at = $4, \
             verified_at = CASE WHEN status = $3 THEN verified_at ELSE $5 END, \
             failed_at = CASE WHEN status = $3 THEN failed_at ELSE $6 END, \
             status = $3, {of_try} WHERE store_id = $1 AND id = $2",
        )))
        .bind(self.key.store.as_str())
        .bind(self.key.id.as_str())
        .bind(rows::status_name(status))
        .bind(micros(self.now))
        .bind(at_if(Status::Verified))
        .bind(at_if(Status::Failed))
        .bind(shown.tx_id.as_str())
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    async fn save_what_the_provider_told(&mut self) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE identity_verification SET updated_at = $3 WHERE store_id = $1 AND id = $2",
        )
        .bind(self.key.store.as_str())
        .bind(self.key.id.as_str())
        .bind(micros(self.now))
        .execute(&mut *self.tx)
        .await?;
        let told =
            "(SELECT a.pg_tx_id FROM attempt a WHERE a.tx_id = identity_verification.shown_tx_id)";
        sqlx::query(sqlx::AssertSqlSafe(format!(
            "UPDATE identity_verification SET pg_tx_id = {told} \
             WHERE store_id = $1 AND id = $2 AND pg_tx_id IS DISTINCT FROM {told}",
        )))
        .bind(self.key.store.as_str())
        .bind(self.key.id.as_str())
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }
}

/// Writes what the list finds a verification's person by. A person is verified as they were asked for, as a rule: what is the
/// same is not written anew.
pub(super) async fn save_indexes(
    tx: &mut Tx,
    key: &VerificationKey,
    key_id: i64,
    indexes: Indexes,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE identity_verification SET index_key = $3, gender_index = $4, ci_index = $5, di_index = $6, \
         erased_at = NULL WHERE store_id = $1 AND id = $2",
    )
    .bind(key.store.as_str())
    .bind(key.id.as_str())
    .bind(key_id)
    .bind(indexes.gender)
    .bind(indexes.ci)
    .bind(indexes.di)
    .execute(&mut **tx)
    .await?;
    sqlx::query(
        "UPDATE identity_verification SET name_index = $3, phone_index = $4, birth_year_index = $5, \
         birth_month_index = $6, birth_day_index = $7 WHERE store_id = $1 AND id = $2 AND \
         (name_index IS DISTINCT FROM $3 OR phone_index IS DISTINCT FROM $4 OR birth_year_index IS DISTINCT FROM $5 OR \
          birth_month_index IS DISTINCT FROM $6 OR birth_day_index IS DISTINCT FROM $7)",
    )
    .bind(key.store.as_str())
    .bind(key.id.as_str())
    .bind(indexes.name)
    .bind(indexes.phone)
    .bind(indexes.birth_year)
    .bind(indexes.birth_month)
    .bind(indexes.birth_day)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn save_attempt(tx: &mut Tx, attempt: &Attempt) -> Result<(), StoreError> {
    let claim = attempt.claim.as_ref();
    sqlx::query(
        "UPDATE attempt SET state = $2, failure_reason = $3, live_until = $4, wrong_numbers = $5, resends = $6, \
         claim_token = $7, claim_purpose = $8, claim_until = $9 WHERE tx_id = $1",
    )
    .bind(attempt.tx_id.as_str())
    .bind(rows::state_name(attempt.state))
    .bind(rows::reason_name(attempt.state))
    .bind(micros(attempt.live_until))
    .bind(i64::from(attempt.wrong_numbers))
    .bind(i64::from(attempt.resends))
    .bind(claim.map(|claim| claim.token.as_str().to_owned()))
    .bind(claim.map(|claim| rows::purpose_name(claim.purpose)))
    .bind(claim.map(|claim| micros(claim.until)))
    .execute(&mut **tx)
    .await?;
    debug_assert!(attempt.state != AttemptState::Verified || attempt.claim.is_none());
    Ok(())
}

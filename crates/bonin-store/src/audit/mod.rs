//! The audit: administrative acts and reveals, chained by an HMAC.
//!
//! Each entry's mac covers all of its fields and the mac of the entry before it, under a key that is made once, sealed with
//! the keyring and kept in `audit_chain` beside the head. Whoever can write to the database but has no master key can
//! neither change, remove, reorder nor insert an entry without [`Store::verify_audit`] noticing. An older copy of the whole
//! database is noticed by a head that was exported before and kept elsewhere.

mod chain;
mod read;

use std::fmt;

use bonin_core::{Redacted, StoreId};
use jiff::Timestamp;
use serde_json::Value;
use sqlx::{Row, any::AnyRow};

pub use chain::{AuditHead, AuditProblem, InvalidAuditHead};
pub use read::{AuditPage, AuditQuery};

use crate::{Store, StoreError, connection::Tx, sealed::Place, time::micros};

/// What kind of someone acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActorKind {
    /// A person in the console.
    User,
    /// Whoever can run `bonin` with the database's keys.
    Shell,
    /// Bonin itself.
    System,
}

impl ActorKind {
    /// As the database spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Shell => "shell",
            Self::System => "system",
        }
    }

    fn parse(value: &str) -> Result<Self, StoreError> {
        match value {
            "user" => Ok(Self::User),
            "shell" => Ok(Self::Shell),
            "system" => Ok(Self::System),
            _ => Err(StoreError::UnknownValue("audit.actor_kind")),
        }
    }
}

/// Who acts, and from where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// What kind of someone.
    pub kind: ActorKind,
    /// A user's id; in a shell the system's user, as `uid:1000`.
    pub id: String,
    /// The username, as it was then.
    pub name: String,
    /// An address; in a shell the machine's name.
    pub origin: String,
}

impl Actor {
    /// Bonin itself.
    pub fn system(name: impl Into<String>) -> Self {
        Self {
            kind: ActorKind::System,
            id: "system".to_owned(),
            name: name.into(),
            origin: "-".to_owned(),
        }
    }
}

/// One act, to be written in the transaction that does it.
#[derive(Debug, Clone)]
pub struct Act {
    /// What was done: `store.create`, `channel.replace_credentials`, `verification.reveal`.
    pub action: &'static str,
    /// The id of what it was done to.
    pub subject: Option<String>,
    /// The store it belongs to.
    pub store: Option<StoreId>,
    /// What changed, as a JSON object. Never a secret, never a person's data.
    pub details: Value,
    /// Why, in the actor's words. Sealed: people write names into such fields.
    pub reason: Option<Redacted>,
}

impl Act {
    /// An act with nothing more to say of it.
    pub fn new(action: &'static str) -> Self {
        Self {
            action,
            subject: None,
            store: None,
            details: Value::Object(serde_json::Map::new()),
            reason: None,
        }
    }

    /// To what.
    pub fn to(mut self, subject: impl fmt::Display) -> Self {
        self.subject = Some(subject.to_string());
        self
    }

    /// Of which store.
    pub fn of(mut self, store: &StoreId) -> Self {
        self.store = Some(store.clone());
        self
    }

    /// What changed.
    pub fn with(mut self, details: Value) -> Self {
        self.details = details;
        self
    }

    /// Why.
    pub fn because(mut self, reason: Redacted) -> Self {
        self.reason = Some(reason);
        self
    }
}

/// An entry as it is kept.
#[derive(Debug, Clone)]
pub struct AuditEntry {
    /// Its number, from 1.
    pub seq: i64,
    /// When.
    pub at: Timestamp,
    /// Who, from where.
    pub actor: Actor,
    /// What was done.
    pub action: String,
    /// To what.
    pub subject: Option<String>,
    /// Of which store.
    pub store: Option<StoreId>,
    /// What changed, a JSON object as text.
    pub details: String,
    /// Why.
    pub reason: Option<Redacted>,
    /// Its mac.
    pub mac: Vec<u8>,
}

fn place<'a>(column: &'static str, row: &'a str) -> Place<'a> {
    Place {
        table: "audit",
        column,
        row,
    }
}

impl Store {
    /// Appends to the audit by itself: for acts that change nothing else, such as a reveal or an export.
    pub async fn note(&self, by: &Actor, act: Act, now: Timestamp) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        self.append(&mut tx, by, act, now).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Appends to the audit in the transaction of the act.
    pub(crate) async fn append(
        &self,
        tx: &mut Tx,
        by: &Actor,
        act: Act,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let (key, head, proof) = self.open_chain(tx).await?;
        let seq = head.seq + 1;
        let mut entry = AuditEntry {
            seq,
            at: now,
            actor: by.clone(),
            action: act.action.to_owned(),
            subject: act.subject,
            store: act.store,
            details: act.details.to_string(),
            reason: act.reason,
            mac: Vec::new(),
        };
        entry.mac = key.mac(&head.mac, &entry);
        let reason = self.keyring.seal_some(
            place("reason", &seq.to_string()),
            entry.reason.as_ref().map(Redacted::expose),
        )?;
        sqlx::query(
            "INSERT INTO audit (seq, at, actor_kind, actor_id, actor_name, origin, action, subject, store_id, details, \
             reason, mac) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        )
        .bind(seq)
        .bind(micros(entry.at))
        .bind(entry.actor.kind.as_str())
        .bind(&entry.actor.id)
        .bind(&entry.actor.name)
        .bind(&entry.actor.origin)
        .bind(&entry.action)
        .bind(&entry.subject)
        .bind(entry.store.as_ref().map(|store| store.as_str().to_owned()))
        .bind(&entry.details)
        .bind(reason)
        .bind(entry.mac.clone())
        .execute(&mut **tx)
        .await?;
        let next = AuditHead {
            seq,
            mac: entry.mac,
        };
        // A head that somebody set back must not become a right one by what is written after it.
        let proof = if key.proves(&head, &proof) {
            key.proof(&next)
        } else {
            tracing::error!("the audit's end is not what was written; `bonin audit verify` tells");
            Vec::new()
        };
        sqlx::query(
            "UPDATE audit_chain SET head_seq = $1, head_mac = $2, head_proof = $3 WHERE id = 1",
        )
        .bind(next.seq)
        .bind(next.mac)
        .bind(proof)
        .execute(&mut **tx)
        .await?;
        Ok(())
    }

    /// The chain's key, its head and what proves the head, locked until the transaction ends. A chain that was removed is
    /// begun again so that people can work on, without a proof: from then on [`Store::verify_audit`] says that it was removed.
    async fn open_chain(
        &self,
        tx: &mut Tx,
    ) -> Result<(chain::ChainKey, AuditHead, Vec<u8>), StoreError> {
        let locking = format!("{CHAIN}{}", self.database.dialect().for_update());
        let kept = sqlx::query(sqlx::AssertSqlSafe(locking))
            .fetch_optional(&mut **tx)
            .await?;
        if let Some(row) = kept {
            let (head, proof) = head_of(&row)?;
            return Ok((chain::ChainKey::open(&self.keyring, &row)?, head, proof));
        }
        let last: Option<i64> = sqlx::query("SELECT MAX(seq) FROM audit")
            .fetch_one(&mut **tx)
            .await?
            .try_get(0)?;
        let head = AuditHead {
            seq: last.unwrap_or_default().max(0),
            mac: Vec::new(),
        };
        let key = self.put_chain(tx, &head, false).await?;
        Ok((key, head, Vec::new()))
    }

    /// Begins the chain of a new database.
    pub(crate) async fn begin_chain(&self, tx: &mut Tx) -> Result<(), StoreError> {
        self.put_chain(tx, &AuditHead::start(), true).await?;
        Ok(())
    }

    async fn put_chain(
        &self,
        tx: &mut Tx,
        head: &AuditHead,
        proven: bool,
    ) -> Result<chain::ChainKey, StoreError> {
        let (key, sealed) = chain::ChainKey::make(&self.keyring)?;
        let proof = if proven { key.proof(head) } else { Vec::new() };
        sqlx::query(
            "INSERT INTO audit_chain (id, hmac_key, head_seq, head_mac, head_proof) VALUES (1, $1, $2, $3, $4)",
        )
        .bind(sealed)
        .bind(head.seq)
        .bind(head.mac.clone())
        .bind(proof)
        .execute(&mut **tx)
        .await?;
        Ok(key)
    }
}

const CHAIN: &str = "SELECT hmac_key, head_seq, head_mac, head_proof FROM audit_chain WHERE id = 1";

/// The head that is kept, and what proves it.
fn head_of(row: &AnyRow) -> Result<(AuditHead, Vec<u8>), StoreError> {
    let head = AuditHead {
        seq: row.try_get("head_seq")?,
        mac: row.try_get("head_mac")?,
    };
    Ok((head, row.try_get("head_proof")?))
}

//! Reading the audit.

use bonin_core::{Redacted, StoreId};
use sqlx::{Row, any::AnyRow};

use super::{Actor, ActorKind, AuditEntry, place};
use crate::{Store, StoreError, time::timestamp};

pub(super) const COLUMNS: &str = "seq, at, actor_kind, actor_id, actor_name, origin, action, subject, store_id, details, \
    reason, mac";

/// Which entries.
#[derive(Debug, Clone, Default)]
pub struct AuditQuery {
    /// Older than this number: where the page before ended.
    pub before: Option<i64>,
    /// Of this action, or of a group of them: `store.create`, `store`.
    pub action: Option<String>,
    /// By this user.
    pub actor_id: Option<String>,
    /// To this.
    pub subject: Option<String>,
    /// How many at the most.
    pub size: i64,
}

/// Entries, the newest first.
#[derive(Debug, Clone)]
pub struct AuditPage {
    /// The entries.
    pub entries: Vec<AuditEntry>,
    /// Whether older ones match too.
    pub more: bool,
}

impl Store {
    /// A page of the audit, the newest first.
    pub async fn audit(&self, query: &AuditQuery) -> Result<AuditPage, StoreError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM audit WHERE seq < COALESCE($1, seq + 1) AND actor_id = COALESCE($2, actor_id) \
             AND ($3 IS NULL OR action = $3 OR action LIKE $3 || '.%') AND ($4 IS NULL OR subject = $4) \
             ORDER BY seq DESC LIMIT $5"
        );
        // With the keys that are in use: a rotation must not make reasons look as if they did not open.
        let mut tx = self.snapshot().await?;
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(query.before)
            .bind(query.actor_id.clone())
            .bind(query.action.clone())
            .bind(query.subject.clone())
            .bind(query.size + 1)
            .fetch_all(&mut *tx)
            .await?;
        let mut entries = rows
            .iter()
            .map(|row| self.shown_audit(row))
            .collect::<Result<Vec<_>, _>>()?;
        let more = entries.len() as i64 > query.size;
        entries.truncate(usize::try_from(query.size).unwrap_or_default());
        Ok(AuditPage { entries, more })
    }

    /// An entry to be looked at. Where its reason does not open, that stands in the reason's place: the others must be
    /// readable all the same, and this one most of all.
    fn shown_audit(&self, row: &AnyRow) -> Result<AuditEntry, StoreError> {
        match self.reason_of(row) {
            Err(StoreError::Unreadable { .. }) => {
                let unreadable = Redacted::new("이유를 열 수 없습니다");
                Self::entry_of(row, Some(unreadable))
            }
            reason => Self::entry_of(row, reason?),
        }
    }

    /// An entry as it was written, or an error.
    pub(super) fn read_audit(&self, row: &AnyRow) -> Result<AuditEntry, StoreError> {
        Self::entry_of(row, self.reason_of(row)?)
    }

    fn reason_of(&self, row: &AnyRow) -> Result<Option<Redacted>, StoreError> {
        let seq: i64 = row.try_get("seq")?;
        row.try_get::<Option<Vec<u8>>, _>("reason")?
            .map(|sealed| {
                self.keyring
                    .open(place("reason", &seq.to_string()), &sealed)
            })
            .transpose()
    }

    fn entry_of(row: &AnyRow, reason: Option<Redacted>) -> Result<AuditEntry, StoreError> {
        Ok(AuditEntry {
            seq: row.try_get("seq")?,
            at: timestamp(row.try_get("at")?)?,
            actor: Actor {
                kind: ActorKind::parse(&row.try_get::<String, _>("actor_kind")?)?,
                id: row.try_get("actor_id")?,
                name: row.try_get("actor_name")?,
                origin: row.try_get("origin")?,
            },
            action: row.try_get("action")?,
            subject: row.try_get("subject")?,
            store: row
                .try_get::<Option<String>, _>("store_id")?
                .map(StoreId::parse)
                .transpose()
                .map_err(|_| StoreError::UnknownValue("audit.store_id"))?,
            details: row.try_get("details")?,
            reason,
            mac: row.try_get("mac")?,
        })
    }
}

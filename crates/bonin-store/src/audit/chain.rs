//! The HMAC chain over the audit.

use std::{fmt, str::FromStr};

use aws_lc_rs::{constant_time::verify_slices_are_equal, hmac, rand};
use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use sqlx::{Row, any::AnyRow};
use zeroize::Zeroizing;

use super::AuditEntry;
use crate::{Store, StoreError, keyring::Keyring, sealed::Place, time::micros};

/// How many entries are checked at a time.
const BATCH: i64 = 500;

const KEY_PLACE: Place<'static> = Place {
    table: "audit_chain",
    column: "hmac_key",
    row: "1",
};

/// The chain's end: the number and the mac of its last entry. Kept elsewhere, it shows later that nothing was cut off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditHead {
    /// The last entry's number; 0 where there is none.
    pub seq: i64,
    /// Its mac.
    pub mac: Vec<u8>,
}

impl AuditHead {
    /// The head of an empty chain.
    pub(super) fn start() -> Self {
        Self {
            seq: 0,
            mac: Vec::new(),
        }
    }
}

/// As it is exported: `42:` and the mac in hexadecimal digits.
impl fmt::Display for AuditHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.seq)?;
        self.mac.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A text that is not an exported head.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a head is a number, a colon and 64 hexadecimal digits, as `bonin audit head` prints it")]
pub struct InvalidAuditHead;

impl FromStr for AuditHead {
    type Err = InvalidAuditHead;

    fn from_str(text: &str) -> Result<Self, InvalidAuditHead> {
        let (seq, mac) = text.trim().split_once(':').ok_or(InvalidAuditHead)?;
        let seq: i64 = seq.parse().map_err(|_| InvalidAuditHead)?;
        let fits = (seq > 0 && mac.len() == 64) || (seq == 0 && mac.is_empty());
        if !fits || !mac.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(InvalidAuditHead);
        }
        let mac = (0..mac.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&mac[at..at + 2], 16).map_err(|_| InvalidAuditHead))
            .collect::<Result<_, _>>()?;
        Ok(Self { seq, mac })
    }
}

/// Where the audit is not what was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuditProblem {
    /// An entry was changed, or one before it was.
    #[error("entry {0} is not what was written, or is not in its place")]
    Changed(i64),
    /// An entry is missing.
    #[error("entry {0} is missing")]
    Missing(i64),
    /// The end is missing: the chain knows of more entries than there are.
    #[error("the end was cut off: {found} entries are there, and {known} were written")]
    CutOff {
        /// How many are there.
        found: i64,
        /// How many were.
        known: i64,
    },
    /// The chain does not pass through the head that was exported: it was cut and written anew, or is an older copy.
    #[error("the exported head {0} is not in this audit: it was cut off, or is another database's")]
    NotTheHead(i64),
    /// What was kept of the chain's end is not what was written: the end was cut off and the note of it set back.
    #[error("the note of the chain's end is not what was written: the end was cut off")]
    EndChanged,
    /// There are entries, but what the chain is kept with is gone.
    #[error("the chain's key is missing or does not open")]
    NoKey,
}

/// The chain's own key.
pub(super) struct ChainKey(hmac::Key);

impl ChainKey {
    /// A new one, and how it is kept.
    pub(super) fn make(keyring: &Keyring) -> Result<(Self, Vec<u8>), StoreError> {
        let mut bytes = Zeroizing::new([0u8; 32]);
        rand::fill(bytes.as_mut()).map_err(|_| crate::KeyringError::NoRandomness)?;
        let text = Zeroizing::new(STANDARD.encode(bytes.as_ref()));
        let sealed = keyring.seal(KEY_PLACE, &text)?;
        Ok((
            Self(hmac::Key::new(hmac::HMAC_SHA256, bytes.as_ref())),
            sealed,
        ))
    }

    /// The one that is kept.
    pub(super) fn open(keyring: &Keyring, row: &AnyRow) -> Result<Self, StoreError> {
        let text = keyring.open(KEY_PLACE, &row.try_get::<Vec<u8>, _>("hmac_key")?)?;
        let bytes = STANDARD
            .decode(text.expose())
            .map(Zeroizing::new)
            .map_err(|_| StoreError::UnknownValue("audit_chain.hmac_key"))?;
        Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, &bytes)))
    }

    /// What only the key's holder can say of a head.
    pub(super) fn proof(&self, head: &AuditHead) -> Vec<u8> {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(b"bonin/audit-head/v1");
        context.update(&head.seq.to_be_bytes());
        context.update(&head.mac);
        context.sign().as_ref().to_vec()
    }

    /// Whether the head that is kept is the one that was written.
    pub(super) fn proves(&self, head: &AuditHead, proof: &[u8]) -> bool {
        equal(&self.proof(head), proof)
    }

    /// The mac of an entry that follows one with the mac `before`. Each part is preceded by its length, so that nothing can
    /// move from one field to the next.
    pub(super) fn mac(&self, before: &[u8], entry: &AuditEntry) -> Vec<u8> {
        let mut context = hmac::Context::with_key(&self.0);
        let mut part = |bytes: Option<&[u8]>| {
            let length = bytes.map_or(u64::MAX, |bytes| bytes.len() as u64);
            context.update(&length.to_be_bytes());
            context.update(bytes.unwrap_or_default());
        };
        part(Some(b"bonin/audit/v1"));
        part(Some(before));
        part(Some(&entry.seq.to_be_bytes()));
        part(Some(&micros(entry.at).to_be_bytes()));
        part(Some(entry.actor.kind.as_str().as_bytes()));
        part(Some(entry.actor.id.as_bytes()));
        part(Some(entry.actor.name.as_bytes()));
        part(Some(entry.actor.origin.as_bytes()));
        part(Some(entry.action.as_bytes()));
        part(entry.subject.as_deref().map(str::as_bytes));
        part(entry.store.as_ref().map(|store| store.as_str().as_bytes()));
        part(Some(entry.details.as_bytes()));
        part(
            entry
                .reason
                .as_ref()
                .map(|reason| reason.expose().as_bytes()),
        );
        context.sign().as_ref().to_vec()
    }
}

fn equal(one: &[u8], other: &[u8]) -> bool {
    verify_slices_are_equal(one, other).is_ok()
}

impl Store {
    /// The chain's end as it stands.
    pub async fn audit_head(&self) -> Result<AuditHead, StoreError> {
        let row = sqlx::query("SELECT head_seq, head_mac FROM audit_chain WHERE id = 1")
            .fetch_optional(self.database.reader())
            .await?;
        row.map_or(Ok(AuditHead::start()), |row| {
            Ok(AuditHead {
                seq: row.try_get("head_seq")?,
                mac: row.try_get("head_mac")?,
            })
        })
    }

    /// Checks the whole chain, and that it passes through `exported` if one is given. `Ok(Ok(head))` where all is as it was
    /// written.
    pub async fn verify_audit(
        &self,
        exported: Option<&AuditHead>,
    ) -> Result<Result<AuditHead, AuditProblem>, StoreError> {
        // One transaction, so that what is appended meanwhile is not taken for a change.
        let mut tx = self.snapshot().await?;
        let kept = sqlx::query(super::CHAIN).fetch_optional(&mut *tx).await?;
        let key = match &kept {
            // It is made with the database: whoever removed it removed what stood in it.
            None => return Ok(Err(AuditProblem::NoKey)),
            Some(row) => match ChainKey::open(&self.keyring, row) {
                Ok(key) => key,
                Err(StoreError::Unreadable { .. } | StoreError::UnknownValue(_)) => {
                    return Ok(Err(AuditProblem::NoKey));
                }
                Err(error) => return Err(error),
            },
        };
        let mut head = AuditHead::start();
        let mut passed = exported.is_none_or(|exported| *exported == head);
        loop {
            let rows = sqlx::query(sqlx::AssertSqlSafe(format!(
                "SELECT {} FROM audit WHERE seq > $1 ORDER BY seq LIMIT {BATCH}",
                super::read::COLUMNS
            )))
            .bind(head.seq)
            .fetch_all(&mut *tx)
            .await?;
            let last = (rows.len() as i64) < BATCH;
            for row in &rows {
                let seq: i64 = row.try_get("seq")?;
                if seq != head.seq + 1 {
                    return Ok(Err(AuditProblem::Missing(head.seq + 1)));
                }
                let entry = match self.read_audit(row) {
                    Ok(entry) => entry,
                    // A sealed reason that was changed or moved does not open; a kind that is none was not written by us.
                    Err(StoreError::Unreadable { .. } | StoreError::UnknownValue(_)) => {
                        return Ok(Err(AuditProblem::Changed(seq)));
                    }
                    Err(error) => return Err(error),
                };
                if !equal(&key.mac(&head.mac, &entry), &entry.mac) {
                    return Ok(Err(AuditProblem::Changed(seq)));
                }
                head = AuditHead {
                    seq,
                    mac: entry.mac,
                };
                passed |= exported == Some(&head);
            }
            if last {
                break;
            }
            // Each batch is work for a core: others get their turn.
            tokio::task::yield_now().await;
        }
        let below: Option<i64> = sqlx::query("SELECT MIN(seq) FROM audit WHERE seq < 1")
            .fetch_one(&mut *tx)
            .await?
            .try_get(0)?;
        tx.rollback().await?;
        if let Some(seq) = below {
            return Ok(Err(AuditProblem::Changed(seq)));
        }
        let (known, proof) = match &kept {
            None => (AuditHead::start(), Vec::new()),
            Some(row) => super::head_of(row)?,
        };
        if known.seq != head.seq {
            return Ok(Err(AuditProblem::CutOff {
                found: head.seq,
                known: known.seq,
            }));
        }
        if !equal(&known.mac, &head.mac) {
            return Ok(Err(AuditProblem::Changed(head.seq)));
        }
        if !key.proves(&known, &proof) {
            return Ok(Err(AuditProblem::EndChanged));
        }
        match exported {
            Some(exported) if !passed => Ok(Err(AuditProblem::NotTheHead(exported.seq))),
            _ => Ok(Ok(head)),
        }
    }

    /// Notes that the head was handed out, and gives the head after that note: what was exported then includes who did it.
    pub async fn export_audit_head(
        &self,
        by: &super::Actor,
        now: Timestamp,
    ) -> Result<AuditHead, StoreError> {
        self.note(by, super::Act::new("audit.export_head"), now)
            .await?;
        self.audit_head().await
    }
}

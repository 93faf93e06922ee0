//! What can go wrong with the database.

use sqlx::postgres::PgDatabaseError;

use crate::observer::note_acquire_timeout;

/// A failure of the store. None of its messages holds a person's data or a secret.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database did not do what was asked: away, full, locked for too long.
    #[error("the database failed: {0}")]
    Database(#[source] sqlx::Error),
    /// The address is of no database that Bonin knows.
    #[error(
        "the database must be a sqlite: or a postgres: address, such as sqlite:///var/lib/bonin/bonin.db or postgres://bonin@db.example.com/bonin"
    )]
    UnknownDatabase,
    /// A migration failed.
    #[error("the schema could not be brought up: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// The schema is not the one that this version needs.
    #[error("the database's schema is not the one this version needs; run `bonin migrate`")]
    SchemaBehind,
    /// A sealed field does not open.
    #[error("{table}.{column} cannot be read: {why}")]
    Unreadable {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// What stands in the way.
        why: &'static str,
    },
    /// A row holds what this version does not know.
    #[error("{0} holds a value that this version does not know")]
    UnknownValue(&'static str),
    /// A key with which rows are sealed is missing from the keyring.
    #[error(
        "key {0} is missing from the keyring, but the database holds data sealed with it; add that key again"
    )]
    KeyMissing(i64),
    /// A key of this id is another key than the one the database knows.
    #[error(
        "key {0} is not the key that this database was sealed with; give the original key under this number"
    )]
    KeyChanged(u32),
    /// The key could not be used.
    #[error(transparent)]
    Keyring(#[from] crate::keyring::KeyringError),
    /// What is to be made is there already.
    #[error("{0} exists already")]
    Exists(&'static str),
    /// Nobody would be left who may do everything.
    #[error("the last active owner stays one")]
    LastOwner,
    /// There are as many of them as there may be.
    #[error("there are as many {0} as there may be")]
    TooMany(&'static str),
    /// It was put away for good.
    #[error("this {0} was put away")]
    Retired(&'static str),
    /// The operating system gave no randomness.
    #[error("the operating system gave no randomness")]
    NoRandomness,
    /// What is asked for is not there.
    #[error("there is no such {0}")]
    NotFound(&'static str),
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        if matches!(error, sqlx::Error::PoolTimedOut) {
            note_acquire_timeout();
        }
        Self::Database(error)
    }
}

impl StoreError {
    /// Whether the same call may succeed later: the database is away or busy, rather than wrong.
    pub fn is_transient(&self) -> bool {
        let Self::Database(error) = self else {
            return false;
        };
        match error {
            sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::Io(_)
            | sqlx::Error::Protocol(_)
            | sqlx::Error::WorkerCrashed => true,
            sqlx::Error::Database(error) => {
                let code = error.code().unwrap_or_default();
                if error.try_downcast_ref::<PgDatabaseError>().is_some() {
                    is_transient_of_postgres(&code)
                } else {
                    is_transient_of_sqlite(&code)
                }
            }
            _ => false,
        }
    }

    /// Whether the same call may succeed once somebody has mended what is in the way: a password, a certificate or a key, too.
    /// What must not be lost is tried again for as long.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::KeyMissing(_) | Self::KeyChanged(_) => true,
            Self::Database(sqlx::Error::Tls(_) | sqlx::Error::Configuration(_)) => true,
            Self::Database(sqlx::Error::Database(error)) => {
                let code = error.code().unwrap_or_default();
                self.is_transient()
                    || if error.try_downcast_ref::<PgDatabaseError>().is_some() {
                        may_pass_in_postgres(&code)
                    } else {
                        may_pass_in_sqlite(&code)
                    }
            }
            _ => self.is_transient(),
        }
    }
}

/// Who may connect (28, and 42501, which is about rights), and to which database (3D).
fn may_pass_in_postgres(code: &str) -> bool {
    matches!(code.get(..2), Some("28" | "3D")) || code == "42501"
}

/// PERM (3), READONLY (8).
fn may_pass_in_sqlite(code: &str) -> bool {
    code.parse::<u32>()
        .is_ok_and(|code| matches!(code & 0xff, 3 | 8))
}

/// BUSY (5), LOCKED (6), IOERR (10), FULL (13), CANTOPEN (14); extended codes keep the low byte.
fn is_transient_of_sqlite(code: &str) -> bool {
    code.parse::<u32>()
        .is_ok_and(|code| matches!(code & 0xff, 5 | 6 | 10 | 13 | 14))
}

/// By class: connection (08), resources (53), operator's intervention (57: shutting down, starting up, cancelled by a
/// time-out), system (58). And a server that became read-only (25006), two that waited for each other (40001, 40P01), and a
/// lock that was not given in time (55P03).
fn is_transient_of_postgres(code: &str) -> bool {
    matches!(code.get(..2), Some("08" | "53" | "57" | "58"))
        || matches!(code, "25006" | "40001" | "40P01" | "55P03")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_succeed_later_is_told_from_what_is_wrong() {
        for code in ["5", "6", "261", "517", "10", "13", "14", "2570"] {
            assert!(is_transient_of_sqlite(code), "{code}");
        }
        for code in ["1", "19", "1555", "2067", "11", "26", ""] {
            assert!(!is_transient_of_sqlite(code), "{code}");
        }
        for code in [
            "08006", "53300", "53100", "57P01", "57P02", "57P03", "57014", "58030", "25006",
            "40001", "40P01", "55P03",
        ] {
            assert!(is_transient_of_postgres(code), "{code}");
        }
        for code in ["23505", "22021", "42P01", "25P02", "28P01", "3D000", ""] {
            assert!(!is_transient_of_postgres(code), "{code}");
        }
    }

    #[test]
    fn what_somebody_can_mend_may_pass() {
        for code in ["28P01", "28000", "3D000", "42501"] {
            assert!(may_pass_in_postgres(code), "{code}");
        }
        for code in ["23505", "22021", "42P01", ""] {
            assert!(!may_pass_in_postgres(code), "{code}");
        }
        for code in ["3", "8", "264"] {
            assert!(may_pass_in_sqlite(code), "{code}");
        }
        for code in ["1", "19", "11", ""] {
            assert!(!may_pass_in_sqlite(code), "{code}");
        }
        assert!(StoreError::KeyMissing(2).may_pass());
        assert!(StoreError::Database(sqlx::Error::Tls("expired".into())).may_pass());
        assert!(!StoreError::LastOwner.may_pass());
        assert!(!StoreError::Database(sqlx::Error::RowNotFound).may_pass());
    }
}

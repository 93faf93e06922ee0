//! What can go wrong with the database.

/// A failure of the store. None of its messages holds a person's data or a secret.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database did not do what was asked: away, full, locked for too long.
    #[error("the database failed: {0}")]
    Database(#[from] sqlx::Error),
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
    /// What is asked for is not there.
    #[error("there is no such {0}")]
    NotFound(&'static str),
}

impl StoreError {
    /// Whether the same call may succeed later: the database is away or busy, rather than wrong.
    pub fn is_transient(&self) -> bool {
        let Self::Database(error) = self else {
            return false;
        };
        match error {
            sqlx::Error::PoolTimedOut | sqlx::Error::Io(_) | sqlx::Error::WorkerCrashed => true,
            // SQLite: BUSY (5), LOCKED (6), IOERR (10), FULL (13), CANTOPEN (14); extended codes keep the low byte.
            sqlx::Error::Database(error) => error
                .code()
                .and_then(|code| code.parse::<u32>().ok())
                .is_some_and(|code| matches!(code & 0xff, 5 | 6 | 10 | 13 | 14)),
            _ => false,
        }
    }
}

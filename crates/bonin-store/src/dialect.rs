//! What SQLite and PostgreSQL say differently. Everything else is one text for both.
//!
//! SQLite has one writer at a time: what a writing transaction reads stays true until it ends. On PostgreSQL, which runs at
//! READ COMMITTED, many write at once: a row that is read to be relied upon is locked first, and what no row stands for is
//! locked by a number ([`Lock`]).

/// Which database it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    Sqlite,
    Postgres,
}

/// Advisory locks of PostgreSQL, which end with their transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lock {
    /// Which keys are in use: shared by all who write, held alone by who changes that.
    Keys,
    /// Administration: one act at a time.
    Administration,
}

/// `bonin` in the upper bytes, so that other programs in the same database have other numbers.
const LOCKS: i64 = 0x626f_6e69_6e00_0000;

impl Lock {
    fn number(self) -> i64 {
        LOCKS
            + match self {
                Self::Keys => 1,
                Self::Administration => 2,
            }
    }
}

/// How a transaction begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Writing {
    /// Beside others.
    Beside,
    /// As the only act of administration.
    Administration,
    /// While nobody else writes.
    Alone,
}

impl Dialect {
    /// By the scheme of an address.
    pub(crate) fn of(url: &str) -> Option<Self> {
        let scheme = url.split(':').next().unwrap_or_default();
        match scheme {
            "sqlite" => Some(Self::Sqlite),
            "postgres" | "postgresql" => Some(Self::Postgres),
            _ => None,
        }
    }

    /// After a `SELECT` whose rows must stay as they are until the transaction ends. What names such a row may still be
    /// written meanwhile: a foreign key asks that the row stay, not that nobody change it. So a store's verifications go on
    /// while its webhook is paused.
    pub(crate) fn for_update(self) -> &'static str {
        match self {
            Self::Sqlite => "",
            Self::Postgres => " FOR NO KEY UPDATE",
        }
    }

    /// After a `SELECT` that picks work: rows that another instance is busy with are passed over.
    pub(crate) fn for_update_skip_locked(self) -> &'static str {
        match self {
            Self::Sqlite => "",
            Self::Postgres => " FOR NO KEY UPDATE SKIP LOCKED",
        }
    }

    /// The same for rows that are to be deleted, which nothing may begin to name.
    pub(crate) fn to_delete_skip_locked(self) -> &'static str {
        match self {
            Self::Sqlite => "",
            Self::Postgres => " FOR UPDATE SKIP LOCKED",
        }
    }

    /// What begins a transaction that writes on SQLite: it takes the one write lock at once.
    pub(crate) const SQLITE_BEGIN: &str = "BEGIN IMMEDIATE";

    /// What a transaction that writes on PostgreSQL does first: its locks, which end with it.
    pub(crate) fn postgres_locks(writing: Writing) -> Vec<String> {
        let keys = Lock::Keys.number();
        let shared = format!("SELECT pg_advisory_xact_lock_shared({keys})");
        match writing {
            Writing::Beside => vec![shared],
            Writing::Administration => {
                let alone = Lock::Administration.number();
                vec![shared, format!("SELECT pg_advisory_xact_lock({alone})")]
            }
            Writing::Alone => vec![format!("SELECT pg_advisory_xact_lock({keys})")],
        }
    }

    /// What begins a transaction that reads, and sees one moment.
    pub(crate) fn begin_reading(self) -> &'static str {
        match self {
            Self::Sqlite => "BEGIN",
            Self::Postgres => "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY",
        }
    }

    /// After a table, the index to use. SQLite guesses, without looking, that a range of time matches less than an equal name;
    /// PostgreSQL knows what its tables hold.
    pub(crate) fn indexed_by(self, index: Option<&str>) -> String {
        match (self, index) {
            (Self::Sqlite, Some(index)) => format!(" INDEXED BY {index}"),
            _ => String::new(),
        }
    }

    /// What asks for a statement's plan, and which column of the answer tells of it.
    pub(crate) fn explain(self) -> (&'static str, usize) {
        match self {
            Self::Sqlite => ("EXPLAIN QUERY PLAN", 3),
            Self::Postgres => ("EXPLAIN", 0),
        }
    }

    /// A migration as this database reads it. Texts are compared byte by byte on both.
    pub(crate) fn migration(self, sql: &str) -> String {
        match self {
            Self::Sqlite => sql.to_owned(),
            Self::Postgres => sql
                .lines()
                .map(|line| match line.split_once("--") {
                    // A comment may speak of a BLOB.
                    Some((sql, comment)) => format!("{}--{comment}\n", postgres_types(sql)),
                    None => format!("{}\n", postgres_types(line)),
                })
                .collect(),
        }
    }
}

/// The two words for types that PostgreSQL has others for.
fn postgres_types(sql: &str) -> String {
    let mut written = String::with_capacity(sql.len());
    let mut word = String::new();
    for c in sql.chars().chain([' ']) {
        if c.is_ascii_alphanumeric() || c == '_' {
            word.push(c);
            continue;
        }
        written.push_str(match word.as_str() {
            "BLOB" => "BYTEA",
            "TEXT" => "TEXT COLLATE \"C\"",
            other => other,
        });
        word.clear();
        written.push(c);
    }
    written.pop();
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_says_which_database_it_is() {
        assert_eq!(Dialect::of("sqlite://x.db"), Some(Dialect::Sqlite));
        assert_eq!(Dialect::of("postgres://h/d"), Some(Dialect::Postgres));
        assert_eq!(Dialect::of("postgresql://h/d"), Some(Dialect::Postgres));
        assert_eq!(Dialect::of("mysql://h/d"), None);
        assert_eq!(Dialect::of(""), None);
    }

    #[test]
    fn a_migration_changes_its_types_and_nothing_else() {
        let sql = "CREATE TABLE a (b BLOB NOT NULL, text_c TEXT, PRIMARY KEY (b)); -- BLOB stays\n";
        assert_eq!(
            Dialect::Postgres.migration(sql),
            "CREATE TABLE a (b BYTEA NOT NULL, text_c TEXT COLLATE \"C\", PRIMARY KEY (b)); -- BLOB stays\n"
        );
        assert_eq!(Dialect::Sqlite.migration(sql), sql);
    }
}

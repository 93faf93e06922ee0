//! From SQLite into PostgreSQL: every table, as it is. Sealed values and indexes stay what they are, since the keys do.
//!
//! Nobody else may have the source open meanwhile, and everything is written in one transaction: a copy that is broken off
//! leaves an empty target, and is begun again. Before it ends, every row of the target is read back and held against the source.

mod row;
mod schema;

use std::{str::FromStr, time::Duration};

use sqlx::{AnyConnection, AssertSqlSafe, Connection, Row, any::AnyConnectOptions};

use crate::{
    Store, StoreError,
    dialect::{Dialect, Writing},
};
use row::{Digest, Value};
use schema::Table;

/// How many rows are read at a time.
const BATCH: usize = 500;

/// PostgreSQL takes 65535 values in one statement.
const MOST_VALUES: usize = 30_000;

/// What a database holds that was made and never used: its key, and the beginning of the audit's chain.
const MADE_BY_MIGRATING: [&str; 2] = ["key_version", "audit_chain"];

/// How far a copy has come: every row is written, and then read back.
#[derive(Debug, Clone, Default)]
pub struct Copying {
    /// Rows written and rows read back.
    pub done: u64,
    /// What `done` will be.
    pub total: u64,
}

/// What was copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copied {
    /// Tables.
    pub tables: usize,
    /// Rows in all of them.
    pub rows: u64,
}

/// Why nothing was copied.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// Only this way round.
    #[error("only a SQLite database can be copied, and only into PostgreSQL")]
    Direction,
    /// What others write meanwhile would be lost.
    #[error(
        "something else has the SQLite database open; stop `bonin serve` and every other command that uses it, and try again"
    )]
    InUse,
    /// Nothing is written over.
    #[error(
        "the PostgreSQL database is not empty: `{0}` holds rows; give one that nothing was done in"
    )]
    NotEmpty(String),
    /// A row could not be copied.
    #[error("`{table}` could not be copied, so nothing was: {error}")]
    Table {
        /// The table.
        table: String,
        /// Why.
        error: sqlx::Error,
    },
    /// The target does not hold what was written.
    #[error(
        "what was read back from `{0}` is not what was written, so nothing was copied; is the PostgreSQL server in order?"
    )]
    Differs(String),
    /// One of the databases failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for CopyError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

impl Store {
    /// Copies a SQLite database, which must have this version's schema, into this one, which is on PostgreSQL and empty. Its
    /// schema is brought up first. The keys must be those of the source: [`Store::check`] tells, afterwards.
    pub async fn copy_from(
        &self,
        source: &str,
        mut told: impl FnMut(&Copying),
    ) -> Result<Copied, CopyError> {
        let directions = (Dialect::of(source), self.database.dialect());
        if directions != (Some(Dialect::Sqlite), Dialect::Postgres) {
            return Err(CopyError::Direction);
        }
        let mut source = alone_with(source).await?;
        self.database.migrate().await?;
        let tables = schema::read(&mut source).await?;
        let mut begun = self.database.write(Writing::Alone).await?;
        let tx = begun.without_limit()?;
        take_your_time(tx).await?;
        schema::compare(tx, &tables).await?;
        empty(tx, &tables).await?;
        let mut copying = Copying::default();
        let mut counts = Vec::with_capacity(tables.len());
        for table in &tables {
            let count = count(&mut source, table).await?;
            copying.total += 2 * count;
            counts.push(count);
        }
        told(&copying);
        let mut written = Vec::with_capacity(tables.len());
        for table in &tables {
            let mut on_rows = |rows| {
                copying.done += rows;
                told(&copying);
            };
            let digest = copy_table(&mut source, tx, table, &mut on_rows).await;
            written.push(digest.map_err(|error| of_table(table, error))?);
        }
        for ((table, written), count) in tables.iter().zip(&written).zip(counts) {
            let mut on_rows = |rows| {
                copying.done += rows;
                told(&copying);
            };
            let read_back = read_back(tx, table, &mut on_rows).await;
            let read_back = read_back.map_err(|error| of_table(table, error))?;
            // What the source counts is asked for apart from what was read from it.
            if *written != read_back || read_back.rows != count {
                return Err(CopyError::Differs(table.name.clone()));
            }
            // PostgreSQL plans by what it knows of a table, and knows nothing of this one yet.
            run(tx, format!("ANALYZE {}", table.name)).await?;
        }
        begun.commit().await?;
        source.close().await?;
        Ok(Copied {
            tables: tables.len(),
            rows: written.iter().map(|digest| digest.rows).sum(),
        })
    }
}

/// Opens the source so that nobody else can.
async fn alone_with(source: &str) -> Result<AnyConnection, CopyError> {
    let separator = if source.contains('?') { '&' } else { '?' };
    let address = AnyConnectOptions::from_str(&format!("{source}{separator}mode=rw"))?;
    let mut connection = AnyConnection::connect_with(&address).await?;
    let wait = format!(
        "PRAGMA busy_timeout = {}",
        Duration::from_secs(2).as_millis()
    );
    run(&mut connection, wait).await?;
    // In WAL mode every connection holds a lock for as long as it is open, and this asks for all of them.
    run(&mut connection, "PRAGMA locking_mode = EXCLUSIVE").await?;
    let begun = run(&mut connection, "BEGIN IMMEDIATE").await;
    begun.map_err(|error| match StoreError::from(error) {
        error if error.is_transient() => CopyError::InUse,
        error => error.into(),
    })?;
    Ok(connection)
}

async fn run(connection: &mut AnyConnection, sql: impl Into<String>) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(AssertSqlSafe(sql.into()))
        .execute(connection)
        .await
        .map(drop)
}

/// A statement over a whole table takes as long as it takes.
async fn take_your_time(tx: &mut AnyConnection) -> Result<(), sqlx::Error> {
    let limits = [
        "statement_timeout",
        "lock_timeout",
        "idle_in_transaction_session_timeout",
    ];
    for limit in limits {
        run(tx, format!("SET LOCAL {limit} = 0")).await?;
    }
    Ok(())
}

async fn count(connection: &mut AnyConnection, table: &Table) -> Result<u64, sqlx::Error> {
    let sql = format!("SELECT COUNT(*) FROM {}", table.name);
    let row = sqlx::query(AssertSqlSafe(sql))
        .fetch_one(connection)
        .await?;
    Ok(u64::try_from(row.try_get::<i64, _>(0)?).unwrap_or_default())
}

/// Makes sure that nothing is lost, and removes what migrating has put there: the source has its own.
async fn empty(tx: &mut AnyConnection, tables: &[Table]) -> Result<(), CopyError> {
    for table in tables {
        if !MADE_BY_MIGRATING.contains(&table.name.as_str()) && count(tx, table).await? > 0 {
            return Err(CopyError::NotEmpty(table.name.clone()));
        }
    }
    for table in MADE_BY_MIGRATING {
        run(tx, format!("DELETE FROM {table}")).await?;
    }
    Ok(())
}

fn of_table(table: &Table, error: sqlx::Error) -> CopyError {
    CopyError::Table {
        table: table.name.clone(),
        error,
    }
}

async fn copy_table(
    source: &mut AnyConnection,
    tx: &mut AnyConnection,
    table: &Table,
    on_rows: &mut impl FnMut(u64),
) -> Result<Digest, sqlx::Error> {
    let mut digest = Digest::default();
    let mut after = i64::MIN;
    let select = format!(
        "SELECT {}, rowid FROM {} WHERE rowid > $1 ORDER BY rowid LIMIT {BATCH}",
        table.column_names(),
        table.name
    );
    loop {
        let rows = sqlx::query(AssertSqlSafe(select.clone()))
            .bind(after)
            .fetch_all(&mut *source)
            .await?;
        let Some(last) = rows.last() else {
            return Ok(digest);
        };
        after = last.try_get(table.columns.len())?;
        let mut read = Vec::with_capacity(rows.len());
        for row in &rows {
            let values = row::read(table, row)?;
            digest.add(&values);
            read.push(values);
        }
        for some in read.chunks((MOST_VALUES / table.columns.len()).max(1)) {
            insert(tx, table, some).await?;
        }
        on_rows(rows.len() as u64);
    }
}

async fn insert(
    tx: &mut AnyConnection,
    table: &Table,
    rows: &[Vec<Value>],
) -> Result<(), sqlx::Error> {
    let width = table.columns.len();
    let places = |row: usize| {
        let places: Vec<String> = (1..=width)
            .map(|column| format!("${}", row * width + column))
            .collect();
        format!("({})", places.join(", "))
    };
    let rows_of_places: Vec<String> = (0..rows.len()).map(places).collect();
    let sql = format!(
        "INSERT INTO {} ({}) VALUES {}",
        table.name,
        table.column_names(),
        rows_of_places.join(", ")
    );
    let mut query = sqlx::query(AssertSqlSafe(sql));
    for value in rows.iter().flatten() {
        query = value.bind(query);
    }
    query.execute(&mut *tx).await.map(drop)
}

/// By a cursor, so that no more than a batch is in memory.
async fn read_back(
    tx: &mut AnyConnection,
    table: &Table,
    on_rows: &mut impl FnMut(u64),
) -> Result<Digest, sqlx::Error> {
    let name = &table.name;
    let declare = format!(
        "DECLARE copied_{name} NO SCROLL CURSOR FOR SELECT {} FROM {name}",
        table.column_names()
    );
    run(tx, declare).await?;
    let mut digest = Digest::default();
    loop {
        let fetch = format!("FETCH {BATCH} FROM copied_{name}");
        let rows = sqlx::query(AssertSqlSafe(fetch))
            .fetch_all(&mut *tx)
            .await?;
        if rows.is_empty() {
            break;
        }
        for row in &rows {
            digest.add(&row::read(table, row)?);
        }
        on_rows(rows.len() as u64);
    }
    run(tx, format!("CLOSE copied_{name}")).await?;
    Ok(digest)
}

//! Connections: one set of queries, whichever database is behind them.

use std::{str::FromStr, time::Duration};

use sqlx::{
    Any, AnyConnection, AnyPool, Connection, Executor, Row, SqlSafeStr, Transaction,
    any::{AnyConnectOptions, AnyPoolOptions},
    migrate::{Migration, MigrationType, Migrator},
};

use crate::StoreError;

const MIGRATIONS: &[(i64, &str, &str)] = &[
    (
        1,
        "initial",
        include_str!("../../../migrations/0001_initial.sql"),
    ),
    (
        2,
        "console",
        include_str!("../../../migrations/0002_console.sql"),
    ),
];

/// The database's pools. SQLite has one writer, so that writers queue fairly instead of failing busy, and a few readers.
#[derive(Debug, Clone)]
pub(crate) struct Database {
    reader: AnyPool,
    writer: AnyPool,
}

impl Database {
    /// Connects, and checks that what is acknowledged will be on disk.
    pub(crate) async fn connect(url: &str, create: bool) -> Result<Self, StoreError> {
        sqlx::any::install_drivers(&[sqlx::sqlite::any::DRIVER]).ok();
        let separator = if url.contains('?') { '&' } else { '?' };
        let mode = if create { "rwc" } else { "rw" };
        let options = AnyConnectOptions::from_str(&format!("{url}{separator}mode={mode}"))?;
        // One plain connection first: a pool would try again and again where the file is no database.
        let mut first = AnyConnection::connect_with(&options).await?;
        prepare_sqlite(&mut first).await?;
        first.close().await?;
        let pool = |size| {
            AnyPoolOptions::new()
                .max_connections(size)
                .acquire_timeout(Duration::from_secs(10))
                .idle_timeout(None)
                .max_lifetime(None)
                .test_before_acquire(false)
                .after_connect(|connection, _| Box::pin(prepare_sqlite(connection)))
        };
        let writer = pool(1).connect_with(options.clone()).await?;
        let reader = pool(4).min_connections(1).connect_with(options).await?;
        Ok(Self { reader, writer })
    }

    /// A pool for reading.
    pub(crate) fn reader(&self) -> &AnyPool {
        &self.reader
    }

    /// A transaction that writes. On SQLite it takes the write lock at once, so that what it reads stays true.
    pub(crate) async fn write(&self) -> Result<Transaction<'static, Any>, StoreError> {
        Ok(self.writer.begin_with("BEGIN IMMEDIATE").await?)
    }

    /// Brings the schema up to this version.
    pub(crate) async fn migrate(&self) -> Result<(), StoreError> {
        Ok(migrator().run(&self.writer).await?)
    }

    /// Whether there is a table of this name.
    pub(crate) async fn has_table(&self, name: &str) -> Result<bool, StoreError> {
        let found = sqlx::query("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = $1")
            .bind(name.to_owned())
            .fetch_optional(&self.writer)
            .await?;
        Ok(found.is_some())
    }

    /// Whether the schema is the one that this version needs.
    pub(crate) async fn check_schema(&self) -> Result<(), StoreError> {
        let applied =
            sqlx::query("SELECT version FROM _sqlx_migrations WHERE success ORDER BY version")
                .fetch_all(&self.reader)
                .await
                .map_err(|error| match error {
                    sqlx::Error::Database(_) => StoreError::SchemaBehind,
                    other => other.into(),
                })?;
        let applied = applied
            .iter()
            .map(|row| row.try_get::<i64, _>(0))
            .collect::<Result<Vec<_>, _>>()?;
        let needed: Vec<i64> = MIGRATIONS.iter().map(|(version, ..)| *version).collect();
        if applied != needed {
            return Err(StoreError::SchemaBehind);
        }
        Ok(())
    }

    /// Moves all of SQLite's write-ahead log into the database and truncates it. `false` where a reader stands in the way.
    pub(crate) async fn truncate_log(&self) -> Result<bool, StoreError> {
        let mut writer = self.writer.acquire().await?;
        // Not waiting for readers: writers wait for this connection.
        writer.execute("PRAGMA busy_timeout = 0").await?;
        let row = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)")
            .fetch_one(&mut *writer)
            .await;
        writer.execute("PRAGMA busy_timeout = 5000").await?;
        Ok(row?.try_get::<i64, _>(0)? == 0)
    }

    pub(crate) async fn close(&self) {
        self.writer.close().await;
        self.reader.close().await;
    }
}

fn migrator() -> Migrator {
    let migrations = MIGRATIONS
        .iter()
        .map(|(version, description, sql)| {
            Migration::new(
                *version,
                (*description).into(),
                MigrationType::Simple,
                sql.into_sql_str(),
                false,
            )
        })
        .collect::<Vec<_>>();
    Migrator {
        migrations: migrations.into(),
        ..Migrator::DEFAULT
    }
}

/// `synchronous = FULL` in WAL mode: a commit is on disk before it is acknowledged. `secure_delete` overwrites what is
/// deleted, since rows hold ciphertexts of people.
async fn prepare_sqlite(connection: &mut AnyConnection) -> Result<(), sqlx::Error> {
    for pragma in [
        "PRAGMA busy_timeout = 5000",
        "PRAGMA journal_mode = WAL",
        "PRAGMA synchronous = FULL",
        "PRAGMA foreign_keys = ON",
        "PRAGMA secure_delete = ON",
    ] {
        connection.execute(pragma).await?;
    }
    let journal: String = sqlx::query("PRAGMA journal_mode")
        .fetch_one(&mut *connection)
        .await?
        .try_get(0)?;
    let synchronous: i64 = sqlx::query("PRAGMA synchronous")
        .fetch_one(&mut *connection)
        .await?
        .try_get(0)?;
    if journal != "wal" || synchronous < 2 {
        return Err(sqlx::Error::Configuration(
            "SQLite did not switch to WAL with synchronous=FULL; is the folder on a local disk?"
                .into(),
        ));
    }
    Ok(())
}

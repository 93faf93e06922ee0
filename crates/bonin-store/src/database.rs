//! Connections: one set of queries, whichever database is behind them. What differs is in `dialect.rs`.

use std::{str::FromStr, time::Duration};

use sqlx::{
    AnyConnection, AnyPool, AssertSqlSafe, Connection, Executor, Row, SqlSafeStr,
    any::{AnyConnectOptions, AnyPoolOptions},
    migrate::{Migration, MigrationType, Migrator},
};

use crate::{
    StoreError,
    connection::{Patience, Reader, Tx},
    dialect::{Dialect, Writing},
    group::GroupWriter,
    observer::{PoolState, Watch},
    pools::Pools,
    sqlite::{self, SqliteReaders},
};

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
    (
        3,
        "webhooks",
        include_str!("../../../migrations/0003_webhooks.sql"),
    ),
];

/// How to connect.
#[derive(Debug, Clone)]
pub struct ConnectOptions {
    /// Whether to make SQLite's file where there is none.
    pub create: bool,
    /// PostgreSQL: how many connections this process holds at the most.
    pub connections: u32,
    /// How long to wait for a connection, at the most.
    pub acquire_timeout: Duration,
    /// PostgreSQL: how long the server works on one statement, or waits for a lock, at the most.
    pub statement_timeout: Duration,
}

impl Default for ConnectOptions {
    fn default() -> Self {
        Self {
            create: false,
            connections: 16,
            acquire_timeout: Duration::from_secs(10),
            statement_timeout: Duration::from_secs(30),
        }
    }
}

/// The oldest PostgreSQL that Bonin is tested with, as `server_version_num` says it.
const OLDEST_POSTGRES: i64 = 150_000;

/// A connection that was idle for longer is asked whether it still lives before it is used.
const TRUSTED_IDLE: Duration = Duration::from_secs(1);

/// Beyond its own limit the server has this long to say that it ended a statement.
const UNTIL_UNHEARD: Duration = Duration::from_secs(5);

/// The database. SQLite has one writer, so that writers queue fairly instead of failing busy, and a few readers. PostgreSQL has
/// one pool for everything.
#[derive(Debug, Clone)]
pub(crate) struct Database {
    dialect: Dialect,
    pools: Pools,
    longest: Option<Duration>,
    watch: Watch,
    /// Where it is SQLite: what need not go through the pool, which is left with whatever may take long.
    sqlite: Option<Sqlite>,
}

/// Connections to SQLite that work on the thread that asks.
#[derive(Debug, Clone)]
struct Sqlite {
    readers: SqliteReaders,
    writer: GroupWriter,
}

impl Database {
    /// Connects, and checks that what is acknowledged will be on disk.
    pub(crate) async fn connect(url: &str, options: &ConnectOptions) -> Result<Self, StoreError> {
        sqlx::any::install_drivers(&[sqlx::sqlite::any::DRIVER, sqlx::postgres::any::DRIVER]).ok();
        match Dialect::of(url) {
            Some(Dialect::Sqlite) => Self::connect_sqlite(url, options).await,
            Some(Dialect::Postgres) => Self::connect_postgres(url, options).await,
            None => Err(StoreError::UnknownDatabase),
        }
    }

    async fn connect_sqlite(url: &str, options: &ConnectOptions) -> Result<Self, StoreError> {
        let separator = if url.contains('?') { '&' } else { '?' };
        let mode = if options.create { "rwc" } else { "rw" };
        let address = AnyConnectOptions::from_str(&format!("{url}{separator}mode={mode}"))?;
        // One plain connection first: a pool would try again and again where the file is no database.
        let mut first = AnyConnection::connect_with(&address).await?;
        prepare_sqlite(&mut first).await?;
        first.close().await?;
        let pool = AnyPoolOptions::new()
            .max_connections(4)
            .min_connections(1)
            .acquire_timeout(options.acquire_timeout)
            .idle_timeout(None)
            .max_lifetime(None)
            .test_before_acquire(false)
            .after_connect(|connection, _| Box::pin(prepare_sqlite(connection)));
        let pool = pool.connect_with(address).await?;
        let mut database = Self::of(Dialect::Sqlite, None, pool, None);
        let file = sqlite::file_of(url)?;
        database.sqlite = Some(Sqlite {
            readers: SqliteReaders::new(&file),
            writer: GroupWriter::new(&file, options.acquire_timeout, database.watch.clone()),
        });
        Ok(database)
    }

    async fn connect_postgres(url: &str, options: &ConnectOptions) -> Result<Self, StoreError> {
        let address = AnyConnectOptions::from_str(url)?;
        // One plain connection first: a pool would try again and again where the password is wrong.
        let first = AnyConnection::connect_with(&address);
        let mut first = tokio::time::timeout(options.acquire_timeout, first)
            .await
            .map_err(|_| sqlx::Error::PoolTimedOut)??;
        let timeout = options.statement_timeout;
        prepare_postgres(&mut first, timeout).await?;
        check_postgres(&mut first).await?;
        first.close().await?;
        let pools = AnyPoolOptions::new()
            .max_connections(options.connections.max(1))
            .min_connections(1)
            .acquire_timeout(options.acquire_timeout)
            .idle_timeout(Duration::from_secs(10 * 60))
            .max_lifetime(Duration::from_secs(30 * 60))
            .test_before_acquire(false)
            .before_acquire(|connection, state| {
                Box::pin(async move {
                    if state.idle_for > TRUSTED_IDLE {
                        connection.ping().await?;
                    }
                    Ok(true)
                })
            })
            .after_connect(move |connection, _| {
                Box::pin(async move {
                    prepare_postgres(connection, timeout).await?;
                    check_postgres(connection).await
                })
            });
        let pool = pools.clone().connect_with(address.clone()).await?;
        let longest = Some(timeout.saturating_add(UNTIL_UNHEARD));
        let anew = Some((pools, address));
        Ok(Self::of(Dialect::Postgres, longest, pool, anew))
    }

    fn of(
        dialect: Dialect,
        longest: Option<Duration>,
        pool: AnyPool,
        anew: Option<(AnyPoolOptions, AnyConnectOptions)>,
    ) -> Self {
        Self {
            dialect,
            pools: Pools::new(pool, anew),
            longest,
            watch: Watch::default(),
            sqlite: None,
        }
    }

    /// What this database says in its own words.
    pub(crate) fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Whoever watches.
    pub(crate) fn watch(&self) -> &Watch {
        &self.watch
    }

    /// The connections, as they are now.
    pub(crate) fn pool_states(&self) -> Vec<PoolState> {
        let now = self.pools.now();
        match &self.sqlite {
            None => vec![PoolState::of("any", &now.pool)],
            Some(sqlite) => vec![PoolState::of("read", &now.pool), sqlite.writer.state()],
        }
    }

    fn patience(&self, generation: u64) -> Patience {
        Patience::new(self.longest, self.pools.clone(), generation)
    }

    /// The pool, as it is now.
    pub(crate) fn pool(&self) -> AnyPool {
        self.pools.now().pool.clone()
    }

    fn pool_with_patience(&self) -> (AnyPool, Patience) {
        let now = self.pools.now();
        (now.pool.clone(), self.patience(now.generation))
    }

    /// For one short statement that reads.
    pub(crate) fn reader(&self) -> Reader {
        match &self.sqlite {
            Some(sqlite) => Reader::Sqlite(sqlite.readers.clone()),
            None => self.searcher(),
        }
    }

    /// For one statement that reads, and may look at many rows.
    pub(crate) fn searcher(&self) -> Reader {
        let (pool, patience) = self.pool_with_patience();
        Reader::Pool(pool, patience)
    }

    /// A transaction that writes.
    pub(crate) async fn write(&self, writing: Writing) -> Result<Tx, StoreError> {
        let (pool, patience) = self.pool_with_patience();
        if let Some(sqlite) = &self.sqlite {
            return Tx::join(&sqlite.writer, patience, self.watch.clone()).await;
        }
        let locks = Dialect::postgres_locks(writing);
        Tx::begin(pool, "BEGIN", locks, patience, self.watch.clone()).await
    }

    /// A transaction that reads, and sees one moment.
    pub(crate) async fn snapshot(&self) -> Result<Tx, StoreError> {
        let begin = self.dialect.begin_reading();
        let (pool, patience) = self.pool_with_patience();
        Tx::begin(pool, begin, Vec::new(), patience, self.watch.clone()).await
    }

    /// Brings the schema up to this version, however long that takes.
    pub(crate) async fn migrate(&self) -> Result<(), StoreError> {
        let mut connection = self.pool().acquire().await?;
        if self.dialect == Dialect::Sqlite {
            return Ok(migrator(self.dialect).run(&mut *connection).await?);
        }
        connection
            .execute("SET statement_timeout = 0; SET lock_timeout = 0")
            .await?;
        let migrated = migrator(self.dialect).run(&mut *connection).await;
        // The pool must not get it back as it is.
        connection.close().await?;
        Ok(migrated?)
    }

    /// Whether the schema is the one that this version needs, or a later one.
    pub(crate) async fn check_schema(&self) -> Result<(), StoreError> {
        let applied =
            sqlx::query("SELECT version FROM _sqlx_migrations WHERE success ORDER BY version")
                .fetch_all(self.reader())
                .await
                .map_err(|error| match &error {
                    sqlx::Error::Database(said) if is_missing_table(said.as_ref()) => {
                        StoreError::SchemaBehind
                    }
                    _ => error.into(),
                })?;
        let applied = applied
            .iter()
            .map(|row| row.try_get::<i64, _>(0))
            .collect::<Result<Vec<_>, _>>()?;
        let needed: Vec<i64> = MIGRATIONS.iter().map(|(version, ..)| *version).collect();
        if applied.starts_with(&needed) {
            return Ok(());
        }
        Err(StoreError::SchemaBehind)
    }

    /// Moves all of SQLite's write-ahead log into the database and truncates it. `false` where a reader stands in the way.
    /// PostgreSQL's log is its own business: it is recycled, and archived where the operator says so.
    pub(crate) async fn truncate_log(&self) -> Result<bool, StoreError> {
        match &self.sqlite {
            Some(sqlite) => Ok(sqlite.writer.truncate_log().await?),
            None => Ok(true),
        }
    }

    pub(crate) async fn close(&self) {
        self.pool().close().await;
        if let Some(sqlite) = &self.sqlite {
            sqlite.readers.close();
            sqlite.writer.close().await;
        }
    }
}

/// SQLite says no more than that the statement is wrong (1); PostgreSQL that the table is not defined (42P01).
fn is_missing_table(error: &dyn sqlx::error::DatabaseError) -> bool {
    matches!(error.code().as_deref(), Some("1" | "42P01"))
}

fn migrator(dialect: Dialect) -> Migrator {
    let migrations = MIGRATIONS
        .iter()
        .map(|(version, description, sql)| {
            Migration::new(
                *version,
                (*description).into(),
                MigrationType::Simple,
                AssertSqlSafe(dialect.migration(sql)).into_sql_str(),
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

/// What each connection is told. A session's own setting counts, whatever the server's default is.
async fn prepare_postgres(
    connection: &mut AnyConnection,
    statement_timeout: Duration,
) -> Result<(), sqlx::Error> {
    let millis = statement_timeout.as_millis().max(1);
    let settings = format!(
        "SET synchronous_commit = on; SET default_transaction_isolation = 'read committed'; \
         SET statement_timeout = {millis}; SET lock_timeout = {millis}; \
         SET idle_in_transaction_session_timeout = {}; SET client_encoding = 'UTF8'",
        millis.saturating_mul(2)
    );
    connection.execute(AssertSqlSafe(settings)).await?;
    Ok(())
}

/// Refuses a server that would lose what it acknowledged, that cannot be written to, or that is too old.
async fn check_postgres(connection: &mut AnyConnection) -> Result<(), sqlx::Error> {
    let row = sqlx::query(
        "SELECT current_setting('server_version_num')::bigint, current_setting('fsync'), \
         current_setting('server_encoding'), CASE WHEN pg_is_in_recovery() THEN 1 ELSE 0 END",
    )
    .fetch_one(&mut *connection)
    .await?;
    let refuse = |why: &str| Err(sqlx::Error::Configuration(why.into()));
    if row.try_get::<i64, _>(0)? < OLDEST_POSTGRES {
        return refuse("PostgreSQL 15 or newer is needed");
    }
    if row.try_get::<String, _>(1)? != "on" {
        return refuse(
            "PostgreSQL runs with fsync off, so that it may lose what it acknowledged; switch fsync on",
        );
    }
    if row.try_get::<String, _>(2)? != "UTF8" {
        return refuse("the database's encoding is not UTF8; make it with ENCODING 'UTF8'");
    }
    // A standby is what one reaches in the middle of a failover: somebody else is about to become the primary.
    if row.try_get::<i64, _>(3)? != 0 {
        return Err(sqlx::Error::Io(std::io::Error::other(
            "this PostgreSQL server is a standby, which takes no writes; connect to the primary",
        )));
    }
    Ok(())
}

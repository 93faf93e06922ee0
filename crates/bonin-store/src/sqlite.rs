//! SQLite without a thread of its own.
//!
//! sqlx gives each connection to SQLite a thread, and every statement is handed over to it and back. Where a statement takes
//! a few microseconds, waking two threads costs several times as much as the statement. So short statements run here, on the
//! thread that asks: what reads single rows, and all that happens within a transaction that writes. What may wait, for the disk
//! or for another process, goes to a thread that may: a commit, and whatever finds the database locked.
//!
//! Statements and rows are sqlx's, so that a query is written once, whatever runs it.

use std::{
    collections::HashMap,
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use rusqlite::{
    Batch, OpenFlags, Statement,
    config::DbConfig,
    fallible_iterator::FallibleIterator,
    types::{ToSqlOutput, Value, ValueRef},
};
use sqlx::{
    Any, AssertSqlSafe, Either, Error, Execute,
    any::{AnyArguments, AnyQueryResult, AnyRow, AnyTypeInfo, AnyTypeInfoKind, AnyValue},
    error::{DatabaseError, ErrorKind},
    sqlite::SqliteConnectOptions,
};
use sqlx_core::any::{AnyColumn, AnyValueKind};

/// How long to wait for another process that writes, at the most.
pub(crate) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Statements that stay prepared, for each connection.
const PREPARED: usize = 128;

/// What a statement gives.
pub(crate) type Given = Either<AnyQueryResult, AnyRow>;

/// A connection to a SQLite database. It does not wait for other processes.
pub(crate) struct SqliteConnection {
    inner: rusqlite::Connection,
    /// The columns that a statement gives, by its text.
    columns: HashMap<String, Columns>,
}

#[derive(Clone)]
struct Columns {
    names: Arc<sqlx_core::HashMap<sqlx_core::ext::ustr::UStr, usize>>,
    columns: Vec<AnyColumn>,
}

/// A statement with its arguments, which can be run more than once.
pub(crate) struct Asked {
    sql: sqlx::SqlStr,
    /// `None`: any number of statements, without arguments.
    arguments: Option<Vec<AnyValueKind>>,
    stays_prepared: bool,
}

impl Asked {
    pub(crate) fn of<'q>(mut query: impl Execute<'q, Any>) -> Result<Self, Error> {
        let arguments: Option<AnyArguments> = query.take_arguments().map_err(Error::Encode)?;
        Ok(Self {
            arguments: arguments.map(|arguments| arguments.values.0),
            stays_prepared: query.persistent(),
            sql: query.sql(),
        })
    }

    /// Statements of ours, without arguments.
    pub(crate) fn plain(sql: &'static str) -> Self {
        Self {
            sql: sqlx::SqlSafeStr::into_sql_str(AssertSqlSafe(sql)),
            arguments: None,
            stays_prepared: false,
        }
    }
}

impl SqliteConnection {
    /// Opens the file, which must be there, and checks that what is acknowledged will be on disk.
    fn open(file: &Path) -> Result<Self, Error> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let inner = rusqlite::Connection::open_with_flags(file, flags).map_err(failed)?;
        inner.set_prepared_statement_cache_capacity(PREPARED);
        // A prepared statement stays as it was planned: SQLite would plan some of them anew for every value otherwise.
        inner
            .set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)
            .map_err(failed)?;
        inner.busy_timeout(BUSY_TIMEOUT).map_err(failed)?;
        inner
            .execute_batch(
                // What a savepoint may have to undo is kept in memory: otherwise its pages go through a temporary file.
                "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY",
            )
            .map_err(failed)?;
        let journal: String = inner
            .pragma_query_value(None, "journal_mode", |row| row.get(0))
            .map_err(failed)?;
        let synchronous: i64 = inner
            .pragma_query_value(None, "synchronous", |row| row.get(0))
            .map_err(failed)?;
        if journal != "wal" || synchronous < 2 {
            let why = "SQLite's file is not in WAL mode with synchronous=FULL";
            return Err(Error::Configuration(why.into()));
        }
        inner.busy_timeout(Duration::ZERO).map_err(failed)?;
        Ok(Self {
            inner,
            columns: HashMap::new(),
        })
    }

    /// The same on a thread that may wait.
    pub(crate) async fn open_elsewhere(file: &Arc<Path>) -> Result<Self, Error> {
        let file = file.clone();
        waiting(move || Self::open(&file)).await?
    }

    /// Runs it to its end.
    pub(crate) fn run(&mut self, asked: &Asked) -> Result<Vec<Given>, Error> {
        let sql = asked.sql.as_str();
        let mut given = Vec::new();
        let Some(arguments) = &asked.arguments else {
            let mut batch = Batch::new(&self.inner, sql);
            while let Some(mut statement) = batch.next().map_err(failed)? {
                let columns = Columns::of(&statement);
                step(&self.inner, &mut statement, &columns, &mut given)?;
            }
            return Ok(given);
        };
        if asked.stays_prepared {
            let mut statement = self.inner.prepare_cached(sql).map_err(failed)?;
            bind(&mut statement, arguments)?;
            if let Some(columns) = self.columns.get(sql) {
                step(&self.inner, &mut statement, columns, &mut given)?;
            } else {
                let columns = Columns::of(&statement);
                step(&self.inner, &mut statement, &columns, &mut given)?;
                // As many as stay prepared, more or less.
                if self.columns.len() > 2 * PREPARED {
                    self.columns.clear();
                }
                self.columns.insert(sql.to_owned(), columns);
            }
        } else {
            let mut statement = self.inner.prepare(sql).map_err(failed)?;
            bind(&mut statement, arguments)?;
            let columns = Columns::of(&statement);
            step(&self.inner, &mut statement, &columns, &mut given)?;
        }
        Ok(given)
    }

    /// The same for statements of ours that give nothing.
    pub(crate) fn tell(&mut self, sql: &'static str) -> Result<(), Error> {
        self.inner.execute_batch(sql).map_err(failed)
    }

    /// Runs it on the thread that asks; where the database is locked, once others are done, on a thread that may wait. A caller
    /// who hangs up meanwhile takes the connection along.
    pub(crate) async fn run_patiently(
        mut self,
        asked: Asked,
    ) -> Result<(Self, Result<Vec<Given>, Error>), Error> {
        let given = self.run(&asked);
        if !given.as_ref().is_err_and(is_busy) {
            return Ok((self, given));
        }
        waiting(move || {
            let given = self.run_once_free(&asked);
            (self, given)
        })
        .await
    }

    fn run_once_free(&mut self, asked: &Asked) -> Result<Vec<Given>, Error> {
        self.inner.busy_timeout(BUSY_TIMEOUT).map_err(failed)?;
        let given = self.run(asked);
        self.inner.busy_timeout(Duration::ZERO).map_err(failed)?;
        given
    }

    /// Whether a transaction is open.
    pub(crate) fn is_in_transaction(&self) -> bool {
        !self.inner.is_autocommit()
    }
}

impl fmt::Debug for SqliteConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteConnection").finish_non_exhaustive()
    }
}

/// SQLite numbers `$2` by where it stands, sqlx by what it says.
fn bind(statement: &mut Statement<'_>, arguments: &[AnyValueKind]) -> Result<(), Error> {
    for index in 1..=statement.parameter_count() {
        let number = statement
            .parameter_name(index)
            .and_then(|name| name.get(1..))
            .and_then(|number| number.parse::<usize>().ok())
            .unwrap_or(index);
        let argument = number.checked_sub(1).and_then(|at| arguments.get(at));
        let argument = argument.ok_or_else(|| {
            Error::Protocol(format!("the statement's argument {number} is missing"))
        })?;
        statement
            .raw_bind_parameter(index, bound(argument)?)
            .map_err(failed)?;
    }
    Ok(())
}

fn bound(argument: &AnyValueKind) -> Result<ToSqlOutput<'_>, Error> {
    Ok(match argument {
        AnyValueKind::Null(_) => ToSqlOutput::Owned(Value::Null),
        AnyValueKind::Bool(value) => ToSqlOutput::Owned(Value::Integer(i64::from(*value))),
        AnyValueKind::SmallInt(value) => ToSqlOutput::Owned(Value::Integer(i64::from(*value))),
        AnyValueKind::Integer(value) => ToSqlOutput::Owned(Value::Integer(i64::from(*value))),
        AnyValueKind::BigInt(value) => ToSqlOutput::Owned(Value::Integer(*value)),
        AnyValueKind::Real(value) => ToSqlOutput::Owned(Value::Real(f64::from(*value))),
        AnyValueKind::Double(value) => ToSqlOutput::Owned(Value::Real(*value)),
        AnyValueKind::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
        AnyValueKind::TextSlice(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
        AnyValueKind::Blob(bytes) => ToSqlOutput::Borrowed(ValueRef::Blob(bytes)),
        _ => return Err(Error::Protocol("an argument of an unknown type".to_owned())),
    })
}

impl Columns {
    fn of(statement: &Statement<'_>) -> Self {
        let named = statement.column_names();
        let column = |(ordinal, name): (usize, &&str)| AnyColumn {
            ordinal,
            name: sqlx_core::ext::ustr::UStr::new(name),
            type_info: AnyTypeInfo {
                kind: AnyTypeInfoKind::Null,
            },
        };
        let columns: Vec<_> = named.iter().enumerate().map(column).collect();
        let names = columns
            .iter()
            .map(|column| (column.name.clone(), column.ordinal));
        Self {
            names: Arc::new(names.collect()),
            columns,
        }
    }
}

/// Takes all that the statement gives.
fn step(
    connection: &rusqlite::Connection,
    statement: &mut Statement<'_>,
    columns: &Columns,
    given: &mut Vec<Given>,
) -> Result<(), Error> {
    let before = connection.total_changes();
    let mut rows = statement.raw_query();
    while let Some(row) = rows.next().map_err(failed)? {
        let mut values = Vec::with_capacity(columns.columns.len());
        for at in 0..columns.columns.len() {
            values.push(value(row, at)?);
        }
        given.push(Either::Right(AnyRow {
            column_names: columns.names.clone(),
            columns: columns.columns.clone(),
            values,
        }));
    }
    drop(rows);
    let rows_affected = if connection.total_changes() == before {
        0
    } else {
        // Without what triggers and foreign keys changed besides.
        connection.changes()
    };
    given.push(Either::Left(AnyQueryResult {
        rows_affected,
        last_insert_id: None,
    }));
    Ok(())
}

fn value(row: &rusqlite::Row<'_>, at: usize) -> Result<AnyValue, Error> {
    let kind = match row.get_ref(at).map_err(failed)? {
        ValueRef::Null => AnyValueKind::Null(AnyTypeInfoKind::Null),
        ValueRef::Integer(value) => AnyValueKind::BigInt(value),
        ValueRef::Real(value) => AnyValueKind::Double(value),
        ValueRef::Text(text) => {
            let text =
                String::from_utf8(text.to_vec()).map_err(|error| Error::Decode(error.into()))?;
            AnyValueKind::Text(Arc::new(text))
        }
        ValueRef::Blob(bytes) => AnyValueKind::Blob(Arc::new(bytes.to_vec())),
    };
    Ok(AnyValue { kind })
}

/// What SQLite says went wrong, as sqlx tells of it.
#[derive(Debug, thiserror::Error)]
#[error("{message} (code {code})")]
struct Failed {
    code: i32,
    message: String,
}

fn failed(error: rusqlite::Error) -> Error {
    match error {
        rusqlite::Error::SqliteFailure(failure, message) => Error::Database(Box::new(Failed {
            code: failure.extended_code,
            message: message.unwrap_or_else(|| failure.to_string()),
        })),
        other => Error::Protocol(other.to_string()),
    }
}

impl DatabaseError for Failed {
    fn message(&self) -> &str {
        &self.message
    }

    fn code(&self) -> Option<std::borrow::Cow<'_, str>> {
        Some(self.code.to_string().into())
    }

    fn as_error(&self) -> &(dyn std::error::Error + Send + Sync + 'static) {
        self
    }

    fn as_error_mut(&mut self) -> &mut (dyn std::error::Error + Send + Sync + 'static) {
        self
    }

    fn into_error(self: Box<Self>) -> Box<dyn std::error::Error + Send + Sync + 'static> {
        self
    }

    fn kind(&self) -> ErrorKind {
        use rusqlite::ffi;
        match self.code {
            ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY => {
                ErrorKind::UniqueViolation
            }
            ffi::SQLITE_CONSTRAINT_FOREIGNKEY => ErrorKind::ForeignKeyViolation,
            ffi::SQLITE_CONSTRAINT_NOTNULL => ErrorKind::NotNullViolation,
            ffi::SQLITE_CONSTRAINT_CHECK => ErrorKind::CheckViolation,
            _ => ErrorKind::Other,
        }
    }
}

/// Whether somebody else holds a lock.
fn is_busy(error: &Error) -> bool {
    let Error::Database(error) = error else {
        return false;
    };
    // Extended codes keep the low byte.
    let code = error.code().and_then(|code| code.parse::<i32>().ok());
    matches!(code.map(|code| code & 0xff), Some(5 | 6))
}

/// The file of a `sqlite:` address.
pub(crate) fn file_of(url: &str) -> Result<PathBuf, Error> {
    let options = SqliteConnectOptions::from_str(url)?;
    Ok(options.get_filename().to_path_buf())
}

/// Does something that may wait, on a thread that may.
pub(crate) async fn waiting<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Error> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|_| Error::WorkerCrashed)
}

/// Connections for statements that read single rows. As many as there are threads that ask at the same moment.
#[derive(Debug, Clone)]
pub(crate) struct SqliteReaders {
    file: Arc<Path>,
    idle: Arc<Mutex<Vec<SqliteConnection>>>,
}

impl SqliteReaders {
    pub(crate) fn new(file: &Path) -> Self {
        Self {
            file: file.into(),
            idle: Arc::default(),
        }
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<SqliteConnection>> {
        // Connections come and go whole.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs it on the thread that asks, unless the database is locked.
    pub(crate) async fn run(&self, asked: Asked) -> Result<Vec<Given>, Error> {
        let idle = self.idle().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => SqliteConnection::open_elsewhere(&self.file).await?,
        };
        let (connection, given) = connection.run_patiently(asked).await?;
        self.idle().push(connection);
        given
    }

    /// Closes those that nobody uses.
    pub(crate) fn close(&self) {
        self.idle().clear();
    }
}

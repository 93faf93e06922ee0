//! A database that commits single rows, one after another.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use sqlx::{Connection, Executor, Row, SqliteConnection, postgres::PgConnection, sqlite};

use crate::failure::{Result, ensure};

/// A row as long as a refresh token's.
const ROW: [u8; 96] = [7; 96];

/// SQLite with WAL and `synchronous = FULL`: rows a second, for so long, over one connection, each in a transaction of its own.
pub(crate) async fn sqlite(file: &Path, duration: Duration) -> Result<f64> {
    let options = sqlite::SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true)
        .journal_mode(sqlite::SqliteJournalMode::Wal)
        .synchronous(sqlite::SqliteSynchronous::Full);
    let mut connection = SqliteConnection::connect_with(&options).await?;
    let synchronous: i64 = sqlx::query("PRAGMA synchronous")
        .fetch_one(&mut connection)
        .await?
        .try_get(0)?;
    ensure(synchronous >= 2, || {
        "SQLite did not switch to synchronous=FULL".to_owned()
    })?;
    connection
        .execute("CREATE TABLE IF NOT EXISTS row (id INTEGER PRIMARY KEY, value BLOB NOT NULL)")
        .await?;
    let mut count = 0;
    let began = Instant::now();
    while began.elapsed() < duration {
        sqlx::query("INSERT INTO row (value) VALUES ($1)")
            .bind(ROW.as_slice())
            .execute(&mut connection)
            .await?;
        count += 1;
    }
    let rate = f64::from(count) / began.elapsed().as_secs_f64();
    connection.close().await?;
    Ok(rate)
}

/// The same with PostgreSQL, whose `synchronous_commit` is on.
pub(crate) async fn postgres(url: &str, duration: Duration) -> Result<f64> {
    let mut connection = PgConnection::connect(url).await?;
    connection
        .execute(
            "SET synchronous_commit = on; \
             CREATE TABLE IF NOT EXISTS bench_row (id BIGSERIAL PRIMARY KEY, value BYTEA NOT NULL)",
        )
        .await?;
    let mut count = 0;
    let began = Instant::now();
    while began.elapsed() < duration {
        sqlx::query("INSERT INTO bench_row (value) VALUES ($1)")
            .bind(ROW.as_slice())
            .execute(&mut connection)
            .await?;
        count += 1;
    }
    let rate = f64::from(count) / began.elapsed().as_secs_f64();
    connection.execute("DROP TABLE bench_row").await?;
    connection.close().await?;
    Ok(rate)
}

/// A database of its own on a server, for one run.
#[derive(Debug)]
pub(crate) struct OwnDatabase {
    server: String,
    name: String,
    pub(crate) url: String,
}

impl OwnDatabase {
    pub(crate) async fn create(server: &str) -> Result<Self> {
        let name = format!("bonin_bench_{}", std::process::id());
        let mut url = url::Url::parse(server)?;
        url.set_path(&name);
        let mut connection = PgConnection::connect(server).await?;
        let create = format!("CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'");
        connection.execute(sqlx::AssertSqlSafe(create)).await?;
        connection.close().await?;
        Ok(Self {
            server: server.to_owned(),
            name,
            url: url.into(),
        })
    }

    pub(crate) async fn drop(self) -> Result<()> {
        let mut connection = PgConnection::connect(&self.server).await?;
        let drop = format!("DROP DATABASE {} WITH (FORCE)", self.name);
        connection.execute(sqlx::AssertSqlSafe(drop)).await?;
        Ok(connection.close().await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn rows_are_committed_one_by_one() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("rows.db");
        assert!(sqlite(&file, Duration::from_millis(20)).await.unwrap() > 0.0);
        let url = format!("sqlite://{}", file.display());
        let mut connection = SqliteConnection::connect(&url).await.unwrap();
        let rows = sqlx::query("SELECT COUNT(*) FROM row").fetch_one(&mut connection);
        assert!(rows.await.unwrap().get::<i64, _>(0) > 0);
    }
}

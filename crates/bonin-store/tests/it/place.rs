//! Where a test's database is: a file in a folder, or a database of its own on a PostgreSQL server.
//!
//! `BONIN_TEST_DATABASE=postgres` says which; the server is that of `BONIN_TEST_POSTGRES`, whose user may make databases.

use std::time::Duration;

use bonin_core::Rules;
use bonin_store::{ConnectOptions, Keyring, Store};
use sqlx::{AnyConnection, AssertSqlSafe, Column, Connection, Row, ValueRef, any::AnyTypeInfoKind};

/// A binary value as the database holds it.
pub struct Blob {
    pub table: String,
    pub column: String,
    pub value: Vec<u8>,
}

pub enum Place {
    Sqlite(tempfile::TempDir),
    Postgres { server: String, name: String },
}

/// Whether the tests run on PostgreSQL.
pub fn on_postgres() -> bool {
    match std::env::var("BONIN_TEST_DATABASE").as_deref() {
        Ok("postgres") => true,
        Ok("sqlite") | Err(_) => false,
        Ok(other) => panic!("BONIN_TEST_DATABASE is {other}: sqlite or postgres"),
    }
}

fn server() -> String {
    std::env::var("BONIN_TEST_POSTGRES")
        .expect("BONIN_TEST_POSTGRES is the address of a server, as scripts/test sets it")
}

async fn connect(url: &str) -> AnyConnection {
    sqlx::any::install_drivers(&[sqlx::sqlite::any::DRIVER, sqlx::postgres::any::DRIVER]).ok();
    AnyConnection::connect(url).await.unwrap()
}

async fn run(url: &str, sql: String) {
    let mut connection = connect(url).await;
    sqlx::raw_sql(AssertSqlSafe(sql))
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
}

fn new_name() -> String {
    let mut bytes = [0u8; 8];
    aws_lc_rs::rand::fill(&mut bytes).unwrap();
    format!("bonin_test_{:016x}", u64::from_be_bytes(bytes))
}

impl Place {
    /// An empty database.
    pub async fn new() -> Self {
        if !on_postgres() {
            return Self::Sqlite(tempfile::tempdir().unwrap());
        }
        let (server, name) = (server(), new_name());
        run(
            &server,
            format!("CREATE DATABASE {name} TEMPLATE template0"),
        )
        .await;
        Self::Postgres { server, name }
    }

    /// Its address.
    pub fn url(&self) -> String {
        match self {
            Self::Sqlite(folder) => format!("sqlite://{}/bonin.db", folder.path().display()),
            Self::Postgres { server, name } => {
                let (before, _) = server.rsplit_once('/').unwrap();
                format!("{before}/{name}")
            }
        }
    }

    /// Opens it with these keys.
    pub async fn open(&self, keys: &str) -> Store {
        self.open_with(Keyring::parse(keys).unwrap()).await
    }

    pub async fn open_with(&self, keyring: Keyring) -> Store {
        let options = ConnectOptions {
            create: true,
            connections: 4,
            acquire_timeout: Duration::from_secs(10),
            ..ConnectOptions::default()
        };
        Store::connect(&self.url(), keyring, Rules::default(), &options)
            .await
            .unwrap()
    }

    /// A connection of somebody who is not Bonin.
    pub async fn stranger(&self) -> AnyConnection {
        connect(&self.url()).await
    }

    /// The same data in a database of its own. Nobody may have this one open.
    pub async fn copy(&self) -> Self {
        match self {
            Self::Sqlite(folder) => {
                let copy = tempfile::tempdir().unwrap();
                for file in std::fs::read_dir(folder.path()).unwrap() {
                    let file = file.unwrap();
                    std::fs::copy(file.path(), copy.path().join(file.file_name())).unwrap();
                }
                Self::Sqlite(copy)
            }
            Self::Postgres { server, name } => {
                let copy = new_name();
                run(server, format!("CREATE DATABASE {copy} TEMPLATE {name}")).await;
                Self::Postgres {
                    server: server.clone(),
                    name: copy,
                }
            }
        }
    }

    async fn tables(&self, connection: &mut AnyConnection) -> Vec<String> {
        let sql = match self {
            Self::Sqlite(_) => "SELECT name FROM sqlite_master WHERE type = 'table'",
            Self::Postgres { .. } => {
                "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'"
            }
        };
        let rows = sqlx::query(sql).fetch_all(connection).await.unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    }

    /// Every binary value in every table.
    pub async fn blobs(&self) -> Vec<Blob> {
        let mut connection = self.stranger().await;
        let mut blobs = Vec::new();
        for table in self.tables(&mut connection).await {
            if table.starts_with("_sqlx") {
                continue;
            }
            let sql = format!("SELECT * FROM {table}");
            let rows = sqlx::query(AssertSqlSafe(sql));
            for row in rows.fetch_all(&mut connection).await.unwrap() {
                for (at, column) in row.columns().iter().enumerate() {
                    let raw = row.try_get_raw(at).unwrap();
                    // Texts would be read as bytes too.
                    if !raw.is_null() && raw.type_info().kind() == AnyTypeInfoKind::Blob {
                        blobs.push(Blob {
                            table: table.clone(),
                            column: column.name().to_owned(),
                            value: row.get(at),
                        });
                    }
                }
            }
        }
        connection.close().await.unwrap();
        blobs
    }

    /// All that a thief would carry away: the files of SQLite as they are, every value of every row of PostgreSQL.
    pub async fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        match self {
            Self::Sqlite(folder) => {
                for file in std::fs::read_dir(folder.path()).unwrap() {
                    bytes.extend(std::fs::read(file.unwrap().path()).unwrap());
                }
            }
            Self::Postgres { .. } => {
                let mut connection = self.stranger().await;
                for table in self.tables(&mut connection).await {
                    let sql = format!("SELECT row_to_json(t)::text FROM {table} t");
                    let rows = sqlx::query(AssertSqlSafe(sql));
                    for row in rows.fetch_all(&mut connection).await.unwrap() {
                        bytes.extend(row.get::<String, _>(0).into_bytes());
                        bytes.push(b'\n');
                    }
                }
                connection.close().await.unwrap();
                bytes.extend(self.blobs().await.into_iter().flat_map(|blob| blob.value));
            }
        }
        bytes
    }

    /// Whether a thief would find this value, wherever it stands.
    pub async fn holds(&self, value: &[u8]) -> bool {
        let bytes = self.bytes().await;
        bytes.windows(value.len()).any(|part| part == value)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Self::Postgres { server, name } = self else {
            return;
        };
        let (server, sql) = (
            server.clone(),
            format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"),
        );
        // The test's own runtime is busy with this very call.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            runtime.unwrap().block_on(run(&server, sql));
        });
        if dropping.join().is_err() {
            use std::io::Write;
            let _ = writeln!(std::io::stderr(), "a test's database was not dropped");
        }
    }
}

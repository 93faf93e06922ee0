//! Which database, and with what keys.

use std::{
    num::NonZeroU32,
    path::{Path, PathBuf},
};

use bonin_core::Rules;
use bonin_store::{ConnectOptions, Keyring, Obstacle, Store, StoreError};
use clap::Args;
use jiff::Timestamp;

use crate::{
    data_folder::{self, Found, database_file_in},
    database_url::{DatabaseUrl, Secrecy},
    failure::Failure,
    keys::{KEY_VARIABLE, KeySource},
    settings::Span,
};

/// Where the database is, and the keys that its fields are sealed with.
#[derive(Debug, Args)]
#[command(next_help_heading = "Database")]
pub(crate) struct DatabaseArgs {
    /// A configuration file (TOML): every setting is a line of it.
    #[arg(long, env = "BONIN_CONFIG", value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// The database: sqlite:///var/lib/bonin/bonin.db, or postgres://bonin@db.example.com/bonin?sslmode=verify-full.
    // Help would show what the variable holds.
    #[arg(
        long,
        env = "BONIN_DATABASE",
        value_name = "URL",
        hide_env_values = true
    )]
    pub(crate) database: Option<DatabaseUrl>,
    /// A file with the password for PostgreSQL, so that it does not stand in the address.
    #[arg(long, env = "BONIN_DATABASE_PASSWORD_FILE", value_name = "FILE")]
    pub(crate) database_password_file: Option<PathBuf>,
    /// PostgreSQL: how many connections this process holds at the most. [default: 16]
    #[arg(long, env = "BONIN_DATABASE_CONNECTIONS", value_name = "COUNT")]
    pub(crate) database_connections: Option<NonZeroU32>,
    /// How long to wait for a connection to the database. [default: 10s]
    #[arg(long, env = "BONIN_DATABASE_TIMEOUT", value_name = "TIME")]
    pub(crate) database_timeout: Option<Span>,
    /// PostgreSQL: how long one statement may take, or wait for a lock. [default: 30s]
    #[arg(long, env = "BONIN_DATABASE_STATEMENT_TIMEOUT", value_name = "TIME")]
    pub(crate) database_statement_timeout: Option<Span>,
    /// The file with the keys, one `number:base64` a line. The variable BONIN_KEY may hold them instead.
    #[arg(long, env = "BONIN_KEY_FILE", value_name = "FILE")]
    pub(crate) key_file: Option<PathBuf>,
    /// A command that prints the keys, such as a vault's. It counts before --key-file.
    #[arg(long, env = "BONIN_KEY_COMMAND", value_name = "COMMAND")]
    pub(crate) key_command: Option<String>,
    /// A folder with the database and its key, where neither is set. `serve` and `migrate` make both in an empty one.
    #[arg(long, env = "BONIN_DATA", value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
}

/// The database of a data folder.
pub(crate) fn database_in(folder: &Path) -> Result<DatabaseUrl, Failure> {
    DatabaseUrl::of_file(&database_file_in(folder))
}

/// The key file of a data folder.
pub(crate) fn key_file_in(folder: &Path) -> PathBuf {
    folder.join("bonin.key")
}

/// Writes a new file that only its owner can read.
pub(crate) fn write_private(file: &Path, text: &str) -> Result<(), Failure> {
    use std::io::Write;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
        .open(file)
        .and_then(|mut open| {
            open.write_all(text.as_bytes())
                .and_then(|()| open.sync_all())
        })
        .map_err(Failure::while_doing(format!(
            "cannot write {}",
            file.display()
        )))
}

impl DatabaseArgs {
    /// This database with the keys of this file, everything else by default.
    pub(crate) fn of(database: DatabaseUrl, key_file: PathBuf) -> Self {
        Self {
            config: None,
            database: Some(database),
            database_password_file: None,
            database_connections: None,
            database_timeout: None,
            database_statement_timeout: None,
            key_file: Some(key_file),
            key_command: None,
            data: None,
        }
    }

    /// Another database with the same keys.
    pub(crate) fn instead(&self, database: DatabaseUrl) -> Self {
        Self {
            key_file: self.key_file.clone(),
            key_command: self.key_command.clone(),
            data: self.data.clone(),
            ..Self::of(database, PathBuf::new())
        }
    }

    /// The data folder, where it alone says where database and key are.
    fn folder(&self) -> Option<&Path> {
        let folder = self.data.as_deref()?;
        let all_of_it = self.database.is_none()
            && self.key_file.is_none()
            && self.key_command.is_none()
            && std::env::var_os(KEY_VARIABLE).is_none();
        all_of_it.then_some(folder)
    }

    /// The folder that private files of this installation belong into: the one of the database's file, or the data folder.
    pub(crate) fn private_folder(&self) -> Option<PathBuf> {
        let file = self.database.as_ref().and_then(DatabaseUrl::file);
        file.and_then(|file| file.parent().map(Path::to_owned))
            .or_else(|| self.data.clone())
    }

    /// The database's file.
    pub(crate) fn database_file(&self) -> Option<PathBuf> {
        match (&self.database, &self.data) {
            (Some(url), _) => url.file(),
            (None, Some(folder)) => Some(database_file_in(folder)),
            (None, None) => None,
        }
    }

    /// Where the keys come from.
    pub(crate) fn key_source(&self) -> Option<KeySource> {
        let in_folder = || self.data.as_deref().map(key_file_in);
        KeySource::of(
            self.key_command.as_deref(),
            self.key_file.clone().or_else(in_folder),
        )
    }

    /// The key's file, where the key is in one.
    pub(crate) fn key_file(&self) -> Option<PathBuf> {
        Some(self.key_source()?.file()?.to_owned())
    }

    /// Makes database and key in a data folder that holds neither, and says which folder that was.
    pub(crate) async fn first_start(
        &self,
        rules: Rules,
    ) -> Result<Option<(&Path, Store)>, Failure> {
        let Some(folder) = self.folder() else {
            return Ok(None);
        };
        if data_folder::look(folder)? != Found::Nothing {
            return Ok(None);
        }
        data_folder::begin(folder)?;
        let store = self.connect(rules, true).await?;
        store.migrate(Timestamp::now()).await?;
        Ok(Some((folder, store)))
    }

    /// Who else could read what goes to the database and back.
    pub(crate) fn secrecy(&self) -> Option<Secrecy> {
        self.database.as_ref()?.secrecy()
    }

    fn url(&self) -> Result<DatabaseUrl, Failure> {
        match (&self.database, &self.data) {
            (Some(url), _) => Ok(url.clone()),
            (None, Some(folder)) => database_in(folder),
            (None, None) => Err(Failure::new(
                "no database is set; give --data DIR for a folder with a database and its key, or --database sqlite:///path/to/bonin.db or postgres://bonin@db.example.com/bonin, or BONIN_DATABASE, or `database` in the configuration file",
            )),
        }
    }

    fn options(&self, create: bool) -> ConnectOptions {
        let default = ConnectOptions::default();
        ConnectOptions {
            create,
            connections: self
                .database_connections
                .map_or(default.connections, NonZeroU32::get),
            acquire_timeout: self
                .database_timeout
                .map_or(default.acquire_timeout, Span::duration),
            statement_timeout: self
                .database_statement_timeout
                .map_or(default.statement_timeout, Span::duration),
        }
    }

    fn keyring(&self) -> Result<Keyring, Failure> {
        let source = self.key_source().ok_or_else(|| {
            Failure::new(
                "no key is set; give --data DIR or BONIN_DATA for the gateway's folder, which holds one, or make one with `bonin key generate --out FILE` and give it with --key-file FILE, BONIN_KEY_FILE, BONIN_KEY or --key-command",
            )
        })?;
        source.keyring()
    }

    /// Connects. The schema may still be behind.
    pub(crate) async fn connect(&self, rules: Rules, create: bool) -> Result<Store, Failure> {
        if let Some(folder) = self.folder() {
            match data_folder::look(folder)? {
                Found::DatabaseAlone => return Err(data_folder::no_key(folder)),
                Found::KeyAlone if !create => return Err(data_folder::no_database(folder)),
                Found::Nothing => return Err(data_folder::nothing(folder)),
                Found::KeyAlone | Found::Both => {}
            }
        }
        let keyring = self.keyring()?;
        let url = self.url()?;
        let address = url.complete(self.database_password_file.as_deref())?;
        Store::connect(address.expose(), keyring, rules, &self.options(create))
            .await
            .map_err(|error| cannot_connect(&url, &error, create))
    }

    /// Connects to a database that is there, up to date, and sealed with these keys.
    pub(crate) async fn open(&self, rules: Rules) -> Result<Store, Failure> {
        let store = self.connect(rules, false).await?;
        store.check(Timestamp::now()).await?;
        Ok(store)
    }
}

/// Why not, and what to do about it.
fn cannot_connect(url: &DatabaseUrl, error: &StoreError, create: bool) -> Failure {
    let obstacle = error.obstacle().filter(|_| url.is_postgres());
    let Some(obstacle) = obstacle else {
        return Failure::new(if error.is_transient() && !create && url.is_sqlite() {
            "cannot open the database: there is none, or it is not readable; check `database`, and run `bonin migrate` to make a new one".to_owned()
        } else {
            format!("cannot open the database: {error}; check `database`")
        });
    };
    let why = match obstacle {
        Obstacle::Login => {
            "the server refuses the login; check role and password (`database`, or `database_password_file`), and the server's pg_hba.conf".to_owned()
        }
        Obstacle::NoSuchDatabase => {
            "the server has no such database; make it with CREATE DATABASE … OWNER …, then run `bonin migrate`".to_owned()
        }
        Obstacle::Full => {
            "the server takes no more connections; raise its max_connections, or lower `database_connections`".to_owned()
        }
        Obstacle::Tls(why) => format!(
            "no encrypted connection comes about ({why}); check sslmode and sslrootcert in `database`"
        ),
        Obstacle::NoFile(why) => {
            format!("a file is missing ({why}); check sslrootcert, sslcert and sslkey in `database`, or the folder of the server's socket")
        }
        Obstacle::Unreachable(why) => {
            format!("it cannot be reached ({why}); check host and port in `database`, and that the server runs")
        }
        Obstacle::NotReady => {
            "it did not answer in time, or is starting or stopping; try again".to_owned()
        }
        Obstacle::Unfit(why) => format!("it is of no use: {why}"),
    };
    Failure::new(format!("PostgreSQL, {}: {why}", url.shown()))
}

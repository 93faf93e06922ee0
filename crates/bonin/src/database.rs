//! Which database, and with what keys.

use std::path::{Path, PathBuf};

use bonin_core::Rules;
use bonin_store::{Keyring, Store};
use clap::Args;
use jiff::Timestamp;

use crate::{
    data_folder::{self, Found, database_file_in},
    failure::Failure,
    keys::{KEY_VARIABLE, KeySource},
};

/// Where the database is, and the keys that its fields are sealed with.
#[derive(Debug, Args)]
#[command(next_help_heading = "Database")]
pub(crate) struct DatabaseArgs {
    /// A configuration file (TOML): every setting is a line of it.
    #[arg(long, env = "BONIN_CONFIG", value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// The database, such as sqlite:///var/lib/bonin/bonin.db.
    #[arg(long, env = "BONIN_DATABASE", value_name = "URL")]
    pub(crate) database: Option<String>,
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
pub(crate) fn database_in(folder: &Path) -> Result<String, Failure> {
    let path = std::path::absolute(database_file_in(folder))
        .map_err(Failure::while_doing("cannot find the data folder"))?;
    Ok(format!("sqlite://{}", encoded(&path.to_string_lossy())))
}

/// The file of a database's address.
fn file_of(url: &str) -> Option<PathBuf> {
    let path = url.strip_prefix("sqlite:")?;
    let path = path.strip_prefix("//").unwrap_or(path);
    let path = path.split('?').next().unwrap_or_default();
    let decoded = path
        .replace("%23", "#")
        .replace("%3F", "?")
        .replace("%25", "%");
    (!decoded.is_empty() && !decoded.starts_with(':')).then(|| PathBuf::from(decoded))
}

/// A path may hold what means something else in a URL.
fn encoded(path: &str) -> String {
    path.replace('%', "%25")
        .replace('?', "%3F")
        .replace('#', "%23")
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
    /// The data folder, where it alone says where database and key are.
    fn folder(&self) -> Option<&Path> {
        let folder = self.data.as_deref()?;
        let all_of_it = self.database.is_none()
            && self.key_file.is_none()
            && self.key_command.is_none()
            && std::env::var_os(KEY_VARIABLE).is_none();
        all_of_it.then_some(folder)
    }

    /// The folder that private files of this installation belong into: the data folder, or the database's.
    pub(crate) fn private_folder(&self) -> Option<PathBuf> {
        match (&self.database, &self.data) {
            (Some(url), _) => file_of(url).and_then(|file| file.parent().map(Path::to_owned)),
            (None, Some(folder)) => Some(folder.clone()),
            (None, None) => None,
        }
    }

    /// The database's file.
    pub(crate) fn database_file(&self) -> Option<PathBuf> {
        match (&self.database, &self.data) {
            (Some(url), _) => file_of(url),
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

    fn url(&self) -> Result<String, Failure> {
        let url = match (&self.database, &self.data) {
            (Some(url), _) => url.clone(),
            (None, Some(folder)) => database_in(folder)?,
            (None, None) => {
                return Err(Failure::new(
                    "no database is set; give --data DIR for a folder with a database and its key, or --database sqlite:///path/to/bonin.db, or BONIN_DATABASE, or `database` in the configuration file",
                ));
            }
        };
        if !url.starts_with("sqlite:") {
            return Err(Failure::new(
                "the database must be a sqlite: address, such as sqlite:///var/lib/bonin/bonin.db; PostgreSQL comes in a later version",
            ));
        }
        Ok(url)
    }

    fn keyring(&self) -> Result<Keyring, Failure> {
        let source = self.key_source().ok_or_else(|| {
            Failure::new(
                "no key is set; make one with `bonin key generate --out FILE` and give it with --key-file FILE, BONIN_KEY_FILE, BONIN_KEY or --key-command",
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
        Store::connect(&url, keyring, rules, create)
            .await
            .map_err(|error| {
                Failure::new(if error.is_transient() && !create {
                    "cannot open the database: there is none, or it is not readable; check `database`, and run `bonin migrate` to make a new one".to_owned()
                } else {
                    format!("cannot open the database: {error}; check `database`")
                })
            })
    }

    /// Connects to a database that is there, up to date, and sealed with these keys.
    pub(crate) async fn open(&self, rules: Rules) -> Result<Store, Failure> {
        let store = self.connect(rules, false).await?;
        store.check(Timestamp::now()).await?;
        Ok(store)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_found_again_in_its_address() {
        let file = Path::new("/var/lib/bo#nin 100%3F?/bonin.db");
        let url = database_in(file.parent().unwrap()).unwrap();
        assert_eq!(file_of(&url).as_deref(), Some(file));
        assert_eq!(
            file_of(&format!("{url}?cache=shared")).as_deref(),
            Some(file)
        );
        assert_eq!(
            file_of("sqlite:bonin.db").as_deref(),
            Some(Path::new("bonin.db"))
        );
        assert_eq!(file_of("sqlite::memory:"), None);
        assert_eq!(file_of("postgres://localhost/bonin"), None);
    }
}

//! The folder that holds a database and, beside it, its key: what `--data` names.

use std::path::{Path, PathBuf};

use bonin_store::Keyring;

use crate::{
    database::{database_in, key_file_in, write_private},
    failure::Failure,
};

/// What stands in such a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    /// Neither: the first start.
    Nothing,
    /// A key whose database is missing, or was never made.
    KeyAlone,
    /// A database whose key is missing: nobody can read it.
    DatabaseAlone,
    /// Both.
    Both,
}

/// Looks.
pub(crate) fn look(folder: &Path) -> Result<Found, Failure> {
    let is_there = |file: PathBuf| {
        file.try_exists().map_err(Failure::while_doing(format!(
            "cannot look for {}",
            file.display()
        )))
    };
    Ok(
        match (
            is_there(database_file_in(folder))?,
            is_there(key_file_in(folder))?,
        ) {
            (false, false) => Found::Nothing,
            (false, true) => Found::KeyAlone,
            (true, false) => Found::DatabaseAlone,
            (true, true) => Found::Both,
        },
    )
}

/// The database's file.
pub(crate) fn database_file_in(folder: &Path) -> PathBuf {
    folder.join("bonin.db")
}

/// Makes the folder where there is none, and a key in it. Its database is made next, by connecting and migrating.
pub(crate) fn begin(folder: &Path) -> Result<(), Failure> {
    std::fs::create_dir_all(folder).map_err(Failure::while_doing(format!(
        "cannot make the folder {}",
        folder.display()
    )))?;
    let key = Keyring::generate(1).map_err(Failure::while_doing("a key cannot be made"))?;
    // Fails where another process has just made one.
    write_private(&key_file_in(folder), &format!("{}\n", key.expose()))
}

/// A key is never made beside a database that is there: it would not open it, and would look as if it did.
pub(crate) fn no_key(folder: &Path) -> Failure {
    Failure::new(format!(
        "{} has no key file {}; put the key back that the database was made with, since no other can read it",
        database_in(folder).map_or_else(|_| "the database".to_owned(), |url| url.shown()),
        key_file_in(folder).display()
    ))
}

/// A key alone may be what is left of a database that was lost.
pub(crate) fn no_database(folder: &Path) -> Failure {
    Failure::new(format!(
        "{} holds a key but no database; put the database back, or run `bonin migrate --data {}` to begin a new one with this key",
        folder.display(),
        folder.display()
    ))
}

/// Only `serve` and `migrate` make something of nothing.
pub(crate) fn nothing(folder: &Path) -> Failure {
    Failure::new(format!(
        "there is no database in {}; check `data`, or run `bonin migrate --data {}` to make a new one",
        folder.display(),
        folder.display()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_begun_once_and_its_key_is_its_owners_alone() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("new");
        assert_eq!(look(&folder).unwrap(), Found::Nothing);
        begin(&folder).unwrap();
        assert_eq!(look(&folder).unwrap(), Found::KeyAlone);
        let key = std::fs::read(key_file_in(&folder)).unwrap();
        assert!(begin(&folder).is_err());
        assert_eq!(std::fs::read(key_file_in(&folder)).unwrap(), key);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(key_file_in(&folder)).unwrap();
            assert_eq!(mode.permissions().mode() & 0o777, 0o600);
        }
        std::fs::write(database_file_in(&folder), "").unwrap();
        assert_eq!(look(&folder).unwrap(), Found::Both);
        std::fs::remove_file(key_file_in(&folder)).unwrap();
        assert_eq!(look(&folder).unwrap(), Found::DatabaseAlone);
        assert!(no_key(&folder).to_string().contains("bonin.key"));
    }
}

//! Where the keys come from: a variable, a file, or what a command prints.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use bonin_core::Redacted;
use bonin_store::{Keyring, KeyringError};

use crate::failure::Failure;

/// The variable that holds the keys themselves. There is no flag for it: others on the machine can read command lines.
pub(crate) const KEY_VARIABLE: &str = "BONIN_KEY";

/// Where the keys come from.
#[derive(Debug, Clone)]
pub(crate) enum KeySource {
    /// The variable, as it was when the process began.
    Variable,
    /// A file.
    File(PathBuf),
    /// What a command prints, such as the one of a vault.
    Command(String),
}

impl KeySource {
    /// The one that is set: the variable counts first, then the command, then the file.
    pub(crate) fn of(command: Option<&str>, file: Option<PathBuf>) -> Option<Self> {
        if std::env::var_os(KEY_VARIABLE).is_some() {
            return Some(Self::Variable);
        }
        let command = command.map(|command| Self::Command(command.to_owned()));
        command.or_else(|| file.map(Self::File))
    }

    /// The file, where the keys are in one.
    pub(crate) fn file(&self) -> Option<&Path> {
        match self {
            Self::File(file) => Some(file),
            Self::Variable | Self::Command(_) => None,
        }
    }

    /// The keys as they are now, and again whenever the database speaks of one that was not among them.
    pub(crate) fn keyring(&self) -> Result<Keyring, Failure> {
        let keyring = self.read()?;
        let again = self.clone();
        Ok(keyring.reading_again(move || {
            again.read().map_err(|error| {
                tracing::error!(%error, "the keys could not be read again");
                KeyringError::Empty
            })
        }))
    }

    fn read(&self) -> Result<Keyring, Failure> {
        Keyring::parse(self.text()?.expose())
            .map_err(Failure::while_doing("the key cannot be used"))
    }

    fn text(&self) -> Result<Redacted, Failure> {
        match self {
            Self::Variable => std::env::var(KEY_VARIABLE).map(Redacted::new).map_err(|_| {
                Failure::new(
                    "BONIN_KEY is not text; it holds keys as `bonin key generate` prints them",
                )
            }),
            Self::File(file) => {
                std::fs::read_to_string(file)
                    .map(Redacted::new)
                    .map_err(Failure::while_doing(format!(
                        "cannot read the key file {}",
                        file.display()
                    )))
            }
            Self::Command(command) => printed_by(command),
        }
    }
}

/// What a command prints. It is run by the shell, as an operator would.
fn printed_by(command: &str) -> Result<Redacted, Failure> {
    let output = Command::new("sh")
        .args(["-c", command])
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(Failure::while_doing("key_command cannot be run"))?;
    if !output.status.success() {
        return Err(Failure::new(format!(
            "key_command failed ({}); it must print the keys and end with status 0",
            output.status
        )));
    }
    String::from_utf8(output.stdout)
        .map(Redacted::new)
        .map_err(|_| Failure::new("key_command did not print text; it must print the keys as `bonin key generate` does"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "7:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

    #[test]
    fn keys_come_from_what_a_command_prints() {
        let source = KeySource::Command(format!("echo '# from the vault'; echo {KEY}"));
        assert_eq!(source.keyring().unwrap().key_ids(), [7]);
        assert_eq!(source.file(), None);
    }

    #[test]
    fn a_command_that_fails_or_prints_no_key_is_told_without_what_it_printed() {
        for (command, told) in [
            ("echo secret; exit 3", "status: 3"),
            ("echo secret", "line 1"),
            ("true", "no key"),
        ] {
            let error = KeySource::Command(command.into()).keyring().unwrap_err();
            let error = error.to_string();
            assert!(error.contains(told) && !error.contains("secret"), "{error}");
        }
    }

    #[test]
    fn a_file_is_read_again_when_it_has_changed() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("bonin.key");
        std::fs::write(&file, KEY).unwrap();
        let source = KeySource::File(file.clone());
        assert_eq!(source.keyring().unwrap().key_ids(), [7]);
        std::fs::remove_file(&file).unwrap();
        assert!(source.keyring().is_err());
    }
}

//! Where the keys come from: a variable, a file, or what a command prints.

use std::{
    io::Read,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc,
    time::{Duration, Instant},
};

use bonin_core::Redacted;
use bonin_store::{Keyring, KeyringError};

use crate::failure::Failure;

/// The variable that holds the keys themselves. There is no flag for it: others on the machine can read command lines.
pub(crate) const KEY_VARIABLE: &str = "BONIN_KEY";

/// How long a command may take when the gateway runs. At the start it may take longer: somebody may be asked for a password.
const TIME_TO_PRINT: Duration = Duration::from_secs(10);

/// How much a command may print: some hundreds of keys.
const MAX_PRINTED: u64 = 64 * 1024;

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
        let keyring = self.read(None)?;
        let again = self.clone();
        Ok(keyring.reading_again(move || {
            again.read(Some(TIME_TO_PRINT)).map_err(|error| {
                tracing::error!(%error, "the keys could not be read again");
                KeyringError::Empty
            })
        }))
    }

    fn read(&self, within: Option<Duration>) -> Result<Keyring, Failure> {
        Keyring::parse(self.text(within)?.expose())
            .map_err(Failure::while_doing("the key cannot be used"))
    }

    fn text(&self, within: Option<Duration>) -> Result<Redacted, Failure> {
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
            Self::Command(command) => printed_by(command, within),
        }
    }
}

/// What a command prints. It is run by the shell, as an operator would. One that takes longer than it may is killed, with
/// whatever it began.
fn printed_by(command: &str, within: Option<Duration>) -> Result<Redacted, Failure> {
    let deadline = within.map(|within| Instant::now() + within);
    let mut shell = Command::new("sh");
    shell
        .args(["-c", command])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit());
    #[cfg(unix)]
    if within.is_some() {
        // A group of its own, to be killed as one. Without a limit it stays in the terminal's, where it may ask for something.
        std::os::unix::process::CommandExt::process_group(&mut shell, 0);
    }
    let cannot = || Failure::while_doing("key_command cannot be run");
    let mut child = shell.spawn().map_err(cannot())?;
    let printed = read_from(&mut child, deadline).and_then(|printed| {
        let ended = ended_by(&mut child, deadline).map_err(cannot())?;
        let status = ended.ok_or_else(too_slow)?;
        if status.success() {
            return Ok(printed);
        }
        Err(Failure::new(format!(
            "key_command failed ({status}); it must print the keys and end with status 0"
        )))
    });
    if printed.is_err() {
        end(&mut child, within.is_some());
    }
    printed
}

fn too_slow() -> Failure {
    Failure::new(format!(
        "key_command did not end within {} seconds; it must print the keys sooner",
        TIME_TO_PRINT.as_secs()
    ))
}

/// All that it prints, on a thread of its own: a pipe cannot be read until a moment.
fn read_from(child: &mut Child, deadline: Option<Instant>) -> Result<Redacted, Failure> {
    let nothing = || Failure::new("key_command cannot be run: what it prints cannot be read");
    let stdout = child.stdout.take().ok_or_else(nothing)?;
    let (told, heard) = mpsc::channel();
    std::thread::spawn(move || {
        let mut text = String::new();
        let read = stdout.take(MAX_PRINTED + 1).read_to_string(&mut text);
        // Nobody listens any more where it took too long.
        let _ = told.send(read.map(|_| Redacted::new(text)));
    });
    let read = match deadline {
        None => heard.recv().map_err(|_| nothing())?,
        Some(deadline) => heard
            .recv_timeout(deadline.saturating_duration_since(Instant::now()))
            .map_err(|_| too_slow())?,
    };
    let text = read.map_err(|_| {
        Failure::new(
            "key_command did not print text; it must print the keys as `bonin key generate` does",
        )
    })?;
    if text.expose().len() as u64 > MAX_PRINTED {
        return Err(Failure::new(format!(
            "key_command printed more than {MAX_PRINTED} bytes; it must print the keys and nothing else"
        )));
    }
    Ok(text)
}

/// How it ended; `None` where it did not in time.
fn ended_by(
    child: &mut Child,
    deadline: Option<Instant>,
) -> std::io::Result<Option<std::process::ExitStatus>> {
    let Some(deadline) = deadline else {
        return child.wait().map(Some);
    };
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() >= deadline {
            return Ok(None);
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Ends a command that is of no use any more. It may have ended by itself.
fn end(child: &mut Child, group: bool) {
    #[cfg(unix)]
    if let Some(pid) = i32::try_from(child.id())
        .ok()
        .filter(|_| group)
        .and_then(rustix::process::Pid::from_raw)
    {
        let _ = rustix::process::kill_process_group(pid, rustix::process::Signal::KILL);
    }
    let _ = child.kill();
    let _ = child.wait();
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
    fn a_command_that_takes_too_long_is_killed_with_what_it_began() {
        let folder = tempfile::tempdir().unwrap();
        let late = folder.path().join("late");
        let command = format!("(sleep 2; touch '{}') & sleep 60", late.display());
        let began = Instant::now();
        let error = printed_by(&command, Some(Duration::from_millis(300))).unwrap_err();
        assert!(began.elapsed() < Duration::from_secs(2));
        assert!(error.to_string().contains("did not end"), "{error}");
        std::thread::sleep(Duration::from_secs(3));
        assert!(!late.exists());
        // One that prints at once but stays is no better.
        let command = format!("echo {KEY}; exec >&-; sleep 60");
        let error = printed_by(&command, Some(Duration::from_millis(300))).unwrap_err();
        assert!(error.to_string().contains("did not end"), "{error}");
    }

    #[test]
    fn a_command_that_prints_without_end_is_ended() {
        for within in [None, Some(TIME_TO_PRINT)] {
            let error = printed_by("yes", within).unwrap_err();
            assert!(error.to_string().contains("more than 65536"), "{error}");
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

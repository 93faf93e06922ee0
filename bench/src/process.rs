//! Processes: started, waited for, looked at through `/proc`, ended.

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use rustix::{
    process::{Pid, Signal, kill_process},
    time::{ClockId, clock_gettime},
};
use serde_json::Value;

use crate::failure::{Doing, Failure, Result, ensure};

/// How long something may take to be ready or to end.
const PATIENCE: Duration = Duration::from_secs(60);

/// A program of ours that runs. It ends with this value.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    what: String,
    log: Option<PathBuf>,
}

/// Resident memory.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Memory {
    /// Now, in bytes.
    pub(crate) now: u64,
    /// The most there ever was.
    pub(crate) most: u64,
}

/// A command that sees none of Bonin's settings of whoever runs the tool.
pub(crate) fn command(program: &Path) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("BONIN_") {
            command.env_remove(name);
        }
    }
    command.stdin(Stdio::null());
    command
}

impl Process {
    /// Starts it. What it logs goes to a file where one is named, otherwise nowhere: it is formatted all the same.
    pub(crate) fn start(mut command: Command, what: &str, log: Option<&Path>) -> Result<Self> {
        let stderr = match log {
            Some(file) => fs::File::create(file)?.into(),
            None => Stdio::null(),
        };
        let child = command
            .stdout(Stdio::null())
            .stderr(stderr)
            .spawn()
            .doing(format!("cannot start {what}"))?;
        Ok(Self {
            child,
            what: what.to_owned(),
            log: log.map(Path::to_owned),
        })
    }

    /// Waits for the file that it writes once it is ready, and reads it. It is renamed into place, so it is whole.
    pub(crate) async fn ready(&mut self, file: &Path) -> Result<Value> {
        let end = Instant::now() + PATIENCE;
        loop {
            match fs::read(file) {
                Ok(bytes) => return Ok(serde_json::from_slice(&bytes)?),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => return Err(error.into()),
            }
            if let Some(status) = self.child.try_wait()? {
                let hint = match &self.log {
                    Some(log) => fs::read_to_string(log).unwrap_or_default(),
                    None => "; --logs FOLDER keeps what it says".to_owned(),
                };
                let what = &self.what;
                return Err(Failure::new(format!("{what} ended ({status}){hint}")));
            }
            ensure(Instant::now() < end, || {
                format!("{} does not get ready", self.what)
            })?;
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// The processor time that it has taken so far, all threads together, those that ended among them.
    pub(crate) fn cpu(&self) -> Result<Duration> {
        let file = format!("/proc/{}/stat", self.id());
        cpu_of(&fs::read_to_string(file)?).ok_or_else(|| Failure::new("/proc/PID/stat is odd"))
    }

    pub(crate) fn memory(&self) -> Result<Memory> {
        let file = format!("/proc/{}/status", self.id());
        memory_of(&fs::read_to_string(file)?).ok_or_else(|| Failure::new("/proc/PID/status is odd"))
    }

    /// Ends it as an operator would.
    pub(crate) async fn stop(mut self) -> Result<()> {
        if let Some(pid) = Pid::from_raw(self.id().cast_signed()) {
            kill_process(pid, Signal::TERM)?;
        }
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait()? {
                return ensure(status.success(), || {
                    format!("{} ended badly ({status})", self.what)
                });
            }
            ensure(Instant::now() < end, || {
                format!("{} does not end", self.what)
            })?;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Whether it had ended already does not matter any more.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// `utime` and `stime` of `/proc/PID/stat`. The name before them may hold anything, brackets and spaces too.
fn cpu_of(stat: &str) -> Option<Duration> {
    let (_, after) = stat.rsplit_once(')')?;
    let mut fields = after.split_ascii_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    let ticks = rustix::param::clock_ticks_per_second();
    Some(Duration::from_nanos(
        (user + system) * 1_000_000_000 / ticks,
    ))
}

fn memory_of(status: &str) -> Option<Memory> {
    let of = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
        Some(kibibytes * 1024)
    };
    Some(Memory {
        now: of("VmRSS:")?,
        most: of("VmHWM:")?,
    })
}

/// The processor time that this tool has taken.
pub(crate) fn own_cpu() -> Duration {
    of_clock(ClockId::ProcessCPUTime)
}

/// The processor time that this thread has taken.
pub(crate) fn thread_cpu() -> Duration {
    of_clock(ClockId::ThreadCPUTime)
}

fn of_clock(clock: ClockId) -> Duration {
    Duration::try_from(clock_gettime(clock)).unwrap_or_default()
}

/// Runs a command to its end and gives what it printed.
pub(crate) fn output<I: AsRef<OsStr>>(
    mut command: Command,
    args: impl IntoIterator<Item = I>,
) -> Result<Vec<u8>> {
    let output = command.args(args).output()?;
    ensure(output.status.success(), || {
        let said = String::from_utf8_lossy(&output.stderr);
        format!("{} failed: {}", shown(&command), said.trim())
    })?;
    Ok(output.stdout)
}

/// A command as it was typed. How it prints itself tells its environment, too, which has keys and passwords in it.
fn shown(command: &Command) -> String {
    std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(OsStr::to_string_lossy)
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_that_fails_is_named_without_its_environment() {
        let mut command = Command::new("false");
        command.env("BONIN_KEY", "1:a-secret");
        let failure = output(command, ["key", "list"]).unwrap_err().to_string();
        assert!(failure.starts_with("false key list failed"), "{failure}");
    }

    #[test]
    fn processor_time_is_found_behind_any_name() {
        let ticks = rustix::param::clock_ticks_per_second();
        let stat = format!(
            "7 (a ) b) S 1 7 7 0 -1 4194560 1 0 0 0 {} {} 0 0 20 0 3 0 5 6 7",
            2 * ticks,
            ticks
        );
        assert_eq!(cpu_of(&stat), Some(Duration::from_secs(3)));
        assert_eq!(cpu_of("7 (a) S 1"), None);
    }

    #[test]
    fn memory_is_read_in_bytes() {
        let status = "Name:\tbonin\nVmHWM:\t   3000 kB\nVmRSS:\t   2048 kB\n";
        let memory = memory_of(status).unwrap();
        assert_eq!((memory.now, memory.most), (2 << 20, 3000 * 1024));
        assert!(memory_of("Name:\tbonin\n").is_none());
    }

    #[test]
    fn this_process_has_used_some_processor_time() {
        assert!(own_cpu() >= thread_cpu());
        assert!(thread_cpu() > Duration::ZERO);
    }
}

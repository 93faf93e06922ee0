//! Administration from the shell.

pub(crate) mod audit;
pub(crate) mod channel;
pub(crate) mod erase;
mod input;
pub(crate) mod key;
mod key_file;
pub(crate) mod secret;
pub(crate) mod store;
pub(crate) mod user;
pub(crate) mod verification;
pub(crate) mod webhook;

use std::io::Write;

use bonin_core::Rules;
use bonin_gateway::{
    GatewayConfig, KcpConfig,
    admin::{Admin, Administrator},
};
use bonin_store::{Actor, ActorKind, Role};
use clap::Args;
use serde_json::Value;

use crate::{database::DatabaseArgs, failure::Failure};

/// What every administrative command takes.
#[derive(Debug, Args)]
pub(crate) struct AdminArgs {
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

impl AdminArgs {
    /// The use cases over the database, for whoever runs the command.
    pub(crate) async fn open(&self) -> Result<Shell, Failure> {
        self.open_with(&GatewayConfig::default().kcp, None).await
    }

    /// The same, for what speaks to KCP or tells of the way back from it.
    pub(crate) async fn open_with(
        &self,
        kcp: &KcpConfig,
        public_url: Option<&str>,
    ) -> Result<Shell, Failure> {
        let store = self.database.open(Rules::default()).await?;
        Ok(Shell {
            admin: Admin::new(store, kcp, public_url)?,
            who: administrator(),
        })
    }
}

/// The use cases that console and shell share, and who uses them.
pub(crate) struct Shell {
    pub(crate) admin: Admin,
    pub(crate) who: Administrator,
}

/// Whoever runs the command holds the database's keys, and may do everything.
pub(crate) fn administrator() -> Administrator {
    Administrator {
        actor: actor(),
        role: Role::Owner,
    }
}

/// Whoever runs the command, for the audit.
fn actor() -> Actor {
    let name = std::env::var("USER").unwrap_or_else(|_| "shell".to_owned());
    Actor {
        kind: ActorKind::Shell,
        id: user_id(),
        name,
        origin: machine(),
    }
}

#[cfg(unix)]
fn user_id() -> String {
    format!("uid:{}", rustix::process::getuid().as_raw())
}

#[cfg(not(unix))]
fn user_id() -> String {
    "shell".to_owned()
}

/// The machine's name.
#[cfg(unix)]
fn machine() -> String {
    let system = rustix::system::uname();
    let name = system.nodename().to_string_lossy();
    if name.is_empty() {
        "shell".to_owned()
    } else {
        name.into_owned()
    }
}

#[cfg(not(unix))]
fn machine() -> String {
    std::env::var("COMPUTERNAME").unwrap_or_else(|_| "shell".to_owned())
}

/// Names and values, one a line, the values under each other.
pub(crate) fn facts(facts: &[(&str, String)]) -> String {
    let width = facts.iter().map(|(name, _)| name.len()).max();
    let width = width.unwrap_or_default();
    let lines = facts.iter().map(|(name, value)| {
        let value = value.replace('\n', &format!("\n{:width$}  ", ""));
        format!("{name:width$}  {value}").trim_end().to_owned()
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// A list as one value: each entry on its own line.
pub(crate) fn several(entries: &[String]) -> String {
    if entries.is_empty() {
        "-".to_owned()
    } else {
        entries.join("\n")
    }
}

/// What may be missing.
pub(crate) fn or_dash(value: Option<impl ToString>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}

/// How a command answers.
#[derive(Debug, Args)]
pub(crate) struct OutputArgs {
    /// Print JSON for machines.
    #[arg(long)]
    json: bool,
}

impl OutputArgs {
    /// Prints an answer: JSON, or lines for people.
    pub(crate) fn print(&self, json: &Value, lines: &str) -> Result<(), Failure> {
        let text = if self.json {
            serde_json::to_string_pretty(json)
                .map_err(Failure::while_doing("the answer cannot be printed"))?
        } else {
            lines.trim_end().to_owned()
        };
        print_line(&text)
    }

    /// Prints an answer for machines alone, before a failure is told to people.
    pub(crate) fn print_json(&self, json: &Value) -> Result<(), Failure> {
        if self.json {
            self.print(json, "")
        } else {
            Ok(())
        }
    }
}

/// Prints to standard output. A reader that has seen enough (`| head -n 1`) is no failure.
pub(crate) fn print_line(text: &str) -> Result<(), Failure> {
    match writeln!(std::io::stdout(), "{text}") {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::while_doing("cannot print")(error))
        }
        _ => Ok(()),
    }
}

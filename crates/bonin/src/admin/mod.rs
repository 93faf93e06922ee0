//! Administration from the shell.

pub(crate) mod channel;
pub(crate) mod key;
pub(crate) mod secret;
pub(crate) mod store;
pub(crate) mod verification;

use std::io::Write;

use bonin_core::Rules;
use bonin_store::{Actor, ActorKind};
use clap::Args;
use jiff::Timestamp;
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

/// Whoever runs the command, for the audit.
pub(crate) fn actor() -> Actor {
    let name = std::env::var("USER").unwrap_or_else(|_| "shell".to_owned());
    Actor {
        kind: ActorKind::Shell,
        id: user_id(),
        name,
        origin: "shell".to_owned(),
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
}

/// `bonin migrate`
pub(crate) async fn migrate(args: DatabaseArgs) -> Result<(), Failure> {
    let store = args.connect(Rules::default(), true).await?;
    store.migrate(Timestamp::now()).await?;
    store.close().await;
    print_line("The schema is up to date.")
}

/// Prints to standard output. A reader that has seen enough (`| head -n 1`) is no failure.
fn print_line(text: &str) -> Result<(), Failure> {
    match writeln!(std::io::stdout(), "{text}") {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::while_doing("cannot print")(error))
        }
        _ => Ok(()),
    }
}

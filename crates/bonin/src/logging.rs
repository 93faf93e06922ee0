//! Logs: to stderr, as text or JSON. Nothing personal reaches them, at any level: the types that hold it do not print.

use clap::{Args, ValueEnum};
use tracing_subscriber::{EnvFilter, fmt};

use crate::failure::Failure;

/// How lines look.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// For machines, an object a line.
    Json,
}

/// What is logged, and how.
#[derive(Debug, Args)]
#[command(next_help_heading = "Logs")]
pub(crate) struct LogArgs {
    /// What is logged: error, warn, info, debug or trace, or so for each module.
    #[arg(long, env = "BONIN_LOG", value_name = "LEVEL", default_value = "info")]
    log: String,
    /// How log lines look.
    #[arg(
        long,
        env = "BONIN_LOG_FORMAT",
        value_name = "FORMAT",
        default_value = "text"
    )]
    log_format: LogFormat,
}

impl LogArgs {
    /// Starts logging.
    pub(crate) fn start(&self) -> Result<(), Failure> {
        let filter = EnvFilter::try_new(&self.log).map_err(Failure::while_doing(
            "--log is not a level such as info or debug",
        ))?;
        let lines = fmt().with_env_filter(filter).with_writer(std::io::stderr);
        match self.log_format {
            LogFormat::Text => lines.with_ansi(false).try_init(),
            LogFormat::Json => lines.json().try_init(),
        }
        .map_err(Failure::while_doing("logging could not be started"))?;
        // A panic's own message may quote the text it tripped over, which may be about a person: only its place is told.
        std::panic::set_hook(Box::new(|panic| {
            let place = panic.location().map(ToString::to_string);
            tracing::error!(place, "a panic, which is a defect");
        }));
        Ok(())
    }
}

//! Logs: to stderr, as text or JSON. Nothing personal reaches them, at any level: the types that hold it do not print.

use bonin_gateway::telemetry::TRACE_TARGET;
use clap::{Args, ValueEnum};
use tracing_subscriber::{
    EnvFilter, Layer, Registry,
    filter::{FilterExt, dynamic_filter_fn},
    fmt,
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

use crate::failure::Failure;

/// Something that listens to what happens.
pub(crate) type Listener = Box<dyn Layer<Registry> + Send + Sync>;

/// Where PostgreSQL's driver tells of lines of `.pgpass` that it cannot read: whole, as they stand there.
const WITH_PASSWORDS: &str = "sqlx_postgres::options::pgpass";

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
        self.start_with(None)
    }

    /// Starts logging, and what else listens to what happens.
    pub(crate) fn start_with(&self, beside: Option<Listener>) -> Result<(), Failure> {
        let filter = EnvFilter::try_new(&self.log).map_err(Failure::while_doing(
            "--log is not a level such as info or debug",
        ))?;
        // Asked anew for each event: the driver asks whether a level is on without logging anything then, and an answer that is
        // left over from that would swallow the next event whose own is kept.
        let filter = filter.and(dynamic_filter_fn(|metadata, _| {
            metadata.target() != TRACE_TARGET && metadata.target() != WITH_PASSWORDS
        }));
        let lines = fmt::layer().with_writer(std::io::stderr);
        let lines: Listener = match self.log_format {
            LogFormat::Text => lines.with_ansi(false).with_filter(filter).boxed(),
            LogFormat::Json => lines.json().with_filter(filter).boxed(),
        };
        let all: Vec<Listener> = std::iter::once(lines).chain(beside).collect();
        tracing_subscriber::registry()
            .with(all)
            .try_init()
            .map_err(Failure::while_doing("logging could not be started"))?;
        // A panic's own message may quote the text it tripped over, which may be about a person: only its place is told.
        std::panic::set_hook(Box::new(|panic| {
            let place = panic.location().map(ToString::to_string);
            tracing::error!(place, "a panic, which is a defect");
        }));
        Ok(())
    }
}

//! What is measured.

mod flow;
mod list;
mod lookup;
mod memory;
mod size;
mod sms;
mod start;
mod webhooks;
mod window;
mod writes;

use std::{path::PathBuf, time::Duration};

use clap::Args;

use crate::{failure::Result, installation::Programs, report::Report};

/// How much of it.
#[derive(Debug, Clone, Args)]
pub(crate) struct Options {
    /// Rounds of each side, which alternate; their median counts.
    #[arg(long, value_name = "COUNT", default_value_t = 5)]
    pub(crate) rounds: u32,
    /// How many seconds a round of load lasts.
    #[arg(long, value_name = "SECONDS", default_value_t = 4.0)]
    pub(crate) seconds: f64,
    /// How many connections ask at once.
    #[arg(long, value_name = "COUNT", default_value_t = 32)]
    pub(crate) connections: usize,
    /// How many whole flows a round has.
    #[arg(long, value_name = "COUNT", default_value_t = 500)]
    pub(crate) flows: u64,
    /// How many verifications the small database has.
    #[arg(long, value_name = "COUNT", default_value_t = 10_000)]
    pub(crate) small: u64,
    /// How many the large one has.
    #[arg(long, value_name = "COUNT", default_value_t = 1_000_000)]
    pub(crate) large: u64,
    /// How many a selective filter finds, in both.
    #[arg(long, value_name = "COUNT", default_value_t = 1_000)]
    pub(crate) matches: u64,
    /// How many requests the gateway answers before its memory is looked at again.
    #[arg(long, value_name = "COUNT", default_value_t = 1_000_000)]
    pub(crate) requests: u64,
    /// How many webhooks a round delivers.
    #[arg(long, value_name = "COUNT", default_value_t = 4_000)]
    pub(crate) deliveries: u64,
    /// A PostgreSQL server for durable writes beside SQLite's, as a user who may create databases: one is made and dropped.
    #[arg(long, value_name = "URL")]
    pub(crate) postgres: Option<String>,
}

impl Options {
    pub(crate) fn round(&self) -> Duration {
        Duration::from_secs_f64(self.seconds.clamp(0.05, 3600.0))
    }

    pub(crate) fn rounds(&self) -> u32 {
        self.rounds.max(1)
    }
}

/// What every scenario is given.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) programs: Programs,
    pub(crate) data: PathBuf,
    pub(crate) options: Options,
}

/// One thing to be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scenario {
    Lookup,
    List,
    Sms,
    Window,
    Writes,
    Memory,
    Start,
    Size,
    Webhooks,
}

impl Scenario {
    pub(crate) const ALL: [Self; 9] = [
        Self::Lookup,
        Self::Sms,
        Self::Window,
        Self::Writes,
        Self::List,
        Self::Memory,
        Self::Start,
        Self::Size,
        Self::Webhooks,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Lookup => "lookup",
            Self::List => "list",
            Self::Sms => "sms",
            Self::Window => "window",
            Self::Writes => "writes",
            Self::Memory => "memory",
            Self::Start => "start",
            Self::Size => "size",
            Self::Webhooks => "webhooks",
        }
    }
}

/// Measures it.
pub(crate) async fn run(scenario: Scenario, context: &Context, report: &mut Report) -> Result<()> {
    match scenario {
        Scenario::Lookup => lookup::run(context, report).await,
        Scenario::List => list::run(context, report).await,
        Scenario::Sms => sms::run(context, report).await,
        Scenario::Window => window::run(context, report).await,
        Scenario::Writes => writes::run(context, report).await,
        Scenario::Memory => memory::run(context, report).await,
        Scenario::Start => start::run(context, report).await,
        Scenario::Size => size::run(context, report),
        Scenario::Webhooks => webhooks::run(context, report).await,
    }
}

//! The command line.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Args, Parser, Subcommand};
use jiff::Zoned;

use crate::{
    bare::server::{self, ServerArgs},
    failure::{Doing, Failure, Result},
    installation::{Programs, find_bonin},
    instructions::{self, InstructionArgs, WorkArgs},
    machine::Machine,
    report::{Report, document, picture, table},
    scenario::{self, Context, Options, Scenario},
};

/// Measures Bonin, side by side with the limits it is held against. docs/PERFORMANCE.md says how to read it.
#[derive(Debug, Parser)]
#[command(name = "bonin-bench", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Everything.
    All(MeasureArgs),
    /// Lookup by id, beside a bare axum server that answers the same bytes.
    Lookup(MeasureArgs),
    /// The list's first page, a deep page and each filter, on a small and on a large database.
    List(MeasureArgs),
    /// The whole API way by SMS: send, confirm, get.
    Sms(MeasureArgs),
    /// The whole SDK way through KCP's window.
    Window(MeasureArgs),
    /// Durable writes of many callers, beside commits one by one.
    Writes(MeasureArgs),
    /// Memory: idle, under load, after.
    Memory(MeasureArgs),
    /// From starting the program to being ready.
    Start(MeasureArgs),
    /// The size of the binary.
    Size(MeasureArgs),
    /// Webhooks delivered a second.
    Webhooks(MeasureArgs),
    /// Instructions that one operation takes, counted by callgrind and held to a file.
    Instructions(InstructionArgs),
    /// One operation again and again, to be counted or profiled.
    #[command(hide = true)]
    Work(WorkArgs),
    /// The bare axum server.
    #[command(hide = true)]
    Bare(ServerArgs),
}

#[derive(Debug, Args)]
struct MeasureArgs {
    /// The gateway's program. [default: the one beside this tool, built where it is not there]
    #[arg(long, value_name = "PATH")]
    bonin: Option<PathBuf>,
    /// A folder that keeps what the programs log. [default: nowhere]
    #[arg(long, value_name = "FOLDER")]
    logs: Option<PathBuf>,
    /// A folder that keeps the databases for the next run. [default: bench-data, beside the folder of this tool]
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,
    /// Write the figures as JSON to this file.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Draw the targets into this file.
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// Put the table between the marks of this document.
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
    #[command(flatten)]
    options: Options,
}

/// Runs the tool.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match &cli.command {
        // A server has the threads that a server has.
        Command::Bare(_) => tokio::runtime::Builder::new_multi_thread(),
        _ => tokio::runtime::Builder::new_current_thread(),
    }
    .enable_all()
    .build()
    .map_err(Failure::from)
    .and_then(|runtime| runtime.block_on(run(cli.command)));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // Where stderr is closed there is nobody to tell.
            writeln!(std::io::stderr(), "bonin-bench: {failure}").ok();
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command) -> Result<()> {
    match command {
        Command::All(args) => measure(args, &Scenario::ALL).await,
        Command::Lookup(args) => measure(args, &[Scenario::Lookup]).await,
        Command::List(args) => measure(args, &[Scenario::List]).await,
        Command::Sms(args) => measure(args, &[Scenario::Sms]).await,
        Command::Window(args) => measure(args, &[Scenario::Window]).await,
        Command::Writes(args) => measure(args, &[Scenario::Writes]).await,
        Command::Memory(args) => measure(args, &[Scenario::Memory]).await,
        Command::Start(args) => measure(args, &[Scenario::Start]).await,
        Command::Size(args) => measure(args, &[Scenario::Size]).await,
        Command::Webhooks(args) => measure(args, &[Scenario::Webhooks]).await,
        Command::Instructions(args) => instructions::run(args).await,
        Command::Work(args) => instructions::work(args).await,
        Command::Bare(args) => server::run(args).await,
    }
}

async fn measure(args: MeasureArgs, scenarios: &[Scenario]) -> Result<()> {
    let own = std::env::current_exe()?;
    if let Some(logs) = &args.logs {
        fs::create_dir_all(logs)?;
    }
    let programs = Programs {
        bonin: find_bonin(args.bonin.as_deref(), &own)?,
        own,
        logs: args.logs,
    };
    let data = match args.data {
        Some(data) => data,
        None => beside_the_build(&programs.own)?,
    };
    let context = Context {
        programs,
        data,
        options: args.options,
    };
    let now = Zoned::now();
    let date = now.strftime("%Y-%m-%d %H:%M %:z").to_string();
    let mut report = Report::new(Machine::this(), command_line(), date);
    for scenario in scenarios {
        say(&format!("{}…", scenario.name()))?;
        scenario::run(*scenario, &context, &mut report)
            .await
            .doing(scenario.name())?;
    }
    if cfg!(debug_assertions) {
        let warning = "a debug build: these figures show that the tool works, and nothing else";
        report.warnings.push(warning.to_owned());
    }
    let table = table::markdown(&report);
    std::io::stdout().write_all(table.as_bytes())?;
    if let Some(file) = &args.json {
        fs::write(file, serde_json::to_vec_pretty(&report.json()?)?).doing(file.display())?;
    }
    if let Some(file) = &args.svg {
        fs::write(file, picture::svg(&report)).doing(file.display())?;
    }
    if let Some(file) = &args.write {
        document::write(file, &table)?;
    }
    Ok(())
}

/// Says how far it has come.
pub(crate) fn say(what: &str) -> Result<()> {
    Ok(writeln!(std::io::stderr(), "{what}")?)
}

/// `target/bench-data`, for `target/release/bonin-bench`.
fn beside_the_build(own: &Path) -> Result<PathBuf> {
    let target = own.parent().and_then(Path::parent);
    let target =
        target.ok_or_else(|| Failure::new("name a folder for the databases with --data"))?;
    Ok(target.join("bench-data"))
}

/// What was typed, without the folders of this machine and without addresses, which may hold a password.
fn command_line() -> String {
    let release = if cfg!(debug_assertions) {
        ""
    } else {
        "--release "
    };
    let args: Vec<String> = std::env::args().skip(1).map(|arg| shown(&arg)).collect();
    let args = args.join(" ");
    format!("cargo run {release}-p bonin-bench -- {args}")
}

fn shown(arg: &str) -> String {
    if let Some((name, value)) = arg.split_once('=')
        && name.starts_with("--")
    {
        return format!("{name}={}", shown(value));
    }
    match (arg.split_once("://"), Path::new(arg).file_name()) {
        (Some((scheme, _)), _) => format!("{scheme}://…"),
        (None, Some(name)) if arg.starts_with('/') => name.to_string_lossy().into_owned(),
        _ => arg.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_is_shown_without_passwords_and_folders() {
        let typed = [
            "all",
            "--rounds=3",
            "--postgres",
            "postgres://me:secret@127.0.0.1/x",
            "--postgres=postgresql://me:secret@h",
            "--json",
            "/home/me/figures.json",
            "--data=/home/me/data",
            "docs/PERFORMANCE.md",
        ];
        let shown: Vec<String> = typed.iter().map(|arg| shown(arg)).collect();
        assert_eq!(
            shown.join(" "),
            "all --rounds=3 --postgres postgres://… --postgres=postgresql://… --json figures.json --data=data \
             docs/PERFORMANCE.md"
        );
    }

    #[test]
    fn the_command_line_is_whole() {
        use clap::CommandFactory;
        Cli::command().debug_assert();
    }
}

//! The `bonin` command: gateway, sandbox, dev environment and administration in one binary.

mod admin;
mod certificates;
mod cli;
mod config_file;
mod console;
mod data_folder;
mod database;
mod database_url;
mod dev;
mod doctor;
mod failure;
mod first_owner;
mod health;
mod keys;
mod listener;
mod logging;
mod metrics;
mod migrate;
mod ready_file;
mod sandbox;
mod serve;
mod settings;
mod shutdown;
mod supervisor;
mod telemetry;

use std::process::ExitCode;

use cli::Command;
use failure::Failure;

#[tokio::main]
async fn main() -> ExitCode {
    // Whatever is written is its owner's alone: databases, their logs beside them, keys, ready files.
    #[cfg(unix)]
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    let parsed = match config_file::parse(std::env::args_os()) {
        Ok(parsed) => parsed,
        Err(config_file::Unparsed::Usage(usage)) => {
            // Help and version are no failure: clap gives them status 0, and bad usage 2.
            let code = usage.exit_code();
            return match usage.print() {
                Ok(()) => ExitCode::from(u8::try_from(code).unwrap_or(2)),
                Err(_) => ExitCode::FAILURE,
            };
        }
        Err(config_file::Unparsed::Config(failure)) => return failure.report(),
    };
    match run(parsed.command).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

async fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Dev(args) => dev::run(*args).await,
        Command::Serve(args) => serve::run(*args).await,
        Command::Sandbox(args) => sandbox::run(args).await,
        Command::Migrate(args) => migrate::run(args).await,
        Command::Doctor(args) => doctor::run(*args).await,
        Command::Health(args) => health::run(args).await,
        Command::Store(args) => admin::store::run(args).await,
        Command::Channel(args) => admin::channel::run(args).await,
        Command::Secret(args) => admin::secret::run(args).await,
        Command::Webhook(args) => admin::webhook::run(*args).await,
        Command::User(args) => admin::user::run(args).await,
        Command::Audit(args) => admin::audit::run(args).await,
        Command::Key(args) => admin::key::run(args).await,
        Command::Erase(args) => admin::erase::run(args).await,
        Command::Verification(args) => admin::verification::run(args).await,
    }
}

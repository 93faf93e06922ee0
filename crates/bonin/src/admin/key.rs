//! `bonin key`

use std::path::PathBuf;

use bonin_store::Keyring;
use clap::{Args, Subcommand};
use serde_json::json;

use super::OutputArgs;
use crate::{database::write_private, failure::Failure};

#[derive(Debug, Args)]
pub(crate) struct KeyArgs {
    #[command(subcommand)]
    command: KeyCommand,
}

#[derive(Debug, Subcommand)]
enum KeyCommand {
    /// Make a new key. Keep it safe and apart from the database: without it the data cannot be read.
    Generate {
        /// The key's number. A database remembers which numbers it was sealed with.
        #[arg(long, default_value_t = 1)]
        id: u32,
        /// Write it to this new file, readable for its owner alone, instead of printing it.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        #[command(flatten)]
        output: OutputArgs,
    },
}

pub(crate) fn run(args: KeyArgs) -> Result<(), Failure> {
    let KeyCommand::Generate { id, out, output } = args.command;
    let key = Keyring::generate(id).map_err(Failure::while_doing("a key cannot be made"))?;
    match out {
        Some(file) => {
            write_private(&file, &format!("{}\n", key.expose()))?;
            let line = format!("Key {id} is in {}.", file.display());
            output.print(&json!({ "id": id, "file": file }), &line)
        }
        None => output.print(&json!({ "id": id, "key": key.expose() }), key.expose()),
    }
}

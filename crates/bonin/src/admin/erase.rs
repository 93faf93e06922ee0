//! `bonin erase`

use std::path::PathBuf;

use bonin_core::{Ci, IdentityVerificationId, PhoneNumber, StoreId};
use bonin_store::{PersonToErase, VerificationKey};
use clap::{Args, Subcommand};
use serde_json::json;

use super::{AdminArgs, input};
use crate::failure::Failure;

#[derive(Debug, Args)]
pub(crate) struct EraseArgs {
    #[command(subcommand)]
    command: EraseCommand,
}

#[derive(Debug, Subcommand)]
enum EraseCommand {
    /// Erase the person from one verification. It cannot be undone; the row and its timeline stay.
    Verification {
        /// The store.
        #[arg(long, value_name = "ID")]
        store: StoreId,
        /// The verification's id.
        #[arg(long, value_name = "ID")]
        id: IdentityVerificationId,
        /// Why, for the audit, without naming the person.
        #[arg(long, value_name = "TEXT")]
        reason: String,
        #[command(flatten)]
        admin: AdminArgs,
    },
    /// Erase a person from every verification in which they appear. It cannot be undone.
    Person {
        /// In this store alone.
        #[arg(long, value_name = "ID")]
        store: Option<StoreId>,
        /// A file that holds the phone number, digits only; `-` for standard input.
        #[arg(
            long,
            value_name = "FILE",
            conflicts_with = "ci_file",
            required_unless_present = "ci_file"
        )]
        phone_file: Option<PathBuf>,
        /// A file that holds the CI; `-` for standard input.
        #[arg(long, value_name = "FILE")]
        ci_file: Option<PathBuf>,
        /// Why, for the audit, without naming the person.
        #[arg(long, value_name = "TEXT")]
        reason: String,
        #[command(flatten)]
        admin: AdminArgs,
    },
}

pub(crate) async fn run(args: EraseArgs) -> Result<(), Failure> {
    match args.command {
        EraseCommand::Verification {
            store,
            id,
            reason,
            admin,
        } => {
            let shell = admin.open().await?;
            let key = VerificationKey { store, id };
            let erased = shell
                .admin
                .erase_verification(&shell.who, &key, &reason)
                .await;
            let in_log = shell.admin.erased_is_in_log();
            shell.admin.close().await;
            erased?;
            let told = json!({ "erased": 1, "underWay": 0, "inLog": in_log });
            let lines = "The personal data of this verification is erased.".to_owned();
            admin.output.print(&told, &with_log(lines, in_log))
        }
        EraseCommand::Person {
            store,
            phone_file,
            ci_file,
            reason,
            admin,
        } => {
            let person = person(phone_file, ci_file)?;
            let shell = admin.open().await?;
            let erased = shell
                .admin
                .erase_person(&shell.who, store.as_ref(), &person, &reason)
                .await;
            let in_log = shell.admin.erased_is_in_log();
            shell.admin.close().await;
            let erased = erased?;
            let mut lines = format!("Erased from {} verifications.", erased.erased);
            if erased.under_way > 0 {
                lines += &format!(
                    "\n{} more have a try under way; run this again when it has ended.",
                    erased.under_way
                );
            }
            let told =
                json!({ "erased": erased.erased, "underWay": erased.under_way, "inLog": in_log });
            admin.output.print(&told, &with_log(lines, in_log))
        }
    }
}

/// What is told of an erasure, and whether the database's log still holds what was erased.
fn with_log(told: String, in_log: bool) -> String {
    if !in_log {
        return told;
    }
    format!(
        "{told}\nThe database's log still holds it, since somebody keeps reading: a running gateway truncates the log within a \
         minute of their end."
    )
}

/// Whom. A command line would show it to others on the machine.
fn person(phone: Option<PathBuf>, ci: Option<PathBuf>) -> Result<PersonToErase, Failure> {
    if let Some(file) = phone {
        let phone = input::line(&file)?;
        return PhoneNumber::parse(phone.expose())
            .map(PersonToErase::Phone)
            .map_err(|error| Failure::new(format!("--phone-file: {error}")));
    }
    let file = ci.ok_or_else(|| Failure::new("--phone-file or --ci-file is needed"))?;
    Ci::parse(input::line(&file)?.expose())
        .map(PersonToErase::Ci)
        .map_err(|error| Failure::new(format!("--ci-file: {error}")))
}

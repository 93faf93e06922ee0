//! `bonin verification`

use bonin_core::{IdentityVerificationId, Rules, StoreId};
use bonin_gateway::provider::kcp::explanation;
use bonin_store::{TimelineEntry, VerificationKey};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::AdminArgs;
use crate::failure::Failure;

#[derive(Debug, Args)]
pub(crate) struct VerificationArgs {
    #[command(subcommand)]
    command: VerificationCommand,
}

#[derive(Debug, Subcommand)]
enum VerificationCommand {
    /// Show what happened to a verification, in order: tries, calls to KCP, codes, times. Never the person.
    Timeline {
        /// The store.
        #[arg(long, value_name = "ID")]
        store: StoreId,
        /// The verification's id.
        #[arg(long, value_name = "ID")]
        id: IdentityVerificationId,
        #[command(flatten)]
        admin: AdminArgs,
    },
}

pub(crate) async fn run(args: VerificationArgs) -> Result<(), Failure> {
    let VerificationCommand::Timeline { store, id, admin } = args.command;
    let database = admin.database.open(Rules::default()).await?;
    let key = VerificationKey { store, id };
    let entries = database.timeline(&key).await?;
    database.close().await;
    if entries.is_empty() {
        return Err(Failure::new("there is no such verification in this store"));
    }
    let lines: Vec<String> = entries.iter().map(line).collect();
    let shown: Vec<Value> = entries.iter().map(shown).collect();
    admin.output.print(&json!(shown), &lines.join("\n"))
}

fn shown(entry: &TimelineEntry) -> Value {
    let mut shown = json!({
        "at": entry.at.to_string(),
        "txId": entry.tx_id.as_str(),
        "kind": entry.kind,
    });
    if let Some(call) = &entry.call {
        shown["call"] = json!(call);
    }
    if let Some(code) = &entry.code {
        shown["code"] = json!(code);
    }
    if let Some(explanation) = explained(entry) {
        shown["explanation"] = json!(explanation);
    }
    if let Some(millis) = entry.millis {
        shown["millis"] = json!(millis);
    }
    shown
}

/// What a code means, where that is known.
fn explained(entry: &TimelineEntry) -> Option<&'static str> {
    entry
        .code
        .as_deref()
        .filter(|_| entry.call.is_some())
        .and_then(explanation)
}

fn line(entry: &TimelineEntry) -> String {
    let of = |value: &Option<String>| value.clone().unwrap_or_default();
    let millis = entry
        .millis
        .map_or_else(String::new, |millis| format!("{millis} ms"));
    format!(
        "{}  {}  {:28}  {:5} {:8} {millis}",
        entry.at,
        &entry.tx_id.as_str()[..8],
        entry.kind,
        of(&entry.call),
        of(&entry.code)
    )
    .trim_end()
    .to_owned()
        + &explained(entry).map_or_else(String::new, |text| format!("\n    {text}"))
}

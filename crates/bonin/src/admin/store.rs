//! `bonin store`

use bonin_core::Rules;
use bonin_gateway::ids;
use bonin_store::{NewStore, StoreKind, StoreRow};
use clap::{Args, Subcommand, ValueEnum};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::AdminArgs;
use crate::failure::Failure;

/// LIVE or TEST, for stores and channels alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum KindArg {
    /// Serves people.
    Live,
    /// For development.
    Test,
}

#[derive(Debug, Args)]
pub(crate) struct StoreArgs {
    #[command(subcommand)]
    command: StoreCommand,
}

#[derive(Debug, Subcommand)]
enum StoreCommand {
    /// Make a store.
    Create {
        /// What people call it.
        #[arg(long)]
        name: String,
        /// LIVE or TEST.
        #[arg(long, value_enum, ignore_case = true)]
        kind: KindArg,
        /// Let a LIVE store take TEST channels, which believe anyone.
        #[arg(long)]
        allow_test_channels: bool,
        #[command(flatten)]
        admin: AdminArgs,
    },
    /// List all stores.
    List {
        #[command(flatten)]
        admin: AdminArgs,
    },
}

pub(crate) async fn run(args: StoreArgs) -> Result<(), Failure> {
    match args.command {
        StoreCommand::Create {
            name,
            kind,
            allow_test_channels,
            admin,
        } => {
            let store = admin.database.open(Rules::default()).await?;
            let new = NewStore {
                id: ids::store_id()?,
                name: checked_name(name)?,
                kind: match kind {
                    KindArg::Live => StoreKind::Live,
                    KindArg::Test => StoreKind::Test,
                },
                allow_test_channels: allow_test_channels || kind == KindArg::Test,
            };
            store.create_store(&new, Timestamp::now()).await?;
            store.close().await;
            let made = StoreRow {
                id: new.id,
                name: new.name,
                kind: new.kind,
                allow_test_channels: new.allow_test_channels,
            };
            admin.output.print(&shown(&made), &line(&made))
        }
        StoreCommand::List { admin } => {
            let store = admin.database.open(Rules::default()).await?;
            let stores = store.stores().await?;
            store.close().await;
            let lines: Vec<String> = stores.iter().map(line).collect();
            let shown: Vec<Value> = stores.iter().map(shown).collect();
            admin.output.print(&json!(shown), &lines.join("\n"))
        }
    }
}

fn shown(store: &StoreRow) -> Value {
    json!({
        "id": store.id.as_str(),
        "name": store.name,
        "kind": store.kind.as_str(),
        "allowTestChannels": store.allow_test_channels,
    })
}

fn line(store: &StoreRow) -> String {
    format!("{}  {}  {}", store.id, store.kind.as_str(), store.name)
}

/// What people call a thing: 1 to 100 characters on one line.
pub(super) fn checked_name(name: String) -> Result<String, Failure> {
    let fine = !name.trim().is_empty()
        && name.chars().count() <= 100
        && !name.chars().any(char::is_control);
    if fine {
        Ok(name)
    } else {
        Err(Failure::new("a name has 1 to 100 characters on one line"))
    }
}

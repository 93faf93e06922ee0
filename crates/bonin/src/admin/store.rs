//! `bonin store`

use bonin_core::Rules;
use bonin_gateway::ids;
use bonin_store::{BrowserRules, NewStore, StoreKind, StoreLimits, StoreRow};
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
        /// An origin that pages may call from, such as https://shop.example.com. May be given several times; a LIVE store
        /// needs at least one for windows.
        #[arg(long = "origin", value_name = "ORIGIN", value_parser = origin)]
        origins: Vec<String>,
        /// A host that browsers may be sent back to beside the calling page's own, such as pay.example.com.
        #[arg(long = "redirect-host", value_name = "HOST", value_parser = host)]
        redirect_hosts: Vec<String>,
        /// An app's scheme that browsers may be sent back to, such as myapp.
        #[arg(long = "redirect-scheme", value_name = "SCHEME", value_parser = scheme)]
        redirect_schemes: Vec<String>,
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
            origins,
            redirect_hosts,
            redirect_schemes,
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
                browser: BrowserRules {
                    origins,
                    redirect_hosts,
                    redirect_schemes,
                },
                limits: StoreLimits::default(),
                retention_days: None,
            };
            store
                .create_store(&new, &super::actor(), Timestamp::now())
                .await?;
            store.close().await;
            admin.output.print(&shown(&new), &line(&new))
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
        "origins": store.browser.origins,
        "redirectHosts": store.browser.redirect_hosts,
        "redirectSchemes": store.browser.redirect_schemes,
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

fn origin(text: &str) -> Result<String, String> {
    let url = reqwest::Url::parse(text)
        .map_err(|_| "an origin is wanted, such as https://shop.example.com".to_owned())?;
    let origin = url.origin().ascii_serialization();
    if origin == text && matches!(url.scheme(), "http" | "https") {
        Ok(origin)
    } else {
        Err(format!(
            "an origin is wanted as browsers spell it: {origin}"
        ))
    }
}

fn host(text: &str) -> Result<String, String> {
    let wanted = || {
        "a host is wanted, with its port where it is not the usual one: pay.example.com or localhost:3000".to_owned()
    };
    let url = reqwest::Url::parse(&format!("https://{text}/")).map_err(|_| wanted())?;
    let name = url.host_str().unwrap_or_default();
    let spelled = url
        .port()
        .map_or_else(|| name.to_owned(), |port| format!("{name}:{port}"));
    if spelled == text {
        Ok(spelled)
    } else {
        Err(wanted())
    }
}

fn scheme(text: &str) -> Result<String, String> {
    let fine = text.starts_with(|c: char| c.is_ascii_lowercase())
        && text
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "+-.".contains(c));
    if fine {
        Ok(text.to_owned())
    } else {
        Err("a scheme is wanted without `://`, in lower case: myapp".to_owned())
    }
}

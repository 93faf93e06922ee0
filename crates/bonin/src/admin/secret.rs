//! `bonin secret`

use bonin_core::{Rules, SecretId, StoreId};
use bonin_gateway::ids;
use bonin_store::{ApiSecret, NewApiSecret, SecretHash, Store};
use clap::{Args, Subcommand};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{AdminArgs, store::checked_name};
use crate::{failure::Failure, settings::Span};

/// How much of a secret is shown to be recognised by.
const PREFIX: usize = 13;

#[derive(Debug, Args)]
pub(crate) struct SecretArgs {
    #[command(subcommand)]
    command: SecretCommand,
}

#[derive(Debug, Subcommand)]
enum SecretCommand {
    /// Make an API secret. It is shown once.
    Create {
        /// The store that requests without storeId mean.
        #[arg(long, value_name = "ID")]
        store: StoreId,
        /// Another store that it reaches. May be given several times.
        #[arg(long, value_name = "ID")]
        also: Vec<StoreId>,
        /// What people call it.
        #[arg(long, default_value = "API")]
        name: String,
        /// When it ends by itself, such as 2160h for 90 days.
        #[arg(long, value_name = "TIME")]
        expires_in: Option<Span>,
        #[command(flatten)]
        admin: AdminArgs,
    },
    /// List all API secrets, without the secrets themselves.
    List {
        #[command(flatten)]
        admin: AdminArgs,
    },
    /// End an API secret and every token made from it, at once.
    Revoke {
        /// Its id, as `list` shows it.
        id: SecretId,
        #[command(flatten)]
        admin: AdminArgs,
    },
}

pub(crate) async fn run(args: SecretArgs) -> Result<(), Failure> {
    match args.command {
        SecretCommand::Create {
            store,
            also,
            name,
            expires_in,
            admin,
        } => create(&admin, store, also, name, expires_in).await,
        SecretCommand::List { admin } => {
            let store = admin.database.open(Rules::default()).await?;
            let secrets = store.secrets().await?;
            store.close().await;
            let lines: Vec<String> = secrets.iter().map(line).collect();
            let shown: Vec<Value> = secrets.iter().map(shown).collect();
            admin.output.print(&json!(shown), &lines.join("\n"))
        }
        SecretCommand::Revoke { id, admin } => {
            let store = admin.database.open(Rules::default()).await?;
            store
                .revoke_secret(&id, &super::actor(), Timestamp::now())
                .await?;
            store.close().await;
            let done = json!({ "id": id.as_str(), "revoked": true });
            admin.output.print(&done, &format!("{id} is revoked."))
        }
    }
}

async fn create(
    admin: &AdminArgs,
    default_store: StoreId,
    mut other_stores: Vec<StoreId>,
    name: String,
    expires_in: Option<Span>,
) -> Result<(), Failure> {
    let store = admin.database.open(Rules::default()).await?;
    other_stores.retain(|other| *other != default_store);
    other_stores.sort();
    other_stores.dedup();
    for id in std::iter::once(&default_store).chain(&other_stores) {
        refuse_unknown_store(&store, id).await?;
    }
    let now = Timestamp::now();
    let secret = ids::api_secret()?;
    let expires_at = expires_in
        .map(|span| {
            SignedDuration::try_from(span.duration())
                .ok()
                .and_then(|span| now.checked_add(span).ok())
                .ok_or_else(|| Failure::new("--expires-in is too long"))
        })
        .transpose()?;
    let new = NewApiSecret {
        id: ids::secret_id()?,
        hash: SecretHash::of(secret.expose()),
        prefix: secret.expose().chars().take(PREFIX).collect(),
        name: checked_name(name)?,
        default_store,
        other_stores,
        expires_at,
    };
    store.create_secret(&new, &super::actor(), now).await?;
    store.close().await;
    let made = json!({
        "id": new.id.as_str(),
        "secret": secret.expose(),
        "name": new.name,
        "storeId": new.default_store.as_str(),
        "expiresAt": new.expires_at.map(|at| at.to_string()),
    });
    let lines = format!(
        "{}\n\nThis is the only time that it is shown. Its id is {}.",
        secret.expose(),
        new.id
    );
    admin.output.print(&made, &lines)
}

pub(super) async fn refuse_unknown_store(store: &Store, id: &StoreId) -> Result<(), Failure> {
    match store.store(id).await? {
        Some(_) => Ok(()),
        None => Err(Failure::new(format!(
            "there is no store {id}; `bonin store list` shows them, `bonin store create` makes one"
        ))),
    }
}

fn shown(secret: &ApiSecret) -> Value {
    let time = |at: Option<Timestamp>| at.map(|at| at.to_string());
    json!({
        "id": secret.id.as_str(),
        "prefix": secret.prefix,
        "name": secret.name,
        "stores": secret.stores.iter().map(StoreId::as_str).collect::<Vec<_>>(),
        "expiresAt": time(secret.expires_at),
        "revokedAt": time(secret.revoked_at),
        "lastUsedAt": time(secret.last_used_at),
    })
}

fn line(secret: &ApiSecret) -> String {
    let state = match (secret.revoked_at, secret.expires_at) {
        (Some(at), _) => format!("revoked {at}"),
        (None, Some(at)) => format!("until {at}"),
        (None, None) => "valid".to_owned(),
    };
    format!(
        "{}  {}…  {}  {}  {state}",
        secret.id, secret.prefix, secret.default_store, secret.name
    )
}

//! `bonin secret`

use bonin_core::{SecretId, StoreId};
use bonin_gateway::admin::SecretForm;
use bonin_store::ApiSecret;
use clap::{Args, Subcommand};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::AdminArgs;
use crate::{failure::Failure, settings::Span};

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
    /// Give an API secret another name.
    Rename {
        /// Its id, as `list` shows it.
        id: SecretId,
        /// What people call it.
        #[arg(long)]
        name: String,
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
        } => {
            let form = SecretForm {
                name,
                default_store: store,
                other_stores: also,
                life: expires_in.map(Span::signed),
            };
            create(&admin, &form).await
        }
        SecretCommand::List { admin } => {
            let shell = admin.open().await?;
            let secrets = shell.admin.secrets(&shell.who).await?;
            shell.admin.close().await;
            let lines: Vec<String> = secrets.iter().map(line).collect();
            let shown: Vec<Value> = secrets.iter().map(shown).collect();
            admin.output.print(&json!(shown), &lines.join("\n"))
        }
        SecretCommand::Rename { id, name, admin } => {
            let shell = admin.open().await?;
            shell.admin.rename_secret(&shell.who, &id, &name).await?;
            let secret = shell.admin.secret(&shell.who, &id).await?;
            shell.admin.close().await;
            admin.output.print(&shown(&secret), &line(&secret))
        }
        SecretCommand::Revoke { id, admin } => {
            let shell = admin.open().await?;
            shell.admin.revoke_secret(&shell.who, &id).await?;
            shell.admin.close().await;
            let done = json!({ "id": id.as_str(), "revoked": true });
            admin.output.print(&done, &format!("{id} is revoked."))
        }
    }
}

async fn create(admin: &AdminArgs, form: &SecretForm) -> Result<(), Failure> {
    let shell = admin.open().await?;
    let made = shell.admin.create_secret(&shell.who, form).await?;
    shell.admin.close().await;
    let kept = &made.kept;
    let shown = json!({
        "id": kept.id.as_str(),
        "secret": made.secret.expose(),
        "name": kept.name,
        "storeId": kept.default_store.as_str(),
        "expiresAt": kept.expires_at.map(|at| at.to_string()),
    });
    let lines = format!(
        "{}\n\nThis is the only time that it is shown. Its id is {}.",
        made.secret.expose(),
        kept.id
    );
    admin.output.print(&shown, &lines)
}

fn shown(secret: &ApiSecret) -> Value {
    let time = |at: Option<Timestamp>| at.map(|at| at.to_string());
    json!({
        "id": secret.id.as_str(),
        "prefix": secret.prefix,
        "name": secret.name,
        "stores": secret.stores.iter().map(StoreId::as_str).collect::<Vec<_>>(),
        "createdAt": secret.created_at.to_string(),
        "expiresAt": time(secret.expires_at),
        "revokedAt": time(secret.revoked_at),
        "lastUsedAt": time(secret.last_used_at),
    })
}

fn line(secret: &ApiSecret) -> String {
    let state = match (secret.revoked_at, secret.expires_at) {
        (Some(at), _) => format!("revoked {at}"),
        (None, Some(at)) if at <= Timestamp::now() => format!("ended {at}"),
        (None, Some(at)) => format!("until {at}"),
        (None, None) => "valid".to_owned(),
    };
    let used = match secret.last_used_at {
        Some(at) => format!("used {at}"),
        None => "never used".to_owned(),
    };
    format!(
        "{}  {}…  {}  {}  {state}  {used}",
        secret.id, secret.prefix, secret.default_store, secret.name
    )
}

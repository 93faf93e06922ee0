//! `bonin channel`

mod shown;

use std::path::{Path, PathBuf};

use bonin_core::{Redacted, StoreId};
use bonin_gateway::{
    admin::{ChannelForm, Error, ShownChannel},
    provider::{EnteredCredentials, Probed, Verdict},
};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::{AdminArgs, Shell, input, store::KindArg};
use crate::{failure::Failure, settings::KcpArgs};
use shown::{in_full, line, probe, shown, shown_probe, shown_steps, steps};

#[derive(Debug, Args)]
pub(crate) struct ChannelArgs {
    #[command(subcommand)]
    command: ChannelCommand,
}

#[derive(Debug, Subcommand)]
enum ChannelCommand {
    /// Make a channel. Its credentials are checked at once, and never shown again.
    Create(Box<CreateArgs>),
    /// List channels, without their credentials.
    List {
        /// Of this store alone.
        #[arg(long, value_name = "ID")]
        store: Option<StoreId>,
        #[command(flatten)]
        admin: AdminArgs,
    },
    /// Show one channel, without its credentials.
    Show {
        #[command(flatten)]
        which: WhichArgs,
        #[command(flatten)]
        admin: AdminArgs,
    },
    /// Give a channel another name.
    Update {
        #[command(flatten)]
        which: WhichArgs,
        /// What people call it.
        #[arg(long)]
        name: String,
        #[command(flatten)]
        admin: AdminArgs,
    },
    /// Replace credentials or addresses. What is not given stays as it is; the merchant's code cannot change.
    ReplaceCredentials(Box<ReplaceArgs>),
    /// Ask KCP something that costs nothing with each of the channel's credentials, and explain the answer. Exit status 1 where
    /// one of them does not work.
    Test {
        #[command(flatten)]
        which: WhichArgs,
        #[command(flatten)]
        gateway: PublicArgs,
        #[command(flatten)]
        kcp: KcpArgs,
        #[command(flatten)]
        admin: AdminArgs,
    },
    /// Say what to enter in KCP's partner admin for this channel.
    Instructions {
        #[command(flatten)]
        which: WhichArgs,
        #[command(flatten)]
        gateway: PublicArgs,
        #[command(flatten)]
        admin: AdminArgs,
    },
    /// Put a channel away: it takes no new tries; those under way end on it.
    Retire {
        #[command(flatten)]
        which: WhichArgs,
        #[command(flatten)]
        admin: AdminArgs,
    },
    /// Bring a channel back that was put away.
    Restore {
        #[command(flatten)]
        which: WhichArgs,
        #[command(flatten)]
        admin: AdminArgs,
    },
}

/// Which channel.
#[derive(Debug, Args)]
struct WhichArgs {
    /// The channel's key or id, as `list` shows them.
    channel: String,
}

/// Where the way back from KCP leads to.
#[derive(Debug, Args)]
struct PublicArgs {
    /// The address under which browsers and KCP reach the gateway, as `bonin serve` is told it.
    #[arg(long, env = "BONIN_PUBLIC_URL", value_name = "URL")]
    public_url: Option<String>,
}

#[derive(Debug, Args)]
struct CreateArgs {
    /// The store.
    #[arg(long, value_name = "ID")]
    store: StoreId,
    /// What people call it.
    #[arg(long)]
    name: String,
    /// LIVE or TEST. It stays as it is made.
    #[arg(long, value_enum, ignore_case = true)]
    kind: KindArg,
    #[command(flatten)]
    credentials: CredentialArgs,
    #[command(flatten)]
    kcp: KcpArgs,
    #[command(flatten)]
    admin: AdminArgs,
}

#[derive(Debug, Args)]
struct ReplaceArgs {
    #[command(flatten)]
    which: WhichArgs,
    #[command(flatten)]
    credentials: CredentialArgs,
    #[command(flatten)]
    kcp: KcpArgs,
    #[command(flatten)]
    admin: AdminArgs,
}

/// What KCP hands to a merchant. Secrets come in files, never as arguments: others on the machine can read command lines.
#[derive(Debug, Args)]
#[command(next_help_heading = "Credentials")]
struct CredentialArgs {
    /// KCP's credentials as one JSON file, `-` for standard input: {siteCd, encKey?, certificatePem?, privateKeyPem?, privateKeyPassword?}.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["site_cd", "certificate", "private_key", "private_key_password_file", "enc_key_file"])]
    credentials: Option<PathBuf>,
    /// KCP's code for the merchant.
    #[arg(long, value_name = "CODE")]
    site_cd: Option<String>,
    /// The service certificate, KCP_AUTH_{site_cd}_CERT.pem (hub).
    #[arg(long, value_name = "FILE")]
    certificate: Option<PathBuf>,
    /// Its encrypted key, KCP_AUTH_{site_cd}_PRIKEY.pem (hub).
    #[arg(long, value_name = "FILE")]
    private_key: Option<PathBuf>,
    /// A file that holds the key's password (hub).
    #[arg(long, value_name = "FILE")]
    private_key_password_file: Option<PathBuf>,
    /// A file that holds 가맹점 인증키 (window).
    #[arg(long, value_name = "FILE")]
    enc_key_file: Option<PathBuf>,
    /// Where the hub is. [default: KCP's, by kind]
    #[arg(long, value_name = "URL")]
    hub_url: Option<String>,
    /// Where the window is. [default: KCP's, by kind]
    #[arg(long, value_name = "URL")]
    window_url: Option<String>,
}

impl CredentialArgs {
    fn entered(self) -> Result<EnteredCredentials, Failure> {
        let mut entered = match &self.credentials {
            Some(file) => EnteredCredentials::from_json(input::text(file)?.expose())
                .map_err(Error::Invalid)?,
            None => EnteredCredentials {
                site_cd: self.site_cd.unwrap_or_default(),
                certificate: text(self.certificate.as_deref())?,
                private_key: text(self.private_key.as_deref())?,
                private_key_password: line_of(self.private_key_password_file.as_deref())?,
                enc_key: line_of(self.enc_key_file.as_deref())?,
                ..EnteredCredentials::default()
            },
        };
        entered.hub_url = self.hub_url.unwrap_or_default();
        entered.window_url = self.window_url.unwrap_or_default();
        Ok(entered)
    }
}

fn text(file: Option<&Path>) -> Result<Redacted, Failure> {
    file.map_or_else(|| Ok(Redacted::default()), input::text)
}

fn line_of(file: Option<&Path>) -> Result<Redacted, Failure> {
    file.map_or_else(|| Ok(Redacted::default()), input::line)
}

impl Shell {
    /// The channel of this key or id.
    async fn channel(&self, which: &WhichArgs) -> Result<ShownChannel, Failure> {
        let channels = self.admin.channels(&self.who, None).await?;
        let found = channels
            .into_iter()
            .find(|channel| channel.key == which.channel || channel.id.as_str() == which.channel);
        Ok(found.ok_or(Error::NotFound("채널"))?)
    }
}

pub(crate) async fn run(args: ChannelArgs) -> Result<(), Failure> {
    match args.command {
        ChannelCommand::Create(args) => create(*args).await,
        ChannelCommand::List { store, admin } => {
            let shell = admin.open().await?;
            let channels = shell.admin.channels(&shell.who, store.as_ref()).await?;
            shell.admin.close().await;
            let lines: Vec<String> = channels.iter().map(line).collect();
            let shown: Vec<Value> = channels.iter().map(shown).collect();
            admin.output.print(&json!(shown), &lines.join("\n"))
        }
        ChannelCommand::Show { which, admin } => {
            let shell = admin.open().await?;
            let channel = shell.channel(&which).await?;
            shell.admin.close().await;
            admin.output.print(&shown(&channel), &in_full(&channel))
        }
        ChannelCommand::Update { which, name, admin } => {
            let shell = admin.open().await?;
            let id = shell.channel(&which).await?.id;
            shell.admin.rename_channel(&shell.who, &id, &name).await?;
            changed(shell, &which, &admin).await
        }
        ChannelCommand::ReplaceCredentials(args) => {
            let entered = args.credentials.entered()?;
            let shell = args.admin.open_with(&args.kcp.config(), None).await?;
            let id = shell.channel(&args.which).await?.id;
            let replaced = shell.admin.replace_credentials(&shell.who, &id, &entered);
            replaced.await?;
            changed(shell, &args.which, &args.admin).await
        }
        ChannelCommand::Test {
            which,
            gateway,
            kcp,
            admin,
        } => {
            let shell = admin
                .open_with(&kcp.config(), gateway.public_url.as_deref())
                .await?;
            test(shell, &which, &admin).await
        }
        ChannelCommand::Instructions {
            which,
            gateway,
            admin,
        } => {
            let kcp = bonin_gateway::GatewayConfig::default().kcp;
            let shell = admin.open_with(&kcp, gateway.public_url.as_deref()).await?;
            let id = shell.channel(&which).await?.id;
            let told = shell.admin.channel_instructions(&shell.who, &id).await?;
            shell.admin.close().await;
            let lines: Vec<String> = told.iter().map(steps).collect();
            let shown: Vec<Value> = told.iter().map(shown_steps).collect();
            admin.output.print(&json!(shown), &lines.join("\n\n"))
        }
        ChannelCommand::Retire { which, admin } => {
            let shell = admin.open().await?;
            let id = shell.channel(&which).await?.id;
            shell.admin.retire_channel(&shell.who, &id).await?;
            changed(shell, &which, &admin).await
        }
        ChannelCommand::Restore { which, admin } => {
            let shell = admin.open().await?;
            let id = shell.channel(&which).await?.id;
            shell.admin.restore_channel(&shell.who, &id).await?;
            changed(shell, &which, &admin).await
        }
    }
}

async fn create(args: CreateArgs) -> Result<(), Failure> {
    let form = ChannelForm {
        store: args.store,
        name: args.name,
        kind: args.kind.into(),
        credentials: args.credentials.entered()?,
    };
    let shell = args.admin.open_with(&args.kcp.config(), None).await?;
    let channel = shell.admin.create_channel(&shell.who, &form).await?;
    shell.admin.close().await;
    args.admin.output.print(&shown(&channel), &line(&channel))
}

/// Shows the channel as it is now.
async fn changed(shell: Shell, which: &WhichArgs, admin: &AdminArgs) -> Result<(), Failure> {
    let channel = shell.channel(which).await?;
    shell.admin.close().await;
    admin.output.print(&shown(&channel), &in_full(&channel))
}

async fn test(shell: Shell, which: &WhichArgs, admin: &AdminArgs) -> Result<(), Failure> {
    let id = shell.channel(which).await?.id;
    let probed = shell.admin.test_channel(&shell.who, &id).await?;
    shell.admin.close().await;
    let lines: Vec<String> = probed.iter().map(probe).collect();
    let shown: Vec<Value> = probed.iter().map(shown_probe).collect();
    admin.output.print(&json!(shown), &lines.join("\n"))?;
    let works = |probed: &Probed| matches!(probed.verdict, Verdict::Works | Verdict::Unclear);
    if probed.iter().all(works) {
        Ok(())
    } else {
        Err(Failure::new("the channel does not work as it is"))
    }
}

//! `bonin channel`

use std::{io::Read, path::PathBuf};

use bonin_core::{Redacted, Rules, StoreId};
use bonin_gateway::{
    ids,
    provider::kcp::{HUB_LIVE, HUB_TEST, PG_PROVIDER, WINDOW_LIVE, WINDOW_TEST},
};
use bonin_kcp::hub::HubCredentials;
use bonin_store::{ChannelKind, HubAccess, NewChannel, WindowAccess};
use clap::{Args, Subcommand};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    AdminArgs,
    secret::refuse_unknown_store,
    store::{KindArg, checked_name},
};
use crate::{dev::environment::SITE_CD, failure::Failure};

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
}

#[derive(Debug, Args)]
struct CreateArgs {
    /// The store.
    #[arg(long, value_name = "ID")]
    store: StoreId,
    /// What people call it.
    #[arg(long)]
    name: String,
    /// LIVE or TEST.
    #[arg(long, value_enum, ignore_case = true)]
    kind: KindArg,
    /// KCP's credentials as one JSON file, `-` for standard input: {siteCd, encKey?, certificatePem?, privateKeyPem?, privateKeyPassword?}.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["site_cd", "certificate", "private_key", "private_key_password_file", "enc_key_file"])]
    credentials: Option<PathBuf>,
    /// KCP's code for the merchant.
    #[arg(long, value_name = "CODE")]
    site_cd: Option<String>,
    /// The service certificate, KCP_AUTH_{site_cd}_CERT.pem (hub).
    #[arg(long, value_name = "FILE", requires = "private_key")]
    certificate: Option<PathBuf>,
    /// Its encrypted key, KCP_AUTH_{site_cd}_PRIKEY.pem (hub).
    #[arg(long, value_name = "FILE", requires = "certificate")]
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
    #[command(flatten)]
    admin: AdminArgs,
}

/// What KCP hands to a merchant, as the sandbox gives it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MerchantCredentials {
    pub(crate) site_cd: String,
    #[serde(default)]
    pub(crate) enc_key: Option<String>,
    #[serde(default)]
    certificate_pem: Option<String>,
    #[serde(default)]
    private_key_pem: Option<String>,
    #[serde(default)]
    private_key_password: Option<String>,
}

impl MerchantCredentials {
    /// What the hub asks for, if all of it is there.
    pub(crate) fn hub(&self, url: &str) -> Option<HubAccess> {
        Some(HubAccess {
            url: url.to_owned(),
            certificate: Redacted::new(self.certificate_pem.clone()?),
            private_key: Redacted::new(self.private_key_pem.clone()?),
            private_key_password: Redacted::new(self.private_key_password.clone()?),
            certificate_ends_at: None,
        })
    }
}

/// Checks that certificate, key and password belong together and have not expired. Says when the certificate ends.
pub(crate) fn check_hub(site_cd: &str, hub: &HubAccess) -> Result<Timestamp, Failure> {
    let credentials = HubCredentials::parse(
        site_cd,
        hub.certificate.expose(),
        hub.private_key.expose(),
        hub.private_key_password.expose(),
    )
    .map_err(|error| Failure::new(error.to_string()))?;
    let ends_at = credentials.certificate_not_after();
    if ends_at <= Timestamp::now() {
        return Err(Failure::new(format!(
            "인증서가 {ends_at}에 만료되었습니다. KCP 파트너 관리자에서 새 인증서를 받아 주세요."
        )));
    }
    Ok(ends_at)
}

pub(crate) async fn run(args: ChannelArgs) -> Result<(), Failure> {
    match args.command {
        ChannelCommand::Create(args) => create(*args).await,
        ChannelCommand::List { store, admin } => {
            let database = admin.database.open(Rules::default()).await?;
            let channels = database.channels(store.as_ref()).await?;
            database.close().await;
            let lines: Vec<String> = channels.iter().map(|channel| line(channel)).collect();
            let shown: Vec<Value> = channels.iter().map(|channel| shown(channel)).collect();
            admin.output.print(&json!(shown), &lines.join("\n"))
        }
    }
}

async fn create(args: CreateArgs) -> Result<(), Failure> {
    let credentials = credentials(&args)?;
    if args.kind == KindArg::Live && credentials.site_cd == SITE_CD {
        return Err(Failure::new(
            "AO7F3 is KCP's public test merchant, whose key everyone knows; a LIVE channel needs your own site_cd",
        ));
    }
    let (hub_url, window_url) = urls(&args)?;
    let hub = match credentials.hub(&hub_url) {
        Some(hub) => Some(HubAccess {
            certificate_ends_at: Some(check_hub(&credentials.site_cd, &hub)?),
            ..hub
        }),
        None if credentials.private_key_pem.is_some() => {
            return Err(Failure::new(
                "the key's password is missing; give --private-key-password-file",
            ));
        }
        None => None,
    };
    let window = credentials.enc_key.as_ref().map(|enc_key| WindowAccess {
        url: window_url,
        enc_key: Redacted::new(enc_key.as_str()),
    });
    if hub.is_none() && window.is_none() {
        return Err(Failure::new(
            "a channel needs credentials for the hub (--certificate, --private-key, --private-key-password-file), for the window (--enc-key-file), or for both",
        ));
    }
    let store = args.admin.database.open(Rules::default()).await?;
    refuse_unknown_store(&store, &args.store).await?;
    let channel = NewChannel {
        id: ids::channel_id()?,
        store_id: args.store,
        key: ids::channel_key()?,
        name: checked_name(args.name)?,
        kind: match args.kind {
            KindArg::Live => ChannelKind::Live,
            KindArg::Test => ChannelKind::Test,
        },
        pg_provider: PG_PROVIDER.to_owned(),
        pg_merchant_id: credentials.site_cd,
        hub,
        window,
    };
    store
        .put_channel(&channel, &super::actor(), Timestamp::now())
        .await?;
    store.close().await;
    args.admin.output.print(&shown(&channel), &line(&channel))
}

fn urls(args: &CreateArgs) -> Result<(String, String), Failure> {
    let (hub, window) = match args.kind {
        KindArg::Live => (HUB_LIVE, WINDOW_LIVE),
        KindArg::Test => (HUB_TEST, WINDOW_TEST),
    };
    let checked = |given: &Option<String>, default: &str| {
        let url = given.as_deref().unwrap_or(default);
        match reqwest::Url::parse(url) {
            Ok(parsed) if matches!(parsed.scheme(), "http" | "https") && parsed.has_host() => {
                Ok(url.trim_end_matches('/').to_owned())
            }
            _ => Err(Failure::new(
                "--hub-url and --window-url must be http or https addresses",
            )),
        }
    };
    Ok((
        checked(&args.hub_url, hub)?,
        checked(&args.window_url, window)?,
    ))
}

fn credentials(args: &CreateArgs) -> Result<MerchantCredentials, Failure> {
    if let Some(file) = &args.credentials {
        let text = read(file)?;
        return serde_json::from_str(&text).map_err(|_| {
            Failure::new("--credentials must be a JSON object {siteCd, encKey?, certificatePem?, privateKeyPem?, privateKeyPassword?}")
        });
    }
    let site_cd = args
        .site_cd
        .clone()
        .ok_or_else(|| Failure::new("--site-cd is missing: KCP's code for the merchant"))?;
    let contents = |file: &Option<PathBuf>| file.as_ref().map(read).transpose();
    let one_line = |file: &Option<PathBuf>| -> Result<Option<String>, Failure> {
        Ok(contents(file)?.map(|text| text.trim_end_matches(['\r', '\n']).to_owned()))
    };
    Ok(MerchantCredentials {
        site_cd,
        enc_key: one_line(&args.enc_key_file)?,
        certificate_pem: contents(&args.certificate)?,
        private_key_pem: contents(&args.private_key)?,
        private_key_password: one_line(&args.private_key_password_file)?,
    })
}

fn read(file: &PathBuf) -> Result<String, Failure> {
    let failed =
        |error: std::io::Error| Failure::new(format!("cannot read {}: {error}", file.display()));
    if file.as_os_str() == "-" {
        let mut text = String::new();
        std::io::stdin()
            .take(1 << 20)
            .read_to_string(&mut text)
            .map_err(failed)?;
        return Ok(text);
    }
    std::fs::read_to_string(file).map_err(failed)
}

fn shown(channel: &NewChannel) -> Value {
    json!({
        "id": channel.id.as_str(),
        "key": channel.key.as_str(),
        "storeId": channel.store_id.as_str(),
        "name": channel.name,
        "kind": channel.kind.as_str(),
        "pgProvider": channel.pg_provider,
        "pgMerchantId": channel.pg_merchant_id,
        "hub": channel.hub.as_ref().map(|hub| json!({
            "url": hub.url,
            "certificateEndsAt": hub.certificate_ends_at.map(|at| at.to_string()),
        })),
        "window": channel.window.as_ref().map(|window| json!({ "url": window.url })),
    })
}

fn line(channel: &NewChannel) -> String {
    let can = match (&channel.hub, &channel.window) {
        (Some(_), Some(_)) => "hub+window",
        (Some(_), None) => "hub",
        _ => "window",
    };
    format!(
        "{}  {}  {}  {}  {can}  {}",
        channel.key,
        channel.store_id,
        channel.kind.as_str(),
        channel.pg_merchant_id,
        channel.name
    )
}

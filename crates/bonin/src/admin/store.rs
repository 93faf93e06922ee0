//! `bonin store`

use bonin_core::StoreId;
use bonin_gateway::admin::StoreForm;
use bonin_store::{ChannelKind, StoreKind, StoreRow};
use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};

use super::{AdminArgs, facts, or_dash, several};
use crate::failure::Failure;

/// LIVE or TEST, for stores and channels alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum KindArg {
    /// Serves people.
    Live,
    /// For development.
    Test,
}

impl From<KindArg> for StoreKind {
    fn from(kind: KindArg) -> Self {
        match kind {
            KindArg::Live => Self::Live,
            KindArg::Test => Self::Test,
        }
    }
}

impl From<KindArg> for ChannelKind {
    fn from(kind: KindArg) -> Self {
        match kind {
            KindArg::Live => Self::Live,
            KindArg::Test => Self::Test,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct StoreArgs {
    #[command(subcommand)]
    command: StoreCommand,
}

#[derive(Debug, Subcommand)]
enum StoreCommand {
    /// Make a store.
    Create(CreateArgs),
    /// List all stores.
    List {
        #[command(flatten)]
        admin: AdminArgs,
    },
    /// Show one store with its lists and limits.
    Show {
        /// Its id, as `list` shows it.
        id: StoreId,
        #[command(flatten)]
        admin: AdminArgs,
    },
    /// Change a store. What is not named stays as it is; a list that is named replaces the one before.
    Update(Box<UpdateArgs>),
}

#[derive(Debug, Args)]
struct CreateArgs {
    /// What people call it.
    #[arg(long)]
    name: String,
    /// LIVE or TEST. It stays as it is made.
    #[arg(long, value_enum, ignore_case = true)]
    kind: KindArg,
    /// Let a LIVE store take TEST channels, which believe anyone.
    #[arg(long)]
    allow_test_channels: bool,
    #[command(flatten)]
    lists: ListArgs,
    #[command(flatten)]
    limits: LimitArgs,
    #[command(flatten)]
    admin: AdminArgs,
}

#[derive(Debug, Args)]
struct UpdateArgs {
    /// Its id, as `list` shows it.
    id: StoreId,
    /// What people call it.
    #[arg(long)]
    name: Option<String>,
    /// Whether a LIVE store takes TEST channels, which believe anyone.
    #[arg(long, value_name = "true|false")]
    allow_test_channels: Option<bool>,
    #[command(flatten)]
    lists: ListArgs,
    /// Allow no origin any more: no page may open a window of a LIVE store.
    #[arg(long, conflicts_with = "origins")]
    clear_origins: bool,
    /// Allow no redirect host beside the calling page's own any more.
    #[arg(long, conflicts_with = "redirect_hosts")]
    clear_redirect_hosts: bool,
    /// Allow no app's scheme any more.
    #[arg(long, conflicts_with = "redirect_schemes")]
    clear_redirect_schemes: bool,
    #[command(flatten)]
    limits: LimitArgs,
    #[command(flatten)]
    admin: AdminArgs,
}

/// What browsers may do with a store.
#[derive(Debug, Args)]
struct ListArgs {
    /// An origin that pages may call from, such as https://shop.example.com. May be given several times; a LIVE store
    /// needs at least one for windows.
    #[arg(long = "origin", value_name = "ORIGIN")]
    origins: Vec<String>,
    /// A host that browsers may be sent back to beside the calling page's own, such as pay.example.com.
    #[arg(long = "redirect-host", value_name = "HOST")]
    redirect_hosts: Vec<String>,
    /// An app's scheme that browsers may be sent back to, such as myapp.
    #[arg(long = "redirect-scheme", value_name = "SCHEME")]
    redirect_schemes: Vec<String>,
}

/// What a store allows at most.
#[derive(Debug, Args)]
struct LimitArgs {
    /// Messages to one phone within the configuration's time, or `default` for the configuration's own limit.
    #[arg(long, value_name = "COUNT")]
    phone_messages: Option<String>,
    /// Tries begun within 24 hours, or `none`.
    #[arg(long, value_name = "COUNT")]
    daily_tries: Option<String>,
    /// After how many days personal data is erased, or `none`: it stays until it is erased on request.
    #[arg(long, value_name = "DAYS")]
    retention_days: Option<String>,
}

impl LimitArgs {
    fn fill(self, form: &mut StoreForm) {
        let given = |text: String| match text.as_str() {
            "none" | "default" => String::new(),
            _ => text,
        };
        set(&mut form.phone_messages, self.phone_messages.map(given));
        set(&mut form.daily_tries, self.daily_tries.map(given));
        set(&mut form.retention_days, self.retention_days.map(given));
    }
}

fn set<T>(target: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *target = value;
    }
}

pub(crate) async fn run(args: StoreArgs) -> Result<(), Failure> {
    match args.command {
        StoreCommand::Create(args) => create(args).await,
        StoreCommand::List { admin } => {
            let shell = admin.open().await?;
            let stores = shell.admin.stores(&shell.who).await?;
            shell.admin.close().await;
            let lines: Vec<String> = stores.iter().map(line).collect();
            let shown: Vec<Value> = stores.iter().map(shown).collect();
            admin.output.print(&json!(shown), &lines.join("\n"))
        }
        StoreCommand::Show { id, admin } => {
            let shell = admin.open().await?;
            let store = shell.admin.store(&shell.who, &id).await?;
            shell.admin.close().await;
            admin.output.print(&shown(&store), &in_full(&store))
        }
        StoreCommand::Update(args) => update(*args).await,
    }
}

async fn create(args: CreateArgs) -> Result<(), Failure> {
    let mut form = StoreForm {
        name: args.name,
        allow_test_channels: args.allow_test_channels,
        origins: args.lists.origins,
        redirect_hosts: args.lists.redirect_hosts,
        redirect_schemes: args.lists.redirect_schemes,
        ..StoreForm::default()
    };
    args.limits.fill(&mut form);
    let shell = args.admin.open().await?;
    let store = shell
        .admin
        .create_store(&shell.who, args.kind.into(), &form)
        .await?;
    shell.admin.close().await;
    args.admin.output.print(&shown(&store), &line(&store))
}

async fn update(args: UpdateArgs) -> Result<(), Failure> {
    let shell = args.admin.open().await?;
    let mut form = StoreForm::from(&shell.admin.store(&shell.who, &args.id).await?);
    set(&mut form.name, args.name);
    set(&mut form.allow_test_channels, args.allow_test_channels);
    let list = |target: &mut Vec<String>, given: Vec<String>, clear: bool| {
        if clear || !given.is_empty() {
            *target = given;
        }
    };
    let lists = args.lists;
    list(&mut form.origins, lists.origins, args.clear_origins);
    list(
        &mut form.redirect_hosts,
        lists.redirect_hosts,
        args.clear_redirect_hosts,
    );
    list(
        &mut form.redirect_schemes,
        lists.redirect_schemes,
        args.clear_redirect_schemes,
    );
    args.limits.fill(&mut form);
    let store = shell
        .admin
        .update_store(&shell.who, &args.id, &form)
        .await?;
    shell.admin.close().await;
    args.admin.output.print(&shown(&store), &in_full(&store))
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
        "phoneMessages": store.limits.phone_messages,
        "dailyTries": store.limits.daily_tries,
        "retentionDays": store.retention_days,
    })
}

fn line(store: &StoreRow) -> String {
    format!("{}  {}  {}", store.id, store.kind.as_str(), store.name)
}

fn in_full(store: &StoreRow) -> String {
    facts(&[
        ("id", store.id.to_string()),
        ("name", store.name.clone()),
        ("kind", store.kind.as_str().to_owned()),
        ("allow-test-channels", store.allow_test_channels.to_string()),
        ("origin", several(&store.browser.origins)),
        ("redirect-host", several(&store.browser.redirect_hosts)),
        ("redirect-scheme", several(&store.browser.redirect_schemes)),
        (
            "phone-messages",
            store
                .limits
                .phone_messages
                .map_or_else(|| "default".to_owned(), |count| count.to_string()),
        ),
        ("daily-tries", or_dash(store.limits.daily_tries)),
        ("retention-days", or_dash(store.retention_days)),
    ])
}

//! `bonin serve`: the gateway for production.

use std::path::PathBuf;

use bonin_core::Rules;
use bonin_gateway::{GatewayConfig, Service, admin::Admin, http, metrics::Metrics};
use bonin_store::{Channel, ChannelKind, Store};
use clap::Args;
use serde_json::json;

use crate::{
    certificates,
    console::{ConsoleArgs, Place, plain_address},
    database::DatabaseArgs,
    database_url::Secrecy,
    dev::environment,
    failure::Failure,
    first_owner, listener,
    logging::LogArgs,
    metrics::MetricsArgs,
    ready_file,
    settings::{Delay, GatewayArgs},
    shutdown::Stop,
    supervisor,
    telemetry::{Telemetry, TraceArgs},
};

#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    #[command(flatten)]
    address: AddressArgs,
    /// Once ready, write the addresses as JSON to this file.
    #[arg(long, env = "BONIN_READY_FILE", value_name = "FILE")]
    ready_file: Option<PathBuf>,
    #[command(flatten)]
    database: DatabaseArgs,
    #[command(flatten)]
    console: ConsoleArgs,
    #[command(flatten)]
    gateway: GatewayArgs,
    /// After SIGTERM, how long requests are still taken while /health/ready already answers 503, so that a balancer takes this
    /// instance out before it refuses.
    #[arg(
        long,
        env = "BONIN_DRAIN_DELAY",
        value_name = "TIME",
        default_value = "0s"
    )]
    drain_delay: Delay,
    #[command(flatten)]
    metrics: MetricsArgs,
    #[command(flatten)]
    traces: TraceArgs,
    #[command(flatten)]
    log: LogArgs,
}

/// Where the gateway is.
#[derive(Debug, Args)]
pub(crate) struct AddressArgs {
    /// Where to listen. Port 0 picks a free one.
    #[arg(
        long,
        env = "BONIN_LISTEN",
        value_name = "ADDRESS",
        default_value = "127.0.0.1:8787"
    )]
    pub(crate) listen: String,
    /// The address under which browsers and KCP reach the gateway, such as https://bonin.example.com. Required.
    #[arg(long, env = "BONIN_PUBLIC_URL", value_name = "URL")]
    public_url: Option<String>,
}

pub(crate) async fn run(args: ServeArgs) -> Result<(), Failure> {
    let public_url = args.address.public_url()?;
    let metrics = Metrics::new();
    let telemetry = Telemetry::start(&args.log, &args.traces, &metrics.traces)?;
    let mut config = args.gateway.config(GatewayConfig {
        public_url: public_url.clone(),
        metrics: args.metrics.access()?,
        ..GatewayConfig::default()
    });
    let store = open(&args.database, config.rules).await?;
    refuse_what_everyone_knows(&store).await?;
    let (drain_limit, trusted_hops) = (config.drain_limit, config.trusted_hops);
    let (listener, bound) = listener::bind(&args.address.listen).await?;
    let console = args.console.place(&public_url).await?;
    config.console = args.console.config(&console, config.console);
    let figures = match &args.metrics.metrics_listen {
        Some(address) => Some((listener::bind(address).await?, args.metrics.token()?)),
        None => None,
    };
    let stop = Stop::on_signal(args.drain_delay.duration());
    let service = Service::counting(store, config, stop.now.child_token(), metrics)?
        .leaving_with(stop.leaving.clone());
    refuse_a_password_that_everyone_knows(&service.admin()).await?;
    let beside_the_api = matches!(console, Place::BesideTheApi(_));
    let router = http::router(service.clone(), beside_the_api)
        .map_err(Failure::while_doing("the API reference cannot be made"))?;
    service.start_sweeper();
    tokio::spawn(certificates::watch(service.admin(), stop.now.clone()));
    if let Some(url) = console.url() {
        let folder = args.database.private_folder();
        first_owner::offer(service.admin(), folder, url, stop.now.clone()).await?;
    }
    let mut ready = json!({ "gateway": format!("http://{bound}"), "publicUrl": public_url });
    if let Some(url) = console.url() {
        ready["console"] = json!({ "url": format!("{url}/console") });
    }
    if let Some(((_, bound), _)) = &figures {
        ready["metrics"] = json!(format!("http://{bound}/metrics"));
    }
    if let Some(file) = &args.ready_file {
        ready_file::write(file, &ready)?;
    }
    if public_url.starts_with("https:") && trusted_hops == 0 {
        tracing::warn!(
            "public_url is https, so there is a proxy, but trusted_hops is 0: all callers count as one address"
        );
    }
    if args.database.secrecy() == Some(Secrecy::Plain) {
        tracing::warn!(
            "the database is on another machine, and the connection to it may not be encrypted; say sslmode=verify-full and sslrootcert in its address"
        );
    }
    tracing::info!(address = %bound, public_url, console = console.url(), "ready");
    supervisor::ready();
    let serving = listener::serve(listener, router, stop.clone(), drain_limit);
    let console = async {
        if let Place::Alone(listener, _) = console {
            let hops = args.console.trusted_hops(trusted_hops);
            let router = http::console_router(service.clone(), hops);
            listener::serve(listener, router, stop.clone(), drain_limit).await;
        }
    };
    let figures = async {
        if let Some(((listener, _), token)) = figures {
            let router = http::metrics_router(service.clone(), token);
            listener::serve(listener, router, stop.clone(), drain_limit).await;
        }
    };
    let (deadline, (), ()) = tokio::join!(serving, console, figures);
    let drained = service.drain(deadline).await;
    telemetry.finish().await;
    if !drained {
        return Err(Failure::new(
            "something was still under way when the drain limit was over",
        ));
    }
    Ok(())
}

/// Opens the database. A data folder that holds nothing yet is set up first.
async fn open(database: &DatabaseArgs, rules: Rules) -> Result<Store, Failure> {
    let Some((folder, store)) = database.first_start(rules).await? else {
        return database.open(rules).await;
    };
    tracing::info!(
        "made a new database and its key in {}; keep a copy of the key apart from the database",
        folder.display()
    );
    Ok(store)
}

impl AddressArgs {
    pub(crate) fn public_url(&self) -> Result<String, Failure> {
        let wrong = |why: &str| {
            Failure::new(format!(
                "{why}; give the address under which browsers and KCP reach the gateway, such as --public-url https://bonin.example.com, BONIN_PUBLIC_URL, or `public_url` in the configuration file"
            ))
        };
        let given = self.public_url.as_deref();
        let given = given.ok_or_else(|| wrong("no public_url is set"))?;
        plain_address("public_url", given).map_err(|why| wrong(&why.to_string()))
    }
}

/// The same of the console's login.
pub(crate) async fn refuse_a_password_that_everyone_knows(admin: &Admin) -> Result<(), Failure> {
    let known = admin.has_user_with_password(environment::CONSOLE_PASSWORD);
    if known.await? {
        return Err(Failure::new(
            "a user of the console has the password of the dev environment, which everyone knows; give them another with `bonin user reset-password`",
        ));
    }
    Ok(())
}

/// What the dev environment uses is public: whoever knows this project could come in with it.
pub(crate) async fn refuse_what_everyone_knows(store: &Store) -> Result<(), Failure> {
    let refuse = |what: &str| {
        Failure::new(format!(
            "the database holds {what} of the dev environment, which everyone knows; use another database, set up with `bonin migrate`, `bonin store create`, `bonin channel create` and `bonin secret create`"
        ))
    };
    for known in environment::STORES {
        if store
            .stores()
            .await?
            .iter()
            .any(|s| s.id.as_str() == known.id)
        {
            return Err(refuse("a store"));
        }
        let hash = bonin_store::SecretHash::of(known.api_secret);
        if store.secret_by_hash(&hash).await?.is_some() {
            return Err(refuse("an API secret"));
        }
    }
    let channels = store.channels(None).await?;
    let everyones = |channel: &Channel| {
        channel.kind == ChannelKind::Live && channel.pg_merchant_id == environment::SITE_CD
    };
    if channels.iter().any(everyones) {
        return Err(Failure::new(
            "the database holds a LIVE channel of KCP's public test merchant, with which anyone can sign; make the channel with your own site_cd",
        ));
    }
    let known = |key: &str| environment::CHANNELS.iter().any(|known| known.key == key);
    if channels.iter().any(|channel| known(channel.key.as_str())) {
        return Err(refuse("a channel"));
    }
    Ok(())
}

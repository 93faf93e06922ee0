//! `bonin dev`: gateway and sandbox in one process, wired together over HTTP, with fixed credentials.

mod demo;
pub(crate) mod environment;
mod landing;
mod setup;

use std::{io::Write, num::NonZeroU32, path::PathBuf, time::Duration};

use axum::Router;
use bonin_core::Rules;
use bonin_gateway::{GatewayConfig, MetricsAccess, Rate, Service, metrics::Metrics};
use bonin_sandbox::SandboxConfig;
use bonin_store::Store;
use clap::Args;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::{
    data_folder::{self, Found},
    database::{DatabaseArgs, database_in, key_file_in},
    database_url::DatabaseUrl,
    failure::Failure,
    listener,
    logging::LogArgs,
    ready_file,
    settings::GatewayArgs,
    shutdown::Stop,
    telemetry::{Telemetry, TraceArgs},
};

#[derive(Debug, Args)]
pub(crate) struct DevArgs {
    /// Where the gateway listens. Port 0 picks a free one.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8787")]
    listen: String,
    /// Where the sandbox listens. Port 0 picks a free one.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8788")]
    sandbox_listen: String,
    /// Where the database is kept. Without it: a temporary folder that goes with the process.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// A PostgreSQL database instead of the one in the folder. Its key stays in the folder: give --data to come back to it.
    // Never from the environment: that may name a database that people rely on.
    #[arg(long, value_name = "URL")]
    database: Option<DatabaseUrl>,
    /// Once ready, write addresses and credentials as JSON to this file too.
    #[arg(long, value_name = "FILE")]
    ready_file: Option<PathBuf>,
    #[command(flatten)]
    gateway: GatewayArgs,
    #[command(flatten)]
    traces: TraceArgs,
    #[command(flatten)]
    log: LogArgs,
}

pub(crate) async fn run(args: DevArgs) -> Result<(), Failure> {
    let metrics = Metrics::new();
    let telemetry = Telemetry::start(&args.log, &args.traces, &metrics.traces)?;
    let (folder, _temporary) = data_folder(args.data)?;
    let stop = Stop::on_signal(Duration::ZERO);
    // The sandbox outlives the gateway: a verification under way still needs its KCP.
    let sandbox_stop = CancellationToken::new();
    let (gateway_listener, gateway_bound) = listener::bind(&args.listen).await?;
    let gateway_url = format!("http://{gateway_bound}");
    let mut config = args.gateway.config(generous(&gateway_url));
    if gateway_bound.ip().is_loopback() {
        config.metrics = MetricsAccess::Open;
    }
    let drain_limit = config.drain_limit;

    let (sandbox_listener, sandbox_bound) = listener::bind(&args.sandbox_listen).await?;
    let sandbox_url = format!("http://{sandbox_bound}");
    let sandbox = crate::sandbox::start(
        sandbox_listener,
        SandboxConfig::default(),
        sandbox_stop.clone(),
    )
    .await?;

    let store = open(&folder, args.database, config.rules).await?;
    setup::set_up(&store, &sandbox_url).await?;
    let service = Service::counting(store, config, stop.now.child_token(), metrics)?;
    let (username, password) = (environment::CONSOLE_USERNAME, environment::CONSOLE_PASSWORD);
    service.admin().ensure_dev_owner(username, password).await?;
    let router = bonin_gateway::http::router(service.clone(), true)
        .map_err(Failure::while_doing("the API reference cannot be made"))?;
    let router = with_pages(router, &gateway_url, &sandbox_url)?;
    service.start_sweeper();

    let ready = ready(&gateway_url, &sandbox_url, &folder);
    let ready_files = std::iter::once(folder.join("dev.json")).chain(args.ready_file);
    let serving = tokio::spawn(listener::serve(
        gateway_listener,
        router,
        stop.clone(),
        drain_limit,
    ));
    for file in ready_files {
        ready_file::write(&file, &ready)?;
    }
    print_banner(&gateway_url, &sandbox_url, &folder);

    let deadline = serving
        .await
        .map_err(|_| Failure::new("the gateway came to a bad end; the log says where"))?;
    let drained = service.drain(deadline).await;
    telemetry.finish().await;
    sandbox_stop.cancel();
    crate::sandbox::finished(sandbox).await?;
    if !drained {
        return Err(Failure::new(
            "something was still under way when the drain limit was over",
        ));
    }
    Ok(())
}

/// The gateway as it is, and the pages that only this environment has. They win over the gateway's own `/`.
fn with_pages(gateway: Router, gateway_url: &str, sandbox_url: &str) -> Result<Router, Failure> {
    let addresses = landing::Addresses {
        gateway: gateway_url.to_owned(),
        sandbox: sandbox_url.to_owned(),
    };
    Ok(landing::router(&addresses)
        .merge(demo::router(&addresses)?)
        .fallback_service(gateway))
}

/// The folder, and what removes it when it is a temporary one.
fn data_folder(given: Option<PathBuf>) -> Result<(PathBuf, Option<tempfile::TempDir>), Failure> {
    match given {
        Some(folder) => {
            std::fs::create_dir_all(&folder).map_err(Failure::while_doing(format!(
                "cannot make the folder {}",
                folder.display()
            )))?;
            let folder = std::path::absolute(folder)
                .map_err(Failure::while_doing("cannot find the data folder"))?;
            Ok((folder, None))
        }
        None => {
            let temporary = tempfile::Builder::new()
                .prefix("bonin-dev-")
                .tempdir()
                .map_err(Failure::while_doing("cannot make a temporary folder"))?;
            Ok((temporary.path().to_owned(), Some(temporary)))
        }
    }
}

/// A developer who tries things out is no attacker.
fn generous(public_url: &str) -> GatewayConfig {
    let mut config = GatewayConfig {
        public_url: public_url.to_owned(),
        ..GatewayConfig::default()
    };
    let per_minute = |count: u32| Rate {
        count: NonZeroU32::new(count).unwrap_or(NonZeroU32::MIN),
        within: Duration::from_secs(60),
    };
    config.limits.customer = per_minute(6_000);
    config.limits.secret = per_minute(600_000);
    config.limits.failed_login = per_minute(6_000);
    config.limits.checkout = per_minute(6_000);
    config.limits.checkout_step = per_minute(60_000);
    config.limits.phone_messages = 1_000;
    // A receiver that is being written runs beside it.
    let here = ["127.0.0.0/8", "::1/128"].into_iter();
    config.webhooks.allow_networks = here.filter_map(|network| network.parse().ok()).collect();
    config.drain_limit = Duration::from_secs(10);
    config.sweep_interval = Duration::from_secs(1);
    config
}

/// The database, with a key of its own that is made once, in the folder.
async fn open(
    folder: &std::path::Path,
    elsewhere: Option<DatabaseUrl>,
    rules: Rules,
) -> Result<Store, Failure> {
    let found = data_folder::look(folder)?;
    if found == Found::Nothing {
        data_folder::begin(folder)?;
    }
    let database = match elsewhere {
        Some(url) => url,
        None => database_in(folder)?,
    };
    let database = DatabaseArgs::of(database, key_file_in(folder));
    let store = database.connect(rules, true).await?;
    store.migrate(Timestamp::now()).await?;
    Ok(store)
}

fn ready(gateway: &str, sandbox: &str, folder: &std::path::Path) -> Value {
    json!({
        "gateway": gateway,
        "sandbox": sandbox,
        "data": folder,
        "storeId": environment::STORES[0].id,
        "apiSecret": environment::STORES[0].api_secret,
        "channelKey": environment::CHANNELS[0].key,
        "console": {
            "url": format!("{gateway}/console"),
            "username": environment::CONSOLE_USERNAME,
            "password": environment::CONSOLE_PASSWORD,
        },
    })
}

/// The one place where a secret is shown: it is public anyway.
fn print_banner(gateway: &str, sandbox: &str, folder: &std::path::Path) {
    let banner = format!(
        "
  Bonin 개발 환경이 준비되었습니다.

    게이트웨이     {gateway}
    데모 상점      {gateway}/demo
    API 레퍼런스   {gateway}/docs
    콘솔           {gateway}/console    ({username} / {password})
    휴대폰         {sandbox}/phone    (문자와 PASS 요청이 여기로 옵니다)
    데이터         {}

    storeId        {}
    API 시크릿     {}
    channelKey     {}

  끝내려면 Ctrl-C를 누르세요.

",
        folder.display(),
        environment::STORES[0].id,
        environment::STORES[0].api_secret,
        environment::CHANNELS[0].key,
        username = environment::CONSOLE_USERNAME,
        password = environment::CONSOLE_PASSWORD,
    );
    // Without a terminal or a pipe there is nobody to read it; the ready file says the same.
    let _ = std::io::stdout().write_all(banner.as_bytes());
    let _ = std::io::stdout().flush();
}

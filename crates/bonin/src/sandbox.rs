//! `bonin sandbox`: KCP's other half, alone.

use std::path::PathBuf;

use bonin_sandbox::{ControlAccess, Sandbox, SandboxConfig};
use clap::Args;
use serde_json::json;
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::{failure::Failure, listener, logging::LogArgs, ready_file, shutdown};

#[derive(Debug, Args)]
pub(crate) struct SandboxArgs {
    /// Where to listen. Port 0 picks a free one.
    #[arg(
        long,
        env = "BONIN_SANDBOX_LISTEN",
        value_name = "ADDRESS",
        default_value = "127.0.0.1:8788"
    )]
    listen: String,
    /// Let others than this machine use the phone and the control API. They see every message and get private keys.
    #[arg(long)]
    open_control: bool,
    /// Where browsers reach the sandbox, if not where merchants do (e.g. https://kcp.example.com): the window opens there.
    #[arg(long, env = "BONIN_SANDBOX_PUBLIC_URL", value_name = "URL")]
    public_url: Option<String>,
    /// Once ready, write the address as JSON to this file.
    #[arg(long, value_name = "FILE")]
    ready_file: Option<PathBuf>,
    #[command(flatten)]
    log: LogArgs,
}

pub(crate) async fn run(args: SandboxArgs) -> Result<(), Failure> {
    args.log.start()?;
    let (listener, bound) = listener::bind(&args.listen).await?;
    let url = format!("http://{bound}");
    let config = SandboxConfig {
        control_access: if args.open_control {
            ControlAccess::Anyone
        } else {
            ControlAccess::LoopbackOnly
        },
        public_url: args.public_url,
    };
    let serving = start(listener, config, shutdown::on_signal()).await?;
    if let Some(file) = &args.ready_file {
        ready_file::write(file, &json!({ "sandbox": url }))?;
    }
    tracing::info!(address = %bound, "the KCP sandbox is ready; its phone is at {url}/phone");
    finished(serving).await
}

/// Waits for a sandbox to end.
pub(crate) async fn finished(serving: JoinHandle<std::io::Result<()>>) -> Result<(), Failure> {
    serving
        .await
        .map_err(|_| Failure::new("the sandbox came to a bad end; the log says where"))?
        .map_err(Failure::while_doing("the sandbox came to a bad end"))
}

/// Serves a sandbox until stopped.
pub(crate) async fn start(
    listener: TcpListener,
    config: SandboxConfig,
    stop: CancellationToken,
) -> Result<JoinHandle<std::io::Result<()>>, Failure> {
    // It makes an RSA key, which takes a core for a good part of a second.
    let sandbox = tokio::task::spawn_blocking(move || Sandbox::new(config))
        .await
        .map_err(|_| Failure::new("the sandbox cannot start; the log says where it failed"))?
        .map_err(Failure::while_doing("the sandbox cannot start"))?;
    Ok(tokio::spawn(
        sandbox.serve(listener, stop.cancelled_owned()),
    ))
}

//! `bonin health`: asks a gateway on this machine how it is, for container engines and scripts that have no HTTP client.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use clap::Args;
use reqwest::{Client, redirect::Policy};

use crate::{admin::print_line, failure::Failure};

/// A gateway that takes longer is as good as one that does not answer.
const LONGEST: Duration = Duration::from_secs(4);

#[derive(Debug, Args)]
pub(crate) struct HealthArgs {
    /// The configuration file of the gateway.
    #[arg(long, env = "BONIN_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where the gateway listens.
    #[arg(
        long,
        env = "BONIN_LISTEN",
        value_name = "ADDRESS",
        default_value = "127.0.0.1:8787"
    )]
    listen: String,
    /// Ask only whether the process answers, and not whether database and keys are there.
    #[arg(long)]
    live: bool,
}

pub(crate) async fn run(args: HealthArgs) -> Result<(), Failure> {
    let (path, fine) = if args.live {
        ("/health/live", "live")
    } else {
        ("/health/ready", "ready")
    };
    let address = reachable(&args.listen)?;
    // Always plain HTTP to this machine: no proxy and no certificate has a say.
    let client = Client::builder()
        .timeout(LONGEST)
        .no_proxy()
        .redirect(Policy::none())
        .tls_certs_only([])
        .build()
        .map_err(Failure::while_doing("an HTTP client cannot be made"))?;
    let answer = client.get(format!("http://{address}{path}")).send().await;
    match answer {
        Ok(answer) if answer.status().is_success() => print_line(fine),
        Ok(answer) => Err(Failure::new(format!(
            "the gateway on {address} is not {fine} ({}); its log says why",
            answer.status().as_u16()
        ))),
        Err(error) if error.is_timeout() => Err(Failure::new(format!(
            "the gateway on {address} did not answer within {} seconds",
            LONGEST.as_secs()
        ))),
        Err(_) => Err(Failure::new(format!(
            "no gateway answers on {address}; check `listen`, and whether `bonin serve` runs"
        ))),
    }
}

/// The address under which this machine reaches what listens there: one that listens everywhere is reached by loopback.
fn reachable(listen: &str) -> Result<String, Failure> {
    let Ok(address) = listen.parse::<SocketAddr>() else {
        return Ok(listen.to_owned());
    };
    if address.port() == 0 {
        return Err(Failure::new(
            "port 0 is a port that nobody knows beforehand; give the port that `serve` told with --listen",
        ));
    }
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    Ok(SocketAddr::new(ip, address.port()).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_listens_everywhere_is_asked_by_loopback() {
        for (listen, asked) in [
            ("127.0.0.1:8787", "127.0.0.1:8787"),
            ("0.0.0.0:8787", "127.0.0.1:8787"),
            ("[::]:80", "[::1]:80"),
            ("10.0.0.7:80", "10.0.0.7:80"),
            ("localhost:8787", "localhost:8787"),
        ] {
            assert_eq!(reachable(listen).unwrap(), asked);
        }
        assert!(reachable("127.0.0.1:0").is_err());
    }
}

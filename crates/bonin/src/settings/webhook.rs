//! Settings of webhooks.

use std::{net::IpAddr, num::NonZeroUsize, str::FromStr};

use bonin_gateway::{IpNet, WebhookConfig};
use clap::Args;

use super::{Span, set};

/// A network, `10.1.0.0/16`, or one address, `10.1.2.3`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Network(IpNet);

impl FromStr for Network {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        text.parse::<IpNet>()
            .ok()
            .or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
            .map(Self)
            .ok_or_else(|| {
                "a network such as 10.1.0.0/16 or fd00:1::/32, or an address, is wanted".to_owned()
            })
    }
}

/// Where webhooks may go. The shell asks for it, too, where it takes an address.
#[derive(Debug, Args)]
#[command(next_help_heading = "Webhooks")]
pub(crate) struct WebhookNetworkArgs {
    /// Networks that are not public but that webhooks may go to, separated by commas. Within them http: is allowed. [default: none; dev: 127.0.0.0/8,::1]
    #[arg(
        long,
        env = "BONIN_WEBHOOK_ALLOW_NETWORKS",
        value_name = "NETWORKS",
        value_delimiter = ','
    )]
    webhook_allow_networks: Vec<Network>,
}

impl WebhookNetworkArgs {
    /// Those that are named.
    pub(crate) fn networks(&self) -> Vec<IpNet> {
        let networks = self.webhook_allow_networks.iter();
        networks.map(|network| network.0).collect()
    }
}

/// How webhooks are sent.
#[derive(Debug, Args)]
#[command(next_help_heading = "Webhooks")]
pub(crate) struct WebhookArgs {
    #[command(flatten)]
    networks: WebhookNetworkArgs,
    /// How long a receiver may take to answer. [default: 30s]
    #[arg(long, env = "BONIN_WEBHOOK_TIMEOUT", value_name = "TIME")]
    webhook_timeout: Option<Span>,
    /// How long to wait before the first of five retries; each waits four times as long as the one before. [default: 1m]
    #[arg(long, env = "BONIN_WEBHOOK_FIRST_RETRY", value_name = "TIME")]
    webhook_first_retry: Option<Span>,
    /// After how long without any success an endpoint is paused. [default: 72h]
    #[arg(long, env = "BONIN_WEBHOOK_PAUSE_AFTER", value_name = "TIME")]
    webhook_pause_after: Option<Span>,
    /// How long webhooks that were sent or given up are kept, and how long one waits for a paused endpoint. [default: 720h]
    #[arg(long, env = "BONIN_WEBHOOK_KEEP", value_name = "TIME")]
    webhook_keep: Option<Span>,
    /// How many webhooks are sent at once; at most 8 of them to one endpoint. [default: 128]
    #[arg(long, env = "BONIN_WEBHOOK_CONNECTIONS", value_name = "COUNT")]
    webhook_connections: Option<NonZeroUsize>,
}

impl WebhookArgs {
    /// What is set, over the defaults of the command.
    pub(crate) fn config(&self, mut config: WebhookConfig) -> WebhookConfig {
        let networks = self.networks.networks();
        if !networks.is_empty() {
            config.allow_networks = networks;
        }
        set(
            &mut config.timeout,
            self.webhook_timeout.map(Span::duration),
        );
        set(
            &mut config.first_wait,
            self.webhook_first_retry.map(Span::duration),
        );
        set(
            &mut config.pause_after,
            self.webhook_pause_after.map(Span::signed),
        );
        set(&mut config.keep, self.webhook_keep.map(Span::signed));
        set(
            &mut config.at_once,
            self.webhook_connections.map(NonZeroUsize::get),
        );
        config
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_is_read_with_its_length_or_as_one_address() {
        let read = |text: &str| text.parse::<Network>().map(|network| network.0.to_string());
        assert_eq!(read("10.1.0.0/16").unwrap(), "10.1.0.0/16");
        assert_eq!(read("10.1.2.3").unwrap(), "10.1.2.3/32");
        assert_eq!(read("::1").unwrap(), "::1/128");
        for wrong in ["", "10.1.0.0/33", "localhost", "10.1"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}

//! Settings of the gateway, which `dev` and `serve` share.

mod webhook;

use std::{num::NonZeroU32, str::FromStr, time::Duration};

use bonin_gateway::{GatewayConfig, KcpConfig, Rate};
use clap::Args;
use jiff::SignedDuration;

pub(crate) use webhook::{WebhookArgs, WebhookNetworkArgs};

/// So long: `500ms`, `10s`, `5m`, `1h`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span(Duration);

impl FromStr for Span {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        text.parse::<SignedDuration>()
            .ok()
            .and_then(|span| Duration::try_from(span).ok())
            .filter(|span| !span.is_zero())
            .map(Self)
            .ok_or_else(|| "a time such as 500ms, 10s, 5m or 1h is wanted".to_owned())
    }
}

impl Span {
    pub(crate) fn duration(self) -> Duration {
        self.0
    }

    pub(crate) fn signed(self) -> SignedDuration {
        SignedDuration::try_from(self.0).unwrap_or(SignedDuration::MAX)
    }
}

/// So long, or not at all: `0s`, `10s`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Delay(Duration);

impl FromStr for Delay {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        text.parse::<SignedDuration>()
            .ok()
            .and_then(|span| Duration::try_from(span).ok())
            .map(Self)
            .ok_or_else(|| "a time such as 0s, 10s or 1m is wanted".to_owned())
    }
}

impl Delay {
    pub(crate) fn duration(self) -> Duration {
        self.0
    }
}

/// So many in so long: `30/1m`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RateText(Rate);

impl FromStr for RateText {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let wanted = || "a rate such as 30/1m or 10/1h is wanted".to_owned();
        let (count, within) = text.split_once('/').ok_or_else(wanted)?;
        Ok(Self(Rate {
            count: count.trim().parse().map_err(|_| wanted())?,
            within: within.trim().parse::<Span>().map_err(|_| wanted())?.0,
        }))
    }
}

/// How to speak to KCP.
#[derive(Debug, Args)]
#[command(next_help_heading = "KCP")]
pub(crate) struct KcpArgs {
    /// How long one call to KCP may take. [default: 15s]
    #[arg(long, env = "BONIN_KCP_TIMEOUT", value_name = "TIME")]
    kcp_timeout: Option<Span>,
    /// How long opening a connection to KCP may take. [default: 3s]
    #[arg(long, env = "BONIN_KCP_CONNECT_TIMEOUT", value_name = "TIME")]
    kcp_connect_timeout: Option<Span>,
    /// Hosts beside KCP's own that a LIVE channel may speak to, separated by commas. [default: none]
    #[arg(
        long,
        env = "BONIN_KCP_LIVE_HOSTS",
        value_name = "HOSTS",
        value_delimiter = ','
    )]
    kcp_live_hosts: Vec<String>,
    /// KCP's codes that end a try at confirm, beside those known, separated by commas. [default: none]
    #[arg(
        long,
        env = "BONIN_KCP_FINAL_CODES",
        value_name = "CODES",
        value_delimiter = ','
    )]
    kcp_final_codes: Vec<String>,
    /// KCP's codes at confirm that are no wrong number, beside those known, separated by commas. [default: none]
    #[arg(
        long,
        env = "BONIN_KCP_UNCOUNTED_CODES",
        value_name = "CODES",
        value_delimiter = ','
    )]
    kcp_uncounted_codes: Vec<String>,
}

impl KcpArgs {
    /// What is set, over the defaults.
    pub(crate) fn config(&self) -> KcpConfig {
        let mut config = GatewayConfig::default().kcp;
        set(
            &mut config.request_timeout,
            self.kcp_timeout.map(Span::duration),
        );
        set(
            &mut config.connect_timeout,
            self.kcp_connect_timeout.map(Span::duration),
        );
        config.more_live_hosts.clone_from(&self.kcp_live_hosts);
        config.final_codes.clone_from(&self.kcp_final_codes);
        config.uncounted_codes.clone_from(&self.kcp_uncounted_codes);
        config
    }
}

fn set<T>(target: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *target = value;
    }
}

/// Every limit and time-out. What is not set has the default of the command.
#[derive(Debug, Args)]
#[command(next_help_heading = "Gateway settings")]
pub(crate) struct GatewayArgs {
    #[command(flatten)]
    pub(crate) kcp: KcpArgs,
    #[command(flatten)]
    webhooks: WebhookArgs,
    /// How long an API try lives from its last message. [default: 10m]
    #[arg(long, env = "BONIN_API_TRY_LIFE", value_name = "TIME")]
    api_try_life: Option<Span>,
    /// How long a window try lives. [default: 30m]
    #[arg(long, env = "BONIN_WINDOW_TRY_LIFE", value_name = "TIME")]
    window_try_life: Option<Span>,
    /// Tries an id. [default: 10]
    #[arg(long, env = "BONIN_MAX_TRIES", value_name = "COUNT")]
    max_tries: Option<NonZeroU32>,
    /// Wrong numbers a try; the last of them ends it. [default: 5]
    #[arg(long, env = "BONIN_MAX_WRONG_NUMBERS", value_name = "COUNT")]
    max_wrong_numbers: Option<NonZeroU32>,
    /// Resends a try. [default: 5]
    #[arg(long, env = "BONIN_MAX_RESENDS", value_name = "COUNT")]
    max_resends: Option<u32>,
    /// Requests of one customer, by customer.ipAddress. [default: 30/1m; dev: 6000/1m]
    #[arg(long, env = "BONIN_LIMIT_CUSTOMER", value_name = "RATE")]
    limit_customer: Option<RateText>,
    /// Requests with one API secret. [default: 6000/1m; dev: 600000/1m]
    #[arg(long, env = "BONIN_LIMIT_SECRET", value_name = "RATE")]
    limit_secret: Option<RateText>,
    /// Failed authentications from one address. [default: 60/1m; dev: 6000/1m]
    #[arg(long, env = "BONIN_LIMIT_FAILED_LOGIN", value_name = "RATE")]
    limit_failed_login: Option<RateText>,
    /// Windows asked for from one address. [default: 300/1m; dev: 6000/1m]
    #[arg(long, env = "BONIN_LIMIT_CHECKOUT", value_name = "RATE")]
    limit_checkout: Option<RateText>,
    /// Steps of windows from one address. [default: 600/1m; dev: 60000/1m]
    #[arg(long, env = "BONIN_LIMIT_CHECKOUT_STEP", value_name = "RATE")]
    limit_checkout_step: Option<RateText>,
    /// Messages to one phone, over all stores. [default: 10/1h; dev: 1000/1h]
    #[arg(long, env = "BONIN_LIMIT_PHONE_MESSAGES", value_name = "RATE")]
    limit_phone_messages: Option<RateText>,
    /// How many proxies in front of the gateway append the caller's address to X-Forwarded-For. [default: 0]
    #[arg(long, env = "BONIN_TRUSTED_HOPS", value_name = "COUNT")]
    trusted_hops: Option<usize>,
    /// How long a stopping process waits for what is under way. [default: 60s]
    #[arg(long, env = "BONIN_DRAIN_LIMIT", value_name = "TIME")]
    drain_limit: Option<Span>,
    /// How often tries whose time is over are looked for. [default: 5s; dev: 1s]
    #[arg(long, env = "BONIN_SWEEP_INTERVAL", value_name = "TIME")]
    sweep_interval: Option<Span>,
}

impl GatewayArgs {
    /// The gateway's configuration: what is set, over the defaults of the command.
    pub(crate) fn config(&self, mut config: GatewayConfig) -> GatewayConfig {
        config.kcp = self.kcp.config();
        config.webhooks = self.webhooks.config(config.webhooks);
        set(
            &mut config.rules.api_try_life,
            self.api_try_life.map(Span::signed),
        );
        set(
            &mut config.rules.window_try_life,
            self.window_try_life.map(Span::signed),
        );
        set(
            &mut config.rules.max_tries,
            self.max_tries.map(NonZeroU32::get),
        );
        set(
            &mut config.rules.max_wrong_numbers,
            self.max_wrong_numbers.map(NonZeroU32::get),
        );
        set(&mut config.rules.max_resends, self.max_resends);
        let limits = &mut config.limits;
        set(&mut limits.customer, self.limit_customer.map(|rate| rate.0));
        set(&mut limits.secret, self.limit_secret.map(|rate| rate.0));
        set(
            &mut limits.failed_login,
            self.limit_failed_login.map(|rate| rate.0),
        );
        set(&mut limits.checkout, self.limit_checkout.map(|rate| rate.0));
        set(
            &mut limits.checkout_step,
            self.limit_checkout_step.map(|rate| rate.0),
        );
        if let Some(RateText(rate)) = self.limit_phone_messages {
            limits.phone_messages = rate.count.get();
            limits.phone_messages_within = Span(rate.within).signed();
        }
        set(&mut config.trusted_hops, self.trusted_hops);
        set(
            &mut config.drain_limit,
            self.drain_limit.map(Span::duration),
        );
        set(
            &mut config.sweep_interval,
            self.sweep_interval.map(Span::duration),
        );
        config
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_rates_are_read_as_people_write_them() {
        assert_eq!("500ms".parse::<Span>().unwrap().0.as_millis(), 500);
        assert_eq!("10m".parse::<Span>().unwrap().0.as_secs(), 600);
        assert_eq!("0s".parse::<Delay>().unwrap().0.as_millis(), 0);
        assert!("-1s".parse::<Delay>().is_err());
        let rate = "30/1m".parse::<RateText>().unwrap().0;
        assert_eq!((rate.count.get(), rate.within.as_secs()), (30, 60));
        for wrong in ["", "10", "0s", "-5s", "ten minutes"] {
            assert!(wrong.parse::<Span>().is_err(), "{wrong}");
        }
        for wrong in ["30", "0/1m", "30/0s", "/1m", "30/"] {
            assert!(wrong.parse::<RateText>().is_err(), "{wrong}");
        }
    }
}

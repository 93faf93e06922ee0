//! What an operator can set.

use std::{num::NonZeroU32, time::Duration};

use bonin_core::{Redacted, Rules};
use ipnet::IpNet;
use jiff::SignedDuration;

/// So many in so much time, all of them at once if need be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// How many.
    pub count: NonZeroU32,
    /// In what time.
    pub within: Duration,
}

/// Limits that keep one caller from harming others. Those of a try are in [`Rules`].
#[derive(Debug, Clone)]
pub struct LimitsConfig {
    /// Requests of one customer, by `customer.ipAddress`.
    pub customer: Rate,
    /// Requests with one API secret.
    pub secret: Rate,
    /// Failed authentications from one address.
    pub failed_login: Rate,
    /// Windows asked for from one address.
    pub checkout: Rate,
    /// Steps of windows from one address: pages, returns, questions how it stands.
    pub checkout_step: Rate,
    /// Messages to one phone.
    pub phone_messages: u32,
    /// In what time.
    pub phone_messages_within: SignedDuration,
}

/// How to speak to KCP.
#[derive(Debug, Clone)]
pub struct KcpConfig {
    /// How long opening a connection may take.
    pub connect_timeout: Duration,
    /// How long one call may take.
    pub request_timeout: Duration,
    /// Hosts beside KCP's own that a LIVE channel may speak to, as `host` or `host:port`.
    pub more_live_hosts: Vec<String>,
    /// Codes of 2300 and 2600 that end a try, beside those known.
    pub final_codes: Vec<String>,
    /// Codes of 2300 that do not count as a wrong number, beside those known.
    pub uncounted_codes: Vec<String>,
}

/// The console.
#[derive(Debug, Clone)]
pub struct ConsoleConfig {
    /// How long a session lasts, used or not.
    pub session_life: SignedDuration,
    /// How long a session lasts unused.
    pub session_idle: SignedDuration,
    /// The address under which browsers reach the console, where it has a listener of its own; otherwise it is `public_url`.
    pub url: Option<String>,
}

/// Who may read `/metrics` where the API is.
#[derive(Debug, Clone, Default)]
pub enum MetricsAccess {
    /// Nobody: it is not there.
    #[default]
    Closed,
    /// Whoever shows this token.
    Token(Redacted),
    /// Everybody. For development, where only this machine can ask.
    Open,
}

/// Webhooks.
#[derive(Debug, Clone)]
pub struct WebhookConfig {
    /// How long one request may take, from looking the name up to the head of the answer.
    pub timeout: Duration,
    /// How long a message waits that was not taken, before it goes a second time. It waits four times as long each time.
    pub first_wait: Duration,
    /// After how long without any success an endpoint is paused.
    pub pause_after: SignedDuration,
    /// How long messages that ended are kept, and how long one waits for an endpoint that is paused.
    pub keep: SignedDuration,
    /// How many requests are open at once.
    pub at_once: usize,
    /// Networks that are not public, which endpoints may be in all the same.
    pub allow_networks: Vec<IpNet>,
}

/// All of it.
#[derive(Debug, Clone)]
pub struct GatewayConfig {
    /// The address under which browsers, clients and the provider reach the gateway, without a slash at its end.
    pub public_url: String,
    /// Limits.
    pub limits: LimitsConfig,
    /// The limits of tries.
    pub rules: Rules,
    /// KCP.
    pub kcp: KcpConfig,
    /// The console.
    pub console: ConsoleConfig,
    /// Webhooks.
    pub webhooks: WebhookConfig,
    /// `/metrics` beside the API.
    pub metrics: MetricsAccess,
    /// How many proxies in front of the gateway are trusted to append to `X-Forwarded-For`.
    pub trusted_hops: usize,
    /// How long a stopping process waits for what is under way.
    pub drain_limit: Duration,
    /// How often tries whose time is over are looked for.
    pub sweep_interval: Duration,
}

impl Default for GatewayConfig {
    fn default() -> Self {
        let per_minute = |count: u32| Rate {
            count: NonZeroU32::new(count).unwrap_or(NonZeroU32::MIN),
            within: Duration::from_secs(60),
        };
        Self {
            public_url: "http://127.0.0.1:8787".to_owned(),
            limits: LimitsConfig {
                customer: per_minute(30),
                secret: per_minute(6000),
                failed_login: per_minute(60),
                checkout: per_minute(300),
                checkout_step: per_minute(600),
                phone_messages: 10,
                phone_messages_within: SignedDuration::from_hours(1),
            },
            rules: Rules::default(),
            kcp: KcpConfig {
                connect_timeout: Duration::from_secs(3),
                request_timeout: Duration::from_secs(15),
                more_live_hosts: Vec::new(),
                final_codes: Vec::new(),
                uncounted_codes: Vec::new(),
            },
            console: ConsoleConfig {
                session_life: SignedDuration::from_hours(12),
                session_idle: SignedDuration::from_mins(30),
                url: None,
            },
            webhooks: WebhookConfig {
                timeout: Duration::from_secs(30),
                first_wait: Duration::from_secs(60),
                pause_after: SignedDuration::from_hours(3 * 24),
                keep: SignedDuration::from_hours(30 * 24),
                at_once: 128,
                allow_networks: Vec::new(),
            },
            metrics: MetricsAccess::default(),
            trusted_hops: 0,
            drain_limit: Duration::from_secs(60),
            sweep_interval: Duration::from_secs(5),
        }
    }
}

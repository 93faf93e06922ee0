//! The use cases.

mod asking;
mod authenticate;
pub mod checkout;
mod confirm;
mod detached;
mod error;
mod keys;
mod limits;
mod list;
mod lookup;
mod order;
mod readiness;
mod resend;
mod retention;
mod send;
mod sweeper;
mod waiting;
pub(crate) mod webhooks;

use std::{net::IpAddr, sync::Arc, time::Duration};

use bonin_store::Store;
use jiff::{SignedDuration, Timestamp};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub use authenticate::{Caller, Credential, Tokens};
pub use error::Error;
pub use limits::LimitReached;
pub use readiness::{Check, Readiness};
pub(crate) use retention::scrub;

use crate::{
    Clock, ConsoleConfig, GatewayConfig, MetricsAccess,
    admin::Admin,
    metrics::Metrics,
    provider::{Providers, kcp::Kcp},
};

/// How long the record of an outcome may take before nobody counts on it any more.
const FOR_THE_RECORD: Duration = Duration::from_secs(15);

/// The service could not be set up; the message says what to do.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct SetupError(pub(crate) String);

/// Everything that use cases need. Cheap to clone: each request does so several times.
#[derive(Debug, Clone)]
pub struct Service(Arc<Parts>);

impl std::ops::Deref for Service {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

/// What a [`Service`] is made of.
#[derive(Debug, Clone)]
pub struct Parts {
    store: Arc<Store>,
    clock: Clock,
    config: Arc<GatewayConfig>,
    providers: Arc<Providers>,
    limits: Arc<limits::Limits>,
    asking: asking::Asking,
    asked_windows: checkout::AskedWindows,
    secrets_used: authenticate::SecretsUsed,
    webhooks: webhooks::Webhooks,
    metrics: Arc<Metrics>,
    under_way: TaskTracker,
    leaving: CancellationToken,
    stopping: CancellationToken,
}

impl Service {
    /// Sets the service up over an opened store. `stopping` tells it that the process is about to end.
    pub fn new(
        store: Store,
        config: GatewayConfig,
        stopping: CancellationToken,
    ) -> Result<Self, SetupError> {
        Self::counting(store, config, stopping, Metrics::new())
    }

    /// The same, counting with metrics that were there before.
    pub fn counting(
        store: Store,
        config: GatewayConfig,
        stopping: CancellationToken,
        metrics: Metrics,
    ) -> Result<Self, SetupError> {
        let kcp = Kcp::new(&config.kcp, metrics.kcp.clone());
        let kcp = kcp.map_err(|error| SetupError(error.to_string()))?;
        store.observe(Arc::new(metrics.store.clone()));
        Ok(Self(Arc::new(Parts {
            store: Arc::new(store),
            clock: Clock,
            providers: Arc::new(Providers::new(kcp)),
            limits: Arc::new(limits::Limits::new(&config.limits, &metrics.limits)),
            webhooks: webhooks::Webhooks::new(&config.webhooks)?,
            config: Arc::new(config),
            asking: asking::Asking::default(),
            asked_windows: checkout::AskedWindows::default(),
            secrets_used: authenticate::SecretsUsed::default(),
            metrics: Arc::new(metrics),
            under_way: TaskTracker::new(),
            leaving: stopping.clone(),
            stopping,
        })))
    }

    /// Tells those who ask whether it is ready that it is about to leave, as soon as this is cancelled: some time before it stops.
    pub fn leaving_with(mut self, leaving: CancellationToken) -> Self {
        Arc::make_mut(&mut self.0).leaving = leaving;
        self
    }

    fn is_leaving(&self) -> bool {
        self.leaving.is_cancelled() || self.stopping.is_cancelled()
    }

    /// The use cases of administration, over the same database and the same providers.
    pub fn admin(&self) -> Admin {
        Admin::sharing(
            self.store.clone(),
            self.providers.clone(),
            Some(self.config.public_url.as_str().into()),
            self.metrics.logins.clone(),
        )
        .allowing_networks(self.config.webhooks.allow_networks.clone())
    }

    /// What this process counts.
    pub fn metrics(&self) -> &Arc<Metrics> {
        &self.metrics
    }

    /// What this process counts, written down for Prometheus.
    pub fn figures(&self) -> Result<String, std::fmt::Error> {
        let timeouts = bonin_store::acquire_timeouts();
        self.metrics
            .store
            .connections(&self.store.pools(), timeouts);
        self.metrics.render()
    }

    /// Who may read that beside the API.
    pub fn metrics_access(&self) -> &MetricsAccess {
        &self.config.metrics
    }

    /// The database.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The address under which browsers, clients and the provider reach the gateway.
    pub fn public_url(&self) -> &str {
        &self.config.public_url
    }

    /// The console's settings.
    pub fn console_config(&self) -> &ConsoleConfig {
        &self.config.console
    }

    /// Counts a login at the console, before it is judged: each takes a core for a moment, and may be a guess.
    pub fn count_console_login(&self, address: IpAddr) -> Result<(), LimitReached> {
        self.limits.failed_login(address)
    }

    /// Counts a wrong token of whoever wants to read the metrics.
    pub fn count_failed_login(&self, address: IpAddr) -> Result<(), LimitReached> {
        self.limits.failed_login(address)
    }

    /// How many proxies in front of the gateway are trusted.
    pub fn trusted_hops(&self) -> usize {
        self.config.trusted_hops
    }

    /// Stops what runs by itself, and waits for what is under way until `deadline`. Says whether all of it ended.
    pub async fn drain(&self, deadline: tokio::time::Instant) -> bool {
        self.stopping.cancel();
        self.under_way.close();
        let ended = tokio::time::timeout_at(deadline, self.under_way.wait()).await;
        self.store.close().await;
        ended.is_ok()
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// When something that asks the provider for so long must have been recorded, with time for the record itself.
    fn settle_by(&self, longest: Duration) -> Timestamp {
        let longest = SignedDuration::try_from(longest + FOR_THE_RECORD);
        longest
            .ok()
            .and_then(|longest| self.now().checked_add(longest).ok())
            .unwrap_or(Timestamp::MAX)
    }
}

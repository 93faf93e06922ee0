//! Administration: the use cases behind the console and the shell. Each asks whether the administrator may, checks what was
//! given, and changes the database together with the audit.

mod audit;
mod channel;
mod doctor;
mod erasure;
mod error;
mod key;
mod korea;
mod login;
mod overview;
mod own_account;
mod password;
mod permission;
mod secret;
mod store;
mod totp;
mod user;
mod verification;
mod webhook;

use std::sync::Arc;

use bonin_core::Redacted;
use bonin_store::{Actor, Role, Store};
use ipnet::IpNet;
use jiff::Timestamp;

pub use crate::problems::{Problem, Problems};
pub use channel::{ChannelForm, ShownChannel};
pub use doctor::{Finding, Health};
pub use erasure::ErasedPerson;
pub use error::Error;
pub use login::{LoginError, OpenedSession, Session};
pub use overview::{FirstSteps, Overview, Period, ShownFailure, ShownLatency, Tally};
pub use permission::Action;
pub use secret::{MadeSecret, SecretForm};
pub use store::StoreForm;
pub use totp::Enrolment;
pub use user::{MadeUser, UserForm};
pub use verification::{
    MaskedPerson, RevealedPerson, ShownTry, ShownVerification, TimelineLine, VerificationDetail,
    VerificationForm, VerificationPage,
};
pub use webhook::{
    DeliveryForm, MadeWebhook, RotatedWebhookSecret, ShownDelivery, ShownWebhook, WebhookForm,
    WebhookState, state_name, try_explanation,
};

use crate::{
    Clock, KcpConfig,
    metrics::{LoginMetrics, Metrics},
    provider::{Providers, kcp::Kcp},
    service::{SetupError, webhooks::Networks},
};

/// Who administers: a user of the console with a role, or the shell, which may do everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Administrator {
    /// Who, from where: for the audit.
    pub actor: Actor,
    /// What they may do.
    pub role: Role,
}

impl Administrator {
    /// Whether the role allows it.
    pub fn may(&self, action: Action) -> bool {
        action.is_allowed_to(self.role)
    }

    /// Refuses what the role does not allow.
    pub fn must(&self, action: Action) -> Result<(), Error> {
        if self.may(action) {
            Ok(())
        } else {
            Err(Error::Forbidden(action))
        }
    }
}

/// The use cases of administration. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Admin {
    store: Arc<Store>,
    providers: Arc<Providers>,
    clock: Clock,
    public_url: Option<Arc<str>>,
    logins: LoginMetrics,
    networks: Arc<Networks>,
}

impl Admin {
    /// Over a database of its own, for the shell. The gateway's public address is wanted by what tells or tries the way back
    /// to it.
    pub fn new(
        store: Store,
        kcp: &KcpConfig,
        public_url: Option<&str>,
    ) -> Result<Self, SetupError> {
        let metrics = Metrics::new();
        let kcp = Kcp::new(kcp, metrics.kcp);
        let kcp = kcp.map_err(|error| SetupError(error.to_string()))?;
        Ok(Self::sharing(
            Arc::new(store),
            Arc::new(Providers::new(kcp)),
            public_url.map(Arc::from),
            metrics.logins,
        ))
    }

    pub(crate) fn sharing(
        store: Arc<Store>,
        providers: Arc<Providers>,
        public_url: Option<Arc<str>>,
        logins: LoginMetrics,
    ) -> Self {
        Self {
            logins,
            public_url,
            store,
            providers,
            clock: Clock,
            networks: Arc::default(),
        }
    }

    /// The same, with networks that are not public and that webhooks may go to all the same.
    pub fn allowing_networks(self, networks: Vec<IpNet>) -> Self {
        Self {
            networks: Arc::new(Networks::new(networks)),
            ..self
        }
    }

    /// Waits for what is under way, and closes the database.
    pub async fn close(&self) {
        self.store.close().await;
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

/// What people call a thing: 1 to 100 characters on one line, without spaces around it.
fn name(problems: &mut Problems, field: &'static str, given: &str) -> String {
    let name = given.trim();
    if name.is_empty() || name.chars().count() > 100 || name.chars().any(char::is_control) {
        problems.add(field, "한 줄에 1자에서 100자까지 적어야 합니다.");
    }
    name.to_owned()
}

/// A reason, in the words of whoever acts: 2 to 200 characters on one line. It goes into the audit, sealed.
fn reason(given: &str) -> Result<Redacted, Error> {
    let reason = given.trim();
    if (2..=200).contains(&reason.chars().count()) && !reason.chars().any(char::is_control) {
        Ok(Redacted::new(reason))
    } else {
        Err(Error::invalid(
            "reason",
            "2자에서 200자까지 한 줄로 적어야 합니다. 감사 기록에 남습니다.",
        ))
    }
}

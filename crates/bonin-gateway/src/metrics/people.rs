//! Callers and administrators: what limits refused, and who came into the console. How many, never who.

use prometheus_client::{
    encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder},
    metrics::{counter::Counter, family::Family},
    registry::Registry,
};

/// A limit that somebody reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Limit {
    /// Requests of one customer.
    Customer,
    /// Requests with one API secret.
    Secret,
    /// Failed authentications from one address.
    FailedLogin,
    /// Windows asked for from one address.
    Checkout,
    /// Steps of windows from one address.
    CheckoutStep,
    /// Messages to one phone.
    PhoneMessages,
    /// Tries of one store in a day.
    DailyTries,
    /// Wrong numbers of one try.
    WrongNumbers,
    /// Resends of one try.
    Resends,
}

impl Limit {
    /// The label.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Secret => "secret",
            Self::FailedLogin => "failed_login",
            Self::Checkout => "checkout",
            Self::CheckoutStep => "checkout_step",
            Self::PhoneMessages => "phone_messages",
            Self::DailyTries => "daily_tries",
            Self::WrongNumbers => "wrong_numbers",
            Self::Resends => "resends",
        }
    }
}

impl EncodeLabelValue for Limit {
    fn encode(&self, encoder: &mut LabelValueEncoder) -> Result<(), std::fmt::Error> {
        EncodeLabelValue::encode(&self.as_str(), encoder)
    }
}

#[derive(Debug, Clone, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Reached {
    limit: Limit,
}

/// Requests that a limit refused.
#[derive(Debug, Clone, Default)]
pub struct LimitMetrics(Family<Reached, Counter>);

impl LimitMetrics {
    /// A limit refused a request.
    pub fn reached(&self, limit: Limit) {
        self.0.get_or_create(&Reached { limit }).inc();
    }

    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register(
            "bonin_requests_limited",
            "Requests that a limit refused, by limit",
            self.0.clone(),
        );
    }
}

/// How a step of a login at the console ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LoginOutcome {
    /// Let in.
    LetIn,
    /// The password was right, and the second factor is waited for.
    SecondFactor,
    /// Wrong, unknown, disabled or locked.
    Wrong,
    /// It could not be judged.
    Unjudged,
}

#[derive(Debug, Clone, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Ended {
    outcome: &'static str,
}

/// Logins at the console.
#[derive(Debug, Clone, Default)]
pub struct LoginMetrics(Family<Ended, Counter>);

impl LoginMetrics {
    /// A step of a login ended.
    pub fn ended(&self, outcome: LoginOutcome) {
        let outcome = match outcome {
            LoginOutcome::LetIn => "let_in",
            LoginOutcome::SecondFactor => "second_factor",
            LoginOutcome::Wrong => "wrong",
            LoginOutcome::Unjudged => "unjudged",
        };
        self.0.get_or_create(&Ended { outcome }).inc();
    }

    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register(
            "bonin_console_logins",
            "Steps of logins at the console, by outcome",
            self.0.clone(),
        );
    }
}

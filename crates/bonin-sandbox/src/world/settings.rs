use std::time::Duration;

use serde_json::{Value, json};

/// How the sandbox behaves.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Settings {
    /// Whether people that nobody has added exist.
    pub(crate) accepts_unknown_people: bool,
    /// How long the number in an SMS is good for.
    pub(crate) otp_ttl: Duration,
    /// How many wrong numbers a certification takes.
    pub(crate) otp_max_attempts: u32,
    /// How long a registration of the window is good for.
    pub(crate) registration_ttl: Duration,
    /// The number of every SMS, instead of a random one.
    pub(crate) fixed_otp: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            accepts_unknown_people: true,
            otp_ttl: Duration::from_secs(180),
            otp_max_attempts: 5,
            registration_ttl: Duration::from_secs(3600),
            fixed_otp: None,
        }
    }
}

impl Settings {
    /// As `PUT /sandbox/settings` takes them.
    pub(crate) fn to_json(&self) -> Value {
        json!({
            "unknownPeople": if self.accepts_unknown_people { "accept" } else { "reject" },
            "otpTtlSeconds": self.otp_ttl.as_secs(),
            "otpMaxAttempts": self.otp_max_attempts,
            "registrationTtlSeconds": self.registration_ttl.as_secs(),
            "fixedOtp": self.fixed_otp,
        })
    }
}

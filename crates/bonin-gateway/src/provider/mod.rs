//! The port to a PG, in the domain's words.

pub mod kcp;
mod setup;

use std::{net::IpAddr, time::Duration};

use async_trait::async_trait;
use bonin_api::{Bypass, InvalidRequest};
use bonin_core::{
    ConfirmOutcome, Method, Operator, OrderNumber, Otp, PersonName, PhoneNumber, Redacted,
    ResendOutcome, ResidentNumberPrefix, SendOutcome,
};
use bonin_store::{
    CallNote, Channel, ChannelKind, Claimed, PgAnswer, ProviderState, VerifiedPerson, WindowTry,
};
use jiff::Timestamp;

pub use setup::{
    CertificateState, CheckedCredentials, EnteredCredentials, Instructions, ProbeOrder, Probed,
    Product, Step, Verdict, certificate_state,
};

use crate::Problems;

/// Whom to reach, and how.
#[derive(Debug, Clone)]
pub struct SendOrder {
    /// The order number of the try.
    pub order_number: OrderNumber,
    /// SMS or PASS app.
    pub method: Method,
    /// The operator.
    pub operator: Operator,
    /// The name.
    pub name: PersonName,
    /// The phone.
    pub phone: PhoneNumber,
    /// Birth date, sex and nationality, where the resident number's digits were given.
    pub resident: Option<ResidentNumberPrefix>,
    /// The customer's address.
    pub ip_address: IpAddr,
    /// What the provider has of its own.
    pub bypass: Bypass,
}

/// What came of a send.
#[derive(Debug, Clone)]
pub struct Sent {
    /// What came of it.
    pub outcome: SendOutcome,
    /// The provider's id of the try.
    pub pg_tx_id: Option<String>,
    /// What the adapter wants to find again.
    pub state: Option<ProviderState>,
    /// What the provider said, if the person was not reached.
    pub answer: Option<PgAnswer>,
    /// The calls that were made.
    pub calls: Vec<CallNote>,
}

/// What came of a resend.
#[derive(Debug, Clone)]
pub struct Resent {
    /// What came of it.
    pub outcome: ResendOutcome,
    /// What the provider said, if it did not send.
    pub answer: Option<PgAnswer>,
    /// The calls that were made.
    pub calls: Vec<CallNote>,
}

/// What the provider said to a confirm.
#[derive(Debug, Clone)]
pub struct Confirmed {
    /// What it said.
    pub outcome: ConfirmOutcome,
    /// The person, and the answer that verified.
    pub verified: Option<(VerifiedPerson, Redacted)>,
    /// The provider's id of the try, where only this answer tells it.
    pub pg_tx_id: Option<String>,
    /// What the provider said, if it did not verify.
    pub answer: Option<PgAnswer>,
    /// The calls that were made.
    pub calls: Vec<CallNote>,
}

/// A window to be opened.
#[derive(Debug, Clone)]
pub struct WindowOrder {
    /// The order number of the try.
    pub order_number: OrderNumber,
    /// Where the provider sends the browser back to. It carries the try's secret.
    pub return_url: Redacted,
    /// Whose DI it is to be.
    pub web_siteid: Option<String>,
}

/// The form that takes the browser to the provider's window.
#[derive(Debug, Clone)]
pub struct WindowForm {
    /// Where it is posted to.
    pub action: String,
    /// Its fields.
    pub fields: Vec<(&'static str, Redacted)>,
}

/// What a browser brought back from the provider's window. Anyone can forge it: it says only that it is time to ask.
#[derive(Debug, Clone, Default)]
pub struct WindowReturn {
    /// The code it claims, if it claims a failure.
    pub failure: Option<PgAnswer>,
    /// The code it claims, whatever it is.
    pub code: Option<String>,
    /// What has to be posted again, should the provider not answer now.
    pub again: Vec<(&'static str, Redacted)>,
}

/// A send that was checked and only has to be carried out. Nothing was sent yet.
#[async_trait]
pub trait PreparedSend: Send + Sync {
    /// Makes the calls. They cost money and are made once.
    async fn carry_out(&self) -> Sent;
}

/// Why a send or confirm cannot even be tried.
#[derive(Debug, thiserror::Error)]
pub enum Unprepared {
    /// The request breaks a rule of this provider.
    #[error(transparent)]
    Invalid(#[from] InvalidRequest),
    /// The channel's credentials are of no use; the message says what to do, in Korean.
    #[error("{0}")]
    ChannelUnusable(String),
}

/// A PG that verifies identities.
#[async_trait]
pub trait Provider: Send + Sync {
    /// Checks an order against the provider's rules and the channel's credentials, before anything begins.
    async fn prepare(
        &self,
        channel: &Channel,
        order: SendOrder,
    ) -> Result<Box<dyn PreparedSend>, Unprepared>;

    /// Sends the message of a claimed try again.
    async fn resend(&self, channel: &Channel, claimed: &Claimed) -> Result<Resent, Unprepared>;

    /// Asks whether the person of a claimed try is verified.
    async fn confirm(
        &self,
        channel: &Channel,
        claimed: &Claimed,
        otp: Option<&Otp>,
    ) -> Result<Confirmed, Unprepared>;

    /// Checks a window against the provider's rules and the channel's credentials, before anything begins.
    fn prepare_window(
        &self,
        channel: &Channel,
        order: WindowOrder,
    ) -> Result<Box<dyn PreparedSend>, Unprepared>;

    /// The form that opens the window of a try.
    fn window_form(&self, state: &ProviderState) -> Option<WindowForm>;

    /// Reads what a browser brought back. Whatever was posted reads as one.
    fn read_return(&self, form: &[u8]) -> WindowReturn;

    /// Asks who was verified in the window of a try. It costs nothing and may be asked again.
    async fn ask_window(
        &self,
        channel: &Channel,
        window: &WindowTry,
    ) -> Result<Confirmed, Unprepared>;

    /// Checks credentials as they were entered, without asking the provider: all that is wrong, by field. With `before`,
    /// the channel whose credentials are replaced, a product of which nothing was entered stays as it is.
    async fn check(
        &self,
        kind: ChannelKind,
        entered: &EnteredCredentials,
        before: Option<&Channel>,
        now: Timestamp,
    ) -> Result<CheckedCredentials, Problems>;

    /// Asks the provider, for each product of the channel, something that costs nothing and reaches nobody.
    async fn probe(&self, channel: &Channel, order: ProbeOrder) -> Vec<Probed>;

    /// What has to be set at the provider for each product of the channel, with this gateway's address.
    fn instructions(&self, channel: &Channel, public_url: &str) -> Vec<Instructions>;

    /// How long a send takes at most.
    fn longest_send(&self) -> Duration;

    /// How long a resend or a confirm takes at most.
    fn longest_call(&self) -> Duration;
}

/// The providers there are.
#[derive(Debug)]
pub struct Providers {
    kcp: kcp::Kcp,
}

impl Providers {
    /// All of them.
    pub fn new(kcp: kcp::Kcp) -> Self {
        Self { kcp }
    }

    /// The one behind a channel. There is one so far; a channel cannot be made for another.
    pub fn of(&self, _channel: &Channel) -> &dyn Provider {
        &self.kcp
    }

    /// The one that a channel is made for with what was entered. There is one so far.
    pub fn for_entered(&self, _entered: &EnteredCredentials) -> &dyn Provider {
        &self.kcp
    }

    /// What a code of a call means and what to do about it, in Korean, where that is known. There is one provider so far.
    pub fn explanation(&self, code: &str) -> Option<&'static str> {
        kcp::explanation(code)
    }

    /// What a call asks for, as a Korean noun, where that is known.
    pub fn call_name(&self, call: &str) -> Option<&'static str> {
        kcp::call_name(call)
    }

    /// How long a resend or a confirm takes at most, whoever is asked.
    pub fn longest_call(&self) -> Duration {
        self.kcp.longest_call()
    }

    /// How long reaching a person may take, with all its calls.
    pub fn longest_send(&self) -> Duration {
        self.kcp.longest_send()
    }
}

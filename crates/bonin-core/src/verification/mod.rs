//! The state machine of an identity verification.
//!
//! A verification holds tries ([`Attempt`]), at most one of them live, and at most one of them ever succeeds.
//! [`IdentityVerification::decide`] says which events a command leads to, or why it is refused;
//! [`IdentityVerification::apply`] says what an event makes of the state. Neither reads a clock or does I/O: the store
//! runs them inside one transaction and writes what comes out.

mod decide;
mod event;

use jiff::{SignedDuration, Timestamp};

pub use event::{Event, EventKind};

use crate::{ClaimToken, TxId};

/// How far a verification has come, as the API shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// A try is on its way.
    Ready,
    /// The person is verified. Final.
    Verified,
    /// The last try came to nothing; another may follow.
    Failed,
}

/// How a try proves the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Way {
    /// API way, by a number sent by SMS.
    Sms,
    /// API way, by a tap in the PASS app.
    App,
    /// SDK way, in the provider's own window.
    Window,
}

impl Way {
    /// Whether the holder of the API secret drives the try. A browser never ends such a try.
    pub fn is_api(self) -> bool {
        self != Self::Window
    }
}

/// Why a try failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FailureReason {
    /// The provider said no: it has a code and a message.
    Refused,
    /// The provider did not answer before anything was sent to the person.
    NothingSent,
    /// The provider may have acted, but its answer never came.
    OutcomeUnknown,
    /// The time to finish is over.
    Expired,
    /// Too many wrong numbers were typed.
    TooManyWrongNumbers,
}

/// Where a try stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AttemptState {
    /// Begun; the provider is being asked to reach the person.
    Begun,
    /// The message, request or window is with the person.
    Open,
    /// The person is verified. Final.
    Verified,
    /// Ended without success.
    Failed(FailureReason),
    /// Another window took its place; finished all the same, it still counts.
    Replaced,
}

/// What a claim is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Asking the provider whether the person is verified.
    Confirm,
    /// Asking the provider to send the SMS again.
    Resend,
}

/// The right to ask the provider about a try: one caller at a time holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Whose it is.
    pub token: ClaimToken,
    /// What for.
    pub purpose: Purpose,
    /// When it lapses, should its holder never come back. Exceeds the provider's time-outs.
    pub until: Timestamp,
}

/// One try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// Its id.
    pub tx_id: TxId,
    /// How it proves the person.
    pub way: Way,
    /// Where it stands.
    pub state: AttemptState,
    /// While [`AttemptState::Begun`]: when its outcome should have been recorded. While open: when its time is over.
    pub live_until: Timestamp,
    /// Wrong numbers typed so far.
    pub wrong_numbers: u32,
    /// Resends asked for so far, whatever came of them.
    pub resends: u32,
    /// Who is asking the provider about it right now.
    pub claim: Option<Claim>,
}

impl Attempt {
    /// Whether its end is still to come, or at least to be recorded.
    pub fn is_pending(&self) -> bool {
        matches!(self.state, AttemptState::Begun | AttemptState::Open)
    }

    /// Whether it can still be acted on at `now`. A held claim keeps a try alive until its outcome is recorded.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.is_pending() && (now < self.live_until || self.claimed(now).is_some())
    }

    /// The claim that is in force at `now`.
    pub fn claimed(&self, now: Timestamp) -> Option<&Claim> {
        self.claim.as_ref().filter(|claim| now < claim.until)
    }
}

/// The limits that the state machine keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// Tries an id, in all.
    pub max_tries: u32,
    /// Wrong numbers a try; the last of them ends it.
    pub max_wrong_numbers: u32,
    /// Resends a try.
    pub max_resends: u32,
    /// How long an API try lives from its last message.
    pub api_try_life: SignedDuration,
    /// How long a window try lives.
    pub window_try_life: SignedDuration,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            max_tries: 10,
            max_wrong_numbers: 5,
            max_resends: 5,
            api_try_life: SignedDuration::from_mins(10),
            window_try_life: SignedDuration::from_mins(30),
        }
    }
}

impl Rules {
    /// How long a try of this way lives once it is open.
    pub fn life(&self, way: Way) -> SignedDuration {
        if way.is_api() {
            self.api_try_life
        } else {
            self.window_try_life
        }
    }
}

/// What is to be done to a verification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Begin a new try.
    Begin {
        /// The new try's id.
        tx_id: TxId,
        /// How it will prove the person.
        way: Way,
        /// When the provider's answer must have been recorded.
        settle_by: Timestamp,
    },
    /// Record what came of beginning it.
    RecordSend {
        /// The try.
        tx_id: TxId,
        /// What came of it.
        outcome: SendOutcome,
    },
    /// Claim the live API try, to confirm it or to send its message again.
    Claim(Claim),
    /// Record what the provider said to a confirm. For a window there is no claim.
    RecordConfirm {
        /// The try.
        tx_id: TxId,
        /// The claim under which the provider was asked.
        token: Option<ClaimToken>,
        /// What it said.
        outcome: ConfirmOutcome,
    },
    /// Record what came of a resend.
    RecordResend {
        /// The try.
        tx_id: TxId,
        /// The claim under which the provider was asked.
        token: ClaimToken,
        /// What came of it.
        outcome: ResendOutcome,
    },
    /// End tries whose time is over.
    Sweep,
}

/// What came of asking the provider to reach the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SendOutcome {
    /// The person has the message, the request or the window.
    Sent,
    /// It came to nothing.
    Failed(FailureReason),
}

/// What the provider said to a confirm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConfirmOutcome {
    /// The person is verified.
    Verified,
    /// A wrong number: counted.
    WrongNumber,
    /// Not yet, or no proper answer: the try stays as it is.
    StaysOpen,
    /// The provider ended it.
    Failed(FailureReason),
}

/// What came of a resend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResendOutcome {
    /// A new message is on its way.
    Sent,
    /// It is not, or nobody knows.
    NotSent,
}

/// Why a command is refused. The state stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is a success already.
    #[error("already verified")]
    AlreadyVerified,
    /// A live API try stands against another one.
    #[error("an API try is live")]
    ApiTryLive,
    /// The id has had all its tries.
    #[error("no tries left")]
    NoTriesLeft,
    /// There is no live API try.
    #[error("no API try is live")]
    NotSent,
    /// Another caller is asking the provider: wait for its outcome.
    #[error("claimed by another caller")]
    Claimed(Claim),
    /// A resend makes sense for SMS only.
    #[error("not an SMS try")]
    NotSms,
    /// Too many wrong numbers ended the last try.
    #[error("too many wrong numbers")]
    TooManyWrongNumbers {
        /// When that try would have ended by itself.
        until: Timestamp,
    },
    /// The try has had all its resends.
    #[error("too many resends")]
    TooManyResends {
        /// When the try ends.
        until: Timestamp,
    },
}

/// A verification: its tries, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IdentityVerification {
    attempts: Vec<Attempt>,
}

impl IdentityVerification {
    /// From its tries, oldest first.
    pub fn new(attempts: Vec<Attempt>) -> Self {
        Self { attempts }
    }

    /// Its tries, oldest first.
    pub fn attempts(&self) -> &[Attempt] {
        &self.attempts
    }

    /// How far it has come.
    pub fn status(&self) -> Status {
        if self.verified().is_some() {
            return Status::Verified;
        }
        match self.attempts.last().map(|attempt| attempt.state) {
            Some(AttemptState::Begun | AttemptState::Open) => Status::Ready,
            _ => Status::Failed,
        }
    }

    /// The try that tells its story: the one that succeeded, else the latest.
    pub fn shown(&self) -> Option<&Attempt> {
        self.verified().or_else(|| self.attempts.last())
    }

    /// The try that succeeded.
    pub fn verified(&self) -> Option<&Attempt> {
        self.attempts
            .iter()
            .find(|attempt| attempt.state == AttemptState::Verified)
    }

    /// The try of this id.
    pub fn attempt(&self, tx_id: &TxId) -> Option<&Attempt> {
        self.attempts.iter().find(|attempt| attempt.tx_id == *tx_id)
    }

    /// The try that can be acted on at `now`. It is always the latest.
    pub fn live(&self, now: Timestamp) -> Option<&Attempt> {
        self.attempts.last().filter(|attempt| attempt.is_live(now))
    }
}

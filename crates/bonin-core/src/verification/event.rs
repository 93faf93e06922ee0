//! What happened to a verification, and what it makes of the state.

use jiff::Timestamp;

use super::{Attempt, AttemptState, Claim, FailureReason, IdentityVerification, Way};
use crate::{ClaimToken, TxId};

/// Something that happened to one try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The try.
    pub tx_id: TxId,
    /// What happened to it.
    pub kind: EventKind,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventKind {
    /// The try began.
    Begun {
        /// How it proves the person.
        way: Way,
        /// When the provider's answer must have been recorded.
        settle_by: Timestamp,
    },
    /// The person has the message, the request or the window.
    Opened {
        /// When its time is over.
        live_until: Timestamp,
    },
    /// A caller began to ask the provider about it.
    Claimed(Claim),
    /// The message was sent again.
    Resent {
        /// Whose claim ends by it.
        token: ClaimToken,
        /// When the try's time is over now.
        live_until: Timestamp,
    },
    /// The message was asked for again, but is not known to have left.
    ResendFailed {
        /// Whose claim ends by it.
        token: ClaimToken,
    },
    /// A wrong number was typed.
    WrongNumber {
        /// Whose claim ends by it.
        token: Option<ClaimToken>,
    },
    /// The provider was asked and nothing is decided yet.
    StayedOpen {
        /// Whose claim ends by it.
        token: Option<ClaimToken>,
    },
    /// The person is verified.
    Verified,
    /// The try failed.
    Failed(FailureReason),
    /// Another window took its place.
    Replaced,
    /// An outcome came when nothing could be made of it any more.
    CameTooLate,
}

impl EventKind {
    /// The name it has in the timeline.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Begun { .. } => "begun",
            Self::Opened { .. } => "sent",
            Self::Claimed(Claim { purpose, .. }) => match purpose {
                super::Purpose::Confirm => "confirm_asked",
                super::Purpose::Resend => "resend_asked",
            },
            Self::Resent { .. } => "resent",
            Self::ResendFailed { .. } => "resend_failed",
            Self::WrongNumber { .. } => "wrong_number",
            Self::StayedOpen { .. } => "stayed_open",
            Self::Verified => "verified",
            Self::Failed(FailureReason::Refused) => "failed",
            Self::Failed(FailureReason::NothingSent) => "failed_nothing_sent",
            Self::Failed(FailureReason::OutcomeUnknown) => "failed_outcome_unknown",
            Self::Failed(FailureReason::Expired) => "expired",
            Self::Failed(FailureReason::TooManyWrongNumbers) => "failed_too_many_wrong_numbers",
            Self::Replaced => "replaced",
            Self::CameTooLate => "came_too_late",
        }
    }
}

impl IdentityVerification {
    /// The state after the event. An event of an unknown try changes nothing.
    pub fn apply(&mut self, event: &Event) {
        if let EventKind::Begun { way, settle_by } = event.kind {
            self.attempts.push(Attempt {
                tx_id: event.tx_id.clone(),
                way,
                state: AttemptState::Begun,
                live_until: settle_by,
                wrong_numbers: 0,
                resends: 0,
                claim: None,
            });
            return;
        }
        if let Some(attempt) = self.attempts.iter_mut().find(|a| a.tx_id == event.tx_id) {
            attempt.apply(&event.kind);
        }
    }
}

impl Attempt {
    fn apply(&mut self, event: &EventKind) {
        match event {
            EventKind::Begun { .. } | EventKind::CameTooLate => {}
            EventKind::Opened { live_until } => {
                self.state = AttemptState::Open;
                self.live_until = *live_until;
            }
            EventKind::Claimed(claim) => {
                if claim.purpose == super::Purpose::Resend {
                    self.resends += 1;
                }
                self.claim = Some(claim.clone());
            }
            EventKind::Resent { token, live_until } => {
                self.live_until = *live_until;
                self.release(Some(token));
            }
            EventKind::ResendFailed { token } => self.release(Some(token)),
            EventKind::WrongNumber { token } => {
                self.wrong_numbers += 1;
                self.release(token.as_ref());
            }
            EventKind::StayedOpen { token } => self.release(token.as_ref()),
            EventKind::Verified => self.end(AttemptState::Verified),
            EventKind::Failed(reason) => self.end(AttemptState::Failed(*reason)),
            EventKind::Replaced => self.end(AttemptState::Replaced),
        }
    }

    fn end(&mut self, state: AttemptState) {
        self.state = state;
        self.claim = None;
    }

    /// A claim is given back by its own holder only: a late one must not free its successor's.
    fn release(&mut self, token: Option<&ClaimToken>) {
        if self.claim.as_ref().map(|claim| &claim.token) == token {
            self.claim = None;
        }
    }
}

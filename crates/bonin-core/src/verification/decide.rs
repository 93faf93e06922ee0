//! Command + state + time → events, or a refusal.

use jiff::Timestamp;

use super::{
    Attempt, AttemptState, Claim, Command, ConfirmOutcome, Event, EventKind, FailureReason,
    IdentityVerification, Purpose, Refusal, ResendOutcome, Rules, SendOutcome, Way,
};
use crate::{ClaimToken, TxId};

impl IdentityVerification {
    /// What the command leads to at `now`: events to apply in order, or why it is refused.
    pub fn decide(
        &self,
        command: &Command,
        now: Timestamp,
        rules: &Rules,
    ) -> Result<Vec<Event>, Refusal> {
        match command {
            Command::Begin {
                tx_id,
                way,
                settle_by,
            } => self.begin(tx_id, *way, *settle_by, now, rules),
            Command::RecordSend { tx_id, outcome } => {
                Ok(self.record_send(tx_id, *outcome, now, rules))
            }
            Command::Claim(claim) => self.claim(claim, now, rules),
            Command::RecordConfirm {
                tx_id,
                token,
                outcome,
            } => Ok(self.record_confirm(tx_id, token.as_ref(), *outcome, rules)),
            Command::RecordResend {
                tx_id,
                token,
                outcome,
            } => Ok(self.record_resend(tx_id, token, *outcome, now, rules)),
            Command::Sweep => Ok(self.lapsed(now)),
        }
    }

    fn begin(
        &self,
        tx_id: &TxId,
        way: Way,
        settle_by: Timestamp,
        now: Timestamp,
        rules: &Rules,
    ) -> Result<Vec<Event>, Refusal> {
        if self.verified().is_some() {
            return Err(Refusal::AlreadyVerified);
        }
        let mut events = self.lapsed(now);
        if let Some(live) = self.live(now) {
            // A public call never ends a try of the secret's holder, and its own second call is a mistake.
            if live.way.is_api() {
                return Err(Refusal::ApiTryLive);
            }
            events.push(live.event(EventKind::Replaced));
        }
        if self.attempts.len() >= rules.max_tries as usize {
            return Err(Refusal::NoTriesLeft);
        }
        events.push(Event {
            tx_id: tx_id.clone(),
            kind: EventKind::Begun { way, settle_by },
        });
        Ok(events)
    }

    fn record_send(
        &self,
        tx_id: &TxId,
        outcome: SendOutcome,
        now: Timestamp,
        rules: &Rules,
    ) -> Vec<Event> {
        let Some(attempt) = self.attempt(tx_id) else {
            return Vec::new();
        };
        // Given up by the sweeper while its answer was still on the way: it lives again, if nothing came after it.
        let given_up = attempt.state == AttemptState::Failed(FailureReason::OutcomeUnknown)
            && self.verified().is_none()
            && self.attempts.last() == Some(attempt);
        let kind = match (attempt.state, outcome) {
            // Recorded again, because nobody knew whether the first record was durable.
            (AttemptState::Open, SendOutcome::Sent) => return Vec::new(),
            (AttemptState::Failed(was), SendOutcome::Failed(is)) if was == is => return Vec::new(),
            (AttemptState::Begun, SendOutcome::Failed(reason)) => EventKind::Failed(reason),
            (AttemptState::Begun, SendOutcome::Sent) => EventKind::Opened {
                live_until: after(now, rules.life(attempt.way)),
            },
            (_, SendOutcome::Sent) if given_up => EventKind::Opened {
                live_until: after(now, rules.life(attempt.way)),
            },
            _ => EventKind::CameTooLate,
        };
        vec![attempt.event(kind)]
    }

    fn claim(&self, claim: &Claim, now: Timestamp, rules: &Rules) -> Result<Vec<Event>, Refusal> {
        if self.verified().is_some() {
            return Err(Refusal::AlreadyVerified);
        }
        let last = self.attempts.last().ok_or(Refusal::NotSent)?;
        if last.state == AttemptState::Failed(FailureReason::TooManyWrongNumbers)
            && now < last.live_until
        {
            return Err(Refusal::TooManyWrongNumbers {
                until: last.live_until,
            });
        }
        let open = self
            .live(now)
            .filter(|live| live.way.is_api() && live.state == AttemptState::Open)
            .ok_or(Refusal::NotSent)?;
        if claim.purpose == Purpose::Resend && open.way != Way::Sms {
            return Err(Refusal::NotSms);
        }
        if let Some(held) = open.claimed(now) {
            return Err(Refusal::Claimed(held.clone()));
        }
        if claim.purpose == Purpose::Resend && open.resends >= rules.max_resends {
            return Err(Refusal::TooManyResends {
                until: open.live_until,
            });
        }
        Ok(vec![open.event(EventKind::Claimed(claim.clone()))])
    }

    fn record_confirm(
        &self,
        tx_id: &TxId,
        token: Option<&ClaimToken>,
        outcome: ConfirmOutcome,
        rules: &Rules,
    ) -> Vec<Event> {
        let Some(attempt) = self.attempt(tx_id) else {
            return Vec::new();
        };
        if outcome == ConfirmOutcome::Verified {
            return match self.verified() {
                // Recorded again, because nobody knew whether the first record was durable.
                Some(verified) if verified.tx_id == attempt.tx_id => Vec::new(),
                Some(_) => vec![attempt.event(EventKind::CameTooLate)],
                // A genuine success counts however late it comes, and leaves nothing else to wait for.
                None => self
                    .attempts
                    .iter()
                    .filter(|other| other.tx_id != attempt.tx_id && other.is_pending())
                    .map(|other| other.event(EventKind::Replaced))
                    .chain([attempt.event(EventKind::Verified)])
                    .collect(),
            };
        }
        let waiting = match attempt.state {
            AttemptState::Open => true,
            AttemptState::Begun => !attempt.way.is_api(),
            _ => false,
        };
        if !waiting {
            return vec![attempt.event(EventKind::CameTooLate)];
        }
        let token = token.cloned();
        match outcome {
            ConfirmOutcome::Verified => Vec::new(),
            ConfirmOutcome::StaysOpen => vec![attempt.event(EventKind::StayedOpen { token })],
            ConfirmOutcome::Failed(reason) => vec![attempt.event(EventKind::Failed(reason))],
            ConfirmOutcome::WrongNumber => {
                let mut events = vec![attempt.event(EventKind::WrongNumber { token })];
                if attempt.wrong_numbers + 1 >= rules.max_wrong_numbers {
                    events
                        .push(attempt.event(EventKind::Failed(FailureReason::TooManyWrongNumbers)));
                }
                events
            }
        }
    }

    fn record_resend(
        &self,
        tx_id: &TxId,
        token: &ClaimToken,
        outcome: ResendOutcome,
        now: Timestamp,
        rules: &Rules,
    ) -> Vec<Event> {
        let Some(attempt) = self.attempt(tx_id) else {
            return Vec::new();
        };
        let token = token.clone();
        let kind = match (attempt.state, outcome) {
            (AttemptState::Open, ResendOutcome::Sent) => EventKind::Resent {
                token,
                live_until: after(now, rules.life(attempt.way)),
            },
            (AttemptState::Open, ResendOutcome::NotSent) => EventKind::ResendFailed { token },
            _ => EventKind::CameTooLate,
        };
        vec![attempt.event(kind)]
    }

    /// Tries whose time is over, ended. A window is only ever replaced or expired here; whoever sweeps asks the provider
    /// about it first.
    fn lapsed(&self, now: Timestamp) -> Vec<Event> {
        self.attempts
            .iter()
            .filter(|attempt| !attempt.is_live(now))
            .filter_map(|attempt| {
                match attempt.state {
                    AttemptState::Begun => Some(FailureReason::OutcomeUnknown),
                    AttemptState::Open => Some(FailureReason::Expired),
                    _ => None,
                }
                .map(|reason| attempt.event(EventKind::Failed(reason)))
            })
            .collect()
    }
}

impl Attempt {
    fn event(&self, kind: EventKind) -> Event {
        Event {
            tx_id: self.tx_id.clone(),
            kind,
        }
    }
}

/// `at + life`, or the end of time where that is no time at all.
fn after(at: Timestamp, life: jiff::SignedDuration) -> Timestamp {
    at.checked_add(life).unwrap_or(Timestamp::MAX)
}

//! What KCP's codes do to a try.
//!
//! KCP's own codes for these outcomes are not public. Known are those that the sandbox uses; an operator who has seen
//! KCP's own adds them in the configuration. A code that is in neither leaves the try open until its count or its time is
//! over, so nothing depends on the spelling.

use bonin_core::{ConfirmOutcome, FailureReason, Way};

use super::calls::Stop;

/// KCP takes no more numbers; the person refused in the app.
const FINAL: [&str; 2] = ["SB13", "SB22"];
/// The number is too old, or the refusal is about the merchant and not about the number: the person did not guess.
const UNCOUNTED: [&str; 5] = ["SB12", "SB91", "SB92", "SB93", "SB94"];

#[derive(Debug, Clone)]
pub(super) struct OutcomeCodes {
    final_codes: Vec<String>,
    uncounted: Vec<String>,
}

impl OutcomeCodes {
    pub(super) fn new(more_final: &[String], more_uncounted: &[String]) -> Self {
        let with = |known: &[&str], more: &[String]| {
            let known = known.iter().map(|code| (*code).to_owned());
            known.chain(more.iter().cloned()).collect()
        };
        Self {
            final_codes: with(&FINAL, more_final),
            uncounted: with(&UNCOUNTED, more_uncounted),
        }
    }

    /// What a confirm that did not verify does to the try.
    pub(super) fn outcome(&self, way: Way, stop: &Stop) -> ConfirmOutcome {
        let Stop::Refused { code, .. } = stop else {
            return ConfirmOutcome::StaysOpen;
        };
        if self.final_codes.contains(code) {
            return ConfirmOutcome::Failed(FailureReason::Refused);
        }
        // Asking whether the person has tapped yet is no guess: only a typed number counts.
        if way == Way::Sms && !self.uncounted.contains(code) {
            return ConfirmOutcome::WrongNumber;
        }
        ConfirmOutcome::StaysOpen
    }
}

#[cfg(test)]
mod tests {
    use bonin_core::Redacted;

    use super::*;

    fn refused(code: &str) -> Stop {
        Stop::Refused {
            code: code.into(),
            message: Redacted::default(),
        }
    }

    #[test]
    fn an_unknown_code_counts_as_a_wrong_number_and_leaves_a_pass_try_open() {
        let codes = OutcomeCodes::new(&[], &[]);
        let outcome = |way, code| codes.outcome(way, &refused(code));
        assert_eq!(outcome(Way::Sms, "8001"), ConfirmOutcome::WrongNumber);
        assert_eq!(outcome(Way::App, "8001"), ConfirmOutcome::StaysOpen);
        assert_eq!(outcome(Way::Sms, "SB12"), ConfirmOutcome::StaysOpen);
        let ended = ConfirmOutcome::Failed(FailureReason::Refused);
        assert_eq!(outcome(Way::Sms, "SB13"), ended);
        assert_eq!(outcome(Way::App, "SB22"), ended);
    }

    #[test]
    fn codes_that_an_operator_names_are_final_or_uncounted() {
        let codes = OutcomeCodes::new(&["8009".into()], &["8010".into()]);
        assert_eq!(
            codes.outcome(Way::App, &refused("8009")),
            ConfirmOutcome::Failed(FailureReason::Refused)
        );
        assert_eq!(
            codes.outcome(Way::Sms, &refused("8010")),
            ConfirmOutcome::StaysOpen
        );
    }
}

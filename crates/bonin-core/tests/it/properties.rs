//! No sequence of commands, however late or doubled, breaks what the machine promises.

use bonin_core::*;
use jiff::Timestamp;
use proptest::prelude::*;

#[derive(Debug, Clone)]
enum Step {
    Begin(Way),
    RecordSend(usize, bool),
    Claim(Purpose),
    RecordConfirm(usize, usize, u8),
    RecordResend(usize, usize, bool),
    Sweep,
}

fn way() -> impl Strategy<Value = Way> {
    prop_oneof![Just(Way::Sms), Just(Way::App), Just(Way::Window)]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => way().prop_map(Step::Begin),
        3 => (0..12usize, any::<bool>()).prop_map(|(try_, sent)| Step::RecordSend(try_, sent)),
        3 => prop_oneof![Just(Purpose::Confirm), Just(Purpose::Resend)].prop_map(Step::Claim),
        4 => (0..12usize, 0..30usize, 0..4u8).prop_map(|(t, c, o)| Step::RecordConfirm(t, c, o)),
        2 => (0..12usize, 0..30usize, any::<bool>()).prop_map(|(t, c, o)| Step::RecordResend(t, c, o)),
        1 => Just(Step::Sweep),
    ]
}

fn hex(number: usize) -> String {
    format!("{number:032x}")
}

fn outcome(number: u8) -> ConfirmOutcome {
    match number {
        0 => ConfirmOutcome::Verified,
        1 => ConfirmOutcome::WrongNumber,
        2 => ConfirmOutcome::StaysOpen,
        _ => ConfirmOutcome::Failed(FailureReason::Refused),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_sequence_of_commands_breaks_a_promise(steps in prop::collection::vec((step(), 0..200i64), 1..60)) {
        let rules = Rules { max_tries: 6, max_wrong_numbers: 3, max_resends: 2, ..Rules::default() };
        let mut verification = IdentityVerification::default();
        let mut second = 1_800_000_000i64;
        let (mut tries, mut claims) = (0usize, 0usize);
        for (step, wait) in steps {
            second += wait;
            let now = Timestamp::from_second(second).unwrap();
            let before = verification.clone();
            let command = match step {
                Step::Begin(way) => {
                    tries += 1;
                    Command::Begin { tx_id: TxId::parse(hex(tries)).unwrap(), way, settle_by: Timestamp::from_second(second + 45).unwrap() }
                }
                Step::RecordSend(number, sent) => Command::RecordSend {
                    tx_id: TxId::parse(hex(number)).unwrap(),
                    outcome: if sent { SendOutcome::Sent } else { SendOutcome::Failed(FailureReason::OutcomeUnknown) },
                },
                Step::Claim(purpose) => {
                    claims += 1;
                    Command::Claim(Claim { token: ClaimToken::parse(hex(claims)).unwrap(), purpose, until: Timestamp::from_second(second + 30).unwrap() })
                }
                Step::RecordConfirm(number, claim, kind) => Command::RecordConfirm {
                    tx_id: TxId::parse(hex(number)).unwrap(),
                    token: Some(ClaimToken::parse(hex(claim)).unwrap()),
                    outcome: outcome(kind),
                },
                Step::RecordResend(number, claim, sent) => Command::RecordResend {
                    tx_id: TxId::parse(hex(number)).unwrap(),
                    token: ClaimToken::parse(hex(claim)).unwrap(),
                    outcome: if sent { ResendOutcome::Sent } else { ResendOutcome::NotSent },
                },
                Step::Sweep => Command::Sweep,
            };
            let Ok(events) = verification.decide(&command, now, &rules) else {
                prop_assert_eq!(&before, &verification);
                continue;
            };
            for event in &events {
                verification.apply(event);
            }

            // One success at most, and VERIFIED is final.
            let successes = verification.attempts().iter().filter(|a| a.state == AttemptState::Verified).count();
            prop_assert!(successes <= 1);
            if before.status() == Status::Verified {
                prop_assert_eq!(verification.status(), Status::Verified);
                prop_assert_eq!(&before.verified().unwrap().tx_id, &verification.verified().unwrap().tx_id);
            }
            // No try is lost or reordered.
            prop_assert!(verification.attempts().len() >= before.attempts().len());
            for (old, new) in before.attempts().iter().zip(verification.attempts()) {
                prop_assert_eq!(&old.tx_id, &new.tx_id);
            }
            // At most one live try, the latest.
            let live: Vec<_> = verification.attempts().iter().filter(|a| a.is_live(now)).collect();
            prop_assert!(live.len() <= 1);
            prop_assert_eq!(live.first().copied(), verification.live(now));
            if verification.status() == Status::Verified {
                prop_assert!(live.is_empty());
            }
            // Recording the same once more changes nothing but a claim-free count of wrong numbers, which the store keeps
            // by the claim's token.
            if matches!(command, Command::RecordSend { .. }
                | Command::RecordConfirm { outcome: ConfirmOutcome::Verified, .. })
            {
                let mut twice = verification.clone();
                for event in verification.decide(&command, now, &rules).unwrap() {
                    twice.apply(&event);
                }
                prop_assert_eq!(&twice, &verification);
            }
            // Limits hold.
            prop_assert!(verification.attempts().len() <= 6);
            for attempt in verification.attempts() {
                prop_assert!(attempt.wrong_numbers <= 3);
                prop_assert!(attempt.resends <= 2);
            }
            // A claim is granted only where none is in force.
            if let Command::Claim(claim) = &command {
                prop_assert!(before.live(now).unwrap().claimed(now).is_none());
                prop_assert_eq!(&verification.live(now).unwrap().claim.as_ref().unwrap().token, &claim.token);
            }
            // A genuine success is never lost.
            if let Command::RecordConfirm { tx_id, outcome: ConfirmOutcome::Verified, .. } = &command
                && before.attempt(tx_id).is_some()
            {
                prop_assert_eq!(verification.status(), Status::Verified);
            }
            // An API try that is live is never ended by beginning another.
            if let Command::Begin { .. } = &command {
                prop_assert!(before.live(now).is_none_or(|live| !live.way.is_api()));
            }
        }
    }
}

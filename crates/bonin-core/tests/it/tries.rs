//! The table of tries, row by row.

use bonin_core::*;
use jiff::{SignedDuration, Timestamp};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn tx(number: u32) -> TxId {
    TxId::parse(format!("{number:032x}")).unwrap()
}

fn token(number: u32) -> ClaimToken {
    ClaimToken::parse(format!("{number:032x}")).unwrap()
}

struct Story {
    verification: IdentityVerification,
    rules: Rules,
}

impl Story {
    fn new() -> Self {
        Self {
            verification: IdentityVerification::default(),
            rules: Rules::default(),
        }
    }

    fn run(&mut self, second: i64, command: Command) -> Result<Vec<&'static str>, Refusal> {
        let events = self
            .verification
            .decide(&command, at(second), &self.rules)?;
        for event in &events {
            self.verification.apply(event);
        }
        Ok(events.iter().map(|event| event.kind.name()).collect())
    }

    fn begin(&mut self, second: i64, number: u32, way: Way) -> Result<Vec<&'static str>, Refusal> {
        self.run(
            second,
            Command::Begin {
                tx_id: tx(number),
                way,
                settle_by: at(second + 60),
            },
        )
    }

    fn sent(&mut self, second: i64, number: u32) -> Vec<&'static str> {
        self.run(
            second,
            Command::RecordSend {
                tx_id: tx(number),
                outcome: SendOutcome::Sent,
            },
        )
        .unwrap()
    }

    fn claim(
        &mut self,
        second: i64,
        number: u32,
        purpose: Purpose,
    ) -> Result<Vec<&'static str>, Refusal> {
        self.run(
            second,
            Command::Claim(Claim {
                token: token(number),
                purpose,
                until: at(second + 30),
            }),
        )
    }

    fn confirmed(
        &mut self,
        second: i64,
        number: u32,
        claim: Option<u32>,
        outcome: ConfirmOutcome,
    ) -> Vec<&'static str> {
        self.run(
            second,
            Command::RecordConfirm {
                tx_id: tx(number),
                token: claim.map(token),
                outcome,
            },
        )
        .unwrap()
    }

    fn open(way: Way) -> Self {
        let mut story = Self::new();
        story.begin(0, 1, way).unwrap();
        story.sent(1, 1);
        story
    }
}

#[test]
fn after_a_success_everything_is_refused() {
    let mut story = Story::open(Way::Sms);
    story.claim(2, 1, Purpose::Confirm).unwrap();
    assert_eq!(
        story.confirmed(3, 1, Some(1), ConfirmOutcome::Verified),
        ["verified"]
    );
    assert_eq!(story.begin(4, 2, Way::Sms), Err(Refusal::AlreadyVerified));
    assert_eq!(
        story.begin(4, 2, Way::Window),
        Err(Refusal::AlreadyVerified)
    );
    assert_eq!(
        story.claim(4, 2, Purpose::Confirm),
        Err(Refusal::AlreadyVerified)
    );
    assert_eq!(
        story.claim(4, 2, Purpose::Resend),
        Err(Refusal::AlreadyVerified)
    );
    assert_eq!(story.verification.status(), Status::Verified);
}

#[test]
fn a_live_api_try_stands_against_a_send_and_against_a_browser() {
    let mut story = Story::open(Way::Sms);
    assert_eq!(story.begin(2, 2, Way::App), Err(Refusal::ApiTryLive));
    assert_eq!(story.begin(2, 2, Way::Window), Err(Refusal::ApiTryLive));
    assert_eq!(story.verification.attempts().len(), 1);
}

#[test]
fn a_live_window_is_replaced_and_its_genuine_success_still_counts() {
    let mut story = Story::open(Way::Window);
    assert_eq!(story.begin(2, 2, Way::Sms).unwrap(), ["replaced", "begun"]);
    assert_eq!(
        story.confirmed(3, 1, None, ConfirmOutcome::Verified),
        ["replaced", "verified"]
    );
    assert_eq!(story.verification.shown().unwrap().tx_id, tx(1));
    assert_eq!(story.sent(4, 2), ["came_too_late"]);
    assert_eq!(
        story.confirmed(5, 2, None, ConfirmOutcome::Verified),
        ["came_too_late"]
    );
    assert_eq!(story.verification.status(), Status::Verified);
}

#[test]
fn a_try_whose_outcome_was_never_recorded_is_replaced_after_its_limit() {
    let mut story = Story::new();
    story.begin(0, 1, Way::Sms).unwrap();
    assert_eq!(story.begin(59, 2, Way::Sms), Err(Refusal::ApiTryLive));
    assert_eq!(
        story.begin(60, 2, Way::Sms).unwrap(),
        ["failed_outcome_unknown", "begun"]
    );
}

#[test]
fn a_send_recorded_after_it_was_given_up_lives_again_if_nothing_came_after() {
    let mut story = Story::new();
    story.begin(0, 1, Way::Sms).unwrap();
    story.run(61, Command::Sweep).unwrap();
    assert_eq!(story.verification.status(), Status::Failed);
    assert_eq!(story.sent(62, 1), ["sent"]);
    assert_eq!(story.verification.status(), Status::Ready);
}

#[test]
fn failed_and_expired_tries_leave_room_for_a_new_one() {
    let mut story = Story::new();
    story.begin(0, 1, Way::Sms).unwrap();
    story
        .run(
            1,
            Command::RecordSend {
                tx_id: tx(1),
                outcome: SendOutcome::Failed(FailureReason::Refused),
            },
        )
        .unwrap();
    assert_eq!(story.verification.status(), Status::Failed);
    assert_eq!(story.claim(2, 1, Purpose::Confirm), Err(Refusal::NotSent));
    story.begin(2, 2, Way::Sms).unwrap();
    story.sent(3, 2);
    assert_eq!(
        story.claim(3 + 600, 2, Purpose::Confirm),
        Err(Refusal::NotSent)
    );
    assert_eq!(
        story.begin(3 + 600, 3, Way::Sms).unwrap(),
        ["expired", "begun"]
    );
}

#[test]
fn the_last_of_the_wrong_numbers_ends_the_try() {
    let mut story = Story::open(Way::Sms);
    for count in 1..=5 {
        story.claim(count, count as u32, Purpose::Confirm).unwrap();
        let told = story.confirmed(count, 1, Some(count as u32), ConfirmOutcome::WrongNumber);
        if count < 5 {
            assert_eq!(told, ["wrong_number"]);
        } else {
            assert_eq!(told, ["wrong_number", "failed_too_many_wrong_numbers"]);
        }
    }
    assert!(matches!(
        story.claim(6, 9, Purpose::Confirm),
        Err(Refusal::TooManyWrongNumbers { .. })
    ));
    assert_eq!(story.begin(7, 2, Way::Sms).unwrap(), ["begun"]);
}

#[test]
fn resends_are_counted_when_they_are_asked_for_and_prolong_the_try() {
    let mut story = Story::open(Way::Sms);
    for count in 1..=5 {
        story.claim(100, count, Purpose::Resend).unwrap();
        story
            .run(
                100,
                Command::RecordResend {
                    tx_id: tx(1),
                    token: token(count),
                    outcome: ResendOutcome::Sent,
                },
            )
            .unwrap();
    }
    assert_eq!(
        story.claim(101, 9, Purpose::Resend),
        Err(Refusal::TooManyResends { until: at(700) })
    );
    story.claim(699, 10, Purpose::Confirm).unwrap();
}

#[test]
fn what_is_recorded_twice_happened_once() {
    let mut story = Story::open(Way::Sms);
    assert!(story.sent(2, 1).is_empty());
    story.claim(3, 1, Purpose::Confirm).unwrap();
    let verified = story.confirmed(4, 1, Some(1), ConfirmOutcome::Verified);
    assert_eq!(verified, ["verified"]);
    let again = story.confirmed(4, 1, Some(1), ConfirmOutcome::Verified);
    assert!(again.is_empty());
}

#[test]
fn a_pass_request_cannot_be_sent_again() {
    let mut story = Story::open(Way::App);
    assert_eq!(story.claim(2, 1, Purpose::Resend), Err(Refusal::NotSms));
}

#[test]
fn a_second_confirm_is_told_whose_claim_to_wait_for_until_it_lapses() {
    let mut story = Story::open(Way::Sms);
    story.claim(2, 1, Purpose::Confirm).unwrap();
    let Err(Refusal::Claimed(held)) = story.claim(3, 2, Purpose::Confirm) else {
        panic!("two claims at once");
    };
    assert_eq!(held.token, token(1));
    story.claim(32, 2, Purpose::Confirm).unwrap();
    assert_eq!(
        story.confirmed(33, 1, Some(1), ConfirmOutcome::StaysOpen),
        ["stayed_open"]
    );
    assert!(
        story
            .verification
            .live(at(33))
            .unwrap()
            .claimed(at(33))
            .is_some(),
        "a late record freed its successor's claim"
    );
}

#[test]
fn a_held_claim_keeps_a_try_alive_past_its_time() {
    let mut story = Story::open(Way::Sms);
    story.claim(600, 1, Purpose::Confirm).unwrap();
    assert!(story.run(610, Command::Sweep).unwrap().is_empty());
    assert_eq!(
        story.confirmed(611, 1, Some(1), ConfirmOutcome::StaysOpen),
        ["stayed_open"]
    );
    assert_eq!(story.run(612, Command::Sweep).unwrap(), ["expired"]);
}

#[test]
fn an_id_has_ten_tries() {
    let mut story = Story::new();
    for number in 1..=10 {
        story
            .begin(i64::from(number) * 100, number, Way::Sms)
            .unwrap();
    }
    assert_eq!(story.begin(2000, 11, Way::Sms), Err(Refusal::NoTriesLeft));
    let life = Rules::default().api_try_life;
    assert_eq!(life, SignedDuration::from_mins(10));
}

//! Begin, claim, record.

use std::sync::Arc;

use bonin_core::*;
use bonin_store::*;
use jiff::SignedDuration;

use crate::fixture::*;

#[tokio::test]
async fn a_verification_goes_from_ready_to_verified_and_its_timeline_tells_it() {
    let fixture = Fixture::new().await;
    fixture.open("one", 1, 0).await;
    let ready = fixture
        .store
        .verification(&key("one"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(ready.status, Status::Ready);
    assert_eq!(ready.requested.name.unwrap().expose(), "홍길동");
    assert_eq!(ready.custom_data.unwrap().expose(), "{\"order\": 1}");
    assert_eq!(ready.pg_tx_id.as_deref(), Some("PER1"));
    assert_eq!(ready.requested_at, at(0));

    let recorded = fixture.confirm("one", 1, 5, ConfirmOutcome::Verified).await;
    assert_eq!(recorded.status, Status::Verified);
    let verified = fixture
        .store
        .verification(&key("one"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(verified.status, Status::Verified);
    assert_eq!(verified.verified_at, Some(at(5)));
    assert_eq!(verified.status_changed_at, at(5));
    let who = verified.verified.unwrap();
    assert_eq!(who.phone.expose(), "01012345678");
    assert_eq!(who.birth_date.dashed(), "1990-03-15");
    assert_eq!(who.di.expose(), "D".repeat(64));
    assert_eq!(
        verified.pg_raw_response.unwrap().expose(),
        "{\"CI\":\"raw answer\"}"
    );
    assert_eq!(
        fixture.timeline("one").await,
        [
            "begun",
            "asked_pg",
            "sent",
            "confirm_asked",
            "asked_pg",
            "verified"
        ]
    );
}

#[tokio::test]
async fn a_refused_begin_leaves_nothing_behind() {
    let fixture = Fixture::new().await;
    fixture.open("one", 1, 0).await;
    let again = fixture.wanted("one", 2, 1);
    assert!(matches!(
        fixture.store.begin(&again, at(1)).await,
        Err(BeginError::Refused(Refusal::ApiTryLive))
    ));
    let mut strict = fixture.wanted("fresh", 3, 1);
    strict.message_limit = Some(MessageLimit {
        max: 1,
        within: SignedDuration::from_hours(1),
    });
    let Err(BeginError::TooManyMessages { until }) = fixture.store.begin(&strict, at(1)).await
    else {
        panic!("a second message went out");
    };
    assert_eq!(until, at(3600));
    assert!(
        fixture
            .store
            .verification(&key("fresh"))
            .await
            .unwrap()
            .is_none()
    );
    assert!(fixture.timeline("fresh").await.is_empty());
    // The refused ones were not counted.
    strict.message_limit = Some(MessageLimit {
        max: 2,
        within: SignedDuration::from_hours(1),
    });
    fixture.store.begin(&strict, at(2)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_hundred_claims_at_once_one_is_granted() {
    let fixture = Arc::new(Fixture::new().await);
    fixture.open("one", 1, 0).await;
    let tasks: Vec<_> = (0..100)
        .map(|number| {
            let fixture = fixture.clone();
            tokio::spawn(async move {
                let claim = claim(number, Purpose::Confirm, 1);
                fixture.store.claim(&key("one"), &claim, None, at(1)).await
            })
        })
        .collect();
    let (mut granted, mut told_to_wait) = (0, 0);
    for task in tasks {
        match task.await.unwrap() {
            Ok(_) => granted += 1,
            Err(ClaimError::Refused {
                refusal: Refusal::Claimed(_),
                ..
            }) => told_to_wait += 1,
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!((granted, told_to_wait), (1, 99));
}

#[tokio::test]
async fn what_the_provider_said_last_is_there_for_those_who_waited() {
    let fixture = Fixture::new().await;
    fixture.open("one", 1, 0).await;
    fixture
        .confirm("one", 1, 2, ConfirmOutcome::WrongNumber)
        .await;
    let progress = fixture
        .store
        .progress(&key("one"), &tx(1))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(progress.status, Status::Ready);
    assert!(progress.claim.is_none());
    let answer = progress.answer.unwrap();
    assert_eq!(answer.code, "SB11");
    assert_eq!(answer.message.expose(), "틀린 번호 홍길동");
}

#[tokio::test]
async fn an_outcome_recorded_twice_is_counted_once() {
    let fixture = Fixture::new().await;
    fixture.open("one", 1, 0).await;
    let asked = claim(7, Purpose::Confirm, 1);
    fixture
        .store
        .claim(&key("one"), &asked, None, at(1))
        .await
        .unwrap();
    let record = ConfirmRecord {
        key: key("one"),
        tx_id: tx(1),
        token: Some(asked.token.clone()),
        outcome: ConfirmOutcome::WrongNumber,
        verified: None,
        pg_tx_id: None,
        answer: None,
        calls: Vec::new(),
    };
    fixture.store.record_confirm(&record, at(2)).await.unwrap();
    let before = fixture.timeline("one").await;
    let again = fixture.store.record_confirm(&record, at(3)).await.unwrap();
    assert!(!again.came_too_late);
    assert_eq!(fixture.timeline("one").await, before);
    let told = fixture
        .store
        .progress(&key("one"), &tx(1))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(told.answered, Some((asked.token, Answered::Unasked)));
}

#[tokio::test]
async fn the_last_wrong_number_fails_the_try_and_says_so() {
    let fixture = Fixture::new().await;
    fixture.open("one", 1, 0).await;
    for second in 1..=5 {
        fixture
            .confirm("one", 1, second, ConfirmOutcome::WrongNumber)
            .await;
    }
    let failed = fixture
        .store
        .verification(&key("one"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(failed.status, Status::Failed);
    let failure = failed.failure.unwrap();
    assert_eq!(failure.reason, FailureReason::TooManyWrongNumbers);
    assert_eq!(failure.answer.unwrap().code, "SB11");
}

#[tokio::test]
async fn a_late_success_counts_though_the_try_was_given_up_and_another_began() {
    let fixture = Fixture::new().await;
    fixture.open("one", 1, 0).await;
    assert_eq!(fixture.store.sweep(10, at(601)).await.unwrap(), 1);
    let failed = fixture
        .store
        .verification(&key("one"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(failed.failure.unwrap().reason, FailureReason::Expired);
    fixture.open("one", 2, 700).await;
    let record = ConfirmRecord {
        key: key("one"),
        tx_id: tx(1),
        token: None,
        outcome: ConfirmOutcome::Verified,
        verified: Some((person("홍길동", "01012345678"), Redacted::new("{}"))),
        pg_tx_id: None,
        answer: None,
        calls: Vec::new(),
    };
    let recorded = fixture
        .store
        .record_confirm(&record, at(701))
        .await
        .unwrap();
    assert_eq!(
        (recorded.status, recorded.came_too_late),
        (Status::Verified, false)
    );
    let verified = fixture
        .store
        .verification(&key("one"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(verified.tx_id, tx(1));
    let second = ConfirmRecord {
        tx_id: tx(2),
        ..record
    };
    let recorded = fixture
        .store
        .record_confirm(&second, at(702))
        .await
        .unwrap();
    assert!(recorded.came_too_late);
    let still = fixture
        .store
        .verification(&key("one"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(still.tx_id, tx(1));
}

#[tokio::test]
async fn a_sweep_ends_what_was_never_recorded_and_leaves_the_rest() {
    let fixture = Fixture::new().await;
    let wanted = fixture.wanted("crashed", 1, 0);
    fixture.store.begin(&wanted, at(0)).await.unwrap();
    fixture.open("alive", 2, 0).await;
    assert_eq!(fixture.store.sweep(10, at(59)).await.unwrap(), 0);
    assert_eq!(fixture.store.sweep(10, at(60)).await.unwrap(), 1);
    assert_eq!(
        fixture.timeline("crashed").await,
        ["begun", "failed_outcome_unknown"]
    );
    let alive = fixture
        .store
        .verification(&key("alive"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(alive.status, Status::Ready);
}

#[tokio::test]
async fn what_was_acknowledged_is_there_for_another_connection_without_a_clean_end() {
    let fixture = Fixture::new().await;
    fixture.open("one", 1, 0).await;
    // No close: a second opener reads what the first has committed.
    let second = fixture.place.open(KEY).await;
    second.check(at(1)).await.unwrap();
    assert!(second.verification(&key("one")).await.unwrap().is_some());
}

#[tokio::test]
async fn old_message_counts_are_forgotten_and_no_longer_count() {
    let fixture = Fixture::new().await;
    let hour = SignedDuration::from_hours(1);
    let mut wanted = fixture.wanted("one", 1, 0);
    wanted.message_limit = Some(MessageLimit {
        max: 1,
        within: hour,
    });
    fixture.store.begin(&wanted, at(0)).await.unwrap();
    fixture
        .store
        .forget_old_counts(hour, at(3600))
        .await
        .unwrap();
    let mut next = fixture.wanted("two", 2, 3600);
    next.message_limit = Some(MessageLimit {
        max: 1,
        within: hour,
    });
    fixture.store.begin(&next, at(3600)).await.unwrap();
}

#[tokio::test]
async fn no_line_of_a_timeline_is_older_than_the_one_before_it_whatever_the_clocks_say() {
    let fixture = Fixture::new().await;
    fixture.open("a", 1, 100).await;
    // An instance whose clock is behind, or one that waited for its turn.
    let recorded = fixture
        .confirm("a", 1, 99, ConfirmOutcome::WrongNumber)
        .await;
    assert!(!recorded.came_too_late);
    let lines = fixture.store.timeline(&key("a")).await.unwrap();
    let times: Vec<_> = lines.into_iter().map(|line| line.at).collect();
    assert!(times.len() > 4 && times.is_sorted(), "{times:?}");
}

//! Erasure: gone from rows, indexes and files; the row and its timeline stay.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    task::Poll,
};

use bonin_core::*;
use bonin_store::*;
use jiff::SignedDuration;

use crate::{
    fixture::{Fixture, at, claim, key, person, someone, store_id, tx},
    place::on_postgres,
};

const PHONE: &str = "01012345678";

fn reason() -> Redacted {
    Redacted::new("고객의 요청")
}

fn phone(number: &str) -> PersonToErase {
    PersonToErase::Phone(PhoneNumber::parse(number).unwrap())
}

/// Every ciphertext and index value that the database holds of verifications.
async fn sealed_values(fixture: &Fixture) -> Vec<Vec<u8>> {
    let tables = ["attempt", "identity_verification", "phone_message"];
    let blobs = fixture.blobs().await.into_iter();
    blobs
        .filter(|blob| tables.contains(&blob.table.as_str()))
        .map(|blob| blob.value)
        .collect()
}

#[tokio::test]
async fn what_was_erased_is_in_no_row_and_in_no_file() {
    let fixture = Fixture::new().await;
    // A try that failed keeps what the provider said, and a window's what its way back needs.
    let mut refused = fixture.wanted("one", 1, 0);
    refused.checkout = Some(Redacted::new("{\"redirect_url\":\"?name=...\"}"));
    fixture.store.begin(&refused, at(0)).await.unwrap();
    fixture.record_sent("one", 1, 0).await;
    let no = ConfirmOutcome::Failed(FailureReason::Refused);
    fixture.confirm("one", 1, 1, no).await;
    fixture.open("one", 2, 2).await;
    fixture.confirm("one", 2, 3, ConfirmOutcome::Verified).await;
    let before = sealed_values(&fixture).await;
    assert!(before.len() > 30, "{}", before.len());
    let bytes = fixture.place.bytes().await;
    let holds = |bytes: &[u8], value: &[u8]| bytes.windows(value.len()).any(|part| part == value);
    assert!(before.iter().all(|value| holds(&bytes, value)));

    let erased = fixture
        .store
        .erase(&key("one"), &someone(), &reason(), at(9))
        .await
        .unwrap();
    assert_eq!(erased, Erasure::Erased);
    assert!(fixture.store.scrub().await.unwrap());
    assert!(sealed_values(&fixture).await.is_empty());
    let bytes = fixture.place.bytes().await;
    for value in &before {
        assert!(!holds(&bytes, value));
    }

    let record = fixture
        .store
        .verification(&key("one"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(record.status, Status::Verified);
    assert!(record.verified.is_none() && record.custom_data.is_none());
    assert!(record.requested.name.is_none() && record.pg_raw_response.is_none());
    let kinds: Vec<_> = fixture.store.timeline(&key("one")).await.unwrap();
    let kinds: Vec<_> = kinds.iter().map(|entry| entry.kind.as_str()).collect();
    assert_eq!(kinds.last(), Some(&"erased"));
    assert!(kinds.contains(&"verified"), "{kinds:?}");
}

/// Looks at work so many times, whenever there is something to see, and lets go of it.
async fn hung_up_on<F: Future>(work: F, looks: u32) -> Option<F::Output> {
    let mut work = pin!(work);
    let mut left = looks;
    poll_fn(move |context| {
        left -= 1;
        match work.as_mut().poll(context) {
            Poll::Ready(done) => Poll::Ready(Some(done)),
            Poll::Pending if left == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

#[tokio::test]
async fn what_was_erased_for_somebody_who_hung_up_is_still_to_go_from_the_log() {
    let fixture = Fixture::new().await;
    let store = &fixture.store;
    let (by, reason) = (someone(), reason());
    let (mut looks, mut erased_for_nobody) = (1, 0);
    for number in 1..=200 {
        // A phone gets ten messages an hour.
        let (id, second) = (format!("order{number}"), i64::from(number) * 4000);
        fixture.open(&id, number, second).await;
        let refused = ConfirmOutcome::Failed(FailureReason::Refused);
        fixture.confirm(&id, number, second + 1, refused).await;
        let key = key(&id);
        let erasing = store.erase(&key, &by, &reason, at(second + 2));
        let answered = hung_up_on(erasing, looks).await;
        // Waits for the end of what was begun, and says what came of it.
        let again = store.erase(&key, &by, &reason, at(second + 3)).await;
        let was_erased = again.unwrap() == Erasure::ErasedBefore;
        assert!(store.is_to_be_scrubbed(), "after {looks} looks");
        while !store.scrub().await.unwrap() {}
        assert!(!store.is_to_be_scrubbed());
        erased_for_nobody += u32::from(was_erased && answered.is_none());
        if erased_for_nobody == 3 || (on_postgres() && answered.is_some()) {
            break;
        }
        // How many looks it takes differs a little from time to time.
        looks = if answered.is_some() {
            looks.max(4) - 3
        } else {
            looks + 1
        };
    }
    assert!(
        on_postgres() || erased_for_nobody > 0,
        "nobody hung up in time"
    );
}

#[tokio::test]
async fn an_erasure_is_in_the_audit_once_with_its_reason() {
    let fixture = Fixture::new().await;
    fixture.open("one", 1, 0).await;
    fixture.confirm("one", 1, 2, ConfirmOutcome::Verified).await;
    for outcome in [Erasure::Erased, Erasure::ErasedBefore] {
        let erased = fixture
            .store
            .erase(&key("one"), &someone(), &reason(), at(9))
            .await;
        assert_eq!(erased.unwrap(), outcome);
    }
    let query = AuditQuery {
        action: Some("verification.erase".into()),
        size: 9,
        ..AuditQuery::default()
    };
    let page = fixture.store.audit(&query).await.unwrap();
    assert_eq!(page.entries.len(), 1);
    assert_eq!(page.entries[0].subject.as_deref(), Some("one"));
    assert_eq!(
        page.entries[0].reason.as_ref().unwrap().expose(),
        "고객의 요청"
    );
    let missing = fixture
        .store
        .erase(&key("none"), &someone(), &reason(), at(9))
        .await;
    assert!(matches!(missing, Err(StoreError::NotFound(_))));
}

#[tokio::test]
async fn a_try_under_way_is_not_cut_off() {
    let fixture = Fixture::new().await;
    fixture.open("one", 1, 0).await;
    let erased = fixture
        .store
        .erase(&key("one"), &someone(), &reason(), at(9))
        .await
        .unwrap();
    assert_eq!(erased, Erasure::UnderWay);
    let recorded = fixture
        .confirm("one", 1, 10, ConfirmOutcome::Verified)
        .await;
    assert!(!recorded.came_too_late);
}

#[tokio::test]
async fn a_person_is_found_by_ci_and_by_the_phone_of_every_try() {
    let fixture = Fixture::new().await;
    fixture.open("one", 1, 0).await;
    fixture.confirm("one", 1, 1, ConfirmOutcome::Verified).await;
    // The first try was for another phone than the one that is shown.
    let mut wanted = fixture.wanted("two", 2, 2);
    wanted.customer.phone = Some(PhoneNumber::parse("01099998888").unwrap());
    fixture.store.begin(&wanted, at(2)).await.unwrap();
    let record = SendRecord {
        key: key("two"),
        tx_id: tx(2),
        outcome: SendOutcome::Failed(FailureReason::Refused),
        pg_tx_id: None,
        provider_state: None,
        answer: None,
        calls: Vec::new(),
    };
    fixture.store.record_send(&record, at(3)).await.unwrap();
    fixture.open("two", 3, 4).await;
    let stores = [store_id()];
    let of = async |person: PersonToErase| {
        let found = fixture
            .store
            .verifications_of(&stores, &person)
            .await
            .unwrap();
        let mut ids: Vec<_> = found.iter().map(|key| key.id.to_string()).collect();
        ids.sort();
        ids
    };
    assert_eq!(of(phone("01099998888")).await, ["two"]);
    assert_eq!(of(phone(PHONE)).await, ["one", "two"]);
    assert!(of(phone("01000000000")).await.is_empty());
    let ci = Ci::parse(format!("{}==", "C".repeat(86))).unwrap();
    assert_eq!(of(PersonToErase::Ci(ci.clone())).await, ["one"]);
    let other = [StoreId::parse("store-2").unwrap()];
    let elsewhere = fixture
        .store
        .verifications_of(&other, &PersonToErase::Ci(ci))
        .await;
    assert!(elsewhere.unwrap().is_empty());
}

#[tokio::test]
async fn retention_erases_what_is_old_enough_and_nothing_younger() {
    let fixture = Fixture::new().await;
    for (number, id) in [(1, "old"), (2, "young")] {
        let second = i64::from(number - 1) * 1000;
        fixture.open(id, number, second).await;
        fixture
            .confirm(id, number, second + 1, ConfirmOutcome::Verified)
            .await;
    }
    let retention = SignedDuration::from_secs(600);
    let due = async |second| {
        let run = fixture
            .store
            .erase_due(&store_id(), retention, 10, at(second))
            .await;
        run.unwrap().0
    };
    assert_eq!(due(600).await, 0);
    assert_eq!(due(601).await, 1);
    assert_eq!(due(602).await, 0);
    let person = async |id| {
        fixture
            .store
            .verification(&key(id))
            .await
            .unwrap()
            .unwrap()
            .verified
    };
    assert!(person("old").await.is_none());
    assert!(person("young").await.is_some());
    let query = AuditQuery {
        action: Some("retention".into()),
        size: 9,
        ..AuditQuery::default()
    };
    let page = fixture.store.audit(&query).await.unwrap();
    assert_eq!(page.entries.len(), 1);
    assert_eq!(page.entries[0].details, "{\"days\":0,\"verifications\":1}");
}

#[tokio::test]
async fn an_id_that_was_erased_may_be_tried_again_and_is_erased_again() {
    let fixture = Fixture::new().await;
    fixture.open("one", 1, 0).await;
    fixture
        .confirm("one", 1, 1, ConfirmOutcome::Failed(FailureReason::Refused))
        .await;
    let erase = async |second| {
        fixture
            .store
            .erase(&key("one"), &someone(), &reason(), at(second))
            .await
            .unwrap()
    };
    assert_eq!(erase(2).await, Erasure::Erased);
    fixture.open("one", 2, 3).await;
    assert_eq!(erase(4).await, Erasure::UnderWay);
    fixture.confirm("one", 2, 5, ConfirmOutcome::Verified).await;
    let record = fixture
        .store
        .verification(&key("one"))
        .await
        .unwrap()
        .unwrap();
    assert!(record.verified.is_some());
    assert_eq!(erase(6).await, Erasure::Erased);
}

#[tokio::test]
async fn an_answer_that_was_on_its_way_does_not_bring_back_whoever_was_erased() {
    let fixture = Fixture::new().await;
    fixture.open("one", 1, 0).await;
    let asked = claim(7, Purpose::Confirm, 1);
    fixture
        .store
        .claim(&key("one"), &asked, None, at(1))
        .await
        .unwrap();
    // It takes so long that the try is given up, and then the person is erased.
    let limit = at(100_000);
    assert_eq!(fixture.store.sweep(10, limit).await.unwrap(), 1);
    let erased = fixture
        .store
        .erase(&key("one"), &someone(), &reason(), limit)
        .await
        .unwrap();
    assert_eq!(erased, Erasure::Erased);
    let record = ConfirmRecord {
        key: key("one"),
        tx_id: tx(1),
        token: Some(asked.token),
        outcome: ConfirmOutcome::Verified,
        verified: Some((person("홍길동", PHONE), Redacted::new("{\"CI\":\"raw\"}"))),
        pg_tx_id: None,
        answer: None,
        calls: Vec::new(),
    };
    fixture
        .store
        .record_confirm(&record, at(100_001))
        .await
        .unwrap();
    let shown = fixture.store.verification(&key("one")).await.unwrap();
    let shown = shown.unwrap();
    assert_eq!(shown.status, Status::Verified, "a genuine success counts");
    assert!(shown.verified.is_none() && shown.pg_raw_response.is_none());
    assert!(sealed_values(&fixture).await.is_empty());
    let stores = [store_id()];
    let found = fixture.store.verifications_of(&stores, &phone(PHONE)).await;
    assert!(found.unwrap().is_empty());
}

//! The figures of a time.

use bonin_core::*;
use bonin_store::*;
use jiff::SignedDuration;

use crate::fixture::{Fixture, at, everything, key, store_id, tx};

/// `at(0)` is 2027-01-15 08:00:00 UTC: the beginning of an hour, and 17:00 in Korea.
const AN_HOUR: i64 = 3600;

fn of(from: i64, until: i64) -> StatisticsQuery {
    StatisticsQuery {
        stores: vec![store_id()],
        from: at(from),
        until: at(until),
        step: SignedDuration::from_hours(1),
        ahead: SignedDuration::from_hours(9),
    }
}

fn count(tries: &[TryCount], is: impl Fn(&TryCount) -> bool) -> i64 {
    let counts = tries.iter().filter(|count| is(count)).map(|one| one.count);
    counts.sum()
}

async fn sent(fixture: &Fixture, id: &str, number: u32, second: i64, calls: &[(&str, &str, i64)]) {
    let calls: Vec<CallNote> = calls
        .iter()
        .map(|(call, code, millis)| CallNote {
            at: at(second),
            call: (*call).into(),
            code: (*code).into(),
            millis: *millis,
        })
        .collect();
    let refused = calls.last().filter(|call| call.code != "0000");
    let record = SendRecord {
        key: key(id),
        tx_id: tx(number),
        outcome: match refused {
            Some(_) => SendOutcome::Failed(FailureReason::Refused),
            None => SendOutcome::Sent,
        },
        pg_tx_id: None,
        provider_state: None,
        answer: refused.map(|call| PgAnswer {
            code: call.code.clone(),
            message: Redacted::new("no"),
        }),
        calls: calls.clone(),
    };
    fixture
        .store
        .record_send(&record, at(second))
        .await
        .unwrap();
}

#[tokio::test]
async fn tries_are_counted_by_hour_way_operator_and_end() {
    let fixture = Fixture::new().await;
    fixture.open("verified", 1, 10).await;
    fixture
        .confirm("verified", 1, 20, ConfirmOutcome::Verified)
        .await;
    // In the next hour: one that KCP refuses, and a PASS try of another operator that stays open.
    let mut refused = fixture.wanted("refused", 2, AN_HOUR);
    refused.way = Way::App;
    fixture.store.begin(&refused, at(AN_HOUR)).await.unwrap();
    sent(&fixture, "refused", 2, AN_HOUR + 1, &[("2500", "SB02", 40)]).await;
    let mut open = fixture.wanted("open", 3, AN_HOUR);
    open.operator = Some(Operator::KtMvno);
    fixture.store.begin(&open, at(AN_HOUR + 5)).await.unwrap();
    // Before and after: not counted.
    fixture.open("before", 4, -1).await;
    fixture.open("after", 5, 2 * AN_HOUR).await;

    let told = fixture.store.statistics(&of(0, 2 * AN_HOUR)).await.unwrap();

    assert_eq!(count(&told.tries, |_| true), 3);
    let in_hour = |hour: i64| count(&told.tries, |try_| try_.step == at(hour * AN_HOUR));
    assert_eq!((in_hour(0), in_hour(1)), (1, 2));
    let failed = AttemptState::Failed(FailureReason::Refused);
    for (way, operator, state) in [
        (Way::Sms, Operator::Skt, AttemptState::Verified),
        (Way::App, Operator::Skt, failed),
        (Way::Sms, Operator::KtMvno, AttemptState::Begun),
    ] {
        let same =
            |one: &TryCount| (one.way, one.operator, one.state) == (way, Some(operator), state);
        assert_eq!(count(&told.tries, same), 1, "{way:?} {operator} {state:?}");
    }
    assert_eq!(
        told.verifications,
        [
            (Status::Failed, 1),
            (Status::Ready, 1),
            (Status::Verified, 1)
        ]
    );
}

#[tokio::test]
async fn steps_begin_by_the_clocks_that_are_asked_for() {
    let fixture = Fixture::new().await;
    // 2027-01-15 23:59:59 and 2027-01-16 00:00:00 in Korea.
    fixture.open("late", 1, 7 * AN_HOUR - 1).await;
    fixture.open("early", 2, 7 * AN_HOUR).await;
    let days = StatisticsQuery {
        step: SignedDuration::from_hours(24),
        ..of(0, 24 * AN_HOUR)
    };
    let told = fixture.store.statistics(&days).await.unwrap();
    let begins: Vec<_> = told.tries.iter().map(|one| (one.step, one.count)).collect();
    assert_eq!(
        begins,
        [(at(-17 * AN_HOUR), 1), (at(7 * AN_HOUR), 1)],
        "each day begins at midnight in Korea"
    );
}

#[tokio::test]
async fn latency_is_told_by_call_and_failures_by_call_and_code() {
    let fixture = Fixture::new().await;
    for number in 1..=20 {
        let id = format!("order{number}");
        let second = i64::from(number);
        let mut wanted = fixture.wanted(&id, number, second);
        wanted.message_limit = None;
        fixture.store.begin(&wanted, at(second)).await.unwrap();
        let millis = 10 * second;
        let calls: &[(&str, &str, i64)] = match number {
            20 => &[("2100", "0000", 200), ("2200", "TIMEOUT", 30_000)],
            19 => &[("2100", "SB01", 190)],
            18 => &[("2100", "SB01", 180)],
            _ => &[("2100", "0000", millis), ("2200", "0000", 5)],
        };
        sent(&fixture, &id, number, second, calls).await;
    }

    let told = fixture.store.statistics(&of(0, 60)).await.unwrap();

    let latency = |call: &str| told.latencies.iter().find(|one| one.call == call).cloned();
    assert_eq!(
        latency("2100"),
        Some(Latency {
            call: "2100".into(),
            count: 20,
            p50: 100,
            p95: 190,
            max: 200
        })
    );
    assert_eq!(
        latency("2200"),
        Some(Latency {
            call: "2200".into(),
            count: 18,
            p50: 5,
            p95: 30_000,
            max: 30_000
        })
    );
    let failure = |call: &str, code: &str, count, last| CallFailure {
        call: call.into(),
        code: code.into(),
        count,
        last: at(last),
    };
    assert_eq!(
        told.failures,
        [
            failure("2100", "SB01", 2, 19),
            failure("2200", "TIMEOUT", 1, 20)
        ]
    );
    // A second earlier the last of them had not happened.
    let earlier = fixture.store.statistics(&of(0, 20)).await.unwrap();
    assert_eq!(earlier.failures, [failure("2100", "SB01", 2, 19)]);
}

#[tokio::test]
async fn other_stores_are_not_counted_and_no_store_has_no_figures() {
    let fixture = Fixture::new().await;
    fixture.add_store("store-2", "channel-2").await;
    fixture.open("order1", 1, 10).await;
    let mut other = of(0, 60);
    other.stores = vec![StoreId::parse("store-2").unwrap()];
    let nothing = Statistics::default();
    assert_eq!(fixture.store.statistics(&other).await.unwrap(), nothing);
    other.stores.clear();
    assert_eq!(fixture.store.statistics(&other).await.unwrap(), nothing);
    other.stores = vec![store_id(), StoreId::parse("store-2").unwrap()];
    let both = fixture.store.statistics(&other).await.unwrap();
    assert_eq!(count(&both.tries, |_| true), 1);
}

#[tokio::test]
async fn all_tries_of_a_verification_are_told_the_oldest_first() {
    let fixture = Fixture::new().await;
    assert!(!fixture.store.has_verifications().await.unwrap());
    assert!(
        fixture
            .store
            .tries(&key("order1"))
            .await
            .unwrap()
            .is_empty()
    );
    let mut first = fixture.wanted("order1", 1, 0);
    first.way = Way::App;
    fixture.store.begin(&first, at(0)).await.unwrap();
    sent(&fixture, "order1", 1, 1, &[("2500", "SB02", 40)]).await;
    fixture.open("order1", 2, 10).await;
    fixture
        .confirm("order1", 2, 20, ConfirmOutcome::Verified)
        .await;

    let tries = fixture.store.tries(&key("order1")).await.unwrap();

    assert!(fixture.store.has_verifications().await.unwrap());
    let told: Vec<_> = tries
        .iter()
        .map(|one| (one.attempt.way, one.attempt.state, one.pg_code.as_deref()))
        .collect();
    let refused = AttemptState::Failed(FailureReason::Refused);
    assert_eq!(
        told,
        [
            (Way::App, refused, Some("SB02")),
            (Way::Sms, AttemptState::Verified, None)
        ]
    );
    assert!(tries[0].verified.is_none());
    assert_eq!(tries[1].verified.as_ref().unwrap().name.masked(), "홍*동");
    assert_eq!(tries[1].begun_at, at(10));
    assert_eq!(tries[1].operator, Some(Operator::Skt));
}

#[tokio::test]
async fn the_list_can_be_narrowed_to_a_way() {
    let fixture = Fixture::new().await;
    fixture.open("sms", 1, 10).await;
    let mut app = fixture.wanted("app", 2, 10);
    app.way = Way::App;
    fixture.store.begin(&app, at(11)).await.unwrap();
    let by = |ways: Vec<Way>| ListQuery {
        ways,
        ..everything()
    };
    for (ways, found) in [
        (vec![], 2),
        (vec![Way::App], 1),
        (vec![Way::Sms, Way::App], 2),
        (vec![Way::Window], 0),
    ] {
        let page = fixture.store.list(&by(ways)).await.unwrap();
        assert_eq!((page.total, page.items.len()), (found, found as usize));
    }
}

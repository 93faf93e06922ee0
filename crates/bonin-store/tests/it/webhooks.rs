//! Webhooks: the outbox, those who empty it, and what is kept of it.

use std::{collections::BTreeSet, sync::LazyLock};

use bonin_core::*;
use bonin_store::*;
use jiff::{SignedDuration, Timestamp};
use sqlx::Executor;

use crate::fixture::*;

pub static BY: LazyLock<Actor> = LazyLock::new(someone);

const URL: &str = "https://shop.example.com/hooks?token=token-in-the-address";
const SECRET: &str = "whsec_dGhlIGZpcnN0IHNlY3JldA==";
pub const SECOND_SECRET: &str = "whsec_dGhlIHNlY29uZCBzZWNyZXQ=";

pub fn endpoint(name: &str) -> WebhookEndpointId {
    WebhookEndpointId::parse(name).unwrap()
}

pub fn token(number: u32) -> ClaimToken {
    ClaimToken::parse(format!("{number:032x}")).unwrap()
}

fn new(name: &str, store: &str, events: &[WebhookEvent]) -> NewWebhookEndpoint {
    NewWebhookEndpoint {
        id: endpoint(name),
        store: StoreId::parse(store).unwrap(),
        url: Redacted::new(URL),
        origin: "https://shop.example.com".into(),
        events: events.to_vec(),
        secret: Redacted::new(SECRET),
    }
}

pub async fn create(fixture: &Fixture, name: &str, events: &[WebhookEvent]) {
    let new = new(name, "store-1", events);
    let made = fixture.store.create_webhook(&new, 10, &BY, at(0));
    made.await.unwrap();
}

/// A fixture with one endpoint that is told of everything.
pub async fn with_endpoint() -> Fixture {
    let fixture = Fixture::new().await;
    create(&fixture, "hook-1", &WebhookEvent::CHOOSABLE).await;
    fixture
}

pub fn all_of(name: &str) -> DeliveryQuery {
    DeliveryQuery {
        endpoint: endpoint(name),
        state: None,
        event: None,
        verification: None,
        before: None,
        size: 100,
    }
}

pub async fn page(fixture: &Fixture, query: &DeliveryQuery) -> Vec<WebhookDelivery> {
    let page = fixture.store.webhook_deliveries(query, at(0)).await;
    page.unwrap().items
}

/// What an endpoint is to be told, the oldest first: event and number of the try.
async fn told(fixture: &Fixture, name: &str) -> Vec<(WebhookEvent, u128)> {
    let mut told = page(fixture, &all_of(name)).await;
    told.reverse();
    told.iter()
        .map(|delivery| {
            let (_, tx_id) = delivery.about.as_ref().unwrap();
            let number = u128::from_str_radix(tx_id.as_str(), 16).unwrap();
            (delivery.event, number)
        })
        .collect()
}

pub async fn take(
    store: &Store,
    name: &str,
    room: u32,
    number: u32,
    second: i64,
) -> Vec<ClaimedWebhook> {
    let room = [(endpoint(name), room)];
    let (until, now) = (at(second + 60), at(second));
    let token = token(number);
    let claimed = store.claim_webhooks(&room, &token, until, now);
    claimed.await.unwrap()
}

async fn take_one(fixture: &Fixture, number: u32, second: i64) -> ClaimedWebhook {
    let mut claimed = take(&fixture.store, "hook-1", 1, number, second).await;
    assert_eq!(claimed.len(), 1, "one is due at {second}");
    claimed.remove(0)
}

async fn note(
    store: &Store,
    claimed: &ClaimedWebhook,
    outcome: TryOutcome,
    retry_at: Option<Timestamp>,
    second: i64,
) -> Noted {
    let noted = store.note_webhook_try(claimed, (at(second), 12), outcome, retry_at, at(second));
    noted.await.unwrap()
}

pub async fn due(store: &Store, second: i64) -> Vec<String> {
    let due = store.due_webhooks(at(second)).await.unwrap();
    due.iter().map(|one| one.id.to_string()).collect()
}

async fn shown(fixture: &Fixture) -> WebhookEndpoint {
    let found = fixture.store.webhook(&endpoint("hook-1")).await;
    found.unwrap().unwrap()
}

async fn acts(fixture: &Fixture) -> Vec<(String, String)> {
    let query = AuditQuery {
        action: Some("webhook".into()),
        size: 100,
        ..AuditQuery::default()
    };
    let page = fixture.store.audit(&query).await.unwrap();
    let entries = page.entries.into_iter().rev();
    entries.map(|entry| (entry.action, entry.details)).collect()
}

#[tokio::test]
async fn each_endpoint_of_the_store_is_told_once_of_each_status_that_it_chose() {
    use WebhookEvent::{Failed, Ready, Verified};
    let fixture = with_endpoint().await;
    create(&fixture, "hook-2", &[Verified]).await;
    fixture.add_store("store-2", "channel-2").await;
    let others = new("hook-3", "store-2", &WebhookEvent::CHOOSABLE);
    let made = fixture.store.create_webhook(&others, 10, &BY, at(0));
    made.await.unwrap();

    fixture.open("one", 1, 1).await;
    assert_eq!(told(&fixture, "hook-1").await, [(Ready, 1)]);
    // A wrong number is seen by nobody: the verification stays READY.
    fixture
        .confirm("one", 1, 2, ConfirmOutcome::WrongNumber)
        .await;
    assert_eq!(told(&fixture, "hook-1").await.len(), 1);
    fixture.confirm("one", 1, 3, ConfirmOutcome::Verified).await;
    let all = [(Ready, 1), (Verified, 1)];
    assert_eq!(told(&fixture, "hook-1").await, all);
    assert_eq!(told(&fixture, "hook-2").await, [(Verified, 1)]);
    assert!(told(&fixture, "hook-3").await.is_empty());

    // Another try of a verification that failed begins as READY again.
    fixture.open("two", 2, 10).await;
    fixture
        .confirm("two", 2, 11, ConfirmOutcome::Failed(FailureReason::Refused))
        .await;
    fixture.open("two", 3, 12).await;
    let all = told(&fixture, "hook-1").await;
    assert_eq!(all[2..], [(Ready, 2), (Failed, 2), (Ready, 3)]);
    assert_eq!(told(&fixture, "hook-2").await, [(Verified, 1)]);
}

#[tokio::test]
async fn a_try_whose_time_is_over_is_told_of_when_it_is_swept() {
    let fixture = with_endpoint().await;
    fixture.open("one", 1, 1).await;
    assert_eq!(fixture.store.sweep(10, at(100_000)).await.unwrap(), 1);
    assert_eq!(
        told(&fixture, "hook-1").await,
        [(WebhookEvent::Ready, 1), (WebhookEvent::Failed, 1)]
    );
}

#[tokio::test]
async fn what_is_not_told_has_not_happened_and_what_has_not_happened_is_not_told() {
    let fixture = with_endpoint().await;
    fixture.open("one", 1, 1).await;
    fixture.confirm("one", 1, 2, ConfirmOutcome::Verified).await;
    let before = told(&fixture, "hook-1").await;
    let again = fixture.wanted("one", 2, 3);
    let refused = fixture.store.begin(&again, at(3)).await;
    assert!(matches!(refused, Err(BeginError::Refused(_))));
    assert_eq!(told(&fixture, "hook-1").await, before);

    let mut stranger = fixture.place.stranger().await;
    let away = "ALTER TABLE webhook_delivery RENAME TO webhook_delivery_away";
    stranger.execute(away).await.unwrap();
    let wanted = fixture.wanted("two", 4, 4);
    assert!(fixture.store.begin(&wanted, at(4)).await.is_err());
    let back = "ALTER TABLE webhook_delivery_away RENAME TO webhook_delivery";
    stranger.execute(back).await.unwrap();
    assert!(
        fixture
            .store
            .verification(&key("two"))
            .await
            .unwrap()
            .is_none()
    );
    assert_eq!(told(&fixture, "hook-1").await, before);
}

#[tokio::test]
async fn whoever_sends_is_woken_by_what_is_committed() {
    let fixture = with_endpoint().await;
    let woken = || {
        tokio::time::timeout(
            std::time::Duration::from_millis(50),
            fixture.store.webhook_written(),
        )
    };
    assert!(woken().await.is_err(), "nothing was written yet");
    fixture.open("one", 1, 1).await;
    woken().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_workers_each_takes_others_and_together_they_take_all() {
    const LATER: i64 = 100_000;
    let fixture = with_endpoint().await;
    for number in 1..=20 {
        // A phone gets ten messages an hour.
        let second = i64::from(number) * 4000;
        fixture
            .open(&format!("order{number}"), number, second)
            .await;
    }
    let other = fixture.reopened().await;
    other.check(at(1)).await.unwrap();
    let work = |store: Store, from: u32| async move {
        let mut taken = Vec::new();
        for number in from.. {
            let claimed = take(&store, "hook-1", 3, number, LATER).await;
            if claimed.is_empty() && due(&store, LATER).await.is_empty() {
                break;
            }
            taken.extend(claimed.into_iter().map(|one| one.delivery.id.to_string()));
        }
        taken
    };
    let Fixture { store, place } = fixture;
    let one = tokio::spawn(work(store, 1));
    let other = tokio::spawn(work(other, 1000));
    let (one, other) = (one.await.unwrap(), other.await.unwrap());
    let all: BTreeSet<_> = one.iter().chain(&other).collect();
    assert_eq!(one.len() + other.len(), 20, "none twice");
    assert_eq!(all.len(), 20, "all of them");
    drop(place);
}

#[tokio::test]
async fn what_a_worker_died_with_is_taken_by_another_once_its_lease_has_lapsed() {
    let fixture = with_endpoint().await;
    fixture.open("one", 1, 1).await;
    let first = take_one(&fixture, 1, 10).await;
    assert!(due(&fixture.store, 69).await.is_empty());
    assert!(take(&fixture.store, "hook-1", 1, 2, 69).await.is_empty());
    let query = all_of("hook-1");
    let page = fixture.store.webhook_deliveries(&query, at(69)).await;
    assert!(page.unwrap().items[0].is_being_sent);
    let second = take_one(&fixture, 2, 70).await;
    assert_eq!(second.delivery.id, first.delivery.id, "the same webhook-id");
    // The first was only slow: its word counts no more.
    assert_eq!(
        note(&fixture.store, &first, Ok(200), None, 71).await,
        Noted::Lost
    );
    let done = note(&fixture.store, &second, Ok(200), None, 72).await;
    assert_eq!(
        done,
        Noted::Done {
            failing_since: None
        }
    );
    let found = fixture.store.webhook_delivery(&first.delivery.id, at(80));
    let (delivery, tries) = found.await.unwrap().unwrap();
    assert_eq!(
        (delivery.state, delivery.tries),
        (DeliveryState::Delivered, 1)
    );
    assert_eq!(tries.len(), 1);
}

#[tokio::test]
async fn a_message_that_was_not_taken_waits_and_each_try_is_kept() {
    let fixture = with_endpoint().await;
    fixture.open("one", 1, 1).await;
    let claimed = take_one(&fixture, 1, 10).await;
    assert_eq!(claimed.round_tries, 0);
    note(&fixture.store, &claimed, Ok(500), Some(at(100)), 11).await;
    assert!(due(&fixture.store, 99).await.is_empty());
    let claimed = take_one(&fixture, 2, 100).await;
    assert_eq!(claimed.round_tries, 1);
    let timed_out = Err(TryFailure::Timeout);
    note(&fixture.store, &claimed, timed_out, Some(at(200)), 130).await;
    let claimed = take_one(&fixture, 3, 200).await;
    note(&fixture.store, &claimed, Ok(204), Some(at(300)), 201).await;
    assert!(due(&fixture.store, 1000).await.is_empty());
    let id = claimed.delivery.id;
    let found = fixture.store.webhook_delivery(&id, at(300)).await;
    let (delivery, tries) = found.unwrap().unwrap();
    assert_eq!(delivery.state, DeliveryState::Delivered);
    assert_eq!((delivery.ended_at, delivery.next_at), (Some(at(201)), None));
    let outcomes: Vec<_> = tries.iter().map(|one| (one.number, one.outcome)).collect();
    assert_eq!(outcomes, [(1, Ok(500)), (2, timed_out), (3, Ok(204))]);
    assert_eq!((tries[1].at, tries[1].millis), (at(130), 12));
}

#[tokio::test]
async fn a_redirect_is_no_success_and_without_another_try_a_message_is_given_up() {
    let fixture = with_endpoint().await;
    fixture.open("one", 1, 1).await;
    let claimed = take_one(&fixture, 1, 10).await;
    note(&fixture.store, &claimed, Ok(302), None, 11).await;
    let query = DeliveryQuery {
        state: Some(DeliveryState::GaveUp),
        ..all_of("hook-1")
    };
    let gave_up = page(&fixture, &query).await;
    assert_eq!(gave_up[0].id, claimed.delivery.id);
    assert_eq!(gave_up[0].ended_at, Some(at(11)));
}

#[tokio::test]
async fn an_endpoint_fails_from_its_first_failure_until_its_next_success() {
    let fixture = with_endpoint().await;
    for number in 1..=4 {
        fixture.open(&format!("order{number}"), number, 1).await;
    }
    let claimed = take(&fixture.store, "hook-1", 4, 1, 10).await;
    let later = Some(at(5000));
    note(&fixture.store, &claimed[0], Ok(500), later, 20).await;
    let noted = note(
        &fixture.store,
        &claimed[1],
        Err(TryFailure::Unreachable),
        later,
        30,
    )
    .await;
    let since = Some(at(20));
    assert_eq!(
        noted,
        Noted::Done {
            failing_since: since
        }
    );
    assert_eq!(shown(&fixture).await.failing_since, since);
    note(&fixture.store, &claimed[2], Ok(200), None, 40).await;
    assert_eq!(shown(&fixture).await.failing_since, None);
    // Of a test nothing is concluded.
    let id = endpoint("hook-1");
    fixture
        .store
        .write_test_webhook(&id, &BY, at(50))
        .await
        .unwrap();
    let test = take_one(&fixture, 2, 50).await;
    assert_eq!(test.delivery.event, WebhookEvent::Test);
    note(&fixture.store, &test, Ok(500), None, 51).await;
    assert_eq!(shown(&fixture).await.failing_since, None);
}

#[tokio::test]
async fn an_endpoint_that_failed_for_too_long_is_paused_and_what_waits_goes_once_it_is_resumed() {
    let fixture = with_endpoint().await;
    let id = endpoint("hook-1");
    fixture.open("one", 1, 1).await;
    let claimed = take_one(&fixture, 1, 10).await;
    note(&fixture.store, &claimed, Ok(500), Some(at(200)), 20).await;
    let store = &fixture.store;
    assert!(
        !store
            .pause_failing_webhook(&id, at(19), at(100))
            .await
            .unwrap()
    );
    assert!(
        store
            .pause_failing_webhook(&id, at(20), at(100))
            .await
            .unwrap()
    );
    assert!(
        !store
            .pause_failing_webhook(&id, at(20), at(101))
            .await
            .unwrap()
    );
    let paused = shown(&fixture).await;
    assert_eq!(paused.paused, Some((at(100), PauseCause::Failing)));
    // What happens meanwhile waits, too.
    fixture.open("two", 2, 150).await;
    assert!(due(store, 1000).await.is_empty());
    assert!(take(store, "hook-1", 9, 2, 1000).await.is_empty());
    let backlog = store.webhook_backlog().await.unwrap();
    assert_eq!((backlog[0].pending, backlog[0].is_paused), (2, true));
    // Somebody tries whether it works again.
    let test = store.write_test_webhook(&id, &BY, at(1000));
    let test = test.await.unwrap();
    assert_eq!(due(store, 1000).await, ["hook-1"]);
    let claimed = take_one(&fixture, 3, 1000).await;
    assert_eq!(claimed.delivery.id, test);
    note(store, &claimed, Ok(200), None, 1001).await;
    assert!(store.resume_webhook(&id, &BY, at(1002)).await.unwrap());
    assert!(!store.resume_webhook(&id, &BY, at(1003)).await.unwrap());
    assert_eq!(take(store, "hook-1", 9, 4, 1003).await.len(), 2);
    let resumed = shown(&fixture).await;
    assert_eq!((resumed.paused, resumed.failing_since), (None, None));
    let acts = acts(&fixture).await;
    let names: Vec<_> = acts.iter().map(|(action, _)| action.as_str()).collect();
    assert_eq!(
        names,
        [
            "webhook.create",
            "webhook.pause",
            "webhook.test",
            "webhook.resume"
        ]
    );
    assert!(acts[1].1.contains("FAILING"), "{}", acts[1].1);
}

#[tokio::test]
async fn two_secrets_sign_while_one_is_replaced_and_then_the_new_one_alone() {
    let fixture = with_endpoint().await;
    let store = &fixture.store;
    let id = endpoint("hook-1");
    for number in 1..=3 {
        fixture.open(&format!("order{number}"), number, 1).await;
    }
    let second = Redacted::new(SECOND_SECRET);
    let until = Some(at(100));
    let rotated = store.rotate_webhook_secret(&id, &second, until, &BY, at(10));
    rotated.await.unwrap();
    assert_eq!(shown(&fixture).await.previous_until, until);
    let secrets = async |number, second| {
        let claimed = take_one(&fixture, number, second).await;
        let address = claimed.address.unwrap();
        assert_eq!(address.url.expose(), URL);
        let secrets = address.secrets.iter();
        secrets
            .map(|secret| secret.expose().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(secrets(1, 20).await, [SECOND_SECRET, SECRET]);
    assert_eq!(secrets(2, 100).await, [SECOND_SECRET]);
    store
        .tidy_webhooks(SignedDuration::from_hours(1), 10, at(100))
        .await
        .unwrap();
    assert_eq!(shown(&fixture).await.previous_until, None);
    // Without an overlap the one before ends at once.
    let third = Redacted::new("whsec_dGhlIHRoaXJkIHNlY3JldA==");
    let rotated = store.rotate_webhook_secret(&id, &third, None, &BY, at(110));
    rotated.await.unwrap();
    assert_eq!(secrets(3, 120).await, [third.expose()]);
}

#[tokio::test]
async fn a_thief_finds_neither_address_nor_secret_and_the_audit_tells_the_origin_alone() {
    let fixture = with_endpoint().await;
    let store = &fixture.store;
    let id = endpoint("hook-1");
    let second = Redacted::new(SECOND_SECRET);
    let until = Some(at(100));
    let rotated = store.rotate_webhook_secret(&id, &second, until, &BY, at(10));
    rotated.await.unwrap();
    let moved = Redacted::new("https://other.example.com/in/token-in-the-path");
    let events = [WebhookEvent::Verified];
    let to = (&moved, "https://other.example.com");
    store
        .update_webhook(&id, to, &events, &BY, at(11))
        .await
        .unwrap();
    let changed = shown(&fixture).await;
    assert_eq!(changed.url, moved);
    assert_eq!(changed.events, events);
    for secret in ["token-in-the", SECRET, SECOND_SECRET] {
        assert!(!fixture.place.holds(secret.as_bytes()).await, "{secret}");
    }
    let acts = acts(&fixture).await;
    assert_eq!(acts.len(), 3);
    assert!(
        acts[0].1.contains("https://shop.example.com\""),
        "{}",
        acts[0].1
    );
    assert!(
        acts[2].1.contains("https://other.example.com\""),
        "{}",
        acts[2].1
    );
    assert!(
        acts[2].1.contains("IdentityVerification.Failed"),
        "{}",
        acts[2].1
    );
}

#[tokio::test]
async fn after_a_rotation_of_keys_messages_go_where_they_went_with_both_secrets() {
    const OTHER_KEY: &str = "2:HR8eHRwbGhkYFxYVFBMSERAPDg0MCwoJCAcGBQQDAgE=";
    let fixture = with_endpoint().await;
    let id = endpoint("hook-1");
    let second = Redacted::new(SECOND_SECRET);
    let until = Some(at(10_000));
    let rotated = fixture
        .store
        .rotate_webhook_secret(&id, &second, until, &BY, at(10));
    rotated.await.unwrap();
    fixture.open("one", 1, 20).await;
    let store = fixture.place.open(&format!("{KEY},{OTHER_KEY}")).await;
    store.check(at(30)).await.unwrap();
    store.begin_rotation(2, &BY, at(30)).await.unwrap();
    let retired = loop {
        let mut round = store.begin_resealing().await.unwrap();
        while !store.reseal(&mut round, &BY, at(40)).await.unwrap() {}
        if let Some(retired) = round.retired {
            break retired;
        }
    };
    assert_eq!(retired, [1]);
    let alone = fixture.place.open(OTHER_KEY).await;
    alone.check(at(50)).await.unwrap();
    let claimed = take(&alone, "hook-1", 1, 1, 60).await;
    let address = claimed[0].address.as_ref().unwrap();
    assert_eq!(address.url.expose(), URL);
    let secrets: Vec<_> = address.secrets.iter().map(Redacted::expose).collect();
    assert_eq!(secrets, [SECOND_SECRET, SECRET]);
    // Without the new key nobody takes what they could not send.
    let (room, token) = ([(id, 1)], token(2));
    let claimed = fixture
        .store
        .claim_webhooks(&room, &token, at(300), at(200));
    assert!(claimed.await.is_err());
}

#[tokio::test]
async fn an_endpoint_that_is_put_away_is_told_nothing_more_and_its_secrets_are_gone() {
    let fixture = with_endpoint().await;
    let store = &fixture.store;
    let id = endpoint("hook-1");
    fixture.open("one", 1, 1).await;
    fixture.open("two", 2, 2).await;
    let under_way = take_one(&fixture, 1, 10).await;
    store.retire_webhook(&id, &BY, at(20)).await.unwrap();
    store.retire_webhook(&id, &BY, at(21)).await.unwrap();
    fixture.open("three", 3, 30).await;
    let states: Vec<_> = page(&fixture, &all_of("hook-1")).await;
    let states: Vec<_> = states.iter().map(|one| one.state).collect();
    assert_eq!(states, [DeliveryState::Dropped, DeliveryState::Pending]);
    // What was on its way may end, but does not go again.
    note(store, &under_way, Ok(500), Some(at(40)), 31).await;
    assert!(due(store, 100).await.is_empty());
    store
        .tidy_webhooks(SignedDuration::from_hours(1), 10, at(100))
        .await
        .unwrap();
    let left = page(&fixture, &all_of("hook-1")).await;
    assert!(left.iter().all(|one| one.state == DeliveryState::Dropped));
    let blobs = fixture.blobs().await;
    let kept = blobs.iter().filter(|blob| blob.table == "webhook_endpoint");
    let kept: Vec<_> = kept.map(|blob| blob.column.as_str()).collect();
    assert_eq!(kept, ["url"]);
    for refused in [
        store.write_test_webhook(&id, &BY, at(50)).await.map(drop),
        store
            .replay_webhook(&under_way.delivery.id, &BY, at(50))
            .await
            .map(drop),
        store.pause_webhook(&id, &BY, at(50)).await.map(drop),
    ] {
        assert!(
            matches!(refused, Err(StoreError::Retired(_))),
            "{refused:?}"
        );
    }
}

#[tokio::test]
async fn a_message_goes_once_more_under_its_id_with_a_new_round_of_tries_and_to_a_paused_endpoint_too()
 {
    let fixture = with_endpoint().await;
    let store = &fixture.store;
    fixture.open("one", 1, 1).await;
    let claimed = take_one(&fixture, 1, 10).await;
    let id = claimed.delivery.id.clone();
    assert!(
        !store.replay_webhook(&id, &BY, at(11)).await.unwrap(),
        "it is being sent"
    );
    note(store, &claimed, Ok(200), None, 12).await;
    store
        .pause_webhook(&endpoint("hook-1"), &BY, at(13))
        .await
        .unwrap();
    assert!(store.replay_webhook(&id, &BY, at(14)).await.unwrap());
    let again = take_one(&fixture, 2, 14).await;
    assert_eq!(
        (again.delivery.id.clone(), again.round_tries),
        (id.clone(), 0)
    );
    note(store, &again, Ok(503), Some(at(20)), 15).await;
    // What follows waits like everything else.
    assert!(due(store, 1000).await.is_empty());
    let found = store.webhook_delivery(&id, at(30)).await.unwrap();
    let (delivery, tries) = found.unwrap();
    assert_eq!((delivery.state, tries.len()), (DeliveryState::Pending, 2));
    assert_eq!(tries[1].number, 2);
    let nobody = WebhookDeliveryId::parse("wh_nobody").unwrap();
    let refused = store.replay_webhook(&nobody, &BY, at(31)).await;
    assert!(matches!(refused, Err(StoreError::NotFound(_))));
}

#[tokio::test]
async fn messages_that_ended_are_kept_for_their_time_and_then_removed_with_their_tries() {
    let fixture = with_endpoint().await;
    let store = &fixture.store;
    let removed = async |limit, second| {
        let hour = SignedDuration::from_hours(1);
        let tidied = store.tidy_webhooks(hour, limit, at(second)).await;
        tidied.unwrap().removed
    };
    for number in 1..=3 {
        fixture.open(&format!("order{number}"), number, 1).await;
    }
    for claimed in take(store, "hook-1", 2, 1, 10).await {
        note(store, &claimed, Ok(200), None, 20).await;
    }
    assert_eq!(removed(10, 3619).await, 0);
    assert_eq!(page(&fixture, &all_of("hook-1")).await.len(), 3);
    assert_eq!(removed(1, 3620).await, 1, "in batches");
    assert_eq!(removed(10, 3620).await, 1);
    // The third waited for so long that it is given up, and kept for its time from then on.
    let left = page(&fixture, &all_of("hook-1")).await;
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].state, DeliveryState::GaveUp);
    assert_eq!(removed(10, 7500).await, 1);
    assert!(page(&fixture, &all_of("hook-1")).await.is_empty());
    let mut stranger = fixture.place.stranger().await;
    let rows = stranger
        .fetch_all("SELECT delivery_id FROM webhook_try")
        .await;
    assert!(rows.unwrap().is_empty());
}

#[tokio::test]
async fn messages_are_found_by_state_event_and_verification_page_by_page() {
    let fixture = with_endpoint().await;
    for number in 1..=5 {
        fixture
            .open(&format!("order{number}"), number, number.into())
            .await;
    }
    fixture
        .confirm("order3", 3, 10, ConfirmOutcome::Verified)
        .await;
    let store = &fixture.store;
    let mut query = DeliveryQuery {
        size: 2,
        ..all_of("hook-1")
    };
    let mut seen = Vec::new();
    loop {
        let page = store.webhook_deliveries(&query, at(20)).await.unwrap();
        query.before = page.items.last().map(|one| one.id.clone());
        seen.extend(page.items.iter().map(|one| one.happened_at));
        assert_eq!(page.more, seen.len() < 6);
        if !page.more {
            break;
        }
    }
    assert_eq!(seen, [10, 5, 4, 3, 2, 1].map(at));
    let verified = DeliveryQuery {
        event: Some(WebhookEvent::Verified),
        state: Some(DeliveryState::Pending),
        ..all_of("hook-1")
    };
    assert_eq!(page(&fixture, &verified).await.len(), 1);
    let of_one = DeliveryQuery {
        verification: Some(key("order3").id),
        ..all_of("hook-1")
    };
    assert_eq!(page(&fixture, &of_one).await.len(), 2);
    let gone = DeliveryQuery {
        before: Some(WebhookDeliveryId::parse("wh_gone").unwrap()),
        ..all_of("hook-1")
    };
    assert!(page(&fixture, &gone).await.is_empty());
}

#[tokio::test]
async fn a_store_has_so_many_endpoints_and_no_more_than_one_may_be_made_at_the_limit() {
    let fixture = Fixture::new().await;
    let store = &fixture.store;
    for name in ["hook-1", "hook-2"] {
        let new = new(name, "store-1", &[WebhookEvent::Ready]);
        store.create_webhook(&new, 2, &BY, at(0)).await.unwrap();
    }
    let third = new("hook-3", "store-1", &[WebhookEvent::Ready]);
    let refused = store.create_webhook(&third, 2, &BY, at(1)).await;
    assert!(matches!(refused, Err(StoreError::TooMany(_))));
    // One that is put away does not count, and its number is not used again.
    store
        .retire_webhook(&endpoint("hook-2"), &BY, at(2))
        .await
        .unwrap();
    store.create_webhook(&third, 2, &BY, at(3)).await.unwrap();
    fixture.open("one", 1, 4).await;
    let ids: Vec<_> = page(&fixture, &all_of("hook-3")).await;
    assert!(ids[0].id.as_str().ends_with("_3"), "{}", ids[0].id);
    let listed = store.webhooks(Some(&store_id())).await.unwrap();
    let listed: Vec<_> = listed.iter().map(|one| one.id.as_str()).collect();
    assert_eq!(listed, ["hook-1", "hook-3", "hook-2"]);
}

//! Many messages at once: what ends them does so a few at a time, and nobody waits for anybody else's.

use std::{future::Future, time::Duration};

use bonin_core::*;
use bonin_store::*;
use jiff::SignedDuration;
use sqlx::{AssertSqlSafe, Connection};

use crate::{fixture::*, place::on_postgres, webhooks::*};

const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// Writes messages that have waited since the beginning.
async fn fill(fixture: &Fixture, name: &str, messages: u32) {
    let (from, mut stranger) = (at(1).as_microsecond(), fixture.place.stranger().await);
    let sql = format!(
        "INSERT INTO webhook_delivery (id, endpoint_id, store_id, event, happened_at, state, next_at) \
         WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {messages}) \
         SELECT 'wh_{name}_' || n, '{name}', 'store-1', 'READY', {from}, 'PENDING', {from} FROM numbers"
    );
    let filling = sqlx::query(AssertSqlSafe(sql));
    filling.execute(&mut stranger).await.unwrap();
    stranger.close().await.unwrap();
}

/// How many messages of an endpoint are in a state.
async fn count(fixture: &Fixture, name: &str, state: DeliveryState) -> usize {
    let query = DeliveryQuery {
        state: Some(state),
        size: 5000,
        ..all_of(name)
    };
    page(fixture, &query).await.len()
}

#[tokio::test]
async fn what_has_waited_too_long_is_given_up_a_few_at_a_time_and_told_tests_aside() {
    let fixture = Fixture::new().await;
    let store = &fixture.store;
    create(&fixture, "hook-1", &WebhookEvent::CHOOSABLE).await;
    create(&fixture, "hook-2", &WebhookEvent::CHOOSABLE).await;
    fill(&fixture, "hook-1", 15).await;
    fill(&fixture, "hook-2", 7).await;
    let tested = endpoint("hook-2");
    let test = store.write_test_webhook(&tested, &BY, at(1)).await;
    test.unwrap();
    let mut told = Vec::new();
    for (gave_up, more) in [(10, true), (20, true), (23, false)] {
        let tidied = store.tidy_webhooks(HOUR, 10, at(4000)).await.unwrap();
        let ended = count(&fixture, "hook-1", DeliveryState::GaveUp).await
            + count(&fixture, "hook-2", DeliveryState::GaveUp).await;
        assert_eq!((ended, tidied.more), (gave_up, more));
        assert_eq!(
            tidied.removed, 0,
            "they are kept for their time from then on"
        );
        told.extend(tidied.given_up);
    }
    for (name, messages) in [("hook-1", 15), ("hook-2", 7)] {
        let of_it = told.iter().filter(|(id, _)| *id == endpoint(name));
        assert_eq!(
            of_it.map(|(_, count)| count).sum::<u64>(),
            messages,
            "{name}"
        );
    }
    let again = store.tidy_webhooks(HOUR, 10, at(4001)).await.unwrap();
    assert_eq!(again, Tidied::default());
}

#[tokio::test]
async fn what_waits_for_an_endpoint_that_is_put_away_is_dropped_a_few_at_a_time() {
    let fixture = Fixture::new().await;
    let (store, id) = (&fixture.store, endpoint("hook-1"));
    create(&fixture, "hook-1", &WebhookEvent::CHOOSABLE).await;
    fill(&fixture, "hook-1", 1200).await;
    store.retire_webhook(&id, &BY, at(20)).await.unwrap();
    assert_eq!(count(&fixture, "hook-1", DeliveryState::Dropped).await, 500);
    assert!(due(store, 100).await.is_empty(), "none of the others goes");
    for (dropped, more) in [(900, true), (1200, false)] {
        let tidied = store.tidy_webhooks(HOUR, 400, at(30)).await.unwrap();
        assert_eq!(tidied.more, more);
        assert_eq!(
            count(&fixture, "hook-1", DeliveryState::Dropped).await,
            dropped
        );
    }
}

#[tokio::test]
async fn an_endpoint_is_put_away_though_what_waits_for_it_cannot_be_dropped_yet() {
    let fixture = Fixture::new().await;
    let (store, id) = (&fixture.store, endpoint("hook-1"));
    create(&fixture, "hook-1", &WebhookEvent::CHOOSABLE).await;
    fill(&fixture, "hook-1", 3).await;
    let mut stranger = fixture.place.stranger().await;
    for (from, to) in [
        ("webhook_delivery", "webhook_delivery_away"),
        ("webhook_delivery_away", "webhook_delivery"),
    ] {
        let sql = format!("ALTER TABLE {from} RENAME TO {to}");
        sqlx::query(AssertSqlSafe(sql))
            .execute(&mut stranger)
            .await
            .unwrap();
        // The second time there is nothing left to do.
        store.retire_webhook(&id, &BY, at(20)).await.unwrap();
    }
    assert_eq!(count(&fixture, "hook-1", DeliveryState::Pending).await, 3);
    store.tidy_webhooks(HOUR, 10, at(30)).await.unwrap();
    assert_eq!(count(&fixture, "hook-1", DeliveryState::Dropped).await, 3);
}

#[tokio::test]
async fn what_waits_is_counted_for_one_endpoint_alone() {
    let fixture = Fixture::new().await;
    for (name, messages) in [("hook-1", 3), ("hook-2", 4)] {
        create(&fixture, name, &WebhookEvent::CHOOSABLE).await;
        fill(&fixture, name, messages).await;
        let pending = fixture.store.webhooks_pending(&endpoint(name)).await;
        assert_eq!(pending.unwrap(), i64::from(messages), "{name}");
    }
    let nobody = fixture.store.webhooks_pending(&endpoint("hook-3")).await;
    assert_eq!(nobody.unwrap(), 0);
}

/// SQLite has one writer: there is no beside.
async fn soon<T>(what: &str, done: impl Future<Output = Result<T, StoreError>>) -> T {
    let done = tokio::time::timeout(Duration::from_secs(5), done).await;
    let done = done.unwrap_or_else(|_| panic!("{what} waits for a message that is being written"));
    done.unwrap()
}

#[tokio::test]
async fn an_endpoint_is_changed_beside_a_message_to_it_that_is_being_written() {
    if !on_postgres() {
        return;
    }
    let fixture = Fixture::new().await;
    let (store, id) = (&fixture.store, endpoint("hook-1"));
    create(&fixture, "hook-1", &WebhookEvent::CHOOSABLE).await;
    fill(&fixture, "hook-1", 1).await;
    let mut stranger = fixture.place.stranger().await;
    // As the outbox does, whose foreign key asks that the endpoint stay.
    let mut writing = stranger.begin().await.unwrap();
    sqlx::query(
        "INSERT INTO webhook_delivery (id, endpoint_id, store_id, event, happened_at, state, next_at) \
         VALUES ('wh_new', 'hook-1', 'store-1', 'READY', 1, 'PENDING', 1)",
    )
    .execute(&mut *writing)
    .await
    .unwrap();
    soon("pausing", store.pause_webhook(&id, &BY, at(2))).await;
    soon("resuming", store.resume_webhook(&id, &BY, at(3))).await;
    let second = Redacted::new(SECOND_SECRET);
    let rotated = store.rotate_webhook_secret(&id, &second, None, &BY, at(4));
    soon("giving another secret", rotated).await;
    soon("resealing", async {
        let mut round = store.begin_resealing().await?;
        while !store.reseal(&mut round, &BY, at(5)).await? {}
        Ok(())
    })
    .await;
    soon("putting away", store.retire_webhook(&id, &BY, at(6))).await;
    writing.rollback().await.unwrap();
}

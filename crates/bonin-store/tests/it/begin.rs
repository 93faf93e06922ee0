//! Transactions that cannot begin leave the connections of the pool as they were. Only PostgreSQL's wait for locks.

use std::time::Duration;

use bonin_core::Rules;
use bonin_store::*;
use sqlx::{Connection, Executor};

use crate::{
    fixture::*,
    place::{Place, on_postgres},
};

/// The lock that all who write share (`dialect.rs`), taken so that nobody may write.
const LOCK: &str = "SELECT pg_advisory_lock(7093009337227935745)";

/// A store whose statements are given up early, on two connections.
async fn impatient(place: &Place) -> Store {
    let options = ConnectOptions {
        connections: 2,
        statement_timeout: Duration::from_millis(500),
        ..ConnectOptions::default()
    };
    let keyring = Keyring::parse(KEY).unwrap();
    Store::connect(&place.url(), keyring, Rules::default(), &options)
        .await
        .unwrap()
}

async fn write(store: &Store) -> Result<(), StoreError> {
    store
        .note(&someone(), Act::new("test").to("something"), at(1))
        .await
}

/// Tries four times, on two connections, to write while nobody may, and then to write and read.
async fn works_after(tried: impl AsyncFn(&Store)) {
    if !on_postgres() {
        return;
    }
    let fixture = Fixture::new().await;
    let store = impatient(&fixture.place).await;
    let mut other = fixture.place.stranger().await;
    other.execute(LOCK).await.unwrap();
    for _ in 0..4 {
        tried(&store).await;
    }
    other.close().await.unwrap();
    for _ in 0..4 {
        write(&store).await.unwrap();
        store.list(&everything()).await.unwrap();
    }
}

#[tokio::test]
async fn a_lock_that_is_not_given_in_time_leaves_connections_that_work() {
    works_after(async |store| {
        let refused = write(store).await.unwrap_err();
        assert!(refused.is_transient(), "{refused}");
    })
    .await;
}

#[tokio::test]
async fn whoever_hangs_up_while_a_lock_is_waited_for_leaves_connections_that_work() {
    works_after(async |store| {
        let hung_up = tokio::time::timeout(Duration::from_millis(50), write(store)).await;
        assert!(hung_up.is_err());
    })
    .await;
}

//! Keys: a lost or changed one is told at start, and rows sealed with an older one stay readable.

use bonin_store::StoreError;

use crate::fixture::*;

const SECOND: &str = "2:HR8eHRwbGhkYFxYVFBMSERAPDg0MCwoJCAcGBQQDAgE=";

#[tokio::test]
async fn a_missing_key_and_a_changed_key_are_told_at_start() {
    let fixture = Fixture::new().await;
    fixture.store.close().await;
    let without = fixture.place.open(SECOND).await;
    assert!(matches!(
        without.check(at(1)).await,
        Err(StoreError::KeyMissing(1))
    ));
    let changed = SECOND.replace("2:", "1:");
    let changed = fixture.place.open(&changed).await;
    assert!(matches!(
        changed.check(at(1)).await,
        Err(StoreError::KeyChanged(1))
    ));
}

#[tokio::test]
async fn a_key_that_merely_stands_in_the_keyring_is_not_used() {
    let fixture = Fixture::new().await;
    fixture.store.close().await;
    let both = fixture.place.open(&format!("{SECOND}\n{KEY}")).await;
    both.check(at(1)).await.unwrap();
    let fixture = Fixture {
        store: both,
        place: fixture.place,
    };
    fixture.open("two", 2, 2).await;
    fixture.store.close().await;
    let only_old = fixture.place.open(KEY).await;
    only_old.check(at(3)).await.unwrap();
    let record = only_old.verification(&key("two")).await.unwrap().unwrap();
    assert_eq!(record.requested.phone.unwrap().expose(), "01012345678");
}

#[tokio::test]
async fn an_empty_database_says_what_to_run() {
    let place = Place::new().await;
    let store = place.open(KEY).await;
    let error = store.check(at(0)).await.unwrap_err();
    assert!(error.to_string().contains("bonin migrate"), "{error}");
}

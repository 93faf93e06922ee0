//! API secrets and refresh tokens.

use bonin_core::*;
use bonin_store::*;

use crate::fixture::*;

async fn secret(fixture: &Fixture) -> SecretId {
    let id = SecretId::parse("secret-1").unwrap();
    fixture.add_store("store-2", "channel-2").await;
    let new = NewApiSecret {
        id: id.clone(),
        hash: SecretHash::of("the secret"),
        prefix: "the".into(),
        name: "API".into(),
        default_store: store_id(),
        other_stores: vec![StoreId::parse("store-2").unwrap()],
        expires_at: Some(at(1000)),
    };
    fixture
        .store
        .create_secret(&new, &someone(), at(0))
        .await
        .unwrap();
    id
}

#[tokio::test]
async fn a_secret_is_found_by_its_hash_and_reaches_its_stores() {
    let fixture = Fixture::new().await;
    let id = secret(&fixture).await;
    let by = |text: &str| SecretHash::of(text);
    let found = fixture.store.secret_by_hash(&by("the secret")).await;
    let found = found.unwrap().unwrap();
    assert_eq!(found.id, id);
    assert_eq!(found.stores.len(), 2);
    assert!(found.is_valid(at(999)) && !found.is_valid(at(1000)));
    assert!(
        fixture
            .store
            .secret_by_hash(&by("another"))
            .await
            .unwrap()
            .is_none()
    );
    fixture.store.touch_secret(&id, at(5)).await.unwrap();
    let touched = fixture.store.secret(&id).await.unwrap().unwrap();
    assert_eq!(touched.last_used_at, Some(at(5)));
}

#[tokio::test]
async fn a_refresh_token_is_used_once_and_ends_with_the_next_or_with_its_secret() {
    let fixture = Fixture::new().await;
    let id = secret(&fixture).await;
    let store = &fixture.store;
    let hash = SecretHash::of;
    store
        .replace_refresh_token(&id, &hash("one"), at(100), at(0))
        .await
        .unwrap();
    let used = store
        .use_refresh_token(&hash("one"), &hash("two"), at(100), at(1))
        .await;
    assert_eq!(used.unwrap(), Some(id.clone()));
    let again = store
        .use_refresh_token(&hash("one"), &hash("x"), at(100), at(1))
        .await;
    assert_eq!(again.unwrap(), None);
    store
        .replace_refresh_token(&id, &hash("three"), at(100), at(2))
        .await
        .unwrap();
    let replaced = store
        .use_refresh_token(&hash("two"), &hash("x"), at(100), at(3))
        .await;
    assert_eq!(replaced.unwrap(), None);
    let late = store
        .use_refresh_token(&hash("three"), &hash("x"), at(200), at(100))
        .await;
    assert_eq!(late.unwrap(), None);
    store
        .replace_refresh_token(&id, &hash("four"), at(300), at(101))
        .await
        .unwrap();
    store.revoke_secret(&id, &someone(), at(102)).await.unwrap();
    let revoked = store
        .use_refresh_token(&hash("four"), &hash("x"), at(300), at(103))
        .await;
    assert_eq!(revoked.unwrap(), None);
    assert!(!store.secret(&id).await.unwrap().unwrap().is_valid(at(103)));
}

#[tokio::test]
async fn a_store_is_read_back_with_what_browsers_may_do() {
    let fixture = Fixture::new().await;
    let new = NewStore {
        id: StoreId::parse("store-9").unwrap(),
        name: "상점".into(),
        kind: StoreKind::Live,
        allow_test_channels: false,
        browser: BrowserRules {
            origins: vec!["https://a.example".into(), "https://b.example".into()],
            redirect_hosts: vec!["pay.example".into()],
            redirect_schemes: Vec::new(),
        },
        limits: StoreLimits::default(),
        retention_days: None,
    };
    fixture
        .store
        .create_store(&new, &someone(), at(1))
        .await
        .unwrap();
    let one = fixture.store.store(&new.id).await.unwrap().unwrap();
    assert_eq!((one.kind, &one.browser), (StoreKind::Live, &new.browser));
    let all = fixture.store.stores().await.unwrap();
    assert_eq!(all.last().unwrap().browser, new.browser);
}

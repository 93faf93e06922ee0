//! A rotation: every row readable and every filter right all the while, and nothing under the old key at its end.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering},
};

use bonin_core::*;
use bonin_store::*;
use jiff::SignedDuration;

use crate::fixture::*;

const SECOND: &str = "2:HR8eHRwbGhkYFxYVFBMSERAPDg0MCwoJCAcGBQQDAgE=";

/// A store whose keys can be added to while it is open, as a key file can.
async fn opened(place: &Place, keys: &Arc<Mutex<String>>) -> Store {
    let file = keys.clone();
    let keyring = Keyring::parse(&keys.lock().unwrap())
        .unwrap()
        .reading_again(move || Keyring::parse(&file.lock().unwrap()));
    let store = place.open_with(keyring).await;
    store.check(at(0)).await.unwrap();
    store
}

/// Every sealed value, of whichever table: all that is binary, but hashes, macs and indexes.
async fn everything_sealed(fixture: &Fixture) -> Vec<Vec<u8>> {
    let sealed = fixture.blobs().await.into_iter().filter(|blob| {
        let column = blob.column.as_str();
        ![
            "hash",
            "mac",
            "head_mac",
            "head_proof",
            "check_value",
            "checksum",
        ]
        .contains(&column)
            && !column.ends_with("_index")
    });
    let values: Vec<_> = sealed.map(|blob| blob.value).collect();
    assert!(values.len() > 20, "{}", values.len());
    values
}

/// Rounds until one finds nothing.
async fn reseal(store: &Store) -> Vec<u32> {
    loop {
        let mut round = store.begin_resealing().await.unwrap();
        while !store.reseal(&mut round, &someone(), at(100)).await.unwrap() {}
        assert!(round.looked_at > 0);
        if let Some(retired) = round.retired {
            return retired;
        }
    }
}

fn by_name(name: &str) -> ListQuery {
    ListQuery {
        customer: CustomerFilter {
            name: Some(Redacted::new(name)),
            ..CustomerFilter::default()
        },
        ..everything()
    }
}

async fn found(store: &Store) -> i64 {
    store.list(&by_name("홍길동")).await.unwrap().total
}

/// The second factor of [`enrolling`], and the one that its session waits to have proven.
const SECRET: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
const PENDING: &str = "MFRGGZDFMZTWQ2LKMFRGGZDFMZTWQ2LK";

fn kim() -> (UserId, SessionId) {
    let session = SessionId::parse("session-1").unwrap();
    (UserId::parse("user-kim").unwrap(), session)
}

/// A user of the console with all that can be sealed of one.
async fn enrolling(store: &Store) {
    let (id, session) = kim();
    let user = NewUser {
        id: id.clone(),
        username: "kim".into(),
        role: Role::Owner,
        password_hash: Redacted::new("$argon2id$ a hash"),
        must_change: false,
    };
    store.create_user(&user, &someone(), at(5)).await.unwrap();
    let cookie = |number: u32| SecretHash::of(&format!("cookie {number}"));
    let opened = NewSession {
        hash: cookie(1),
        id: session.clone(),
        user: id.clone(),
        step: SessionStep::Full,
        origin: "203.0.113.7".into(),
        expires_at: at(10_000),
        password_set_at: at(5),
    };
    let inside = store.let_in(&opened, None, &someone(), at(6)).await;
    assert!(inside.unwrap());
    let goes_on = SessionRotation {
        from: cookie(1),
        to: cookie(2),
    };
    store
        .enable_totp(&id, &Redacted::new(SECRET), 7, &goes_on, &someone(), at(7))
        .await
        .unwrap();
    let pending = Redacted::new(PENDING);
    let put = store.put_pending_totp(&session, Some(&pending)).await;
    put.unwrap();
}

/// Three verifications: verified, open, and one whose first try was for somebody else.
async fn filled() -> Fixture {
    let fixture = Fixture::new().await;
    fixture.open("one", 1, 0).await;
    fixture
        .confirm("one", 1, 1, ConfirmOutcome::WrongNumber)
        .await;
    fixture.confirm("one", 1, 2, ConfirmOutcome::Verified).await;
    fixture.open("two", 2, 3).await;
    let act = Act::new("verification.reveal").because(Redacted::new("고객 문의"));
    fixture.store.note(&someone(), act, at(4)).await.unwrap();
    enrolling(&fixture.store).await;
    fixture
}

#[tokio::test]
async fn a_rotation_ends_with_every_row_readable_every_filter_right_and_nothing_under_the_old_key()
{
    let fixture = filled().await;
    let keys = Arc::new(Mutex::new(KEY.to_owned()));
    let store = opened(&fixture.place, &keys).await;
    // Another process, which has the database open all the while.
    let other = opened(&fixture.place, &keys).await;
    assert_eq!(found(&other).await, 2);

    keys.lock().unwrap().push_str(&format!("\n{SECOND}"));
    let early = store.begin_rotation(2, &someone(), at(50)).await;
    assert!(matches!(early, Err(StoreError::KeyMissing(2))), "{early:?}");
    let store = opened(&fixture.place, &keys).await;
    store.begin_rotation(2, &someone(), at(50)).await.unwrap();
    let again = store.begin_rotation(2, &someone(), at(51)).await;
    assert!(matches!(again, Err(StoreError::Exists(_))), "{again:?}");
    assert_eq!(found(&other).await, 2);

    let mut round = store.begin_resealing().await.unwrap();
    while !store.reseal(&mut round, &someone(), at(60)).await.unwrap() {
        // After every step both processes read and find everything, and write.
        for store in [&store, &other] {
            assert_eq!(found(store).await, 2);
            let record = store.verification(&key("one")).await.unwrap().unwrap();
            assert_eq!(record.verified.unwrap().name.expose(), "홍길동");
        }
    }
    assert!(round.resealed > 5, "{round:?}");
    assert_eq!(
        round.retired, None,
        "a round that found something proves nothing"
    );
    // What the other process writes now is sealed with the new key.
    let mut wanted = fixture.wanted("three", 3, 61);
    wanted.message_limit = Some(MessageLimit {
        max: 10,
        within: SignedDuration::from_hours(9),
    });
    other.begin(&wanted, at(61)).await.unwrap();

    assert_eq!(reseal(&store).await, [1]);
    for value in everything_sealed(&fixture).await {
        assert_eq!(value[1..5], 2u32.to_be_bytes());
    }
    store.close().await;
    other.close().await;

    // The old key is not needed any more, for anything.
    *keys.lock().unwrap() = SECOND.to_owned();
    let store = opened(&fixture.place, &keys).await;
    assert_eq!(found(&store).await, 3);
    let record = store.verification(&key("one")).await.unwrap().unwrap();
    assert_eq!(record.verified.unwrap().phone.expose(), "01012345678");
    let phone = PersonToErase::Phone(PhoneNumber::parse("01012345678").unwrap());
    let of_phone = store.verifications_of(&[store_id()], &phone).await.unwrap();
    assert_eq!(of_phone.len(), 3);
    assert!(store.verify_audit(None).await.unwrap().is_ok());
    let channel = store
        .channel(&ChannelId::parse("channel-1").unwrap())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        channel.hub.as_ref().unwrap().private_key_password.expose(),
        "hunter2-hunter2"
    );
    let (id, session) = kim();
    let hash = store.password_hash(&id).await.unwrap().unwrap();
    let secret = store.totp_secret(&id).await.unwrap().unwrap();
    let pending = store.pending_totp(&session).await.unwrap().unwrap();
    assert_eq!(
        [hash.expose(), secret.expose(), pending.expose()],
        ["$argon2id$ a hash", SECRET, PENDING]
    );
    // Messages to a phone are counted on.
    let mut strict = fixture.wanted("four", 4, 62);
    strict.message_limit = Some(MessageLimit {
        max: 3,
        within: SignedDuration::from_hours(9),
    });
    let refused = store.begin(&strict, at(62)).await;
    assert!(
        matches!(refused, Err(BeginError::TooManyMessages { .. })),
        "{refused:?}"
    );
    let states: Vec<_> = store
        .keys()
        .await
        .unwrap()
        .iter()
        .map(|key| (key.id, key.state))
        .collect();
    assert_eq!(states, [(1, KeyState::Retired), (2, KeyState::Active)]);
}

#[tokio::test]
async fn a_rotation_that_is_broken_off_anywhere_goes_on_from_any_process() {
    for steps in 0..12 {
        let fixture = filled().await;
        let keys = Arc::new(Mutex::new(format!("{KEY}\n{SECOND}")));
        let store = opened(&fixture.place, &keys).await;
        store.begin_rotation(2, &someone(), at(50)).await.unwrap();
        let mut round = store.begin_resealing().await.unwrap();
        for _ in 0..steps {
            if store.reseal(&mut round, &someone(), at(60)).await.unwrap() {
                break;
            }
        }
        // Without a clean end.
        drop(store);
        let store = opened(&fixture.place, &keys).await;
        assert_eq!(found(&store).await, 2);
        assert_eq!(reseal(&store).await, [1], "after {steps} steps");
        for value in everything_sealed(&fixture).await {
            assert_eq!(value[1..5], 2u32.to_be_bytes(), "after {steps} steps");
        }
        store.close().await;
    }
}

#[tokio::test]
async fn without_the_new_key_a_process_refuses_to_work_rather_than_seal_with_the_old_one() {
    let fixture = filled().await;
    let both = Arc::new(Mutex::new(format!("{KEY}\n{SECOND}")));
    let store = opened(&fixture.place, &both).await;
    store.begin_rotation(2, &someone(), at(50)).await.unwrap();
    // The fixture's own store has the first key alone, and nowhere to read again.
    let refused = fixture
        .store
        .begin(&fixture.wanted("three", 3, 51), at(51))
        .await;
    assert!(
        matches!(refused, Err(BeginError::Store(StoreError::KeyMissing(2)))),
        "{refused:?}"
    );
    let listed = fixture.store.list(&by_name("홍길동")).await;
    assert!(matches!(listed, Err(StoreError::KeyMissing(2))));
}

#[tokio::test]
async fn a_process_whose_new_key_is_another_of_the_same_number_seals_nothing_with_it() {
    let fixture = filled().await;
    let here = Arc::new(Mutex::new(format!("{KEY}\n{SECOND}")));
    let store = opened(&fixture.place, &here).await;
    // A second machine, on which somebody made a key 2 of its own.
    let own = Keyring::generate(2).unwrap();
    let there = Arc::new(Mutex::new(format!("{KEY}\n{}", own.expose())));
    let other = opened(&fixture.place, &there).await;
    store.begin_rotation(2, &someone(), at(50)).await.unwrap();
    let refused = other.begin(&fixture.wanted("three", 3, 51), at(51)).await;
    assert!(
        matches!(refused, Err(BeginError::Store(StoreError::KeyChanged(2)))),
        "{refused:?}"
    );
    assert!(matches!(
        other.learn_keys().await,
        Err(StoreError::KeyChanged(2))
    ));
}

#[tokio::test]
async fn reading_the_keys_again_holds_nobody_up_and_what_another_process_sealed_is_read() {
    let fixture = filled().await;
    let both = format!("{KEY}\n{SECOND}");
    let vault_hangs = Arc::new(AtomicBool::new(false));
    let (hangs, keys) = (vault_hangs.clone(), both.clone());
    let keyring = Keyring::parse(KEY).unwrap().reading_again(move || {
        while hangs.load(Ordering::Relaxed) {
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        Keyring::parse(&keys)
    });
    let slow = Arc::new(fixture.place.open_with(keyring).await);
    slow.check(at(0)).await.unwrap();

    let store = opened(&fixture.place, &Arc::new(Mutex::new(both))).await;
    store.begin_rotation(2, &someone(), at(50)).await.unwrap();
    vault_hangs.store(true, Ordering::Relaxed);
    let wanted = fixture.wanted("three", 3, 51);
    let writing = {
        let (slow, wanted) = (slow.clone(), wanted.clone());
        tokio::spawn(async move { slow.begin(&wanted, at(51)).await.map(drop) })
    };
    // This test has a single thread: were it held up, nothing below would run.
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    assert!(!writing.is_finished());
    // Others write, and what is sealed with a known key is read.
    let other = fixture.wanted("four", 4, 52);
    store.begin(&other, at(52)).await.unwrap();
    assert!(slow.verification(&key("one")).await.unwrap().is_some());
    let waited_for_the_vault = writing.is_finished();
    let refused = writing.await.unwrap();
    assert!(
        matches!(refused, Err(BeginError::Store(StoreError::KeyMissing(2)))),
        "{refused:?}"
    );
    assert!(matches!(
        slow.learn_keys().await,
        Err(StoreError::KeyMissing(2))
    ));

    vault_hangs.store(false, Ordering::Relaxed);
    assert!(
        !waited_for_the_vault,
        "others wrote only when the vault was given up"
    );
    let record = slow.verification(&key("four")).await.unwrap().unwrap();
    assert_eq!(record.requested.phone.unwrap().expose(), "01012345678");
    slow.begin(&wanted, at(53)).await.unwrap();
    slow.learn_keys().await.unwrap();
}

#[tokio::test]
async fn indexes_of_another_key_beside_values_of_the_new_one_are_made_anew() {
    let fixture = filled().await;
    let keys = Arc::new(Mutex::new(format!("{KEY}\n{SECOND}")));
    let store = opened(&fixture.place, &keys).await;
    let indexes = async |of: &str| {
        let all = fixture.blobs().await.into_iter();
        let all = all.filter(|blob| blob.column == of).map(|blob| blob.value);
        all.collect::<Vec<_>>()
    };
    let old = indexes("phone_index").await;
    store.begin_rotation(2, &someone(), at(50)).await.unwrap();
    assert_eq!(reseal(&store).await, [1]);
    let new = indexes("phone_index").await;
    assert!(new.iter().all(|index| !old.contains(index)));
    // As by a process that lost its way between the two keys.
    let mut connection = fixture.place.stranger().await;
    for sql in [
        "UPDATE attempt SET phone_index = $1 WHERE phone_index IS NOT NULL",
        "UPDATE identity_verification SET phone_index = $1 WHERE phone_index IS NOT NULL",
    ] {
        let query = sqlx::query(sql).bind(old[0].clone());
        let done = query.execute(&mut connection).await.unwrap();
        assert!(done.rows_affected() > 1);
    }
    assert_ne!(indexes("phone_index").await, new);
    assert!(reseal(&store).await.is_empty());
    assert_eq!(indexes("phone_index").await, new);
}

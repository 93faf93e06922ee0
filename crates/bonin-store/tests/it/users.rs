//! Users of the console, their logins and their sessions.

use aws_lc_rs::digest;
use bonin_core::{Redacted, SessionId, UserId};
use bonin_store::*;
use jiff::SignedDuration;
use sqlx::Connection;

use crate::fixture::{Fixture, KEY, at, someone};

const SECOND_KEY: &str = "2:HR8eHRwbGhkYFxYVFBMSERAPDg0MCwoJCAcGBQQDAgE=";

const IDLE: SignedDuration = SignedDuration::from_mins(30);

fn user_id(name: &str) -> UserId {
    UserId::parse(format!("user-{name}")).unwrap()
}

fn new_user(name: &str, role: Role) -> NewUser {
    NewUser {
        id: user_id(name),
        username: name.to_owned(),
        role,
        password_hash: Redacted::new(format!("$argon2id$ the hash of {name}")),
        must_change: false,
    }
}

fn hash(number: u32) -> SecretHash {
    SecretHash::of(&format!("cookie {number}"))
}

fn session(user: &str, number: u32, step: SessionStep, ends: i64) -> NewSession {
    NewSession {
        hash: hash(number),
        id: SessionId::parse(format!("session-{number}")).unwrap(),
        user: user_id(user),
        step,
        origin: "203.0.113.7".into(),
        expires_at: at(ends),
        password_set_at: at(1),
    }
}

fn rotation(from: u32, to: u32) -> SessionRotation {
    SessionRotation {
        from: hash(from),
        to: hash(to),
    }
}

struct People {
    fixture: Fixture,
}

impl std::ops::Deref for People {
    type Target = Store;
    fn deref(&self) -> &Store {
        &self.fixture.store
    }
}

impl People {
    async fn with(users: &[(&str, Role)]) -> Self {
        let people = Self {
            fixture: Fixture::new().await,
        };
        for (name, role) in users {
            let user = new_user(name, *role);
            people.create_user(&user, &someone(), at(1)).await.unwrap();
        }
        people
    }

    async fn log_in(&self, user: &str, number: u32, second: i64) {
        let session = NewSession {
            password_set_at: self.one(user).await.password_changed_at,
            ..session(user, number, SessionStep::Full, second + 3600)
        };
        let inside = self.let_in(&session, None, &someone(), at(second)).await;
        assert!(inside.unwrap());
    }

    async fn is_alive(&self, number: u32, second: i64) -> bool {
        let found = self.use_session(&hash(number), IDLE, at(second)).await;
        found.unwrap().is_some()
    }

    async fn one(&self, name: &str) -> ConsoleUser {
        self.user(&user_id(name)).await.unwrap().unwrap()
    }

    /// The audit's actions, oldest first, without those of the set-up.
    async fn acts(&self) -> Vec<String> {
        let page = self
            .audit(&AuditQuery {
                size: 100,
                ..AuditQuery::default()
            })
            .await
            .unwrap();
        let mut acts: Vec<_> = page.entries.into_iter().map(|entry| entry.action).collect();
        acts.reverse();
        acts.retain(|act| !act.starts_with("store.") && !act.starts_with("channel."));
        acts
    }

    async fn wrong_guesses(&self, name: &str, count: u32, second: i64) -> Vec<Guess> {
        let mut guesses = Vec::new();
        for _ in 0..count {
            let guess = self.count_guess(&user_id(name), at(second)).await;
            guesses.push(guess.unwrap());
        }
        guesses
    }
}

#[tokio::test]
async fn a_user_is_kept_with_a_sealed_password_and_found_by_name() {
    let people = People::with(&[("kim", Role::Owner), ("lee", Role::Viewer)]).await;
    let kim = people.user_by_username("kim").await.unwrap().unwrap();
    assert_eq!((kim.id.clone(), kim.role), (user_id("kim"), Role::Owner));
    assert!(!kim.has_totp && !kim.must_change && !kim.is_disabled());
    assert_eq!(people.users().await.unwrap().len(), 2);
    let hash = people.password_hash(&kim.id).await.unwrap().unwrap();
    assert_eq!(hash.expose(), "$argon2id$ the hash of kim");
    assert!(people.user_by_username("Kim").await.unwrap().is_none());
    let again = new_user("kim", Role::Viewer);
    let again = NewUser {
        id: user_id("kim2"),
        ..again
    };
    let refused = people.create_user(&again, &someone(), at(2)).await;
    assert!(matches!(refused, Err(StoreError::Exists(_))), "{refused:?}");
    assert_eq!(people.acts().await, ["user.create", "user.create"]);
}

#[tokio::test]
async fn no_password_hash_and_no_second_factor_stands_in_the_file_in_the_clear() {
    let people = People::with(&[("kim", Role::Owner)]).await;
    people.log_in("kim", 1, 2).await;
    let secret = Redacted::new("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    let pending = SessionId::parse("session-1").unwrap();
    people
        .put_pending_totp(&pending, Some(&secret))
        .await
        .unwrap();
    assert_eq!(
        people.pending_totp(&pending).await.unwrap(),
        Some(secret.clone())
    );
    people
        .enable_totp(
            &user_id("kim"),
            &secret,
            5,
            &rotation(1, 2),
            &someone(),
            at(3),
        )
        .await
        .unwrap();
    assert_eq!(people.pending_totp(&pending).await.unwrap(), None);
    assert_eq!(
        people.totp_secret(&user_id("kim")).await.unwrap(),
        Some(secret)
    );
    people.fixture.store.close().await;
    for clear in ["the hash of kim", "GEZDGNBVGY3TQOJQ"] {
        assert!(
            !people.fixture.place.holds(clear.as_bytes()).await,
            "{clear}"
        );
    }
}

#[tokio::test]
async fn the_first_owner_is_made_once_with_the_newest_code_before_it_ends() {
    let people = People::with(&[]).await;
    assert!(!people.has_user().await.unwrap());
    let code = |text: &str| SecretHash::of(text);
    assert!(
        people
            .put_setup_code(&code("first"), at(100), &someone(), at(1))
            .await
            .unwrap()
    );
    assert!(
        people
            .put_setup_code(&code("second"), at(100), &someone(), at(2))
            .await
            .unwrap()
    );
    let owner = new_user("kim", Role::Owner);
    for (given, second) in [
        ("first", 50),
        ("third", 50),
        ("second", 100),
        ("second", 200),
    ] {
        let taken = people.takes_setup_code(&code(given), at(second)).await;
        assert!(!taken.unwrap(), "{given} at {second}");
        let made = people
            .create_first_owner(&code(given), &owner, &someone(), at(second))
            .await;
        assert!(!made.unwrap(), "{given} at {second}");
    }
    assert!(!people.has_user().await.unwrap());
    let taken = people.takes_setup_code(&code("second"), at(99)).await;
    assert!(taken.unwrap());
    let made = people
        .create_first_owner(&code("second"), &owner, &someone(), at(99))
        .await;
    assert!(made.unwrap());
    let another = new_user("lee", Role::Owner);
    let again = people
        .create_first_owner(&code("second"), &another, &someone(), at(99))
        .await;
    assert!(!again.unwrap());
    let late = people
        .put_setup_code(&code("late"), at(300), &someone(), at(200))
        .await;
    assert!(!late.unwrap());
    assert_eq!(
        people.acts().await,
        ["user.setup_code", "user.setup_code", "user.create"]
    );
    assert_eq!(people.users().await.unwrap().len(), 1);
}

/// Writes to the database without a key, and tells how many rows that made.
async fn written(fixture: &Fixture, sql: &'static str, value: &[u8]) -> u64 {
    let mut connection = fixture.place.stranger().await;
    let query = sqlx::query(sql).bind(value.to_vec());
    let done = query.execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    done.rows_affected()
}

fn sha256(token: &str) -> Vec<u8> {
    let digest = digest::digest(&digest::SHA256, token.as_bytes());
    digest.as_ref().to_vec()
}

#[tokio::test]
async fn a_session_outlives_a_rotation() {
    let people = People::with(&[("kim", Role::Owner)]).await;
    people.log_in("kim", 1, 2).await;
    people.log_in("kim", 2, 2).await;
    people.log_in("kim", 3, 2).await;
    let both = format!("{KEY}\n{SECOND_KEY}");
    let both = people.fixture.place.open(&both).await;
    both.begin_rotation(2, &someone(), at(3)).await.unwrap();
    let alive = async |store: &Store, number| {
        let found = store.use_session(&hash(number), IDLE, at(4)).await;
        found.unwrap().is_some()
    };
    assert!(alive(&both, 1).await && alive(&both, 2).await);
    // One that was kept under the old key is left, and one goes on under the new key.
    both.leave_session(&hash(3), &someone(), at(4))
        .await
        .unwrap();
    assert!(!alive(&both, 3).await);
    both.enable_totp(
        &user_id("kim"),
        &Redacted::new("GEZDGNBVGY3TQOJQ"),
        7,
        &rotation(1, 4),
        &someone(),
        at(4),
    )
    .await
    .unwrap();
    assert!(alive(&both, 4).await);
    assert!(!alive(&both, 1).await && !alive(&both, 2).await);
}

#[tokio::test]
async fn who_writes_to_the_database_without_a_key_plants_neither_a_session_nor_a_setup_code() {
    let people = People::with(&[("kim", Role::Owner)]).await;
    people.log_in("kim", 1, 2).await;
    assert!(people.is_alive(1, 3).await);
    let token = "a token of their own";
    let planted = "INSERT INTO console_session (hash, id, user_id, step, origin, created_at, last_seen_at, expires_at) \
         SELECT $1, 'session-planted', user_id, step, origin, created_at, last_seen_at, expires_at FROM console_session";
    assert_eq!(written(&people.fixture, planted, &sha256(token)).await, 1);
    let of_theirs = SecretHash::of(token);
    let found = people.use_session(&of_theirs, IDLE, at(3)).await.unwrap();
    assert!(found.is_none(), "{found:?}");
    assert!(people.is_alive(1, 3).await);

    let empty = People::with(&[]).await;
    let planted =
        "INSERT INTO console_setup (id, hash, expires_at) VALUES (1, $1, 9000000000000000)";
    assert_eq!(written(&empty.fixture, planted, &sha256(token)).await, 1);
    assert!(!empty.takes_setup_code(&of_theirs, at(3)).await.unwrap());
    let owner = new_user("lee", Role::Owner);
    let made = empty
        .create_first_owner(&of_theirs, &owner, &someone(), at(3))
        .await;
    assert!(!made.unwrap());
}

#[tokio::test]
async fn of_two_who_use_the_setup_code_at_once_one_becomes_owner() {
    let people = People::with(&[]).await;
    let code = SecretHash::of("code");
    people
        .put_setup_code(&code, at(100), &someone(), at(1))
        .await
        .unwrap();
    let other = people.fixture.reopened().await;
    let (one, two) = (new_user("kim", Role::Owner), new_user("lee", Role::Owner));
    let by = someone();
    let (one, two) = tokio::join!(
        people.create_first_owner(&code, &one, &by, at(5)),
        other.create_first_owner(&code, &two, &by, at(5)),
    );
    assert!(one.unwrap() ^ two.unwrap());
    assert_eq!(people.users().await.unwrap().len(), 1);
}

#[tokio::test]
async fn the_last_active_owner_is_neither_demoted_nor_disabled() {
    let people = People::with(&[
        ("kim", Role::Owner),
        ("lee", Role::Owner),
        ("park", Role::Operator),
    ])
    .await;
    let (kim, lee) = (user_id("kim"), user_id("lee"));
    let by = someone();
    people
        .set_user_disabled(&lee, true, &by, at(2))
        .await
        .unwrap();
    let demoted = people.set_user_role(&kim, Role::Operator, &by, at(3)).await;
    assert!(matches!(demoted, Err(StoreError::LastOwner)), "{demoted:?}");
    let disabled = people.set_user_disabled(&kim, true, &by, at(3)).await;
    assert!(
        matches!(disabled, Err(StoreError::LastOwner)),
        "{disabled:?}"
    );
    // One who is disabled already may be demoted: nobody is lost.
    people
        .set_user_role(&lee, Role::Viewer, &by, at(4))
        .await
        .unwrap();
    people
        .set_user_disabled(&lee, false, &by, at(4))
        .await
        .unwrap();
    people
        .set_user_role(&lee, Role::Owner, &by, at(5))
        .await
        .unwrap();
    people
        .set_user_disabled(&kim, true, &by, at(6))
        .await
        .unwrap();
    assert_eq!(people.one("kim").await.disabled_at, Some(at(6)));
    let acts = people.acts().await;
    assert_eq!(
        acts[3..],
        [
            "user.disable",
            "user.set_role",
            "user.enable",
            "user.set_role",
            "user.disable"
        ]
    );
}

#[tokio::test]
async fn two_owners_who_put_each_other_away_at_once_leave_one() {
    let people = People::with(&[("kim", Role::Owner), ("lee", Role::Owner)]).await;
    let other = people.fixture.reopened().await;
    let (kim, lee) = (user_id("kim"), user_id("lee"));
    let by = someone();
    let (one, two) = tokio::join!(
        people.set_user_disabled(&kim, true, &by, at(2)),
        other.set_user_role(&lee, Role::Viewer, &by, at(2)),
    );
    let refused = [one, two].into_iter().filter(Result::is_err).count();
    assert_eq!(refused, 1);
}

#[tokio::test]
async fn wrong_guesses_lock_for_longer_each_time_and_a_right_one_forgets_them() {
    let people = People::with(&[("kim", Role::Owner)]).await;
    let free = people.wrong_guesses("kim", 4, 10).await;
    assert_eq!(free, [Guess::Counted { locks_until: None }; 4]);
    let mut now = 10;
    for minutes in [1, 2, 4, 8, 15, 15] {
        let until = at(now + minutes * 60);
        let guesses = people.wrong_guesses("kim", 3, now).await;
        assert_eq!(
            guesses,
            [
                Guess::Counted {
                    locks_until: Some(until)
                },
                Guess::Locked { until },
                Guess::Locked { until },
            ],
        );
        let kim = people.one("kim").await;
        assert!(kim.is_locked(at(now + minutes * 60 - 1)) && !kim.is_locked(until));
        now += minutes * 60;
    }
    let last = people.wrong_guesses("kim", 1, now).await;
    assert!(matches!(last[..], [Guess::Counted { .. }]));
    people.log_in("kim", 1, now).await;
    let again = people.wrong_guesses("kim", 4, now + 1).await;
    assert_eq!(again, [Guess::Counted { locks_until: None }; 4]);
    assert_eq!(people.one("kim").await.last_login_at, Some(at(now)));
}

#[tokio::test]
async fn guesses_at_once_over_two_instances_are_all_counted() {
    let people = People::with(&[("kim", Role::Owner)]).await;
    let other = people.fixture.reopened().await;
    let kim = user_id("kim");
    let mut guesses = tokio::task::JoinSet::new();
    let stores = [
        std::sync::Arc::new(other),
        std::sync::Arc::new(people.fixture.reopened().await),
    ];
    for number in 0..20 {
        let (store, kim) = (stores[number % 2].clone(), kim.clone());
        guesses.spawn(async move { store.count_guess(&kim, at(10)).await.unwrap() });
    }
    let guesses = guesses.join_all().await;
    let judged = guesses
        .iter()
        .filter(|guess| matches!(guess, Guess::Counted { .. }));
    assert_eq!(judged.count(), 5);
}

#[tokio::test]
async fn a_right_password_does_not_forget_wrong_numbers_of_the_second_factor() {
    let people = People::with(&[("kim", Role::Owner)]).await;
    people.log_in("kim", 1, 2).await;
    let secret = Redacted::new("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    people
        .enable_totp(
            &user_id("kim"),
            &secret,
            5,
            &rotation(1, 2),
            &someone(),
            at(3),
        )
        .await
        .unwrap();
    for round in 0..4 {
        // The password, right; then a number, wrong.
        people.wrong_guesses("kim", 1, 10).await;
        let waiting = session("kim", 10 + round, SessionStep::SecondFactor, 700);
        people
            .await_second_factor(&waiting, None, at(10))
            .await
            .unwrap();
        let number = people.wrong_guesses("kim", 1, 10).await;
        assert_eq!(number, [Guess::Counted { locks_until: None }]);
    }
    let fifth = people.wrong_guesses("kim", 1, 10).await;
    assert_eq!(
        fifth,
        [Guess::Counted {
            locks_until: Some(at(70))
        }]
    );
    // That was the password, right: its lock goes with it.
    people
        .take_guess_back(&user_id("kim"), Some(at(70)))
        .await
        .unwrap();
    let number = people.wrong_guesses("kim", 1, 10).await;
    assert_eq!(
        number,
        [Guess::Counted {
            locks_until: Some(at(70))
        }]
    );
    people
        .unlock_user(&user_id("kim"), &someone(), at(11))
        .await
        .unwrap();
    let free = people.wrong_guesses("kim", 1, 11).await;
    assert_eq!(free, [Guess::Counted { locks_until: None }]);
}

#[tokio::test]
async fn a_right_password_under_way_lifts_no_lock_that_a_wrong_number_sets_meanwhile() {
    let people = People::with(&[("kim", Role::Owner)]).await;
    people.wrong_guesses("kim", 3, 10).await;
    let password = people.wrong_guesses("kim", 1, 10).await;
    assert_eq!(password, [Guess::Counted { locks_until: None }]);
    let until = at(70);
    let number = people.wrong_guesses("kim", 1, 10).await;
    assert_eq!(
        number,
        [Guess::Counted {
            locks_until: Some(until)
        }]
    );
    let waiting = session("kim", 1, SessionStep::SecondFactor, 700);
    people
        .await_second_factor(&waiting, None, at(11))
        .await
        .unwrap();
    let next = people.wrong_guesses("kim", 1, 12).await;
    assert_eq!(next, [Guess::Locked { until }]);
    let after = people.wrong_guesses("kim", 1, 70).await;
    assert_eq!(
        after,
        [Guess::Counted {
            locks_until: Some(at(130))
        }],
        "the password counts no more, the four wrong ones do"
    );
}

#[tokio::test]
async fn a_number_of_the_second_factor_counts_once() {
    let people = People::with(&[("kim", Role::Owner)]).await;
    people.log_in("kim", 1, 2).await;
    let secret = Redacted::new("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    people
        .enable_totp(
            &user_id("kim"),
            &secret,
            5,
            &rotation(1, 2),
            &someone(),
            at(3),
        )
        .await
        .unwrap();
    let enter = async |waiting: u32, number: u32, step: i64| {
        let wait = session("kim", waiting, SessionStep::SecondFactor, 700);
        people
            .await_second_factor(&wait, None, at(10))
            .await
            .unwrap();
        let code = CodeUse {
            waiting: hash(waiting),
            step,
        };
        let inside = session("kim", number, SessionStep::Full, 700);
        people
            .let_in(&inside, Some(&code), &someone(), at(10))
            .await
            .unwrap()
    };
    assert!(!enter(20, 21, 5).await, "the number that enrolled");
    assert!(people.is_alive(20, 10).await, "another number may follow");
    assert!(enter(30, 31, 6).await);
    assert!(people.is_alive(31, 11).await);
    assert!(!people.is_alive(30, 11).await, "what waited is over");
    assert!(!enter(40, 41, 6).await, "the same again");
    assert!(!enter(50, 51, 5).await, "an older one");
    assert!(enter(60, 61, 7).await);
    let without = session("kim", 70, SessionStep::Full, 700);
    let skipped = people.let_in(&without, None, &someone(), at(12)).await;
    assert!(!skipped.unwrap(), "the second factor cannot be skipped");
    let code = CodeUse {
        waiting: hash(61),
        step: 8,
    };
    let full = session("kim", 80, SessionStep::Full, 700);
    let from_inside = people.let_in(&full, Some(&code), &someone(), at(12)).await;
    assert!(!from_inside.unwrap(), "only a session that waits is taken");
}

#[tokio::test]
async fn a_session_ends_by_itself_when_unused_and_at_its_end() {
    let people = People::with(&[("kim", Role::Owner)]).await;
    people.log_in("kim", 1, 0).await;
    assert!(people.is_alive(1, 1799).await);
    assert!(people.is_alive(1, 3598).await, "each use counts");
    assert!(
        !people.is_alive(1, 3600).await,
        "its end comes, used or not"
    );
    people.log_in("kim", 2, 0).await;
    assert!(!people.is_alive(2, 1800).await, "unused for half an hour");
    assert!(!people.is_alive(3, 1).await, "there never was one");
    people.log_in("kim", 4, 3000).await;
    people.forget_sessions(IDLE, at(3600)).await.unwrap();
    let left = people
        .sessions_of(&user_id("kim"), SignedDuration::from_hours(99), at(0))
        .await;
    let left: Vec<_> = left.unwrap().into_iter().map(|one| one.id).collect();
    assert_eq!(left, [SessionId::parse("session-4").unwrap()]);
}

#[tokio::test]
async fn a_use_is_noted_once_a_minute() {
    let people = People::with(&[("kim", Role::Owner)]).await;
    people.log_in("kim", 1, 0).await;
    let seen = async |second| {
        let found = people.use_session(&hash(1), IDLE, at(second)).await;
        assert!(found.unwrap().is_some());
        let kept = people.sessions_of(&user_id("kim"), IDLE, at(second)).await;
        kept.unwrap()[0].last_seen_at
    };
    assert_eq!(seen(59).await, at(0));
    assert_eq!(seen(60).await, at(60));
    assert_eq!(seen(61).await, at(60));
}

#[tokio::test]
async fn what_changes_who_someone_is_ends_their_sessions() {
    let people = People::with(&[("kim", Role::Owner), ("lee", Role::Operator)]).await;
    let lee = user_id("lee");
    let by = someone();
    let password = Redacted::new("another hash");
    for (number, what) in (1..).zip(["role", "disable", "password", "own password"]) {
        people.log_in("kim", number * 10, 1).await;
        people.log_in("lee", number * 10 + 1, 1).await;
        people.log_in("lee", number * 10 + 2, 1).await;
        let kept = rotation(number * 10 + 1, number * 10 + 3);
        match what {
            "role" => people.set_user_role(&lee, Role::Viewer, &by, at(2)).await,
            "disable" => {
                people
                    .set_user_disabled(&lee, true, &by, at(2))
                    .await
                    .unwrap();
                let refused = session("lee", 99, SessionStep::Full, 700);
                assert!(!people.let_in(&refused, None, &by, at(2)).await.unwrap());
                people.set_user_disabled(&lee, false, &by, at(2)).await
            }
            "password" => {
                people
                    .set_user_password(&lee, &password, true, None, &by, at(2))
                    .await
            }
            _ => {
                people
                    .set_user_password(&lee, &password, false, Some(&kept), &by, at(2))
                    .await
            }
        }
        .unwrap();
        assert!(
            people.is_alive(number * 10, 3).await,
            "{what}: someone else's"
        );
        assert!(
            !people.is_alive(number * 10 + 1, 3).await,
            "{what}: the one with the old cookie"
        );
        assert!(
            !people.is_alive(number * 10 + 2, 3).await,
            "{what}: the other one"
        );
        assert_eq!(
            people.is_alive(number * 10 + 3, 3).await,
            what == "own password"
        );
    }
    let gone = people
        .set_user_password(&lee, &password, false, Some(&rotation(1, 2)), &by, at(3))
        .await;
    assert!(matches!(gone, Err(StoreError::NotFound("session"))));
    let kept = people.password_hash(&lee).await.unwrap().unwrap();
    assert_eq!(kept.expose(), "another hash");
}

#[tokio::test]
async fn no_session_begins_with_a_password_that_was_replaced_while_it_was_judged() {
    let people = People::with(&[("kim", Role::Owner)]).await;
    let other = Redacted::new("another hash");
    people
        .set_user_password(&user_id("kim"), &other, true, None, &someone(), at(2))
        .await
        .unwrap();
    let late = session("kim", 1, SessionStep::Full, 700);
    let inside = people.let_in(&late, None, &someone(), at(3)).await;
    assert!(!inside.unwrap());
    let late = session("kim", 2, SessionStep::SecondFactor, 700);
    let waits = people.await_second_factor(&late, None, at(3)).await;
    assert!(!waits.unwrap());
    assert!(!people.is_alive(1, 3).await && !people.is_alive(2, 3).await);
    people.log_in("kim", 3, 3).await;
}

#[tokio::test]
async fn one_session_is_ended_by_its_own_user_alone_and_leaving_is_told() {
    let people = People::with(&[("kim", Role::Owner), ("lee", Role::Viewer)]).await;
    for number in 1..=4 {
        people.log_in("kim", number, 1).await;
    }
    people.log_in("lee", 9, 1).await;
    let by = someone();
    let of = |number: u32| SessionId::parse(format!("session-{number}")).unwrap();
    let kim = user_id("kim");
    let foreign = people
        .end_session(&user_id("lee"), &of(1), &by, at(2))
        .await;
    assert!(matches!(foreign, Err(StoreError::NotFound("session"))));
    people.end_session(&kim, &of(1), &by, at(2)).await.unwrap();
    people
        .end_other_sessions(&kim, &of(3), &by, at(2))
        .await
        .unwrap();
    people.leave_session(&hash(9), &by, at(2)).await.unwrap();
    people.leave_session(&hash(9), &by, at(2)).await.unwrap();
    let mut alive = Vec::new();
    for number in [1, 2, 3, 4, 9] {
        if people.is_alive(number, 3).await {
            alive.push(number);
        }
    }
    assert_eq!(alive, [3]);
    let acts = people.acts().await;
    assert_eq!(
        acts[acts.len() - 3..],
        ["session.end", "session.end_others", "logout"]
    );
}

#[tokio::test]
async fn a_name_that_no_database_can_hold_is_nobodys() {
    let fixture = Fixture::new().await;
    let found = fixture.store.user_by_username("\0").await.unwrap();
    assert!(found.is_none());
}

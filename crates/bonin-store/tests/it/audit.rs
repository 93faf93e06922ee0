//! The audit's chain against someone who can write to the database but has no key.

use bonin_core::Redacted;
use bonin_store::*;
use serde_json::json;
use sqlx::{Connection, Row};

use crate::fixture::{Fixture, KEY, at, someone, store_id};

fn clerk() -> Actor {
    Actor {
        kind: ActorKind::User,
        id: "user-1".into(),
        name: "owner".into(),
        origin: "203.0.113.7".into(),
    }
}

/// Five entries beside those of the set-up.
async fn written() -> Fixture {
    let fixture = Fixture::new().await;
    for number in 0..5 {
        let act = Act::new("verification.reveal")
            .to(format!("order{number}"))
            .of(&store_id())
            .with(json!({ "fields": ["name"] }))
            .because(Redacted::new("고객 문의"));
        fixture
            .store
            .note(&clerk(), act, at(10 + number))
            .await
            .unwrap();
    }
    fixture
}

/// What a thief with the database's password does.
async fn tamper(fixture: &Fixture, sql: &'static str) {
    let mut connection = fixture.place.stranger().await;
    let done = sqlx::query(sql).execute(&mut connection).await.unwrap();
    assert!(done.rows_affected() > 0, "{sql}");
    connection.close().await.unwrap();
}

async fn verified(fixture: &Fixture) -> Result<AuditHead, AuditProblem> {
    fixture.store.verify_audit(None).await.unwrap()
}

#[tokio::test]
async fn what_was_written_is_found_whole_and_passes_through_every_head_exported() {
    let fixture = written().await;
    let head = verified(&fixture).await.unwrap();
    assert_eq!(head, fixture.store.audit_head().await.unwrap());
    let exported = fixture
        .store
        .export_audit_head(&clerk(), at(20))
        .await
        .unwrap();
    assert_eq!(exported.seq, head.seq + 1);
    let text = exported.to_string();
    let read: AuditHead = text.parse().unwrap();
    fixture
        .store
        .note(&someone(), Act::new("test"), at(21))
        .await
        .unwrap();
    for earlier in [&head, &read] {
        let checked = fixture.store.verify_audit(Some(earlier)).await.unwrap();
        assert_eq!(checked.unwrap().seq, exported.seq + 1);
    }
}

#[tokio::test]
async fn each_field_of_an_entry_is_held() {
    for sql in [
        "UPDATE audit SET at = at + 1 WHERE seq = 4",
        "UPDATE audit SET actor_kind = 'shell' WHERE seq = 4",
        "UPDATE audit SET actor_kind = 'nobody' WHERE seq = 4",
        "UPDATE audit SET actor_id = 'user-2' WHERE seq = 4",
        "UPDATE audit SET actor_name = 'viewer' WHERE seq = 4",
        "UPDATE audit SET origin = '198.51.100.1' WHERE seq = 4",
        "UPDATE audit SET action = 'verification.search' WHERE seq = 4",
        "UPDATE audit SET subject = 'order9' WHERE seq = 4",
        "UPDATE audit SET subject = NULL WHERE seq = 4",
        "UPDATE audit SET store_id = NULL WHERE seq = 4",
        "UPDATE audit SET details = '{}' WHERE seq = 4",
        "UPDATE audit SET reason = NULL WHERE seq = 4",
        "UPDATE audit SET reason = (SELECT reason FROM audit WHERE seq = 5) WHERE seq = 4",
        "UPDATE audit SET mac = (SELECT mac FROM audit WHERE seq = 3) WHERE seq = 4",
    ] {
        let fixture = written().await;
        tamper(&fixture, sql).await;
        assert_eq!(
            verified(&fixture).await,
            Err(AuditProblem::Changed(4)),
            "{sql}"
        );
    }
}

#[tokio::test]
async fn a_word_cannot_move_from_one_field_to_the_next() {
    let fixture = written().await;
    tamper(
        &fixture,
        "UPDATE audit SET action = action || subject, subject = '' WHERE seq = 4",
    )
    .await;
    assert_eq!(verified(&fixture).await, Err(AuditProblem::Changed(4)));
}

#[tokio::test]
async fn an_entry_that_was_removed_reordered_or_put_in_is_noticed() {
    let fixture = written().await;
    tamper(&fixture, "DELETE FROM audit WHERE seq = 4").await;
    assert_eq!(verified(&fixture).await, Err(AuditProblem::Missing(4)));
    // Closing the gap moves another entry into its place.
    tamper(&fixture, "UPDATE audit SET seq = seq - 1 WHERE seq = 5").await;
    assert_eq!(verified(&fixture).await, Err(AuditProblem::Changed(4)));

    let fixture = written().await;
    tamper(&fixture, "UPDATE audit SET seq = -4 WHERE seq = 4").await;
    tamper(&fixture, "UPDATE audit SET seq = 4 WHERE seq = 5").await;
    tamper(&fixture, "UPDATE audit SET seq = 5 WHERE seq = -4").await;
    assert_eq!(verified(&fixture).await, Err(AuditProblem::Changed(4)));

    let fixture = written().await;
    tamper(
        &fixture,
        "INSERT INTO audit SELECT 8, at, actor_kind, actor_id, actor_name, origin, action, subject, store_id, details, \
         NULL, mac FROM audit WHERE seq = 7",
    )
    .await;
    assert_eq!(verified(&fixture).await, Err(AuditProblem::Changed(8)));
}

#[tokio::test]
async fn an_entry_whose_reason_does_not_open_hides_no_other_and_is_noticed() {
    let fixture = written().await;
    let query = AuditQuery {
        size: 100,
        ..AuditQuery::default()
    };
    let before = fixture.store.audit(&query).await.unwrap().entries;
    let told = before.iter().find(|entry| entry.reason.is_some());
    let seq = told.unwrap().seq;
    tamper(
        &fixture,
        "UPDATE audit SET reason = mac WHERE reason IS NOT NULL",
    )
    .await;
    let after = fixture.store.audit(&query).await.unwrap().entries;
    assert_eq!(after.len(), before.len());
    let entry = after.iter().find(|entry| entry.seq == seq).unwrap();
    let reason = entry.reason.as_ref().unwrap();
    assert_eq!(reason.expose(), "이유를 열 수 없습니다");
    let first = after.iter().filter(|entry| entry.reason.is_some());
    let first = first.map(|entry| entry.seq).min().unwrap();
    assert_eq!(verified(&fixture).await, Err(AuditProblem::Changed(first)));
}

/// Most acts have no reason. That of a reveal is sealed with its number, which tells by itself when it was moved.
#[tokio::test]
async fn an_entry_without_a_reason_cannot_be_moved_either() {
    let fixture = Fixture::new().await;
    for number in 0..5 {
        let act = Act::new("user.disable").to(format!("user-{number}"));
        let noted = fixture.store.note(&clerk(), act, at(10 + number)).await;
        noted.unwrap();
    }
    tamper(&fixture, "UPDATE audit SET seq = -4 WHERE seq = 4").await;
    tamper(&fixture, "UPDATE audit SET seq = 4 WHERE seq = 5").await;
    tamper(&fixture, "UPDATE audit SET seq = 5 WHERE seq = -4").await;
    assert_eq!(verified(&fixture).await, Err(AuditProblem::Changed(4)));
}

/// Two copies of a database go on by themselves: each writes an entry of the same number after the same entry, and the key
/// has signed both. Only what follows, and the head, tell which of them is this copy's.
#[tokio::test]
async fn an_entry_of_another_copy_is_noticed_in_the_middle_and_at_the_end() {
    for (followed_by, noticed_at) in [(0, 8), (1, 9)] {
        let fixture = written().await;
        fixture.store.close().await;
        let exile = fixture.place.copy().await;
        let act = |subject: &str| Act::new("user.disable").to(subject);
        let store = exile.open(KEY).await;
        store.note(&clerk(), act("user-4"), at(20)).await.unwrap();
        store.close().await;
        let store = fixture.reopened().await;
        for number in 0..=followed_by {
            let done = store.note(&clerk(), act("user-3"), at(20 + number)).await;
            done.unwrap();
        }
        assert!(store.verify_audit(None).await.unwrap().is_ok());

        // The other copy's entry, in the place of this one's.
        let mut connection = exile.stranger().await;
        let row = sqlx::query("SELECT subject, mac FROM audit WHERE seq = 8")
            .fetch_one(&mut connection)
            .await
            .unwrap();
        connection.close().await.unwrap();
        let mut connection = fixture.place.stranger().await;
        sqlx::query("UPDATE audit SET subject = $1, mac = $2 WHERE seq = 8")
            .bind(row.get::<String, _>(0))
            .bind(row.get::<Vec<u8>, _>(1))
            .execute(&mut connection)
            .await
            .unwrap();
        connection.close().await.unwrap();
        let checked = store.verify_audit(None).await.unwrap();
        assert_eq!(checked, Err(AuditProblem::Changed(noticed_at)));
    }
}

#[tokio::test]
async fn an_end_that_was_cut_off_is_noticed() {
    let fixture = written().await;
    tamper(&fixture, "DELETE FROM audit WHERE seq > 5").await;
    let cut = AuditProblem::CutOff { found: 5, known: 7 };
    assert_eq!(verified(&fixture).await, Err(cut));
    // With the note of the end set back as well: only the key's holder could make it right again.
    let set_back =
        "UPDATE audit_chain SET head_seq = 5, head_mac = (SELECT mac FROM audit WHERE seq = 5)";
    tamper(&fixture, set_back).await;
    assert_eq!(verified(&fixture).await, Err(AuditProblem::EndChanged));
    // What is written after it does not cover it up.
    fixture
        .store
        .note(&clerk(), Act::new("test"), at(30))
        .await
        .unwrap();
    assert_eq!(verified(&fixture).await, Err(AuditProblem::EndChanged));

    // All of it, with what the chain is kept with, and what is written after that.
    let fixture = written().await;
    let exported = fixture.store.audit_head().await.unwrap();
    tamper(&fixture, "DELETE FROM audit").await;
    let emptied = verified(&fixture).await;
    assert!(
        matches!(emptied, Err(AuditProblem::CutOff { found: 0, .. })),
        "{emptied:?}"
    );
    tamper(&fixture, "DELETE FROM audit_chain").await;
    assert_eq!(verified(&fixture).await, Err(AuditProblem::NoKey));
    fixture
        .store
        .note(&clerk(), Act::new("test"), at(31))
        .await
        .unwrap();
    assert_eq!(verified(&fixture).await, Err(AuditProblem::EndChanged));
    let checked = fixture.store.verify_audit(Some(&exported)).await.unwrap();
    assert!(checked.is_err());
}

#[tokio::test]
async fn an_entry_before_the_first_is_noticed() {
    let fixture = written().await;
    tamper(
        &fixture,
        "INSERT INTO audit SELECT -1, at, actor_kind, actor_id, actor_name, origin, action, subject, store_id, details, \
         NULL, mac FROM audit WHERE seq = 1",
    )
    .await;
    assert_eq!(verified(&fixture).await, Err(AuditProblem::Changed(-1)));
}

#[tokio::test]
async fn an_older_copy_is_whole_in_itself_and_told_by_the_exported_head() {
    let fixture = written().await;
    let older = fixture.store.audit_head().await.unwrap();
    fixture.store.close().await;
    let copy = fixture.place.copy().await;
    let store = fixture.reopened().await;
    let exported = store.export_audit_head(&clerk(), at(30)).await.unwrap();
    let store = copy.open(KEY).await;
    store.check(at(31)).await.unwrap();
    assert_eq!(store.verify_audit(None).await.unwrap(), Ok(older));
    let checked = store.verify_audit(Some(&exported)).await.unwrap();
    assert_eq!(checked, Err(AuditProblem::NotTheHead(exported.seq)));
}

#[tokio::test]
async fn without_its_key_the_chain_proves_nothing_and_says_so() {
    let fixture = written().await;
    tamper(&fixture, "UPDATE audit_chain SET hmac_key = head_mac").await;
    assert_eq!(verified(&fixture).await, Err(AuditProblem::NoKey));
    tamper(&fixture, "DELETE FROM audit_chain").await;
    assert_eq!(verified(&fixture).await, Err(AuditProblem::NoKey));
    // Work goes on, and nothing that is written makes it whole again.
    fixture
        .store
        .note(&someone(), Act::new("test"), at(40))
        .await
        .unwrap();
    assert!(verified(&fixture).await.is_err());
}

#[tokio::test]
async fn an_act_that_fails_leaves_no_entry_and_one_that_changes_nothing_none_either() {
    let fixture = written().await;
    let head = fixture.store.audit_head().await.unwrap();
    let store = fixture.store.store(&store_id()).await.unwrap().unwrap();
    let again = fixture.store.create_store(&store, &someone(), at(50)).await;
    assert!(matches!(again, Err(StoreError::Exists(_))));
    fixture
        .store
        .update_store(&store, &someone(), at(50))
        .await
        .unwrap();
    assert_eq!(fixture.store.audit_head().await.unwrap(), head);

    let renamed = StoreRow {
        name: "새 이름".into(),
        ..store
    };
    fixture
        .store
        .update_store(&renamed, &clerk(), at(51))
        .await
        .unwrap();
    let query = AuditQuery {
        size: 1,
        ..AuditQuery::default()
    };
    let page = fixture.store.audit(&query).await.unwrap();
    assert!(page.more);
    let entry = &page.entries[0];
    assert_eq!(
        (entry.action.as_str(), &entry.actor),
        ("store.update", &clerk())
    );
    let details: serde_json::Value = serde_json::from_str(&entry.details).unwrap();
    assert_eq!(details["name"]["to"], "새 이름");
    assert_eq!(details.as_object().unwrap().len(), 1);
}

#[tokio::test]
async fn entries_are_found_by_action_group_actor_and_subject_page_by_page() {
    let fixture = written().await;
    let find = async |query: AuditQuery| fixture.store.audit(&query).await.unwrap();
    let reveals = find(AuditQuery {
        action: Some("verification".into()),
        size: 3,
        ..AuditQuery::default()
    })
    .await;
    assert!(reveals.more);
    assert_eq!(
        reveals.entries[0].reason.as_ref().unwrap().expose(),
        "고객 문의"
    );
    let older = find(AuditQuery {
        action: Some("verification.reveal".into()),
        before: Some(reveals.entries[2].seq),
        size: 3,
        ..AuditQuery::default()
    })
    .await;
    assert_eq!(older.entries.len(), 2);
    assert!(!older.more);
    let one = find(AuditQuery {
        actor_id: Some("user-1".into()),
        subject: Some("order3".into()),
        size: 10,
        ..AuditQuery::default()
    })
    .await;
    assert_eq!(one.entries.len(), 1);
}

#[tokio::test]
async fn neither_a_reason_nor_a_credential_stands_in_the_files() {
    let fixture = written().await;
    fixture.store.close().await;
    for text in ["고객 문의", "PRIVATE KEY"] {
        assert!(!fixture.place.holds(text.as_bytes()).await, "{text}");
    }
}

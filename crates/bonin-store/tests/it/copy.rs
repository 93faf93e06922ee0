//! From SQLite into PostgreSQL. Only where there is a server: in the second run of `scripts/test`.

use bonin_core::*;
use bonin_store::*;
use sqlx::{AssertSqlSafe, Connection};

use crate::{
    fixture::*,
    place::{Place, on_postgres},
};

/// A database in a file with something in every corner, and an empty one on the server.
async fn both() -> Option<(Fixture, Place)> {
    if !on_postgres() {
        return None;
    }
    let place = Place::Sqlite(tempfile::tempdir().unwrap());
    let store = place.open(KEY).await;
    store.migrate(at(0)).await.unwrap();
    let fixture = Fixture { store, place };
    fixture.add_store("store-1", "channel-1").await;
    fixture.open("ready", 1, 10).await;
    fixture.open("verified", 2, 20).await;
    fixture
        .confirm("verified", 2, 25, ConfirmOutcome::Verified)
        .await;
    for number in 0..1200 {
        fixture
            .store
            .note(&someone(), Act::new("test").to(number), at(30))
            .await
            .unwrap();
    }
    Some((fixture, Place::new().await))
}

async fn execute(place: &Place, sql: &str) {
    let mut connection = place.stranger().await;
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
}

async fn values(place: &Place) -> Vec<(String, String, Vec<u8>)> {
    let blobs = place.blobs().await.into_iter();
    let mut values: Vec<_> = blobs.map(|b| (b.table, b.column, b.value)).collect();
    values.sort();
    values
}

#[tokio::test]
async fn everything_is_there_afterwards_and_the_gateway_goes_on_with_it() {
    let Some((source, place)) = both().await else {
        return;
    };
    let head = source.store.verify_audit(None).await.unwrap().unwrap();
    assert!(head.seq > 1200);
    let wanted = source.store.verification(&key("verified")).await.unwrap();
    source.store.close().await;
    let target = place.open(KEY).await;
    let mut steps = Vec::new();
    let copied = target
        .copy_from(&source.place.url(), |copying| {
            steps.push((copying.done, copying.total))
        })
        .await
        .unwrap();
    assert!(copied.rows > 1200 && copied.tables > 12, "{copied:?}");
    assert_eq!(steps.first(), Some(&(0, 2 * copied.rows)));
    assert_eq!(steps.last(), Some(&(2 * copied.rows, 2 * copied.rows)));
    assert!(steps.is_sorted());
    assert_eq!(values(&place).await, values(&source.place).await);

    target.check(at(40)).await.unwrap();
    assert_eq!(target.verify_audit(None).await.unwrap(), Ok(head));
    let found = target.verification(&key("verified")).await.unwrap();
    assert_eq!(format!("{found:?}"), format!("{wanted:?}"));
    let found = found.unwrap();
    assert_eq!(found.key, key("verified"));
    let moved = Fixture {
        store: target,
        place,
    };
    let timeline = moved.timeline("verified").await;
    assert_eq!(timeline.last().map(String::as_str), Some("verified"));
    // The try that was under way ends here.
    moved
        .confirm("ready", 1, 45, ConfirmOutcome::Verified)
        .await;
    moved.open("new", 3, 50).await;
    moved
        .store
        .note(&someone(), Act::new("test"), at(60))
        .await
        .unwrap();
    assert!(moved.store.verify_audit(None).await.unwrap().is_ok());
    moved.store.close().await;
}

#[tokio::test]
async fn a_target_on_which_migrate_was_run_counts_as_empty_and_one_that_was_used_does_not() {
    let Some((source, place)) = both().await else {
        return;
    };
    source.store.close().await;
    let target = place.open(KEY).await;
    target.migrate(at(0)).await.unwrap();
    let copy = async || target.copy_from(&source.place.url(), |_| ()).await;
    let copied = copy().await.unwrap();
    assert_eq!(values(&place).await, values(&source.place).await);
    // The second time it is not empty, and nothing happens to it.
    let again = copy().await.unwrap_err();
    assert!(matches!(&again, CopyError::NotEmpty(_)), "{again}");
    assert_eq!(values(&place).await, values(&source.place).await);
    assert!(copied.rows > 0);
    target.close().await;
}

#[tokio::test]
async fn nothing_is_copied_while_something_else_has_the_source_open() {
    let Some((source, place)) = both().await else {
        return;
    };
    let target = place.open(KEY).await;
    let refused = target.copy_from(&source.place.url(), |_| ()).await;
    assert!(matches!(refused, Err(CopyError::InUse)), "{refused:?}");
    // It goes on as if nothing had been.
    source.open("later", 4, 70).await;
    source.store.close().await;
    target.copy_from(&source.place.url(), |_| ()).await.unwrap();
    assert_eq!(values(&place).await, values(&source.place).await);
    target.close().await;
}

#[tokio::test]
async fn a_copy_that_fails_leaves_nothing_and_is_begun_again() {
    let Some((source, place)) = both().await else {
        return;
    };
    source.store.close().await;
    // PostgreSQL has no text with a zero in it.
    execute(
        &source.place,
        "UPDATE store SET name = 'a' || char(0) || 'b'",
    )
    .await;
    let target = place.open(KEY).await;
    let copy = async || target.copy_from(&source.place.url(), |_| ()).await;
    let failed = copy().await.unwrap_err();
    assert!(
        matches!(&failed, CopyError::Table { table, .. } if table == "store"),
        "{failed}"
    );
    execute(&source.place, "UPDATE store SET name = 'whole'").await;
    // A server that keeps something else than it was given.
    execute(
        &place,
        "CREATE FUNCTION change() RETURNS trigger LANGUAGE plpgsql AS \
         'BEGIN NEW.name := ''other''; RETURN NEW; END'; \
         CREATE TRIGGER change BEFORE INSERT ON channel FOR EACH ROW EXECUTE FUNCTION change()",
    )
    .await;
    let failed = copy().await.unwrap_err();
    assert!(
        matches!(&failed, CopyError::Differs(table) if table == "channel"),
        "{failed}"
    );
    assert_eq!(values(&place).await, Vec::new(), "nothing was left");
    execute(&place, "DROP TRIGGER change ON channel").await;
    copy().await.unwrap();
    assert_eq!(values(&place).await, values(&source.place).await);
    target.close().await;
}

#[tokio::test]
async fn only_from_sqlite_and_only_into_postgresql() {
    let Some((source, place)) = both().await else {
        return;
    };
    let target = place.open(KEY).await;
    let from = source.store.copy_from(&place.url(), |_| ()).await;
    assert!(matches!(from, Err(CopyError::Direction)), "{from:?}");
    let same = target.copy_from(&place.url(), |_| ()).await;
    assert!(matches!(same, Err(CopyError::Direction)), "{same:?}");
    source.store.close().await;
    target.close().await;
}

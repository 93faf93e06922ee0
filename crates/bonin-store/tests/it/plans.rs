//! What a filter matches few of is found by an index, never by reading the whole table.
//!
//! PostgreSQL decides by what it knows of the values, so it is asked at a million rows. SQLite decides by the schema alone, unless
//! somebody ran ANALYZE, which Bonin does not: it is asked without them, and told which index to use.

use std::time::Duration;

use bonin_core::*;
use bonin_store::*;
use sqlx::{AnyConnection, AssertSqlSafe, Connection, Row};

use crate::{fixture::*, place::on_postgres};

/// A year, in seconds: over which the million is spread.
const YEAR: i64 = 365 * 24 * 60 * 60;

/// One store has nearly all of them; of what a filter can ask for there is something common and something rare.
const MILLION: [&str; 2] = [
    "INSERT INTO identity_verification (store_id, id, revision, status, shown_tx_id, requested_at, updated_at, \
     status_changed_at, verified_at, failed_at, channel_id, is_test, pg_provider, pg_merchant_id, operator, pg_tx_id, \
     index_key, name_index, phone_index, birth_year_index, birth_month_index, birth_day_index, gender_index, ci_index, di_index) \
     SELECT CASE WHEN n % 100 = 0 THEN 'store-2' ELSE 'store-1' END, 'iv' || n, 3, \
     CASE WHEN n % 1000 = 1 THEN 'READY' WHEN n % 1000 = 2 THEN 'FAILED' ELSE 'VERIFIED' END, 'e' || lpad(n::text, 31, '0'), \
     t, t, t, CASE WHEN n % 1000 > 2 THEN t END, CASE WHEN n % 1000 = 2 THEN t END, \
     CASE WHEN n % 100 = 0 THEN 'channel-2' ELSE 'channel-1' END, CASE WHEN n % 2000 = 3 THEN 1 ELSE 0 END, 'KCP_V2', \
     CASE WHEN n % 1000 = 4 THEN 'OLD01' ELSE 'AO7F3' END, \
     CASE WHEN n % 1000 = 5 THEN 'LGU_MVNO' WHEN n % 2 = 0 THEN 'SKT' ELSE 'KT' END, 'PER-' || n, 1, \
     int8send(n % 200000), int8send(n), int8send(n % 61), int8send(n % 12), int8send(n % 31), \
     int8send(n % 2), int8send(n), int8send(n) \
     FROM (SELECT n, 1800000000000000 + n::bigint * 31000000 AS t FROM generate_series(1, 1000000) n) numbers",
    "INSERT INTO attempt (tx_id, store_id, verification_id, number, order_number, channel_id, is_test, pg_provider, \
     pg_merchant_id, way, state, begun_at, live_until, phone_index) \
     SELECT v.shown_tx_id, v.store_id, v.id, 1, 'BN-' || v.id, v.channel_id, v.is_test, 'KCP_V2', v.pg_merchant_id, 'SMS', \
     v.status, v.requested_at, v.requested_at, v.phone_index FROM identity_verification v WHERE v.id LIKE 'iv%'",
];

async fn run(connection: &mut AnyConnection, sql: &str) {
    let run = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()));
    run.execute(connection).await.unwrap();
}

/// Indexes are made after the rows, which is many times faster than before them.
async fn fill(fixture: &Fixture) {
    fixture.add_store("store-2", "channel-2").await;
    let mut connection = fixture.place.stranger().await;
    let connection = &mut connection;
    let indexes = "SELECT indexname::text, indexdef FROM pg_indexes WHERE tablename IN ('identity_verification', 'attempt') \
         AND indexname NOT LIKE '%\\_key' AND indexname NOT LIKE '%\\_pkey'";
    let indexes = sqlx::query(indexes).fetch_all(&mut *connection).await;
    let indexes = indexes.unwrap();
    assert!(indexes.len() > 15, "{}", indexes.len());
    // Foreign keys are right, and need not be looked at a million times.
    run(connection, "SET session_replication_role = replica").await;
    for index in &indexes {
        run(
            connection,
            &format!("DROP INDEX {}", index.get::<String, _>(0)),
        )
        .await;
    }
    for rows in MILLION {
        run(connection, rows).await;
    }
    for index in &indexes {
        run(connection, &index.get::<String, _>(1)).await;
    }
    run(connection, "ANALYZE").await;
}

fn query() -> ListQuery {
    ListQuery {
        range: TimeRange {
            field: SortField::RequestedAt,
            from: at(-1),
            until: at(YEAR),
        },
        ..everything()
    }
}

fn of(customer: CustomerFilter) -> ListQuery {
    ListQuery {
        customer,
        ..query()
    }
}

fn some(text: &str) -> Option<Redacted> {
    Some(Redacted::new(text))
}

/// Each filter that matches few, and the indexes by one of which they are found. SQLite's own index of a primary key has
/// another name.
fn selective() -> Vec<(&'static str, ListQuery, &'static [&'static str])> {
    let by_key: &[&str] = &[
        "identity_verification_pkey",
        "sqlite_autoindex_identity_verification_1",
    ];
    let person = CustomerFilter::default;
    let minute = TimeRange {
        from: at(40),
        until: at(100),
        ..query().range
    };
    vec![
        (
            "phone, by another time",
            ListQuery {
                range: TimeRange {
                    field: SortField::VerifiedAt,
                    ..query().range
                },
                sort: SortField::VerifiedAt,
                ..of(CustomerFilter {
                    phone: some("01012345678"),
                    ..person()
                })
            },
            &["verification_by_phone"],
        ),
        (
            "id",
            ListQuery {
                id: Some(key("real").id),
                ..query()
            },
            by_key,
        ),
        (
            "txId",
            ListQuery {
                tx_id: Some(tx(7)),
                ..query()
            },
            by_key,
        ),
        (
            "pgTxId",
            ListQuery {
                pg_tx_id: Some("PER7".into()),
                ..query()
            },
            &["verification_by_pg_tx"],
        ),
        (
            "isTest",
            ListQuery {
                is_test: Some(true),
                ..query()
            },
            &["verification_by_kind"],
        ),
        (
            "status",
            ListQuery {
                statuses: vec![Status::Failed],
                ..query()
            },
            &["verification_by_status"],
        ),
        (
            "statuses",
            ListQuery {
                statuses: vec![Status::Failed, Status::Ready],
                ..query()
            },
            // A page of ten may also be looked for backwards in time, since it is not far until the tenth.
            &["verification_by_status", "verification_by_requested"],
        ),
        (
            "operator",
            ListQuery {
                operators: vec![Operator::LguMvno],
                ..query()
            },
            &["verification_by_operator"],
        ),
        (
            "pgMerchantId",
            ListQuery {
                pg_merchant_id: Some("OLD01".into()),
                ..query()
            },
            &["verification_by_merchant"],
        ),
        (
            "name",
            of(CustomerFilter {
                name: some("홍길동"),
                ..person()
            }),
            &["verification_by_name"],
        ),
        (
            "phone",
            of(CustomerFilter {
                phone: some("01012345678"),
                ..person()
            }),
            &["verification_by_phone"],
        ),
        (
            "name and phone",
            of(CustomerFilter {
                name: some("홍길동"),
                phone: some("01012345678"),
                ..person()
            }),
            &["verification_by_name", "verification_by_phone"],
        ),
        (
            "birth date",
            of(CustomerFilter {
                birth_year: some("1990"),
                birth_month: some("03"),
                birth_day: some("15"),
                ..person()
            }),
            &["verification_by_birthday", "verification_by_year"],
        ),
        (
            "year of birth",
            of(CustomerFilter {
                birth_year: some("1990"),
                ..person()
            }),
            &["verification_by_year"],
        ),
        (
            "birthday",
            of(CustomerFilter {
                birth_month: some("03"),
                birth_day: some("15"),
                ..person()
            }),
            &["verification_by_birthday"],
        ),
        (
            "a minute",
            ListQuery {
                range: minute,
                ..query()
            },
            &["verification_by_requested"],
        ),
        (
            "a minute of changes",
            ListQuery {
                range: TimeRange {
                    field: SortField::StatusChangedAt,
                    ..minute
                },
                sort: SortField::StatusChangedAt,
                ..query()
            },
            &["verification_by_changed", "verification_to_erase"],
        ),
        (
            "a minute of failures",
            ListQuery {
                range: TimeRange {
                    field: SortField::FailedAt,
                    ..minute
                },
                sort: SortField::FailedAt,
                ..query()
            },
            &["verification_by_failed"],
        ),
    ]
}

/// No line of a plan that reads a table from its beginning to its end.
fn assert_no_scan(what: &str, plan: &[String]) {
    let scans = |line: &&String| {
        let sqlite = line.starts_with("SCAN v") && !line.contains("INDEX")
            || line.starts_with("SCAN a") && !line.contains("INDEX");
        sqlite
            || line.contains("Seq Scan on identity_verification")
            || line.contains("Seq Scan on attempt")
    };
    assert_eq!(
        plan.iter().find(scans),
        None,
        "{what}:\n{}",
        plan.join("\n")
    );
}

fn assert_uses(what: &str, plan: &[String], indexes: &[&str], times: usize) {
    let used = |line: &&String| indexes.iter().any(|index| line.contains(index));
    let count = plan.iter().filter(used).count();
    assert!(
        count >= times,
        "{what} does not use {indexes:?}:\n{}",
        plan.join("\n")
    );
}

#[tokio::test]
async fn what_a_filter_matches_few_of_is_found_by_an_index() {
    let fixture = Fixture::new().await;
    fixture.open("real", 7, 500).await;
    fixture
        .confirm("real", 7, 501, ConfirmOutcome::Verified)
        .await;
    if on_postgres() {
        fill(&fixture).await;
    }
    let options = ConnectOptions {
        acquire_timeout: Duration::from_secs(10),
        ..ConnectOptions::default()
    };
    let keyring = Keyring::parse(KEY).unwrap();
    let url = fixture.place.url();
    let store = Store::connect(&url, keyring, Rules::default(), &options)
        .await
        .unwrap();
    for (what, query, indexes) in selective() {
        let plan = store.explain_list(&query).await.unwrap();
        assert_no_scan(what, &plan);
        // Once to count, and once to read the page.
        assert_uses(what, &plan, indexes, 2);
        // What the plan is of does what it should: every one of them finds something where there is a million.
        let counted = ListQuery {
            skip: i64::MAX,
            ..query
        };
        let found = store.list(&counted).await.unwrap();
        assert!(!on_postgres() || found.total > 0, "{what} finds nothing");
        assert!(
            found.total < 10_000,
            "{what} is not selective: {}",
            found.total
        );
    }
    store.close().await;
}

#[tokio::test]
async fn erasure_finds_a_person_by_an_index() {
    let fixture = Fixture::new().await;
    let mut connection = fixture.place.stranger().await;
    let explain = if on_postgres() {
        "EXPLAIN"
    } else {
        "EXPLAIN QUERY PLAN"
    };
    if on_postgres() {
        // A table of nothing is read as it is.
        run(&mut connection, "SET enable_seqscan = off").await;
    }
    let blob = if on_postgres() {
        "'\\x00'::bytea"
    } else {
        "X'00'"
    };
    for (sql, index) in [
        (
            "SELECT id FROM identity_verification WHERE ci_index =",
            "verification_by_ci",
        ),
        (
            "SELECT id FROM identity_verification WHERE phone_index =",
            "verification_by_phone",
        ),
        (
            "SELECT verification_id FROM attempt WHERE phone_index =",
            "attempt_by_phone",
        ),
    ] {
        let asked = sqlx::query(AssertSqlSafe(format!("{explain} {sql} {blob}")));
        let rows = asked.fetch_all(&mut connection).await.unwrap();
        let column = if on_postgres() { 0 } else { 3 };
        let plan: Vec<String> = rows.iter().map(|row| row.get(column)).collect();
        assert_uses(sql, &plan, &[index], 1);
    }
    connection.close().await.unwrap();
}

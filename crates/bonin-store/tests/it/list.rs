//! Every filter, sorting, pages.

use bonin_core::*;
use bonin_store::*;

use crate::fixture::*;

async fn ids(fixture: &Fixture, query: &ListQuery) -> Vec<String> {
    let page = fixture.store.list(query).await.unwrap();
    page.items
        .iter()
        .map(|item| item.key.id.to_string())
        .collect()
}

/// a: ready, b: verified, c: failed; b asked for another name than was verified.
async fn three() -> Fixture {
    let fixture = Fixture::new().await;
    fixture.open("a", 1, 10).await;
    let mut wanted = fixture.wanted("b", 2, 20);
    wanted.customer = customer("김철수", "01099998888");
    fixture.store.begin(&wanted, at(20)).await.unwrap();
    fixture.record_sent("b", 2, 20).await;
    fixture.confirm("b", 2, 25, ConfirmOutcome::Verified).await;
    let mut wanted = fixture.wanted("c", 3, 30);
    wanted.operator = Some(Operator::LguMvno);
    fixture.store.begin(&wanted, at(30)).await.unwrap();
    fixture.record_sent("c", 3, 30).await;
    for second in 31..36 {
        fixture
            .confirm("c", 3, second, ConfirmOutcome::WrongNumber)
            .await;
    }
    fixture
}

#[tokio::test]
async fn the_newest_request_comes_first_and_pages_count_all_that_match() {
    let fixture = three().await;
    assert_eq!(ids(&fixture, &everything()).await, ["c", "b", "a"]);
    let second = ListQuery {
        skip: 2,
        size: 2,
        ..everything()
    };
    let page = fixture.store.list(&second).await.unwrap();
    assert_eq!((page.items.len(), page.total), (1, 3));
    let beyond = ListQuery {
        skip: i64::MAX,
        ..everything()
    };
    let page = fixture.store.list(&beyond).await.unwrap();
    assert_eq!((page.items.len(), page.total), (0, 3));
    let oldest = ListQuery {
        order: SortOrder::Ascending,
        ..everything()
    };
    assert_eq!(ids(&fixture, &oldest).await, ["a", "b", "c"]);
    let by_success = ListQuery {
        sort: SortField::VerifiedAt,
        ..everything()
    };
    assert_eq!(ids(&fixture, &by_success).await[0], "b");
    let by_failure = ListQuery {
        sort: SortField::FailedAt,
        order: SortOrder::Ascending,
        ..everything()
    };
    assert_eq!(ids(&fixture, &by_failure).await[0], "c");
}

#[tokio::test]
async fn each_filter_finds_what_it_says() {
    let fixture = three().await;
    let range = |field, from, until| TimeRange {
        field,
        from: at(from),
        until: at(until),
    };
    let table: Vec<(&str, ListQuery, &[&str])> = vec![
        (
            "id",
            ListQuery {
                id: Some(IdentityVerificationId::parse("b").unwrap()),
                ..everything()
            },
            &["b"],
        ),
        (
            "try",
            ListQuery {
                tx_id: Some(tx(3)),
                ..everything()
            },
            &["c"],
        ),
        (
            "test",
            ListQuery {
                is_test: Some(true),
                ..everything()
            },
            &["c", "b", "a"],
        ),
        (
            "live",
            ListQuery {
                is_test: Some(false),
                ..everything()
            },
            &[],
        ),
        (
            "status",
            ListQuery {
                statuses: vec![Status::Verified],
                ..everything()
            },
            &["b"],
        ),
        (
            "two statuses",
            ListQuery {
                statuses: vec![Status::Ready, Status::Failed],
                ..everything()
            },
            &["c", "a"],
        ),
        (
            "pgTxId",
            ListQuery {
                pg_tx_id: Some("PER1".into()),
                ..everything()
            },
            &["a"],
        ),
        (
            "merchant",
            ListQuery {
                pg_merchant_id: Some("AO7F3".into()),
                ..everything()
            },
            &["c", "b", "a"],
        ),
        (
            "another merchant",
            ListQuery {
                pg_merchant_id: Some("XXXXX".into()),
                ..everything()
            },
            &[],
        ),
        (
            "provider",
            ListQuery {
                pg_providers: Some(vec!["KCP_V2".into()]),
                ..everything()
            },
            &["c", "b", "a"],
        ),
        (
            "no provider",
            ListQuery {
                pg_providers: Some(Vec::new()),
                ..everything()
            },
            &[],
        ),
        (
            "operator",
            ListQuery {
                operators: vec![Operator::LguMvno],
                ..everything()
            },
            &["c"],
        ),
        (
            "requested",
            ListQuery {
                range: range(SortField::RequestedAt, 20, 30),
                ..everything()
            },
            &["c", "b"],
        ),
        (
            "verified at",
            ListQuery {
                range: range(SortField::VerifiedAt, 0, 25),
                ..everything()
            },
            &["b"],
        ),
        (
            "failed at",
            ListQuery {
                range: range(SortField::FailedAt, 35, 35),
                ..everything()
            },
            &["c"],
        ),
        (
            "status changed",
            ListQuery {
                range: range(SortField::StatusChangedAt, 25, 25),
                ..everything()
            },
            &["b"],
        ),
        (
            "another store",
            ListQuery {
                stores: vec![StoreId::parse("store-2").unwrap()],
                ..everything()
            },
            &[],
        ),
        (
            "no store",
            ListQuery {
                stores: Vec::new(),
                ..everything()
            },
            &[],
        ),
    ];
    for (what, query, wanted) in table {
        assert_eq!(ids(&fixture, &query).await, wanted, "{what}");
    }
}

#[tokio::test]
async fn customers_are_found_by_what_was_asked_until_verified_and_by_what_was_verified_after() {
    let fixture = three().await;
    let by = |customer| ListQuery {
        customer,
        ..everything()
    };
    let some = |text: &str| Some(Redacted::new(text));
    let table: Vec<(&str, CustomerFilter, &[&str])> = vec![
        (
            "name",
            CustomerFilter {
                name: some("홍길동"),
                ..Default::default()
            },
            &["c", "b", "a"],
        ),
        (
            "name asked, not verified",
            CustomerFilter {
                name: some("김철수"),
                ..Default::default()
            },
            &[],
        ),
        (
            "part of a name",
            CustomerFilter {
                name: some("홍"),
                ..Default::default()
            },
            &[],
        ),
        (
            "phone",
            CustomerFilter {
                phone: some("01012345678"),
                ..Default::default()
            },
            &["c", "b", "a"],
        ),
        (
            "year",
            CustomerFilter {
                birth_year: some("1990"),
                ..Default::default()
            },
            &["c", "b", "a"],
        ),
        (
            "month",
            CustomerFilter {
                birth_month: some("03"),
                ..Default::default()
            },
            &["c", "b", "a"],
        ),
        (
            "month is no day",
            CustomerFilter {
                birth_day: some("03"),
                ..Default::default()
            },
            &[],
        ),
        (
            "day",
            CustomerFilter {
                birth_day: some("15"),
                ..Default::default()
            },
            &["c", "b", "a"],
        ),
        (
            "gender",
            CustomerFilter {
                gender: Some(Gender::Female),
                ..Default::default()
            },
            &["c", "b", "a"],
        ),
        (
            "other gender",
            CustomerFilter {
                gender: Some(Gender::Male),
                ..Default::default()
            },
            &[],
        ),
    ];
    for (what, customer, wanted) in table {
        assert_eq!(ids(&fixture, &by(customer)).await, wanted, "{what}");
    }
}

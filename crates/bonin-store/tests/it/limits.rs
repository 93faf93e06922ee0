//! What a store allows itself.

use bonin_store::*;
use jiff::SignedDuration;

use crate::fixture::{Fixture, at};

const A_DAY: i64 = 24 * 60 * 60;

#[tokio::test]
async fn a_store_begins_as_many_tries_a_day_as_it_allows_and_says_from_when_on_the_next_may() {
    let fixture = Fixture::new().await;
    for number in 1..=3 {
        let mut wanted = fixture.wanted(&format!("order{number}"), number, i64::from(number));
        wanted.daily_tries = Some(3);
        fixture
            .store
            .begin(&wanted, at(number.into()))
            .await
            .unwrap();
    }
    let mut fourth = fixture.wanted("order4", 4, 10);
    fourth.daily_tries = Some(3);
    let refused = fixture.store.begin(&fourth, at(10)).await;
    let Err(BeginError::TooManyTries { until }) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(until, at(1 + A_DAY));
    // Nothing of it is left behind, and it may begin as soon as it was told.
    let gone = fixture.store.timeline(&fourth.key).await.unwrap();
    assert!(gone.is_empty());
    fourth.settle_by = at(A_DAY + 60);
    fixture.store.begin(&fourth, until).await.unwrap();
}

#[tokio::test]
async fn another_stores_tries_do_not_count() {
    let fixture = Fixture::new().await;
    let mut first = fixture.wanted("order1", 1, 1);
    first.daily_tries = Some(1);
    fixture.store.begin(&first, at(1)).await.unwrap();
    fixture.add_store("store-2", "channel-2").await;
    let mut other = fixture.wanted("order1", 2, 2);
    other.key.store = bonin_core::StoreId::parse("store-2").unwrap();
    other.channel.id = bonin_core::ChannelId::parse("channel-2").unwrap();
    other.daily_tries = Some(1);
    fixture.store.begin(&other, at(2)).await.unwrap();
}

#[tokio::test]
async fn messages_to_one_phone_count_over_all_stores() {
    let fixture = Fixture::new().await;
    fixture.add_store("store-2", "channel-2").await;
    let wanted = |number: u32, store: &str, channel: &str| {
        let mut wanted = fixture.wanted(&format!("order{number}"), number, number.into());
        wanted.key.store = bonin_core::StoreId::parse(store).unwrap();
        wanted.channel.id = bonin_core::ChannelId::parse(channel).unwrap();
        wanted.message_limit = Some(MessageLimit {
            max: 2,
            within: SignedDuration::from_hours(1),
        });
        wanted
    };
    let begin = async |wanted: BeginTry| fixture.store.begin(&wanted, at(9)).await;
    begin(wanted(1, "store-1", "channel-1")).await.unwrap();
    begin(wanted(2, "store-2", "channel-2")).await.unwrap();
    for (number, store, channel) in [(3, "store-1", "channel-1"), (4, "store-2", "channel-2")] {
        let refused = begin(wanted(number, store, channel)).await;
        assert!(
            matches!(refused, Err(BeginError::TooManyMessages { .. })),
            "{refused:?}"
        );
    }
    let mut another = wanted(5, "store-2", "channel-2");
    another.customer.phone = Some(bonin_core::PhoneNumber::parse("01099998888").unwrap());
    begin(another).await.unwrap();
}

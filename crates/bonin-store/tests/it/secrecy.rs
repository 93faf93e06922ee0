//! What a thief of the database reads.

use base64::Engine;
use bonin_core::*;

use crate::fixture::*;

fn holds(haystack: &[u8], needle: &str) -> bool {
    let raw = needle.as_bytes().to_vec();
    let encoded = base64::engine::general_purpose::STANDARD_NO_PAD.encode(needle);
    let url: String = needle.bytes().map(|b| format!("%{b:02X}")).collect();
    [raw, encoded.into_bytes(), url.into_bytes()]
        .iter()
        .any(|form| haystack.windows(form.len()).any(|window| window == form))
}

#[tokio::test]
async fn nothing_of_the_database_holds_a_person_or_a_credential() {
    let fixture = Fixture::new().await;
    fixture.open("one", 1, 0).await;
    fixture
        .confirm("one", 1, 1, ConfirmOutcome::WrongNumber)
        .await;
    fixture.confirm("one", 1, 2, ConfirmOutcome::Verified).await;
    let bytes = fixture.place.bytes().await;
    let ci = format!("{}==", "C".repeat(86));
    let di = "D".repeat(64);
    for secret in [
        "홍길동",
        "01012345678",
        "19900315",
        "1990-03-15",
        "FEMALE",
        "customer-77",
        "{\"order\": 1}",
        "raw answer",
        "틀린 번호",
        "\"secret\":\"state\"",
        "a private key that",
        "hunter2-hunter2",
        "an enc_key that",
        &ci,
        &di,
    ] {
        assert!(!holds(&bytes, secret), "{secret}");
    }
    // The same search finds what is kept in the clear.
    for clear in ["a channel", "AO7F3", "PER1", "SB11"] {
        assert!(holds(&bytes, clear), "{clear}");
    }
}

#[tokio::test]
async fn a_channel_is_read_back_whole_and_prints_nothing() {
    let fixture = Fixture::new().await;
    let channel_key = ChannelKey::parse("channel-1-key").unwrap();
    let found = fixture
        .store
        .channel_by_key(&store_id(), &channel_key)
        .await;
    let channel = found.unwrap().unwrap();
    let hub = channel.hub.as_ref().unwrap();
    assert_eq!(hub.private_key_password.expose(), "hunter2-hunter2");
    let printed = format!("{channel:?} {:?}", fixture.store);
    assert!(!printed.contains("hunter2") && !printed.contains("nobody may see"));
    let other = StoreId::parse("store-2").unwrap();
    let stranger = fixture.store.channel_by_key(&other, &channel_key).await;
    assert!(stranger.unwrap().is_none());
}

//! The number in the SMS: random, for a while, and for a few tries.

use std::collections::HashSet;

use serde_json::json;

use crate::client::{PHONE, World, text, wrong};

#[tokio::test]
async fn wrong_numbers_are_told_until_no_more_are_taken() {
    let world = World::start().await;
    let per_cert_no = world.sms_sent().await;
    let otp = world.newest_otp().await;
    for _ in 0..5 {
        world
            .expect(&world.confirm(&per_cert_no, "SKT", &wrong(&otp)), "SB11")
            .await;
    }
    world
        .expect(&world.confirm(&per_cert_no, "SKT", &wrong(&otp)), "SB13")
        .await;
    world
        .expect(&world.confirm(&per_cert_no, "SKT", &otp), "SB13")
        .await;
    world
        .expect(&world.send_sms(&per_cert_no, "SKT"), "SB94")
        .await;
}

#[tokio::test]
async fn the_right_number_still_counts_after_wrong_ones() {
    let world = World::start().await;
    world.settings(json!({"otpMaxAttempts": 2})).await;
    let per_cert_no = world.sms_sent().await;
    let otp = world.newest_otp().await;
    // A number with too few digits is a wrong number like any other.
    world
        .expect(&world.confirm(&per_cert_no, "SKT", "1"), "SB11")
        .await;
    world
        .expect(&world.confirm(&per_cert_no, "SKT", &otp), "0000")
        .await;
}

#[tokio::test]
async fn a_resend_makes_a_new_number_and_kills_the_old_one() {
    let world = World::start().await;
    let per_cert_no = world.sms_sent().await;
    let old = world.newest_otp().await;
    let mut new = old.clone();
    // One in a million resends draws the same number again.
    while new == old {
        world
            .expect(&world.send_sms(&per_cert_no, "SKT"), "0000")
            .await;
        new = world.newest_otp().await;
    }
    world
        .expect(&world.confirm(&per_cert_no, "SKT", &old), "SB11")
        .await;
    world
        .expect(&world.confirm(&per_cert_no, "SKT", &new), "0000")
        .await;
    world
        .expect(&world.send_sms(&per_cert_no, "SKT"), "SB94")
        .await;
}

#[tokio::test]
async fn a_resend_keeps_the_message_and_sender_of_the_first_sms() {
    let world = World::start().await;
    let mut call = world.name_check("KTF", "");
    call["cp_sms_msg"] = "[가게] [000000] 입력".into();
    call["cp_callback"] = "1670-5176".into();
    let per_cert_no = text(&world.expect(&call, "0000").await, "per_cert_no");
    world
        .expect(&world.send_sms(&per_cert_no, "KTF"), "0000")
        .await;
    let messages = world.get(&format!("/sandbox/messages?phone={PHONE}")).await;
    assert_eq!(messages.as_array().unwrap().len(), 2);
    assert_eq!(
        messages[0]["text"],
        format!("[가게] {} 입력", text(&messages[0], "otp"))
    );
    assert_eq!(messages[0]["from"], "1670-5176");
}

#[tokio::test]
async fn a_number_that_is_too_old_is_refused_and_a_resend_gives_it_a_new_time() {
    let world = World::start().await;
    world.settings(json!({"otpTtlSeconds": 1})).await;
    let per_cert_no = world.sms_sent().await;
    let otp = world.newest_otp().await;
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    world
        .expect(&world.confirm(&per_cert_no, "SKT", &otp), "SB12")
        .await;
    world
        .expect(&world.confirm(&per_cert_no, "SKT", &wrong(&otp)), "SB12")
        .await;
    world
        .expect(&world.send_sms(&per_cert_no, "SKT"), "0000")
        .await;
    world
        .expect(
            &world.confirm(&per_cert_no, "SKT", &world.newest_otp().await),
            "0000",
        )
        .await;
}

#[tokio::test]
async fn numbers_are_random_unless_one_is_fixed() {
    let world = World::start().await;
    let mut seen = HashSet::new();
    for _ in 0..20 {
        world.sms_sent().await;
        seen.insert(world.newest_otp().await);
    }
    assert!(seen.len() >= 18, "{} different numbers of 20", seen.len());
    world.settings(json!({"fixedOtp": "135790"})).await;
    world.sms_sent().await;
    assert_eq!(world.newest_otp().await, "135790");
    world.settings(json!({"fixedOtp": null})).await;
    world.sms_sent().await;
    world.sms_sent().await;
    let newest = world.get("/sandbox/messages").await;
    assert!(newest[0]["otp"] != "135790" || newest[1]["otp"] != "135790");
}

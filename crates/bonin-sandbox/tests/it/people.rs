//! Who exists, and who does not.

use reqwest::Method;
use serde_json::{Value, json};

use crate::client::{BIRTH, NAME, PHONE, World, text, with};

fn person() -> Value {
    json!({
        "name": NAME, "phone": PHONE, "birthDate": "1990-01-01", "gender": "MALE", "isForeigner": false,
        "operator": "SKT", "pass": true,
    })
}

#[tokio::test]
async fn a_known_phone_must_match_in_everything() {
    let world = World::start().await;
    assert_eq!(world.post("/sandbox/people", person()).await, person());
    assert_eq!(world.get("/sandbox/people").await, json!([person()]));

    let call = |changes: Value, signed: [&str; 5]| {
        let signature = json!({"kcp_sign_data": world.merchant.sign(&signed)});
        with(with(world.name_check("SKT", ""), changes), signature)
    };
    world.expect(&world.name_check("SKT", ""), "0000").await;
    world
        .expect(
            &call(
                json!({"user_name": "홍길순"}),
                [PHONE, BIRTH, "홍길순", "01", "01"],
            ),
            "SB01",
        )
        .await;
    world
        .expect(
            &call(
                json!({"birth_day": "19900102"}),
                [PHONE, "19900102", NAME, "01", "01"],
            ),
            "SB01",
        )
        .await;
    world
        .expect(
            &call(
                json!({"local_code": "02"}),
                [PHONE, BIRTH, NAME, "02", "01"],
            ),
            "SB01",
        )
        .await;
    world
        .expect(
            &call(json!({"sex_code": "02"}), [PHONE, BIRTH, NAME, "01", "02"]),
            "SB01",
        )
        .await;
    world.expect(&world.name_check("KTF", ""), "SB01").await;
    world.expect(&world.inquiry("2400", "KTM"), "SB01").await;
    world.expect(&world.inquiry("2700", "KTM"), "SB01").await;
    world.expect(&world.push("KTF", ""), "SB01").await;
    let signature = world.merchant.sign(&[PHONE, "김철수"]);
    let stranger = json!({"user_name": "김철수", "kcp_sign_data": signature});
    world
        .expect(&with(world.push("SKT", ""), stranger), "SB01")
        .await;

    // PASS tells what is known about the person.
    let pushed = world.expect(&world.push("SKT", ""), "0000").await;
    assert_eq!(
        (
            &pushed["birth_day"],
            &pushed["sex_code"],
            &pushed["local_code"]
        ),
        (&json!(BIRTH), &json!("01"), &json!("01"))
    );
}

#[tokio::test]
async fn a_phone_without_the_app_gets_an_sms_but_no_pass_request() {
    let world = World::start().await;
    world
        .post("/sandbox/people", with(person(), json!({"pass": false})))
        .await;
    world.expect(&world.push("SKT", ""), "SB02").await;
    world.expect(&world.inquiry("2700", "SKT"), "SB02").await;
    world.expect(&world.name_check("SKT", ""), "0000").await;
    assert_eq!(world.get("/sandbox/pass-requests").await, json!([]));
}

#[tokio::test]
async fn unknown_people_exist_only_if_the_settings_say_so() {
    let world = World::start().await;
    world.settings(json!({"unknownPeople": "reject"})).await;
    world.expect(&world.name_check("SKT", ""), "SB01").await;
    world.expect(&world.push("SKT", ""), "SB01").await;
    world.post("/sandbox/people", person()).await;
    world.expect(&world.name_check("SKT", ""), "0000").await;
    let removed = world
        .control(Method::DELETE, "/sandbox/people/010-1234-5678", None)
        .await;
    assert_eq!(removed.status(), 204);
    world.expect(&world.name_check("SKT", ""), "SB01").await;
    let again = world
        .control(Method::DELETE, &format!("/sandbox/people/{PHONE}"), None)
        .await;
    assert_eq!(again.status(), 404);
}

#[tokio::test]
async fn somebody_unknown_is_made_up_the_same_way_every_time() {
    let world = World::start().await;
    let first = world.expect(&world.push("KTF", ""), "0000").await;
    let second = world.expect(&world.push("KTF", ""), "0000").await;
    for field in ["birth_day", "sex_code", "local_code"] {
        assert_eq!(text(&first, field), text(&second, field));
    }
}

#[tokio::test]
async fn a_person_that_cannot_be_is_refused_with_the_fields_name() {
    let world = World::start().await;
    for (field, value) in [
        ("name", json!("")),
        ("name", json!("홍^길동")),
        ("phone", json!("02-123-4567")),
        ("phone", json!(1012345678)),
        ("birthDate", json!("1990-02-30")),
        ("gender", json!("남")),
        ("operator", json!("SKTelecom")),
        ("isForeigner", json!("아니오")),
        ("pass", json!(1)),
    ] {
        let body = with(person(), json!({field: value}));
        let response = world
            .control(Method::POST, "/sandbox/people", Some(body))
            .await;
        assert_eq!(response.status(), 400);
        let message = text(&response.json().await.unwrap(), "message");
        assert!(message.starts_with(&format!("{field}: ")), "{message}");
    }
    assert_eq!(world.get("/sandbox/people").await, json!([]));
}

//! The page that shows the phone.

use std::time::Duration;

use serde_json::json;

use crate::client::{NAME, PHONE, World, with};

async fn page(world: &World, path: &str) -> String {
    let response = world
        .http
        .get(format!("{}{path}", world.address))
        .send()
        .await
        .unwrap();
    let policy = response.headers()["content-security-policy"]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(
        policy.contains("default-src 'none'") && !policy.contains("unsafe"),
        "{policy}"
    );
    assert_eq!(response.headers()["x-content-type-options"], "nosniff");
    assert!(
        response.headers()["content-type"]
            .to_str()
            .unwrap()
            .starts_with("text/html")
    );
    response.text().await.unwrap()
}

#[tokio::test]
async fn what_arrives_is_on_the_page_and_everything_is_escaped() {
    let world = World::start().await;
    assert!(
        page(&world, "/phone")
            .await
            .contains("아직 도착한 것이 없습니다")
    );
    let hostile = "<script>alert(1)</script>\"'&[000000]";
    world
        .expect(
            &with(world.name_check("SKT", ""), json!({"cp_sms_msg": hostile})),
            "0000",
        )
        .await;
    let name = "<img src=x>";
    let signature = world.merchant.sign(&[PHONE, name]);
    world
        .expect(
            &with(
                world.push("SKT", ""),
                json!({"user_name": name, "kcp_sign_data": signature}),
            ),
            "0000",
        )
        .await;

    for path in ["/phone", "/phone/screen", "/phone?phone=010-1234-5678"] {
        let page = page(&world, path).await;
        assert!(
            !page.contains("<script>alert") && !page.contains("<img"),
            "{page}"
        );
        assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
        assert!(page.contains(&format!("<mark>{}</mark>", world.newest_otp().await)));
        assert!(
            page.contains("&lt;img src=x&gt;")
                && page.contains("/approve\"")
                && page.contains("/reject\"")
        );
        assert!(page.contains("010-1234-5678"));
    }
    assert!(
        !page(&world, "/phone/screen?phone=01000000000")
            .await
            .contains("<mark>")
    );

    world
        .decide(&world.newest_pass_request().await, "approve")
        .await;
    let page = page(&world, "/phone").await;
    assert!(page.contains("승인했습니다") && !page.contains("/approve\""));
}

#[tokio::test]
async fn a_filter_that_is_no_number_is_told_on_the_page_and_not_reflected() {
    let world = World::start().await;
    let response = world
        .http
        .get(format!("{}/phone?phone=%22%3E%3Cb%3E", world.address))
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 400);
    let page = response.text().await.unwrap();
    assert!(
        page.contains("휴대폰 번호가 아닙니다")
            && page.contains("aria-invalid")
            && !page.contains("<b>")
    );
}

#[tokio::test]
async fn the_pages_need_nothing_from_elsewhere() {
    let world = World::start().await;
    world.sms_sent().await;
    for path in [
        "/",
        "/phone",
        "/phone/phone.css",
        "/phone/phone.js",
        "/phone/icon.svg",
    ] {
        let response = world
            .http
            .get(format!("{}{path}", world.address))
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), 200);
        let text = response
            .text()
            .await
            .unwrap()
            .replace("http://www.w3.org/2000/svg", "");
        assert!(
            !text.contains("http://") && !text.contains("https://") && !text.contains("<style"),
            "{path}"
        );
    }
    assert!(page(&world, "/").await.contains("href=\"/phone\""));
}

#[tokio::test]
async fn an_open_page_is_told_of_every_change_without_being_told_whose() {
    let world = World::start().await;
    let mut events = world
        .http
        .get(format!("{}/phone/events", world.address))
        .send()
        .await
        .unwrap();
    assert_eq!(events.headers()["content-type"], "text/event-stream");
    for _ in 0..2 {
        world.sms_sent().await;
        let event = tokio::time::timeout(Duration::from_secs(5), events.chunk())
            .await
            .unwrap()
            .unwrap()
            .unwrap();
        let event = String::from_utf8(event.to_vec()).unwrap();
        assert!(
            event.starts_with("data: ") && !event.contains(PHONE) && !event.contains(NAME),
            "{event}"
        );
    }
}

#[tokio::test]
async fn pages_beyond_the_limit_are_asked_to_wait_and_closed_ones_make_room() {
    let world = World::start().await;
    let url = format!("{}/phone/events", world.address);
    let mut open = Vec::new();
    for _ in 0..64 {
        open.push(world.http.get(&url).send().await.unwrap());
    }
    assert_eq!(world.http.get(&url).send().await.unwrap().status(), 429);
    open.clear();
    let mut status = 429;
    for _ in 0..50 {
        status = world.http.get(&url).send().await.unwrap().status().as_u16();
        if status == 200 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(status, 200);
}

//! Making a webhook, and showing its secret the one time that it can be seen.

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use bonin_core::{Redacted, StoreId, WebhookEndpointId};
use bonin_store::WebhookEvent;
use jiff::Timestamp;
use maud::{Markup, html};

use super::{
    super::{
        Console,
        form::Posted,
        inputs::{self, Input, summary},
        layout::{self, Here, page, trouble},
        shown::{ForStore, copyable, heading, time},
        visitor::Visitor,
    },
    fields_of, filled,
};
use crate::admin::{Action, Error, WebhookForm};

pub(super) async fn blank(
    State(console): State<Console>,
    visitor: Visitor,
    wanted: ForStore,
) -> Response {
    // What most want: how a verification ended.
    let events = [WebhookEvent::Verified, WebhookEvent::Failed];
    let draft = WebhookForm {
        events: events.map(|event| event.type_name().to_owned()).to_vec(),
        ..WebhookForm::default()
    };
    form(&console, &visitor, &wanted.store, &draft, None).await
}

pub(super) async fn create(State(console): State<Console>, posted: Posted) -> Response {
    let Posted { visitor, fields } = posted;
    let (store, draft) = (fields.text("store"), filled(&fields));
    let made = async {
        visitor.who.must(Action::ChangeWebhooks)?;
        let unknown = |_| Error::invalid("store", "목록에 있는 상점을 골라야 합니다.");
        let store = StoreId::parse(store).map_err(unknown)?;
        console
            .admin
            .create_webhook(&visitor.who, &store, &draft)
            .await
    };
    match made.await {
        // Shown in this answer and nowhere else: a redirect would have to keep it somewhere.
        Ok(made) => {
            let body = once("웹훅을 만들었습니다", &made.endpoint.id, &made.secret, None);
            page(&visitor, Here::Webhooks, "웹훅", body)
        }
        Err(error @ (Error::Invalid(_) | Error::Refused(_))) => {
            let shown = form(&console, &visitor, store, &draft, Some(&error)).await;
            (StatusCode::BAD_REQUEST, shown).into_response()
        }
        Err(error) => trouble(&visitor, &error),
    }
}

/// A secret, shown once. `previous_until`: how long the one before is good for, where there is one.
pub(super) fn once(
    title: &str,
    id: &WebhookEndpointId,
    secret: &Redacted,
    previous_until: Option<Option<Timestamp>>,
) -> Markup {
    html! {
        (heading(title, None))
        div.alert.warning role="status" {
            p { strong { "지금 복사해 두어야 합니다. 다시 볼 수 없습니다." } }
            p { "받는 서버가 이 시크릿으로 메시지의 서명을 확인합니다. 이 시크릿을 아는 사람은 메시지를 지어낼 수 있으므로 서버의 비밀 저장소에 넣어야 합니다." }
        }
        p.once { (copyable("secret", secret.expose())) }
        dl.facts {
            dt { "쓰는 법" } dd { code { "Webhook.verify(시크릿, 본문, 헤더)" } " – @portone/server-sdk, 또는 Standard Webhooks의 다른 라이브러리" }
            @match previous_until {
                Some(Some(until)) => { dt { "이전 시크릿" } dd { (time(until)) "까지 두 시크릿으로 함께 서명합니다. 그 전에 받는 서버의 시크릿을 바꿔야 합니다." } }
                Some(None) => { dt { "이전 시크릿" } dd { "더 이상 쓰지 않습니다." } }
                None => {}
            }
        }
        p.actions { a.button href={ "/console/webhooks/" (id) } { "복사했습니다. 웹훅으로" } }
    }
}

async fn form(
    console: &Console,
    visitor: &Visitor,
    store: &str,
    draft: &WebhookForm,
    error: Option<&Error>,
) -> Response {
    if let Err(error) = visitor.who.must(Action::ChangeWebhooks) {
        return trouble(visitor, &error);
    }
    let stores = match console.admin.stores(&visitor.who).await {
        Ok(stores) => stores,
        Err(error) => return trouble(visitor, &error),
    };
    let choices: Vec<(&str, &str)> = stores
        .iter()
        .map(|store| (store.id.as_str(), store.name.as_str()))
        .collect();
    let problems = inputs::problems(error);
    let body = html! {
        nav.trail aria-label="위치" { a href="/console/webhooks" { "웹훅" } }
        (heading("웹훅 만들기", None))
        (summary(error))
        @if stores.is_empty() {
            p.empty { "웹훅은 상점의 본인인증을 알립니다. " a href="/console/stores/new" { "상점" } "을 먼저 만들어야 합니다." }
        } @else {
            form.sheet method="post" action="/console/webhooks/new" {
                (layout::token(visitor))
                (Input { name: "store", label: "상점", value: store, required: true, hint: "이 상점의 본인인증을 알립니다.", ..Input::default() }.select(&choices, problems))
                (fields_of(draft, problems))
                p.hint { "메시지에는 상점과 본인인증의 아이디만 담깁니다. 고객의 정보는 담기지 않으므로, 받은 서버가 API로 조회해야 합니다." }
                p.actions { button.primary type="submit" { "만들기" } a href="/console/webhooks" { "취소" } }
            }
        }
    };
    page(visitor, Here::Webhooks, "웹훅 만들기", body)
}

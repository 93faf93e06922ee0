//! Making a channel.

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use bonin_core::StoreId;
use bonin_store::{ChannelKind, StoreKind, StoreRow};
use maud::html;

use super::{
    super::{
        Console,
        form::Posted,
        inputs::{self, Input, summary},
        layout::{self, Here, back, page, trouble},
        shown::{ForStore, heading},
        visitor::Visitor,
    },
    credentials,
};
use crate::{
    admin::{Action, ChannelForm, Error},
    provider::EnteredCredentials,
};

/// What stands in the form.
struct Draft {
    store: String,
    name: String,
    kind: ChannelKind,
    credentials: EnteredCredentials,
}

pub(super) async fn blank(
    State(console): State<Console>,
    visitor: Visitor,
    wanted: ForStore,
) -> Response {
    if let Err(error) = visitor.who.must(Action::ChangeChannels) {
        return trouble(&visitor, &error);
    }
    let stores = match console.admin.stores(&visitor.who).await {
        Ok(stores) => stores,
        Err(error) => return trouble(&visitor, &error),
    };
    let live =
        |store: &StoreRow| store.kind == StoreKind::Live && store.id.as_str() == wanted.store;
    let draft = Draft {
        kind: if stores.iter().any(live) {
            ChannelKind::Live
        } else {
            ChannelKind::Test
        },
        store: wanted.store,
        name: String::new(),
        credentials: EnteredCredentials::default(),
    };
    form(&visitor, &stores, &draft, None)
}

pub(super) async fn create(State(console): State<Console>, posted: Posted) -> Response {
    let Posted { visitor, fields } = posted;
    if let Err(error) = visitor.who.must(Action::ChangeChannels) {
        return trouble(&visitor, &error);
    }
    let entered = credentials::entered(&fields);
    let draft = Draft {
        store: fields.text("store").to_owned(),
        name: fields.text("name").to_owned(),
        kind: match fields.text("kind") {
            "LIVE" => ChannelKind::Live,
            _ => ChannelKind::Test,
        },
        credentials: EnteredCredentials {
            site_cd: fields.text("siteCd").to_owned(),
            hub_url: fields.text("hubUrl").to_owned(),
            window_url: fields.text("windowUrl").to_owned(),
            ..EnteredCredentials::default()
        },
    };
    let made = async {
        let credentials = entered?;
        let store = StoreId::parse(draft.store.as_str())
            .map_err(|_| Error::invalid("store", "상점을 골라야 합니다."))?;
        let form = ChannelForm {
            store,
            name: draft.name.clone(),
            kind: draft.kind,
            credentials,
        };
        console.admin.create_channel(&visitor.who, &form).await
    };
    let error = match made.await {
        Ok(channel) => {
            return back(format_args!("/console/channels/{}", channel.id), "made");
        }
        Err(error @ (Error::Invalid(_) | Error::Refused(_))) => error,
        Err(error) => return trouble(&visitor, &error),
    };
    match console.admin.stores(&visitor.who).await {
        Ok(stores) => form(&visitor, &stores, &draft, Some(&error)),
        Err(error) => trouble(&visitor, &error),
    }
}

fn form(visitor: &Visitor, stores: &[StoreRow], draft: &Draft, error: Option<&Error>) -> Response {
    let problems = inputs::problems(error);
    let choices: Vec<(&str, String)> = stores
        .iter()
        .map(|store| {
            let label = format!("{} ({})", store.name, store.kind.as_str());
            (store.id.as_str(), label)
        })
        .collect();
    let choices: Vec<(&str, &str)> = choices
        .iter()
        .map(|(id, label)| (*id, label.as_str()))
        .collect();
    let body = html! {
        nav.trail aria-label="위치" { a href="/console/channels" { "채널" } }
        (heading("채널 만들기", None))
        (summary(error))
        @if stores.is_empty() {
            p.empty { "채널은 상점에 속합니다. " a href="/console/stores/new" { "상점" } "을 먼저 만들어야 합니다." }
        } @else {
            @if error.is_some() {
                p.alert.warning { "자격 증명은 화면에 남기지 않으므로 다시 넣어야 합니다." }
            }
            form.sheet method="post" action="/console/channels/new" {
                (layout::token(visitor))
                (Input { name: "store", label: "상점", value: &draft.store, required: true, ..Input::default() }.select(&choices, problems))
                (Input { name: "name", label: "이름", value: &draft.name, required: true, hint: "콘솔에서 부르는 이름입니다. 예: KCP 운영", ..Input::default() }.text(problems))
                (Input { name: "kind", label: "종류", value: draft.kind.as_str(), required: true, hint: "만든 뒤에는 바꿀 수 없습니다. LIVE 채널은 KCP의 주소와만 통신합니다.", ..Input::default() }.select(&[("TEST", "TEST – 테스트 계약이나 샌드박스"), ("LIVE", "LIVE – 실제 계약")], problems))
                p.hint { "자격 증명은 바로 확인하고, 암호화해 보관하며, 다시 보여 주지 않습니다. 표준창과 허브형 중 계약한 것만 넣으면 됩니다." }
                (credentials::json(problems))
                (Input { name: "siteCd", label: "사이트 코드(site_cd)", value: &draft.credentials.site_cd, hint: "KCP에서 발급한 영문·숫자 코드입니다. 예: A1B2C", ..Input::default() }.text(problems))
                (credentials::fields(&draft.credentials, problems))
                p.actions { button.primary type="submit" { "만들기" } a href="/console/channels" { "취소" } }
            }
        }
    };
    let shown = page(visitor, Here::Channels, "채널 만들기", body);
    match error {
        Some(_) => (StatusCode::BAD_REQUEST, shown).into_response(),
        None => shown,
    }
}

//! Making an API secret, and showing it the one time that it can be seen.

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use bonin_core::StoreId;
use jiff::SignedDuration;
use maud::{Markup, html};

use super::super::{
    Console,
    form::{Fields, Posted},
    inputs::{self, Input, summary, tick_box},
    layout::{self, Here, page, trouble},
    shown::{ForStore, copyable, heading, time},
    visitor::Visitor,
};
use crate::admin::{Action, Error, MadeSecret, SecretForm};

/// How long a secret may live, by days.
const LIVES: [(&str, &str); 5] = [
    ("", "저절로 끝나지 않음"),
    ("30", "30일"),
    ("90", "90일"),
    ("180", "180일"),
    ("365", "1년"),
];

/// What stands in the form.
#[derive(Default)]
struct Draft {
    name: String,
    store: String,
    others: Vec<String>,
    days: String,
}

impl Draft {
    fn of(fields: &Fields) -> Self {
        Self {
            name: fields.text("name").to_owned(),
            store: fields.text("store").to_owned(),
            others: fields.all("otherStores").map(str::to_owned).collect(),
            days: fields.text("expiresIn").to_owned(),
        }
    }

    fn form(&self) -> Result<SecretForm, Error> {
        let unknown = |field| Error::invalid(field, "목록에 있는 상점을 골라야 합니다.");
        let other_stores = self.others.iter().map(|id| StoreId::parse(id.as_str()));
        let life = match self.days.as_str() {
            "" => None,
            days => Some(
                days.parse::<u16>()
                    .map(|days| SignedDuration::from_hours(24 * i64::from(days)))
                    .map_err(|_| Error::invalid("expiresIn", "목록에서 골라야 합니다."))?,
            ),
        };
        Ok(SecretForm {
            name: self.name.clone(),
            default_store: StoreId::parse(self.store.as_str()).map_err(|_| unknown("store"))?,
            other_stores: other_stores
                .collect::<Result<_, _>>()
                .map_err(|_| unknown("otherStores"))?,
            life,
        })
    }
}

pub(super) async fn blank(
    State(console): State<Console>,
    visitor: Visitor,
    wanted: ForStore,
) -> Response {
    let draft = Draft {
        store: wanted.store,
        ..Draft::default()
    };
    form(&console, &visitor, &draft, None).await
}

pub(super) async fn create(State(console): State<Console>, posted: Posted) -> Response {
    let Posted { visitor, fields } = posted;
    let draft = Draft::of(&fields);
    let made = async {
        visitor.who.must(Action::ChangeSecrets)?;
        console
            .admin
            .create_secret(&visitor.who, &draft.form()?)
            .await
    };
    match made.await {
        // Shown in this answer and nowhere else: a redirect would have to keep it somewhere.
        Ok(made) => page(&visitor, Here::Secrets, "API 시크릿", once(&made)),
        Err(error @ (Error::Invalid(_) | Error::Refused(_))) => {
            let shown = form(&console, &visitor, &draft, Some(&error)).await;
            (StatusCode::BAD_REQUEST, shown).into_response()
        }
        Err(error) => trouble(&visitor, &error),
    }
}

fn once(made: &MadeSecret) -> Markup {
    html! {
        (heading("API 시크릿을 만들었습니다", None))
        div.alert.warning role="status" {
            p { strong { "지금 복사해 두어야 합니다. 다시 볼 수 없습니다." } }
            p { "이 시크릿을 아는 사람은 상점의 본인인증을 부르고 볼 수 있습니다. 서버의 비밀 저장소에 넣고, 브라우저나 앱, 저장소(git)에는 두지 말아야 합니다." }
        }
        p.once { (copyable("secret", made.secret.expose())) }
        dl.facts {
            dt { "이름" } dd { (made.kept.name) }
            dt { "기본 상점" } dd { code { (made.kept.default_store) } }
            dt { "쓰는 법" } dd { code { "Authorization: PortOne {시크릿}" } }
            @if let Some(at) = made.kept.expires_at { dt { "만료" } dd { (time(at)) } }
        }
        p.actions { a.button href="/console/secrets" { "복사했습니다. 목록으로" } }
    }
}

async fn form(
    console: &Console,
    visitor: &Visitor,
    draft: &Draft,
    error: Option<&Error>,
) -> Response {
    if let Err(error) = visitor.who.must(Action::ChangeSecrets) {
        return trouble(visitor, &error);
    }
    let stores = match console.admin.stores(&visitor.who).await {
        Ok(stores) => stores,
        Err(error) => return trouble(visitor, &error),
    };
    let problems = inputs::problems(error);
    let choices: Vec<(&str, &str)> = stores
        .iter()
        .map(|store| (store.id.as_str(), store.name.as_str()))
        .collect();
    let body = html! {
        nav.trail aria-label="위치" { a href="/console/secrets" { "API 시크릿" } }
        (heading("API 시크릿 만들기", None))
        (summary(error))
        @if stores.is_empty() {
            p.empty { "API 시크릿은 상점을 엽니다. " a href="/console/stores/new" { "상점" } "을 먼저 만들어야 합니다." }
        } @else {
            form.sheet method="post" action="/console/secrets/new" {
                (layout::token(visitor))
                (Input { name: "name", label: "이름", value: &draft.name, required: true, hint: "어느 서버가 쓰는지 알아볼 수 있게 적습니다. 예: 주문 서버", ..Input::default() }.text(problems))
                (Input { name: "store", label: "기본 상점", value: &draft.store, required: true, hint: "요청에 storeId가 없으면 이 상점으로 봅니다.", ..Input::default() }.select(&choices, problems))
                @if stores.len() > 1 {
                    fieldset #otherStores {
                        legend { "더 열 수 있는 상점" }
                        p.hint { "기본 상점은 고르지 않아도 열립니다." }
                        @for store in &stores {
                            (tick_box("otherStores", store.id.as_str(), &store.name, draft.others.iter().any(|id| id == store.id.as_str())))
                        }
                        (inputs::about(problems, "otherStores"))
                    }
                }
                (Input { name: "expiresIn", label: "유효 기간", value: &draft.days, hint: "기간이 끝나면 저절로 쓸 수 없게 됩니다.", ..Input::default() }.select(&LIVES, problems))
                p.actions { button.primary type="submit" { "만들기" } a href="/console/secrets" { "취소" } }
            }
        }
    };
    page(visitor, Here::Secrets, "API 시크릿 만들기", body)
}

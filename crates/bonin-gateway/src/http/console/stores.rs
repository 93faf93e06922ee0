//! `/console/stores`: who verifies, from where, and within which limits.

use axum::{
    Router,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::get,
};
use bonin_core::StoreId;
use bonin_store::{ApiSecret, StoreKind, StoreRow};
use maud::{Markup, html};

use super::{
    Console,
    form::{Fields, Posted},
    inputs::{self, Input, summary, tick_box},
    layout::{self, Here, back, page, trouble},
    shown::{After, badge, copyable, done, heading, time},
    visitor::Visitor,
    webhooks,
};
use crate::admin::{Action, Error, Problems, ShownChannel, ShownWebhook, StoreForm};

pub(super) fn routes() -> Router<Console> {
    Router::new()
        .route("/console/stores", get(list))
        .route("/console/stores/new", get(blank).post(create))
        .route("/console/stores/{id}", get(show).post(update))
}

/// The store of an address. One that is not well-formed is not there.
pub(super) fn store_id(text: String) -> Result<StoreId, Error> {
    StoreId::parse(text).map_err(|_| Error::NotFound("상점"))
}

async fn list(State(console): State<Console>, visitor: Visitor) -> Response {
    match console.admin.stores(&visitor.who).await {
        Ok(stores) => page(&visitor, Here::Stores, "상점", listed(&visitor, &stores)),
        Err(error) => trouble(&visitor, &error),
    }
}

fn listed(visitor: &Visitor, stores: &[StoreRow]) -> Markup {
    let may_change = visitor.who.may(Action::ChangeStores);
    html! {
        (heading("상점", may_change.then_some(("/console/stores/new", "상점 만들기"))))
        @if stores.is_empty() {
            p.empty {
                "아직 상점이 없습니다. "
                @if may_change { "상점을 만들면 채널과 API 시크릿을 만들 수 있습니다." }
            }
        } @else {
            ul.items {
                @for store in stores {
                    li {
                        p.title {
                            a href={ "/console/stores/" (store.id) } { (store.name) }
                            (badge(store.kind.as_str()))
                        }
                        p.meta { code { (store.id) } }
                        @if store.kind == StoreKind::Live && store.allow_test_channels {
                            p.warning { "LIVE 상점이지만 TEST 채널을 허용합니다." }
                        }
                    }
                }
            }
        }
    }
}

async fn blank(visitor: Visitor) -> Response {
    if let Err(error) = visitor.who.must(Action::ChangeStores) {
        return trouble(&visitor, &error);
    }
    new_page(&visitor, StoreKind::Test, &StoreForm::default(), None)
}

async fn create(State(console): State<Console>, posted: Posted) -> Response {
    let Posted { visitor, fields } = posted;
    let kind = match fields.text("kind") {
        "LIVE" => StoreKind::Live,
        _ => StoreKind::Test,
    };
    let form = filled(&visitor, &fields, &StoreForm::default());
    match console.admin.create_store(&visitor.who, kind, &form).await {
        Ok(store) => back(format_args!("/console/stores/{}", store.id), "made"),
        Err(error @ (Error::Invalid(_) | Error::Refused(_))) => {
            new_page(&visitor, kind, &form, Some(&error))
        }
        Err(error) => trouble(&visitor, &error),
    }
}

fn new_page(
    visitor: &Visitor,
    kind: StoreKind,
    form: &StoreForm,
    error: Option<&Error>,
) -> Response {
    let body = html! {
        nav.trail aria-label="위치" { a href="/console/stores" { "상점" } }
        (heading("상점 만들기", None))
        (summary(error))
        form.sheet method="post" action="/console/stores/new" {
            (layout::token(visitor))
            fieldset {
                legend { "종류" }
                p.hint { "만든 뒤에는 바꿀 수 없습니다." }
                label.tick {
                    input type="radio" name="kind" value="TEST" checked[kind == StoreKind::Test];
                    span { "TEST – 개발과 시험에 씁니다. 어느 페이지에서나 부를 수 있습니다." }
                }
                label.tick {
                    input type="radio" name="kind" value="LIVE" checked[kind == StoreKind::Live];
                    span { "LIVE – 실제 고객을 확인합니다. 허용한 출처에서만 부를 수 있고 TEST 채널을 받지 않습니다." }
                }
            }
            (fields_of(visitor, form, true, inputs::problems(error)))
            p.actions { button.primary type="submit" { "만들기" } a href="/console/stores" { "취소" } }
        }
    };
    respond(visitor, "상점 만들기", body, error)
}

/// A form that came back says so by its status.
fn respond(visitor: &Visitor, title: &str, body: Markup, error: Option<&Error>) -> Response {
    let shown = page(visitor, Here::Stores, title, body);
    match error {
        Some(_) => (StatusCode::BAD_REQUEST, shown).into_response(),
        None => shown,
    }
}

/// What hangs on a store.
struct Around {
    store: StoreRow,
    channels: Vec<ShownChannel>,
    secrets: Vec<ApiSecret>,
    webhooks: Vec<ShownWebhook>,
}

async fn around(console: &Console, visitor: &Visitor, id: String) -> Result<Around, Error> {
    let id = store_id(id)?;
    let store = console.admin.store(&visitor.who, &id).await?;
    let channels = console.admin.channels(&visitor.who, Some(&id)).await?;
    let mut secrets = console.admin.secrets(&visitor.who).await?;
    secrets.retain(|secret| secret.stores.contains(&id));
    let webhooks = console.admin.webhooks(&visitor.who, Some(&id)).await?;
    Ok(Around {
        store,
        channels,
        secrets,
        webhooks,
    })
}

async fn show(
    State(console): State<Console>,
    visitor: Visitor,
    Path(id): Path<String>,
    after: After,
) -> Response {
    match around(&console, &visitor, id).await {
        Ok(around) => {
            let form = StoreForm::from(&around.store);
            shown(&visitor, &around, &form, &after.done, None)
        }
        Err(error) => trouble(&visitor, &error),
    }
}

async fn update(
    State(console): State<Console>,
    Path(id): Path<String>,
    posted: Posted,
) -> Response {
    let Posted { visitor, fields } = posted;
    let around = match around(&console, &visitor, id).await {
        Ok(around) => around,
        Err(error) => return trouble(&visitor, &error),
    };
    let form = filled(&visitor, &fields, &StoreForm::from(&around.store));
    let id = &around.store.id;
    match console.admin.update_store(&visitor.who, id, &form).await {
        Ok(_) => back(format_args!("/console/stores/{id}"), "saved"),
        Err(error @ (Error::Invalid(_) | Error::Refused(_))) => {
            shown(&visitor, &around, &form, "", Some(&error))
        }
        Err(error) => trouble(&visitor, &error),
    }
}

fn shown(
    visitor: &Visitor,
    around: &Around,
    form: &StoreForm,
    after: &str,
    error: Option<&Error>,
) -> Response {
    let store = &around.store;
    let live = store.kind == StoreKind::Live;
    let body = html! {
        nav.trail aria-label="위치" { a href="/console/stores" { "상점" } }
        (heading(&store.name, None))
        (done(after, &[
            ("made", "상점을 만들었습니다. 이제 이 상점에 채널과 API 시크릿을 만들어야 합니다."),
            ("saved", "저장했습니다."),
        ]))
        (summary(error))
        dl.facts {
            dt { "종류" } dd { (badge(store.kind.as_str())) }
            dt { "storeId" } dd { (copyable("store-id", store.id.as_str())) }
        }
        @if live && store.allow_test_channels {
            p.alert.warning {
                "이 LIVE 상점은 TEST 채널을 허용합니다. TEST 채널의 결과는 누구의 것이든 지어낼 수 있으므로, 시험이 끝나면 꺼야 합니다."
            }
        }
        (channels(visitor, store, &around.channels))
        (secrets(visitor, store, &around.secrets))
        (webhooks::of_store(visitor, store, &around.webhooks))
        section aria-labelledby="settings" {
            h2 #settings { "설정" }
            @if visitor.who.may(Action::ChangeStores) {
                form.sheet method="post" action={ "/console/stores/" (store.id) } {
                    (layout::token(visitor))
                    (fields_of(visitor, form, live, inputs::problems(error)))
                    p.actions { button.primary type="submit" { "저장" } }
                }
            } @else {
                (settings(form, live))
            }
        }
    };
    respond(visitor, &store.name, body, error)
}

fn channels(visitor: &Visitor, store: &StoreRow, channels: &[ShownChannel]) -> Markup {
    html! {
        section aria-labelledby="channels" {
            h2 #channels { "채널" }
            ul.items {
                @for channel in channels {
                    li {
                        p.title {
                            a href={ "/console/channels/" (channel.id) } { (channel.name) }
                            (badge(channel.kind.as_str()))
                            @if channel.retired_at.is_some() { (badge("보관됨")) }
                        }
                        @if let Some(warning) = channel.certificate_warning() { p.warning { (warning) } }
                    }
                }
            }
            @if channels.is_empty() { p.empty { "채널이 없습니다. KCP와 통신하려면 채널이 필요합니다." } }
            @if visitor.who.may(Action::ChangeChannels) {
                p { a.button href={ "/console/channels/new?store=" (store.id) } { "채널 만들기" } }
            }
        }
    }
}

fn secrets(visitor: &Visitor, store: &StoreRow, secrets: &[ApiSecret]) -> Markup {
    let now = crate::Clock.now();
    html! {
        section aria-labelledby="secrets" {
            h2 #secrets { "API 시크릿" }
            ul.items {
                @for secret in secrets.iter().filter(|secret| secret.is_valid(now)) {
                    li {
                        p.title { a href={ "/console/secrets/" (secret.id) } { (secret.name) } }
                        p.meta {
                            code { (secret.prefix) "…" }
                            @match secret.last_used_at {
                                Some(at) => { " · 마지막 사용 " (time(at)) },
                                None => " · 아직 쓰이지 않았습니다",
                            }
                        }
                    }
                }
            }
            @if !secrets.iter().any(|secret| secret.is_valid(now)) {
                p.empty { "쓸 수 있는 API 시크릿이 없습니다. 서버에서 API를 부르려면 필요합니다." }
            }
            @if visitor.who.may(Action::ChangeSecrets) {
                p { a.button href={ "/console/secrets/new?store=" (store.id) } { "API 시크릿 만들기" } }
            }
        }
    }
}

/// A form as it came. What its sender was not offered stays as it was, unless they send it all the same: then it is judged.
fn filled(visitor: &Visitor, fields: &Fields, before: &StoreForm) -> StoreForm {
    let lines = |name| fields.lines(name).map(str::to_owned).collect();
    let text = |name| fields.text(name).to_owned();
    StoreForm {
        name: text("name"),
        // A box that is not ticked is not sent: it says no where it was offered.
        allow_test_channels: fields.ticked("allowTestChannels")
            || (!visitor.who.may(Action::AllowTestChannels) && before.allow_test_channels),
        origins: lines("origins"),
        redirect_hosts: lines("redirectHosts"),
        redirect_schemes: lines("redirectSchemes"),
        phone_messages: text("phoneMessages"),
        daily_tries: text("dailyTries"),
        retention_days: if fields.ticked("retentionDays") {
            text("retentionDays")
        } else {
            before.retention_days.clone()
        },
    }
}

fn fields_of(
    visitor: &Visitor,
    form: &StoreForm,
    live: bool,
    problems: Option<&Problems>,
) -> Markup {
    html! {
        (Input { name: "name", label: "이름", value: &form.name, required: true, hint: "콘솔에서 부르는 이름입니다.", ..Input::default() }.text(problems))
        @if live && visitor.who.may(Action::AllowTestChannels) {
            (tick_box("allowTestChannels", "on", "LIVE 상점에서 TEST 채널을 허용합니다. TEST 채널의 결과는 지어낸 것일 수 있어, 실제 고객에게는 쓰지 말아야 합니다.", form.allow_test_channels))
        }
        fieldset {
            legend { "브라우저" }
            (Input { name: "origins", label: "허용하는 출처", value: &form.origins.join("\n"), hint: "브라우저 SDK를 부를 수 있는 페이지의 출처를 한 줄에 하나씩 적습니다. 예: https://shop.example.com. LIVE 상점은 적어야 하고, TEST 상점은 비우면 모두 허용합니다.", ..Input::default() }.area(3, problems))
            (Input { name: "redirectHosts", label: "돌려보낼 수 있는 호스트", value: &form.redirect_hosts.join("\n"), hint: "redirectUrl로 쓸 호스트를 한 줄에 하나씩 적습니다. 페이지의 출처와 같으면 적지 않아도 됩니다. 예: pay.example.com", ..Input::default() }.area(2, problems))
            (Input { name: "redirectSchemes", label: "돌려보낼 수 있는 앱 스킴", value: &form.redirect_schemes.join("\n"), hint: "앱으로 돌아갈 스킴을 한 줄에 하나씩 적습니다. 예: myapp", ..Input::default() }.area(2, problems))
        }
        fieldset {
            legend { "한도와 보관" }
            (Input { name: "phoneMessages", label: "한 휴대폰에 보내는 문자", value: &form.phone_messages, hint: "한 시간(설정 파일에서 정한 시간)에 몇 건까지인지 적습니다. 비우면 게이트웨이의 한도만 따릅니다.", ..Input::default() }.number(problems))
            (Input { name: "dailyTries", label: "하루 본인인증 시도", value: &form.daily_tries, hint: "24시간에 몇 건까지인지 적습니다. 시도마다 KCP 요금이 나올 수 있습니다. 비우면 한도가 없습니다.", ..Input::default() }.number(problems))
            @if visitor.who.may(Action::SetRetention) {
                (Input { name: "retentionDays", label: "개인정보 보관 기간(일)", value: &form.retention_days, hint: "이 날수가 지나면 개인정보를 지우고 기록만 남깁니다. 비우면 저절로 지우지 않습니다.", ..Input::default() }.number(problems))
            }
        }
        (for_the_owner(visitor, form, live))
    }
}

/// The settings that whoever changes the others may not change.
fn for_the_owner(visitor: &Visitor, form: &StoreForm, live: bool) -> Markup {
    let tests = live && !visitor.who.may(Action::AllowTestChannels);
    let retention = !visitor.who.may(Action::SetRetention);
    html! {
        @if tests || retention {
            fieldset {
                legend { "소유자가 정하는 것" }
                p.hint { "소유자(OWNER)만 바꿀 수 있습니다. 저장해도 그대로 남습니다." }
                dl.facts {
                    @if tests { dt { "TEST 채널" } dd { (tests_allowed(form)) } }
                    @if retention { dt { "개인정보 보관 기간" } dd { (number(&form.retention_days, "일")) } }
                }
            }
        }
    }
}

fn tests_allowed(form: &StoreForm) -> &'static str {
    if form.allow_test_channels {
        "허용"
    } else {
        "허용하지 않음"
    }
}

fn number(text: &str, unit: &str) -> String {
    match text {
        "" => "정하지 않음".to_owned(),
        number => format!("{number}{unit}"),
    }
}

/// The settings for those who may only look.
fn settings(form: &StoreForm, live: bool) -> Markup {
    let list = |entries: &[String]| match entries {
        [] => html! { "없음" },
        entries => html! { @for entry in entries { code { (entry) } " " } },
    };
    html! {
        dl.facts {
            @if live { dt { "TEST 채널" } dd { (tests_allowed(form)) } }
            dt { "허용하는 출처" } dd { (list(&form.origins)) }
            dt { "돌려보낼 수 있는 호스트" } dd { (list(&form.redirect_hosts)) }
            dt { "돌려보낼 수 있는 앱 스킴" } dd { (list(&form.redirect_schemes)) }
            dt { "한 휴대폰에 보내는 문자" } dd { (number(&form.phone_messages, "건")) }
            dt { "하루 본인인증 시도" } dd { (number(&form.daily_tries, "건")) }
            dt { "개인정보 보관 기간" } dd { (number(&form.retention_days, "일")) }
        }
    }
}

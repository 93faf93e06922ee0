//! `/console/users`: who may enter the console.

use axum::{
    Router,
    extract::{FromRequest, FromRequestParts, Path, Request, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use bonin_core::{Redacted, UserId};
use bonin_store::ConsoleUser;
use jiff::Timestamp;
use maud::{Markup, html};

use super::{
    Console,
    form::{Fields, Posted},
    inputs::{Input, problems, summary},
    layout::{self, Here, back, role_name, trouble},
    shown::{After, badge, copyable, done, heading, time},
    visitor::Visitor,
};
use crate::admin::{Action, Error, MadeUser, UserForm};

pub(super) fn routes() -> Router<Console> {
    Router::new()
        .route("/console/users", get(list))
        .route("/console/users/new", get(blank).post(create))
        .route("/console/users/{id}", get(show))
        .route("/console/users/{id}/role", post(set_role))
        .route("/console/users/{id}/password", post(reset_password))
        .route(
            "/console/users/{id}/second-factor",
            post(reset_second_factor),
        )
        .route("/console/users/{id}/disable", post(disable))
        .route("/console/users/{id}/enable", post(enable))
        .route("/console/users/{id}/unlock", post(unlock))
}

/// The roles, the least mighty first.
const ROLES: [(&str, &str); 3] = [
    ("VIEWER", "조회자 (VIEWER)"),
    ("OPERATOR", "운영자 (OPERATOR)"),
    ("OWNER", "소유자 (OWNER)"),
];
/// What each may do.
const ROLES_EXPLAINED: &str = "조회자는 보기만 하고 개인정보는 볼 수 없습니다. 운영자는 상점, 채널, API 시크릿, 웹훅을 관리하고 사유를 적어 개인정보를 봅니다. 소유자는 사용자 관리까지 모두 합니다.";

fn page(visitor: &Visitor, title: &str, body: Markup) -> Response {
    layout::page(visitor, Here::Users, title, body)
}

/// The way back to the list.
fn trail() -> Markup {
    html! { nav.trail aria-label="위치" { a href="/console/users" { "사용자" } } }
}

/// The user of an address. One that is not well-formed is not there.
fn user_id(text: String) -> Result<UserId, Error> {
    UserId::parse(text).map_err(|_| Error::NotFound("사용자"))
}

/// What is out of the ordinary.
fn state(user: &ConsoleUser) -> Markup {
    html! {
        @if user.is_disabled() { (badge("사용 중지")) }
        @if user.is_locked(Timestamp::now()) { (badge("로그인 잠김")) }
        @if user.must_change { (badge("임시 비밀번호")) }
    }
}

async fn list(State(console): State<Console>, visitor: Visitor) -> Response {
    match console.admin.users(&visitor.who).await {
        Ok(users) => page(&visitor, "사용자", listed(&users)),
        Err(error) => trouble(&visitor, &error),
    }
}

fn listed(users: &[ConsoleUser]) -> Markup {
    html! {
        (heading("사용자", Some(("/console/users/new", "사용자 만들기"))))
        table.list {
            thead { tr { th scope="col" { "아이디" } th scope="col" { "역할" } th scope="col" { "2단계 인증" } th scope="col" { "마지막 로그인" } } }
            tbody {
                @for user in users {
                    tr {
                        th scope="row" { a href={ "/console/users/" (user.id) } { (user.username) } " " (state(user)) }
                        td data-label="역할" { (role_name(user.role)) }
                        td data-label="2단계 인증" { (if user.has_totp { "켜짐" } else { "꺼짐" }) }
                        td data-label="마지막 로그인" { @match user.last_login_at { Some(at) => (time(at)), None => "없음" } }
                    }
                }
            }
        }
    }
}

async fn blank(visitor: Visitor) -> Response {
    match visitor.who.must(Action::ChangeUsers) {
        Ok(()) => new_page(&visitor, &UserForm::default(), None),
        Err(error) => trouble(&visitor, &error),
    }
}

fn new_page(visitor: &Visitor, form: &UserForm, error: Option<&Error>) -> Response {
    let problems = problems(error);
    let role = if form.role.is_empty() {
        "VIEWER"
    } else {
        &form.role
    };
    let body = html! {
        (trail())
        (heading("사용자 만들기", None))
        (summary(error))
        form.sheet method="post" action="/console/users/new" {
            (layout::token(visitor))
            (Input { name: "username", label: "아이디", value: &form.username, required: true, hint: "영문 소문자와 숫자, . _ @ - 로 1자에서 64자까지 적습니다.", ..Input::default() }.text(problems))
            (Input { name: "role", label: "역할", value: role, required: true, hint: ROLES_EXPLAINED, ..Input::default() }.select(&ROLES, problems))
            p.hint { "만들면 임시 비밀번호를 한 번 보여 줍니다. 사용자는 처음 로그인할 때 비밀번호를 바꿔야 합니다." }
            p.actions { button.primary type="submit" { "만들기" } a href="/console/users" { "취소" } }
        }
    };
    let page = page(visitor, "사용자 만들기", body);
    if error.is_some() {
        (StatusCode::BAD_REQUEST, page).into_response()
    } else {
        page
    }
}

async fn create(State(console): State<Console>, posted: Posted) -> Response {
    let Posted { visitor, fields } = posted;
    let form = UserForm {
        username: fields.text("username").to_owned(),
        role: fields.text("role").to_owned(),
    };
    match console.admin.create_user(&visitor.who, &form).await {
        Ok(MadeUser {
            id,
            username,
            password,
            ..
        }) => {
            let title = "사용자를 만들었습니다";
            shown_once(&visitor, title, &id, &username, &password)
        }
        Err(error @ (Error::Invalid(_) | Error::Refused(_))) => {
            new_page(&visitor, &form, Some(&error))
        }
        Err(error) => trouble(&visitor, &error),
    }
}

/// The only page that a temporary password is ever on.
fn shown_once(
    visitor: &Visitor,
    title: &str,
    id: &UserId,
    username: &str,
    password: &Redacted,
) -> Response {
    let body = html! {
        (heading(title, None))
        div.alert.success role="status" {
            p { "이 비밀번호는 지금만 볼 수 있습니다. 사용자에게 안전한 방법으로 전해 주세요." }
        }
        dl.facts {
            dt { "아이디" } dd { (copyable("made-username", username)) }
            dt { "임시 비밀번호" } dd { (copyable("made-password", password.expose())) }
        }
        p { "처음 로그인하면 비밀번호를 바꿔야 합니다." }
        p { a href={ "/console/users/" (id) } { "사용자 보기" } }
    };
    page(visitor, title, body)
}

async fn show(
    State(console): State<Console>,
    visitor: Visitor,
    Path(id): Path<String>,
    after: After,
) -> Response {
    match found(&console, &visitor, id).await {
        Ok(user) => page(
            &visitor,
            &user.username,
            shown(&visitor, &user, &after.done, None),
        ),
        Err(error) => trouble(&visitor, &error),
    }
}

async fn found(console: &Console, visitor: &Visitor, id: String) -> Result<ConsoleUser, Error> {
    console.admin.user(&visitor.who, &user_id(id)?).await
}

/// A button that does one thing to a user.
fn act(visitor: &Visitor, user: &ConsoleUser, act: &str, label: &str, class: &str) -> Markup {
    html! {
        form method="post" action={ "/console/users/" (user.id) "/" (act) } {
            (layout::token(visitor))
            button class=(class) type="submit" { (label) }
        }
    }
}

fn shown(visitor: &Visitor, user: &ConsoleUser, word: &str, error: Option<&Error>) -> Markup {
    let problems = problems(error);
    html! {
        (trail())
        (heading(&user.username, None))
        (done(word, &[
            ("role", "역할을 바꿨습니다. 사용자는 다시 로그인해야 합니다."),
            ("second-factor", "2단계 인증을 해제했습니다. 사용자는 다시 로그인해야 합니다."),
            ("disabled", "사용을 중지하고 모든 기기에서 로그아웃시켰습니다."),
            ("enabled", "다시 사용할 수 있게 했습니다."),
            ("unlocked", "로그인 잠금을 풀었습니다."),
        ]))
        (summary(error))
        dl.facts {
            dt { "역할" } dd { (role_name(user.role)) " " (state(user)) }
            dt { "2단계 인증" } dd { (if user.has_totp { "켜짐" } else { "꺼짐" }) }
            dt { "만든 때" } dd { (time(user.created_at)) }
            dt { "비밀번호를 바꾼 때" } dd { (time(user.password_changed_at)) }
            dt { "마지막 로그인" } dd { @match user.last_login_at { Some(at) => (time(at)), None => "없음" } }
            @if let Some(at) = user.disabled_at { dt { "사용을 중지한 때" } dd { (time(at)) } }
            @if let Some(until) = user.locked_until.filter(|_| user.is_locked(Timestamp::now())) {
                dt { "로그인 잠김" } dd { (time(until)) "까지. 비밀번호나 인증 번호를 여러 번 틀렸습니다." }
            }
        }
        section aria-labelledby="role-of" {
            h2 #role-of { "역할" }
            form.sheet method="post" action={ "/console/users/" (user.id) "/role" } {
                (layout::token(visitor))
                (Input { name: "role", label: "역할", value: user.role.as_str(), required: true, hint: ROLES_EXPLAINED, ..Input::default() }.select(&ROLES, problems))
                button type="submit" { "역할 바꾸기" }
            }
        }
        section aria-labelledby="login-of" {
            h2 #login-of { "로그인" }
            @if user.is_locked(Timestamp::now()) {
                p { "잠금은 시간이 지나면 저절로 풀립니다. 본인인지 확인했다면 지금 풀 수 있습니다." }
                (act(visitor, user, "unlock", "로그인 잠금 풀기", ""))
            }
            p { "임시 비밀번호를 새로 만들어 한 번 보여 줍니다. 사용자는 모든 기기에서 로그아웃됩니다." }
            (act(visitor, user, "password", "비밀번호 재설정", ""))
            @if user.has_totp {
                p { "휴대폰을 잃어버려 인증 번호를 볼 수 없을 때, 본인인지 확인하고 해제합니다." }
                (act(visitor, user, "second-factor", "2단계 인증 해제", "danger"))
            }
        }
        section aria-labelledby="use-of" {
            h2 #use-of { "사용" }
            @if user.is_disabled() {
                (act(visitor, user, "enable", "다시 사용하게 하기", ""))
            } @else {
                p { "중지하면 곧바로 로그아웃되고 로그인할 수 없습니다. 감사 기록은 남습니다." }
                (act(visitor, user, "disable", "사용 중지", "danger"))
            }
        }
    }
}

/// Back to the user with what became of it.
async fn settled(
    console: &Console,
    visitor: &Visitor,
    id: &UserId,
    word: &str,
    result: Result<(), Error>,
) -> Response {
    let error = match result {
        Ok(()) => {
            return back(format_args!("/console/users/{id}"), word);
        }
        Err(error @ (Error::Invalid(_) | Error::Refused(_))) => error,
        Err(error) => return trouble(visitor, &error),
    };
    match console.admin.user(&visitor.who, id).await {
        Ok(user) => {
            let body = shown(visitor, &user, "", Some(&error));
            (StatusCode::BAD_REQUEST, page(visitor, &user.username, body)).into_response()
        }
        Err(error) => trouble(visitor, &error),
    }
}

/// A form about a user.
struct OnUser {
    visitor: Visitor,
    id: UserId,
    fields: Fields,
}

impl FromRequest<Console> for OnUser {
    type Rejection = Response;

    async fn from_request(request: Request, console: &Console) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let path = Path::<String>::from_request_parts(&mut parts, console).await;
        let request = Request::from_parts(parts, body);
        let Posted { visitor, fields } = Posted::from_request(request, console).await?;
        let id = path.map_or_else(|_| Err(Error::NotFound("사용자")), |Path(id)| user_id(id));
        match id {
            Ok(id) => Ok(Self {
                visitor,
                id,
                fields,
            }),
            Err(error) => Err(trouble(&visitor, &error)),
        }
    }
}

async fn set_role(State(console): State<Console>, asked: OnUser) -> Response {
    let OnUser {
        visitor,
        id,
        fields,
    } = asked;
    let role = fields.text("role");
    let set = console.admin.set_user_role(&visitor.who, &id, role).await;
    settled(&console, &visitor, &id, "role", set).await
}

async fn reset_password(
    State(console): State<Console>,
    Path(id): Path<String>,
    Posted { visitor, .. }: Posted,
) -> Response {
    let user = match found(&console, &visitor, id).await {
        Ok(user) => user,
        Err(error) => return trouble(&visitor, &error),
    };
    match console.admin.reset_password(&visitor.who, &user.id).await {
        Ok(password) => {
            let title = "비밀번호를 재설정했습니다";
            shown_once(&visitor, title, &user.id, &user.username, &password)
        }
        Err(error) => trouble(&visitor, &error),
    }
}

async fn reset_second_factor(State(console): State<Console>, asked: OnUser) -> Response {
    let OnUser { visitor, id, .. } = asked;
    let reset = console.admin.reset_second_factor(&visitor.who, &id).await;
    settled(&console, &visitor, &id, "second-factor", reset).await
}

async fn disable(State(console): State<Console>, asked: OnUser) -> Response {
    let OnUser { visitor, id, .. } = asked;
    let disabled = console.admin.disable_user(&visitor.who, &id).await;
    settled(&console, &visitor, &id, "disabled", disabled).await
}

async fn enable(State(console): State<Console>, asked: OnUser) -> Response {
    let OnUser { visitor, id, .. } = asked;
    let enabled = console.admin.enable_user(&visitor.who, &id).await;
    settled(&console, &visitor, &id, "enabled", enabled).await
}

async fn unlock(State(console): State<Console>, asked: OnUser) -> Response {
    let OnUser { visitor, id, .. } = asked;
    let unlocked = console.admin.unlock_user(&visitor.who, &id).await;
    settled(&console, &visitor, &id, "unlocked", unlocked).await
}

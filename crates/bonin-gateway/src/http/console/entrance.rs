//! The way in and out: the first owner, the login, the second factor, a password that must be changed.

use axum::{
    Router,
    extract::{RawQuery, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use bonin_core::Redacted;
use bonin_store::SessionStep;
use maud::{Markup, html};

use super::{
    Console,
    form::{PostedByStranger, PostedOnTheWay},
    inputs::{Input, problems, summary},
    layout,
    visitor::{Arrival, CalledFrom, Stranger, arrived, come_in, next_step, without_session},
};
use crate::{
    admin::{Error, LoginError},
    service::LimitReached,
};

pub(super) fn routes() -> Router<Console> {
    Router::new()
        .route("/console/setup", get(show_setup).post(set_up))
        .route("/console/login", get(show_login).post(log_in))
        .route("/console/login/code", get(show_code).post(enter_code))
        .route("/console/password", get(show_password).post(set_password))
        .route("/console/logout", post(log_out))
}

const WRONG_LOGIN: &str =
    "아이디나 비밀번호가 맞지 않습니다. 다섯 번 이상 틀리면 1분에서 15분까지 로그인이 막힙니다.";
const WRONG_CODE: &str = "번호가 맞지 않습니다. 인증 앱에 지금 보이는 숫자 6자리를 적어야 합니다. 한 번 쓴 번호는 다시 쓸 수 없고, 다섯 번 이상 틀리면 1분에서 15분까지 로그인이 막힙니다.";

/// The hidden field of a form.
fn hidden(csrf: &str) -> Markup {
    html! { input type="hidden" name="csrf" value=(csrf); }
}

/// A page, with the status that tells whether its form came back.
fn answer(error: Option<&Error>, title: &str, body: Markup) -> Response {
    let page = layout::bare(title, body);
    match error {
        None => page,
        Some(Error::Unavailable) => (StatusCode::SERVICE_UNAVAILABLE, page).into_response(),
        Some(_) => (StatusCode::BAD_REQUEST, page).into_response(),
    }
}

fn trouble(error: &Error) -> Response {
    layout::trouble_at_the_door(error)
}

/// Too many logins from one address.
fn too_many(limit: &LimitReached) -> Response {
    let body = html! {
        h1 { "잠시 뒤 다시 시도해 주세요" }
        p { "이 주소에서 짧은 시간에 너무 많이 로그인했습니다. " (limit.retry_after) "초 뒤에 다시 시도할 수 있습니다." }
        p { a href="/console/login" { "로그인 화면으로" } }
    };
    let page = layout::bare("잠시 뒤 다시 시도해 주세요", body);
    let wait = [(header::RETRY_AFTER, HeaderValue::from(limit.retry_after))];
    (StatusCode::TOO_MANY_REQUESTS, wait, page).into_response()
}

async fn show_setup(State(console): State<Console>, headers: HeaderMap) -> Response {
    match console.admin.has_no_user().await {
        Ok(true) => {}
        Ok(false) => return Redirect::to("/console/login").into_response(),
        Err(error) => return trouble(&error),
    }
    match Stranger::of(&headers, &console) {
        Ok(stranger) => {
            let page = setup_page(&stranger, "", None);
            stranger.carrying(&console, page)
        }
        Err(error) => trouble(&error),
    }
}

fn setup_page(stranger: &Stranger, username: &str, error: Option<&Error>) -> Response {
    let problems = problems(error);
    let body = html! {
        h1 { "소유자 계정 만들기" }
        p.lead { "이 게이트웨이를 관리할 첫 계정을 만듭니다. 서버를 운영하는 사람만 볼 수 있는 설정 코드가 필요합니다." }
        (summary(error))
        form.sheet method="post" action="/console/setup" {
            (hidden(&stranger.csrf))
            (Input { name: "code", label: "설정 코드", required: true, hint: "서버를 처음 시작할 때 데이터 폴더의 console-setup.txt에 적힙니다. bonin user setup-code 명령으로도 받습니다.", ..Input::default() }.text(problems))
            (Input { name: "username", label: "아이디", value: username, required: true, autocomplete: "username", hint: "영문 소문자와 숫자, . _ @ - 로 1자에서 64자까지 적습니다." }.text(problems))
            (new_password_fields(problems))
            button.primary type="submit" { "계정 만들고 들어가기" }
        }
    };
    answer(error, "소유자 계정 만들기", body)
}

/// A new password, twice.
pub(super) fn new_password_fields(problems: Option<&crate::admin::Problems>) -> Markup {
    html! {
        (Input { name: "password", label: "새 비밀번호", required: true, autocomplete: "new-password", hint: "12자에서 128자까지 적습니다. 기억하기 쉬운 문장이면 좋습니다.", ..Input::default() }.password(problems))
        (Input { name: "repeated", label: "새 비밀번호 한 번 더", required: true, autocomplete: "new-password", ..Input::default() }.password(problems))
    }
}

async fn set_up(
    State(console): State<Console>,
    CalledFrom(address): CalledFrom,
    headers: HeaderMap,
    posted: PostedByStranger,
) -> Response {
    let PostedByStranger { stranger, fields } = posted;
    if let Err(limit) = console.service.count_console_login(address) {
        return too_many(&limit);
    }
    let code = Redacted::new(fields.text("code"));
    let password = Redacted::new(fields.raw("password"));
    let repeated = Redacted::new(fields.raw("repeated"));
    let opened = console
        .admin
        .set_up_first_owner(
            &code,
            fields.text("username"),
            [&password, &repeated],
            &address.to_string(),
            console.service.console_config(),
        )
        .await;
    match opened {
        Ok(opened) => come_in(&console, &headers, &opened),
        Err(error) => setup_page(&stranger, fields.text("username"), Some(&error)),
    }
}

async fn show_login(
    State(console): State<Console>,
    CalledFrom(address): CalledFrom,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    match arrived(&headers, address, &console).await {
        Ok(Some(arrival)) => return next_step(arrival.session.kept.step),
        Ok(None) => {}
        Err(error) => return trouble(&error),
    }
    match console.admin.has_no_user().await {
        Ok(false) => {}
        Ok(true) => return Redirect::to("/console/setup").into_response(),
        Err(error) => return trouble(&error),
    }
    let note = match query.as_deref() {
        Some("ended") => {
            Some("로그인한 지 오래되었거나 다른 곳에서 로그아웃했습니다. 다시 로그인해 주세요.")
        }
        Some("left") => Some("로그아웃했습니다."),
        _ => None,
    };
    match Stranger::of(&headers, &console) {
        Ok(stranger) => {
            let page = login_page(&stranger, "", note, None);
            stranger.carrying(&console, page)
        }
        Err(error) => trouble(&error),
    }
}

fn login_page(
    stranger: &Stranger,
    username: &str,
    note: Option<&str>,
    error: Option<&Error>,
) -> Response {
    let body = html! {
        h1 { "로그인" }
        @if let Some(note) = note { p.alert role="status" { (note) } }
        (summary(error))
        form.sheet method="post" action="/console/login" {
            (hidden(&stranger.csrf))
            (Input { name: "username", label: "아이디", value: username, required: true, autocomplete: "username", ..Input::default() }.text(None))
            (Input { name: "password", label: "비밀번호", required: true, autocomplete: "current-password", ..Input::default() }.password(None))
            button.primary type="submit" { "로그인" }
        }
        p.fine { "비밀번호를 잊었거나 인증 앱이 있는 휴대폰을 잃어버렸다면 소유자(OWNER)에게 재설정을 요청해 주세요." }
    };
    answer(error, "로그인", body)
}

async fn log_in(
    State(console): State<Console>,
    CalledFrom(address): CalledFrom,
    headers: HeaderMap,
    posted: PostedByStranger,
) -> Response {
    let PostedByStranger { stranger, fields } = posted;
    if let Err(limit) = console.service.count_console_login(address) {
        return too_many(&limit);
    }
    let password = Redacted::new(fields.raw("password"));
    let opened = console
        .admin
        .login(
            fields.text("username"),
            &password,
            &address.to_string(),
            console.service.console_config(),
        )
        .await;
    let error = match opened {
        Ok(opened) => return come_in(&console, &headers, &opened),
        Err(LoginError::Wrong) => Error::Refused(WRONG_LOGIN.to_owned()),
        Err(LoginError::Other(error)) => error,
    };
    login_page(&stranger, fields.text("username"), None, Some(&error))
}

async fn show_code(arrival: Arrival) -> Response {
    match arrival.session.kept.step {
        SessionStep::SecondFactor => code_page(&arrival, None),
        other => next_step(other),
    }
}

fn code_page(arrival: &Arrival, error: Option<&Error>) -> Response {
    let body = html! {
        h1 { "2단계 인증" }
        p.lead { "휴대폰의 인증 앱에 보이는 숫자 6자리를 적어 주세요." }
        (summary(error))
        form.sheet method="post" action="/console/login/code" {
            (hidden(&arrival.csrf))
            (Input { name: "code", label: "인증 번호", required: true, ..Input::default() }.one_time_code(problems(error)))
            button.primary type="submit" { "확인" }
        }
        (leave(arrival))
    };
    answer(error, "2단계 인증", body)
}

/// The way back out of a step.
fn leave(arrival: &Arrival) -> Markup {
    html! {
        form method="post" action="/console/logout" {
            (hidden(&arrival.csrf))
            button type="submit" { "다른 계정으로 로그인" }
        }
    }
}

async fn enter_code(
    State(console): State<Console>,
    CalledFrom(address): CalledFrom,
    headers: HeaderMap,
    posted: PostedOnTheWay,
) -> Response {
    let PostedOnTheWay { arrival, fields } = posted;
    if arrival.session.kept.step != SessionStep::SecondFactor {
        return next_step(arrival.session.kept.step);
    }
    if let Err(limit) = console.service.count_console_login(address) {
        return too_many(&limit);
    }
    let config = console.service.console_config();
    let opened = console
        .admin
        .login_second_factor(&arrival.session, fields.text("code"), config)
        .await;
    let error = match opened {
        Ok(opened) => return come_in(&console, &headers, &opened),
        Err(LoginError::Wrong) => Error::invalid("code", WRONG_CODE),
        Err(LoginError::Other(error)) => error,
    };
    code_page(&arrival, Some(&error))
}

async fn show_password(arrival: Arrival) -> Response {
    match arrival.session.kept.step {
        SessionStep::MustChangePassword => password_page(&arrival, None),
        other => next_step(other),
    }
}

fn password_page(arrival: &Arrival, error: Option<&Error>) -> Response {
    let body = html! {
        h1 { "비밀번호 바꾸기" }
        p.lead { "다른 사람이 정해 준 임시 비밀번호입니다. 본인만 아는 비밀번호로 바꿔야 계속할 수 있습니다." }
        (summary(error))
        form.sheet method="post" action="/console/password" {
            (hidden(&arrival.csrf))
            input type="hidden" name="username" autocomplete="username" value=(arrival.session.user.username);
            (new_password_fields(problems(error)))
            button.primary type="submit" { "바꾸고 계속하기" }
        }
        (leave(arrival))
    };
    answer(error, "비밀번호 바꾸기", body)
}

async fn set_password(
    State(console): State<Console>,
    headers: HeaderMap,
    posted: PostedOnTheWay,
) -> Response {
    let PostedOnTheWay { arrival, fields } = posted;
    if arrival.session.kept.step != SessionStep::MustChangePassword {
        return next_step(arrival.session.kept.step);
    }
    let password = Redacted::new(fields.raw("password"));
    let repeated = Redacted::new(fields.raw("repeated"));
    let changed = console
        .admin
        .replace_temporary_password(&arrival.session, [&password, &repeated])
        .await;
    match changed {
        Ok(opened) => come_in(&console, &headers, &opened),
        Err(error) => password_page(&arrival, Some(&error)),
    }
}

async fn log_out(State(console): State<Console>, posted: PostedOnTheWay) -> Response {
    match console.admin.logout(&posted.arrival.session).await {
        Ok(()) => without_session(
            &console,
            Redirect::to("/console/login?left").into_response(),
        ),
        Err(error) => trouble(&error),
    }
}

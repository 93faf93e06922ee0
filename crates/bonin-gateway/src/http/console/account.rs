//! One's own account: the password, the second factor, the sessions.

use axum::{
    Router,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use bonin_core::{Redacted, SessionId};
use bonin_store::ConsoleSession;
use maud::{Markup, html};
use qrcode::{Color, QrCode};

use super::{
    Console,
    entrance::new_password_fields,
    form::Posted,
    inputs::{Input, problems, summary},
    layout::{self, Here},
    shown::{After, badge, done, heading, time},
    visitor::{Visitor, carrying},
};
use crate::admin::{Enrolment, Error, OpenedSession};

pub(super) fn routes() -> Router<Console> {
    Router::new()
        .route("/console/settings", get(show))
        .route("/console/settings/password", post(change_password))
        .route("/console/settings/totp", post(begin_totp))
        .route("/console/settings/totp/confirm", post(confirm_totp))
        .route("/console/settings/totp/cancel", post(cancel_totp))
        .route("/console/settings/totp/remove", post(remove_totp))
        .route("/console/settings/sessions/end", post(end_others))
        .route("/console/settings/sessions/{id}/end", post(end_one))
}

const SETTINGS: &str = "/console/settings";

/// Which of the page's forms came back, and why.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Password,
    SecondFactor,
    Sessions,
}

async fn show(State(console): State<Console>, visitor: Visitor, after: After) -> Response {
    page(&console, &visitor, &after.done, None).await
}

async fn page(
    console: &Console,
    visitor: &Visitor,
    word: &str,
    refused: Option<(Part, &Error)>,
) -> Response {
    match body(console, visitor, word, refused).await {
        Ok(body) => {
            let page = layout::page(visitor, Here::Settings, "내 계정", body);
            match refused {
                None => page,
                Some((_, Error::Unavailable)) => {
                    (StatusCode::SERVICE_UNAVAILABLE, page).into_response()
                }
                Some(_) => (StatusCode::BAD_REQUEST, page).into_response(),
            }
        }
        Err(error) => layout::trouble(visitor, &error),
    }
}

async fn body(
    console: &Console,
    visitor: &Visitor,
    word: &str,
    refused: Option<(Part, &Error)>,
) -> Result<Markup, Error> {
    let session = &visitor.session;
    let config = console.service.console_config();
    let sessions = console.admin.own_sessions(session, config).await?;
    let enrolment = console.admin.pending_own_totp(session).await?;
    let because = |part| {
        refused
            .filter(|(refused, _)| *refused == part)
            .map(|(_, error)| error)
    };
    Ok(html! {
        (heading("내 계정", None))
        (done(word, &[
            ("password", "비밀번호를 바꾸고 다른 기기에서 로그아웃했습니다."),
            ("totp", "2단계 인증을 켜고 다른 기기에서 로그아웃했습니다."),
            ("removed", "2단계 인증을 해제하고 다른 기기에서 로그아웃했습니다."),
            ("ended", "그 기기에서 로그아웃했습니다."),
        ]))
        dl.facts {
            dt { "아이디" } dd { (session.user.username) }
            dt { "역할" } dd { (layout::role_name(session.user.role)) }
        }
        section aria-labelledby="second-factor" {
            h2 #second-factor { "2단계 인증 " @if session.user.has_totp { (badge("켜짐")) } @else { (badge("꺼짐")) } }
            (summary(because(Part::SecondFactor)))
            @match (session.user.has_totp, &enrolment) {
                (true, _) => (remove_form(visitor, because(Part::SecondFactor))),
                (false, Some(enrolment)) => (confirm_form(visitor, enrolment, because(Part::SecondFactor))?),
                (false, None) => (begin_form(visitor, because(Part::SecondFactor))),
            }
        }
        section aria-labelledby="own-password" {
            h2 #own-password { "비밀번호 바꾸기" }
            (summary(because(Part::Password)))
            (password_form(visitor, because(Part::Password)))
        }
        section aria-labelledby="sessions" {
            h2 #sessions { "로그인한 기기" }
            (summary(because(Part::Sessions)))
            (sessions_table(visitor, &sessions))
        }
    })
}

/// The present password. Two forms of the page ask for it: `name` tells them apart.
fn present(name: &'static str, error: Option<&Error>) -> Markup {
    let input = Input {
        name,
        label: "지금 쓰는 비밀번호",
        required: true,
        autocomplete: "current-password",
        ..Input::default()
    };
    input.password(problems(error))
}

fn begin_form(visitor: &Visitor, error: Option<&Error>) -> Markup {
    html! {
        p { "비밀번호에 더해, 휴대폰의 인증 앱(Google Authenticator, Microsoft Authenticator 등)이 만드는 번호를 묻습니다. 비밀번호가 새어도 계정을 지킬 수 있습니다." }
        form.sheet method="post" action="/console/settings/totp" {
            (layout::token(visitor))
            (present("present", error))
            button.primary type="submit" { "2단계 인증 켜기" }
        }
    }
}

fn confirm_form(
    visitor: &Visitor,
    enrolment: &Enrolment,
    error: Option<&Error>,
) -> Result<Markup, Error> {
    Ok(html! {
        ol.steps {
            li {
                p { "인증 앱으로 이 QR 코드를 찍습니다." }
                (qr(enrolment.address.expose())?)
                p { "찍을 수 없으면 이 키를 앱에 적습니다. 종류는 시간 기반(TOTP)입니다." }
                p { code.key #totp-secret { (in_groups(enrolment.secret.expose())) } }
            }
            li {
                p { "앱에 보이는 번호를 적습니다. 맞아야 2단계 인증이 켜집니다." }
                form.sheet method="post" action="/console/settings/totp/confirm" {
                    (layout::token(visitor))
                    (Input { name: "code", label: "인증 번호", required: true, ..Input::default() }.one_time_code(problems(error)))
                    button.primary type="submit" { "확인하고 켜기" }
                }
            }
        }
        form method="post" action="/console/settings/totp/cancel" {
            (layout::token(visitor))
            button type="submit" { "그만두기" }
        }
    })
}

fn remove_form(visitor: &Visitor, error: Option<&Error>) -> Markup {
    html! {
        p { "로그인할 때 인증 앱의 번호를 묻습니다. 휴대폰을 바꾸려면 해제한 뒤 다시 켜야 합니다." }
        form.sheet method="post" action="/console/settings/totp/remove" {
            (layout::token(visitor))
            (present("present", error))
            button.danger type="submit" { "2단계 인증 해제" }
        }
    }
}

fn password_form(visitor: &Visitor, error: Option<&Error>) -> Markup {
    html! {
        form.sheet method="post" action="/console/settings/password" {
            (layout::token(visitor))
            input type="hidden" name="username" autocomplete="username" value=(visitor.session.user.username);
            (present("current", error))
            (new_password_fields(problems(error)))
            button.primary type="submit" { "비밀번호 바꾸기" }
        }
    }
}

fn sessions_table(visitor: &Visitor, sessions: &[ConsoleSession]) -> Markup {
    html! {
        table.list {
            thead { tr { th scope="col" { "주소" } th scope="col" { "로그인" } th scope="col" { "마지막 사용" } th scope="col" { "상태" } } }
            tbody {
                @for session in sessions {
                    tr {
                        th scope="row" { (session.origin) }
                        td data-label="로그인" { (time(session.created_at)) }
                        td data-label="마지막 사용" { (time(session.last_seen_at)) }
                        td data-label="상태" {
                            @if session.id == visitor.session.kept.id { (badge("지금 이 기기")) }
                            @else {
                                form method="post" action={ "/console/settings/sessions/" (session.id) "/end" } {
                                    (layout::token(visitor))
                                    button type="submit" { "로그아웃" }
                                }
                            }
                        }
                    }
                }
            }
        }
        @if sessions.len() > 1 {
            form method="post" action="/console/settings/sessions/end" {
                (layout::token(visitor))
                button type="submit" { "다른 기기에서 모두 로그아웃" }
            }
        }
    }
}

/// A QR code, dark on light in either theme: apps read it so.
fn qr(text: &str) -> Result<Markup, Error> {
    const QUIET: usize = 4;
    let code = QrCode::new(text).map_err(|_| {
        tracing::error!("a QR code could not be made");
        Error::Unavailable
    })?;
    let width = code.width();
    let size = width + 2 * QUIET;
    let colors = code.to_colors();
    let dark = colors
        .iter()
        .enumerate()
        .filter(|(_, color)| **color == Color::Dark);
    let path: String = dark
        .map(|(at, _)| format!("M{} {}h1v1h-1z", at % width + QUIET, at / width + QUIET))
        .collect();
    Ok(html! {
        svg.qr role="img" aria-label="인증 앱에 등록하는 QR 코드" width="200" height="200"
            viewBox={ "0 0 " (size) " " (size) } shape-rendering="crispEdges" {
            rect width=(size) height=(size) fill="#ffffff" {}
            path d=(path) fill="#000000" {}
        }
    })
}

/// Easier to type: in groups of four.
fn in_groups(secret: &str) -> String {
    let characters: Vec<char> = secret.chars().collect();
    let groups = characters
        .chunks(4)
        .map(|group| group.iter().collect::<String>());
    groups.collect::<Vec<_>>().join(" ")
}

/// Back to the page with what became of it, under the cookie that the session has now.
async fn settled(
    console: &Console,
    visitor: &Visitor,
    part: Part,
    word: &str,
    done: Result<OpenedSession, Error>,
) -> Response {
    match done {
        Ok(opened) => {
            let back = layout::back(SETTINGS, word);
            carrying(console, &opened, back)
        }
        Err(error) => page(console, visitor, "", Some((part, &error))).await,
    }
}

async fn change_password(State(console): State<Console>, posted: Posted) -> Response {
    let Posted { visitor, fields } = posted;
    let present = Redacted::new(fields.raw("current"));
    let password = Redacted::new(fields.raw("password"));
    let repeated = Redacted::new(fields.raw("repeated"));
    let changed = console
        .admin
        .change_own_password(&visitor.session, &present, [&password, &repeated])
        .await;
    settled(&console, &visitor, Part::Password, "password", changed).await
}

async fn begin_totp(State(console): State<Console>, posted: Posted) -> Response {
    let Posted { visitor, fields } = posted;
    let present = Redacted::new(fields.raw("present"));
    let begun = console
        .admin
        .begin_own_totp(&visitor.session, &present)
        .await;
    match begun {
        Ok(()) => Redirect::to("/console/settings#second-factor").into_response(),
        Err(error) => {
            let refused = Some((Part::SecondFactor, &error));
            page(&console, &visitor, "", refused).await
        }
    }
}

async fn confirm_totp(State(console): State<Console>, posted: Posted) -> Response {
    let Posted { visitor, fields } = posted;
    let confirmed = console
        .admin
        .confirm_own_totp(&visitor.session, fields.text("code"))
        .await;
    settled(&console, &visitor, Part::SecondFactor, "totp", confirmed).await
}

async fn cancel_totp(State(console): State<Console>, posted: Posted) -> Response {
    let session = &posted.visitor.session;
    match console.admin.forget_pending_totp(session).await {
        Ok(()) => Redirect::to(SETTINGS).into_response(),
        Err(error) => layout::trouble(&posted.visitor, &error),
    }
}

async fn remove_totp(State(console): State<Console>, posted: Posted) -> Response {
    let Posted { visitor, fields } = posted;
    let present = Redacted::new(fields.raw("present"));
    let removed = console
        .admin
        .remove_own_totp(&visitor.session, &present)
        .await;
    settled(&console, &visitor, Part::SecondFactor, "removed", removed).await
}

async fn end_others(State(console): State<Console>, posted: Posted) -> Response {
    let session = &posted.visitor.session;
    ended(
        &console,
        &posted.visitor,
        console.admin.end_other_own_sessions(session).await,
    )
    .await
}

async fn end_one(
    State(console): State<Console>,
    Path(id): Path<String>,
    posted: Posted,
) -> Response {
    let session = &posted.visitor.session;
    let done = match SessionId::parse(id) {
        Ok(id) => console.admin.end_own_session(session, &id).await,
        Err(_) => Err(Error::NotFound("로그인")),
    };
    ended(&console, &posted.visitor, done).await
}

async fn ended(console: &Console, visitor: &Visitor, done: Result<(), Error>) -> Response {
    match done {
        // Not found: it had ended by itself, which is what was wanted.
        Ok(()) | Err(Error::NotFound(_)) => layout::back(SETTINGS, "ended"),
        Err(error) => page(console, visitor, "", Some((Part::Sessions, &error))).await,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop")]

    use super::*;

    #[test]
    fn a_qr_code_is_a_picture_with_a_quiet_border_and_a_name() {
        let address = format!(
            "otpauth://totp/Bonin:owner?secret={}&issuer=Bonin",
            "A".repeat(32)
        );
        let picture = qr(&address).unwrap().into_string();
        let code = QrCode::new(&address).unwrap();
        let size = code.width() + 8;
        assert!(picture.contains(&format!("viewBox=\"0 0 {size} {size}\"")));
        let dark = code
            .to_colors()
            .iter()
            .filter(|one| **one == Color::Dark)
            .count();
        assert_eq!(picture.matches('M').count(), dark);
        assert!(picture.contains("aria-label"));
        assert!(!picture.contains("style="));
    }

    #[test]
    fn a_key_is_shown_in_groups_of_four() {
        assert_eq!(in_groups("ABCDEFGHIJ"), "ABCD EFGH IJ");
    }
}

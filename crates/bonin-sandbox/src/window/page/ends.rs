//! The pages that no step follows.

use axum::http::StatusCode;
use axum::http::header::{CONTENT_SECURITY_POLICY, REFERRER_POLICY};
use axum::response::{Html, IntoResponse, Response};
use maud::{Markup, html};

use super::{Forms, document, fine_print, policy, respond};
use crate::window::leave::ReturnForm;
use crate::window::visit::Visit;
use crate::world::NoWindow;

/// Posts the user's browser back to the merchant: by itself, or by the button where there is no script.
pub(in crate::window) fn back(visit: &Visit, form: &ReturnForm) -> Response {
    let (heading, mark) = if form.is_success {
        ("본인확인이 완료되었습니다", "done")
    } else {
        ("본인확인을 취소했습니다", "cancelled")
    };
    let body = html! {
        main.pane.end data-mark=(mark) {
            h1 { (heading) }
            p.lead { "원래 화면으로 돌아갑니다. 화면이 바뀌지 않으면 아래 버튼을 눌러 주세요." }
            form method="post" action=(form.action) accept-charset="utf-8" data-return {
                @for (name, value) in &form.fields {
                    input type="hidden" name=(name) value=(value);
                }
                button.primary type="submit" { "돌아가기" }
            }
        }
        (fine_print())
    };
    let headers = [
        (
            CONTENT_SECURITY_POLICY,
            policy(&visit.hosts, Forms::Merchant),
        ),
        // As KCP's: the merchant sees which origin posts, and nothing of the address.
        (REFERRER_POLICY, "strict-origin".to_owned()),
    ];
    let html = document(heading, body, true);
    (headers, Html(html.into_string())).into_response()
}

/// There is no window to show.
pub(in crate::window) fn gone(why: NoWindow, hosts: &[String]) -> Response {
    let (status, heading, text) = match why {
        NoWindow::Unknown => (
            StatusCode::NOT_FOUND,
            "인증창을 찾을 수 없습니다",
            "주소가 올바르지 않거나 이미 끝난 인증창입니다.",
        ),
        NoWindow::Used => (
            StatusCode::GONE,
            "이미 열었던 인증창입니다",
            "인증창은 한 번만 열 수 있습니다.",
        ),
        NoWindow::Expired => (
            StatusCode::GONE,
            "인증창의 유효시간이 지났습니다",
            "오래 머물러 본인확인을 이어 갈 수 없습니다.",
        ),
    };
    calm(status, heading, text, hosts)
}

/// The window was opened by something other than its form.
pub(in crate::window) fn wrong_form(hosts: &[String]) -> Response {
    calm(
        StatusCode::BAD_REQUEST,
        "인증창을 열 수 없습니다",
        "본인확인을 요청한 화면에서 다시 시작해야 합니다.",
        hosts,
    )
}

fn calm(status: StatusCode, heading: &str, text: &str, hosts: &[String]) -> Response {
    let body: Markup = html! {
        main.pane.end data-mark="gone" {
            h1 { (heading) }
            p.lead { (text) " 이 창을 닫고, 이용하시던 서비스에서 본인확인을 다시 시작해 주세요." }
        }
        (fine_print())
    };
    let html = document(heading, body, false);
    respond(status, &policy(hosts, Forms::None), html)
}

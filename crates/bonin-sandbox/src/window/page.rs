//! What the window looks like. Rendered here, escaped; every page works without its script.

mod ends;
mod steps;

use axum::http::StatusCode;
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::{Html, IntoResponse, Response};
use maud::{DOCTYPE, Markup, html};

pub(super) use self::ends::{back, gone, wrong_form};
pub(super) use self::steps::{
    Asked, Numbered, Word, method, number, operator, pass, person, terms,
};
use super::visit::Visit;

/// How many steps the window tells the user of.
const STEPS: u8 = 5;

/// A page of an open window.
struct Sheet<'a> {
    visit: &'a Visit,
    /// Which of the [`STEPS`] this is.
    step: u8,
    heading: &'a str,
    /// The page to go back to, where there is one.
    previous: Option<&'a str>,
    content: Markup,
}

impl Sheet<'_> {
    fn show(self) -> Response {
        let visit = self.visit;
        let body = html! {
            main.pane {
                header.top {
                    p.brand { "휴대폰 본인확인" span.trial { "시험용" } }
                    progress value=(self.step) max=(STEPS)
                        aria-label={ (STEPS) "단계 중 " (self.step) "단계" } {}
                }
                h1 { (self.heading) }
                (self.content)
                footer.foot {
                    @if let Some(previous) = self.previous {
                        a.quiet href=(visit.path(previous)) { "이전" }
                    } @else {
                        span {}
                    }
                    form method="post" action=(visit.path("cancel")) {
                        button.quiet type="submit" { "취소" }
                    }
                }
            }
            (fine_print())
        };
        let html = document(self.heading, body, true);
        respond(StatusCode::OK, &policy(&visit.hosts, Forms::Own), html)
    }
}

fn fine_print() -> Markup {
    html! {
        p.fine { "본인 샌드박스의 시험용 인증창입니다. 실제 통신사에는 아무것도 보내지 않습니다." }
    }
}

fn document(title: &str, body: Markup, has_script: bool) -> Markup {
    html! {
        (DOCTYPE)
        html lang="ko" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " · 휴대폰 본인확인" }
                link rel="icon" href="/window/icon.svg" type="image/svg+xml";
                link rel="stylesheet" href="/window/window.css";
                @if has_script { script src="/window/window.js" defer {} }
            }
            body { (body) }
        }
    }
}

fn respond(status: StatusCode, policy: &str, html: Markup) -> Response {
    (
        status,
        [(CONTENT_SECURITY_POLICY, policy)],
        Html(html.into_string()),
    )
        .into_response()
}

/// Where a page's forms may go.
#[derive(Clone, Copy)]
enum Forms {
    None,
    Own,
    /// To the merchant. No `form-action` then: the merchant may send the person on to anywhere, an app's own scheme included, and browsers
    /// hold redirects after a form against that directive too. Such a page has one form, and its address is the merchant's own setting.
    Merchant,
}

/// As strict as the page allows. A merchant's own pages may frame the window (its hosts as set at KCP), nobody else's.
fn policy(hosts: &[String], forms: Forms) -> String {
    let mut ancestors = String::new();
    for host in hosts
        .iter()
        .map(|host| host.trim())
        .filter(|host| is_host_name(host))
    {
        ancestors.push_str(&format!(" http://{host}:* https://{host}:*"));
    }
    if ancestors.is_empty() {
        ancestors.push_str(" 'none'");
    }
    format!(
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; \
         frame-ancestors{ancestors}{}",
        match forms {
            Forms::None => "; form-action 'none'",
            Forms::Own => "; form-action 'self'",
            Forms::Merchant => "",
        }
    )
}

/// What may stand in a policy without being more than a host.
fn is_host_name(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'-')
}

pub(super) async fn style() -> Response {
    asset("text/css; charset=utf-8", include_str!("window.css"))
}

pub(super) async fn script() -> Response {
    asset("text/javascript; charset=utf-8", include_str!("window.js"))
}

pub(super) async fn icon() -> Response {
    asset("image/svg+xml", include_str!("../phone/icon.svg"))
}

fn asset(content_type: &'static str, text: &'static str) -> Response {
    ([(CONTENT_TYPE, content_type)], text).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_host_names_get_into_a_policy() {
        let hosts = [
            "127.0.0.1",
            " shop.example ",
            "x; script-src *",
            "*",
            "",
            "a b",
            "[::1]",
        ];
        let policy = policy(&hosts.map(str::to_owned), Forms::Own);
        assert!(
            policy.ends_with(
                "; frame-ancestors http://127.0.0.1:* https://127.0.0.1:* http://shop.example:* https://shop.example:*; form-action 'self'"
            ),
            "{policy}"
        );
        assert!(
            super::policy(&[], Forms::None)
                .ends_with("; frame-ancestors 'none'; form-action 'none'")
        );
    }
}

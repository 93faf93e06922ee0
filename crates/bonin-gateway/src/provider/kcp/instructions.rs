//! What a merchant has to set in KCP's partner admin, and to ask KCP for, so that a channel works with this gateway.

use url::{Host, Url};

use crate::provider::{Instructions, Product, Step};

const PARTNER_ADMIN: &str = "KCP 파트너 관리자 > 부가서비스 > 휴대폰본인확인";
const RESULT_URL: &str = "KCP 파트너 관리자 > 부가서비스 > 휴대폰본인확인 > 인증결과URL설정";
const CERTIFICATE: &str = "KCP 파트너 관리자의 서비스 인증서 발급 메뉴(없으면 KCP 계약 담당자)";
const CONTRACT: &str = "KCP 계약 담당자";

/// The host that browsers are sent back to.
pub(super) fn result_host(public_url: &str) -> String {
    Url::parse(public_url)
        .ok()
        .and_then(|url| url.host_str().map(str::to_owned))
        .unwrap_or_default()
}

/// Whether only this machine's own browsers find the way back.
fn is_loopback(public_url: &str) -> bool {
    match Url::parse(public_url).ok().as_ref().and_then(Url::host) {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

fn result_url_note(public_url: &str) -> String {
    let mut note = "인증이 끝난 브라우저가 돌아올 호스트입니다. 쇼핑몰이 아니라 이 게이트웨이의 호스트(public_url)를 등록해야 합니다. 빠지면 KCP가 CS24로 거절합니다.".to_owned();
    if is_loopback(public_url) {
        note.push_str(" 지금의 public_url은 이 컴퓨터에서만 열리는 주소입니다. 샌드박스에는 이미 등록되어 있지만, 실제 고객에게 쓰려면 public_url을 고객의 브라우저가 여는 https 주소로 바꿔야 합니다.");
    }
    note
}

pub(super) fn instructions(product: Product, public_url: &str) -> Instructions {
    let steps = match product {
        Product::Window => vec![
            Step {
                place: RESULT_URL,
                value: Some(result_host(public_url)),
                note: result_url_note(public_url),
            },
            Step {
                place: PARTNER_ADMIN,
                value: Some("표준창(V2)".to_owned()),
                note: "연동 방식이 표준창(V2)인지 확인해야 합니다. 다르면 KCP가 CS24로 거절하므로 KCP에 변경을 요청해야 합니다.".to_owned(),
            },
            Step {
                place: PARTNER_ADMIN,
                value: None,
                note: "가맹점 인증키를 확인해 채널의 가맹점 인증키에 그대로 넣습니다.".to_owned(),
            },
        ],
        Product::Hub => vec![
            Step {
                place: CERTIFICATE,
                value: None,
                note: "서비스 인증서를 발급받아 KCP_AUTH_{site_cd}_CERT.pem과 KCP_AUTH_{site_cd}_PRIKEY.pem, 그리고 발급 때 정한 개인키 비밀번호를 채널에 넣습니다. 인증서의 유효기간은 5년입니다.".to_owned(),
            },
            Step {
                place: CONTRACT,
                value: None,
                note: "허브형 API로 휴대폰본인확인을 계약했는지, CI를 받을 수 있는 계약인지, 이 서버가 KCP를 호출하는 IP 주소를 등록해야 하는지 확인해야 합니다.".to_owned(),
            },
        ],
    };
    Instructions { product, steps }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_of_the_public_address_is_what_the_partner_admin_wants() {
        for (public_url, host) in [
            ("https://bonin.example.com", "bonin.example.com"),
            ("https://bonin.example.com:8443/path", "bonin.example.com"),
            ("http://127.0.0.1:8787", "127.0.0.1"),
        ] {
            let told = instructions(Product::Window, public_url);
            assert_eq!(told.steps[0].value.as_deref(), Some(host));
            assert!(told.steps[0].place.ends_with("인증결과URL설정"));
            let warned = told.steps[0].note.contains("이 컴퓨터에서만");
            assert_eq!(warned, host == "127.0.0.1");
        }
    }
}

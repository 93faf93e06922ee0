//! Checks credentials as they were entered, before anything is kept: all that is wrong, by field.

use bonin_core::Redacted;
use bonin_kcp::{
    hub::{CredentialsError, HubCertificate, HubKey},
    window::{WindowCredentials, WindowCredentialsError},
};
use bonin_store::{Channel, ChannelKind, HubAccess, WindowAccess};
use jiff::Timestamp;
use url::Url;

use super::{HUB_LIVE, HUB_TEST, PG_PROVIDER, WINDOW_LIVE, WINDOW_TEST, hosts::LiveHosts};
use crate::{
    Problems,
    provider::{CheckedCredentials, EnteredCredentials, setup::korean_day},
};

/// KCP's public test merchant: everyone knows its key.
const PUBLIC_MERCHANT: &str = "AO7F3";
/// An address of KCP is far shorter.
const MAX_URL: usize = 255;
/// A password is far shorter; one line of a form is not.
const MAX_PASSWORD: usize = 256;

/// What is checked, and against what.
pub(super) struct Entered<'a> {
    pub kind: ChannelKind,
    pub credentials: &'a EnteredCredentials,
    /// The channel whose credentials are replaced: what is not entered stays as it is.
    pub before: Option<&'a Channel>,
    pub now: Timestamp,
}

/// All checks. Opening the key is work for the CPU: call it off the async threads.
pub(super) fn check(
    entered: &Entered<'_>,
    live_hosts: &LiveHosts,
) -> Result<CheckedCredentials, Problems> {
    let mut problems = Problems::default();
    let (hub_default, window_default) = match entered.kind {
        ChannelKind::Live => (HUB_LIVE, WINDOW_LIVE),
        ChannelKind::Test => (HUB_TEST, WINDOW_TEST),
    };
    let kept_hub = entered.before.and_then(|channel| channel.hub.as_ref());
    let kept_window = entered.before.and_then(|channel| channel.window.as_ref());
    let credentials = entered.credentials;
    let names_hub = credentials.names_hub();
    let names_window = credentials.names_window();

    let site_cd = site_cd(&mut problems, entered);
    if !names_hub && !names_window && kept_hub.is_none() && kept_window.is_none() {
        problems.add(
            "credentials",
            "자격 증명이 없습니다. 허브형(API 방식)이면 인증서·개인키·개인키 비밀번호를, 표준창(SDK 방식)이면 가맹점 인증키를 넣어야 합니다. 둘 다 넣어도 됩니다.",
        );
    }

    let mut address = |field, given: &str, kept: Option<&str>, default: &str| {
        let url = match given.trim() {
            "" => kept.unwrap_or(default),
            given => given,
        };
        match read_address(url, entered.kind, live_hosts) {
            Ok(url) => url,
            Err(why) => {
                problems.add(field, why);
                String::new()
            }
        }
    };
    let hub_url = address(
        "hubUrl",
        &credentials.hub_url,
        kept_hub.map(|hub| hub.url.as_str()),
        hub_default,
    );
    let window_url = address(
        "windowUrl",
        &credentials.window_url,
        kept_window.map(|window| window.url.as_str()),
        window_default,
    );

    let hub = if names_hub {
        Some(hub(&mut problems, credentials, hub_url, entered.now))
    } else {
        kept_hub.map(|hub| HubAccess {
            url: hub_url,
            ..hub.clone()
        })
    };
    let window = if names_window {
        Some(window(&mut problems, credentials, window_url))
    } else {
        kept_window.map(|window| WindowAccess {
            url: window_url,
            ..window.clone()
        })
    };
    if problems.0.is_empty() {
        Ok(CheckedCredentials {
            pg_provider: PG_PROVIDER,
            pg_merchant_id: site_cd,
            kind: entered.kind,
            hub,
            window,
        })
    } else {
        Err(problems)
    }
}

fn site_cd(problems: &mut Problems, entered: &Entered<'_>) -> String {
    let kept = entered
        .before
        .map(|channel| channel.pg_merchant_id.as_str());
    let given = match entered.credentials.site_cd.trim() {
        "" => kept.unwrap_or_default(),
        given => given,
    };
    // The form is the same for both products; the window's check needs no key to be opened.
    let well_formed = WindowCredentials::new(given, "0").is_ok();
    if given.is_empty() {
        problems.add(
            "siteCd",
            "필수 항목입니다. KCP에서 발급한 영문·숫자 사이트 코드(예: A1B2C)를 적어야 합니다.",
        );
    } else if !well_formed {
        problems.add("siteCd", CredentialsError::SiteCd.to_string());
    } else if entered.kind == ChannelKind::Live && given.eq_ignore_ascii_case(PUBLIC_MERCHANT) {
        problems.add(
            "siteCd",
            "AO7F3은 누구나 키를 아는 KCP의 공개 테스트 가맹점입니다. LIVE 채널에는 직접 계약한 가맹점의 사이트 코드를 적어야 합니다.",
        );
    }
    given.to_owned()
}

/// An address of KCP, without a slash at its end.
fn read_address(text: &str, kind: ChannelKind, live_hosts: &LiveHosts) -> Result<String, String> {
    let url = Url::parse(text).ok().filter(|url| {
        matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none()
            && text.len() <= MAX_URL
            // The parser drops line breaks and tabs; an address that has some is none.
            && !text.contains(|c: char| c.is_whitespace() || c.is_control())
    });
    let Some(url) = url else {
        return Err(format!(
            "https://spl.kcp.co.kr처럼 http 또는 https 주소여야 합니다({MAX_URL}자 이하, 물음표와 사용자 이름 없이). 비워 두면 KCP의 주소를 씁니다."
        ));
    };
    if !live_hosts.allow(kind, &url) {
        return Err(
            "LIVE 채널은 KCP의 https 주소로만 통신합니다. 비워 두거나, 다른 주소가 꼭 필요하면 게이트웨이의 설정 파일에서 kcp_live_hosts에 그 호스트를 더해야 합니다."
                .to_owned(),
        );
    }
    Ok(text.trim_end_matches('/').to_owned())
}

fn hub(
    problems: &mut Problems,
    entered: &EnteredCredentials,
    url: String,
    now: Timestamp,
) -> HubAccess {
    let certificate = certificate(problems, entered.certificate.expose(), now);
    // A file or a form may end the line that the password is on.
    let password = entered
        .private_key_password
        .expose()
        .trim_end_matches(['\r', '\n']);
    key(
        problems,
        entered.private_key.expose(),
        password,
        certificate.as_ref(),
    );
    HubAccess {
        url,
        certificate: entered.certificate.clone(),
        private_key: entered.private_key.clone(),
        private_key_password: Redacted::new(password),
        certificate_ends_at: certificate.map(|certificate| certificate.not_after()),
    }
}

fn certificate(problems: &mut Problems, pem: &str, now: Timestamp) -> Option<HubCertificate> {
    if pem.trim().is_empty() {
        problems.add(
            "certificate",
            "허브형에는 인증서도 필요합니다. KCP에서 받은 KCP_AUTH_{site_cd}_CERT.pem 파일의 내용 전체를 넣어야 합니다.",
        );
        return None;
    }
    if pem.contains("PRIVATE KEY-----") && !pem.contains("BEGIN CERTIFICATE-----") {
        problems.add(
            "certificate",
            "인증서 자리에 개인키가 들어 있습니다. KCP_AUTH_{site_cd}_CERT.pem 파일의 내용을 넣어야 합니다.",
        );
        return None;
    }
    let certificate = match HubCertificate::parse(pem) {
        Ok(certificate) => certificate,
        Err(error) => {
            problems.add("certificate", error.to_string());
            return None;
        }
    };
    if certificate.not_after() <= now {
        problems.add(
            "certificate",
            format!(
                "인증서가 {}에 만료되었습니다. KCP 파트너 관리자에서 새 인증서를 받아 넣어야 합니다.",
                korean_day(certificate.not_after())
            ),
        );
    } else if now < certificate.not_before() {
        problems.add(
            "certificate",
            format!(
                "인증서가 아직 유효하지 않습니다({}부터). 지금 쓸 수 있는 인증서를 넣거나 서버의 시계를 확인해야 합니다.",
                korean_day(certificate.not_before())
            ),
        );
    }
    Some(certificate)
}

fn key(problems: &mut Problems, pem: &str, password: &str, certificate: Option<&HubCertificate>) {
    let password_missing = password.is_empty();
    if password_missing {
        problems.add(
            "privateKeyPassword",
            "허브형에는 개인키 비밀번호도 필요합니다. KCP에서 인증서를 발급받을 때 정한 비밀번호를 넣어야 합니다.",
        );
    }
    if pem.trim().is_empty() {
        problems.add(
            "privateKey",
            "허브형에는 개인키도 필요합니다. KCP에서 받은 KCP_AUTH_{site_cd}_PRIKEY.pem 파일의 내용 전체를 넣어야 합니다.",
        );
        return;
    }
    if pem.contains("BEGIN CERTIFICATE-----") && !pem.contains("PRIVATE KEY-----") {
        problems.add(
            "privateKey",
            "개인키 자리에 인증서가 들어 있습니다. KCP_AUTH_{site_cd}_PRIKEY.pem 파일의 내용을 넣어야 합니다.",
        );
        return;
    }
    let opened = if password.len() <= MAX_PASSWORD {
        HubKey::open(pem, password)
    } else {
        Err(CredentialsError::WrongPassword)
    };
    match opened {
        Ok(key) => {
            if certificate.is_some_and(|certificate| !key.belongs_to(certificate)) {
                problems.add("privateKey", CredentialsError::KeyMismatch.to_string());
            }
        }
        Err(CredentialsError::WrongPassword) if password_missing => {}
        Err(error @ CredentialsError::WrongPassword) => {
            problems.add("privateKeyPassword", error.to_string());
        }
        Err(error) => problems.add("privateKey", error.to_string()),
    }
}

fn window(problems: &mut Problems, entered: &EnteredCredentials, url: String) -> WindowAccess {
    let enc_key = entered.enc_key.expose().trim();
    if WindowCredentials::new("0", enc_key).is_err() {
        problems.add("encKey", WindowCredentialsError::EncKey.to_string());
    }
    WindowAccess {
        url,
        enc_key: Redacted::new(enc_key),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(kind: ChannelKind, credentials: &EnteredCredentials) -> Vec<&'static str> {
        let entered = Entered {
            kind,
            credentials,
            before: None,
            now: Timestamp::UNIX_EPOCH,
        };
        let checked = check(&entered, &LiveHosts::new(&[]));
        let problems = checked.err().unwrap_or_default();
        problems.0.iter().map(|problem| problem.field).collect()
    }

    fn entered(site_cd: &str, enc_key: &str) -> EnteredCredentials {
        EnteredCredentials {
            site_cd: site_cd.into(),
            enc_key: Redacted::new(enc_key),
            ..EnteredCredentials::default()
        }
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once() {
        let all = EnteredCredentials {
            site_cd: "A O".into(),
            certificate: Redacted::new("no certificate"),
            private_key: Redacted::new("no key"),
            enc_key: Redacted::new("열쇠"),
            hub_url: "ftp://kcp.example".into(),
            window_url: "kcp".into(),
            ..EnteredCredentials::default()
        };
        assert_eq!(
            wrong(ChannelKind::Test, &all),
            [
                "siteCd",
                "hubUrl",
                "windowUrl",
                "certificate",
                "privateKeyPassword",
                "privateKey",
                "encKey"
            ]
        );
        let nothing = EnteredCredentials::default();
        assert_eq!(
            wrong(ChannelKind::Test, &nothing),
            ["siteCd", "credentials"]
        );
    }

    #[test]
    fn a_live_channel_is_kcps_alone_and_never_the_public_merchants() {
        assert!(wrong(ChannelKind::Live, &entered("A1B2C", "key")).is_empty());
        assert!(wrong(ChannelKind::Test, &entered("AO7F3", "key")).is_empty());
        assert_eq!(
            wrong(ChannelKind::Live, &entered("ao7f3", "key")),
            ["siteCd"]
        );
        let elsewhere = EnteredCredentials {
            window_url: "https://testcert.kcp.co.kr".into(),
            ..entered("A1B2C", "key")
        };
        assert_eq!(wrong(ChannelKind::Live, &elsewhere), ["windowUrl"]);
        let broken = EnteredCredentials {
            window_url: "https://cert.kcp.co.kr\n.example.com".into(),
            ..entered("A1B2C", "key")
        };
        assert_eq!(wrong(ChannelKind::Test, &broken), ["windowUrl"]);
        assert!(wrong(ChannelKind::Test, &elsewhere).is_empty());
    }
}

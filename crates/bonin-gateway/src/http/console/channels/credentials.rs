//! The fields that credentials are entered in. They are never filled in by us, not even after a mistake.

use bonin_core::Redacted;
use maud::{Markup, html};

use super::super::{form::Fields, inputs::Input};
use crate::{
    admin::{Error, Problems},
    provider::EnteredCredentials,
};

/// What was entered, from one JSON text or from the fields.
pub(super) fn entered(fields: &Fields) -> Result<EnteredCredentials, Error> {
    let secret = |name| Redacted::new(fields.raw(name));
    let typed = EnteredCredentials {
        site_cd: fields.text("siteCd").to_owned(),
        certificate: secret("certificate"),
        private_key: secret("privateKey"),
        private_key_password: secret("privateKeyPassword"),
        enc_key: secret("encKey"),
        hub_url: fields.text("hubUrl").to_owned(),
        window_url: fields.text("windowUrl").to_owned(),
    };
    let json = fields.text("credentials");
    if json.is_empty() {
        return Ok(typed);
    }
    if typed.names_hub() || typed.names_window() {
        return Err(Error::invalid(
            "credentials",
            "JSON이나 각 칸 중 한쪽에만 자격 증명을 넣어야 합니다.",
        ));
    }
    let handed = EnteredCredentials::from_json(json).map_err(Error::Invalid)?;
    if !typed.site_cd.is_empty() && typed.site_cd != handed.site_cd {
        return Err(Error::invalid(
            "siteCd",
            "JSON의 siteCd와 다릅니다. 비워 두거나 같은 값을 적어야 합니다.",
        ));
    }
    Ok(EnteredCredentials {
        hub_url: typed.hub_url,
        window_url: typed.window_url,
        ..handed
    })
}

/// The fields of both products, the one JSON text, and the addresses.
pub(super) fn fields(shown: &EnteredCredentials, problems: Option<&Problems>) -> Markup {
    let wrong = |names: &[&str]| {
        problems.is_some_and(|problems| names.iter().any(|name| problems.of(name).is_some()))
    };
    html! {
        fieldset {
            legend { "표준창(SDK 방식)" }
            (Input { name: "encKey", label: "가맹점 인증키", hint: "KCP 파트너 관리자에서 확인한 가맹점 인증키(보통 16진수 64자)를 그대로 넣습니다.", ..Input::default() }.password(problems))
        }
        fieldset {
            legend { "허브형(API 방식)" }
            (Input { name: "certificate", label: "인증서", hint: "KCP_AUTH_{site_cd}_CERT.pem 파일의 내용 전체입니다.", ..Input::default() }.secret_area(4, problems))
            (Input { name: "privateKey", label: "개인키", hint: "KCP_AUTH_{site_cd}_PRIKEY.pem 파일의 내용 전체입니다. -----BEGIN ENCRYPTED PRIVATE KEY-----로 시작합니다.", ..Input::default() }.secret_area(4, problems))
            (Input { name: "privateKeyPassword", label: "개인키 비밀번호", hint: "인증서를 발급받을 때 정한 비밀번호입니다.", autocomplete: "new-password", ..Input::default() }.password(problems))
        }
        details open[wrong(&["hubUrl", "windowUrl"])] {
            summary { "고급: KCP 주소" }
            (Input { name: "windowUrl", label: "표준창 주소", value: &shown.window_url, hint: "비우면 KCP의 주소를 씁니다. 샌드박스로 시험할 때만 적습니다. 예: http://127.0.0.1:8788", ..Input::default() }.text(problems))
            (Input { name: "hubUrl", label: "허브형 주소", value: &shown.hub_url, hint: "비우면 KCP의 주소를 씁니다. 샌드박스로 시험할 때만 적습니다. 예: http://127.0.0.1:8788", ..Input::default() }.text(problems))
        }
    }
}

/// One JSON text in the place of the fields.
pub(super) fn json(problems: Option<&Problems>) -> Markup {
    let wrong = problems.is_some_and(|problems| problems.of("credentials").is_some());
    html! {
        details open[wrong] {
            summary { "KCP 자격 증명 JSON으로 한 번에 넣기" }
            (Input { name: "credentials", label: "KCP 자격 증명 JSON", hint: "{\"siteCd\", \"encKey\", \"certificatePem\", \"privateKeyPem\", \"privateKeyPassword\"} 모양의 JSON입니다. 샌드박스가 GET /sandbox/merchants/{site_cd}/credentials로 주는 것과 같습니다. 넣으면 아래 칸은 비워 둡니다.", ..Input::default() }.secret_area(4, problems))
        }
    }
}

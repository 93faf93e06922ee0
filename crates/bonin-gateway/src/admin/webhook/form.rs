//! What is filled in of webhooks, checked.

use bonin_core::{IdentityVerificationId, Redacted, WebhookDeliveryId, WebhookEndpointId};
use bonin_store::{DeliveryQuery, DeliveryState, WebhookEvent};
use url::Url;

use super::{Error, Problems};
use crate::service::webhooks::address::{Networks, Scheme, literal};

/// The longest address.
const MAX_URL: usize = 2000;
/// How many messages a page holds.
const PAGE: u32 = 30;

/// An endpoint as it was filled in. Fields, as problems name them: `url`, `events`.
#[derive(Debug, Clone, Default)]
pub struct WebhookForm {
    /// Where it is: `https://shop.example.com/webhooks`.
    pub url: Redacted,
    /// What it is told of: `IdentityVerification.Verified` and the like, at least one.
    pub events: Vec<String>,
}

/// Which messages of an endpoint, as it was filled in; an empty field asks for all. Fields, as problems name them: `state`,
/// `event`, `identityVerificationId`, `before`.
#[derive(Debug, Clone, Default)]
pub struct DeliveryForm {
    /// `PENDING`, `DELIVERED`, `GAVE_UP` or `DROPPED`.
    pub state: String,
    /// `IdentityVerification.Verified` and the like, or `Webhook.Test`.
    pub event: String,
    /// About this verification.
    pub verification: String,
    /// Older than the message of this id: the last of the page before.
    pub before: String,
}

/// Scheme, host and port.
pub(super) fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

impl WebhookForm {
    pub(super) fn checked(
        &self,
        networks: &Networks,
    ) -> Result<(Redacted, String, Vec<WebhookEvent>), Error> {
        let mut problems = Problems::default();
        let url = address(&self.url, networks);
        let mut events = Vec::new();
        for name in &self.events {
            match WebhookEvent::of_type_name(name) {
                Some(event) if event != WebhookEvent::Test => events.push(event),
                _ => problems.add(
                    "events",
                    "IdentityVerification.Ready, IdentityVerification.Verified, IdentityVerification.Failed 가운데에서 골라야 합니다.",
                ),
            }
        }
        if self.events.is_empty() {
            problems.add("events", "알림을 받을 이벤트를 하나 이상 골라야 합니다.");
        }
        let url = url.map_err(|why| problems.add("url", why));
        problems.or(())?;
        let (url, origin) = url.map_err(|()| Error::Unavailable)?;
        Ok((url, origin, events))
    }
}

/// An address that a webhook may go to, as far as it shows before its name is looked up, and its origin.
fn address(given: &Redacted, networks: &Networks) -> Result<(Redacted, String), &'static str> {
    let text = given.expose().trim();
    if text.len() > MAX_URL {
        return Err("너무 깁니다. 2000자까지 적을 수 있습니다.");
    }
    let wanted =
        "https://shop.example.com/webhooks처럼 https로 시작하는 전체 주소를 적어야 합니다.";
    let url = Url::parse(text).map_err(|_| wanted)?;
    let scheme = Scheme::of(&url).ok_or(wanted)?;
    if !url.has_host() {
        return Err(wanted);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(
            "주소에 사용자 이름이나 비밀번호(user:pass@)를 적을 수 없습니다. 웹훅은 서명으로 확인해야 합니다.",
        );
    }
    if url.fragment().is_some() {
        return Err("주소에 #으로 시작하는 부분을 적을 수 없습니다.");
    }
    match literal(&url) {
        Some(address) if !networks.permit(address, scheme) => {
            return Err(
                "허용되지 않은 네트워크의 주소입니다. 공개된 https 주소를 적거나, 운영 설정 webhook_allow_networks에 그 네트워크를 적어야 합니다.",
            );
        }
        None if scheme == Scheme::Http && networks.are_none() => {
            return Err(
                "http 주소는 운영 설정 webhook_allow_networks에 적은 네트워크 안에서만 쓸 수 있습니다. https 주소를 적어야 합니다.",
            );
        }
        _ => {}
    }
    let origin = origin(&url);
    Ok((Redacted::new(url), origin))
}

impl DeliveryForm {
    pub(super) fn query(&self, endpoint: &WebhookEndpointId) -> Result<DeliveryQuery, Error> {
        let mut problems = Problems::default();
        let mut wrong = |field, message: &str| problems.add(field, message);
        let state = read(&self.state, DeliveryState::parse).unwrap_or_else(|| {
            wrong(
                "state",
                "PENDING, DELIVERED, GAVE_UP, DROPPED 가운데에서 골라야 합니다.",
            );
            None
        });
        let event = read(&self.event, WebhookEvent::of_type_name).unwrap_or_else(|| {
            wrong("event", "목록에 있는 이벤트 가운데에서 골라야 합니다.");
            None
        });
        let verification = read(&self.verification, |text| {
            IdentityVerificationId::parse(text).ok()
        })
        .unwrap_or_else(|| {
            wrong(
                "identityVerificationId",
                "본인인증 아이디는 70자까지의 영문자와 숫자여야 합니다.",
            );
            None
        });
        let before =
            read(&self.before, |text| WebhookDeliveryId::parse(text).ok()).unwrap_or_else(|| {
                wrong("before", "이 목록에 있는 메시지의 아이디여야 합니다.");
                None
            });
        problems.or(DeliveryQuery {
            endpoint: endpoint.clone(),
            state,
            event,
            verification,
            before,
            size: PAGE,
        })
    }
}

/// What a field asks for: `Some(None)` where it is empty, `None` where it is wrong.
fn read<T>(text: &str, parse: impl FnOnce(&str) -> Option<T>) -> Option<Option<T>> {
    match text.trim() {
        "" => Some(None),
        text => parse(text).map(Some),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn networks(allowed: &[&str]) -> Networks {
        Networks::new(allowed.iter().map(|text| text.parse().unwrap()).collect())
    }

    fn checked(url: &str, networks: &Networks) -> Result<String, String> {
        let form = WebhookForm {
            url: Redacted::new(url),
            events: vec!["IdentityVerification.Verified".into()],
        };
        match form.checked(networks) {
            Ok((url, ..)) => Ok(url.expose().to_owned()),
            Err(Error::Invalid(problems)) => Err(problems.of("url").unwrap().to_owned()),
            Err(error) => panic!("{error}"),
        }
    }

    #[test]
    fn an_address_is_public_and_https_or_in_a_network_that_the_operator_names() {
        let none = networks(&[]);
        for url in [
            "https://shop.example.com/hooks?token=1",
            " https://shop.example.com ",
            "https://8.8.8.8:8443/",
            "https://[2606:4700::1111]/",
        ] {
            assert!(checked(url, &none).is_ok(), "{url}");
        }
        for url in [
            "",
            "shop.example.com",
            "ftp://shop.example.com/",
            "file:///etc/passwd",
            "javascript:alert(1)",
            "http://shop.example.com/",
            "https://user@shop.example.com/",
            "https://user:pass@shop.example.com/",
            "https://shop.example.com/#part",
            "https://127.0.0.1/",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://[::1]/",
            "https://[::ffff:127.0.0.1]/",
            "https://169.254.169.254/latest/meta-data/",
            "http://8.8.8.8/",
        ] {
            assert!(checked(url, &none).is_err(), "{url}");
        }
        let home = networks(&["127.0.0.0/8"]);
        assert!(checked("http://127.0.0.1:3000/", &home).is_ok());
        // Its name is looked up when it is called: it may lead to a network that is allowed.
        assert!(checked("http://receiver:3000/", &home).is_ok());
        assert!(checked("http://8.8.8.8/", &home).is_err());
        assert!(checked("http://10.0.0.1/", &home).is_err());
    }

    #[test]
    fn what_is_wrong_is_told_by_field_and_never_what_was_given() {
        let form = WebhookForm {
            url: Redacted::new("https://token-canary@shop.example.com/"),
            events: vec!["Webhook.Test".into()],
        };
        let Err(Error::Invalid(problems)) = form.checked(&networks(&[])) else {
            panic!("nothing was refused");
        };
        let fields: Vec<_> = problems.0.iter().map(|problem| problem.field).collect();
        assert_eq!(fields, ["events", "url"]);
        assert!(!format!("{problems:?}").contains("canary"));
        let empty = WebhookForm::default().checked(&networks(&[]));
        assert!(matches!(empty, Err(Error::Invalid(problems)) if problems.0.len() == 2));
    }

    #[test]
    fn messages_are_asked_for_by_what_they_can_be() {
        let id = WebhookEndpointId::parse("webhook-1").unwrap();
        let form = DeliveryForm {
            state: "GAVE_UP".into(),
            event: "Webhook.Test".into(),
            verification: " order1 ".into(),
            before: String::new(),
        };
        let query = form.query(&id).unwrap();
        assert_eq!(query.state, Some(DeliveryState::GaveUp));
        assert_eq!(query.event, Some(WebhookEvent::Test));
        assert_eq!(query.verification.unwrap().as_str(), "order1");
        let wrong = DeliveryForm {
            state: "gone".into(),
            event: "Nothing".into(),
            verification: "가".into(),
            before: "'".into(),
        };
        let Err(Error::Invalid(problems)) = wrong.query(&id) else {
            panic!("nothing was refused");
        };
        assert_eq!(problems.0.len(), 4);
    }
}

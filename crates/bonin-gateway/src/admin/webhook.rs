//! Webhooks: who is told of a store's verifications, how telling them goes, and a message sent once more.

use bonin_core::{IdentityVerificationId, Redacted, StoreId, WebhookDeliveryId, WebhookEndpointId};
use bonin_store::{
    DeliveryPage, DeliveryQuery, DeliveryState, NewWebhookEndpoint, PauseCause, StoreError,
    TryFailure, TryOutcome, WebhookBacklog, WebhookDelivery, WebhookEndpoint, WebhookEvent,
    WebhookTry,
};
use jiff::{SignedDuration, Timestamp};
use url::Url;

use super::{Action, Admin, Administrator, Error, Problems};
use crate::{
    ids,
    service::webhooks::address::{Networks, Scheme, literal},
};

/// Endpoints of one store that are not put away.
const MOST: i64 = 10;
/// The longest address.
const MAX_URL: usize = 2000;
/// How long the secret before stays valid unless something else is wanted.
const OVERLAP: SignedDuration = SignedDuration::from_hours(24);
/// The longest that it may.
const MAX_OVERLAP: SignedDuration = SignedDuration::from_hours(7 * 24);
/// From when on an endpoint that fails is told of without being asked: shorter troubles mend themselves.
const TROUBLE_AFTER: SignedDuration = SignedDuration::from_hours(1);
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

/// How an endpoint stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WebhookState {
    /// Messages go to it.
    Live,
    /// Messages go to it, but none has succeeded since then.
    Failing {
        /// Since when.
        since: Timestamp,
    },
    /// Nothing goes to it but tests and what is asked for once more; the rest waits.
    Paused {
        /// Since when.
        since: Timestamp,
        /// Why.
        cause: PauseCause,
    },
    /// It is put away for good.
    Retired {
        /// Since when.
        since: Timestamp,
    },
}

impl WebhookState {
    fn of(endpoint: &WebhookEndpoint) -> Self {
        if let Some(since) = endpoint.retired_at {
            return Self::Retired { since };
        }
        if let Some((since, cause)) = endpoint.paused {
            return Self::Paused { since, cause };
        }
        match endpoint.failing_since {
            Some(since) => Self::Failing { since },
            None => Self::Live,
        }
    }

    /// As JSON spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Live => "LIVE",
            Self::Failing { .. } => "FAILING",
            Self::Paused { .. } => "PAUSED",
            Self::Retired { .. } => "RETIRED",
        }
    }

    /// In Korean, for pages and the shell.
    pub fn name(self) -> &'static str {
        match self {
            Self::Live => "사용 중",
            Self::Failing { .. } => "전달 실패 중",
            Self::Paused {
                cause: PauseCause::Request,
                ..
            } => "일시 중지",
            Self::Paused {
                cause: PauseCause::Failing,
                ..
            } => "실패로 중지됨",
            Self::Retired { .. } => "폐기됨",
        }
    }
}

/// An endpoint as it may be looked at.
#[derive(Debug, Clone)]
pub struct ShownWebhook {
    /// Its id.
    pub id: WebhookEndpointId,
    /// Whose verifications it is told of.
    pub store: StoreId,
    /// Where it is: the whole address to whoever may change it. To others scheme, host and port, and `/…` in place of the
    /// rest, since people put tokens there.
    pub address: Redacted,
    /// What it is told of.
    pub events: Vec<WebhookEvent>,
    /// How it stands.
    pub state: WebhookState,
    /// Since when no try has succeeded, though there were some; also while it is paused.
    pub failing_since: Option<Timestamp>,
    /// Until when the secret before signs, too.
    pub previous_until: Option<Timestamp>,
    /// How many messages wait, or are being sent.
    pub pending: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its set-up last changed.
    pub updated_at: Timestamp,
}

/// An endpoint that was just made. This is the only time that its secret can be seen.
#[derive(Debug, Clone)]
pub struct MadeWebhook {
    /// The endpoint.
    pub endpoint: ShownWebhook,
    /// What its messages are signed with: `whsec_…`.
    pub secret: Redacted,
}

/// A secret that took another's place. This is the only time that it can be seen.
#[derive(Debug, Clone)]
pub struct RotatedWebhookSecret {
    /// The new secret: `whsec_…`.
    pub secret: Redacted,
    /// Until when messages are signed with the one before, too.
    pub previous_until: Option<Timestamp>,
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

/// A message with everything that was tried.
#[derive(Debug, Clone)]
pub struct ShownDelivery {
    /// The message.
    pub delivery: WebhookDelivery,
    /// Its endpoint.
    pub endpoint: ShownWebhook,
    /// The tries, the oldest first.
    pub tries: Vec<WebhookTry>,
}

/// How far a message has come, in Korean.
pub fn state_name(state: DeliveryState) -> &'static str {
    match state {
        DeliveryState::Pending => "대기",
        DeliveryState::Delivered => "전달됨",
        DeliveryState::GaveUp => "전달 포기",
        DeliveryState::Dropped => "취소됨",
    }
}

/// What came of a try and, where it failed, what to look at, in Korean.
pub fn try_explanation(outcome: TryOutcome) -> &'static str {
    match outcome {
        Ok(200..=299) => "받는 쪽이 받았습니다.",
        Ok(300..=399) => {
            "받는 쪽이 다른 주소로 보내려 했습니다. 웹훅은 리다이렉트를 따라가지 않으므로 최종 주소를 등록해야 합니다."
        }
        Ok(401 | 403) => {
            "받는 쪽이 거절했습니다. 받는 쪽의 인증이나 방화벽이 웹훅을 막는지 확인해야 합니다."
        }
        Ok(404 | 405 | 410) => {
            "받는 쪽에 그런 주소가 없거나 POST를 받지 않습니다. 등록한 주소를 확인해야 합니다."
        }
        Ok(400..=499) => "받는 쪽이 거절했습니다. 받는 쪽의 기록을 확인해야 합니다.",
        Ok(_) => "받는 쪽에서 오류가 났습니다. 받는 쪽의 기록을 확인해야 합니다.",
        Err(TryFailure::Timeout) => {
            "정해진 시간 안에 응답이 없었습니다. 받는 쪽은 먼저 2xx로 응답하고 일은 나중에 해야 합니다."
        }
        Err(TryFailure::Unreachable) => {
            "연결하지 못했습니다. 주소의 호스트 이름, 포트, 방화벽, TLS 인증서를 확인해야 합니다."
        }
        Err(TryFailure::Forbidden) => {
            "허용되지 않은 네트워크의 주소라서 보내지 않았습니다. 공개된 https 주소를 쓰거나, 운영 설정 webhook_allow_networks에 그 네트워크를 적어야 합니다."
        }
        Err(TryFailure::Disconnected) => {
            "응답이 오기 전에 연결이 끊겼거나 HTTP가 아닌 것이 왔습니다. 받는 쪽의 기록을 확인해야 합니다."
        }
        Err(TryFailure::NotSent) => {
            "저장된 주소나 시크릿을 읽을 수 없어 보내지 못했습니다. 주소를 다시 저장하고 시크릿을 교체해야 합니다."
        }
    }
}

/// Scheme, host and port.
fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

fn shown(
    who: &Administrator,
    endpoint: WebhookEndpoint,
    backlog: &[WebhookBacklog],
) -> ShownWebhook {
    let waiting = backlog.iter().find(|one| one.endpoint == endpoint.id);
    let address = if who.may(Action::ChangeWebhooks) {
        endpoint.url.clone()
    } else {
        let url = Url::parse(endpoint.url.expose());
        let origin = url.map_or_else(|_| String::new(), |url| origin(&url));
        Redacted::new(format!("{origin}/…"))
    };
    ShownWebhook {
        state: WebhookState::of(&endpoint),
        id: endpoint.id,
        store: endpoint.store,
        address,
        events: endpoint.events,
        failing_since: endpoint.failing_since,
        previous_until: endpoint.previous_until,
        pending: waiting.map_or(0, |one| one.pending),
        created_at: endpoint.created_at,
        updated_at: endpoint.updated_at,
    }
}

impl WebhookForm {
    fn checked(&self, networks: &Networks) -> Result<(Redacted, String, Vec<WebhookEvent>), Error> {
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
    fn query(&self, endpoint: &WebhookEndpointId) -> Result<DeliveryQuery, Error> {
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

impl Admin {
    /// The endpoints of a store, or of all: those in use first, then those that are put away; the oldest first.
    pub async fn webhooks(
        &self,
        who: &Administrator,
        store: Option<&StoreId>,
    ) -> Result<Vec<ShownWebhook>, Error> {
        who.must(Action::SeeSetup)?;
        let endpoints = self.store.webhooks(store).await?;
        let backlog = self.store.webhook_backlog().await?;
        let shown = |endpoint| shown(who, endpoint, &backlog);
        Ok(endpoints.into_iter().map(shown).collect())
    }

    /// One endpoint, also one that is put away.
    pub async fn webhook(
        &self,
        who: &Administrator,
        id: &WebhookEndpointId,
    ) -> Result<ShownWebhook, Error> {
        who.must(Action::SeeSetup)?;
        let endpoint = self.store.webhook(id).await?;
        let endpoint = endpoint.ok_or(Error::NotFound("웹훅"))?;
        Ok(shown(who, endpoint, &self.store.webhook_backlog().await?))
    }

    /// Endpoints that somebody has to look after: paused because they failed, or failing for more than an hour.
    pub async fn webhooks_in_trouble(
        &self,
        who: &Administrator,
    ) -> Result<Vec<ShownWebhook>, Error> {
        let now = self.now();
        let mut endpoints = self.webhooks(who, None).await?;
        endpoints.retain(|endpoint| match endpoint.state {
            WebhookState::Failing { since } => now.duration_since(since) >= TROUBLE_AFTER,
            WebhookState::Paused { cause, .. } => cause == PauseCause::Failing,
            WebhookState::Live | WebhookState::Retired { .. } => false,
        });
        Ok(endpoints)
    }

    /// Makes an endpoint of a store.
    pub async fn create_webhook(
        &self,
        who: &Administrator,
        store: &StoreId,
        form: &WebhookForm,
    ) -> Result<MadeWebhook, Error> {
        who.must(Action::ChangeWebhooks)?;
        if self.store.store(store).await?.is_none() {
            return Err(Error::NotFound("상점"));
        }
        let (url, origin, events) = form.checked(&self.networks)?;
        let new = NewWebhookEndpoint {
            id: ids::webhook_id()?,
            store: store.clone(),
            url,
            origin,
            events,
            secret: ids::webhook_secret()?,
        };
        let made = self
            .store
            .create_webhook(&new, MOST, &who.actor, self.now());
        made.await.map_err(|error| match error {
            StoreError::TooMany(_) => Error::Refused(format!(
                "상점 하나에 웹훅은 {MOST}개까지 만들 수 있습니다. 쓰지 않는 웹훅을 먼저 폐기해야 합니다."
            )),
            other => other.into(),
        })?;
        Ok(MadeWebhook {
            endpoint: self.webhook(who, &new.id).await?,
            secret: new.secret,
        })
    }

    /// Changes where an endpoint is and what it is told of. What waits goes to the new address.
    pub async fn update_webhook(
        &self,
        who: &Administrator,
        id: &WebhookEndpointId,
        form: &WebhookForm,
    ) -> Result<ShownWebhook, Error> {
        who.must(Action::ChangeWebhooks)?;
        let (url, origin, events) = form.checked(&self.networks)?;
        self.store
            .update_webhook(id, (&url, &origin), &events, &who.actor, self.now())
            .await?;
        self.webhook(who, id).await
    }

    /// Gives an endpoint another secret. The one before signs, too, for as long as `overlap` says (a day unless said
    /// otherwise, seven at the most; zero ends it at once), so that the receiver can change over without a gap.
    pub async fn rotate_webhook_secret(
        &self,
        who: &Administrator,
        id: &WebhookEndpointId,
        overlap: Option<SignedDuration>,
    ) -> Result<RotatedWebhookSecret, Error> {
        who.must(Action::ChangeWebhooks)?;
        let overlap = overlap.unwrap_or(OVERLAP);
        if overlap.is_negative() || overlap > MAX_OVERLAP {
            return Err(Error::invalid(
                "overlap",
                "0부터 7일까지의 시간을 적어야 합니다. 0이면 이전 시크릿이 바로 끝납니다.",
            ));
        }
        let now = self.now();
        let until = (!overlap.is_zero()).then(|| now.checked_add(overlap));
        let previous_until = until.map(|until| until.unwrap_or(Timestamp::MAX));
        let secret = ids::webhook_secret()?;
        self.store
            .rotate_webhook_secret(id, &secret, previous_until, &who.actor, now)
            .await?;
        Ok(RotatedWebhookSecret {
            secret,
            previous_until,
        })
    }

    /// Lets nothing go to an endpoint but tests and what is asked for once more, until it is resumed; the rest waits.
    pub async fn pause_webhook(
        &self,
        who: &Administrator,
        id: &WebhookEndpointId,
    ) -> Result<(), Error> {
        who.must(Action::ChangeWebhooks)?;
        self.store.pause_webhook(id, &who.actor, self.now()).await?;
        Ok(())
    }

    /// Lets messages go to an endpoint again, those that waited first of all.
    pub async fn resume_webhook(
        &self,
        who: &Administrator,
        id: &WebhookEndpointId,
    ) -> Result<(), Error> {
        who.must(Action::ChangeWebhooks)?;
        self.store
            .resume_webhook(id, &who.actor, self.now())
            .await?;
        Ok(())
    }

    /// Puts an endpoint away for good, and what waits for it.
    pub async fn retire_webhook(
        &self,
        who: &Administrator,
        id: &WebhookEndpointId,
    ) -> Result<(), Error> {
        who.must(Action::ChangeWebhooks)?;
        Ok(self
            .store
            .retire_webhook(id, &who.actor, self.now())
            .await?)
    }

    /// Has a message sent that tells of nothing, once, by whichever gateway runs; to a paused endpoint, too. Gives its id, by
    /// which [`Admin::webhook_delivery`] tells what came of it.
    pub async fn test_webhook(
        &self,
        who: &Administrator,
        id: &WebhookEndpointId,
    ) -> Result<WebhookDeliveryId, Error> {
        who.must(Action::ChangeWebhooks)?;
        let now = self.now();
        Ok(self.store.write_test_webhook(id, &who.actor, now).await?)
    }

    /// A page of the messages to an endpoint, the newest first.
    pub async fn webhook_deliveries(
        &self,
        who: &Administrator,
        id: &WebhookEndpointId,
        form: &DeliveryForm,
    ) -> Result<DeliveryPage, Error> {
        who.must(Action::SeeSetup)?;
        let query = form.query(id)?;
        Ok(self.store.webhook_deliveries(&query, self.now()).await?)
    }

    /// One message with its tries.
    pub async fn webhook_delivery(
        &self,
        who: &Administrator,
        id: &WebhookDeliveryId,
    ) -> Result<ShownDelivery, Error> {
        who.must(Action::SeeSetup)?;
        let found = self.store.webhook_delivery(id, self.now()).await?;
        let (delivery, tries) = found.ok_or(Error::NotFound("웹훅 메시지"))?;
        Ok(ShownDelivery {
            endpoint: self.webhook(who, &delivery.endpoint).await?,
            delivery,
            tries,
        })
    }

    /// Has a message sent once more, under the same `webhook-id` and with as many tries as a new one; at once, and to a paused
    /// endpoint, too.
    pub async fn replay_webhook(
        &self,
        who: &Administrator,
        id: &WebhookDeliveryId,
    ) -> Result<(), Error> {
        who.must(Action::ChangeWebhooks)?;
        let now = self.now();
        if self.store.replay_webhook(id, &who.actor, now).await? {
            return Ok(());
        }
        Err(Error::Refused(
            "지금 보내고 있습니다. 끝난 뒤에 다시 시도해야 합니다.".to_owned(),
        ))
    }
}

#[cfg(test)]
mod tests {
    use bonin_store::{Actor, Role};

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
    fn whoever_may_not_change_an_endpoint_sees_no_path_and_no_query_of_it() {
        let at = Timestamp::from_second(1_800_000_000).unwrap();
        let endpoint = WebhookEndpoint {
            id: WebhookEndpointId::parse("webhook-1").unwrap(),
            store: StoreId::parse("store-1").unwrap(),
            url: Redacted::new("https://shop.example.com:8443/in/token-canary?key=canary"),
            events: vec![WebhookEvent::Verified],
            previous_until: None,
            created_at: at,
            updated_at: at,
            failing_since: None,
            paused: None,
            retired_at: None,
        };
        for (role, wanted) in [
            (Role::Owner, endpoint.url.expose()),
            (Role::Operator, endpoint.url.expose()),
            (Role::Viewer, "https://shop.example.com:8443/…"),
        ] {
            let who = Administrator {
                actor: Actor::system("test"),
                role,
            };
            let shown = shown(&who, endpoint.clone(), &[]);
            assert_eq!(shown.address.expose(), wanted);
            assert!(!format!("{shown:?}").contains("canary"));
        }
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

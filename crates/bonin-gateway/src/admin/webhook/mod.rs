//! Webhooks: who is told of a store's verifications, how telling them goes, and a message sent once more.

mod form;
mod words;

use bonin_core::{Redacted, StoreId, WebhookDeliveryId, WebhookEndpointId};
use bonin_store::{
    DeliveryPage, NewWebhookEndpoint, PauseCause, StoreError, WebhookDelivery, WebhookEndpoint,
    WebhookEvent, WebhookTry,
};
use jiff::{SignedDuration, Timestamp};
use url::Url;

use super::{Action, Admin, Administrator, Error, Problems};
use crate::ids;
use form::origin;

pub use form::{DeliveryForm, WebhookForm};
pub use words::{state_name, try_explanation};

/// Endpoints of one store that are not put away.
const MOST: i64 = 10;
/// How long the secret before stays valid unless something else is wanted.
const OVERLAP: SignedDuration = SignedDuration::from_hours(24);
/// The longest that it may.
const MAX_OVERLAP: SignedDuration = SignedDuration::from_hours(7 * 24);
/// From when on an endpoint that fails is told of without being asked: shorter troubles mend themselves.
const TROUBLE_AFTER: SignedDuration = SignedDuration::from_hours(1);

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

fn shown(who: &Administrator, endpoint: WebhookEndpoint, pending: i64) -> ShownWebhook {
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
        pending,
        created_at: endpoint.created_at,
        updated_at: endpoint.updated_at,
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
        let shown = |endpoint: WebhookEndpoint| {
            let waiting = backlog.iter().find(|one| one.endpoint == endpoint.id);
            shown(who, endpoint, waiting.map_or(0, |one| one.pending))
        };
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
        // What was put away waits for nothing, though some of it may not have been dropped yet.
        let pending = match endpoint.retired_at {
            Some(_) => 0,
            None => self.store.webhooks_pending(id).await?,
        };
        Ok(shown(who, endpoint, pending))
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
    /// which [`Admin::webhook_message`] tells what came of it.
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
        let (delivery, tries) = self.message_with_tries(who, id).await?;
        Ok(ShownDelivery {
            endpoint: self.webhook(who, &delivery.endpoint).await?,
            delivery,
            tries,
        })
    }

    /// One message and nothing of its endpoint: for whoever waits for what comes of it, and looks again and again.
    pub async fn webhook_message(
        &self,
        who: &Administrator,
        id: &WebhookDeliveryId,
    ) -> Result<WebhookDelivery, Error> {
        let (delivery, _) = self.message_with_tries(who, id).await?;
        Ok(delivery)
    }

    async fn message_with_tries(
        &self,
        who: &Administrator,
        id: &WebhookDeliveryId,
    ) -> Result<(WebhookDelivery, Vec<WebhookTry>), Error> {
        who.must(Action::SeeSetup)?;
        let found = self.store.webhook_delivery(id, self.now()).await?;
        found.ok_or(Error::NotFound("웹훅 메시지"))
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
            let shown = shown(&who, endpoint.clone(), 0);
            assert_eq!(shown.address.expose(), wanted);
            assert!(!format!("{shown:?}").contains("canary"));
        }
    }
}

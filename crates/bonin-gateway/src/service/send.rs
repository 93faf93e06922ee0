//! `send`: begin a try, reach the person, record what came of it.

use bonin_api::{InvalidRequest, SendIdentityVerificationBody};
use bonin_core::{ChannelId, ChannelKey, IdentityVerificationId, Redacted, SendOutcome};
use bonin_store::{
    BeginError, BeginTry, Channel, ChannelKind, ChannelOfTry, MessageLimit, PgAnswer, SendRecord,
    StoreKind, StoreRow, VerificationKey,
};

use super::{Caller, Error, LimitReached, Service, order};
use crate::{ids, metrics::Limit, provider::PreparedSend};

impl Service {
    /// Begins the API way. When this returns, the person has the SMS or the request in the PASS app.
    pub async fn send(
        &self,
        caller: &Caller,
        id: &str,
        body: &SendIdentityVerificationBody,
    ) -> Result<(), Error> {
        let store = caller.store(body.store_id.as_deref())?;
        bonin_api::check_identity_verification_id(id)?;
        let id = IdentityVerificationId::parse(id).map_err(|_| {
            InvalidRequest::new("identityVerificationId", "형식이 올바르지 않습니다.")
        })?;
        self.limits.customer(order::ip_address(body))?;
        let store = self.store.store(&store).await?.ok_or(Error::NotFound)?;
        let channel = self.channel_for(&store, &body.channel_key).await?;
        let order = order::order(body, ids::order_number()?)?;
        let provider = self.providers.of(&channel);
        let settle_by = self.settle_by(provider.longest_send());
        let wanted = BeginTry {
            message_limit: Some(self.message_limit(&store)),
            daily_tries: store.limits.daily_tries,
            key: VerificationKey {
                store: store.id,
                id,
            },
            tx_id: ids::tx_id()?,
            order_number: order.order_number.clone(),
            channel: ChannelOfTry::of(&channel),
            way: order::way(order.method),
            operator: Some(order.operator),
            customer: order::customer(body, &order),
            custom_data: body
                .custom_data
                .as_ref()
                .map(|data| Redacted::new(data.expose().as_str())),
            settle_by,
            checkout: None,
        };
        let prepared = provider.prepare(&channel, order).await?;
        let service = self.clone();
        self.detached(async move { service.begin_and_reach(wanted, prepared).await })
            .await
    }

    pub(super) async fn begin_and_reach(
        &self,
        wanted: BeginTry,
        prepared: Box<dyn PreparedSend>,
    ) -> Result<(), Error> {
        let now = self.now();
        self.store
            .begin(&wanted, now)
            .await
            .map_err(|error| match error {
                BeginError::Refused(refusal) => Error::refused(refusal, now),
                BeginError::TooManyMessages { until } => too_many_messages(until, now).into(),
                BeginError::TooManyTries { until } => LimitReached::until(
                    Limit::DailyTries,
                    "storeId: 이 상점이 24시간 동안 시작할 수 있는 본인인증 횟수를 모두 썼습니다. Retry-After의 초만큼 기다리거나 상점의 한도를 늘려야 합니다.",
                    until,
                    now,
                )
                .into(),
                BeginError::Store(error) => error.into(),
            })?;
        let sent = prepared.carry_out().await;
        let record = SendRecord {
            key: wanted.key,
            tx_id: wanted.tx_id,
            outcome: sent.outcome,
            pg_tx_id: sent.pg_tx_id,
            provider_state: sent.state,
            answer: sent.answer,
            calls: sent.calls,
        };
        let now = self.now();
        let recorded = self
            .until_durable(|| self.store.record_send(&record, now))
            .await?;
        match record.answer {
            Some(answer) => Err(Error::Pg(answer)),
            None if record.outcome == SendOutcome::Sent && !recorded.came_too_late => Ok(()),
            // It took so long that the try was given up and another began: this one's message is of no use.
            None => Err(Error::Pg(PgAnswer {
                code: "TIMEOUT".into(),
                message: Redacted::new("요청이 너무 오래 걸려 이 시도는 포기되었습니다."),
            })),
        }
    }

    /// The channel, if the store may use it.
    pub(super) async fn channel_for(&self, store: &StoreRow, key: &str) -> Result<Channel, Error> {
        let key = ChannelKey::parse(key).map_err(|_| Error::ChannelNotFound)?;
        let channel = self
            .store()
            .channel_by_key(&store.id, &key)
            .await?
            .ok_or(Error::ChannelNotFound)?;
        if channel.retired_at.is_some() {
            return Err(Error::ChannelUnusable(
                "channelKey: 보관된 채널입니다. 쓰고 있는 채널의 키를 적거나, 콘솔에서 이 채널을 다시 사용하도록 바꿔야 합니다.".to_owned(),
            ));
        }
        let believes_anyone = channel.kind == ChannelKind::Test;
        if believes_anyone && store.kind == StoreKind::Live && !store.allow_test_channels {
            return Err(Error::Forbidden(
                "channelKey: LIVE 상점에서는 TEST 채널을 쓸 수 없습니다. LIVE 채널의 키를 적거나, 상점에 TEST 채널을 허용해야 합니다.",
            ));
        }
        Ok(channel)
    }

    /// A channel by its id.
    pub(super) async fn channel_of(&self, id: &ChannelId) -> Result<Channel, Error> {
        self.store.channel(id).await?.ok_or(Error::ChannelNotFound)
    }

    /// How many messages one phone may get: what the configuration says, or less where the store says so.
    pub(super) fn message_limit(&self, store: &StoreRow) -> MessageLimit {
        let max = self.config.limits.phone_messages;
        MessageLimit {
            max: store.limits.phone_messages.map_or(max, |own| own.min(max)),
            within: self.config.limits.phone_messages_within,
        }
    }
}

pub(super) fn too_many_messages(until: jiff::Timestamp, now: jiff::Timestamp) -> LimitReached {
    LimitReached::until(
        Limit::PhoneMessages,
        "customer.phoneNumber: 이 번호로 보낼 수 있는 메시지 수를 넘었습니다. Retry-After의 초만큼 기다린 뒤 다시 요청해야 합니다.",
        until,
        now,
    )
}

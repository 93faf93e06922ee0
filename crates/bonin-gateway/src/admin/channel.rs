//! Channels: credentials go in, are checked at once, and never come out again.

use bonin_core::{ChannelId, Redacted, StoreId};
use bonin_store::{Channel, ChannelKind, NewChannel, StoreKind};
use jiff::Timestamp;

use super::{Action, Admin, Administrator, Error, Problems, name};
use crate::{
    ids,
    provider::{
        CertificateState, EnteredCredentials, Instructions, ProbeOrder, Probed, certificate_state,
    },
};

/// A channel as it was filled in.
#[derive(Debug, Clone)]
pub struct ChannelForm {
    /// Whose it is.
    pub store: StoreId,
    /// What people call it: 1 to 100 characters on one line.
    pub name: String,
    /// LIVE or TEST. It stays as it is made: what a LIVE channel says of a person is believed.
    pub kind: ChannelKind,
    /// Its credentials.
    pub credentials: EnteredCredentials,
}

/// A channel as it may be looked at: what it can do, and nothing that it does it with.
#[derive(Debug, Clone)]
pub struct ShownChannel {
    /// Its id.
    pub id: ChannelId,
    /// Whose it is.
    pub store: StoreId,
    /// What clients name it by.
    pub key: String,
    /// What people call it.
    pub name: String,
    /// LIVE or TEST.
    pub kind: ChannelKind,
    /// The provider, as the API spells it.
    pub pg_provider: String,
    /// The merchant's id there.
    pub pg_merchant_id: String,
    /// Where the hub is, if the channel has credentials for it.
    pub hub_url: Option<String>,
    /// When the hub's certificate ends, and how long it will do.
    pub certificate: Option<(Timestamp, CertificateState)>,
    /// Where the window is, if the channel has credentials for it.
    pub window_url: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Since when it takes no new tries.
    pub retired_at: Option<Timestamp>,
}

impl ShownChannel {
    fn of(channel: &Channel, now: Timestamp) -> Self {
        let ends_at = channel.hub.as_ref().and_then(|hub| hub.certificate_ends_at);
        Self {
            id: channel.id.clone(),
            store: channel.store_id.clone(),
            key: channel.key.to_string(),
            name: channel.name.clone(),
            kind: channel.kind,
            pg_provider: channel.pg_provider.clone(),
            pg_merchant_id: channel.pg_merchant_id.clone(),
            hub_url: channel.hub.as_ref().map(|hub| hub.url.clone()),
            certificate: ends_at.map(|end| (end, certificate_state(end, now))),
            window_url: channel.window.as_ref().map(|window| window.url.clone()),
            created_at: channel.created_at,
            retired_at: channel.retired_at,
        }
    }

    /// What to do about its certificate, in Korean; `None` where nothing has to be done.
    pub fn certificate_warning(&self) -> Option<String> {
        let (ends_at, state) = self.certificate?;
        state.warning(ends_at)
    }
}

impl Admin {
    /// All channels, or those of one store, oldest first, without credentials.
    pub async fn channels(
        &self,
        who: &Administrator,
        store: Option<&StoreId>,
    ) -> Result<Vec<ShownChannel>, Error> {
        who.must(Action::SeeSetup)?;
        let now = self.now();
        let channels = self.store.channels(store).await?;
        Ok(channels
            .iter()
            .map(|channel| ShownChannel::of(channel, now))
            .collect())
    }

    /// One channel, without credentials.
    pub async fn channel(
        &self,
        who: &Administrator,
        id: &ChannelId,
    ) -> Result<ShownChannel, Error> {
        who.must(Action::SeeSetup)?;
        Ok(ShownChannel::of(&self.channel_of(id).await?, self.now()))
    }

    /// Channels in use whose certificate has ended or ends within 30 days. For warnings: nobody is asked who wants to know.
    pub async fn expiring_channels(&self) -> Result<Vec<ShownChannel>, Error> {
        let now = self.now();
        let channels = self.store.channels(None).await?;
        let shown = channels
            .iter()
            .map(|channel| ShownChannel::of(channel, now));
        Ok(shown
            .filter(|channel| channel.retired_at.is_none())
            .filter(|channel| channel.certificate_warning().is_some())
            .collect())
    }

    /// Makes a channel. Everything that is wrong with what was entered is told at once.
    pub async fn create_channel(
        &self,
        who: &Administrator,
        form: &ChannelForm,
    ) -> Result<ShownChannel, Error> {
        who.must(Action::ChangeChannels)?;
        let mut problems = Problems::default();
        let name = name(&mut problems, "name", &form.name);
        match self.store.store(&form.store).await? {
            None => problems.add(
                "store",
                "없는 상점입니다. 상점 목록에 있는 storeId를 적어야 합니다.",
            ),
            Some(store) if store.kind == StoreKind::Test && form.kind == ChannelKind::Live => {
                problems.add(
                    "kind",
                    "TEST 상점에는 LIVE 채널을 만들 수 없습니다. LIVE 상점을 고르거나 TEST 채널로 만들어야 합니다.",
                );
            }
            Some(_) => {}
        }
        let provider = self.providers.for_entered(&form.credentials);
        let checked = provider.check(form.kind, &form.credentials, None, self.now());
        let checked = match checked.await {
            Ok(checked) => Some(checked),
            Err(more) => {
                problems.0.extend(more.0);
                None
            }
        };
        let Some(checked) = checked.filter(|_| problems.0.is_empty()) else {
            return Err(Error::Invalid(problems));
        };
        let channel = NewChannel {
            id: ids::channel_id()?,
            store_id: form.store.clone(),
            key: ids::channel_key()?,
            name,
            kind: form.kind,
            pg_provider: checked.pg_provider.to_owned(),
            pg_merchant_id: checked.pg_merchant_id,
            hub: checked.hub,
            window: checked.window,
        };
        self.store
            .put_channel(&channel, &who.actor, self.now())
            .await?;
        self.channel(who, &channel.id).await
    }

    /// Gives a channel another name.
    pub async fn rename_channel(
        &self,
        who: &Administrator,
        id: &ChannelId,
        wanted: &str,
    ) -> Result<(), Error> {
        who.must(Action::ChangeChannels)?;
        let mut problems = Problems::default();
        let name = name(&mut problems, "name", wanted);
        problems.or(())?;
        let before = self.channel_of(id).await?;
        let channel = NewChannel { name, ..before.new };
        Ok(self
            .store
            .put_channel(&channel, &who.actor, self.now())
            .await?)
    }

    /// Replaces credentials and addresses. What is left empty stays as it is; the merchant stays the same.
    pub async fn replace_credentials(
        &self,
        who: &Administrator,
        id: &ChannelId,
        entered: &EnteredCredentials,
    ) -> Result<ShownChannel, Error> {
        who.must(Action::ChangeChannels)?;
        let before = self.channel_of(id).await?;
        let site_cd = entered.site_cd.trim();
        if !site_cd.is_empty() && site_cd != before.pg_merchant_id {
            return Err(Error::invalid(
                "siteCd",
                "채널의 사이트 코드는 바꿀 수 없습니다. 다른 사이트 코드의 자격 증명이라면 새 채널을 만들어야 합니다.",
            ));
        }
        let addresses = [&entered.hub_url, &entered.window_url];
        let only_blanks = addresses.iter().all(|url| url.trim().is_empty());
        if !entered.names_hub() && !entered.names_window() && only_blanks {
            return Err(Error::invalid(
                "credentials",
                "바꿀 자격 증명이나 주소를 하나 이상 적어야 합니다.",
            ));
        }
        let provider = self.providers.of(&before);
        let checked = provider.check(before.kind, entered, Some(&before), self.now());
        let checked = checked.await.map_err(Error::Invalid)?;
        let channel = NewChannel {
            hub: checked.hub,
            window: checked.window,
            ..before.new
        };
        self.store
            .put_channel(&channel, &who.actor, self.now())
            .await?;
        self.channel(who, id).await
    }

    /// Puts a channel away: it takes no new tries; those under way end on it.
    pub async fn retire_channel(&self, who: &Administrator, id: &ChannelId) -> Result<(), Error> {
        who.must(Action::ChangeChannels)?;
        Ok(self
            .store
            .retire_channel(id, true, &who.actor, self.now())
            .await?)
    }

    /// Brings a channel back that was put away.
    pub async fn restore_channel(&self, who: &Administrator, id: &ChannelId) -> Result<(), Error> {
        who.must(Action::ChangeChannels)?;
        Ok(self
            .store
            .retire_channel(id, false, &who.actor, self.now())
            .await?)
    }

    /// Asks the provider something that costs nothing, for each product that the channel has credentials for, and explains
    /// what it said.
    pub async fn test_channel(
        &self,
        who: &Administrator,
        id: &ChannelId,
    ) -> Result<Vec<Probed>, Error> {
        who.must(Action::ChangeChannels)?;
        let channel = self.channel_of(id).await?;
        let public_url = self.public_url()?;
        let order = ProbeOrder {
            hub_order: ids::order_number()?,
            window_order: ids::order_number()?,
            return_url: Redacted::new(format!(
                "{public_url}/checkout/{}/return/{}",
                ids::tx_id()?,
                ids::request_id()?
            )),
        };
        let act = bonin_store::Act::new("channel.test")
            .to(id)
            .of(&channel.store_id);
        self.store.note(&who.actor, act, self.now()).await?;
        Ok(self.providers.of(&channel).probe(&channel, order).await)
    }

    /// What to enter at the provider, so that this channel works with this gateway.
    pub async fn channel_instructions(
        &self,
        who: &Administrator,
        id: &ChannelId,
    ) -> Result<Vec<Instructions>, Error> {
        who.must(Action::SeeSetup)?;
        let channel = self.channel_of(id).await?;
        let public_url = self.public_url()?;
        Ok(self
            .providers
            .of(&channel)
            .instructions(&channel, public_url))
    }

    async fn channel_of(&self, id: &ChannelId) -> Result<Channel, Error> {
        let channel = self.store.channel(id).await?;
        channel.ok_or(Error::NotFound("채널"))
    }

    fn public_url(&self) -> Result<&str, Error> {
        self.public_url.as_deref().ok_or_else(|| {
            Error::Refused(
                "게이트웨이의 public_url을 알아야 합니다. --public-url, BONIN_PUBLIC_URL이나 설정 파일의 public_url로 알려 줘야 합니다."
                    .to_owned(),
            )
        })
    }
}

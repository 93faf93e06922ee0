//! A channel's credentials, parsed once: opening the key costs milliseconds to a second.

use std::{collections::HashMap, sync::Mutex};

use bonin_core::ChannelId;
use bonin_kcp::hub::HubCredentials;
use bonin_store::{Channel, HubAccess};

use crate::provider::Unprepared;

/// Parsed credentials by channel, each with the change of the channel that it was parsed from.
#[derive(Debug, Default)]
pub(super) struct CredentialsCache(Mutex<HashMap<ChannelId, (i64, HubCredentials)>>);

impl CredentialsCache {
    pub(super) async fn of(
        &self,
        channel: &Channel,
        access: &HubAccess,
    ) -> Result<HubCredentials, Unprepared> {
        if let Some(known) = self.known(channel) {
            return Ok(known);
        }
        let (site_cd, access) = (channel.pg_merchant_id.clone(), access.clone());
        let parsed = tokio::task::spawn_blocking(move || {
            HubCredentials::parse(
                &site_cd,
                access.certificate.expose(),
                access.private_key.expose(),
                access.private_key_password.expose(),
            )
        })
        .await
        .map_err(|_| Unprepared::ChannelUnusable("채널의 자격 증명을 읽지 못했습니다.".into()))?
        .map_err(|error| Unprepared::ChannelUnusable(error.to_string()))?;
        if let Ok(mut known) = self.0.lock() {
            known.insert(channel.id.clone(), (channel.updated_at, parsed.clone()));
        }
        Ok(parsed)
    }

    fn known(&self, channel: &Channel) -> Option<HubCredentials> {
        let known = self.0.lock().ok()?;
        let (updated_at, credentials) = known.get(&channel.id)?;
        (*updated_at == channel.updated_at).then(|| credentials.clone())
    }
}

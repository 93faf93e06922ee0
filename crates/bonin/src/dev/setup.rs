//! Fills the dev database: two stores, three channels, two secrets. Again at each start, since the sandbox makes a new
//! certificate each time.

use bonin_core::{ChannelId, ChannelKey, SecretId, StoreId};
use bonin_gateway::{admin::Error, provider::EnteredCredentials};
use bonin_kcp::hub::HubCredentials;
use bonin_store::{
    Actor, BrowserRules, ChannelKind, HubAccess, NewApiSecret, NewChannel, NewStore, SecretHash,
    Store, StoreError, StoreKind, StoreLimits, WindowAccess,
};
use jiff::Timestamp;

use super::environment::{self, DevChannel, DevStore};
use crate::failure::Failure;

/// Access to the hub with what KCP handed out.
fn hub(credentials: &EnteredCredentials, url: &str) -> Result<HubAccess, Failure> {
    let parsed = HubCredentials::parse(
        &credentials.site_cd,
        credentials.certificate.expose(),
        credentials.private_key.expose(),
        credentials.private_key_password.expose(),
    )
    .map_err(Failure::while_doing(
        "the sandbox's credentials are of no use",
    ))?;
    Ok(HubAccess {
        url: url.to_owned(),
        certificate: credentials.certificate.clone(),
        private_key: credentials.private_key.clone(),
        private_key_password: credentials.private_key_password.clone(),
        certificate_ends_at: Some(parsed.certificate_not_after()),
    })
}

pub(super) async fn set_up(store: &Store, sandbox_url: &str) -> Result<(), Failure> {
    let now = Timestamp::now();
    for dev in &environment::STORES {
        set_up_store(store, dev, now).await?;
    }
    let credentials = ask_sandbox(sandbox_url).await?;
    for dev in &environment::CHANNELS {
        let channel = channel(dev, &credentials, sandbox_url)?;
        store.put_channel(&channel, &this_command(), now).await?;
    }
    Ok(())
}

/// Who sets the environment up.
fn this_command() -> Actor {
    Actor::system("bonin dev")
}

/// What KCP would have handed to the merchant. Gateway and sandbox meet over HTTP only, here too.
async fn ask_sandbox(sandbox_url: &str) -> Result<EnteredCredentials, Failure> {
    let url = format!(
        "{sandbox_url}/sandbox/merchants/{}/credentials",
        environment::SITE_CD
    );
    let failed = |error: reqwest::Error| {
        Failure::new(format!(
            "the sandbox did not hand out its credentials: {}",
            error.without_url()
        ))
    };
    let client = reqwest::Client::builder()
        .no_proxy()
        // Plain HTTP on this machine: no CA certificates are needed, and a machine may have none.
        .tls_certs_only([])
        .build()
        .map_err(failed)?;
    let answer = client.get(url).send().await.map_err(failed)?;
    let answer = answer.error_for_status().map_err(failed)?;
    let text = answer.text().await.map_err(failed)?;
    Ok(EnteredCredentials::from_json(&text).map_err(Error::Invalid)?)
}

fn exists_is_fine(result: Result<(), StoreError>) -> Result<(), Failure> {
    match result {
        Ok(()) | Err(StoreError::Exists(_)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn known<T, E>(parsed: Result<T, E>) -> Result<T, Failure> {
    parsed.map_err(|_| Failure::new("an id of the dev environment is not well-formed"))
}

async fn set_up_store(store: &Store, dev: &DevStore, now: Timestamp) -> Result<(), Failure> {
    let id = known(StoreId::parse(dev.id))?;
    let new = NewStore {
        id: id.clone(),
        name: dev.name.to_owned(),
        kind: StoreKind::Test,
        allow_test_channels: true,
        browser: BrowserRules::default(),
        limits: StoreLimits::default(),
        retention_days: None,
    };
    exists_is_fine(store.create_store(&new, &this_command(), now).await)?;
    let secret = NewApiSecret {
        id: known(SecretId::parse(dev.secret_id))?,
        hash: SecretHash::of(dev.api_secret),
        prefix: "bonin-dev-".to_owned(),
        name: "개발용".to_owned(),
        default_store: id,
        other_stores: Vec::new(),
        expires_at: None,
    };
    exists_is_fine(store.create_secret(&secret, &this_command(), now).await)
}

fn channel(
    dev: &DevChannel,
    credentials: &EnteredCredentials,
    sandbox_url: &str,
) -> Result<NewChannel, Failure> {
    let hub = dev.hub.then(|| hub(credentials, sandbox_url)).transpose()?;
    let window = dev.window.then(|| WindowAccess {
        url: sandbox_url.to_owned(),
        enc_key: credentials.enc_key.clone(),
    });
    Ok(NewChannel {
        id: known(ChannelId::parse(dev.id))?,
        store_id: known(StoreId::parse(environment::STORES[0].id))?,
        key: known(ChannelKey::parse(dev.key))?,
        name: dev.name.to_owned(),
        kind: ChannelKind::Test,
        pg_provider: bonin_gateway::provider::kcp::PG_PROVIDER.to_owned(),
        pg_merchant_id: credentials.site_cd.clone(),
        hub,
        window,
    })
}

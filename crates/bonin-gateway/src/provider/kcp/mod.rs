//! NHN KCP: the hub (API way) and the window (SDK way).

mod calls;
mod check;
mod codes;
mod confirm;
mod credentials;
mod explain;
mod hosts;
mod instructions;
mod person;
mod probe;
mod send;
mod state;
mod window;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use bonin_core::{ConfirmOutcome, Operator, Otp, Redacted, ResendOutcome, Way};
use bonin_kcp::{
    codes::CommId,
    hub::{HubClient, HubClientConfig, HubCredentials, message::SendSms},
    window::{WindowClient, WindowCredentials},
};
use bonin_store::{Channel, ChannelKind, Claimed, ProviderState, WindowTry};
use jiff::Timestamp;
use tokio::sync::Semaphore;
use url::Url;

use self::{
    calls::Calls, codes::OutcomeCodes, credentials::CredentialsCache, hosts::LiveHosts,
    send::HubSend, state::HubState,
};
use super::{
    CheckedCredentials, Confirmed, EnteredCredentials, Instructions, PreparedSend, ProbeOrder,
    Probed, Product, Provider, Resent, SendOrder, Sent, Unprepared, WindowForm, WindowOrder,
    WindowReturn,
};
use crate::{KcpConfig, Problems, metrics::KcpMetrics};

pub(super) use explain::call_name;
pub use explain::explanation;
pub use hosts::{HUB_LIVE, HUB_TEST, WINDOW_LIVE, WINDOW_TEST};

/// The provider's name in the API.
pub const PG_PROVIDER: &str = "KCP_V2";

/// The adapter: one pooled client for all channels, and credentials parsed once.
#[derive(Debug)]
pub struct Kcp {
    client: HubClient,
    longest_call: Duration,
    credentials: CredentialsCache,
    live_hosts: LiveHosts,
    codes: OutcomeCodes,
    connect_timeout: Duration,
    /// Opening a key that was entered may take a second: one at a time.
    opening: Arc<Semaphore>,
    metrics: KcpMetrics,
}

/// The adapter could not be set up.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct KcpSetupError(String);

/// A channel's window: where it is and with what to speak to it.
#[derive(Debug, Clone)]
struct Window {
    client: WindowClient,
    url: Url,
    credentials: WindowCredentials,
    metrics: KcpMetrics,
}

/// A channel's hub: where it is and with what to speak to it.
#[derive(Debug, Clone)]
struct Hub {
    client: HubClient,
    url: Url,
    credentials: HubCredentials,
    metrics: KcpMetrics,
}

impl Kcp {
    /// Sets it up. Its calls are counted with these.
    pub fn new(config: &KcpConfig, metrics: KcpMetrics) -> Result<Self, KcpSetupError> {
        let client = HubClientConfig {
            connect_timeout: config.connect_timeout,
            request_timeout: config.request_timeout,
            ..HubClientConfig::default()
        };
        let longest_call = client.longest_call();
        let client = HubClient::new(&client).map_err(|error| KcpSetupError(error.to_string()))?;
        if client.trusts_nobody() {
            tracing::warn!(
                "this machine has no CA certificates: KCP cannot be reached over https; install the package ca-certificates"
            );
        }
        Ok(Self {
            longest_call,
            client,
            credentials: CredentialsCache::default(),
            live_hosts: LiveHosts::new(&config.more_live_hosts),
            codes: OutcomeCodes::new(&config.final_codes, &config.uncounted_codes),
            connect_timeout: config.connect_timeout,
            opening: Arc::new(Semaphore::new(1)),
            metrics,
        })
    }

    async fn hub(&self, channel: &Channel) -> Result<Hub, Unprepared> {
        let unusable = |why: &str| Unprepared::ChannelUnusable(why.to_owned());
        let access = channel.hub.as_ref().ok_or_else(|| {
            unusable("channelKey: 이 채널에는 허브형(API 방식) 자격 증명이 없습니다. 허브형 자격 증명이 있는 채널의 키를 적어야 합니다.")
        })?;
        Ok(Hub {
            client: self.client.clone(),
            url: self.address(channel, &access.url)?,
            credentials: self.credentials.of(channel, access).await?,
            metrics: self.metrics.clone(),
        })
    }

    fn window(&self, channel: &Channel) -> Result<Window, Unprepared> {
        let access = channel.window.as_ref().ok_or_else(|| {
            Unprepared::ChannelUnusable("channelKey: 이 채널에는 표준창(SDK 방식) 자격 증명이 없습니다. 표준창 자격 증명이 있는 채널의 키를 적어야 합니다.".to_owned())
        })?;
        Ok(Window {
            client: self.client.window(),
            url: self.address(channel, &access.url)?,
            credentials: WindowCredentials::new(&channel.pg_merchant_id, access.enc_key.expose())
                .map_err(|error| Unprepared::ChannelUnusable(error.to_string()))?,
            metrics: self.metrics.clone(),
        })
    }

    /// Where a channel's KCP is, if the channel may speak to it.
    fn address(&self, channel: &Channel, url: &str) -> Result<Url, Unprepared> {
        let unusable = |why: &str| Unprepared::ChannelUnusable(why.to_owned());
        let url = Url::parse(url).map_err(|_| unusable("채널의 KCP 주소가 올바르지 않습니다."))?;
        if !self.live_hosts.allow(channel.kind, &url) {
            return Err(unusable(
                "LIVE 채널은 KCP의 https 주소로만 통신합니다. 채널의 주소를 확인하거나 설정 파일의 kcp_live_hosts에 더해야 합니다.",
            ));
        }
        Ok(url)
    }
}

#[async_trait]
impl Provider for Kcp {
    async fn prepare(
        &self,
        channel: &Channel,
        order: SendOrder,
    ) -> Result<Box<dyn PreparedSend>, Unprepared> {
        let hub = self.hub(channel).await?;
        Ok(Box::new(HubSend::new(hub, order)?))
    }

    async fn resend(&self, channel: &Channel, claimed: &Claimed) -> Result<Resent, Unprepared> {
        let hub = self.hub(channel).await?;
        let state = HubState::of(claimed)?;
        let per_cert_no = state.per_cert_no(claimed)?;
        let request = SendSms {
            per_cert_no: per_cert_no.clone(),
            comm_id: state.comm_id,
            cp_sms_msg: state.cp_sms_msg,
            cp_callback: state.cp_callback,
            cust_ip: None,
        };
        let mut calls = Calls::new(&hub);
        let sent = match calls.make(&request).await {
            Ok((sent, _)) => send::has_left(&sent, &per_cert_no).map_err(|why| calls.unusable(why)),
            Err(stop) => Err(stop),
        };
        let (outcome, answer) = match sent {
            Ok(()) => (ResendOutcome::Sent, None),
            Err(stop) => (ResendOutcome::NotSent, Some(stop.answer())),
        };
        Ok(Resent {
            outcome,
            answer,
            calls: calls.notes(),
        })
    }

    async fn confirm(
        &self,
        channel: &Channel,
        claimed: &Claimed,
        otp: Option<&Otp>,
    ) -> Result<Confirmed, Unprepared> {
        let hub = self.hub(channel).await?;
        let state = HubState::of(claimed)?;
        let per_cert_no = state.per_cert_no(claimed)?;
        let mut calls = Calls::new(&hub);
        let asked = match (claimed.way, otp) {
            (Way::Sms, Some(otp)) => {
                confirm::number(&mut calls, claimed, &state, per_cert_no, otp).await
            }
            (Way::Sms, None) => {
                return Err(bonin_api::InvalidRequest::new(
                    "otp",
                    "method가 SMS인 건이면 필수 항목입니다. 문자로 받은 숫자 6자리를 적어야 합니다.",
                )
                .into());
            }
            _ => confirm::approval(&mut calls, claimed, &state, per_cert_no).await,
        };
        Ok(match asked {
            Ok(verified) => Confirmed {
                outcome: ConfirmOutcome::Verified,
                verified: Some(verified),
                pg_tx_id: None,
                answer: None,
                calls: calls.notes(),
            },
            Err(stop) => Confirmed {
                outcome: self.codes.outcome(claimed.way, &stop),
                verified: None,
                pg_tx_id: None,
                answer: Some(stop.answer()),
                calls: calls.notes(),
            },
        })
    }

    fn prepare_window(
        &self,
        channel: &Channel,
        order: WindowOrder,
    ) -> Result<Box<dyn PreparedSend>, Unprepared> {
        let window = self.window(channel)?;
        Ok(Box::new(window::WindowSend::new(window, order)?))
    }

    fn window_form(&self, state: &ProviderState) -> Option<WindowForm> {
        window::form(state)
    }

    fn read_return(&self, form: &[u8]) -> WindowReturn {
        window::read_return(form)
    }

    async fn ask_window(
        &self,
        channel: &Channel,
        window: &WindowTry,
    ) -> Result<Confirmed, Unprepared> {
        Ok(window::ask(&self.window(channel)?, window).await)
    }

    async fn check(
        &self,
        kind: ChannelKind,
        entered: &EnteredCredentials,
        before: Option<&Channel>,
        now: Timestamp,
    ) -> Result<CheckedCredentials, Problems> {
        let lost = || {
            let mut problems = Problems::default();
            problems.add(
                "credentials",
                "자격 증명을 확인하지 못했습니다. 다시 시도해야 합니다.",
            );
            problems
        };
        let turn = self.opening.clone().acquire_owned().await;
        let turn = turn.map_err(|_| lost())?;
        let (credentials, before) = (entered.clone(), before.cloned());
        let live_hosts = self.live_hosts.clone();
        tokio::task::spawn_blocking(move || {
            // Held to the end of the work: a caller that hangs up frees no core.
            let _turn = turn;
            let entered = check::Entered {
                kind,
                credentials: &credentials,
                before: before.as_ref(),
                now,
            };
            check::check(&entered, &live_hosts)
        })
        .await
        .map_err(|_| lost())?
    }

    async fn probe(&self, channel: &Channel, order: ProbeOrder) -> Vec<Probed> {
        let hub = async {
            channel.hub.as_ref()?;
            Some(probe::hub(self, channel, &order).await)
        };
        let window = async {
            channel.window.as_ref()?;
            Some(probe::window(self, channel, &order).await)
        };
        let (window, hub) = tokio::join!(window, hub);
        window.into_iter().chain(hub).collect()
    }

    fn instructions(&self, channel: &Channel, public_url: &str) -> Vec<Instructions> {
        let window = channel.window.is_some().then_some(Product::Window);
        let hub = channel.hub.is_some().then_some(Product::Hub);
        let products = window.into_iter().chain(hub);
        products
            .map(|product| instructions::instructions(product, public_url))
            .collect()
    }

    /// Three calls at most: MVNO inquiry, name check, SMS.
    fn longest_send(&self) -> Duration {
        self.longest_call * 3
    }

    fn longest_call(&self) -> Duration {
        self.longest_call
    }
}

/// KCP's name of an operator.
fn comm_id(operator: Operator) -> CommId {
    match operator {
        Operator::Skt => CommId::Skt,
        Operator::Kt => CommId::Ktf,
        Operator::Lgu => CommId::Lgt,
        Operator::SktMvno => CommId::Skm,
        Operator::KtMvno => CommId::Ktm,
        Operator::LguMvno => CommId::Lgm,
    }
}

fn redacted(text: &bonin_kcp::Sensitive) -> Redacted {
    Redacted::new(text.expose())
}

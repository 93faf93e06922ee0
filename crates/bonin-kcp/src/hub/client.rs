//! The client: one pooled connection set, one call at a time per request, and never a second try once bytes may have left.

use std::fmt;
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Duration;

use reqwest::header::CONTENT_TYPE;
use reqwest::{Response, StatusCode};
use serde::Serialize;
use serde_json::{Map, Value};
use tokio::sync::Semaphore;
use url::Url;

use super::credentials::HubCredentials;
use super::message::HubRequest;
use super::sign::{SignText, SignTextError, SigningFailed};
use super::{PATH, RES_CD_SUCCESS};
use crate::Sensitive;

/// An answer of the hub is under 2 KiB; far above it, it is not one.
const MAX_ANSWER_LEN: usize = 64 * 1024;
/// `res_cd` has four characters; a longer one or one with other than letters and digits is not a code, and is not passed on as one.
const MAX_RES_CD_LEN: usize = 16;

/// Time limits and pool of a [`HubClient`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HubClientConfig {
    /// How long opening a connection (DNS, TCP, TLS) may take. Opening is tried twice.
    pub connect_timeout: Duration,
    /// How long one call may take in all, from opening a connection to the last byte of the answer.
    pub request_timeout: Duration,
    /// How long an unused connection stays open. Short: using one that the other side is just closing loses the call.
    pub pool_idle_timeout: Duration,
    /// How many unused connections stay open for each host.
    pub pool_max_idle_per_host: usize,
}

impl Default for HubClientConfig {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(3),
            request_timeout: Duration::from_secs(15),
            pool_idle_timeout: Duration::from_secs(10),
            pool_max_idle_per_host: 32,
        }
    }
}

impl HubClientConfig {
    /// How long [`HubClient::call`] takes at most: a connection that did not open, then a whole call.
    pub fn longest_call(&self) -> Duration {
        self.connect_timeout.saturating_add(self.request_timeout)
    }
}

/// What KCP answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply<A> {
    /// Success or refusal.
    pub outcome: Outcome<A>,
    /// The answer's JSON text as it came. It may hold personal data.
    pub raw: Sensitive,
}

/// Success or refusal, by `res_cd`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome<A> {
    /// `res_cd` is `0000`.
    Success(A),
    /// Any other `res_cd`: KCP has decided, and this is its reason.
    Refused {
        /// KCP's code: 1 to 16 ASCII letters, digits, `-` or `_`.
        res_cd: String,
        /// KCP's message; empty if it gave none. Free text, so it is treated as personal.
        res_msg: Sensitive,
    },
}

/// Why a call has no proper answer. None of them repeats anything of the request or the answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// A field cannot be signed; nothing was sent.
    #[error(transparent)]
    NotSignable(#[from] SignTextError),
    /// The signature could not be made; nothing was sent.
    #[error(transparent)]
    SigningFailed(#[from] SigningFailed),
    /// The base URL is not an `http` or `https` address; nothing was sent.
    #[error("KCP 허브 주소가 http 또는 https 주소가 아닙니다. 채널의 KCP 주소를 확인해 주세요.")]
    BadBaseUrl,
    /// No connection could be opened, twice; nothing was sent.
    #[error("KCP 허브에 연결하지 못했습니다. 네트워크와 KCP 주소를 확인해 주세요.")]
    Unreachable,
    /// No whole answer within the time limit; KCP may have acted.
    #[error("KCP 허브가 제한 시간 안에 응답하지 않았습니다.")]
    Timeout,
    /// Something came back that is no answer of the hub, or the connection broke; KCP may have acted.
    #[error("KCP 허브의 응답이 올바르지 않습니다: {0}")]
    InvalidResponse(#[from] InvalidResponse),
}

impl CallError {
    /// Whether the request may have reached KCP: if so, KCP may have acted (and charged), and the call must not be repeated.
    pub fn may_have_left(&self) -> bool {
        match self {
            Self::NotSignable(_)
            | Self::SigningFailed(_)
            | Self::BadBaseUrl
            | Self::Unreachable => false,
            Self::Timeout | Self::InvalidResponse(_) => true,
        }
    }
}

/// In what way an answer was not one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidResponse {
    /// The connection broke before the whole answer had come.
    #[error("응답을 다 받기 전에 연결이 끊어졌습니다")]
    Disconnected,
    /// HTTP status other than 200 (a redirect is not followed).
    #[error("HTTP 상태 {0}")]
    Status(u16),
    /// More than 64 KiB.
    #[error("응답이 너무 큽니다")]
    TooLarge,
    /// Not UTF-8 or not a JSON object.
    #[error("JSON 객체가 아닙니다")]
    NotJson,
    /// No `res_cd`, or one that is no code.
    #[error("res_cd가 없거나 코드가 아닙니다")]
    NoResCd,
}

/// The HTTP client could not be set up.
#[derive(Debug, thiserror::Error)]
#[error("HTTP 클라이언트를 준비하지 못했습니다: {0}")]
pub struct ClientSetupError(#[source] reqwest::Error);

/// A client of the hub. Cheap to clone; clones share the connections.
#[derive(Clone)]
pub struct HubClient {
    http: reqwest::Client,
    trusts_nobody: bool,
    /// As many signatures at once as there are cores: more only crowd the blocking pool.
    signers: Arc<Semaphore>,
}

/// What goes on the wire: the fields common to all calls, the signature, and the request's own.
#[derive(Serialize)]
struct Envelope<'a, R> {
    site_cd: &'a str,
    kcp_cert_info: &'a str,
    pay_method: &'static str,
    tx_type: &'static str,
    kcp_web_yn: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    cert_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kcp_sign_data: Option<String>,
    #[serde(flatten)]
    request: &'a R,
}

impl HubClient {
    /// Sets up the client. Proxies of the environment are not used, redirects are not followed, nothing is retried below us.
    pub fn new(config: &HubClientConfig) -> Result<Self, ClientSetupError> {
        let builder = || {
            reqwest::Client::builder()
                .connect_timeout(config.connect_timeout)
                .timeout(config.request_timeout)
                .pool_idle_timeout(config.pool_idle_timeout)
                .pool_max_idle_per_host(config.pool_max_idle_per_host)
                .no_proxy()
                .redirect(reqwest::redirect::Policy::none())
                .referer(false)
                .retry(reqwest::retry::never())
                .user_agent(concat!("bonin-kcp/", env!("CARGO_PKG_VERSION")))
        };
        // A machine without CA certificates can still speak to a sandbox over plain HTTP.
        let (http, trusts_nobody) = match builder().build() {
            Ok(http) => (http, false),
            Err(_) => {
                let http = builder().tls_certs_only([]).build();
                (http.map_err(ClientSetupError)?, true)
            }
        };
        let cores = available_parallelism().map_or(1, |cores| cores.get());
        Ok(Self {
            http,
            trusts_nobody,
            signers: Arc::new(Semaphore::new(cores)),
        })
    }

    /// Whether the machine has no CA certificates: every `https` address is [`CallError::Unreachable`] then.
    pub fn trusts_nobody(&self) -> bool {
        self.trusts_nobody
    }

    /// Makes one call to `{base_url}/gw/hub/v1/cert`, signed where KCP wants it signed.
    ///
    /// A connection that could not be opened is tried once more; after that, or once a byte may have left, nothing is ever repeated.
    pub async fn call<R: HubRequest>(
        &self,
        base_url: &Url,
        credentials: &HubCredentials,
        request: &R,
    ) -> Result<Reply<R::Answer>, CallError> {
        let url = endpoint(base_url)?;
        let kcp_sign_data = match request.sign_text() {
            Some(text) => Some(self.sign(credentials, text?).await?),
            None => None,
        };
        let body = serde_json::to_vec(&Envelope {
            site_cd: credentials.site_cd(),
            kcp_cert_info: credentials.certificate_line(),
            pay_method: "CERT:PERSON",
            tx_type: R::TX_TYPE.as_str(),
            kcp_web_yn: "N",
            cert_type: R::TX_TYPE.cert_type(),
            kcp_sign_data,
            request,
        })
        // A struct with string keys always serializes; should that ever change, nothing has left yet.
        .map_err(|_| CallError::SigningFailed(SigningFailed))?;

        let response = self.post(url, body).await?;
        if response.status() != StatusCode::OK {
            return Err(InvalidResponse::Status(response.status().as_u16()).into());
        }
        let body = read_limited(response).await?;
        Ok(parse_reply(body)?)
    }

    async fn sign(
        &self,
        credentials: &HubCredentials,
        text: SignText,
    ) -> Result<String, SigningFailed> {
        let _permit = self.signers.acquire().await.map_err(|_| SigningFailed)?;
        let credentials = credentials.clone();
        tokio::task::spawn_blocking(move || credentials.sign(&text))
            .await
            .map_err(|_| SigningFailed)?
    }

    async fn post(&self, url: Url, body: Vec<u8>) -> Result<Response, CallError> {
        let send = |body: Vec<u8>| {
            let request = self.http.post(url.clone());
            request
                .header(CONTENT_TYPE, "application/json; charset=utf-8")
                .body(body)
                .send()
        };
        match send(body.clone()).await {
            Err(error) if error.is_connect() => send(body).await,
            result => result,
        }
        .map_err(classify)
    }
}

impl fmt::Debug for HubClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HubClient")
    }
}

fn endpoint(base_url: &Url) -> Result<Url, CallError> {
    if !matches!(base_url.scheme(), "http" | "https") || !base_url.has_host() {
        return Err(CallError::BadBaseUrl);
    }
    let mut url = base_url.clone();
    url.set_path(&format!("{}{PATH}", base_url.path().trim_end_matches('/')));
    url.set_query(None);
    url.set_fragment(None);
    Ok(url)
}

fn classify(error: reqwest::Error) -> CallError {
    if error.is_connect() {
        CallError::Unreachable
    } else if error.is_timeout() {
        CallError::Timeout
    } else {
        InvalidResponse::Disconnected.into()
    }
}

async fn read_limited(mut response: Response) -> Result<Vec<u8>, CallError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(classify)? {
        if body.len() + chunk.len() > MAX_ANSWER_LEN {
            return Err(InvalidResponse::TooLarge.into());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn parse_reply<A: serde::de::DeserializeOwned>(body: Vec<u8>) -> Result<Reply<A>, InvalidResponse> {
    let raw = String::from_utf8(body)
        .map(Sensitive::from)
        .map_err(|_| InvalidResponse::NotJson)?;
    let mut answer: Map<String, Value> =
        serde_json::from_str(raw.expose()).map_err(|_| InvalidResponse::NotJson)?;
    let res_cd = match answer.remove("res_cd") {
        Some(Value::String(code)) if is_res_cd(&code) => code,
        _ => return Err(InvalidResponse::NoResCd),
    };
    let outcome = if res_cd == RES_CD_SUCCESS {
        let answer =
            serde_json::from_value(Value::Object(answer)).map_err(|_| InvalidResponse::NotJson)?;
        Outcome::Success(answer)
    } else {
        let res_msg = match answer.remove("res_msg") {
            Some(Value::String(message)) => Sensitive::from(message),
            _ => Sensitive::default(),
        };
        Outcome::Refused { res_cd, res_msg }
    };
    Ok(Reply { outcome, raw })
}

fn is_res_cd(code: &str) -> bool {
    (1..=MAX_RES_CD_LEN).contains(&code.len())
        && code
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

//! The HTTP below every call: one pooled connection set, and never a second try once bytes may have left.

use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Response, StatusCode};
use tokio::sync::Semaphore;
use url::Url;

use super::{CallError, InvalidResponse};

/// An answer of KCP is under 2 KiB; far above it, it is not one.
const MAX_ANSWER_LEN: usize = 64 * 1024;

/// Time limits and pool of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientConfig {
    /// How long opening a connection (DNS, TCP, TLS) may take. Opening is tried twice.
    pub connect_timeout: Duration,
    /// How long one call may take in all, from opening a connection to the last byte of the answer.
    pub request_timeout: Duration,
    /// How long an unused connection stays open. Short: using one that the other side is just closing loses the call.
    pub pool_idle_timeout: Duration,
    /// How many unused connections stay open for each host.
    pub pool_max_idle_per_host: usize,
}

impl Default for ClientConfig {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(3),
            request_timeout: Duration::from_secs(15),
            pool_idle_timeout: Duration::from_secs(10),
            pool_max_idle_per_host: 32,
        }
    }
}

impl ClientConfig {
    /// How long one call takes at most: a connection that did not open, then a whole call.
    pub fn longest_call(&self) -> Duration {
        self.connect_timeout.saturating_add(self.request_timeout)
    }
}

/// The HTTP client could not be set up.
#[derive(Debug, thiserror::Error)]
#[error("HTTP 클라이언트를 준비하지 못했습니다: {0}")]
pub struct ClientSetupError(#[source] reqwest::Error);

/// The connections to KCP, and the cores for what its calls cost. Clones share both.
#[derive(Clone)]
pub(crate) struct Connections {
    http: reqwest::Client,
    trusts_nobody: bool,
    /// As many signatures and key derivations at once as there are cores: more only crowd the blocking pool.
    cores: Arc<Semaphore>,
}

/// The work was given up: the process is stopping, or the work panicked.
pub(crate) struct WorkLost;

impl Connections {
    /// Proxies of the environment are not used, redirects are not followed, nothing is retried below us.
    pub(crate) fn new(config: &ClientConfig) -> Result<Self, ClientSetupError> {
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
        let (http, trusts_nobody) = super::client(builder).map_err(ClientSetupError)?;
        let cores = available_parallelism().map_or(1, |cores| cores.get());
        Ok(Self {
            http,
            trusts_nobody,
            cores: Arc::new(Semaphore::new(cores)),
        })
    }

    /// Whether the machine has no CA certificates.
    pub(crate) fn trusts_nobody(&self) -> bool {
        self.trusts_nobody
    }

    /// Does work for the CPU off the async threads, as many at once as there are cores.
    pub(crate) async fn compute<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, WorkLost> {
        let permit = self
            .cores
            .clone()
            .acquire_owned()
            .await
            .map_err(|_| WorkLost)?;
        tokio::task::spawn_blocking(move || {
            // Held to the end of the work: a caller that hangs up frees no core.
            let _permit = permit;
            work()
        })
        .await
        .map_err(|_| WorkLost)
    }

    /// Posts a body and gives the whole body of the answer, if that is HTTP 200.
    ///
    /// A connection that could not be opened is tried once more; after that, or once a byte may have left, nothing is ever repeated.
    pub(crate) async fn post(
        &self,
        url: Url,
        headers: HeaderMap,
        body: Vec<u8>,
    ) -> Result<Vec<u8>, CallError> {
        let send = |body: Vec<u8>| {
            let request = self.http.post(url.clone());
            request
                .headers(headers.clone())
                .header(
                    CONTENT_TYPE,
                    HeaderValue::from_static("application/json; charset=utf-8"),
                )
                .body(body)
                .send()
        };
        let response = match send(body.clone()).await {
            Err(error) if error.is_connect() => send(body).await,
            result => result,
        }
        .map_err(classify)?;
        if response.status() != StatusCode::OK {
            return Err(InvalidResponse::Status(response.status().as_u16()).into());
        }
        read_limited(response).await
    }
}

/// The address of a path below a base URL, which may have a path of its own.
pub(crate) fn endpoint(base_url: &Url, path: &str) -> Result<Url, CallError> {
    if !matches!(base_url.scheme(), "http" | "https") || !base_url.has_host() {
        return Err(CallError::BadBaseUrl);
    }
    let mut url = base_url.clone();
    url.set_path(&format!("{}{path}", base_url.path().trim_end_matches('/')));
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

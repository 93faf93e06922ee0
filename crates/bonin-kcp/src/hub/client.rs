//! The client: one call at a time per request, signed where KCP wants it signed.

use std::fmt;

use reqwest::header::HeaderMap;
use serde::Serialize;
use url::Url;

use super::PATH;
use super::credentials::HubCredentials;
use super::message::HubRequest;
use super::sign::{SignText, SigningFailed};
use crate::call::{
    CallError, ClientConfig, ClientSetupError, Connections, Reply, endpoint, parse_reply,
};
use crate::window::WindowClient;

/// A client of the hub. Cheap to clone; clones share the connections.
#[derive(Clone)]
pub struct HubClient(Connections);

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
    pub fn new(config: &ClientConfig) -> Result<Self, ClientSetupError> {
        Connections::new(config).map(Self)
    }

    /// Whether the machine has no CA certificates: every `https` address is [`CallError::Unreachable`] then.
    pub fn trusts_nobody(&self) -> bool {
        self.0.trusts_nobody()
    }

    /// A client of the window that shares this one's connections and its bound on work for the CPU.
    pub fn window(&self) -> WindowClient {
        WindowClient::over(self.0.clone())
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
        let url = endpoint(base_url, PATH)?;
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

        let answer = self.0.post(url, HeaderMap::new(), body).await?;
        Ok(parse_reply(answer)?)
    }

    async fn sign(
        &self,
        credentials: &HubCredentials,
        text: SignText,
    ) -> Result<String, SigningFailed> {
        let credentials = credentials.clone();
        self.0
            .compute(move || credentials.sign(&text))
            .await
            .map_err(|_| SigningFailed)?
    }
}

impl fmt::Debug for HubClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HubClient")
    }
}

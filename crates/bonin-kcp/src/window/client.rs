//! The client of the window's two server-to-server calls.

use std::fmt;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::json;
use url::Url;

use super::cipher::CipherError;
use super::credentials::WindowCredentials;
use super::message::{
    CertData, EncryptedAnswer, Plaintext, Query, Registered, RegisteredAnswer, Registration,
};
use super::{QUERY_PATH, REGISTER_PATH};
use crate::call::{
    CallError, ClientConfig, ClientSetupError, Connections, InvalidResponse, Outcome, Reply,
    endpoint, parse_reply,
};

const SITE_CD: HeaderName = HeaderName::from_static("site_cd");
const RV: HeaderName = HeaderName::from_static("rv");

/// A client of the window. Cheap to clone; clones share the connections.
///
/// A connection that could not be opened is tried once more; after that, or once a byte may have left, nothing is repeated here. Neither call
/// costs money, and asking again is the caller's decision. Key derivation runs off the async threads, as many at once as there are cores.
#[derive(Clone)]
pub struct WindowClient(Connections);

impl WindowClient {
    /// Sets up a client of its own; [`HubClient::window`](crate::hub::HubClient::window) gives one that shares the hub's connections.
    pub fn new(config: &ClientConfig) -> Result<Self, ClientSetupError> {
        Connections::new(config).map(Self)
    }

    pub(crate) fn over(connections: Connections) -> Self {
        Self(connections)
    }

    /// Registers a verification (`POST {base_url}/api/reg/certDataReg.do`).
    pub async fn register(
        &self,
        base_url: &Url,
        credentials: &WindowCredentials,
        registration: &Registration,
    ) -> Result<Reply<Registered>, CallError> {
        let url = endpoint(base_url, REGISTER_PATH)?;
        registration.check()?;
        let plaintext = serde_json::to_string(&Plaintext {
            site_cd: credentials.site_cd(),
            ordr_idxx: &registration.ordr_idxx,
            ret_url: &registration.ret_url,
            web_siteid: registration.web_siteid.as_deref().unwrap_or_default(),
            param_opt_1: &registration.param_opt_1,
            param_opt_2: &registration.param_opt_2,
            param_opt_3: &registration.param_opt_3,
        })
        // A struct of strings always serializes; should that ever change, nothing has left yet.
        .map_err(|_| CipherError)?;
        let encrypted = {
            let credentials = credentials.clone();
            self.0
                .compute(move || credentials.encrypt(&plaintext))
                .await
                .map_err(|_| CipherError)??
        };

        let mut headers = headers(credentials)?;
        headers.insert(RV, header(&encrypted.rv)?);
        let body = self
            .0
            .post(url, headers, encrypted.data.into_bytes())
            .await?;
        let Reply { outcome, raw } = parse_reply::<RegisteredAnswer>(body)?;
        let outcome = match outcome {
            Outcome::Success(answer) => Outcome::Success(answer.try_into()?),
            Outcome::Refused { res_cd, res_msg } => Outcome::Refused { res_cd, res_msg },
        };
        Ok(Reply { outcome, raw })
    }

    /// Asks who verified (`POST {base_url}/api/query/getCertData.do`); may be repeated until the registration expires.
    ///
    /// On success, and where only the decrypted data holds the refusal, [`Reply::raw`] is the *decrypted* JSON text; where KCP refused
    /// outright it is the answer's.
    pub async fn query(
        &self,
        base_url: &Url,
        credentials: &WindowCredentials,
        reg_cert_key: &str,
        ordr_idxx: &str,
    ) -> Result<Reply<CertData>, CallError> {
        let url = endpoint(base_url, QUERY_PATH)?;
        let query = Query {
            reg_cert_key,
            ordr_idxx,
        };
        let body = json!(query).to_string().into_bytes();
        let body = self.0.post(url, headers(credentials)?, body).await?;
        let Reply { outcome, raw } = parse_reply::<EncryptedAnswer>(body)?;
        let answer = match outcome {
            Outcome::Success(answer) => answer,
            Outcome::Refused { res_cd, res_msg } => {
                let outcome = Outcome::Refused { res_cd, res_msg };
                return Ok(Reply { outcome, raw });
            }
        };
        let data = answer
            .enc_cert_data
            .ok_or(InvalidResponse::Incomplete("enc_cert_data"))?;
        let rv = answer.rv.ok_or(InvalidResponse::Incomplete("rv"))?;
        let decrypted = {
            let credentials = credentials.clone();
            self.0
                .compute(move || credentials.decrypt(&data, &rv))
                .await
                .ok()
                .and_then(Result::ok)
                .ok_or(InvalidResponse::Undecipherable)?
        };
        Ok(parse_reply(decrypted.expose().as_bytes().to_vec())?)
    }
}

fn headers(credentials: &WindowCredentials) -> Result<HeaderMap, CallError> {
    Ok(HeaderMap::from_iter([(
        SITE_CD,
        header(credentials.site_cd())?,
    )]))
}

/// Letters, digits and base64 always make a header; should that ever change, nothing has left yet.
fn header(text: &str) -> Result<HeaderValue, CallError> {
    HeaderValue::from_str(text).map_err(|_| CipherError.into())
}

impl fmt::Debug for WindowClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WindowClient")
    }
}

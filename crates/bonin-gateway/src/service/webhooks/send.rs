//! One request to a receiver. It goes where the address says and nowhere else: redirects are not followed, proxies are not
//! used, and the address that was judged is the one that is connected to, whatever a name says a moment later.

use std::{
    fmt,
    future::Future,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use bonin_store::{ClaimedWebhook, TryFailure, TryOutcome, WebhookAddress};
use jiff::Timestamp;
use reqwest::{
    Client, Response,
    dns::{Addrs, Name, Resolve, Resolving},
    header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue},
};
use url::Url;

use super::{
    address::{Networks, Scheme, literal},
    message,
};
use crate::service::SetupError;

/// How much of an answer is read, so that its connection can be used again. It is thrown away.
const READ: usize = 4 * 1024;
/// And for how long.
const READ_WITHIN: Duration = Duration::from_secs(1);

/// A name has no address that may be called.
#[derive(Debug, thiserror::Error)]
#[error("the name has no address that webhooks may be sent to")]
struct NotPermitted;

/// Looks names up, and keeps back the addresses that a request may not go to. The client connects to what this gives, so that
/// what was judged and what is connected to are the same.
struct Guard<L> {
    look_up: L,
    networks: Arc<Networks>,
    scheme: Scheme,
}

impl<L, F> Resolve for Guard<L>
where
    L: Fn(String) -> F + Send + Sync,
    F: Future<Output = std::io::Result<Vec<SocketAddr>>> + Send + 'static,
{
    fn resolve(&self, name: Name) -> Resolving {
        let looking = (self.look_up)(name.as_str().to_owned());
        let (networks, scheme) = (self.networks.clone(), self.scheme);
        Box::pin(async move {
            let found = looking.await?;
            let was_found = !found.is_empty();
            let permitted = networks.permitted(found.into_iter(), scheme);
            if permitted.is_empty() && was_found {
                return Err(NotPermitted.into());
            }
            let addresses: Addrs = Box::new(permitted.into_iter());
            Ok(addresses)
        })
    }
}

async fn look_up(name: String) -> std::io::Result<Vec<SocketAddr>> {
    // Port 0: the URL's own takes its place.
    Ok(tokio::net::lookup_host((name, 0)).await?.collect())
}

/// Sends messages. Cheap to clone.
#[derive(Clone)]
pub(super) struct Sender {
    plain: Client,
    over_tls: Client,
    networks: Arc<Networks>,
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sender")
    }
}

impl Sender {
    pub(super) fn new(timeout: Duration, networks: Arc<Networks>) -> Result<Self, SetupError> {
        let client = |scheme| {
            let made = crate::outbound_client(|| {
                Client::builder()
                    .timeout(timeout)
                    .pool_idle_timeout(Duration::from_secs(10))
                    .pool_max_idle_per_host(4)
                    .dns_resolver(Guard {
                        look_up,
                        networks: networks.clone(),
                        scheme,
                    })
                    .no_proxy()
                    .redirect(reqwest::redirect::Policy::none())
                    .referer(false)
                    .retry(reqwest::retry::never())
                    .user_agent(concat!("bonin/", env!("CARGO_PKG_VERSION")))
            });
            made.map(|(client, _)| client).map_err(|error| {
                SetupError(format!(
                    "the HTTP client for webhooks cannot be made: {error}"
                ))
            })
        };
        Ok(Self {
            plain: client(Scheme::Http)?,
            over_tls: client(Scheme::Https)?,
            networks,
        })
    }

    /// Makes one request, with `more` headers, and says what came of it and how long that took.
    pub(super) async fn send(
        &self,
        claimed: &ClaimedWebhook,
        more: HeaderMap,
        at: Timestamp,
    ) -> (TryOutcome, Duration) {
        let begun = Instant::now();
        let outcome = match &claimed.address {
            Some(address) => self.post(claimed, address, more, at).await,
            None => Err(TryFailure::NotSent),
        };
        (outcome, begun.elapsed())
    }

    async fn post(
        &self,
        claimed: &ClaimedWebhook,
        address: &WebhookAddress,
        more: HeaderMap,
        at: Timestamp,
    ) -> TryOutcome {
        let url = Url::parse(address.url.expose()).map_err(|_| TryFailure::NotSent)?;
        let scheme = Scheme::of(&url).ok_or(TryFailure::NotSent)?;
        // No name is looked up for these, so that the guard does not see them.
        if literal(&url).is_some_and(|address| !self.networks.permit(address, scheme)) {
            return Err(TryFailure::Forbidden);
        }
        let body = message::body(&claimed.delivery).map_err(|_| TryFailure::NotSent)?;
        let id = claimed.delivery.id.as_str();
        let signatures = message::signatures(&address.secrets, id, at, &body);
        let mut headers = more;
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        for (name, value) in [
            ("webhook-id", id.to_owned()),
            ("webhook-timestamp", at.as_second().to_string()),
            (
                "webhook-signature",
                signatures.map_err(|_| TryFailure::NotSent)?,
            ),
        ] {
            let value = HeaderValue::try_from(value).map_err(|_| TryFailure::NotSent)?;
            headers.insert(HeaderName::from_static(name), value);
        }
        let client = match scheme {
            Scheme::Http => &self.plain,
            Scheme::Https => &self.over_tls,
        };
        let answer = client.post(url).headers(headers).body(body).send().await;
        let answer = answer.map_err(|error| failure(&error))?;
        let status = answer.status().as_u16();
        finish(answer).await;
        Ok(status)
    }
}

/// Reads a short answer to its end. Its status is what counts: nothing that comes after it changes the outcome.
async fn finish(mut answer: Response) {
    let reading = async {
        let mut read = 0;
        while let Ok(Some(part)) = answer.chunk().await {
            read += part.len();
            if read > READ {
                return;
            }
        }
    };
    // A longer one ends with its connection.
    let _ = tokio::time::timeout(READ_WITHIN, reading).await;
}

/// Why there is no answer. The error itself is not told: it quotes the address.
fn failure(error: &reqwest::Error) -> TryFailure {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if error.is::<NotPermitted>() {
            return TryFailure::Forbidden;
        }
        cause = error.source();
    }
    if error.is_timeout() {
        TryFailure::Timeout
    } else if error.is_connect() {
        TryFailure::Unreachable
    } else if error.is_builder() {
        TryFailure::NotSent
    } else {
        TryFailure::Disconnected
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use tokio::io::AsyncReadExt;

    use super::*;

    fn guard(
        answers: Vec<Vec<&'static str>>,
        allowed: &[&str],
        scheme: Scheme,
    ) -> impl Resolve + 'static {
        let answers = Mutex::new(answers.into_iter());
        Guard {
            look_up: move |_| {
                let next = answers.lock().unwrap().next().unwrap_or_default();
                let next: Vec<SocketAddr> = next
                    .into_iter()
                    .map(|ip| SocketAddr::new(ip.parse().unwrap(), 0))
                    .collect();
                async move { Ok(next) }
            },
            networks: Arc::new(Networks::new(
                allowed.iter().map(|text| text.parse().unwrap()).collect(),
            )),
            scheme,
        }
    }

    async fn resolved(guard: &impl Resolve) -> Result<Vec<String>, String> {
        let found = guard.resolve("receiver.example.com".parse().unwrap()).await;
        let found = found.map_err(|error| error.to_string())?;
        Ok(found.map(|address| address.ip().to_string()).collect())
    }

    #[tokio::test]
    async fn a_name_that_was_public_and_becomes_private_is_not_connected_to() {
        let rebinding = guard(
            vec![vec!["8.8.8.8"], vec!["127.0.0.1"], vec!["169.254.169.254"]],
            &[],
            Scheme::Https,
        );
        assert_eq!(resolved(&rebinding).await.unwrap(), ["8.8.8.8"]);
        for _ in 0..2 {
            let refused = resolved(&rebinding).await.unwrap_err();
            assert_eq!(refused, NotPermitted.to_string());
        }
    }

    #[tokio::test]
    async fn of_a_names_addresses_only_those_are_tried_that_may_be() {
        let addresses = vec!["10.0.0.1", "8.8.8.8", "::1", "2606:4700::1111"];
        let open = guard(vec![addresses.clone()], &[], Scheme::Https);
        assert_eq!(
            resolved(&open).await.unwrap(),
            ["8.8.8.8", "2606:4700::1111"]
        );
        let plain = guard(vec![addresses], &["10.0.0.0/8"], Scheme::Http);
        assert_eq!(resolved(&plain).await.unwrap(), ["10.0.0.1"]);
    }

    /// The whole client, with a name that leads to this machine: nothing may reach the listener.
    #[tokio::test]
    async fn a_name_that_leads_to_this_machine_is_refused_before_a_connection_is_opened() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let client = |allowed: &[&str]| {
            let local = vec![vec!["127.0.0.1"]];
            let builder = Client::builder().no_proxy().tls_certs_only([]);
            builder.dns_resolver(guard(local, allowed, Scheme::Http))
        };
        let url = format!("http://receiver.example.com:{port}/");
        let refused = client(&[]).build().unwrap().post(&url).send().await;
        assert_eq!(failure(&refused.unwrap_err()), TryFailure::Forbidden);
        let connected = tokio::time::timeout(Duration::from_millis(100), listener.accept()).await;
        assert!(connected.is_err(), "somebody connected");
        // The same name, where the operator allows it: now the listener hears of it.
        let allowed = client(&["127.0.0.0/8"]).build().unwrap();
        let sending = tokio::spawn(async move { allowed.post(&url).send().await });
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut first = [0u8; 4];
        stream.read_exact(&mut first).await.unwrap();
        assert_eq!(&first, b"POST");
        drop(stream);
        assert_eq!(
            failure(&sending.await.unwrap().unwrap_err()),
            TryFailure::Disconnected
        );
    }
}

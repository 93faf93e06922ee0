//! Where the console is: beside the API, on a listener of its own, or nowhere.

use std::net::SocketAddr;

use bonin_gateway::ConsoleConfig;
use clap::Args;
use tokio::net::TcpListener;

use crate::{failure::Failure, listener, settings::Span};

/// Settings of the console.
#[derive(Debug, Args)]
#[command(next_help_heading = "Console")]
pub(crate) struct ConsoleArgs {
    /// Whether there is a console at /console.
    #[arg(
        long,
        env = "BONIN_CONSOLE_ENABLED",
        value_name = "true|false",
        default_value_t = true,
        action = clap::ArgAction::Set
    )]
    pub(crate) console_enabled: bool,
    /// Serve the console here, such as 127.0.0.1:8790, and no longer beside the API. Port 0 picks a free one.
    #[arg(long, env = "BONIN_CONSOLE_LISTEN", value_name = "ADDRESS")]
    pub(crate) console_listen: Option<String>,
    /// The address under which browsers reach the console, such as https://console.example.com. [default: the public URL; with
    /// --console-listen the address listened on]
    #[arg(long, env = "BONIN_CONSOLE_URL", value_name = "URL")]
    pub(crate) console_url: Option<String>,
    /// How many proxies in front of the console's own listener append the caller's address to X-Forwarded-For. [default:
    /// --trusted-hops with --console-url, otherwise 0]
    #[arg(long, env = "BONIN_CONSOLE_TRUSTED_HOPS", value_name = "COUNT")]
    console_trusted_hops: Option<usize>,
    /// How long a login lasts. [default: 12h]
    #[arg(long, env = "BONIN_CONSOLE_SESSION_LIFE", value_name = "TIME")]
    pub(crate) console_session_life: Option<Span>,
    /// After how long without a click a login ends. [default: 30m]
    #[arg(long, env = "BONIN_CONSOLE_SESSION_IDLE", value_name = "TIME")]
    pub(crate) console_session_idle: Option<Span>,
}

/// The console's place, decided.
pub(crate) enum Place {
    /// There is none.
    Nowhere,
    /// On the gateway's own listener, under this address.
    BesideTheApi(String),
    /// On this listener alone, under this address.
    Alone(TcpListener, String),
}

impl Place {
    /// The address of the pages, if there are any.
    pub(crate) fn url(&self) -> Option<&str> {
        match self {
            Self::Nowhere => None,
            Self::BesideTheApi(url) | Self::Alone(_, url) => Some(url),
        }
    }
}

impl ConsoleArgs {
    /// What is set, over the defaults.
    pub(crate) fn config(&self, place: &Place, mut config: ConsoleConfig) -> ConsoleConfig {
        if let Some(life) = self.console_session_life {
            config.session_life = life.signed();
        }
        if let Some(idle) = self.console_session_idle {
            config.session_idle = idle.signed();
        }
        config.url = place.url().map(str::to_owned);
        config
    }

    /// The trusted proxies in front of the console's own listener. One that browsers reach under the very address that it
    /// listens on has none.
    pub(crate) fn trusted_hops(&self, of_the_gateway: usize) -> usize {
        let behind_a_proxy = self.console_url.is_some();
        self.console_trusted_hops
            .unwrap_or(if behind_a_proxy { of_the_gateway } else { 0 })
    }

    /// Decides where the console is, and listens there where that is a place of its own.
    pub(crate) async fn place(&self, public_url: &str) -> Result<Place, Failure> {
        if !self.console_enabled {
            return Ok(Place::Nowhere);
        }
        let given = self
            .console_url
            .as_deref()
            .map(|url| plain_address("console_url", url))
            .transpose()?;
        let Some(address) = &self.console_listen else {
            return Ok(Place::BesideTheApi(
                given.unwrap_or_else(|| public_url.to_owned()),
            ));
        };
        let (listener, bound) = listener::bind(address).await?;
        let url = match given {
            Some(url) => url,
            None => address_of(bound)?,
        };
        Ok(Place::Alone(listener, url))
    }
}

/// Where browsers find what listens here.
fn address_of(bound: SocketAddr) -> Result<String, Failure> {
    if bound.ip().is_unspecified() {
        return Err(Failure::new(format!(
            "console_listen is {bound}, which is no address for browsers; say with --console-url, BONIN_CONSOLE_URL or `console_url` where they reach the console"
        )));
    }
    Ok(format!("http://{bound}"))
}

/// An http or https address without query and fragment, and without a slash at its end.
pub(crate) fn plain_address(setting: &str, given: &str) -> Result<String, Failure> {
    let wrong = |why: &str| Failure::new(format!("{setting} {why}"));
    let url = reqwest::Url::parse(given).map_err(|_| wrong("is not an address"))?;
    if !matches!(url.scheme(), "http" | "https")
        || !url.has_host()
        || url.query().is_some()
        || url.fragment().is_some()
    {
        return Err(wrong("must be a plain http or https address"));
    }
    Ok(given.trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_browsers_cannot_use_is_not_guessed() {
        let address = |text: &str| address_of(text.parse().unwrap());
        assert_eq!(address("127.0.0.1:8790").unwrap(), "http://127.0.0.1:8790");
        assert!(address("0.0.0.0:8790").is_err());
        assert!(address("[::]:8790").is_err());
    }

    #[test]
    fn an_address_is_plain() {
        let plain = |text| plain_address("public_url", text);
        assert_eq!(plain("https://a.example/").unwrap(), "https://a.example");
        for wrong in ["a.example", "ftp://a.example", "https://a.example/?a=b", ""] {
            assert!(plain(wrong).is_err(), "{wrong}");
        }
    }
}

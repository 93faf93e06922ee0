//! Where `/metrics` is: on a listener of its own, beside the API for whoever has the token, or nowhere.

use std::path::PathBuf;

use bonin_core::Redacted;
use bonin_gateway::MetricsAccess;
use clap::Args;

use crate::failure::Failure;

/// The variable that holds the token: there is no flag for it, since others on a machine can read command lines.
const TOKEN_VARIABLE: &str = "BONIN_METRICS_TOKEN";
/// A token that can be guessed is none.
const SHORTEST: usize = 16;

/// Settings of `/metrics`.
#[derive(Debug, Args)]
#[command(next_help_heading = "Metrics")]
pub(crate) struct MetricsArgs {
    /// Serve /metrics here, such as 127.0.0.1:9464, to whoever reaches it (or, where a token is set, shows it). Port 0 picks a
    /// free one.
    #[arg(long, env = "BONIN_METRICS_LISTEN", value_name = "ADDRESS")]
    pub(crate) metrics_listen: Option<String>,
    /// A file with the token that opens /metrics; without --metrics-listen it is served beside the API. The variable
    /// BONIN_METRICS_TOKEN may hold it instead.
    #[arg(long, env = "BONIN_METRICS_TOKEN_FILE", value_name = "FILE")]
    pub(crate) metrics_token_file: Option<PathBuf>,
}

impl MetricsArgs {
    /// The token, where one is set.
    pub(crate) fn token(&self) -> Result<Option<Redacted>, Failure> {
        let given = match (std::env::var(TOKEN_VARIABLE), &self.metrics_token_file) {
            (Ok(text), _) => Redacted::new(text),
            (Err(_), Some(file)) => {
                let read = std::fs::read_to_string(file);
                Redacted::new(read.map_err(Failure::while_doing(format!(
                    "cannot read {}",
                    file.display()
                )))?)
            }
            (Err(_), None) => return Ok(None),
        };
        plain_token(&given).map(Some)
    }

    /// Who may read the metrics beside the API.
    pub(crate) fn access(&self) -> Result<MetricsAccess, Failure> {
        let token = self.token()?;
        Ok(match (&self.metrics_listen, token) {
            (None, Some(token)) => MetricsAccess::Token(token),
            _ => MetricsAccess::Closed,
        })
    }
}

fn plain_token(given: &Redacted) -> Result<Redacted, Failure> {
    let token = given.expose().trim();
    if token.len() < SHORTEST || !token.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(Failure::new(format!(
            "the token for /metrics must be {SHORTEST} or more ASCII letters, digits and signs; make one with `openssl rand -hex 32`"
        )));
    }
    Ok(Redacted::new(token))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_long_and_plain() {
        let plain = |text: &str| plain_token(&Redacted::new(text));
        let token = plain("0123456789abcdef\n").unwrap();
        assert_eq!(token.expose(), "0123456789abcdef");
        for wrong in ["", "short", "0123456789 abcdef", "0123456789abcde한"] {
            let failure = plain(wrong).unwrap_err().to_string();
            assert!(wrong.is_empty() || !failure.contains(wrong), "{failure}");
        }
    }
}

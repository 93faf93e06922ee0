//! What `bonin webhook` is asked.

use std::path::PathBuf;

use bonin_core::{Redacted, StoreId, WebhookDeliveryId, WebhookEndpointId};
use bonin_store::{DeliveryState, WebhookEvent};
use clap::{Args, Subcommand, builder::PossibleValuesParser};

use crate::{
    admin::{AdminArgs, input},
    failure::Failure,
    settings::{Span, WebhookNetworkArgs},
};

#[derive(Debug, Args)]
pub(crate) struct WebhookArgs {
    #[command(subcommand)]
    pub(super) command: WebhookCommand,
}

#[derive(Debug, Subcommand)]
pub(super) enum WebhookCommand {
    /// Make a webhook of a store. The secret that its messages are signed with is shown once.
    Create {
        /// The store.
        #[arg(long, value_name = "ID")]
        store: StoreId,
        #[command(flatten)]
        address: AddressArgs,
        /// What it is told of. May be given several times. [default: all]
        #[arg(long, value_name = "TYPE", value_parser = events())]
        event: Vec<String>,
        #[command(flatten)]
        networks: WebhookNetworkArgs,
        #[command(flatten)]
        admin: AdminArgs,
    },
    /// List webhooks, without their secrets.
    List {
        /// Of this store alone.
        #[arg(long, value_name = "ID")]
        store: Option<StoreId>,
        #[command(flatten)]
        admin: AdminArgs,
    },
    /// Show one webhook, without its secret.
    Show {
        #[command(flatten)]
        which: WhichArgs,
        #[command(flatten)]
        admin: AdminArgs,
    },
    /// Change where a webhook goes and what it is told of. What is not named stays as it is; events that are named replace those
    /// before.
    Update {
        #[command(flatten)]
        which: WhichArgs,
        #[command(flatten)]
        address: AddressArgs,
        /// What it is told of. May be given several times.
        #[arg(long, value_name = "TYPE", value_parser = events())]
        event: Vec<String>,
        #[command(flatten)]
        networks: WebhookNetworkArgs,
        #[command(flatten)]
        admin: AdminArgs,
    },
    /// Give a webhook another secret, which is shown once. The one before stays valid for a while.
    RotateSecret {
        #[command(flatten)]
        which: WhichArgs,
        /// How long messages are signed with the secret before, too; at most 168h. [default: 24h]
        #[arg(long, value_name = "TIME")]
        overlap: Option<Span>,
        /// End the secret before at once.
        #[arg(long, conflicts_with = "overlap")]
        no_overlap: bool,
        #[command(flatten)]
        admin: AdminArgs,
    },
    /// Send nothing to a webhook until it is resumed; what happens meanwhile waits.
    Pause {
        #[command(flatten)]
        which: WhichArgs,
        #[command(flatten)]
        admin: AdminArgs,
    },
    /// Go on sending to a webhook, what waited first.
    Resume {
        #[command(flatten)]
        which: WhichArgs,
        #[command(flatten)]
        admin: AdminArgs,
    },
    /// Put a webhook away for good.
    Retire {
        #[command(flatten)]
        which: WhichArgs,
        #[command(flatten)]
        admin: AdminArgs,
    },
    /// Have a running gateway send a test message.
    Test {
        #[command(flatten)]
        which: WhichArgs,
        /// Wait so long for what comes of it. Exit status 1 where it is not delivered by then.
        #[arg(long, value_name = "TIME")]
        wait: Option<Span>,
        #[command(flatten)]
        admin: AdminArgs,
    },
    /// List the messages to a webhook, the newest first, 30 at a time.
    Deliveries {
        #[command(flatten)]
        which: WhichArgs,
        /// In this state alone.
        #[arg(long, value_parser = states(), ignore_case = true)]
        state: Option<String>,
        /// Of this type alone.
        #[arg(long, value_name = "TYPE")]
        event: Option<String>,
        /// About this verification alone.
        #[arg(long, value_name = "ID")]
        identity_verification_id: Option<String>,
        /// Older than this message: the last of the page before.
        #[arg(long, value_name = "ID")]
        before: Option<String>,
        #[command(flatten)]
        admin: AdminArgs,
    },
    /// Show one message with every try.
    Delivery {
        /// Its id, as `deliveries` shows it: the `webhook-id` that the receiver sees.
        id: WebhookDeliveryId,
        #[command(flatten)]
        admin: AdminArgs,
    },
    /// Have a running gateway send a message once more, under the same `webhook-id`.
    Replay {
        /// Its id, as `deliveries` shows it.
        id: WebhookDeliveryId,
        #[command(flatten)]
        admin: AdminArgs,
    },
}

/// What an endpoint may choose, as receivers read it.
fn events() -> PossibleValuesParser {
    WebhookEvent::CHOOSABLE.map(WebhookEvent::type_name).into()
}

fn states() -> PossibleValuesParser {
    DeliveryState::ALL.map(DeliveryState::as_str).into()
}

/// Which webhook.
#[derive(Debug, Args)]
pub(super) struct WhichArgs {
    /// Its id, as `list` shows it.
    pub(super) id: WebhookEndpointId,
}

/// Where a webhook goes.
#[derive(Debug, Args)]
pub(super) struct AddressArgs {
    /// Where it goes: https://shop.example.com/webhooks. Others on the machine can read command lines: an address that holds a
    /// token belongs into --url-file.
    #[arg(long, value_name = "URL", conflicts_with = "url_file")]
    url: Option<Redacted>,
    /// A file that holds the address, `-` for standard input.
    #[arg(long, value_name = "FILE")]
    url_file: Option<PathBuf>,
}

impl AddressArgs {
    pub(super) fn given(self) -> Result<Option<Redacted>, Failure> {
        match (self.url, self.url_file) {
            (Some(url), _) => Ok(Some(url)),
            (None, Some(file)) => input::line(&file).map(Some),
            (None, None) => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Asked {
        #[command(flatten)]
        webhook: WebhookArgs,
    }

    fn asked(args: &[&str]) -> Result<Asked, clap::Error> {
        Asked::try_parse_from(["bonin"].iter().chain(args))
    }

    #[test]
    fn an_address_may_hold_a_token_and_does_not_print() {
        let url = "https://shop.example.com/in/token-canary?key=canary";
        for args in [
            vec!["create", "--store", "s", "--url", url],
            vec!["update", "w", "--url", url],
        ] {
            let asked = asked(&args).unwrap();
            assert!(!format!("{asked:?}").contains("canary"), "{asked:?}");
            let (WebhookCommand::Create { address, .. } | WebhookCommand::Update { address, .. }) =
                asked.webhook.command
            else {
                panic!("{args:?}");
            };
            assert_eq!(address.given().unwrap().unwrap().expose(), url);
        }
    }

    #[test]
    fn whatever_an_endpoint_may_choose_and_a_message_may_come_to_can_be_asked_for() {
        for event in WebhookEvent::CHOOSABLE {
            assert!(asked(&["update", "w", "--event", event.type_name()]).is_ok());
        }
        assert!(asked(&["update", "w", "--event", "Webhook.Test"]).is_err());
        for state in DeliveryState::ALL {
            let spelled = state.as_str().to_ascii_lowercase();
            assert!(asked(&["deliveries", "w", "--state", &spelled]).is_ok());
        }
    }
}

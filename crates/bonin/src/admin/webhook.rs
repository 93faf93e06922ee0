//! `bonin webhook`

mod shown;

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use bonin_core::{Redacted, StoreId, WebhookDeliveryId, WebhookEndpointId};
use bonin_gateway::admin::{DeliveryForm, ShownDelivery, ShownWebhook, WebhookForm};
use bonin_store::{DeliveryState, WebhookEvent};
use clap::{Args, Subcommand};
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{AdminArgs, Shell, input};
use crate::{
    failure::Failure,
    settings::{Span, WebhookNetworkArgs},
};
use shown::{delivery_in_full, delivery_line, in_full, line, shown, shown_delivery, shown_tries};

/// How often a message that is waited for is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(100);

#[derive(Debug, Args)]
pub(crate) struct WebhookArgs {
    #[command(subcommand)]
    command: WebhookCommand,
}

#[derive(Debug, Subcommand)]
enum WebhookCommand {
    /// Make a webhook of a store. The secret that its messages are signed with is shown once.
    Create {
        /// The store.
        #[arg(long, value_name = "ID")]
        store: StoreId,
        #[command(flatten)]
        address: AddressArgs,
        /// What it is told of. May be given several times. [default: all]
        #[arg(long, value_name = "TYPE", value_parser = EVENTS)]
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
        #[arg(long, value_name = "TYPE", value_parser = EVENTS)]
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
        #[arg(long, value_parser = STATES, ignore_case = true)]
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
const EVENTS: [&str; 3] = [
    "IdentityVerification.Ready",
    "IdentityVerification.Verified",
    "IdentityVerification.Failed",
];

const STATES: [&str; 4] = ["PENDING", "DELIVERED", "GAVE_UP", "DROPPED"];

/// Which webhook.
#[derive(Debug, Args)]
struct WhichArgs {
    /// Its id, as `list` shows it.
    id: WebhookEndpointId,
}

/// Where a webhook goes.
#[derive(Debug, Args)]
struct AddressArgs {
    /// Where it goes: https://shop.example.com/webhooks. Others on the machine can read command lines: an address that holds a
    /// token belongs into --url-file.
    #[arg(long, value_name = "URL", conflicts_with = "url_file")]
    url: Option<String>,
    /// A file that holds the address, `-` for standard input.
    #[arg(long, value_name = "FILE")]
    url_file: Option<PathBuf>,
}

impl AddressArgs {
    fn given(self) -> Result<Option<Redacted>, Failure> {
        match (self.url, self.url_file) {
            (Some(url), _) => Ok(Some(Redacted::new(url))),
            (None, Some(file)) => input::line(&file).map(Some),
            (None, None) => Ok(None),
        }
    }
}

pub(crate) async fn run(args: WebhookArgs) -> Result<(), Failure> {
    match args.command {
        WebhookCommand::Create {
            store,
            address,
            event,
            networks,
            admin,
        } => {
            let form = WebhookForm {
                url: address.given()?.unwrap_or_default(),
                events: if event.is_empty() { all() } else { event },
            };
            create(&admin, &networks, &store, &form).await
        }
        WebhookCommand::List { store, admin } => {
            let shell = admin.open().await?;
            let webhooks = shell.admin.webhooks(&shell.who, store.as_ref()).await?;
            shell.admin.close().await;
            let lines: Vec<String> = webhooks.iter().map(line).collect();
            let shown: Vec<Value> = webhooks.iter().map(shown).collect();
            admin.output.print(&json!(shown), &lines.join("\n"))
        }
        WebhookCommand::Show { which, admin } => {
            let shell = admin.open().await?;
            now(shell, &which, &admin).await
        }
        WebhookCommand::Update {
            which,
            address,
            event,
            networks,
            admin,
        } => {
            let url = address.given()?;
            let shell = allowing(admin.open().await?, &networks);
            let before = shell.admin.webhook(&shell.who, &which.id).await?;
            let form = WebhookForm {
                events: if event.is_empty() {
                    names(&before.events)
                } else {
                    event
                },
                url: url.unwrap_or(before.address),
            };
            let changed = shell.admin.update_webhook(&shell.who, &which.id, &form);
            let changed = changed.await?;
            shell.admin.close().await;
            admin.output.print(&shown(&changed), &in_full(&changed))
        }
        WebhookCommand::RotateSecret {
            which,
            overlap,
            no_overlap,
            admin,
        } => {
            let overlap = match overlap {
                None if no_overlap => Some(SignedDuration::ZERO),
                overlap => overlap.map(Span::signed),
            };
            rotate_secret(&admin, &which, overlap).await
        }
        WebhookCommand::Pause { which, admin } => {
            let shell = admin.open().await?;
            shell.admin.pause_webhook(&shell.who, &which.id).await?;
            now(shell, &which, &admin).await
        }
        WebhookCommand::Resume { which, admin } => {
            let shell = admin.open().await?;
            shell.admin.resume_webhook(&shell.who, &which.id).await?;
            now(shell, &which, &admin).await
        }
        WebhookCommand::Retire { which, admin } => {
            let shell = admin.open().await?;
            shell.admin.retire_webhook(&shell.who, &which.id).await?;
            now(shell, &which, &admin).await
        }
        WebhookCommand::Test { which, wait, admin } => test(&admin, &which, wait).await,
        WebhookCommand::Deliveries {
            which,
            state,
            event,
            identity_verification_id,
            before,
            admin,
        } => {
            let form = DeliveryForm {
                state: state.unwrap_or_default().to_ascii_uppercase(),
                event: event.unwrap_or_default(),
                verification: identity_verification_id.unwrap_or_default(),
                before: before.unwrap_or_default(),
            };
            deliveries(&admin, &which, &form).await
        }
        WebhookCommand::Delivery { id, admin } => {
            let shell = admin.open().await?;
            let delivery = shell.admin.webhook_delivery(&shell.who, &id).await?;
            shell.admin.close().await;
            told(&admin, &delivery)
        }
        WebhookCommand::Replay { id, admin } => {
            let shell = admin.open().await?;
            shell.admin.replay_webhook(&shell.who, &id).await?;
            let delivery = shell.admin.webhook_delivery(&shell.who, &id).await?;
            shell.admin.close().await;
            told(&admin, &delivery)
        }
    }
}

fn all() -> Vec<String> {
    names(&WebhookEvent::CHOOSABLE)
}

fn names(events: &[WebhookEvent]) -> Vec<String> {
    events
        .iter()
        .map(|event| event.type_name().to_owned())
        .collect()
}

/// The same shell, which knows where webhooks may go.
fn allowing(shell: Shell, networks: &WebhookNetworkArgs) -> Shell {
    Shell {
        admin: shell.admin.allowing_networks(networks.networks()),
        who: shell.who,
    }
}

async fn create(
    admin: &AdminArgs,
    networks: &WebhookNetworkArgs,
    store: &StoreId,
    form: &WebhookForm,
) -> Result<(), Failure> {
    let shell = allowing(admin.open().await?, networks);
    let made = shell.admin.create_webhook(&shell.who, store, form).await?;
    shell.admin.close().await;
    let mut json = shown(&made.endpoint);
    json["secret"] = json!(made.secret.expose());
    let lines = format!(
        "{}\n\nThis is the only time that it is shown. The webhook's id is {}.",
        made.secret.expose(),
        made.endpoint.id
    );
    admin.output.print(&json, &lines)
}

async fn rotate_secret(
    admin: &AdminArgs,
    which: &WhichArgs,
    overlap: Option<SignedDuration>,
) -> Result<(), Failure> {
    let shell = admin.open().await?;
    let rotated = shell
        .admin
        .rotate_webhook_secret(&shell.who, &which.id, overlap)
        .await?;
    shell.admin.close().await;
    let until = rotated.previous_until.map(|at| at.to_string());
    let json = json!({
        "id": which.id.as_str(),
        "secret": rotated.secret.expose(),
        "previousSecretUntil": until,
    });
    let before = match until {
        Some(until) => format!("The one before is valid until {until}."),
        None => "The one before is valid no more.".to_owned(),
    };
    let lines = format!(
        "{}\n\nThis is the only time that it is shown. {before}",
        rotated.secret.expose()
    );
    admin.output.print(&json, &lines)
}

/// Shows the webhook as it is now.
async fn now(shell: Shell, which: &WhichArgs, admin: &AdminArgs) -> Result<(), Failure> {
    let webhook: ShownWebhook = shell.admin.webhook(&shell.who, &which.id).await?;
    shell.admin.close().await;
    admin.output.print(&shown(&webhook), &in_full(&webhook))
}

async fn test(admin: &AdminArgs, which: &WhichArgs, wait: Option<Span>) -> Result<(), Failure> {
    let shell = admin.open().await?;
    let id = shell.admin.test_webhook(&shell.who, &which.id).await?;
    let Some(wait) = wait else {
        shell.admin.close().await;
        let line = format!(
            "A running gateway sends {id}; `bonin webhook delivery {id}` tells what came of it."
        );
        return admin.output.print(&json!({ "id": id.as_str() }), &line);
    };
    let deadline = Instant::now() + wait.duration();
    let delivery = loop {
        let delivery = shell.admin.webhook_delivery(&shell.who, &id).await?;
        let under_way = delivery.delivery.state == DeliveryState::Pending;
        if !under_way || Instant::now() >= deadline {
            break delivery;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    };
    shell.admin.close().await;
    told(admin, &delivery)?;
    match delivery.delivery.state {
        DeliveryState::Delivered => Ok(()),
        DeliveryState::Pending => Err(Failure::new(
            "nothing came of it yet; check that `bonin serve` runs on this database, or wait longer with --wait",
        )),
        DeliveryState::GaveUp | DeliveryState::Dropped => {
            Err(Failure::new("the test message was not delivered"))
        }
    }
}

async fn deliveries(
    admin: &AdminArgs,
    which: &WhichArgs,
    form: &DeliveryForm,
) -> Result<(), Failure> {
    let shell = admin.open().await?;
    // Tells a webhook that is not there from one without messages.
    shell.admin.webhook(&shell.who, &which.id).await?;
    let page = shell
        .admin
        .webhook_deliveries(&shell.who, &which.id, form)
        .await?;
    shell.admin.close().await;
    let mut lines: Vec<String> = page.items.iter().map(delivery_line).collect();
    let next = page.items.last().filter(|_| page.more);
    if let Some(last) = next {
        lines.push(format!("\nThere are older ones: --before {}", last.id));
    }
    let items: Vec<Value> = page.items.iter().map(shown_delivery).collect();
    let json = json!({ "items": items, "before": next.map(|last| last.id.as_str()) });
    admin.output.print(&json, &lines.join("\n"))
}

fn told(admin: &AdminArgs, delivery: &ShownDelivery) -> Result<(), Failure> {
    let mut json = shown_delivery(&delivery.delivery);
    json["attempts"] = json!(shown_tries(&delivery.tries));
    admin.output.print(&json, &delivery_in_full(delivery))
}

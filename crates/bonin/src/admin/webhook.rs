//! `bonin webhook`

mod args;
mod shown;

use std::time::{Duration, Instant};

use bonin_core::StoreId;
use bonin_gateway::admin::{DeliveryForm, ShownDelivery, ShownWebhook, WebhookForm};
use bonin_store::{DeliveryState, WebhookEvent};
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{AdminArgs, Shell};
use crate::{
    failure::Failure,
    settings::{Span, WebhookNetworkArgs},
};
pub(crate) use args::WebhookArgs;
use args::{WebhookCommand, WhichArgs};
use shown::{
    delivery_in_full, delivery_line, in_full, line, names, shown, shown_delivery, shown_tries,
};

/// How often a message that is waited for is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(100);

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
    while Instant::now() < deadline {
        let message = shell.admin.webhook_message(&shell.who, &id).await?;
        if message.state != DeliveryState::Pending {
            break;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    let delivery = shell.admin.webhook_delivery(&shell.who, &id).await?;
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

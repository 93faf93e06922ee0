//! Having a message sent from the console: a test, or one once more. The page waits a moment for what comes of it.

use std::time::Duration;

use axum::{
    extract::{Path, State},
    response::Response,
};
use bonin_core::{WebhookDeliveryId, WebhookEndpointId};
use bonin_store::DeliveryState;

use super::{
    super::{
        Console,
        form::Posted,
        layout::{back, trouble},
        visitor::Visitor,
    },
    deliveries, webhook_id,
};
use crate::admin::Error;

/// How often, and how many times, a message is looked at before its page is shown as it is then: three seconds. Receivers that
/// are well answer sooner.
const LOOK_EVERY: Duration = Duration::from_millis(50);
const LOOKS: u32 = 60;

pub(super) async fn test(
    State(console): State<Console>,
    Path(id): Path<String>,
    posted: Posted,
) -> Response {
    let visitor = posted.visitor;
    let sent = async {
        let id = webhook_id(id)?;
        let sent = console.admin.test_webhook(&visitor.who, &id).await?;
        settled(&console, &visitor, &sent).await?;
        Ok((id, sent))
    };
    shown(&visitor, sent.await, "tested")
}

pub(super) async fn replay(
    State(console): State<Console>,
    Path((id, delivery)): Path<(String, String)>,
    posted: Posted,
) -> Response {
    let visitor = posted.visitor;
    let sent = async {
        visitor.who.must(crate::admin::Action::ChangeWebhooks)?;
        let found = deliveries::found(&console, &visitor, id, delivery).await?;
        let (id, sent) = (found.endpoint.id, found.delivery.id);
        console.admin.replay_webhook(&visitor.who, &sent).await?;
        settled(&console, &visitor, &sent).await?;
        Ok((id, sent))
    };
    shown(&visitor, sent.await, "replayed")
}

/// Waits until it was tried, but not for long.
async fn settled(
    console: &Console,
    visitor: &Visitor,
    id: &WebhookDeliveryId,
) -> Result<(), Error> {
    let before = console.admin.webhook_message(&visitor.who, id).await?;
    for _ in 0..LOOKS {
        let now = console.admin.webhook_message(&visitor.who, id).await?;
        if now.state != DeliveryState::Pending || now.tries > before.tries {
            break;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    Ok(())
}

fn shown(
    visitor: &Visitor,
    sent: Result<(WebhookEndpointId, WebhookDeliveryId), Error>,
    done: &str,
) -> Response {
    match sent {
        Ok((id, sent)) => back(
            format_args!("/console/webhooks/{id}/deliveries/{sent}"),
            done,
        ),
        Err(error) => trouble(visitor, &error),
    }
}

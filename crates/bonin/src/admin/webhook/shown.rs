//! How webhooks and their messages are printed.

use bonin_gateway::admin::{ShownDelivery, ShownWebhook, WebhookState, try_explanation};
use bonin_store::{WebhookDelivery, WebhookEvent, WebhookTry};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::admin::{facts, or_dash, several};

/// Types of events, as receivers read them.
pub(super) fn names(events: &[WebhookEvent]) -> Vec<String> {
    events
        .iter()
        .map(|event| event.type_name().to_owned())
        .collect()
}

/// Since when it stands as it does.
fn since(state: WebhookState) -> Option<Timestamp> {
    match state {
        WebhookState::Live => None,
        WebhookState::Failing { since }
        | WebhookState::Paused { since, .. }
        | WebhookState::Retired { since } => Some(since),
    }
}

fn pause_cause(state: WebhookState) -> Option<&'static str> {
    match state {
        WebhookState::Paused { cause, .. } => Some(cause.as_str()),
        _ => None,
    }
}

fn time(at: Option<Timestamp>) -> Option<String> {
    at.map(|at| at.to_string())
}

pub(super) fn shown(webhook: &ShownWebhook) -> Value {
    json!({
        "id": webhook.id.as_str(),
        "storeId": webhook.store.as_str(),
        "url": webhook.address.expose(),
        "events": names(&webhook.events),
        "state": webhook.state.as_str(),
        "since": time(since(webhook.state)),
        "pauseCause": pause_cause(webhook.state),
        "failingSince": time(webhook.failing_since),
        "previousSecretUntil": time(webhook.previous_until),
        "pending": webhook.pending,
        "createdAt": webhook.created_at.to_string(),
        "updatedAt": webhook.updated_at.to_string(),
    })
}

/// Its state, with what belongs to it.
fn state(webhook: &ShownWebhook) -> String {
    let mut told = webhook.state.as_str().to_owned();
    if let Some(cause) = pause_cause(webhook.state) {
        told.push_str(&format!(" ({cause})"));
    }
    if let Some(since) = since(webhook.state) {
        told.push_str(&format!(" since {since}"));
    }
    told
}

pub(super) fn line(webhook: &ShownWebhook) -> String {
    let waiting = match webhook.pending {
        0 => String::new(),
        count => format!("  {count} pending"),
    };
    format!(
        "{}  {}  {}  {}  {}{waiting}",
        webhook.id,
        webhook.store,
        state(webhook),
        webhook.address.expose(),
        names(&webhook.events).join(","),
    )
}

pub(super) fn in_full(webhook: &ShownWebhook) -> String {
    facts(&[
        ("id", webhook.id.to_string()),
        ("store", webhook.store.to_string()),
        ("url", webhook.address.expose().to_owned()),
        ("events", several(&names(&webhook.events))),
        ("state", state(webhook)),
        ("failing-since", or_dash(webhook.failing_since)),
        ("pending", webhook.pending.to_string()),
        ("previous-secret-until", or_dash(webhook.previous_until)),
        ("created", webhook.created_at.to_string()),
        ("updated", webhook.updated_at.to_string()),
    ])
}

pub(super) fn shown_delivery(delivery: &WebhookDelivery) -> Value {
    let (verification, tx) = match &delivery.about {
        Some((id, tx_id)) => (Some(id.as_str()), Some(tx_id.as_str())),
        None => (None, None),
    };
    json!({
        "id": delivery.id.as_str(),
        "webhookId": delivery.endpoint.as_str(),
        "storeId": delivery.store.as_str(),
        "type": delivery.event.type_name(),
        "identityVerificationId": verification,
        "identityVerificationTxId": tx,
        "happenedAt": delivery.happened_at.to_string(),
        "state": delivery.state.as_str(),
        "isBeingSent": delivery.is_being_sent,
        "tries": delivery.tries,
        "nextAt": time(delivery.next_at),
        "endedAt": time(delivery.ended_at),
    })
}

/// Where a message stands, and when something happens to it next.
fn progress(delivery: &WebhookDelivery) -> String {
    let mut told = delivery.state.as_str().to_owned();
    if delivery.is_being_sent {
        told.push_str(" (being sent)");
    }
    if let Some(at) = delivery.ended_at {
        told.push_str(&format!(" {at}"));
    } else if let Some(at) = delivery.next_at {
        told.push_str(&format!(" next {at}"));
    }
    told
}

pub(super) fn delivery_line(delivery: &WebhookDelivery) -> String {
    let about = match &delivery.about {
        Some((id, _)) => id.to_string(),
        None => "-".to_owned(),
    };
    format!(
        "{}  {}  {}  {about}  {} tries  {}",
        delivery.id,
        delivery.happened_at,
        delivery.event.type_name(),
        delivery.tries,
        progress(delivery)
    )
}

pub(super) fn delivery_in_full(shown: &ShownDelivery) -> String {
    let delivery = &shown.delivery;
    let (verification, tx) = match &delivery.about {
        Some((id, tx_id)) => (Some(id), Some(tx_id)),
        None => (None, None),
    };
    let tries: Vec<String> = shown.tries.iter().map(try_line).collect();
    facts(&[
        ("id", delivery.id.to_string()),
        ("webhook", delivery.endpoint.to_string()),
        ("store", delivery.store.to_string()),
        ("type", delivery.event.type_name().to_owned()),
        ("verification", or_dash(verification)),
        ("tx-id", or_dash(tx)),
        ("happened", delivery.happened_at.to_string()),
        ("state", progress(delivery)),
        ("tries", several(&tries)),
    ])
}

pub(super) fn shown_tries(tries: &[WebhookTry]) -> Vec<Value> {
    let one = |one: &WebhookTry| {
        json!({
            "number": one.number,
            "at": one.at.to_string(),
            "millis": one.millis,
            "status": one.outcome.ok(),
            "failure": one.outcome.err().map(|failure| failure.as_str()),
            "explanation": try_explanation(one.outcome),
        })
    };
    tries.iter().map(one).collect()
}

fn try_line(one: &WebhookTry) -> String {
    let outcome = match one.outcome {
        Ok(status) => status.to_string(),
        Err(failure) => failure.as_str().to_owned(),
    };
    format!(
        "{}  {}  {outcome}  {} ms\n    {}",
        one.number,
        one.at,
        one.millis,
        try_explanation(one.outcome)
    )
}

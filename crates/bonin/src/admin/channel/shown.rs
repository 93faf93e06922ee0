//! How channels, trial calls and instructions are printed.

use bonin_core::Redacted;
use bonin_gateway::{
    admin::ShownChannel,
    provider::{Instructions, Probed},
};
use serde_json::{Value, json};

use crate::admin::{facts, or_dash};

pub(super) fn shown(channel: &ShownChannel) -> Value {
    json!({
        "id": channel.id.as_str(),
        "key": channel.key,
        "storeId": channel.store.as_str(),
        "name": channel.name,
        "kind": channel.kind.as_str(),
        "pgProvider": channel.pg_provider,
        "pgMerchantId": channel.pg_merchant_id,
        "hub": channel.hub_url.as_ref().map(|url| json!({
            "url": url,
            "certificateEndsAt": channel.certificate.map(|(at, _)| at.to_string()),
        })),
        "window": channel.window_url.as_ref().map(|url| json!({ "url": url })),
        "createdAt": channel.created_at.to_string(),
        "retiredAt": channel.retired_at.map(|at| at.to_string()),
        "warning": channel.certificate_warning(),
    })
}

pub(super) fn line(channel: &ShownChannel) -> String {
    let can = match (&channel.hub_url, &channel.window_url) {
        (Some(_), Some(_)) => "hub+window",
        (Some(_), None) => "hub",
        _ => "window",
    };
    let mut line = format!(
        "{}  {}  {}  {}  {can}  {}",
        channel.key,
        channel.store,
        channel.kind.as_str(),
        channel.pg_merchant_id,
        channel.name
    );
    if let Some((ends_at, _)) = channel.certificate {
        line.push_str(&format!("  certificate until {ends_at}"));
    }
    if let Some(at) = channel.retired_at {
        line.push_str(&format!("  retired {at}"));
    }
    if let Some(warning) = channel.certificate_warning() {
        line.push_str(&format!("\n    {warning}"));
    }
    line
}

pub(super) fn in_full(channel: &ShownChannel) -> String {
    facts(&[
        ("key", channel.key.clone()),
        ("id", channel.id.to_string()),
        ("store", channel.store.to_string()),
        ("name", channel.name.clone()),
        ("kind", channel.kind.as_str().to_owned()),
        ("site-cd", channel.pg_merchant_id.clone()),
        ("hub", or_dash(channel.hub_url.as_ref())),
        (
            "certificate-ends",
            or_dash(channel.certificate.map(|(at, _)| at)),
        ),
        ("window", or_dash(channel.window_url.as_ref())),
        ("created", channel.created_at.to_string()),
        ("retired", or_dash(channel.retired_at)),
        ("warning", or_dash(channel.certificate_warning())),
    ])
}

pub(super) fn shown_probe(probed: &Probed) -> Value {
    json!({
        "product": probed.product.as_str(),
        "verdict": probed.verdict.as_str(),
        "code": probed.code,
        "message": probed.message.as_ref().map(Redacted::expose),
        "explanation": probed.explanation,
        "millis": u64::try_from(probed.took.as_millis()).unwrap_or(u64::MAX),
    })
}

pub(super) fn probe(probed: &Probed) -> String {
    let said = match (&probed.code, &probed.message) {
        (Some(code), Some(message)) => format!("  {code} {}", message.expose()),
        (Some(code), None) => format!("  {code}"),
        _ => String::new(),
    };
    format!(
        "{}  {}{said}  {} ms\n    {}",
        probed.product.as_str(),
        probed.verdict.as_str(),
        probed.took.as_millis(),
        probed.explanation
    )
}

pub(super) fn shown_steps(told: &Instructions) -> Value {
    let steps: Vec<Value> = told
        .steps
        .iter()
        .map(|step| json!({ "place": step.place, "value": step.value, "note": step.note }))
        .collect();
    json!({ "product": told.product.as_str(), "steps": steps })
}

pub(super) fn steps(told: &Instructions) -> String {
    let mut lines = vec![told.product.korean().to_owned()];
    for (number, step) in told.steps.iter().enumerate() {
        let value = step
            .value
            .as_ref()
            .map_or_else(String::new, |value| format!(": {value}"));
        lines.push(format!(
            "  {}. {}{value}\n     {}",
            number + 1,
            step.place,
            step.note
        ));
    }
    lines.join("\n")
}

//! `/sandbox/settings`: how the sandbox behaves.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use serde_json::Value;

use super::ControlError;
use super::body::JsonObject;
use crate::Sandbox;
use crate::fields::{FieldError, Fields};
use crate::world::Settings;

const FIELDS: [&str; 5] = [
    "unknownPeople",
    "otpTtlSeconds",
    "otpMaxAttempts",
    "registrationTtlSeconds",
    "fixedOtp",
];

pub(crate) async fn show(State(sandbox): State<Sandbox>) -> Json<Value> {
    Json(sandbox.world().settings.to_json())
}

/// Changes the settings that are named; `fixedOtp: null` makes numbers random again.
pub(crate) async fn change(
    State(sandbox): State<Sandbox>,
    JsonObject(fields): JsonObject,
) -> Result<Json<Value>, ControlError> {
    let mut world = sandbox.world();
    let settings = read(&fields, world.settings.clone())?;
    let answer = settings.to_json();
    world.settings = settings;
    Ok(Json(answer))
}

fn read(fields: &Fields, mut settings: Settings) -> Result<Settings, FieldError> {
    fields.only(&FIELDS)?;
    match fields.text("unknownPeople")? {
        None => {}
        Some("accept") => settings.accepts_unknown_people = true,
        Some("reject") => settings.accepts_unknown_people = false,
        Some(_) => {
            return Err(FieldError::new(
                "unknownPeople",
                "accept 또는 reject여야 합니다.",
            ));
        }
    }
    if let Some(seconds) = fields.integer("otpTtlSeconds", 0..=86_400)? {
        settings.otp_ttl = Duration::from_secs(seconds);
    }
    if let Some(attempts) = fields.integer("otpMaxAttempts", 1..=1_000)? {
        settings.otp_max_attempts = u32::try_from(attempts).unwrap_or(u32::MAX);
    }
    if let Some(seconds) = fields.integer("registrationTtlSeconds", 0..=86_400)? {
        settings.registration_ttl = Duration::from_secs(seconds);
    }
    match fields.text("fixedOtp")? {
        Some(otp) if otp.len() == 6 && otp.bytes().all(|b| b.is_ascii_digit()) => {
            settings.fixed_otp = Some(otp.to_owned());
        }
        Some(_) => {
            return Err(FieldError::new(
                "fixedOtp",
                "숫자 6자리여야 합니다. 예: \"000000\"",
            ));
        }
        None if fields.is_null("fixedOtp") => settings.fixed_otp = None,
        None => {}
    }
    Ok(settings)
}

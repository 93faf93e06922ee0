//! The pages on the way to the provider's window and back.

use axum::{
    extract::{Path, State},
    http::{HeaderValue, StatusCode, header::CONTENT_SECURITY_POLICY},
    response::{Html, IntoResponse, Response},
};
use serde_json::{Value, json};
use url::Url;

use super::{failure, view};
use crate::{
    http::{body::RawBody, caller::Address},
    service::{
        Service,
        checkout::{Arrival, Code, Departure, Failure, Progress},
    },
};

/// `GET /checkout/{txId}`: posts the person on to the provider.
pub(super) async fn departure(
    State(service): State<Service>,
    Address(address): Address,
    Path(tx_id): Path<String>,
) -> Response {
    match service.departure(&tx_id, address).await {
        Ok(departure) => {
            let action = Url::parse(&departure.form.action).map(|url| url.origin());
            let Ok(action) = action.map(|origin| origin.ascii_serialization()) else {
                return calm(&Failure::new(Code::Unavailable, view::TROUBLE), None);
            };
            let Departure { form, framed_by } = departure;
            let policy = policy(view::DEPARTURE_SCRIPT, &action, framed_by.as_deref());
            page(StatusCode::OK, view::departure(&form), &policy)
        }
        Err(failed) => calm(&failed, None),
    }
}

/// `POST /checkout/{txId}/return/{secret}`: the person is back.
pub(super) async fn arrival(
    State(service): State<Service>,
    Address(address): Address,
    Path((tx_id, secret)): Path<(String, String)>,
    RawBody(form): RawBody,
) -> Response {
    match service.way_back(&tx_id, &secret, &form, address).await {
        Ok(arrival) => arrived(&arrival),
        // Whose window it was is not known now. The person asks again where they are, and must not begin anew.
        Err(failed) if failed.code == Code::Unavailable => {
            let policy = policy(view::ARRIVAL_SCRIPT, "'self'", None);
            page(failure::status(failed.code), view::pending(&[]), &policy)
        }
        Err(failed) => calm(&failed, None),
    }
}

fn arrived(arrival: &Arrival) -> Response {
    let result = match result(arrival) {
        Some(result) => result,
        None => {
            let pending = view::pending(&arrival.again);
            return page(
                StatusCode::ACCEPTED,
                pending,
                &policy(view::ARRIVAL_SCRIPT, "'self'", framed_by(arrival)),
            );
        }
    };
    let go = arrival
        .redirect_url
        .as_deref()
        .and_then(|address| with_result(address, &result));
    let told = json!({
        "message": { "bonin": 1, "txId": arrival.tx_id, "result": result },
        "origin": arrival.listener,
        "framed": arrival.framed,
        "go": go,
    });
    let failed = match &arrival.progress {
        Progress::Failed(failed) => Some(failed),
        _ => None,
    };
    let shown = view::arrival(&told, failed, go.as_deref());
    let policy = policy(view::ARRIVAL_SCRIPT, "'none'", framed_by(arrival));
    page(StatusCode::OK, shown, &policy)
}

fn framed_by(arrival: &Arrival) -> Option<&str> {
    arrival.listener.as_deref().filter(|_| arrival.framed)
}

/// What the merchant's page gets. `None` while nothing is decided.
fn result(arrival: &Arrival) -> Option<Value> {
    let mut result = match &arrival.progress {
        Progress::Ready { .. } => return None,
        Progress::Verified => json!({}),
        Progress::Failed(failed) => failure::told(failed),
    };
    result["transactionType"] = json!("IDENTITY_VERIFICATION");
    result["identityVerificationId"] = json!(arrival.id);
    result["identityVerificationTxId"] = json!(arrival.tx_id);
    Some(result)
}

/// The fields of a result, as the script and a redirect give them.
const RESULT: [&str; 7] = [
    "transactionType",
    "identityVerificationId",
    "identityVerificationTxId",
    "code",
    "message",
    "pgCode",
    "pgMessage",
];

/// The address with the result's fields as query parameters.
fn with_result(address: &str, result: &Value) -> Option<String> {
    let mut url = Url::parse(address).ok()?;
    // An earlier result's fields must not stand beside this one's: the page may have given its own address.
    let kept: Vec<(String, String)> = url
        .query_pairs()
        .filter(|(name, _)| !RESULT.contains(&name.as_ref()))
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect();
    {
        let mut query = url.query_pairs_mut();
        query.clear().extend_pairs(kept);
        for name in RESULT {
            if let Some(value) = result[name].as_str() {
                query.append_pair(name, value);
            }
        }
    }
    Some(url.into())
}

/// Nothing but the page's own style and script; forms to one place; framed by one page at the most. Nothing here cuts the
/// tie to the opener.
fn policy(script: &str, form_action: &str, framed_by: Option<&str>) -> String {
    format!(
        "default-src 'none'; style-src '{}'; script-src '{}'; img-src data:; form-action {form_action}; \
         frame-ancestors {}; base-uri 'none'",
        view::hash(view::STYLE),
        view::hash(script),
        framed_by.unwrap_or("'none'"),
    )
}

/// What a person sees where there is no window to show.
fn calm(failed: &Failure, framed_by: Option<&str>) -> Response {
    let policy = policy(view::DEPARTURE_SCRIPT, "'none'", framed_by);
    page(failure::status(failed.code), view::trouble(), &policy)
}

fn page(status: StatusCode, html: String, policy: &str) -> Response {
    let nothing = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
    let policy = HeaderValue::from_str(policy).unwrap_or(nothing);
    (status, [(CONTENT_SECURITY_POLICY, policy)], Html(html)).into_response()
}

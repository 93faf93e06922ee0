//! What a receiver gets: the body, and the signature over it, as Standard Webhooks has them.

use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::STANDARD};
use bonin_core::Redacted;
use bonin_store::WebhookDelivery;
use jiff::Timestamp;
use serde::Serialize;

/// What secrets begin with, so that people and scanners know them.
pub(crate) const SECRET_PREFIX: &str = "whsec_";

/// The body: ids and nothing else. Whoever receives it asks the API for the rest.
#[derive(Debug, Serialize)]
struct Body<'a> {
    r#type: &'static str,
    timestamp: String,
    data: Data<'a>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Data<'a> {
    store_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    identity_verification_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    identity_verification_tx_id: Option<&'a str>,
}

/// The body of a message. It is the same at every try.
pub(super) fn body(delivery: &WebhookDelivery) -> Result<String, serde_json::Error> {
    let about = delivery.about.as_ref();
    serde_json::to_string(&Body {
        r#type: delivery.event.type_name(),
        timestamp: delivery.happened_at.to_string(),
        data: Data {
            store_id: delivery.store.as_str(),
            identity_verification_id: about.map(|(id, _)| id.as_str()),
            identity_verification_tx_id: about.map(|(_, tx_id)| tx_id.as_str()),
        },
    })
}

/// A secret is no secret.
#[derive(Debug)]
pub(super) struct NoSecret;

/// `webhook-signature`: one signature for each secret, over id, time of the try in seconds, and body.
pub(super) fn signatures(
    secrets: &[Redacted],
    id: &str,
    at: Timestamp,
    body: &str,
) -> Result<String, NoSecret> {
    let signed = format!("{id}.{}.{body}", at.as_second());
    let signatures = secrets.iter().map(|secret| {
        let encoded = secret.expose().strip_prefix(SECRET_PREFIX);
        let key = STANDARD.decode(encoded.ok_or(NoSecret)?);
        let key = zeroize::Zeroizing::new(key.map_err(|_| NoSecret)?);
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), signed.as_bytes());
        Ok(format!("v1,{}", STANDARD.encode(tag)))
    });
    Ok(signatures.collect::<Result<Vec<_>, _>>()?.join(" "))
}

#[cfg(test)]
mod tests {
    use bonin_core::{IdentityVerificationId, StoreId, TxId, WebhookDeliveryId, WebhookEndpointId};
    use bonin_store::{DeliveryState, WebhookEvent};

    use super::*;

    #[test]
    fn a_signature_is_that_of_the_standards_own_example() {
        // From the specification's reference libraries.
        let secret = Redacted::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let at = Timestamp::from_second(1_614_265_330).unwrap();
        let body = r#"{"test": 2432232314}"#;
        let signed = signatures(&[secret], "msg_p5jXN8AQM9LWM0D4loKWxJek", at, body).unwrap();
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn two_secrets_sign_side_by_side_and_what_is_no_secret_signs_nothing() {
        let at = Timestamp::from_second(1_614_265_330).unwrap();
        let secrets = ["whsec_AAAA", "whsec_BBBB"].map(Redacted::new);
        let both = signatures(&secrets, "wh_1", at, "{}").unwrap();
        let one = |index: usize| signatures(&secrets[index..=index], "wh_1", at, "{}").unwrap();
        assert_eq!(both, format!("{} {}", one(0), one(1)));
        for wrong in ["AAAA", "whsec_!", ""] {
            assert!(signatures(&[Redacted::new(wrong)], "wh_1", at, "{}").is_err());
        }
    }

    #[test]
    fn a_body_holds_ids_and_a_test_those_of_no_verification() {
        let mut delivery = WebhookDelivery {
            id: WebhookDeliveryId::parse("wh_1").unwrap(),
            endpoint: WebhookEndpointId::parse("webhook-1").unwrap(),
            store: StoreId::parse("store-1").unwrap(),
            about: Some((
                IdentityVerificationId::parse("order1").unwrap(),
                TxId::parse("00ff").unwrap(),
            )),
            event: WebhookEvent::Verified,
            happened_at: Timestamp::from_millisecond(1_800_000_000_123).unwrap(),
            state: DeliveryState::Pending,
            tries: 0,
            next_at: None,
            is_being_sent: true,
            ended_at: None,
        };
        assert_eq!(
            body(&delivery).unwrap(),
            r#"{"type":"IdentityVerification.Verified","timestamp":"2027-01-15T08:00:00.123Z","data":{"storeId":"store-1","identityVerificationId":"order1","identityVerificationTxId":"00ff"}}"#
        );
        delivery.about = None;
        delivery.event = WebhookEvent::Test;
        assert_eq!(
            body(&delivery).unwrap(),
            r#"{"type":"Webhook.Test","timestamp":"2027-01-15T08:00:00.123Z","data":{"storeId":"store-1"}}"#
        );
    }
}

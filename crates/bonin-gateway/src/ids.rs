//! The one maker of ids and secrets. All of them come from the operating system's randomness.

use aws_lc_rs::rand;
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use bonin_core::{
    ChannelId, ChannelKey, ClaimToken, InvalidId, OrderNumber, Redacted, SecretId, SessionId,
    StoreId, TxId, UserId, WebhookEndpointId,
};

use zeroize::Zeroizing;

use crate::service::webhooks::message::SECRET_PREFIX;

/// The operating system gave no randomness; nothing can be made safely.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the operating system gave no randomness")]
pub struct NoRandomness;

impl From<InvalidId> for NoRandomness {
    fn from(_: InvalidId) -> Self {
        Self
    }
}

fn bytes<const N: usize>() -> Result<[u8; N], NoRandomness> {
    let mut bytes = [0u8; N];
    rand::fill(&mut bytes).map_err(|_| NoRandomness)?;
    Ok(bytes)
}

fn hex(bytes: [u8; 16]) -> String {
    format!("{:032x}", u128::from_be_bytes(bytes))
}

/// A random UUID (version 4).
fn uuid() -> Result<String, NoRandomness> {
    let mut bytes = bytes::<16>()?;
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let text = hex(bytes);
    Ok(format!(
        "{}-{}-{}-{}-{}",
        &text[..8],
        &text[8..12],
        &text[12..16],
        &text[16..20],
        &text[20..]
    ))
}

/// A try's id: 128 random bits.
pub fn tx_id() -> Result<TxId, NoRandomness> {
    Ok(TxId::parse(hex(bytes()?))?)
}

/// A try's order number at the provider: 128 random bits, so that it is unique over all instances.
pub fn order_number() -> Result<OrderNumber, NoRandomness> {
    Ok(OrderNumber::parse(format!("BN{}", hex(bytes()?)))?)
}

/// A claim's token.
pub fn claim_token() -> Result<ClaimToken, NoRandomness> {
    Ok(ClaimToken::parse(hex(bytes()?))?)
}

/// A store's id.
pub fn store_id() -> Result<StoreId, NoRandomness> {
    Ok(StoreId::parse(format!("store-{}", uuid()?))?)
}

/// A channel's id.
pub fn channel_id() -> Result<ChannelId, NoRandomness> {
    Ok(ChannelId::parse(format!("channel-id-{}", uuid()?))?)
}

/// A channel's key.
pub fn channel_key() -> Result<ChannelKey, NoRandomness> {
    Ok(ChannelKey::parse(format!("channel-key-{}", uuid()?))?)
}

/// An API secret's id.
pub fn secret_id() -> Result<SecretId, NoRandomness> {
    Ok(SecretId::parse(format!("secret-{}", uuid()?))?)
}

/// An API secret: 256 random bits behind a prefix that secret scanners can look for.
pub fn api_secret() -> Result<Redacted, NoRandomness> {
    let secret = format!("bonin_sk_{}", URL_SAFE_NO_PAD.encode(bytes::<32>()?));
    Ok(Redacted::new(secret))
}

/// A refresh token: 256 random bits.
pub fn refresh_token() -> Result<Redacted, NoRandomness> {
    let token = format!("bonin_rt_{}", URL_SAFE_NO_PAD.encode(bytes::<32>()?));
    Ok(Redacted::new(token))
}

/// A user's id.
pub fn user_id() -> Result<UserId, NoRandomness> {
    Ok(UserId::parse(format!("user-{}", uuid()?))?)
}

/// The id of a session in the console.
pub fn session_id() -> Result<SessionId, NoRandomness> {
    Ok(SessionId::parse(format!("session-{}", uuid()?))?)
}

/// What the cookie of a session in the console holds: 256 random bits.
pub fn session_token() -> Result<Redacted, NoRandomness> {
    Ok(Redacted::new(URL_SAFE_NO_PAD.encode(bytes::<32>()?)))
}

/// A webhook endpoint's id.
pub fn webhook_id() -> Result<WebhookEndpointId, NoRandomness> {
    Ok(WebhookEndpointId::parse(format!("webhook-{}", uuid()?))?)
}

/// What webhooks are signed with, as Standard Webhooks spells it: 256 random bits.
pub fn webhook_secret() -> Result<Redacted, NoRandomness> {
    let secret = Zeroizing::new(bytes::<32>()?);
    Ok(Redacted::new(format!(
        "{SECRET_PREFIX}{}",
        STANDARD.encode(secret.as_slice())
    )))
}

/// Bytes for salts and keys.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], NoRandomness> {
    bytes()
}

/// Something to be read and typed by a person: `groups` of five characters out of 32, of which none looks like another. Each
/// group holds 25 random bits.
pub(crate) fn readable(groups: usize) -> Result<Redacted, NoRandomness> {
    const CHARACTERS: &[u8; 32] = b"23456789abcdefghijkmnpqrstuvwxyz";
    // Large enough that it never moves and leaves no copy behind.
    let mut text = String::with_capacity(groups * 6);
    for group in 0..groups {
        if group > 0 {
            text.push('-');
        }
        // 256 is a multiple of 32: no character is likelier than another.
        for byte in bytes::<5>()? {
            text.push(char::from(CHARACTERS[usize::from(byte % 32)]));
        }
    }
    Ok(Redacted::new(text))
}

/// A request's id, for logs and `X-Request-Id`.
pub fn request_id() -> Result<String, NoRandomness> {
    Ok(hex(bytes()?))
}

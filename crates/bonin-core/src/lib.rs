#![doc = include_str!("../README.md")]

mod id;
mod operator;
mod person;
mod redacted;
mod verification;

pub use id::{
    ChannelId, ChannelKey, ClaimToken, IdentityVerificationId, InvalidId, OrderNumber, SecretId,
    SessionId, StoreId, TxId, UserId, WebhookDeliveryId, WebhookEndpointId,
};
pub use operator::{Method, Operator};
pub use person::{
    BirthDate, Ci, Di, Gender, InvalidPerson, Otp, PersonName, PhoneNumber, ResidentNumberPrefix,
};
pub use redacted::Redacted;
pub use verification::{
    Attempt, AttemptState, Claim, Command, ConfirmOutcome, Event, EventKind, FailureReason,
    IdentityVerification, Purpose, Refusal, ResendOutcome, Rules, SendOutcome, Status, Way,
};

//! The hub (허브형 API): server-to-server calls for a merchant that shows its own screen.
//!
//! Every call is `POST {base}/gw/hub/v1/cert`, JSON in and JSON out; `tx_type` says which one.

pub mod certificate;
pub mod client;
pub mod credentials;
pub mod message;
mod pem;
pub mod sign;

pub use certificate::{CertificateError, HubCertificate};
pub use client::HubClient;
pub use credentials::{CredentialsError, HubCredentials, HubKey};
pub use sign::{SignText, SignTextError};

pub use crate::call::{
    CallError, ClientConfig as HubClientConfig, InvalidResponse, Outcome, RES_CD_SUCCESS, Reply,
};

/// The path of every hub call below the base URL.
pub const PATH: &str = "/gw/hub/v1/cert";

//! The gateway from outside.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "what a test builds on may stop it by panicking"
)]

#[path = "../../../bonin-api/tests/it/agreement.rs"]
mod agreement;
mod openapi;

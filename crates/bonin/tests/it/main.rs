//! What holds for the workspace as a whole.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "what a test builds on may stop it by panicking"
)]

mod boundaries;
mod threat_model;

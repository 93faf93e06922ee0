//! The state machine from outside: its tables as examples, its promises as properties.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "what a test builds on may stop it by panicking"
)]

mod properties;
mod tries;

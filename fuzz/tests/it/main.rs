//! One target a test: on stable Rust each runs for a bounded time over random inputs; `scripts/fuzz` drives the same tests
//! by coverage for as long as one likes (`docs/FUZZING.md`).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "what a test builds on may stop it by panicking"
)]

mod credentials;
mod http;
mod kcp_answers;
mod merchant;
mod rest;
mod texts;
mod window;

use std::time::Duration;

/// How long a target runs under `cargo test`.
const TIME: Duration = Duration::from_millis(2500);

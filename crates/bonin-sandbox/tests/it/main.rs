//! The sandbox from outside, over real HTTP, by a client written from KCP's protocol and not from our types.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "what a test builds on may stop it by panicking"
)]

mod admission;
mod client;
mod control;
mod faults;
mod hostile;
mod otp;
mod people;
mod phone;
mod ways;
mod window;

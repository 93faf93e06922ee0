//! The wire from outside: the `openssl` program checks what we sign, small real servers play KCP.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "what a test builds on may stop it by panicking"
)]

mod calls;
mod credentials;
mod messages;
mod openssl;
mod server;
mod window;

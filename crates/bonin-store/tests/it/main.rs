//! The store on a real database: SQLite, or PostgreSQL (see `place`).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "what a test builds on may stop it by panicking"
)]

mod audit;
mod begin;
mod copy;
mod erase;
mod fixture;
mod keys;
mod limits;
mod list;
mod place;
mod plans;
mod rotation;
mod secrecy;
mod secrets;
mod statistics;
mod users;
mod verbs;
mod webhook_tidy;
mod webhooks;

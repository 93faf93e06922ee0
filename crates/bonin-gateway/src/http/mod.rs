//! HTTP: parse, call a use case, render. One map of routes in `router.rs`.

mod body;
mod caller;
mod checkout;
mod console;
pub mod docs;
mod error;
mod identity_verification;
mod metrics;
mod observe;
mod pages;
mod peer;
mod router;
mod token;

pub use router::{console_router, metrics_router, openapi, router};

//! The gateway from outside.

#[path = "../../../bonin-api/tests/it/agreement.rs"]
mod agreement;
mod openapi;

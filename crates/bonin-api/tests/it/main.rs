//! The contract, seen from outside: what is read, what is refused and how, what is answered, what is documented.

#![expect(
    clippy::unwrap_used,
    reason = "a test that finds something missing has failed"
)]

mod agreement;
mod answers;
mod bodies;
mod documented;
mod messages;
mod privacy;
mod unbreakable;

//! The limits that Bonin is held against: what a machine does when it does nothing else.

pub(crate) mod commits;
pub(crate) mod crypto;
pub(crate) mod server;

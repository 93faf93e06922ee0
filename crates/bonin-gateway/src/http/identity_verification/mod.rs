//! The five calls on identity verifications, a file each.

pub(super) mod confirm;
pub(super) mod get;
pub(super) mod list;
pub(super) mod path;
pub(super) mod resend;
pub(super) mod send;

//! The window's messages.

mod registration;
mod result;
mod return_post;

pub use registration::{Registered, Registration, RegistrationError};
pub use result::CertData;
pub use return_post::ReturnPost;

pub(super) use registration::{Plaintext, RegisteredAnswer};
pub(super) use result::{EncryptedAnswer, Query};

//! What went wrong, in one readable line with what to do about it.

use std::{fmt::Display, io::Write, process::ExitCode};

/// A command's failure. Its text never holds a secret.
#[derive(Debug)]
pub(crate) struct Failure(String);

impl Failure {
    /// A failure with what to do about it.
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// What was being done, and what went wrong.
    pub(crate) fn while_doing<E: Display>(what: impl Display) -> impl FnOnce(E) -> Self {
        move |error| Self(format!("{what}: {error}"))
    }

    /// Prints it to stderr, on one line, and gives exit status 1.
    pub(crate) fn report(&self) -> ExitCode {
        let line = self.0.replace(['\n', '\r'], " ");
        // Where stderr is closed there is nobody to tell.
        let _ = writeln!(std::io::stderr(), "bonin: {line}");
        ExitCode::FAILURE
    }
}

impl From<bonin_store::StoreError> for Failure {
    fn from(error: bonin_store::StoreError) -> Self {
        Self(error.to_string())
    }
}

impl From<bonin_gateway::SetupError> for Failure {
    fn from(error: bonin_gateway::SetupError) -> Self {
        Self(error.to_string())
    }
}

impl From<bonin_gateway::ids::NoRandomness> for Failure {
    fn from(error: bonin_gateway::ids::NoRandomness) -> Self {
        Self(error.to_string())
    }
}

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

impl Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<bonin_gateway::admin::Error> for Failure {
    /// What is wrong with a field is told by the flag that fills it.
    fn from(error: bonin_gateway::admin::Error) -> Self {
        let bonin_gateway::admin::Error::Invalid(problems) = &error else {
            return Self(error.to_string());
        };
        let told = problems
            .0
            .iter()
            .map(|problem| format!("{}: {}", flag_of(problem.field), problem.message));
        Self(told.collect::<Vec<_>>().join(" "))
    }
}

/// The flag of a field, as forms spell it.
fn flag_of(field: &str) -> String {
    let flag = match field {
        "origins" => "origin",
        "redirectHosts" => "redirect-host",
        "redirectSchemes" => "redirect-scheme",
        "otherStores" => "also",
        "events" => "event",
        "encKey" => "encKeyFile",
        "privateKeyPassword" => "privateKeyPasswordFile",
        other => other,
    };
    let mut spelled = String::from("--");
    for letter in flag.chars() {
        if letter.is_ascii_uppercase() {
            spelled.push('-');
        }
        spelled.push(letter.to_ascii_lowercase());
    }
    spelled
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_a_field_is_told_by_its_flag() {
        for (field, flag) in [
            ("name", "--name"),
            ("siteCd", "--site-cd"),
            ("privateKeyPassword", "--private-key-password-file"),
            ("origins", "--origin"),
        ] {
            assert_eq!(flag_of(field), flag);
        }
    }
}

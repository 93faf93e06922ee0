//! What is too secret for a command line: read from a file, or from standard input.

use std::{io::Read, path::Path};

use bonin_core::Redacted;

use crate::failure::Failure;

/// The longest text that is read.
const MAX: u64 = 1 << 20;

/// A file's text; `-` is standard input.
pub(crate) fn text(file: &Path) -> Result<Redacted, Failure> {
    let mut text = String::new();
    let read = if file.as_os_str() == "-" {
        std::io::stdin().take(MAX).read_to_string(&mut text)
    } else {
        std::fs::File::open(file).and_then(|open| open.take(MAX).read_to_string(&mut text))
    };
    read.map_err(Failure::while_doing(format!(
        "cannot read {}",
        file.display()
    )))?;
    Ok(Redacted::new(text))
}

/// A file's only line, without its end.
pub(crate) fn line(file: &Path) -> Result<Redacted, Failure> {
    Ok(Redacted::new(
        text(file)?.expose().trim_end_matches(['\r', '\n']),
    ))
}

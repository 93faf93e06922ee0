//! The ready file: what scripts wait for.

use std::path::Path;

use serde::Serialize;

use crate::failure::Failure;

/// Writes it whole.
pub(crate) fn write(file: &Path, content: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(content)
        .map_err(Failure::while_doing("the ready file cannot be written"))?;
    replace_private(file, &text)
}

/// Writes a file for its owner alone and renames it into place, so that whoever sees it can read all of it.
pub(crate) fn replace_private(file: &Path, text: &str) -> Result<(), Failure> {
    let failed =
        |error: std::io::Error| Failure::new(format!("cannot write {}: {error}", file.display()));
    let folder = match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut temporary = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    std::io::Write::write_all(&mut temporary, text.as_bytes()).map_err(failed)?;
    temporary
        .persist(file)
        .map_err(|error| failed(error.error))?;
    Ok(())
}

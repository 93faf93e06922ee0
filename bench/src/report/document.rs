//! A document with a place for the figures.

use std::{fs, path::Path};

use crate::failure::{Failure, Result};

const BEGIN: &str = "<!-- figures:begin -->\n";
const END: &str = "<!-- figures:end -->";

/// Puts the figures between the document's two marks.
pub(crate) fn write(file: &Path, figures: &str) -> Result<()> {
    let filled = fill(&fs::read_to_string(file)?, figures).ok_or_else(|| {
        let (begin, file) = (BEGIN.trim(), file.display());
        Failure::new(format!(
            "{file} has no place for figures between {begin} and {END}"
        ))
    })?;
    Ok(fs::write(file, filled)?)
}

fn fill(document: &str, figures: &str) -> Option<String> {
    let (before, rest) = document.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!(
        "{before}{BEGIN}\n{}\n\n{END}{after}",
        figures.trim()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_replace_those_that_were_there() {
        let document = format!("# A\n\n{BEGIN}\nold\n\n{END}\n\nrest\n");
        let once = fill(&document, "| new |\n").unwrap();
        assert_eq!(once, format!("# A\n\n{BEGIN}\n| new |\n\n{END}\n\nrest\n"));
        assert_eq!(fill(&once, "| new |").unwrap(), once);
    }

    #[test]
    fn a_document_without_a_place_is_left_alone() {
        assert_eq!(fill("# A\n", "x"), None);
        assert_eq!(fill(BEGIN, "x"), None);
    }
}

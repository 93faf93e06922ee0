//! The threat model in `docs/SECURITY.md` names tests. They must be there under these names.

use std::{fs, path::Path};

/// The tests that a line of the table names: file and title.
fn tests(line: &str) -> Vec<(String, String)> {
    let cells: Vec<&str> = line.trim_matches('|').split(" | ").collect();
    let [_, _, named] = cells.as_slice() else {
        panic!("a line of the threat model has three cells: {line}");
    };
    named
        .split("<br>")
        .map(|test| {
            let (file, title) = test
                .trim()
                .trim_start_matches('`')
                .split_once("`: ")
                .unwrap_or_else(|| panic!("`file`: title is wanted: {test}"));
            (file.to_owned(), title.trim().to_owned())
        })
        .collect()
}

#[test]
fn every_test_that_the_threat_model_names_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let text = fs::read_to_string(root.join("docs/SECURITY.md")).expect("the document");
    let section = text.split("## Threat model").nth(1).expect("the section");
    let section = section.split("\n## ").next().unwrap_or_default();
    let lines: Vec<&str> = section
        .lines()
        .filter(|line| line.starts_with("| "))
        .skip(2)
        .collect();
    assert!(lines.len() > 25, "{} threats", lines.len());
    let mut missing = Vec::new();
    for line in &lines {
        let named = tests(line);
        assert!(!named.is_empty(), "no test stands behind: {line}");
        for (file, title) in named {
            let source = fs::read_to_string(root.join(&file)).unwrap_or_default();
            let rust = format!("fn {title}(");
            let javascript = ["'", "`", "\""].map(|quote| format!("test({quote}{title}{quote}"));
            let there =
                source.contains(&rust) || javascript.iter().any(|test| source.contains(test));
            if !there {
                missing.push(format!("{file}: {title}"));
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

//! Who may know whom. `docs/ARCHITECTURE.md` says why; this holds the crates to it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Each crate of ours and all of ours that it may name in its manifest, whether to build, to test or to run its build script.
///
/// `bonin-sandbox` must not be able to cheat for the gateway, and the gateway must never know that it talks to a sandbox:
/// they meet over HTTP only, and only the binary may hold both.
const MAY_KNOW: &[(&str, &[&str])] = &[
    ("bonin-core", &[]),
    ("bonin-kcp", &[]),
    ("bonin-api", &["bonin-core"]),
    ("bonin-store", &["bonin-core"]),
    (
        "bonin-gateway",
        &["bonin-core", "bonin-api", "bonin-store", "bonin-kcp"],
    ),
    ("bonin-client", &["bonin-api"]),
    ("bonin-sandbox", &["bonin-kcp"]),
    (
        "bonin",
        &[
            "bonin-core",
            "bonin-kcp",
            "bonin-api",
            "bonin-store",
            "bonin-gateway",
            "bonin-client",
            "bonin-sandbox",
            // Of its tests: the configuration file's fuzz target is beside what it feeds.
            "bonin-fuzz",
        ],
    ),
    // What runs may know neither of these two.
    (
        "bonin-bench",
        &["bonin-core", "bonin-gateway", "bonin-kcp", "bonin-store"],
    ),
    (
        "bonin-fuzz",
        &[
            "bonin-core",
            "bonin-api",
            "bonin-kcp",
            "bonin-store",
            "bonin-gateway",
        ],
    ),
];

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Every crate of the workspace with the names of its direct dependencies, of all kinds and for all targets.
fn direct_dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--offline",
            "--no-deps",
            "--format-version",
            "1",
        ])
        .current_dir(workspace())
        .output()
        .expect("cargo runs");
    assert!(
        output.status.success(),
        "cargo metadata: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: serde_json::Value =
        serde_json::from_slice(&output.stdout).expect("cargo metadata prints JSON");
    let name = |value: &serde_json::Value| value["name"].as_str().expect("a name").to_owned();
    metadata["packages"]
        .as_array()
        .expect("packages")
        .iter()
        .map(|package| {
            let dependencies = package["dependencies"].as_array().expect("dependencies");
            (name(package), dependencies.iter().map(name).collect())
        })
        .collect()
}

#[test]
fn every_crate_knows_only_those_of_ours_it_may_know() {
    let may_know: BTreeMap<_, _> = MAY_KNOW.iter().copied().collect();
    let crates = direct_dependencies();
    assert!(crates.len() >= 7, "the workspace lost crates: {crates:?}");

    let mut offences = Vec::new();
    for (name, dependencies) in &crates {
        let Some(allowed) = may_know.get(name.as_str()) else {
            offences.push(format!("{name} is not on the list of who may know whom"));
            continue;
        };
        for ours in dependencies.intersection(&crates.keys().cloned().collect()) {
            if !allowed.contains(&ours.as_str()) {
                offences.push(format!("{name} may not know {ours}"));
            }
        }
    }
    assert!(offences.is_empty(), "{offences:#?}");
}

#[test]
fn core_does_no_io() {
    let crates = direct_dependencies();
    for io in [
        "axum",
        "reqwest",
        "sqlx",
        "tokio",
        "tokio-util",
        "hyper",
        "tracing",
    ] {
        assert!(
            !crates["bonin-core"].contains(io),
            "bonin-core may not depend on {io}"
        );
    }
}

/// The Rust files under a folder, each with its code as text. Comments are left out: they may name what they explain.
fn sources(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let entries = fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("{} cannot be read: {error}", folder.display()));
    for entry in entries {
        let path = entry.expect("a directory entry").path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).expect("a source file");
            let code = text
                .lines()
                .filter(|line| !line.trim_start().starts_with("//"))
                .collect::<Vec<_>>()
                .join("\n");
            found.push((path, code));
        }
    }
    found
}

/// Whether `code` names the crate or module `name` in a path, as in `name::Thing`, `use name;` or `{name, other}`.
fn names(code: &str, name: &str) -> bool {
    code.match_indices(name).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        let after = &code[at + name.len()..];
        let begins_a_word = !before.is_some_and(|c| c.is_alphanumeric() || c == '_');
        begins_a_word
            && (after.starts_with("::") || after.trim_start().starts_with([';', ',', '}']))
    })
}

/// The files of one layer of the gateway that name something they may not.
fn offences(layer: &str, forbidden: &[&str]) -> Vec<String> {
    let gateway = workspace().join("crates/bonin-gateway/src");
    let mut files = Vec::new();
    if gateway.join(layer).is_dir() {
        files.extend(sources(&gateway.join(layer)));
    }
    if let Ok(text) = fs::read_to_string(gateway.join(format!("{layer}.rs"))) {
        files.push((gateway.join(format!("{layer}.rs")), text));
    }
    assert!(!files.is_empty(), "the gateway has no layer `{layer}`");

    let mut found = Vec::new();
    for (path, code) in &files {
        for name in forbidden {
            if names(code, name) {
                found.push(format!("{} names {name}", path.display()));
            }
        }
    }
    found
}

#[test]
fn use_cases_know_nothing_of_http_and_nothing_of_a_pg() {
    for layer in ["service", "admin"] {
        let found = offences(
            layer,
            &["axum", "http", "crate::http", "utoipa", "bonin_kcp"],
        );
        assert!(found.is_empty(), "{found:#?}");
    }
}

#[test]
fn http_handlers_speak_to_use_cases_and_never_to_a_pg() {
    let found = offences("http", &["bonin_kcp"]);
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn the_search_for_names_sees_paths_and_not_parts_of_words() {
    for (code, seen) in [
        ("use axum::Router;", true),
        ("use axum;", true),
        ("use {axum, serde};", true),
        ("fn f(r: axum::Json<u8>) {}", true),
        ("use crate::http::Answer;", true),
        ("let http_status = 3;", false),
        ("use myaxum::Thing;", false),
        ("let text = \"http://example\";", false),
    ] {
        let found = names(code, "axum") || names(code, "http");
        assert_eq!(found, seen, "{code}");
    }
}

//! The documents name only what exists: tests, files, reasons.

// Clippy's exemption for tests does not reach the helpers of a test file.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use jenkinsstack_e2e::build::root;

fn read(file: &str) -> String {
    fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// All documents in Markdown that are written by hand, or generated for users.
fn documents() -> Vec<PathBuf> {
    let mut files = Vec::new();
    for folder in ["docs", "deploy", "charts"] {
        walk(&root().join(folder), &mut files);
    }
    for entry in fs::read_dir(root()).unwrap() {
        files.push(entry.unwrap().path());
    }
    files.retain(|file| file.extension().is_some_and(|extension| extension == "md"));
    assert!(files.len() > 5);
    files
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { walk(&path, files) } else { files.push(path) }
    }
}

/// What stands between `open` and `close`, wherever it does.
fn between<'a>(text: &'a str, open: &str, close: char) -> Vec<&'a str> {
    text.split(open).skip(1).filter_map(|rest| rest.split(close).next()).collect()
}

#[test]
fn the_tests_that_guard_invariants_exist() {
    let text = read("ARCHITECTURE.md");
    let named: BTreeSet<_> = between(&text, "`", '`').into_iter().filter_map(|code| code.split_once(".rs::")).collect();
    assert!(named.len() > 5, "the table of invariants names its tests as `FILE.rs::TEST`");
    for (file, test) in named {
        let source = read(&format!("{file}.rs"));
        assert!(source.contains(&format!("fn {test}(")), "{file}.rs has no {test}");
    }
}

#[test]
fn links_lead_somewhere() {
    for document in documents() {
        let text = fs::read_to_string(&document).unwrap();
        for link in between(&text, "](", ')') {
            let file = link.split('#').next().unwrap_or_default();
            if file.is_empty() || file.contains("://") {
                continue;
            }
            let target = document.parent().unwrap().join(file);
            assert!(target.exists(), "{}: {link} leads nowhere", document.display());
        }
    }
}

#[test]
fn every_reason_is_explained() {
    let source = read("crates/api/src/status.rs");
    let reasons = source.split("pub enum Reason {").nth(1).and_then(|rest| rest.split('}').next()).unwrap();
    let reasons = reasons.lines().map(str::trim).filter(|line| !line.starts_with("//") && !line.is_empty());
    let text = read("docs/operations.md");
    for reason in reasons.map(|line| line.trim_end_matches(',')) {
        assert!(text.contains(&format!("\n| `{reason}` |")), "docs/operations.md says nothing of {reason}");
    }
}

#[test]
fn every_metric_is_explained() {
    let source = read("crates/controller/src/metrics.rs");
    let text = read("docs/operations.md");
    let names = between(&source, "registry.register", ')').into_iter().filter_map(|call| call.split('"').nth(1));
    let names: Vec<&str> = names.collect();
    assert!(!names.is_empty());
    for name in names {
        assert!(text.contains(&format!("`jenkinsstack_{name}")), "docs/operations.md says nothing of {name}");
    }
}

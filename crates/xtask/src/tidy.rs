//! The rules of the repository that no compiler knows.

use crate::run::root;
use anyhow::{Context, bail};
use std::fs;
use std::path::{Path, PathBuf};

/// Crates that the pure core must never depend on.
const IMPURE: [&str; 6] = ["tokio", "async-trait", "kube", "reqwest", "rand", "aws-"];
/// Longest file without its tests, in lines; a longer one is two rooms.
const FILE_LIMIT: usize = 400;

/// Checks them all and tells every breach at once.
pub(crate) fn tidy() -> anyhow::Result<()> {
    let mut breaches = Vec::new();
    purity(&mut breaches)?;
    for file in sources(root())? {
        let text = fs::read_to_string(&file).with_context(|| format!("{} can't be read", file.display()))?;
        let name = file.strip_prefix(root()).unwrap_or(&file).display().to_string();
        check_file(&name, &text, &mut breaches);
    }
    if breaches.is_empty() {
        return Ok(());
    }
    breaches.sort();
    bail!("tidy found {}:\n  {}", breaches.len(), breaches.join("\n  "))
}

/// Habit 1: the core knows no async, network, chance, AWS SDK or Kubernetes client.
fn purity(breaches: &mut Vec<String>) -> anyhow::Result<()> {
    let manifest = fs::read_to_string(root().join("crates/core/Cargo.toml"))?;
    for line in manifest.lines().take_while(|line| !line.starts_with("[dev-dependencies]")) {
        if let Some(crate_name) = IMPURE.iter().find(|name| line.starts_with(*name)) {
            breaches.push(format!("crates/core/Cargo.toml: depends on {crate_name}, the core is pure"));
        }
    }
    Ok(())
}

fn check_file(name: &str, text: &str, breaches: &mut Vec<String>) {
    if name.ends_with("/mod.rs") {
        breaches.push(format!("{name}: name the module's file after the module"));
    }
    for vague in ["utils", "common", "misc", "shared", "helpers"] {
        if name.starts_with("crates/") && name.ends_with(&format!("/{vague}.rs")) {
            breaches.push(format!("{name}: name it after what it knows"));
        }
    }
    let code = text.lines().take_while(|line| !line.starts_with("#[cfg(test)]")).count();
    if code > FILE_LIMIT && !name.contains("/tests/") {
        breaches.push(format!("{name}: {code} lines of code, at most {FILE_LIMIT}"));
    }
    if !text.starts_with("//!") {
        breaches.push(format!("{name}: begin with a sentence that says what the file is for"));
    }
}

/// All Rust files of the workspace.
fn sources(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for top in ["crates", "tests"] {
        walk(&folder.join(top), &mut files)?;
    }
    Ok(files)
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("{} can't be read", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() && !path.ends_with("target") {
            walk(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    Ok(())
}

//! The binaries under test, built by cargo if they are not there yet.

use anyhow::{Context, ensure};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

/// Path of a binary of this workspace, built in the profile of the running program. It is built once in a process, so that a
/// build that goes on elsewhere meanwhile keeps nobody waiting.
///
/// `--workspace`: a build of one package alone would choose other features of its dependencies, and so build the AWS SDK
/// a second time.
///
/// # Errors
/// When it can't be built; cargo's own output says why.
pub fn binary(name: &str) -> anyhow::Result<PathBuf> {
    static BUILT: Mutex<BTreeMap<String, PathBuf>> = Mutex::new(BTreeMap::new());
    let mut built = BUILT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(path) = built.get(name) {
        return Ok(path.clone());
    }
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--workspace", "--bin", name]).current_dir(root());
    if !cfg!(debug_assertions) {
        cargo.arg("--release");
    }
    let status = cargo.status().context("cargo can't be started")?;
    ensure!(status.success(), "cargo build --workspace --bin {name} failed");
    let path = profile_folder()?.join(name);
    built.insert(name.to_owned(), path.clone());
    Ok(path)
}

/// The folder of this workspace.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap_or(Path::new("."))
}

/// `target/debug` or `target/release`: where the running program lies, or one above for tests.
fn profile_folder() -> anyhow::Result<PathBuf> {
    let program = std::env::current_exe()?;
    let folder = program.parent().context("the program lies nowhere")?;
    let above = if folder.ends_with("deps") { folder.parent() } else { Some(folder) };
    above.map(Path::to_path_buf).context("the program lies outside a target folder")
}

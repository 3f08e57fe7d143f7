//! Running other programs, and saying what is missing.

use anyhow::{Context, bail, ensure};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A program that must be installed: its command, how it says its version, and where to get it.
pub(crate) type Tool = (&'static str, &'static str, &'static str);

/// The Rust toolchain.
pub(crate) const RUST: Tool = ("cargo", "--version", "Rust 1.95 or later: https://rustup.rs");
/// The Go toolchain, for the Kubernetes API server.
pub(crate) const GO: Tool = ("go", "version", "Go 1.26 or later: https://go.dev/dl");
/// Python with pip, for AWS's API models and its independent client.
pub(crate) const PYTHON: Tool =
    ("python3", "--version", "Python 3.11 or later with pip and venv: https://www.python.org");

/// The folder of this workspace.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap_or(Path::new("."))
}

/// Says all that is missing at once.
pub(crate) fn need(tools: &[Tool]) -> anyhow::Result<()> {
    let there = |(command, version, _): &&Tool| {
        let quiet = Command::new(command).arg(version).stdout(Stdio::null()).stderr(Stdio::null()).status();
        quiet.is_ok_and(|status| status.success())
    };
    let missing: Vec<&str> = tools.iter().filter(|tool| !there(tool)).map(|(_, _, hint)| *hint).collect();
    if missing.is_empty() { Ok(()) } else { bail!("missing on this machine:\n  {}", missing.join("\n  ")) }
}

/// Runs cargo in the workspace; its output is the user's to see.
pub(crate) fn cargo(args: &[&str]) -> anyhow::Result<()> {
    cargo_with(args, &[])
}

/// Runs cargo with more environment.
pub(crate) fn cargo_with(args: &[&str], environment: &[(&str, &str)]) -> anyhow::Result<()> {
    eprintln!("$ cargo {}", args.join(" "));
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(args).envs(environment.iter().copied()).current_dir(root());
    let status = cargo.status().context("cargo can't be started")?;
    ensure!(status.success(), "cargo {} failed", args.join(" "));
    Ok(())
}

/// Builds and runs a program of this workspace. `--workspace` as in the tests: the features of dependencies stay the same.
pub(crate) fn program(name: &str, args: &[String]) -> anyhow::Result<()> {
    cargo(&["build", "--workspace", "--bin", name])?;
    start(&target_folder()?.join("debug").join(name), args)
}

/// Builds and runs a program or an example of this workspace that measures something: in release.
pub(crate) fn measurement(target: &str, name: &str, args: &[String]) -> anyhow::Result<()> {
    cargo(&["build", "--release", "--workspace", target, name])?;
    let folder = target_folder()?.join("release");
    let folder = if target == "--example" { folder.join("examples") } else { folder };
    start(&folder.join(name), args)
}

fn start(program: &Path, args: &[String]) -> anyhow::Result<()> {
    let status = Command::new(program).args(args).status().with_context(|| program.display().to_string())?;
    ensure!(status.success(), "{} failed", program.display());
    Ok(())
}

/// Where cargo puts what it builds.
fn target_folder() -> anyhow::Result<PathBuf> {
    let metadata = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .current_dir(root())
        .output()
        .context("cargo metadata")?;
    let metadata: serde_json::Value = serde_json::from_slice(&metadata.stdout).context("cargo metadata")?;
    let folder = metadata["target_directory"].as_str().context("cargo metadata names no target folder")?;
    Ok(folder.into())
}

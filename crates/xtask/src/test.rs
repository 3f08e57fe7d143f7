//! All tests, part by part, cheap ones first.
//!
//! Everything is built at once and the test programs are then started one by one: a build of one package alone would choose
//! other features of its dependencies, and so build the AWS SDK a second time.

use crate::run::{GO, PYTHON, RUST, cargo, need, root};
use crate::tidy::tidy;
use anyhow::{Context, bail, ensure};
use clap::ValueEnum;
use serde_json::Value;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// A part of the tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    /// The schema.
    Api,
    /// The planner and what is pure beside it.
    Core,
    /// The strict AWS account.
    Cloud,
    /// The drivers against the strict account.
    Contract,
    /// Lives under faults, in process.
    Sim,
    /// The API server.
    Cluster,
    /// The user's stories.
    E2e,
}

impl Part {
    const ALL: [Self; 7] = [Self::Api, Self::Core, Self::Cloud, Self::Contract, Self::Sim, Self::Cluster, Self::E2e];

    fn packages(self) -> &'static [&'static str] {
        match self {
            Self::Api => &["jenkinsstack-api"],
            Self::Core => &[
                "jenkinsstack-core",
                "jenkinsstack-status",
                "jenkinsstack-controller",
                "kubectl-jenkinsstack",
                "xtask",
            ],
            Self::Cloud => &["jenkinsstack-cloud"],
            Self::Contract => &["jenkinsstack-aws", "jenkinsstack-contract"],
            Self::Sim => &["jenkinsstack-sim"],
            Self::Cluster => &["jenkinsstack-cluster"],
            Self::E2e => &["jenkinsstack-e2e"],
        }
    }
}

/// A built test program.
struct Program {
    package: String,
    target: String,
    path: PathBuf,
    folder: PathBuf,
}

/// Runs one part, or the checks and all parts.
pub(crate) fn test(part: Option<Part>) -> anyhow::Result<()> {
    need(&[RUST, GO, PYTHON])?;
    if part.is_none() {
        cargo(&["fmt", "--all", "--check"])?;
        tidy()?;
    }
    cargo(&["build", "--workspace", "--bins"])?;
    let programs = build()?;
    let parts = part.map_or(Part::ALL.to_vec(), |part| vec![part]);
    let mut failed = Vec::new();
    for part in parts {
        for program in programs.iter().filter(|program| part.packages().contains(&program.package.as_str())) {
            eprintln!("\n== {} {} ==", program.package, program.target);
            let status = Command::new(&program.path).current_dir(&program.folder).status();
            if !status.with_context(|| program.path.display().to_string())?.success() {
                failed.push(format!("{} {}", program.package, program.target));
            }
        }
    }
    ensure!(failed.is_empty(), "tests failed in: {}", failed.join(", "));
    Ok(())
}

/// Builds all test programs; cargo says which they are.
fn build() -> anyhow::Result<Vec<Program>> {
    let args = ["test", "--workspace", "--no-run", "--message-format", "json-render-diagnostics"];
    eprintln!("$ cargo {}", args.join(" "));
    let mut cargo = Command::new(env!("CARGO"));
    let output = cargo.args(args).current_dir(root()).stderr(Stdio::inherit()).output().context("cargo")?;
    if !output.status.success() {
        bail!("the tests can't be built");
    }
    let text = String::from_utf8(output.stdout).context("cargo's messages")?;
    Ok(text.lines().filter_map(|line| program(&serde_json::from_str(line).ok()?)).collect())
}

/// The test program that a message of cargo tells of, if it does.
fn program(message: &Value) -> Option<Program> {
    let path = PathBuf::from(message["executable"].as_str()?);
    let test = message["profile"]["test"].as_bool()?;
    let manifest = PathBuf::from(message["manifest_path"].as_str()?);
    let folder = manifest.parent()?.to_path_buf();
    let manifest = std::fs::read_to_string(&manifest).ok()?;
    let name = manifest.lines().find_map(|line| line.strip_prefix("name = "))?.trim_matches('"').to_owned();
    let target = message["target"]["name"].as_str()?.to_owned();
    test.then_some(Program { package: name, target, path, folder })
}

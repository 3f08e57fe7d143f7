//! All tests, part by part, cheap ones first.

use crate::run::{GO, PYTHON, RUST, cargo, need};
use crate::tidy::tidy;
use clap::ValueEnum;

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
    /// The API server.
    Cluster,
    /// Lives under faults, in process.
    Sim,
    /// The user's stories.
    E2e,
}

impl Part {
    const ALL: [Self; 7] = [Self::Api, Self::Core, Self::Cloud, Self::Contract, Self::Cluster, Self::Sim, Self::E2e];

    fn packages(self) -> &'static [&'static str] {
        match self {
            Self::Api => &["jenkinsstack-api"],
            Self::Core => {
                &["jenkinsstack-core", "jenkinsstack-status", "jenkinsstack-controller", "kubectl-jenkinsstack"]
            }
            Self::Cloud => &["jenkinsstack-cloud"],
            Self::Contract => &["jenkinsstack-aws", "jenkinsstack-contract"],
            Self::Cluster => &["jenkinsstack-cluster"],
            Self::Sim => &["jenkinsstack-sim"],
            Self::E2e => &["jenkinsstack-e2e"],
        }
    }
}

/// Runs one part, or the checks and all parts.
pub(crate) fn test(part: Option<Part>) -> anyhow::Result<()> {
    need(&[RUST, GO, PYTHON])?;
    match part {
        Some(part) => run(part),
        None => {
            cargo(&["fmt", "--all", "--check"])?;
            tidy()?;
            cargo(&["clippy", "--workspace", "--all-targets", "--quiet", "--", "--deny", "warnings"])?;
            Part::ALL.into_iter().try_for_each(run)
        }
    }
}

fn run(part: Part) -> anyhow::Result<()> {
    eprintln!("\n== {part:?} ==");
    let mut args = vec!["test", "--quiet"];
    args.extend(part.packages().iter().flat_map(|package| ["--package", package]));
    cargo(&args)
}

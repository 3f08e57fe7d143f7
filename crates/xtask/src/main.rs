//! The project's commands: demo, test, bench, cluster, cloud, codegen, tidy.
//!
//! Each sets up what it needs, with ordinary package clients, into the user's cache, and says what is missing.

#![allow(clippy::indexing_slicing, reason = "serde_json values give Null for a missing member")]

mod bench;
mod codegen;
mod run;
mod test;
mod tidy;

use clap::{Parser, Subcommand};

/// Commands of the JenkinsStack operator's repository.
#[derive(Debug, Parser)]
#[command(bin_name = "cargo xtask")]
struct Xtask {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the main job: API server, strict AWS account, operator, an example stack to Ready.
    Demo {
        /// Passed on; `--keep` keeps everything running.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Set up all that is needed, and run all tests, or those of one part.
    Test {
        /// The part: api, core, cloud, contract, cluster, sim or e2e. Everything when left out.
        part: Option<test::Part>,
    },
    /// Serve a Kubernetes API server in the foreground.
    Cluster {
        /// Passed on; see `--help`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Serve a strict AWS account in the foreground.
    Cloud {
        /// Passed on: `--port N`, `--time-factor F`, `--seed S`, `--empty`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Measure, in release.
    Bench {
        /// What is measured.
        #[arg(default_value = "operator")]
        what: bench::What,
        /// Passed on: for the operator `--quick` and `--stacks N`, for the cloud a word that lines must have in them.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Rewrite the generated files: CRD, IAM policy, table of rules, golden plans.
    Codegen,
    /// Check the rules of the repository that no compiler knows.
    Tidy,
}

fn main() -> anyhow::Result<()> {
    match Xtask::parse().command {
        Command::Demo { args } => {
            run::need(&[run::RUST, run::GO, run::PYTHON])?;
            run::program("demo", &args)
        }
        Command::Test { part } => test::test(part),
        Command::Cluster { args } => {
            run::need(&[run::RUST, run::GO])?;
            run::program("jenkinsstack-cluster", &args)
        }
        Command::Cloud { args } => {
            run::need(&[run::RUST, run::PYTHON])?;
            run::program("jenkinsstack-cloud", &args)
        }
        Command::Bench { what, args } => bench::bench(what, &args),
        Command::Codegen => codegen::codegen(),
        Command::Tidy => tidy::tidy(),
    }
}

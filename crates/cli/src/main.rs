//! `kubectl jenkinsstack`: looks at stacks and says what the operator would do. It changes nothing.

mod plan;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Look at JenkinsStacks and at what the operator would do to them.
#[derive(Debug, Parser)]
#[command(name = "kubectl-jenkinsstack", bin_name = "kubectl jenkinsstack", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show what would be created, changed and deleted on AWS, with the reasons, field by field.
    ///
    /// Exit code 0: no change. 2: changes. 1: an error.
    Plan(plan::Args),
}

/// Exit code of an error, as opposed to a plan with changes.
const FAILED: u8 = 1;

#[tokio::main]
async fn main() -> ExitCode {
    // One TLS provider for Kubernetes and AWS.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(usage) => return shown(&usage),
    };
    let outcome = match cli.command {
        Command::Plan(args) => plan::plan(args).await,
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::from(FAILED)
    })
}

/// Shows what clap has to say: help, the version, or what is wrong with the arguments. Clap's own exit code for the last is
/// that of a plan with changes.
fn shown(usage: &clap::Error) -> ExitCode {
    // A pipe that is closed is no reason for more.
    let _ = usage.print();
    if usage.use_stderr() { ExitCode::from(FAILED) } else { ExitCode::SUCCESS }
}

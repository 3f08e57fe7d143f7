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
    let outcome = match Cli::parse().command {
        Command::Plan(args) => plan::plan(args).await,
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::from(FAILED)
    })
}

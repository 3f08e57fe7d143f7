//! The operator's binary.

use clap::Parser;
use jenkinsstack_controller::args::Args;
use jenkinsstack_controller::{run, telemetry};
use std::process::ExitCode;

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let args = Args::parse();
    telemetry::start(args.log_format, &args.log_level)?;
    // One TLS provider for Kubernetes, AWS and the probes.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let Err(error) = run::run(args).await else { return Ok(ExitCode::SUCCESS) };
    tracing::error!(error = format!("{error:#}"), "ended");
    Ok(ExitCode::FAILURE)
}

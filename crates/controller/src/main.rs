//! The operator's binary.

use clap::Parser;
use jenkinsstack_controller::args::Args;
use jenkinsstack_controller::{run, telemetry};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    telemetry::start(args.log_format, &args.log_level)?;
    // One TLS provider for Kubernetes, AWS and the probes.
    let _ = rustls::crypto::ring::default_provider().install_default();
    run::run(args).await
}

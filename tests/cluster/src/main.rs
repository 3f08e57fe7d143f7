//! Serves a Kubernetes API server in the foreground, until it is interrupted.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result};
use clap::Parser;
use jenkinsstack_cluster::{Audit, Cluster, Options, Source};
use tokio::signal::unix::{SignalKind, signal};

/// A Kubernetes API server for trying things out; it is gone when this program ends.
#[derive(Debug, Parser)]
#[command(version)]
struct Args {
    /// Copy the admin's kubeconfig to this file.
    #[arg(long, value_name = "PATH")]
    kubeconfig_out: Option<PathBuf>,
    /// Write an audit log.
    #[arg(long)]
    audit: bool,
    /// Start nothing: check the cluster of this kubeconfig, say how to use it, and end.
    #[arg(long, value_name = "PATH", conflicts_with = "audit")]
    kubeconfig: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Args::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("jenkinsstack-cluster: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(args: Args) -> Result<()> {
    let Args { kubeconfig_out, audit, kubeconfig } = args;
    let existing = kubeconfig.is_some();
    let options = Options {
        source: kubeconfig.map_or(Source::Fresh, Source::Existing),
        audit: if audit { Audit::Metadata } else { Audit::Off },
    };
    let start = Instant::now();
    let mut cluster = Cluster::start(options).await?;
    if let Some(path) = kubeconfig_out {
        fs::copy(cluster.kubeconfig(), &path).with_context(|| format!("can't write {}", path.display()))?;
    }
    let version = cluster.client().await?.apiserver_version().await?.git_version;
    println!("Kubernetes {version}, ready after {:.1} s", start.elapsed().as_secs_f64());
    println!("export KUBECONFIG={}", cluster.kubeconfig().display());
    if let Some(log) = cluster.audit_log() {
        println!("audit log: {}", log.display());
    }
    if existing {
        return Ok(());
    }
    // From here on a signal ends this program in good order; before, it just ends it, and the servers with it.
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    println!("server process: {:?}", cluster.process_ids());
    println!("Interrupt this program to end it.");
    tokio::select! {
        _ = interrupt.recv() => (),
        _ = terminate.recv() => (),
        _ = hangup.recv() => (),
    }
    cluster.stop().await
}

//! The operator's life: serve, wait for the lease, work, hand over.

use crate::args::Args;
use crate::events::Events;
use crate::inputs::{Discovery, fingerprinter};
use crate::lease::Election;
use crate::metrics::{Leads, Metrics};
use crate::operator::Operator;
use crate::reconcile::{on_error, reconcile};
use crate::{serve, watch};
use anyhow::Context as _;
use futures::StreamExt;
use futures::future::ready;
use jenkinsstack_api::JenkinsStack;
use jenkinsstack_status::probe;
use k8s_openapi::api::core::v1::Namespace;
use kube::ResourceExt;
use kube::api::Api;
use kube::runtime::{Controller, controller, reflector};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Name of the Lease.
const LEASE: &str = "jenkinsstack-operator";
/// Stacks that are worked on at the same time.
const CONCURRENCY: u16 = 16;

/// Runs until SIGTERM or SIGINT, or until the lease is lost.
///
/// # Errors
/// When it can't start, or had to stop because it lost the lease; the text says what to do.
pub async fn run(args: Args) -> anyhow::Result<()> {
    let Args {
        cluster_name,
        watch_namespaces,
        metrics_address,
        health_address,
        log_format: _,
        log_level: _,
        resync_seconds,
        leader_election,
        lease_namespace,
        identity,
    } = args;
    let ended = terminated()?;
    let metrics = Metrics::default();
    let ready = Arc::new(AtomicBool::new(false));
    serve::metrics(metrics_address, metrics.clone()).await?;
    serve::health(health_address, ready.clone()).await?;
    let client = kube::Client::try_default().await.context("no way to the cluster: is there a service account?")?;
    let installation = installation(&client).await?;
    let fingerprinter = fingerprinter(&client, &lease_namespace)
        .await
        .with_context(|| format!("the Secret with the fingerprint key in namespace {lease_namespace}"))?;
    let resync = Duration::from_secs(resync_seconds);
    let (store, writer) = reflector::store();
    let operator = Arc::new(Operator {
        client: client.clone(),
        cluster: cluster_name,
        installation,
        fingerprinter,
        discovery: Discovery::new(resync)?,
        probes: probe::client()?,
        events: Events::new(client.clone(), &identity),
        metrics: metrics.clone(),
        resync,
        stacks: store,
        stopping: CancellationToken::new(),
        accounts: Default::default(),
        progress: Default::default(),
    });
    ready.store(true, Ordering::Relaxed);
    let mut election = Election::new(client.clone(), &lease_namespace, LEASE, &identity);
    if leader_election {
        tokio::select! {
            () = election.acquire() => (),
            () = ended.cancelled() => return Ok(()),
        }
    }
    metrics.lead(Leads::Yes);
    tracing::info!(identity, "leading");
    let held = leader_election.then_some(&mut election);
    let outcome = work(operator, &watch_namespaces, writer, ended, held).await;
    metrics.lead(Leads::No);
    if leader_election {
        election.release().await;
    }
    outcome
}

/// Works until told to end, or until the lease is lost. Passes that run end their calls and start no new step.
async fn work(
    operator: Arc<Operator>,
    namespaces: &[String],
    writer: reflector::store::Writer<JenkinsStack>,
    ended: CancellationToken,
    election: Option<&mut Election>,
) -> anyhow::Result<()> {
    let client = operator.client.clone();
    let (forgetful, forgets) = (operator.clone(), operator.clone());
    let gone = move |stack: &JenkinsStack| forgetful.forget(stack.namespace().as_deref(), &stack.name_any());
    let stacks = watch::stacks(&client, namespaces, writer, gone);
    let wakes = watch::secrets(&client, namespaces, operator.stacks.clone());
    let config = controller::Config::default().concurrency(CONCURRENCY).debounce(Duration::from_millis(200));
    let stopping = operator.stopping.clone();
    let stop = stopping.clone();
    let passes = Controller::for_stream(stacks, operator.stacks.clone())
        .with_config(config)
        .reconcile_on(wakes)
        .graceful_shutdown_on(async move { stop.cancelled().await })
        .run(reconcile, on_error, operator)
        .for_each(|outcome| {
            match outcome {
                Ok(_) => (),
                // A pass that was under way when its stack went has told of it once more.
                Err(controller::Error::ObjectNotFound(stack)) => forgets.forget(stack.namespace.as_deref(), &stack.name),
                Err(error) => tracing::debug!(%error, "not reconciled"),
            }
            ready(())
        });
    let lost = async {
        match election {
            Some(election) => election.hold().await,
            None => std::future::pending().await,
        }
    };
    tokio::pin!(passes, lost);
    let mut taken = tokio::select! {
        () = &mut passes => return Ok(()),
        () = ended.cancelled() => false,
        () = &mut lost => true,
    };
    stopping.cancel();
    tracing::info!(lost = taken, "stopping");
    // The lease is kept until the last call under way has ended.
    tokio::select! {
        () = &mut passes => (),
        () = &mut lost, if !taken => taken = true,
    }
    if taken { Err(anyhow::anyhow!("the lease {LEASE} was lost: another replica works now")) } else { Ok(()) }
}

/// Cancelled by SIGTERM or SIGINT, from now on.
fn terminated() -> anyhow::Result<CancellationToken> {
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    let ended = CancellationToken::new();
    let told = ended.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => (),
            _ = tokio::signal::ctrl_c() => (),
        }
        told.cancel();
    });
    Ok(ended)
}

/// Uid of the `kube-system` namespace: what tells this cluster from a later one of the same name.
async fn installation(client: &kube::Client) -> anyhow::Result<String> {
    let namespaces: Api<Namespace> = Api::all(client.clone());
    let system =
        namespaces.get("kube-system").await.context("namespace kube-system, whose uid names the installation")?;
    system.uid().context("namespace kube-system has no uid")
}

//! The operator's life: serve, wait for the lease, work, hand over.

use crate::args::Args;
use crate::events::Events;
use crate::inputs::{Discovery, fingerprinter};
use crate::lease::Election;
use crate::metrics::{Leads, Metrics};
use crate::operator::Operator;
use crate::reconcile::{on_error, reconcile};
use crate::{lease, serve, watch};
use anyhow::Context as _;
use futures::StreamExt;
use futures::future::ready;
use jenkinsstack_api::JenkinsStack;
use jenkinsstack_status::probe;
use k8s_openapi::api::core::v1::Namespace;
use kube::ResourceExt;
use kube::api::Api;
use kube::runtime::{Controller, controller, reflector};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

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
        lease_name,
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
        lost: CancellationToken::new(),
        accounts: Default::default(),
        progress: Default::default(),
    });
    ready.store(true, Ordering::Relaxed);
    let mut election = leader_election.then(|| Election::new(client, &lease_namespace, &lease_name, &identity));
    if let Some(election) = &mut election {
        tokio::select! {
            () = election.acquire() => (),
            () = ended.cancelled() => return Ok(()),
        }
    }
    metrics.lead(Leads::Yes);
    tracing::info!(identity, "leading");
    let outcome = work(operator, &watch_namespaces, writer, ended, election.as_mut()).await;
    metrics.lead(Leads::No);
    if let (Some(election), true) = (&mut election, outcome.is_ok()) {
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
    let (stopping, lost) = (operator.stopping.clone(), operator.lost.clone());
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
                Err(controller::Error::ObjectNotFound(stack)) => {
                    forgets.forget(stack.namespace.as_deref(), &stack.name)
                }
                Err(error) => tracing::debug!(%error, "not reconciled"),
            }
            ready(())
        });
    let hold = async {
        match election {
            Some(election) => election.hold().await,
            None => std::future::pending().await,
        }
    };
    drive(passes, hold, ended, &stopping, &lost).await
}

/// Lets `passes` run until `ended` or until `hold` is over, cancels `stopping`, and lets them come to their end: as long as
/// that takes while the lease is held, and after its loss, of which `lost` tells, until another replica may begin.
async fn drive(
    passes: impl Future<Output = ()>,
    hold: impl Future<Output = ()>,
    ended: CancellationToken,
    stopping: &CancellationToken,
    lost: &CancellationToken,
) -> anyhow::Result<()> {
    let (mut passes, mut hold) = (pin!(passes), pin!(hold));
    let held = tokio::select! {
        () = &mut passes => return Ok(()),
        () = ended.cancelled() => true,
        () = &mut hold => false,
    };
    tracing::info!(lost = !held, "stopping");
    stopping.cancel();
    if held {
        tokio::select! {
            () = &mut passes => return Ok(()),
            () = &mut hold => (),
        }
    }
    lost.cancel();
    let came_to_an_end = tokio::time::timeout(lease::GRACE, passes).await.is_ok();
    anyhow::bail!(
        "the lease was lost, another replica works now; {}",
        if came_to_an_end { "all calls had ended" } else { "calls that had not ended were given up" }
    )
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::pending;
    use tokio::time::Instant;

    /// Drives passes that come to their end, or not, some time after they were told to stop.
    async fn driven(ends: impl Future<Output = ()>, hold: impl Future<Output = ()>) -> (anyhow::Result<()>, bool) {
        let (ended, stopping, lost) = (CancellationToken::new(), CancellationToken::new(), CancellationToken::new());
        let passes = async {
            stopping.cancelled().await;
            ends.await;
        };
        let told = async {
            tokio::time::sleep(Duration::from_secs(3)).await;
            ended.cancel();
        };
        let (outcome, ()) = tokio::join!(drive(passes, hold, ended.clone(), &stopping, &lost), told);
        (outcome, lost.is_cancelled())
    }

    #[tokio::test(start_paused = true)]
    async fn after_a_loss_no_pass_goes_on_beside_another_replica() {
        let began = Instant::now();
        let (outcome, lost) = driven(pending(), ready(())).await;
        assert!(lost && outcome.is_err_and(|error| error.to_string().contains("given up")));
        assert_eq!(began.elapsed(), lease::GRACE);
    }

    #[tokio::test(start_paused = true)]
    async fn while_the_lease_is_held_calls_may_take_their_time() {
        let long = Duration::from_secs(80);
        let (outcome, lost) = driven(tokio::time::sleep(long), pending()).await;
        assert!(!lost && outcome.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_lease_that_is_lost_while_stopping_bounds_what_is_left() {
        let began = Instant::now();
        let (outcome, lost) = driven(pending(), tokio::time::sleep(Duration::from_secs(7))).await;
        assert!(lost && outcome.is_err());
        assert_eq!(began.elapsed(), Duration::from_secs(7) + lease::GRACE);
    }
}

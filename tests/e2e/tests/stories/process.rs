//! The operator as a process: what its probes, its metrics and its log say, and that one without a lease works.

use crate::{LIMIT, RESYNC};
use anyhow::{Context, ensure};
use jenkinsstack_e2e::{Site, World, stack};
use serde_json::{Value, json};
use std::net::TcpListener;
use std::sync::Arc;

const NAME: &str = "alone";

pub(crate) async fn it_is_ready_once_it_is_connected(world: Arc<World>) -> anyhow::Result<()> {
    let mut world = world.beside(Site::named("probed")).await?;
    let kubeconfig = world.kubeconfig.clone();
    // It takes connections, and answers nothing.
    let silent = TcpListener::bind("127.0.0.1:0")?;
    let mut elsewhere: Value = serde_json::from_str(&std::fs::read_to_string(&kubeconfig)?)?;
    elsewhere["clusters"][0]["cluster"]["server"] = json!(format!("https://{}", silent.local_addr()?));
    world.kubeconfig = world.folder().join("probed-kubeconfig.json");
    std::fs::write(&world.kubeconfig, elsewhere.to_string())?;
    world.operate(RESYNC)?;
    answers(&world, "/healthz", "200 OK", "ok").await?;
    answers(&world, "/readyz", "503 Service Unavailable", "not connected to the cluster yet").await?;
    world.operators.remove(0).kill()?;
    world.kubeconfig = kubeconfig;
    world.operate(RESYNC)?;
    answers(&world, "/readyz", "200 OK", "ok").await?;
    answers(&world, "/healthz", "200 OK", "ok").await?;
    answers(&world, "/metrics", "404 Not Found", "health is at /healthz and /readyz").await
}

pub(crate) async fn a_stack_that_is_torn_away_leaves_no_series(world: Arc<World>) -> anyhow::Result<()> {
    let mut world = world.beside(Site::named("torn")).await?;
    world.operate(RESYNC)?;
    world.apply(&world.here(stack::smallest("torn", &world.network))).await?;
    let told = async |there: bool| {
        let told = async || {
            let metrics = world.operators.first().context("an operator")?.metrics().await;
            Ok(metrics.is_ok_and(|metrics| metrics.contains("name=\"torn\"") == there))
        };
        world.eventually_async(LIMIT, &format!("its series are there: {there}"), told).await
    };
    told(true).await?;
    world.delete("torn").await?;
    let patch = ["patch", "jks", "torn", "--namespace", "torn", "--type", "merge", "--patch"];
    world.kubectl(&[&patch[..], &[r#"{"metadata": {"finalizers": null}}"#]].concat()).await?;
    world.gone("torn", LIMIT).await?;
    told(false).await
}

pub(crate) async fn it_works_without_a_lease_and_logs_json(world: Arc<World>) -> anyhow::Result<()> {
    let site = Site::named(NAME).with("leaderElection.enabled=false").with("replicaCount=1");
    let mut world = world.beside(site).await?;
    world.operate(RESYNC)?;
    world.apply(&world.here(stack::smallest(NAME, &world.network))).await?;
    world.ready(NAME, LIMIT).await?;
    ensure!(world.lease().await?.is_none(), "it takes no lease");
    let operator = world.operators.pop().context("an operator")?;
    let metrics = operator.metrics().await?;
    let open = "content-type: application/openmetrics-text; version=1.0.0; charset=utf-8\r\n";
    ensure!(metrics.contains(open) && metrics.ends_with("# EOF\n"), "{metrics}");
    ensure!(operator.metric("jenkinsstack_leader").await? == 1, "it leads: {metrics}");
    log_is_json(&operator.stop().await?)
}

/// Every line is an object with a time, a level, a message and its origin, and those of a step have what is documented.
fn log_is_json(log: &str) -> anyhow::Result<()> {
    let mut steps = 0;
    for line in log.lines() {
        let line: Value = serde_json::from_str(line).with_context(|| line.to_owned())?;
        let has = |fields: &[&str]| fields.iter().all(|field| line[field].is_string());
        ensure!(has(&["timestamp", "level", "message", "target"]), "{line}");
        if line["message"] == "done" {
            ensure!(has(&["owner", "node", "id", "step"]) && line["owner"] == "alone/alone/alone", "{line}");
            steps += 1;
        }
    }
    ensure!(steps > 5, "a deploy has more than {steps} steps: {log}");
    Ok(())
}

/// Waits until a probe gets that answer.
async fn answers(world: &World, path: &str, status: &str, body: &str) -> anyhow::Result<()> {
    let answer = async || {
        let answer = world.operators.first().context("an operator")?.health(path).await.unwrap_or_default();
        Ok(answer.starts_with(&format!("HTTP/1.0 {status}\r\n")) && answer.ends_with(&format!("\r\n{body}\n")))
    };
    world.eventually_async(LIMIT, &format!("{path} says {status}"), answer).await
}

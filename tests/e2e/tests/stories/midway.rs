//! Somebody changes their mind while a stack is being deployed.

use crate::LIMIT;
use anyhow::{Context, ensure};
use jenkinsstack_api::status::ConditionType;
use jenkinsstack_e2e::status::says;
use jenkinsstack_e2e::{World, stack};
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::Arc;

pub(crate) async fn a_changed_spec_ends_as_the_last_one(world: Arc<World>) -> anyhow::Result<()> {
    let name = "changed-midway";
    let mut object = stack::smallest(name, &world.network);
    world.apply(&object).await?;
    begun(&world, name).await?;
    object["spec"]["controller"] = json!({"cpu": "1", "memory": "2Gi"});
    object["spec"]["logs"] = json!({"retentionDays": 7});
    world.apply(&object).await?;
    world.ready(name, LIMIT).await?;
    once_each(&world, name)?;
    let logs = world.item(name, "logs:log-group")?;
    ensure!(logs.state["retentionInDays"] == 7, "{}", logs.state);
    let service = world.item(name, "ecs:service")?;
    let revision = service.state["taskDefinition"].as_str().context("a task definition")?.to_owned();
    let running = world.items(name).into_iter().find(|item| item.arn == revision).context("its revision")?;
    ensure!(running.state["cpu"] == "1024" && running.state["memory"] == "2048", "{}", running.state);
    Ok(())
}

pub(crate) async fn a_deleted_stack_goes(world: Arc<World>) -> anyhow::Result<()> {
    let name = "deleted-midway";
    let mut object = stack::smallest(name, &world.network);
    object["spec"]["storage"] = json!({"onDelete": "Destroy"});
    world.apply(&object).await?;
    begun(&world, name).await?;
    world.delete(name).await?;
    world.gone(name, LIMIT).await?;
    let left: Vec<_> = world.items(name).into_iter().map(|item| item.arn).collect();
    ensure!(left.is_empty(), "left behind: {left:?}");
    Ok(())
}

pub(crate) async fn a_suspended_stack_stops_and_goes_on(world: Arc<World>) -> anyhow::Result<()> {
    let name = "suspended-midway";
    let mut object = stack::smallest(name, &world.network);
    world.apply(&object).await?;
    begun(&world, name).await?;
    object["spec"]["suspend"] = json!(true);
    world.apply(&object).await?;
    let paused = |status: &_| says(status, ConditionType::Ready, "Suspended", &["spec.suspend is true"]);
    world.until(name, LIMIT, paused).await?;
    let there = || -> BTreeSet<String> { world.items(name).into_iter().map(|item| item.arn + &item.id).collect() };
    let before = there();
    world.kubectl(&["annotate", "jks", name, "jenkinsstack.io/reconcile-requested-at=now"]).await?;
    ensure!(there() == before, "nothing comes about while it is suspended");
    ensure!(world.item(name, "ecs:service").is_err(), "it was suspended before it was done");
    object["spec"]["suspend"] = json!(false);
    world.apply(&object).await?;
    let ready = world.ready(name, LIMIT).await?.status.unwrap_or_default();
    ensure!(ready.last_handled_reconcile_at.as_deref() == Some("now"), "the nudge was not taken for handled meanwhile");
    ensure!(before.is_subset(&there()), "what was there is used");
    once_each(&world, name)
}

/// Waits until a deploy is under way, and far from its end.
async fn begun(world: &World, name: &str) -> anyhow::Result<()> {
    let some = || world.items(name).len() >= 5;
    world.eventually(LIMIT, "the deploy begins", some).await
}

/// Each resource of the stack exists once, but for revisions of the task definition.
pub(crate) fn once_each(world: &World, name: &str) -> anyhow::Result<()> {
    let mut seen = BTreeSet::new();
    for item in world.items(name).into_iter().filter(|item| item.kind != "ecs:task-definition") {
        let node = item.tags.get("jenkinsstack.io/resource").cloned().context("a node")?;
        ensure!(seen.insert((item.kind, node.clone())), "{node} exists twice");
    }
    ensure!(seen.len() > 10, "{seen:?}");
    Ok(())
}

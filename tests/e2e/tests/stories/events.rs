//! Events: what a user reads with `kubectl events --for jenkinsstack/NAME`.

use crate::LIMIT;
use anyhow::{Context, ensure};
use jenkinsstack_api::status::ConditionType;
use jenkinsstack_core::render::short;
use jenkinsstack_e2e::status::says;
use jenkinsstack_e2e::{World, stack};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Most events of a first deploy, and of a deletion: one for each pass that did something, and the turns.
const MOST: usize = 12;

pub(crate) async fn they_tell_the_story_once(world: Arc<World>) -> anyhow::Result<()> {
    let name = "storied";
    world.apply(&stack::smallest(name, &world.network)).await?;
    let status = world.ready(name, LIMIT).await?.status.context("a status")?;
    let ready = || async { Ok(told(&world, name).await?.iter().any(|event| event.reason == "Succeeded")) };
    world.eventually_async(LIMIT, "it is told that the stack is ready", ready).await?;
    let deploy = told(&world, name).await?;
    calm_and_once(&deploy)?;
    let reasons: BTreeSet<&str> = deploy.iter().map(|event| event.reason.as_str()).collect();
    ensure!(reasons == BTreeSet::from(["Created", "Succeeded"]), "{deploy:?}");
    let last = deploy.last().context("events")?;
    ensure!(last.reason == "Succeeded" && last.note == "everything is as the spec says", "{last:?}");
    let mut ids: Vec<&str> = status.resources.iter().filter_map(|resource| resource.id.as_deref()).map(short).collect();
    let created = deploy.iter().filter(|event| event.reason == "Created").flat_map(|event| event.note.split(", "));
    let mut named: Vec<&str> = created.filter_map(|part| part.rsplit(' ').next()).collect();
    ids.sort_unstable();
    named.sort_unstable();
    ensure!(ids.len() > 20 && named == ids, "each resource is told once, not {named:?}");

    world.delete(name).await?;
    let waits = |status: &_| says(status, ConditionType::Ready, "Deleting", &["everything is gone", "asked once more"]);
    world.until(name, LIMIT, waits).await?;
    world.gone(name, LIMIT).await?;
    let last = || async { Ok(told(&world, name).await?.iter().any(|event| event.reason == "Deleted")) };
    world.eventually_async(LIMIT, "it is told that the stack is gone", last).await?;
    let all = told(&world, name).await?;
    let leave = all.get(deploy.len()..).unwrap_or_default();
    calm_and_once(leave)?;
    let first = leave.first().context("events")?;
    let turns = leave.iter().filter(|event| event.reason == "Deleting").count();
    ensure!(turns == 1, "{first:?}: {leave:#?}");
    let home = world.item(name, "elasticfilesystem:file-system")?.id;
    let last = leave.last().context("events")?;
    let kept = ["told to keep: ".to_owned(), format!("file system {home}")];
    ensure!(last.reason == "Deleted" && kept.iter().all(|text| last.note.contains(text)), "{last:?}");
    let operator = world.operators.first().context("an operator")?.metrics().await?;
    let errors: Vec<&str> = operator.lines().filter(|line| line.starts_with("jenkinsstack_reconcile_errors")).collect();
    ensure!(!errors.iter().any(|line| line.contains("Deleting") || line.contains("Progressing")), "{errors:?}");
    Ok(())
}

/// An event in short.
#[derive(Debug)]
struct Told {
    type_: String,
    reason: String,
    note: String,
}

async fn told(world: &World, name: &str) -> anyhow::Result<Vec<Told>> {
    let short = |event: k8s_openapi::api::events::v1::Event| Told {
        type_: event.type_.unwrap_or_default(),
        reason: event.reason.unwrap_or_default(),
        note: event.note.unwrap_or_default(),
    };
    Ok(world.events(name).await?.into_iter().map(short).collect())
}

fn calm_and_once(events: &[Told]) -> anyhow::Result<()> {
    ensure!(events.iter().all(|event| event.type_ == "Normal"), "nothing went wrong: {events:#?}");
    ensure!((1..=MOST).contains(&events.len()), "compact: {events:#?}");
    let different: BTreeSet<_> = events.iter().map(|event| (&event.reason, &event.note)).collect();
    ensure!(different.len() == events.len(), "told twice: {events:#?}");
    Ok(())
}

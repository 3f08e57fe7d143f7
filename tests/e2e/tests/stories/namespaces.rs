//! An operator that serves some namespaces: each as if it were the only one.

use crate::{LIMIT, RESYNC};
use anyhow::Context;
use jenkinsstack_e2e::{Site, World, stack};
use serde_json::{Value, json};
use std::sync::Arc;

const NAME: &str = "ci";

pub(crate) async fn two_are_served_and_a_forbidden_one_holds_up_no_other(world: Arc<World>) -> anyhow::Result<()> {
    let mut first = world.beside(Site::named("teams").with("watchNamespaces={teams,teams-late}")).await?;
    let late = |object: &&Value| object["kind"] == "RoleBinding" && object["metadata"]["namespace"] == "teams-late";
    let binding = first.chart.iter().find(late).context("a binding")?.clone();
    let name = binding["metadata"]["name"].as_str().context("a name")?;
    first.kubectl(&["delete", "rolebinding", "--namespace", "teams-late", name]).await?;
    first.operate(RESYNC)?;
    let second = first.within("teams-late").await?;
    for world in [&first, &second] {
        world.apply(&world.here(stack::smallest(NAME, &world.network))).await?;
    }
    first.ready(NAME, LIMIT).await?;
    let named = || {
        let log = first.operators.first().map(|operator| operator.log().unwrap_or_default());
        log.is_some_and(|log| {
            log.lines().any(|line| says(line, "JenkinsStacks")) && log.lines().any(|line| says(line, "Secrets"))
        })
    };
    first.eventually(LIMIT, "the forbidden namespace is named", named).await?;

    first.apply(&binding).await?;
    second.ready(NAME, LIMIT).await?;
    for world in [&first, &second] {
        let logs = world.item(NAME, "logs:log-group")?;
        world.aws("logs", "PutRetentionPolicy", json!({"logGroupName": logs.id, "retentionInDays": 1}))?;
        let repaired = || world.item(NAME, "logs:log-group").is_ok_and(|item| item.state["retentionInDays"] == 30);
        first.eventually(LIMIT, "a stack of each namespace is looked at", repaired).await?;
    }
    Ok(())
}

/// Whether a line of the log warns that something can't be watched in the forbidden namespace.
fn says(line: &str, what: &str) -> bool {
    let line: Value = serde_json::from_str(line).unwrap_or_default();
    let message = format!("{what} can't be watched: may the service account list and watch them there?");
    line["level"] == "WARN" && line["namespace"] == "teams-late" && line["message"] == json!(message)
}

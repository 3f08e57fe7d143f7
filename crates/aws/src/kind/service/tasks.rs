//! Tasks that have not stopped: whoever has one may still write to its home.

use super::super::{ecs, task_definition};
use super::{Service, cluster_of};
use crate::account::Account;
use crate::driver::{Driver, Target};
use crate::error::{Error, present};
use aws_sdk_ecs::types::{DesiredStatus, Task};
use aws_sdk_resourcegroupstagging::types::{ResourceTagMapping, TagFilter};
use jenkinsstack_core::arn::{ClusterArn, TaskDefinitionArn};
use jenkinsstack_core::graph::NodeId;
use jenkinsstack_core::owner::{Owner, TAG_CLUSTER, TAG_RESOURCE, TAG_STACK};
use std::collections::BTreeMap;

/// The most that one call describes (DescribeTasks, Amazon ECS API Reference).
const PAGE: usize = 100;
/// The state after which a task does nothing any more ("Amazon ECS task lifecycle").
const STOPPED: &str = "STOPPED";

/// Tasks of a task definition's family in a cluster. By family, and not by service: a service that is gone has tasks
/// for a while, and whatever else is run from the family has the same home.
pub(super) async fn left(
    account: &Account,
    cluster: &ClusterArn,
    definition: &TaskDefinitionArn,
) -> Result<usize, Error> {
    let Some((family, _)) = task_definition::revision(definition.as_str()) else { return Ok(0) };
    let running = listed(account, cluster, family, DesiredStatus::Running).await?;
    if !running.is_empty() {
        return Ok(running.len());
    }
    // Only now: side by side, a task that is told to stop between the two answers would be in neither.
    let stopping = listed(account, cluster, family, DesiredStatus::Stopped).await?;
    alive(account, cluster.as_str(), &stopping).await
}

/// ARNs of the tasks that ECS wants RUNNING or STOPPED, whether or not they are so yet. Stopped ones stay for an hour.
async fn listed(
    account: &Account,
    cluster: &ClusterArn,
    family: &str,
    wanted: DesiredStatus,
) -> Result<Vec<String>, Error> {
    let call = account.clients.ecs.list_tasks().cluster(cluster.as_str()).family(family).desired_status(wanted);
    let arns: Result<Vec<String>, _> = call.into_paginator().items().send().try_collect().await;
    Ok(present(arns.map_err(Error::of("ListTasks", family)))?.unwrap_or_default())
}

/// How many of these tasks of one cluster have not stopped.
async fn alive(account: &Account, cluster: &str, tasks: &[String]) -> Result<usize, Error> {
    Ok(described(account, cluster, tasks).await?.iter().filter(|task| is_alive(task)).count())
}

fn is_alive(task: &Task) -> bool {
    task.last_status() != Some(STOPPED)
}

/// These tasks of one cluster. One that can't be found any more has stopped.
async fn described(account: &Account, cluster: &str, tasks: &[String]) -> Result<Vec<Task>, Error> {
    let mut found = Vec::new();
    for page in tasks.chunks(PAGE) {
        let call = account.clients.ecs.describe_tasks().cluster(cluster).set_tasks(Some(page.to_vec()));
        let output = present(call.send().await.map_err(Error::of("DescribeTasks", cluster)))?;
        found.extend(output.and_then(|output| output.tasks).unwrap_or_default());
    }
    Ok(found)
}

/// How many tasks of a stack are left in a zone, in whatever cluster, as far as the tagging API knows. A service that is
/// gone has tasks for a while, and nobody lists it any more.
pub(crate) async fn in_zone(account: &Account, owner: &Owner, zone: &str) -> Result<usize, Error> {
    let tasks = tagged(account, owner, None, &["ecs:task"]).await?;
    let here = |task: &&Task| is_alive(task) && task.availability_zone() == Some(zone);
    let mut left = 0;
    for (cluster, tasks) in by_cluster(tasks) {
        left += described(account, &cluster, &tasks).await?.iter().filter(here).count();
    }
    Ok(left)
}

/// Tasks and services of this node other than `own`, in any cluster, as far as the tagging API knows. It is late, but a
/// task lives longer than that, and it shows what a spec that names another cluster has left behind.
pub(super) async fn elsewhere(account: &Account, target: Target<'_>, own: &str) -> Result<usize, Error> {
    let found = tagged(account, target.owner, Some(target.node), &["ecs:service", "ecs:task"]).await?;
    let (tasks, services): (Vec<String>, Vec<String>) =
        found.into_iter().partition(|arn| ecs::after(arn, "task").is_some());
    let mut left = 0;
    for service in services.iter().filter(|arn| *arn != own) {
        left += usize::from(Service::read(account, target, service).await?.is_some());
    }
    for (cluster, tasks) in by_cluster(tasks) {
        left += alive(account, &cluster, &tasks).await?;
    }
    Ok(left)
}

/// ARNs of what the tagging API knows of a stack, or of one node of it, as far as it is of these types.
async fn tagged(
    account: &Account,
    owner: &Owner,
    node: Option<&NodeId>,
    types: &[&str],
) -> Result<Vec<String>, Error> {
    let filter = |key, value| TagFilter::builder().key(key).values(value).build();
    let mut tags = vec![filter(TAG_CLUSTER, owner.cluster.clone()), filter(TAG_STACK, owner.stack())];
    tags.extend(node.map(|node| filter(TAG_RESOURCE, node.to_string())));
    let types = types.iter().map(|name| (*name).to_owned()).collect();
    let call = account.clients.tagging.get_resources().set_resource_type_filters(Some(types));
    let found = call.set_tag_filters(Some(tags)).into_paginator().items().send().try_collect().await;
    let whose = node.map_or_else(|| owner.to_string(), NodeId::to_string);
    let found: Vec<ResourceTagMapping> = found.map_err(Error::of("GetResources", whose))?;
    Ok(found.into_iter().filter_map(|resource| resource.resource_arn).collect())
}

/// Tasks by cluster: a call describes those of one.
fn by_cluster(tasks: Vec<String>) -> BTreeMap<String, Vec<String>> {
    let mut clusters: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for task in tasks {
        clusters.entry(cluster_of(&task).to_owned()).or_default().push(task);
    }
    clusters
}

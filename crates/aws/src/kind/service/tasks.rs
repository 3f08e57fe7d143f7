//! Tasks that have not stopped: whoever has one may still write to its home.

use super::super::{ecs, task_definition};
use super::{Service, cluster_of};
use crate::account::Account;
use crate::driver::{Driver, Target};
use crate::error::{Error, present};
use aws_sdk_ecs::types::{DesiredStatus, Task};
use aws_sdk_resourcegroupstagging::types::TagFilter;
use jenkinsstack_core::arn::{ClusterArn, TaskDefinitionArn};
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
    let filter = |key, value| TagFilter::builder().key(key).values(value).build();
    let call = account.clients.tagging.get_resources().resource_type_filters("ecs:task");
    let call = call.tag_filters(filter(TAG_CLUSTER, owner.cluster.clone()));
    let call = call.tag_filters(filter(TAG_STACK, owner.stack()));
    let found: Result<Vec<_>, _> = call.into_paginator().items().send().try_collect().await;
    let found = found.map_err(Error::of("GetResources", owner))?;
    let mut left = 0;
    for arn in found.iter().filter_map(|resource| resource.resource_arn()) {
        let tasks = described(account, cluster_of(arn), &[arn.to_owned()]).await?;
        let here = |task: &&Task| is_alive(task) && task.availability_zone() == Some(zone);
        left += tasks.iter().filter(here).count();
    }
    Ok(left)
}

/// Tasks and services of this node other than `own`, in any cluster, as far as the tagging API knows. It is late, but a
/// task lives longer than that, and it shows what a spec that names another cluster has left behind.
pub(super) async fn elsewhere(account: &Account, target: Target<'_>, own: &str) -> Result<usize, Error> {
    let filter = |key, value| TagFilter::builder().key(key).values(value).build();
    let call = account.clients.tagging.get_resources().resource_type_filters("ecs:service");
    let call = call.resource_type_filters("ecs:task");
    let call = call.tag_filters(filter(TAG_CLUSTER, target.owner.cluster.clone()));
    let call = call.tag_filters(filter(TAG_STACK, target.owner.stack()));
    let call = call.tag_filters(filter(TAG_RESOURCE, target.node.to_string()));
    let found: Result<Vec<_>, _> = call.into_paginator().items().send().try_collect().await;
    let found = found.map_err(Error::of("GetResources", target.node))?;
    let arns: Vec<&str> = found.iter().filter_map(|resource| resource.resource_arn()).collect();
    let mut left = 0;
    let mut tasks: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for arn in arns {
        if ecs::after(arn, "task").is_some() {
            tasks.entry(cluster_of(arn)).or_default().push(arn.to_owned());
        } else if arn != own {
            left += usize::from(Service::read(account, target, arn).await?.is_some());
        }
    }
    for (cluster, arns) in tasks {
        left += alive(account, cluster, &arns).await?;
    }
    Ok(left)
}

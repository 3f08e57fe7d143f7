//! ECS service: one task of Jenkins, never two.
//!
//! Its name is unique in its cluster: a repeated create is refused and takes the service that is there. There is no client
//! token, which would do no more, and might name a service that was deleted meanwhile. Calls: CreateService,
//! DescribeServices, UpdateService, TagResource, DeleteService; ListTasks and DescribeTasks to see that a home is free;
//! GetResources to see that no other cluster has a task on it.
//!
//! ECS stops before it starts, but for ECS a task has stopped once it leaves RUNNING: while its targets drain and its
//! stop timeout runs, the old Jenkins still writes to the home. So a change that needs a new task takes two updates:
//! the first asks for no task, and the second, with the change, comes when every task has stopped. For the same reason
//! a deleted service counts as leaving until its tasks have stopped, and none is created before.

mod facts;
mod request;
pub(crate) mod tasks;

use super::{ecs, task_definition, wrong_kind};
use crate::account::Account;
use crate::driver::{Deletion, Driver, Listed, Target, changes, retagged, side_by_side};
use crate::error::{Class, Error, present};
use crate::permission::{On, Permission, When, permit};
use crate::tagged::Tagged;
use aws_sdk_ecs::types::{Service as Described, ServiceField};
use futures::TryFutureExt;
use jenkinsstack_core::arn::ClusterArn;
use jenkinsstack_core::diff::Field;
use jenkinsstack_core::graph::Node;
use jenkinsstack_core::kind::Observed as Any;
use jenkinsstack_core::kind::service::{Desired, Observed};
use jenkinsstack_core::observed::Seen;
use jenkinsstack_core::owner::Tags;
use jenkinsstack_core::plan::TAGS;
use std::collections::BTreeMap;

pub(crate) struct Service;

const OURS: On = On::Arn("arn:{partition}:ecs:{region}:{account}:service/*/jks-*");
/// The most that one call describes (DescribeServices, Amazon ECS API Reference).
const PAGE: usize = 10;
/// Fields whose change needs a new task ("Updating a service", Amazon ECS Developer Guide).
const DEPLOYED: [&str; 8] = [
    "taskDefinition",
    "subnets",
    "securityGroups",
    "assignPublicIp",
    "targetGroupArn",
    "container",
    // The target group loses what only such a strategy needs.
    "deploymentStrategy",
    "forceNewDeployment",
];

impl Driver for Service {
    type Desired = Desired;

    const PERMISSIONS: &'static [Permission] = &[
        permit("ecs:CreateService", OURS, When::Tagging),
        permit("ecs:DeleteService", OURS, When::Owned),
        permit("ecs:DescribeServices", OURS, When::Always),
        permit("ecs:DescribeTasks", On::Any, When::Always),
        permit("ecs:ListTasks", On::Any, When::Always),
        permit("ecs:TagResource", OURS, When::Tagging),
        permit("ecs:UpdateService", OURS, When::Owned),
        permit("tag:GetResources", On::Any, When::Always),
    ];

    async fn list(account: &Account, tagged: &Tagged, _: &[Listed]) -> Result<Vec<Listed>, Error> {
        let mut clusters: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for (arn, _) in ecs::ours(account, tagged, "service") {
            clusters.entry(cluster_of(arn)).or_default().push(arn.to_owned());
        }
        let pages = clusters.into_iter().flat_map(|(cluster, arns)| {
            arns.chunks(PAGE).map(|page| (cluster.to_owned(), page.to_vec())).collect::<Vec<_>>()
        });
        let pages = pages.map(|(cluster, arns)| seen(account, cluster, arns).map_ok(Some));
        let found: Vec<Vec<(Observed, Tags)>> = side_by_side(pages).await?;
        let listed = |(observed, tags): (Observed, Tags)| {
            // A service that was deleted may have lost its tags, but still holds the home.
            let tags = if tags.is_empty() { tagged.get(observed.arn.as_str()).cloned()? } else { tags };
            Listed::of(account, tags, Any::Service(observed))
        };
        Ok(found.into_iter().flatten().filter_map(listed).collect())
    }

    async fn read(account: &Account, target: Target<'_>, id: &str) -> Result<Option<Seen>, Error> {
        let found = seen(account, cluster_of(id).to_owned(), vec![id.to_owned()]).await?.into_iter().next();
        Ok(found.map(|(observed, tags)| target.seen(tags, Any::Service(observed))))
    }

    async fn create(account: &Account, target: Target<'_>, node: &Node, desired: &Desired) -> Result<Seen, Error> {
        let cluster = desired.cluster.known().map_err(Error::bug("CreateService", &node.name))?;
        if !home_is_free(account, target, cluster, node, desired).await? {
            let message = "an earlier task still has the home mounted: the next one starts when that has stopped";
            let occupied = Error::new(Class::NotYet, "CreateService", &node.name, message);
            return standing(account, target, cluster, &node.name).await?.ok_or(occupied);
        }
        let call = request::create(account, node, desired).map_err(Error::bug("CreateService", &node.name))?;
        match call.send().await.map_err(Error::of("CreateService", &node.name)) {
            Ok(output) => {
                let made = output.service.ok_or_else(|| Error::incomplete("CreateService", &node.name, "service"))?;
                let observed = facts::observed("CreateService", &made, account)?;
                Ok(target.seen(node.tags.clone(), Any::Service(observed)))
            }
            Err(error) if error.message.contains("not idempotent") => {
                standing(account, target, cluster, &node.name).await?.ok_or(error)
            }
            Err(error) => Err(refused(account, desired, error).await),
        }
    }

    async fn update(
        account: &Account,
        target: Target<'_>,
        seen: &Seen,
        node: &Node,
        desired: &Desired,
        fields: &[Field],
    ) -> Result<Seen, Error> {
        let mut tags = seen.tags.clone().unwrap_or_default();
        let mut service = known(seen)?.clone();
        if changes(fields, TAGS) {
            ecs::tag(account, service.arn.as_str(), &node.tags).await?;
            tags = retagged(seen, node);
        }
        if fields.iter().any(|field| field.name != TAGS) {
            service = change(account, service, desired, fields).await?;
        }
        Ok(target.seen(tags, Any::Service(service)))
    }

    async fn delete(account: &Account, _: Target<'_>, seen: &Seen) -> Result<Deletion, Error> {
        let service = known(seen)?;
        if service.status == facts::ACTIVE {
            let call = account.clients.ecs.delete_service().cluster(service.cluster.as_str()).force(true);
            let output = call.service(service.arn.as_str()).send().await;
            present(output.map_err(Error::of("DeleteService", &service.arn)))?;
        }
        // Whether its tasks have stopped, a read will tell.
        Ok(Deletion::InProgress)
    }
}

fn known(seen: &Seen) -> Result<&Observed, Error> {
    let Any::Service(service) = &seen.observed else { return Err(wrong_kind("Service", seen)) };
    Ok(service)
}

/// Name of the cluster in the ARN of a service or task.
fn cluster_of(arn: &str) -> &str {
    arn.split('/').nth(1).unwrap_or_default()
}

/// Services of one cluster, at most [`PAGE`], with their tags. Those that are gone with their last task are left out.
async fn seen(account: &Account, cluster: String, services: Vec<String>) -> Result<Vec<(Observed, Tags)>, Error> {
    let names = services.join(", ");
    let call = account.clients.ecs.describe_services().cluster(cluster).include(ServiceField::Tags);
    let output = call.set_services(Some(services)).send().await;
    let output = present(output.map_err(Error::of("DescribeServices", names)))?;
    let found = output.and_then(|output| output.services).unwrap_or_default();
    side_by_side(found.into_iter().map(|service| complete(account, service))).await
}

/// A service with the count of its remaining tasks, where it wants none. An INACTIVE one that still has tasks counts as
/// draining.
async fn complete(account: &Account, service: Described) -> Result<Option<(Observed, Tags)>, Error> {
    let mut observed = facts::observed("DescribeServices", &service, account)?;
    if observed.status != facts::ACTIVE || observed.desired_count == 0 {
        observed.rollout.left = tasks::left(account, &observed.cluster, &observed.task_definition).await?;
    }
    if observed.status == facts::INACTIVE {
        if observed.rollout.left == 0 {
            return Ok(None);
        }
        observed.status = facts::DRAINING.to_owned();
    }
    Ok(Some((observed, ecs::from_ecs(service.tags()))))
}

/// Whether nothing of this node is left on its home, in whichever cluster.
async fn home_is_free(
    account: &Account,
    target: Target<'_>,
    cluster: &ClusterArn,
    node: &Node,
    desired: &Desired,
) -> Result<bool, Error> {
    let definition = desired.task_definition.known().map_err(Error::bug("CreateService", &node.name))?;
    let own = account.arn("ecs", &format!("service/{}/{}", cluster_of(cluster.as_str()), node.name));
    let here = tasks::left(account, cluster, definition);
    let elsewhere = tasks::elsewhere(account, target, &own);
    let (here, elsewhere) = futures::future::try_join(here, elsewhere).await?;
    Ok(here == 0 && elsewhere == 0)
}

/// The service that has our name, if there is one. One that is not ours is an error.
async fn standing(
    account: &Account,
    target: Target<'_>,
    cluster: &ClusterArn,
    name: &str,
) -> Result<Option<Seen>, Error> {
    let found = seen(account, cluster_of(cluster.as_str()).to_owned(), vec![name.to_owned()]).await?;
    let Some((observed, tags)) = found.into_iter().next() else { return Ok(None) };
    // The tags of a service that was deleted may be gone; nothing happens to it but that it is waited for.
    if target.owns(&tags) || observed.status != facts::ACTIVE {
        return Ok(Some(target.seen(tags, Any::Service(observed))));
    }
    Err(Error::foreign("CreateService", name))
}

/// Changes what differs; when that needs a new task, only once the old one has stopped.
async fn change(
    account: &Account,
    mut service: Observed,
    desired: &Desired,
    fields: &[Field],
) -> Result<Observed, Error> {
    let deploys = fields.iter().any(|field| DEPLOYED.contains(&field.name));
    if deploys && service.desired_count > 0 {
        request::stop(account, &service).await?;
        service.desired_count = 0;
        // It is not known yet when they have stopped: reads will count them.
        service.rollout.left = 1;
        return Ok(service);
    }
    if service.desired_count == 0 {
        service.rollout.left = tasks::left(account, &service.cluster, &service.task_definition).await?;
        if service.rollout.left > 0 {
            return Ok(service);
        }
    }
    let call =
        request::update(account, &service, desired, fields).map_err(Error::bug("UpdateService", &service.arn))?;
    match call.send().await.map_err(Error::of("UpdateService", &service.arn)) {
        Ok(output) => {
            let now = output.service.ok_or_else(|| Error::incomplete("UpdateService", &service.arn, "service"))?;
            facts::observed("UpdateService", &now, account)
        }
        Err(error) => Err(refused(account, desired, error).await),
    }
}

/// What follows from a refusal: a task definition that is not active any more is looked at again.
async fn refused(account: &Account, desired: &Desired, error: Error) -> Error {
    let inactive = error.is("ClientException") && error.message.contains("inactive");
    match desired.task_definition.known() {
        Ok(arn) if inactive => {
            task_definition::reread(account, arn.as_str(), Error { class: Class::NotYet, ..error }).await
        }
        Ok(_) | Err(_) => error,
    }
}

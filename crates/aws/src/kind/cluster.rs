//! ECS cluster.
//!
//! Its name is unique: a repeated create answers the cluster that is there, or is refused and finds it by name; either
//! way its tags say whose it is. A cluster that is INACTIVE counts as absent. Calls: CreateCluster, DescribeClusters,
//! PutClusterCapacityProviders, TagResource, DeleteCluster.

use super::{ecs, wrong_kind};
use crate::account::Account;
use crate::driver::{Deletion, Driver, Listed, Target, changes, retagged, side_by_side};
use crate::error::{Error, present};
use crate::permission::{On, Permission, When, permit};
use crate::tagged::Tagged;
use aws_sdk_ecs::types::{Cluster as Described, ClusterField};
use futures::TryFutureExt;
use jenkinsstack_core::diff::Field;
use jenkinsstack_core::graph::Node;
use jenkinsstack_core::kind::Observed as Any;
use jenkinsstack_core::kind::cluster::{Desired, Observed};
use jenkinsstack_core::observed::Seen;
use jenkinsstack_core::owner::Tags;
use jenkinsstack_core::plan::TAGS;

pub(crate) struct Cluster;

const OURS: On = On::Arn("arn:{partition}:ecs:{region}:{account}:cluster/jks-*");
/// The most that one call describes (DescribeClusters, Amazon ECS API Reference).
const PAGE: usize = 100;
/// The state of a cluster that was deleted and can still be described for a while.
const INACTIVE: &str = "INACTIVE";

/// The role that ECS makes, as ours, with the first cluster of an account; no service starts without it ("Using
/// service-linked roles for Amazon ECS", Amazon ECS Developer Guide).
const LINKED_ROLE: &str = "arn:{partition}:iam::{account}:role/aws-service-role/ecs.amazonaws.com/*";

impl Driver for Cluster {
    type Desired = Desired;

    const PERMISSIONS: &'static [Permission] = &[
        permit("ecs:CreateCluster", OURS, When::Tagging),
        permit("ecs:DeleteCluster", OURS, When::Owned),
        permit("ecs:DescribeClusters", On::Any, When::Always),
        permit("ecs:PutClusterCapacityProviders", OURS, When::Owned),
        permit("ecs:TagResource", OURS, When::Tagging),
        permit("iam:CreateServiceLinkedRole", On::Arn(LINKED_ROLE), When::Always),
    ];

    async fn list(account: &Account, tagged: &Tagged, _: &[Listed]) -> Result<Vec<Listed>, Error> {
        let arns: Vec<String> = ecs::ours(account, tagged, "cluster").map(|(arn, _)| arn.to_owned()).collect();
        let pages = arns.chunks(PAGE).map(|page| described(account, page.to_vec()).map_ok(Some));
        let clusters: Vec<Vec<Described>> = side_by_side(pages).await?;
        let listed = |cluster| {
            let (observed, tags) = facts("DescribeClusters", cluster).ok()?;
            Listed::of(account, tags, Any::Cluster(observed))
        };
        Ok(clusters.into_iter().flatten().filter_map(listed).collect())
    }

    async fn read(account: &Account, target: Target<'_>, id: &str) -> Result<Option<Seen>, Error> {
        let found = described(account, vec![id.to_owned()]).await?.into_iter().next();
        let facts = found.map(|cluster| facts("DescribeClusters", cluster)).transpose()?;
        Ok(facts.map(|(observed, tags)| target.seen(tags, Any::Cluster(observed))))
    }

    async fn create(account: &Account, target: Target<'_>, node: &Node, desired: &Desired) -> Result<Seen, Error> {
        let call = account.clients.ecs.create_cluster().cluster_name(&node.name);
        let call = call.set_capacity_providers(Some(desired.capacity_providers.iter().cloned().collect()));
        let call = call.set_tags(Some(ecs::to_ecs(&node.tags)));
        let outcome = call.send().await.map_err(Error::of("CreateCluster", &node.name));
        let made = match outcome {
            Ok(output) => output.cluster.map(|cluster| facts("CreateCluster", cluster)).transpose()?,
            // Only one that is there already, or is just going, can tell why.
            Err(error) if error.is("InvalidParameterException") || error.is("ClientException") => {
                return Self::read(account, target, &node.name).await?.map_or(Err(error), |seen| owned(target, seen));
            }
            Err(error) => return Err(error),
        };
        match made {
            Some((observed, tags)) if target.owns(&tags) => Ok(target.seen(tags, Any::Cluster(observed))),
            Some(_) | None => match Self::read(account, target, &node.name).await? {
                Some(seen) => owned(target, seen),
                None => Err(Error::unseen("DescribeClusters", &node.name)),
            },
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
        let mut cluster = known(seen)?.clone();
        if changes(fields, "capacityProviders") || changes(fields, "defaultCapacityProviderStrategy") {
            let call = account.clients.ecs.put_cluster_capacity_providers().cluster(cluster.name.as_str());
            let call = call.set_capacity_providers(Some(desired.capacity_providers.iter().cloned().collect()));
            let output = call.set_default_capacity_provider_strategy(Some(Vec::new())).send().await;
            output.map_err(Error::of("PutClusterCapacityProviders", &cluster.name))?;
            cluster.capacity_providers = desired.capacity_providers.clone();
            cluster.default_strategy.clear();
        }
        let mut tags = seen.tags.clone().unwrap_or_default();
        if changes(fields, TAGS) {
            ecs::tag(account, cluster.arn.as_str(), &node.tags).await?;
            tags = retagged(seen, node);
        }
        Ok(target.seen(tags, Any::Cluster(cluster)))
    }

    async fn delete(account: &Account, _: Target<'_>, seen: &Seen) -> Result<Deletion, Error> {
        let name = &known(seen)?.name;
        let output = account.clients.ecs.delete_cluster().cluster(name.as_str()).send().await;
        let output = present(output.map_err(Error::of("DeleteCluster", name)))?;
        let left = output.and_then(|output| output.cluster).filter(|cluster| cluster.status() != Some(INACTIVE));
        Ok(if left.is_some() { Deletion::InProgress } else { Deletion::Gone })
    }
}

fn known(seen: &Seen) -> Result<&Observed, Error> {
    let Any::Cluster(cluster) = &seen.observed else { return Err(wrong_kind("Cluster", seen)) };
    Ok(cluster)
}

/// The cluster that has our name, if it is ours.
fn owned(target: Target<'_>, seen: Seen) -> Result<Seen, Error> {
    let ours = seen.tags.as_ref().is_some_and(|tags| target.owns(tags));
    if ours { Ok(seen) } else { Err(Error::foreign("CreateCluster", seen.id())) }
}

/// Clusters by name or ARN. Those that are missing or INACTIVE are left out.
async fn described(account: &Account, clusters: Vec<String>) -> Result<Vec<Described>, Error> {
    let names = clusters.join(", ");
    let call = account.clients.ecs.describe_clusters().set_clusters(Some(clusters)).include(ClusterField::Tags);
    let output = call.send().await.map_err(Error::of("DescribeClusters", names))?;
    let clusters = output.clusters.unwrap_or_default();
    Ok(clusters.into_iter().filter(|cluster| cluster.status() != Some(INACTIVE)).collect())
}

fn facts(operation: &'static str, cluster: Described) -> Result<(Observed, Tags), Error> {
    let name = cluster.cluster_name().unwrap_or_default().to_owned();
    let default_strategy = cluster.default_capacity_provider_strategy().iter();
    let observed = Observed {
        arn: cluster.cluster_arn().unwrap_or_default().parse().map_err(Error::bug(operation, &name))?,
        name: name.parse().map_err(Error::bug(operation, &name))?,
        capacity_providers: cluster.capacity_providers().iter().cloned().collect(),
        default_strategy: default_strategy.map(|item| item.capacity_provider().to_owned()).collect(),
        status: cluster.status().unwrap_or_default().to_owned(),
    };
    Ok((observed, ecs::from_ecs(cluster.tags())))
}

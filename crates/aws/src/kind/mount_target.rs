//! EFS mount target.
//!
//! A file system has one in each zone: a repeated create is refused and finds the one that is there. It has no tags and is
//! ours when its file system is. The listing goes by the network interfaces of all mount targets at once, because EFS
//! describes those of one file system at a time. Calls: CreateMountTarget, DescribeMountTargets,
//! DescribeMountTargetSecurityGroups, ModifyMountTargetSecurityGroups, DeleteMountTarget, DescribeNetworkInterfaces;
//! GetResources and DescribeTasks to see that no task has it in use.

use super::efs::homes;
use super::service::tasks;
use super::wrong_kind;
use crate::account::Account;
use crate::driver::{Deletion, Driver, Listed, Target, changes, side_by_side};
use crate::error::{Class, Error, present};
use crate::permission::{On, Permission, When, permit};
use crate::tagged::Tagged;
use aws_sdk_ec2::types::{Filter, NetworkInterface, NetworkInterfaceStatus};
use aws_sdk_efs::operation::create_mount_target::CreateMountTargetOutput;
use aws_sdk_efs::types::{LifeCycleState, MountTargetDescription};
use jenkinsstack_core::diff::Field;
use jenkinsstack_core::graph::{Node, NodeId};
use jenkinsstack_core::id::{FileSystemId, MountTargetId, SecurityGroupId, SubnetId};
use jenkinsstack_core::kind::mount_target::{Desired, NODE, Observed};
use jenkinsstack_core::kind::{Observed as Any, State};
use jenkinsstack_core::observed::Seen;
use jenkinsstack_core::owner::Owner;
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};

pub(crate) struct MountTarget;

/// The most that one page can have (DescribeNetworkInterfaces, Amazon EC2 API Reference).
const PAGE: i32 = 1000;
/// How EFS describes its interfaces: what it does, and what its reference says (CreateMountTarget).
const DESCRIPTIONS: [&str; 2] = ["EFS mount target for fs-*", "Mount target fsmt-* for file system fs-*"];
/// For how long an interface says nothing about its mount target: that is made for two minutes after it.
const SETTLING: Duration = Duration::from_secs(10 * 60);

impl Driver for MountTarget {
    type Desired = Desired;

    /// EFS makes and removes interfaces on our behalf, under a role that it makes itself the first time.
    const PERMISSIONS: &'static [Permission] = &[
        permit("ec2:CreateNetworkInterface", On::Any, When::Always),
        permit("ec2:DeleteNetworkInterface", On::Any, When::Always),
        permit("ec2:DescribeNetworkInterfaceAttribute", On::Any, When::Always),
        permit("ec2:DescribeNetworkInterfaces", On::Any, When::Always),
        permit("ec2:DescribeSubnets", On::Any, When::Always),
        permit("ec2:ModifyNetworkInterfaceAttribute", On::Any, When::Always),
        permit("elasticfilesystem:CreateMountTarget", On::Any, When::Owned),
        permit("elasticfilesystem:DeleteMountTarget", On::Any, When::Owned),
        permit("elasticfilesystem:DescribeMountTargetSecurityGroups", On::Any, When::Always),
        permit("elasticfilesystem:DescribeMountTargets", On::Any, When::Always),
        permit("elasticfilesystem:ModifyMountTargetSecurityGroups", On::Any, When::Owned),
        permit("ecs:DescribeTasks", On::Any, When::Always),
        permit("iam:CreateServiceLinkedRole", On::Arn(LINKED_ROLE), When::Always),
        permit("tag:GetResources", On::Any, When::Always),
    ];

    async fn list(account: &Account, _: &Tagged, parents: &[Listed]) -> Result<Vec<Listed>, Error> {
        let owners: BTreeMap<&FileSystemId, &Owner> =
            homes(parents).map(|(parent, home)| (&home.id, &parent.owner)).collect();
        if owners.is_empty() {
            return Ok(Vec::new());
        }
        let now = account.clients.ec2.config().time_source().unwrap_or_default().now();
        let interfaces = interfaces(account).await?;
        let sights = interfaces.iter().filter_map(|interface| Sight::of(interface, &owners));
        side_by_side(sights.map(|sight| listed(account, sight, now))).await
    }

    async fn read(account: &Account, target: Target<'_>, id: &str) -> Result<Option<Seen>, Error> {
        match described(account, id).await? {
            Some(description) => {
                let found = observed(account, &description).await?;
                Ok(found.map(|found| seen(target.node, found)))
            }
            None => Ok(None),
        }
    }

    async fn poll(account: &Account, target: Target<'_>, seen: &Seen) -> Result<Option<Seen>, Error> {
        let before = known(seen)?;
        if before.security_groups.is_empty() {
            return Self::read(account, target, before.id.as_str()).await;
        }
        let now = described(account, before.id.as_str()).await?.map(|now| Observed {
            life_cycle_state: now.life_cycle_state().as_str().to_owned(),
            ..before.clone()
        });
        Ok(now.map(|now| Seen { observed: Any::MountTarget(now), ..seen.clone() }))
    }

    async fn create(account: &Account, target: Target<'_>, _: &Node, desired: &Desired) -> Result<Seen, Error> {
        let bug = || Error::bug("CreateMountTarget", target.node);
        let file_system = desired.file_system.known().map_err(bug())?;
        let group = desired.security_group.known().map_err(bug())?;
        let call = account.clients.efs.create_mount_target().file_system_id(file_system.as_str());
        let none = Error::bug("CreateMountTarget", target.node);
        let subnet = desired.subnets.first().ok_or("bug: it has no subnet").map_err(none)?;
        let call = call.subnet_id(subnet.as_str()).security_groups(group.as_str());
        match call.send().await.map_err(Error::of("CreateMountTarget", target.node)) {
            Err(error) if error.is("MountTargetConflict") => existing(account, target, desired, error).await,
            outcome => {
                let made = outcome.map_err(Error::just_made)?;
                Ok(seen(target.node, fresh(&made, file_system, group, subnet)?))
            }
        }
    }

    async fn update(
        account: &Account,
        target: Target<'_>,
        before: &Seen,
        _: &Node,
        desired: &Desired,
        fields: &[Field],
    ) -> Result<Seen, Error> {
        let mut now = known(before)?.clone();
        if changes(fields, "securityGroups") {
            let group = desired.security_group.known().map_err(Error::bug("ModifyMountTarget", target.node))?;
            let call = account.clients.efs.modify_mount_target_security_groups().mount_target_id(now.id.as_str());
            let output = call.security_groups(group.as_str()).send().await;
            output.map_err(Error::of("ModifyMountTargetSecurityGroups", &now.id))?;
            now.security_groups = BTreeSet::from([group.clone()]);
        }
        Ok(seen(target.node, now))
    }

    /// It "forcibly breaks any mounts" (DeleteMountTarget, Amazon EFS API Reference), so it waits for the tasks of its zone,
    /// which may be saving their files when their service is long gone.
    async fn delete(account: &Account, target: Target<'_>, seen: &Seen) -> Result<Deletion, Error> {
        let found = known(seen)?;
        if found.state() == State::Leaving {
            return Ok(Deletion::InProgress);
        }
        let zone = target.node.as_str().rsplit('/').next().unwrap_or_default();
        if tasks::in_zone(account, target.owner, zone).await? > 0 {
            let message = "a task in its zone has not stopped: it goes when nobody has the home mounted there";
            return Err(Error::new(Class::NotYet, "DeleteMountTarget", &found.id, message));
        }
        let output = account.clients.efs.delete_mount_target().mount_target_id(found.id.as_str()).send().await;
        output.map_err(Error::of("DeleteMountTarget", &found.id))?;
        Ok(Deletion::InProgress)
    }
}

/// The service-linked role of EFS ("Using service-linked roles for Amazon EFS", Amazon EFS User Guide).
const LINKED_ROLE: &str = "arn:{partition}:iam::{account}:role/aws-service-role/elasticfilesystem.amazonaws.com/*";

fn known(seen: &Seen) -> Result<&Observed, Error> {
    let Any::MountTarget(target) = &seen.observed else { return Err(wrong_kind("MountTarget", seen)) };
    Ok(target)
}

fn seen(node: &NodeId, target: Observed) -> Seen {
    Seen { node: node.clone(), tags: None, observed: Any::MountTarget(target) }
}

/// What the network interface of one of our mount targets tells of it.
struct Sight<'a> {
    owner: &'a Owner,
    node: NodeId,
    target: Observed,
    /// Since when the interface has been in use; `None` when it is not.
    used_since: Option<SystemTime>,
}

impl<'a> Sight<'a> {
    fn of(interface: &NetworkInterface, owners: &BTreeMap<&FileSystemId, &'a Owner>) -> Option<Self> {
        let mut ids = interface.description()?.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
        let file_system = ids.clone().find_map(|word| word.parse::<FileSystemId>().ok())?;
        let groups = interface.groups().iter().filter_map(|group| group.group_id()?.parse().ok());
        let attached = interface.attachment().and_then(|attachment| attachment.attach_time());
        let used = interface.status() == Some(&NetworkInterfaceStatus::InUse);
        Some(Self {
            owner: owners.get(&file_system)?,
            node: NodeId::new(NODE).of(interface.availability_zone()?),
            target: Observed {
                id: ids.find_map(|word| word.parse::<MountTargetId>().ok())?,
                file_system,
                subnet: interface.subnet_id()?.parse().ok()?,
                security_groups: groups.collect(),
                life_cycle_state: LifeCycleState::Available.as_str().to_owned(),
            },
            used_since: attached.filter(|_| used).and_then(|at| SystemTime::try_from(*at).ok()),
        })
    }
}

/// The interfaces of all mount targets in the account.
async fn interfaces(account: &Account) -> Result<Vec<NetworkInterface>, Error> {
    let described = DESCRIPTIONS.map(str::to_owned).into();
    let call = account.clients.ec2.describe_network_interfaces().max_results(PAGE);
    let call = call.filters(Filter::builder().name("requester-managed").values("true").build());
    let call = call.filters(Filter::builder().name("description").set_values(Some(described)).build());
    let all = call.into_paginator().items().send().try_collect().await;
    all.map_err(Error::of("DescribeNetworkInterfaces", "mount targets"))
}

/// A mount target is available once its interface has been in use for a while; before that, EFS has to be asked.
async fn listed(account: &Account, sight: Sight<'_>, now: SystemTime) -> Result<Option<Listed>, Error> {
    let Sight { owner, node, mut target, used_since } = sight;
    let settled = used_since.and_then(|at| now.duration_since(at).ok()).is_some_and(|used| used >= SETTLING);
    if !settled {
        let Some(description) = described(account, target.id.as_str()).await? else { return Ok(None) };
        target.life_cycle_state = description.life_cycle_state().as_str().to_owned();
    }
    Ok(Some(Listed { owner: owner.clone(), seen: seen(&node, target) }))
}

async fn described(account: &Account, id: &str) -> Result<Option<MountTargetDescription>, Error> {
    let output = account.clients.efs.describe_mount_targets().mount_target_id(id).send().await;
    let output = present(output.map_err(Error::of("DescribeMountTargets", id)))?;
    let found = output.and_then(|output| output.mount_targets().first().cloned());
    Ok(found.filter(|target| *target.life_cycle_state() != LifeCycleState::Deleted))
}

/// A mount target with its security groups, which matter only while it stands; `None` when it is gone by now.
async fn observed(account: &Account, target: &MountTargetDescription) -> Result<Option<Observed>, Error> {
    let id = target.mount_target_id();
    let groups = match target.life_cycle_state() {
        LifeCycleState::Creating | LifeCycleState::Deleting => Some(BTreeSet::new()),
        _ => groups(account, id).await?,
    };
    let Some(security_groups) = groups else { return Ok(None) };
    let incomplete = |_| Error::incomplete("DescribeMountTargets", id, "mount target id, file system id and subnet id");
    Ok(Some(Observed {
        id: id.parse().map_err(incomplete)?,
        file_system: target.file_system_id().parse().map_err(incomplete)?,
        subnet: target.subnet_id().parse().map_err(incomplete)?,
        security_groups,
        life_cycle_state: target.life_cycle_state().as_str().to_owned(),
    }))
}

async fn groups(account: &Account, id: &str) -> Result<Option<BTreeSet<SecurityGroupId>>, Error> {
    let output = account.clients.efs.describe_mount_target_security_groups().mount_target_id(id).send().await;
    let output = present(output.map_err(Error::of("DescribeMountTargetSecurityGroups", id)))?;
    Ok(output.map(|output| output.security_groups().iter().filter_map(|group| group.parse().ok()).collect()))
}

/// A mount target that was made just now.
fn fresh(
    made: &CreateMountTargetOutput,
    file_system: &FileSystemId,
    group: &SecurityGroupId,
    subnet: &SubnetId,
) -> Result<Observed, Error> {
    let incomplete = |_| Error::incomplete("CreateMountTarget", file_system, "mount target id");
    Ok(Observed {
        id: made.mount_target_id().parse().map_err(incomplete)?,
        file_system: file_system.clone(),
        subnet: subnet.clone(),
        security_groups: BTreeSet::from([group.clone()]),
        life_cycle_state: made.life_cycle_state().as_str().to_owned(),
    })
}

/// The mount target of our file system in one of our subnets, else in our zone; `conflict` when something else is in the way.
async fn existing(account: &Account, target: Target<'_>, desired: &Desired, conflict: Error) -> Result<Seen, Error> {
    let file_system = desired.file_system.known().map_err(Error::bug("DescribeMountTargets", target.node))?;
    let call = account.clients.efs.describe_mount_targets().file_system_id(file_system.as_str());
    let all: Vec<MountTargetDescription> = call
        .into_paginator()
        .items()
        .send()
        .try_collect()
        .await
        .map_err(Error::of("DescribeMountTargets", file_system))?;
    let ours = |id: &str| desired.subnets.iter().any(|subnet| subnet.as_str() == id);
    let here = |of: &&MountTargetDescription| ours(of.subnet_id());
    let zone = |zone: &str| NodeId::new(NODE).of(zone) == *target.node;
    let near = |of: &&MountTargetDescription| of.availability_zone_name().is_some_and(zone);
    let Some(found) = all.iter().find(here).or(all.iter().find(near)) else { return Err(conflict) };
    let observed = observed(account, found).await?;
    observed.map(|observed| seen(target.node, observed)).ok_or(conflict)
}

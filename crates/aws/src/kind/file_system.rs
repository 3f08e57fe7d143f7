//! EFS file system.
//!
//! Its creation token makes a repeated create fail with the id of the file system that is there already. When files move
//! between storage classes is a setting of its own, which a new file system takes only once it is available: it is left to
//! the update that follows. Calls: CreateFileSystem, DescribeFileSystems, DescribeLifecycleConfiguration,
//! PutLifecycleConfiguration, UpdateFileSystem, TagResource, DeleteFileSystem.

use super::efs::{are_ours, retag, tag_list, tags};
use super::wrong_kind;
use crate::account::Account;
use crate::driver::{Deletion, Driver, Listed, Target, changes, side_by_side};
use crate::error::{Error, present};
use crate::permission::{On, Permission, When, permit};
use crate::tagged::Tagged;
use aws_sdk_efs::operation::create_file_system::{CreateFileSystemError, CreateFileSystemOutput};
use aws_sdk_efs::types::{FileSystemDescription, LifeCycleState, LifecyclePolicy, ThroughputMode};
use jenkinsstack_core::arn::KeyArn;
use jenkinsstack_core::diff::Field;
use jenkinsstack_core::graph::Node;
use jenkinsstack_core::kind::file_system::{Desired, Lifecycle, Observed, Throughput};
use jenkinsstack_core::kind::{Observed as Any, State};
use jenkinsstack_core::observed::Seen;
use jenkinsstack_core::plan::TAGS;

pub(crate) struct FileSystem;

/// The most that one page can have (DescribeFileSystems, Amazon EFS API Reference).
const PAGE: i32 = 100;

impl Driver for FileSystem {
    type Desired = Desired;

    const PERMISSIONS: &'static [Permission] = &[
        permit("elasticfilesystem:CreateFileSystem", On::Any, When::Tagging),
        permit("elasticfilesystem:DeleteFileSystem", On::Any, When::Owned),
        permit("elasticfilesystem:DescribeFileSystems", On::Any, When::Always),
        permit("elasticfilesystem:DescribeLifecycleConfiguration", On::Any, When::Always),
        permit("elasticfilesystem:PutLifecycleConfiguration", On::Any, When::Owned),
        permit("elasticfilesystem:TagResource", On::Any, When::Creating(&["CreateFileSystem", "CreateAccessPoint"])),
        permit("elasticfilesystem:TagResource", On::Any, When::Owned),
        permit("elasticfilesystem:UpdateFileSystem", On::Any, When::Owned),
        // EFS uses the key that the user names on our behalf.
        permit("kms:CreateGrant", On::Any, When::Via("elasticfilesystem")),
        permit("kms:DescribeKey", On::Any, When::Via("elasticfilesystem")),
    ];

    async fn list(account: &Account, _: &Tagged, _: &[Listed]) -> Result<Vec<Listed>, Error> {
        let call = account.clients.efs.describe_file_systems().max_items(PAGE).into_paginator().items();
        let all: Vec<FileSystemDescription> =
            call.send().try_collect().await.map_err(Error::of("DescribeFileSystems", &account.cluster))?;
        let ours = all.into_iter().filter(|home| are_ours(account, home.tags()));
        side_by_side(ours.map(|home| listed(account, home))).await
    }

    async fn read(account: &Account, target: Target<'_>, id: &str) -> Result<Option<Seen>, Error> {
        let output = account.clients.efs.describe_file_systems().file_system_id(id).send().await;
        let Some(output) = present(output.map_err(Error::of("DescribeFileSystems", id)))? else { return Ok(None) };
        let Some(home) = output.file_systems().first() else { return Ok(None) };
        let observed = observed(account, home).await?;
        Ok(observed.map(|observed| target.seen(tags(home.tags()), Any::FileSystem(observed))))
    }

    async fn poll(account: &Account, _: Target<'_>, seen: &Seen) -> Result<Option<Seen>, Error> {
        let before = known(seen)?;
        let output = account.clients.efs.describe_file_systems().file_system_id(before.id.as_str()).send().await;
        let output = present(output.map_err(Error::of("DescribeFileSystems", &before.id)))?;
        let home = output.as_ref().and_then(|output| output.file_systems().first());
        let now = home.filter(|home| *home.life_cycle_state() != LifeCycleState::Deleted).map(|home| Observed {
            life_cycle_state: home.life_cycle_state().as_str().to_owned(),
            throughput: throughput(home.throughput_mode(), home.provisioned_throughput_in_mibps()),
            ..before.clone()
        });
        Ok(now.map(|now| Seen { observed: Any::FileSystem(now), ..seen.clone() }))
    }

    async fn create(account: &Account, target: Target<'_>, node: &Node, desired: &Desired) -> Result<Seen, Error> {
        let (mode, mibps) = mode(desired.throughput);
        let call = account.clients.efs.create_file_system().creation_token(&node.name).encrypted(desired.encrypted);
        let call = call.set_kms_key_id(desired.kms_key.as_ref().map(KeyArn::to_string));
        let call = call.throughput_mode(mode).set_provisioned_throughput_in_mibps(mibps);
        let outcome = call.set_tags(Some(tag_list(&node.tags)?)).send().await;
        if let Some(CreateFileSystemError::FileSystemAlreadyExists(known)) =
            outcome.as_ref().err().and_then(|error| error.as_service_error())
        {
            return existing(account, target, known.file_system_id()).await;
        }
        let made = outcome.map_err(Error::of("CreateFileSystem", &node.name))?;
        Ok(target.seen(tags(made.tags()), Any::FileSystem(fresh(&made, desired)?)))
    }

    async fn update(
        account: &Account,
        target: Target<'_>,
        seen: &Seen,
        node: &Node,
        desired: &Desired,
        fields: &[Field],
    ) -> Result<Seen, Error> {
        let mut home = known(seen)?.clone();
        let mut tags = seen.tags.clone().unwrap_or_default();
        if changes(fields, TAGS) {
            tags = retag(account, home.id.as_str(), seen, node).await?;
        }
        // Throughput comes last, because it may change only once a day and keeps other settings waiting meanwhile. The
        // Archive class needs elastic throughput, though: then the transitions are left to the next plan.
        let throughput = changes(fields, "throughputMode");
        let needs_elastic = desired.lifecycle.to_archive.is_some() && home.throughput != Throughput::Elastic;
        if changes(fields, "lifecyclePolicies") && !(throughput && needs_elastic) {
            move_files(account, &mut home, &desired.lifecycle).await?;
        }
        if throughput {
            carry(account, &mut home, desired.throughput).await?;
        }
        Ok(target.seen(tags, Any::FileSystem(home)))
    }

    async fn delete(account: &Account, _: Target<'_>, seen: &Seen) -> Result<Deletion, Error> {
        let home = known(seen)?;
        if home.state() != State::Leaving {
            let output = account.clients.efs.delete_file_system().file_system_id(home.id.as_str()).send().await;
            output.map_err(Error::of("DeleteFileSystem", &home.id))?;
        }
        Ok(Deletion::InProgress)
    }
}

fn known(seen: &Seen) -> Result<&Observed, Error> {
    let Any::FileSystem(home) = &seen.observed else { return Err(wrong_kind("FileSystem", seen)) };
    Ok(home)
}

async fn listed(account: &Account, home: FileSystemDescription) -> Result<Option<Listed>, Error> {
    let observed = observed(account, &home).await?;
    Ok(observed.and_then(|observed| Listed::of(account, tags(home.tags()), Any::FileSystem(observed))))
}

/// A file system with its lifecycle configuration; `None` when it is gone by now.
async fn observed(account: &Account, home: &FileSystemDescription) -> Result<Option<Observed>, Error> {
    let id = home.file_system_id();
    let lifecycle = match home.life_cycle_state() {
        LifeCycleState::Deleted => None,
        // Not to be had yet, or of no use any more.
        LifeCycleState::Creating | LifeCycleState::Deleting => Some(Lifecycle::default()),
        _ => lifecycle(account, id).await?,
    };
    let Some(lifecycle) = lifecycle else { return Ok(None) };
    let incomplete = || Error::incomplete("DescribeFileSystems", id, "file system id and ARN");
    Ok(Some(Observed {
        id: id.parse().map_err(|_| incomplete())?,
        arn: home.file_system_arn().and_then(|arn| arn.parse().ok()).ok_or_else(incomplete)?,
        encrypted: home.encrypted().unwrap_or_default(),
        kms_key: home.kms_key_id().and_then(|key| key.parse().ok()),
        throughput: throughput(home.throughput_mode(), home.provisioned_throughput_in_mibps()),
        lifecycle,
        life_cycle_state: home.life_cycle_state().as_str().to_owned(),
    }))
}

/// A file system that was made just now.
fn fresh(made: &CreateFileSystemOutput, desired: &Desired) -> Result<Observed, Error> {
    let id = made.file_system_id();
    let incomplete = || Error::incomplete("CreateFileSystem", id, "file system id and ARN");
    Ok(Observed {
        id: id.parse().map_err(|_| incomplete())?,
        arn: made.file_system_arn().and_then(|arn| arn.parse().ok()).ok_or_else(incomplete)?,
        encrypted: desired.encrypted,
        kms_key: made.kms_key_id().and_then(|key| key.parse().ok()),
        throughput: desired.throughput,
        lifecycle: Lifecycle::default(),
        life_cycle_state: made.life_cycle_state().as_str().to_owned(),
    })
}

/// The file system that has our token.
async fn existing(account: &Account, target: Target<'_>, id: &str) -> Result<Seen, Error> {
    let seen = FileSystem::read(account, target, id).await?.ok_or_else(|| Error::unseen("DescribeFileSystems", id))?;
    let ours = seen.tags.as_ref().is_some_and(|tags| target.owns(tags));
    if ours { Ok(seen) } else { Err(Error::foreign("CreateFileSystem", id)) }
}

async fn lifecycle(account: &Account, id: &str) -> Result<Option<Lifecycle>, Error> {
    let output = account.clients.efs.describe_lifecycle_configuration().file_system_id(id).send().await;
    let output = present(output.map_err(Error::of("DescribeLifecycleConfiguration", id)))?;
    Ok(output.map(|output| {
        let mut lifecycle = Lifecycle::default();
        for policy in output.lifecycle_policies() {
            let LifecyclePolicy { transition_to_ia, transition_to_archive, transition_to_primary_storage_class, .. } =
                policy.clone();
            let rare = transition_to_ia.map(|after| after.as_str().to_owned());
            let archive = transition_to_archive.map(|after| after.as_str().to_owned());
            let back = transition_to_primary_storage_class.map(|after| after.as_str().to_owned());
            lifecycle.to_ia = rare.or(lifecycle.to_ia);
            lifecycle.to_archive = archive.or(lifecycle.to_archive);
            lifecycle.to_primary = back.or(lifecycle.to_primary);
        }
        lifecycle
    }))
}

/// Sets when files move between storage classes: one element for each transition.
async fn move_files(account: &Account, home: &mut Observed, lifecycle: &Lifecycle) -> Result<(), Error> {
    let Lifecycle { to_ia, to_archive, to_primary } = lifecycle;
    let empty = LifecyclePolicy::builder;
    let policies = [
        to_ia.as_deref().map(|after| empty().transition_to_ia(after.into()).build()),
        to_archive.as_deref().map(|after| empty().transition_to_archive(after.into()).build()),
        to_primary.as_deref().map(|after| empty().transition_to_primary_storage_class(after.into()).build()),
    ];
    let call = account.clients.efs.put_lifecycle_configuration().file_system_id(home.id.as_str());
    let call = call.set_lifecycle_policies(Some(policies.into_iter().flatten().collect()));
    call.send().await.map_err(Error::of("PutLifecycleConfiguration", &home.id))?;
    home.lifecycle = lifecycle.clone();
    Ok(())
}

/// Sets the throughput.
async fn carry(account: &Account, home: &mut Observed, throughput: Throughput) -> Result<(), Error> {
    let (mode, mibps) = mode(throughput);
    let call = account.clients.efs.update_file_system().file_system_id(home.id.as_str());
    let call = call.throughput_mode(mode).set_provisioned_throughput_in_mibps(mibps);
    let now = call.send().await.map_err(Error::of("UpdateFileSystem", &home.id))?;
    home.throughput = throughput;
    home.life_cycle_state = now.life_cycle_state().as_str().to_owned();
    Ok(())
}

/// A mode that we do not know counts as bursting, AWS's default: it differs from what stacks ask for by default, and one
/// odd file system does not spoil the listing of all.
fn throughput(mode: Option<&ThroughputMode>, mibps: Option<f64>) -> Throughput {
    match mode {
        Some(ThroughputMode::Elastic) => Throughput::Elastic,
        Some(ThroughputMode::Provisioned) => Throughput::Provisioned(mibps.unwrap_or_default().round() as u32),
        _ => Throughput::Bursting,
    }
}

fn mode(throughput: Throughput) -> (ThroughputMode, Option<f64>) {
    match throughput {
        Throughput::Bursting => (ThroughputMode::Bursting, None),
        Throughput::Elastic => (ThroughputMode::Elastic, None),
        Throughput::Provisioned(mibps) => (ThroughputMode::Provisioned, Some(mibps.into())),
    }
}

//! EFS access point.
//!
//! Its client token makes a repeated create fail with the id of the access point that is there already. Calls:
//! CreateAccessPoint, DescribeAccessPoints, TagResource, DeleteAccessPoint.

use super::efs::{are_ours, retag, tag_list, tags};
use super::wrong_kind;
use crate::account::Account;
use crate::driver::{Deletion, Driver, Listed, Target, changes};
use crate::error::{Error, present};
use crate::permission::{On, Permission, When, permit};
use crate::tagged::Tagged;
use aws_sdk_efs::error::BuildError;
use aws_sdk_efs::operation::create_access_point::CreateAccessPointError;
use aws_sdk_efs::types::{AccessPointDescription, CreationInfo, LifeCycleState, PosixUser, RootDirectory};
use jenkinsstack_core::diff::Field;
use jenkinsstack_core::graph::Node;
use jenkinsstack_core::kind::access_point::{Desired, Observed, Root};
use jenkinsstack_core::kind::{Observed as Any, State};
use jenkinsstack_core::observed::Seen;
use jenkinsstack_core::plan::TAGS;

pub(crate) struct AccessPoint;

/// The most that one page can have (DescribeAccessPoints, Amazon EFS API Reference).
const PAGE: i32 = 100;
/// User and group of an access point that enforces none: unlike any that can be wanted.
const NOBODY: i64 = -1;

impl Driver for AccessPoint {
    type Desired = Desired;

    /// The file system may be one that the user brings and did not tag.
    const PERMISSIONS: &'static [Permission] = &[
        permit("elasticfilesystem:CreateAccessPoint", On::Any, When::Tagging),
        permit("elasticfilesystem:DeleteAccessPoint", On::Any, When::Owned),
        permit("elasticfilesystem:DescribeAccessPoints", On::Any, When::Always),
        permit("elasticfilesystem:TagResource", On::Any, When::Creating(&["CreateFileSystem", "CreateAccessPoint"])),
        permit("elasticfilesystem:TagResource", On::Any, When::Owned),
    ];

    async fn list(account: &Account, _: &Tagged, _: &[Listed]) -> Result<Vec<Listed>, Error> {
        let call = account.clients.efs.describe_access_points().max_results(PAGE).into_paginator().items();
        let all: Vec<AccessPointDescription> =
            call.send().try_collect().await.map_err(Error::of("DescribeAccessPoints", &account.cluster))?;
        let ours = all.iter().filter(|point| are_ours(account, point.tags()));
        ours.filter_map(|point| listed(account, point).transpose()).collect()
    }

    async fn read(account: &Account, target: Target<'_>, id: &str) -> Result<Option<Seen>, Error> {
        let output = account.clients.efs.describe_access_points().access_point_id(id).send().await;
        let Some(output) = present(output.map_err(Error::of("DescribeAccessPoints", id)))? else { return Ok(None) };
        let Some(point) = output.access_points().first() else { return Ok(None) };
        let observed = observed(point)?;
        Ok(observed.map(|observed| target.seen(tags(point.tags()), Any::AccessPoint(observed))))
    }

    async fn create(account: &Account, target: Target<'_>, node: &Node, desired: &Desired) -> Result<Seen, Error> {
        let (user, root) = user_and_root(&desired.root).map_err(Error::bug("CreateAccessPoint", &node.name))?;
        let file_system = desired.file_system.known().map_err(Error::bug("CreateAccessPoint", &node.name))?;
        let call = account.clients.efs.create_access_point().client_token(&node.name);
        let call = call.file_system_id(file_system.as_str()).posix_user(user).root_directory(root);
        let outcome = call.set_tags(Some(tag_list(&node.tags)?)).send().await;
        if let Some(CreateAccessPointError::AccessPointAlreadyExists(known)) =
            outcome.as_ref().err().and_then(|error| error.as_service_error())
        {
            return existing(account, target, known.access_point_id()).await;
        }
        let made = outcome.map_err(Error::of("CreateAccessPoint", &node.name)).map_err(Error::just_made)?;
        let incomplete = || Error::incomplete("CreateAccessPoint", &node.name, "access point id and ARN");
        let observed = Observed {
            id: made.access_point_id().and_then(|id| id.parse().ok()).ok_or_else(incomplete)?,
            arn: made.access_point_arn().and_then(|arn| arn.parse().ok()).ok_or_else(incomplete)?,
            file_system: file_system.clone(),
            root: desired.root.clone(),
            life_cycle_state: text(made.life_cycle_state()),
        };
        Ok(target.seen(tags(made.tags()), Any::AccessPoint(observed)))
    }

    /// Nothing but tags can change.
    async fn update(
        account: &Account,
        target: Target<'_>,
        seen: &Seen,
        node: &Node,
        _: &Desired,
        fields: &[Field],
    ) -> Result<Seen, Error> {
        let point = known(seen)?;
        let mut tags = seen.tags.clone().unwrap_or_default();
        if changes(fields, TAGS) {
            tags = retag(account, point.id.as_str(), seen, node).await?;
        }
        Ok(target.seen(tags, Any::AccessPoint(point.clone())))
    }

    async fn delete(account: &Account, _: Target<'_>, seen: &Seen) -> Result<Deletion, Error> {
        let point = known(seen)?;
        if point.state() != State::Leaving {
            let output = account.clients.efs.delete_access_point().access_point_id(point.id.as_str()).send().await;
            output.map_err(Error::of("DeleteAccessPoint", &point.id))?;
        }
        Ok(Deletion::InProgress)
    }
}

fn known(seen: &Seen) -> Result<&Observed, Error> {
    let Any::AccessPoint(point) = &seen.observed else { return Err(wrong_kind("AccessPoint", seen)) };
    Ok(point)
}

fn text(state: Option<&LifeCycleState>) -> String {
    state.map(|state| state.as_str().to_owned()).unwrap_or_default()
}

fn listed(account: &Account, point: &AccessPointDescription) -> Result<Option<Listed>, Error> {
    let observed = observed(point)?;
    Ok(observed.and_then(|observed| Listed::of(account, tags(point.tags()), Any::AccessPoint(observed))))
}

/// An access point as core compares it; `None` when it is gone by now.
fn observed(point: &AccessPointDescription) -> Result<Option<Observed>, Error> {
    if point.life_cycle_state() == Some(&LifeCycleState::Deleted) {
        return Ok(None);
    }
    let id = point.access_point_id().unwrap_or_default();
    let incomplete = || Error::incomplete("DescribeAccessPoints", id, "access point id, ARN and file system id");
    Ok(Some(Observed {
        id: id.parse().map_err(|_| incomplete())?,
        arn: point.access_point_arn().and_then(|arn| arn.parse().ok()).ok_or_else(incomplete)?,
        file_system: point.file_system_id().and_then(|id| id.parse().ok()).ok_or_else(incomplete)?,
        root: root(point),
        life_cycle_state: text(point.life_cycle_state()),
    }))
}

fn root(point: &AccessPointDescription) -> Root {
    let (user, directory) = (point.posix_user(), point.root_directory());
    let made = directory.and_then(|directory| directory.creation_info());
    Root {
        path: directory.and_then(|directory| directory.path()).unwrap_or("/").to_owned(),
        uid: user.map_or(NOBODY, PosixUser::uid),
        gid: user.map_or(NOBODY, PosixUser::gid),
        permissions: made.map(|made| made.permissions().to_owned()).unwrap_or_default(),
    }
}

/// A directory that the first mount makes for the user as whom everything in it is done.
fn user_and_root(root: &Root) -> Result<(PosixUser, RootDirectory), BuildError> {
    let Root { path, uid, gid, permissions } = root;
    let made = CreationInfo::builder().owner_uid(*uid).owner_gid(*gid).permissions(permissions).build()?;
    let user = PosixUser::builder().uid(*uid).gid(*gid).build()?;
    Ok((user, RootDirectory::builder().path(path).creation_info(made).build()))
}

/// The access point that has our token.
async fn existing(account: &Account, target: Target<'_>, id: &str) -> Result<Seen, Error> {
    let seen = AccessPoint::read(account, target, id).await?.ok_or_else(|| Error::unseen("DescribeAccessPoints", id))?;
    let ours = seen.tags.as_ref().is_some_and(|tags| target.owns(tags));
    if ours { Ok(seen) } else { Err(Error::foreign("CreateAccessPoint", id)) }
}

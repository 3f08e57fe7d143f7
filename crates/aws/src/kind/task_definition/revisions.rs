//! The revisions of a family: which is the newest, and which may go.

use super::super::ecs;
use super::content;
use crate::account::Account;
use crate::driver::{Target, side_by_side};
use crate::error::Error;
use aws_sdk_ecs::types::{SortOrder, TaskDefinitionField, TaskDefinitionStatus};
use jenkinsstack_core::kind::task_definition::Desired;
use jenkinsstack_core::owner::Tags;

/// The most that one call deletes (DeleteTaskDefinitions, Amazon ECS API Reference).
const DELETED: usize = 10;

/// What there is of a family.
pub(super) enum Family {
    /// Its newest active revision with this node's tags.
    Ours(Revision),
    /// No active revision, and an inactive one with this node's tags that is still to be deleted.
    Left(Revision),
    /// Active revisions, none of which has this node's tags.
    Foreign,
    /// Nothing.
    Empty,
}

/// One revision.
pub(super) struct Revision {
    /// ARN with its number.
    pub(super) arn: String,
    /// Tags.
    pub(super) tags: Tags,
    /// What it says, if we could have written it.
    pub(super) content: Option<Desired>,
}

/// The newest revision that counts, active or not.
pub(super) async fn newest(account: &Account, target: Target<'_>, family: &str) -> Result<Family, Error> {
    match active(account, target, family).await? {
        Family::Empty => {
            let left = all(account, family, TaskDefinitionStatus::Inactive).await?;
            let left = first_owned(account, target, &left).await?;
            Ok(left.map_or(Family::Empty, Family::Left))
        }
        family => Ok(family),
    }
}

/// The newest active revision that counts. One that somebody registered by hand is passed over.
pub(super) async fn active(account: &Account, target: Target<'_>, family: &str) -> Result<Family, Error> {
    let Some(newest) = described(account, family).await? else { return Ok(Family::Empty) };
    if target.owns(&newest.tags) {
        return Ok(Family::Ours(newest));
    }
    let older = all(account, family, TaskDefinitionStatus::Active).await?;
    let ours = first_owned(account, target, &older).await?;
    Ok(ours.map_or(Family::Foreign, Family::Ours))
}

async fn first_owned(account: &Account, target: Target<'_>, arns: &[String]) -> Result<Option<Revision>, Error> {
    for arn in arns {
        match described(account, arn).await? {
            Some(revision) if target.owns(&revision.tags) => return Ok(Some(revision)),
            Some(_) | None => (),
        }
    }
    Ok(None)
}

/// A revision by ARN, or the newest active one of a family.
pub(super) async fn described(account: &Account, name: &str) -> Result<Option<Revision>, Error> {
    let call = account.clients.ecs.describe_task_definition().task_definition(name).include(TaskDefinitionField::Tags);
    let output = match call.send().await.map_err(Error::of("DescribeTaskDefinition", name)) {
        // The only code there is for something that does not exist ("DescribeTaskDefinition", Amazon ECS API Reference).
        Err(error) if error.is("ClientException") && error.message.contains("Unable to describe") => return Ok(None),
        outcome => outcome?,
    };
    let definition = output.task_definition();
    let arn = definition.and_then(|definition| definition.task_definition_arn());
    let arn = arn.ok_or_else(|| Error::incomplete("DescribeTaskDefinition", name, "ARN"))?.to_owned();
    Ok(Some(Revision { arn, tags: ecs::from_ecs(output.tags()), content: definition.and_then(content::content) }))
}

/// ARNs of the revisions of a family in one state, newest first.
async fn all(account: &Account, family: &str, status: TaskDefinitionStatus) -> Result<Vec<String>, Error> {
    let call = account.clients.ecs.list_task_definitions().family_prefix(family).status(status).sort(SortOrder::Desc);
    let arns = call.into_paginator().items().send().try_collect().await;
    arns.map_err(Error::of("ListTaskDefinitions", family))
}

/// Removes the active revisions but the newest `kept`.
pub(super) async fn prune(account: &Account, target: Target<'_>, family: &str, kept: usize) -> Result<(), Error> {
    let old = all(account, family, TaskDefinitionStatus::Active).await?.into_iter().skip(kept);
    remove(account, target, old.collect(), Vec::new()).await
}

/// Removes every revision.
pub(super) async fn remove_all(account: &Account, target: Target<'_>, family: &str) -> Result<(), Error> {
    let active = all(account, family, TaskDefinitionStatus::Active).await?;
    let inactive = all(account, family, TaskDefinitionStatus::Inactive).await?;
    remove(account, target, active, inactive).await
}

/// Deregisters active revisions, then deletes all; those without this node's tags are left alone.
async fn remove(
    account: &Account,
    target: Target<'_>,
    active: Vec<String>,
    inactive: Vec<String>,
) -> Result<(), Error> {
    let mut gone = side_by_side(active.into_iter().map(|arn| deregistered(account, target, arn))).await?;
    gone.extend(side_by_side(inactive.into_iter().map(|arn| owned(account, target, arn))).await?);
    for page in gone.chunks(DELETED) {
        let call = account.clients.ecs.delete_task_definitions().set_task_definitions(Some(page.to_vec()));
        call.send().await.map_err(Error::of("DeleteTaskDefinitions", page.join(", ")))?;
    }
    Ok(())
}

async fn owned(account: &Account, target: Target<'_>, arn: String) -> Result<Option<String>, Error> {
    let described = described(account, &arn).await?;
    Ok(described.filter(|revision| target.owns(&revision.tags)).map(|_| arn))
}

async fn deregistered(account: &Account, target: Target<'_>, arn: String) -> Result<Option<String>, Error> {
    let Some(arn) = owned(account, target, arn).await? else { return Ok(None) };
    let call = account.clients.ecs.deregister_task_definition().task_definition(&arn);
    call.send().await.map_err(Error::of("DeregisterTaskDefinition", &arn))?;
    Ok(Some(arn))
}

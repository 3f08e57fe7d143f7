//! ECS task definition: a family of which the newest active revision counts.
//!
//! RegisterTaskDefinition makes a new revision every time, so it is sent once, without the SDK's retries, and only after
//! a look at the newest revision: one that has the wanted content, by the fingerprint in its tags, is taken. A lost answer
//! is found by the next look. Calls: DescribeTaskDefinition, RegisterTaskDefinition, ListTaskDefinitions,
//! ListTaskDefinitionFamilies, TagResource, DeregisterTaskDefinition, DeleteTaskDefinitions.
//!
//! Listings take revisions and fingerprints from the tagging API, without a call per stack. It can be late and it can
//! show revisions that are not active any more, which does no harm: a family without active revisions is listed without
//! a fingerprint, and so is followed by a new revision; one whose newest revision is not shown yet differs, and the look
//! that precedes registration finds the newest; no service is compared with a task definition that differs. What remains
//! is a newest revision that someone else deregistered: services go on with it, and whoever is refused for it has the
//! family read anew ([`reread`]).

mod content;
mod request;
mod revisions;

use super::{ecs, wrong_kind};
use crate::account::Account;
use crate::driver::{Deletion, Driver, Listed, Target, retagged};
use crate::error::Error;
use crate::permission::{On, Permission, When, permit};
use crate::tagged::Tagged;
use jenkinsstack_core::diff::Field;
use jenkinsstack_core::graph::Node;
use jenkinsstack_core::kind::task_definition::{Desired, Observed};
use jenkinsstack_core::kind::{Kind, Observed as Any};
use jenkinsstack_core::observed::Seen;
use jenkinsstack_core::owner::{Owner, TAG_FINGERPRINT, Tags};
use jenkinsstack_core::plan::TAGS;
use jenkinsstack_core::secret::Fingerprint;
use revisions::{Family, Revision};
use std::collections::{BTreeMap, BTreeSet};

pub(crate) struct TaskDefinition;

const OURS: On = On::Arn("arn:{partition}:ecs:{region}:{account}:task-definition/jks-*");
const ROLES: On = On::Arn("arn:{partition}:iam::{account}:role/jenkinsstack/{cluster}/*");
/// The most that one page can have (ListTaskDefinitionFamilies, Amazon ECS API Reference).
const PAGE: i32 = 100;
/// Active revisions that are kept, so that one can go back by hand.
const KEPT: usize = 5;

impl Driver for TaskDefinition {
    type Desired = Desired;

    const PERMISSIONS: &'static [Permission] = &[
        permit("ecs:DeleteTaskDefinitions", OURS, When::Owned),
        permit("ecs:DeregisterTaskDefinition", On::Any, When::Always),
        permit("ecs:DescribeTaskDefinition", On::Any, When::Always),
        permit("ecs:ListTaskDefinitionFamilies", On::Any, When::Always),
        permit("ecs:ListTaskDefinitions", On::Any, When::Always),
        permit("ecs:RegisterTaskDefinition", OURS, When::Tagging),
        permit("ecs:TagResource", OURS, When::Tagging),
        permit("iam:PassRole", ROLES, When::PassedTo("ecs-tasks.amazonaws.com")),
    ];

    async fn list(account: &Account, tagged: &Tagged, _: &[Listed]) -> Result<Vec<Listed>, Error> {
        let mut newest: BTreeMap<&str, (u64, &str, &Tags)> = BTreeMap::new();
        for (arn, tags) in ecs::ours(account, tagged, "task-definition") {
            let Some((family, number)) = revision(arn) else { continue };
            let best = newest.entry(family).or_insert((number, arn, tags));
            *best = (*best).max((number, arn, tags));
        }
        let active = if newest.is_empty() { BTreeSet::new() } else { active_families(account).await? };
        let listed = |(family, (_, arn, tags)): (&str, (u64, &str, &Tags))| {
            let mut observed = observed(arn, tags).ok()?;
            observed.fingerprint = observed.fingerprint.filter(|_| active.contains(family));
            Listed::of(account, tags.clone(), Any::TaskDefinition(observed))
        };
        Ok(newest.into_iter().filter_map(listed).collect())
    }

    async fn read(account: &Account, target: Target<'_>, id: &str) -> Result<Option<Seen>, Error> {
        match revisions::newest(account, target, id).await? {
            Family::Ours(revision) => seen(target, revision).map(Some),
            Family::Left(Revision { arn, tags, content: _ }) => {
                let observed = Observed { fingerprint: None, ..observed(&arn, &tags)? };
                Ok(Some(target.seen(tags, Any::TaskDefinition(observed))))
            }
            Family::Foreign | Family::Empty => Ok(None),
        }
    }

    async fn create(account: &Account, target: Target<'_>, node: &Node, desired: &Desired) -> Result<Seen, Error> {
        match revisions::active(account, target, &node.name).await? {
            Family::Foreign => Err(Error::foreign("RegisterTaskDefinition", &node.name)),
            family => follow(account, target, node, desired, family).await,
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
        if fields.iter().any(|field| field.name != TAGS) {
            let family = revisions::newest(account, target, &node.name).await?;
            return follow(account, target, node, desired, family).await;
        }
        ecs::tag(account, known(seen)?.arn.as_str(), &node.tags).await?;
        Ok(target.seen(retagged(seen, node), seen.observed.clone()))
    }

    async fn delete(account: &Account, target: Target<'_>, seen: &Seen) -> Result<Deletion, Error> {
        revisions::remove_all(account, target, known(seen)?.family.as_str()).await?;
        Ok(Deletion::Gone)
    }
}

/// Reads the family of a revision that AWS would not use, so that the next plan mends it. The error that comes out says
/// to come back soon.
pub(super) async fn reread(account: &Account, arn: &str, error: Error) -> Error {
    let again = async {
        let Some(Revision { tags, .. }) = revisions::described(account, arn).await? else { return Ok(()) };
        if let (Some((owner, node)), Some((family, _))) = (Owner::of(&tags), revision(arn)) {
            account.read(Target { owner: &owner, node: &node }, Kind::TaskDefinition, family).await?;
        }
        Ok(())
    };
    again.await.err().unwrap_or(error)
}

fn known(seen: &Seen) -> Result<&Observed, Error> {
    let Any::TaskDefinition(definition) = &seen.observed else { return Err(wrong_kind("TaskDefinition", seen)) };
    Ok(definition)
}

/// The newest revision, if it has the wanted content, and else a new one.
async fn follow(
    account: &Account,
    target: Target<'_>,
    node: &Node,
    desired: &Desired,
    family: Family,
) -> Result<Seen, Error> {
    let fingerprint = desired.fingerprint().map_err(Error::bug("RegisterTaskDefinition", &node.name))?;
    if let Family::Ours(revision) = family
        && revision.tags.get(TAG_FINGERPRINT).map(String::as_str) == Some(fingerprint.as_str())
    {
        return seen(target, revision);
    }
    let mut tags = node.tags.clone();
    tags.insert(TAG_FINGERPRINT.to_owned(), fingerprint.to_string());
    let arn = request::register(account, node, desired, &tags).await?;
    if revision(&arn).is_some_and(|(_, number)| number > KEPT as u64) {
        // Too many old revisions cost nothing; the next registration tries again.
        let outcome = revisions::prune(account, target, &node.name, KEPT).await;
        outcome.unwrap_or_else(|error| tracing::debug!(%error, "old revisions stay"));
    }
    seen(target, Revision { arn, tags, content: Some(desired.clone()) })
}

fn seen(target: Target<'_>, revision: Revision) -> Result<Seen, Error> {
    let Revision { arn, tags, content } = revision;
    let observed = Observed { content: content.map(Box::new), ..observed(&arn, &tags)? };
    Ok(target.seen(tags, Any::TaskDefinition(observed)))
}

/// What the tags of a revision tell.
fn observed(arn: &str, tags: &Tags) -> Result<Observed, Error> {
    let bug = || Error::bug("DescribeTaskDefinition", arn);
    Ok(Observed {
        family: revision(arn).map_or(arn, |(family, _)| family).parse().map_err(bug())?,
        arn: arn.parse().map_err(bug())?,
        fingerprint: tags.get(TAG_FINGERPRINT).map(Fingerprint::read),
        content: None,
    })
}

/// Family and number in the ARN of a revision.
pub(super) fn revision(arn: &str) -> Option<(&str, u64)> {
    let (family, number) = ecs::after(arn, "task-definition")?.rsplit_once(':')?;
    Some((family, number.parse().ok()?))
}

/// Our families that have active revisions.
async fn active_families(account: &Account) -> Result<BTreeSet<String>, Error> {
    let call = account.clients.ecs.list_task_definition_families().family_prefix(ecs::PREFIX).max_results(PAGE);
    let call = call.status(aws_sdk_ecs::types::TaskDefinitionFamilyStatus::Active);
    let families: Result<Vec<String>, _> = call.into_paginator().items().send().try_collect().await;
    let families = families.map_err(Error::of("ListTaskDefinitionFamilies", ecs::PREFIX))?;
    Ok(families.into_iter().collect())
}

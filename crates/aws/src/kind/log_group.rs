//! CloudWatch log group.
//!
//! Its name is unique: a repeated create is refused and finds the group by name. Retention takes a second call, which a
//! repeated create makes, too. Calls: CreateLogGroup, PutRetentionPolicy, DescribeLogGroups, ListTagsForResource,
//! AssociateKmsKey, DisassociateKmsKey, TagResource, DeleteLogGroup.

use super::wrong_kind;
use crate::account::Account;
use crate::driver::{Deletion, Driver, Listed, Target, changes, gone, retagged};
use crate::error::{Error, present};
use crate::permission::{On, Permission, When, permit};
use crate::tagged::Tagged;
use aws_sdk_cloudwatchlogs::types::LogGroup as Group;
use jenkinsstack_core::arn::KeyArn;
use jenkinsstack_core::diff::Field;
use jenkinsstack_core::graph::Node;
use jenkinsstack_core::kind::Observed as Any;
use jenkinsstack_core::kind::log_group::{Desired, Observed};
use jenkinsstack_core::observed::Seen;
use jenkinsstack_core::owner::Tags;
use jenkinsstack_core::plan::TAGS;

pub(crate) struct LogGroup;

const OURS: On = On::Arn("arn:{partition}:logs:{region}:{account}:log-group:/jenkinsstack/{cluster}/*");
/// The most that one page can have (DescribeLogGroups, Amazon CloudWatch Logs API Reference).
const PAGE: i32 = 50;

impl Driver for LogGroup {
    type Desired = Desired;

    const PERMISSIONS: &'static [Permission] = &[
        permit("logs:AssociateKmsKey", OURS, When::Owned),
        permit("logs:CreateLogGroup", OURS, When::Tagging),
        permit("logs:DeleteLogGroup", OURS, When::Owned),
        permit("logs:DescribeLogGroups", On::Any, When::Always),
        permit("logs:DisassociateKmsKey", OURS, When::Owned),
        permit("logs:ListTagsForResource", OURS, When::Always),
        permit("logs:PutRetentionPolicy", OURS, When::Owned),
        permit("logs:TagResource", OURS, When::Tagging),
    ];

    async fn list(account: &Account, tagged: &Tagged, _: &[Listed]) -> Result<Vec<Listed>, Error> {
        let groups = described(account, &format!("/jenkinsstack/{}/", account.cluster)).await?;
        let listed = |group: &Group| {
            let tags = tagged.get(group.log_group_arn()?)?;
            Listed::of(account, tags.clone(), Any::LogGroup(observed(group)?))
        };
        Ok(groups.iter().filter_map(listed).collect())
    }

    async fn read(account: &Account, target: Target<'_>, id: &str) -> Result<Option<Seen>, Error> {
        let groups = described(account, id).await?;
        let group = groups.iter().find(|group| group.log_group_name() == Some(id));
        let Some(observed) = group.and_then(observed) else { return Ok(None) };
        let call = account.clients.logs.list_tags_for_resource().resource_arn(observed.arn.as_str());
        let output = call.send().await.map_err(Error::of("ListTagsForResource", id));
        let tags = present(output)?.map(|output| output.tags.unwrap_or_default());
        Ok(tags.map(|tags| target.seen(tags.into_iter().collect(), Any::LogGroup(observed))))
    }

    async fn create(account: &Account, target: Target<'_>, node: &Node, desired: &Desired) -> Result<Seen, Error> {
        let call = account.clients.logs.create_log_group().log_group_name(&node.name);
        let call = call.set_kms_key_id(desired.kms_key.as_ref().map(KeyArn::to_string));
        let call = call.set_tags(Some(node.tags.clone().into_iter().collect()));
        let (mut group, tags) = match call.send().await.map_err(Error::of("CreateLogGroup", &node.name)) {
            Err(error) if error.is("ResourceAlreadyExistsException") => existing(account, target, node).await?,
            outcome => outcome.and_then(|_| fresh(account, node, desired))?,
        };
        if group.retention_days != Some(desired.retention_days) {
            retain(account, &mut group, desired.retention_days).await.map_err(Error::just_made)?;
        }
        Ok(target.seen(tags, Any::LogGroup(group)))
    }

    async fn update(
        account: &Account,
        target: Target<'_>,
        seen: &Seen,
        node: &Node,
        desired: &Desired,
        fields: &[Field],
    ) -> Result<Seen, Error> {
        let mut group = known(seen)?.clone();
        if changes(fields, "retentionInDays") {
            retain(account, &mut group, desired.retention_days).await?;
        }
        if changes(fields, "kmsKeyId") {
            encrypt(account, &mut group, desired.kms_key.clone()).await?;
        }
        let mut tags = seen.tags.clone().unwrap_or_default();
        if changes(fields, TAGS) {
            let call = account.clients.logs.tag_resource().resource_arn(group.arn.as_str());
            let output = call.set_tags(Some(node.tags.clone().into_iter().collect())).send().await;
            output.map_err(Error::of("TagResource", &group.name))?;
            tags = retagged(seen, node);
        }
        Ok(target.seen(tags, Any::LogGroup(group)))
    }

    async fn delete(account: &Account, _: Target<'_>, seen: &Seen) -> Result<Deletion, Error> {
        let name = &known(seen)?.name;
        let output = account.clients.logs.delete_log_group().log_group_name(name.as_str()).send().await;
        gone(output.map_err(Error::of("DeleteLogGroup", name)))
    }
}

fn known(seen: &Seen) -> Result<&Observed, Error> {
    let Any::LogGroup(group) = &seen.observed else { return Err(wrong_kind("LogGroup", seen)) };
    Ok(group)
}

async fn described(account: &Account, prefix: &str) -> Result<Vec<Group>, Error> {
    let call = account.clients.logs.describe_log_groups().log_group_name_prefix(prefix).limit(PAGE);
    let groups = call.into_paginator().items().send().try_collect().await;
    groups.map_err(Error::of("DescribeLogGroups", prefix))
}

fn observed(group: &Group) -> Option<Observed> {
    Some(Observed {
        arn: group.log_group_arn()?.parse().ok()?,
        name: group.log_group_name()?.parse().ok()?,
        retention_days: group.retention_in_days(),
        kms_key: group.kms_key_id().and_then(|key| key.parse().ok()),
    })
}

/// A group that was made just now: the create call answers nothing.
fn fresh(account: &Account, node: &Node, desired: &Desired) -> Result<(Observed, Tags), Error> {
    let bug = || Error::bug("CreateLogGroup", &node.name);
    let group = Observed {
        arn: account.arn("logs", &format!("log-group:{}", node.name)).parse().map_err(bug())?,
        name: node.name.parse().map_err(bug())?,
        retention_days: None,
        kms_key: desired.kms_key.clone(),
    };
    Ok((group, node.tags.clone()))
}

/// The group that has our name.
async fn existing(account: &Account, target: Target<'_>, node: &Node) -> Result<(Observed, Tags), Error> {
    let Some(seen) = LogGroup::read(account, target, &node.name).await? else {
        return Err(Error::unseen("DescribeLogGroups", &node.name));
    };
    let group = known(&seen)?.clone();
    match seen.tags {
        Some(tags) if target.owns(&tags) => Ok((group, tags)),
        Some(_) | None => Err(Error::foreign("CreateLogGroup", &node.name)),
    }
}

async fn retain(account: &Account, group: &mut Observed, days: i32) -> Result<(), Error> {
    let call = account.clients.logs.put_retention_policy().log_group_name(group.name.as_str());
    let output = call.retention_in_days(days).send().await;
    output.map_err(Error::of("PutRetentionPolicy", &group.name))?;
    group.retention_days = Some(days);
    Ok(())
}

async fn encrypt(account: &Account, group: &mut Observed, key: Option<KeyArn>) -> Result<(), Error> {
    let (logs, name) = (&account.clients.logs, group.name.as_str());
    match &key {
        Some(key) => {
            let output = logs.associate_kms_key().log_group_name(name).kms_key_id(key.as_str()).send().await;
            output.map_err(Error::of("AssociateKmsKey", name))?;
        }
        None => {
            let output = logs.disassociate_kms_key().log_group_name(name).send().await;
            output.map_err(Error::of("DisassociateKmsKey", name))?;
        }
    }
    group.kms_key = key;
    Ok(())
}

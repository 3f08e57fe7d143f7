//! Target group of IP addresses over HTTP.
//!
//! Its name makes a repeated create give back the one that is there, or fail when settings differ; it is then found by its
//! name. Targets come and go by ECS and are no setting. Calls: CreateTargetGroup, DescribeTargetGroups,
//! DescribeTargetGroupAttributes, DescribeTags, ModifyTargetGroup, ModifyTargetGroupAttributes, AddTags,
//! DeleteTargetGroup.

use super::elb::{retag, tag_list, tags_of, tags_of_one, to_set};
use super::wrong_kind;
use crate::account::Account;
use crate::driver::{Deletion, Driver, Listed, Target, changes, gone, side_by_side};
use crate::error::{Error, present};
use crate::permission::{On, Permission, When, permit};
use crate::tagged::Tagged;
use aws_sdk_elasticloadbalancingv2::types::{
    Matcher, ProtocolEnum, TargetGroup as Described, TargetGroupAttribute, TargetTypeEnum,
};
use jenkinsstack_core::diff::Field;
use jenkinsstack_core::graph::Node;
use jenkinsstack_core::kind::Observed as Any;
use jenkinsstack_core::kind::target_group::{Desired, HealthCheck, Observed};
use jenkinsstack_core::observed::Seen;
use jenkinsstack_core::owner::Tags;
use jenkinsstack_core::plan::TAGS;
use std::collections::BTreeMap;

pub(crate) struct TargetGroup;

/// The most that one page can have (DescribeTargetGroups, ELB API Reference).
const PAGE: i32 = 400;
/// Every target group of our name form, whose id AWS makes up.
const OURS: On = On::Arn("arn:{partition}:elasticloadbalancing:{region}:{account}:targetgroup/jks-*");

impl Driver for TargetGroup {
    type Desired = Desired;

    const PERMISSIONS: &'static [Permission] = &[
        permit("elasticloadbalancing:AddTags", OURS, When::Creating(&["CreateTargetGroup"])),
        permit("elasticloadbalancing:AddTags", OURS, When::Owned),
        permit("elasticloadbalancing:CreateTargetGroup", OURS, When::Tagging),
        permit("elasticloadbalancing:DeleteTargetGroup", OURS, When::Owned),
        permit("elasticloadbalancing:DescribeTags", On::Any, When::Always),
        permit("elasticloadbalancing:DescribeTargetGroupAttributes", On::Any, When::Always),
        permit("elasticloadbalancing:DescribeTargetGroups", On::Any, When::Always),
        permit("elasticloadbalancing:ModifyTargetGroup", OURS, When::Owned),
        permit("elasticloadbalancing:ModifyTargetGroupAttributes", OURS, When::Owned),
    ];

    async fn list(account: &Account, tagged: &Tagged, _: &[Listed]) -> Result<Vec<Listed>, Error> {
        let call = account.clients.elb.describe_target_groups().page_size(PAGE).into_paginator().items();
        let all: Vec<Described> =
            call.send().try_collect().await.map_err(Error::of("DescribeTargetGroups", &account.cluster))?;
        let names: Vec<(String, String)> = all
            .iter()
            .filter_map(|one| Some((one.target_group_name()?.to_owned(), one.target_group_arn()?.to_owned())))
            .collect();
        let tags = tags_of(account, tagged, &names).await?;
        let ours = all.into_iter().filter_map(|one| {
            let tags = tags.get(one.target_group_arn()?)?.clone();
            Some(listed(account, one, tags))
        });
        side_by_side(ours).await
    }

    async fn read(account: &Account, target: Target<'_>, id: &str) -> Result<Option<Seen>, Error> {
        let output = account.clients.elb.describe_target_groups().target_group_arns(id).send().await;
        let Some(output) = present(output.map_err(Error::of("DescribeTargetGroups", id)))? else { return Ok(None) };
        seen(account, target, output.target_groups()).await
    }

    async fn create(account: &Account, target: Target<'_>, node: &Node, desired: &Desired) -> Result<Seen, Error> {
        let HealthCheck {
            protocol,
            port,
            path,
            matcher,
            interval_seconds,
            timeout_seconds,
            healthy_threshold,
            unhealthy_threshold,
        } = &desired.health_check;
        let call = account.clients.elb.create_target_group().name(&node.name).target_type(TargetTypeEnum::Ip);
        let call = call.health_check_protocol(protocol.as_str().into()).health_check_port(port);
        let call = call.protocol(ProtocolEnum::Http).port(desired.port.into()).vpc_id(desired.vpc.as_str());
        let call = call.health_check_path(path).matcher(Matcher::builder().http_code(matcher).build());
        let call = call.health_check_interval_seconds(*interval_seconds).health_check_timeout_seconds(*timeout_seconds);
        let call = call.healthy_threshold_count(*healthy_threshold).unhealthy_threshold_count(*unhealthy_threshold);
        let outcome = call.set_tags(Some(tag_list(&node.tags))).send().await;
        let made = match outcome.map_err(Error::of("CreateTargetGroup", &node.name)).map_err(Error::just_made) {
            Err(error) if error.is("DuplicateTargetGroupName") => return existing(account, target, node).await,
            outcome => outcome?,
        };
        let made = made.target_groups().first().and_then(|one| observed(one, BTreeMap::new()));
        let made = made.ok_or_else(|| Error::incomplete("CreateTargetGroup", &node.name, "target group"))?;
        let attributes = set_attributes(account, made.arn.as_str(), &desired.attributes).await?;
        Ok(target.seen(node.tags.clone(), Any::TargetGroup(Observed { attributes, ..made })))
    }

    async fn update(
        account: &Account,
        target: Target<'_>,
        seen: &Seen,
        node: &Node,
        desired: &Desired,
        fields: &[Field],
    ) -> Result<Seen, Error> {
        let mut now = known(seen)?.clone();
        let arn = now.arn.to_string();
        if changes(fields, "healthCheck") {
            set_health_check(account, &arn, &desired.health_check).await?;
            now.health_check = desired.health_check.clone();
        }
        if changes(fields, "attributes") {
            let some = to_set(&desired.attributes, &now.attributes);
            now.attributes.extend(set_attributes(account, &arn, &some).await?);
        }
        let mut tags = seen.tags.clone().unwrap_or_default();
        if changes(fields, TAGS) {
            tags = retag(account, &arn, seen, node).await?;
        }
        Ok(target.seen(tags, Any::TargetGroup(now)))
    }

    async fn delete(account: &Account, _: Target<'_>, seen: &Seen) -> Result<Deletion, Error> {
        let arn = known(seen)?.arn.to_string();
        let output = account.clients.elb.delete_target_group().target_group_arn(&arn).send().await;
        gone(output.map_err(Error::of("DeleteTargetGroup", &arn)))
    }
}

async fn listed(account: &Account, one: Described, tags: Tags) -> Result<Option<Listed>, Error> {
    let arn = one.target_group_arn().unwrap_or_default();
    let Some(attributes) = attributes(account, arn).await? else { return Ok(None) };
    Ok(observed(&one, attributes).and_then(|seen| Listed::of(account, tags, Any::TargetGroup(seen))))
}

fn known(seen: &Seen) -> Result<&Observed, Error> {
    let Any::TargetGroup(group) = &seen.observed else { return Err(wrong_kind("TargetGroup", seen)) };
    Ok(group)
}

async fn existing(account: &Account, target: Target<'_>, node: &Node) -> Result<Seen, Error> {
    let output = account.clients.elb.describe_target_groups().names(&node.name).send().await;
    let output = present(output.map_err(Error::of("DescribeTargetGroups", &node.name)))?;
    let found = match output {
        Some(output) => seen(account, target, output.target_groups()).await?,
        None => None,
    };
    let found = found.ok_or_else(|| Error::unseen("CreateTargetGroup", &node.name))?;
    let owned = found.tags.as_ref().is_some_and(|tags| target.owns(tags));
    if owned { Ok(found) } else { Err(Error::foreign("CreateTargetGroup", &node.name)) }
}

async fn seen(account: &Account, target: Target<'_>, found: &[Described]) -> Result<Option<Seen>, Error> {
    let Some(one) = found.first() else { return Ok(None) };
    let arn = one.target_group_arn().unwrap_or_default();
    let Some(attributes) = attributes(account, arn).await? else { return Ok(None) };
    let tags = tags_of_one(account, arn).await?;
    Ok(observed(one, attributes).map(|observed| target.seen(tags, Any::TargetGroup(observed))))
}

async fn set_health_check(account: &Account, arn: &str, check: &HealthCheck) -> Result<(), Error> {
    let HealthCheck {
        protocol,
        port,
        path,
        matcher,
        interval_seconds,
        timeout_seconds,
        healthy_threshold,
        unhealthy_threshold,
    } = check;
    let call = account.clients.elb.modify_target_group().target_group_arn(arn).health_check_path(path);
    let call = call.matcher(Matcher::builder().http_code(matcher).build());
    let call = call.health_check_protocol(protocol.as_str().into()).health_check_port(port);
    let call = call.health_check_interval_seconds(*interval_seconds).health_check_timeout_seconds(*timeout_seconds);
    let call = call.healthy_threshold_count(*healthy_threshold).unhealthy_threshold_count(*unhealthy_threshold);
    call.send().await.map_err(Error::of("ModifyTargetGroup", arn))?;
    Ok(())
}

/// All attributes; `None` when the target group is gone.
async fn attributes(account: &Account, arn: &str) -> Result<Option<BTreeMap<String, String>>, Error> {
    let output = account.clients.elb.describe_target_group_attributes().target_group_arn(arn).send().await;
    let output = present(output.map_err(Error::of("DescribeTargetGroupAttributes", arn)))?;
    Ok(output.map(|output| pairs(output.attributes())))
}

/// Sets attributes, and gives back those that AWS confirms.
async fn set_attributes(
    account: &Account,
    arn: &str,
    attributes: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>, Error> {
    let list = attributes.iter().map(|(key, value)| TargetGroupAttribute::builder().key(key).value(value).build());
    let call = account.clients.elb.modify_target_group_attributes().target_group_arn(arn);
    let output = call.set_attributes(Some(list.collect())).send().await;
    let output = output.map_err(Error::of("ModifyTargetGroupAttributes", arn))?;
    Ok(pairs(output.attributes()))
}

fn pairs(list: &[TargetGroupAttribute]) -> BTreeMap<String, String> {
    let pair = |one: &TargetGroupAttribute| Some((one.key()?.to_owned(), one.value().unwrap_or_default().to_owned()));
    list.iter().filter_map(pair).collect()
}

fn observed(one: &Described, attributes: BTreeMap<String, String>) -> Option<Observed> {
    Some(Observed {
        arn: one.target_group_arn()?.parse().ok()?,
        vpc: one.vpc_id()?.parse().ok()?,
        port: u16::try_from(one.port()?).ok()?,
        health_check: HealthCheck {
            protocol: one.health_check_protocol().map(|protocol| protocol.as_str().to_owned()).unwrap_or_default(),
            port: one.health_check_port().unwrap_or_default().to_owned(),
            path: one.health_check_path().unwrap_or_default().to_owned(),
            matcher: one.matcher().and_then(Matcher::http_code).unwrap_or_default().to_owned(),
            interval_seconds: one.health_check_interval_seconds().unwrap_or_default(),
            timeout_seconds: one.health_check_timeout_seconds().unwrap_or_default(),
            healthy_threshold: one.healthy_threshold_count().unwrap_or_default(),
            unhealthy_threshold: one.unhealthy_threshold_count().unwrap_or_default(),
        },
        attributes,
    })
}

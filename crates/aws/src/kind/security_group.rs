//! EC2 security group, without the rule that AWS puts into a new one.
//!
//! Its name is unique in its VPC: a repeated create is refused as a duplicate and finds the group by name. Rules in it
//! without our tags are strays; one call for all groups tells whether there are any, and only then are they looked for.
//! Calls: CreateSecurityGroup, RevokeSecurityGroupEgress and -Ingress, DescribeSecurityGroups,
//! DescribeSecurityGroupRules, CreateTags, DeleteSecurityGroup.

use super::security_group_rule::{described as described_rules, direction, ports, revoke};
use super::wrong_kind;
use crate::account::Account;
use crate::driver::{Deletion, Driver, Listed, Target, changes, gone, retagged};
use crate::error::{Error, present};
use crate::permission::{On, Permission, When, permit};
use crate::tagged::Tagged;
use aws_sdk_ec2::types::{
    Filter, IpPermission, IpRange, ResourceType, SecurityGroup as Group, SecurityGroupRule as Rule, Tag,
    TagSpecification,
};
use jenkinsstack_core::diff::Field;
use jenkinsstack_core::graph::Node;
use jenkinsstack_core::id::{SecurityGroupId, SecurityGroupRuleId};
use jenkinsstack_core::kind::Observed as Any;
use jenkinsstack_core::kind::security_group::{Desired, Observed};
use jenkinsstack_core::kind::security_group_rule::{self, Direction};
use jenkinsstack_core::observed::Seen;
use jenkinsstack_core::owner::{Owner, TAG_CLUSTER, Tags};
use jenkinsstack_core::plan::TAGS;
use std::collections::{BTreeMap, BTreeSet};

pub(crate) struct SecurityGroup;

const GROUPS: On = On::Arn("arn:{partition}:ec2:{region}:{account}:security-group/*");
const VPCS: On = On::Arn("arn:{partition}:ec2:{region}:{account}:vpc/*");
/// The most that one page can have (DescribeSecurityGroups, Amazon EC2 API Reference).
const PAGE: i32 = 1000;
/// The most values that the filters of one call can have ("Filtering your resources", Amazon EC2 User Guide).
const FILTER_VALUES: usize = 200;
/// Every protocol, and every IPv4 address: what AWS lets out of a new group.
const ALL_PROTOCOLS: &str = "-1";
const ANYWHERE: &str = "0.0.0.0/0";

impl Driver for SecurityGroup {
    type Desired = Desired;

    const PERMISSIONS: &'static [Permission] = &[
        permit("ec2:CreateSecurityGroup", GROUPS, When::Tagging),
        permit("ec2:CreateSecurityGroup", VPCS, When::Always),
        permit("ec2:CreateTags", GROUPS, When::Creating(&["CreateSecurityGroup"])),
        permit("ec2:CreateTags", GROUPS, When::Owned),
        permit("ec2:DeleteSecurityGroup", GROUPS, When::Owned),
        permit("ec2:DescribeSecurityGroupRules", On::Any, When::Always),
        permit("ec2:DescribeSecurityGroups", On::Any, When::Always),
        permit("ec2:RevokeSecurityGroupEgress", GROUPS, When::Owned),
        permit("ec2:RevokeSecurityGroupIngress", GROUPS, When::Owned),
    ];

    /// `parents` are our rules: a group that holds nothing else has no strays.
    async fn list(account: &Account, _: &Tagged, parents: &[Listed]) -> Result<Vec<Listed>, Error> {
        let cluster = account.cluster.as_str();
        let groups = described(account, vec![filter(&format!("tag:{TAG_CLUSTER}"), [cluster])], cluster).await?;
        let ours = rules_by_group(parents);
        let has_strays = |group: &&Group| {
            let ours = group.group_id().and_then(|id| ours.get(id)).map(Vec::as_slice).unwrap_or_default();
            lets_through(group) != ours
        };
        let suspects = groups.iter().filter(has_strays).filter_map(|group| group.group_id()).collect();
        let mut strays = strays(account, suspects).await?;
        let listed = |group: &Group| {
            let strays = strays.remove(group.group_id()?).unwrap_or_default();
            Listed::of(account, tags(group.tags()), Any::SecurityGroup(observed(group, strays)?))
        };
        Ok(groups.iter().filter_map(listed).collect())
    }

    async fn read(account: &Account, target: Target<'_>, id: &str) -> Result<Option<Seen>, Error> {
        let groups = described(account, vec![filter("group-id", [id])], id).await?;
        match groups.first() {
            Some(group) => seen(account, target, group).await.map(Some),
            None => Ok(None),
        }
    }

    async fn create(
        account: &Account,
        target: Target<'_>,
        node: &Node,
        desired: &Desired,
    ) -> Result<Seen, Error> {
        let Desired { description, vpc } = desired;
        let call = account.clients.ec2.create_security_group().group_name(&node.name).description(description);
        let call = call.vpc_id(vpc.as_str()).tag_specifications(specification(ResourceType::SecurityGroup, &node.tags));
        let output = match call.send().await.map_err(Error::of("CreateSecurityGroup", &node.name)) {
            Err(error) if error.is("InvalidGroup.Duplicate") => return existing(account, target, node, desired).await,
            outcome => outcome?,
        };
        let incomplete = || Error::incomplete("CreateSecurityGroup", &node.name, "group id");
        let id: SecurityGroupId = output.group_id().and_then(|id| id.parse().ok()).ok_or_else(incomplete)?;
        close(account, &id).await.map_err(Error::just_made)?;
        let (description, vpc, stray_rules) = (description.clone(), vpc.clone(), BTreeSet::new());
        Ok(target.seen(node.tags.clone(), Any::SecurityGroup(Observed { id, description, vpc, stray_rules })))
    }

    async fn update(
        account: &Account,
        target: Target<'_>,
        seen: &Seen,
        node: &Node,
        _: &Desired,
        fields: &[Field],
    ) -> Result<Seen, Error> {
        let mut group = known(seen)?.clone();
        if changes(fields, "strayRules") {
            revoke_strays(account, &group.id).await?;
            group.stray_rules.clear();
        }
        let mut tags = seen.tags.clone().unwrap_or_default();
        if changes(fields, TAGS) {
            put_tags(account, group.id.as_str(), &node.tags).await?;
            tags = retagged(seen, node);
        }
        Ok(target.seen(tags, Any::SecurityGroup(group)))
    }

    /// Strays go first: one that names another of our groups would keep that one from going.
    async fn delete(account: &Account, _: Target<'_>, seen: &Seen) -> Result<Deletion, Error> {
        let group = known(seen)?;
        if !group.stray_rules.is_empty() {
            revoke_strays(account, &group.id).await?;
        }
        let output = account.clients.ec2.delete_security_group().group_id(group.id.as_str()).send().await;
        gone(output.map_err(Error::of("DeleteSecurityGroup", &group.id)))
    }
}

fn known(seen: &Seen) -> Result<&Observed, Error> {
    let Any::SecurityGroup(group) = &seen.observed else { return Err(wrong_kind("SecurityGroup", seen)) };
    Ok(group)
}

/// A filter of a Describe call.
pub(super) fn filter<'a>(name: &str, values: impl IntoIterator<Item = &'a str>) -> Filter {
    let values = values.into_iter().map(str::to_owned).collect();
    Filter::builder().name(name).set_values(Some(values)).build()
}

/// Tags in EC2's form.
fn ec2_tags(tags: &Tags) -> Vec<Tag> {
    tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

/// The tags that a create call gives.
pub(super) fn specification(of: ResourceType, tags: &Tags) -> TagSpecification {
    TagSpecification::builder().resource_type(of).set_tags(Some(ec2_tags(tags))).build()
}

/// Tags out of EC2's form.
pub(super) fn tags(tags: &[Tag]) -> Tags {
    tags.iter().filter_map(|tag| Some((tag.key()?.to_owned(), tag.value()?.to_owned()))).collect()
}

/// Adds tags, and overwrites those that differ.
pub(super) async fn put_tags(account: &Account, id: &str, tags: &Tags) -> Result<(), Error> {
    let call = account.clients.ec2.create_tags().resources(id).set_tags(Some(ec2_tags(tags)));
    call.send().await.map(drop).map_err(Error::of("CreateTags", id))
}

async fn described(account: &Account, filters: Vec<Filter>, what: &str) -> Result<Vec<Group>, Error> {
    let call = account.clients.ec2.describe_security_groups().set_filters(Some(filters)).max_results(PAGE);
    let groups = call.into_paginator().items().send().try_collect().await;
    groups.map_err(Error::of("DescribeSecurityGroups", what))
}

fn observed(group: &Group, stray_rules: BTreeSet<SecurityGroupRuleId>) -> Option<Observed> {
    Some(Observed {
        id: group.group_id()?.parse().ok()?,
        description: group.description().unwrap_or_default().to_owned(),
        vpc: group.vpc_id()?.parse().ok()?,
        stray_rules,
    })
}

/// A group with its strays, for which an empty group is not asked.
async fn seen(account: &Account, target: Target<'_>, group: &Group) -> Result<Seen, Error> {
    let id = group.group_id().unwrap_or_default();
    let suspects = if lets_through(group).is_empty() { Vec::new() } else { vec![id] };
    let strays = strays(account, suspects).await?.remove(id).unwrap_or_default();
    let observed = observed(group, strays).ok_or_else(|| Error::incomplete("DescribeSecurityGroups", id, "VPC"))?;
    Ok(target.seen(tags(group.tags()), Any::SecurityGroup(observed)))
}

/// The group that has our name. One whose create call was not answered still lets everything out; that is mended here,
/// since a listing of its rules may be too late to show it.
async fn existing(account: &Account, target: Target<'_>, node: &Node, desired: &Desired) -> Result<Seen, Error> {
    let filters = vec![filter("vpc-id", [desired.vpc.as_str()]), filter("group-name", [node.name.as_str()])];
    let groups = described(account, filters, &node.name).await?;
    let Some(group) = groups.first() else {
        return Err(Error::unseen("DescribeSecurityGroups", &node.name));
    };
    if !target.owns(&tags(group.tags())) {
        return Err(Error::foreign("CreateSecurityGroup", &node.name));
    }
    if lets_through(group).contains(&(true, None, ANYWHERE.to_owned())) {
        let id = group.group_id().unwrap_or_default();
        let id = id.parse().map_err(Error::bug("DescribeSecurityGroups", &node.name))?;
        close(account, &id).await?;
    }
    seen(account, target, group).await
}

/// Takes out the rule that lets everything out of a new group. Where the VPC has IPv6 there is a second one, which the
/// next listing shows as a stray.
async fn close(account: &Account, id: &SecurityGroupId) -> Result<(), Error> {
    let everything = IpRange::builder().cidr_ip(ANYWHERE).build();
    let everything = IpPermission::builder().ip_protocol(ALL_PROTOCOLS).ip_ranges(everything).build();
    let call = account.clients.ec2.revoke_security_group_egress().group_id(id.as_str()).ip_permissions(everything);
    match call.send().await.map_err(Error::of("RevokeSecurityGroupEgress", id)) {
        Err(error) if error.is("InvalidPermission.NotFound") => Ok(()),
        outcome => outcome.map(drop),
    }
}

/// Takes out what is a stray now. One that somebody else took out meanwhile may keep the others: the next listing tells.
async fn revoke_strays(account: &Account, id: &SecurityGroupId) -> Result<(), Error> {
    let rules = described_rules(account, filter("group-id", [id.as_str()]), id.as_str()).await?;
    for way in [Direction::Ingress, Direction::Egress] {
        let strays = rules.iter().filter(|rule| direction(rule) == way && is_stray(account, rule));
        let strays: Vec<String> = strays.filter_map(|rule| rule.security_group_rule_id().map(str::to_owned)).collect();
        if !strays.is_empty() {
            present(revoke(account, id.as_str(), way, strays).await)?;
        }
    }
    Ok(())
}

fn is_stray(account: &Account, rule: &Rule) -> bool {
    Owner::of(&tags(rule.tags())).is_none_or(|(owner, _)| owner.cluster != account.cluster)
}

/// The strays of some groups, by group.
async fn strays(
    account: &Account,
    groups: Vec<&str>,
) -> Result<BTreeMap<String, BTreeSet<SecurityGroupRuleId>>, Error> {
    let mut strays: BTreeMap<String, BTreeSet<SecurityGroupRuleId>> = BTreeMap::new();
    for some in groups.chunks(FILTER_VALUES) {
        let rules = described_rules(account, filter("group-id", some.iter().copied()), &account.cluster).await?;
        for rule in rules.iter().filter(|rule| is_stray(account, rule)) {
            let id = rule.security_group_rule_id().and_then(|id| id.parse().ok());
            strays.entry(rule.group_id().unwrap_or_default().to_owned()).or_default().extend(id);
        }
    }
    Ok(strays)
}

/// What a rule lets through: outwards or not, TCP ports, peer.
type Way = (bool, Option<(u16, u16)>, String);

/// What our rules let through, sorted, by group.
fn rules_by_group(listed: &[Listed]) -> BTreeMap<String, Vec<Way>> {
    let mut groups: BTreeMap<String, Vec<Way>> = BTreeMap::new();
    for Listed { owner: _, seen } in listed {
        if let Any::SecurityGroupRule(rule) = &seen.observed {
            let security_group_rule::Observed { id: _, group, direction, ports, peer, description: _ } = rule;
            let way = (*direction == Direction::Egress, *ports, peer.clone());
            groups.entry(group.to_string()).or_default().push(way);
        }
    }
    groups.values_mut().for_each(|ways| ways.sort());
    groups
}

/// What a group lets through, sorted.
fn lets_through(group: &Group) -> Vec<Way> {
    let inward = group.ip_permissions().iter().flat_map(|permission| ways(false, permission));
    let mut all: Vec<Way> = inward.chain(group.ip_permissions_egress().iter().flat_map(|p| ways(true, p))).collect();
    all.sort();
    all
}

/// One way for each peer.
fn ways(outward: bool, permission: &IpPermission) -> impl Iterator<Item = Way> {
    let ports = ports(permission.ip_protocol(), permission.from_port(), permission.to_port());
    let v4 = permission.ip_ranges().iter().map(|range| range.cidr_ip());
    let v6 = permission.ipv6_ranges().iter().map(|range| range.cidr_ipv6());
    let groups = permission.user_id_group_pairs().iter().map(|pair| pair.group_id());
    let lists = permission.prefix_list_ids().iter().map(|list| list.prefix_list_id());
    let peers = v4.chain(v6).chain(groups).chain(lists);
    peers.map(move |peer| (outward, ports, peer.unwrap_or_default().to_owned()))
}

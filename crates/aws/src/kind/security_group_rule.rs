//! Rule of a security group, by the ids that rules have of their own (`sgr-…`).
//!
//! A repeated create is refused as a duplicate; the equal rule that stands in the group is then the one that was asked
//! for: ours already, or a stray in our own group, which gets our tags. Calls: AuthorizeSecurityGroupIngress and
//! -Egress, DescribeSecurityGroupRules, ModifySecurityGroupRules, CreateTags, RevokeSecurityGroupIngress and -Egress.

use super::security_group::{filter, put_tags, specification, tags};
use super::wrong_kind;
use crate::account::Account;
use crate::driver::{Deletion, Driver, Listed, Target, changes, gone, retagged};
use crate::error::Error;
use crate::permission::{On, Permission, When, permit};
use crate::tagged::Tagged;
use aws_sdk_ec2::types::{
    Filter, IpPermission, IpRange, Ipv6Range, ResourceType, SecurityGroupRule as Rule, SecurityGroupRuleRequest,
    SecurityGroupRuleUpdate, UserIdGroupPair,
};
use jenkinsstack_core::diff::Field;
use jenkinsstack_core::graph::Node;
use jenkinsstack_core::kind::Observed as Any;
use jenkinsstack_core::kind::security_group_rule::{Desired, Direction, Observed, Peer};
use jenkinsstack_core::observed::Seen;
use jenkinsstack_core::owner::{Owner, TAG_CLUSTER};
use jenkinsstack_core::plan::TAGS;

pub(crate) struct SecurityGroupRule;

const GROUPS: On = On::Arn("arn:{partition}:ec2:{region}:{account}:security-group/*");
const RULES: On = On::Arn("arn:{partition}:ec2:{region}:{account}:security-group-rule/*");
/// The most that one page can have (DescribeSecurityGroupRules, Amazon EC2 API Reference).
const PAGE: i32 = 1000;
/// The protocol of all our rules.
const TCP: &str = "tcp";

impl Driver for SecurityGroupRule {
    type Desired = Desired;

    const PERMISSIONS: &'static [Permission] = &[
        permit("ec2:AuthorizeSecurityGroupEgress", GROUPS, When::Owned),
        permit("ec2:AuthorizeSecurityGroupEgress", RULES, When::Tagging),
        permit("ec2:AuthorizeSecurityGroupIngress", GROUPS, When::Owned),
        permit("ec2:AuthorizeSecurityGroupIngress", RULES, When::Tagging),
        // A stray of our own group gets our tags, so its own can't be asked for. Without a group that is ours, too, a
        // tagged rule can't be changed.
        permit("ec2:CreateTags", RULES, When::Tagging),
        permit("ec2:DescribeSecurityGroupRules", On::Any, When::Always),
        permit("ec2:ModifySecurityGroupRules", GROUPS, When::Owned),
        permit("ec2:ModifySecurityGroupRules", RULES, When::Owned),
        permit("ec2:RevokeSecurityGroupEgress", GROUPS, When::Owned),
        permit("ec2:RevokeSecurityGroupIngress", GROUPS, When::Owned),
    ];

    async fn list(account: &Account, _: &Tagged, _: &[Listed]) -> Result<Vec<Listed>, Error> {
        let cluster = account.cluster.as_str();
        let rules = described(account, filter(&format!("tag:{TAG_CLUSTER}"), [cluster]), cluster).await?;
        let listed = |rule: &Rule| Some(Listed::of(account, tags(rule.tags()), Any::SecurityGroupRule(observed(rule)?)));
        Ok(rules.iter().filter_map(listed).flatten().collect())
    }

    /// A rule that went over to another node of the same stack does not count as this one's any more.
    async fn read(account: &Account, target: Target<'_>, id: &str) -> Result<Option<Seen>, Error> {
        let rules = described(account, filter("security-group-rule-id", [id]), id).await?;
        let Some((rule, seen)) = rules.first().and_then(|rule| Some((rule, observed(rule)?))) else { return Ok(None) };
        let tags = tags(rule.tags());
        let moved = Owner::of(&tags).is_some_and(|(owner, node)| owner == *target.owner && node != *target.node);
        Ok((!moved).then(|| target.seen(tags, Any::SecurityGroupRule(seen))))
    }

    async fn create(
        account: &Account,
        target: Target<'_>,
        node: &Node,
        desired: &Desired,
    ) -> Result<Seen, Error> {
        let rule = match authorize(account, node, desired).await {
            Err(error) if error.is("InvalidPermission.Duplicate") => {
                return existing(account, target, node, desired).await;
            }
            outcome => outcome.map_err(Error::just_made)?,
        };
        let incomplete = || Error::incomplete("AuthorizeSecurityGroup", target.node, "rule");
        let observed = rule.as_ref().and_then(observed).ok_or_else(incomplete)?;
        Ok(target.seen(node.tags.clone(), Any::SecurityGroupRule(observed)))
    }

    async fn update(
        account: &Account,
        target: Target<'_>,
        seen: &Seen,
        node: &Node,
        desired: &Desired,
        fields: &[Field],
    ) -> Result<Seen, Error> {
        let mut rule = known(seen)?.clone();
        if fields.iter().any(|field| field.name != TAGS) {
            modify(account, &rule, desired).await?;
            rule.ports = Some(desired.ports);
            rule.peer = desired.peer.known().map_err(Error::bug("ModifySecurityGroupRules", target.node))?;
            rule.description.clone_from(&desired.description);
        }
        let mut tags = seen.tags.clone().unwrap_or_default();
        if changes(fields, TAGS) {
            put_tags(account, rule.id.as_str(), &node.tags).await?;
            tags = retagged(seen, node);
        }
        Ok(target.seen(tags, Any::SecurityGroupRule(rule)))
    }

    async fn delete(account: &Account, _: Target<'_>, seen: &Seen) -> Result<Deletion, Error> {
        let rule = known(seen)?;
        gone(revoke(account, rule.group.as_str(), rule.direction, vec![rule.id.to_string()]).await)
    }
}

fn known(seen: &Seen) -> Result<&Observed, Error> {
    let Any::SecurityGroupRule(rule) = &seen.observed else { return Err(wrong_kind("SecurityGroupRule", seen)) };
    Ok(rule)
}

/// All rules that fit.
pub(super) async fn described(account: &Account, filter: Filter, what: &str) -> Result<Vec<Rule>, Error> {
    let call = account.clients.ec2.describe_security_group_rules().filters(filter).max_results(PAGE);
    let rules = call.into_paginator().items().send().try_collect().await;
    rules.map_err(Error::of("DescribeSecurityGroupRules", what))
}

/// Takes rules of one direction out of a group.
pub(super) async fn revoke(
    account: &Account,
    group: &str,
    direction: Direction,
    rules: Vec<String>,
) -> Result<(), Error> {
    let ec2 = &account.clients.ec2;
    match direction {
        Direction::Ingress => {
            let call = ec2.revoke_security_group_ingress().group_id(group).set_security_group_rule_ids(Some(rules));
            call.send().await.map(drop).map_err(Error::of("RevokeSecurityGroupIngress", group))
        }
        Direction::Egress => {
            let call = ec2.revoke_security_group_egress().group_id(group).set_security_group_rule_ids(Some(rules));
            call.send().await.map(drop).map_err(Error::of("RevokeSecurityGroupEgress", group))
        }
    }
}

/// The rule in core's form; `None` for an answer without its ids.
pub(super) fn observed(rule: &Rule) -> Option<Observed> {
    let referenced = rule.referenced_group_info().and_then(|group| group.group_id());
    let peer = rule.cidr_ipv4().or(rule.cidr_ipv6()).or(referenced).or(rule.prefix_list_id());
    Some(Observed {
        id: rule.security_group_rule_id()?.parse().ok()?,
        group: rule.group_id()?.parse().ok()?,
        direction: direction(rule),
        ports: ports(rule.ip_protocol(), rule.from_port(), rule.to_port()),
        peer: peer.unwrap_or_default().to_owned(),
        description: rule.description().unwrap_or_default().to_owned(),
    })
}

/// Whether the rule lets in or out.
pub(super) fn direction(rule: &Rule) -> Direction {
    if rule.is_egress() == Some(true) { Direction::Egress } else { Direction::Ingress }
}

/// The TCP ports of a rule; `None` when it is about something else.
pub(super) fn ports(protocol: Option<&str>, from: Option<i32>, to: Option<i32>) -> Option<(u16, u16)> {
    (protocol? == TCP).then_some(())?;
    Some((from?.try_into().ok()?, to?.try_into().ok()?))
}

/// Makes the rule, and gives back the one that AWS made of it.
async fn authorize(account: &Account, node: &Node, desired: &Desired) -> Result<Option<Rule>, Error> {
    let ec2 = &account.clients.ec2;
    let group = desired.group.known().map_err(Error::bug("AuthorizeSecurityGroup", &node.name))?.as_str();
    let (permission, tags) = (permission(node, desired)?, specification(ResourceType::SecurityGroupRule, &node.tags));
    let rules = match desired.direction {
        Direction::Ingress => {
            let call = ec2.authorize_security_group_ingress().group_id(group);
            let output = call.ip_permissions(permission).tag_specifications(tags).send().await;
            output.map_err(Error::of("AuthorizeSecurityGroupIngress", group))?.security_group_rules
        }
        Direction::Egress => {
            let call = ec2.authorize_security_group_egress().group_id(group);
            let output = call.ip_permissions(permission).tag_specifications(tags).send().await;
            output.map_err(Error::of("AuthorizeSecurityGroupEgress", group))?.security_group_rules
        }
    };
    Ok(rules.unwrap_or_default().pop())
}

fn permission(node: &Node, desired: &Desired) -> Result<IpPermission, Error> {
    let peer = desired.peer.known().map_err(Error::bug("AuthorizeSecurityGroup", &node.name))?;
    let (from, to) = desired.ports;
    let permission = IpPermission::builder().ip_protocol(TCP).from_port(from.into()).to_port(to.into());
    let description = desired.description.as_str();
    let permission = match &desired.peer {
        Peer::Group(_) => {
            let pair = UserIdGroupPair::builder().group_id(peer).description(description).build();
            permission.user_id_group_pairs(pair)
        }
        Peer::Cidr(_) if is_ipv6(&peer) => {
            permission.ipv6_ranges(Ipv6Range::builder().cidr_ipv6(peer).description(description).build())
        }
        Peer::Cidr(_) => permission.ip_ranges(IpRange::builder().cidr_ip(peer).description(description).build()),
    };
    Ok(permission.build())
}

fn is_ipv6(block: &str) -> bool {
    block.contains(':')
}

/// The rule that stands where ours should: an earlier create that was not heard of, a stray of our group, or the rule
/// of a node that this one takes the place of.
async fn existing(account: &Account, target: Target<'_>, node: &Node, desired: &Desired) -> Result<Seen, Error> {
    let bug = || Error::bug("DescribeSecurityGroupRules", target.node);
    let (group, peer) = (desired.group.known().map_err(bug())?, desired.peer.known().map_err(bug())?);
    let same = |rule: &Observed| {
        rule.direction == desired.direction && rule.ports == Some(desired.ports) && rule.peer == peer
    };
    let rules = described(account, filter("group-id", [group.as_str()]), group.as_str()).await?;
    let found = rules.iter().find_map(|rule| Some((rule, observed(rule).filter(same)?)));
    let Some((rule, observed)) = found else {
        return Err(Error::unseen("DescribeSecurityGroupRules", target.node));
    };
    let mut tags = tags(rule.tags());
    match Owner::of(&tags) {
        Some((owner, of)) if owner == *target.owner && of == *target.node => (),
        Some((owner, _)) if owner != *target.owner => return Err(Error::foreign("AuthorizeSecurityGroup", group)),
        Some(_) | None => {
            put_tags(account, observed.id.as_str(), &node.tags).await?;
            tags.extend(node.tags.clone());
        }
    }
    Ok(target.seen(tags, Any::SecurityGroupRule(observed)))
}

/// Puts the whole rule in the place of the old one, which keeps its id and tags.
async fn modify(account: &Account, rule: &Observed, desired: &Desired) -> Result<(), Error> {
    let peer = desired.peer.known().map_err(Error::bug("ModifySecurityGroupRules", &rule.id))?;
    let (from, to) = desired.ports;
    let request = SecurityGroupRuleRequest::builder().ip_protocol(TCP).from_port(from.into()).to_port(to.into());
    let request = match &desired.peer {
        Peer::Group(_) => request.referenced_group_id(peer),
        Peer::Cidr(_) if is_ipv6(&peer) => request.cidr_ipv6(peer),
        Peer::Cidr(_) => request.cidr_ipv4(peer),
    };
    let request = request.description(&desired.description).build();
    let update = SecurityGroupRuleUpdate::builder().security_group_rule_id(rule.id.as_str());
    let update = update.security_group_rule(request).build();
    let call = account.clients.ec2.modify_security_group_rules().group_id(rule.group.as_str());
    let output = call.security_group_rules(update).send().await;
    output.map(drop).map_err(Error::of("ModifySecurityGroupRules", &rule.id))
}

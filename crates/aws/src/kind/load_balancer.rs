//! Application Load Balancer.
//!
//! Its name makes a repeated create give back the one that is there, or fail when settings differ; it is then found by its
//! name. Calls: CreateLoadBalancer, DescribeLoadBalancers, DescribeLoadBalancerAttributes, DescribeTags,
//! ModifyLoadBalancerAttributes, SetSubnets, SetSecurityGroups, AddTags, DeleteLoadBalancer.

use super::elb::{retag, tag_list, tags_of, tags_of_one, to_set};
use super::wrong_kind;
use crate::account::Account;
use crate::driver::{Deletion, Driver, Listed, Target, changes, gone, side_by_side};
use crate::error::{Class, Error, present};
use crate::permission::{On, Permission, When, permit};
use crate::tagged::Tagged;
use aws_sdk_elasticloadbalancingv2::types::{
    LoadBalancer as Described, LoadBalancerAttribute, LoadBalancerSchemeEnum, LoadBalancerTypeEnum,
};
use jenkinsstack_core::diff::Field;
use jenkinsstack_core::graph::Node;
use jenkinsstack_core::id::SubnetId;
use jenkinsstack_core::kind::{Kind, Observed as Any};
use jenkinsstack_core::kind::load_balancer::{Desired, Observed, Scheme};
use jenkinsstack_core::observed::Seen;
use jenkinsstack_core::owner::Tags;
use jenkinsstack_core::plan::TAGS;
use std::collections::{BTreeMap, BTreeSet};

pub(crate) struct LoadBalancer;

/// The attribute with which AWS refuses to delete a load balancer.
const PROTECTION: &str = "deletion_protection.enabled";
/// The most that one page can have (DescribeLoadBalancers, ELB API Reference).
const PAGE: i32 = 400;
/// Every load balancer of our name form, whose id AWS makes up.
const OURS: On = On::Arn("arn:{partition}:elasticloadbalancing:{region}:{account}:loadbalancer/app/jks-*");

/// The role that ELB makes, as ours, with the first load balancer of an account ("Service-linked roles", Elastic Load
/// Balancing User Guide).
const LINKED_ROLE: &str = "arn:{partition}:iam::{account}:role/aws-service-role/elasticloadbalancing.amazonaws.com/*";

impl Driver for LoadBalancer {
    type Desired = Desired;

    /// Until ELB has its linked role, it looks at EC2 with our rights ("Elastic Load Balancing API permissions", Elastic Load
    /// Balancing User Guide); what lookups need anyway is not repeated.
    const PERMISSIONS: &'static [Permission] = &[
        permit("ec2:DescribeAccountAttributes", On::Any, When::Always),
        permit("ec2:DescribeAddresses", On::Any, When::Always),
        permit("ec2:DescribeInternetGateways", On::Any, When::Always),
        permit("elasticloadbalancing:AddTags", OURS, When::Creating(&["CreateLoadBalancer"])),
        permit("elasticloadbalancing:AddTags", OURS, When::Owned),
        permit("elasticloadbalancing:CreateLoadBalancer", OURS, When::Tagging),
        permit("elasticloadbalancing:DeleteLoadBalancer", OURS, When::Owned),
        permit("elasticloadbalancing:DescribeLoadBalancerAttributes", On::Any, When::Always),
        permit("elasticloadbalancing:DescribeLoadBalancers", On::Any, When::Always),
        permit("elasticloadbalancing:DescribeTags", On::Any, When::Always),
        permit("elasticloadbalancing:ModifyLoadBalancerAttributes", OURS, When::Owned),
        permit("elasticloadbalancing:SetSecurityGroups", OURS, When::Owned),
        permit("elasticloadbalancing:SetSubnets", OURS, When::Owned),
        permit("iam:CreateServiceLinkedRole", On::Arn(LINKED_ROLE), When::Always),
    ];

    async fn list(account: &Account, tagged: &Tagged, _: &[Listed]) -> Result<Vec<Listed>, Error> {
        let call = account.clients.elb.describe_load_balancers().page_size(PAGE).into_paginator().items();
        let all: Vec<Described> =
            call.send().try_collect().await.map_err(Error::of("DescribeLoadBalancers", &account.cluster))?;
        let names: Vec<(String, String)> = all
            .iter()
            .filter_map(|one| Some((one.load_balancer_name()?.to_owned(), one.load_balancer_arn()?.to_owned())))
            .collect();
        let tags = tags_of(account, tagged, &names).await?;
        let ours = all.into_iter().filter_map(|one| {
            let tags = tags.get(one.load_balancer_arn()?)?.clone();
            Some(listed(account, one, tags))
        });
        side_by_side(ours).await
    }

    async fn read(account: &Account, target: Target<'_>, id: &str) -> Result<Option<Seen>, Error> {
        let output = account.clients.elb.describe_load_balancers().load_balancer_arns(id).send().await;
        let Some(output) = present(output.map_err(Error::of("DescribeLoadBalancers", id)))? else { return Ok(None) };
        seen(account, target, output.load_balancers()).await
    }

    async fn poll(account: &Account, _: Target<'_>, seen: &Seen) -> Result<Option<Seen>, Error> {
        let before = known(seen)?;
        let output = account.clients.elb.describe_load_balancers().load_balancer_arns(before.arn.as_str()).send().await;
        let output = present(output.map_err(Error::of("DescribeLoadBalancers", &before.arn)))?;
        let one = output.as_ref().and_then(|output| output.load_balancers().first());
        let now = one.and_then(|one| observed(one, before.attributes.clone()));
        Ok(now.map(|now| Seen { observed: Any::LoadBalancer(now), ..seen.clone() }))
    }

    async fn create(account: &Account, target: Target<'_>, node: &Node, desired: &Desired) -> Result<Seen, Error> {
        let groups = known_groups(node, desired)?;
        let call = account.clients.elb.create_load_balancer().name(&node.name).r#type(LoadBalancerTypeEnum::Application);
        let call = call.scheme(scheme(desired.scheme)).set_security_groups(Some(groups.clone()));
        let call = call.set_subnets(Some(ids(&desired.subnets_beside(&BTreeSet::new()))));
        let outcome = call.set_tags(Some(tag_list(&node.tags))).send().await;
        let made = match outcome.map_err(Error::of("CreateLoadBalancer", &node.name)).map_err(Error::just_made) {
            Err(error) if error.is("DuplicateLoadBalancerName") => return existing(account, target, node).await,
            Err(error) => return Err(unspread(account, target, &groups, error).await),
            Ok(made) => made,
        };
        let made = made.load_balancers().first().and_then(|one| observed(one, BTreeMap::new()));
        let made = made.ok_or_else(|| Error::incomplete("CreateLoadBalancer", &node.name, "load balancer"))?;
        let attributes = set_attributes(account, made.arn.as_str(), &desired.attributes).await?;
        Ok(target.seen(node.tags.clone(), Any::LoadBalancer(Observed { attributes, ..made })))
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
        if changes(fields, "subnets") {
            let subnets = desired.subnets_beside(&now.subnets);
            let call = account.clients.elb.set_subnets().load_balancer_arn(&arn).set_subnets(Some(ids(&subnets)));
            call.send().await.map_err(Error::of("SetSubnets", &arn))?;
            now.subnets = subnets;
        }
        if changes(fields, "securityGroups") {
            let groups = known_groups(node, desired)?;
            now.security_groups = groups.iter().filter_map(|group| group.parse().ok()).collect();
            let call = account.clients.elb.set_security_groups().load_balancer_arn(&arn);
            let output = call.set_security_groups(Some(groups.clone())).send().await;
            if let Err(error) = output.map_err(Error::of("SetSecurityGroups", &arn)) {
                return Err(unspread(account, target, &groups, error).await);
            }
        }
        if changes(fields, "attributes") {
            let some = to_set(&desired.attributes, &now.attributes);
            now.attributes.extend(set_attributes(account, &arn, &some).await?);
        }
        let mut tags = seen.tags.clone().unwrap_or_default();
        if changes(fields, TAGS) {
            tags = retag(account, &arn, seen, node).await?;
        }
        Ok(target.seen(tags, Any::LoadBalancer(now)))
    }

    /// Its interfaces linger for minutes and hold its security group and subnets.
    async fn delete(account: &Account, _: Target<'_>, seen: &Seen) -> Result<Deletion, Error> {
        let arn = known(seen)?.arn.to_string();
        match remove(account, &arn).await {
            // Deletion protection is no setting of a stack: who deletes the stack means it.
            Err(error) if error.is("OperationNotPermitted") => {
                let off = BTreeMap::from([(PROTECTION.to_owned(), "false".to_owned())]);
                set_attributes(account, &arn, &off).await?;
                remove(account, &arn).await
            }
            outcome => outcome,
        }
    }
}

async fn remove(account: &Account, arn: &str) -> Result<Deletion, Error> {
    let output = account.clients.elb.delete_load_balancer().load_balancer_arn(arn).send().await;
    gone(output.map_err(Error::of("DeleteLoadBalancer", arn)))
}

async fn listed(account: &Account, one: Described, tags: Tags) -> Result<Option<Listed>, Error> {
    let arn = one.load_balancer_arn().unwrap_or_default();
    let Some(attributes) = attributes(account, arn).await? else { return Ok(None) };
    Ok(observed(&one, attributes).and_then(|seen| Listed::of(account, tags, Any::LoadBalancer(seen))))
}

fn known(seen: &Seen) -> Result<&Observed, Error> {
    let Any::LoadBalancer(load_balancer) = &seen.observed else { return Err(wrong_kind("LoadBalancer", seen)) };
    Ok(load_balancer)
}

fn known_groups(node: &Node, desired: &Desired) -> Result<Vec<String>, Error> {
    let groups = desired.security_groups.iter().map(|group| group.known().map(ToString::to_string));
    groups.collect::<Result<_, _>>().map_err(Error::bug("CreateLoadBalancer", &node.name))
}

/// ELB calls a security group invalid that it does not know of yet. Of one that we made a moment ago that only means that
/// the news has not spread; of any other it is a mistake.
async fn unspread(account: &Account, target: Target<'_>, groups: &[String], error: Error) -> Error {
    let unknown = error.is("InvalidSecurityGroup");
    if unknown && account.is_one_new(target, Kind::SecurityGroup, groups).await {
        return Error { class: Class::NotYet, ..error };
    }
    error
}

fn ids(subnets: &BTreeSet<SubnetId>) -> Vec<String> {
    subnets.iter().map(ToString::to_string).collect()
}

fn scheme(scheme: Scheme) -> LoadBalancerSchemeEnum {
    match scheme {
        Scheme::InternetFacing => LoadBalancerSchemeEnum::InternetFacing,
        Scheme::Internal => LoadBalancerSchemeEnum::Internal,
    }
}

/// The one that has our name already, if it is ours.
async fn existing(account: &Account, target: Target<'_>, node: &Node) -> Result<Seen, Error> {
    let output = account.clients.elb.describe_load_balancers().names(&node.name).send().await;
    let output = present(output.map_err(Error::of("DescribeLoadBalancers", &node.name)))?;
    let found = match output {
        Some(output) => seen(account, target, output.load_balancers()).await?,
        None => None,
    };
    let found = found.ok_or_else(|| Error::unseen("CreateLoadBalancer", &node.name))?;
    let owned = found.tags.as_ref().is_some_and(|tags| target.owns(tags));
    if owned { Ok(found) } else { Err(Error::foreign("CreateLoadBalancer", &node.name)) }
}

async fn seen(account: &Account, target: Target<'_>, found: &[Described]) -> Result<Option<Seen>, Error> {
    let Some(one) = found.first() else { return Ok(None) };
    let arn = one.load_balancer_arn().unwrap_or_default();
    let Some(attributes) = attributes(account, arn).await? else { return Ok(None) };
    let tags: Tags = tags_of_one(account, arn).await?;
    Ok(observed(one, attributes).map(|observed| target.seen(tags, Any::LoadBalancer(observed))))
}

/// All attributes; `None` when the load balancer is gone.
async fn attributes(account: &Account, arn: &str) -> Result<Option<BTreeMap<String, String>>, Error> {
    let output = account.clients.elb.describe_load_balancer_attributes().load_balancer_arn(arn).send().await;
    let output = present(output.map_err(Error::of("DescribeLoadBalancerAttributes", arn)))?;
    Ok(output.map(|output| pairs(output.attributes())))
}

/// Sets attributes, and gives back those that AWS confirms.
async fn set_attributes(
    account: &Account,
    arn: &str,
    attributes: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>, Error> {
    let list = attributes.iter().map(|(key, value)| LoadBalancerAttribute::builder().key(key).value(value).build());
    let call = account.clients.elb.modify_load_balancer_attributes().load_balancer_arn(arn);
    let output = call.set_attributes(Some(list.collect())).send().await;
    let output = output.map_err(Error::of("ModifyLoadBalancerAttributes", arn))?;
    Ok(pairs(output.attributes()))
}

fn pairs(list: &[LoadBalancerAttribute]) -> BTreeMap<String, String> {
    let pair = |one: &LoadBalancerAttribute| Some((one.key()?.to_owned(), one.value().unwrap_or_default().to_owned()));
    list.iter().filter_map(pair).collect()
}

/// `None` for a load balancer that can't be ours: a network load balancer, or one without a VPC.
fn observed(one: &Described, attributes: BTreeMap<String, String>) -> Option<Observed> {
    Some(Observed {
        arn: one.load_balancer_arn()?.parse().ok()?,
        dns_name: one.dns_name()?.to_owned(),
        zone: one.canonical_hosted_zone_id().map(str::to_owned),
        scheme: match one.scheme()? {
            LoadBalancerSchemeEnum::InternetFacing => Scheme::InternetFacing,
            _ => Scheme::Internal,
        },
        vpc: one.vpc_id()?.parse().ok()?,
        subnets: one.availability_zones().iter().filter_map(|zone| zone.subnet_id()?.parse().ok()).collect(),
        security_groups: one.security_groups().iter().filter_map(|group| group.parse().ok()).collect(),
        attributes,
        state_code: one.state()?.code()?.as_str().to_owned(),
        state_reason: one.state()?.reason().unwrap_or_default().to_owned(),
    })
}

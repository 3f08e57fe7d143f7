//! Rule of a listener, ours or one that the user names.
//!
//! AWS has no token and no name for a rule, but gives a priority once: a repeated create is refused and looks for the rule
//! with our tags. The client secret is written with the login only when its fingerprint differs; it is never read back.
//! Calls: CreateRule, DescribeRules, DescribeTags, ModifyRule, SetRulePriorities, AddTags, DeleteRule.

mod parts;

use super::elb::{add_tags, read_tags, retag, tag_list, tags_of_one, taken};
use super::wrong_kind;
use crate::account::Account;
use crate::driver::{Deletion, Driver, Listed, Target, changes, gone, side_by_side};
use crate::error::{Class, Error, present};
use crate::permission::{On, Permission, When, permit};
use crate::tagged::Tagged;
use aws_sdk_elasticloadbalancingv2::types::{Rule, RulePriorityPair};
use jenkinsstack_core::arn::ListenerArn;
use jenkinsstack_core::diff::Field;
use jenkinsstack_core::graph::Node;
use jenkinsstack_core::kind::Observed as Any;
use jenkinsstack_core::kind::listener_rule::{Desired, Observed};
use jenkinsstack_core::observed::Seen;
use jenkinsstack_core::owner::{TAG_FINGERPRINT, Tags};
use jenkinsstack_core::plan::TAGS;
use jenkinsstack_core::secret::Fingerprint;
use parts::{actions, conditions, observed};

pub(crate) struct ListenerRule;

/// Rules that one call asks for: what AWS takes for other lists of ARNs.
const ARNS_PER_CALL: usize = 20;
/// Fingerprint of a rule without login: a tag can be overwritten in the same call as others, and taking it away is one more.
const NO_LOGIN: &str = "none";
/// Any listener: it may be the user's, who did not tag it.
const LISTENERS: On = On::Arn("arn:{partition}:elasticloadbalancing:{region}:{account}:listener/app/*");
/// Any rule.
const RULES: On = On::Arn("arn:{partition}:elasticloadbalancing:{region}:{account}:listener-rule/app/*");

impl Driver for ListenerRule {
    type Desired = Desired;

    const PERMISSIONS: &'static [Permission] = &[
        permit("elasticloadbalancing:AddTags", RULES, When::Creating(&["CreateRule"])),
        permit("elasticloadbalancing:AddTags", RULES, When::Owned),
        permit("elasticloadbalancing:CreateRule", LISTENERS, When::Tagging),
        permit("elasticloadbalancing:DeleteRule", RULES, When::Owned),
        permit("elasticloadbalancing:DescribeRules", On::Any, When::Always),
        permit("elasticloadbalancing:DescribeTags", On::Any, When::Always),
        permit("elasticloadbalancing:ModifyRule", RULES, When::Owned),
        permit("elasticloadbalancing:SetRulePriorities", RULES, When::Owned),
    ];

    async fn list(account: &Account, tagged: &Tagged, _: &[Listed]) -> Result<Vec<Listed>, Error> {
        let arns: Vec<String> = tagged.keys().filter(|arn| arn.contains(":listener-rule/app/")).cloned().collect();
        let found = side_by_side(arns.chunks(ARNS_PER_CALL).map(|some| page(account, some.to_vec())));
        let found = found.await?.into_iter().flatten();
        let listed = found.filter_map(|rule| {
            let tags = tagged.get(rule.rule_arn()?)?.clone();
            let observed = observed(&rule, fingerprint(&tags))?;
            Listed::of(account, tags, Any::ListenerRule(observed))
        });
        Ok(listed.collect())
    }

    async fn read(account: &Account, target: Target<'_>, id: &str) -> Result<Option<Seen>, Error> {
        let found = described(account, &[id.to_owned()]).await?;
        let Some(rule) = found.first() else { return Ok(None) };
        let tags = tags_of_one(account, id).await?;
        let observed = observed(rule, fingerprint(&tags));
        Ok(observed.map(|observed| target.seen(tags, Any::ListenerRule(observed))))
    }

    async fn create(account: &Account, target: Target<'_>, node: &Node, desired: &Desired) -> Result<Seen, Error> {
        let listener = desired.listener.known().map_err(Error::bug("CreateRule", target.node))?;
        let tags = printed(node, desired);
        let call = account.clients.elb.create_rule().listener_arn(listener.as_str()).priority(desired.priority);
        let call = call.set_conditions(Some(conditions(&desired.conditions)));
        let call = call.set_actions(Some(actions(target, desired, Secret::Send)?)).set_tags(Some(tag_list(&tags)));
        let outcome = call.send().await.map_err(Error::of("CreateRule", target.node)).map_err(Error::just_made);
        let made = match outcome {
            // It was made by a call whose answer was lost, or somebody has the priority.
            Err(error) if error.is("PriorityInUse") => {
                return existing(account, target, listener, desired.priority).await?.ok_or(error);
            }
            outcome => outcome?,
        };
        let made = made.rules().first().and_then(|rule| observed(rule, fingerprint(&tags)));
        let made = made.ok_or_else(|| Error::incomplete("CreateRule", target.node, "rule"))?;
        Ok(target.seen(tags, Any::ListenerRule(made)))
    }

    /// The tag with the fingerprint is written last: after a crash in between the secret is written once more.
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
        let mut tags = seen.tags.clone().unwrap_or_default();
        let secret = changes(fields, "clientSecretFingerprint");
        if secret || ["conditions", "authenticateOidc", "targetGroupArn"].iter().any(|name| changes(fields, name)) {
            let fresh = secret || now.provider.is_none();
            let actions = actions(target, desired, if fresh { Secret::Send } else { Secret::Keep })?;
            let call = account.clients.elb.modify_rule().rule_arn(&arn).set_actions(Some(actions));
            let output = call.set_conditions(Some(conditions(&desired.conditions))).send().await;
            let output = output.map_err(Error::of("ModifyRule", &arn))?;
            let changed = output.rules().first().and_then(|rule| observed(rule, now.fingerprint.clone()));
            now = changed.ok_or_else(|| Error::incomplete("ModifyRule", &arn, "rule"))?;
        }
        if changes(fields, "priority") {
            set_priority(account, &arn, desired.priority).await?;
            now.priority = desired.priority;
        }
        if secret {
            let print = printed(node, desired);
            add_tags(account, &arn, &print).await?;
            tags.extend(print);
            now.fingerprint = fingerprint(&tags);
        } else if changes(fields, TAGS) {
            tags = retag(account, &arn, seen, node).await?;
        }
        Ok(target.seen(tags, Any::ListenerRule(now)))
    }

    async fn delete(account: &Account, _: Target<'_>, seen: &Seen) -> Result<Deletion, Error> {
        let arn = known(seen)?.arn.to_string();
        let output = account.clients.elb.delete_rule().rule_arn(&arn).send().await;
        gone(output.map_err(Error::of("DeleteRule", &arn)))
    }
}

/// Whether the client secret goes with a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Secret {
    /// It does.
    Send,
    /// AWS is to keep the one it has.
    Keep,
}

async fn page(account: &Account, arns: Vec<String>) -> Result<Option<Vec<Rule>>, Error> {
    described(account, &arns).await.map(Some)
}

fn known(seen: &Seen) -> Result<&Observed, Error> {
    let Any::ListenerRule(rule) = &seen.observed else { return Err(wrong_kind("ListenerRule", seen)) };
    Ok(rule)
}

/// The tags of a node and the fingerprint of its client secret.
fn printed(node: &Node, desired: &Desired) -> Tags {
    let print = desired.login.as_ref().map_or(NO_LOGIN, |login| login.fingerprint.as_str());
    let mut tags = node.tags.clone();
    tags.insert(TAG_FINGERPRINT.to_owned(), print.to_owned());
    tags
}

fn fingerprint(tags: &Tags) -> Option<Fingerprint> {
    tags.get(TAG_FINGERPRINT).filter(|print| *print != NO_LOGIN).map(Fingerprint::read)
}

/// Those rules that exist. One that is gone fails the call for all, so they are then asked for one by one.
async fn described(account: &Account, arns: &[String]) -> Result<Vec<Rule>, Error> {
    let of = |arns: &[String]| account.clients.elb.describe_rules().set_rule_arns(Some(arns.to_vec())).send();
    let first = arns.first().map(String::as_str).unwrap_or_default();
    match of(arns).await.map_err(Error::of("DescribeRules", first)) {
        Ok(output) => Ok(output.rules().to_vec()),
        Err(error) if error.class == Class::Missing && arns.len() == 1 => Ok(Vec::new()),
        Err(error) if error.class == Class::Missing => {
            let mut found = Vec::new();
            for arn in arns {
                let one = of(std::slice::from_ref(arn)).await.map_err(Error::of("DescribeRules", arn));
                found.extend(present(one)?.iter().flat_map(|output| output.rules().to_vec()));
            }
            Ok(found)
        }
        Err(error) => Err(error),
    }
}

/// The rule of this node that the listener has already. A rule of somebody else at our priority is told to the user.
async fn existing(
    account: &Account,
    target: Target<'_>,
    listener: &ListenerArn,
    priority: i32,
) -> Result<Option<Seen>, Error> {
    let call = account.clients.elb.describe_rules().listener_arn(listener.as_str()).into_paginator().items();
    let rules: Vec<Rule> = call.send().try_collect().await.map_err(Error::of("DescribeRules", listener))?;
    let rules: Vec<&Rule> = rules.iter().filter(|rule| rule.is_default() != Some(true)).collect();
    let arns: Vec<String> = rules.iter().filter_map(|rule| rule.rule_arn().map(str::to_owned)).collect();
    let tags = read_tags(account, &arns).await?;
    let tags_of = |rule: &Rule| rule.rule_arn().and_then(|arn| tags.get(arn)).cloned().unwrap_or_default();
    if let Some(rule) = rules.iter().find(|rule| target.owns(&tags_of(rule))) {
        let tags = tags_of(rule);
        let observed = observed(rule, fingerprint(&tags));
        return Ok(observed.map(|observed| target.seen(tags, Any::ListenerRule(observed))));
    }
    let holder = rules.iter().find(|rule| rule.priority() == Some(priority.to_string().as_str()));
    match holder {
        Some(holder) => {
            let what = format!("priority {priority} is taken by {}", holder.rule_arn().unwrap_or_default());
            let remedy = "choose another endpoint.existingListener.priority";
            Err(taken("CreateRule", target, &tags_of(holder), what, remedy))
        }
        None => Ok(None),
    }
}

async fn set_priority(account: &Account, arn: &str, priority: i32) -> Result<(), Error> {
    let pair = RulePriorityPair::builder().rule_arn(arn).priority(priority).build();
    let output = account.clients.elb.set_rule_priorities().rule_priorities(pair).send().await;
    output.map_err(Error::of("SetRulePriorities", arn))?;
    Ok(())
}

//! Tags of all kinds of resources.

use super::State;
use super::network::{list, texts};
use super::refusal::{self, no_balancer, no_group, no_listener, no_rule, validation};
use super::shared::{ask_about, tags};
use crate::call::{Access, Answer, Ask, Call, Operation, Refusal, ask_any, nothing};
use crate::tags::{self, Spelling, Tags};
use serde_json::{Value, json};

/// Resources that one call may name (API Reference, DescribeTags).
const MAX_RESOURCES: usize = 20;

pub(super) const OPERATIONS: &[Operation] = &[
    Operation { name: "AddTags", access: Access::Write, asks: ask_to_add, run: add },
    Operation { name: "RemoveTags", access: Access::Write, asks: ask_to_remove, run: remove },
    Operation {
        name: "DescribeTags",
        access: Access::Read,
        asks: |_| ask_any("elasticloadbalancing:DescribeTags"),
        run: describe,
    },
];

impl State {
    /// The tags of whatever has this ARN.
    pub(super) fn tags(&self, arn: &str) -> Option<&Tags> {
        let balancer = self.balancers.get(arn).map(|found| &found.tags);
        let group = || self.groups.get(arn).map(|found| &found.tags);
        let listener = || self.listeners.get(arn).map(|found| &found.tags);
        let rule = || self.rules.get(arn).map(|found| &found.tags);
        balancer.or_else(group).or_else(listener).or_else(rule)
    }

    fn tags_mut(&mut self, arn: &str) -> Option<&mut Tags> {
        let Self { balancers, groups, listeners, rules, registrations: _ } = self;
        let balancer = balancers.get_mut(arn).map(|found| &mut found.tags);
        let group = groups.get_mut(arn).map(|found| &mut found.tags);
        let listener = listeners.get_mut(arn).map(|found| &mut found.tags);
        let rule = rules.get_mut(arn).map(|found| &mut found.tags);
        balancer.or(group).or(listener).or(rule)
    }
}

/// The ARNs of a request; all must exist.
fn resources(call: &Call<'_>) -> Result<Vec<String>, Refusal> {
    let arns = texts(&call.input["ResourceArns"]);
    if arns.len() > MAX_RESOURCES {
        return Err(validation(format!("Up to '20' resource ARNs can be specified, but '{}' were", arns.len())));
    }
    match arns.iter().find(|arn| call.peek().elb.tags(arn).is_none()) {
        Some(arn) => Err(missing(arn)),
        None => Ok(arns),
    }
}

fn missing(arn: &str) -> Refusal {
    match arn.split(':').nth(5).and_then(|rest| rest.split('/').next()) {
        Some("loadbalancer") => no_balancer(arn),
        Some("targetgroup") => no_group(arn),
        Some("listener") => no_listener(arn),
        Some("listener-rule") => no_rule(arn),
        _ => validation(format!("'{arn}' is not a valid load balancer, target group, listener or rule ARN")),
    }
}

fn ask_to_add(call: &Call<'_>) -> Vec<Ask> {
    let requested = tags(call).unwrap_or_default();
    let arns = texts(&call.input["ResourceArns"]);
    arns.iter().map(|arn| ask_about(call, "AddTags", arn).request_tags(&requested)).collect()
}

fn ask_to_remove(call: &Call<'_>) -> Vec<Ask> {
    let keys = texts(&call.input["TagKeys"]);
    let ask =
        |arn: &String| keys.iter().fold(ask_about(call, "RemoveTags", arn), |ask, key| ask.when("aws:TagKeys", key));
    texts(&call.input["ResourceArns"]).iter().map(ask).collect()
}

fn add(call: &mut Call<'_>) -> Answer {
    let arns = resources(call)?;
    let more = tags(call)?;
    let mut unions = Vec::new();
    for arn in &arns {
        let mut union = call.peek().elb.tags(arn).cloned().unwrap_or_default();
        tags::merge(&mut union, more.clone()).map_err(refusal::tags)?;
        unions.push(union);
    }
    let state = &mut call.regional().elb;
    for (arn, union) in arns.iter().zip(unions) {
        if let Some(own) = state.tags_mut(arn) {
            *own = union;
        }
    }
    nothing()
}

fn remove(call: &mut Call<'_>) -> Answer {
    let arns = resources(call)?;
    let input = call.input.clone();
    let state = &mut call.regional().elb;
    for arn in &arns {
        if let Some(own) = state.tags_mut(arn) {
            own.retain(|key, _| list(&input["TagKeys"]).iter().all(|given| given != key.as_str()));
        }
    }
    nothing()
}

fn describe(call: &mut Call<'_>) -> Answer {
    let arns = resources(call)?;
    let state = &call.peek().elb;
    let shown = |arn: &String| {
        let own = state.tags(arn).map(|tags| Spelling::Upper.write(tags)).unwrap_or_default();
        json!({"ResourceArn": arn, "Tags": own})
    };
    let shown: Vec<Value> = arns.iter().map(shown).collect();
    Ok(json!({"TagDescriptions": shown}))
}

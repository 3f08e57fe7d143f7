//! Elastic Load Balancing v2, as far as Application Load Balancers go: load balancers, target groups, listeners, rules,
//! target health, and the data plane that they describe.
//!
//! Strict in: what an equal and an unequal repeat of each create answers, names, subnets and zones, who may use a target
//! group, normal forms of actions and conditions, the write-only client secret, quotas, deletion protection, network
//! interfaces that stay behind for minutes, and health that is really checked from the network and the container.
//! Deliberately absent: Network and Gateway Load Balancers, Lambda and instance targets, Cognito and JWT actions, mutual
//! TLS, regular expressions and transforms in rules.

mod action;
mod attributes;
mod balancer;
mod catalog;
mod certificate;
mod condition;
mod group;
mod listener;
mod network;
mod refusal;
mod rule;
mod serve;
mod shared;
mod tagged;
mod target;

pub use certificate::users as certificate_users;
pub use serve::{NoAnswer, Served, Visit, serve};
pub use target::{deregister_target, register_target, target_state};

use super::{Item, Service};
use crate::indexed::Indexed;
use crate::world::{Place, Region, World};
use balancer::Balancer;
use group::Group;
use listener::Listener;
use rule::Rule;
use std::collections::{BTreeMap, BTreeSet};

/// The service's table.
pub static SERVICE: Service = Service {
    model: "elbv2",
    signing: "elasticloadbalancing",
    invalid: "ValidationError",
    missing: "ValidationError",
    denied: "AccessDenied",
    throttled: "Throttling",
    operations: &[
        balancer::OPERATIONS,
        group::OPERATIONS,
        target::OPERATIONS,
        listener::OPERATIONS,
        certificate::OPERATIONS,
        rule::OPERATIONS,
        tagged::OPERATIONS,
        catalog::OPERATIONS,
    ],
};

/// What it holds: everything by its ARN.
#[derive(Clone, Debug, Default)]
pub struct State {
    balancers: BTreeMap<String, Balancer>,
    groups: BTreeMap<String, Group>,
    listeners: BTreeMap<String, Listener>,
    /// The rules of all listeners, under the target groups that they forward to.
    rules: Indexed<Rule>,
    registrations: u64,
}

/// ARNs of load balancers by the ARN of a target group.
type Usage<'s> = BTreeMap<&'s str, BTreeSet<&'s str>>;

/// What goes on by itself.
#[derive(Clone, Debug)]
pub enum Event {
    /// A load balancer is set up.
    Active(String),
    /// A target's health is checked.
    Check(target::Registration),
    /// A target has drained.
    Drained(target::Registration),
}

/// Lets an event happen.
pub fn happen(world: &mut World, place: &Place, event: Event) {
    match event {
        Event::Active(arn) => balancer::activate(world.at(place), &arn),
        Event::Check(registration) => target::check(world, place, registration),
        Event::Drained(registration) => target::remove(world.at(place), &registration),
    }
}

/// What exists; the default rules of listeners are part of their listeners.
pub fn items(holder: &Region) -> Vec<Item> {
    let State { balancers, groups, listeners, rules, registrations: _ } = &holder.elb;
    let item = |kind, id: &str, arn: &str, tags: &crate::tags::Tags, state| Item {
        kind,
        id: id.to_owned(),
        arn: arn.to_owned(),
        tags: tags.clone(),
        state,
    };
    let balancers = balancers.values().map(|balancer| {
        let kind = "elasticloadbalancing:loadbalancer";
        item(kind, &balancer.name, &balancer.arn, &balancer.tags, balancer.reveal())
    });
    let usage = holder.elb.usage();
    let groups = groups.values().map(|group| {
        let kind = "elasticloadbalancing:targetgroup";
        item(kind, &group.name, &group.arn, &group.tags, group.reveal(&usage))
    });
    let listeners = listeners.values().map(|listener| {
        let kind = "elasticloadbalancing:listener";
        item(kind, &listener.arn, &listener.arn, &listener.tags, listener.reveal(&holder.elb))
    });
    let rules = rules
        .values()
        .filter(|rule| rule.priority.is_some())
        .map(|rule| item("elasticloadbalancing:listener-rule", &rule.arn, &rule.arn, &rule.tags, rule.reveal()));
    balancers.chain(groups).chain(listeners).chain(rules).collect()
}

/// Whether some listener or rule forwards to the target group, and whether the group exists at all.
pub fn target_group_in_use(region: &Region, target_group: &str) -> Option<bool> {
    let state = &region.elb;
    state.groups.contains_key(target_group).then(|| !state.users(target_group).is_empty())
}

/// What the targets of a target group are, `ip` or `instance`, if there is such a group.
pub fn target_type<'r>(region: &'r Region, target_group: &str) -> Option<&'r str> {
    region.elb.groups.get(target_group).map(group::Group::target_type)
}

impl State {
    /// The load balancers whose listeners or rules forward to a target group.
    fn users(&self, group: &str) -> BTreeSet<&str> {
        let forwarding = self.rules.under(group);
        forwarding.filter_map(|rule| self.balancer_of(&rule.listener)).map(|balancer| balancer.arn.as_str()).collect()
    }

    /// The load balancers that forward to target groups, by the group's ARN.
    fn usage(&self) -> Usage<'_> {
        let mut usage = Usage::new();
        for rule in self.rules.values() {
            let Some(balancer) = self.balancer_of(&rule.listener) else { continue };
            for group in rule.actions.groups() {
                usage.entry(group).or_default().insert(balancer.arn.as_str());
            }
        }
        usage
    }

    /// The load balancer that a listener belongs to.
    fn balancer_of(&self, listener: &str) -> Option<&Balancer> {
        self.balancers.get(&self.listeners.get(listener)?.balancer)
    }

    /// The listeners of a load balancer.
    fn listeners_of(&self, balancer: &str) -> impl Iterator<Item = &Listener> {
        below(&self.listeners, &balancer.replacen(":loadbalancer/", ":listener/", 1))
    }

    /// The rules of a listener, its default rule among them.
    fn rules_of(&self, listener: &str) -> impl Iterator<Item = &Rule> {
        below(&self.rules, &listener.replacen(":listener/", ":listener-rule/", 1))
    }
}

/// What has an ARN that goes on where another one ends.
fn below<'s, T>(all: &'s BTreeMap<String, T>, arn: &str) -> impl Iterator<Item = &'s T> + use<'s, T> {
    let start = format!("{arn}/");
    all.range(start.clone()..).take_while(move |(arn, _)| arn.starts_with(&start)).map(|(_, one)| one)
}

//! Targets: registration, draining, and health that is checked through the network.

mod health;

use super::group::{self, Group};
use super::network::{self, list};
use super::refusal::{too_many, validation};
use super::shared::ask_member;
use super::{Event, State};
use crate::call::{Access, Answer, Call, Operation, Refusal, ask_any, nothing};
use crate::world::{self, Place, Region, World};
use health::Phase;
use serde_json::{Value, json};
use std::net::IpAddr;
use std::time::Duration;

/// Seconds until a new target is checked for the first time (observed order of magnitude).
const REGISTERING: (f64, f64) = (5.0, 10.0);
/// Targets a group (quota "Targets per target group per Region").
const MAX_TARGETS: usize = 1000;

pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        name: "RegisterTargets",
        access: Access::Write,
        asks: |call| ask_member(call, "RegisterTargets", "TargetGroupArn"),
        run: register,
    },
    Operation {
        name: "DeregisterTargets",
        access: Access::Write,
        asks: |call| ask_member(call, "DeregisterTargets", "TargetGroupArn"),
        run: deregister,
    },
    Operation {
        name: "DescribeTargetHealth",
        access: Access::Read,
        asks: |_| ask_any("elasticloadbalancing:DescribeTargetHealth"),
        run: describe,
    },
];

/// A registered target.
#[derive(Clone, Debug)]
pub(super) struct Target {
    /// Availability zone, or `all` for an address outside of the VPC.
    zone: String,
    registration: u64,
    phase: Phase,
}

/// One registration of a target; what is due for an earlier one is void.
#[derive(Clone, Debug, PartialEq)]
pub struct Registration {
    group: String,
    key: (String, u16),
    number: u64,
}

/// Registers an address with a target group, as ECS does for a task.
pub fn register_target(world: &mut World, place: &Place, target_group: &str, ip: &str, port: u16) {
    let Some(vpc) = world.peek(&place.account, &place.region).elb.groups.get(target_group).map(|g| g.vpc.clone())
    else {
        return;
    };
    let zone = zone_of(world, place, &vpc, ip).unwrap_or_else(|| "all".into());
    add(world, place, target_group, (ip.to_owned(), port), zone);
}

/// Lets an address of a target group drain and go.
pub fn deregister_target(world: &mut World, place: &Place, target_group: &str, ip: &str, port: u16) {
    let key = (ip.to_owned(), port);
    let state = &mut world.at(place).elb;
    let is_used = !state.users(target_group).is_empty();
    let Some(group) = state.groups.get_mut(target_group) else { return };
    let drain = Duration::from_secs(group.drain_seconds());
    let Some(target) = group.targets.get_mut(&key).filter(|target| target.phase != Phase::Draining) else { return };
    target.phase = Phase::Draining;
    let registration = Registration { group: target_group.to_owned(), key: key.clone(), number: target.registration };
    if is_used && !drain.is_zero() {
        world.after(drain, place, world::Event::Elb(Event::Drained(registration)));
    } else {
        group.targets.remove(&key);
    }
}

/// State of a target (`initial`, `healthy`, `unhealthy`, `draining`, `unused`), if it is registered.
pub fn target_state(region: &Region, target_group: &str, ip: &str, port: u16) -> Option<&'static str> {
    let group = region.elb.groups.get(target_group)?;
    let target = group.targets.get(&(ip.to_owned(), port))?;
    Some(target.shown(&region.elb, group).0)
}

/// The targets of a group that get requests: the healthy ones, or all that are registered when none is healthy.
pub(super) fn serving(state: &State, group: &Group) -> Vec<(String, u16)> {
    let in_state = |wanted: &[&str]| -> Vec<(String, u16)> {
        let fits = |target: &Target| wanted.contains(&target.shown(state, group).0);
        group.targets.iter().filter(|(_, target)| fits(target)).map(|(key, _)| key.clone()).collect()
    };
    let healthy = in_state(&["healthy"]);
    if healthy.is_empty() { in_state(&["unhealthy"]) } else { healthy }
}

impl Target {
    /// State, reason and description as DescribeTargetHealth shows them.
    fn shown(&self, state: &State, group: &Group) -> (&'static str, &'static str, String) {
        if self.phase != Phase::Draining
            && let Some(why) = self.unused(state, group)
        {
            return ("unused", "Target.NotInUse", why.into());
        }
        self.phase.shown()
    }

    /// Why the target gets neither checks nor requests.
    fn unused(&self, state: &State, group: &Group) -> Option<&'static str> {
        let users = state.users(&group.arn);
        let enabled = |arn: &&str| {
            let nodes = state.balancers.get(*arn).map_or(&[][..], |balancer| balancer.nodes.as_slice());
            self.zone == "all" || nodes.iter().any(|node| node.zone == self.zone)
        };
        if users.is_empty() {
            Some("Target group is not configured to receive traffic from the load balancer")
        } else if !users.iter().any(enabled) {
            Some("Target is in an Availability Zone that is not enabled for the load balancer")
        } else {
            None
        }
    }
}

fn add(world: &mut World, place: &Place, group: &str, key: (String, u16), zone: String) {
    let state = &mut world.at(place).elb;
    state.registrations += 1;
    let number = state.registrations;
    let Some(found) = state.groups.get_mut(group) else { return };
    if found.targets.get(&key).is_some_and(|target| target.phase != Phase::Draining) {
        return;
    }
    found.targets.insert(key.clone(), Target { zone, registration: number, phase: Phase::Registering });
    let (low, high) = REGISTERING;
    let delay = world.random.seconds(low, high);
    let registration = Registration { group: group.to_owned(), key, number };
    world.after(delay, place, world::Event::Elb(Event::Check(registration)));
}

fn zone_of(world: &mut World, place: &Place, vpc: &str, ip: &str) -> Option<String> {
    let address: IpAddr = ip.parse().ok()?;
    let subnets = network::subnets_of(world, place, vpc);
    subnets.into_iter().find(|subnet| network::contains(&subnet.cidr, address)).map(|subnet| subnet.zone)
}

/// Checks a target and lets the next check follow after the interval.
pub(super) fn check(world: &mut World, place: &Place, registration: Registration) {
    let region = world.peek(&place.account, &place.region);
    let Some((group, target)) = current(&region.elb, &registration) else { return };
    if target.phase == Phase::Draining {
        return;
    }
    let phase = next_phase(region, group, target, &registration.key);
    let changed = (phase != target.phase).then_some(phase);
    let interval = Duration::from_secs(group.check.interval);
    if let Some(phase) = changed
        && let Some(group) = world.at(place).elb.groups.get_mut(&registration.group)
        && let Some(target) = group.targets.get_mut(&registration.key)
    {
        target.phase = phase;
    }
    world.after(interval, place, world::Event::Elb(Event::Check(registration)));
}

fn current<'s>(state: &'s State, registration: &Registration) -> Option<(&'s Group, &'s Target)> {
    let group = state.groups.get(&registration.group)?;
    let target = group.targets.get(&registration.key)?;
    (target.registration == registration.number).then_some((group, target))
}

fn next_phase(region: &Region, group: &Group, target: &Target, key: &(String, u16)) -> Phase {
    let users = region.elb.users(&group.arn);
    let active: Vec<_> =
        users.iter().filter_map(|arn| region.elb.balancers.get(*arn)).filter(|balancer| balancer.active).collect();
    if active.is_empty() || target.unused(&region.elb, group).is_some() {
        return Phase::Registering;
    }
    let nodes: Vec<&str> =
        active.iter().flat_map(|balancer| &balancer.nodes).map(|node| node.interface.as_str()).collect();
    target.phase.after(health::probe(region, &group.check, key, &nodes), &group.check)
}

/// Forgets a target that has drained.
pub(super) fn remove(region: &mut Region, registration: &Registration) {
    let draining = |target: &Target| target.registration == registration.number && target.phase == Phase::Draining;
    if let Some(group) = region.elb.groups.get_mut(&registration.group)
        && group.targets.get(&registration.key).is_some_and(draining)
    {
        group.targets.remove(&registration.key);
    }
}

fn key_of(group: &Group, request: &Value) -> (String, u16) {
    let port = request["Port"].as_u64().and_then(|port| u16::try_from(port).ok()).unwrap_or(group.port);
    (request["Id"].as_str().unwrap_or_default().to_owned(), port)
}

fn register(call: &mut Call<'_>) -> Answer {
    let arn = call.text("TargetGroupArn").to_owned();
    let group = group::find(&call.peek().elb, &arn)?.clone();
    let place = call.regional().place();
    let input = call.input.clone();
    let mut targets = Vec::new();
    for request in list(&input["Targets"]) {
        let key = key_of(&group, request);
        let zone = check_target(call.world, &place, &group, &key.0, &request["AvailabilityZone"])?;
        targets.push((key, zone));
    }
    if targets.is_empty() {
        return Err(validation("At least one target must be specified"));
    }
    if group.targets.len() + targets.len() > MAX_TARGETS {
        return Err(too_many("TooManyTargets", "targets in the target group"));
    }
    for (key, zone) in targets {
        add(call.world, &place, &arn, key, zone);
    }
    nothing()
}

/// The zone of a target that may be registered.
fn check_target(world: &mut World, place: &Place, group: &Group, id: &str, zone: &Value) -> Result<String, Refusal> {
    if !group.is_by_address() {
        let message = format!("The following targets are not in a running state and cannot be registered: '{id}'");
        return Err(Refusal::new("InvalidTarget", message));
    }
    if id.parse::<IpAddr>().is_err() {
        return Err(validation(format!("The IP address '{id}' is not a valid IPv4 address")));
    }
    match (zone_of(world, place, &group.vpc, id), zone.as_str()) {
        (Some(found), None | Some("all")) => Ok(found),
        (Some(found), Some(given)) if found == given => Ok(found),
        (None, Some("all")) if is_private(id) => Ok("all".into()),
        (None, _) => Err(validation(format!("The IP address '{id}' is not within the VPC '{}'", group.vpc))),
        (Some(found), Some(_)) => Err(validation(format!("The IP address '{id}' is in Availability Zone '{found}'"))),
    }
}

fn is_private(ip: &str) -> bool {
    let blocks = ["10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16"];
    ip.parse().is_ok_and(|address| blocks.iter().any(|block| network::contains(block, address)))
}

fn deregister(call: &mut Call<'_>) -> Answer {
    let arn = call.text("TargetGroupArn").to_owned();
    let group = group::find(&call.peek().elb, &arn)?.clone();
    let place = call.regional().place();
    let input = call.input.clone();
    for request in list(&input["Targets"]) {
        let (ip, port) = key_of(&group, request);
        deregister_target(call.world, &place, &arn, &ip, port);
    }
    nothing()
}

fn describe(call: &mut Call<'_>) -> Answer {
    let state = &call.peek().elb;
    let group = group::find(state, call.text("TargetGroupArn"))?;
    let asked: Vec<(String, u16)> = list(&call.input["Targets"]).iter().map(|request| key_of(group, request)).collect();
    let keys: Vec<(String, u16)> = if asked.is_empty() { group.targets.keys().cloned().collect() } else { asked };
    let shown: Vec<Value> = keys.iter().map(|key| describe_one(state, group, key)).collect();
    Ok(json!({"TargetHealthDescriptions": shown}))
}

fn describe_one(state: &State, group: &Group, (ip, port): &(String, u16)) -> Value {
    let target = group.targets.get(&(ip.clone(), *port));
    let (code, reason, text) = target.map_or_else(
        || ("unused", "Target.NotRegistered", String::from("Target is not registered to the target group")),
        |target| target.shown(state, group),
    );
    let health = if reason.is_empty() {
        json!({"State": code})
    } else {
        json!({"State": code, "Reason": reason, "Description": text})
    };
    json!({
        "Target": {"Id": ip, "Port": port, "AvailabilityZone": target.map(|target| target.zone.as_str())},
        "HealthCheckPort": group.check.port_for(*port).to_string(),
        "TargetHealth": health,
    })
}

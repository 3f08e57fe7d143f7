//! Elastic Load Balancing v2: load balancers, target groups, listeners, rules, target health.

use super::{Item, Service};
use crate::world::Region;

/// The service's table.
pub static SERVICE: Service = Service {
    model: "elbv2",
    signing: "elasticloadbalancing",
    invalid: "ValidationError",
    missing: "ValidationError",
    denied: "AccessDenied",
    throttled: "Throttling",
    operations: &[],
};

/// What it holds.
#[derive(Clone, Debug, Default)]
pub struct State {}

/// What exists.
pub fn items(_holder: &Region) -> Vec<Item> {
    Vec::new()
}

/// What goes on by itself.
#[derive(Clone, Debug)]
pub enum Event {}

/// Lets an event happen.
pub fn happen(_world: &mut crate::world::World, _place: &crate::world::Place, event: Event) {
    match event {}
}

/// Registers an address with a target group, as ECS does for a task.
pub fn register_target(
    _world: &mut crate::world::World,
    _place: &crate::world::Place,
    _target_group: &str,
    _ip: &str,
    _port: u16,
) {
}

/// Lets an address of a target group drain and go.
pub fn deregister_target(
    _world: &mut crate::world::World,
    _place: &crate::world::Place,
    _target_group: &str,
    _ip: &str,
    _port: u16,
) {
}

/// State of a target (`initial`, `healthy`, `unhealthy`, `draining`, `unused`), if it is registered.
pub fn target_state(_region: &Region, _target_group: &str, _ip: &str, _port: u16) -> Option<&'static str> {
    None
}

/// Whether some listener or rule forwards to the target group, and whether the group exists at all.
pub fn target_group_in_use(_region: &Region, _target_group: &str) -> Option<bool> {
    None
}

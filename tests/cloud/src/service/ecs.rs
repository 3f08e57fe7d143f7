//! ECS: clusters, task definitions, services, and tasks that live.

use super::{Item, Service};
use crate::world::Region;

/// The service's table.
pub static SERVICE: Service = Service {
    model: "ecs",
    signing: "ecs",
    invalid: "InvalidParameterException",
    missing: "InvalidParameterException",
    denied: "AccessDeniedException",
    throttled: "ThrottlingException",
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

/// What each container image does when it runs.
#[derive(Clone, Debug, Default)]
pub struct Scripts {}

/// What the container at an address answers to `GET path` on `port`: an HTTP status, or nothing at all.
pub fn answers(_region: &Region, _ip: &str, _port: u16, _path: &str) -> Option<u16> {
    None
}

/// The network interface of the running task at an address.
pub fn interface_at<'r>(_region: &'r Region, _ip: &str) -> Option<&'r str> {
    None
}

//! CloudWatch Logs: log groups.

use super::{Item, Service};
use crate::world::Region;

/// The service's table.
pub static SERVICE: Service = Service {
    model: "logs",
    signing: "logs",
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

/// Whether a log group of that name exists.
pub fn exists(_region: &Region, _name: &str) -> bool {
    true
}

//! Secrets Manager: secrets, their versions and deletion windows.

use super::{Item, Service};
use crate::world::Region;

/// The service's table.
pub static SERVICE: Service = Service {
    model: "secretsmanager",
    signing: "secretsmanager",
    invalid: "InvalidParameterException",
    missing: "ValidationException",
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

/// The current value of a secret, by name or ARN.
pub fn value_of<'r>(_region: &'r Region, _name_or_arn: &str) -> Option<&'r str> {
    None
}

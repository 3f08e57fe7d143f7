//! STS: who calls, and sessions of roles.

use super::{Item, Service};
use crate::world::Region;

/// The service's table.
pub static SERVICE: Service = Service {
    model: "sts",
    signing: "sts",
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

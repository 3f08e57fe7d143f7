//! Service Quotas: limits, to read.

use super::{Item, Service};
use crate::world::Region;

/// The service's table.
pub static SERVICE: Service = Service {
    model: "service-quotas",
    signing: "servicequotas",
    invalid: "IllegalArgumentException",
    missing: "IllegalArgumentException",
    denied: "AccessDeniedException",
    throttled: "TooManyRequestsException",
    operations: &[],
};

/// What it holds.
#[derive(Clone, Debug, Default)]
pub struct State {}

/// What exists.
pub fn items(_holder: &Region) -> Vec<Item> {
    Vec::new()
}

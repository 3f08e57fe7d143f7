//! AWS Certificate Manager: certificates, to read.

use super::{Item, Service};
use crate::world::Region;

/// The service's table.
pub static SERVICE: Service = Service {
    model: "acm",
    signing: "acm",
    invalid: "ValidationException",
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

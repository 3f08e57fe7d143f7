//! KMS: keys and aliases, to read.

use super::{Item, Service};
use crate::world::Region;

/// The service's table.
pub static SERVICE: Service = Service {
    model: "kms",
    signing: "kms",
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

//! Resource Groups Tagging API: resources by tag.

use super::{Item, Service};
use crate::world::Region;

/// The service's table.
pub static SERVICE: Service = Service {
    model: "resourcegroupstaggingapi",
    signing: "tagging",
    invalid: "InvalidParameterException",
    missing: "InvalidParameterException",
    denied: "AccessDeniedException",
    throttled: "ThrottledException",
    operations: &[],
};

/// What it holds.
#[derive(Clone, Debug, Default)]
pub struct State {}

/// What exists.
pub fn items(_holder: &Region) -> Vec<Item> {
    Vec::new()
}

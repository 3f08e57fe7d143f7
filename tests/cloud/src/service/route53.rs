//! Route 53: hosted zones, to read.

use super::{Item, Service};
use crate::world::Account;

/// The service's table.
pub static SERVICE: Service = Service {
    model: "route53",
    signing: "route53",
    invalid: "InvalidInput",
    missing: "InvalidInput",
    denied: "AccessDenied",
    throttled: "Throttling",
    operations: &[],
};

/// What it holds.
#[derive(Clone, Debug, Default)]
pub struct State {}

/// What exists.
pub fn items(_holder: &Account) -> Vec<Item> {
    Vec::new()
}

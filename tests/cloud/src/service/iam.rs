//! IAM: roles, their policies, instance profiles.

use super::{Item, Service};
use crate::world::Account;

/// The service's table.
pub static SERVICE: Service = Service {
    model: "iam",
    signing: "iam",
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
pub fn items(_holder: &Account) -> Vec<Item> {
    Vec::new()
}

//! Route 53: hosted zones and their records.
//!
//! Strict in: change batches (all or nothing, exact values for DELETE, texts), names as Route 53 gives them back (lower
//! case, trailing dot, octal escapes), the order of listings, CNAME conflicts, the zone's own SOA and NS records.
//! Deliberately absent: routing policies and health checks, reusable delegation sets, DNSSEC, DNS itself.

mod batch;
mod name;
mod record;
mod zone;

use super::{Item, Service};
use crate::clock::Time;
use crate::world::Account;
use std::collections::BTreeMap;

pub use name::normal;
pub use record::{Alias, Data, Record};
pub use zone::Zone;

/// The service's table.
pub static SERVICE: Service = Service {
    model: "route53",
    signing: "route53",
    invalid: "InvalidInput",
    missing: "InvalidInput",
    denied: "AccessDenied",
    throttled: "Throttling",
    operations: &[zone::OPERATIONS, record::OPERATIONS, batch::OPERATIONS],
};

/// What it holds.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// Hosted zones by id, without `/hostedzone/`.
    pub zones: BTreeMap<String, Zone>,
    /// Changes by id, without `/change/`.
    pub changes: BTreeMap<String, Change>,
}

/// A change that spreads to the name servers.
#[derive(Clone, Debug)]
pub struct Change {
    /// When it was submitted.
    pub submitted: Time,
    /// When all name servers have it.
    pub in_sync: Time,
    /// The batch's comment.
    pub comment: Option<String>,
}

/// What exists.
pub fn items(holder: &Account) -> Vec<Item> {
    holder.route53.zones.values().map(Zone::item).collect()
}

/// The record of that name and type in the account's public zones: what the internet sees.
pub fn public_record<'a>(account: &'a Account, name: &str, kind: &str) -> Option<&'a Record> {
    let name = normal(name);
    let zones = account.route53.zones.values().filter(|zone| !zone.is_private());
    zones.flat_map(|zone| zone.records.values()).find(|record| record.name == name && record.kind == kind)
}

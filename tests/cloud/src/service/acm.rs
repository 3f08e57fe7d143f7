//! AWS Certificate Manager: certificates requested from Amazon, validated by DNS.
//!
//! Strict in: tokens (good for one hour), the delay until a new certificate is seen, validation by the records that are
//! really in the account's public hosted zones, who uses a certificate, the listing's default of RSA keys only.
//! Deliberately absent: imports, private certificate authorities, renewal, exports.

mod certificate;
mod list;
mod request;

use super::{Item, Service};
use crate::call::Operation;
use crate::clock::SEEDED_EPOCH;
use crate::world::{self, Account, Place, Region, World};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

pub use certificate::{Certificate, Status};

/// The service's table.
pub static SERVICE: Service = Service {
    model: "acm",
    signing: "acm",
    invalid: "ValidationException",
    missing: "ValidationException",
    denied: "AccessDeniedException",
    throttled: "ThrottlingException",
    operations: OPERATIONS,
};

const OPERATIONS: &[&[Operation]] = &[request::OPERATIONS, list::OPERATIONS];

/// How long ACM takes to see the records and to issue, in seconds ("may take up to 30 minutes"; observed order of
/// magnitude).
const ISSUING: (f64, f64) = (60.0, 300.0);

/// After this time without validation a request is over (AWS Certificate Manager User Guide, DNS validation).
const TIME_OUT: Duration = Duration::from_secs(72 * 60 * 60);

/// What it holds.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// Certificates by ARN.
    pub certificates: BTreeMap<String, Certificate>,
}

/// What goes on by itself.
///
/// ACM has no entry of its own among the world's events: these travel inside of EC2's.
#[derive(Clone, Debug)]
pub enum Event {
    /// ACM looks whether the records of a certificate are there, and issues it.
    Validate(String),
    /// The time for validation is over.
    TimeOut(String),
}

/// What exists.
pub fn items(holder: &Region) -> Vec<Item> {
    let item = |certificate: &Certificate| Item {
        kind: "acm:certificate",
        id: certificate.arn.clone(),
        arn: certificate.arn.clone(),
        tags: certificate.tags.clone(),
        state: certificate.describe(holder, world_end()),
    };
    holder.acm.certificates.values().map(item).collect()
}

/// A time at which everything is visible.
fn world_end() -> crate::clock::Time {
    crate::clock::Time(u64::MAX)
}

/// Lets an event happen.
pub fn happen(world: &mut World, place: &Place, event: Event) {
    let now = world.now;
    let account = world.account(&place.account);
    match event {
        Event::Validate(arn) => {
            let proven = account.regions.get(&place.region).is_some_and(|region| proven(account, region, &arn));
            if let Some(certificate) = pending(account.region(&place.region), &arn).filter(|_| proven) {
                certificate.status = Status::Issued;
                certificate.issued = Some(now);
            }
        }
        Event::TimeOut(arn) => {
            if let Some(certificate) = pending(account.region(&place.region), &arn) {
                certificate.status = Status::ValidationTimedOut;
            }
        }
    }
}

fn pending<'r>(region: &'r mut Region, arn: &str) -> Option<&'r mut Certificate> {
    region.acm.certificates.get_mut(arn).filter(|certificate| certificate.status == Status::PendingValidation)
}

fn proven(account: &Account, region: &Region, arn: &str) -> bool {
    region.acm.certificates.get(arn).is_some_and(|certificate| certificate.proven(account, &region.account))
}

/// Lets ACM look at its pending certificates after records of the account have changed.
pub fn records_changed(world: &mut World, account: &str) {
    let Some(holder) = world.accounts.get(account) else { return };
    let mut ready = Vec::new();
    for region in holder.regions.values() {
        let waiting = |certificate: &&Certificate| certificate.status == Status::PendingValidation;
        let arns = region.acm.certificates.values().filter(waiting).map(|certificate| certificate.arn.clone());
        ready.extend(arns.filter(|arn| proven(holder, region, arn)).map(|arn| (region.place(), arn)));
    }
    for (place, arn) in ready {
        let delay = world.random.seconds(ISSUING.0, ISSUING.1);
        later(world, delay, &place, Event::Validate(arn));
    }
}

fn later(world: &mut World, delay: Duration, place: &Place, event: Event) {
    world.after(delay, place, world::Event::Ec2(super::ec2::Event::Certificate(event)));
}

/// Status of a certificate, if there is one.
pub fn status(region: &Region, arn: &str) -> Option<Status> {
    region.acm.certificates.get(arn).map(|certificate| certificate.status)
}

/// Says that a load balancer uses a certificate.
pub fn use_by(region: &mut Region, arn: &str, user: &str) {
    if let Some(certificate) = region.acm.certificates.get_mut(arn) {
        certificate.users.insert(user.to_owned());
    }
}

/// Says that a load balancer no longer uses a certificate.
pub fn unuse(region: &mut Region, arn: &str, user: &str) {
    if let Some(certificate) = region.acm.certificates.get_mut(arn) {
        certificate.users.remove(user);
    }
}

/// For setting up a test: a certificate that was issued before the account's life began.
pub fn issue(region: &mut Region, domain: &str, sans: &[&str]) -> String {
    let salt = format!("{domain} {}", region.acm.certificates.len());
    let arn = region.arn("acm", &format!("certificate/{}", certificate::uuid_of(&region.account, &salt)));
    let mut names = vec![domain.to_owned()];
    names.extend(sans.iter().filter(|name| **name != domain).map(|name| (*name).to_owned()));
    let certificate = Certificate {
        arn: arn.clone(),
        names,
        status: Status::Issued,
        algorithm: "RSA_2048".into(),
        dns: true,
        created: SEEDED_EPOCH,
        issued: Some(SEEDED_EPOCH),
        visible_at: SEEDED_EPOCH,
        records_at: SEEDED_EPOCH,
        users: BTreeSet::new(),
        tags: BTreeMap::new(),
        token: None,
    };
    region.acm.certificates.insert(arn.clone(), certificate);
    arn
}

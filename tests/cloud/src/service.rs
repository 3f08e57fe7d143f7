//! The services: what each can do, how it words a refusal, and what it holds.
//!
//! One file per service, the same items in each: `SERVICE` (its table of operations), `State` (what it holds in one
//! region, or in one account for global services), `Event` and `happen` (what goes on by itself), `items` (what exists,
//! for the oracle and the tagging API).

pub mod acm;
pub mod ec2;
pub mod ecs;
pub mod efs;
pub mod elb;
pub mod iam;
pub mod kms;
pub mod logs;
pub mod quotas;
pub mod route53;
pub mod secrets;
pub mod sts;
pub mod tagging;

use crate::call::Operation;
use crate::tags::Tags;
use crate::world::{Account, Region};
use serde_json::Value;

/// One service's name in the models and in signatures, its general error codes, and its operations.
pub struct Service {
    /// Folder in botocore's `data`, for example `elbv2`.
    pub model: &'static str,
    /// Service in the credential scope of a signature, and prefix of its IAM actions where those are equal.
    pub signing: &'static str,
    /// Code of a request that does not fit its model.
    pub invalid: &'static str,
    /// Code of a request without a required member, where that differs from `invalid`.
    pub missing: &'static str,
    /// Code of a call that IAM denies.
    pub denied: &'static str,
    /// Code of a throttled call.
    pub throttled: &'static str,
    /// What it can do.
    pub operations: &'static [&'static [Operation]],
}

impl Service {
    /// The operation of that name, if this service has it here.
    pub fn operation(&self, name: &str) -> Option<&'static Operation> {
        self.operations.iter().flat_map(|table| table.iter()).find(|operation| operation.name == name)
    }
}

impl std::fmt::Debug for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.model)
    }
}

/// All services, in the order of their signing names.
pub static SERVICES: [&Service; 13] = [
    &acm::SERVICE,
    &ec2::SERVICE,
    &ecs::SERVICE,
    &efs::SERVICE,
    &elb::SERVICE,
    &iam::SERVICE,
    &kms::SERVICE,
    &logs::SERVICE,
    &route53::SERVICE,
    &secrets::SERVICE,
    &quotas::SERVICE,
    &sts::SERVICE,
    &tagging::SERVICE,
];

/// The service whose signatures carry that name.
pub fn by_signing_name(name: &str) -> Option<&'static Service> {
    SERVICES.into_iter().find(|service| service.signing == name)
}

/// The service whose model has that name.
pub fn by_model(name: &str) -> Option<&'static Service> {
    SERVICES.into_iter().find(|service| service.model == name)
}

/// One thing that exists, as the oracle and the tagging API see it.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// Type in the tagging API's spelling, for example `elasticfilesystem:file-system`.
    pub kind: &'static str,
    /// Id or name that its API uses, for example `fs-0123…`.
    pub id: String,
    /// ARN; empty where AWS gives it none (mount targets).
    pub arn: String,
    /// Its tags; empty where it can't have any.
    pub tags: Tags,
    /// Its settings as its Describe operation shows them, for comparing end states and looking for secrets.
    pub state: Value,
}

/// What exists in one region.
pub fn items(region: &Region) -> Vec<Item> {
    let mut items = ec2::items(region);
    items.extend(acm::items(region));
    items.extend(ecs::items(region));
    items.extend(efs::items(region));
    items.extend(elb::items(region));
    items.extend(kms::items(region));
    items.extend(logs::items(region));
    items.extend(secrets::items(region));
    items
}

/// What exists in one account outside of regions.
pub fn global_items(account: &Account) -> Vec<Item> {
    let mut items = iam::items(account);
    items.extend(route53::items(account));
    items
}

//! What one service asks of another in the same account and region: by that service's own read operations, past IAM.

use super::by_model;
use crate::call::{Answer, Call, Principal, PrincipalKind, Refusal};
use crate::world::Region;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// Why a KMS key can't be used; each service has its own code for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyFault {
    /// No such key or alias.
    Missing,
    /// The key is disabled or waits for its deletion.
    Disabled,
}

/// Asks another service by one of its operations.
pub fn ask(call: &mut Call<'_>, model: &str, operation: &str, input: Value) -> Answer {
    let known = by_model(model).and_then(|service| service.operation(operation));
    let known = known.ok_or_else(|| Refusal::new("UnknownOperation", format!("{model} {operation}")))?;
    let principal =
        Principal { account: call.principal.account.clone(), kind: PrincipalKind::Service("internal.amazonaws.com") };
    let (region, now) = (call.region.clone(), call.now);
    (known.run)(&mut Call { world: call.world, principal, region, input: Arc::new(input), now })
}

/// The ARN of a usable KMS key, named by id, ARN, alias or alias ARN.
pub fn key(call: &mut Call<'_>, named: &str) -> Result<String, KeyFault> {
    if by_model("kms").and_then(|kms| kms.operation("DescribeKey")).is_none() {
        return if named.starts_with("arn:") { Ok(named.to_owned()) } else { Err(KeyFault::Missing) };
    }
    let answer = ask(call, "kms", "DescribeKey", json!({"KeyId": named})).map_err(|_| KeyFault::Missing)?;
    let view = &answer["KeyMetadata"];
    if view["Enabled"].as_bool() == Some(false) {
        return Err(KeyFault::Disabled);
    }
    view["Arn"].as_str().map(str::to_owned).ok_or(KeyFault::Missing)
}

/// The ARN of the key that AWS manages for a service in this region, for example `aws/elasticfilesystem`.
pub fn managed_key(call: &mut Call<'_>, alias: &str) -> String {
    key(call, &format!("alias/{alias}")).unwrap_or_else(|_| made_up_key(call.regional(), alias))
}

fn made_up_key(region: &Region, alias: &str) -> String {
    let digest = hex::encode(Sha256::digest(format!("{}/{}/{alias}", region.account, region.name)));
    let part = |range: std::ops::Range<usize>| digest.get(range).unwrap_or_default();
    let id = [part(0..8), part(8..12), &format!("4{}", part(13..16)), &format!("a{}", part(17..20)), part(20..32)];
    region.arn("kms", &format!("key/{}", id.join("-")))
}

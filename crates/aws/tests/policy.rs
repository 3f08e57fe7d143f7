//! The IAM policy that is shipped is the one that the drivers declare.

use jenkinsstack_aws::permission::{Names, all, policy, policy_of};
use serde_json::Value;
use std::collections::BTreeSet;

const NAMES: Names<'static> = Names { partition: "aws", region: "*", account: "*", cluster: "CLUSTER_NAME" };

/// `UPDATE=1` rewrites the file.
#[test]
fn policy_is_current() {
    let expected = serde_json::to_string_pretty(&policy(&NAMES)).unwrap() + "\n";
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/iam/policy.json");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(file, &expected).unwrap();
    }
    let shipped = std::fs::read_to_string(file).unwrap_or_default();
    assert!(shipped == expected, "deploy/iam/policy.json is stale: run `cargo xtask codegen`");
}

/// IAM takes inline policies of at most 10,240 characters without white space ("IAM and AWS STS quotas").
#[test]
fn policy_fits_into_a_role() {
    let names = Names { cluster: &"c".repeat(63), ..NAMES };
    let size = policy(&names).to_string().len();
    assert!(size <= 10_240, "{size} characters");
}

/// What a policy allows: action, resource and condition; one of the create operations, where there are several.
fn allowed(policy: &Value) -> BTreeSet<(String, String, String)> {
    let texts = |value: &Value| -> Vec<String> {
        value.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
    };
    let mut allowed = BTreeSet::new();
    for statement in policy["Statement"].as_array().unwrap() {
        for action in texts(&statement["Action"]) {
            for resource in texts(&statement["Resource"]) {
                let conditions = conditions(&statement["Condition"], &action).into_iter();
                allowed.extend(conditions.map(|condition| (action.clone(), resource.clone(), condition)));
            }
        }
    }
    allowed
}

fn conditions(condition: &Value, action: &str) -> Vec<String> {
    let key = format!("{}:CreateAction", action.split(':').next().unwrap());
    match condition["StringEquals"][&key].as_array() {
        None => vec![condition.to_string()],
        Some(operations) => {
            let of = |operation: &Value| {
                let mut condition = condition.clone();
                condition["StringEquals"][&key] = operation.clone();
                condition.to_string()
            };
            operations.iter().map(of).collect()
        }
    }
}

/// Whether tags that come with a create call can go to the resource: it must be what the call makes.
fn is_made(condition: &str, resource: &str) -> bool {
    let makes = [
        ("CreateListener\"", ":listener/"),
        ("CreateLoadBalancer\"", ":loadbalancer/"),
        ("CreateRule\"", ":listener-rule/"),
        ("CreateTargetGroup\"", ":targetgroup/"),
        ("CreateSecurityGroup\"", ":security-group/"),
    ];
    makes.iter().all(|(operation, made)| !condition.contains(operation) || resource.contains(made))
}

/// What each action can be about, of all types of which the policy names resources (Service Authorization Reference).
fn is_about(action: &str, resource: &str) -> bool {
    let types: &[&str] = match action {
        "ec2:CreateSecurityGroup" => &["security-group", "vpc"],
        "ec2:DeleteSecurityGroup" => &["security-group"],
        "elasticloadbalancing:AddTags" => &["loadbalancer", "targetgroup", "listener", "listener-rule"],
        "elasticloadbalancing:CreateRule"
        | "elasticloadbalancing:DeleteListener"
        | "elasticloadbalancing:ModifyListener" => &["listener"],
        "elasticloadbalancing:DeleteRule"
        | "elasticloadbalancing:ModifyRule"
        | "elasticloadbalancing:SetRulePriorities" => &["listener-rule"],
        "ecs:TagResource" => &["cluster", "service", "task-definition"],
        "ecs:DeleteTaskDefinitions" | "ecs:RegisterTaskDefinition" => &["task-definition"],
        _ => match action.split_once(':').unwrap() {
            // Tags and rules: of groups and of rules alike.
            ("ec2", _) => &["security-group", "security-group-rule"],
            ("elasticloadbalancing", name) if name.contains("TargetGroup") => &["targetgroup"],
            ("elasticloadbalancing", _) => &["loadbalancer"],
            ("ecs", name) if name.contains("Cluster") => &["cluster"],
            ("ecs", _) => &["service"],
            ("iam", _) => &["role"],
            ("logs", _) => &["log-group"],
            ("route53", _) => &["hostedzone"],
            ("secretsmanager", _) => &["secret"],
            other => panic!("say what {other:?} is about"),
        },
    };
    let parts: Vec<&str> = resource.splitn(6, ':').collect();
    parts[2] == action.split(':').next().unwrap() && types.contains(&parts[5].split(['/', ':']).next().unwrap())
}

#[test]
fn permits_that_share_a_statement_allow_no_more_than_apart() {
    let can_be = |(action, resource, condition): &(String, String, String)| {
        resource == "*" || is_about(action, resource) && is_made(condition, resource)
    };
    let together: BTreeSet<_> = allowed(&policy(&NAMES)).into_iter().filter(can_be).collect();
    let apart: BTreeSet<_> =
        all().into_iter().flat_map(|permission| allowed(&policy_of(&[permission].into(), &NAMES))).collect();
    let more: Vec<_> = together.difference(&apart).collect();
    let less: Vec<_> = apart.difference(&together).collect();
    assert!(more.is_empty() && less.is_empty(), "more: {more:#?}\nless: {less:#?}");
    let sids: Vec<String> =
        policy(&NAMES)["Statement"].as_array().unwrap().iter().map(|s| s["Sid"].to_string()).collect();
    assert_eq!(sids.iter().collect::<BTreeSet<_>>().len(), sids.len(), "{sids:?}");
}

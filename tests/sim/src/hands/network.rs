//! Security groups and their rules.

use super::{Desk, Hand, hand, tag};
use serde_json::{Value, json};

const GROUP: &str = "controller-security-group";
const RULE: &str = "load-balancer-security-group/443-from-0.0.0.0/0";

pub(super) fn hands() -> Vec<Hand> {
    vec![
        hand("security_group", "strayRules", |at| {
            let open =
                json!([{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]);
            at.call("ec2", "AuthorizeSecurityGroupIngress", json!({"GroupId": at.id(GROUP)?, "IpPermissions": open}))?;
            at.call("ec2", "AuthorizeSecurityGroupEgress", json!({"GroupId": at.id(GROUP)?, "IpPermissions": open}))
        }),
        hand("security_group", "tags", |at| {
            at.call("ec2", "CreateTags", json!({"Resources": [at.id(GROUP)?], "Tags": tag("team", "theirs")}))
        }),
        hand("security_group_rule", "ports", |at| modify(at, json!({"FromPort": 444, "ToPort": 444}))),
        hand("security_group_rule", "peer", |at| modify(at, json!({"CidrIpv4": "198.51.100.0/24"}))),
        hand("security_group_rule", "description", |at| modify(at, json!({"Description": "theirs"}))),
        hand("security_group_rule", "tags", |at| {
            at.call("ec2", "DeleteTags", json!({"Resources": [at.id(RULE)?], "Tags": [{"Key": "team"}]}))
        }),
        hand("security_group_rule", "gone", |at| {
            let input = json!({"GroupId": group_of(at)?, "SecurityGroupRuleIds": [at.id(RULE)?]});
            at.call("ec2", "RevokeSecurityGroupIngress", input)
        })
        .anew(&[RULE]),
    ]
}

fn group_of(at: &Desk<'_>) -> anyhow::Result<Value> {
    Ok(at.node(RULE)?.state["GroupId"].clone())
}

/// A rule as it is but for `change`.
fn modify(at: &Desk<'_>, change: Value) -> anyhow::Result<Value> {
    let mut rule = json!({
        "IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIpv4": "0.0.0.0/0",
        "Description": at.node(RULE)?.state["Description"],
    });
    if let (Some(rule), Some(change)) = (rule.as_object_mut(), change.as_object()) {
        rule.extend(change.clone());
    }
    let changed = json!([{"SecurityGroupRuleId": at.id(RULE)?, "SecurityGroupRule": rule}]);
    at.call("ec2", "ModifySecurityGroupRules", json!({"GroupId": group_of(at)?, "SecurityGroupRules": changed}))
}

//! Rules of security groups: revoking, changing in place, descriptions.

use super::common::{ingress, lone_group, rules, tcp};
use crate::lab::Lab;
use crate::rule;
use serde_json::{Value, json};

fn one(lab: &Lab, group: &str, permission: Value) -> Value {
    ingress(lab, group, json!([permission]))["SecurityGroupRules"][0].clone()
}

#[tokio::test(start_paused = true)]
async fn revoking_by_values_needs_a_match() {
    rule!(
        "EC2",
        "Revoking by values that match no rule is refused in a non-default VPC, and nothing is revoked",
        "Amazon EC2 API Reference, RevokeSecurityGroupIngress"
    );
    let lab = Lab::new();
    let id = lone_group(&lab).await;
    ingress(&lab, &id, json!([tcp(443, "10.0.0.0/8")]));
    let both = json!({"GroupId": id, "IpPermissions": [tcp(443, "10.0.0.0/8"), tcp(444, "10.0.0.0/8")]});
    lab.refused("ec2", "RevokeSecurityGroupIngress", both, "InvalidPermission.NotFound");
    assert_eq!(rules(&lab, &id, false).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn revoking_shows_what_is_gone() {
    rule!(
        "EC2",
        "Revoking by id or by values answers with the rules that are gone",
        "RevokeSecurityGroupIngressResult$RevokedSecurityGroupRules"
    );
    let lab = Lab::new();
    let id = lone_group(&lab).await;
    let made = one(&lab, &id, tcp(443, "10.0.0.0/8"));
    let input = json!({"GroupId": id, "SecurityGroupRuleIds": [made["SecurityGroupRuleId"]]});
    let gone = lab.ok("ec2", "RevokeSecurityGroupIngress", input.clone());
    assert_eq!(gone["RevokedSecurityGroupRules"][0]["CidrIpv4"], "10.0.0.0/8");
    lab.refused("ec2", "RevokeSecurityGroupIngress", input, "InvalidSecurityGroupRuleId.NotFound");
    let all = json!({"GroupId": id, "IpPermissions": [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]});
    lab.ok("ec2", "RevokeSecurityGroupEgress", all);
    assert!(rules(&lab, &id, true).is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_rule_is_revoked_in_its_own_direction_and_group() {
    rule!(
        "EC2",
        "A rule id of another group or of the other direction is not found",
        "Error codes for the Amazon EC2 API, InvalidSecurityGroupRuleId.NotFound"
    );
    let lab = Lab::new();
    let (id, other) = (lone_group(&lab).await, lone_group(&lab).await);
    let made = one(&lab, &id, tcp(443, "10.0.0.0/8"))["SecurityGroupRuleId"].clone();
    let elsewhere = json!({"GroupId": other, "SecurityGroupRuleIds": [made]});
    lab.refused("ec2", "RevokeSecurityGroupIngress", elsewhere, "InvalidSecurityGroupRuleId.NotFound");
    let outward = json!({"GroupId": id, "SecurityGroupRuleIds": [made]});
    lab.refused("ec2", "RevokeSecurityGroupEgress", outward, "InvalidSecurityGroupRuleId.NotFound");
    let malformed = json!({"GroupId": id, "SecurityGroupRuleIds": ["sg-1"]});
    lab.refused("ec2", "RevokeSecurityGroupIngress", malformed, "InvalidSecurityGroupRuleId.Malformed");
}

#[tokio::test(start_paused = true)]
async fn ids_and_values_exclude_each_other() {
    rule!(
        "EC2",
        "Rule ids and IpPermissions exclude each other",
        "Error codes for the Amazon EC2 API, InvalidParameterCombination"
    );
    let lab = Lab::new();
    let id = lone_group(&lab).await;
    let made = one(&lab, &id, tcp(443, "10.0.0.0/8"))["SecurityGroupRuleId"].clone();
    let both = json!({"GroupId": id, "SecurityGroupRuleIds": [made], "IpPermissions": [tcp(443, "10.0.0.0/8")]});
    lab.refused("ec2", "RevokeSecurityGroupIngress", both, "InvalidParameterCombination");
}

#[tokio::test(start_paused = true)]
async fn a_rule_is_changed_in_place() {
    rule!(
        "EC2",
        "ModifySecurityGroupRules replaces a rule's content and keeps its id and tags",
        "Amazon EC2 API Reference, ModifySecurityGroupRules"
    );
    let lab = Lab::new();
    let id = lone_group(&lab).await;
    let tags = json!([{"ResourceType": "security-group-rule", "Tags": [{"Key": "team", "Value": "ci"}]}]);
    let input = json!({"GroupId": id, "IpPermissions": [tcp(443, "10.0.0.0/8")], "TagSpecifications": tags});
    let rule =
        lab.ok("ec2", "AuthorizeSecurityGroupIngress", input)["SecurityGroupRules"][0]["SecurityGroupRuleId"].clone();
    let request = json!({"IpProtocol": "tcp", "FromPort": 8443, "ToPort": 8443, "CidrIpv4": "10.1.2.3/16"});
    let update = json!([{"SecurityGroupRuleId": rule, "SecurityGroupRule": request}]);
    lab.ok("ec2", "ModifySecurityGroupRules", json!({"GroupId": id, "SecurityGroupRules": update}));
    let shown = &rules(&lab, &id, false)[0];
    assert_eq!((&shown["SecurityGroupRuleId"], &shown["FromPort"]), (&rule, &json!(8443)));
    assert_eq!(shown["CidrIpv4"], "10.1.0.0/16");
    assert_eq!(shown["Tags"][0]["Value"], "ci");
}

#[tokio::test(start_paused = true)]
async fn a_change_does_not_make_duplicates() {
    rule!(
        "EC2",
        "A rule can't be changed into one that exists, nor without exactly one peer",
        "Error codes for the Amazon EC2 API, InvalidPermission.Duplicate, InvalidParameterCombination"
    );
    let lab = Lab::new();
    let id = lone_group(&lab).await;
    let rule = one(&lab, &id, tcp(443, "10.0.0.0/8"))["SecurityGroupRuleId"].clone();
    ingress(&lab, &id, json!([tcp(8080, "10.0.0.0/8")]));
    let mut request = json!({"IpProtocol": "tcp", "FromPort": 8080, "ToPort": 8080, "CidrIpv4": "10.0.0.0/8"});
    let update = |request: &Value| json!([{"SecurityGroupRuleId": rule, "SecurityGroupRule": request}]);
    let input = |request: &Value| json!({"GroupId": id, "SecurityGroupRules": update(request)});
    lab.refused("ec2", "ModifySecurityGroupRules", input(&request), "InvalidPermission.Duplicate");
    request["CidrIpv6"] = "::/0".into();
    lab.refused("ec2", "ModifySecurityGroupRules", input(&request), "InvalidParameterCombination");
}

#[tokio::test(start_paused = true)]
async fn only_own_rules_are_changed() {
    rule!(
        "EC2",
        "A rule id of another group can't be changed through this one",
        "Error codes for the Amazon EC2 API, InvalidSecurityGroupRuleId.NotFound"
    );
    let lab = Lab::new();
    let (id, other) = (lone_group(&lab).await, lone_group(&lab).await);
    let rule = one(&lab, &other, tcp(443, "10.0.0.0/8"))["SecurityGroupRuleId"].clone();
    let request = json!({"IpProtocol": "-1", "CidrIpv4": "10.0.0.0/8"});
    let input =
        json!({"GroupId": id, "SecurityGroupRules": [{"SecurityGroupRuleId": rule, "SecurityGroupRule": request}]});
    lab.refused("ec2", "ModifySecurityGroupRules", input, "InvalidSecurityGroupRuleId.NotFound");
}

#[tokio::test(start_paused = true)]
async fn descriptions_change_without_the_rule() {
    rule!(
        "EC2",
        "Descriptions change by values or by rule id, and can be removed",
        "Amazon EC2 API Reference, UpdateSecurityGroupRuleDescriptionsIngress"
    );
    let lab = Lab::new();
    let id = lone_group(&lab).await;
    let rule = one(&lab, &id, tcp(443, "10.0.0.0/8"))["SecurityGroupRuleId"].clone();
    let mut permission = tcp(443, "10.0.0.0/8");
    permission["IpRanges"][0]["Description"] = "office".into();
    let by_values = json!({"GroupId": id, "IpPermissions": [permission]});
    lab.ok("ec2", "UpdateSecurityGroupRuleDescriptionsIngress", by_values);
    assert_eq!(rules(&lab, &id, false)[0]["Description"], "office");
    let by_id = json!({"GroupId": id, "SecurityGroupRuleDescriptions": [{"SecurityGroupRuleId": rule}]});
    lab.ok("ec2", "UpdateSecurityGroupRuleDescriptionsIngress", by_id);
    assert!(rules(&lab, &id, false)[0]["Description"].is_null());
    let absent = json!({"GroupId": id, "IpPermissions": [tcp(444, "10.0.0.0/8")]});
    lab.refused("ec2", "UpdateSecurityGroupRuleDescriptionsIngress", absent, "InvalidPermission.NotFound");
    lab.refused("ec2", "UpdateSecurityGroupRuleDescriptionsEgress", json!({"GroupId": id}), "MissingParameter");
}

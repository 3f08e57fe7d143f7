//! Set-up that the rules of EC2 share.

use crate::lab::Lab;
use serde_json::{Value, json};

/// A well-formed id of nothing.
pub(crate) fn nothing(prefix: &str) -> String {
    format!("{prefix}-0123456789abcdef0")
}

/// Text of a member that must be there.
#[track_caller]
pub(crate) fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

/// A VPC 10.0.0.0/16.
#[track_caller]
pub(crate) fn vpc(lab: &Lab) -> String {
    text(&lab.ok("ec2", "CreateVpc", json!({"CidrBlock": "10.0.0.0/16"}))["Vpc"]["VpcId"])
}

/// A subnet.
#[track_caller]
pub(crate) fn subnet(lab: &Lab, vpc: &str, cidr: &str) -> String {
    text(&lab.ok("ec2", "CreateSubnet", json!({"VpcId": vpc, "CidrBlock": cidr}))["Subnet"]["SubnetId"])
}

/// A security group that every read sees.
pub(crate) async fn group(lab: &Lab, vpc: &str, name: &str) -> String {
    let made = lab.ok("ec2", "CreateSecurityGroup", json!({"VpcId": vpc, "GroupName": name, "Description": name}));
    lab.wait(3).await;
    text(&made["GroupId"])
}

/// A group in a VPC of its own.
pub(crate) async fn lone_group(lab: &Lab) -> String {
    let vpc = vpc(lab);
    group(lab, &vpc, "jenkins").await
}

/// One permission for TCP from addresses.
pub(crate) fn tcp(port: u16, cidr: &str) -> Value {
    json!({"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": [{"CidrIp": cidr}]})
}

/// One permission for TCP from, or to, a group.
pub(crate) fn tcp_group(port: u16, group: &str) -> Value {
    json!({"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "UserIdGroupPairs": [{"GroupId": group}]})
}

/// Adds inbound rules.
#[track_caller]
pub(crate) fn ingress(lab: &Lab, group: &str, permissions: Value) -> Value {
    lab.ok("ec2", "AuthorizeSecurityGroupIngress", json!({"GroupId": group, "IpPermissions": permissions}))
}

/// The group as it is described.
#[track_caller]
pub(crate) fn described(lab: &Lab, group: &str) -> Value {
    lab.ok("ec2", "DescribeSecurityGroups", json!({"GroupIds": [group]}))["SecurityGroups"][0].clone()
}

/// The rules of a group in one direction.
#[track_caller]
pub(crate) fn rules(lab: &Lab, group: &str, egress: bool) -> Vec<Value> {
    let input = json!({"Filters": [{"Name": "group-id", "Values": [group]}]});
    let all = lab.ok("ec2", "DescribeSecurityGroupRules", input)["SecurityGroupRules"].as_array().cloned();
    all.expect("a list").into_iter().filter(|rule| rule["IsEgress"] == egress).collect()
}

//! Security groups: names, defaults, late visibility, deletion.

use super::common::{described, group, ingress, lone_group, nothing, rules, subnet, tcp, tcp_group, text, vpc};
use crate::lab::Lab;
use crate::rule;
use serde_json::json;

#[tokio::test(start_paused = true)]
async fn a_new_group_lets_everything_out_and_nothing_in() {
    rule!(
        "EC2",
        "A new security group has one rule: everything out to 0.0.0.0/0",
        "Amazon VPC User Guide, Security group rules"
    );
    let lab = Lab::new();
    let group = lone_group(&lab).await;
    let shown = described(&lab, &group);
    assert_eq!(shown["IpPermissions"], json!([]));
    let egress = &shown["IpPermissionsEgress"];
    assert_eq!(egress.as_array().map(Vec::len), Some(1));
    assert_eq!(egress[0]["IpProtocol"], "-1");
    assert_eq!(egress[0]["IpRanges"][0]["CidrIp"], "0.0.0.0/0");
    assert!(egress[0]["FromPort"].is_null());
}

#[tokio::test(start_paused = true)]
async fn a_vpc_comes_with_a_default_group() {
    rule!(
        "EC2",
        "A VPC comes with a group named default that lets its own members in and everything out",
        "Amazon VPC User Guide, Default security groups"
    );
    let lab = Lab::new();
    let vpc = vpc(&lab);
    let input = json!({"Filters": [{"Name": "vpc-id", "Values": [vpc]}]});
    let shown = lab.ok("ec2", "DescribeSecurityGroups", input)["SecurityGroups"][0].clone();
    assert_eq!(shown["GroupName"], "default");
    assert_eq!(shown["IpPermissions"][0]["UserIdGroupPairs"][0]["GroupId"], shown["GroupId"]);
    assert_eq!(shown["IpPermissionsEgress"][0]["IpRanges"][0]["CidrIp"], "0.0.0.0/0");
}

#[tokio::test(start_paused = true)]
async fn the_default_group_cannot_be_deleted() {
    rule!(
        "EC2",
        "The default security group can't be deleted by a user",
        "Error codes for the Amazon EC2 API, CannotDelete"
    );
    let lab = Lab::new();
    vpc(&lab);
    let shown = lab.ok("ec2", "DescribeSecurityGroups", json!({}))["SecurityGroups"][0].clone();
    lab.refused("ec2", "DeleteSecurityGroup", json!({"GroupId": shown["GroupId"]}), "CannotDelete");
}

#[tokio::test(start_paused = true)]
async fn a_name_is_unique_in_its_vpc_whatever_its_case() {
    rule!(
        "EC2",
        "A group's name is unique in its VPC without regard to case, and free in another VPC",
        "CreateSecurityGroupRequest$GroupName; Error codes for the Amazon EC2 API, InvalidGroup.Duplicate"
    );
    let lab = Lab::new();
    let (one, other) = (vpc(&lab), vpc(&lab));
    group(&lab, &one, "jenkins-alb").await;
    let again = json!({"VpcId": one, "GroupName": "Jenkins-ALB", "Description": "again"});
    lab.refused("ec2", "CreateSecurityGroup", again, "InvalidGroup.Duplicate");
    group(&lab, &other, "jenkins-alb").await;
}

#[tokio::test(start_paused = true)]
async fn a_name_does_not_begin_like_an_id() {
    rule!("EC2", "A group's name can't begin with sg-", "CreateSecurityGroupRequest$GroupName");
    let lab = Lab::new();
    let input = json!({"VpcId": vpc(&lab), "GroupName": "sg-jenkins", "Description": "x"});
    lab.refused("ec2", "CreateSecurityGroup", input, "InvalidParameterValue");
}

#[tokio::test(start_paused = true)]
async fn the_name_default_is_reserved() {
    rule!("EC2", "The name default is reserved", "Error codes for the Amazon EC2 API, InvalidGroup.Reserved");
    let lab = Lab::new();
    let input = json!({"VpcId": vpc(&lab), "GroupName": "default", "Description": "x"});
    lab.refused("ec2", "CreateSecurityGroup", input, "InvalidGroup.Reserved");
}

#[tokio::test(start_paused = true)]
async fn names_and_descriptions_are_plain_and_short() {
    rule!(
        "EC2",
        "Names and descriptions have up to 255 characters of a small set",
        "CreateSecurityGroupRequest$GroupName, $Description"
    );
    let lab = Lab::new();
    let vpc = vpc(&lab);
    for (name, description) in [("jenkins", "für CI"), ("jenkins?", "x"), ("a".repeat(256).as_str(), "x")] {
        let input = json!({"VpcId": vpc, "GroupName": name, "Description": description});
        lab.refused("ec2", "CreateSecurityGroup", input, "InvalidParameterValue");
    }
    let longest = json!({"VpcId": vpc, "GroupName": "a".repeat(255), "Description": "a-z .:/()#,@[]+=&;{}!$*"});
    lab.ok("ec2", "CreateSecurityGroup", longest);
}

#[tokio::test(start_paused = true)]
async fn a_group_needs_a_vpc_where_there_is_no_default_one() {
    rule!(
        "EC2",
        "Without a default VPC a group must name its VPC",
        "Error codes for the Amazon EC2 API, VPCIdNotSpecified"
    );
    let lab = Lab::new();
    let input = json!({"GroupName": "jenkins", "Description": "x"});
    lab.refused("ec2", "CreateSecurityGroup", input, "VPCIdNotSpecified");
}

#[tokio::test(start_paused = true)]
async fn a_group_in_an_unknown_vpc_is_refused() {
    rule!(
        "EC2",
        "A group can't be made in a VPC that does not exist",
        "Error codes for the Amazon EC2 API, InvalidVpcID.NotFound"
    );
    let lab = Lab::new();
    let input = json!({"VpcId": nothing("vpc"), "GroupName": "jenkins", "Description": "x"});
    lab.refused("ec2", "CreateSecurityGroup", input, "InvalidVpcID.NotFound");
}

#[tokio::test(start_paused = true)]
async fn the_create_answer_has_id_arn_and_tags() {
    rule!(
        "EC2",
        "CreateSecurityGroup answers with id, ARN and the tags given in the same call",
        "CreateSecurityGroupResult"
    );
    let lab = Lab::new();
    let tags = json!([{"ResourceType": "security-group", "Tags": [{"Key": "team", "Value": "ci"}]}]);
    let input = json!({"VpcId": vpc(&lab), "GroupName": "a", "Description": "a", "TagSpecifications": tags});
    let made = lab.ok("ec2", "CreateSecurityGroup", input);
    let id = text(&made["GroupId"]);
    assert!(id.starts_with("sg-") && id.len() == 20, "{id}");
    assert_eq!(made["SecurityGroupArn"], format!("arn:aws:ec2:eu-central-1:111122223333:security-group/{id}"));
    assert_eq!(made["Tags"], json!([{"Key": "team", "Value": "ci"}]));
}

#[tokio::test(start_paused = true)]
async fn a_new_group_can_be_seen_late() {
    rule!(
        "EC2",
        "A new security group may be unknown to reads for some seconds",
        "Amazon EC2 API Reference, Eventual consistency; Error codes for the Amazon EC2 API, InvalidGroup.NotFound"
    );
    let lab = Lab::new();
    let vpc = vpc(&lab);
    let mut late = Vec::new();
    for index in 0..20 {
        let input = json!({"VpcId": vpc, "GroupName": format!("g{index}"), "Description": "x"});
        let id = text(&lab.ok("ec2", "CreateSecurityGroup", input)["GroupId"]);
        match lab.call("ec2", "DescribeSecurityGroups", json!({"GroupIds": [id]})) {
            Ok(_) => {}
            Err(refusal) if refusal.code == "InvalidGroup.NotFound" => late.push(id),
            Err(refusal) => panic!("{refusal:?}"),
        }
    }
    assert!(!late.is_empty() && late.len() < 20, "{}", late.len());
    lab.wait(2).await;
    lab.ok("ec2", "DescribeSecurityGroups", json!({"GroupIds": late}));
}

#[tokio::test(start_paused = true)]
async fn one_unknown_id_fails_the_whole_read() {
    rule!(
        "EC2",
        "One unknown group id fails the whole read; the filter group-id just finds nothing",
        "Error codes for the Amazon EC2 API, InvalidGroup.NotFound"
    );
    let lab = Lab::new();
    let group = lone_group(&lab).await;
    let both = json!([group, nothing("sg")]);
    lab.refused("ec2", "DescribeSecurityGroups", json!({"GroupIds": both}), "InvalidGroup.NotFound");
    let filter = json!({"Filters": [{"Name": "group-id", "Values": both}]});
    let found = lab.ok("ec2", "DescribeSecurityGroups", filter);
    assert_eq!(found["SecurityGroups"].as_array().map(Vec::len), Some(1));
}

#[tokio::test(start_paused = true)]
async fn a_malformed_group_id_has_its_own_code() {
    rule!(
        "EC2",
        "A group id that is not sg- with 8 or 17 hexadecimal digits is malformed",
        "Error codes for the Amazon EC2 API, InvalidGroupId.Malformed"
    );
    let lab = Lab::new();
    for id in ["jenkins", "sg-xyz", "vpc-0123456789abcdef0"] {
        lab.refused("ec2", "DescribeSecurityGroups", json!({"GroupIds": [id]}), "InvalidGroupId.Malformed");
        lab.refused("ec2", "DeleteSecurityGroup", json!({"GroupId": id}), "InvalidGroupId.Malformed");
    }
}

#[tokio::test(start_paused = true)]
async fn a_deleted_group_is_unknown() {
    rule!(
        "EC2",
        "Deleting a group again is refused: it is not found",
        "Error codes for the Amazon EC2 API, InvalidGroup.NotFound"
    );
    let lab = Lab::new();
    let group = lone_group(&lab).await;
    assert_eq!(lab.ok("ec2", "DeleteSecurityGroup", json!({"GroupId": group}))["GroupId"], group);
    lab.refused("ec2", "DeleteSecurityGroup", json!({"GroupId": group}), "InvalidGroup.NotFound");
}

#[tokio::test(start_paused = true)]
async fn a_group_goes_with_its_rules() {
    rule!(
        "EC2",
        "The rules of a deleted group are gone, and a self-reference does not keep it",
        "Amazon EC2 API Reference, DeleteSecurityGroup"
    );
    let lab = Lab::new();
    let group = lone_group(&lab).await;
    ingress(&lab, &group, json!([tcp_group(50000, &group)]));
    lab.ok("ec2", "DeleteSecurityGroup", json!({"GroupId": group}));
    assert!(rules(&lab, &group, false).is_empty() && rules(&lab, &group, true).is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_group_that_others_refer_to_stays() {
    rule!(
        "EC2",
        "A group that another group's rule refers to can't be deleted until that rule is revoked",
        "Amazon EC2 API Reference, DeleteSecurityGroup, DependencyViolation"
    );
    let lab = Lab::new();
    let vpc = vpc(&lab);
    let (alb, controller) = (group(&lab, &vpc, "alb").await, group(&lab, &vpc, "controller").await);
    ingress(&lab, &controller, json!([tcp_group(8080, &alb)]));
    lab.refused("ec2", "DeleteSecurityGroup", json!({"GroupId": alb}), "DependencyViolation");
    let revoke = json!({"GroupId": controller, "IpPermissions": [tcp_group(8080, &alb)]});
    lab.ok("ec2", "RevokeSecurityGroupIngress", revoke);
    lab.ok("ec2", "DeleteSecurityGroup", json!({"GroupId": alb}));
}

#[tokio::test(start_paused = true)]
async fn a_group_of_an_interface_stays() {
    rule!(
        "EC2",
        "A group that a network interface has can't be deleted",
        "Amazon EC2 API Reference, DeleteSecurityGroup, DependencyViolation"
    );
    let lab = Lab::new();
    let vpc = vpc(&lab);
    let (subnet, group) = (subnet(&lab, &vpc, "10.0.0.0/24"), group(&lab, &vpc, "a").await);
    let made = lab.ok("ec2", "CreateNetworkInterface", json!({"SubnetId": subnet, "Groups": [group]}));
    lab.refused("ec2", "DeleteSecurityGroup", json!({"GroupId": group}), "DependencyViolation");
    let interface = &made["NetworkInterface"]["NetworkInterfaceId"];
    lab.ok("ec2", "DeleteNetworkInterface", json!({"NetworkInterfaceId": interface}));
    lab.ok("ec2", "DeleteSecurityGroup", json!({"GroupId": group}));
}

#[tokio::test(start_paused = true)]
async fn a_group_is_named_by_id_or_name_not_both() {
    rule!(
        "EC2",
        "GroupId and GroupName exclude each other, and one of them is needed",
        "Error codes for the Amazon EC2 API, InvalidParameterCombination, MissingParameter"
    );
    let lab = Lab::new();
    let group = lone_group(&lab).await;
    let both = json!({"GroupId": group, "GroupName": "jenkins"});
    lab.refused("ec2", "DeleteSecurityGroup", both, "InvalidParameterCombination");
    lab.refused("ec2", "DeleteSecurityGroup", json!({}), "MissingParameter");
    let rule = json!({"IpPermissions": [tcp(443, "0.0.0.0/0")]});
    lab.refused("ec2", "AuthorizeSecurityGroupIngress", rule, "MissingParameter");
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_changes_nothing() {
    rule!(
        "EC2",
        "A dry run answers DryRunOperation and changes nothing",
        "Error codes for the Amazon EC2 API, DryRunOperation"
    );
    let lab = Lab::new();
    let group = lone_group(&lab).await;
    let refusal =
        lab.refused("ec2", "DeleteSecurityGroup", json!({"GroupId": group, "DryRun": true}), "DryRunOperation");
    assert_eq!(refusal.status, 412);
    described(&lab, &group);
}

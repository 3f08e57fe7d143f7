//! Network interfaces, users' own and services'.

use super::common::{group, lone_group, nothing, subnet, text, vpc};
use crate::lab::Lab;
use crate::rule;
use jenkinsstack_cloud::service::ec2::{self, Interface, InterfaceFault, NewInterface};
use jenkinsstack_cloud::world::{HOME_ACCOUNT, Place};
use serde_json::{Value, json};
use std::time::Duration;

pub(super) fn place() -> Place {
    Place { account: HOME_ACCOUNT.to_owned(), region: "eu-central-1".to_owned() }
}

fn wanted(subnet: &str, groups: &[&str]) -> NewInterface {
    NewInterface {
        subnet: subnet.to_owned(),
        groups: groups.iter().map(|group| (*group).to_owned()).collect(),
        description: "ELB app/ci/0123456789abcdef".to_owned(),
        requester: "amazon-elb",
        interface_type: "interface",
        public_ip: false,
    }
}

/// As a load balancer would make it.
pub(super) fn of_service(lab: &Lab, subnet: &str, groups: &[&str]) -> Result<Interface, InterfaceFault> {
    lab.cloud.with(|world| ec2::create_interface(world, &place(), wanted(subnet, groups)))
}

fn described(lab: &Lab, id: &str) -> Value {
    lab.ok("ec2", "DescribeNetworkInterfaces", json!({"NetworkInterfaceIds": [id]}))["NetworkInterfaces"][0].clone()
}

#[tokio::test(start_paused = true)]
async fn a_services_interface_is_visible() {
    rule!(
        "EC2",
        "The interface of a load balancer is visible with its requester, description, groups and attachment",
        "Amazon EC2 User Guide, Requester-managed network interfaces"
    );
    let lab = Lab::new();
    let vpc = vpc(&lab);
    let (subnet, group) = (subnet(&lab, &vpc, "10.0.0.0/24"), group(&lab, &vpc, "alb").await);
    let made = of_service(&lab, &subnet, &[&group]).expect("an interface");
    let shown = described(&lab, &made.id);
    assert_eq!((&shown["RequesterManaged"], &shown["RequesterId"]), (&json!(true), &json!("amazon-elb")));
    assert_eq!((&shown["Status"], &shown["Groups"][0]["GroupId"]), (&json!("in-use"), &json!(group)));
    assert_eq!(shown["Attachment"]["InstanceOwnerId"], "amazon-elb");
    let filters = json!([{"Name": "group-id", "Values": [group]}, {"Name": "requester-managed", "Values": ["true"]}]);
    let found = lab.ok("ec2", "DescribeNetworkInterfaces", json!({"Filters": filters}));
    assert_eq!(found["NetworkInterfaces"][0]["NetworkInterfaceId"], made.id);
}

#[tokio::test(start_paused = true)]
async fn users_cannot_delete_a_services_interface() {
    rule!(
        "EC2",
        "Users can neither delete nor detach a service's interface",
        "Amazon EC2 User Guide, Requester-managed network interfaces; Error codes, InvalidNetworkInterface.InUse"
    );
    let lab = Lab::new();
    let subnet = subnet(&lab, &vpc(&lab), "10.0.0.0/24");
    let made = of_service(&lab, &subnet, &[]).expect("an interface");
    lab.refused("ec2", "DeleteNetworkInterface", json!({"NetworkInterfaceId": made.id}), "InvalidParameterValue");
    let attachment = described(&lab, &made.id)["Attachment"]["AttachmentId"].clone();
    let detach = json!({"AttachmentId": attachment, "Force": true});
    lab.refused("ec2", "DetachNetworkInterface", detach, "OperationNotPermitted");
    let lost = json!({"AttachmentId": nothing("eni-attach")});
    lab.refused("ec2", "DetachNetworkInterface", lost, "InvalidAttachmentID.NotFound");
}

#[tokio::test(start_paused = true)]
async fn a_released_interface_lingers() {
    rule!(
        "EC2",
        "A service's interface holds its group and subnet until some time after the service let it go",
        "Elastic Load Balancing and EFS user guides; observed behaviour (not documented)"
    );
    let lab = Lab::new();
    let vpc = vpc(&lab);
    let (subnet, group) = (subnet(&lab, &vpc, "10.0.0.0/24"), group(&lab, &vpc, "alb").await);
    let made = of_service(&lab, &subnet, &[&group]).expect("an interface");
    lab.cloud.with(|world| ec2::release_interface(world, &place(), &made.id, Duration::from_secs(120)));
    lab.wait(60).await;
    lab.refused("ec2", "DeleteSecurityGroup", json!({"GroupId": group}), "DependencyViolation");
    lab.refused("ec2", "DeleteSubnet", json!({"SubnetId": subnet}), "DependencyViolation");
    lab.wait(61).await;
    let gone = json!({"NetworkInterfaceIds": [made.id]});
    lab.refused("ec2", "DescribeNetworkInterfaces", gone, "InvalidNetworkInterfaceID.NotFound");
    lab.ok("ec2", "DeleteSecurityGroup", json!({"GroupId": group}));
    lab.ok("ec2", "DeleteSubnet", json!({"SubnetId": subnet}));
}

#[tokio::test(start_paused = true)]
async fn services_see_subnets_and_groups_as_users_do() {
    rule!(
        "EC2",
        "A service gets no interface with a group that is unknown, of another VPC or not seen yet",
        "Error codes for the Amazon EC2 API, InvalidGroup.NotFound"
    );
    let lab = Lab::new();
    let subnet = subnet(&lab, &vpc(&lab), "10.0.0.0/24");
    let foreign = lone_group(&lab).await;
    for group in [nothing("sg"), foreign] {
        assert_eq!(of_service(&lab, &subnet, &[&group]), Err(InterfaceFault::NoGroup(group)));
    }
    late_group_is_unknown(&lab, &subnet).await;
    let unknown = nothing("subnet");
    assert_eq!(of_service(&lab, &unknown, &[]), Err(InterfaceFault::NoSubnet(unknown)));
}

/// Makes groups until one is seen late.
async fn late_group_is_unknown(lab: &Lab, subnet: &str) {
    let vpc = lab.ok("ec2", "DescribeSubnets", json!({"SubnetIds": [subnet]}))["Subnets"][0]["VpcId"].clone();
    for index in 0..20 {
        let input = json!({"VpcId": vpc, "GroupName": format!("late{index}"), "Description": "x"});
        let id = text(&lab.ok("ec2", "CreateSecurityGroup", input)["GroupId"]);
        if of_service(lab, subnet, &[&id]) == Err(InterfaceFault::NoGroup(id.clone())) {
            lab.wait(2).await;
            of_service(lab, subnet, &[&id]).expect("an interface");
            return;
        }
    }
    panic!("no group was seen late");
}

#[tokio::test(start_paused = true)]
async fn the_groups_of_an_interface_change() {
    rule!(
        "EC2",
        "A service changes the groups of its interface, and the old group is free",
        "Elastic Load Balancing API Reference, SetSecurityGroups"
    );
    let lab = Lab::new();
    let vpc = vpc(&lab);
    let subnet = subnet(&lab, &vpc, "10.0.0.0/24");
    let (old, new) = (group(&lab, &vpc, "old").await, group(&lab, &vpc, "new").await);
    let made = of_service(&lab, &subnet, &[&old]).expect("an interface");
    lab.cloud
        .with(|world| ec2::set_interface_groups(world.at(&place()), &made.id, std::slice::from_ref(&new)))
        .expect("groups");
    lab.ok("ec2", "DeleteSecurityGroup", json!({"GroupId": old}));
    lab.refused("ec2", "DeleteSecurityGroup", json!({"GroupId": new}), "DependencyViolation");
}

#[tokio::test(start_paused = true)]
async fn an_interface_has_five_groups() {
    rule!(
        "EC2",
        "An interface has at most five security groups, all of its VPC; none given is the default group",
        "Amazon VPC quotas; Error codes, SecurityGroupsPerInterfaceLimitExceeded"
    );
    let lab = Lab::new();
    let vpc = vpc(&lab);
    let subnet = subnet(&lab, &vpc, "10.0.0.0/24");
    let mut groups = Vec::new();
    for index in 0..6 {
        groups.push(group(&lab, &vpc, &format!("g{index}")).await);
    }
    let input = json!({"SubnetId": subnet, "Groups": groups});
    lab.refused("ec2", "CreateNetworkInterface", input, "SecurityGroupsPerInterfaceLimitExceeded");
    lab.ok("ec2", "CreateNetworkInterface", json!({"SubnetId": subnet, "Groups": groups[..5]}));
    let foreign = lone_group(&lab).await;
    let input = json!({"SubnetId": subnet, "Groups": [foreign]});
    lab.refused("ec2", "CreateNetworkInterface", input, "InvalidGroup.NotFound");
    let plain = lab.ok("ec2", "CreateNetworkInterface", json!({"SubnetId": subnet}));
    assert_eq!(plain["NetworkInterface"]["Groups"][0]["GroupName"], "default");
}

#[tokio::test(start_paused = true)]
async fn an_address_can_be_asked_for() {
    rule!(
        "EC2",
        "An interface can ask for an address of its subnet that is neither kept nor taken",
        "CreateNetworkInterfaceRequest$PrivateIpAddress; Error codes, InvalidIPAddress.InUse"
    );
    let lab = Lab::new();
    let subnet = subnet(&lab, &vpc(&lab), "10.0.0.0/24");
    let ask = |address: &str| json!({"SubnetId": subnet, "PrivateIpAddress": address});
    let made = lab.ok("ec2", "CreateNetworkInterface", ask("10.0.0.4"));
    assert_eq!(text(&made["NetworkInterface"]["PrivateIpAddress"]), "10.0.0.4");
    lab.refused("ec2", "CreateNetworkInterface", ask("10.0.0.4"), "InvalidIPAddress.InUse");
    for address in ["10.0.0.3", "10.0.0.255", "10.0.1.4"] {
        lab.refused("ec2", "CreateNetworkInterface", ask(address), "InvalidParameterValue");
    }
}

#[tokio::test(start_paused = true)]
async fn a_users_interface_is_deleted_once() {
    rule!(
        "EC2",
        "A user's interface is deleted once; unknown and malformed ids have their own codes",
        "Error codes for the Amazon EC2 API, InvalidNetworkInterfaceID.NotFound, InvalidNetworkInterfaceId.Malformed"
    );
    let lab = Lab::new();
    let subnet = subnet(&lab, &vpc(&lab), "10.0.0.0/24");
    let made = lab.ok("ec2", "CreateNetworkInterface", json!({"SubnetId": subnet}))["NetworkInterface"].clone();
    let input = json!({"NetworkInterfaceId": made["NetworkInterfaceId"]});
    lab.ok("ec2", "DeleteNetworkInterface", input.clone());
    lab.refused("ec2", "DeleteNetworkInterface", input, "InvalidNetworkInterfaceID.NotFound");
    let malformed = json!({"NetworkInterfaceId": "eni-1"});
    lab.refused("ec2", "DeleteNetworkInterface", malformed, "InvalidNetworkInterfaceId.Malformed");
}

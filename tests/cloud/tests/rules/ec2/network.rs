//! VPCs, subnets, gateways, routes, zones.

use super::common::{group, nothing, subnet, text, vpc};
use crate::lab::Lab;
use crate::rule;
use serde_json::{Value, json};

fn subnet_input(vpc: &str, cidr: &str) -> Value {
    json!({"VpcId": vpc, "CidrBlock": cidr})
}

#[tokio::test(start_paused = true)]
async fn a_vpc_has_a_size() {
    rule!(
        "EC2",
        "A VPC is between /16 and /28, and its block comes back in canonical form",
        "Error codes for the Amazon EC2 API, InvalidVpcRange; Amazon EC2 API Reference, CreateVpc"
    );
    let lab = Lab::new();
    for cidr in ["10.0.0.0/15", "10.0.0.0/29"] {
        lab.refused("ec2", "CreateVpc", json!({"CidrBlock": cidr}), "InvalidVpcRange");
    }
    lab.refused("ec2", "CreateVpc", json!({"CidrBlock": "ten"}), "InvalidParameterValue");
    let made = lab.ok("ec2", "CreateVpc", json!({"CidrBlock": "100.68.0.18/18"}));
    assert_eq!(made["Vpc"]["CidrBlock"], "100.68.0.0/18");
}

#[tokio::test(start_paused = true)]
async fn a_region_has_five_vpcs() {
    rule!("EC2", "A region has at most five VPCs", "Amazon VPC quotas; Error codes, VpcLimitExceeded");
    let lab = Lab::new();
    for _ in 0..5 {
        vpc(&lab);
    }
    lab.refused("ec2", "CreateVpc", json!({"CidrBlock": "10.0.0.0/16"}), "VpcLimitExceeded");
}

#[tokio::test(start_paused = true)]
async fn a_new_vpc_has_dns_but_no_hostnames() {
    rule!(
        "EC2",
        "A new VPC has DNS support and no DNS hostnames; one attribute changes a call",
        "Amazon VPC User Guide, DNS attributes; Amazon EC2 API Reference, ModifyVpcAttribute"
    );
    let lab = Lab::new();
    let vpc = vpc(&lab);
    let read = |attribute: &str| lab.ok("ec2", "DescribeVpcAttribute", json!({"VpcId": vpc, "Attribute": attribute}));
    assert_eq!(read("enableDnsSupport")["EnableDnsSupport"]["Value"], true);
    assert_eq!(read("enableDnsHostnames")["EnableDnsHostnames"]["Value"], false);
    let both = json!({"VpcId": vpc, "EnableDnsSupport": {"Value": true}, "EnableDnsHostnames": {"Value": true}});
    lab.refused("ec2", "ModifyVpcAttribute", both, "InvalidParameterCombination");
    lab.ok("ec2", "ModifyVpcAttribute", json!({"VpcId": vpc, "EnableDnsHostnames": {"Value": true}}));
    assert_eq!(read("enableDnsHostnames")["EnableDnsHostnames"]["Value"], true);
}

#[tokio::test(start_paused = true)]
async fn a_vpc_goes_last() {
    rule!(
        "EC2",
        "A VPC can't be deleted while a subnet, an own security group or an attached gateway is left in it",
        "Amazon EC2 API Reference, DeleteVpc; Error codes, DependencyViolation"
    );
    let lab = Lab::new();
    let vpc = vpc(&lab);
    let blocked = |lab: &Lab| {
        lab.refused("ec2", "DeleteVpc", json!({"VpcId": vpc}), "DependencyViolation");
    };
    let subnet = subnet(&lab, &vpc, "10.0.0.0/24");
    blocked(&lab);
    lab.ok("ec2", "DeleteSubnet", json!({"SubnetId": subnet}));
    let group = group(&lab, &vpc, "a").await;
    blocked(&lab);
    lab.ok("ec2", "DeleteSecurityGroup", json!({"GroupId": group}));
    let gateway = internet_gateway(&lab, &vpc);
    blocked(&lab);
    lab.ok("ec2", "DetachInternetGateway", json!({"InternetGatewayId": gateway, "VpcId": vpc}));
    lab.ok("ec2", "DeleteVpc", json!({"VpcId": vpc}));
    lab.refused("ec2", "DeleteVpc", json!({"VpcId": vpc}), "InvalidVpcID.NotFound");
    assert_eq!(lab.ok("ec2", "DescribeSecurityGroups", json!({}))["SecurityGroups"], json!([]));
}

fn internet_gateway(lab: &Lab, vpc: &str) -> String {
    let id = text(&lab.ok("ec2", "CreateInternetGateway", json!({}))["InternetGateway"]["InternetGatewayId"]);
    lab.ok("ec2", "AttachInternetGateway", json!({"InternetGatewayId": id, "VpcId": vpc}));
    id
}

#[tokio::test(start_paused = true)]
async fn a_subnet_lies_in_its_vpc() {
    rule!(
        "EC2",
        "A subnet lies inside of its VPC and is /28 at least",
        "Error codes for the Amazon EC2 API, InvalidSubnet.Range"
    );
    let lab = Lab::new();
    let vpc = vpc(&lab);
    for cidr in ["10.1.0.0/24", "10.0.0.0/29", "10.0.0.0/15"] {
        lab.refused("ec2", "CreateSubnet", subnet_input(&vpc, cidr), "InvalidSubnet.Range");
    }
}

#[tokio::test(start_paused = true)]
async fn subnets_do_not_overlap() {
    rule!("EC2", "Subnets of one VPC do not overlap", "Error codes for the Amazon EC2 API, InvalidSubnet.Conflict");
    let lab = Lab::new();
    let (one, other) = (vpc(&lab), vpc(&lab));
    subnet(&lab, &one, "10.0.0.0/24");
    lab.refused("ec2", "CreateSubnet", subnet_input(&one, "10.0.0.128/25"), "InvalidSubnet.Conflict");
    subnet(&lab, &other, "10.0.0.0/24");
}

#[tokio::test(start_paused = true)]
async fn a_subnet_is_in_a_known_zone() {
    rule!(
        "EC2",
        "A subnet's zone must be one of its region",
        "Amazon EC2 API Reference, CreateSubnet; code observed (not documented)"
    );
    let lab = Lab::new();
    let mut input = subnet_input(&vpc(&lab), "10.0.0.0/24");
    input["AvailabilityZone"] = "eu-central-1z".into();
    lab.refused("ec2", "CreateSubnet", input, "InvalidParameterValue");
}

#[tokio::test(start_paused = true)]
async fn five_addresses_of_a_subnet_are_kept() {
    rule!(
        "EC2",
        "AWS keeps five addresses of each subnet; each interface takes one of the rest",
        "Amazon VPC User Guide, Subnet CIDR blocks"
    );
    let lab = Lab::new();
    let id = subnet(&lab, &vpc(&lab), "10.0.0.0/28");
    let free = || {
        lab.ok("ec2", "DescribeSubnets", json!({"SubnetIds": [id]}))["Subnets"][0]["AvailableIpAddressCount"].clone()
    };
    assert_eq!(free(), 11);
    lab.ok("ec2", "CreateNetworkInterface", json!({"SubnetId": id}));
    assert_eq!(free(), 10);
}

#[tokio::test(start_paused = true)]
async fn a_full_subnet_refuses() {
    rule!(
        "EC2",
        "A subnet without free addresses refuses another interface",
        "Error codes for the Amazon EC2 API, InsufficientFreeAddressesInSubnet"
    );
    let lab = Lab::new();
    let id = subnet(&lab, &vpc(&lab), "10.0.0.0/28");
    let mut addresses = std::collections::BTreeSet::new();
    for _ in 0..11 {
        let made = lab.ok("ec2", "CreateNetworkInterface", json!({"SubnetId": id}));
        addresses.insert(text(&made["NetworkInterface"]["PrivateIpAddress"]));
    }
    assert_eq!(addresses.len(), 11);
    lab.refused("ec2", "CreateNetworkInterface", json!({"SubnetId": id}), "InsufficientFreeAddressesInSubnet");
}

#[tokio::test(start_paused = true)]
async fn a_subnet_with_interfaces_stays() {
    rule!(
        "EC2",
        "A subnet can't be deleted while an interface is in it",
        "Error codes for the Amazon EC2 API, DependencyViolation"
    );
    let lab = Lab::new();
    let id = subnet(&lab, &vpc(&lab), "10.0.0.0/24");
    lab.ok("ec2", "CreateNetworkInterface", json!({"SubnetId": id}));
    lab.refused("ec2", "DeleteSubnet", json!({"SubnetId": id}), "DependencyViolation");
}

#[tokio::test(start_paused = true)]
async fn zones_have_names_and_ids() {
    rule!(
        "EC2",
        "Zones have a name with a letter and an id of their own; an unknown zone is refused",
        "Amazon EC2 API Reference, DescribeAvailabilityZones"
    );
    let lab = Lab::new();
    let zones = lab.ok("ec2", "DescribeAvailabilityZones", json!({}))["AvailabilityZones"].clone();
    assert_eq!(zones.as_array().map(Vec::len), Some(3));
    assert_eq!((&zones[0]["ZoneName"], &zones[0]["ZoneId"]), (&json!("eu-central-1a"), &json!("euc1-az2")));
    lab.refused("ec2", "DescribeAvailabilityZones", json!({"ZoneNames": ["eu-central-1x"]}), "InvalidParameterValue");
}

#[tokio::test(start_paused = true)]
async fn a_gateway_belongs_to_one_vpc() {
    rule!(
        "EC2",
        "An internet gateway is attached to one VPC at a time, and can't be deleted while it is",
        "Error codes for the Amazon EC2 API, Resource.AlreadyAssociated, Gateway.NotAttached, DependencyViolation"
    );
    let lab = Lab::new();
    let (one, other) = (vpc(&lab), vpc(&lab));
    let gateway = internet_gateway(&lab, &one);
    let attach = json!({"InternetGatewayId": gateway, "VpcId": other});
    lab.refused("ec2", "AttachInternetGateway", attach.clone(), "Resource.AlreadyAssociated");
    lab.refused("ec2", "DetachInternetGateway", attach, "Gateway.NotAttached");
    lab.refused("ec2", "DeleteInternetGateway", json!({"InternetGatewayId": gateway}), "DependencyViolation");
    lab.ok("ec2", "DetachInternetGateway", json!({"InternetGatewayId": gateway, "VpcId": one}));
    lab.ok("ec2", "DeleteInternetGateway", json!({"InternetGatewayId": gateway}));
}

#[tokio::test(start_paused = true)]
async fn a_route_exists_once() {
    rule!(
        "EC2",
        "A table has one route a destination, and its gateway is of the same VPC",
        "Error codes for the Amazon EC2 API, RouteAlreadyExists, InvalidGatewayID.NotFound"
    );
    let lab = Lab::new();
    let vpc = vpc(&lab);
    let gateway = internet_gateway(&lab, &vpc);
    let table = lab.ok("ec2", "CreateRouteTable", json!({"VpcId": vpc}))["RouteTable"]["RouteTableId"].clone();
    let route = json!({"RouteTableId": table, "DestinationCidrBlock": "0.0.0.0/0", "GatewayId": gateway});
    lab.ok("ec2", "CreateRoute", route.clone());
    lab.refused("ec2", "CreateRoute", route, "RouteAlreadyExists");
    let lost = json!({"RouteTableId": table, "DestinationCidrBlock": "1.0.0.0/8", "GatewayId": nothing("igw")});
    lab.refused("ec2", "CreateRoute", lost, "InvalidGatewayID.NotFound");
}

#[tokio::test(start_paused = true)]
async fn a_subnet_has_one_table() {
    rule!(
        "EC2",
        "A subnet has one route table of its own; the VPC's main table shows Main",
        "Error codes for the Amazon EC2 API, Resource.AlreadyAssociated; Amazon VPC User Guide, Route tables"
    );
    let lab = Lab::new();
    let vpc = vpc(&lab);
    let subnet = subnet(&lab, &vpc, "10.0.0.0/24");
    let main =
        lab.ok("ec2", "DescribeRouteTables", json!({"Filters": [{"Name": "association.main", "Values": ["true"]}]}));
    assert_eq!(main["RouteTables"][0]["Associations"][0]["Main"], true);
    assert_eq!(main["RouteTables"][0]["Routes"][0]["GatewayId"], "local");
    let table = lab.ok("ec2", "CreateRouteTable", json!({"VpcId": vpc}))["RouteTable"]["RouteTableId"].clone();
    let associate = json!({"RouteTableId": table, "SubnetId": subnet});
    lab.ok("ec2", "AssociateRouteTable", associate.clone());
    lab.refused("ec2", "AssociateRouteTable", associate, "Resource.AlreadyAssociated");
    let found = lab.ok(
        "ec2",
        "DescribeRouteTables",
        json!({"Filters": [{"Name": "association.subnet-id", "Values": [subnet]}]}),
    );
    assert_eq!(found["RouteTables"][0]["RouteTableId"], table);
}

#[tokio::test(start_paused = true)]
async fn a_nat_gateway_takes_minutes() {
    rule!(
        "EC2",
        "A NAT gateway is pending, then available after some minutes",
        "Amazon VPC User Guide, NAT gateways; duration observed (not documented)"
    );
    let lab = Lab::new();
    let subnet = subnet(&lab, &vpc(&lab), "10.0.0.0/24");
    let address = lab.ok("ec2", "AllocateAddress", json!({"Domain": "vpc"}))["AllocationId"].clone();
    let input = json!({"SubnetId": subnet, "AllocationId": address});
    let id = lab.ok("ec2", "CreateNatGateway", input)["NatGateway"]["NatGatewayId"].clone();
    let state =
        || lab.ok("ec2", "DescribeNatGateways", json!({"NatGatewayIds": [id]}))["NatGateways"][0]["State"].clone();
    assert_eq!(state(), "pending");
    lab.wait(120).await;
    assert_eq!(state(), "available");
    lab.refused("ec2", "DescribeNatGateways", json!({"NatGatewayIds": [nothing("nat")]}), "NatGatewayNotFound");
}

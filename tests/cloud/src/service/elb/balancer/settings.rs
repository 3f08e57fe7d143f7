//! What can be changed of a load balancer in place: security groups, subnets, address type, attributes.

use super::super::attributes;
use super::super::network::texts;
use super::super::refusal::{bad_security_group, validation};
use super::super::shared::ask_member;
use super::{
    Balancer, Node, add_nodes, check_address_type, drop_nodes, find, find_mut, read_groups, read_subnets, subnet_ids,
};
use crate::call::{Access, Answer, Ask, Call, Operation, ask_any};
use crate::service::ec2;
use serde_json::json;

pub(super) const SET_SECURITY_GROUPS: Operation =
    Operation { name: "SetSecurityGroups", access: Access::Write, asks: ask_to_set_groups, run: set_groups };
pub(super) const SET_SUBNETS: Operation =
    Operation { name: "SetSubnets", access: Access::Write, asks: ask_to_set_subnets, run: set_subnets };
pub(super) const SET_IP_ADDRESS_TYPE: Operation = Operation {
    name: "SetIpAddressType",
    access: Access::Write,
    asks: |call| ask_member(call, "SetIpAddressType", "LoadBalancerArn"),
    run: set_address_type,
};
pub(super) const DESCRIBE_ATTRIBUTES: Operation = Operation {
    name: "DescribeLoadBalancerAttributes",
    access: Access::Read,
    asks: |_| ask_any("elasticloadbalancing:DescribeLoadBalancerAttributes"),
    run: describe_attributes,
};
pub(super) const MODIFY_ATTRIBUTES: Operation = Operation {
    name: "ModifyLoadBalancerAttributes",
    access: Access::Write,
    asks: |call| ask_member(call, "ModifyLoadBalancerAttributes", "LoadBalancerArn"),
    run: modify_attributes,
};

fn ask_to_set_groups(call: &Call<'_>) -> Vec<Ask> {
    let asks = ask_member(call, "SetSecurityGroups", "LoadBalancerArn").into_iter();
    let groups = texts(&call.input["SecurityGroups"]);
    asks.map(|ask| groups.iter().fold(ask, |ask, group| ask.when("elasticloadbalancing:SecurityGroup", group)))
        .collect()
}

fn ask_to_set_subnets(call: &Call<'_>) -> Vec<Ask> {
    let asks = ask_member(call, "SetSubnets", "LoadBalancerArn").into_iter();
    let subnets = subnet_ids(&call.input);
    asks.map(|ask| subnets.iter().fold(ask, |ask, subnet| ask.when("elasticloadbalancing:Subnet", subnet))).collect()
}

fn target(call: &Call<'_>) -> Result<Balancer, crate::call::Refusal> {
    find(&call.peek().elb, call.text("LoadBalancerArn")).cloned()
}

fn set_groups(call: &mut Call<'_>) -> Answer {
    let balancer = target(call)?;
    let asked = texts(&call.input["SecurityGroups"]);
    if asked.is_empty() {
        return Err(validation("A security group must be specified"));
    }
    let place = call.regional().place();
    let groups = read_groups(call.world, &place, &balancer.vpc, asked)?;
    let region = call.regional();
    for node in &balancer.nodes {
        let set = ec2::set_interface_groups(region, &node.interface, &groups);
        set.map_err(|_| bad_security_group(&groups.join(", ")))?;
    }
    find_mut(&mut region.elb, &balancer.arn)?.groups.clone_from(&groups);
    Ok(json!({"SecurityGroupIds": groups}))
}

fn set_subnets(call: &mut Call<'_>) -> Answer {
    let balancer = target(call)?;
    let address_type = call.input["IpAddressType"].as_str().unwrap_or(&balancer.address_type).to_owned();
    check_address_type(&address_type, balancer.internal)?;
    let place = call.regional().place();
    let input = call.input.clone();
    let subnets = read_subnets(call.world, &place, &input, balancer.internal)?;
    if subnets.iter().any(|subnet| subnet.vpc != balancer.vpc) {
        return Err(super::super::refusal::configuration("The subnets must belong to the VPC of the load balancer"));
    }
    let kept = |node: &&Node| subnets.iter().any(|subnet| subnet.id == node.subnet);
    let (kept, dropped): (Vec<&Node>, Vec<&Node>) = balancer.nodes.iter().partition(kept);
    let new: Vec<_> =
        subnets.iter().filter(|subnet| kept.iter().all(|node| node.subnet != subnet.id)).cloned().collect();
    let (path, groups) = (balancer.path(), &balancer.groups);
    let added = add_nodes(call.world, &place, path, &new, groups, balancer.internal)?;
    let nodes: Vec<Node> = kept.into_iter().cloned().chain(added).collect();
    let dropped: Vec<Node> = dropped.into_iter().cloned().collect();
    drop_nodes(call.world, &place, &dropped);
    let changed = find_mut(&mut call.regional().elb, &balancer.arn)?;
    changed.nodes = nodes;
    changed.address_type = address_type;
    let shown = changed.describe();
    Ok(json!({"AvailabilityZones": shown["AvailabilityZones"], "IpAddressType": shown["IpAddressType"]}))
}

fn set_address_type(call: &mut Call<'_>) -> Answer {
    let balancer = target(call)?;
    let address_type = call.text("IpAddressType").to_owned();
    check_address_type(&address_type, balancer.internal)?;
    find_mut(&mut call.regional().elb, &balancer.arn)?.address_type.clone_from(&address_type);
    Ok(json!({"IpAddressType": address_type}))
}

fn describe_attributes(call: &mut Call<'_>) -> Answer {
    let balancer = target(call)?;
    Ok(json!({"Attributes": attributes::describe(attributes::BALANCER, &balancer.attributes)}))
}

fn modify_attributes(call: &mut Call<'_>) -> Answer {
    let balancer = target(call)?;
    let request = &call.input["Attributes"];
    let changed = attributes::change(attributes::BALANCER, "Load balancer", &balancer.attributes, request)?;
    let shown = attributes::describe(attributes::BALANCER, &changed);
    find_mut(&mut call.regional().elb, &balancer.arn)?.attributes = changed;
    Ok(json!({"Attributes": shown}))
}

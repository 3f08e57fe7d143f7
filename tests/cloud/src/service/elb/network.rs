//! What load balancers need to know of the network, asked of EC2 through its own operations, as the service does by its
//! service-linked role.

use super::refusal::{bad_security_group, no_subnet};
use crate::call::{Answer, Call, Principal, PrincipalKind, Refusal};
use crate::service::{Service, ec2};
use crate::world::{Place, World};
use serde_json::{Value, json};
use std::net::IpAddr;
use std::sync::Arc;

/// A subnet as far as load balancing cares.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Subnet {
    pub(super) id: String,
    pub(super) vpc: String,
    pub(super) zone: String,
    pub(super) cidr: String,
    pub(super) free: u64,
}

/// Calls an operation of another service.
pub(super) fn ask(world: &mut World, place: &Place, service: &Service, name: &str, input: Value) -> Answer {
    let Some(operation) = service.operation(name) else {
        return Err(Refusal::new("InvalidAction", format!("The operation {name} is not part of this cloud.")));
    };
    let principal = Principal {
        account: place.account.clone(),
        kind: PrincipalKind::Service("elasticloadbalancing.amazonaws.com"),
    };
    let now = world.now;
    (operation.run)(&mut Call { world, principal, region: place.region.clone(), input: Arc::new(input), now })
}

/// The subnets of those ids, in that order.
pub(super) fn subnets(world: &mut World, place: &Place, ids: &[String]) -> Result<Vec<Subnet>, Refusal> {
    let mut found = Vec::new();
    for id in ids {
        let answer = ask(world, place, &ec2::SERVICE, "DescribeSubnets", json!({"SubnetIds": [id]}));
        let answer = answer.map_err(|_| no_subnet(id))?;
        found.push(answer["Subnets"].get(0).map(subnet).ok_or_else(|| no_subnet(id))?);
    }
    Ok(found)
}

/// All subnets of a VPC.
pub(super) fn subnets_of(world: &mut World, place: &Place, vpc: &str) -> Vec<Subnet> {
    let input = json!({"Filters": [{"Name": "vpc-id", "Values": [vpc]}]});
    let answer = ask(world, place, &ec2::SERVICE, "DescribeSubnets", input).unwrap_or_default();
    list(&answer["Subnets"]).iter().map(subnet).collect()
}

/// Whether a VPC exists.
pub(super) fn vpc_exists(world: &mut World, place: &Place, vpc: &str) -> bool {
    ask(world, place, &ec2::SERVICE, "DescribeVpcs", json!({"VpcIds": [vpc]})).is_ok()
}

/// Whether an internet gateway is attached to the VPC.
pub(super) fn has_gateway(world: &mut World, place: &Place, vpc: &str) -> bool {
    let input = json!({"Filters": [{"Name": "attachment.vpc-id", "Values": [vpc]}]});
    let answer = ask(world, place, &ec2::SERVICE, "DescribeInternetGateways", input).unwrap_or_default();
    !list(&answer["InternetGateways"]).is_empty()
}

/// Whether what is in the subnet can be reached from the internet: its route table leads to an internet gateway.
pub(super) fn is_public(world: &mut World, place: &Place, vpc: &str, subnet: &str) -> bool {
    let tables = tables(world, place, vpc);
    let associated = |table: &&Value, wanted: &dyn Fn(&Value) -> bool| list(&table["Associations"]).iter().any(wanted);
    let own = tables.iter().find(|table| associated(table, &|a| a["SubnetId"] == subnet));
    let table = own.or_else(|| tables.iter().find(|table| associated(table, &|a| a["Main"] == true)));
    table.is_some_and(leads_to_internet)
}

/// Refuses unless all security groups exist and belong to the VPC.
pub(super) fn check_groups(world: &mut World, place: &Place, vpc: &str, groups: &[String]) -> Result<(), Refusal> {
    for group in groups {
        let answer = ask(world, place, &ec2::SERVICE, "DescribeSecurityGroups", json!({"GroupIds": [group]}));
        let answer = answer.map_err(|_| bad_security_group(group))?;
        if answer["SecurityGroups"][0]["VpcId"] != vpc {
            return Err(bad_security_group(group));
        }
    }
    Ok(())
}

/// The VPC's default security group.
pub(super) fn default_group(world: &mut World, place: &Place, vpc: &str) -> Option<String> {
    let filters = json!([{"Name": "vpc-id", "Values": [vpc]}, {"Name": "group-name", "Values": ["default"]}]);
    let answer = ask(world, place, &ec2::SERVICE, "DescribeSecurityGroups", json!({"Filters": filters})).ok()?;
    answer["SecurityGroups"][0]["GroupId"].as_str().map(str::to_owned)
}

/// Whether one of the security groups lets `source` in on TCP `port` by an address range.
pub(super) fn admits(world: &mut World, place: &Place, groups: &[String], port: u16, source: IpAddr) -> bool {
    let input = json!({"Filters": [{"Name": "group-id", "Values": groups}]});
    let answer = ask(world, place, &ec2::SERVICE, "DescribeSecurityGroupRules", input).unwrap_or_default();
    list(&answer["SecurityGroupRules"]).iter().any(|rule| rule["IsEgress"] != true && lets_in(rule, port, source))
}

fn lets_in(rule: &Value, port: u16, source: IpAddr) -> bool {
    let protocol = rule["IpProtocol"].as_str().unwrap_or_default();
    let bound = |member: &str| rule[member].as_i64().unwrap_or(-1);
    let in_ports = (bound("FromPort")..=bound("ToPort")).contains(&i64::from(port));
    let port_fits = protocol == "-1" || matches!(protocol, "tcp" | "6") && in_ports;
    let ranges = [&rule["CidrIpv4"], &rule["CidrIpv6"]];
    port_fits && ranges.into_iter().filter_map(Value::as_str).any(|range| contains(range, source))
}

/// Whether an address is in a CIDR block.
pub(super) fn contains(block: &str, address: IpAddr) -> bool {
    block.parse::<ipnet::IpNet>().is_ok_and(|net| net.contains(&address))
}

fn tables(world: &mut World, place: &Place, vpc: &str) -> Vec<Value> {
    let input = json!({"Filters": [{"Name": "vpc-id", "Values": [vpc]}]});
    let answer = ask(world, place, &ec2::SERVICE, "DescribeRouteTables", input).unwrap_or_default();
    list(&answer["RouteTables"]).to_vec()
}

fn leads_to_internet(table: &Value) -> bool {
    list(&table["Routes"]).iter().any(|route| route["GatewayId"].as_str().is_some_and(|id| id.starts_with("igw-")))
}

fn subnet(value: &Value) -> Subnet {
    let text = |member: &str| value[member].as_str().unwrap_or_default().to_owned();
    Subnet {
        id: text("SubnetId"),
        vpc: text("VpcId"),
        zone: text("AvailabilityZone"),
        cidr: text("CidrBlock"),
        free: value["AvailableIpAddressCount"].as_u64().unwrap_or_default(),
    }
}

/// The members of a list; none where there is no list.
pub(super) fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// The texts of a list of texts.
pub(super) fn texts(value: &Value) -> Vec<String> {
    list(value).iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

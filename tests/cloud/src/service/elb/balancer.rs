//! Load balancers: create, describe, delete. What can be changed in place is in `settings`.

mod settings;

use super::attributes::{self, Attributes};
use super::network::{self, Subnet, list, texts};
use super::refusal::{
    bad_security_group, bad_subnet, configuration, duplicate, no_balancer, no_subnet, not_here, not_permitted,
    too_many, validation,
};
use super::shared::{arn, ask_create, ask_member, check_name, page, tags};
use super::{Event, State, catalog};
use crate::call::{Access, Answer, Ask, Call, Operation, Refusal, ask_any, nothing};
use crate::clock::Time;
use crate::service::ec2::{self, InterfaceFault, NewInterface};
use crate::service::iam::linked;
use crate::tags::Tags;
use crate::world::{self, Place, Region, World};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;

/// Seconds until a load balancer is active (observed order of magnitude: 2 to 4 minutes).
const PROVISIONING: (f64, f64) = (120.0, 240.0);
/// Seconds that the interfaces of a deleted load balancer stay behind (observed order of magnitude: minutes).
const LINGERING: (f64, f64) = (60.0, 300.0);
/// Load balancers a region (quota "Application Load Balancers per Region").
const MAX_BALANCERS: usize = 50;
/// Security groups a load balancer (quota "Security groups per Application Load Balancer").
const MAX_GROUPS: usize = 5;
/// Free addresses that a subnet must have ("Subnets for your load balancer", User Guide for ALB).
const FREE_ADDRESSES: u64 = 8;

pub(super) const OPERATIONS: &[Operation] = &[
    Operation { name: "CreateLoadBalancer", access: Access::Write, asks: ask_to_create, run: create },
    Operation {
        name: "DescribeLoadBalancers",
        access: Access::Read,
        asks: |_| ask_any("elasticloadbalancing:DescribeLoadBalancers"),
        run: describe,
    },
    Operation {
        name: "DeleteLoadBalancer",
        access: Access::Write,
        asks: |call| ask_member(call, "DeleteLoadBalancer", "LoadBalancerArn"),
        run: delete,
    },
    settings::SET_SECURITY_GROUPS,
    settings::SET_SUBNETS,
    settings::SET_IP_ADDRESS_TYPE,
    settings::DESCRIBE_ATTRIBUTES,
    settings::MODIFY_ATTRIBUTES,
];

/// An Application Load Balancer.
#[derive(Clone, Debug)]
pub(super) struct Balancer {
    pub(super) arn: String,
    pub(super) name: String,
    pub(super) dns: String,
    pub(super) internal: bool,
    pub(super) vpc: String,
    pub(super) nodes: Vec<Node>,
    pub(super) groups: Vec<String>,
    address_type: String,
    created: Time,
    pub(super) active: bool,
    attributes: Attributes,
    pub(super) tags: Tags,
}

/// A load balancer's presence in one zone.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Node {
    pub(super) subnet: String,
    pub(super) zone: String,
    pub(super) interface: String,
}

/// What a create call asks for, checked.
struct Wanted {
    name: String,
    internal: bool,
    subnets: Vec<Subnet>,
    groups: Vec<String>,
    address_type: String,
    tags: Tags,
}

impl Balancer {
    /// Name and id as they appear in ARNs and interface descriptions, for example `app/ci/50dc6c495c0c9188`.
    pub(super) fn path(&self) -> &str {
        self.arn.split_once("loadbalancer/").map_or("", |(_, path)| path)
    }

    fn describe(&self) -> Value {
        let zones: Vec<Value> = self
            .nodes
            .iter()
            .map(|node| json!({"ZoneName": node.zone, "SubnetId": node.subnet, "LoadBalancerAddresses": []}))
            .collect();
        let region = self.arn.split(':').nth(3).unwrap_or_default();
        json!({
            "LoadBalancerArn": self.arn,
            "DNSName": self.dns,
            "CanonicalHostedZoneId": catalog::hosted_zone(region),
            "CreatedTime": self.created.seconds(),
            "LoadBalancerName": self.name,
            "Scheme": if self.internal { "internal" } else { "internet-facing" },
            "VpcId": self.vpc,
            "State": {"Code": if self.active { "active" } else { "provisioning" }},
            "Type": "application",
            "AvailabilityZones": zones,
            "SecurityGroups": self.groups,
            "IpAddressType": self.address_type,
        })
    }

    /// The description with the attributes.
    pub(super) fn reveal(&self) -> Value {
        let mut shown = self.describe();
        shown["Attributes"] = attributes::describe(attributes::BALANCER, &self.attributes);
        shown
    }

    fn equals(&self, wanted: &Wanted) -> bool {
        let Wanted { name: _, internal, subnets, groups, address_type, tags } = wanted;
        let own: BTreeSet<&str> = self.nodes.iter().map(|node| node.subnet.as_str()).collect();
        let asked: BTreeSet<&str> = subnets.iter().map(|subnet| subnet.id.as_str()).collect();
        let same_groups = self.groups.iter().collect::<BTreeSet<_>>() == groups.iter().collect::<BTreeSet<_>>();
        let same = (self.internal, &self.address_type, &self.tags) == (*internal, address_type, tags);
        own == asked && same_groups && same
    }
}

/// The load balancer of an ARN.
pub(super) fn find<'s>(state: &'s State, arn: &str) -> Result<&'s Balancer, Refusal> {
    state.balancers.get(arn).ok_or_else(|| no_balancer(arn))
}

fn find_mut<'s>(state: &'s mut State, arn: &str) -> Result<&'s mut Balancer, Refusal> {
    state.balancers.get_mut(arn).ok_or_else(|| no_balancer(arn))
}

/// What CreateLoadBalancer reads of EC2 ("Elastic Load Balancing API permissions", Elastic Load Balancing User Guide).
const LOOKS: [&str; 6] = [
    "DescribeAccountAttributes",
    "DescribeAddresses",
    "DescribeInternetGateways",
    "DescribeSecurityGroups",
    "DescribeSubnets",
    "DescribeVpcs",
];

fn ask_to_create(call: &Call<'_>) -> Vec<Ask> {
    let about = arn(call, &format!("loadbalancer/app/{}/*", call.text("Name")));
    let mut asks = ask_create(call, "CreateLoadBalancer", &about, &about);
    if let Some(ask) = asks.first_mut() {
        let mut first = ask.clone().when("elasticloadbalancing:Scheme", scheme(call));
        for subnet in subnet_ids(&call.input) {
            first = first.when("elasticloadbalancing:Subnet", subnet);
        }
        for group in texts(&call.input["SecurityGroups"]) {
            first = first.when("elasticloadbalancing:SecurityGroup", group);
        }
        *ask = first;
    }
    asks.extend(linked::asks_of_elb(call, &LOOKS));
    asks
}

fn scheme<'c>(call: &'c Call<'_>) -> &'c str {
    call.input["Scheme"].as_str().unwrap_or("internet-facing")
}

fn subnet_ids(input: &Value) -> Vec<String> {
    let mapped = list(&input["SubnetMappings"]).iter().filter_map(|mapping| mapping["SubnetId"].as_str());
    texts(&input["Subnets"]).into_iter().chain(mapped.map(str::to_owned)).collect()
}

fn create(call: &mut Call<'_>) -> Answer {
    let wanted = read(call)?;
    let same_name = call.peek().elb.balancers.values().find(|balancer| balancer.name == wanted.name);
    if let Some(existing) = same_name {
        if existing.equals(&wanted) {
            return Ok(json!({"LoadBalancers": [existing.describe()]}));
        }
        return Err(duplicate("DuplicateLoadBalancerName", "load balancer", &wanted.name));
    }
    if call.peek().elb.balancers.len() >= call.quota("L-53DA6B97", MAX_BALANCERS) {
        return Err(too_many("TooManyLoadBalancers", "load balancers"));
    }
    linked::make(call, linked::ELB);
    let path = format!("app/{}/{}", wanted.name, call.world.random.hex(16));
    let place = call.regional().place();
    let nodes = add_nodes(call.world, &place, &path, &wanted.subnets, &wanted.groups, wanted.internal)?;
    let balancer = build(call, path, wanted, nodes);
    let shown = balancer.describe();
    let (low, high) = PROVISIONING;
    let delay = call.world.random.seconds(low, high);
    call.world.after(delay, &place, world::Event::Elb(Event::Active(balancer.arn.clone())));
    call.regional().elb.balancers.insert(balancer.arn.clone(), balancer);
    Ok(json!({"LoadBalancers": [shown]}))
}

fn build(call: &mut Call<'_>, path: String, wanted: Wanted, nodes: Vec<Node>) -> Balancer {
    let Wanted { name, internal, subnets, groups, address_type, tags } = wanted;
    let number = 100_000_000 + call.world.random.below(1_999_999_999);
    let host = if internal { format!("internal-{name}-{number}") } else { format!("{name}-{number}") };
    Balancer {
        arn: arn(call, &format!("loadbalancer/{path}")),
        dns: format!("{host}.{}.elb.amazonaws.com", call.region),
        name,
        internal,
        vpc: subnets.first().map(|subnet| subnet.vpc.clone()).unwrap_or_default(),
        nodes,
        groups,
        address_type,
        created: call.now,
        active: false,
        attributes: first_attributes(internal),
        tags,
    }
}

/// An internal load balancer keeps IPv6 traffic from the internet away (API Reference, LoadBalancerAttribute).
fn first_attributes(internal: bool) -> Attributes {
    let deny = internal.then(|| ("ipv6.deny_all_igw_traffic".to_owned(), "true".to_owned()));
    deny.into_iter().collect()
}

fn read(call: &mut Call<'_>) -> Result<Wanted, Refusal> {
    let name = call.text("Name").to_owned();
    check_name("load balancer", &name)?;
    if name.starts_with("internal-") {
        return Err(validation(format!("The load balancer name '{name}' cannot begin with 'internal-'")));
    }
    if !matches!(call.input["Type"].as_str(), None | Some("application")) {
        return Err(not_here("A load balancer of this type"));
    }
    let tags = tags(call)?;
    let internal = scheme(call) == "internal";
    let address_type = call.input["IpAddressType"].as_str().unwrap_or("ipv4").to_owned();
    check_address_type(&address_type, internal)?;
    let place = call.regional().place();
    let input = call.input.clone();
    let subnets = read_subnets(call.world, &place, &input, internal)?;
    let vpc = subnets.first().map(|subnet| subnet.vpc.clone()).unwrap_or_default();
    let groups = read_groups(call.world, &place, &vpc, texts(&input["SecurityGroups"]))?;
    Ok(Wanted { name, internal, subnets, groups, address_type, tags })
}

fn check_address_type(address_type: &str, internal: bool) -> Result<(), Refusal> {
    match address_type {
        "ipv4" => Ok(()),
        "dualstack-without-public-ipv4" if internal => {
            Err(configuration("Internal load balancers must use 'ipv4' or 'dualstack'"))
        }
        _ => Err(bad_subnet("All subnets must have an associated IPv6 CIDR block")),
    }
}

/// The subnets of a request: of one VPC, at least two zones, one a zone.
fn read_subnets(world: &mut World, place: &Place, input: &Value, internal: bool) -> Result<Vec<Subnet>, Refusal> {
    let both = !list(&input["Subnets"]).is_empty() && !list(&input["SubnetMappings"]).is_empty();
    if both {
        return Err(validation("You must specify either subnets or subnet mappings, but not both"));
    }
    let ids = subnet_ids(input);
    if ids.len() < 2 {
        return Err(validation("At least two subnets in two different Availability Zones must be specified"));
    }
    let subnets = network::subnets(world, place, &ids)?;
    let vpcs: BTreeSet<&str> = subnets.iter().map(|subnet| subnet.vpc.as_str()).collect();
    if vpcs.len() > 1 {
        return Err(configuration("All subnets must belong to the same VPC"));
    }
    let zones: BTreeSet<&str> = subnets.iter().map(|subnet| subnet.zone.as_str()).collect();
    if zones.len() < subnets.len() {
        let message = "A load balancer cannot be attached to multiple subnets in the same Availability Zone";
        return Err(configuration(message));
    }
    let vpc = vpcs.first().copied().unwrap_or_default();
    if !internal && !network::has_gateway(world, place, vpc) {
        return Err(bad_subnet(format!("VPC {vpc} has no internet gateway")));
    }
    Ok(subnets)
}

/// The security groups of a request, or the VPC's default one.
fn read_groups(world: &mut World, place: &Place, vpc: &str, mut groups: Vec<String>) -> Result<Vec<String>, Refusal> {
    if groups.is_empty() {
        groups.extend(network::default_group(world, place, vpc));
    }
    if groups.len() > MAX_GROUPS {
        return Err(configuration("You can specify up to '5' security groups for a load balancer"));
    }
    network::check_groups(world, place, vpc, &groups)?;
    Ok(groups)
}

/// Makes a node in each subnet; all or none.
fn add_nodes(
    world: &mut World,
    place: &Place,
    path: &str,
    subnets: &[Subnet],
    groups: &[String],
    internal: bool,
) -> Result<Vec<Node>, Refusal> {
    if let Some(full) = subnets.iter().find(|subnet| subnet.free < FREE_ADDRESSES) {
        return Err(no_space(&full.id));
    }
    let mut nodes = Vec::new();
    for subnet in subnets {
        let new = NewInterface {
            subnet: subnet.id.clone(),
            groups: groups.to_vec(),
            description: format!("ELB {path}"),
            requester: "amazon-elb",
            interface_type: "interface",
            public_ip: !internal,
        };
        match ec2::create_interface(world, place, new) {
            Ok(made) => nodes.push(Node { subnet: made.subnet, zone: made.zone, interface: made.id }),
            Err(fault) => {
                nodes.iter().for_each(|node| ec2::release_interface(world, place, &node.interface, Duration::ZERO));
                return Err(interface_fault(fault));
            }
        }
    }
    Ok(nodes)
}

fn interface_fault(fault: InterfaceFault) -> Refusal {
    match fault {
        InterfaceFault::NoSubnet(id) => no_subnet(&id),
        InterfaceFault::NoGroup(id) => bad_security_group(&id),
        InterfaceFault::NoAddress(id) => no_space(&id),
    }
}

fn no_space(subnet: &str) -> Refusal {
    let needs = "ELB requires at least 8 free IP addresses in each subnet.";
    bad_subnet(format!("Not enough IP space available in {subnet}. {needs}"))
}

/// Lets nodes go; their interfaces stay behind for a while.
fn drop_nodes(world: &mut World, place: &Place, nodes: &[Node]) {
    for node in nodes {
        let (low, high) = LINGERING;
        let lingering = world.random.seconds(low, high);
        ec2::release_interface(world, place, &node.interface, lingering);
    }
}

fn describe(call: &mut Call<'_>) -> Answer {
    let (arns, names) = (texts(&call.input["LoadBalancerArns"]), texts(&call.input["Names"]));
    if !arns.is_empty() && !names.is_empty() {
        let message = "Load balancer names and load balancer ARNs cannot be specified at the same time";
        return Err(validation(message));
    }
    let state = &call.peek().elb;
    let chosen: Vec<&Balancer> = if !arns.is_empty() {
        arns.iter().map(|arn| find(state, arn)).collect::<Result<_, _>>()?
    } else {
        let named = |name: &String| state.balancers.values().find(|balancer| &balancer.name == name);
        let found: Result<Vec<&Balancer>, Refusal> =
            names.iter().map(|name| named(name).ok_or_else(|| no_balancer(name))).collect();
        if names.is_empty() { state.balancers.values().collect() } else { found? }
    };
    let items = chosen.iter().map(|balancer| (balancer.arn.clone(), balancer.describe())).collect();
    page(call, "LoadBalancers", &format!("load balancers {arns:?} {names:?}"), items)
}

fn delete(call: &mut Call<'_>) -> Answer {
    let arn = call.text("LoadBalancerArn").to_owned();
    let Some(balancer) = call.peek().elb.balancers.get(&arn).cloned() else { return nothing() };
    if attributes::value(attributes::BALANCER, &balancer.attributes, "deletion_protection.enabled") == "true" {
        let message = format!("Load balancer '{arn}' cannot be deleted because deletion protection is enabled");
        return Err(not_permitted(message));
    }
    let region = call.regional();
    let place = region.place();
    let listeners: Vec<String> = region.elb.listeners_of(&arn).map(|listener| listener.arn.clone()).collect();
    listeners.iter().for_each(|listener| super::listener::remove(region, listener));
    region.elb.balancers.remove(&arn);
    drop_nodes(call.world, &place, &balancer.nodes);
    nothing()
}

/// Ends the set-up of a load balancer.
pub(super) fn activate(region: &mut Region, arn: &str) {
    if let Some(balancer) = region.elb.balancers.get_mut(arn) {
        balancer.active = true;
    }
}

//! EC2: VPCs, subnets, gateways, route tables, zones, security groups and their rules, network interfaces, tags.
//!
//! Strict in: ids (malformed against unknown), filters (names, wildcards), pages, tags in the create call, security
//! group names, rule forms and quotas, who holds whom (`DependencyViolation`), free addresses of subnets. A new
//! security group is seen late. Network interfaces of other services are real: visible, not deletable by users, holding their
//! subnet and groups until some time after their service let them go.
//! Deliberately absent: a default VPC, instances, network ACLs, IPv6 networks, prefix lists, peering, and documented
//! filters that name one of these (they are refused as unknown).

mod asks;
mod filter;
mod gateway;
mod group;
mod interface;
mod peer;
mod permission;
mod reach;
mod refuse;
mod route;
mod rule;
mod subnet;
mod tag;
mod vpc;
mod zone;

use super::{Item, Service};
use crate::indexed::Indexed;
use crate::tags::Tags;
use crate::world::{Place, Region, World};
use serde_json::Value;
use std::collections::BTreeMap;

pub use gateway::{Address, InternetGateway, NatGateway, NatState};
pub use group::Group;
pub use interface::{Eni, MAX_GROUPS, create_interface, release_interface, set_interface_groups};
pub use peer::Peer;
pub use reach::{admits, reaches, reaches_internet};
pub use refuse::Kind;
pub use route::{Route, RouteTable, Target};
pub use rule::{Form, Ports, Rule};
pub use subnet::Subnet;
pub use vpc::Vpc;
pub use zone::zones;

/// One entry of a table of operations; every operation of EC2 knows `DryRun`.
macro_rules! operation {
    ($name:literal, $access:ident, $asks:expr, $run:expr) => {
        crate::call::Operation {
            name: $name,
            access: crate::call::Access::$access,
            asks: $asks,
            run: |call| {
                crate::service::ec2::refuse::dry_run(call)?;
                $run(call)
            },
        }
    };
}
use operation;

/// The service's table.
pub static SERVICE: Service = Service {
    model: "ec2",
    signing: "ec2",
    invalid: "InvalidParameterValue",
    missing: "MissingParameter",
    denied: "UnauthorizedOperation",
    throttled: "RequestLimitExceeded",
    operations: &[
        vpc::OPERATIONS,
        subnet::OPERATIONS,
        gateway::OPERATIONS,
        route::OPERATIONS,
        zone::OPERATIONS,
        group::OPERATIONS,
        permission::OPERATIONS,
        rule::OPERATIONS,
        interface::OPERATIONS,
        tag::OPERATIONS,
    ],
};

/// What it holds.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// VPCs by id.
    pub vpcs: BTreeMap<String, Vpc>,
    /// Subnets by id.
    pub subnets: BTreeMap<String, Subnet>,
    /// Internet gateways by id.
    pub internet_gateways: BTreeMap<String, InternetGateway>,
    /// NAT gateways by id.
    pub nat_gateways: BTreeMap<String, NatGateway>,
    /// Elastic IP addresses by allocation id.
    pub addresses: BTreeMap<String, Address>,
    /// Route tables by id.
    pub route_tables: BTreeMap<String, RouteTable>,
    /// Security groups by id.
    pub groups: BTreeMap<String, Group>,
    /// Rules of all security groups by id, under their groups.
    pub rules: Indexed<Rule>,
    /// Network interfaces by id.
    pub interfaces: BTreeMap<String, Eni>,
    /// Tags of all resources by resource id; a resource without tags has no entry.
    pub tags: BTreeMap<String, Tags>,
}

impl State {
    /// Tags of a resource.
    pub fn tags(&self, id: &str) -> Tags {
        self.tags.get(id).cloned().unwrap_or_default()
    }

    /// Sets the tags of a new resource.
    fn tag(&mut self, id: &str, tags: Tags) {
        if !tags.is_empty() {
            self.tags.insert(id.to_owned(), tags);
        }
    }
}

/// What exists.
pub fn items(region: &Region) -> Vec<Item> {
    let state = &region.ec2;
    let mut items = Vec::new();
    let mut add = |kind: Kind, id: &str, shown: Value| {
        let arn = region.arn("ec2", &format!("{}/{id}", kind.resource_type()));
        items.push(Item { kind: kind.item(), id: id.to_owned(), arn, tags: state.tags(id), state: shown });
    };
    state.vpcs.iter().for_each(|(id, vpc)| add(Kind::Vpc, id, vpc.describe(region)));
    state.subnets.iter().for_each(|(id, subnet)| add(Kind::Subnet, id, subnet.describe(region)));
    state.internet_gateways.iter().for_each(|(id, gateway)| add(Kind::InternetGateway, id, gateway.describe(region)));
    state.nat_gateways.iter().for_each(|(id, gateway)| add(Kind::NatGateway, id, gateway.describe(region)));
    state.addresses.iter().for_each(|(id, address)| add(Kind::Address, id, address.describe(region)));
    state.route_tables.iter().for_each(|(id, table)| add(Kind::RouteTable, id, table.describe(region)));
    state.groups.iter().for_each(|(id, group)| add(Kind::Group, id, group.describe(region)));
    state.rules.iter().for_each(|(id, rule)| add(Kind::Rule, id, rule.describe(region)));
    state.interfaces.iter().for_each(|(id, eni)| add(Kind::Interface, id, eni.describe(region)));
    items
}

/// What goes on by itself.
#[derive(Clone, Debug)]
pub enum Event {
    /// A released interface of a service is gone.
    InterfaceGone(String),
    /// A NAT gateway becomes available.
    NatAvailable(String),
    /// Something of ACM's, which has no entry of its own among the world's events.
    Certificate(super::acm::Event),
}

/// Lets an event happen.
pub fn happen(world: &mut World, place: &Place, event: Event) {
    let state = &mut world.at(place).ec2;
    match event {
        Event::Certificate(event) => super::acm::happen(world, place, event),
        Event::InterfaceGone(id) => {
            state.interfaces.remove(&id);
            state.tags.remove(&id);
        }
        Event::NatAvailable(id) => {
            if let Some(gateway) = state.nat_gateways.get_mut(&id) {
                gateway.state = NatState::Available;
            }
        }
    }
}

/// The default security group of a VPC.
pub fn default_group(region: &Region, vpc: &str) -> Option<String> {
    let found = region.ec2.groups.values().find(|group| group.vpc == vpc && group.is_default());
    found.map(|group| group.id.clone())
}

/// Whether an internet gateway is attached to the VPC.
pub fn has_internet_gateway(region: &Region, vpc: &str) -> bool {
    region.ec2.internet_gateways.values().any(|gateway| gateway.vpc.as_deref() == Some(vpc))
}

/// A network interface that a service wants in a subnet.
#[derive(Clone, Debug)]
pub struct NewInterface {
    /// Subnet id.
    pub subnet: String,
    /// Security group ids; the VPC's default group when empty.
    pub groups: Vec<String>,
    /// Description, in the requesting service's form.
    pub description: String,
    /// `RequesterId`, for example `amazon-elb`.
    pub requester: &'static str,
    /// `InterfaceType`, for example `interface`, `efs`.
    pub interface_type: &'static str,
    /// Whether it gets a public IPv4 address.
    pub public_ip: bool,
}

/// Why there is no interface; each service has its own code for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InterfaceFault {
    /// No such subnet.
    NoSubnet(String),
    /// No such security group, or one of another VPC.
    NoGroup(String),
    /// No free address in the subnet.
    NoAddress(String),
}

/// A network interface.
#[derive(Clone, Debug, PartialEq)]
pub struct Interface {
    /// `eni-…`.
    pub id: String,
    /// Subnet id.
    pub subnet: String,
    /// VPC id.
    pub vpc: String,
    /// Availability zone name.
    pub zone: String,
    /// Primary private IPv4 address.
    pub private_ip: String,
    /// Security group ids.
    pub groups: Vec<String>,
}

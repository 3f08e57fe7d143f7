//! Route tables, their routes and their subnets.

use super::filter::{self, Listing, Row};
use super::refuse::{self, Kind};
use super::{State, Vpc, asks, operation, subnet, tag, vpc};
use crate::call::{Answer, Ask, Call, Operation, Refusal, ask_any};
use crate::random::Random;
use crate::world::Region;
use ipnet::Ipv4Net;
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub(super) const OPERATIONS: &[Operation] = &[
    operation!("CreateRouteTable", Write, create_asks, create_route_table),
    operation!("CreateRoute", Write, |call| on(call, "CreateRoute"), create_route),
    operation!("AssociateRouteTable", Write, associate_asks, associate_route_table),
    operation!("DescribeRouteTables", Read, |_| ask_any("ec2:DescribeRouteTables"), describe_route_tables),
];

const LISTING: Listing = Listing {
    kind: Some(Kind::RouteTable),
    ids: "RouteTableIds",
    filters: "Filters",
    names: &[
        "association.main",
        "association.route-table-association-id",
        "association.route-table-id",
        "association.subnet-id",
        "owner-id",
        "route-table-id",
        "route.destination-cidr-block",
        "route.gateway-id",
        "route.nat-gateway-id",
        "route.origin",
        "route.state",
        "vpc-id",
    ],
    output: "RouteTables",
};

/// A route table.
#[derive(Clone, Debug)]
pub struct RouteTable {
    /// `rtb-…`.
    pub id: String,
    /// VPC id.
    pub vpc: String,
    /// Its association as the VPC's main table.
    pub main: Option<String>,
    /// Subnet ids by association id.
    pub subnets: BTreeMap<String, String>,
    /// Routes besides the local one.
    pub routes: Vec<Route>,
    /// The VPC's addresses: the local route.
    pub local: Ipv4Net,
}

/// One route.
#[derive(Clone, Debug)]
pub struct Route {
    /// Destination.
    pub to: Ipv4Net,
    /// Next hop.
    pub target: Target,
}

/// Where a route leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// An internet gateway.
    Internet(String),
    /// A NAT gateway.
    Nat(String),
}

impl RouteTable {
    /// The main route table of a new VPC.
    pub(super) fn main_of(random: &mut Random, vpc: &Vpc) -> Self {
        let main = Some(random.id("rtbassoc"));
        Self { main, ..Self::new(random, vpc) }
    }

    fn new(random: &mut Random, vpc: &Vpc) -> Self {
        let id = random.id("rtb");
        Self { id, vpc: vpc.id.clone(), main: None, subnets: BTreeMap::new(), routes: Vec::new(), local: vpc.cidr }
    }

    /// Whether subnets without a table of their own use this one.
    pub fn is_main(&self) -> bool {
        self.main.is_some()
    }

    /// The table that a subnet uses: its own, or else its VPC's main one.
    pub fn of<'s>(state: &'s State, subnet: &str) -> Option<&'s Self> {
        let vpc = &state.subnets.get(subnet)?.vpc;
        let own = state.route_tables.values().find(|table| table.subnets.values().any(|s| s == subnet));
        own.or_else(|| state.route_tables.values().find(|table| table.vpc == *vpc && table.is_main()))
    }

    /// Where traffic to the whole internet goes.
    pub fn default_route(&self) -> Option<&Target> {
        self.routes.iter().find(|route| route.to.prefix_len() == 0).map(|route| &route.target)
    }

    /// As DescribeRouteTables shows it.
    pub fn describe(&self, region: &Region) -> Value {
        let mut associations: Vec<Value> = self.main.iter().map(|id| self.association(id, None)).collect();
        associations.extend(self.subnets.iter().map(|(id, subnet)| self.association(id, Some(subnet))));
        let local = json!({
            "DestinationCidrBlock": self.local.to_string(), "GatewayId": "local", "Origin": "CreateRouteTable",
            "State": "active",
        });
        let mut routes = vec![local];
        routes.extend(self.routes.iter().map(|route| route.describe(&region.ec2)));
        json!({
            "RouteTableId": self.id, "VpcId": self.vpc, "OwnerId": region.account, "PropagatingVgws": [],
            "Associations": associations, "Routes": routes, "Tags": tag::shown(&region.ec2, &self.id),
        })
    }

    fn association(&self, id: &str, subnet: Option<&String>) -> Value {
        json!({
            "RouteTableAssociationId": id, "RouteTableId": self.id, "Main": subnet.is_none(), "SubnetId": subnet,
            "AssociationState": {"State": "associated"},
        })
    }

    fn row(&self, region: &Region) -> Row {
        let shown = self.describe(region);
        let mut facts = vec![
            ("owner-id", region.account.clone()),
            ("route-table-id", self.id.clone()),
            ("vpc-id", self.vpc.clone()),
        ];
        let mut add = |name: &'static str, value: &Value| match value {
            Value::String(text) => facts.push((name, text.clone())),
            Value::Bool(flag) => facts.push((name, flag.to_string())),
            _ => {}
        };
        for association in shown["Associations"].as_array().into_iter().flatten() {
            add("association.main", &association["Main"]);
            add("association.route-table-association-id", &association["RouteTableAssociationId"]);
            add("association.route-table-id", &association["RouteTableId"]);
            add("association.subnet-id", &association["SubnetId"]);
        }
        for route in shown["Routes"].as_array().into_iter().flatten() {
            add("route.destination-cidr-block", &route["DestinationCidrBlock"]);
            add("route.gateway-id", &route["GatewayId"]);
            add("route.nat-gateway-id", &route["NatGatewayId"]);
            add("route.origin", &route["Origin"]);
            add("route.state", &route["State"]);
        }
        Row { id: self.id.clone(), tags: region.ec2.tags(&self.id), facts, shown }
    }
}

impl Route {
    fn describe(&self, state: &State) -> Value {
        let (member, id) = match &self.target {
            Target::Internet(id) => ("GatewayId", id),
            Target::Nat(id) => ("NatGatewayId", id),
        };
        let works = if self.works(state) { "active" } else { "blackhole" };
        json!({"DestinationCidrBlock": self.to.to_string(), member: id, "Origin": "CreateRoute", "State": works})
    }

    /// A route to a gateway that is gone or detached is a black hole.
    fn works(&self, state: &State) -> bool {
        match &self.target {
            Target::Internet(id) => state.internet_gateways.get(id).is_some_and(|gateway| gateway.vpc.is_some()),
            Target::Nat(id) => state.nat_gateways.contains_key(id),
        }
    }
}

fn named<'c>(call: &'c Call<'_>) -> Result<&'c RouteTable, Refusal> {
    let id = call.text("RouteTableId");
    Kind::RouteTable.well_formed(id)?;
    call.peek().ec2.route_tables.get(id).ok_or_else(|| Kind::RouteTable.missing(id))
}

fn on(call: &Call<'_>, action: &str) -> Vec<Ask> {
    vec![asks::on(call, action, Kind::RouteTable, call.text("RouteTableId"))]
}

fn create_asks(call: &Call<'_>) -> Vec<Ask> {
    let mut asks = asks::creates(call, "CreateRouteTable", Kind::RouteTable);
    asks.push(asks::on(call, "CreateRouteTable", Kind::Vpc, call.text("VpcId")));
    asks
}

fn associate_asks(call: &Call<'_>) -> Vec<Ask> {
    let mut asks = on(call, "AssociateRouteTable");
    asks.push(asks::on(call, "AssociateRouteTable", Kind::Subnet, call.text("SubnetId")));
    asks
}

fn create_route_table(call: &mut Call<'_>) -> Answer {
    let tags = tag::specified(call, Kind::RouteTable)?;
    let vpc = vpc::named(call)?.clone();
    let table = RouteTable::new(&mut call.world.random, &vpc);
    let region = call.regional();
    region.ec2.tag(&table.id, tags);
    let shown = table.describe(region);
    region.ec2.route_tables.insert(table.id.clone(), table);
    Ok(json!({"RouteTable": shown}))
}

fn create_route(call: &mut Call<'_>) -> Answer {
    let table = named(call)?;
    let to = vpc::network(call.text("DestinationCidrBlock"))?;
    if to == table.local || table.routes.iter().any(|route| route.to == to) {
        let text = format!("The route identified by {to} already exists.");
        return Err(Refusal::new("RouteAlreadyExists", text));
    }
    let id = table.id.clone();
    let target = target(call, &table.vpc)?;
    if let Some(table) = call.regional().ec2.route_tables.get_mut(&id) {
        table.routes.push(Route { to, target });
    }
    Ok(json!({"Return": true}))
}

fn target(call: &Call<'_>, vpc: &str) -> Result<Target, Refusal> {
    let state = &call.peek().ec2;
    let (internet, nat) = (call.text("GatewayId").to_owned(), call.text("NatGatewayId").to_owned());
    if internet.is_empty() == nat.is_empty() {
        let text = "Exactly one of the targets of a route must be specified: GatewayId or NatGatewayId.";
        return Err(refuse::combination(text));
    }
    if !nat.is_empty() {
        return state
            .nat_gateways
            .get(&nat)
            .map(|_| Target::Nat(nat.clone()))
            .ok_or_else(|| Kind::NatGateway.missing(&nat));
    }
    let Some(gateway) = state.internet_gateways.get(&internet) else {
        return Err(Refusal::new("InvalidGatewayID.NotFound", format!("The gateway ID '{internet}' does not exist")));
    };
    if gateway.vpc.as_deref() != Some(vpc) {
        let text = format!("route table and network gateway {internet} belong to different networks");
        return Err(refuse::invalid(text));
    }
    Ok(Target::Internet(internet))
}

fn associate_route_table(call: &mut Call<'_>) -> Answer {
    let table = named(call)?;
    let subnet = subnet::named(call)?;
    if table.vpc != subnet.vpc {
        let text = format!("Route table {} and subnet {} belong to different networks", table.id, subnet.id);
        return Err(refuse::invalid(text));
    }
    let taken = |table: &RouteTable| table.subnets.values().any(|id| *id == subnet.id);
    if call.peek().ec2.route_tables.values().any(taken) {
        let text =
            format!("the specified association for route table {} conflicts with an existing association", table.id);
        return Err(Refusal::new("Resource.AlreadyAssociated", text));
    }
    let (table, subnet) = (table.id.clone(), subnet.id.clone());
    let association = call.world.random.id("rtbassoc");
    if let Some(table) = call.regional().ec2.route_tables.get_mut(&table) {
        table.subnets.insert(association.clone(), subnet);
    }
    Ok(json!({"AssociationId": association, "AssociationState": {"State": "associated"}}))
}

fn describe_route_tables(call: &mut Call<'_>) -> Answer {
    let region = call.peek();
    let rows = region.ec2.route_tables.values().map(|table| table.row(region)).collect();
    filter::list(call, &LISTING, rows)
}

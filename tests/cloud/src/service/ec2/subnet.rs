//! Subnets and their free addresses.

use super::filter::{self, Listing, Row};
use super::refuse::{self, Kind};
use super::{State, asks, operation, tag, vpc, zone};
use crate::call::{Answer, Ask, Call, Operation, Refusal, ask_any, nothing};
use crate::random::Random;
use crate::world::Region;
use ipnet::Ipv4Net;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::net::Ipv4Addr;

pub(super) const OPERATIONS: &[Operation] = &[
    operation!("CreateSubnet", Write, create_asks, create_subnet),
    operation!("DescribeSubnets", Read, |_| ask_any("ec2:DescribeSubnets"), describe_subnets),
    operation!("ModifySubnetAttribute", Write, |call| on(call, "ModifySubnetAttribute"), modify_subnet_attribute),
    operation!("DeleteSubnet", Write, |call| on(call, "DeleteSubnet"), delete_subnet),
];

/// Subnets in a VPC ("Amazon VPC quotas").
pub(super) const MAX_SUBNETS: usize = 200;

/// Addresses that AWS keeps at the start of each subnet: network, router, DNS, future use ("Subnet CIDR blocks").
const KEPT_FIRST: u32 = 4;

/// The broadcast address, kept at the end of each subnet.
const KEPT_LAST: u32 = 1;

const LISTING: Listing = Listing {
    kind: Some(Kind::Subnet),
    ids: "SubnetIds",
    filters: "Filters",
    names: &[
        "availability-zone",
        "availability-zone-id",
        "available-ip-address-count",
        "cidr-block",
        "default-for-az",
        "map-public-ip-on-launch",
        "owner-id",
        "state",
        "subnet-arn",
        "subnet-id",
        "vpc-id",
    ],
    output: "Subnets",
};

/// A subnet.
#[derive(Clone, Debug)]
pub struct Subnet {
    /// `subnet-…`.
    pub id: String,
    /// VPC id.
    pub vpc: String,
    /// Addresses.
    pub cidr: Ipv4Net,
    /// Availability zone name.
    pub zone: String,
    /// Availability zone id.
    pub zone_id: String,
    /// Whether instances get a public address.
    pub public_ips: bool,
}

impl Subnet {
    /// How many addresses are free.
    pub fn free(&self, state: &State) -> u32 {
        let usable = size(self.cidr) - KEPT_FIRST - KEPT_LAST;
        usable - taken(state, &self.id).len() as u32
    }

    /// As DescribeSubnets shows it.
    pub fn describe(&self, region: &Region) -> Value {
        json!({
            "SubnetId": self.id, "VpcId": self.vpc, "State": "available", "CidrBlock": self.cidr.to_string(),
            "AvailabilityZone": self.zone, "AvailabilityZoneId": self.zone_id, "OwnerId": region.account,
            "AvailableIpAddressCount": self.free(&region.ec2), "DefaultForAz": false,
            "MapPublicIpOnLaunch": self.public_ips, "MapCustomerOwnedIpOnLaunch": false,
            "AssignIpv6AddressOnCreation": false, "Ipv6CidrBlockAssociationSet": [], "Ipv6Native": false,
            "EnableDns64": false, "SubnetArn": region.arn("ec2", &format!("subnet/{}", self.id)),
            "PrivateDnsNameOptionsOnLaunch": {
                "HostnameType": "ip-name", "EnableResourceNameDnsARecord": false,
                "EnableResourceNameDnsAAAARecord": false,
            },
            "Tags": tag::shown(&region.ec2, &self.id),
        })
    }

    fn row(&self, region: &Region) -> Row {
        Row {
            id: self.id.clone(),
            tags: region.ec2.tags(&self.id),
            facts: vec![
                ("availability-zone", self.zone.clone()),
                ("availability-zone-id", self.zone_id.clone()),
                ("available-ip-address-count", self.free(&region.ec2).to_string()),
                ("cidr-block", self.cidr.to_string()),
                ("default-for-az", "false".into()),
                ("map-public-ip-on-launch", self.public_ips.to_string()),
                ("owner-id", region.account.clone()),
                ("state", "available".into()),
                ("subnet-arn", region.arn("ec2", &format!("subnet/{}", self.id))),
                ("subnet-id", self.id.clone()),
                ("vpc-id", self.vpc.clone()),
            ],
            shown: self.describe(region),
        }
    }

    /// A free address, or none when the subnet is full.
    pub(super) fn pick(&self, state: &State, random: &mut Random) -> Option<Ipv4Addr> {
        let taken = taken(state, &self.id);
        let usable = size(self.cidr) - KEPT_FIRST - KEPT_LAST;
        let first = u32::from(self.cidr.network()) + KEPT_FIRST;
        let start = random.below(u64::from(usable)) as u32;
        let candidates = (0..usable).map(|step| Ipv4Addr::from(first + (start + step) % usable));
        candidates.into_iter().find(|address| !taken.contains(address))
    }

    /// Whether this address is one of the subnet's that can be given away.
    pub(super) fn gives(&self, address: Ipv4Addr) -> bool {
        let offset = u32::from(address).wrapping_sub(u32::from(self.cidr.network()));
        self.cidr.contains(&address) && (KEPT_FIRST..size(self.cidr) - KEPT_LAST).contains(&offset)
    }
}

fn size(cidr: Ipv4Net) -> u32 {
    1 << (32 - u32::from(cidr.prefix_len()))
}

fn taken(state: &State, subnet: &str) -> BTreeSet<Ipv4Addr> {
    state.interfaces.values().filter(|eni| eni.subnet == subnet).map(|eni| eni.address).collect()
}

/// The subnet that the call names.
pub(super) fn named<'c>(call: &'c Call<'_>) -> Result<&'c Subnet, Refusal> {
    let id = call.text("SubnetId");
    Kind::Subnet.well_formed(id)?;
    call.peek().ec2.subnets.get(id).ok_or_else(|| Kind::Subnet.missing(id))
}

fn on(call: &Call<'_>, action: &str) -> Vec<Ask> {
    vec![asks::on(call, action, Kind::Subnet, call.text("SubnetId"))]
}

fn create_asks(call: &Call<'_>) -> Vec<Ask> {
    let mut asks = asks::creates(call, "CreateSubnet", Kind::Subnet);
    asks.push(asks::on(call, "CreateSubnet", Kind::Vpc, call.text("VpcId")));
    asks
}

fn create_subnet(call: &mut Call<'_>) -> Answer {
    let tags = tag::specified(call, Kind::Subnet)?;
    let vpc = vpc::named(call)?.clone();
    let cidr = fitting(call, &vpc)?;
    let (zone, zone_id) = chosen_zone(call)?;
    let subnets = &call.peek().ec2.subnets;
    if subnets.values().filter(|subnet| subnet.vpc == vpc.id).count() >= MAX_SUBNETS {
        return Err(refuse::limit("SubnetLimitExceeded", "subnets"));
    }
    let id = call.world.random.id("subnet");
    let subnet = Subnet { id, vpc: vpc.id, cidr, zone, zone_id, public_ips: false };
    let region = call.regional();
    region.ec2.tag(&subnet.id, tags);
    let shown = subnet.describe(region);
    region.ec2.subnets.insert(subnet.id.clone(), subnet);
    Ok(json!({"Subnet": shown}))
}

/// The subnet's addresses: inside of its VPC's, of a size that EC2 has, and nobody else's.
fn fitting(call: &Call<'_>, vpc: &super::Vpc) -> Result<Ipv4Net, Refusal> {
    let text = call.text("CidrBlock");
    if text.is_empty() {
        return Err(refuse::missing_parameter("cidrBlock"));
    }
    let cidr = vpc::network(text)?;
    if !vpc::SIZES.contains(&cidr.prefix_len()) || !vpc.cidr.contains(&cidr) {
        return Err(Refusal::new("InvalidSubnet.Range", format!("The CIDR '{cidr}' is invalid.")));
    }
    let overlaps = |other: &Ipv4Net| other.contains(&cidr) || cidr.contains(other);
    if call.peek().ec2.subnets.values().any(|subnet| subnet.vpc == vpc.id && overlaps(&subnet.cidr)) {
        let text = format!("The CIDR '{cidr}' conflicts with another subnet");
        return Err(Refusal::new("InvalidSubnet.Conflict", text));
    }
    Ok(cidr)
}

fn chosen_zone(call: &Call<'_>) -> Result<(String, String), Refusal> {
    let zones = zone::zones(&call.region);
    let (name, id) = (call.text("AvailabilityZone"), call.text("AvailabilityZoneId"));
    if name.is_empty() && id.is_empty() {
        return zones.into_iter().next().ok_or_else(|| refuse::invalid("There is no availability zone"));
    }
    let names: Vec<String> = zones.iter().map(|(name, _)| name.clone()).collect();
    let unknown = || {
        let asked = if name.is_empty() { id } else { name };
        refuse::invalid(format!(
            "Value ({asked}) for parameter availabilityZone is invalid. Subnets can currently only be created in the \
             following availability zones: {}.",
            names.join(", ")
        ))
    };
    let fits = |zone: &(String, String)| (name.is_empty() || zone.0 == name) && (id.is_empty() || zone.1 == id);
    zones.into_iter().find(fits).ok_or_else(unknown)
}

fn describe_subnets(call: &mut Call<'_>) -> Answer {
    let region = call.peek();
    let rows = region.ec2.subnets.values().map(|subnet| subnet.row(region)).collect();
    filter::list(call, &LISTING, rows)
}

fn modify_subnet_attribute(call: &mut Call<'_>) -> Answer {
    let id = named(call)?.id.clone();
    let Some(public_ips) = call.input["MapPublicIpOnLaunch"]["Value"].as_bool() else {
        return Err(refuse::combination("No attributes specified."));
    };
    if let Some(subnet) = call.regional().ec2.subnets.get_mut(&id) {
        subnet.public_ips = public_ips;
    }
    nothing()
}

fn delete_subnet(call: &mut Call<'_>) -> Answer {
    let id = named(call)?.id.clone();
    let state = &mut call.regional().ec2;
    if state.interfaces.values().any(|eni| eni.subnet == id) {
        return Err(refuse::dependency(format!("The subnet '{id}' has dependencies and cannot be deleted.")));
    }
    state.subnets.remove(&id);
    state.tags.remove(&id);
    state.route_tables.values_mut().for_each(|table| table.subnets.retain(|_, subnet| *subnet != id));
    nothing()
}

//! VPCs and their DNS attributes.

use super::filter::{self, Listing, Row};
use super::refuse::{self, Kind};
use super::{Group, RouteTable, Rule, asks, operation, tag};
use crate::call::{Answer, Ask, Call, Operation, Refusal, ask_any, nothing};
use crate::world::Region;
use ipnet::Ipv4Net;
use serde_json::{Value, json};

pub(super) const OPERATIONS: &[Operation] = &[
    operation!("CreateVpc", Write, |call| asks::creates(call, "CreateVpc", Kind::Vpc), create_vpc),
    operation!("DescribeVpcs", Read, |_| ask_any("ec2:DescribeVpcs"), describe_vpcs),
    operation!("ModifyVpcAttribute", Write, |call| on(call, "ModifyVpcAttribute"), modify_vpc_attribute),
    operation!("DescribeVpcAttribute", Read, |call| on(call, "DescribeVpcAttribute"), describe_vpc_attribute),
    operation!("DeleteVpc", Write, |call| on(call, "DeleteVpc"), delete_vpc),
];

/// VPCs in a region ("Amazon VPC quotas").
pub(super) const MAX_VPCS: usize = 5;

/// Sizes of networks ("VPC CIDR blocks", Amazon VPC User Guide).
pub(super) const SIZES: std::ops::RangeInclusive<u8> = 16..=28;

const LISTING: Listing = Listing {
    kind: Some(Kind::Vpc),
    ids: "VpcIds",
    filters: "Filters",
    names: &[
        "cidr",
        "cidr-block-association.association-id",
        "cidr-block-association.cidr-block",
        "cidr-block-association.state",
        "dhcp-options-id",
        "is-default",
        "owner-id",
        "state",
        "vpc-id",
    ],
    output: "Vpcs",
};

/// A virtual private network.
#[derive(Clone, Debug)]
pub struct Vpc {
    /// `vpc-…`.
    pub id: String,
    /// Addresses.
    pub cidr: Ipv4Net,
    /// Id of the association of its addresses.
    pub association: String,
    /// Id of its DHCP options.
    pub dhcp_options: String,
    /// Whether the Amazon resolver answers in it.
    pub dns_support: bool,
    /// Whether public addresses get DNS names; EFS names resolve only with it.
    pub dns_hostnames: bool,
}

impl Vpc {
    /// As DescribeVpcs shows it.
    pub fn describe(&self, region: &Region) -> Value {
        json!({
            "VpcId": self.id, "State": "available", "CidrBlock": self.cidr.to_string(), "OwnerId": region.account,
            "InstanceTenancy": "default", "IsDefault": false, "DhcpOptionsId": self.dhcp_options,
            "CidrBlockAssociationSet": [{
                "AssociationId": self.association, "CidrBlock": self.cidr.to_string(),
                "CidrBlockState": {"State": "associated"},
            }],
            "Tags": tag::shown(&region.ec2, &self.id),
        })
    }

    fn row(&self, region: &Region) -> Row {
        Row {
            id: self.id.clone(),
            tags: region.ec2.tags(&self.id),
            facts: vec![
                ("cidr", self.cidr.to_string()),
                ("cidr-block-association.association-id", self.association.clone()),
                ("cidr-block-association.cidr-block", self.cidr.to_string()),
                ("cidr-block-association.state", "associated".into()),
                ("dhcp-options-id", self.dhcp_options.clone()),
                ("is-default", "false".into()),
                ("owner-id", region.account.clone()),
                ("state", "available".into()),
                ("vpc-id", self.id.clone()),
            ],
            shown: self.describe(region),
        }
    }
}

/// The VPC that the call names.
pub(super) fn named<'c>(call: &'c Call<'_>) -> Result<&'c Vpc, Refusal> {
    let id = call.text("VpcId");
    Kind::Vpc.well_formed(id)?;
    call.peek().ec2.vpcs.get(id).ok_or_else(|| Kind::Vpc.missing(id))
}

/// An IPv4 network in canonical form; EC2 zeroes host bits.
pub(super) fn network(text: &str) -> Result<Ipv4Net, Refusal> {
    let bad = || {
        refuse::invalid(format!("Value ({text}) for parameter cidrBlock is invalid. This is not a valid CIDR block."))
    };
    text.parse::<Ipv4Net>().map(|net| net.trunc()).map_err(|_| bad())
}

fn on(call: &Call<'_>, action: &str) -> Vec<Ask> {
    vec![asks::on(call, action, Kind::Vpc, call.text("VpcId"))]
}

fn create_vpc(call: &mut Call<'_>) -> Answer {
    let tags = tag::specified(call, Kind::Vpc)?;
    let text = call.text("CidrBlock");
    if text.is_empty() {
        return Err(refuse::missing_parameter("cidrBlock"));
    }
    let cidr = network(text)?;
    if !SIZES.contains(&cidr.prefix_len()) {
        return Err(Refusal::new("InvalidVpcRange", format!("The CIDR '{cidr}' is invalid.")));
    }
    if call.peek().ec2.vpcs.len() >= MAX_VPCS {
        return Err(refuse::limit("VpcLimitExceeded", "VPCs"));
    }
    let random = &mut call.world.random;
    let vpc = Vpc {
        id: random.id("vpc"),
        cidr,
        association: random.id("vpc-cidr-assoc"),
        dhcp_options: random.id("dopt"),
        dns_support: true,
        dns_hostnames: false,
    };
    let table = RouteTable::main_of(random, &vpc);
    let group = Group::default_of(random, &vpc.id, call.now);
    let rules = Rule::of_default_group(random, &group);
    let region = call.regional();
    region.ec2.tag(&vpc.id, tags);
    region.ec2.route_tables.insert(table.id.clone(), table);
    region.ec2.groups.insert(group.id.clone(), group);
    rules.into_iter().for_each(|rule| region.ec2.rules.insert(rule));
    let mut shown = vpc.describe(region);
    shown["State"] = "pending".into();
    region.ec2.vpcs.insert(vpc.id.clone(), vpc);
    Ok(json!({"Vpc": shown}))
}

fn describe_vpcs(call: &mut Call<'_>) -> Answer {
    let region = call.peek();
    let rows = region.ec2.vpcs.values().map(|vpc| vpc.row(region)).collect();
    filter::list(call, &LISTING, rows)
}

fn modify_vpc_attribute(call: &mut Call<'_>) -> Answer {
    let id = named(call)?.id.clone();
    let support = call.input["EnableDnsSupport"]["Value"].as_bool();
    let hostnames = call.input["EnableDnsHostnames"]["Value"].as_bool();
    let usage = call.input["EnableNetworkAddressUsageMetrics"]["Value"].as_bool();
    match [support, hostnames, usage].iter().flatten().count() {
        0 => return Err(refuse::combination("No attributes specified.")),
        1 => {}
        _ => return Err(refuse::combination("Fields for multiple attribute types specified")),
    }
    if let Some(vpc) = call.regional().ec2.vpcs.get_mut(&id) {
        vpc.dns_support = support.unwrap_or(vpc.dns_support);
        vpc.dns_hostnames = hostnames.unwrap_or(vpc.dns_hostnames);
    }
    nothing()
}

fn describe_vpc_attribute(call: &mut Call<'_>) -> Answer {
    let vpc = named(call)?;
    let (member, value) = match call.text("Attribute") {
        "enableDnsSupport" => ("EnableDnsSupport", vpc.dns_support),
        "enableDnsHostnames" => ("EnableDnsHostnames", vpc.dns_hostnames),
        _ => ("EnableNetworkAddressUsageMetrics", false),
    };
    Ok(json!({"VpcId": vpc.id, member: {"Value": value}}))
}

/// A VPC goes with its default security group and main route table, and only when nothing else is left in it.
fn delete_vpc(call: &mut Call<'_>) -> Answer {
    let id = named(call)?.id.clone();
    let state = &mut call.regional().ec2;
    let held = state.subnets.values().any(|subnet| subnet.vpc == id)
        || state.internet_gateways.values().any(|gateway| gateway.vpc.as_deref() == Some(&id))
        || state.groups.values().any(|group| group.vpc == id && !group.is_default())
        || state.route_tables.values().any(|table| table.vpc == id && !table.is_main());
    if held {
        return Err(refuse::dependency(format!("The vpc '{id}' has dependencies and cannot be deleted.")));
    }
    state.vpcs.remove(&id);
    state.route_tables.retain(|_, table| table.vpc != id);
    let groups: Vec<String> = state.groups.values().filter(|g| g.vpc == id).map(|g| g.id.clone()).collect();
    state.groups.retain(|_, group| group.vpc != id);
    groups.iter().for_each(|group| drop(state.rules.remove_under(group)));
    state.tags.remove(&id);
    nothing()
}

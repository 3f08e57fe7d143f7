//! Internet gateways, NAT gateways and the Elastic IP addresses that these need.

use super::filter::{self, Listing, Row};
use super::refuse::{self, Kind};
use super::{Event, NewInterface, asks, interface, operation, subnet, tag, vpc};
use crate::call::{Answer, Ask, Call, Operation, Refusal, ask_any, nothing};
use crate::clock::Time;
use crate::world::{self, Region};
use serde_json::{Value, json};

pub(super) const OPERATIONS: &[Operation] = &[
    operation!(
        "CreateInternetGateway",
        Write,
        |call| asks::creates(call, "CreateInternetGateway", Kind::InternetGateway),
        create_internet_gateway
    ),
    operation!("AttachInternetGateway", Write, |call| on_both(call, "AttachInternetGateway"), attach_internet_gateway),
    operation!("DetachInternetGateway", Write, |call| on_both(call, "DetachInternetGateway"), detach_internet_gateway),
    operation!("DeleteInternetGateway", Write, |call| on(call, "DeleteInternetGateway"), delete_internet_gateway),
    operation!(
        "DescribeInternetGateways",
        Read,
        |_| ask_any("ec2:DescribeInternetGateways"),
        describe_internet_gateways
    ),
    operation!(
        "AllocateAddress",
        Write,
        |call| asks::creates(call, "AllocateAddress", Kind::Address),
        allocate_address
    ),
    operation!("CreateNatGateway", Write, nat_asks, create_nat_gateway),
    operation!("DescribeNatGateways", Read, |_| ask_any("ec2:DescribeNatGateways"), describe_nat_gateways),
];

/// Elastic IP addresses in a region ("Amazon VPC quotas").
pub(super) const MAX_ADDRESSES: usize = 5;

/// How long a NAT gateway is `pending`, in seconds (observed order of magnitude).
const NAT_PENDING: (f64, f64) = (60.0, 120.0);

const INTERNET_GATEWAYS: Listing = Listing {
    kind: Some(Kind::InternetGateway),
    ids: "InternetGatewayIds",
    filters: "Filters",
    names: &["attachment.state", "attachment.vpc-id", "internet-gateway-id", "owner-id"],
    output: "InternetGateways",
};

const NAT_GATEWAYS: Listing = Listing {
    kind: Some(Kind::NatGateway),
    ids: "NatGatewayIds",
    filters: "Filter",
    names: &["nat-gateway-id", "state", "subnet-id", "vpc-id"],
    output: "NatGateways",
};

/// An internet gateway.
#[derive(Clone, Debug)]
pub struct InternetGateway {
    /// `igw-…`.
    pub id: String,
    /// The VPC it is attached to.
    pub vpc: Option<String>,
}

/// A NAT gateway with a public address.
#[derive(Clone, Debug)]
pub struct NatGateway {
    /// `nat-…`.
    pub id: String,
    /// Subnet id.
    pub subnet: String,
    /// VPC id.
    pub vpc: String,
    /// Its network interface.
    pub interface: String,
    /// Its private address.
    pub private_ip: String,
    /// Its Elastic IP address.
    pub allocation: String,
    /// What it can do by now.
    pub state: NatState,
    /// When it was made.
    pub created: Time,
}

/// States of a NAT gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NatState {
    /// Not usable yet.
    Pending,
    /// Usable.
    Available,
}

/// An Elastic IP address.
#[derive(Clone, Debug)]
pub struct Address {
    /// `eipalloc-…`.
    pub id: String,
    /// The address.
    pub public_ip: String,
}

impl InternetGateway {
    /// As DescribeInternetGateways shows it.
    pub fn describe(&self, region: &Region) -> Value {
        let attached = |vpc: &String| json!({"State": "available", "VpcId": vpc});
        json!({
            "InternetGatewayId": self.id, "OwnerId": region.account, "Tags": tag::shown(&region.ec2, &self.id),
            "Attachments": self.vpc.iter().map(attached).collect::<Vec<_>>(),
        })
    }

    fn row(&self, region: &Region) -> Row {
        let mut facts = vec![("internet-gateway-id", self.id.clone()), ("owner-id", region.account.clone())];
        if let Some(vpc) = &self.vpc {
            facts.extend([("attachment.state", "available".to_owned()), ("attachment.vpc-id", vpc.clone())]);
        }
        Row { id: self.id.clone(), tags: region.ec2.tags(&self.id), facts, shown: self.describe(region) }
    }
}

impl NatState {
    fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Available => "available",
        }
    }
}

impl NatGateway {
    /// As DescribeNatGateways shows it.
    pub fn describe(&self, region: &Region) -> Value {
        let public_ip = region.ec2.addresses.get(&self.allocation).map(|address| &address.public_ip);
        json!({
            "NatGatewayId": self.id, "State": self.state.name(), "SubnetId": self.subnet, "VpcId": self.vpc,
            "ConnectivityType": "public", "CreateTime": self.created.seconds(),
            "NatGatewayAddresses": [{
                "AllocationId": self.allocation, "NetworkInterfaceId": self.interface, "PrivateIp": self.private_ip,
                "PublicIp": public_ip, "IsPrimary": true, "Status": "succeeded",
            }],
            "Tags": tag::shown(&region.ec2, &self.id),
        })
    }

    fn row(&self, region: &Region) -> Row {
        Row {
            id: self.id.clone(),
            tags: region.ec2.tags(&self.id),
            facts: vec![
                ("nat-gateway-id", self.id.clone()),
                ("state", self.state.name().into()),
                ("subnet-id", self.subnet.clone()),
                ("vpc-id", self.vpc.clone()),
            ],
            shown: self.describe(region),
        }
    }
}

impl Address {
    /// As DescribeAddresses shows it.
    pub fn describe(&self, region: &Region) -> Value {
        json!({
            "AllocationId": self.id, "PublicIp": self.public_ip, "Domain": "vpc", "NetworkBorderGroup": region.name,
            "PublicIpv4Pool": "amazon", "Tags": tag::shown(&region.ec2, &self.id),
        })
    }
}

fn on(call: &Call<'_>, action: &str) -> Vec<Ask> {
    vec![asks::on(call, action, Kind::InternetGateway, call.text("InternetGatewayId"))]
}

fn on_both(call: &Call<'_>, action: &str) -> Vec<Ask> {
    let mut asks = on(call, action);
    asks.push(asks::on(call, action, Kind::Vpc, call.text("VpcId")));
    asks
}

fn nat_asks(call: &Call<'_>) -> Vec<Ask> {
    let mut asks = asks::creates(call, "CreateNatGateway", Kind::NatGateway);
    asks.push(asks::on(call, "CreateNatGateway", Kind::Subnet, call.text("SubnetId")));
    asks.push(asks::on(call, "CreateNatGateway", Kind::Address, call.text("AllocationId")));
    asks
}

fn named<'c>(call: &'c Call<'_>) -> Result<&'c InternetGateway, Refusal> {
    let id = call.text("InternetGatewayId");
    Kind::InternetGateway.well_formed(id)?;
    call.peek().ec2.internet_gateways.get(id).ok_or_else(|| Kind::InternetGateway.missing(id))
}

fn create_internet_gateway(call: &mut Call<'_>) -> Answer {
    let tags = tag::specified(call, Kind::InternetGateway)?;
    let gateway = InternetGateway { id: call.world.random.id("igw"), vpc: None };
    let region = call.regional();
    region.ec2.tag(&gateway.id, tags);
    let shown = gateway.describe(region);
    region.ec2.internet_gateways.insert(gateway.id.clone(), gateway);
    Ok(json!({"InternetGateway": shown}))
}

fn attach_internet_gateway(call: &mut Call<'_>) -> Answer {
    let gateway = named(call)?.clone();
    let vpc = vpc::named(call)?.id.clone();
    if let Some(other) = &gateway.vpc {
        let text = format!("resource {} is already attached to network {other}", gateway.id);
        return Err(Refusal::new("Resource.AlreadyAssociated", text));
    }
    if super::has_internet_gateway(call.peek(), &vpc) {
        let text = format!("Network {vpc} already has an internet gateway attached");
        return Err(refuse::invalid(text));
    }
    call.regional().ec2.internet_gateways.insert(gateway.id.clone(), InternetGateway { vpc: Some(vpc), ..gateway });
    nothing()
}

/// A gateway can't be detached while the VPC has mapped public addresses.
fn detach_internet_gateway(call: &mut Call<'_>) -> Answer {
    let gateway = named(call)?.clone();
    let vpc = vpc::named(call)?.id.clone();
    if gateway.vpc.as_deref() != Some(&vpc) {
        let text = format!("resource {} is not attached to network {vpc}", gateway.id);
        return Err(Refusal::new("Gateway.NotAttached", text));
    }
    if call.peek().ec2.interfaces.values().any(|eni| eni.vpc == vpc && eni.public_ip.is_some()) {
        let text = format!(
            "Network {vpc} has some mapped public address(es). Please unmap those public address(es) before \
             detaching the gateway."
        );
        return Err(refuse::dependency(text));
    }
    call.regional().ec2.internet_gateways.insert(gateway.id.clone(), InternetGateway { vpc: None, ..gateway });
    nothing()
}

fn delete_internet_gateway(call: &mut Call<'_>) -> Answer {
    let gateway = named(call)?.clone();
    if gateway.vpc.is_some() {
        let text = format!("The internetGateway '{}' has dependencies and cannot be deleted.", gateway.id);
        return Err(refuse::dependency(text));
    }
    let state = &mut call.regional().ec2;
    state.internet_gateways.remove(&gateway.id);
    state.tags.remove(&gateway.id);
    nothing()
}

fn describe_internet_gateways(call: &mut Call<'_>) -> Answer {
    let region = call.peek();
    let rows = region.ec2.internet_gateways.values().map(|gateway| gateway.row(region)).collect();
    filter::list(call, &INTERNET_GATEWAYS, rows)
}

fn allocate_address(call: &mut Call<'_>) -> Answer {
    let tags = tag::specified(call, Kind::Address)?;
    if call.peek().ec2.addresses.len() >= MAX_ADDRESSES {
        return Err(refuse::limit("AddressLimitExceeded", "addresses"));
    }
    let id = call.world.random.id("eipalloc");
    let public_ip = interface::public_address(&mut call.world.random);
    let region = call.regional();
    region.ec2.tag(&id, tags);
    region.ec2.addresses.insert(id.clone(), Address { id: id.clone(), public_ip: public_ip.clone() });
    Ok(json!({
        "AllocationId": id, "PublicIp": public_ip, "Domain": "vpc", "PublicIpv4Pool": "amazon",
        "NetworkBorderGroup": call.region,
    }))
}

fn create_nat_gateway(call: &mut Call<'_>) -> Answer {
    let tags = tag::specified(call, Kind::NatGateway)?;
    let subnet = subnet::named(call)?.clone();
    let allocation = call.text("AllocationId").to_owned();
    if allocation.is_empty() {
        return Err(refuse::missing_parameter("AllocationId"));
    }
    if !call.peek().ec2.addresses.contains_key(&allocation) {
        return Err(Kind::Address.missing(&allocation));
    }
    let id = call.world.random.id("nat");
    let interface = nat_interface(call, &id, &subnet.id)?;
    let delay = call.world.random.seconds(NAT_PENDING.0, NAT_PENDING.1);
    let place = call.regional().place();
    call.world.after(delay, &place, world::Event::Ec2(Event::NatAvailable(id.clone())));
    let gateway = NatGateway {
        id,
        subnet: subnet.id,
        vpc: subnet.vpc,
        interface: interface.id,
        private_ip: interface.private_ip,
        allocation,
        state: NatState::Pending,
        created: call.now,
    };
    let region = call.regional();
    region.ec2.tag(&gateway.id, tags);
    let shown = gateway.describe(region);
    region.ec2.nat_gateways.insert(gateway.id.clone(), gateway);
    Ok(json!({"NatGateway": shown}))
}

fn nat_interface(call: &mut Call<'_>, nat: &str, subnet: &str) -> Result<super::Interface, Refusal> {
    let place = call.regional().place();
    let new = NewInterface {
        subnet: subnet.to_owned(),
        groups: Vec::new(),
        description: format!("Interface for NAT Gateway {nat}"),
        requester: "amazon-nat-gateway",
        interface_type: "natGateway",
        public_ip: true,
    };
    interface::create_interface(call.world, &place, new).map_err(interface::refusal)
}

fn describe_nat_gateways(call: &mut Call<'_>) -> Answer {
    let region = call.peek();
    let rows = region.ec2.nat_gateways.values().map(|gateway| gateway.row(region)).collect();
    filter::list(call, &NAT_GATEWAYS, rows)
}

//! Network interfaces: users' own, and those that services make for themselves.

use super::filter::{self, Listing, Row};
use super::refuse::{self, Kind};
use super::{
    Event, Interface, InterfaceFault, NewInterface, State, asks, default_group, group, operation, subnet, tag,
};
use crate::call::{Answer, Ask, Call, Operation, Refusal, ask_any, nothing};
use crate::clock::Time;
use crate::random::Random;
use crate::world::{self, Place, Region, World};
use serde_json::{Value, json};
use std::net::Ipv4Addr;
use std::time::Duration;

pub(super) const OPERATIONS: &[Operation] = &[
    operation!("CreateNetworkInterface", Write, create_asks, create_network_interface),
    operation!("DescribeNetworkInterfaces", Read, |_| ask_any("ec2:DescribeNetworkInterfaces"), describe),
    operation!("DeleteNetworkInterface", Write, |call| on(call, "DeleteNetworkInterface"), delete),
    operation!("DetachNetworkInterface", Write, detach_asks, detach),
];

/// Security groups of one interface ("Amazon VPC quotas").
pub const MAX_GROUPS: usize = 5;

const LISTING: Listing = Listing {
    kind: Some(Kind::Interface),
    ids: "NetworkInterfaceIds",
    filters: "Filters",
    names: &[
        "addresses.primary",
        "addresses.private-ip-address",
        "association.public-ip",
        "attachment.attachment-id",
        "attachment.instance-owner-id",
        "attachment.status",
        "availability-zone",
        "description",
        "group-id",
        "interface-type",
        "mac-address",
        "network-interface-id",
        "owner-id",
        "private-ip-address",
        "requester-id",
        "requester-managed",
        "status",
        "subnet-id",
        "vpc-id",
    ],
    output: "NetworkInterfaces",
};

/// A network interface, with all that EC2 keeps of it.
#[derive(Clone, Debug)]
pub struct Eni {
    /// `eni-…`.
    pub id: String,
    /// Subnet id.
    pub subnet: String,
    /// VPC id.
    pub vpc: String,
    /// Availability zone name.
    pub zone: String,
    /// Primary private IPv4 address.
    pub address: Ipv4Addr,
    /// Public IPv4 address.
    pub public_ip: Option<String>,
    /// Security group ids.
    pub groups: Vec<String>,
    /// Description.
    pub description: String,
    /// `InterfaceType`.
    pub interface_type: &'static str,
    /// The service that made it and to which it is attached; none for users' own.
    pub service: Option<Service>,
    /// MAC address.
    pub mac: String,
}

/// The service behind an interface.
#[derive(Clone, Debug)]
pub struct Service {
    /// `RequesterId`.
    pub requester: &'static str,
    /// Id of the attachment.
    pub attachment: String,
    /// When it was attached.
    pub since: Time,
}

impl Service {
    fn attachment(&self) -> Value {
        json!({
            "AttachmentId": self.attachment, "AttachTime": self.since.seconds(), "DeleteOnTermination": false,
            "DeviceIndex": 1, "InstanceOwnerId": self.owner(), "Status": "attached",
        })
    }

    fn owner(&self) -> &'static str {
        if self.requester == "amazon-elb" { "amazon-elb" } else { "amazon-aws" }
    }
}

impl Eni {
    /// As other services know it.
    pub fn view(&self) -> Interface {
        Interface {
            id: self.id.clone(),
            subnet: self.subnet.clone(),
            vpc: self.vpc.clone(),
            zone: self.zone.clone(),
            private_ip: self.address.to_string(),
            groups: self.groups.clone(),
        }
    }

    fn status(&self) -> &'static str {
        if self.service.is_some() { "in-use" } else { "available" }
    }

    fn dns_name(&self, region: &Region) -> String {
        let host = format!("ip-{}", self.address.to_string().replace('.', "-"));
        if region.name == "us-east-1" {
            format!("{host}.ec2.internal")
        } else {
            format!("{host}.{}.compute.internal", region.name)
        }
    }

    /// As DescribeNetworkInterfaces shows it.
    pub fn describe(&self, region: &Region) -> Value {
        let name = |id: &String| region.ec2.groups.get(id).map(|group| &group.name);
        let groups: Vec<Value> = self.groups.iter().map(|id| json!({"GroupId": id, "GroupName": name(id)})).collect();
        let association =
            self.public_ip.as_ref().map(|ip| json!({"IpOwnerId": "amazon", "PublicIp": ip, "PublicDnsName": ""}));
        json!({
            "NetworkInterfaceId": self.id, "SubnetId": self.subnet, "VpcId": self.vpc, "AvailabilityZone": self.zone,
            "Description": self.description, "Groups": groups, "InterfaceType": self.interface_type,
            "MacAddress": self.mac, "OwnerId": region.account, "PrivateIpAddress": self.address.to_string(),
            "PrivateDnsName": self.dns_name(region),
            "PrivateIpAddresses": [{
                "Primary": true, "PrivateIpAddress": self.address.to_string(),
                "PrivateDnsName": self.dns_name(region), "Association": association,
            }],
            "Association": association, "Ipv6Addresses": [], "SourceDestCheck": true, "Status": self.status(),
            "RequesterManaged": self.service.is_some(),
            "RequesterId": self.service.as_ref().map(|service| service.requester),
            "Attachment": self.service.as_ref().map(Service::attachment),
            "TagSet": tag::shown(&region.ec2, &self.id),
        })
    }

    fn row(&self, region: &Region) -> Row {
        let mut facts = vec![
            ("addresses.primary", "true".into()),
            ("addresses.private-ip-address", self.address.to_string()),
            ("availability-zone", self.zone.clone()),
            ("description", self.description.clone()),
            ("interface-type", self.interface_type.into()),
            ("mac-address", self.mac.clone()),
            ("network-interface-id", self.id.clone()),
            ("owner-id", region.account.clone()),
            ("private-ip-address", self.address.to_string()),
            ("requester-managed", self.service.is_some().to_string()),
            ("status", self.status().into()),
            ("subnet-id", self.subnet.clone()),
            ("vpc-id", self.vpc.clone()),
        ];
        facts.extend(self.groups.iter().map(|id| ("group-id", id.clone())));
        facts.extend(self.public_ip.iter().map(|ip| ("association.public-ip", ip.clone())));
        if let Some(service) = &self.service {
            facts.extend([
                ("attachment.attachment-id", service.attachment.clone()),
                ("attachment.instance-owner-id", service.owner().into()),
                ("attachment.status", "attached".into()),
                ("requester-id", service.requester.into()),
            ]);
        }
        Row { id: self.id.clone(), tags: region.ec2.tags(&self.id), facts, shown: self.describe(region) }
    }
}

/// A public IPv4 address of Amazon's.
pub(super) fn public_address(random: &mut Random) -> String {
    format!("3.{}.{}.{}", 64 + random.below(64), random.below(256), 1 + random.below(254))
}

/// Makes an interface for a service.
pub fn create_interface(world: &mut World, place: &Place, new: NewInterface) -> Result<Interface, InterfaceFault> {
    let now = world.now;
    let region = world.peek(&place.account, &place.region);
    let subnet =
        region.ec2.subnets.get(&new.subnet).ok_or_else(|| InterfaceFault::NoSubnet(new.subnet.clone()))?.clone();
    let groups = if new.groups.is_empty() {
        default_group(region, &subnet.vpc).into_iter().collect()
    } else {
        seen_groups(&region.ec2, &subnet.vpc, &new.groups, now)?;
        new.groups
    };
    let address = free_address(world, place, &subnet)?;
    let random = &mut world.random;
    let service = Service { requester: new.requester, attachment: random.id("ela-attach"), since: now };
    let public_ip = new.public_ip.then(|| public_address(random));
    let eni = Eni {
        id: random.id("eni"),
        subnet: subnet.id,
        vpc: subnet.vpc,
        zone: subnet.zone,
        address,
        public_ip,
        groups,
        description: new.description,
        interface_type: new.interface_type,
        service: Some(service),
        mac: mac(random),
    };
    let view = eni.view();
    world.at(place).ec2.interfaces.insert(eni.id.clone(), eni);
    Ok(view)
}

fn mac(random: &mut Random) -> String {
    let digits = random.hex(10);
    format!("02:{}:{}:{}:{}:{}", &digits[..2], &digits[2..4], &digits[4..6], &digits[6..8], &digits[8..])
}

fn free_address(world: &mut World, place: &Place, subnet: &super::Subnet) -> Result<Ipv4Addr, InterfaceFault> {
    let mut random = world.random.clone();
    let address = subnet.pick(&world.peek(&place.account, &place.region).ec2, &mut random);
    world.random = random;
    address.ok_or_else(|| InterfaceFault::NoAddress(subnet.id.clone()))
}

/// Refuses groups that do not exist, are not seen yet, or belong to another VPC.
fn seen_groups(state: &State, vpc: &str, ids: &[String], now: Time) -> Result<(), InterfaceFault> {
    let fits = |id: &String| state.groups.get(id).is_some_and(|group| group.vpc == vpc && group.visible_at <= now);
    match ids.iter().find(|id| !fits(id)) {
        Some(unknown) => Err(InterfaceFault::NoGroup(unknown.clone())),
        None => Ok(()),
    }
}

/// Lets a service's interface go; it lingers for `after` before it is gone.
pub fn release_interface(world: &mut World, place: &Place, id: &str, after: Duration) {
    world.after(after, place, world::Event::Ec2(Event::InterfaceGone(id.to_owned())));
}

/// Changes the security groups of an interface.
pub fn set_interface_groups(region: &mut Region, id: &str, groups: &[String]) -> Result<(), InterfaceFault> {
    let Some(vpc) = region.ec2.interfaces.get(id).map(|eni| eni.vpc.clone()) else { return Ok(()) };
    seen_groups(&region.ec2, &vpc, groups, Time(u64::MAX))?;
    if let Some(eni) = region.ec2.interfaces.get_mut(id) {
        eni.groups = groups.to_vec();
    }
    Ok(())
}

/// EC2's own words for an interface that could not be made.
pub(super) fn refusal(fault: InterfaceFault) -> Refusal {
    match fault {
        InterfaceFault::NoSubnet(id) => Kind::Subnet.missing(&id),
        InterfaceFault::NoGroup(id) => Kind::Group.missing(&id),
        InterfaceFault::NoAddress(id) => {
            let text =
                format!("The specified subnet does not have enough free addresses to satisfy the request. ({id})");
            Refusal::new("InsufficientFreeAddressesInSubnet", text)
        }
    }
}

fn create_asks(call: &Call<'_>) -> Vec<Ask> {
    let mut asks = asks::creates(call, "CreateNetworkInterface", Kind::Interface);
    asks.push(asks::on(call, "CreateNetworkInterface", Kind::Subnet, call.text("SubnetId")));
    let groups = filter::texts(&call.input["Groups"]);
    asks.extend(groups.iter().map(|id| asks::on(call, "CreateNetworkInterface", Kind::Group, id)));
    asks
}

fn on(call: &Call<'_>, action: &str) -> Vec<Ask> {
    vec![asks::on(call, action, Kind::Interface, call.text("NetworkInterfaceId"))]
}

fn create_network_interface(call: &mut Call<'_>) -> Answer {
    let tags = tag::specified(call, Kind::Interface)?;
    let subnet = subnet::named(call)?.clone();
    let groups = own_groups(call, &subnet.vpc)?;
    let place = call.regional().place();
    let address = match call.text("PrivateIpAddress") {
        "" => free_address(call.world, &place, &subnet).map_err(refusal)?,
        given => asked_address(call, &subnet, given)?,
    };
    let random = &mut call.world.random;
    let eni = Eni {
        id: random.id("eni"),
        subnet: subnet.id,
        vpc: subnet.vpc,
        zone: subnet.zone,
        address,
        public_ip: None,
        groups,
        description: call.input["Description"].as_str().unwrap_or_default().to_owned(),
        interface_type: "interface",
        service: None,
        mac: mac(random),
    };
    let region = call.regional();
    region.ec2.tag(&eni.id, tags);
    let mut shown = eni.describe(region);
    shown["Status"] = "pending".into();
    region.ec2.interfaces.insert(eni.id.clone(), eni);
    Ok(json!({"NetworkInterface": shown}))
}

fn own_groups(call: &Call<'_>, vpc: &str) -> Result<Vec<String>, Refusal> {
    let groups = filter::texts(&call.input["Groups"]);
    if groups.is_empty() {
        return Ok(default_group(call.peek(), vpc).into_iter().collect());
    }
    if groups.len() > MAX_GROUPS {
        let things = "security groups per interface";
        return Err(refuse::limit("SecurityGroupsPerInterfaceLimitExceeded", things));
    }
    for id in &groups {
        let group = group::existing(&call.peek().ec2, id)?;
        if group.vpc != vpc {
            return Err(refuse::other_network());
        }
    }
    Ok(groups)
}

fn asked_address(call: &Call<'_>, subnet: &super::Subnet, given: &str) -> Result<Ipv4Addr, Refusal> {
    let address: Option<Ipv4Addr> = given.parse().ok().filter(|address| subnet.gives(*address));
    let Some(address) = address else {
        return Err(refuse::invalid(format!("Address {given} does not fall within the subnet's address range")));
    };
    if call.peek().ec2.interfaces.values().any(|eni| eni.subnet == subnet.id && eni.address == address) {
        return Err(Refusal::new("InvalidIPAddress.InUse", format!("Address {given} is in use.")));
    }
    Ok(address)
}

fn describe(call: &mut Call<'_>) -> Answer {
    if call.input["MaxResults"].is_number() && !filter::texts(&call.input["NetworkInterfaceIds"]).is_empty() {
        return Err(refuse::together("networkInterfaceIds", "maxResults"));
    }
    let region = call.peek();
    let rows = region.ec2.interfaces.values().map(|eni| eni.row(region)).collect();
    filter::list(call, &LISTING, rows)
}

/// Interfaces of services are in use until the service lets them go.
fn delete(call: &mut Call<'_>) -> Answer {
    let id = call.text("NetworkInterfaceId").to_owned();
    Kind::Interface.well_formed(&id)?;
    let state = &mut call.regional().ec2;
    let eni = state.interfaces.get(&id).ok_or_else(|| Kind::Interface.missing(&id))?;
    if eni.service.is_some() {
        return Err(refuse::invalid(format!("Network interface '{id}' is currently in use.")));
    }
    state.interfaces.remove(&id);
    state.tags.remove(&id);
    nothing()
}

fn detach_asks(call: &Call<'_>) -> Vec<Ask> {
    let id = call.text("AttachmentId");
    let attached = |eni: &&Eni| eni.service.as_ref().is_some_and(|service| service.attachment == id);
    let found = call.peek().ec2.interfaces.values().find(attached);
    vec![asks::on(call, "DetachNetworkInterface", Kind::Interface, found.map_or("*", |eni| &eni.id))]
}

/// Only services' interfaces are attached here, and users can't detach them.
fn detach(call: &mut Call<'_>) -> Answer {
    let id = call.text("AttachmentId");
    let attached = |eni: &super::Eni| eni.service.as_ref().is_some_and(|service| service.attachment == id);
    if call.peek().ec2.interfaces.values().any(attached) {
        let text = "You are not allowed to manage 'ela-attach' attachments.";
        return Err(Refusal::new("OperationNotPermitted", text));
    }
    Err(Refusal::new(
        "InvalidAttachmentID.NotFound",
        format!("The networkInterface attachment ID '{id}' does not exist"),
    ))
}

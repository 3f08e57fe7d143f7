//! EC2: VPCs, subnets, route tables, zones, security groups and their rules, network interfaces.

use super::{Item, Service};
use crate::world::Region;

/// The service's table.
pub static SERVICE: Service = Service {
    model: "ec2",
    signing: "ec2",
    invalid: "InvalidParameterValue",
    missing: "MissingParameter",
    denied: "UnauthorizedOperation",
    throttled: "RequestLimitExceeded",
    operations: &[],
};

/// What it holds.
#[derive(Clone, Debug, Default)]
pub struct State {}

/// What exists.
pub fn items(_holder: &Region) -> Vec<Item> {
    Vec::new()
}

/// What goes on by itself.
#[derive(Clone, Debug)]
pub enum Event {}

/// Lets an event happen.
pub fn happen(_world: &mut crate::world::World, _place: &crate::world::Place, event: Event) {
    match event {}
}

/// A network interface that a service wants in a subnet.
#[derive(Clone, Debug)]
pub struct NewInterface {
    /// Subnet id.
    pub subnet: String,
    /// Security group ids.
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

/// Makes an interface for a service.
pub fn create_interface(
    _world: &mut crate::world::World,
    _place: &crate::world::Place,
    new: NewInterface,
) -> Result<Interface, InterfaceFault> {
    Err(InterfaceFault::NoSubnet(new.subnet))
}

/// Lets a service's interface go; it lingers for `after` before it is gone.
pub fn release_interface(
    _world: &mut crate::world::World,
    _place: &crate::world::Place,
    _id: &str,
    _after: std::time::Duration,
) {
}

/// Changes the security groups of an interface.
pub fn set_interface_groups(_region: &mut Region, _id: &str, _groups: &[String]) -> Result<(), InterfaceFault> {
    Ok(())
}

/// Whether security groups let interface `from` open TCP `port` on interface `to`.
pub fn reaches(_region: &Region, _from: &str, _to: &str, _port: u16) -> bool {
    true
}

/// Whether interface `from` can open TCP `port` anywhere on the internet: its groups, its route, its address.
pub fn reaches_internet(_region: &Region, _from: &str, _port: u16) -> bool {
    true
}

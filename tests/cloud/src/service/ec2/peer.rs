//! The other side of a security group rule.

use super::group;
use super::refuse::{self, Kind};
use super::{Eni, State};
use crate::call::Refusal;
use ipnet::{Ipv4Net, Ipv6Net};
use std::net::Ipv4Addr;

/// Who may send, or may be sent to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Peer {
    /// IPv4 addresses.
    V4(Ipv4Net),
    /// IPv6 addresses.
    V6(Ipv6Net),
    /// Interfaces that have this security group.
    Group(String),
}

impl Peer {
    /// IPv4 addresses, host bits zeroed.
    pub(super) fn v4(text: &str) -> Result<Self, Refusal> {
        text.parse::<Ipv4Net>().map(|net| Self::V4(net.trunc())).map_err(|_| refuse::bad_cidr(text))
    }

    /// IPv6 addresses, host bits zeroed; their text comes out in the short form.
    pub(super) fn v6(text: &str) -> Result<Self, Refusal> {
        text.parse::<Ipv6Net>().map(|net| Self::V6(net.trunc())).map_err(|_| refuse::bad_cidr(text))
    }

    /// A security group of the same VPC as `owner`'s.
    pub(super) fn group_beside(state: &State, owner: &str, id: &str) -> Result<Self, Refusal> {
        let other = group::existing(state, id)?;
        let vpc = state.groups.get(owner).map(|group| &group.vpc);
        if vpc == Some(&other.vpc) { Ok(Self::Group(id.to_owned())) } else { Err(refuse::other_network()) }
    }

    /// Prefix lists are not part of this cloud, so none exists.
    pub(super) fn prefix_list(id: &str) -> Refusal {
        Refusal::new("InvalidPrefixListID.NotFound", format!("The prefix list ID '{id}' does not exist"))
    }

    /// The security group it names.
    pub fn group(&self) -> Option<&str> {
        match self {
            Self::Group(id) => Some(id),
            Self::V4(_) | Self::V6(_) => None,
        }
    }

    /// Whether an interface is on this side.
    pub fn covers(&self, eni: &Eni) -> bool {
        match self {
            Self::V4(net) => net.contains(&eni.address),
            Self::V6(_) => false,
            Self::Group(id) => eni.groups.contains(id),
        }
    }

    /// Whether an address is on this side.
    pub fn covers_address(&self, address: Ipv4Addr) -> bool {
        matches!(self, Self::V4(net) if net.contains(&address))
    }

    /// As error texts name it.
    pub(super) fn text(&self) -> String {
        match self {
            Self::V4(net) => net.to_string(),
            Self::V6(net) => net.to_string(),
            Self::Group(id) => id.clone(),
        }
    }

    /// Whether it counts against the quota of IPv4 rules and that of IPv6 rules; a group counts against both.
    pub(super) fn counts(&self) -> (bool, bool) {
        match self {
            Self::V4(_) => (true, false),
            Self::V6(_) => (false, true),
            Self::Group(_) => (true, true),
        }
    }
}

/// Refuses a group pair of another account or VPC peering; without peering there is no such group.
pub(super) fn pair_id(pair: &serde_json::Value, account: &str) -> Result<String, Refusal> {
    let (id, user) = (pair["GroupId"].as_str().unwrap_or_default(), pair["UserId"].as_str().unwrap_or(account));
    if id.is_empty() {
        return Err(match pair["GroupName"].as_str() {
            Some(_) => refuse::no_default_vpc(),
            None => refuse::missing_parameter("groupId"),
        });
    }
    if user == account { Ok(id.to_owned()) } else { Err(Kind::Group.missing(id)) }
}

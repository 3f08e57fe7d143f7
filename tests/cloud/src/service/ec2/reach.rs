//! Whether a connection comes through: security group rules on both sides, routes, addresses.
//!
//! Security groups are stateful, so only the opening direction counts. Network ACLs let everything through.

use super::route::{RouteTable, Target};
use super::{Eni, NatState, State, rule};
use crate::world::Region;
use std::net::Ipv4Addr;

/// Whether security groups let interface `from` open TCP `port` on interface `to`.
pub fn reaches(region: &Region, from: &str, to: &str, port: u16) -> bool {
    let state = &region.ec2;
    let (Some(from), Some(to)) = (state.interfaces.get(from), state.interfaces.get(to)) else { return false };
    from.vpc == to.vpc && passes(state, from, true, port, to) && passes(state, to, false, port, from)
}

/// Whether a rule of one of `of`'s groups lets `port` through to, or from, `peer`.
fn passes(state: &State, of: &Eni, egress: bool, port: u16, peer: &Eni) -> bool {
    rules(state, of, egress, port).any(|rule| rule.form.peer.covers(peer))
}

fn rules<'s>(state: &'s State, of: &'s Eni, egress: bool, port: u16) -> impl Iterator<Item = &'s super::Rule> {
    let all = of.groups.iter().flat_map(|group| rule::of(state, group));
    all.filter(move |rule| rule.form.egress == egress && rule.form.lets_tcp(port))
}

/// Whether interface `to` accepts TCP `port` from an address outside of the VPC.
pub fn admits(region: &Region, to: &str, source: Ipv4Addr, port: u16) -> bool {
    let Some(to) = region.ec2.interfaces.get(to) else { return false };
    rules(&region.ec2, to, false, port).any(|rule| rule.form.peer.covers_address(source))
}

/// Whether interface `from` can open TCP `port` anywhere on the internet: its groups, its route, its address.
pub fn reaches_internet(region: &Region, from: &str, port: u16) -> bool {
    let state = &region.ec2;
    let Some(from) = state.interfaces.get(from) else { return false };
    let everywhere = |rule: &super::Rule| matches!(rule.form.peer, super::Peer::V4(net) if net.prefix_len() == 0);
    rules(state, from, true, port).any(everywhere) && routed(state, from)
}

/// Straight through an internet gateway with a public address, or by an available NAT gateway that is so placed.
fn routed(state: &State, from: &Eni) -> bool {
    match RouteTable::of(state, &from.subnet).and_then(RouteTable::default_route) {
        Some(Target::Internet(id)) => from.public_ip.is_some() && attached(state, id, &from.vpc),
        Some(Target::Nat(id)) => state.nat_gateways.get(id).is_some_and(|nat| {
            let onward = RouteTable::of(state, &nat.subnet).and_then(RouteTable::default_route);
            let leaves = matches!(onward, Some(Target::Internet(id)) if attached(state, id, &nat.vpc));
            nat.state == NatState::Available && leaves
        }),
        None => false,
    }
}

fn attached(state: &State, gateway: &str, vpc: &str) -> bool {
    state.internet_gateways.get(gateway).is_some_and(|gateway| gateway.vpc.as_deref() == Some(vpc))
}

//! One rule of a security group: one direction, one range of ports, one peer.

use super::{State, outputs};
use crate::diff::{Change, Diff};
use crate::id::{SecurityGroupId, SecurityGroupRuleId};
use crate::input::{AnyInput, HasInputs, Input, Output, Outputs, Unresolved};
use serde::Serialize;

/// As it is wanted.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Desired {
    /// Group it belongs to.
    pub group: Input<SecurityGroupId>,
    /// Whether it lets in or out.
    pub direction: Direction,
    /// First and last TCP port.
    pub ports: (u16, u16),
    /// Who is at the other end.
    pub peer: Peer,
    /// Shown in the console, at most 255 characters.
    pub description: String,
}

impl HasInputs for Desired {
    fn walk(&mut self, walk: &mut dyn FnMut(&mut dyn AnyInput)) {
        let Self { group, direction: _, ports: _, peer, description: _ } = self;
        walk(group);
        if let Peer::Group(peer) = peer {
            walk(peer);
        }
    }
}

/// As it was seen.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Observed {
    /// Its id.
    pub id: SecurityGroupRuleId,
    /// Group.
    pub group: SecurityGroupId,
    /// Direction.
    pub direction: Direction,
    /// First and last TCP port; `None` when the rule is not about TCP or about every port.
    pub ports: Option<(u16, u16)>,
    /// The other end, in AWS's words: a group id or a CIDR block.
    pub peer: String,
    /// Description.
    pub description: String,
}

impl Observed {
    /// What it yields to others.
    pub fn outputs(&self) -> Outputs {
        outputs([(Output::Id, self.id.to_string())])
    }

    /// Whether others can use it.
    pub fn state(&self) -> State {
        State::Ready
    }
}

/// Group and direction are fixed; the rest changes in place (ModifySecurityGroupRules, Amazon EC2 API Reference).
pub fn diff(desired: &Desired, observed: &Observed) -> Result<Change, Unresolved> {
    let Desired { group, direction, ports, peer, description } = desired;
    Ok(Diff::default()
        .fixed("groupId", group.known()?, &observed.group)
        .fixed("direction", direction, &observed.direction)
        .in_place("ports", &Some(*ports), &observed.ports)
        .in_place("peer", &peer.known()?, &observed.peer)
        .in_place("description", description, &observed.description)
        .done())
}

/// Whether a rule lets in or out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Direction {
    /// Into what has the group.
    Ingress,
    /// Out of what has the group.
    Egress,
}

/// The other end of a rule.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Peer {
    /// Everything that has this group.
    Group(Input<SecurityGroupId>),
    /// An IPv4 or IPv6 block without host bits, for example `10.0.0.0/16`.
    Cidr(String),
}

impl Peer {
    /// The other end in AWS's words, once it is known.
    pub fn known(&self) -> Result<String, Unresolved> {
        match self {
            Self::Group(group) => group.known().map(ToString::to_string),
            Self::Cidr(block) => Ok(block.clone()),
        }
    }
}

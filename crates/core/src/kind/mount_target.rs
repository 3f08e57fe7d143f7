//! EFS mount target: the address of a file system in one zone.

use super::{State, outputs};
use crate::diff::{Change, Diff};
use crate::id::{FileSystemId, MountTargetId, SecurityGroupId, SubnetId};
use crate::input::{AnyInput, HasInputs, Input, Output, Outputs, Unresolved};
use serde::Serialize;
use std::collections::BTreeSet;

/// What the names of its nodes begin with: `mount-target/ZONE`, one a zone.
pub const NODE: &str = "mount-target";

/// As it is wanted.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Desired {
    /// File system.
    pub file_system: Input<FileSystemId>,
    /// Wanted subnets of its zone: it stands in one of them, and serves them all.
    pub subnets: BTreeSet<SubnetId>,
    /// Security group of its network interface.
    pub security_group: Input<SecurityGroupId>,
}

impl HasInputs for Desired {
    fn walk(&mut self, walk: &mut dyn FnMut(&mut dyn AnyInput)) {
        let Self { file_system, subnets: _, security_group } = self;
        walk(file_system);
        walk(security_group);
    }
}

impl Desired {
    /// Where it has to stand when it was `seen` in a subnet: there, if that will do. Another one gains nothing, and moving
    /// breaks every mount (DeleteMountTarget, Amazon EFS API Reference).
    fn subnet<'a>(&'a self, seen: &'a SubnetId) -> &'a SubnetId {
        self.subnets.get(seen).or(self.subnets.first()).unwrap_or(seen)
    }
}

/// As it was seen.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Observed {
    /// Its id.
    pub id: MountTargetId,
    /// File system.
    pub file_system: FileSystemId,
    /// Subnet.
    pub subnet: SubnetId,
    /// Security groups.
    pub security_groups: BTreeSet<SecurityGroupId>,
    /// `LifeCycleState` in AWS's words.
    pub life_cycle_state: String,
}

impl Observed {
    /// What it yields to others.
    pub fn outputs(&self) -> Outputs {
        outputs([(Output::Id, self.id.to_string())])
    }

    /// Whether others can use it.
    pub fn state(&self) -> State {
        match self.life_cycle_state.as_str() {
            "available" => State::Ready,
            "deleting" | "deleted" => State::Leaving,
            "error" => State::Failed("the mount target is in state error: see the EFS console".into()),
            _ => State::Pending(self.life_cycle_state.clone()),
        }
    }
}

/// Only the security groups change in place (ModifyMountTargetSecurityGroups, Amazon EFS API Reference).
pub fn diff(desired: &Desired, observed: &Observed) -> Result<Change, Unresolved> {
    let Desired { file_system, subnets: _, security_group } = desired;
    Ok(Diff::default()
        .fixed("fileSystemId", file_system.known()?, &observed.file_system)
        .fixed("subnetId", desired.subnet(&observed.subnet), &observed.subnet)
        .in_place("securityGroups", &[security_group.known()?.clone()].into(), &observed.security_groups)
        .done())
}

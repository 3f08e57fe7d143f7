//! EC2 security group. Its rules are resources of their own; rules without our tag are strays and go.

use super::{State, outputs};
use crate::diff::{Change, Diff};
use crate::id::{SecurityGroupId, SecurityGroupRuleId, VpcId};
use crate::input::{AnyInput, HasInputs, Output, Outputs, Unresolved};
use serde::Serialize;
use std::collections::BTreeSet;

/// As it is wanted.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Desired {
    /// What it is for; shown in the console, fixed at creation.
    pub description: String,
    /// VPC it belongs to.
    pub vpc: VpcId,
}

impl HasInputs for Desired {
    fn walk(&mut self, _walk: &mut dyn FnMut(&mut dyn AnyInput)) {
        let Self { description: _, vpc: _ } = self;
    }
}

/// As it was seen.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Observed {
    /// Its id.
    pub id: SecurityGroupId,
    /// Description.
    pub description: String,
    /// VPC.
    pub vpc: VpcId,
    /// Rules in it that carry no tag of ours, such as the rule that lets everything out of a new group.
    pub stray_rules: BTreeSet<SecurityGroupRuleId>,
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

/// Description and VPC are fixed at creation (CreateSecurityGroup, Amazon EC2 API Reference).
pub fn diff(desired: &Desired, observed: &Observed) -> Result<Change, Unresolved> {
    let Desired { description, vpc } = desired;
    Ok(Diff::default()
        .fixed("description", description, &observed.description)
        .fixed("vpcId", vpc, &observed.vpc)
        .in_place("strayRules", &BTreeSet::new(), &observed.stray_rules)
        .done())
}

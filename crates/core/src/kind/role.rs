//! IAM role with its inline policies and the managed policies attached to it.

use super::{State, outputs};
use crate::arn::{PolicyArn, RoleArn};
use crate::diff::{Change, Diff};
use crate::id::Name;
use crate::input::{AnyInput, HasInputs, Output, Outputs, Unresolved};
use crate::policy::Document;
use serde::Serialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// As it is wanted.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Desired {
    /// What it is for. Written once and not compared: the one call that lists roles with their policies tells neither it
    /// nor the longest session (GetAccountAuthorizationDetails, IAM API Reference), and one more call for each role and
    /// look is not worth a text for people. Nothing else of a role goes unseen but its permissions boundary.
    pub description: String,
    /// Who may take it on.
    pub trust: Document,
    /// Inline policies by name: gone with the role, without versions.
    pub inline: BTreeMap<String, Document>,
    /// Managed policies.
    pub attached: BTreeSet<PolicyArn>,
}

impl HasInputs for Desired {
    fn walk(&mut self, walk: &mut dyn FnMut(&mut dyn AnyInput)) {
        let Self { description: _, trust, inline, attached: _ } = self;
        trust.walk(walk);
        inline.values_mut().for_each(|policy| policy.walk(walk));
    }
}

/// As it was seen.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Observed {
    /// Its ARN.
    pub arn: RoleArn,
    /// Its name.
    pub name: Name,
    /// Trust policy in normal form.
    pub trust: Value,
    /// Inline policies in normal form.
    pub inline: BTreeMap<String, Value>,
    /// Managed policies.
    pub attached: BTreeSet<PolicyArn>,
}

impl Observed {
    /// What it yields to others.
    pub fn outputs(&self) -> Outputs {
        outputs([
            (Output::Arn, self.arn.to_string()),
            (Output::Name, self.name.to_string()),
            (Output::Id, self.name.to_string()),
        ])
    }

    /// Whether others can use it.
    pub fn state(&self) -> State {
        State::Ready
    }
}

/// Everything compared changes in place; name and path are fixed and come from the owner. A permissions boundary is not
/// ours to lift: it is how the owner of an account limits what roles may do, and can only take away.
pub fn diff(desired: &Desired, observed: &Observed) -> Result<Change, Unresolved> {
    let Desired { description: _, trust, inline, attached } = desired;
    let inline: BTreeMap<String, Value> =
        inline.iter().map(|(name, policy)| Ok((name.clone(), policy.normal()?))).collect::<Result<_, Unresolved>>()?;
    Ok(Diff::default()
        .in_place("trustPolicy", &trust.normal()?, &observed.trust)
        .in_place("inlinePolicies", &inline, &observed.inline)
        .in_place("managedPolicies", attached, &observed.attached)
        .done())
}

//! ECS cluster.

use super::{State, outputs};
use crate::arn::ClusterArn;
use crate::diff::{Change, Diff};
use crate::id::Name;
use crate::input::{AnyInput, HasInputs, Output, Outputs, Unresolved};
use serde::Serialize;
use std::collections::BTreeSet;

/// As it is wanted.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Desired {
    /// Capacity providers, `FARGATE` and `FARGATE_SPOT`.
    pub capacity_providers: BTreeSet<String>,
}

impl HasInputs for Desired {
    fn walk(&mut self, _walk: &mut dyn FnMut(&mut dyn AnyInput)) {
        let Self { capacity_providers: _ } = self;
    }
}

/// As it was seen.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Observed {
    /// Its ARN.
    pub arn: ClusterArn,
    /// Its name.
    pub name: Name,
    /// Capacity providers.
    pub capacity_providers: BTreeSet<String>,
    /// Capacity providers of what names none; ours names its launch type, so there are none.
    pub default_strategy: BTreeSet<String>,
    /// `status` in AWS's words.
    pub status: String,
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
        match self.status.as_str() {
            "ACTIVE" => State::Ready,
            "FAILED" => State::Failed("the cluster is in state FAILED: see the ECS console".into()),
            "DEPROVISIONING" => State::Leaving,
            _ => State::Pending(self.status.clone()),
        }
    }
}

/// Capacity providers are replaced in place (PutClusterCapacityProviders, Amazon ECS API Reference). Container Insights,
/// the logging of ECS Exec and the default namespace of Service Connect are whoever's who set them.
pub fn diff(desired: &Desired, observed: &Observed) -> Result<Change, Unresolved> {
    let Desired { capacity_providers } = desired;
    Ok(Diff::default()
        .in_place("capacityProviders", capacity_providers, &observed.capacity_providers)
        .in_place("defaultCapacityProviderStrategy", &BTreeSet::new(), &observed.default_strategy)
        .done())
}

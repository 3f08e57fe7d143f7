//! Task definitions: families, their revisions, what each says.

mod check;
mod containers;
mod read;
mod spec;
mod volumes;
mod write;

pub(super) use spec::{Condition, Container, Definition, EfsVolume, HealthCheck, Secret};
pub(super) use write::tags_of;

use crate::call::{Access, Ask, Call, Operation};
use crate::clock::Time;
use crate::service::Item;
use crate::tags::Tags;
use crate::world::{Place, Region, World};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        name: "RegisterTaskDefinition",
        access: Access::Write,
        asks: write::ask_register,
        run: write::register,
    },
    Operation {
        name: "DescribeTaskDefinition",
        access: Access::Read,
        asks: |_| any("ecs:DescribeTaskDefinition"),
        run: read::describe,
    },
    Operation {
        name: "ListTaskDefinitions",
        access: Access::Read,
        asks: |_| any("ecs:ListTaskDefinitions"),
        run: read::list,
    },
    Operation {
        name: "ListTaskDefinitionFamilies",
        access: Access::Read,
        asks: |_| any("ecs:ListTaskDefinitionFamilies"),
        run: read::families,
    },
    Operation {
        name: "DeregisterTaskDefinition",
        access: Access::Write,
        asks: |_| any("ecs:DeregisterTaskDefinition"),
        run: write::deregister,
    },
    Operation { name: "DeleteTaskDefinitions", access: Access::Write, asks: ask_delete, run: write::delete },
];

/// How often a deleted revision is looked at again while something uses it, and how long it stays at least.
const PURGE: Duration = Duration::from_secs(600);

/// All revisions of one name; the counter outlives them.
#[derive(Clone, Debug, Default)]
pub(super) struct Family {
    /// Number of the newest revision.
    pub(super) last: u64,
    /// Revisions by number.
    pub(super) revisions: BTreeMap<u64, Revision>,
}

/// One revision: what it says never changes.
#[derive(Clone, Debug)]
pub(super) struct Revision {
    /// What it says.
    pub(super) spec: Arc<Definition>,
    /// State.
    pub(super) status: Status,
    /// Tags.
    pub(super) tags: Tags,
    registered: Time,
    registered_by: String,
    deregistered: Option<Time>,
    delete_requested: Option<Time>,
}

/// States of a revision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    /// Can be run.
    Active,
    /// Goes on where it runs already.
    Inactive,
    /// Goes away once nothing uses it.
    Deleting,
}

/// A deleted revision that goes away.
#[derive(Clone, Debug)]
pub struct Purge {
    family: String,
    revision: u64,
}

impl Status {
    fn name(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Inactive => "INACTIVE",
            Self::Deleting => "DELETE_IN_PROGRESS",
        }
    }
}

impl Revision {
    fn describe(&self) -> Value {
        let mut output = self.spec.show();
        output["status"] = json!(self.status.name());
        output["registeredAt"] = json!(self.registered.seconds());
        output["registeredBy"] = json!(self.registered_by);
        output["deregisteredAt"] = json!(self.deregistered.map(Time::seconds));
        output["deleteRequestedAt"] = json!(self.delete_requested.map(Time::seconds));
        output
    }
}

/// The revision that a family, `family:revision` or ARN names; a family alone names its newest ACTIVE one.
pub(super) fn find<'r>(region: &'r Region, text: &str) -> Option<&'r Revision> {
    let name = text.split_once(":task-definition/").map_or(text, |(_, name)| name);
    let (family, number) = name.split_once(':').map_or((name, None), |(family, number)| (family, Some(number)));
    let revisions = &region.ecs.families.get(family)?.revisions;
    let found = match number {
        Some(number) => revisions.get(&number.parse().ok()?),
        None => revisions.values().rev().find(|revision| revision.status == Status::Active),
    };
    found.filter(|revision| !text.starts_with("arn:") || revision.spec.arn == text || number.is_none())
}

fn any(action: &str) -> Vec<Ask> {
    vec![Ask::new(action, "*")]
}

fn ask_delete(call: &Call<'_>) -> Vec<Ask> {
    let names = super::network::texts(&call.input["taskDefinitions"]);
    let ask = |name: &String| {
        let found = find(call.peek(), name);
        let arn = found.map_or_else(|| call.arn("ecs", &format!("task-definition/{name}")), |r| r.spec.arn.clone());
        Ask::new("ecs:DeleteTaskDefinitions", arn).resource_tags(&found.map(|r| r.tags.clone()).unwrap_or_default())
    };
    names.iter().map(ask).collect()
}

/// Lets a deleted revision go if nothing uses it any more.
pub(super) fn happen(world: &mut World, place: &Place, purge: Purge) {
    let region = world.at(place);
    let Some(revision) = region.ecs.families.get(&purge.family).and_then(|f| f.revisions.get(&purge.revision)) else {
        return;
    };
    let arn = revision.spec.arn.clone();
    if super::services::use_definition(region, &arn) || super::tasks::use_definition(region, &arn) {
        world.after(PURGE, place, crate::world::Event::Ecs(super::Event::Definition(purge)));
    } else if let Some(family) = region.ecs.families.get_mut(&purge.family) {
        family.revisions.remove(&purge.revision);
    }
}

/// What exists: ACTIVE and INACTIVE revisions.
pub(super) fn items(region: &Region) -> Vec<Item> {
    let revisions = region.ecs.families.values().flat_map(|family| family.revisions.values());
    let item = |revision: &Revision| Item {
        kind: "ecs:task-definition",
        id: format!("{}:{}", revision.spec.family, revision.spec.revision),
        arn: revision.spec.arn.clone(),
        tags: revision.tags.clone(),
        state: revision.describe(),
    };
    revisions.filter(|revision| revision.status != Status::Deleting).map(item).collect()
}

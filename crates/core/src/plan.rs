//! The one planner: compares what is wanted with what was seen, and says what to do next, what it waits for and why.
//!
//! [`plan`] is called again after every step, with what that step brought; it decides everything and remembers nothing.

mod planner;
mod room;

use crate::diff::Field;
use crate::graph::{Graph, Node, NodeId};
use crate::input::Source;
use crate::kind::{Kind, State};
use crate::observed::Snapshot;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

/// What is meant to become of a stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Goal {
    /// It runs as its spec says.
    Run,
    /// It goes, and its home stays: file system, its policy and its backups.
    LeaveKeepHome,
    /// It goes with its home.
    LeaveNothing,
}

/// What to do, what to wait for, what can't be done.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// What to do, by node.
    pub steps: Vec<Step>,
    /// What is under way on AWS's side.
    pub waits: Vec<Wait>,
    /// What must not or cannot be done.
    pub blocked: Vec<Blocked>,
    /// What a deletion leaves behind because it was told to.
    pub kept: Vec<Kept>,
}

/// One change of one resource.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Step {
    /// The node.
    pub node: NodeId,
    /// Its kind.
    pub kind: Kind,
    /// What is done.
    pub action: Action,
    /// Nodes that must be usable first, or gone first; empty when the step can be taken now.
    pub after: BTreeSet<NodeId>,
    /// The node with every input filled in, once the step can be taken.
    #[serde(skip)]
    pub resolved: Option<Node>,
}

impl Step {
    /// The resource that it is about; none when it is made.
    pub fn id(&self) -> Option<&String> {
        match &self.action {
            Action::Create { .. } => None,
            Action::Update { id, .. } | Action::Review { id } | Action::Delete { id, .. } => Some(id),
        }
    }
}

/// What is done to a resource.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", tag = "do")]
pub enum Action {
    /// It is made.
    Create {
        /// Fields that made the present one unfit, when this one takes its place.
        replaces: Vec<Field>,
    },
    /// It is changed where it stands.
    Update {
        /// The resource.
        id: String,
        /// What changes.
        fields: Vec<Field>,
    },
    /// It may change once `after` is there: what it needs is not known yet.
    Review {
        /// The resource.
        id: String,
    },
    /// It goes.
    Delete {
        /// The resource.
        id: String,
        /// Why.
        because: Leaving,
    },
}

/// Why a resource goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Leaving {
    /// Its successor finds no room beside it, so it goes first.
    MakesRoom {
        /// Fields that make it unfit; none when it is unwanted and merely in the way.
        fields: Vec<Field>,
    },
    /// The address of its home moves, which nobody may have mounted meanwhile. It comes back once that stands.
    FreesHome,
    /// The spec does not ask for it any more.
    NotWanted,
    /// Another one took its place.
    Superseded,
    /// Its stack is being deleted.
    StackDeleted,
}

/// Something under way.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Wait {
    /// The node.
    pub node: NodeId,
    /// Its kind.
    pub kind: Kind,
    /// The resource.
    pub id: String,
    /// Its state.
    pub state: State,
}

/// Something that must not or cannot be done.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Blocked {
    /// The node.
    pub node: NodeId,
    /// Its kind.
    pub kind: Kind,
    /// What is in the way.
    pub by: Blocker,
}

/// What is in the way.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", tag = "by")]
pub enum Blocker {
    /// A change that no update may make.
    Refused {
        /// The fields.
        fields: Vec<Field>,
        /// How the user gets there.
        remedy: &'static str,
    },
    /// The resource carries our owner's tags and another installation's id.
    OtherInstallation {
        /// That installation's id.
        installation: String,
        /// What was meant to become of it here.
        goal: Goal,
    },
    /// AWS gave up on it.
    Failed {
        /// Why.
        why: String,
    },
    /// The kind could not be listed, so nothing may be concluded.
    Unread,
    /// What it needs exists, but does not give the value that it is needed for.
    NoValue {
        /// The node and its output.
        of: Source,
    },
    /// More than one resource claims to be a node of which there must be one.
    Several {
        /// Their ids.
        ids: Vec<String>,
    },
}

/// Something that a deletion leaves behind.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Kept {
    /// The node.
    pub node: NodeId,
    /// Its kind.
    pub kind: Kind,
    /// The resource.
    pub id: String,
}

impl Plan {
    /// Whether everything is as wanted and nothing is under way.
    pub fn settled(&self) -> bool {
        let Self { steps, waits, blocked, kept: _ } = self;
        steps.is_empty() && waits.is_empty() && blocked.is_empty()
    }

    /// The steps that can be taken now.
    pub fn ready(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter().filter(|step| step.after.is_empty())
    }

    /// Equal plans have equal hashes: 16 hexadecimal digits.
    pub fn hash(&self) -> String {
        let text = serde_json::to_string(self).unwrap_or_default();
        hex::encode(Sha256::digest(text)).chars().take(16).collect()
    }
}

/// What to do so that what was `seen` becomes what `graph` wants, or goes.
pub fn plan(graph: &Graph, seen: &Snapshot, goal: Goal, installation: &str) -> Plan {
    planner::Planner::new(graph, seen, installation).plan(goal)
}

impl Kind {
    /// Whether it is the home, or a setting that lives and dies with it.
    pub fn is_home(self) -> bool {
        matches!(self, Self::FileSystem | Self::FileSystemPolicy | Self::BackupPolicy)
    }

    /// Whether a change in place gives others another value of it: a revision, a version. They wait until it is made.
    pub fn yields_anew(self) -> bool {
        matches!(self, Self::TaskDefinition | Self::Secret)
    }

    /// Whether there is room for one only, so that its successor is made once it is gone: a home has one controller, and a
    /// file system one mount target in a zone (CreateMountTarget, Amazon EFS API Reference).
    pub fn leaves_first(self) -> bool {
        matches!(self, Self::MountTarget | Self::Service)
    }
}

/// Name of the field under which tags are changed.
pub const TAGS: &str = "tags";

//! The one planner: compares what is wanted with what was seen, and says what to do next, what it waits for and why.
//!
//! [`plan`] is called again after every step, with what that step brought; it decides everything and remembers nothing.

use crate::desired::kind_needs;
use crate::diff::{Change, Field};
use crate::graph::{Graph, Node, NodeId};
use crate::input::{HasInputs, Outputs};
use crate::kind::{Kind, State};
use crate::observed::{Seen, Snapshot};
use crate::owner::Tags;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Leaving {
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
    },
    /// AWS gave up on it.
    Failed {
        /// Why.
        why: String,
    },
    /// The kind could not be listed, so nothing may be concluded.
    Unread,
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
    let mut planner = Planner { graph, seen, installation, plan: Plan::default(), fit: BTreeMap::new() };
    match goal {
        Goal::Run => planner.run(),
        Goal::LeaveKeepHome | Goal::LeaveNothing => planner.leave(goal),
    }
    planner.plan
}

struct Planner<'a> {
    graph: &'a Graph,
    seen: &'a Snapshot,
    installation: &'a str,
    plan: Plan,
    /// Nodes that exist as they should or can be brought there in place, with what they yield once they can be used.
    fit: BTreeMap<NodeId, (String, Option<Outputs>)>,
}

impl Planner<'_> {
    fn run(&mut self) {
        let levels = self.graph.levels().unwrap_or_default();
        for id in levels.iter().flatten() {
            if let Some(node) = self.graph.get(id) {
                self.node(id, node);
            }
        }
        self.plan.steps.sort_by(|a, b| a.node.cmp(&b.node));
        if self.plan.steps.is_empty() && self.plan.waits.iter().all(|wait| wait.state.usable()) {
            self.sweep();
        }
    }

    /// Plans one wanted node. Its needs were planned before.
    fn node(&mut self, id: &NodeId, node: &Node) {
        let kind = node.desired.kind();
        if self.seen.unread.contains(&kind) {
            return self.block(id, kind, Blocker::Unread);
        }
        let found = self.seen.of(id);
        if let Some(other) = found.iter().filter_map(Seen::installation).find(|other| *other != self.installation) {
            return self.block(id, kind, Blocker::OtherInstallation { installation: other.to_owned() });
        }
        if kind == Kind::FileSystem && found.len() > 1 {
            return self.block(id, kind, Blocker::Several { ids: found.iter().map(Seen::id).collect() });
        }
        let after: BTreeSet<NodeId> = self.graph.needs(id).into_iter().filter(|need| !self.usable(need)).collect();
        if !after.is_empty() {
            return self.postpone(id, kind, found, after);
        }
        match self.resolve(node) {
            Some(resolved) => self.compare(id, kind, found, resolved),
            // An output that its consumer cannot read is AWS's or our bug; the node waits and the condition shows it.
            None => self.block(id, kind, Blocker::Unread),
        }
    }

    /// A node whose needs are not there yet: it will be created, or looked at again.
    fn postpone(&mut self, id: &NodeId, kind: Kind, found: &[Seen], after: BTreeSet<NodeId>) {
        let action = match found.first() {
            Some(seen) => Action::Review { id: seen.id() },
            None => Action::Create { replaces: Vec::new() },
        };
        self.step(id, kind, action, after, None);
    }

    fn compare(&mut self, id: &NodeId, kind: Kind, found: &[Seen], resolved: Node) {
        if let Some(seen) = found.iter().find(|seen| seen.observed.state() == State::Leaving) {
            return self.wait(id, kind, seen);
        }
        let changes: Vec<(&Seen, Change)> =
            found.iter().filter_map(|seen| Some((seen, resolved.desired.diff(&seen.observed).ok()??))).collect();
        let current = changes.iter().find(|(_, change)| !matches!(change, Change::Replace { .. })).or(changes.first());
        match current {
            None => self.step(id, kind, Action::Create { replaces: Vec::new() }, BTreeSet::new(), Some(resolved)),
            Some((seen, Change::Replace { fields })) => self.replace(id, kind, seen, fields.clone(), resolved),
            Some((_, Change::Refused { fields, remedy })) => {
                self.block(id, kind, Blocker::Refused { fields: fields.clone(), remedy });
            }
            Some((seen, Change::Same)) => self.keep(id, kind, seen, Vec::new(), resolved),
            Some((seen, Change::InPlace { fields })) => self.keep(id, kind, seen, fields.clone(), resolved),
        }
    }

    /// A new one takes the place of `seen`: made first, except where the old one must be gone before.
    fn replace(&mut self, id: &NodeId, kind: Kind, seen: &Seen, fields: Vec<Field>, resolved: Node) {
        if kind.leaves_first() {
            let action = Action::Delete { id: seen.id(), because: Leaving::Superseded };
            self.step(id, kind, action, BTreeSet::new(), None);
        } else {
            self.step(id, kind, Action::Create { replaces: fields }, BTreeSet::new(), Some(resolved));
        }
    }

    /// `seen` stays; its differing fields and tags are changed where it stands.
    fn keep(&mut self, id: &NodeId, kind: Kind, seen: &Seen, mut fields: Vec<Field>, resolved: Node) {
        fields.extend(seen.tags.as_ref().and_then(|have| tag_drift(&resolved.tags, have)));
        let state = seen.observed.state();
        let outdated = kind == Kind::TaskDefinition && fields.iter().any(|field| field.name != TAGS);
        // A service must not go back to the revision that is about to be followed by another one.
        let outputs = (state.usable() && !outdated).then(|| seen.observed.outputs());
        self.fit.insert(id.clone(), (seen.id(), outputs));
        match state {
            State::Failed(why) if fields.is_empty() => self.block(id, kind, Blocker::Failed { why }),
            State::Pending(_) => self.wait(id, kind, seen),
            State::Ready | State::Failed(_) | State::Settling(_) | State::Leaving if !fields.is_empty() => {
                let action = Action::Update { id: seen.id(), fields };
                self.step(id, kind, action, BTreeSet::new(), Some(resolved));
            }
            State::Settling(_) => self.wait(id, kind, seen),
            State::Ready | State::Failed(_) | State::Leaving => (),
        }
    }

    /// What was seen and is not wanted goes, once everything wanted stands.
    fn sweep(&mut self) {
        let unwanted: Vec<&Seen> = self.seen.all().filter(|seen| !self.is_fit(seen)).collect();
        for seen in &unwanted {
            let kind = seen.observed.kind();
            let because = if self.graph.get(&seen.node).is_some() { Leaving::Superseded } else { Leaving::NotWanted };
            if kind.is_home() {
                self.plan.kept.push(Kept { node: seen.node.clone(), kind, id: seen.id() });
            } else {
                self.remove(seen, because, &unwanted);
            }
        }
    }

    fn is_fit(&self, seen: &Seen) -> bool {
        let blocked = self.plan.blocked.iter().any(|blocked| blocked.node == seen.node);
        blocked || self.fit.get(&seen.node).is_some_and(|(id, _)| *id == seen.id())
    }

    fn leave(&mut self, goal: Goal) {
        let (kept, going): (Vec<&Seen>, Vec<&Seen>) =
            self.seen.all().partition(|seen| goal == Goal::LeaveKeepHome && seen.observed.kind().is_home());
        self.plan.kept = kept
            .iter()
            .map(|seen| Kept { node: seen.node.clone(), kind: seen.observed.kind(), id: seen.id() })
            .collect();
        for seen in &going {
            match seen.installation().filter(|other| *other != self.installation) {
                Some(other) => {
                    let by = Blocker::OtherInstallation { installation: other.to_owned() };
                    self.block(&seen.node, seen.observed.kind(), by);
                }
                None => self.remove(seen, Leaving::StackDeleted, &going),
            }
        }
        for kind in &self.seen.unread {
            self.plan.blocked.push(Blocked { node: NodeId::new(kind.to_string()), kind: *kind, by: Blocker::Unread });
        }
    }

    /// Removes `seen` once nothing that goes with it is of a kind that needs its kind.
    fn remove(&mut self, seen: &Seen, because: Leaving, going: &[&Seen]) {
        let kind = seen.observed.kind();
        if seen.observed.state() == State::Leaving {
            return self.wait(&seen.node, kind, seen);
        }
        let after = going
            .iter()
            .filter(|other| kind_needs().contains(&(other.observed.kind(), kind)))
            .map(|other| other.node.clone())
            .collect();
        self.step(&seen.node, kind, Action::Delete { id: seen.id(), because }, after, None);
    }

    fn usable(&self, id: &NodeId) -> bool {
        self.fit.get(id).is_some_and(|(_, outputs)| outputs.is_some())
    }

    /// The node with its inputs filled in; `None` when an output is missing or does not fit.
    fn resolve(&self, node: &Node) -> Option<Node> {
        let mut node = node.clone();
        let mut fits = true;
        node.desired.walk(&mut |input| {
            let Some(source) = input.source().cloned() else { return };
            let outputs = self.fit.get(&source.node).and_then(|(_, outputs)| outputs.as_ref());
            let value = outputs.and_then(|outputs| outputs.get(&source.output));
            fits &= value.is_some_and(|value| input.fill(value).is_ok());
        });
        fits.then_some(node)
    }

    fn step(&mut self, id: &NodeId, kind: Kind, action: Action, after: BTreeSet<NodeId>, resolved: Option<Node>) {
        self.plan.steps.push(Step { node: id.clone(), kind, action, after, resolved });
    }

    fn wait(&mut self, id: &NodeId, kind: Kind, seen: &Seen) {
        let state = seen.observed.state();
        self.plan.waits.push(Wait { node: id.clone(), kind, id: seen.id(), state });
    }

    fn block(&mut self, id: &NodeId, kind: Kind, by: Blocker) {
        self.plan.blocked.push(Blocked { node: id.clone(), kind, by });
    }
}

impl Kind {
    /// Whether it is the home, or a setting that lives and dies with it.
    pub fn is_home(self) -> bool {
        matches!(self, Self::FileSystem | Self::FileSystemPolicy | Self::BackupPolicy)
    }

    /// Whether there is room for one only, so that its successor is made once it is gone: a home has one controller, and a
    /// file system one mount target in a zone (CreateMountTarget, Amazon EFS API Reference).
    pub fn leaves_first(self) -> bool {
        matches!(self, Self::MountTarget | Self::Service)
    }
}

/// Name of the field under which tags are changed.
pub const TAGS: &str = "tags";

/// The tags that are missing or differ. Tags that others added are left alone.
fn tag_drift(want: &Tags, have: &Tags) -> Option<Field> {
    let differ: Tags =
        want.iter().filter(|(key, value)| have.get(*key) != Some(value)).map(|(k, v)| (k.clone(), v.clone())).collect();
    let before: Tags = differ.keys().filter_map(|key| Some((key.clone(), have.get(key)?.clone()))).collect();
    let shown = |tags: &Tags| serde_json::to_string(tags).unwrap_or_default();
    (!differ.is_empty()).then(|| Field { name: TAGS, from: shown(&before), to: shown(&differ) })
}

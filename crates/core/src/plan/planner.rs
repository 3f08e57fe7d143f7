//! The planner itself, one node at a time in the order in which they can be made.

use super::room::excludes;
use super::{Action, Blocked, Blocker, Goal, Kept, Leaving, Plan, Step, TAGS, Wait};
use crate::desired::kind_needs;
use crate::diff::{Change, Field};
use crate::graph::{Graph, GraphError, Node, NodeId};
use crate::input::{HasInputs, Outputs, Source};
use crate::kind::{Kind, State};
use crate::observed::{Seen, Snapshot};
use crate::owner::Tags;
use std::collections::{BTreeMap, BTreeSet};

/// A plan in the making.
pub(super) struct Planner<'a> {
    graph: &'a Graph,
    seen: &'a Snapshot,
    installation: &'a str,
    plan: Plan,
    /// Nodes that exist as they should or can be brought there in place, with what they yield once they can be used.
    fit: BTreeMap<NodeId, (String, Option<Outputs>)>,
}

impl<'a> Planner<'a> {
    pub(super) fn new(graph: &'a Graph, seen: &'a Snapshot, installation: &'a str) -> Self {
        Self { graph, seen, installation, plan: Plan::default(), fit: BTreeMap::new() }
    }

    pub(super) fn plan(mut self, goal: Goal) -> Plan {
        if !self.belongs_to_others(goal) {
            match goal {
                Goal::Run => self.run(),
                Goal::LeaveKeepHome | Goal::LeaveNothing => self.leave(goal),
            }
            self.blind();
        }
        self.plan.steps.sort_by(|a, b| (&a.node, a.id()).cmp(&(&b.node, b.id())));
        self.plan
    }

    /// One resource of another installation is enough: that one runs this stack, and nothing is touched.
    fn belongs_to_others(&mut self, goal: Goal) -> bool {
        let theirs = |seen: &&Seen| self.seen.installation(seen).is_some_and(|of| of != self.installation);
        let Some(seen) = self.seen.all().find(theirs) else { return false };
        let installation = self.seen.installation(seen).unwrap_or_default().to_owned();
        self.block(&seen.node, seen.observed.kind(), Blocker::OtherInstallation { installation, goal });
        true
    }

    fn run(&mut self) {
        let levels = match self.graph.levels() {
            Ok(levels) => levels,
            Err(error) => return self.no_order(&error),
        };
        for id in levels.iter().flatten() {
            if let Some(node) = self.graph.get(id) {
                self.node(id, node);
            }
        }
        self.untangle();
        if self.plan.steps.is_empty() && self.plan.waits.iter().all(|wait| wait.state.usable()) {
            self.sweep();
        }
    }

    /// A graph that is checked where it is built has an order; without one nothing may be taken for unwanted.
    fn no_order(&mut self, error: &GraphError) {
        let (GraphError::Missing { node, .. } | GraphError::Cycle(node)) = error;
        if let Some(kind) = self.graph.kind(node) {
            self.block(node, kind, Blocker::Failed { why: error.to_string() });
        }
    }

    /// Plans one wanted node. Its needs were planned before.
    fn node(&mut self, id: &NodeId, node: &Node) {
        let kind = node.desired.kind();
        if self.seen.unread.contains(&kind) {
            return self.block(id, kind, Blocker::Unread);
        }
        let found = self.seen.of(id);
        if kind == Kind::FileSystem && found.len() > 1 {
            return self.block(id, kind, Blocker::Several { ids: found.iter().map(Seen::id).collect() });
        }
        let after: BTreeSet<NodeId> = self.graph.needs(id).into_iter().filter(|need| !self.usable(need)).collect();
        if !after.is_empty() {
            return self.postpone(id, kind, found, after);
        }
        match self.resolve(node) {
            Ok(resolved) => self.compare(id, kind, resolved),
            Err(of) => self.block(id, kind, Blocker::NoValue { of }),
        }
    }

    /// A node whose needs are not there yet: it will be created, or looked at again, unless it goes for their sake.
    fn postpone(&mut self, id: &NodeId, kind: Kind, found: &[Seen], after: BTreeSet<NodeId>) {
        if kind == Kind::Service && self.is_leaving(id) {
            return;
        }
        let action = match found.first() {
            Some(seen) => Action::Review { id: seen.id() },
            None => Action::Create { replaces: Vec::new() },
        };
        self.step(id, kind, action, after, None);
    }

    fn compare(&mut self, id: &NodeId, kind: Kind, resolved: Node) {
        let best = self.best(id, &resolved);
        let fits = best.as_ref().is_some_and(|(_, change)| !matches!(change, Change::Replace { .. }));
        if let Some(leaving) = self.seen.of(id).iter().find(|seen| seen.observed.state() == State::Leaving)
            && (kind.leaves_first() || !fits)
        {
            return self.wait(id, kind, leaving);
        }
        let Some((seen, change)) = best else {
            return self.make(id, kind, None, Vec::new(), resolved);
        };
        if kind.leaves_first() && self.seen.of(id).len() > 1 {
            return self.thin(id, kind, seen);
        }
        match change {
            Change::Replace { fields } => self.replace(id, kind, seen, fields, resolved),
            Change::Refused { fields, remedy } => self.block(id, kind, Blocker::Refused { fields, remedy }),
            Change::Same => self.keep(id, kind, seen, Vec::new(), resolved),
            Change::InPlace { fields } => self.keep(id, kind, seen, fields, resolved),
        }
    }

    /// Of all that claim to be the node, the one that is to be it: fit before unfit, usable before not, least to change.
    fn best(&self, id: &NodeId, resolved: &Node) -> Option<(&'a Seen, Change)> {
        let staying = self.seen.of(id).iter().filter(|seen| seen.observed.state() != State::Leaving);
        let changes = staying.filter_map(|seen| Some((seen, resolved.desired.diff(&seen.observed).ok()??)));
        changes.min_by_key(|(seen, change)| {
            let effort = match change {
                Change::Same => 0,
                Change::InPlace { .. } => 1,
                Change::Refused { .. } => 2,
                Change::Replace { .. } => 3,
            };
            (effort == 3, !seen.observed.state().usable(), effort)
        })
    }

    /// More than one where there may be one at most, such as two services on one home: all but the best go at once.
    fn thin(&mut self, id: &NodeId, kind: Kind, best: &Seen) {
        for seen in self.seen.of(id).iter().filter(|seen| seen.id() != best.id()) {
            let because = Leaving::MakesRoom { fields: Vec::new() };
            self.step(id, kind, Action::Delete { id: seen.id(), because }, BTreeSet::new(), None);
        }
    }

    /// A new one, once there is room for it.
    fn make(&mut self, id: &NodeId, kind: Kind, old: Option<&Seen>, replaces: Vec<Field>, resolved: Node) {
        let after = self.clear(old, &resolved);
        self.step(id, kind, Action::Create { replaces }, after, Some(resolved));
    }

    /// A new one takes the place of `seen`: made first, except where the old one must be gone before.
    fn replace(&mut self, id: &NodeId, kind: Kind, seen: &Seen, fields: Vec<Field>, resolved: Node) {
        if kind.leaves_first() || excludes(&resolved.desired, &seen.observed) {
            let after = if kind == Kind::MountTarget { self.free_home() } else { BTreeSet::new() };
            let action = Action::Delete { id: seen.id(), because: Leaving::MakesRoom { fields } };
            self.step(id, kind, action, after, None);
        } else {
            self.make(id, kind, Some(seen), fields, resolved);
        }
    }

    /// Services whose tasks may have the home mounted: all of them go, and whatever breaks a mount waits for that.
    fn free_home(&mut self) -> BTreeSet<NodeId> {
        let unread = self.seen.unread.contains(&Kind::Service).then(|| of_kind(Kind::Service));
        let services = self.seen.all().filter(|seen| seen.observed.kind() == Kind::Service);
        let mut users: BTreeSet<NodeId> = unread.into_iter().collect();
        for seen in services {
            users.insert(seen.node.clone());
            if self.is_leaving(&seen.node) {
                continue;
            }
            if seen.observed.state() == State::Leaving {
                self.wait(&seen.node, Kind::Service, seen);
            } else {
                let action = Action::Delete { id: seen.id(), because: Leaving::FreesHome };
                self.step(&seen.node, Kind::Service, action, BTreeSet::new(), None);
            }
        }
        users
    }

    /// Whether it is planned already that what a node has goes.
    fn is_leaving(&self, id: &NodeId) -> bool {
        let goes = |step: &Step| step.node == *id && matches!(step.action, Action::Delete { .. });
        self.plan.steps.iter().any(goes) || self.plan.waits.iter().any(|wait| wait.node == *id)
    }

    /// `seen` stays; its differing fields and tags are changed where it stands.
    fn keep(&mut self, id: &NodeId, kind: Kind, seen: &Seen, mut fields: Vec<Field>, resolved: Node) {
        let outdated = kind.yields_anew() && !fields.is_empty();
        let after = if fields.is_empty() { BTreeSet::new() } else { self.clear(Some(seen), &resolved) };
        fields.extend(seen.tags.as_ref().and_then(|have| tag_drift(&resolved.tags, have)));
        let state = seen.observed.state();
        // A service must not go back to the revision that is about to be followed by another one.
        let outputs = (state.usable() && !outdated).then(|| seen.observed.outputs());
        self.fit.insert(id.clone(), (seen.id(), outputs));
        match state {
            State::Failed(why) if fields.is_empty() => self.block(id, kind, Blocker::Failed { why }),
            State::Pending(_) => self.wait(id, kind, seen),
            State::Ready | State::Failed(_) | State::Settling(_) | State::Leaving if !fields.is_empty() => {
                self.step(id, kind, Action::Update { id: seen.id(), fields }, after, Some(resolved));
            }
            State::Settling(_) => self.wait(id, kind, seen),
            State::Ready | State::Failed(_) | State::Leaving => (),
        }
    }

    /// Nodes that stand where `resolved` must be. What is wanted moves by itself; what is not goes now, out of turn.
    fn clear(&mut self, current: Option<&Seen>, resolved: &Node) -> BTreeSet<NodeId> {
        let mut after = BTreeSet::new();
        for seen in self.seen.all().filter(|seen| excludes(&resolved.desired, &seen.observed)) {
            if current == Some(seen) {
                continue;
            }
            after.insert(seen.node.clone());
            let planned = self.plan.steps.iter().any(|step| step.node == seen.node && step.id() == Some(&seen.id()));
            if !planned && !self.is_wanted(seen) {
                let action = Action::Delete { id: seen.id(), because: Leaving::MakesRoom { fields: Vec::new() } };
                self.step(&seen.node, seen.observed.kind(), action, BTreeSet::new(), None);
            }
        }
        after
    }

    /// Whether it is what its node is to be.
    fn is_wanted(&self, seen: &Seen) -> bool {
        let resolved = self.graph.get(&seen.node).map(|node| self.resolve(node));
        match resolved {
            None => false,
            Some(Err(_)) => true,
            Some(Ok(node)) => self.best(&seen.node, &node).is_some_and(|(best, _)| best.id() == seen.id()),
        }
    }

    /// Resources that stand in each other's places, each waiting for the other to move: one of them steps aside.
    fn untangle(&mut self) {
        let Plan { steps, waits, blocked, kept: _ } = &mut self.plan;
        if !waits.is_empty() || !blocked.is_empty() || steps.iter().any(|step| step.after.is_empty()) {
            return;
        }
        let tangled = steps.iter_mut().find(|step| matches!(step.action, Action::Update { .. }));
        if let Some(step) = tangled
            && let Action::Update { id, fields } = &step.action
        {
            let because = Leaving::MakesRoom { fields: fields.clone() };
            step.action = Action::Delete { id: id.clone(), because };
            step.after.clear();
            step.resolved = None;
        }
    }

    /// What was seen and is not wanted goes, once everything wanted stands.
    fn sweep(&mut self) {
        let unwanted = self.seen.all().filter(|seen| !self.is_fit(seen));
        let (kept, going): (Vec<&Seen>, Vec<&Seen>) = unwanted.partition(|seen| seen.observed.kind().is_home());
        self.plan.kept = kept.into_iter().map(keep).collect();
        for seen in &going {
            let because = if self.graph.get(&seen.node).is_some() { Leaving::Superseded } else { Leaving::NotWanted };
            self.remove(seen, because, &going);
        }
    }

    fn is_fit(&self, seen: &Seen) -> bool {
        let blocked = self.plan.blocked.iter().any(|blocked| blocked.node == seen.node);
        let fit = self.fit.get(&seen.node);
        fit.map_or(blocked, |(id, _)| *id == seen.id())
    }

    fn leave(&mut self, goal: Goal) {
        let (kept, going): (Vec<&Seen>, Vec<&Seen>) =
            self.seen.all().partition(|seen| goal == Goal::LeaveKeepHome && seen.observed.kind().is_home());
        self.plan.kept = kept.into_iter().map(keep).collect();
        for seen in &going {
            self.remove(seen, Leaving::StackDeleted, &going);
        }
    }

    /// Kinds that could not be listed and of which no node says so: there may be more to do.
    fn blind(&mut self) {
        for kind in &self.seen.unread {
            if !self.plan.blocked.iter().any(|blocked| blocked.kind == *kind) {
                self.block(&of_kind(*kind), *kind, Blocker::Unread);
            }
        }
    }

    /// Removes `seen` once nothing is left of the kinds that need its kind among what goes and what could not be read.
    fn remove(&mut self, seen: &Seen, because: Leaving, going: &[&Seen]) {
        let kind = seen.observed.kind();
        if seen.observed.state() == State::Leaving {
            return self.wait(&seen.node, kind, seen);
        }
        let needed_by = |other: Kind| kind_needs().contains(&(other, kind));
        let going = going.iter().filter(|other| needed_by(other.observed.kind())).map(|other| other.node.clone());
        let unread = self.seen.unread.iter().filter(|other| needed_by(**other)).map(|other| of_kind(*other));
        let after = going.chain(unread).collect();
        self.step(&seen.node, kind, Action::Delete { id: seen.id(), because }, after, None);
    }

    fn usable(&self, id: &NodeId) -> bool {
        self.fit.get(id).is_some_and(|(_, outputs)| outputs.is_some())
    }

    /// The node with its inputs filled in, or the first of them that is missing or does not fit.
    fn resolve(&self, node: &Node) -> Result<Node, Source> {
        let mut node = node.clone();
        let mut missing = None;
        node.desired.walk(&mut |input| {
            let Some(source) = input.source().cloned() else { return };
            let outputs = self.fit.get(&source.node).and_then(|(_, outputs)| outputs.as_ref());
            let value = outputs.and_then(|outputs| outputs.get(&source.output));
            if value.is_none_or(|value| input.fill(value).is_err()) {
                missing.get_or_insert(source);
            }
        });
        missing.map_or(Ok(node), Err)
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

fn keep(seen: &Seen) -> Kept {
    Kept { node: seen.node.clone(), kind: seen.observed.kind(), id: seen.id() }
}

/// What stands in a plan for all resources of a kind that could not be listed.
fn of_kind(kind: Kind) -> NodeId {
    NodeId::new(kind.to_string())
}

/// The tags that are missing or differ. Tags that others added are left alone.
fn tag_drift(want: &Tags, have: &Tags) -> Option<Field> {
    let differ: Tags =
        want.iter().filter(|(key, value)| have.get(*key) != Some(value)).map(|(k, v)| (k.clone(), v.clone())).collect();
    let before: Tags = differ.keys().filter_map(|key| Some((key.clone(), have.get(key)?.clone()))).collect();
    let shown = |tags: &Tags| serde_json::to_string(tags).unwrap_or_default();
    (!differ.is_empty()).then(|| Field { name: TAGS, from: shown(&before), to: shown(&differ) })
}

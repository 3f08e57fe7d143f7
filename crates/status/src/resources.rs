//! The resources of a stack and what is still to be done to them, as lists.

use crate::facts::Pass;
use jenkinsstack_api::JenkinsStackStatus;
use jenkinsstack_api::status::{Pending, PendingAction, ResourceState, ResourceStatus};
use jenkinsstack_core::graph::NodeId;
use jenkinsstack_core::kind::{Kind, State};
use jenkinsstack_core::observed::Seen;
use jenkinsstack_core::plan::{Action, Step, Wait};
use jenkinsstack_core::render;
use std::collections::BTreeMap;

/// Every node that is wanted or that exists, by name. One whose kind could not be read is as it was.
pub(crate) fn resources(pass: &Pass<'_>, previous: Option<&JenkinsStackStatus>) -> Vec<ResourceStatus> {
    let mut rows: BTreeMap<&NodeId, (Kind, Option<&Seen>)> =
        pass.graph.nodes().map(|(id, node)| (id, (node.desired.kind(), None))).collect();
    for seen in pass.snapshot.all() {
        let known = rows.get(&seen.node).and_then(|(_, seen)| *seen);
        // Of several, the one that stays stands for the node.
        if known.is_none_or(|known| goes(pass, known)) {
            rows.insert(&seen.node, (seen.observed.kind(), Some(seen)));
        }
    }
    let before = |node: &NodeId| previous?.resources.iter().find(|row| row.node == node.as_str()).cloned();
    let row = |(node, (kind, seen)): (&NodeId, (Kind, Option<&Seen>))| {
        let unread = seen.is_none() && pass.snapshot.unread.contains(&kind);
        before(node).filter(|_| unread).unwrap_or_else(|| row(pass, node, kind, seen))
    };
    rows.into_iter().map(row).collect()
}

fn goes(pass: &Pass<'_>, seen: &Seen) -> bool {
    matches!(step_on(pass, &seen.node, Some(seen)), Some(Action::Delete { .. }))
}

/// What is to be done to the resource, or to make one for its node.
fn step_on<'a>(pass: &Pass<'a>, node: &NodeId, seen: Option<&Seen>) -> Option<&'a Action> {
    let id = seen.map(Seen::id);
    let about = |step: &&Step| step.node == *node && (step.id().is_none() || step.id() == id.as_ref());
    pass.plan.steps.iter().find(about).map(|step| &step.action)
}

fn row(pass: &Pass<'_>, node: &NodeId, kind: Kind, seen: Option<&Seen>) -> ResourceStatus {
    let step = step_on(pass, node, seen);
    let kept = pass.plan.kept.iter().any(|kept| kept.node == *node);
    let state = match (seen.map(|seen| seen.observed.state()), step) {
        (None, _) => ResourceState::Missing,
        (Some(_), _) if kept => ResourceState::Retained,
        (Some(State::Leaving), _) | (Some(_), Some(Action::Delete { .. })) => ResourceState::Deleting,
        (Some(State::Failed(_)), _) => ResourceState::Failed,
        (Some(State::Pending(_)), _) => ResourceState::Creating,
        // That it will be looked at once more does not mean that anything differs.
        (Some(State::Ready), None | Some(Action::Review { .. })) => ResourceState::Ready,
        (Some(State::Settling(_)), _) | (Some(State::Ready), Some(_)) => ResourceState::Updating,
    };
    ResourceStatus { node: node.to_string(), kind: format!("{kind:?}"), id: seen.map(Seen::id), state }
}

/// What is still to be done: one entry a node, at most [`PENDING_LIMIT`].
pub(crate) fn pending(pass: &Pass<'_>) -> Vec<Pending> {
    let steps = pass.plan.steps.iter().map(step);
    let waits = pass.plan.waits.iter().map(wait);
    let mut by_node: BTreeMap<String, Pending> = BTreeMap::new();
    for pending in waits.chain(steps) {
        by_node.entry(pending.node.clone()).or_insert(pending);
    }
    by_node.into_values().take(PENDING_LIMIT).collect()
}

/// A status is a report, not a log: more than this nobody reads.
const PENDING_LIMIT: usize = 50;

fn step(step: &Step) -> Pending {
    let action = match &step.action {
        Action::Create { replaces } if replaces.is_empty() => PendingAction::Create,
        Action::Create { .. } => PendingAction::Replace,
        Action::Update { .. } => PendingAction::Update,
        Action::Review { .. } => PendingAction::Wait,
        Action::Delete { .. } => PendingAction::Delete,
    };
    let why = render::step_with_needs(step);
    Pending { node: step.node.to_string(), action, why }
}

fn wait(wait: &Wait) -> Pending {
    Pending { node: wait.node.to_string(), action: PendingAction::Wait, why: render::wait_line(wait) }
}

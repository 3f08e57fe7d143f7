//! A second opinion on every plan: refuses what no plan may do, whoever made it.

use crate::graph::NodeId;
use crate::kind::Kind;
use crate::observed::{Seen, Snapshot};
use crate::plan::{Action, Goal, Leaving, Plan, Step};

/// A step that must never be taken. It stops the pass, and is a bug of the planner.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Forbidden {
    /// Invariant 1: a home is deleted only with its stack, and only when the spec says so.
    #[error("bug: the plan deletes the home {id} although the stack is not told to destroy it")]
    HomeDeleted {
        /// The file system.
        id: String,
    },
    /// Invariant 1: a home is never replaced.
    #[error("bug: the plan makes a second home beside {id}")]
    HomeReplaced {
        /// The file system that is there.
        id: String,
    },
    /// Invariant 2: never two Jenkins controllers on one home.
    #[error("bug: the plan makes a second service beside {id}")]
    SecondController {
        /// The service that is there.
        id: String,
    },
    /// A home's address never goes while a controller may have it mounted by it.
    #[error("bug: the plan moves the home's address {id} while {service} may have it mounted")]
    Mounted {
        /// The mount target.
        id: String,
        /// The service, or the kind when it could not be read.
        service: String,
    },
    /// Invariant 3: nothing without our tags is changed or deleted.
    #[error("bug: the plan changes {node} {id}, which is not ours")]
    NotOurs {
        /// The node.
        node: NodeId,
        /// The resource.
        id: String,
    },
    /// What could not be looked at may be there already.
    #[error("bug: the plan makes {node} although it could not be read whether there is one")]
    Unseen {
        /// The node.
        node: NodeId,
    },
    /// A step that can be taken now must know everything that it needs.
    #[error("bug: the plan takes a step on {node} before its inputs are known")]
    Unresolved {
        /// The node.
        node: NodeId,
    },
}

/// Looks through the steps that can be taken now.
pub fn check(plan: &Plan, seen: &Snapshot, goal: Goal, installation: &str) -> Result<(), Forbidden> {
    plan.ready().try_for_each(|step| check_step(step, seen, goal, installation))
}

fn check_step(step: &Step, seen: &Snapshot, goal: Goal, installation: &str) -> Result<(), Forbidden> {
    let Step { node, kind, action, after: _, resolved } = step;
    match action {
        Action::Create { .. } => makes(node, *kind, seen)?,
        Action::Delete { id, because } => {
            if kind.is_home() && goal != Goal::LeaveNothing {
                return Err(Forbidden::HomeDeleted { id: id.clone() });
            }
            if *kind == Kind::MountTarget && matches!(because, Leaving::MakesRoom { .. }) {
                unmounted(id, seen)?;
            }
            return ours(node, id, seen, installation);
        }
        Action::Update { id, .. } | Action::Review { id } => ours(node, id, seen, installation)?,
    }
    if resolved.is_some() { Ok(()) } else { Err(Forbidden::Unresolved { node: node.clone() }) }
}

/// A home and its controller are the only ones of their kind, under whatever node they were seen.
fn makes(node: &NodeId, kind: Kind, seen: &Snapshot) -> Result<(), Forbidden> {
    if seen.unread.contains(&kind) {
        return Err(Forbidden::Unseen { node: node.clone() });
    }
    let there = seen.all().find(|seen| seen.observed.kind() == kind).map(Seen::id);
    match (kind, there) {
        (Kind::FileSystem, Some(id)) => Err(Forbidden::HomeReplaced { id }),
        (Kind::Service, Some(id)) => Err(Forbidden::SecondController { id }),
        _ => Ok(()),
    }
}

/// A service is seen for as long as it has tasks.
fn unmounted(id: &str, seen: &Snapshot) -> Result<(), Forbidden> {
    let there = seen.all().find(|seen| seen.observed.kind() == Kind::Service).map(Seen::id);
    let unread = seen.unread.contains(&Kind::Service).then(|| Kind::Service.to_string());
    match there.or(unread) {
        Some(service) => Err(Forbidden::Mounted { id: id.to_owned(), service }),
        None => Ok(()),
    }
}

fn ours(node: &NodeId, id: &str, seen: &Snapshot, installation: &str) -> Result<(), Forbidden> {
    let known = seen.of(node).iter().find(|seen| seen.id() == id);
    let ours = known.is_some_and(|known| seen.installation(known).is_none_or(|of| of == installation));
    if ours { Ok(()) } else { Err(Forbidden::NotOurs { node: node.clone(), id: id.to_owned() }) }
}

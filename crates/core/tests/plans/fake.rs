//! AWS without I/O: what a step of a plan leaves behind, states that take time, and what AWS refuses.
//!
//! [`Fake::take`] carries out one step, [`Fake::tick`] lets time pass. A step that AWS would refuse panics: no plan may
//! contain one.

mod observe;
mod refuse;

use jenkinsstack_core::graph::Node;
use jenkinsstack_core::input::Output;
use jenkinsstack_core::kind::{Desired, Kind, Observed};
use jenkinsstack_core::observed::{Seen, Snapshot};
use jenkinsstack_core::plan::{Action, Step};

/// Everything there is of one stack.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fake {
    /// What a listing shows.
    pub(crate) seen: Snapshot,
    /// Names that are taken, by kind and id.
    names: Vec<(Kind, String, String)>,
    made: usize,
}

impl Fake {
    /// Carries out a step that can be taken now.
    pub(crate) fn take(&mut self, step: &Step) {
        assert!(step.after.is_empty(), "{step:?} can't be taken yet");
        match &step.action {
            Action::Create { .. } => self.create(step, step.resolved.as_ref().expect("a step with inputs")),
            Action::Update { id, .. } => self.update(step, id, step.resolved.as_ref().expect("a step with inputs")),
            Action::Delete { id, .. } => self.delete(step, id),
            Action::Review { .. } => panic!("nothing to do about {step:?}"),
        }
    }

    /// Lets time pass until the next state of everything that is under way.
    pub(crate) fn tick(&mut self) {
        for seen in self.all() {
            match observe::later(&seen.observed) {
                Some(observed) => self.seen.see(Seen { observed, ..seen }),
                None => self.forget(&seen),
            }
        }
    }

    /// Everything, as a list that can be walked while the snapshot changes.
    pub(crate) fn all(&self) -> Vec<Seen> {
        self.seen.all().cloned().collect()
    }

    /// Puts a resource there that no step made.
    pub(crate) fn put(&mut self, seen: Seen) {
        self.seen.see(seen);
    }

    /// Takes a resource away behind the operator's back, with what AWS takes away with it.
    pub(crate) fn lose(&mut self, seen: &Seen) {
        self.forget(seen);
        let arn = seen.observed.outputs().get(&Output::Arn).cloned().unwrap_or_else(|| seen.id());
        for other in self.all() {
            let falls = match &other.observed {
                Observed::Listener(listener) => listener.load_balancer.as_str() == arn,
                Observed::ListenerRule(rule) => rule.listener.as_str() == arn,
                Observed::SecurityGroupRule(rule) => rule.group.as_str() == seen.id(),
                _ => false,
            };
            if falls {
                self.lose(&other);
            }
        }
    }

    /// Another resource of the same node, made by a create call that was repeated.
    pub(crate) fn double(&mut self, node: &Node, seen: &Seen) {
        self.made += 1;
        let observed = settled(observe::made(&node.desired, &node.name, self.made));
        self.seen.see(Seen { observed, ..seen.clone() });
    }

    fn create(&mut self, step: &Step, node: &Node) {
        self.refuse_create(step, node);
        self.made += 1;
        let observed = observe::made(&node.desired, &node.name, self.made);
        let tags = has_tags(step.kind).then(|| node.tags.clone());
        let seen = Seen { node: step.node.clone(), tags, observed };
        self.names.push((step.kind, node.name.clone(), seen.id()));
        self.seen.see(seen);
    }

    fn update(&mut self, step: &Step, id: &str, node: &Node) {
        let before = self.find(step, id);
        self.refuse_update(step, &before, node);
        self.made += 1;
        let observed = observe::changed(&node.desired, &before.observed, self.made);
        let tags = before.tags.clone().map(|mut tags| {
            tags.extend(node.tags.clone());
            tags
        });
        let seen = Seen { tags, observed, ..before };
        assert_eq!(seen.id(), id, "an update in place keeps the id");
        self.seen.see(seen);
    }

    fn delete(&mut self, step: &Step, id: &str) {
        let seen = self.find(step, id);
        self.refuse_delete(&seen);
        match observe::leaving(&seen.observed) {
            Some(observed) => self.seen.see(Seen { observed, ..seen }),
            None => self.forget(&seen),
        }
    }

    fn find(&self, step: &Step, id: &str) -> Seen {
        let found = self.seen.of(&step.node).iter().find(|seen| seen.id() == id);
        found.unwrap_or_else(|| panic!("{step:?} is about nothing that exists")).clone()
    }

    fn forget(&mut self, seen: &Seen) {
        let (kind, id) = (seen.observed.kind(), seen.id());
        self.seen.forget(&seen.node, &id);
        self.names.retain(|(of, _, owner)| (*of, owner) != (kind, &id));
    }
}

/// An observation once all that is under way is done.
pub(crate) fn settled(mut observed: Observed) -> Observed {
    while let Some(next) = observe::later(&observed).filter(|next| *next != observed) {
        observed = next;
    }
    observed
}

/// Kinds that carry tags of their own.
pub(crate) fn has_tags(kind: Kind) -> bool {
    !matches!(kind, Kind::MountTarget | Kind::FileSystemPolicy | Kind::BackupPolicy)
}

/// Whether two resources of the kind can't have one name.
fn has_name(desired: &Desired) -> bool {
    matches!(
        desired.kind(),
        Kind::SecurityGroup
            | Kind::Role
            | Kind::LogGroup
            | Kind::Secret
            | Kind::LoadBalancer
            | Kind::TargetGroup
            | Kind::Cluster
    )
}

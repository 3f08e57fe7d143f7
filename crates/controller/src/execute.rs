//! One pass over one stack on AWS: observe, then plan, check and act until nothing more can be done now.
//!
//! After every step the planner is asked again with what that step brought, so it alone decides. Steps that do not wait
//! for each other run side by side. A pass never waits long: what takes minutes is left to the next pass.

use crate::polls::Polls;
use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use jenkinsstack_aws::{Account, Class, Deletion, Error, Observation, Target};
use jenkinsstack_core::check::{Forbidden, check};
use jenkinsstack_core::diff::Field;
use jenkinsstack_core::graph::{Graph, NodeId};
use jenkinsstack_core::kind::Kind;
use jenkinsstack_core::observed::{Seen, Snapshot};
use jenkinsstack_core::owner::Owner;
use jenkinsstack_core::plan::{Action, Blocker, Goal, Plan, Step, Wait, plan};
use jenkinsstack_core::render;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// Steps of one stack that run at the same time: enough for the widest level of the graph, few enough to share a pace.
const PARALLEL: usize = 16;
/// For how long a pass goes on polling what is settling; then it tells the status and gives its place to another stack.
const BUDGET: Duration = Duration::from_secs(5);

/// How often one change of one resource is made in a pass: where AWS keeps another value than it was given, the same
/// difference would be found again at once.
const REPEATS: u32 = 2;

/// What a pass works on.
pub struct Job<'a> {
    /// Where.
    pub account: &'a Account,
    /// Whose.
    pub owner: &'a Owner,
    /// Uid of the cluster's `kube-system` namespace.
    pub installation: &'a str,
    /// What is wanted; empty for a stack that goes.
    pub graph: &'a Graph,
    /// What is to become of it.
    pub goal: Goal,
    /// How old the shared listing may be.
    pub max_age: Duration,
    /// What was waited for when the last pass ended.
    pub polls: Polls,
    /// Asked before every step: `true` when the spec has changed or the lease is lost.
    pub stop: &'a (dyn Fn() -> bool + Send + Sync),
}

/// What came of a pass.
#[derive(Debug, Default)]
pub struct Outcome {
    /// What is still to be done, is under way, or can't be done.
    pub plan: Plan,
    /// What exists now, as far as it was seen.
    pub snapshot: Snapshot,
    /// What was done.
    pub done: Vec<Done>,
    /// What failed.
    pub failures: Vec<Failure>,
    /// Listings that failed.
    pub unread: Vec<Arc<Error>>,
    /// What is waited for, and when it is looked at next.
    pub polls: Polls,
}

impl Outcome {
    /// Whether nothing failed and nothing is lacking.
    pub fn is_quiet(&self) -> bool {
        self.failures.is_empty() && self.unread.is_empty() && self.lacking().next().is_none()
    }

    /// Nodes for which AWS does not give what they need, though it should.
    pub(crate) fn lacking(&self) -> impl Iterator<Item = &NodeId> {
        let lacking = self.plan.blocked.iter().filter(|blocked| matches!(blocked.by, Blocker::NoValue { .. }));
        lacking.map(|blocked| &blocked.node)
    }
}

/// A step that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done {
    /// The node.
    pub node: NodeId,
    /// Its kind.
    pub kind: Kind,
    /// `Created`, `Updated` or `Deleted`.
    pub verb: Verb,
    /// The resource.
    pub id: String,
    /// The step in words.
    pub line: String,
}

/// What was done to a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verb {
    /// It was made.
    Created,
    /// It was changed.
    Updated,
    /// It was deleted.
    Deleted,
}

/// A step that failed.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The node.
    pub node: NodeId,
    /// Its kind.
    pub kind: Kind,
    /// The step in words.
    pub line: String,
    /// Why.
    pub error: Arc<Error>,
}

/// What a task of the pass brought.
enum News {
    Made(Seen, Verb, String),
    Gone(NodeId, Kind, String, String),
    Leaving(Seen),
    Polled(Wait, Result<Option<Seen>, Error>),
    Failed(Failure),
}

/// One pass. An error means that the planner made a plan that must not be carried out: a bug, and nothing is done.
pub async fn pass(job: &Job<'_>) -> Result<Outcome, Forbidden> {
    let Observation { snapshot, errors } = job.account.observe(job.owner, job.max_age).await;
    let mut pass = Pass {
        job,
        outcome: Outcome { snapshot, unread: errors, polls: job.polls.clone(), ..Outcome::default() },
        running: FuturesUnordered::new(),
        busy: BTreeSet::new(),
        left: BTreeSet::new(),
        taken: Repeats::default(),
        began: Instant::now(),
    };
    loop {
        let plan = plan(job.graph, &pass.outcome.snapshot, job.goal, job.installation);
        check(&plan, &pass.outcome.snapshot, job.goal, job.installation)?;
        if !(job.stop)() {
            pass.start_steps(&plan);
            pass.start_polls(&plan);
        }
        pass.outcome.plan = plan;
        match pass.running.next().await {
            Some(news) => pass.take(news),
            None => return Ok(pass.end()),
        }
    }
}

struct Pass<'a> {
    job: &'a Job<'a>,
    outcome: Outcome,
    running: FuturesUnordered<BoxFuture<'a, News>>,
    /// Nodes with something under way.
    busy: BTreeSet<NodeId>,
    /// Nodes that are left alone for the rest of the pass: their step failed.
    left: BTreeSet<NodeId>,
    /// How often each change was made.
    taken: Repeats,
    began: Instant,
}

impl<'a> Pass<'a> {
    fn start_steps(&mut self, plan: &Plan) {
        for step in plan.ready() {
            let free = !self.busy.contains(&step.node) && !self.left.contains(&step.node);
            if free && self.running.len() < PARALLEL {
                if !self.taken.allow(step) {
                    self.give_up(step);
                    continue;
                }
                self.busy.insert(step.node.clone());
                let seen = self.seen(step);
                let step = step.clone();
                self.running.push(Box::pin(take_step(self.job, step, seen)));
            }
        }
    }

    /// A change that does not last is not made for ever.
    fn give_up(&mut self, step: &Step) {
        let (line, node) = (render::step_line(step), step.node.clone());
        let message = format!(
            "it was done {REPEATS} times, and AWS still shows something else: write the value as AWS shows it, if the spec has \
             it; please report it with this message"
        );
        let error = Arc::new(Error::new(Class::Bug, "Plan", &node, message));
        self.left.insert(node.clone());
        self.outcome.failures.push(Failure { node, kind: step.kind, line, error });
    }

    /// The resource that a step is about.
    fn seen(&self, step: &Step) -> Option<Seen> {
        let id = match &step.action {
            Action::Create { .. } => return None,
            Action::Update { id, .. } | Action::Delete { id, .. } | Action::Review { id } => id,
        };
        self.outcome.snapshot.of(&step.node).iter().find(|seen| seen.id() == *id).cloned()
    }

    /// Looks at what is settling, as long as the pass has time for it.
    fn start_polls(&mut self, plan: &Plan) {
        for wait in &plan.waits {
            let free = !self.busy.contains(&wait.node) && !self.left.contains(&wait.node);
            let due = self.outcome.polls.due(wait);
            let seen = self.outcome.snapshot.of(&wait.node).iter().find(|seen| seen.id() == wait.id);
            if let Some(seen) = seen.filter(|_| free && due <= self.began + BUDGET) {
                self.busy.insert(wait.node.clone());
                self.running.push(Box::pin(poll(self.job, wait.clone(), seen.clone(), due)));
            }
        }
    }

    /// What was left alone is looked at in its turn, and what is not waited for any more is forgotten.
    fn end(mut self) -> Outcome {
        let Outcome { plan, polls, .. } = &mut self.outcome;
        plan.waits.iter().filter(|wait| self.left.contains(&wait.node)).for_each(|wait| polls.looked(wait));
        polls.keep(&plan.waits);
        self.outcome
    }

    fn take(&mut self, news: News) {
        match news {
            News::Made(seen, verb, line) => {
                self.busy.remove(&seen.node);
                let done = Done { node: seen.node.clone(), kind: seen.observed.kind(), verb, id: seen.id(), line };
                self.outcome.done.push(done);
                self.outcome.snapshot.see(seen);
            }
            News::Gone(node, kind, id, line) => {
                self.busy.remove(&node);
                self.outcome.snapshot.forget(&node, &id);
                self.outcome.done.push(Done { node, kind, verb: Verb::Deleted, id, line });
            }
            News::Leaving(seen) => {
                self.busy.remove(&seen.node);
                self.left.insert(seen.node.clone());
                self.outcome.snapshot.see(seen);
            }
            News::Polled(wait, outcome) => self.polled(wait, outcome),
            News::Failed(failure) => {
                self.busy.remove(&failure.node);
                self.left.insert(failure.node.clone());
                self.outcome.failures.push(failure);
            }
        }
    }

    fn polled(&mut self, wait: Wait, outcome: Result<Option<Seen>, Error>) {
        self.outcome.polls.looked(&wait);
        let line = render::wait_line(&wait);
        let Wait { node, kind, id, state: _ } = wait;
        self.busy.remove(&node);
        match outcome {
            Ok(Some(seen)) => self.outcome.snapshot.see(seen),
            Ok(None) => self.outcome.snapshot.forget(&node, &id),
            Err(error) => {
                self.left.insert(node.clone());
                self.outcome.failures.push(Failure { node, kind, line, error: Arc::new(error) });
            }
        }
    }
}

/// How often each change was made: by node, resource, and names of the fields.
#[derive(Default)]
struct Repeats(BTreeMap<(NodeId, Option<String>, Vec<&'static str>), u32>);

impl Repeats {
    /// Counts a change, unless it was made often enough.
    fn allow(&mut self, step: &Step) -> bool {
        let fields: &[Field] = match &step.action {
            Action::Create { replaces: fields } | Action::Update { fields, .. } => fields,
            Action::Review { .. } | Action::Delete { .. } => &[],
        };
        let names = fields.iter().map(|field| field.name).collect();
        let made = self.0.entry((step.node.clone(), step.id().cloned(), names)).or_default();
        *made += 1;
        *made <= REPEATS
    }
}

async fn take_step(job: &Job<'_>, step: Step, seen: Option<Seen>) -> News {
    let line = render::step_line(&step);
    tracing::debug!(owner = %job.owner, node = %step.node, step = line, "step");
    let Step { node, kind, action, after: _, resolved } = step;
    match act(job, &node, action, resolved, seen).await {
        Ok(Act::Made(seen, verb)) => News::Made(seen, verb, line),
        Ok(Act::Gone(id)) => News::Gone(node, kind, id, line),
        Ok(Act::Leaving(seen)) => News::Leaving(seen),
        Err(error) => News::Failed(Failure { node, kind, line, error: Arc::new(error) }),
    }
}

enum Act {
    Made(Seen, Verb),
    Gone(String),
    Leaving(Seen),
}

async fn act(
    job: &Job<'_>,
    node: &NodeId,
    action: Action,
    resolved: Option<jenkinsstack_core::graph::Node>,
    seen: Option<Seen>,
) -> Result<Act, Error> {
    let target = Target { owner: job.owner, node };
    let bug = |what: &str| Error::new(Class::Bug, "Plan", node, format!("bug: a step without its {what}"));
    match action {
        Action::Create { .. } => {
            let resolved = resolved.ok_or_else(|| bug("inputs"))?;
            job.account.create(target, &resolved).await.map(|seen| Act::Made(seen, Verb::Created))
        }
        Action::Update { fields, .. } => {
            let (resolved, seen) = (resolved.ok_or_else(|| bug("inputs"))?, seen.ok_or_else(|| bug("resource"))?);
            job.account.update(target, &seen, &resolved, &fields).await.map(|seen| Act::Made(seen, Verb::Updated))
        }
        Action::Delete { id, .. } => {
            let seen = seen.ok_or_else(|| bug("resource"))?;
            match job.account.delete(target, &seen).await? {
                Deletion::Gone => Ok(Act::Gone(id)),
                Deletion::InProgress => match job.account.read(target, seen.observed.kind(), &id).await? {
                    Some(seen) => Ok(Act::Leaving(seen)),
                    None => Ok(Act::Gone(id)),
                },
            }
        }
        Action::Review { .. } => Err(bug("needs")),
    }
}

async fn poll(job: &Job<'_>, wait: Wait, seen: Seen, due: Instant) -> News {
    tokio::time::sleep_until(due).await;
    let target = Target { owner: job.owner, node: &wait.node };
    let outcome = job.account.poll(target, &seen).await;
    News::Polled(wait, outcome)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn update(node: &str, name: &'static str) -> Step {
        let fields = vec![Field { name, from: "a".into(), to: "b".into() }];
        let action = Action::Update { id: "id".into(), fields };
        Step { node: NodeId::new(node), kind: Kind::LogGroup, action, after: BTreeSet::new(), resolved: None }
    }

    #[test]
    fn a_change_that_does_not_last_is_made_twice_and_no_more() {
        let mut taken = Repeats::default();
        let same = update("log-group", "retentionInDays");
        assert_eq!([(); 4].map(|()| taken.allow(&same)), [true, true, false, false]);
        assert!(taken.allow(&update("log-group", "tags")), "another field is another change");
        assert!(taken.allow(&update("another", "retentionInDays")), "and so is another node");
    }
}

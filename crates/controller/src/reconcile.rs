//! One pass over one stack: inputs, graph, plan, AWS, status.

use crate::execute::{Failure, Job, Outcome, pass};
use crate::inputs::{Inputs, Sources, bug, class, failed, gather, graph, judge};
use crate::operator::Operator;
use crate::{events, finalizer, requeue};
use futures::future::OptionFuture;
use jenkinsstack_api::status::{Health, JenkinsHealth, RECONCILE_REQUESTED_AT, TargetHealth};
use jenkinsstack_api::{JenkinsStack, JenkinsStackStatus};
use jenkinsstack_aws::{Account, Class};
use jenkinsstack_core::graph::Graph;
use jenkinsstack_core::kind::Observed;
use jenkinsstack_core::owner::{Owner, TAG_STACK};
use jenkinsstack_core::plan::{Goal, Kept};
use jenkinsstack_status::facts::{Facts, Pass, Phase, Trouble};
use jenkinsstack_status::{endpoints, health, probe, report, status};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::api::Api;
use kube::runtime::controller::Action;
use kube::runtime::reflector::ObjectRef;
use kube::{Resource, ResourceExt};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// Before a deleted stack lets go of its object, a listing this much younger than the deletion must show nothing: the
/// tagging API can be that late about a resource whose create call was not answered.
const LISTING_LAG: Duration = Duration::from_secs(60);

/// A pass that could not be made at all.
#[derive(Debug, thiserror::Error)]
pub enum ReconcileError {
    /// The API server refused or could not be reached.
    #[error("the cluster: {0}")]
    Cluster(#[source] Box<kube::Error>),
}

impl From<kube::Error> for ReconcileError {
    fn from(error: kube::Error) -> Self {
        Self::Cluster(Box::new(error))
    }
}

/// One pass over one stack.
///
/// # Errors
/// When there is no way to the cluster; everything else is told in the status.
pub async fn reconcile(stack: Arc<JenkinsStack>, operator: Arc<Operator>) -> Result<Action, ReconcileError> {
    let began = Instant::now();
    let run = Run { stack: &stack, operator: &operator, api: operator.api(&stack), owner: operator.owner(&stack) };
    let next = match (stack.meta().deletion_timestamp.is_some(), stack.spec.suspend) {
        (true, _) if !finalizer::is_set(&stack) => return Ok(Action::await_change()),
        (true, _) => run.delete().await?,
        (false, true) => run.suspend().await?,
        (false, false) => run.apply().await?,
    };
    operator.metrics.pass(if next == operator.resync { "success" } else { "requeue" }, began.elapsed());
    Ok(Action::requeue(requeue::spread(next, chance())))
}

/// What to do when there was no way to the cluster.
pub fn on_error(stack: Arc<JenkinsStack>, error: &ReconcileError, operator: Arc<Operator>) -> Action {
    let owner = operator.owner(&stack);
    tracing::warn!(%owner, %error, "pass failed");
    operator.metrics.no_pass();
    Action::requeue(requeue::backoff(Class::Transient, operator.fails(&owner)))
}

struct Run<'a> {
    stack: &'a JenkinsStack,
    operator: &'a Operator,
    api: Api<JenkinsStack>,
    owner: Owner,
}

impl Run<'_> {
    async fn apply(&self) -> Result<Duration, ReconcileError> {
        let (begun, wanted) = futures::join!(self.begin(), self.wanted());
        begun?;
        let (account, inputs, graph) = match wanted {
            Ok(wanted) => wanted,
            Err(trouble) => return self.stop(trouble).await,
        };
        let outcome = match self.pass(&account, &graph, Goal::Run, self.max_age()).await {
            Ok(outcome) => outcome,
            Err(trouble) => return self.stop(trouble).await,
        };
        let unwell = self.tell(&graph, &outcome, &account, Some(&inputs)).await?;
        let next = self.next(&outcome);
        Ok(requeue::until_well(unwell).map_or(next, |soon| next.min(soon)))
    }

    /// Marks the object as ours and as being worked on, before anything changes on AWS.
    async fn begin(&self) -> Result<(), ReconcileError> {
        self.mark().await?;
        if self.is_new() {
            self.report(Phase::Started).await?;
        }
        Ok(())
    }

    async fn mark(&self) -> Result<(), ReconcileError> {
        if !finalizer::is_set(self.stack) {
            finalizer::set(&self.api, self.stack).await?;
        }
        Ok(())
    }

    async fn delete(&self) -> Result<Duration, ReconcileError> {
        let Some(goal) = finalizer::parting(&self.stack.spec) else {
            return self.let_go(&self.left_line()).await;
        };
        let account = match self.account().await {
            Ok(account) => account,
            Err(trouble) => return self.stop(trouble).await,
        };
        let graph = Graph::default();
        let outcome = match self.pass(&account, &graph, goal, self.max_age()).await {
            Ok(outcome) => outcome,
            Err(trouble) => return self.stop(trouble).await,
        };
        if !outcome.plan.settled() || !outcome.unread.is_empty() {
            self.tell(&graph, &outcome, &account, None).await?;
            return Ok(self.next(&outcome));
        }
        let age = self.deleted_since();
        if age < LISTING_LAG {
            self.tell(&graph, &outcome, &account, None).await?;
            return Ok(LISTING_LAG - age);
        }
        let confirmed = match self.pass(&account, &graph, goal, Duration::ZERO).await {
            Ok(outcome) => outcome,
            Err(trouble) => return self.stop(trouble).await,
        };
        if !confirmed.plan.settled() || !confirmed.unread.is_empty() {
            self.tell(&graph, &confirmed, &account, None).await?;
            return Ok(self.next(&confirmed));
        }
        self.let_go(&kept_line(&confirmed.plan.kept)).await
    }

    /// Nothing is done; but a stack that is found again suspended may have everything on AWS, and must not go without it.
    async fn suspend(&self) -> Result<Duration, ReconcileError> {
        self.mark().await?;
        self.report(Phase::Suspended).await?;
        Ok(self.operator.resync)
    }

    /// What the stack is to become: where, from what, and the graph of it.
    async fn wanted(&self) -> Result<(Account, Inputs, Graph), Trouble> {
        let account = self.account().await?;
        let Operator { client, installation, fingerprinter, discovery, .. } = self.operator;
        let max_age = self.max_age();
        let sources = Sources { client, account: &account, discovery, fingerprinter, installation, max_age };
        // What there is on AWS is listed meanwhile; the pass finds it listed. A look that was asked for begins later.
        let age = Some(max_age).filter(|age| !age.is_zero());
        let listed = OptionFuture::from(age.map(|age| account.observe(&self.owner, age)));
        let (inputs, _) = futures::join!(gather(&sources, &self.owner, &self.stack.spec), listed);
        let inputs = inputs?;
        let graph = graph(&self.stack.spec, &inputs)?;
        Ok((account, inputs, graph))
    }

    async fn pass(&self, account: &Account, graph: &Graph, goal: Goal, max_age: Duration) -> Result<Outcome, Trouble> {
        let installation = &self.operator.installation;
        let stop = || self.is_outdated() || self.operator.stopping.is_cancelled();
        let polls =
            self.operator.progress().get(&self.owner).map(|progress| progress.polls.clone()).unwrap_or_default();
        let job = Job { account, owner: &self.owner, installation, graph, goal, max_age, polls, stop: &stop };
        let outcome = pass(&job).await.map_err(|forbidden| bug(forbidden.to_string()))?;
        self.operator.progress().entry(self.owner.clone()).or_default().polls = outcome.polls.clone();
        for done in &outcome.done {
            tracing::info!(owner = %self.owner, node = %done.node, id = done.id, step = done.line, "done");
            self.operator.metrics.step(&format!("{:?}", done.verb), &format!("{:?}", done.kind));
        }
        for Failure { node, kind: _, line, error } in &outcome.failures {
            tracing::info!(owner = %self.owner, %node, step = line, class = ?error.class, %error, "step failed");
        }
        self.operator.events.done(self.stack, &outcome.done).await;
        Ok(outcome)
    }

    /// Tells in the status what a pass brought. Gives back at how many looks in a row, with this one, Jenkins was unwell.
    async fn tell(
        &self,
        graph: &Graph,
        outcome: &Outcome,
        account: &Account,
        inputs: Option<&Inputs>,
    ) -> Result<u32, ReconcileError> {
        let troubles = troubles(outcome);
        let previous = self.status();
        let deleting = self.stack.meta().deletion_timestamp.is_some();
        let mut pass = Pass {
            graph,
            plan: &outcome.plan,
            snapshot: &outcome.snapshot,
            troubles: &troubles,
            deleting,
            existing_load_balancer: inputs.and_then(|inputs| inputs.existing_load_balancer.as_ref()),
            hosted_zone: inputs.and_then(|inputs| inputs.hosted_zone.as_ref()),
            targets: None,
            jenkins: JenkinsHealth::Unknown,
            unwell: 0,
        };
        if !deleting {
            let endpoints = endpoints::endpoints(&self.stack.spec, &pass, previous.as_ref());
            if let Some(url) = endpoints.and_then(|endpoints| endpoints.url) {
                pass.jenkins = probe::probe(&self.operator.probes, &url).await;
            }
            let health = health::health(&pass, previous.as_ref());
            if self.asks_for_targets(&health) {
                pass.targets = self.targets(account, outcome).await;
            }
            pass.unwell = self.look(outcome, &health::health(&pass, previous.as_ref()));
        }
        let unwell = pass.unwell;
        self.report(Phase::Passed(pass)).await?;
        Ok(unwell)
    }

    /// Asking costs a call for each stack, so it is left out where Jenkins answers, or where ECS says that its target is
    /// healthy and nothing was wrong a moment ago.
    fn asks_for_targets(&self, health: &Health) -> bool {
        let wary = self.operator.progress().get(&self.owner).is_some_and(|progress| progress.unwell > 0);
        health.jenkins != JenkinsHealth::Up && (wary || health.targets != TargetHealth::Healthy)
    }

    /// Counts the look at a Jenkins that should be there: at how many in a row it was unwell.
    fn look(&self, outcome: &Outcome, health: &Health) -> u32 {
        let there = outcome.plan.steps.is_empty() && outcome.plan.waits.is_empty();
        self.operator.looked(&self.owner, there && health::is_unwell(health))
    }

    /// Health of the target.
    async fn targets(&self, account: &Account, outcome: &Outcome) -> Option<TargetHealth> {
        let arn = outcome.snapshot.all().find_map(|seen| match &seen.observed {
            Observed::TargetGroup(group) => Some(group.arn.to_string()),
            _ => None,
        })?;
        let targets = account.target_health(&arn).await.ok()?;
        let state = targets.iter().map(|(state, _)| state.as_str()).find(|state| *state != "draining");
        Some(match state {
            Some("healthy") => TargetHealth::Healthy,
            Some("initial") => TargetHealth::Initial,
            Some("unhealthy") => TargetHealth::Unhealthy,
            None if !targets.is_empty() => TargetHealth::Draining,
            // One that its load balancer does not use gets no requests, as if it were not there.
            Some("unused") | None => TargetHealth::None,
            Some(_) => TargetHealth::Unknown,
        })
    }

    /// There was no pass: the status says why.
    async fn stop(&self, trouble: Trouble) -> Result<Duration, ReconcileError> {
        let class = class(&trouble);
        tracing::warn!(owner = %self.owner, ?class, error = trouble.message, "no pass");
        self.report(Phase::Stopped(trouble)).await?;
        Ok(requeue::backoff(class, self.operator.fails(&self.owner)))
    }

    async fn report(&self, phase: Phase<'_>) -> Result<(), ReconcileError> {
        if self.operator.lost.is_cancelled() {
            return Ok(());
        }
        let (previous, failed) = (self.status(), self.operator.failures(&self.owner));
        let facts = Facts {
            generation: self.stack.metadata.generation.unwrap_or_default(),
            spec: &self.stack.spec,
            now: Time(jiff::Timestamp::from_second(jiff::Timestamp::now().as_second()).unwrap_or_default()),
            requested_at: self.stack.annotations().get(RECONCILE_REQUESTED_AT).map(String::as_str),
            previous: previous.as_ref(),
            failed,
            phase,
        };
        let next = status(&facts);
        if previous.as_ref() != Some(&next) {
            let written = report::write(&self.api, &self.stack.name_any(), &next).await?;
            self.operator.wrote(&self.owner, written.as_deref(), next.clone());
        }
        self.operator.events.turned(self.stack, previous.as_ref(), &next, failed).await;
        self.count(&next);
        Ok(())
    }

    /// The status as it stands.
    fn status(&self) -> Option<JenkinsStackStatus> {
        self.operator.status(&self.owner, self.stack)
    }

    fn count(&self, status: &JenkinsStackStatus) {
        let metrics = &self.operator.metrics;
        metrics.status(&self.owner.namespace, &self.owner.name, status);
        if let Some(reason) = events::trouble(status) {
            metrics.trouble(reason);
        }
    }

    /// The object may go. It is told once it is let go: when somebody else has changed it meanwhile, all is looked at again.
    async fn let_go(&self, note: &str) -> Result<Duration, ReconcileError> {
        finalizer::remove(&self.api, self.stack).await?;
        tracing::info!(owner = %self.owner, note, "deleted");
        self.operator.events.deleted(self.stack, format!("stack {}: {note}", self.owner.stack())).await;
        self.operator.forget(Some(&self.owner.namespace), &self.owner.name);
        Ok(self.operator.resync)
    }

    fn left_line(&self) -> String {
        let count = self.stack.status.as_ref().map_or(0, |status| status.resources.len());
        let stack = self.owner.stack();
        format!(
            "left everything on AWS as it is: {count} resources, which have the tag {TAG_STACK} with the value {stack}"
        )
    }

    async fn account(&self) -> Result<Account, Trouble> {
        self.operator.accounts.get(&self.stack.spec.aws.region, &self.operator.cluster).await
    }

    /// When the stack is looked at again.
    fn next(&self, outcome: &Outcome) -> Duration {
        let failed =
            if outcome.is_quiet() { self.operator.succeeds(&self.owner) } else { self.operator.fails(&self.owner) };
        requeue::after(outcome, failed, self.operator.resync)
    }

    /// How old the shared listing may be; a look that somebody asked for is a fresh one.
    fn max_age(&self) -> Duration {
        let handled = self.status().and_then(|status| status.last_handled_reconcile_at);
        if self.stack.annotations().get(RECONCILE_REQUESTED_AT).is_some_and(|asked| Some(asked) != handled.as_ref()) {
            return Duration::ZERO;
        }
        let failed = self.operator.progress().get(&self.owner).is_some_and(|progress| progress.failed > 0);
        requeue::listing_age(failed, self.operator.resync)
    }

    fn is_new(&self) -> bool {
        let observed = self.stack.status.as_ref().and_then(|status| status.observed_generation);
        observed != self.stack.metadata.generation
    }

    /// Whether the watch knows a newer spec than this pass works on, or a deletion that it does not.
    fn is_outdated(&self) -> bool {
        let now = self.operator.stacks.get(&ObjectRef::from_obj(self.stack));
        now.is_none_or(|now| now.metadata.generation != self.stack.metadata.generation)
    }

    fn deleted_since(&self) -> Duration {
        let at = self.stack.meta().deletion_timestamp.as_ref().map(|Time(at)| *at);
        let span = at.map(|at| jiff::Timestamp::now().duration_since(at)).unwrap_or_default();
        Duration::try_from(span).unwrap_or_default()
    }
}

/// What went wrong in a pass.
fn troubles(outcome: &Outcome) -> Vec<Trouble> {
    let failures = outcome.failures.iter().map(|failure| {
        let (reason, outlook) = judge(failure.error.class);
        let message = format!("{}: {}", failure.line, failure.error.message);
        Trouble { reason, message, about: Some((failure.node.clone(), failure.kind)), outlook }
    });
    failures.chain(outcome.unread.iter().map(|error| failed(error))).collect()
}

fn kept_line(kept: &[Kept]) -> String {
    if kept.is_empty() {
        return "everything on AWS is gone".into();
    }
    let kept: Vec<String> = kept.iter().map(|Kept { node: _, kind, id }| format!("{kind} {id}")).collect();
    format!("everything on AWS is gone except what it was told to keep: {}", kept.join(", "))
}

/// A number between 0 and 1, different each time: it only spreads passes in time.
fn chance() -> f64 {
    f64::from(jiff::Timestamp::now().subsec_nanosecond().unsigned_abs() % 1000) / 1000.0
}

//! One pass over one stack: inputs, graph, plan, AWS, status.

use crate::execute::{Failure, Job, Outcome, pass};
use crate::inputs::{Inputs, Sources, bug, gather, graph, judge};
use crate::operator::Operator;
use crate::{events, finalizer, requeue};
use futures::future::OptionFuture;
use jenkinsstack_api::status::{JenkinsHealth, RECONCILE_REQUESTED_AT, TargetHealth};
use jenkinsstack_api::{JenkinsStack, JenkinsStackStatus};
use jenkinsstack_aws::{Account, Class, Clients, Error};
use jenkinsstack_core::graph::Graph;
use jenkinsstack_core::id::Region;
use jenkinsstack_core::kind::{Observed, State};
use jenkinsstack_core::owner::{Owner, TAG_STACK};
use jenkinsstack_core::plan::{Goal, Kept};
use jenkinsstack_status::facts::{Facts, Outlook, Pass, Phase, Trouble};
use jenkinsstack_status::{probe, report, status};
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
    /// There is no way to AWS.
    #[error(transparent)]
    Aws(#[from] Box<Error>),
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
    tracing::warn!(namespace = stack.namespace(), name = stack.name_any(), %error, "pass failed");
    operator.metrics.no_pass();
    Action::requeue(requeue::backoff(Class::Transient, operator.fails(&operator.owner(&stack))))
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
        self.tell(&graph, &outcome, &account, Some(&inputs)).await?;
        Ok(self.next(&outcome))
    }

    /// Marks the object as ours and as being worked on, before anything changes on AWS.
    async fn begin(&self) -> Result<(), ReconcileError> {
        if !finalizer::is_set(self.stack) {
            finalizer::set(&self.api, self.stack).await?;
        }
        if self.is_new() {
            self.report(Phase::Started).await?;
        }
        Ok(())
    }

    async fn delete(&self) -> Result<Duration, ReconcileError> {
        let Some(goal) = finalizer::parting(&self.stack.spec) else {
            return self.let_go(&self.left_line()).await;
        };
        let account = match self.account().await {
            Ok(account) => account,
            Err(error) => return self.stop(trouble(&error)).await,
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

    async fn suspend(&self) -> Result<Duration, ReconcileError> {
        self.report(Phase::Suspended).await?;
        Ok(self.operator.resync)
    }

    /// What the stack is to become: where, from what, and the graph of it.
    async fn wanted(&self) -> Result<(Account, Inputs, Graph), Trouble> {
        let account = self.account().await.map_err(|error| trouble(&error))?;
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

    /// Tells in the status what a pass brought.
    async fn tell(
        &self,
        graph: &Graph,
        outcome: &Outcome,
        account: &Account,
        inputs: Option<&Inputs>,
    ) -> Result<(), ReconcileError> {
        let troubles = troubles(outcome);
        let deleting = self.stack.meta().deletion_timestamp.is_some();
        let mut pass = Pass {
            graph,
            plan: &outcome.plan,
            snapshot: &outcome.snapshot,
            troubles: &troubles,
            deleting,
            existing_load_balancer: inputs.and_then(|inputs| inputs.existing_load_balancer.as_ref()),
            hosted_zone: inputs.and_then(|inputs| inputs.hosted_zone.as_ref()),
            targets: if deleting { None } else { self.targets(account, outcome).await },
            jenkins: JenkinsHealth::Unknown,
        };
        let endpoints = jenkinsstack_status::endpoints::endpoints(&self.stack.spec, &pass);
        if let (Some(url), false) = (endpoints.and_then(|endpoints| endpoints.url), deleting) {
            pass.jenkins = probe::probe(&self.operator.probes, &url).await;
        }
        self.report(Phase::Passed(pass)).await
    }

    /// Health of the target, while the service is not steady; a steady one's is known.
    async fn targets(&self, account: &Account, outcome: &Outcome) -> Option<TargetHealth> {
        let steady = |seen: &jenkinsstack_core::observed::Seen| matches!(&seen.observed, Observed::Service(service) if service.state() == State::Ready);
        if outcome.snapshot.all().any(steady) {
            return None;
        }
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
            None => TargetHealth::None,
            Some(_) => TargetHealth::Unknown,
        })
    }

    /// There was no pass: the status says why.
    async fn stop(&self, trouble: Trouble) -> Result<Duration, ReconcileError> {
        let class = match trouble.outlook {
            Outlook::Retrying => Class::Transient,
            Outlook::NeedsUser => Class::Invalid,
        };
        self.report(Phase::Stopped(trouble)).await?;
        Ok(requeue::backoff(class, self.operator.fails(&self.owner)))
    }

    async fn report(&self, phase: Phase<'_>) -> Result<(), ReconcileError> {
        if self.operator.lost.is_cancelled() {
            return Ok(());
        }
        let facts = Facts {
            generation: self.stack.metadata.generation.unwrap_or_default(),
            spec: &self.stack.spec,
            now: Time(jiff::Timestamp::from_second(jiff::Timestamp::now().as_second()).unwrap_or_default()),
            requested_at: self.stack.annotations().get(RECONCILE_REQUESTED_AT).map(String::as_str),
            previous: self.stack.status.as_ref(),
            phase,
        };
        let next = status(&facts);
        let name = self.stack.name_any();
        report::write(&self.api, &name, self.stack.status.as_ref(), &next).await?;
        self.operator.events.turned(self.stack, &next, self.operator.failures(&self.owner)).await;
        self.count(&next);
        Ok(())
    }

    fn count(&self, status: &JenkinsStackStatus) {
        let metrics = &self.operator.metrics;
        metrics.status(&self.owner.namespace, &self.owner.name, status);
        if let Some(reason) = events::trouble(status) {
            metrics.trouble(reason);
        }
    }

    /// The object may go.
    async fn let_go(&self, note: &str) -> Result<Duration, ReconcileError> {
        tracing::info!(owner = %self.owner, note, "deleted");
        self.operator.events.deleted(self.stack, format!("stack {}: {note}", self.owner.stack())).await;
        self.operator.metrics.forget(&self.owner.namespace, &self.owner.name);
        self.operator.progress().remove(&self.owner);
        finalizer::remove(&self.api, self.stack).await?;
        Ok(self.operator.resync)
    }

    fn left_line(&self) -> String {
        let count = self.stack.status.as_ref().map_or(0, |status| status.resources.len());
        let stack = self.owner.stack();
        format!(
            "left everything on AWS as it is: {count} resources, which have the tag {TAG_STACK} with the value {stack}"
        )
    }

    async fn account(&self) -> Result<Account, Error> {
        let region = &self.stack.spec.aws.region;
        let mut accounts = self.operator.accounts.lock().await;
        if let Some(account) = accounts.get(region) {
            return Ok(account.clone());
        }
        let parsed: Region = region
            .parse()
            .map_err(|_| Error::new(Class::Invalid, "GetCallerIdentity", region, "spec.aws.region is not a region"))?;
        let account = Account::open(Clients::from_env(region).await, parsed, &self.operator.cluster).await?;
        accounts.insert(region.clone(), account.clone());
        Ok(account)
    }

    /// When the stack is looked at again.
    fn next(&self, outcome: &Outcome) -> Duration {
        let quiet = outcome.failures.is_empty() && outcome.unread.is_empty();
        let failed = if quiet { self.operator.succeeds(&self.owner) } else { self.operator.fails(&self.owner) };
        requeue::after(outcome, failed, self.operator.resync)
    }

    /// How old the shared listing may be; a look that somebody asked for is a fresh one.
    fn max_age(&self) -> Duration {
        let status = self.stack.status.as_ref();
        let handled = status.and_then(|status| status.last_handled_reconcile_at.as_ref());
        if self.stack.annotations().get(RECONCILE_REQUESTED_AT).is_some_and(|asked| Some(asked) != handled) {
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
    failures.chain(outcome.unread.iter().map(|error| trouble(error))).collect()
}

fn trouble(error: &Error) -> Trouble {
    let (reason, outlook) = judge(error.class);
    Trouble { reason, message: error.to_string(), about: None, outlook }
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

//! A first deployment of the reference stack: how long it takes beside the longest chain of calls that depend on each
//! other, and how many calls it makes beside the least.

use crate::spec::{self, INSTALLATION, Secrets};
use crate::{Life, least};
use anyhow::Context;
use jenkinsstack_aws::{Account, Target};
use jenkinsstack_cloud::call::Access;
use jenkinsstack_cloud::faults::{Effect, Rule};
use jenkinsstack_core::graph::{Graph, NodeId};
use jenkinsstack_core::observed::Snapshot;
use jenkinsstack_core::plan::{Goal, Plan, Step, plan};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::Instant;

/// Everything on AWS is ready at the next look, so that only the operator's own order of calls takes time.
const AT_ONCE: f64 = 60_000.0;

/// What a first deployment took.
#[derive(Clone, Copy, Debug)]
pub struct Deployment {
    /// Resources that were made.
    pub resources: usize,
    /// Until everything had settled.
    pub took: Duration,
    /// The longest chain of calls that depend on each other, in time.
    pub chain: Duration,
    /// Calls that were made.
    pub calls: usize,
    /// The least calls by which this graph can be made.
    pub least: usize,
}

/// A first deployment where every call takes `latency` and AWS itself no time.
///
/// # Errors
/// When it does not come about.
pub async fn measure(latency: Duration) -> anyhow::Result<Deployment> {
    let chain = chain(latency).await?;
    let (life, graph) = life(AT_ONCE)?;
    let operator = life.operator().await?;
    slow(&life, latency);
    let mark = life.cloud.log(|log| log.mark());
    let end = life.run(&operator, &graph, Goal::Run).await?;
    Ok(Deployment {
        resources: graph.nodes().count(),
        took: end.took,
        chain: latency * u32::try_from(chain)?,
        calls: life.cloud.log(|log| log.since(&mark).count()),
        least: least::calls(&graph),
    })
}

/// A first deployment where AWS takes as long as it does, and a call 20 ms: time until it had settled, writes and reads.
///
/// # Errors
/// When it does not come about.
pub async fn at_the_pace_of_aws() -> anyhow::Result<(Duration, usize, usize)> {
    let (life, graph) = life(1.0)?;
    let operator = life.operator().await?;
    slow(&life, Duration::from_millis(20));
    let mark = life.cloud.log(|log| log.mark());
    let end = life.run(&operator, &graph, Goal::Run).await?;
    let count = |access| life.cloud.log(|log| log.since(&mark).filter(|call| call.access == Some(access)).count());
    Ok((end.took, count(Access::Write), count(Access::Read)))
}

fn life(factor: f64) -> anyhow::Result<(Life, Graph)> {
    let life = Life::begin(1)?;
    life.cloud.clock().set_factor(factor);
    let graph = life.graph(&spec::reference(&life.network), &Secrets::default())?;
    Ok((life, graph))
}

fn slow(life: &Life, latency: Duration) {
    life.cloud.faults(|faults| faults.add(Rule::new(Effect::Delay { seconds: latency.as_secs_f64() })));
}

/// Calls of the longest chain: the first look, and then each node behind the slowest of those that it needs. What a node
/// takes is measured by making all of them one after the other.
async fn chain(latency: Duration) -> anyhow::Result<usize> {
    let (life, graph) = life(AT_ONCE)?;
    let operator = life.operator().await?;
    slow(&life, latency);
    let began = Instant::now();
    let mut snapshot = operator.observe(&spec::owner(), Duration::ZERO).await.snapshot;
    let look = in_calls(began.elapsed(), latency);
    let mut ends: BTreeMap<NodeId, usize> = BTreeMap::new();
    loop {
        let plan = plan(&graph, &snapshot, Goal::Run, INSTALLATION);
        let Some(step) = plan.ready().next() else { break };
        let began = Instant::now();
        make(&operator, step, &mut snapshot, &graph).await?;
        let needs = graph.needs(&step.node).into_iter().filter_map(|need| ends.get(&need)).max();
        let end = needs.copied().unwrap_or(look) + in_calls(began.elapsed(), latency);
        ends.insert(step.node.clone(), end);
    }
    ends.into_values().max().context("an empty graph")
}

/// Makes one node, and looks at it until it has settled.
async fn make(operator: &Account, step: &Step, snapshot: &mut Snapshot, graph: &Graph) -> anyhow::Result<()> {
    let owner = spec::owner();
    let target = Target { owner: &owner, node: &step.node };
    let resolved = step.resolved.as_ref().context("a step without inputs")?;
    let mut seen = operator.create(target, resolved).await?;
    snapshot.see(seen.clone());
    while waits(&plan(graph, snapshot, Goal::Run, INSTALLATION), &step.node) {
        seen = operator.poll(target, &seen).await?.context("it vanished")?;
        snapshot.see(seen.clone());
    }
    Ok(())
}

fn waits(plan: &Plan, node: &NodeId) -> bool {
    plan.waits.iter().any(|wait| wait.node == *node)
}

fn in_calls(span: Duration, latency: Duration) -> usize {
    (span.as_secs_f64() / latency.as_secs_f64()).round() as usize
}

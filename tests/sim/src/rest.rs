//! Many stacks at rest: what one look at all of them reads.

use crate::life::picture;
use crate::spec::{self, INSTALLATION, Secrets};
use crate::{Life, town};
use futures::stream::{self, StreamExt, TryStreamExt};
use jenkinsstack_aws::Account;
use jenkinsstack_cloud::call::Access;
use jenkinsstack_controller::execute::{Job, Outcome, pass};
use jenkinsstack_controller::polls::Polls;
use jenkinsstack_controller::requeue;
use jenkinsstack_core::desired;
use jenkinsstack_core::desired::Context;
use jenkinsstack_core::graph::Graph;
use jenkinsstack_core::kind::Observed;
use jenkinsstack_core::kind::service::Told;
use jenkinsstack_core::observed::Seen;
use jenkinsstack_core::owner::Owner;
use jenkinsstack_core::plan::Goal;
use std::time::Duration;

/// How much faster than AWS the town is built.
const FAST: f64 = 600.0;
/// Stacks that are built at the same time.
const SIDE_BY_SIDE: usize = 20;

/// Builds `stacks` stacks and lets the operator look at all of them once, when nothing has changed: its reads and writes.
///
/// # Errors
/// When they do not come about, or when anything is done.
pub async fn measure(stacks: usize) -> anyhow::Result<(usize, usize)> {
    let mut life = Life::begin(1)?;
    life.cloud.clock().set_factor(FAST);
    life.network = town::make_room(&life.cloud, &life.network)?;
    let operator = life.operator().await?;
    let town: Vec<(Owner, Graph)> = (0..stacks).map(|number| stack(&life, number)).collect::<Result<_, _>>()?;
    let building = stream::iter(&town).map(|(owner, graph)| build(&operator, owner, graph));
    building.buffer_unordered(SIDE_BY_SIDE).try_collect::<()>().await?;
    life.cloud.settle(Duration::from_secs(3600)).await;

    let mark = life.cloud.log(|log| log.mark());
    for (number, (owner, graph)) in town.iter().enumerate() {
        let age = if number == 0 { Duration::ZERO } else { requeue::RESYNC };
        let outcome = one(&operator, owner, graph, age, Polls::default()).await?;
        anyhow::ensure!(outcome.plan.settled() && outcome.done.is_empty(), "{}", picture(&outcome));
        anyhow::ensure!(outcome.snapshot.all().any(vouched), "the health of its target would have to be asked for");
    }
    let count = |access| life.cloud.log(|log| log.since(&mark).filter(|call| call.access == Some(access)).count());
    Ok((count(Access::Read), count(Access::Write)))
}

/// Whether it is a service whose target is healthy, by what ECS says.
fn vouched(seen: &Seen) -> bool {
    matches!(&seen.observed, Observed::Service(service) if service.rollout.told == Told::Healthy)
}

fn stack(life: &Life, number: usize) -> anyhow::Result<(Owner, Graph)> {
    let owner = town::owner(&spec::owner().cluster, number);
    let parsed = spec::parse(&spec::reference(&life.network))?;
    let context = spec::context(&life.network, &parsed, &Secrets::default())?;
    let graph = desired::graph(&parsed, &Context { owner: owner.clone(), ..context })?;
    Ok((owner, graph))
}

/// Makes passes until a stack has settled.
async fn build(operator: &Account, owner: &Owner, graph: &Graph) -> anyhow::Result<()> {
    let (mut polls, mut failed) = (Polls::default(), 0);
    loop {
        let age = requeue::listing_age(failed > 0, requeue::RESYNC);
        let outcome = one(operator, owner, graph, age, polls).await?;
        let quiet = outcome.failures.is_empty() && outcome.unread.is_empty();
        if quiet && outcome.plan.settled() {
            return Ok(());
        }
        failed = if quiet { 0 } else { failed + 1 };
        anyhow::ensure!(failed < 50, "{owner} fails again and again: {}", picture(&outcome));
        tokio::time::sleep(requeue::after(&outcome, failed, requeue::RESYNC)).await;
        polls = outcome.polls;
    }
}

async fn one(
    operator: &Account,
    owner: &Owner,
    graph: &Graph,
    max_age: Duration,
    polls: Polls,
) -> anyhow::Result<Outcome> {
    let stop = || false;
    let goal = Goal::Run;
    let job = Job { account: operator, owner, installation: INSTALLATION, graph, goal, max_age, polls, stop: &stop };
    Ok(pass(&job).await?)
}

//! The built operator beside a real API server: time from apply to the last change on AWS, CPU and memory.

use anyhow::{Context, ensure};
use futures::stream::{self, StreamExt, TryStreamExt};
use jenkinsstack_api::JenkinsStack;
use jenkinsstack_api::status::ConditionType;
use jenkinsstack_cloud::call::Access;
use jenkinsstack_cloud::calls::Log;
use jenkinsstack_cloud::faults::{Effect, Rule};
use jenkinsstack_cloud::seed::Network;
use jenkinsstack_e2e::operator::Operator;
use jenkinsstack_e2e::status::condition;
use jenkinsstack_e2e::{World, stack};
use jenkinsstack_sim::town;
use kube::api::ListParams;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// How much faster than AWS the account lives while a town is built.
const FAST: f64 = 600.0;
/// Everything on AWS is ready at the next look.
const AT_ONCE: f64 = 60_000.0;
/// Objects that are applied at the same time.
const SIDE_BY_SIDE: usize = 10;
/// Seconds between two looks at a stack at rest: a tenth of the default, so that a measurement takes minutes.
const RESYNC: u64 = 60;
/// Rounds of looks that are measured.
const ROUNDS: u32 = 2;
/// How long a deployment may take.
const LIMIT: Duration = Duration::from_secs(120);
/// How long a town may take to become Ready.
const PATIENCE: Duration = Duration::from_secs(1800);

/// One stack, from apply until the last call that changes AWS, where every call to AWS takes `latency`.
pub(crate) async fn deployment(latency: Duration) -> anyhow::Result<String> {
    let mut world = World::start().await?;
    world.cloud.clock().set_factor(AT_ONCE);
    world.cloud.faults(|faults| faults.add(Rule::new(Effect::Delay { seconds: latency.as_secs_f64() })));
    world.operate(600)?;
    world.apply(&stack::client_secret("bench-client-secret")).await?;
    // The operator's own start is not part of a deployment.
    world.eventually(LIMIT, "the operator leads", || world.operators.first().is_some_and(leads)).await?;
    let mark = world.cloud.log(|log| log.mark());
    let began = world.cloud.clock().now();
    world.apply(&stack::reference("jenkins", &world.network)).await?;
    world.ready("jenkins", LIMIT).await?;
    let writes =
        |log: &mut Log| log.since(&mark).filter(|call| call.access == Some(Access::Write)).map(|call| call.time).max();
    let last = world.cloud.log(writes).context("the operator wrote nothing")?;
    Ok(format!(
        "the built operator, {} ms a call: {:.2} s from apply to the last write",
        latency.as_millis(),
        world.cloud.clock().real(last - began).as_secs_f64()
    ))
}

fn leads(operator: &Operator) -> bool {
    operator.log().is_ok_and(|log| log.contains("leading"))
}

/// Many stacks: how long they take to become Ready, and what the operator needs for them at rest.
pub(crate) async fn town(stacks: usize) -> anyhow::Result<String> {
    let mut world = World::start().await?;
    world.cloud.clock().set_factor(FAST);
    let network = town::make_room(&world.cloud, &world.network)?;
    world.operate(RESYNC)?;
    world.apply(&stack::client_secret("bench-client-secret")).await?;
    let began = Instant::now();
    let objects: Vec<Value> = (0..stacks).map(|number| object(&town::name(number), &network)).collect();
    let applying = stream::iter(&objects).map(|object| world.apply(object));
    applying.buffer_unordered(SIDE_BY_SIDE).try_collect::<()>().await?;
    while ready(&world).await? < stacks {
        ensure!(began.elapsed() < PATIENCE, "{} of {stacks} stacks are Ready", ready(&world).await?);
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let built = began.elapsed();
    let id = world.operators.first().map(Operator::id).context("no operator")?;
    // The passes that follow from the last changes are over after one round.
    tokio::time::sleep(Duration::from_secs(RESYNC)).await;
    let mark = world.cloud.log(|log| log.mark());
    let before = processor_time(id)?;
    tokio::time::sleep(ROUNDS * Duration::from_secs(RESYNC)).await;
    let used = processor_time(id)? - before;
    let count = |access| world.cloud.log(|log| log.since(&mark).filter(|call| call.access == Some(access)).count());
    let (reads, writes) = (count(Access::Read), count(Access::Write));
    Ok(format!(
        "the built operator, {stacks} stacks: all Ready after {:.0} s; at rest, each looked at every {RESYNC} s: {:.1} % of \
         a core, {:.2} reads a stack and look, {writes} writes; memory {} MiB now, {} MiB at most",
        built.as_secs_f64(),
        100.0 * used.as_secs_f64() / f64::from(ROUNDS) / RESYNC as f64,
        reads as f64 / f64::from(ROUNDS) / stacks as f64,
        memory(id, "VmRSS:")? / 1024,
        memory(id, "VmHWM:")? / 1024,
    ))
}

/// The reference stack under another name and host.
fn object(name: &str, network: &Network) -> Value {
    let mut object = stack::reference(name, network);
    if let Some(spec) = object.pointer_mut("/spec") {
        spec["network"]["publicSubnets"] = json!({"ids": network.public_subnets});
        spec["endpoint"]["host"] = json!(format!("{name}.bytesource.internal"));
    }
    object
}

async fn ready(world: &World) -> anyhow::Result<usize> {
    let stacks = world.stacks().list(&ListParams::default()).await?;
    let ready = |stack: &&JenkinsStack| {
        stack.status.as_ref().is_some_and(|status| condition(status, ConditionType::Ready) == "True")
    };
    Ok(stacks.items.iter().filter(ready).count())
}

/// Processor time of a process so far, from `/proc`; a tick is a hundredth of a second (proc_pid_stat(5)).
fn processor_time(id: u32) -> anyhow::Result<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat"))?;
    let (_, fields) = stat.rsplit_once(')').context("no name in stat")?;
    let ticks: Vec<u64> = fields.split_whitespace().skip(11).take(2).map(str::parse).collect::<Result<_, _>>()?;
    Ok(Duration::from_millis(10 * ticks.iter().sum::<u64>()))
}

/// A line of `/proc/PID/status`, in KiB.
fn memory(id: u32, name: &str) -> anyhow::Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{id}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(name)).context("no such line")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}

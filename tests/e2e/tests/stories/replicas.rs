//! Operators that come and go: replicas, hand-over, sudden death.

use crate::midway::once_each;
use crate::{LIMIT, RESYNC};
use anyhow::{Context, ensure};
use jenkinsstack_cloud::faults::{Effect, Occurrence, Rule};
use jenkinsstack_e2e::{Site, World, stack};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

const NAME: &str = "ci";
/// A lease is granted for 15 s and tried for every 2 s; the rest is for a busy machine.
const TAKE_OVER: Duration = Duration::from_secs(30);
/// How long calls under way may take to end, and another replica to notice.
const HAND_OVER: Duration = Duration::from_secs(12);

pub(crate) async fn a_killed_leader_is_replaced_in_the_middle_of_a_deploy(world: Arc<World>) -> anyhow::Result<()> {
    let mut world = two_replicas(&world, "killed").await?;
    world.apply(&world.here(stack::smallest(NAME, &world.network))).await?;
    begun(&world).await?;
    only_the_leader_works(&world).await?;
    ensure!(world.item(NAME, "ecs:service").is_err(), "it is in the middle");
    world.operators.remove(0).kill()?;
    let killed = Instant::now();
    held_by(&world, "operator-2").await?;
    ensure!(killed.elapsed() < TAKE_OVER, "the other took over only after {:?}", killed.elapsed());
    world.ready(NAME, LIMIT).await?;
    once_each(&world, NAME)
}

pub(crate) async fn a_stopped_leader_hands_over_at_once(world: Arc<World>) -> anyhow::Result<()> {
    let mut world = two_replicas(&world, "stopped").await?;
    world.apply(&world.here(stack::smallest(NAME, &world.network))).await?;
    begun(&world).await?;
    let stopped = Instant::now();
    let log = world.operators.remove(0).stop().await?;
    ensure!(stopped.elapsed() < HAND_OVER, "it ended only after {:?}", stopped.elapsed());
    ensure!(!log.contains("\"ERROR\"") && log.contains("\"stopping\""), "it ended otherwise than it should: {log}");
    held_by(&world, "operator-2").await?;
    ensure!(stopped.elapsed() < HAND_OVER, "the other took over only after {:?}", stopped.elapsed());
    let lease = world.lease().await?.and_then(|lease| lease.spec).context("a lease")?;
    ensure!(lease.lease_transitions == Some(1), "{lease:?}");
    world.ready(NAME, LIMIT).await?;
    once_each(&world, NAME)
}

pub(crate) async fn a_waiting_replica_ends_when_it_is_told(world: Arc<World>) -> anyhow::Result<()> {
    let mut world = two_replicas(&world, "waiting").await?;
    let second = world.operators.get(1).context("two")?;
    let waits = || second.log().is_ok_and(|log| log.contains("waiting for the lease"));
    world.eventually(LIMIT, "it waits", waits).await?;
    renewed(&world, 3).await?;
    let stopped = Instant::now();
    let log = world.operators.remove(1).stop().await?;
    ensure!(stopped.elapsed() < HAND_OVER, "it ended only after {:?}", stopped.elapsed());
    let told = log.lines().filter(|line| line.contains("waiting for the lease")).count();
    ensure!(told == 1 && log.contains("\"holder\":\"operator-1\""), "for whom it waits is told once: {log}");
    held_by(&world, "operator-1").await
}

pub(crate) async fn a_robbed_leader_ends_at_once(world: Arc<World>) -> anyhow::Result<()> {
    let mut world = world.beside(Site::named("robbed")).await?;
    world.cloud.faults(|faults| {
        let never_answered = Rule::new(Effect::Silence).operation("CreateFileSystem").occurs(Occurrence::First(1));
        faults.add(never_answered.principal(&format!("/{}/", world.site.role)));
    });
    world.operate(RESYNC)?;
    world.apply(&world.here(stack::smallest(NAME, &world.network))).await?;
    let called = || world.item(NAME, "elasticfilesystem:file-system").is_ok();
    world.eventually(LIMIT, "a call is under way", called).await?;
    let lease = world.lease().await?.and_then(|lease| lease.metadata.name).context("a lease")?;
    let robbery = json!({"spec": {"holderIdentity": "somebody-else"}}).to_string();
    let system = world.site.system();
    world.kubectl(&["patch", "lease", &lease, "--namespace", &system, "--type", "merge", "--patch", &robbery]).await?;
    let robbed = Instant::now();
    let (ended, log) = world.operators.remove(0).ended().await?;
    ensure!(robbed.elapsed() < TAKE_OVER, "it ended only after {:?}", robbed.elapsed());
    let told = "the lease was lost, another replica works now; calls that had not ended were given up";
    ensure!(!ended.success() && log.contains(told), "it ended otherwise than it should: {log}");
    Ok(())
}

pub(crate) async fn death_after_a_create_makes_no_double(world: Arc<World>) -> anyhow::Result<()> {
    let mut world = world.beside(Site::named("crash")).await?;
    let deaths = [("CreateFileSystem", "elasticfilesystem:file-system"), ("CreateService", "ecs:service")];
    world.cloud.faults(|faults| {
        for (operation, _) in deaths {
            let never_answered = Rule::new(Effect::Silence).operation(operation).occurs(Occurrence::First(1));
            faults.add(never_answered.principal(&format!("/{}/", world.site.role)));
        }
    });
    world.apply(&world.here(stack::smallest(NAME, &world.network))).await?;
    for (_, kind) in deaths {
        world.operate(RESYNC)?;
        world.eventually(LIMIT, kind, || world.item(NAME, kind).is_ok()).await?;
        world.operators.remove(0).kill()?;
    }
    world.operate(RESYNC)?;
    world.ready(NAME, LIMIT).await?;
    once_each(&world, NAME)
}

/// Two replicas of one installation; the first of them leads.
async fn two_replicas(world: &World, site: &str) -> anyhow::Result<World> {
    let mut world = world.beside(Site::named(site)).await?;
    world.operate(RESYNC)?;
    held_by(&world, "operator-1").await?;
    world.operate(RESYNC)?;
    let second = || async { Ok(world.operators.get(1).context("two")?.metrics().await.is_ok()) };
    world.eventually_async(LIMIT, "the second is up", second).await?;
    Ok(world)
}

/// Waits until a replica holds the lease.
async fn held_by(world: &World, identity: &str) -> anyhow::Result<()> {
    let holds = || async {
        let lease = world.lease().await?.and_then(|lease| lease.spec);
        Ok(lease.and_then(|spec| spec.holder_identity).as_deref() == Some(identity))
    };
    world.eventually_async(LIMIT, &format!("{identity} leads"), holds).await
}

/// Waits until the lease has been renewed so often; the others have tried for it about as often.
async fn renewed(world: &World, times: usize) -> anyhow::Result<()> {
    let at = async || anyhow::Ok(world.lease().await?.and_then(|lease| lease.spec?.renew_time));
    for _ in 0..times {
        let before = at().await?;
        world.eventually_async(LIMIT, "the lease is renewed", async || Ok(at().await? != before)).await?;
    }
    Ok(())
}

/// Waits until a deploy is under way, and far from its end.
async fn begun(world: &World) -> anyhow::Result<()> {
    world.eventually(LIMIT, "the deploy begins", || world.items(NAME).len() >= 5).await
}

async fn only_the_leader_works(world: &World) -> anyhow::Result<()> {
    for (operator, leads) in world.operators.iter().zip([1, 0]) {
        ensure!(operator.metric("jenkinsstack_leader").await? == leads, "the first leads");
        let metrics = operator.metrics().await?;
        let passes = metrics.lines().any(|line| line.starts_with("jenkinsstack_reconcile_total{"));
        ensure!(leads == 1 || !passes, "only the leader works: {metrics}");
    }
    Ok(())
}

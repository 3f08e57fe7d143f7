//! A stack at rest: a look at it changes nothing, and its status is a report that can be thrown away.

use crate::{LIMIT, RESYNC};
use anyhow::{Context, ensure};
use jenkinsstack_cluster::AuditEvent;
use jenkinsstack_e2e::{Site, World, stack};
use jenkinsstack_status::report::FIELD_MANAGER;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

const NAME: &str = "settled";
/// Calls of a look at one stack: a listing for each kind that it has, and what belongs to the listed things; VPC, subnets,
/// certificate and hosted zones, which a look that is asked for reads anew; and the health of its target, since by the operator's clock the
/// grace period of a task in a faster account never passes. Not among them the tags of load balancers and target groups,
/// which are asked for by twenties, other stacks' ones too.
const READS: u64 = 28;

pub(crate) async fn a_look_that_finds_no_change_writes_nothing(world: Arc<World>) -> anyhow::Result<()> {
    let world = at_rest(&world, "quiet").await?;
    let (asked, mark, passes) = (world.asked()?, world.account.mark(), passes(&world).await?);
    look(&world, "the second").await?;
    let written = world.written(asked)?;
    ensure!(lines(&written) == ["patch jenkinsstacks/status settled"], "only that it was seen: {:?}", lines(&written));
    few(&reads(&world, &mark)?)?;

    let (asked, mark) = (world.asked()?, world.account.mark());
    let later = async || Ok(self::passes(&world).await? > passes + 1);
    world.eventually_async(LIMIT, "a look by itself", later).await?;
    let written = world.written(asked)?;
    ensure!(written.is_empty(), "{:?}", lines(&written));
    few(&reads(&world, &mark)?)
}

pub(crate) async fn a_lost_status_comes_back_and_changes_nothing(world: Arc<World>) -> anyhow::Result<()> {
    let world = at_rest(&world, "lost-status").await?;
    let before = world.stack(NAME).await?.and_then(|stack| stack.status).context("a status")?;
    let mark = world.account.mark();
    let nothing = json!({"status": null}).to_string();
    let namespace = &world.site.namespace;
    let patch =
        ["patch", "jks", NAME, "--namespace", namespace, "--subresource", "status", "--type", "merge", "--patch"];
    world.kubectl(&[&patch[..], &[&nothing]].concat()).await?;
    let empty = world.stack(NAME).await?.and_then(|stack| stack.status).unwrap_or_default();
    ensure!(empty.conditions.is_empty() || empty.endpoints == before.endpoints, "it was lost, or is back already");
    let after = world.ready(NAME, LIMIT).await?.status.context("a status")?;
    ensure!(after.endpoints == before.endpoints && after.resources == before.resources, "{after:?}");
    reads(&world, &mark)?;

    let stack = world.stack(NAME).await?.context("the stack")?;
    let managed = stack.metadata.managed_fields.unwrap_or_default();
    let mine = managed.iter().filter(|entry| entry.manager.as_deref() == Some(FIELD_MANAGER));
    let mut owned: Vec<Value> = mine
        .map(|entry| {
            let fields = entry.fields_v1.as_ref().map(|fields| fields.0.clone()).unwrap_or_default();
            let names: Vec<String> = fields.as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect();
            json!([entry.operation, entry.subresource, names])
        })
        .collect();
    owned.sort_by_key(Value::to_string);
    let expected = [json!(["Apply", "status", ["f:status"]]), json!(["Update", null, ["f:metadata"]])];
    ensure!(owned == expected, "the status, and the finalizer in the metadata: {owned:?}");
    Ok(())
}

/// A reference stack under an operator of its own, of which everything has been told.
async fn at_rest(world: &World, site: &str) -> anyhow::Result<World> {
    let mut world = world.beside(Site::named(site)).await?;
    world.operate(RESYNC)?;
    world.apply(&world.here(stack::client_secret("a secret of a stack at rest"))).await?;
    world.apply(&world.here(stack::reference(NAME, &world.network))).await?;
    world.ready(NAME, LIMIT).await?;
    look(&world, "the first").await?;
    Ok(world)
}

/// Asks for a look, and waits until it is over.
async fn look(world: &World, value: &str) -> anyhow::Result<()> {
    let before = passes(world).await?;
    let annotation = format!("jenkinsstack.io/reconcile-requested-at={value}");
    world.kubectl(&["annotate", "--overwrite", "jks", NAME, "--namespace", &world.site.namespace, &annotation]).await?;
    world.until(NAME, LIMIT, |status| status.last_handled_reconcile_at.as_deref() == Some(value)).await?;
    let over = async || Ok(passes(world).await? > before);
    world.eventually_async(LIMIT, "the look is over", over).await
}

/// How many passes found nothing to do.
async fn passes(world: &World) -> anyhow::Result<u64> {
    let operator = world.operators.first().context("an operator")?;
    operator.metric("jenkinsstack_reconcile_total{result=\"success\"}").await
}

/// The reads of the operator since a mark, by operation.
///
/// # Errors
/// When there is a write among its calls, or no call at all.
fn reads(world: &World, since: &jenkinsstack_cloud::calls::Mark) -> anyhow::Result<BTreeMap<String, u64>> {
    let mut reads = BTreeMap::new();
    for call in world.account.calls(&world.site.role, since) {
        ensure!(call.access == Some(jenkinsstack_cloud::call::Access::Read), "a write: {call}");
        *reads.entry(call.operation.to_string()).or_default() += 1;
    }
    ensure!(!reads.is_empty(), "it looked");
    Ok(reads)
}

fn few(reads: &BTreeMap<String, u64>) -> anyhow::Result<()> {
    let counted = reads.iter().filter(|(operation, _)| *operation != "DescribeTags").map(|(_, count)| count);
    let counted: u64 = counted.sum();
    ensure!(counted <= READS, "{counted} calls: {reads:?}");
    Ok(())
}

/// Requests in short.
fn lines(events: &[AuditEvent]) -> Vec<String> {
    let line = |event: &AuditEvent| {
        let object = event.object_ref.clone().unwrap_or_default();
        let parts: Vec<&str> =
            [object.resource.as_str(), &object.subresource].into_iter().filter(|s| !s.is_empty()).collect();
        format!("{} {} {}", event.verb, parts.join("/"), object.name)
    };
    events.iter().map(line).collect()
}

//! Two installations on one AWS account: neither touches what is the other's.

use crate::{LIMIT, RESYNC};
use anyhow::{Context, ensure};
use jenkinsstack_api::status::ConditionType;
use jenkinsstack_cloud::calls::{Mark, Outcome};
use jenkinsstack_cloud::service::Item;
use jenkinsstack_e2e::status::{says, stalled};
use jenkinsstack_e2e::{Site, World, stack};
use serde_json::{Value, json};
use std::sync::Arc;

const NAME: &str = "ci";

pub(crate) async fn clusters_of_two_names_live_side_by_side(world: Arc<World>) -> anyhow::Result<()> {
    let first = world.within("pair").await?;
    let mut second = world.beside(Site::twin("second", "second", "pair")).await?;
    second.operate(RESYNC)?;
    let mark = world.account.mark();
    for world in [&first, &second] {
        let mut object = world.here(stack::smallest(NAME, &world.network));
        object["spec"]["storage"] = json!({"onDelete": "Destroy"});
        world.apply(&object).await?;
    }
    first.ready(NAME, LIMIT).await?;
    second.ready(NAME, LIMIT).await?;
    let (ours, theirs) = (first.items(NAME), second.items(NAME));
    ensure!(!ours.is_empty() && ours.len() == theirs.len(), "{} and {}", ours.len(), theirs.len());
    second.delete(NAME).await?;
    second.gone(NAME, LIMIT).await?;
    ensure!(second.items(NAME).is_empty(), "what is left: {:?}", arns(&second.items(NAME)));
    ensure!(arns(&first.items(NAME)) == arns(&ours), "the other stack stands as it was");
    first.ready(NAME, LIMIT).await?;
    touches_nothing_of(&second, &mark, &ours)?;
    touches_nothing_of(&first, &mark, &theirs)
}

pub(crate) async fn one_name_in_two_installations_is_stalled(world: Arc<World>) -> anyhow::Result<()> {
    let first = world.within("twins").await?;
    first.apply(&first.here(stack::smallest(NAME, &first.network))).await?;
    first.ready(NAME, LIMIT).await?;
    let before = states(&first);
    let mut second = world.beside(Site::twin("other", &world.site.cluster_name, "twins")).await?;
    second.operate(RESYNC)?;
    let mark = world.account.mark();
    let mut object = second.here(stack::smallest(NAME, &second.network));
    second.apply(&object).await?;
    let installation =
        first.kubectl(&["get", "namespace", "kube-system", "--output", "jsonpath={.metadata.uid}"]).await?;
    let texts = [installation.as_str(), "delete the stack there, or give this stack another name"];
    let stack = second.until(NAME, LIMIT, stalled("OwnedByAnotherInstallation", &texts)).await?;
    let status = stack.status.context("a status")?;
    for type_ in [ConditionType::Ready, ConditionType::Network, ConditionType::Storage, ConditionType::Endpoint] {
        ensure!(says(&status, type_, "OwnedByAnotherInstallation", &[]), "{type_}: {status:?}");
    }
    second.delete(NAME).await?;
    let texts = [installation.as_str(), "set spec.deletionPolicy of this stack to Orphan"];
    second.until(NAME, LIMIT, stalled("OwnedByAnotherInstallation", &texts)).await?;
    object["spec"]["deletionPolicy"] = json!("Orphan");
    second.apply(&object).await?;
    second.gone(NAME, LIMIT).await?;
    let writes = world.account.calls(&second.site.role, &mark);
    let writes: Vec<String> = writes.iter().filter(|call| call.wrote()).map(ToString::to_string).collect();
    ensure!(writes.is_empty(), "{writes:#?}");
    ensure!(states(&first) == before, "everything stands as it was");
    Ok(())
}

fn arns(items: &[Item]) -> Vec<String> {
    items.iter().map(|item| format!("{}{}", item.arn, item.id)).collect()
}

/// What a user of the first installation relies on.
fn states(world: &World) -> Vec<(String, Value)> {
    let items = world.items(NAME).into_iter().map(|item| (item.arn + &item.id, json!(item.tags)));
    items.collect()
}

/// The operator of `world` changed none of `items`, and did not even try.
fn touches_nothing_of(world: &World, since: &Mark, items: &[Item]) -> anyhow::Result<()> {
    for call in world.account.calls(&world.site.role, since) {
        let denied =
            matches!(&call.outcome, Outcome::Refused(code) if code.contains("Denied") || code.contains("Unauthorized"));
        ensure!(!denied, "it tried what its policy does not allow: {call}");
        let touched = |item: &&Item| !item.arn.is_empty() && call.resources().contains(&item.arn.as_str());
        let writes = call.access == Some(jenkinsstack_cloud::call::Access::Write);
        ensure!(!writes || !items.iter().any(|item| touched(&item)), "it changed what is another's: {call}");
    }
    Ok(())
}

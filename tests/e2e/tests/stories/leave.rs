//! A stack goes.

use crate::LIMIT;
use anyhow::{Context, ensure};
use jenkinsstack_e2e::status::stalled;
use jenkinsstack_e2e::{World, stack};
use serde_json::json;
use std::sync::Arc;

pub(crate) async fn a_retained_home_is_found_again(world: Arc<World>) -> anyhow::Result<()> {
    let name = "retained";
    let object = stack::smallest(name, &world.network);
    world.apply(&object).await?;
    world.ready(name, LIMIT).await?;
    let home = world.item(name, "elasticfilesystem:file-system")?.id;
    world.stacks().delete(name, &Default::default()).await?;
    world.gone(name, LIMIT).await?;
    let left: Vec<_> = world.items(name).into_iter().map(|item| item.kind).collect();
    ensure!(left == ["elasticfilesystem:file-system"], "only the home is left, not {left:?}");
    world.apply(&object).await?;
    world.ready(name, LIMIT).await?;
    let again = world.item(name, "elasticfilesystem:file-system")?.id;
    ensure!(again == home, "{again} is not the home {home}");
    Ok(())
}

pub(crate) async fn destroy_leaves_nothing(world: Arc<World>) -> anyhow::Result<()> {
    let name = "destroyed";
    let mut object = stack::smallest(name, &world.network);
    object["spec"]["storage"] = json!({"onDelete": "Destroy"});
    world.apply(&object).await?;
    world.ready(name, LIMIT).await?;
    world.stacks().delete(name, &Default::default()).await?;
    world.gone(name, LIMIT).await?;
    let left: Vec<_> = world.items(name).into_iter().map(|item| item.arn).collect();
    ensure!(left.is_empty(), "left behind: {left:?}");
    Ok(())
}

pub(crate) async fn orphan_leaves_everything(world: Arc<World>) -> anyhow::Result<()> {
    let name = "orphaned";
    let mut object = stack::smallest(name, &world.network);
    object["spec"]["deletionPolicy"] = json!("Orphan");
    world.apply(&object).await?;
    world.ready(name, LIMIT).await?;
    let before = world.items(name).len();
    world.stacks().delete(name, &Default::default()).await?;
    world.gone(name, LIMIT).await?;
    ensure!(world.items(name).len() == before, "nothing is deleted");
    let service = world.item(name, "ecs:service")?;
    ensure!(service.state["status"].as_str().context("a status")? == "ACTIVE", "Jenkins goes on");
    Ok(())
}

pub(crate) async fn a_home_is_never_encrypted_in_passing(world: Arc<World>) -> anyhow::Result<()> {
    let name = "plain-home";
    let mut object = stack::smallest(name, &world.network);
    object["spec"]["storage"] = json!({"encryption": "Disabled"});
    world.apply(&object).await?;
    world.ready(name, LIMIT).await?;
    let home = world.item(name, "elasticfilesystem:file-system")?;
    object["spec"]["storage"] = json!({"encryption": "Enabled"});
    let refused = world.apply(&object).await.err().context("admission lets it pass")?.to_string();
    let remedy = "make a backup with AWS Backup, restore it to a new file system";
    ensure!(refused.contains("fixed at its creation") && refused.contains(remedy), "{refused}");

    // A stack that is made anew finds its old home, whatever it asks for.
    world.delete(name).await?;
    world.gone(name, LIMIT).await?;
    world.apply(&object).await?;
    let texts =
        ["file system is not changed (encrypted: false -> true)", "restore it into a new, encrypted file system"];
    world.until(name, LIMIT, stalled("UnsafePlan", &texts)).await?;
    let now = world.item(name, "elasticfilesystem:file-system")?;
    ensure!(now.id == home.id && now.state["Encrypted"] == false, "the home is what it was: {}", now.state);
    Ok(())
}

//! Secrets are noticed when they are made and when they change: the operator looks at stacks once an hour here, so whatever
//! happens sooner happens because a Secret woke its stack.

use crate::LIMIT;
use crate::change::client_secret_is;
use anyhow::{Context, ensure};
use jenkinsstack_e2e::status::stalled;
use jenkinsstack_e2e::{Site, World, stack};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

const NAME: &str = "rotating";
/// Seconds between two looks.
const SELDOM: u64 = 3600;
/// After two failed passes the next one is a minute away.
const SOONER: Duration = Duration::from_secs(40);

pub(crate) async fn a_secret_is_noticed_at_once(world: Arc<World>) -> anyhow::Result<()> {
    let mut world = world.beside(Site::named(NAME)).await?;
    world.operate(SELDOM)?;
    let mut object = world.here(stack::reference(NAME, &world.network));
    let of = |key: &str| json!({"secretKeyRef": {"name": "rotated", "key": key}});
    object["spec"]["auth"]["oidc"]["clientSecret"] = of("clientSecret");
    object["spec"]["controller"]["secrets"] = json!([{"name": "TOKEN", "valueFrom": of("token")}]);
    world.apply(&object).await?;
    let twice = async || Ok(counted(&world, "errors_total{reason=\"SecretNotFound\"}").await? >= 2);
    world.eventually_async(LIMIT, "two passes failed", twice).await?;
    world.until(NAME, LIMIT, stalled("SecretNotFound", &["there is no Secret rotated"])).await?;

    world.apply(&secret(&world, "first")).await?;
    world.until(NAME, SOONER, |status| !stalled("SecretNotFound", &[])(status)).await?;
    world.ready(NAME, LIMIT).await?;
    let at_rest = async || Ok(counted(&world, "total{result=\"success\"}").await? >= 1);
    world.eventually_async(LIMIT, "the stack is at rest", at_rest).await?;
    ensure!(client_secret_is(&world, NAME, "first client secret") && token(&world)? == "first token", "as they are");
    let before = revision(&world)?;

    world.apply(&secret(&world, "second")).await?;
    let arrived = || {
        let token = token(&world).is_ok_and(|token| token == "second token");
        token && client_secret_is(&world, NAME, "second client secret")
    };
    world.eventually(LIMIT, "both values arrive", arrived).await?;
    let rolled = || revision(&world).is_ok_and(|revision| revision != before) && rolled_out(&world).unwrap_or_default();
    world.eventually(LIMIT, "Jenkins runs with the new value", rolled).await?;
    world.ready(NAME, LIMIT).await?;
    Ok(())
}

fn secret(world: &World, turn: &str) -> Value {
    let mut secret = world.here(stack::client_secret(&format!("{turn} client secret")));
    secret["metadata"]["name"] = json!("rotated");
    secret["stringData"]["token"] = json!(format!("{turn} token"));
    secret
}

/// A counter of passes; 0 as well while the operator does not serve it yet.
async fn counted(world: &World, series: &str) -> anyhow::Result<u64> {
    let operator = world.operators.first().context("an operator")?;
    Ok(operator.metric(&format!("jenkinsstack_reconcile_{series}")).await.unwrap_or_default())
}

/// The token that Jenkins is given.
fn token(world: &World) -> anyhow::Result<String> {
    let secret = world.item(NAME, "secretsmanager:secret")?;
    let value = world.aws("secretsmanager", "GetSecretValue", json!({"SecretId": secret.arn}))?;
    Ok(value["SecretString"].as_str().context("a text")?.to_owned())
}

/// What the service is to run.
fn revision(world: &World) -> anyhow::Result<String> {
    let service = world.item(NAME, "ecs:service")?;
    Ok(service.state["taskDefinition"].as_str().context("a task definition")?.to_owned())
}

/// Whether the service runs that, and nothing else.
fn rolled_out(world: &World) -> anyhow::Result<bool> {
    let service = world.item(NAME, "ecs:service")?;
    let of = json!({"cluster": service.state["clusterArn"], "services": [service.arn]});
    let service = &world.aws("ecs", "DescribeServices", of)?["services"][0];
    let deployments = service["deployments"].as_array().context("deployments")?;
    let [deployment] = deployments.as_slice() else { return Ok(false) };
    let new = deployment["taskDefinition"] == revision(world)?;
    Ok(new && deployment["rolloutState"] == "COMPLETED" && deployment["runningCount"] == 1)
}

//! Something is missing or wrong: the status says what, nothing is lost, and it goes on without a nudge once it is mended.

use crate::LIMIT;
use anyhow::{Context, ensure};
use jenkinsstack_api::JenkinsStackStatus;
use jenkinsstack_api::status::ConditionType;
use jenkinsstack_cloud::service::ecs::Script;
use jenkinsstack_e2e::{World, stack};
use serde_json::json;
use std::sync::Arc;

/// Whether the stack is stalled for `reason`, with a message that has `text`.
fn stalled<'a>(reason: &'a str, text: &'a str) -> impl Fn(&JenkinsStackStatus) -> bool + 'a {
    move |status| {
        let stalled = status.condition(ConditionType::Stalled);
        stalled.is_some_and(|stalled| stalled.reason == reason && stalled.message.contains(text))
    }
}

pub(crate) async fn an_invalid_spec_stalls_and_changes_nothing(world: Arc<World>) -> anyhow::Result<()> {
    let name = "invalid";
    let mut object = stack::smallest(name, &world.network);
    object["spec"]["endpoint"] = json!({
        "host": "invalid.bytesource.internal",
        "certificateArn": "arn:aws:acm:eu-central-1:111122223333:certificate/00000000-0000-0000-0000-000000000000",
    });
    world.apply(&object).await?;
    world.until(name, LIMIT, stalled("InvalidSpec", "spec.endpoint.certificateArn")).await?;
    ensure!(world.items(name).is_empty(), "nothing is made for an invalid spec");
    Ok(())
}

pub(crate) async fn a_missing_secret_stalls_until_it_is_there(world: Arc<World>) -> anyhow::Result<()> {
    let name = "secretless";
    let mut object = stack::smallest(name, &world.network);
    object["spec"]["controller"] = json!({"secrets": [
        {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "late-token", "key": "token"}}}]});
    world.apply(&object).await?;
    world.until(name, LIMIT, stalled("SecretNotFound", "there is no Secret late-token")).await?;
    world
        .apply(&json!({
            "apiVersion": "v1", "kind": "Secret",
            "metadata": {"name": "late-token", "namespace": "default"},
            "stringData": {"token": "a token that came late"},
        }))
        .await?;
    world.ready(name, LIMIT).await?;
    Ok(())
}

pub(crate) async fn a_missing_subnet_is_named(world: Arc<World>) -> anyhow::Result<()> {
    let name = "subnetless";
    let mut object = stack::smallest(name, &world.network);
    object["spec"]["network"]["privateSubnets"] = json!({"ids": ["subnet-00000000000000000"]});
    world.apply(&object).await?;
    world.until(name, LIMIT, stalled("NetworkNotFound", "subnet-00000000000000000")).await?;
    object["spec"]["network"]["privateSubnets"] = json!({"ids": world.network.private_subnets});
    world.apply(&object).await?;
    world.ready(name, LIMIT).await?;
    Ok(())
}

pub(crate) async fn an_image_that_does_not_start_is_reported(world: Arc<World>) -> anyhow::Result<()> {
    let name = "imageless";
    let image = "registry.example.com/no-such-jenkins:1";
    let missing: Script = serde_json::from_value(json!({"missing": true})).context("a script")?;
    world.cloud.with(|inner| inner.scripts.set(image, missing));
    let mut object = stack::smallest(name, &world.network);
    object["spec"]["controller"] = json!({"image": image});
    world.apply(&object).await?;
    let told = |status: &JenkinsStackStatus| {
        let ready = status.condition(ConditionType::Ready);
        ready.is_some_and(|ready| ready.status == "False" && ready.message.contains("service"))
            && status.condition(ConditionType::Stalled).is_some_and(|stalled| stalled.reason == "TaskFailed")
    };
    world.until(name, LIMIT, told).await?;
    object["spec"]["controller"] = json!({"image": "jenkins/jenkins:lts"});
    world.apply(&object).await?;
    world.ready(name, LIMIT).await?;
    Ok(())
}

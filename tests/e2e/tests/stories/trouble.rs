//! Something is missing or wrong: the status says what, nothing is lost, and it goes on without a nudge once it is mended.

use crate::{LIMIT, RESYNC};
use anyhow::{Context, ensure};
use jenkinsstack_api::JenkinsStackStatus;
use jenkinsstack_api::status::ConditionType;
use jenkinsstack_cloud::service::ecs::Script;
use jenkinsstack_e2e::status::{says, stalled};
use jenkinsstack_e2e::{Site, World, stack};
use serde_json::json;
use std::sync::Arc;

pub(crate) async fn an_invalid_spec_stalls_and_changes_nothing(world: Arc<World>) -> anyhow::Result<()> {
    let name = "invalid";
    let mut object = stack::smallest(name, &world.network);
    object["spec"]["endpoint"] = json!({
        "host": "invalid.bytesource.internal",
        "certificateArn": "arn:aws:acm:eu-central-1:111122223333:certificate/00000000-0000-0000-0000-000000000000",
    });
    world.apply(&object).await?;
    world.until(name, LIMIT, stalled("InvalidSpec", &["spec.endpoint.certificateArn"])).await?;
    ensure!(world.items(name).is_empty(), "nothing is made for an invalid spec");
    Ok(())
}

pub(crate) async fn a_missing_secret_stalls_until_it_is_there(world: Arc<World>) -> anyhow::Result<()> {
    let name = "secretless";
    let mut object = stack::smallest(name, &world.network);
    object["spec"]["controller"] = json!({"secrets": [
        {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "late-token", "key": "token"}}}]});
    world.apply(&object).await?;
    world.until(name, LIMIT, stalled("SecretNotFound", &["there is no Secret late-token"])).await?;
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
    world.until(name, LIMIT, stalled("NetworkNotFound", &["subnet-00000000000000000"])).await?;
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

pub(crate) async fn a_denied_action_is_named_until_it_is_allowed(world: Arc<World>) -> anyhow::Result<()> {
    let name = "denied";
    let mut world = world.beside(Site::named(name)).await?;
    world.operate(RESYNC)?;
    let mut object = world.here(stack::smallest(name, &world.network));
    world.apply(&object).await?;
    world.ready(name, LIMIT).await?;
    let logs = world.item(name, "logs:log-group")?;
    let Site { role, cluster_name, .. } = world.site.clone();

    world.account.grant(&role, &cluster_name, &["logs:PutRetentionPolicy"])?;
    object["spec"]["logs"] = json!({"retentionDays": 7});
    world.apply(&object).await?;
    let arn = logs.arn.trim_end_matches(":*");
    let texts = ["update log group", "is not authorized to perform: logs:PutRetentionPolicy on resource: ", arn];
    let stack = world.until(name, LIMIT, stalled("AccessDenied", &texts)).await?;
    let status = stack.status.context("a status")?;
    ensure!(says(&status, ConditionType::Compute, "AccessDenied", &texts), "{status:?}");
    ensure!(says(&status, ConditionType::Storage, "Succeeded", &[]), "the rest is well: {status:?}");
    world.account.grant(&role, &cluster_name, &[])?;
    world.ready(name, LIMIT).await?;
    let kept = world.item(name, "logs:log-group")?.state["retentionInDays"].clone();
    ensure!(kept == 7, "it recovers without a nudge: {kept}");

    world.account.grant(&role, &cluster_name, &["elasticfilesystem:DescribeFileSystems"])?;
    let mark = world.account.mark();
    let texts = ["is not authorized to perform: elasticfilesystem:DescribeFileSystems on resource: "];
    world.until(name, LIMIT, stalled("AccessDenied", &texts)).await?;
    let writes = world.account.calls(&role, &mark).iter().filter(|call| call.wrote()).count();
    ensure!(writes == 0, "what can't be read is left alone");
    world.account.grant(&role, &cluster_name, &[])?;
    world.ready(name, LIMIT).await?;
    let events = world.events(name).await?;
    let warnings = events.iter().filter(|event| event.type_.as_deref() == Some("Warning"));
    let reasons: Vec<&str> = warnings.filter_map(|event| event.reason.as_deref()).collect();
    ensure!(reasons == ["AccessDenied", "AccessDenied"], "one for each trouble: {reasons:?}");
    Ok(())
}

pub(crate) async fn a_full_subnet_is_named_until_there_is_room(world: Arc<World>) -> anyhow::Result<()> {
    let name = "crowded";
    let subnet = small_subnet(&world)?;
    let mut filling = Vec::new();
    while let Ok(made) = world.aws("ec2", "CreateNetworkInterface", json!({"SubnetId": subnet})) {
        filling.push(made["NetworkInterface"]["NetworkInterfaceId"].clone());
    }
    ensure!(filling.len() == 11, "a /28 has 11 addresses to give, not {}", filling.len());
    let mut object = stack::smallest(name, &world.network);
    object["spec"]["network"]["privateSubnets"] = json!({"ids": [subnet]});
    world.apply(&object).await?;
    let texts = ["create mount target eu-central-1a", "There are no free addresses in subnet", &subnet];
    let stack = world.until(name, LIMIT, stalled("QuotaExceeded", &texts)).await?;
    let status = stack.status.context("a status")?;
    ensure!(says(&status, ConditionType::Storage, "QuotaExceeded", &texts), "{status:?}");
    for interface in filling {
        world.aws("ec2", "DeleteNetworkInterface", json!({"NetworkInterfaceId": interface}))?;
    }
    world.ready(name, LIMIT).await?;
    Ok(())
}

/// A subnet of the smallest size, with the way out that the other private ones have.
fn small_subnet(world: &World) -> anyhow::Result<String> {
    let input = json!({"VpcId": world.network.vpc, "CidrBlock": "10.0.200.0/28", "AvailabilityZone": "eu-central-1a"});
    let made = world.aws("ec2", "CreateSubnet", input)?;
    let subnet = made["Subnet"]["SubnetId"].as_str().context("a subnet")?.to_owned();
    let [first, _] = &world.network.private_subnets;
    let filters = json!([{"Name": "association.subnet-id", "Values": [first]}]);
    let tables = world.aws("ec2", "DescribeRouteTables", json!({"Filters": filters}))?;
    let table = tables["RouteTables"][0]["RouteTableId"].clone();
    world.aws("ec2", "AssociateRouteTable", json!({"RouteTableId": table, "SubnetId": subnet}))?;
    Ok(subnet)
}

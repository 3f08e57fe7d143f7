//! A stack changes: by its spec, by its Secrets, by somebody else's hand.

use crate::LIMIT;
use anyhow::{Context, ensure};
use jenkinsstack_api::status::ConditionType;
use jenkinsstack_e2e::status::condition;
use jenkinsstack_e2e::{World, stack};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::sync::Arc;

pub(crate) async fn a_changed_spec_reaches_aws(world: Arc<World>) -> anyhow::Result<()> {
    let name = "changed";
    let mut object = stack::smallest(name, &world.network);
    world.apply(&object).await?;
    world.ready(name, LIMIT).await?;
    object["spec"]["controller"] = json!({"cpu": "1", "memory": "2Gi", "env": [{"name": "TZ", "value": "UTC"}]});
    object["spec"]["logs"] = json!({"retentionDays": 7});
    object["spec"]["endpoint"] = json!({"idleTimeoutSeconds": 600});
    world.apply(&object).await?;
    world.ready(name, LIMIT).await?;
    let logs = world.item(name, "logs:log-group")?;
    ensure!(logs.state["retentionInDays"] == 7, "{}", logs.state);
    let service = world.item(name, "ecs:service")?;
    let revision = service.state["taskDefinition"].as_str().context("a task definition")?.to_owned();
    let running = world.items(name).into_iter().find(|item| item.arn == revision).context("its revision")?;
    ensure!(running.state["cpu"] == "1024" && running.state["memory"] == "2048", "{}", running.state);
    Ok(())
}

pub(crate) async fn drift_is_repaired(world: Arc<World>) -> anyhow::Result<()> {
    let name = "drift";
    world.apply(&stack::smallest(name, &world.network)).await?;
    world.ready(name, LIMIT).await?;
    let logs = world.item(name, "logs:log-group")?;
    world.aws("logs", "PutRetentionPolicy", json!({"logGroupName": logs.id, "retentionInDays": 1}))?;
    let target = world.item(name, "elasticloadbalancing:targetgroup")?;
    world.aws("elbv2", "ModifyTargetGroup", json!({"TargetGroupArn": target.arn, "HealthCheckPath": "/wrong"}))?;
    let group = world
        .items(name)
        .into_iter()
        .find(|item| item.tags.get("jenkinsstack.io/resource").is_some_and(|node| node == "controller-security-group"));
    let group = group.context("a security group")?.id;
    world.aws(
        "ec2",
        "AuthorizeSecurityGroupIngress",
        json!({"GroupId": group, "IpPermissions": [
        {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]}),
    )?;
    world
        .eventually(LIMIT, "drift is repaired", || {
            let logs = world.item(name, "logs:log-group").is_ok_and(|item| item.state["retentionInDays"] == 30);
            let target = world.item(name, "elasticloadbalancing:targetgroup");
            let target = target.is_ok_and(|item| item.state["HealthCheckPath"] == "/login");
            let filters = json!([{"Name": "group-id", "Values": [group]}]);
            let rules = world.aws("ec2", "DescribeSecurityGroupRules", json!({"Filters": filters}));
            let open = rules.is_ok_and(|rules| rules.to_string().contains("\"FromPort\":22"));
            logs && target && !open
        })
        .await
}

pub(crate) async fn a_rotated_client_secret_reaches_the_load_balancer(world: Arc<World>) -> anyhow::Result<()> {
    let name = "rotated";
    let mut secret = stack::client_secret("the first client secret");
    secret["metadata"]["name"] = json!("rotated-oidc");
    world.apply(&secret).await?;
    let mut object = stack::reference(name, &world.network);
    object["spec"]["endpoint"]["host"] = json!("rotated.bytesource.internal");
    object["spec"]["auth"]["oidc"]["clientSecret"]["secretKeyRef"]["name"] = json!("rotated-oidc");
    world.apply(&object).await?;
    world.ready(name, LIMIT).await?;
    ensure!(client_secret_is(&world, name, "the first client secret"), "the one of the Secret");
    secret["stringData"]["clientSecret"] = json!("the second client secret");
    world.apply(&secret).await?;
    let changed = || client_secret_is(&world, name, "the second client secret");
    world.eventually(LIMIT, "the new secret reaches the rule", changed).await
}

/// Whether the load balancer logs users in with that client secret. AWS does not tell; the account has its hash.
pub(crate) fn client_secret_is(world: &World, name: &str, value: &str) -> bool {
    let Ok(rule) = world.item(name, "elasticloadbalancing:listener-rule") else { return false };
    rule.state["Actions"][0]["AuthenticateOidcConfig"]["ClientSecretSha256"] == hex::encode(Sha256::digest(value))
}

pub(crate) async fn a_suspended_stack_is_left_alone(world: Arc<World>) -> anyhow::Result<()> {
    let name = "suspended";
    let mut object = stack::smallest(name, &world.network);
    object["spec"]["suspend"] = json!(true);
    world.apply(&object).await?;
    let reason = |status: &jenkinsstack_api::JenkinsStackStatus| {
        status.condition(ConditionType::Ready).is_some_and(|ready| ready.reason == "Suspended")
    };
    world.until(name, LIMIT, reason).await?;
    ensure!(world.items(name).is_empty(), "a suspended stack makes nothing");
    let finalizers = world.stack(name).await?.and_then(|stack| stack.metadata.finalizers).unwrap_or_default();
    ensure!(finalizers == ["jenkinsstack.io/aws-cleanup"], "and does not go without what it may have on AWS");
    object["spec"]["suspend"] = json!(false);
    world.apply(&object).await?;
    let ready = world.ready(name, LIMIT).await?;
    ensure!(condition(&ready.status.unwrap_or_default(), ConditionType::Storage) == "True", "it goes on");
    Ok(())
}

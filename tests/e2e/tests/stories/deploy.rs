//! A stack comes about.

use crate::{LIMIT, RESYNC};
use anyhow::{Context, ensure};
use jenkinsstack_api::status::{ConditionType, ResourceState, TaskHealth};
use jenkinsstack_e2e::status::condition;
use jenkinsstack_e2e::{Site, World, stack};
use serde_json::{Value, json};
use std::sync::Arc;

pub(crate) async fn a_reference_stack_becomes_ready(world: Arc<World>) -> anyhow::Result<()> {
    let name = "reference";
    let manifest = world.folder().join("reference.yaml");
    let objects =
        [stack::client_secret("a client secret of the reference stack"), stack::reference(name, &world.network)];
    std::fs::write(&manifest, json!({"apiVersion": "v1", "kind": "List", "items": objects}).to_string())?;
    // Once, and from nothing.
    world.kubectl(&["apply", "--filename", &manifest.display().to_string()]).await?;
    let ready = world.ready(name, LIMIT).await?;
    let status = ready.status.context("a status")?;
    for type_ in [ConditionType::Network, ConditionType::Identity, ConditionType::Storage, ConditionType::Backup] {
        ensure!(condition(&status, type_) == "True", "{type_} is not True: {status:?}");
    }
    ensure!(condition(&status, ConditionType::Stalled).is_empty(), "a Ready stack is not Stalled");
    ensure!(condition(&status, ConditionType::Reconciling).is_empty(), "a Ready stack is not Reconciling");
    let endpoints = status.endpoints.context("endpoints")?;
    ensure!(endpoints.url.as_deref() == Some("https://jenkins.bytesource.internal/"), "{endpoints:?}");
    let record = endpoints.record.as_ref().context("the record to make")?;
    let target = endpoints.load_balancer.as_deref().unwrap_or_default();
    ensure!((record.name.as_str(), record.type_.as_str()) == ("jenkins.bytesource.internal", "A"), "{record:?}");
    ensure!(record.target == target && record.target_zone_id.is_some(), "{record:?}");
    ensure!(record.zone_name.as_deref() == Some("bytesource.internal"), "{record:?}");
    ensure!(record.zone_id.as_ref() == Some(&world.network.hosted_zone_id), "{record:?}");
    let redirects = [
        "https://jenkins.bytesource.internal/oauth2/idpresponse",
        "https://jenkins.bytesource.internal/securityRealm/finishLogin",
    ];
    ensure!(endpoints.redirect_uris == redirects, "{endpoints:?}");
    ensure!(status.health.context("health")?.task == TaskHealth::Running, "the task runs");
    let unready: Vec<_> = status.resources.iter().filter(|r| r.state != ResourceState::Ready).collect();
    ensure!(unready.is_empty(), "{unready:?}");
    let table = world.kubectl(&["get", "jks", name]).await?;
    ensure!(table.contains("NAME") && table.contains("True"), "{table}");
    Ok(())
}

pub(crate) async fn the_smallest_stack_becomes_ready(world: Arc<World>) -> anyhow::Result<()> {
    world.apply(&stack::smallest("smallest", &world.network)).await?;
    let ready = world.ready("smallest", LIMIT).await?;
    let endpoints = ready.status.and_then(|status| status.endpoints).context("endpoints")?;
    let url = endpoints.url.unwrap_or_default();
    ensure!(url.starts_with("http://jks-default-smallest") && url.ends_with(".elb.amazonaws.com/"), "{url}");
    ensure!(endpoints.redirect_uris.is_empty(), "nothing to register without a login");
    Ok(())
}

pub(crate) async fn an_existing_listener_gets_a_rule_and_nothing_else(world: Arc<World>) -> anyhow::Result<()> {
    let listener = shared_listener(&world)?;
    let before = rules(&world, &listener)?.len();
    let mut object = stack::smallest("shared", &world.network);
    object["spec"]["endpoint"] = json!({
        "host": "shared.bytesource.internal",
        "existingListener": {"arn": listener, "priority": 99, "protocol": "HTTPS"},
    });
    world.apply(&object).await?;
    world.ready("shared", LIMIT).await?;
    let after = rules(&world, &listener)?;
    ensure!(after.len() == before + 1, "one rule more, not {}", after.len() - before);
    ensure!(after.iter().any(|rule| rule["Priority"] == "99"), "at priority 99: {after:?}");
    let own = world.items("shared").into_iter().filter(|item| item.kind == "elasticloadbalancing:loadbalancer").count();
    ensure!(own == 0, "no load balancer of its own");
    world.stacks().delete("shared", &Default::default()).await?;
    world.gone("shared", LIMIT).await?;
    ensure!(rules(&world, &listener)?.len() == before, "the rule goes with the stack");
    Ok(())
}

/// The account itself plays the proxy: a plain HTTP proxy is sent the whole URL, of a host that only it has to know.
pub(crate) async fn a_proxy_leads_to_aws(world: Arc<World>) -> anyhow::Result<()> {
    let mut world = world.beside(Site::named("proxied")).await?;
    let aws = "http://aws.bytesource.invalid".to_owned();
    world.environment.extend([("AWS_ENDPOINT_URL".to_owned(), aws), ("HTTP_PROXY".to_owned(), world.aws_url())]);
    world.operate(RESYNC)?;
    world.apply(&world.here(stack::smallest("proxied", &world.network))).await?;
    world.ready("proxied", LIMIT).await?;
    Ok(())
}

/// An HTTPS listener that somebody else made.
fn shared_listener(world: &World) -> anyhow::Result<String> {
    let group = world.aws(
        "ec2",
        "CreateSecurityGroup",
        json!({
        "GroupName": "shared-alb", "Description": "shared", "VpcId": world.network.vpc}),
    )?;
    let group = group["GroupId"].as_str().context("a group")?.to_owned();
    let balancer = || {
        world.aws(
            "elbv2",
            "CreateLoadBalancer",
            json!({
            "Name": "shared", "Subnets": world.network.public_subnets, "SecurityGroups": [group]}),
        )
    };
    // A group is seen late by other services.
    let balancer = (0..50).find_map(|_| {
        balancer().ok().or_else(|| {
            std::thread::sleep(std::time::Duration::from_millis(20));
            None
        })
    });
    let balancer = balancer.context("a load balancer")?;
    let listener = world.aws(
        "elbv2",
        "CreateListener",
        json!({
        "LoadBalancerArn": balancer["LoadBalancers"][0]["LoadBalancerArn"],
        "Protocol": "HTTPS", "Port": 443,
        "Certificates": [{"CertificateArn": world.network.certificate_arn}],
        "DefaultActions": [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}]}),
    )?;
    Ok(listener["Listeners"][0]["ListenerArn"].as_str().context("a listener")?.to_owned())
}

fn rules(world: &World, listener: &str) -> anyhow::Result<Vec<Value>> {
    let rules = world.aws("elbv2", "DescribeRules", json!({"ListenerArn": listener}))?;
    Ok(rules["Rules"].as_array().cloned().unwrap_or_default())
}

//! Lives in which the operator does all that it can do.

use anyhow::{Context as _, bail};
use jenkinsstack_aws::Account;
use jenkinsstack_aws::lookup::Audience;
use jenkinsstack_cloud::calls::Touched;
use jenkinsstack_core::graph::Graph;
use jenkinsstack_core::plan::Goal;
use jenkinsstack_sim::belongings::PARAMETER;
use jenkinsstack_sim::hands::{Desk, hands};
use jenkinsstack_sim::life::REGION;
use jenkinsstack_sim::spec::{self, Secrets};
use jenkinsstack_sim::{Life, Stage};
use serde_json::{Value, json};
use std::time::Duration;

/// By then a deleted definition is purged, and AWS lets the throughput mode be changed again.
const A_DAY: Duration = Duration::from_secs(25 * 60 * 60);

/// All of them, each with its account as it is in the end.
///
/// Each is too large for the stack of a test's thread.
pub(crate) async fn all() -> anyhow::Result<Vec<Life>> {
    let staged = [
        Box::pin(changed()).await.context("changed")?,
        Box::pin(shared()).await.context("shared")?,
        Box::pin(encrypted()).await.context("encrypted")?,
        Box::pin(drifted()).await.context("drifted")?,
    ];
    let mut lives = vec![Box::pin(first()).await.context("first")?];
    lives.extend(staged.map(|stage| stage.life));
    Ok(lives)
}

/// Service whose role CreateCluster makes if the caller may, and goes on if not: no question to IAM stands in the log.
const ECS: (&str, &str) = ("ecs.amazonaws.com", "AWSServiceRoleForECS");
/// Roles of the services that ask for the permission to make them.
const LINKED: [&str; 2] = ["AWSServiceRoleForAmazonElasticFileSystem", "AWSServiceRoleForElasticLoadBalancing"];

/// The question that ECS asked by itself in a life whose account had no role of it: that it is there tells the answer.
pub(crate) fn unlogged(life: &Life) -> anyhow::Result<Touched> {
    let (service, name) = ECS;
    let role = life.by_hand("iam", "GetRole", json!({"RoleName": name}))?;
    let resource = role["Role"]["Arn"].as_str().context("an ARN")?.to_owned();
    let context = [("iam:AWSServiceName".to_owned(), vec![service.to_owned()])].into();
    Ok(Touched { action: "iam:CreateServiceLinkedRole".to_owned(), resource, context, held: None })
}

/// The first of its kind in its account: the roles linked to services are not there yet.
async fn first() -> anyhow::Result<Life> {
    let life = Life::begin(5)?;
    for name in LINKED.into_iter().chain([ECS.1]) {
        life.by_hand("iam", "DeleteServiceLinkedRole", json!({"RoleName": name}))?;
    }
    let graph = life.graph(&spec::reference(&life.network), &Secrets::default())?;
    life.run(&life.operator().await?, &graph, Goal::Run).await?;
    Ok(life)
}

/// From the smallest stack to one with everything, to another with everything, and away, home and all.
async fn changed() -> anyhow::Result<Stage> {
    let stage = Stage::set().await?;
    let operator = stage.life.operator().await?;
    stage.live(&operator, &smallest(&stage)).await.context("the smallest")?;
    let sight = stage.live(&operator, &everything(&stage)).await.context("everything")?;
    operator.target_health(&sight.node("target-group").context("a target group")?.arn).await?;
    private_zone(&stage, &operator).await?;
    tokio::time::sleep(A_DAY).await;
    stage.live(&operator, &everything_else(&stage)).await.context("everything else")?;
    leave(&stage, &operator, Goal::LeaveKeepHome).await?;
    tokio::time::sleep(A_DAY).await;
    stage.live(&operator, &smallest(&stage)).await.context("again")?;
    leave(&stage, &operator, Goal::LeaveNothing).await?;
    Ok(stage)
}

/// The operator looks for the record of an internal load balancer.
async fn private_zone(stage: &Stage, operator: &Account) -> anyhow::Result<()> {
    let vpc = stage.life.network.vpc.clone();
    let input = json!({
        "Name": "inside.internal", "CallerReference": "inside", "VPC": {"VPCRegion": REGION, "VPCId": vpc},
    });
    stage.life.by_hand("route53", "CreateHostedZone", input)?;
    let vpc = vpc.parse()?;
    let found = operator.hosted_zone("jenkins.inside.internal", Audience::Vpc(&vpc), Duration::ZERO).await;
    found.context("the private zone")?;
    Ok(())
}

/// A stack on what the user has.
async fn shared() -> anyhow::Result<Stage> {
    let stage = Stage::set().await?;
    let operator = stage.life.operator().await?;
    let mut spec = spec::reference(&stage.life.network);
    let home = &stage.user.homes[0];
    spec["storage"] = json!({"existing": {"fileSystemId": home.id, "accessPointId": home.access_points[0]}});
    spec["controller"]["existingCluster"] = json!("build");
    spec["endpoint"] = json!({
        "host": "jenkins.bytesource.internal",
        "existingListener": {"arn": stage.user.listeners[0], "priority": 99},
    });
    stage.live(&operator, &spec).await?;
    spec["endpoint"]["existingListener"]["priority"] = json!(50);
    let sight = stage.live(&operator, &spec).await?;
    // Somebody was faster with a role: it is looked for by its name.
    let role = sight.node("execution-role").context("a role")?;
    let named = json!({"RoleName": role.id, "PolicyName": "execution-role"});
    stage.life.by_hand("iam", "DeleteRolePolicy", named.clone())?;
    stage.life.by_hand("iam", "DeleteRole", json!({"RoleName": role.id}))?;
    leave_by_memory(&stage, &operator).await?;
    Ok(stage)
}

/// A stack whose home lies under a key of the user's, from its first day on.
async fn encrypted() -> anyhow::Result<Stage> {
    let stage = Stage::set().await?;
    let operator = stage.life.operator().await?;
    let mut spec = everything(&stage);
    spec["storage"] = json!({"kmsKeyArn": stage.user.keys[0]});
    stage.live(&operator, &spec).await?;
    Ok(stage)
}

/// A stack in which somebody changed everything by hand, a setting at a time.
async fn drifted() -> anyhow::Result<Stage> {
    let stage = Stage::set().await?;
    let operator = stage.life.operator().await?;
    let spec = spec::reference(&stage.life.network);
    let mut sight = stage.live(&operator, &spec).await?;
    for hand in hands() {
        tokio::time::sleep(hand.apart).await;
        (hand.deed)(&Desk { stage: &stage, sight: &sight }).with_context(|| hand.to_string())?;
        tokio::time::sleep(hand.apart).await;
        sight = stage.live(&operator, &spec).await.with_context(|| hand.to_string())?;
    }
    Ok(stage)
}

async fn leave(stage: &Stage, operator: &Account, goal: Goal) -> anyhow::Result<()> {
    stage.life.run(operator, &Graph::default(), goal).await.context("leaving")?;
    Ok(())
}

/// A deletion that goes by what was listed before, so that it looks for what is gone.
async fn leave_by_memory(stage: &Stage, operator: &Account) -> anyhow::Result<()> {
    for _ in 0..100 {
        let outcome =
            stage.life.pass(operator, &Graph::default(), Goal::LeaveKeepHome, Duration::from_secs(u64::MAX)).await?;
        if outcome.plan.settled() {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_secs(60)).await;
    }
    bail!("it does not go")
}

/// HTTP, no login, the default VPC and its subnets by their default tags.
fn smallest(stage: &Stage) -> Value {
    json!({"aws": {"region": "eu-central-1"}, "network": {"vpc": {"id": stage.life.network.vpc}}})
}

/// Every optional thing, under keys of the user's.
fn everything(stage: &Stage) -> Value {
    let user = &stage.user;
    let mut spec = spec::reference(&stage.life.network);
    let secret = json!({"secretsManager": {"arn": user.secrets[1], "key": "clientSecret", "kmsKeyArn": user.keys[0]}});
    spec["controller"] = json!({
        "secrets": [
            {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "token", "key": "token"}}},
            {"name": "NEXUS", "valueFrom": secret},
            {"name": "SONAR", "valueFrom": {"parameter": {"name": PARAMETER}}},
        ],
        "taskRolePolicyArns": [user.policies[0]],
        "ecsExec": "Enabled",
    });
    spec["endpoint"]["accessLogs"] = json!({"bucket": "logs"});
    spec["logs"] = json!({"kmsKeyArn": user.keys[1]});
    spec["auth"]["oidc"]["clientSecret"] = json!({"secretsManager": {"arn": user.secrets[1], "key": "clientSecret"}});
    spec
}

/// The same with every setting changed.
fn everything_else(stage: &Stage) -> Value {
    let user = &stage.user;
    let mut spec = everything(stage);
    spec["aws"]["tags"] = json!({"team": "tools"});
    spec["logs"] = json!({"retentionDays": 7});
    spec["storage"] = json!({
        "throughputMode": "Bursting", "backups": "Disabled", "lifecycle": {"infrequentAccessAfterDays": 30},
    });
    spec["network"]["publicSubnets"] = json!({"tags": {"wide": "front"}});
    spec["network"]["privateSubnets"] = json!({"tags": {"wide": "back"}});
    spec["network"]["securityGroupIds"] = json!([user.groups[0]]);
    spec["controller"]["secrets"][0]["valueFrom"]["secretKeyRef"]["key"] = json!("other");
    spec["controller"]["taskRolePolicyArns"] = json!([user.policies[1]]);
    spec["endpoint"]["idleTimeoutSeconds"] = json!(600);
    spec["endpoint"]["allowedCidrs"] = json!(["203.0.113.0/24"]);
    spec["endpoint"]["pathPrefix"] = json!("/ci");
    spec["auth"]["oidc"]["openPaths"] = json!([]);
    spec
}

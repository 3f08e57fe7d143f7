//! Cluster, task definition and service.

use super::{Desk, Hand, hand};
use serde_json::{Value, json};

const CLUSTER: &str = "cluster";
const DEFINITION: &str = "task-definition";
const SERVICE: &str = "service";

pub(super) fn hands() -> Vec<Hand> {
    [cluster(), definition(), service(), network(), rollout(), settings(), attached()].concat()
}

fn cluster() -> Vec<Hand> {
    vec![
        hand("cluster", "capacityProviders", |at| {
            let input = json!({
                "cluster": at.id(CLUSTER)?, "capacityProviders": ["FARGATE"], "defaultCapacityProviderStrategy": [],
            });
            at.call("ecs", "PutClusterCapacityProviders", input)
        }),
        hand("cluster", "defaultCapacityProviderStrategy", |at| {
            let spot = json!([{"capacityProvider": "FARGATE_SPOT", "weight": 1}]);
            let input = json!({
                "cluster": at.id(CLUSTER)?, "capacityProviders": ["FARGATE", "FARGATE_SPOT"],
                "defaultCapacityProviderStrategy": spot,
            });
            at.call("ecs", "PutClusterCapacityProviders", input)
        }),
        hand("cluster", "tags", |at| untag(at, CLUSTER)),
    ]
}

fn untag(at: &Desk<'_>, node: &str) -> anyhow::Result<Value> {
    at.call("ecs", "UntagResource", json!({"resourceArn": at.arn(node)?, "tagKeys": ["team"]}))
}

fn definition() -> Vec<Hand> {
    vec![
        hand("task_definition", "revision", |at| {
            let container = json!({"name": "jenkins", "image": "theirs:1", "essential": true});
            let family = at.node(DEFINITION)?.state["family"].clone();
            let tags = at.node(DEFINITION)?.state["#tags"].clone();
            let tags: Vec<Value> = tags
                .as_object()
                .into_iter()
                .flatten()
                .filter(|(key, _)| !key.ends_with("fingerprint"))
                .map(|(key, value)| json!({"key": key, "value": value}))
                .collect();
            let input = json!({
                "family": family, "containerDefinitions": [container], "cpu": "256", "memory": "512",
                "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"], "tags": tags,
            });
            at.call("ecs", "RegisterTaskDefinition", input)
        })
        .anew(&[DEFINITION]),
        hand("task_definition", "tags", |at| untag(at, DEFINITION)),
        hand("task_definition", "gone", |at| {
            at.call("ecs", "DeregisterTaskDefinition", json!({"taskDefinition": at.arn(DEFINITION)?}))
        })
        .anew(&[DEFINITION]),
    ]
}

fn update(at: &Desk<'_>, mut input: Value) -> anyhow::Result<Value> {
    input["service"] = json!(at.id(SERVICE)?);
    input["cluster"] = at.node(SERVICE)?.state["clusterArn"].clone();
    at.call("ecs", "UpdateService", input)
}

fn service() -> Vec<Hand> {
    vec![
        hand("service", "taskDefinition", |at| {
            let container = json!({
                "name": "jenkins", "image": "theirs:1", "essential": true, "portMappings": [{"containerPort": 8080}],
            });
            let input = json!({
                "family": "theirs", "containerDefinitions": [container], "cpu": "256", "memory": "512",
                "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"],
            });
            at.call("ecs", "RegisterTaskDefinition", input)?;
            update(at, json!({"taskDefinition": "theirs"}))
        }),
        hand("service", "targetGroupArn", |at| update(at, json!({"loadBalancers": []}))),
        hand("service", "container", |at| update(at, json!({"loadBalancers": []}))),
        hand("service", "healthCheckGracePeriodSeconds", |at| update(at, json!({"healthCheckGracePeriodSeconds": 1}))),
        hand("service", "enableExecuteCommand", |at| update(at, json!({"enableExecuteCommand": true}))),
        hand("service", "desiredCount", |at| update(at, json!({"desiredCount": 0}))),
        hand("service", "tags", |at| untag(at, SERVICE)),
        hand("service", "gone", |at| {
            let cluster = at.node(SERVICE)?.state["clusterArn"].clone();
            at.call("ecs", "DeleteService", json!({"service": at.id(SERVICE)?, "cluster": cluster, "force": true}))
        }),
    ]
}

fn network() -> Vec<Hand> {
    vec![
        hand("service", "subnets", |at| reach(at, "subnets", json!([at.stage.life.network.private_subnets[0]]))),
        hand("service", "securityGroups", |at| {
            let own = at.id("controller-security-group")?;
            reach(at, "securityGroups", json!([own, at.stage.user.groups[0]]))
        }),
        hand("service", "assignPublicIp", |at| reach(at, "assignPublicIp", json!("ENABLED"))),
    ]
}

/// The network configuration as it is but for one member.
fn reach(at: &Desk<'_>, member: &str, value: Value) -> anyhow::Result<Value> {
    let mut configuration = at.node(SERVICE)?.state["networkConfiguration"].clone();
    configuration["awsvpcConfiguration"][member] = value;
    update(at, json!({"networkConfiguration": configuration}))
}

fn rollout() -> Vec<Hand> {
    let mut all = parts!("service" "deploymentPercents" by deployed:
        "maximumPercent" = 200,
        "minimumHealthyPercent" = 50,
    );
    all.extend(parts!("service" "deploymentCircuitBreaker" by breaking:
        "enable" = false,
        "rollback" = true,
    ));
    all.extend(parts!("service" "deploymentAlarms" by deployed:
        "alarms" = {"alarmNames": ["theirs"], "enable": true, "rollback": true},
    ));
    all.extend(parts!("service" "lifecycleHooks" by deployed:
        "lifecycleHooks" = [{
            "hookTargetArn": "arn:aws:lambda:eu-central-1:111122223333:function:theirs",
            "roleArn": "arn:aws:iam::111122223333:role/theirs",
            "lifecycleStages": ["POST_SCALE_UP"],
        }],
    ));
    all
}

fn deployed(at: &Desk<'_>, member: &str, value: Value) -> anyhow::Result<Value> {
    update(at, json!({"deploymentConfiguration": {member: value}}))
}

/// The circuit breaker as it is but for one member.
fn breaking(at: &Desk<'_>, member: &str, value: Value) -> anyhow::Result<Value> {
    let mut breaker = at.node(SERVICE)?.state["deploymentConfiguration"]["deploymentCircuitBreaker"].clone();
    breaker[member] = value;
    deployed(at, "deploymentCircuitBreaker", breaker)
}

fn settings() -> Vec<Hand> {
    vec![
        hand("service", "capacityProviderStrategy", |at| {
            update(at, json!({"capacityProviderStrategy": [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]}))
        }),
        // It needs room for a second task.
        hand("service", "availabilityZoneRebalancing", |at| {
            let room = json!({"maximumPercent": 200, "minimumHealthyPercent": 100});
            update(at, json!({"availabilityZoneRebalancing": "ENABLED", "deploymentConfiguration": room}))
        }),
        hand("service", "propagateTags", |at| update(at, json!({"propagateTags": "NONE"}))),
        hand("service", "enableECSManagedTags", |at| update(at, json!({"enableECSManagedTags": false}))),
    ]
}

/// Blue/green deployments, set up while no task is wanted: with one, this call would start a second Jenkins.
fn attached() -> Vec<Hand> {
    vec![hand("service", "deploymentStrategy", |at| {
        let mut balancers = at.node(SERVICE)?.state["loadBalancers"].clone();
        balancers[0]["advancedConfiguration"] = json!({
            "alternateTargetGroupArn": at.arn("target-group")?,
            "productionListenerRule": at.arn("rule")?,
            "roleArn": at.arn("execution-role")?,
        });
        let input = json!({
            "desiredCount": 0, "loadBalancers": balancers,
            "deploymentConfiguration": {"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 5},
        });
        update(at, input)
    })]
}

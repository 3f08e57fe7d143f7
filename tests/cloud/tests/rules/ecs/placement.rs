//! What keeps a task from being placed at all.

use super::common::{Stage, role, said, text};
use crate::rule;
use serde_json::{Value, json};

#[tokio::test(start_paused = true)]
async fn a_role_that_does_not_trust_tasks_keeps_a_service_from_starting() {
    rule!(
        "ECS",
        "A service whose role can't be assumed by ecs-tasks.amazonaws.com says so and starts nothing",
        "observed behaviour (not documented)"
    );
    let stage = Stage::new().await;
    let nobody = "arn:aws:iam::111122223333:role/nobody";
    let definition = stage.register(|input| input["taskRoleArn"] = json!(nobody));
    stage.create(|input| input["taskDefinition"] = json!(definition));
    stage.lab.wait(60).await;
    let web = stage.web();
    assert!(
        said(
            &web,
            &format!(
                "(service web) failed to launch a task with (error ECS was unable to assume the role '{nobody}' that was provided for this task."
            )
        ),
        "{}",
        web["events"]
    );
    assert_eq!((stage.tasks("RUNNING").len(), stage.tasks("STOPPED").len()), (0, 0));
    let input = stage.run_input(&definition);
    let refusal = stage.lab.refused("ecs", "RunTask", input, "ClientException");
    assert!(refusal.message.starts_with("ECS was unable to assume the role"), "{}", refusal.message);
}

#[tokio::test(start_paused = true)]
async fn a_new_role_is_seen_late() {
    rule!(
        "ECS",
        "A role that was made a moment ago can't be assumed yet, and the service recovers by itself",
        "AWS Identity and Access Management User Guide, Changes that I make are not always immediately visible"
    );
    let stage = Stage::new().await;
    let young = role(&stage.lab, "young");
    let definition = stage.register(|input| input["taskRoleArn"] = json!(young));
    let refused = stage.lab.call("ecs", "RunTask", stage.run_input(&definition));
    assert!(refused.is_err_and(|refusal| refusal.code == "ClientException"));
    stage.create(|input| input["taskDefinition"] = json!(definition));
    assert!(stage.until(180, |stage| stage.web()["runningCount"] == 1).await, "{}", stage.web());
}

#[tokio::test(start_paused = true)]
async fn a_subnet_without_free_addresses_takes_no_task() {
    rule!(
        "ECS",
        "Without a free address there is no task: RunTask answers RESOURCE:ENI, a service says why",
        "Amazon ECS Developer Guide, Stopped tasks error codes"
    );
    let stage = Stage::new().await;
    let input = json!({"VpcId": stage.vpc, "CidrBlock": "10.0.9.0/28"});
    let small = text(&stage.lab.ok("ec2", "CreateSubnet", input)["Subnet"]["SubnetId"]);
    let definition = stage.register(|input| (input["cpu"], input["memory"]) = (json!("256"), json!("512")));
    let mut input = stage.run_input(&definition);
    input["networkConfiguration"]["awsvpcConfiguration"]["subnets"] = json!([small]);
    input["count"] = json!(10);
    assert_eq!(stage.lab.ok("ecs", "RunTask", input.clone())["failures"], json!([]));
    let answer = stage.lab.ok("ecs", "RunTask", input.clone());
    assert_eq!(
        (answer["tasks"].as_array().map(Vec::len), &answer["failures"][0]["reason"]),
        (Some(1), &json!("RESOURCE:ENI"))
    );
    stage.create(|service| service["networkConfiguration"] = input["networkConfiguration"].clone());
    stage.lab.wait(60).await;
    let expected = format!(
        "(service web) was unable to place a task. Reason: Unexpected EC2 error while attempting to Create Network Interface with public IP assignment enabled in subnet '{small}': InsufficientFreeAddressesInSubnet."
    );
    assert!(said(&stage.web(), &expected), "{}", stage.web()["events"]);
    assert_eq!(stage.web()["deployments"][0]["rolloutState"], "IN_PROGRESS");
}

#[tokio::test(start_paused = true)]
async fn a_service_without_launch_type_finds_no_instances() {
    rule!(
        "ECS",
        "A service that names neither launch type nor strategy asks for EC2, unless the cluster has a default strategy",
        "Amazon ECS API Reference, CreateService, member capacityProviderStrategy"
    );
    let stage = Stage::new().await;
    let web = stage.create(|input| input["launchType"] = Value::Null);
    assert_eq!(web["launchType"], "EC2");
    stage.lab.wait(60).await;
    assert!(said(
        &stage.web(),
        "was unable to place a task because no container instance met all of its requirements."
    ));
    assert_eq!(stage.tasks("RUNNING").len(), 0);
}

#[tokio::test(start_paused = true)]
async fn the_default_strategy_of_the_cluster_counts() {
    rule!(
        "ECS",
        "A service that asks for nothing gets the cluster's default strategy, and its tasks name the provider",
        "Amazon ECS API Reference, PutClusterCapacityProviders, member defaultCapacityProviderStrategy"
    );
    let stage = Stage::new().await;
    let input = json!({
        "cluster": "ci",
        "capacityProviders": ["FARGATE", "FARGATE_SPOT"],
        "defaultCapacityProviderStrategy": [{"capacityProvider": "FARGATE_SPOT", "weight": 1}],
    });
    stage.lab.ok("ecs", "PutClusterCapacityProviders", input);
    let web = stage.create(|input| input["launchType"] = Value::Null);
    assert_eq!(web["capacityProviderStrategy"], json!([{"capacityProvider": "FARGATE_SPOT", "weight": 1, "base": 0}]));
    stage.lab.wait(60).await;
    let task = stage.tasks("RUNNING")[0].clone();
    assert_eq!((&task["capacityProviderName"], &task["launchType"]), (&json!("FARGATE_SPOT"), &Value::Null));
}

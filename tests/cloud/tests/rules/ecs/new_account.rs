//! What a new account does not have: the role linked to ECS, and a large quota.

use super::common::{Stage, said};
use crate::iam::{allow, call_as, granted};
use crate::lab::Lab;
use crate::rule;
use jenkinsstack_cloud::world::HOME_ACCOUNT;
use serde_json::{Value, json};

const NO_ROLE: &str =
    "Unable to assume the service linked role. Please verify that the ECS service linked role exists.";

fn linked_role(lab: &Lab) -> bool {
    lab.call("iam", "GetRole", json!({"RoleName": "AWSServiceRoleForECS"})).is_ok()
}

#[tokio::test(start_paused = true)]
async fn the_first_cluster_makes_the_linked_role_if_the_caller_may() {
    rule!(
        "ECS",
        "CreateCluster makes the role linked to ECS; without iam:CreateServiceLinkedRole it makes the cluster only",
        "Amazon ECS API Reference, CreateCluster"
    );
    let lab = Lab::new();
    let may = |actions: Value| json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]});
    let bare = granted(&lab, HOME_ACCOUNT, "bare", &allow("ecs:*", "*"));
    let full = granted(&lab, HOME_ACCOUNT, "full", &may(json!(["ecs:*", "iam:CreateServiceLinkedRole"])));
    let make = |key: &str, name: &str| call_as(&lab, key, "ecs", "CreateCluster", json!({"clusterName": name}));
    make(&bare, "a").expect("a cluster without a role");
    lab.wait(30).await;
    assert!(!linked_role(&lab));
    make(&full, "b").expect("a cluster with a role");
    lab.wait(30).await;
    assert!(linked_role(&lab));
}

#[tokio::test(start_paused = true)]
async fn capacity_providers_need_the_linked_role_at_once() {
    rule!(
        "ECS",
        "The first cluster of an account, if it has capacity providers, is refused while its linked role is new",
        "cloudformation-coverage-roadmap#818; baseline-environment-on-aws#238"
    );
    let lab = Lab::new();
    let input = json!({"clusterName": "ci", "capacityProviders": ["FARGATE"]});
    let refusal = lab.refused("ecs", "CreateCluster", input.clone(), "InvalidParameterException");
    assert_eq!(refusal.message, NO_ROLE);
    lab.wait(30).await;
    lab.ok("ecs", "CreateCluster", input);
}

#[tokio::test(start_paused = true)]
async fn a_service_needs_the_linked_role() {
    rule!(
        "ECS",
        "CreateService is refused while the role linked to ECS is not there, or new",
        "aws-modern-application-workshop#69; Amazon ECS Developer Guide, Using service-linked roles"
    );
    let stage = Stage::new().await;
    let definition = stage.register(|_| ());
    let input = stage.service(&definition);
    // A cluster that was made without the role.
    stage.lab.ok("ecs", "DeleteCluster", json!({"cluster": "ci"}));
    stage.lab.ok("iam", "DeleteServiceLinkedRole", json!({"RoleName": "AWSServiceRoleForECS"}));
    let bare = granted(&stage.lab, HOME_ACCOUNT, "bare", &allow("ecs:*", "*"));
    call_as(&stage.lab, &bare, "ecs", "CreateCluster", json!({"clusterName": "ci"})).expect("a cluster");
    stage.lab.wait(10).await;
    let refusal = stage.lab.refused("ecs", "CreateService", input.clone(), "InvalidParameterException");
    assert_eq!(refusal.message, NO_ROLE);
    stage.lab.ok("iam", "CreateServiceLinkedRole", json!({"AWSServiceName": "ecs.amazonaws.com"}));
    stage.lab.refused("ecs", "CreateService", input.clone(), "InvalidParameterException");
    stage.lab.wait(30).await;
    stage.lab.ok("ecs", "CreateService", input);
}

#[tokio::test(start_paused = true)]
async fn a_new_account_runs_six_vcpus() {
    rule!(
        "ECS",
        "Tasks beyond the account's Fargate vCPUs, 6 in a new one, are refused; a service says why and goes on trying",
        "Amazon ECS Developer Guide, AWS Fargate service quotas; wellcomecollection/platform#3875"
    );
    let stage = Stage::new().await;
    let reason = "You've reached the limit on the number of vCPUs you can run concurrently";
    let big = stage.register(|input| (input["cpu"], input["memory"]) = (json!("4096"), json!("8192")));
    let first = stage.run(&big);
    let refusal = stage.lab.refused("ecs", "RunTask", stage.run_input(&big), "ClientException");
    assert_eq!(refusal.message, reason);
    stage.create(|input| input["taskDefinition"] = json!(big));
    stage.lab.wait(60).await;
    let event = format!("(service web) was unable to place a task. Reason: {reason}.");
    assert!(said(&stage.web(), &event), "{}", stage.web()["events"]);
    stage.lab.ok("ecs", "StopTask", json!({"cluster": "ci", "task": first}));
    assert!(stage.until(1800, |stage| stage.web()["runningCount"] == 1).await, "{}", stage.web()["events"]);
}

//! Deployment strategies, alarms and hooks, and the way back from a capacity provider strategy.

use super::common::{Stage, balancers};
use super::deployments::rolling;
use crate::rule;
use serde_json::{Value, json};

/// What blue/green deployments need of a target group.
fn switched(target: &str) -> Value {
    let mut balancers = balancers(target);
    balancers[0]["advancedConfiguration"] = json!({
        "alternateTargetGroupArn": target,
        "productionListenerRule": "arn:aws:elasticloadbalancing:eu-central-1:111122223333:listener-rule/app/ci/1/2/3",
        "roleArn": "arn:aws:iam::111122223333:role/ecs",
    });
    balancers
}

#[tokio::test(start_paused = true)]
async fn blue_green_runs_two_whatever_the_percentages() {
    rule!(
        "ECS",
        "A blue/green deployment runs the new task beside the old one, whatever the percentages",
        "Amazon ECS Developer Guide, Amazon ECS blue/green deployments"
    );
    let stage = Stage::new().await;
    stage.steady(|_| ()).await;
    let kept = json!({"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 5});
    let web = stage.update(json!({"deploymentConfiguration": kept}));
    assert_eq!(web["deploymentConfiguration"]["strategy"], "BLUE_GREEN");
    assert_eq!((stage.deployments(), &web["deploymentConfiguration"]["maximumPercent"]), (1, &json!(100)));
    stage.update(json!({"forceNewDeployment": true}));
    assert!(stage.until(120, |stage| stage.in_status("RUNNING") == 2).await);
    stage.lab.wait(120).await;
    let web = stage.update(json!({"deploymentConfiguration": {"strategy": "ROLLING"}}));
    assert_eq!(
        (&web["deploymentConfiguration"]["strategy"], &web["deploymentConfiguration"]["bakeTimeInMinutes"]),
        (&json!("ROLLING"), &json!(0))
    );
}

#[tokio::test(start_paused = true)]
async fn blue_green_needs_a_second_target_group() {
    rule!(
        "ECS",
        "With a target group, blue/green deployments need the other target group and the rule that ECS switches",
        "Amazon ECS Developer Guide, Application Load Balancer resources for blue/green deployments"
    );
    let stage = Stage::new().await;
    let target = stage.balancer().await;
    stage.create(|input| input["loadBalancers"] = balancers(&target));
    let mut input = json!({
        "cluster": "ci", "service": "web", "deploymentConfiguration": {"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 5},
    });
    stage.lab.refused("ecs", "UpdateService", input.clone(), "InvalidParameterException");
    input["loadBalancers"] = switched(&target);
    let web = stage.lab.ok("ecs", "UpdateService", input)["service"].clone();
    assert_eq!(web["loadBalancers"], switched(&target));
}

#[tokio::test(start_paused = true)]
async fn alarms_and_hooks_come_and_go_in_place() {
    rule!(
        "ECS",
        "Alarms and hooks of deployments come and go without a deployment, and stay where they are not named",
        "Amazon ECS API Reference, DeploymentConfiguration, members alarms and lifecycleHooks"
    );
    let stage = Stage::new().await;
    let before = stage.steady(|_| ()).await;
    let alarms = json!({"alarmNames": ["slow"], "enable": true, "rollback": true});
    let hooks = json!([{
        "hookTargetArn": "arn:aws:lambda:eu-central-1:111122223333:function:wait",
        "roleArn": "arn:aws:iam::111122223333:role/hook",
        "lifecycleStages": ["POST_SCALE_UP"],
    }]);
    let web = stage.update(json!({"deploymentConfiguration": {"alarms": alarms, "lifecycleHooks": hooks}}));
    assert_eq!(web["deployments"][0]["id"], before["deployments"][0]["id"]);
    let web = stage.update(json!({"deploymentConfiguration": rolling(0, 100)}));
    let configuration = &web["deploymentConfiguration"];
    assert_eq!((&configuration["alarms"], &configuration["lifecycleHooks"]), (&alarms, &hooks));
    let none = json!({"alarmNames": [], "enable": false, "rollback": false});
    let web = stage.update(json!({"deploymentConfiguration": {"alarms": none, "lifecycleHooks": []}}));
    assert_eq!(web["deploymentConfiguration"]["alarms"], Value::Null);
    assert_eq!(web["deploymentConfiguration"]["lifecycleHooks"], Value::Null);
}

#[tokio::test(start_paused = true)]
async fn a_strategy_leads_back_to_the_launch_type() {
    rule!(
        "ECS",
        "An empty capacity provider strategy takes a service back to its launch type, without a deployment",
        "Amazon ECS API Reference, UpdateService, member capacityProviderStrategy"
    );
    let stage = Stage::new().await;
    stage.lab.ok(
        "ecs",
        "PutClusterCapacityProviders",
        json!({"cluster": "ci", "capacityProviders": ["FARGATE_SPOT"], "defaultCapacityProviderStrategy": []}),
    );
    stage.lab.wait(30).await;
    let before = stage.steady(|_| ()).await;
    let spot = json!([{"capacityProvider": "FARGATE_SPOT", "weight": 1, "base": 0}]);
    let web = stage.update(json!({"capacityProviderStrategy": spot}));
    assert_eq!((&web["capacityProviderStrategy"], &web["launchType"]), (&spot, &Value::Null));
    let web = stage.update(json!({"capacityProviderStrategy": []}));
    assert_eq!((&web["capacityProviderStrategy"], &web["launchType"]), (&Value::Null, &json!("FARGATE")));
    assert_eq!(web["deployments"][0]["id"], before["deployments"][0]["id"]);
}

//! The deployment circuit breaker.

use super::common::{Stage, said};
use crate::rule;
use jenkinsstack_cloud::service::ecs::Script;
use serde_json::{Value, json};

fn breaker(rollback: bool, threshold: Value) -> Value {
    json!({
        "minimumHealthyPercent": 0,
        "maximumPercent": 100,
        "deploymentCircuitBreaker": {"enable": true, "rollback": rollback, "thresholdConfiguration": threshold},
    })
}

impl Stage {
    async fn fails(&self, edit: impl FnOnce(&mut Value)) -> Value {
        self.script(Script::missing());
        self.create(edit);
        let failed = self.until(1800, |stage| stage.web()["deployments"][0]["rolloutState"] == "FAILED").await;
        assert!(failed, "{}", self.web());
        self.web()
    }
}

#[tokio::test(start_paused = true)]
async fn three_failures_fail_a_deployment_of_one_task() {
    rule!(
        "ECS",
        "By default half the desired count, but at least 3 failed tasks, fail a deployment",
        "Amazon ECS API Reference, ThresholdConfiguration"
    );
    let stage = Stage::new().await;
    let web = stage.fails(|input| input["deploymentConfiguration"] = breaker(false, Value::Null)).await;
    let primary = &web["deployments"][0];
    assert_eq!((&primary["failedTasks"], &primary["status"]), (&json!(3), &json!("PRIMARY")));
    assert_eq!(primary["rolloutStateReason"], "ECS deployment circuit breaker: tasks failed to start.");
    let id = primary["id"].as_str().expect("an id");
    assert!(said(&web, &format!("(service web) (deployment {id}) deployment failed: tasks failed to start.")));
    assert!(said(&web, "(service web) is unable to consistently start tasks successfully."));
    stage.lab.wait(600).await;
    assert_eq!(stage.tasks("STOPPED").len(), 3);
    assert_eq!(stage.web()["pendingCount"], 0);
}

#[tokio::test(start_paused = true)]
async fn a_threshold_can_be_a_number() {
    rule!(
        "ECS",
        "With threshold type COUNT so many failed tasks fail a deployment",
        "Amazon ECS API Reference, ThresholdConfiguration, member type"
    );
    let stage = Stage::new().await;
    let one = json!({"type": "COUNT", "value": 1});
    let web = stage.fails(|input| input["deploymentConfiguration"] = breaker(false, one.clone())).await;
    assert_eq!(web["deployments"][0]["failedTasks"], 1);
    assert_eq!(web["deploymentConfiguration"]["deploymentCircuitBreaker"]["thresholdConfiguration"], one);
}

#[tokio::test(start_paused = true)]
async fn a_failed_deployment_is_rolled_back() {
    rule!(
        "ECS",
        "With rollback the last completed deployment becomes PRIMARY again when a deployment fails",
        "Amazon ECS Developer Guide, How the Amazon ECS deployment circuit breaker detects failures"
    );
    let stage = Stage::new().await;
    let first =
        stage.create(|input| input["deploymentConfiguration"] = breaker(true, json!({"type": "COUNT", "value": 2})));
    stage.lab.wait(180).await;
    stage.script(Script::exits(3, 1.0));
    let broken = stage.register(|_| ());
    stage.update(json!({"taskDefinition": broken}));
    assert!(stage.until(600, |stage| said(&stage.web(), "rolling back to deployment")).await);
    let web = stage.web();
    let id = first["deployments"][0]["id"].as_str().expect("an id");
    assert_eq!((&web["deployments"][0]["id"], &web["taskDefinition"]), (&json!(id), &first["taskDefinition"]));
    assert_eq!(
        web["deployments"][0]["rolloutStateReason"],
        format!("ECS deployment circuit breaker: rolling back to deploymentId {id}.")
    );
    stage.script(Script::default());
    assert!(
        stage.until(300, |stage| stage.web()["deployments"][0]["rolloutState"] == "COMPLETED").await,
        "{}",
        stage.web()
    );
    let web = stage.web();
    assert_eq!((web["deployments"].as_array().map(Vec::len), &web["runningCount"]), (Some(1), &json!(1)));
}

#[tokio::test(start_paused = true)]
async fn without_a_completed_deployment_there_is_nothing_to_roll_back_to() {
    rule!(
        "ECS",
        "A first deployment that fails is not rolled back: it stays FAILED and starts nothing more",
        "Amazon ECS Developer Guide, How the Amazon ECS deployment circuit breaker detects failures"
    );
    let stage = Stage::new().await;
    let web = stage.fails(|input| input["deploymentConfiguration"] = breaker(true, Value::Null)).await;
    assert!(!said(&web, "rolling back"));
    let tasks = stage.tasks("STOPPED").len();
    stage.lab.wait(1200).await;
    assert_eq!(stage.tasks("STOPPED").len(), tasks);
}

#[tokio::test(start_paused = true)]
async fn a_failed_deployment_starts_nothing_whatever_is_wanted() {
    rule!(
        "ECS",
        "A FAILED deployment starts no tasks, not even for a new desired count",
        "Amazon ECS API Reference, Deployment, member rolloutState"
    );
    let stage = Stage::new().await;
    let one = json!({"type": "COUNT", "value": 1});
    stage.fails(|input| input["deploymentConfiguration"] = breaker(false, one)).await;
    stage.script(Script::default());
    let tasks = stage.tasks("STOPPED").len();
    stage.update(json!({"desiredCount": 2}));
    stage.lab.wait(120).await;
    assert_eq!((stage.tasks("RUNNING").len(), stage.tasks("STOPPED").len()), (0, tasks));
}

#[tokio::test(start_paused = true)]
async fn a_new_deployment_gets_a_failed_service_going() {
    rule!(
        "ECS",
        "After a failed deployment the next one starts tasks at once",
        "Amazon ECS Developer Guide, How the Amazon ECS deployment circuit breaker detects failures"
    );
    let stage = Stage::new().await;
    stage.fails(|input| input["deploymentConfiguration"] = breaker(false, json!({"type": "COUNT", "value": 1}))).await;
    stage.script(Script::default());
    stage.update(json!({"forceNewDeployment": true}));
    assert!(stage.until(240, |stage| stage.web()["deployments"][0]["rolloutState"] == "COMPLETED").await);
    assert_eq!(stage.web()["deployments"].as_array().map(Vec::len), Some(1));
}

#[tokio::test(start_paused = true)]
async fn a_healthy_task_resets_the_count() {
    rule!(
        "ECS",
        "A task that becomes healthy sets the count of failed tasks to 0",
        "Amazon ECS API Reference, DeploymentCircuitBreaker, member resetOnHealthyTask"
    );
    let stage = Stage::new().await;
    stage.script(Script::exits(1, 1.0));
    stage.create(|_| ());
    assert!(stage.until(300, |stage| stage.web()["deployments"][0]["failedTasks"] == 1).await);
    stage.script(Script::default());
    assert!(stage.until(300, |stage| stage.web()["deployments"][0]["rolloutState"] == "COMPLETED").await);
    assert_eq!(stage.web()["deployments"][0]["failedTasks"], 0);
}

#[tokio::test(start_paused = true)]
async fn restarts_are_delayed_more_and_more() {
    rule!(
        "ECS",
        "Starts of tasks that do not get to RUNNING are delayed more and more, up to 27 minutes",
        "Amazon ECS Developer Guide, Amazon ECS service throttle logic"
    );
    let stage = Stage::new().await;
    stage.script(Script::missing());
    stage.create(|_| ());
    stage.lab.wait(3500).await;
    let times: Vec<f64> = stage.tasks("STOPPED").iter().filter_map(|task| task["createdAt"].as_f64()).collect();
    let gaps: Vec<f64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(gaps.len() >= 5 && gaps[gaps.len() - 1] > 4.0 * gaps[0], "{gaps:?}");
}

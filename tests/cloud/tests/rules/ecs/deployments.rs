//! Deployments: what starts one, and in which order tasks come and go.

use super::common::{IMAGE, Stage, said};
use crate::rule;
use jenkinsstack_cloud::service::ecs::Script;
use serde_json::{Value, json};

impl Stage {
    /// A service that has come to its steady state.
    pub(super) async fn steady(&self, edit: impl FnOnce(&mut Value)) -> Value {
        self.create(edit);
        assert!(
            self.until(240, |stage| stage.web()["deployments"][0]["rolloutState"] == "COMPLETED").await,
            "{}",
            self.web()
        );
        self.web()
    }

    pub(super) fn deployments(&self) -> usize {
        self.web()["deployments"].as_array().map_or(0, Vec::len)
    }

    /// Tasks by last status.
    pub(super) fn in_status(&self, status: &str) -> usize {
        self.tasks("RUNNING")
            .into_iter()
            .chain(self.tasks("STOPPED"))
            .filter(|task| task["lastStatus"] == status)
            .count()
    }
}

pub(super) fn rolling(low: u64, high: u64) -> Value {
    json!({"minimumHealthyPercent": low, "maximumPercent": high})
}

#[tokio::test(start_paused = true)]
async fn settings_of_the_scheduler_make_no_deployment() {
    rule!(
        "ECS",
        "Desired count, percentages, grace period, exec, rebalancing and tag settings make no new deployment",
        "Amazon ECS API Reference, UpdateService"
    );
    let stage = Stage::new().await;
    let before = stage.steady(|_| ()).await;
    for change in [
        json!({"desiredCount": 1}),
        json!({"deploymentConfiguration": rolling(50, 200)}),
        json!({"healthCheckGracePeriodSeconds": 300}),
        json!({"enableExecuteCommand": true}),
        json!({"availabilityZoneRebalancing": "DISABLED"}),
        json!({"propagateTags": "SERVICE", "enableECSManagedTags": true}),
        json!({"taskDefinition": "jenkins", "networkConfiguration": stage.network(), "platformVersion": "LATEST"}),
    ] {
        let after = stage.update(change.clone());
        assert_eq!(after["deployments"].as_array().map(Vec::len), Some(1), "{change}");
        assert_eq!(after["deployments"][0]["id"], before["deployments"][0]["id"], "{change}");
    }
    let after = stage.web();
    assert_eq!((&after["healthCheckGracePeriodSeconds"], &after["propagateTags"]), (&json!(300), &json!("SERVICE")));
}

#[tokio::test(start_paused = true)]
async fn a_new_shape_makes_a_deployment() {
    rule!(
        "ECS",
        "Another task definition, network or platform version, or force, makes a new deployment",
        "Amazon ECS API Reference, UpdateService"
    );
    let stage = Stage::new().await;
    let mut last = stage.steady(|_| ()).await;
    let mut network = stage.network();
    network["awsvpcConfiguration"]["assignPublicIp"] = json!("DISABLED");
    let next = stage.register(|_| ());
    for change in [
        json!({"taskDefinition": next}),
        json!({"platformVersion": "1.4.0"}),
        json!({"forceNewDeployment": true}),
        json!({"networkConfiguration": network}),
    ] {
        let after = stage.update(change.clone());
        assert_ne!(after["deployments"][0]["id"], last["deployments"][0]["id"], "{change}");
        assert_eq!(after["deployments"][0]["status"], "PRIMARY", "{change}");
        assert_eq!(after["deployments"][0]["rolloutState"], "IN_PROGRESS", "{change}");
        last = after;
    }
    assert_eq!(last["taskDefinition"], json!(next));
}

#[tokio::test(start_paused = true)]
async fn zero_to_hundred_percent_stops_before_it_starts() {
    rule!(
        "ECS",
        "At 0/100 percent the new task starts only when the old one has left RUNNING",
        "Amazon ECS API Reference, DeploymentConfiguration, member maximumPercent"
    );
    let stage = Stage::new().await;
    let old = stage.steady(|_| ()).await["deployments"][0]["id"].clone();
    stage.update(json!({"forceNewDeployment": true}));
    let mut most = 0;
    for _ in 0..150 {
        stage.lab.wait(1).await;
        let web = stage.web();
        let (running, pending) = (web["runningCount"].as_u64(), web["pendingCount"].as_u64());
        most = most.max(running.unwrap_or(9) + pending.unwrap_or(9));
    }
    assert_eq!(most, 1);
    let web = stage.web();
    assert_eq!(stage.deployments(), 1);
    assert_eq!((&web["deployments"][0]["rolloutState"], &web["runningCount"]), (&json!("COMPLETED"), &json!(1)));
    assert_ne!(web["deployments"][0]["id"], old);
    let (gone, new) = (stage.tasks("STOPPED")[0].clone(), stage.tasks("RUNNING")[0].clone());
    assert!(gone["stoppingAt"].as_f64() < new["createdAt"].as_f64());
    assert_eq!(gone["stopCode"], "ServiceSchedulerInitiated");
    assert_eq!(
        gone["stoppedReason"],
        format!("Scaling activity initiated by deployment {}", web["deployments"][0]["id"].as_str().expect("an id"))
    );
}

#[tokio::test(start_paused = true)]
async fn the_old_task_may_still_be_stopping_when_the_new_one_starts() {
    rule!(
        "ECS",
        "A task that has left RUNNING no longer counts: its successor starts while it is still STOPPING",
        "Amazon ECS API Reference, DeploymentConfiguration, member maximumPercent; aws/containers-roadmap#959"
    );
    let stage = Stage::new().await;
    stage.script(Script { term_after: Some(110.0), ..Script::default() });
    let slow = stage.register(|input| input["containerDefinitions"][0]["stopTimeout"] = json!(120));
    stage.steady(|input| input["taskDefinition"] = json!(slow)).await;
    stage.update(json!({"forceNewDeployment": true}));
    assert!(stage.until(90, |stage| stage.in_status("STOPPING") == 1 && stage.in_status("RUNNING") == 1).await);
}

#[tokio::test(start_paused = true)]
async fn a_hundred_to_two_hundred_percent_starts_before_it_stops() {
    rule!(
        "ECS",
        "At 100/200 percent the old task stops only when the new one is healthy",
        "Amazon ECS API Reference, DeploymentConfiguration, member minimumHealthyPercent"
    );
    let stage = Stage::new().await;
    stage.steady(|input| input["deploymentConfiguration"] = rolling(100, 200)).await;
    stage.update(json!({"forceNewDeployment": true}));
    let mut least = 9;
    let mut most = 0;
    for _ in 0..200 {
        stage.lab.wait(1).await;
        let running = stage.web()["runningCount"].as_u64().unwrap_or(0);
        (least, most) = (least.min(running), most.max(running));
    }
    assert_eq!((least, most), (1, 2));
    assert_eq!(stage.deployments(), 1);
}

#[tokio::test(start_paused = true)]
async fn both_deployments_show_while_one_replaces_the_other() {
    rule!(
        "ECS",
        "While tasks are replaced the old deployment is ACTIVE and the new one PRIMARY, newest first",
        "Amazon ECS API Reference, Deployment, member status"
    );
    let stage = Stage::new().await;
    stage.steady(|input| input["deploymentConfiguration"] = rolling(100, 200)).await;
    let web = stage.update(json!({"forceNewDeployment": true}));
    assert_eq!(web["deployments"][0]["status"], "PRIMARY");
    assert_eq!(
        (&web["deployments"][1]["status"], &web["deployments"][1]["rolloutState"]),
        (&json!("ACTIVE"), &json!("COMPLETED"))
    );
    let refusal = json!({"cluster": "ci", "service": "web"});
    stage.update(json!({"desiredCount": 0}));
    let refusal = stage.lab.refused("ecs", "DeleteService", refusal, "InvalidParameterException");
    assert_eq!(refusal.message, "The service cannot be stopped while deployments are active.");
}

#[tokio::test(start_paused = true)]
async fn scaling_keeps_the_deployment() {
    rule!(
        "ECS",
        "Scaling starts or stops tasks of the same deployment, and reaches a steady state again",
        "Amazon ECS API Reference, UpdateService, member desiredCount"
    );
    let stage = Stage::new().await;
    let before = stage.steady(|_| ()).await;
    stage.update(json!({"desiredCount": 3}));
    assert!(stage.until(120, |stage| stage.web()["runningCount"] == 3).await);
    stage.update(json!({"desiredCount": 0}));
    assert!(stage.until(60, |stage| stage.web()["runningCount"] == 0).await);
    stage.lab.wait(60).await;
    let after = stage.web();
    assert_eq!(after["deployments"][0]["id"], before["deployments"][0]["id"]);
    assert_eq!(after["deployments"][0]["rolloutState"], "COMPLETED");
    assert!(said(&after, "has stopped 3 running tasks"), "{:?}", after["events"]);
    let zones: Vec<Value> = stage.tasks("STOPPED").iter().map(|task| task["availabilityZone"].clone()).collect();
    assert!(zones.contains(&json!("eu-central-1a")) && zones.contains(&json!("eu-central-1b")), "{zones:?}");
}

#[tokio::test(start_paused = true)]
async fn a_lost_task_is_replaced() {
    rule!(
        "ECS",
        "A task that ends or is stopped by hand is replaced, without a new deployment",
        "Amazon ECS Developer Guide, Amazon ECS services"
    );
    let stage = Stage::new().await;
    let before = stage.steady(|_| ()).await;
    let task = stage.tasks("RUNNING")[0]["taskArn"].clone();
    stage.lab.ok("ecs", "StopTask", json!({"cluster": "ci", "task": task}));
    assert!(stage.until(60, |stage| stage.web()["runningCount"] == 0).await);
    assert!(stage.until(120, |stage| stage.web()["runningCount"] == 1).await);
    stage.lab.wait(60).await;
    let after = stage.web();
    assert_eq!(after["deployments"][0]["id"], before["deployments"][0]["id"]);
    assert_eq!(stage.tasks("STOPPED")[0]["stopCode"], "UserInitiated");
    let steady = after["events"]
        .as_array()
        .expect("events")
        .iter()
        .filter(|e| e["message"] == "(service web) has reached a steady state.")
        .count();
    assert_eq!(steady, 2);
}

#[tokio::test(start_paused = true)]
async fn a_crashing_task_is_started_again_and_again() {
    rule!(
        "ECS",
        "Without a circuit breaker a deployment whose tasks exit stays IN_PROGRESS for ever",
        "Amazon ECS API Reference, Deployment, member rolloutState"
    );
    let stage = Stage::new().await;
    stage.script(Script::exits(1, 5.0));
    stage.create(|_| ());
    stage.lab.wait(900).await;
    let web = stage.web();
    assert_eq!(web["deployments"][0]["rolloutState"], "IN_PROGRESS");
    assert!(web["deployments"][0]["failedTasks"].as_u64() > Some(3), "{}", web["deployments"][0]);
    let task = &stage.tasks("STOPPED")[0];
    assert_eq!(
        (&task["stopCode"], &task["stoppedReason"]),
        (&json!("EssentialContainerExited"), &json!("Essential container in task exited"))
    );
    assert_eq!((&task["containers"][0]["exitCode"], &task["containers"][0]["image"]), (&json!(1), &json!(IMAGE)));
}

#[tokio::test(start_paused = true)]
async fn tags_propagate_to_new_tasks() {
    rule!(
        "ECS",
        "Tags of the service or task definition, and managed tags, go to tasks when asked for",
        "Amazon ECS API Reference, CreateService, members propagateTags and enableECSManagedTags"
    );
    let stage = Stage::new().await;
    stage
        .steady(|input| {
            input["tags"] = json!([{"key": "stack", "value": "a"}]);
            (input["propagateTags"], input["enableECSManagedTags"]) = (json!("SERVICE"), json!(true));
        })
        .await;
    let arn = stage.tasks("RUNNING")[0]["taskArn"].clone();
    let input = json!({"cluster": "ci", "tasks": [arn], "include": ["TAGS"]});
    let tags = stage.lab.ok("ecs", "DescribeTasks", input)["tasks"][0]["tags"].clone();
    assert_eq!(
        tags,
        json!([
            {"key": "aws:ecs:clusterName", "value": "ci"},
            {"key": "aws:ecs:serviceName", "value": "web"},
            {"key": "stack", "value": "a"},
        ])
    );
}

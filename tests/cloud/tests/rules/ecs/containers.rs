//! Containers: their order, their exits, their health checks, their logs.

use super::common::{Stage, container};
use crate::rule;
use jenkinsstack_cloud::service::{
    ecs::{Health, Script},
    logs,
};
use serde_json::{Value, json};

fn other(name: &str, image: &str, members: Value) -> Value {
    let mut container = container(name);
    container["image"] = json!(image);
    for (member, value) in members.as_object().expect("members") {
        container[member] = value.clone();
    }
    container
}

fn after(name: &str, condition: &str) -> Value {
    json!({"dependsOn": [{"containerName": name, "condition": condition}]})
}

impl Stage {
    fn image(&self, name: &str, script: Script) {
        self.lab.cloud.with(|world| world.scripts.set(name, script));
    }

    /// Status of the containers by name.
    fn containers_of(&self, arn: &str) -> Value {
        let task = self.task(arn);
        let containers = task["containers"].as_array().expect("containers").iter();
        containers
            .map(|c| (c["name"].as_str().expect("a name").to_owned(), c["lastStatus"].clone()))
            .collect::<serde_json::Map<_, _>>()
            .into()
    }
}

#[tokio::test(start_paused = true)]
async fn an_init_container_comes_first() {
    rule!(
        "ECS",
        "A container that depends on SUCCESS starts once the other has ended with 0; the task is PENDING until then",
        "Amazon ECS API Reference, ContainerDependency, member condition"
    );
    let stage = Stage::new().await;
    stage.image("init", Script::exits(0, 40.0));
    let init = other("init", "init", json!({"essential": false}));
    let arn =
        stage.run(&stage.containers(json!([init, other("jenkins", "jenkins/jenkins", after("init", "SUCCESS"))])));
    stage.lab.wait(55).await;
    assert_eq!(stage.containers_of(&arn), json!({"init": "RUNNING", "jenkins": "PENDING"}));
    assert_eq!(stage.task(&arn)["lastStatus"], "PENDING");
    stage.lab.wait(60).await;
    assert_eq!(stage.containers_of(&arn), json!({"init": "STOPPED", "jenkins": "RUNNING"}));
    assert_eq!(
        (&stage.task(&arn)["lastStatus"], &stage.task(&arn)["containers"][0]["exitCode"]),
        (&json!("RUNNING"), &json!(0))
    );
}

#[tokio::test(start_paused = true)]
async fn a_failed_init_container_stops_the_task() {
    rule!(
        "ECS",
        "A container whose SUCCESS dependency exits with another code never starts, and the task stops",
        "aws/amazon-ecs-agent, dependency graph"
    );
    let stage = Stage::new().await;
    stage.image("init", Script::exits(1, 5.0));
    let init = other("init", "init", json!({"essential": false}));
    let arn =
        stage.run(&stage.containers(json!([init, other("jenkins", "jenkins/jenkins", after("init", "SUCCESS"))])));
    stage.lab.wait(90).await;
    let task = stage.task(&arn);
    assert_eq!(
        (&task["lastStatus"], &task["stopCode"], &task["startedAt"]),
        (&json!("STOPPED"), &json!("TaskFailedToStart"), &Value::Null)
    );
    assert_eq!((&task["containers"][0]["exitCode"], &task["containers"][1]["exitCode"]), (&json!(1), &Value::Null));
    let reason = task["containers"][1]["reason"].as_str().expect("a reason");
    assert!(reason.ends_with("[init] for target [jenkins] as dependency did not exit successfully."), "{reason}");
}

#[tokio::test(start_paused = true)]
async fn complete_takes_any_exit_code() {
    rule!(
        "ECS",
        "A container that depends on COMPLETE starts whatever the other's exit code was",
        "Amazon ECS API Reference, ContainerDependency, member condition"
    );
    let stage = Stage::new().await;
    stage.image("init", Script::exits(7, 5.0));
    let init = other("init", "init", json!({"essential": false}));
    let arn =
        stage.run(&stage.containers(json!([init, other("jenkins", "jenkins/jenkins", after("init", "COMPLETE"))])));
    stage.lab.wait(90).await;
    assert_eq!(stage.task(&arn)["lastStatus"], "RUNNING");
    assert_eq!(stage.task(&arn)["containers"][0]["exitCode"], 7);
}

#[tokio::test(start_paused = true)]
async fn healthy_waits_for_the_health_check() {
    rule!(
        "ECS",
        "A container that depends on HEALTHY starts once the other's health check has passed",
        "Amazon ECS API Reference, ContainerDependency, member condition"
    );
    let stage = Stage::new().await;
    stage.image("db", Script { health: Some(Health { healthy: true, after: 50.0 }), ..Script::default() });
    let db = other("db", "db", json!({"healthCheck": {"command": ["CMD", "true"]}}));
    let arn = stage.run(&stage.containers(json!([db, other("jenkins", "jenkins/jenkins", after("db", "HEALTHY"))])));
    stage.lab.wait(60).await;
    assert_eq!(stage.containers_of(&arn), json!({"db": "RUNNING", "jenkins": "PENDING"}));
    stage.lab.wait(60).await;
    assert_eq!(stage.containers_of(&arn), json!({"db": "RUNNING", "jenkins": "RUNNING"}));
}

#[tokio::test(start_paused = true)]
async fn start_timeout_ends_the_wait() {
    rule!(
        "ECS",
        "startTimeout of a container ends the wait of those that depend on it, and the task stops",
        "Amazon ECS API Reference, ContainerDefinition, member startTimeout"
    );
    let stage = Stage::new().await;
    stage.image("init", Script::exits(0, 600.0));
    let init = other("init", "init", json!({"essential": false, "startTimeout": 60}));
    let arn =
        stage.run(&stage.containers(json!([init, other("jenkins", "jenkins/jenkins", after("init", "SUCCESS"))])));
    stage.lab.wait(75).await;
    assert_eq!(stage.task(&arn)["lastStatus"], "PENDING");
    stage.lab.wait(90).await;
    let task = stage.task(&arn);
    assert_eq!((&task["lastStatus"], &task["stopCode"]), (&json!("STOPPED"), &json!("TaskFailedToStart")));
    assert!(task["containers"][1]["reason"].as_str().is_some_and(|reason| reason.ends_with("has timed out.")));
}

#[tokio::test(start_paused = true)]
async fn the_end_of_a_side_container_changes_nothing() {
    rule!(
        "ECS",
        "A container that is not essential ends without ending the task; an essential one ends all",
        "Amazon ECS API Reference, ContainerDefinition, member essential"
    );
    let stage = Stage::new().await;
    stage.image("side", Script::exits(9, 10.0));
    let arn =
        stage.run(&stage.containers(json!([container("jenkins"), other("side", "side", json!({"essential": false}))])));
    stage.lab.wait(90).await;
    assert_eq!(stage.containers_of(&arn), json!({"jenkins": "RUNNING", "side": "STOPPED"}));
    let arn = stage.run(&stage.containers(json!([container("jenkins"), other("side", "side", json!({}))])));
    stage.lab.wait(120).await;
    let task = stage.task(&arn);
    assert_eq!(
        (&task["stopCode"], &task["stoppedReason"]),
        (&json!("EssentialContainerExited"), &json!("Essential container in task exited"))
    );
    assert_eq!((&task["containers"][0]["exitCode"], &task["containers"][1]["exitCode"]), (&json!(143), &json!(9)));
}

#[tokio::test(start_paused = true)]
async fn containers_end_in_the_reverse_order() {
    rule!(
        "ECS",
        "A container gets SIGTERM only when those that depend on it have ended",
        "Amazon ECS API Reference, ContainerDefinition, member dependsOn"
    );
    let stage = Stage::new().await;
    stage.image("db", Script { term_after: Some(1.0), ..Script::default() });
    stage.script(Script { term_after: Some(20.0), ..Script::default() });
    let containers = json!([other("db", "db", json!({})), other("jenkins", "jenkins/jenkins", after("db", "START"))]);
    let arn = stage.run(&stage.containers(containers));
    stage.lab.wait(60).await;
    stage.lab.ok("ecs", "StopTask", json!({"cluster": "ci", "task": arn}));
    stage.lab.wait(15).await;
    assert_eq!(stage.containers_of(&arn), json!({"db": "RUNNING", "jenkins": "RUNNING"}));
    assert!(stage.until(30, |stage| stage.containers_of(&arn)["jenkins"] == "STOPPED").await);
    assert_eq!(stage.containers_of(&arn)["db"], "RUNNING");
    assert!(stage.until(5, |stage| stage.containers_of(&arn)["db"] == "STOPPED").await);
}

#[tokio::test(start_paused = true)]
async fn health_is_that_of_the_checks() {
    rule!(
        "ECS",
        "A container is UNKNOWN until its health check passes, and UNHEALTHY after so many failures in a row",
        "Amazon ECS API Reference, HealthCheck, members interval, retries and startPeriod"
    );
    let stage = Stage::new().await;
    let check = |retries: u64, start: u64| json!({"command": ["CMD", "true"], "interval": 10, "retries": retries, "startPeriod": start});
    let run = |check: Value| {
        stage.run(&stage.containers(json!([other("jenkins", "jenkins/jenkins", json!({"healthCheck": check}))])))
    };
    let (patient, hasty) = (run(check(3, 120)), run(check(2, 0)));
    stage.lab.wait(85).await;
    assert_eq!(
        (&stage.task(&patient)["healthStatus"], &stage.task(&hasty)["healthStatus"]),
        (&json!("UNKNOWN"), &json!("UNHEALTHY"))
    );
    stage.lab.wait(60).await;
    assert_eq!(
        (&stage.task(&patient)["healthStatus"], &stage.task(&hasty)["healthStatus"]),
        (&json!("HEALTHY"), &json!("HEALTHY"))
    );
    assert_eq!(stage.task(&hasty)["lastStatus"], "RUNNING");
}

#[tokio::test(start_paused = true)]
async fn an_unhealthy_task_of_a_service_is_replaced() {
    rule!(
        "ECS",
        "A service replaces a task whose essential container is UNHEALTHY, once the grace period is over",
        "Amazon ECS API Reference, CreateService, member healthCheckGracePeriodSeconds"
    );
    let stage = Stage::new().await;
    stage.script(Script { health: Some(Health { healthy: false, after: 20.0 }), ..Script::default() });
    let checked = stage.containers(json!([other(
        "jenkins",
        "jenkins/jenkins",
        json!({"healthCheck": {"command": ["CMD", "true"]}})
    )]));
    stage.create(|input| {
        (input["taskDefinition"], input["healthCheckGracePeriodSeconds"]) = (json!(checked), json!(200));
    });
    stage.lab.wait(200).await;
    assert_eq!((stage.web()["runningCount"].clone(), stage.tasks("STOPPED").len()), (json!(1), 0));
    stage.lab.wait(120).await;
    let task = stage.tasks("STOPPED")[0].clone();
    assert_eq!(
        (&task["stopCode"], &task["stoppedReason"]),
        (&json!("ServiceSchedulerInitiated"), &json!("Task failed container health checks"))
    );
    let id = task["taskArn"].as_str().and_then(|arn| arn.rsplit('/').next()).expect("an id").to_owned();
    assert!(super::common::said(&stage.web(), &format!("(service web) (task {id}) failed container health checks.")));
    assert_eq!(stage.web()["deployments"][0]["failedTasks"], 1);
}

#[tokio::test(start_paused = true)]
async fn output_goes_to_a_stream_named_after_container_and_task() {
    rule!(
        "ECS",
        "A container's output goes to the stream PREFIX/CONTAINER/TASK of its log group",
        "Amazon ECS Developer Guide, Send Amazon ECS logs to CloudWatch, awslogs-stream-prefix"
    );
    let stage = Stage::new().await;
    stage.script(Script { log: vec!["Jenkins is up".to_owned()], ..Script::default() });
    let options = json!({"awslogs-group": "/jenkins", "awslogs-region": "eu-central-1", "awslogs-stream-prefix": "c"});
    let log = json!({"logConfiguration": {"logDriver": "awslogs", "options": options}});
    let arn = stage.run(&stage.containers(json!([other("jenkins", "jenkins/jenkins", log)])));
    stage.lab.wait(60).await;
    let stream = format!("c/jenkins/{}", arn.rsplit('/').next().expect("an id"));
    let lines: Vec<String> = stage.lab.cloud.with(|world| {
        let region = world.peek("111122223333", "eu-central-1");
        logs::lines(region, "/jenkins", Some(&stream)).into_iter().map(str::to_owned).collect()
    });
    assert_eq!(lines, ["Jenkins is up"]);
}

#[tokio::test(start_paused = true)]
async fn the_longest_fitting_pattern_is_the_script() {
    rule!(
        "ECS",
        "What a container does is the script with the longest pattern that fits its image (this cloud's own)",
        "this cloud, service::ecs::Scripts"
    );
    let stage = Stage::new().await;
    stage.image("*", Script::silent());
    stage.image("jenkins/*", Script::answering(503));
    stage.image("jenkins/jenkins:2*", Script::answering(403));
    let status = |image: &str| stage.lab.cloud.with(|world| world.scripts.of(image).status);
    assert_eq!(
        (status("nginx"), status("jenkins/agent:1"), status("jenkins/jenkins:2.5")),
        (None, Some(503), Some(403))
    );
}

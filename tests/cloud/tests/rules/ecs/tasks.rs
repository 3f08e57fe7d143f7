//! Tasks: their states, their records, and how they are found.

use super::common::{Stage, text};
use crate::rule;
use jenkinsstack_cloud::service::ecs::Script;
use serde_json::{Value, json};

impl Stage {
    /// The states that a task is seen in, in order, looked at each second.
    async fn course(&self, arn: &str, seconds: u64) -> Vec<String> {
        let mut course: Vec<String> = Vec::new();
        for _ in 0..seconds {
            self.lab.wait(1).await;
            let status = self.task(arn)["lastStatus"].as_str().unwrap_or("MISSING").to_owned();
            if course.last() != Some(&status) {
                course.push(status);
            }
        }
        course
    }

    #[track_caller]
    fn ids(&self, mut filter: Value) -> usize {
        filter["cluster"] = json!("ci");
        self.lab.ok("ecs", "ListTasks", filter)["taskArns"].as_array().map_or(0, Vec::len)
    }
}

#[tokio::test(start_paused = true)]
async fn a_task_goes_through_its_states() {
    rule!(
        "ECS",
        "A task is PROVISIONING, PENDING, ACTIVATING, RUNNING, and after StopTask DEPROVISIONING, STOPPED",
        "Amazon ECS Developer Guide, Amazon ECS task lifecycle"
    );
    let stage = Stage::new().await;
    let arn = stage.run(&stage.register(|_| ()));
    stage.lab.wait(2).await;
    let up = stage.course(&arn, 60).await;
    assert_eq!(up, ["PROVISIONING", "PENDING", "ACTIVATING", "RUNNING"]);
    let task = stage.task(&arn);
    for member in ["createdAt", "connectivityAt", "pullStartedAt", "pullStoppedAt", "startedAt"] {
        assert!(task[member].is_number(), "{member}");
    }
    stage.lab.ok("ecs", "StopTask", json!({"cluster": "ci", "task": arn, "reason": "enough"}));
    let down = stage.course(&arn, 60).await;
    assert_eq!(down, ["RUNNING", "STOPPING", "DEPROVISIONING", "STOPPED"]);
    let task = stage.task(&arn);
    assert_eq!(
        (&task["stopCode"], &task["stoppedReason"], &task["desiredStatus"]),
        (&json!("UserInitiated"), &json!("enough"), &json!("STOPPED"))
    );
    assert!(task["stoppingAt"].as_f64() < task["executionStoppedAt"].as_f64());
    assert!(task["executionStoppedAt"].as_f64() < task["stoppedAt"].as_f64());
}

#[tokio::test(start_paused = true)]
async fn a_task_has_an_interface_that_outlives_it() {
    rule!(
        "ECS",
        "A task's network interface names its attachment, and lingers for 1 to 3 minutes after the task",
        "Amazon ECS Developer Guide, Amazon ECS task networking options for Fargate"
    );
    let stage = Stage::new().await;
    let arn = stage.run(&stage.register(|_| ()));
    stage.lab.wait(60).await;
    let attachment = stage.task(&arn)["attachments"][0].clone();
    assert_eq!((&attachment["type"], &attachment["status"]), (&json!("ElasticNetworkInterface"), &json!("ATTACHED")));
    let detail = |name: &str| {
        let details = attachment["details"].as_array().expect("details");
        text(&details.iter().find(|detail| detail["name"] == name).expect("a detail")["value"])
    };
    let find = json!({"Filters": [{"Name": "network-interface-id", "Values": [detail("networkInterfaceId")]}]});
    let found = stage.lab.ok("ec2", "DescribeNetworkInterfaces", find.clone())["NetworkInterfaces"][0].clone();
    assert_eq!(
        found["Description"],
        format!("arn:aws:ecs:eu-central-1:111122223333:attachment/{}", text(&attachment["id"]))
    );
    assert_eq!(
        (text(&found["PrivateIpAddress"]), text(&found["SubnetId"])),
        (detail("privateIPv4Address"), detail("subnetId"))
    );
    assert_eq!(text(&found["MacAddress"]), detail("macAddress"));
    stage.lab.ok("ecs", "StopTask", json!({"cluster": "ci", "task": arn}));
    assert!(stage.until(60, |stage| stage.task(&arn)["lastStatus"] == "STOPPED").await);
    stage.lab.wait(55).await;
    let count = || {
        stage.lab.ok("ec2", "DescribeNetworkInterfaces", find.clone())["NetworkInterfaces"]
            .as_array()
            .map_or(0, Vec::len)
    };
    assert_eq!(count(), 1);
    stage.lab.wait(130).await;
    assert_eq!(count(), 0);
}

#[tokio::test(start_paused = true)]
async fn sigterm_comes_before_sigkill() {
    rule!(
        "ECS",
        "A container that ignores SIGTERM is killed after stopTimeout, 30 seconds by default, with exit code 137",
        "Amazon ECS API Reference, StopTask"
    );
    let stage = Stage::new().await;
    for (script, timeout, code, seconds) in [
        (Script { term_after: Some(3.0), ..Script::default() }, Value::Null, 143, 3..12),
        (Script { term_after: None, ..Script::default() }, Value::Null, 137, 30..40),
        (Script { term_after: None, ..Script::default() }, json!(100), 137, 100..110),
    ] {
        stage.script(script);
        let arn = stage.run(&stage.register(|input| input["containerDefinitions"][0]["stopTimeout"] = timeout));
        stage.lab.wait(60).await;
        stage.lab.ok("ecs", "StopTask", json!({"cluster": "ci", "task": arn}));
        stage.lab.wait(140).await;
        let task = stage.task(&arn);
        assert_eq!(task["containers"][0]["exitCode"], code);
        let took = task["executionStoppedAt"].as_f64().expect("a time") - task["stoppingAt"].as_f64().expect("a time");
        assert!(seconds.contains(&(took as u64)), "{took}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_stopped_task_is_kept_for_an_hour() {
    rule!(
        "ECS",
        "A STOPPED task is described and listed for an hour, and is MISSING then",
        "Amazon ECS API Reference, DescribeTasks and ListTasks"
    );
    let stage = Stage::new().await;
    let arn = stage.run(&stage.register(|_| ()));
    stage.lab.wait(60).await;
    stage.lab.ok("ecs", "StopTask", json!({"cluster": "ci", "task": arn}));
    stage.lab.wait(3500).await;
    assert_eq!((stage.ids(json!({})), stage.ids(json!({"desiredStatus": "STOPPED"}))), (0, 1));
    stage.lab.wait(300).await;
    assert_eq!(stage.ids(json!({"desiredStatus": "STOPPED"})), 0);
    let answer = stage.lab.ok("ecs", "DescribeTasks", json!({"cluster": "ci", "tasks": [arn]}));
    assert_eq!(answer["failures"], json!([{"arn": arn, "reason": "MISSING"}]));
    stage.lab.refused("ecs", "StopTask", json!({"cluster": "ci", "task": arn}), "InvalidParameterException");
}

#[tokio::test(start_paused = true)]
async fn tasks_are_listed_by_what_they_are() {
    rule!(
        "ECS",
        "ListTasks filters by service, family, startedBy, launch type and desired status",
        "Amazon ECS API Reference, ListTasks"
    );
    let stage = Stage::new().await;
    stage.create(|_| ());
    let agent = stage.register(|input| input["family"] = json!("agent"));
    let mut input = stage.run_input(&agent);
    (input["startedBy"], input["count"]) = (json!("jenkins"), json!(2));
    stage.lab.ok("ecs", "RunTask", input);
    stage.lab.wait(30).await;
    assert_eq!(stage.ids(json!({})), 3);
    assert_eq!(stage.ids(json!({"serviceName": "web"})), 1);
    assert_eq!(stage.ids(json!({"family": "agent"})), 2);
    assert_eq!(stage.ids(json!({"startedBy": "jenkins"})), 2);
    assert_eq!(stage.ids(json!({"launchType": "EC2"})), 0);
    assert_eq!(stage.ids(json!({"desiredStatus": "PENDING"})), 0);
    assert_eq!(stage.ids(json!({"desiredStatus": "STOPPED"})), 0);
    stage.lab.refused(
        "ecs",
        "ListTasks",
        json!({"cluster": "ci", "serviceName": "nowhere"}),
        "ServiceNotFoundException",
    );
    let page = stage.lab.ok("ecs", "ListTasks", json!({"cluster": "ci", "maxResults": 2}));
    assert_eq!(stage.ids(json!({"maxResults": 2, "nextToken": page["nextToken"]})), 1);
}

#[tokio::test(start_paused = true)]
async fn a_token_of_run_task_answers_the_same_tasks() {
    rule!(
        "ECS",
        "RunTask with a used token answers the same tasks for the same request, and ConflictException for another",
        "Amazon ECS API Reference, RunTask, ConflictException"
    );
    let stage = Stage::new().await;
    let mut input = stage.run_input(&stage.register(|_| ()));
    input["clientToken"] = json!("token-1");
    let arn = stage.lab.ok("ecs", "RunTask", input.clone())["tasks"][0]["taskArn"].clone();
    assert_eq!(stage.lab.ok("ecs", "RunTask", input.clone())["tasks"][0]["taskArn"], arn);
    input["count"] = json!(2);
    let refusal = stage.lab.refused("ecs", "RunTask", input, "ConflictException");
    assert_eq!(refusal.fields["resourceIds"], json!([arn]));
}

#[tokio::test(start_paused = true)]
async fn reads_may_miss_a_new_task() {
    rule!(
        "ECS",
        "DescribeTasks may answer MISSING right after RunTask",
        "Amazon ECS API Reference, RunTask, eventual consistency"
    );
    let stage = Stage::new().await;
    let definition = stage.register(|_| ());
    let arns: Vec<String> = (0..5).map(|_| stage.run(&definition)).collect();
    let missing = || {
        stage.lab.ok("ecs", "DescribeTasks", json!({"cluster": "ci", "tasks": arns}))["failures"]
            .as_array()
            .map_or(9, Vec::len)
    };
    assert!(missing() > 0);
    stage.lab.wait(2).await;
    assert_eq!(missing(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_run_task_refuses() {
    rule!(
        "ECS",
        "RunTask takes 1 to 10 tasks of an ACTIVE definition, with a network, and finds no container instances",
        "Amazon ECS API Reference, RunTask"
    );
    let stage = Stage::new().await;
    let definition = stage.register(|_| ());
    let refused = |code: &str, member: &str, value: Value| {
        let mut input = stage.run_input(&definition);
        input[member] = value;
        stage.lab.refused("ecs", "RunTask", input, code).message
    };
    refused("InvalidParameterException", "count", json!(11));
    refused("InvalidParameterException", "networkConfiguration", Value::Null);
    refused("InvalidParameterException", "startedBy", json!("x".repeat(129)));
    refused("ClientException", "taskDefinition", json!("nowhere"));
    refused("ClusterNotFoundException", "cluster", json!("nowhere"));
    assert_eq!(
        refused("InvalidParameterException", "launchType", Value::Null),
        "No Container Instances were found in your cluster."
    );
    let unknown = json!({"containerOverrides": [{"name": "nginx"}]});
    assert_eq!(
        refused("InvalidParameterException", "overrides", unknown),
        "Override for container named nginx is not a container in the TaskDefinition."
    );
    let long =
        json!({"containerOverrides": [{"name": "jenkins", "environment": [{"name": "A", "value": "x".repeat(8192)}]}]});
    refused("InvalidParameterException", "overrides", long);
    stage.lab.ok("ecs", "DeregisterTaskDefinition", json!({"taskDefinition": definition}));
    assert_eq!(refused("InvalidParameterException", "count", json!(1)), "TaskDefinition is inactive");
}

#[tokio::test(start_paused = true)]
async fn groups_tell_what_tasks_are_of() {
    rule!(
        "ECS",
        "A task's group is family:NAME, or service:NAME for the task of a service",
        "Amazon ECS API Reference, Task, member group"
    );
    let stage = Stage::new().await;
    let arn = stage.run(&stage.register(|_| ()));
    stage.lab.wait(2).await;
    assert_eq!(stage.task(&arn)["group"], "family:jenkins");
    let web = stage.create(|_| ());
    stage.lab.wait(10).await;
    let list = stage.lab.ok("ecs", "ListTasks", json!({"cluster": "ci", "serviceName": "web"}));
    let task = stage.task(&text(&list["taskArns"][0]));
    assert_eq!((&task["group"], &task["startedBy"]), (&json!("service:web"), &web["deployments"][0]["id"]));
}

#[tokio::test(start_paused = true)]
async fn a_command_needs_a_task_that_takes_commands() {
    rule!(
        "ECS",
        "ExecuteCommand is refused unless the task was run with it enabled",
        "Amazon ECS API Reference, ExecuteCommand"
    );
    let stage = Stage::new().await;
    let arn = stage.run(&stage.register(|_| ()));
    stage.lab.wait(60).await;
    let input = json!({"cluster": "ci", "task": arn, "command": "sh", "interactive": true});
    let refusal = stage.lab.refused("ecs", "ExecuteCommand", input, "InvalidParameterException");
    assert!(refusal.message.contains("execute command was not enabled"), "{}", refusal.message);
}

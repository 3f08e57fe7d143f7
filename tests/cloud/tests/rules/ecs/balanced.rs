//! Services behind a load balancer.

use super::common::{Stage, balancers, messages, said, text};
use crate::rule;
use jenkinsstack_cloud::service::ecs::Script;
use serde_json::{Value, json};

impl Stage {
    fn health(&self, target: &str) -> Vec<Value> {
        let answer = self.lab.ok("elbv2", "DescribeTargetHealth", json!({"TargetGroupArn": target}));
        let targets = answer["TargetHealthDescriptions"].as_array().cloned().unwrap_or_default();
        targets.into_iter().map(|target| target["TargetHealth"]["State"].clone()).collect()
    }

    /// A service behind a target group; the group's ARN.
    async fn behind(&self, grace: u64) -> String {
        let target = self.balancer().await;
        self.create(|input| {
            input["loadBalancers"] = balancers(&target);
            input["healthCheckGracePeriodSeconds"] = json!(grace);
        });
        target
    }
}

#[tokio::test(start_paused = true)]
async fn a_running_task_is_registered_and_must_be_healthy() {
    rule!(
        "ECS",
        "A task is registered with its target group when it runs; the deployment is completed when the target is healthy",
        "Amazon ECS Developer Guide, Use load balancing to distribute Amazon ECS service traffic"
    );
    let stage = Stage::new().await;
    let target = stage.behind(300).await;
    assert!(stage.until(120, |stage| stage.web()["runningCount"] == 1).await);
    assert_eq!(stage.health(&target), [json!("initial")]);
    assert!(said(&stage.web(), &format!("(service web) registered 1 targets in (target-group {target})")));
    assert!(stage.until(120, |stage| stage.health(&target) == [json!("healthy")]).await);
    assert_eq!(stage.web()["deployments"][0]["rolloutState"], "IN_PROGRESS");
    assert!(stage.until(20, |stage| stage.web()["deployments"][0]["rolloutState"] == "COMPLETED").await);
    assert_eq!(stage.web()["loadBalancers"], balancers(&target));
}

#[tokio::test(start_paused = true)]
async fn targets_drain_before_a_task_stops() {
    rule!(
        "ECS",
        "A task that stops is DEACTIVATING while its target drains, and gets SIGTERM after that",
        "Amazon ECS Developer Guide, Amazon ECS task lifecycle"
    );
    let stage = Stage::new().await;
    let target = stage.behind(300).await;
    assert!(stage.until(240, |stage| stage.web()["deployments"][0]["rolloutState"] == "COMPLETED").await);
    stage.update(json!({"desiredCount": 0}));
    assert!(
        stage.until(20, |stage| stage.tasks("STOPPED").iter().any(|task| task["lastStatus"] == "DEACTIVATING")).await
    );
    assert_eq!(stage.health(&target), [json!("draining")]);
    stage.lab.wait(12).await;
    assert_eq!(stage.tasks("STOPPED")[0]["lastStatus"], "DEACTIVATING");
    stage.lab.wait(60).await;
    assert_eq!((&stage.tasks("STOPPED")[0]["lastStatus"], stage.health(&target)), (&json!("STOPPED"), vec![]));
    let web = stage.web();
    let id = text(&web["deployments"][0]["id"]);
    assert!(said(&web, &format!("(service web) deregistered 1 targets in (target-group {target})")));
    assert!(
        said(&web, &format!("(service web, taskSet {id}) has begun draining connections on 1 tasks.")),
        "{:?}",
        messages(&web)
    );
}

#[tokio::test(start_paused = true)]
async fn an_unhealthy_target_is_replaced_after_the_grace_period() {
    rule!(
        "ECS",
        "A task whose target is unhealthy is stopped and replaced once the grace period is over",
        "Amazon ECS API Reference, CreateService, member healthCheckGracePeriodSeconds"
    );
    let stage = Stage::new().await;
    stage.script(Script::answering(500));
    let target = stage.behind(120).await;
    assert!(stage.until(240, |stage| stage.health(&target) == [json!("unhealthy")]).await);
    let started = stage.tasks("RUNNING")[0]["startedAt"].as_f64().expect("a time");
    assert!(stage.until(200, |stage| !stage.tasks("STOPPED").is_empty()).await);
    let task = stage.tasks("STOPPED")[0].clone();
    assert!(task["stoppingAt"].as_f64().expect("a time") - started >= 120.0);
    assert_eq!(task["stopCode"], "ServiceSchedulerInitiated");
    assert_eq!(task["stoppedReason"], format!("Task failed ELB health checks in (target-group {target})"));
    let web = stage.web();
    assert!(
        said(
            &web,
            &format!("(port 8080) is unhealthy in (target-group {target}) due to (reason Health checks failed)")
        ),
        "{:?}",
        messages(&web)
    );
    assert_eq!(web["deployments"][0]["failedTasks"], 1);
    assert!(stage.until(120, |stage| stage.web()["runningCount"] == 1).await);
}

#[tokio::test(start_paused = true)]
async fn a_closed_port_keeps_a_task_from_becoming_healthy() {
    rule!(
        "ECS",
        "A security group that lets the load balancer in on another port keeps the task unhealthy",
        "Elastic Load Balancing, Health checks for Application Load Balancer target groups"
    );
    let stage = Stage::new().await;
    let open = json!([{"IpProtocol": "tcp", "FromPort": 8080, "ToPort": 8080, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]);
    stage.lab.ok("ec2", "RevokeSecurityGroupIngress", json!({"GroupId": stage.group, "IpPermissions": open}));
    let target = stage.behind(0).await;
    assert!(stage.until(240, |stage| stage.health(&target).contains(&json!("unhealthy"))).await);
    stage.lab.wait(60).await;
    assert_eq!(stage.web()["deployments"][0]["rolloutState"], "IN_PROGRESS");
    assert!(stage.web()["deployments"][0]["failedTasks"].as_u64() > Some(0));
}

#[tokio::test(start_paused = true)]
async fn a_container_that_ends_is_taken_out_at_once() {
    rule!(
        "ECS",
        "A task whose essential container ends is deregistered, and does not wait for its target to drain",
        "Amazon ECS Developer Guide, Amazon ECS task lifecycle"
    );
    let stage = Stage::new().await;
    stage.script(Script {
        exit: Some(jenkinsstack_cloud::service::ecs::Exit { code: 1, after: 200.0 }),
        ..Script::default()
    });
    let target = stage.behind(300).await;
    assert!(stage.until(400, |stage| !stage.tasks("STOPPED").is_empty()).await);
    assert!(stage.health(&target).contains(&json!("draining")));
    assert_ne!(stage.tasks("STOPPED")[0]["lastStatus"], "DEACTIVATING");
}

#[tokio::test(start_paused = true)]
async fn an_unhealthy_task_is_replaced_before_it_stops_where_there_is_room() {
    rule!(
        "ECS",
        "Where maximumPercent leaves room, the replacement of an unhealthy task starts before that stops",
        "Amazon ECS API Reference, DeploymentConfiguration, member maximumPercent"
    );
    let stage = Stage::new().await;
    let target = stage.balancer().await;
    stage.create(|input| {
        input["loadBalancers"] = balancers(&target);
        input["deploymentConfiguration"] = json!({"minimumHealthyPercent": 100, "maximumPercent": 200});
    });
    assert!(stage.until(240, |stage| stage.web()["deployments"][0]["rolloutState"] == "COMPLETED").await);
    let first = stage.tasks("RUNNING")[0]["taskArn"].clone();
    let rule = json!([{"IpProtocol": "tcp", "FromPort": 8080, "ToPort": 8080, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]);
    stage.lab.ok("ec2", "RevokeSecurityGroupIngress", json!({"GroupId": stage.group, "IpPermissions": rule.clone()}));
    assert!(stage.until(120, |stage| stage.tasks("RUNNING").len() == 2).await);
    stage.lab.ok("ec2", "AuthorizeSecurityGroupIngress", json!({"GroupId": stage.group, "IpPermissions": rule}));
    assert!(stage.tasks("RUNNING").iter().any(|task| task["taskArn"] == first));
    assert!(stage.until(300, |stage| stage.tasks("RUNNING").len() == 1 && stage.web()["runningCount"] == 1).await);
}

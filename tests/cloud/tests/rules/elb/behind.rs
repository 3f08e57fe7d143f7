//! Load balancers in front of real tasks.

use super::common::{Net, balancer_arn, forward, group_input, listener, net, security_group, text, with};
use crate::lab::Lab;
use crate::rule;
use jenkinsstack_cloud::service::elb::{NoAnswer, Served, Visit, serve};
use jenkinsstack_cloud::world::Place;
use serde_json::{Value, json};

/// A load balancer on port 80 in front of one task that answers 200 on port 8080 a minute after its start.
struct Stage {
    lab: Lab,
    net: Net,
    task_group: String,
    target_group: String,
    ip: String,
}

fn tcp(port: u16, from: Value) -> Value {
    json!([with(json!({"IpProtocol": "tcp", "FromPort": port, "ToPort": port}), from)])
}

impl Stage {
    /// `changes` are those of the target group; `port` is the one at which the task lets the load balancer in.
    async fn new(changes: Value, port: u16) -> Self {
        let lab = Lab::new();
        let net = net(&lab).await;
        let task_group = security_group(&lab, &net.vpc, "task").await;
        let open = |group: &str, permissions: Value| {
            lab.ok("ec2", "AuthorizeSecurityGroupIngress", json!({"GroupId": group, "IpPermissions": permissions}));
        };
        open(&net.group, tcp(80, json!({"IpRanges": [{"CidrIp": "0.0.0.0/0"}]})));
        open(&task_group, tcp(port, json!({"UserIdGroupPairs": [{"GroupId": net.group}]})));
        let made = lab.ok("elbv2", "CreateTargetGroup", with(group_input(&net, "ci"), changes));
        let target_group = text(&made["TargetGroups"][0]["TargetGroupArn"]);
        let balancer = balancer_arn(&lab, &net, "ci");
        listener(&lab, &balancer, 80, forward(&target_group));
        lab.wait(240).await;
        let ip = run(&lab, &net.subnets[0], &task_group).await;
        let targets = json!({"TargetGroupArn": target_group, "Targets": [{"Id": ip}]});
        lab.ok("elbv2", "RegisterTargets", targets);
        Self { lab, net, task_group, target_group, ip }
    }

    /// State and reason of the target.
    fn health(&self) -> (Value, Value) {
        let shown = self.lab.ok("elbv2", "DescribeTargetHealth", json!({"TargetGroupArn": self.target_group}));
        let health = &shown["TargetHealthDescriptions"][0]["TargetHealth"];
        (health["State"].clone(), health["Reason"].clone())
    }

    fn visit(&self) -> Result<Served, NoAnswer> {
        let shown = self.lab.ok("elbv2", "DescribeLoadBalancers", json!({"Names": ["ci"]}));
        let to = text(&shown["LoadBalancers"][0]["DNSName"]);
        let place = Place { account: "111122223333".into(), region: "eu-central-1".into() };
        let host = "ci.example.com";
        let visit = Visit { to: &to, scheme: "http", host, path: "/login", source_ip: "203.0.113.9", session: None };
        self.lab.cloud.with(|world| serve(world, &place, visit))
    }
}

/// Private address of a new task.
async fn run(lab: &Lab, subnet: &str, group: &str) -> String {
    lab.ok("ecs", "CreateCluster", json!({"clusterName": "ci"}));
    lab.wait(30).await;
    let definition = json!({
        "family": "ci", "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"], "cpu": "256", "memory": "512",
        "containerDefinitions": [{"name": "web", "image": "jenkins/jenkins", "portMappings": [{"containerPort": 8080}]}],
    });
    lab.ok("ecs", "RegisterTaskDefinition", definition);
    let network = json!({"subnets": [subnet], "securityGroups": [group], "assignPublicIp": "ENABLED"});
    let input = json!({
        "cluster": "ci", "taskDefinition": "ci", "launchType": "FARGATE",
        "networkConfiguration": {"awsvpcConfiguration": network},
    });
    let task = lab.ok("ecs", "RunTask", input)["tasks"][0]["taskArn"].clone();
    lab.wait(120).await;
    let shown = lab.ok("ecs", "DescribeTasks", json!({"cluster": "ci", "tasks": [task]}));
    let details = shown["tasks"][0]["attachments"][0]["details"].as_array().cloned().expect("an attachment");
    let address = details.iter().find(|detail| detail["name"] == "privateIPv4Address").expect("an address");
    text(&address["value"])
}

fn state(state: &str, reason: Value) -> (Value, Value) {
    (json!(state), reason)
}

#[tokio::test(start_paused = true)]
async fn a_task_that_answers_becomes_healthy_and_serves() {
    rule!(
        "ELB",
        "A target becomes healthy once its checks succeed as often as the threshold says, and then serves clients",
        "User Guide for Application Load Balancers, Health checks for your target groups"
    );
    let stage = Stage::new(json!({"HealthCheckPath": "/login"}), 8080).await;
    stage.lab.wait(240).await;
    assert_eq!(stage.health(), state("healthy", json!(null)));
    let served = stage.visit().expect("an answer");
    assert_eq!((served.status, served.forwarded_to), (200, Some((stage.ip.clone(), 8080))));
}

#[tokio::test(start_paused = true)]
async fn a_wrong_port_in_a_security_group_keeps_a_task_unhealthy() {
    rule!(
        "ELB",
        "A target whose security groups do not let the load balancer in times out; opening the port makes it healthy",
        "User Guide for Application Load Balancers, Security groups; TargetHealth$Reason, Target.Timeout"
    );
    let stage = Stage::new(json!({}), 50_000).await;
    stage.lab.wait(240).await;
    assert_eq!(stage.health(), state("unhealthy", json!("Target.Timeout")));
    let open = tcp(8080, json!({"UserIdGroupPairs": [{"GroupId": stage.net.group}]}));
    let input = json!({"GroupId": stage.task_group, "IpPermissions": open});
    stage.lab.ok("ec2", "AuthorizeSecurityGroupIngress", input);
    stage.lab.wait(100).await;
    assert_eq!(stage.health(), state("unhealthy", json!("Target.Timeout")));
    stage.lab.wait(100).await;
    assert_eq!(stage.health(), state("healthy", json!(null)));
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_the_matcher_does_not_take() {
    rule!(
        "ELB",
        "A target that answers with another code than the matcher's is unhealthy, and the description names the code",
        "TargetHealth$Reason, Target.ResponseCodeMismatch"
    );
    let stage = Stage::new(json!({"Matcher": {"HttpCode": "201-204"}}), 8080).await;
    stage.lab.wait(240).await;
    assert_eq!(stage.health(), state("unhealthy", json!("Target.ResponseCodeMismatch")));
    let shown = stage.lab.ok("elbv2", "DescribeTargetHealth", json!({"TargetGroupArn": stage.target_group}));
    let text = &shown["TargetHealthDescriptions"][0]["TargetHealth"]["Description"];
    assert_eq!(text, "Health checks failed with these codes: [200]");
}

#[tokio::test(start_paused = true)]
async fn a_port_on_which_nothing_listens() {
    rule!(
        "ELB",
        "A target that refuses the connection fails its health checks",
        "TargetHealth$Reason, Target.FailedHealthChecks"
    );
    let stage = Stage::new(json!({"HealthCheckPort": "8081"}), 8081).await;
    stage.lab.wait(240).await;
    assert_eq!(stage.health(), state("unhealthy", json!("Target.FailedHealthChecks")));
}

#[tokio::test(start_paused = true)]
async fn all_unhealthy_fails_open() {
    rule!(
        "ELB",
        "When all targets are unhealthy, requests go to all of them",
        "User Guide for Application Load Balancers, Health checks for your target groups"
    );
    let stage = Stage::new(json!({"Matcher": {"HttpCode": "204"}}), 8080).await;
    stage.lab.wait(240).await;
    assert_eq!(stage.visit().map(|served| served.status), Ok(200));
}

//! Target groups.

use super::common::{balancer_arn, forward, group, group_input, listener, listener_input, net, nothing, text, with};
use crate::lab::Lab;
use crate::rule;
use serde_json::json;

#[tokio::test(start_paused = true)]
async fn defaults_are_filled_in() {
    rule!(
        "ELB",
        "A target group gets the default health check of its protocol",
        "Elastic Load Balancing API Reference, CreateTargetGroup"
    );
    let lab = Lab::new();
    let net = net(&lab).await;
    let made = lab.ok("elbv2", "CreateTargetGroup", group_input(&net, "ci"))["TargetGroups"][0].clone();
    let arn = text(&made["TargetGroupArn"]);
    let id = arn.strip_prefix(&nothing("targetgroup/ci/")).expect("the ARN's form");
    assert_eq!(id.len(), 16);
    assert_eq!(made["HealthCheckPath"], "/");
    assert_eq!(made["HealthCheckPort"], "traffic-port");
    assert_eq!((&made["HealthCheckIntervalSeconds"], &made["HealthCheckTimeoutSeconds"]), (&json!(30), &json!(6)));
    assert_eq!((&made["HealthyThresholdCount"], &made["UnhealthyThresholdCount"]), (&json!(5), &json!(2)));
    assert_eq!(made["Matcher"]["HttpCode"], "200");
    assert_eq!(made["ProtocolVersion"], "HTTP1");
    assert_eq!(made["LoadBalancerArns"], json!([]));
}

#[tokio::test(start_paused = true)]
async fn an_equal_repeat_answers_the_same_group() {
    rule!(
        "ELB",
        "CreateTargetGroup with the same name and settings answers the existing target group; with others it is refused",
        "Elastic Load Balancing API Reference, CreateTargetGroup, DuplicateTargetGroupName"
    );
    let lab = Lab::new();
    let net = net(&lab).await;
    let first = group(&lab, &net, "ci");
    assert_eq!(group(&lab, &net, "ci"), first);
    let other = with(group_input(&net, "ci"), json!({"Port": 8081}));
    let refusal = lab.refused("elbv2", "CreateTargetGroup", other, "DuplicateTargetGroupName");
    assert_eq!(refusal.message, "A target group with the same name 'ci' exists, but with different settings");
}

#[tokio::test(start_paused = true)]
async fn a_changed_health_check_makes_the_repeat_unequal() {
    rule!(
        "ELB",
        "CreateTargetGroup is compared with the settings as they are, not as they were at creation",
        "observed behaviour (not documented)"
    );
    let lab = Lab::new();
    let net = net(&lab).await;
    let arn = group(&lab, &net, "ci");
    lab.ok("elbv2", "ModifyTargetGroup", json!({"TargetGroupArn": arn, "HealthCheckPath": "/login"}));
    lab.refused("elbv2", "CreateTargetGroup", group_input(&net, "ci"), "DuplicateTargetGroupName");
}

#[tokio::test(start_paused = true)]
async fn what_a_group_needs() {
    rule!(
        "ELB",
        "A target group for addresses needs a protocol, a port and an existing VPC",
        "CreateTargetGroupInput; the codes are observed behaviour (not documented)"
    );
    let lab = Lab::new();
    let net = net(&lab).await;
    for member in ["Protocol", "Port", "VpcId"] {
        let input = with(group_input(&net, "ci"), json!({member: null}));
        lab.refused("elbv2", "CreateTargetGroup", input, "ValidationError");
    }
    let unknown = with(group_input(&net, "ci"), json!({"VpcId": "vpc-0123456789abcdef0"}));
    lab.refused("elbv2", "CreateTargetGroup", unknown, "ValidationError");
    for name in ["-ci", "ci-", "c.i", &"a".repeat(33)] {
        lab.refused("elbv2", "CreateTargetGroup", group_input(&net, name), "ValidationError");
    }
}

#[tokio::test(start_paused = true)]
async fn the_interval_is_longer_than_the_timeout() {
    rule!(
        "ELB",
        "A health check's interval must be greater than its timeout, also for what is not named",
        "observed behaviour (not documented)"
    );
    let lab = Lab::new();
    let net = net(&lab).await;
    let input = with(group_input(&net, "ci"), json!({"HealthCheckIntervalSeconds": 5}));
    let refusal = lab.refused("elbv2", "CreateTargetGroup", input, "ValidationError");
    assert_eq!(refusal.message, "Health check interval must be greater than the timeout.");
    let arn = group(&lab, &net, "ci");
    let modify = json!({"TargetGroupArn": arn, "HealthCheckTimeoutSeconds": 30});
    lab.refused("elbv2", "ModifyTargetGroup", modify, "ValidationError");
}

#[tokio::test(start_paused = true)]
async fn health_checks_are_checked() {
    rule!(
        "ELB",
        "A health check's path begins with a slash, its codes are between 200 and 499, its protocol is HTTP or HTTPS",
        "Elastic Load Balancing API Reference, CreateTargetGroup, Matcher"
    );
    let lab = Lab::new();
    let net = net(&lab).await;
    let refused = |changes, code: &str| {
        lab.refused("elbv2", "CreateTargetGroup", with(group_input(&net, "ci"), changes), code);
    };
    refused(json!({"HealthCheckPath": "login"}), "ValidationError");
    refused(json!({"Matcher": {"HttpCode": "200-599"}}), "ValidationError");
    refused(json!({"Matcher": {"HttpCode": "ok"}}), "ValidationError");
    refused(json!({"HealthCheckPort": "0"}), "ValidationError");
    refused(json!({"HealthCheckProtocol": "TCP"}), "InvalidConfigurationRequest");
    refused(json!({"HealthCheckEnabled": false}), "InvalidConfigurationRequest");
}

#[tokio::test(start_paused = true)]
async fn only_the_health_check_is_modified() {
    rule!(
        "ELB",
        "ModifyTargetGroup changes the health check settings that it names and leaves the others",
        "Elastic Load Balancing API Reference, ModifyTargetGroup"
    );
    let lab = Lab::new();
    let net = net(&lab).await;
    let arn = group(&lab, &net, "ci");
    let modify = json!({"TargetGroupArn": arn, "HealthCheckPath": "/login", "Matcher": {"HttpCode": "200,403"}});
    let changed = lab.ok("elbv2", "ModifyTargetGroup", modify)["TargetGroups"][0].clone();
    assert_eq!(changed["HealthCheckPath"], "/login");
    assert_eq!(changed["Matcher"]["HttpCode"], "200,403");
    assert_eq!(changed["HealthCheckIntervalSeconds"], 30);
    let unknown = json!({"TargetGroupArn": nothing("targetgroup/x/0123456789abcdef")});
    lab.refused("elbv2", "ModifyTargetGroup", unknown, "TargetGroupNotFound");
}

#[tokio::test(start_paused = true)]
async fn a_group_in_use_is_not_deleted() {
    rule!(
        "ELB",
        "A target group that a listener or rule refers to is not deleted; one that is gone is deleted again",
        "Elastic Load Balancing API Reference, DeleteTargetGroup, ResourceInUse"
    );
    let lab = Lab::new();
    let net = net(&lab).await;
    let arn = group(&lab, &net, "ci");
    let balancer = balancer_arn(&lab, &net, "ci");
    let port = listener(&lab, &balancer, 80, forward(&arn));
    let shown = lab.ok("elbv2", "DescribeTargetGroups", json!({"LoadBalancerArn": balancer}));
    assert_eq!(shown["TargetGroups"][0]["LoadBalancerArns"], json!([balancer]));
    lab.refused("elbv2", "DeleteTargetGroup", json!({"TargetGroupArn": arn}), "ResourceInUse");
    lab.ok("elbv2", "DeleteListener", json!({"ListenerArn": port}));
    lab.ok("elbv2", "DeleteTargetGroup", json!({"TargetGroupArn": arn}));
    lab.ok("elbv2", "DeleteTargetGroup", json!({"TargetGroupArn": arn}));
    lab.refused("elbv2", "DescribeTargetGroups", json!({"Names": ["ci"]}), "TargetGroupNotFound");
}

#[tokio::test(start_paused = true)]
async fn one_load_balancer_a_group() {
    rule!(
        "ELB",
        "A target group serves one load balancer only",
        "TargetGroup$LoadBalancerArns; CreateListener, TargetGroupAssociationLimit"
    );
    let lab = Lab::new();
    let net = net(&lab).await;
    let arn = group(&lab, &net, "ci");
    let (one, two) = (balancer_arn(&lab, &net, "one"), balancer_arn(&lab, &net, "two"));
    listener(&lab, &one, 80, forward(&arn));
    listener(&lab, &one, 81, forward(&arn));
    lab.refused("elbv2", "CreateListener", listener_input(&two, 80, forward(&arn)), "TargetGroupAssociationLimit");
}

#[tokio::test(start_paused = true)]
async fn group_attributes() {
    rule!(
        "ELB",
        "A target group's attributes have defaults and ranges; slow start is off or 30 to 900 seconds",
        "TargetGroupAttribute$Key"
    );
    let lab = Lab::new();
    let net = net(&lab).await;
    let arn = group(&lab, &net, "ci");
    let shown = lab.ok("elbv2", "DescribeTargetGroupAttributes", json!({"TargetGroupArn": arn}));
    let has = |key: &str, value: &str| {
        let all = shown["Attributes"].as_array().expect("attributes");
        assert!(all.contains(&json!({"Key": key, "Value": value})), "{key}");
    };
    has("deregistration_delay.timeout_seconds", "300");
    has("stickiness.type", "lb_cookie");
    has("load_balancing.algorithm.type", "round_robin");
    let change = |key: &str, value: &str| {
        let attributes = json!([{"Key": key, "Value": value}]);
        json!({"TargetGroupArn": arn, "Attributes": attributes})
    };
    lab.ok("elbv2", "ModifyTargetGroupAttributes", change("deregistration_delay.timeout_seconds", "10"));
    for (key, value) in [
        ("deregistration_delay.timeout_seconds", "3601"),
        ("slow_start.duration_seconds", "29"),
        ("stickiness.type", "source_ip"),
        ("idle_timeout.timeout_seconds", "60"),
    ] {
        lab.refused("elbv2", "ModifyTargetGroupAttributes", change(key, value), "ValidationError");
    }
}

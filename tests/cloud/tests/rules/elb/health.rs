//! Targets and their health.

use super::common::{forward, group, listener, net, nothing, served, text};
use crate::lab::Lab;
use crate::rule;
use serde_json::{Value, json};

fn targets(arn: &str, ip: &str) -> Value {
    json!({"TargetGroupArn": arn, "Targets": [{"Id": ip}]})
}

#[track_caller]
fn health(lab: &Lab, arn: &str) -> Value {
    lab.ok("elbv2", "DescribeTargetHealth", json!({"TargetGroupArn": arn}))["TargetHealthDescriptions"].clone()
}

#[track_caller]
fn is(shown: &Value, state: &str, reason: &str) {
    let health = &shown[0]["TargetHealth"];
    assert_eq!((&health["State"], &health["Reason"]), (&json!(state), &json!(reason)), "{shown}");
}

#[tokio::test(start_paused = true)]
async fn a_target_of_an_idle_group_is_unused() {
    rule!("ELB", "A target is unused while no listener forwards to its group", "TargetHealth$Reason, Target.NotInUse");
    let lab = Lab::new();
    let net = net(&lab).await;
    let arn = group(&lab, &net, "ci");
    lab.ok("elbv2", "RegisterTargets", targets(&arn, "10.0.0.50"));
    is(&health(&lab, &arn), "unused", "Target.NotInUse");
    assert_eq!(health(&lab, &arn)[0]["HealthCheckPort"], "8080");
    assert_eq!(health(&lab, &arn)[0]["Target"]["AvailabilityZone"], "eu-central-1a");
}

#[tokio::test(start_paused = true)]
async fn a_target_that_does_not_answer_becomes_unhealthy() {
    rule!(
        "ELB",
        "A target is initial until the load balancer is active and has checked it, and unhealthy after as many failures as the threshold says",
        "TargetHealth$Reason, Elb.RegistrationInProgress, Elb.InitialHealthChecking, Target.Timeout"
    );
    let lab = Lab::new();
    let (net, balancer, _) = served(&lab).await;
    let arn = group(&lab, &net, "ci");
    listener(&lab, &balancer, 81, forward(&arn));
    lab.ok("elbv2", "RegisterTargets", targets(&arn, "10.0.0.50"));
    is(&health(&lab, &arn), "initial", "Elb.RegistrationInProgress");
    lab.wait(240).await;
    let mut seen = Vec::new();
    for _ in 0..14 {
        seen.push(text(&health(&lab, &arn)[0]["TargetHealth"]["Reason"]));
        lab.wait(5).await;
    }
    is(&health(&lab, &arn), "unhealthy", "Target.Timeout");
    assert_eq!(health(&lab, &arn)[0]["TargetHealth"]["Description"], "Request timed out");
    seen.dedup();
    assert!(seen.ends_with(&["Target.Timeout".to_owned()]), "{seen:?}");
}

#[tokio::test(start_paused = true)]
async fn draining_takes_its_time() {
    rule!(
        "ELB",
        "A deregistered target is draining for deregistration_delay.timeout_seconds and then gone",
        "User Guide for Application Load Balancers, Deregistration delay"
    );
    let lab = Lab::new();
    let (net, balancer, _) = served(&lab).await;
    let arn = group(&lab, &net, "ci");
    listener(&lab, &balancer, 81, forward(&arn));
    let delay = json!([{"Key": "deregistration_delay.timeout_seconds", "Value": "30"}]);
    lab.ok("elbv2", "ModifyTargetGroupAttributes", json!({"TargetGroupArn": arn, "Attributes": delay}));
    lab.ok("elbv2", "RegisterTargets", targets(&arn, "10.0.0.50"));
    lab.ok("elbv2", "DeregisterTargets", targets(&arn, "10.0.0.50"));
    is(&health(&lab, &arn), "draining", "Target.DeregistrationInProgress");
    lab.wait(29).await;
    is(&health(&lab, &arn), "draining", "Target.DeregistrationInProgress");
    lab.wait(2).await;
    assert_eq!(health(&lab, &arn), json!([]));
}

#[tokio::test(start_paused = true)]
async fn a_draining_target_can_come_back() {
    rule!(
        "ELB",
        "A target that is registered again while it drains starts anew",
        "User Guide for Application Load Balancers, Register targets"
    );
    let lab = Lab::new();
    let (net, balancer, _) = served(&lab).await;
    let arn = group(&lab, &net, "ci");
    listener(&lab, &balancer, 81, forward(&arn));
    lab.ok("elbv2", "RegisterTargets", targets(&arn, "10.0.0.50"));
    lab.ok("elbv2", "DeregisterTargets", targets(&arn, "10.0.0.50"));
    lab.ok("elbv2", "RegisterTargets", targets(&arn, "10.0.0.50"));
    is(&health(&lab, &arn), "initial", "Elb.RegistrationInProgress");
    lab.wait(310).await;
    assert_eq!(health(&lab, &arn).as_array().map(Vec::len), Some(1));
}

#[tokio::test(start_paused = true)]
async fn a_target_in_a_zone_without_subnet_is_unused() {
    rule!(
        "ELB",
        "A target in a zone that the load balancer is not enabled for is unused",
        "TargetHealth$Reason, Target.NotInUse"
    );
    let lab = Lab::new();
    let (net, balancer, _) = served(&lab).await;
    super::common::subnet(&lab, &net.vpc, "10.0.2.0/24", "c");
    let arn = group(&lab, &net, "ci");
    listener(&lab, &balancer, 81, forward(&arn));
    lab.ok("elbv2", "RegisterTargets", targets(&arn, "10.0.2.50"));
    is(&health(&lab, &arn), "unused", "Target.NotInUse");
}

#[tokio::test(start_paused = true)]
async fn asking_for_a_stranger_is_answered() {
    rule!(
        "ELB",
        "DescribeTargetHealth of a target that is not registered shows it as unused",
        "TargetHealth$Reason, Target.NotRegistered"
    );
    let lab = Lab::new();
    let net = net(&lab).await;
    let arn = group(&lab, &net, "ci");
    let shown = lab.ok("elbv2", "DescribeTargetHealth", targets(&arn, "10.0.0.50"));
    is(&shown["TargetHealthDescriptions"], "unused", "Target.NotRegistered");
    lab.ok("elbv2", "DeregisterTargets", targets(&arn, "10.0.0.50"));
    let unknown = nothing("targetgroup/x/0123456789abcdef");
    lab.refused("elbv2", "DescribeTargetHealth", json!({"TargetGroupArn": unknown}), "TargetGroupNotFound");
    lab.refused("elbv2", "RegisterTargets", targets(&unknown, "10.0.0.50"), "TargetGroupNotFound");
}

#[tokio::test(start_paused = true)]
async fn addresses_must_be_of_the_vpc() {
    rule!(
        "ELB",
        "An address outside of the VPC's subnets is registered only with zone all, and only when it is private",
        "TargetDescription$AvailabilityZone; the codes are observed behaviour (not documented)"
    );
    let lab = Lab::new();
    let net = net(&lab).await;
    let arn = group(&lab, &net, "ci");
    for bad in ["192.0.2.1", "i-0123456789abcdef0", "192.168.0.5"] {
        lab.refused("elbv2", "RegisterTargets", targets(&arn, bad), "ValidationError");
    }
    let far = |ip: &str| json!({"TargetGroupArn": arn, "Targets": [{"Id": ip, "AvailabilityZone": "all"}]});
    lab.refused("elbv2", "RegisterTargets", far("192.0.2.1"), "ValidationError");
    lab.ok("elbv2", "RegisterTargets", far("192.168.0.5"));
}

#[tokio::test(start_paused = true)]
async fn instances_must_run() {
    rule!(
        "ELB",
        "An instance that does not run is not registered",
        "Elastic Load Balancing API Reference, RegisterTargets, InvalidTarget"
    );
    let lab = Lab::new();
    let net = net(&lab).await;
    let input = super::common::with(super::common::group_input(&net, "ci"), json!({"TargetType": "instance"}));
    let made = lab.ok("elbv2", "CreateTargetGroup", input)["TargetGroups"][0].clone();
    let arn = text(&made["TargetGroupArn"]);
    lab.refused("elbv2", "RegisterTargets", targets(&arn, "i-0123456789abcdef0"), "InvalidTarget");
}

//! What changes of a load balancer in place.

use super::common::{balancer, balancer_arn, net, nothing, security_group, subnet};
use crate::lab::Lab;
use crate::rule;
use serde_json::{Value, json};

fn value(attributes: &Value, key: &str) -> Value {
    let found = attributes["Attributes"].as_array().and_then(|all| all.iter().find(|pair| pair["Key"] == key));
    found.map(|pair| pair["Value"].clone()).unwrap_or_default()
}

#[tokio::test(start_paused = true)]
async fn security_groups_are_replaced() {
    rule!(
        "ELB",
        "SetSecurityGroups replaces all security groups, also of the interfaces",
        "Elastic Load Balancing API Reference, SetSecurityGroups"
    );
    let lab = Lab::new();
    let net = net(&lab).await;
    let arn = balancer_arn(&lab, &net, "ci");
    let other = security_group(&lab, &net.vpc, "other").await;
    let set = json!({"LoadBalancerArn": arn, "SecurityGroups": [other]});
    assert_eq!(lab.ok("elbv2", "SetSecurityGroups", set)["SecurityGroupIds"], json!([other]));
    lab.ok("ec2", "DeleteSecurityGroup", json!({"GroupId": net.group}));
    let bad = json!({"LoadBalancerArn": arn, "SecurityGroups": ["sg-0123456789abcdef0"]});
    lab.refused("elbv2", "SetSecurityGroups", bad, "InvalidSecurityGroup");
    let unknown = json!({"LoadBalancerArn": nothing("loadbalancer/app/x/0123456789abcdef"), "SecurityGroups": [other]});
    lab.refused("elbv2", "SetSecurityGroups", unknown, "LoadBalancerNotFound");
}

#[tokio::test(start_paused = true)]
async fn subnets_are_replaced() {
    rule!(
        "ELB",
        "SetSubnets replaces the subnets; the interface of a subnet that was left goes away later",
        "Elastic Load Balancing API Reference, SetSubnets"
    );
    let lab = Lab::new();
    let net = net(&lab).await;
    let arn = balancer_arn(&lab, &net, "ci");
    let third = subnet(&lab, &net.vpc, "10.0.2.0/24", "c");
    let set = json!({"LoadBalancerArn": arn, "Subnets": [net.subnets[0], third]});
    let zones = lab.ok("elbv2", "SetSubnets", set)["AvailabilityZones"].clone();
    assert_eq!(zones[1]["SubnetId"], json!(third));
    lab.refused("ec2", "DeleteSubnet", json!({"SubnetId": net.subnets[1]}), "DependencyViolation");
    lab.wait(310).await;
    lab.ok("ec2", "DeleteSubnet", json!({"SubnetId": net.subnets[1]}));
    let one = json!({"LoadBalancerArn": arn, "Subnets": [third]});
    lab.refused("elbv2", "SetSubnets", one, "ValidationError");
}

#[tokio::test(start_paused = true)]
async fn dual_stack_needs_ipv6_subnets() {
    rule!(
        "ELB",
        "The address type dualstack is refused while the subnets have no IPv6 block",
        "SetIpAddressType, InvalidSubnet"
    );
    let lab = Lab::new();
    let net = net(&lab).await;
    let arn = balancer_arn(&lab, &net, "ci");
    let set = |kind: &str| json!({"LoadBalancerArn": arn, "IpAddressType": kind});
    lab.refused("elbv2", "SetIpAddressType", set("dualstack"), "InvalidSubnet");
    assert_eq!(lab.ok("elbv2", "SetIpAddressType", set("ipv4"))["IpAddressType"], "ipv4");
}

#[tokio::test(start_paused = true)]
async fn attributes_have_defaults() {
    rule!("ELB", "DescribeLoadBalancerAttributes shows every attribute with its default", "LoadBalancerAttribute$Key");
    let lab = Lab::new();
    let net = net(&lab).await;
    let arn = balancer_arn(&lab, &net, "ci");
    let shown = lab.ok("elbv2", "DescribeLoadBalancerAttributes", json!({"LoadBalancerArn": arn}));
    assert_eq!(value(&shown, "idle_timeout.timeout_seconds"), "60");
    assert_eq!(value(&shown, "client_keep_alive.seconds"), "3600");
    assert_eq!(value(&shown, "deletion_protection.enabled"), "false");
    assert_eq!(value(&shown, "routing.http.xff_header_processing.mode"), "append");
    assert_eq!(value(&shown, "load_balancing.cross_zone.enabled"), "true");
}

#[tokio::test(start_paused = true)]
async fn attributes_that_are_not_named_stay() {
    rule!(
        "ELB",
        "ModifyLoadBalancerAttributes leaves the attributes that it does not name as they are",
        "Elastic Load Balancing API Reference, ModifyLoadBalancerAttributes"
    );
    let lab = Lab::new();
    let net = net(&lab).await;
    let arn = balancer_arn(&lab, &net, "ci");
    for (key, given) in [("idle_timeout.timeout_seconds", "300"), ("routing.http2.enabled", "false")] {
        let input = json!({"LoadBalancerArn": arn, "Attributes": [{"Key": key, "Value": given}]});
        lab.ok("elbv2", "ModifyLoadBalancerAttributes", input);
    }
    let shown = lab.ok("elbv2", "DescribeLoadBalancerAttributes", json!({"LoadBalancerArn": arn}));
    assert_eq!(value(&shown, "idle_timeout.timeout_seconds"), "300");
    assert_eq!(value(&shown, "routing.http2.enabled"), "false");
}

#[tokio::test(start_paused = true)]
async fn attributes_are_checked() {
    rule!(
        "ELB",
        "Unknown attribute keys, repeated keys and values out of range are refused, and nothing is changed",
        "LoadBalancerAttribute$Key; the codes are observed behaviour (not documented)"
    );
    let lab = Lab::new();
    let net = net(&lab).await;
    let arn = balancer(&lab, &net, "ci")["LoadBalancerArn"].clone();
    let refused = |attributes: Value, code: &str| {
        let input = json!({"LoadBalancerArn": arn, "Attributes": attributes});
        lab.refused("elbv2", "ModifyLoadBalancerAttributes", input, code)
    };
    let idle = |seconds: &str| json!({"Key": "idle_timeout.timeout_seconds", "Value": seconds});
    let refusal = refused(json!([idle("300"), {"Key": "idle", "Value": "1"}]), "ValidationError");
    assert_eq!(refusal.message, "Load balancer attribute key 'idle' is not recognized");
    refused(json!([idle("0")]), "ValidationError");
    refused(json!([idle("4001")]), "ValidationError");
    refused(json!([idle("5"), idle("6")]), "ValidationError");
    refused(json!([{"Key": "load_balancing.cross_zone.enabled", "Value": "false"}]), "InvalidConfigurationRequest");
    refused(json!([{"Key": "access_logs.s3.enabled", "Value": "true"}]), "InvalidConfigurationRequest");
    let shown = lab.ok("elbv2", "DescribeLoadBalancerAttributes", json!({"LoadBalancerArn": arn}));
    assert_eq!(value(&shown, "idle_timeout.timeout_seconds"), "60");
}

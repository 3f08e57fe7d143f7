//! What stands between the clients and the task: a load balancer with its listeners and target groups.

use crate::bench::Bench;
use jenkinsstack_core::graph::{Node, NodeId};
use jenkinsstack_core::id::{SubnetId, Zone};
use jenkinsstack_core::input::Input;
use jenkinsstack_core::kind::load_balancer::Scheme;
use jenkinsstack_core::kind::target_group::HealthCheck;
use jenkinsstack_core::kind::{Desired, State, load_balancer, target_group};
use jenkinsstack_core::observed::Seen;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

pub(crate) const BALANCER_NAME: &str = "jks-team-a-ci-load-b-0123456789";
pub(crate) const GROUP_NAME: &str = "jks-team-a-ci-target-0123456789";
/// By then a load balancer is active.
const ACTIVE: Duration = Duration::from_secs(300);

#[track_caller]
pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

pub(crate) fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

/// A security group that every read sees.
pub(crate) async fn group(bench: &Bench, name: &str) -> String {
    let input = json!({"GroupName": name, "Description": name, "VpcId": bench.network.vpc});
    let made = text(&bench.by_hand("ec2", "CreateSecurityGroup", input)["GroupId"]);
    bench.wait(Duration::from_secs(60)).await;
    made
}

/// The only subnets that will do in the zones a and b.
pub(crate) fn zones(subnets: &[String; 2]) -> BTreeMap<Zone, BTreeSet<SubnetId>> {
    let zones = ["eu-central-1a", "eu-central-1b"].into_iter().zip(subnets);
    zones.map(|(zone, id)| (zone.parse().unwrap(), [id.parse().unwrap()].into())).collect()
}

/// A load balancer as a stack wants it.
pub(crate) fn balancer_node(bench: &Bench, group: &str) -> (NodeId, Node) {
    let id = NodeId::new("load-balancer");
    let desired = load_balancer::Desired {
        scheme: Scheme::InternetFacing,
        vpc: bench.network.vpc.parse().unwrap(),
        subnets: zones(&bench.network.public_subnets),
        security_groups: vec![Input::Known(group.parse().unwrap())],
        attributes: map(&[
            ("access_logs.s3.enabled", "false"),
            ("deletion_protection.enabled", "false"),
            ("idle_timeout.timeout_seconds", "300"),
            ("routing.http.drop_invalid_header_fields.enabled", "true"),
        ]),
    };
    let node = bench.node(&id, BALANCER_NAME, Desired::LoadBalancer(desired));
    (id, node)
}

/// A load balancer of the stack that is active.
pub(crate) async fn balancer(bench: &Bench) -> (NodeId, Node, Seen) {
    let group = group(bench, "balancer").await;
    let (id, node) = balancer_node(bench, &group);
    let made = bench.create(&id, &node).await;
    bench.wait(ACTIVE).await;
    let seen = bench.read(&id, &made).await.unwrap();
    assert_eq!(seen.observed.state(), State::Ready);
    (id, node, seen)
}

/// A target group as a stack wants it.
pub(crate) fn group_node(bench: &Bench) -> (NodeId, Node) {
    let id = NodeId::new("target-group");
    let health_check = HealthCheck {
        protocol: "HTTP".into(),
        port: "traffic-port".into(),
        path: "/login".into(),
        matcher: "200".into(),
        interval_seconds: 15,
        timeout_seconds: 10,
        healthy_threshold: 2,
        unhealthy_threshold: 5,
    };
    let desired = target_group::Desired {
        vpc: bench.network.vpc.parse().unwrap(),
        port: 8080,
        health_check,
        attributes: map(&[("deregistration_delay.timeout_seconds", "15")]),
    };
    let node = bench.node(&id, GROUP_NAME, Desired::TargetGroup(desired));
    (id, node)
}

/// ARN of a target group that somebody made by hand.
pub(crate) fn group_by_hand(bench: &Bench, name: &str) -> String {
    let input = json!({
        "Name": name, "Protocol": "HTTP", "Port": 8080, "VpcId": bench.network.vpc, "TargetType": "ip",
    });
    text(&bench.by_hand("elbv2", "CreateTargetGroup", input)["TargetGroups"][0]["TargetGroupArn"])
}

/// What answers 404 to everything.
pub(crate) fn not_found() -> Value {
    json!([{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}])
}

/// ARN of an HTTPS listener that the user brings along, without our tags.
pub(crate) async fn listener_by_hand(bench: &Bench) -> String {
    let group = group(bench, "theirs").await;
    let input = json!({"Name": "theirs", "Subnets": bench.network.public_subnets, "SecurityGroups": [group]});
    let made = bench.by_hand("elbv2", "CreateLoadBalancer", input);
    let input = json!({
        "LoadBalancerArn": made["LoadBalancers"][0]["LoadBalancerArn"],
        "Protocol": "HTTPS",
        "Port": 443,
        "Certificates": [{"CertificateArn": bench.network.certificate_arn}],
        "DefaultActions": not_found(),
    });
    text(&bench.by_hand("elbv2", "CreateListener", input)["Listeners"][0]["ListenerArn"])
}

//! `spec.network`.

use crate::row::{Effect, Row, added, field, in_place, removed, replaced};
use jenkinsstack_sim::Stage;
use serde_json::{Value, json};

pub(crate) fn rows(stage: &Stage) -> Vec<Row> {
    let (network, user) = (&stage.life.network, &stage.user);
    let [front, back] = &user.third_zone;
    let ([front_a, front_b], [back_a, back_b]) = (&network.public_subnets, &network.private_subnets);
    let database = user.groups[0].as_str();
    vec![
        field("network.vpc.id", network.vpc.as_str(), user.elsewhere.vpc.as_str()).fixed(
            "vpc-changed.yaml",
            [in_place("controller-security-group", "VpcId", network.vpc.as_str(), user.elsewhere.vpc.as_str())],
        ),
        field("network.vpc.tags", json!({"site": "here"}), json!({"site": "there"}))
            .given(json!({"network": {"vpc": {"id": null}}}))
            .changes(moves(&network.vpc, &user.elsewhere.vpc)),
        field("network.publicSubnets.ids[]", json!([front_a, front_b]), json!([front_a, front]))
            .changes([balancer_moves([front_a, front_b], [front_a, front])]),
        field("network.publicSubnets.tags", json!({"tier": "front"}), json!({"wide": "front"}))
            .changes([balancer_moves([front_a, front_b], [front_a, front])]),
        field("network.privateSubnets.ids[]", json!([back_a, back_b]), json!([back_a, back]))
            .changes(task_moves([back_a, back_b], [back_a, back])),
        field("network.privateSubnets.tags", json!({"tier": "back"}), json!({"wide": "back"}))
            .changes(task_moves([back_a, back_b], [back_a, back])),
        field("network.securityGroupIds[]", json!([]), json!([database])).changes([in_place(
            "service",
            format!("networkConfiguration/awsvpcConfiguration/securityGroups/={database}"),
            Value::Null,
            database,
        )]),
        field("network.assignPublicIp", "Disabled", "Enabled").changes([in_place(
            "service",
            "networkConfiguration/awsvpcConfiguration/assignPublicIp",
            "DISABLED",
            "ENABLED",
        )]),
    ]
}

fn balancer_moves(from: [&String; 2], to: [&String; 2]) -> Effect {
    in_place("load-balancer", "AvailabilityZones/*/SubnetId", sorted(from), sorted(to))
}

/// The task and the mount targets move from the second to the third zone.
fn task_moves(from: [&String; 2], to: [&String; 2]) -> Vec<Effect> {
    let subnets = "networkConfiguration/awsvpcConfiguration/subnets/*";
    vec![
        in_place("service", subnets, sorted(from), sorted(to)),
        removed("mount-target/eu-central-1b", "SubnetId", from[1].as_str()),
        added("mount-target/eu-central-1c", "SubnetId", to[1].as_str()),
    ]
}

/// Everything that stands in a VPC is made anew in the other one; the home and what is nowhere stay.
fn moves(from: &str, to: &str) -> Vec<Effect> {
    let placed = |node| replaced(node, "VpcId", from, to);
    let hangs_on = |node| replaced(node, "none", Value::Null, Value::Null);
    let in_vpc = [
        "controller-security-group",
        "file-system-security-group",
        "load-balancer-security-group",
        "load-balancer",
        "mount-target/eu-central-1a",
        "mount-target/eu-central-1b",
        "target-group",
    ];
    let within = [
        "controller-security-group/2049-to-file-system",
        "controller-security-group/443-to-internet",
        "controller-security-group/8080-from-load-balancer",
        "file-system-security-group/2049-from-controller",
        "listener",
        "load-balancer-security-group/443-from-0.0.0.0/0",
        "load-balancer-security-group/443-to-provider",
        "load-balancer-security-group/80-from-0.0.0.0/0",
        "load-balancer-security-group/8080-to-controller",
        "open-rule/1",
        "redirect-listener",
        "rule",
    ];
    in_vpc.into_iter().map(placed).chain(within.into_iter().map(hangs_on)).collect()
}

fn sorted(ids: [&String; 2]) -> Value {
    let mut ids = ids;
    ids.sort();
    json!(ids)
}

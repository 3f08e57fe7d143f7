//! What the driver of a target group promises.

use crate::bench::{Bench, Calls};
use crate::front::{GROUP_NAME, group_by_hand, group_node, listener_by_hand};
use crate::home::existing;
use jenkinsstack_aws::Class;
use jenkinsstack_core::graph::Node;
use jenkinsstack_core::kind::target_group::Desired;
use jenkinsstack_core::kind::{Desired as Any, Kind};
use serde_json::json;

const ITEM: &str = "elasticloadbalancing:targetgroup";

fn with(node: &Node, change: impl FnOnce(&mut Desired)) -> Node {
    let mut node = node.clone();
    let Any::TargetGroup(desired) = &mut node.desired else { panic!("a target group") };
    change(desired);
    node
}

#[tokio::test(start_paused = true)]
async fn lives() {
    let bench = Bench::new().await;
    let (id, node) = group_node(&bench);
    let calls = Calls {
        create: &["CreateTargetGroup", "ModifyTargetGroupAttributes"],
        again: &["CreateTargetGroup", "ModifyTargetGroupAttributes"],
        read: &["DescribeTargetGroups", "DescribeTargetGroupAttributes", "DescribeTags"],
        delete: &["DescribeTargetGroups", "DescribeTargetGroupAttributes", "DescribeTags", "DeleteTargetGroup"],
    };
    bench.life(&id, &node, &calls).await;
}

#[tokio::test(start_paused = true)]
async fn survives_a_lost_answer() {
    for operation in ["CreateTargetGroup", "ModifyTargetGroupAttributes"] {
        let bench = Bench::new().await;
        let (id, node) = group_node(&bench);
        bench.lose(&id, &node, operation).await;
        assert_eq!(existing(&bench, ITEM).len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn everything_but_vpc_and_port_changes_in_place() {
    let bench = Bench::new().await;
    let (id, node) = group_node(&bench);
    let seen = bench.create(&id, &node).await;
    let checked = with(&node, |desired| {
        desired.health_check.path = "/ci/login".into();
        desired.health_check.matcher = "200-399".into();
        desired.health_check.interval_seconds = 30;
        (desired.health_check.protocol, desired.health_check.port) = ("HTTPS".into(), "9090".into());
    });
    let seen = bench.update(&id, &seen, &checked, &["healthCheck"]).await;
    let state = &existing(&bench, ITEM)[0].state;
    assert_eq!((&state["HealthCheckPath"], &state["HealthCheckPort"]), (&json!("/ci/login"), &json!("9090")));
    let patient = with(&checked, |desired| {
        desired.attributes.insert("deregistration_delay.timeout_seconds".into(), "30".into());
    });
    let seen = bench.update(&id, &seen, &patient, &["attributes"]).await;
    let mut tagged = patient.clone();
    tagged.tags.insert("team".into(), "b".into());
    let seen = bench.update(&id, &seen, &tagged, &["tags"]).await;
    let seen = bench.update(&id, &seen, &node, &["healthCheck", "attributes", "tags"]).await;
    assert_eq!(bench.list(&id, Kind::TargetGroup).await, [seen]);
}

#[tokio::test(start_paused = true)]
async fn a_foreign_one_is_refused() {
    let bench = Bench::new().await;
    let (id, node) = group_node(&bench);
    group_by_hand(&bench, GROUP_NAME);
    let before = existing(&bench, ITEM)[0].state.clone();
    let error = bench.try_create(&id, &node).await.unwrap_err();
    assert_eq!(error.class, Class::Foreign, "{error}");
    assert_eq!(existing(&bench, ITEM)[0].state, before);
    assert_eq!(bench.list(&id, Kind::TargetGroup).await, []);
}

#[tokio::test(start_paused = true)]
async fn one_that_is_in_use_stays_for_now() {
    let bench = Bench::new().await;
    let (id, node) = group_node(&bench);
    let seen = bench.create(&id, &node).await;
    let input = json!({
        "ListenerArn": listener_by_hand(&bench).await,
        "Priority": 7,
        "Conditions": [{"Field": "host-header", "HostHeaderConfig": {"Values": ["ci.example.com"]}}],
        "Actions": [{"Type": "forward", "TargetGroupArn": seen.id()}],
    });
    bench.by_hand("elbv2", "CreateRule", input);
    let error = bench.account.delete(bench.target(&id), &seen).await.unwrap_err();
    assert_eq!((error.class, error.code.as_deref()), (Class::Conflict, Some("ResourceInUse")));
}

#[tokio::test(start_paused = true)]
async fn the_health_of_its_targets_can_be_asked_for() {
    let bench = Bench::new().await;
    let (id, node) = group_node(&bench);
    let arn = bench.create(&id, &node).await.id();
    assert_eq!(bench.account.target_health(&arn).await.unwrap(), []);
    let targets = json!([{"Id": "10.0.128.9", "Port": 8080}]);
    bench.by_hand("elbv2", "RegisterTargets", json!({"TargetGroupArn": arn, "Targets": targets}));
    let health = bench.account.target_health(&arn).await.unwrap();
    assert_eq!(health, [("unused".to_owned(), "Target.NotInUse".to_owned())]);
}

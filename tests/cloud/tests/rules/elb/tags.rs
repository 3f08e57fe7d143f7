//! Tags of load balancing resources.

use super::common::{
    balancer_arn, balancer_input, group, listener_input, net, new_rule, not_found, nothing, served, text, with,
};
use crate::lab::Lab;
use crate::rule;
use serde_json::{Value, json};

fn tag(key: &str, value: &str) -> Value {
    json!([{"Key": key, "Value": value}])
}

#[track_caller]
fn tags(lab: &Lab, arn: &str) -> Value {
    lab.ok("elbv2", "DescribeTags", json!({"ResourceArns": [arn]}))["TagDescriptions"][0]["Tags"].clone()
}

#[tokio::test(start_paused = true)]
async fn tags_come_with_the_create_call() {
    rule!(
        "ELB",
        "Load balancers, listeners and rules are tagged as they are created",
        "Elastic Load Balancing API Reference, CreateLoadBalancer, CreateListener, CreateRule"
    );
    let lab = Lab::new();
    let net = net(&lab).await;
    let input = with(balancer_input(&net, "ci"), json!({"Tags": tag("stack", "a")}));
    let balancer = text(&lab.ok("elbv2", "CreateLoadBalancer", input)["LoadBalancers"][0]["LoadBalancerArn"]);
    let input = with(listener_input(&balancer, 80, not_found()), json!({"Tags": tag("stack", "b")}));
    let listener = text(&lab.ok("elbv2", "CreateListener", input)["Listeners"][0]["ListenerArn"]);
    let input = with(super::common::rule_input(&listener, 1, not_found()), json!({"Tags": tag("stack", "c")}));
    let rule = text(&lab.ok("elbv2", "CreateRule", input)["Rules"][0]["RuleArn"]);
    for (arn, value) in [(balancer, "a"), (listener, "b"), (rule, "c")] {
        assert_eq!(tags(&lab, &arn), tag("stack", value));
    }
}

#[tokio::test(start_paused = true)]
async fn tags_are_added_changed_and_removed() {
    rule!(
        "ELB",
        "AddTags adds tags and replaces values, RemoveTags removes by key",
        "Elastic Load Balancing API Reference, AddTags, RemoveTags"
    );
    let lab = Lab::new();
    let (net, balancer, listener) = served(&lab).await;
    let (own, rule) = (group(&lab, &net, "ci"), new_rule(&lab, &listener, 1));
    let all = json!([balancer, listener, own, rule]);
    lab.ok("elbv2", "AddTags", json!({"ResourceArns": all, "Tags": tag("stack", "a")}));
    lab.ok("elbv2", "AddTags", json!({"ResourceArns": all, "Tags": tag("stack", "b")}));
    assert_eq!(tags(&lab, &rule), tag("stack", "b"));
    lab.ok("elbv2", "RemoveTags", json!({"ResourceArns": all, "TagKeys": ["stack", "other"]}));
    assert_eq!(tags(&lab, &own), json!([]));
}

#[tokio::test(start_paused = true)]
async fn twenty_resources_a_call() {
    rule!(
        "ELB",
        "DescribeTags takes at most 20 ARNs",
        "Elastic Load Balancing API Reference, DescribeTags; the code is observed behaviour (not documented)"
    );
    let lab = Lab::new();
    let net = net(&lab).await;
    let arn = balancer_arn(&lab, &net, "ci");
    lab.ok("elbv2", "DescribeTags", json!({"ResourceArns": vec![arn.clone(); 20]}));
    lab.refused("elbv2", "DescribeTags", json!({"ResourceArns": vec![arn; 21]}), "ValidationError");
}

#[tokio::test(start_paused = true)]
async fn each_kind_has_its_own_not_found() {
    rule!(
        "ELB",
        "A tag call that names a missing resource fails as a whole with the code of the resource's kind",
        "DescribeTags, LoadBalancerNotFound, TargetGroupNotFound, ListenerNotFound, RuleNotFound"
    );
    let lab = Lab::new();
    let net = net(&lab).await;
    let arn = balancer_arn(&lab, &net, "ci");
    let hex = "0123456789abcdef";
    for (rest, code) in [
        (format!("loadbalancer/app/x/{hex}"), "LoadBalancerNotFound"),
        (format!("targetgroup/x/{hex}"), "TargetGroupNotFound"),
        (format!("listener/app/x/{hex}/{hex}"), "ListenerNotFound"),
        (format!("listener-rule/app/x/{hex}/{hex}/{hex}"), "RuleNotFound"),
        ("something/x".to_owned(), "ValidationError"),
    ] {
        lab.refused("elbv2", "DescribeTags", json!({"ResourceArns": [arn, nothing(&rest)]}), code);
    }
}

#[tokio::test(start_paused = true)]
async fn tags_have_limits() {
    rule!(
        "ELB",
        "A key may be given once, must not begin with aws:, and a resource has at most 50 tags",
        "AddTags, DuplicateTagKeys, TooManyTags; Tagging AWS resources, Tag naming limits and requirements"
    );
    let lab = Lab::new();
    let net = net(&lab).await;
    let arn = balancer_arn(&lab, &net, "ci");
    let add = |tags: Value| json!({"ResourceArns": [arn], "Tags": tags});
    let twice = json!([{"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}]);
    lab.refused("elbv2", "AddTags", add(twice), "DuplicateTagKeys");
    lab.refused("elbv2", "AddTags", add(tag("aws:stack", "a")), "ValidationError");
    let fifty: Vec<Value> = (0..50).map(|n| json!({"Key": format!("k{n}"), "Value": "x"})).collect();
    lab.ok("elbv2", "AddTags", add(json!(fifty)));
    lab.refused("elbv2", "AddTags", add(tag("more", "a")), "TooManyTags");
}

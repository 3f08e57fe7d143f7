//! Actions of listeners and rules.

use super::common::{
    balancer_arn, forward, group, listener_input, net, not_found, nothing, rule_input, secure, served,
};
use crate::lab::Lab;
use crate::rule;
use serde_json::{Value, json};

/// The actions as CreateRule gives them back.
#[track_caller]
fn given_back(lab: &Lab, listener: &str, actions: Value) -> Value {
    lab.ok("elbv2", "CreateRule", rule_input(listener, 1, actions))["Rules"][0]["Actions"].clone()
}

#[tokio::test(start_paused = true)]
async fn forward_comes_back_in_both_forms() {
    rule!(
        "ELB",
        "A forward action comes back with TargetGroupArn and with ForwardConfig, weight 1, without stickiness",
        "observed behaviour (not documented)"
    );
    let lab = Lab::new();
    let (net, _, listener) = served(&lab).await;
    let group = group(&lab, &net, "ci");
    let shown = given_back(&lab, &listener, forward(&group));
    let config = json!({
        "TargetGroups": [{"TargetGroupArn": group, "Weight": 1}],
        "TargetGroupStickinessConfig": {"Enabled": false},
    });
    assert_eq!(shown, json!([{"Type": "forward", "TargetGroupArn": group, "ForwardConfig": config}]));
}

#[tokio::test(start_paused = true)]
async fn several_groups_come_back_by_config_only() {
    rule!(
        "ELB",
        "A forward action to several target groups comes back with ForwardConfig only; each group may be named once",
        "Action$ForwardConfig"
    );
    let lab = Lab::new();
    let (net, _, listener) = served(&lab).await;
    let (one, two) = (group(&lab, &net, "one"), group(&lab, &net, "two"));
    let to = |groups: Value| json!([{"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}]);
    let tuple = |group: &str, weight: u32| json!({"TargetGroupArn": group, "Weight": weight});
    let twice = rule_input(&listener, 1, to(json!([tuple(&one, 1), tuple(&one, 2)])));
    lab.refused("elbv2", "CreateRule", twice, "InvalidLoadBalancerAction");
    let heavy = rule_input(&listener, 1, to(json!([tuple(&one, 1000)])));
    lab.refused("elbv2", "CreateRule", heavy, "ValidationError");
    let shown = given_back(&lab, &listener, to(json!([tuple(&one, 80), tuple(&two, 20)])));
    assert!(shown[0]["TargetGroupArn"].is_null());
    assert_eq!(shown[0]["ForwardConfig"]["TargetGroups"][1]["Weight"], 20);
}

#[tokio::test(start_paused = true)]
async fn both_forms_must_name_the_same_group() {
    rule!(
        "ELB",
        "TargetGroupArn and ForwardConfig together are refused unless they name the same single target group",
        "Action$ForwardConfig; the code is observed behaviour (not documented)"
    );
    let lab = Lab::new();
    let (net, _, listener) = served(&lab).await;
    let (one, two) = (group(&lab, &net, "one"), group(&lab, &net, "two"));
    let both = |config: &str| {
        let config = json!({"TargetGroups": [{"TargetGroupArn": config}]});
        json!([{"Type": "forward", "TargetGroupArn": one, "ForwardConfig": config}])
    };
    let input = rule_input(&listener, 1, both(&two));
    lab.refused("elbv2", "CreateRule", input, "InvalidLoadBalancerAction");
    given_back(&lab, &listener, both(&one));
}

#[tokio::test(start_paused = true)]
async fn stickiness_needs_a_duration() {
    rule!("ELB", "Target group stickiness needs a duration", "TargetGroupStickinessConfig$DurationSeconds");
    let lab = Lab::new();
    let (net, _, listener) = served(&lab).await;
    let group = group(&lab, &net, "ci");
    let config = json!({"TargetGroups": [{"TargetGroupArn": group}], "TargetGroupStickinessConfig": {"Enabled": true}});
    let input = rule_input(&listener, 1, json!([{"Type": "forward", "ForwardConfig": config}]));
    lab.refused("elbv2", "CreateRule", input, "ValidationError");
}

#[tokio::test(start_paused = true)]
async fn a_redirect_comes_back_with_all_parts() {
    rule!(
        "ELB",
        "A redirect comes back with the parts that were not given: #{host}, /#{path}, #{query}",
        "RedirectActionConfig"
    );
    let lab = Lab::new();
    let (_, _, listener) = served(&lab).await;
    let config = json!({"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"});
    let shown = given_back(&lab, &listener, json!([{"Type": "redirect", "RedirectConfig": config}]));
    let all = json!({
        "Protocol": "HTTPS", "Port": "443", "Host": "#{host}", "Path": "/#{path}", "Query": "#{query}",
        "StatusCode": "HTTP_301",
    });
    assert_eq!(shown, json!([{"Type": "redirect", "RedirectConfig": all}]));
}

#[tokio::test(start_paused = true)]
async fn a_redirect_must_change_something() {
    rule!(
        "ELB",
        "A redirect must change protocol, host, port or path; its path is absolute, its port a port",
        "RedirectActionConfig; the codes are observed behaviour (not documented)"
    );
    let lab = Lab::new();
    let (_, _, listener) = served(&lab).await;
    let refused = |config: Value, code: &str| {
        let input = rule_input(&listener, 1, json!([{"Type": "redirect", "RedirectConfig": config}]));
        lab.refused("elbv2", "CreateRule", input, code);
    };
    refused(json!({"StatusCode": "HTTP_302"}), "InvalidLoadBalancerAction");
    refused(json!({"StatusCode": "HTTP_302", "Query": "a=b"}), "InvalidLoadBalancerAction");
    refused(json!({"StatusCode": "HTTP_302", "Path": "login"}), "ValidationError");
    refused(json!({"StatusCode": "HTTP_302", "Port": "0"}), "ValidationError");
}

#[tokio::test(start_paused = true)]
async fn an_action_needs_its_config() {
    rule!(
        "ELB",
        "A redirect without RedirectConfig and a fixed response without FixedResponseConfig are refused",
        "Action; the codes are observed behaviour (not documented)"
    );
    let lab = Lab::new();
    let (_, _, listener) = served(&lab).await;
    for kind in ["redirect", "fixed-response"] {
        let input = rule_input(&listener, 1, json!([{"Type": kind}]));
        lab.refused("elbv2", "CreateRule", input, "InvalidLoadBalancerAction");
    }
    lab.refused("elbv2", "CreateRule", rule_input(&listener, 1, json!([{"Type": "forward"}])), "ValidationError");
}

#[tokio::test(start_paused = true)]
async fn fixed_responses_are_checked() {
    rule!(
        "ELB",
        "A fixed response has a 2XX, 4XX or 5XX code and one of five content types",
        "FixedResponseActionConfig"
    );
    let lab = Lab::new();
    let (_, _, listener) = served(&lab).await;
    let respond = |config: Value| json!([{"Type": "fixed-response", "FixedResponseConfig": config}]);
    let bad = respond(json!({"StatusCode": "404", "ContentType": "image/png"}));
    lab.refused("elbv2", "CreateRule", rule_input(&listener, 1, bad), "ValidationError");
    let bad = respond(json!({"StatusCode": "301"}));
    lab.refused("elbv2", "CreateRule", rule_input(&listener, 1, bad), "ValidationError");
    let good = respond(json!({"StatusCode": "404", "ContentType": "text/plain", "MessageBody": "no"}));
    let shown = given_back(&lab, &listener, good.clone());
    assert_eq!(shown, good);
}

#[tokio::test(start_paused = true)]
async fn there_is_one_routing_action() {
    rule!(
        "ELB",
        "Actions end with exactly one forward, redirect or fixed response, and several actions each have an order of their own",
        "Action; the codes are observed behaviour (not documented)"
    );
    let lab = Lab::new();
    let net = net(&lab).await;
    let balancer = balancer_arn(&lab, &net, "ci");
    let fixed =
        |order: Value| json!({"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}, "Order": order});
    for actions in [
        json!([fixed(json!(1)), fixed(json!(2))]),
        json!([fixed(json!(1)), fixed(json!(1))]),
        json!([fixed(json!(null)), fixed(json!(2))]),
    ] {
        lab.refused("elbv2", "CreateListener", listener_input(&balancer, 80, actions), "InvalidLoadBalancerAction");
    }
    let made = lab.ok("elbv2", "CreateListener", listener_input(&balancer, 80, json!([fixed(json!(7))])));
    assert_eq!(made["Listeners"][0]["DefaultActions"][0]["Order"], 7);
}

#[tokio::test(start_paused = true)]
async fn a_rules_target_group_must_exist() {
    rule!("ELB", "A rule that forwards to a target group that is gone is refused", "CreateRule, TargetGroupNotFound");
    let lab = Lab::new();
    let (_, _, listener) = served(&lab).await;
    let gone = forward(&nothing("targetgroup/x/0123456789abcdef"));
    lab.refused("elbv2", "CreateRule", rule_input(&listener, 1, gone.clone()), "TargetGroupNotFound");
    let made = lab.ok("elbv2", "CreateRule", rule_input(&listener, 1, not_found()));
    let modify = json!({"RuleArn": made["Rules"][0]["RuleArn"], "Actions": gone});
    lab.refused("elbv2", "ModifyRule", modify, "TargetGroupNotFound");
}

#[tokio::test(start_paused = true)]
async fn https_is_not_redirected_to_http() {
    rule!("ELB", "An HTTPS listener does not redirect to HTTP", "RedirectActionConfig$Protocol");
    let lab = Lab::new();
    let (listener, _) = secure(&lab).await;
    let to = |protocol: &str| {
        let config = json!({"Protocol": protocol, "Host": "other.example.com", "StatusCode": "HTTP_302"});
        rule_input(&listener, 1, json!([{"Type": "redirect", "RedirectConfig": config}]))
    };
    lab.refused("elbv2", "CreateRule", to("HTTP"), "InvalidLoadBalancerAction");
    lab.ok("elbv2", "CreateRule", to("HTTPS"));
}

#[tokio::test(start_paused = true)]
async fn five_groups_an_action_and_a_hundred_a_load_balancer() {
    rule!(
        "ELB",
        "A forward action names at most 5 target groups, the rules of a load balancer at most 100",
        "Quotas for your Application Load Balancers; CreateRule, TooManyUniqueTargetGroupsPerLoadBalancer"
    );
    let lab = Lab::new();
    let (net, _, listener) = served(&lab).await;
    let groups: Vec<String> = (0..101).map(|number| group(&lab, &net, &format!("ci-{number}"))).collect();
    let to = |groups: &[String]| {
        let tuples: Vec<Value> = groups.iter().map(|arn| json!({"TargetGroupArn": arn})).collect();
        json!([{"Type": "forward", "ForwardConfig": {"TargetGroups": tuples}}])
    };
    lab.refused("elbv2", "CreateRule", rule_input(&listener, 1, to(&groups[..6])), "InvalidLoadBalancerAction");
    for (number, five) in groups[..100].chunks(5).enumerate() {
        lab.ok("elbv2", "CreateRule", rule_input(&listener, number as u32 + 1, to(five)));
    }
    let more = rule_input(&listener, 99, to(&groups[100..]));
    lab.refused("elbv2", "CreateRule", more, "TooManyUniqueTargetGroupsPerLoadBalancer");
    lab.ok("elbv2", "CreateRule", rule_input(&listener, 99, to(&groups[..1])));
}

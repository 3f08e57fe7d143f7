//! Rules and their priorities.

use super::common::{host, new_rule, not_found, nothing, rule_input, served, text};
use crate::lab::Lab;
use crate::rule;
use serde_json::{Value, json};

fn priorities(lab: &Lab, listener: &str) -> Vec<String> {
    let rules = lab.ok("elbv2", "DescribeRules", json!({"ListenerArn": listener}))["Rules"].clone();
    rules.as_array().expect("rules").iter().map(|rule| text(&rule["Priority"])).collect()
}

/// ARN of the default rule.
fn default(lab: &Lab, listener: &str) -> String {
    let rules = lab.ok("elbv2", "DescribeRules", json!({"ListenerArn": listener}))["Rules"].clone();
    let found = rules.as_array().and_then(|all| all.iter().find(|rule| rule["IsDefault"] == true)).cloned();
    text(&found.expect("a default rule")["RuleArn"])
}

fn move_to(pairs: &[(&str, u32)]) -> Value {
    let pairs: Vec<Value> = pairs.iter().map(|(arn, to)| json!({"RuleArn": arn, "Priority": to})).collect();
    json!({"RulePriorities": pairs})
}

#[tokio::test(start_paused = true)]
async fn rules_come_by_priority_and_the_default_last() {
    rule!(
        "ELB",
        "DescribeRules shows rules by priority as text, the default rule last with priority default and IsDefault",
        "Rule$Priority, Rule$IsDefault"
    );
    let lab = Lab::new();
    let (_, _, listener) = served(&lab).await;
    for priority in [200, 3, 50_000] {
        let arn = new_rule(&lab, &listener, priority);
        assert!(arn.starts_with(&listener.replace(":listener/", ":listener-rule/")), "{arn}");
    }
    assert_eq!(priorities(&lab, &listener), ["3", "200", "50000", "default"]);
}

#[tokio::test(start_paused = true)]
async fn create_rule_is_not_idempotent() {
    rule!(
        "ELB",
        "CreateRule with a taken priority is refused, also when everything is equal",
        "CreateRule, PriorityInUse"
    );
    let lab = Lab::new();
    let (_, _, listener) = served(&lab).await;
    new_rule(&lab, &listener, 5);
    let again = rule_input(&listener, 5, not_found());
    let refusal = lab.refused("elbv2", "CreateRule", again, "PriorityInUse");
    assert_eq!(refusal.message, "Priority '5' is currently in use");
    new_rule(&lab, &listener, 6);
}

#[tokio::test(start_paused = true)]
async fn priorities_have_a_range() {
    rule!("ELB", "A rule's priority is 1 to 50000", "RulePriority");
    let lab = Lab::new();
    let (_, _, listener) = served(&lab).await;
    for priority in [0, 50_001] {
        lab.refused("elbv2", "CreateRule", rule_input(&listener, priority, not_found()), "ValidationError");
    }
}

#[tokio::test(start_paused = true)]
async fn the_default_rule_stays() {
    rule!(
        "ELB",
        "The default rule is not deleted, not modified as a rule, and gets no priority",
        "DeleteRule, ModifyRule, SetRulePriorities, OperationNotPermitted"
    );
    let lab = Lab::new();
    let (_, _, listener) = served(&lab).await;
    let arn = default(&lab, &listener);
    lab.refused("elbv2", "DeleteRule", json!({"RuleArn": arn}), "OperationNotPermitted");
    lab.refused("elbv2", "ModifyRule", json!({"RuleArn": arn, "Actions": not_found()}), "OperationNotPermitted");
    lab.refused("elbv2", "SetRulePriorities", move_to(&[(&arn, 1)]), "OperationNotPermitted");
}

#[tokio::test(start_paused = true)]
async fn priorities_are_swapped_in_one_call() {
    rule!(
        "ELB",
        "SetRulePriorities reorders rules at once; a conflict with a rule that is not named is refused as a whole",
        "Elastic Load Balancing API Reference, SetRulePriorities, PriorityInUse"
    );
    let lab = Lab::new();
    let (_, _, listener) = served(&lab).await;
    let (one, two, three) = (new_rule(&lab, &listener, 1), new_rule(&lab, &listener, 2), new_rule(&lab, &listener, 3));
    let answer = lab.ok("elbv2", "SetRulePriorities", move_to(&[(&one, 2), (&two, 1)]));
    assert_eq!(answer["Rules"].as_array().map(Vec::len), Some(2));
    lab.refused("elbv2", "SetRulePriorities", move_to(&[(&one, 9), (&two, 3)]), "PriorityInUse");
    let shown = lab.ok("elbv2", "DescribeRules", json!({"RuleArns": [one, two, three]}));
    let order: Vec<String> = shown["Rules"].as_array().expect("rules").iter().map(|r| text(&r["RuleArn"])).collect();
    assert_eq!(order, [two, one, three]);
    let gone = listener.replace(":listener/", ":listener-rule/") + "/0123456789abcdef";
    lab.refused("elbv2", "SetRulePriorities", move_to(&[(&gone, 4)]), "RuleNotFound");
}

#[tokio::test(start_paused = true)]
async fn modifying_replaces_lists_as_a_whole() {
    rule!(
        "ELB",
        "ModifyRule replaces conditions or actions as a whole and leaves what it does not name, the priority too",
        "Elastic Load Balancing API Reference, ModifyRule"
    );
    let lab = Lab::new();
    let (_, _, listener) = served(&lab).await;
    let arn = new_rule(&lab, &listener, 7);
    let modify = json!({"RuleArn": arn, "Conditions": host("new.example.com")});
    let rule = lab.ok("elbv2", "ModifyRule", modify)["Rules"][0].clone();
    assert_eq!(rule["Conditions"][0]["Values"], json!(["new.example.com"]));
    assert_eq!((&rule["Priority"], &rule["Actions"][0]["Type"]), (&json!("7"), &json!("fixed-response")));
    let gone = listener.replace(":listener/", ":listener-rule/") + "/0123456789abcdef";
    lab.refused("elbv2", "ModifyRule", json!({"RuleArn": gone}), "RuleNotFound");
}

#[tokio::test(start_paused = true)]
async fn a_deleted_rule_is_not_deleted_again() {
    rule!("ELB", "DeleteRule is refused for a rule that is gone", "DeleteRule, RuleNotFound");
    let lab = Lab::new();
    let (_, _, listener) = served(&lab).await;
    let arn = new_rule(&lab, &listener, 7);
    lab.ok("elbv2", "DeleteRule", json!({"RuleArn": arn}));
    lab.refused("elbv2", "DeleteRule", json!({"RuleArn": arn}), "RuleNotFound");
    lab.refused("elbv2", "DescribeRules", json!({"RuleArns": [arn]}), "RuleNotFound");
}

#[tokio::test(start_paused = true)]
async fn describing_rules_needs_one_selection() {
    rule!(
        "ELB",
        "DescribeRules needs a listener or rules, and a listener that exists",
        "DescribeRules, ListenerNotFound; the code of the first is observed behaviour (not documented)"
    );
    let lab = Lab::new();
    lab.refused("elbv2", "DescribeRules", json!({}), "ValidationError");
    let listener = nothing("listener/app/ci/0123456789abcdef/0123456789abcdef");
    lab.refused("elbv2", "DescribeRules", json!({"ListenerArn": listener}), "ListenerNotFound");
    lab.refused("elbv2", "CreateRule", rule_input(&listener, 1, not_found()), "ListenerNotFound");
}

#[tokio::test(start_paused = true)]
async fn a_hundred_rules_a_load_balancer() {
    rule!(
        "ELB",
        "A load balancer has at most 100 rules by default, not counting default rules",
        "Quotas for your Application Load Balancers; CreateRule, TooManyRules"
    );
    let lab = Lab::new();
    let (_, _, listener) = served(&lab).await;
    for priority in 1..=100 {
        new_rule(&lab, &listener, priority);
    }
    lab.refused("elbv2", "CreateRule", rule_input(&listener, 101, not_found()), "TooManyRules");
}

//! Conditions of rules.

use super::common::{host, rule_input, served, with};
use crate::lab::Lab;
use crate::rule;
use serde_json::{Value, json};

fn input(listener: &str, conditions: Value) -> Value {
    with(rule_input(listener, 1, super::common::not_found()), json!({"Conditions": conditions}))
}

fn path(values: Value) -> Value {
    json!({"Field": "path-pattern", "PathPatternConfig": {"Values": values}})
}

#[tokio::test(start_paused = true)]
async fn hosts_and_paths_come_back_in_both_forms() {
    rule!(
        "ELB",
        "Host and path conditions come back as Values and as config; requests may use either, not both",
        "RuleCondition; observed behaviour (not documented)"
    );
    let lab = Lab::new();
    let (_, _, listener) = served(&lab).await;
    let made = lab.ok("elbv2", "CreateRule", input(&listener, host("ci.example.com")));
    let shown = &made["Rules"][0]["Conditions"][0];
    assert_eq!(
        (&shown["Values"], &shown["HostHeaderConfig"]["Values"]),
        (&json!(["ci.example.com"]), &json!(["ci.example.com"]))
    );
    let legacy = json!([{"Field": "path-pattern", "Values": ["/job/*"]}]);
    let made = lab.ok("elbv2", "ModifyRule", json!({"RuleArn": made["Rules"][0]["RuleArn"], "Conditions": legacy}));
    assert_eq!(made["Rules"][0]["Conditions"][0]["PathPatternConfig"]["Values"], json!(["/job/*"]));
    let both = json!([with(path(json!(["/a"])), json!({"Values": ["/a"]}))]);
    let refusal = lab.refused("elbv2", "CreateRule", input(&listener, both), "ValidationError");
    let text = "You cannot provide both Values and 'PathPatternConfig' for a condition of type 'path-pattern'";
    assert_eq!(refusal.message, text);
}

#[tokio::test(start_paused = true)]
async fn hosts_have_a_form() {
    rule!(
        "ELB",
        "A host condition has at most 128 characters, a dot, and only letters after the last dot",
        "HostHeaderConditionConfig$Values"
    );
    let lab = Lab::new();
    let (_, _, listener) = served(&lab).await;
    let long = format!("{}.example.com", "a".repeat(120));
    for bad in ["localhost", "ci.example.com:8443", "ci.example.c0m", "ci.example.", "ci example.com", &long, ""] {
        lab.refused("elbv2", "CreateRule", input(&listener, host(bad)), "ValidationError");
    }
    lab.ok("elbv2", "CreateRule", input(&listener, host("*.CI-?.example.com")));
}

#[tokio::test(start_paused = true)]
async fn paths_have_a_form() {
    rule!(
        "ELB",
        "A path condition has at most 128 of the characters that paths have",
        "RuleCondition$Values, PathPatternConditionConfig$Values"
    );
    let lab = Lab::new();
    let (_, _, listener) = served(&lab).await;
    let long = format!("/{}", "a".repeat(128));
    for bad in ["/a b", "/ä", &long] {
        lab.refused("elbv2", "CreateRule", input(&listener, json!([path(json!([bad]))])), "ValidationError");
    }
    lab.ok("elbv2", "CreateRule", input(&listener, json!([path(json!(["/github-webhook/*"]))])));
}

#[tokio::test(start_paused = true)]
async fn five_values_a_rule() {
    rule!(
        "ELB",
        "All conditions of a rule together have at most 5 values",
        "Quotas for your Application Load Balancers; the text is observed behaviour (not documented)"
    );
    let lab = Lab::new();
    let (_, _, listener) = served(&lab).await;
    let five = json!([host("ci.example.com")[0], path(json!(["/1", "/2", "/3", "/4"]))]);
    lab.ok("elbv2", "CreateRule", input(&listener, five));
    let six = json!([host("ci.example.com")[0], path(json!(["/1", "/2", "/3", "/4", "/5"]))]);
    let refusal = lab.refused("elbv2", "CreateRule", input(&listener, six), "ValidationError");
    assert_eq!(refusal.message, "A rule can only have '5' condition values and regex values");
}

#[tokio::test(start_paused = true)]
async fn one_of_each_kind() {
    rule!(
        "ELB",
        "A rule has one host, path, method and source condition at most, but several header and query conditions",
        "RuleCondition"
    );
    let lab = Lab::new();
    let (_, _, listener) = served(&lab).await;
    let twice = json!([host("a.example.com")[0], host("b.example.com")[0]]);
    lab.refused("elbv2", "CreateRule", input(&listener, twice), "ValidationError");
    let header =
        |name: &str| json!({"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": name, "Values": ["x"]}});
    lab.ok("elbv2", "CreateRule", input(&listener, json!([header("X-A"), header("X-B")])));
    lab.refused("elbv2", "CreateRule", input(&listener, json!([header("Host")])), "ValidationError");
}

#[tokio::test(start_paused = true)]
async fn sources_are_cidr_blocks() {
    rule!("ELB", "A source condition takes CIDR blocks, no bare addresses", "SourceIpConditionConfig$Values");
    let lab = Lab::new();
    let (_, _, listener) = served(&lab).await;
    let source = |block: &str| json!([{"Field": "source-ip", "SourceIpConfig": {"Values": [block]}}]);
    for bad in ["10.0.0.1", "10.0.0.0/33", "office"] {
        lab.refused("elbv2", "CreateRule", input(&listener, source(bad)), "ValidationError");
    }
    let made = lab.ok("elbv2", "CreateRule", input(&listener, source("192.0.2.0/24")));
    assert_eq!(made["Rules"][0]["Conditions"][0]["SourceIpConfig"]["Values"], json!(["192.0.2.0/24"]));
}

#[tokio::test(start_paused = true)]
async fn methods_are_upper_case() {
    rule!(
        "ELB",
        "A method condition has capital letters, hyphens and underscores only",
        "HttpRequestMethodConditionConfig$Values"
    );
    let lab = Lab::new();
    let (_, _, listener) = served(&lab).await;
    let method = |name: &str| json!([{"Field": "http-request-method", "HttpRequestMethodConfig": {"Values": [name]}}]);
    lab.refused("elbv2", "CreateRule", input(&listener, method("get")), "ValidationError");
    lab.ok("elbv2", "CreateRule", input(&listener, method("GET")));
}

#[tokio::test(start_paused = true)]
async fn a_rule_needs_conditions_of_known_kinds() {
    rule!(
        "ELB",
        "A rule needs a condition, each with a known field and a value",
        "RuleCondition; the texts are observed behaviour (not documented)"
    );
    let lab = Lab::new();
    let (_, _, listener) = served(&lab).await;
    for bad in [
        json!([]),
        json!([{"HostHeaderConfig": {"Values": ["ci.example.com"]}}]),
        json!([{"Field": "cookie", "Values": ["x"]}]),
        json!([{"Field": "host-header", "HostHeaderConfig": {"Values": []}}]),
        json!([{"Field": "source-ip", "Values": ["192.0.2.0/24"]}]),
    ] {
        lab.refused("elbv2", "CreateRule", input(&listener, bad), "ValidationError");
    }
}

//! Load balancer, target group, listeners and rules.

use super::{Desk, Hand, hand, tag};
use serde_json::{Value, json};

const BALANCER: &str = "load-balancer";
const GROUP: &str = "target-group";
const LISTENER: &str = "listener";
const REDIRECT: &str = "redirect-listener";
const RULE: &str = "rule";

pub(super) fn hands() -> Vec<Hand> {
    [balancer(), group(), listener(), rule()].concat()
}

fn on(at: &Desk<'_>, node: &str, named: &str, operation: &str, mut input: Value) -> anyhow::Result<Value> {
    input[named] = json!(at.arn(node)?);
    at.call("elbv2", operation, input)
}

fn retag(at: &Desk<'_>, node: &str) -> anyhow::Result<Value> {
    at.call("elbv2", "AddTags", json!({"ResourceArns": [at.arn(node)?], "Tags": tag("team", "theirs")}))
}

fn balancer() -> Vec<Hand> {
    vec![
        hand("load_balancer", "subnets", |at| {
            let [front, _] = &at.stage.user.third_zone;
            let subnets = json!([at.stage.life.network.public_subnets[0], front]);
            on(at, BALANCER, "LoadBalancerArn", "SetSubnets", json!({"Subnets": subnets}))
        }),
        hand("load_balancer", "securityGroups", |at| {
            let groups = json!([at.stage.user.groups[1]]);
            on(at, BALANCER, "LoadBalancerArn", "SetSecurityGroups", json!({"SecurityGroups": groups}))
        }),
        hand("load_balancer", "attributes", |at| {
            let attributes = tag("idle_timeout.timeout_seconds", "60");
            on(at, BALANCER, "LoadBalancerArn", "ModifyLoadBalancerAttributes", json!({"Attributes": attributes}))
        }),
        hand("load_balancer", "tags", |at| retag(at, BALANCER)),
    ]
}

fn group() -> Vec<Hand> {
    vec![
        hand("target_group", "healthCheck", |at| {
            on(at, GROUP, "TargetGroupArn", "ModifyTargetGroup", json!({"HealthCheckPath": "/wrong"}))
        }),
        hand("target_group", "attributes", |at| {
            let attributes = tag("deregistration_delay.timeout_seconds", "300");
            on(at, GROUP, "TargetGroupArn", "ModifyTargetGroupAttributes", json!({"Attributes": attributes}))
        }),
        hand("target_group", "tags", |at| retag(at, GROUP)),
    ]
}

fn listener() -> Vec<Hand> {
    vec![
        hand("listener", "port", |at| on(at, REDIRECT, "ListenerArn", "ModifyListener", json!({"Port": 8080}))),
        hand("listener", "protocol", |at| {
            let policy = "ELBSecurityPolicy-2016-08";
            on(at, LISTENER, "ListenerArn", "ModifyListener", json!({"SslPolicy": policy}))
        }),
        hand("listener", "defaultActions", |at| {
            let forward = json!([{"Type": "forward", "TargetGroupArn": at.arn(GROUP)?}]);
            on(at, LISTENER, "ListenerArn", "ModifyListener", json!({"DefaultActions": forward}))
        }),
        hand("listener", "tags", |at| retag(at, LISTENER)),
        hand("listener", "gone", |at| on(at, LISTENER, "ListenerArn", "DeleteListener", json!({}))).anew(&[
            LISTENER,
            RULE,
            "open-rule/1",
        ]),
    ]
}

fn rule() -> Vec<Hand> {
    vec![
        hand("listener_rule", "priority", |at| {
            let priorities = json!([{"RuleArn": at.arn(RULE)?, "Priority": 7}]);
            at.call("elbv2", "SetRulePriorities", json!({"RulePriorities": priorities}))
        }),
        hand("listener_rule", "conditions", |at| {
            let everything = json!([{"Field": "path-pattern", "PathPatternConfig": {"Values": ["/*"]}}]);
            on(at, RULE, "RuleArn", "ModifyRule", json!({"Conditions": everything}))
        }),
        hand("listener_rule", "authenticateOidc", |at| {
            let forward = json!([{"Type": "forward", "TargetGroupArn": at.arn(GROUP)?}]);
            on(at, RULE, "RuleArn", "ModifyRule", json!({"Actions": forward}))
        }),
        hand("listener_rule", "clientSecretFingerprint", |at| {
            let stale = tag("jenkinsstack.io/fingerprint", "stale");
            at.call("elbv2", "AddTags", json!({"ResourceArns": [at.arn(RULE)?], "Tags": stale}))
        }),
        hand("listener_rule", "targetGroupArn", |at| {
            let answer = json!({"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "503"}});
            on(at, "open-rule/1", "RuleArn", "ModifyRule", json!({"Actions": [answer]}))
        }),
        hand("listener_rule", "tags", |at| {
            at.call("elbv2", "RemoveTags", json!({"ResourceArns": [at.arn(RULE)?], "TagKeys": ["team"]}))
        }),
        hand("listener_rule", "gone", |at| on(at, RULE, "RuleArn", "DeleteRule", json!({}))).anew(&[RULE]),
    ]
}

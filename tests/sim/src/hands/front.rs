//! Load balancer, target group, listeners and rules.

use super::{Desk, Hand, hand, tag};
use serde_json::{Value, json};

const BALANCER: &str = "load-balancer";
const GROUP: &str = "target-group";
const LISTENER: &str = "listener";
const REDIRECT: &str = "redirect-listener";
const RULE: &str = "rule";
const OPEN: &str = "open-rule/1";

pub(super) fn hands() -> Vec<Hand> {
    [balancer(), balancer_attributes(), group(), health_check(), listener(), answers(), rule(), conditions(), login()]
        .concat()
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
        hand("load_balancer", "tags", |at| retag(at, BALANCER)),
    ]
}

fn balancer_attributes() -> Vec<Hand> {
    parts!("load_balancer" "attributes" by balancer_attribute:
        "idle_timeout.timeout_seconds" = "60",
        "routing.http.drop_invalid_header_fields.enabled" = "false",
        "deletion_protection.enabled" = "true",
    )
}

fn balancer_attribute(at: &Desk<'_>, key: &str, value: Value) -> anyhow::Result<Value> {
    let attributes = json!([{"Key": key, "Value": value}]);
    on(at, BALANCER, "LoadBalancerArn", "ModifyLoadBalancerAttributes", json!({"Attributes": attributes}))
}

fn group() -> Vec<Hand> {
    vec![
        hand("target_group", "attributes", |at| {
            let attributes = tag("deregistration_delay.timeout_seconds", "300");
            on(at, GROUP, "TargetGroupArn", "ModifyTargetGroupAttributes", json!({"Attributes": attributes}))
        }),
        hand("target_group", "tags", |at| retag(at, GROUP)),
    ]
}

fn health_check() -> Vec<Hand> {
    parts!("target_group" "healthCheck" by checked:
        "HealthCheckPath" = "/wrong",
        "HealthCheckPort" = "9090",
        "HealthCheckProtocol" = "HTTPS",
        "HealthCheckIntervalSeconds" = 60,
        "HealthCheckTimeoutSeconds" = 5,
        "HealthyThresholdCount" = 7,
        "UnhealthyThresholdCount" = 7,
        "Matcher" = {"HttpCode": "200-399"},
    )
}

fn checked(at: &Desk<'_>, member: &str, value: Value) -> anyhow::Result<Value> {
    on(at, GROUP, "TargetGroupArn", "ModifyTargetGroup", json!({member: value}))
}

fn listener() -> Vec<Hand> {
    vec![
        hand("listener", "port", |at| on(at, REDIRECT, "ListenerArn", "ModifyListener", json!({"Port": 8080}))),
        hand("listener", "protocol", |at| {
            let policy = "ELBSecurityPolicy-2016-08";
            on(at, LISTENER, "ListenerArn", "ModifyListener", json!({"SslPolicy": policy}))
        })
        .part("SslPolicy"),
        hand("listener", "protocol", |at| {
            let certificates = json!([{"CertificateArn": at.stage.user.certificate}]);
            on(at, LISTENER, "ListenerArn", "ModifyListener", json!({"Certificates": certificates}))
        })
        .part("Certificates"),
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

fn answers() -> Vec<Hand> {
    let mut all = parts!("listener" "defaultActions" by answered:
        "StatusCode" = "200",
        "ContentType" = "text/html",
        "MessageBody" = "theirs",
    );
    all.extend(parts!("listener" "defaultActions" by redirected:
        "Protocol" = "HTTP",
        "Port" = "8443",
        "StatusCode" = "HTTP_302",
        "Host" = "theirs.example.com",
        "Path" = "/theirs",
        "Query" = "theirs",
    ));
    all
}

fn answered(at: &Desk<'_>, member: &str, value: Value) -> anyhow::Result<Value> {
    default_action(at, LISTENER, "FixedResponseConfig", member, value)
}

fn redirected(at: &Desk<'_>, member: &str, value: Value) -> anyhow::Result<Value> {
    default_action(at, REDIRECT, "RedirectConfig", member, value)
}

/// The default action as it is but for one member.
fn default_action(at: &Desk<'_>, node: &str, config: &str, member: &str, value: Value) -> anyhow::Result<Value> {
    let mut actions = at.node(node)?.state["DefaultActions"].clone();
    actions[0][config][member] = value;
    on(at, node, "ListenerArn", "ModifyListener", json!({"DefaultActions": actions}))
}

fn conditions() -> Vec<Hand> {
    parts!("listener_rule" "conditions" by limited:
        "host-header" = {"Field": "host-header", "HostHeaderConfig": {"Values": ["theirs.bytesource.internal"]}},
        "path-pattern" = {"Field": "path-pattern", "PathPatternConfig": {"Values": ["/theirs"]}},
        "source-ip" = {"Field": "source-ip", "SourceIpConfig": {"Values": ["203.0.113.0/24"]}},
        "http-request-method" = {"Field": "http-request-method", "HttpRequestMethodConfig": {"Values": ["GET"]}},
    )
}

/// The conditions of an open rule as they are but for those of one field.
fn limited(at: &Desk<'_>, field: &str, condition: Value) -> anyhow::Result<Value> {
    let conditions = at.node(OPEN)?.state["Conditions"].as_array().cloned().unwrap_or_default();
    let mut conditions: Vec<Value> = conditions.into_iter().filter(|condition| condition["Field"] != field).collect();
    // The old form of the values, which AWS shows as well.
    conditions.iter_mut().filter_map(Value::as_object_mut).for_each(|condition| drop(condition.remove("Values")));
    conditions.push(condition);
    on(at, OPEN, "RuleArn", "ModifyRule", json!({"Conditions": conditions}))
}

fn login() -> Vec<Hand> {
    parts!("listener_rule" "authenticateOidc" by logged_in:
        "Issuer" = "https://theirs.example.com",
        "AuthorizationEndpoint" = "https://theirs.example.com/authorize",
        "TokenEndpoint" = "https://theirs.example.com/token",
        "UserInfoEndpoint" = "https://theirs.example.com/userinfo",
        "ClientId" = "theirs",
        "Scope" = "openid",
        "SessionCookieName" = "Theirs",
        "SessionTimeout" = 60,
        "OnUnauthenticatedRequest" = "allow",
        "AuthenticationRequestExtraParams" = {"prompt": "none"},
    )
}

/// The login as it is, secret and all, but for one member.
fn logged_in(at: &Desk<'_>, member: &str, value: Value) -> anyhow::Result<Value> {
    let mut actions = at.node(RULE)?.state["Actions"].clone();
    let config = &mut actions[0]["AuthenticateOidcConfig"];
    (config["UseExistingClientSecret"], config[member]) = (json!(true), value);
    // The account's own memory of the secret, which no answer shows.
    config.as_object_mut().map(|members| members.remove("ClientSecretSha256"));
    on(at, RULE, "RuleArn", "ModifyRule", json!({"Actions": actions}))
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

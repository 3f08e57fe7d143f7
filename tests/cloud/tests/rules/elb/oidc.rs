//! The action authenticate-oidc.

use super::common::{rule_input, secure, served, with};
use crate::lab::Lab;
use crate::rule;
use serde_json::{Value, json};

fn config() -> Value {
    json!({
        "Issuer": "https://id.example.com",
        "AuthorizationEndpoint": "https://id.example.com/authorize",
        "TokenEndpoint": "https://id.example.com/token",
        "UserInfoEndpoint": "https://id.example.com/userinfo",
        "ClientId": "jenkins",
        "ClientSecret": "s3cret-value",
    })
}

fn actions(changes: Value) -> Value {
    json!([
        {"Type": "authenticate-oidc", "Order": 1, "AuthenticateOidcConfig": with(config(), changes)},
        {"Type": "fixed-response", "Order": 2, "FixedResponseConfig": {"StatusCode": "200"}},
    ])
}

#[tokio::test(start_paused = true)]
async fn signing_in_needs_https() {
    rule!(
        "ELB",
        "The action authenticate-oidc is refused on an HTTP listener",
        "Action$AuthenticateOidcConfig; the text is observed behaviour (not documented)"
    );
    let lab = Lab::new();
    let (_, _, listener) = served(&lab).await;
    let input = rule_input(&listener, 1, actions(json!({})));
    let refusal = lab.refused("elbv2", "CreateRule", input, "InvalidLoadBalancerAction");
    assert_eq!(refusal.message, "Actions of type 'authenticate-oidc' are supported only on HTTPS listeners");
}

#[tokio::test(start_paused = true)]
async fn defaults_come_back_and_the_secret_does_not() {
    rule!(
        "ELB",
        "authenticate-oidc comes back with its defaults and never with the client secret",
        "AuthenticateOidcActionConfig"
    );
    let lab = Lab::new();
    let (listener, _) = secure(&lab).await;
    let made = lab.ok("elbv2", "CreateRule", rule_input(&listener, 1, actions(json!({}))));
    let shown = &made["Rules"][0]["Actions"][0]["AuthenticateOidcConfig"];
    assert_eq!(shown["SessionCookieName"], "AWSELBAuthSessionCookie");
    assert_eq!(shown["Scope"], "openid");
    assert_eq!(shown["SessionTimeout"], 604_800);
    assert_eq!(shown["OnUnauthenticatedRequest"], "authenticate");
    let rules = lab.ok("elbv2", "DescribeRules", json!({"ListenerArn": listener}));
    assert!(!rules.to_string().contains("s3cret-value") && !rules.to_string().contains("ClientSecret"));
}

#[tokio::test(start_paused = true)]
async fn endpoints_are_full_https_urls() {
    rule!(
        "ELB",
        "Issuer and endpoints of authenticate-oidc must be full URLs with https",
        "AuthenticateOidcActionConfig; the code is observed behaviour (not documented)"
    );
    let lab = Lab::new();
    let (listener, _) = secure(&lab).await;
    for (member, url) in [
        ("Issuer", "id.example.com"),
        ("AuthorizationEndpoint", "http://id.example.com/authorize"),
        ("TokenEndpoint", "https://"),
        ("UserInfoEndpoint", "/userinfo"),
    ] {
        let input = rule_input(&listener, 1, actions(json!({member: url})));
        lab.refused("elbv2", "CreateRule", input, "InvalidLoadBalancerAction");
    }
}

#[tokio::test(start_paused = true)]
async fn session_and_parameters_are_limited() {
    rule!(
        "ELB",
        "A session lasts at most 7 days, and at most 10 extra parameters are sent to the identity provider",
        "AuthenticateOidcActionConfig$SessionTimeout, $AuthenticationRequestExtraParams"
    );
    let lab = Lab::new();
    let (listener, _) = secure(&lab).await;
    let long = rule_input(&listener, 1, actions(json!({"SessionTimeout": 604_801})));
    lab.refused("elbv2", "CreateRule", long, "ValidationError");
    let params: serde_json::Map<String, Value> = (0..11).map(|n| (format!("p{n}"), json!("x"))).collect();
    let many = rule_input(&listener, 1, actions(json!({"AuthenticationRequestExtraParams": params})));
    lab.refused("elbv2", "CreateRule", many, "InvalidLoadBalancerAction");
}

#[tokio::test(start_paused = true)]
async fn a_new_action_needs_a_secret() {
    rule!(
        "ELB",
        "A new authenticate-oidc action needs a client secret and can't use an existing one",
        "AuthenticateOidcActionConfig$ClientSecret, $UseExistingClientSecret"
    );
    let lab = Lab::new();
    let (listener, _) = secure(&lab).await;
    for changes in [json!({"ClientSecret": null}), json!({"ClientSecret": null, "UseExistingClientSecret": true})] {
        let input = rule_input(&listener, 1, actions(changes));
        lab.refused("elbv2", "CreateRule", input, "InvalidLoadBalancerAction");
    }
}

#[tokio::test(start_paused = true)]
async fn an_existing_secret_is_used_again() {
    rule!(
        "ELB",
        "Modifying a rule keeps its client secret with UseExistingClientSecret, takes a new one, and refuses both or neither",
        "AuthenticateOidcActionConfig$UseExistingClientSecret; the code is observed behaviour (not documented)"
    );
    let lab = Lab::new();
    let (listener, _) = secure(&lab).await;
    let made = lab.ok("elbv2", "CreateRule", rule_input(&listener, 1, actions(json!({}))));
    let arn = made["Rules"][0]["RuleArn"].clone();
    let modify = |changes: Value| json!({"RuleArn": arn, "Actions": actions(changes)});
    let hash = || {
        lab.cloud.with(|world| {
            let items = jenkinsstack_cloud::service::items(world.peek("111122223333", "eu-central-1"));
            let found = items.into_iter().find(|item| json!(item.arn) == arn).expect("the rule");
            found.state["Actions"][0]["AuthenticateOidcConfig"]["ClientSecretSha256"].clone()
        })
    };
    let first = hash();
    lab.ok(
        "elbv2",
        "ModifyRule",
        modify(json!({"ClientSecret": null, "UseExistingClientSecret": true, "Scope": "openid email"})),
    );
    assert_eq!(hash(), first);
    lab.ok("elbv2", "ModifyRule", modify(json!({"ClientSecret": "other"})));
    assert_ne!(hash(), first);
    lab.refused("elbv2", "ModifyRule", modify(json!({"UseExistingClientSecret": true})), "InvalidLoadBalancerAction");
    lab.refused("elbv2", "ModifyRule", modify(json!({"ClientSecret": null})), "InvalidLoadBalancerAction");
}

#[tokio::test(start_paused = true)]
async fn signing_in_is_not_the_end() {
    rule!(
        "ELB",
        "authenticate-oidc comes before the routing action and never alone or last",
        "Action; the code is observed behaviour (not documented)"
    );
    let lab = Lab::new();
    let (listener, _) = secure(&lab).await;
    let mut alone = actions(json!({}));
    alone.as_array_mut().expect("a list").truncate(1);
    lab.refused("elbv2", "CreateRule", rule_input(&listener, 1, alone), "InvalidLoadBalancerAction");
    let mut last = actions(json!({}));
    last[0]["Order"] = json!(3);
    lab.refused("elbv2", "CreateRule", rule_input(&listener, 1, last), "InvalidLoadBalancerAction");
    let mut thrice = actions(json!({}));
    let third = json!({"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200"}, "Order": 3});
    thrice.as_array_mut().expect("a list").push(third);
    lab.refused("elbv2", "CreateRule", rule_input(&listener, 1, thrice), "TooManyActions");
}

#[tokio::test(start_paused = true)]
async fn https_does_not_become_http_while_rules_sign_in() {
    rule!(
        "ELB",
        "An HTTPS listener whose rules authenticate is not changed to HTTP",
        "observed behaviour (not documented)"
    );
    let lab = Lab::new();
    let (listener, _) = secure(&lab).await;
    lab.ok("elbv2", "CreateRule", rule_input(&listener, 1, actions(json!({}))));
    let modify = json!({"ListenerArn": listener, "Protocol": "HTTP"});
    lab.refused("elbv2", "ModifyListener", modify, "InvalidLoadBalancerAction");
}

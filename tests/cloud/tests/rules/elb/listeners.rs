//! Listeners.

use super::common::{
    balancer_arn, certificate, forward, group, listener, listener_input, net, not_found, nothing, served, text, with,
};
use crate::lab::Lab;
use crate::rule;
use serde_json::{Value, json};

fn https(balancer: &str, certificate: &str) -> Value {
    let tls = json!({"Protocol": "HTTPS", "Certificates": [{"CertificateArn": certificate}]});
    with(listener_input(balancer, 443, not_found()), tls)
}

#[tokio::test(start_paused = true)]
async fn an_equal_repeat_answers_the_same_listener() {
    rule!(
        "ELB",
        "CreateListener on a taken port answers the listener when all settings are equal, else it is refused",
        "Elastic Load Balancing API Reference, CreateListener, DuplicateListener"
    );
    let lab = Lab::new();
    let (_, balancer, first) = served(&lab).await;
    assert_eq!(listener(&lab, &balancer, 80, not_found()), first);
    let id = first.strip_prefix(&balancer.replace(":loadbalancer/", ":listener/")).expect("the ARN's form");
    assert_eq!(id.len(), 17);
    let other = json!([{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "503"}}]);
    lab.refused("elbv2", "CreateListener", listener_input(&balancer, 80, other), "DuplicateListener");
}

#[tokio::test(start_paused = true)]
async fn what_a_listener_needs() {
    rule!(
        "ELB",
        "A listener needs an existing load balancer, HTTP or HTTPS, a port and an action",
        "CreateListenerInput; the codes are observed behaviour (not documented)"
    );
    let lab = Lab::new();
    let net = net(&lab).await;
    let balancer = balancer_arn(&lab, &net, "ci");
    let base = listener_input(&balancer, 80, not_found());
    for changes in [
        json!({"Protocol": null}),
        json!({"Port": null}),
        json!({"Protocol": "TCP"}),
        json!({"DefaultActions": []}),
        json!({"SslPolicy": "ELBSecurityPolicy-2016-08"}),
        json!({"Certificates": [{"CertificateArn": certificate(&lab)}]}),
    ] {
        lab.refused("elbv2", "CreateListener", with(base.clone(), changes), "ValidationError");
    }
    let unknown = listener_input(&nothing("loadbalancer/app/x/0123456789abcdef"), 80, not_found());
    lab.refused("elbv2", "CreateListener", unknown, "LoadBalancerNotFound");
    let gone = listener_input(&balancer, 80, forward(&nothing("targetgroup/x/0123456789abcdef")));
    lab.refused("elbv2", "CreateListener", gone, "TargetGroupNotFound");
}

#[tokio::test(start_paused = true)]
async fn https_comes_with_defaults() {
    rule!(
        "ELB",
        "An HTTPS listener that names no security policy gets ELBSecurityPolicy-2016-08, and mutual TLS is off",
        "User Guide for Application Load Balancers, Security policies"
    );
    let lab = Lab::new();
    let net = net(&lab).await;
    let balancer = balancer_arn(&lab, &net, "ci");
    let own = certificate(&lab);
    let made = lab.ok("elbv2", "CreateListener", https(&balancer, &own))["Listeners"][0].clone();
    assert_eq!(made["SslPolicy"], "ELBSecurityPolicy-2016-08");
    assert_eq!(made["MutualAuthentication"]["Mode"], "off");
    assert_eq!(made["Certificates"], json!([{"CertificateArn": own}]));
}

#[tokio::test(start_paused = true)]
async fn unknown_security_policies_are_refused() {
    rule!("ELB", "A security policy that does not exist is refused", "CreateListener, SSLPolicyNotFound");
    let lab = Lab::new();
    let net = net(&lab).await;
    let balancer = balancer_arn(&lab, &net, "ci");
    let input = with(https(&balancer, &certificate(&lab)), json!({"SslPolicy": "ELBSecurityPolicy-1999-01"}));
    lab.refused("elbv2", "CreateListener", input, "SSLPolicyNotFound");
    lab.refused("elbv2", "DescribeSSLPolicies", json!({"Names": ["ELBSecurityPolicy-1999-01"]}), "SSLPolicyNotFound");
    let known = lab.ok("elbv2", "DescribeSSLPolicies", json!({"Names": ["ELBSecurityPolicy-TLS13-1-2-2021-06"]}));
    assert_eq!(known["SslPolicies"][0]["SslProtocols"], json!(["TLSv1.2", "TLSv1.3"]));
}

#[tokio::test(start_paused = true)]
async fn modifying_replaces_what_is_named() {
    rule!(
        "ELB",
        "ModifyListener replaces what it names; a port that another listener has is refused",
        "Elastic Load Balancing API Reference, ModifyListener, DuplicateListener"
    );
    let lab = Lab::new();
    let (net, balancer, arn) = served(&lab).await;
    listener(&lab, &balancer, 81, not_found());
    let to = |port: u16| json!({"ListenerArn": arn, "Port": port});
    lab.refused("elbv2", "ModifyListener", to(81), "DuplicateListener");
    let moved = lab.ok("elbv2", "ModifyListener", to(8080))["Listeners"][0].clone();
    assert_eq!((&moved["Port"], &moved["DefaultActions"][0]["Type"]), (&json!(8080), &json!("fixed-response")));
    let target_group = group(&lab, &net, "ci");
    let changed = json!({"ListenerArn": arn, "DefaultActions": forward(&target_group)});
    let changed = lab.ok("elbv2", "ModifyListener", changed)["Listeners"][0].clone();
    assert_eq!(
        (&changed["Port"], &changed["DefaultActions"][0]["TargetGroupArn"]),
        (&json!(8080), &json!(target_group))
    );
    lab.refused("elbv2", "ModifyListener", json!({"ListenerArn": arn, "DefaultActions": []}), "ValidationError");
}

#[tokio::test(start_paused = true)]
async fn from_http_to_https_and_back() {
    rule!(
        "ELB",
        "Changing HTTP to HTTPS needs a certificate; changing back removes certificate and policy",
        "Elastic Load Balancing API Reference, ModifyListener"
    );
    let lab = Lab::new();
    let (_, _, arn) = served(&lab).await;
    let bare = json!({"ListenerArn": arn, "Protocol": "HTTPS"});
    lab.refused("elbv2", "ModifyListener", bare.clone(), "ValidationError");
    lab.ok("elbv2", "ModifyListener", with(bare, json!({"Certificates": [{"CertificateArn": certificate(&lab)}]})));
    let back =
        lab.ok("elbv2", "ModifyListener", json!({"ListenerArn": arn, "Protocol": "HTTP"}))["Listeners"][0].clone();
    assert_eq!((&back["SslPolicy"], &back["Certificates"]), (&json!(null), &json!(null)));
}

#[tokio::test(start_paused = true)]
async fn describing_needs_one_selection() {
    rule!(
        "ELB",
        "DescribeListeners needs a load balancer or listeners, and fails as a whole for one that does not exist",
        "Elastic Load Balancing API Reference, DescribeListeners, ListenerNotFound"
    );
    let lab = Lab::new();
    let (_, balancer, arn) = served(&lab).await;
    lab.refused("elbv2", "DescribeListeners", json!({}), "ValidationError");
    let unknown = nothing("listener/app/ci/0123456789abcdef/0123456789abcdef");
    lab.refused("elbv2", "DescribeListeners", json!({"ListenerArns": [arn, unknown]}), "ListenerNotFound");
    let gone = json!({"LoadBalancerArn": nothing("loadbalancer/app/x/0123456789abcdef")});
    lab.refused("elbv2", "DescribeListeners", gone, "LoadBalancerNotFound");
    let shown = lab.ok("elbv2", "DescribeListeners", json!({"LoadBalancerArn": balancer}));
    assert_eq!(text(&shown["Listeners"][0]["ListenerArn"]), arn);
}

#[tokio::test(start_paused = true)]
async fn a_deleted_listener_is_not_deleted_again() {
    rule!("ELB", "DeleteListener is refused for a listener that is gone", "DeleteListener, ListenerNotFound");
    let lab = Lab::new();
    let (_, _, arn) = served(&lab).await;
    lab.ok("elbv2", "DescribeListenerAttributes", json!({"ListenerArn": arn}));
    lab.ok("elbv2", "DeleteListener", json!({"ListenerArn": arn}));
    lab.refused("elbv2", "DeleteListener", json!({"ListenerArn": arn}), "ListenerNotFound");
    lab.refused("elbv2", "DescribeListenerAttributes", json!({"ListenerArn": arn}), "ListenerNotFound");
}

#[tokio::test(start_paused = true)]
async fn fifty_listeners_a_load_balancer() {
    rule!(
        "ELB",
        "A load balancer has at most 50 listeners by default",
        "Quotas for your Application Load Balancers; CreateListener, TooManyListeners"
    );
    let lab = Lab::new();
    let net = net(&lab).await;
    let balancer = balancer_arn(&lab, &net, "ci");
    for port in 1000..1050 {
        listener(&lab, &balancer, port, not_found());
    }
    lab.refused("elbv2", "CreateListener", listener_input(&balancer, 80, not_found()), "TooManyListeners");
}

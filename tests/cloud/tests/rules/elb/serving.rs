//! What a client gets.

use super::common::{certificate, forward, group, listener, listener_input, new_rule, served, text, with};
use crate::lab::Lab;
use crate::rule;
use jenkinsstack_cloud::service::elb::{NoAnswer, Served, Visit, serve};
use jenkinsstack_cloud::world::Place;
use serde_json::json;

fn visit(lab: &Lab, to: &str, path: &str, source_ip: &str) -> Result<Served, NoAnswer> {
    let place = Place { account: "111122223333".into(), region: "eu-central-1".into() };
    let visit = Visit { to, scheme: "http", host: "ci.example.com", path, source_ip, session: None };
    lab.cloud.with(|world| serve(world, &place, visit))
}

fn dns(lab: &Lab) -> String {
    text(&lab.ok("elbv2", "DescribeLoadBalancers", json!({"Names": ["ci"]}))["LoadBalancers"][0]["DNSName"])
}

fn open(lab: &Lab, group: &str, port: u16, cidr: &str) {
    let tcp = json!([{"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": [{"CidrIp": cidr}]}]);
    lab.ok("ec2", "AuthorizeSecurityGroupIngress", json!({"GroupId": group, "IpPermissions": tcp}));
}

#[tokio::test(start_paused = true)]
async fn security_groups_decide_who_gets_in() {
    rule!(
        "ELB",
        "A client gets an answer only when the load balancer is active and its security groups let the client in",
        "User Guide for Application Load Balancers, Security groups"
    );
    let lab = Lab::new();
    let (net, _, _) = served(&lab).await;
    let name = dns(&lab);
    open(&lab, &net.group, 80, "203.0.113.0/24");
    lab.wait(10).await;
    assert_eq!(visit(&lab, &name, "/", "203.0.113.9"), Err(NoAnswer::TimedOut));
    lab.wait(240).await;
    assert_eq!(visit(&lab, &name, "/", "203.0.113.9").map(|served| served.status), Ok(404));
    assert_eq!(visit(&lab, &name, "/", "198.51.100.9"), Err(NoAnswer::TimedOut));
    assert_eq!(visit(&lab, "other.eu-central-1.elb.amazonaws.com", "/", "203.0.113.9"), Err(NoAnswer::UnknownHost));
}

#[tokio::test(start_paused = true)]
async fn rules_are_tried_by_priority() {
    rule!(
        "ELB",
        "The first rule by priority whose conditions are met answers, else the default rule",
        "User Guide for Application Load Balancers, Listener rules"
    );
    let lab = Lab::new();
    let (net, _, first) = served(&lab).await;
    open(&lab, &net.group, 80, "0.0.0.0/0");
    let path = json!([{"Field": "path-pattern", "Values": ["/job/*"]}]);
    let fixed = |code: &str| json!([{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": code}}]);
    let input = with(super::common::rule_input(&first, 2, fixed("202")), json!({"Conditions": path}));
    lab.ok("elbv2", "CreateRule", input);
    lab.wait(250).await;
    let status = |path: &str| visit(&lab, &dns(&lab), path, "203.0.113.9").map(|served| served.status);
    assert_eq!((status("/job/a?x=1"), status("/JOB/a")), (Ok(202), Ok(404)));
    let host = new_rule(&lab, &first, 1);
    lab.ok("elbv2", "ModifyRule", json!({"RuleArn": host, "Actions": fixed("203")}));
    assert_eq!(status("/job/a"), Ok(203));
}

#[tokio::test(start_paused = true)]
async fn a_redirect_fills_in_the_request() {
    rule!("ELB", "A redirect to HTTPS keeps host, path and query", "RedirectActionConfig");
    let lab = Lab::new();
    let (net, balancer, _) = served(&lab).await;
    open(&lab, &net.group, 81, "0.0.0.0/0");
    let config = json!({"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"});
    listener(&lab, &balancer, 81, json!([{"Type": "redirect", "RedirectConfig": config}]));
    lab.wait(250).await;
    let served = visit(&lab, &format!("{}:81", dns(&lab)), "/job/a?x=1", "203.0.113.9").expect("an answer");
    let target = "https://ci.example.com:443/job/a?x=1";
    assert_eq!((served.status, served.headers), (301, vec![("location".to_owned(), target.to_owned())]));
}

#[tokio::test(start_paused = true)]
async fn no_targets_no_service() {
    rule!(
        "ELB",
        "A forward to a target group without registered targets is answered with 503, a port without listener not at all",
        "Troubleshoot your Application Load Balancers, HTTP 503"
    );
    let lab = Lab::new();
    let (net, balancer, _) = served(&lab).await;
    open(&lab, &net.group, 81, "0.0.0.0/0");
    open(&lab, &net.group, 82, "0.0.0.0/0");
    let target_group = group(&lab, &net, "ci");
    listener(&lab, &balancer, 81, forward(&target_group));
    lab.wait(250).await;
    let at = |port: u16| visit(&lab, &format!("{}:{port}", dns(&lab)), "/", "203.0.113.9").map(|served| served.status);
    assert_eq!((at(81), at(82)), (Ok(503), Err(NoAnswer::Refused)));
}

#[tokio::test(start_paused = true)]
async fn strangers_are_sent_to_the_identity_provider() {
    rule!(
        "ELB",
        "Without a session authenticate-oidc answers 302 to the authorization endpoint, with /oauth2/idpresponse as way back; with one the request goes on",
        "User Guide for Application Load Balancers, Authenticate users"
    );
    let lab = Lab::new();
    let (net, balancer, _) = served(&lab).await;
    open(&lab, &net.group, 443, "0.0.0.0/0");
    let oidc = |unauthenticated: &str| {
        let config = json!({
            "Issuer": "https://id.example.com", "AuthorizationEndpoint": "https://id.example.com/authorize",
            "TokenEndpoint": "https://id.example.com/token", "UserInfoEndpoint": "https://id.example.com/userinfo",
            "ClientId": "jenkins", "ClientSecret": "s3cret", "OnUnauthenticatedRequest": unauthenticated,
        });
        let fixed = json!({"StatusCode": "200"});
        json!([
            {"Type": "authenticate-oidc", "Order": 1, "AuthenticateOidcConfig": config},
            {"Type": "fixed-response", "Order": 2, "FixedResponseConfig": fixed},
        ])
    };
    let tls = json!({"Protocol": "HTTPS", "Certificates": [{"CertificateArn": certificate(&lab)}]});
    let input = with(listener_input(&balancer, 443, oidc("authenticate")), tls);
    let own = lab.ok("elbv2", "CreateListener", input)["Listeners"][0]["ListenerArn"].clone();
    lab.wait(250).await;
    let place = Place { account: "111122223333".into(), region: "eu-central-1".into() };
    let name = dns(&lab);
    let get = |session| {
        let (host, source_ip) = ("CI.example.com", "203.0.113.9");
        let visit = Visit { to: &name, scheme: "https", host, path: "/", source_ip, session };
        lab.cloud.with(|world| serve(world, &place, visit)).expect("an answer")
    };
    let location = "https://id.example.com/authorize?client_id=jenkins\
        &redirect_uri=https%3A%2F%2Fci%2Eexample%2Ecom%2Foauth2%2Fidpresponse&response_type=code&scope=openid";
    let served = get(None);
    assert_eq!((served.status, served.headers), (302, vec![("location".to_owned(), location.to_owned())]));
    assert_eq!(get(Some("cookie")).status, 200);
    for (unauthenticated, status) in [("deny", 401), ("allow", 200)] {
        lab.ok("elbv2", "ModifyListener", json!({"ListenerArn": own, "DefaultActions": oidc(unauthenticated)}));
        assert_eq!(get(None).status, status);
    }
}

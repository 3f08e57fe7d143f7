//! What the driver of a listener promises.

use crate::bench::{Bench, Calls};
use crate::front::{balancer, not_found};
use crate::home::existing;
use jenkinsstack_aws::Class;
use jenkinsstack_core::graph::{Node, NodeId};
use jenkinsstack_core::input::Input;
use jenkinsstack_core::kind::listener::{DefaultAction, Desired, Protocol};
use jenkinsstack_core::kind::{Desired as Any, Kind};
use serde_json::json;

const ITEM: &str = "elasticloadbalancing:listener";

/// A bench with a load balancer and the node of a plain listener on it.
async fn stage() -> (Bench, String, NodeId, Node) {
    let bench = Bench::new().await;
    let (_, _, balancer) = balancer(&bench).await;
    let id = NodeId::new("listener");
    let node = plain(&bench, &balancer.id(), &id, DefaultAction::NotFound);
    (bench, balancer.id(), id, node)
}

fn plain(bench: &Bench, balancer: &str, id: &NodeId, default_action: DefaultAction) -> Node {
    let load_balancer = Input::Known(balancer.parse().unwrap());
    let desired = Desired { load_balancer, port: 80, protocol: Protocol::Http, default_action };
    bench.node(id, "unused", Any::Listener(desired))
}

fn with(node: &Node, change: impl FnOnce(&mut Desired)) -> Node {
    let mut node = node.clone();
    let Any::Listener(desired) = &mut node.desired else { panic!("a listener") };
    change(desired);
    node
}

fn https(bench: &Bench, tls_policy: &str) -> Protocol {
    let certificate = bench.network.certificate_arn.parse().unwrap();
    Protocol::Https { certificate, tls_policy: tls_policy.to_owned() }
}

#[tokio::test(start_paused = true)]
async fn lives() {
    let (bench, _, id, node) = stage().await;
    let calls = Calls {
        create: &["CreateListener"],
        again: &["CreateListener"],
        read: &["DescribeListeners", "DescribeTags"],
        delete: &["DescribeListeners", "DescribeTags", "DeleteListener"],
    };
    bench.life(&id, &node, &calls).await;
}

#[tokio::test(start_paused = true)]
async fn survives_a_lost_answer() {
    let (bench, _, id, node) = stage().await;
    bench.lose(&id, &node, "CreateListener").await;
    assert_eq!(existing(&bench, ITEM).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn everything_changes_in_place() {
    let (bench, _, id, node) = stage().await;
    let seen = bench.create(&id, &node).await;
    let redirecting = with(&node, |desired| desired.default_action = DefaultAction::RedirectToHttps);
    let seen = bench.update(&id, &seen, &redirecting, &["defaultActions"]).await;
    let secure = with(&node, |desired| {
        desired.port = 443;
        desired.protocol = https(&bench, "ELBSecurityPolicy-TLS13-1-2-2021-06");
    });
    let seen = bench.update(&id, &seen, &secure, &["port", "protocol", "defaultActions"]).await;
    let stricter = with(&secure, |desired| desired.protocol = https(&bench, "ELBSecurityPolicy-TLS13-1-3-2021-06"));
    let seen = bench.update(&id, &seen, &stricter, &["protocol"]).await;
    assert_eq!(existing(&bench, ITEM)[0].state["SslPolicy"], "ELBSecurityPolicy-TLS13-1-3-2021-06");
    let mut tagged = stricter.clone();
    tagged.tags.insert("team".into(), "b".into());
    let seen = bench.update(&id, &seen, &tagged, &["tags"]).await;
    let seen = bench.update(&id, &seen, &node, &["port", "protocol", "tags"]).await;
    assert_eq!(bench.list(&id, Kind::Listener).await, [seen]);
}

#[tokio::test(start_paused = true)]
async fn a_default_action_of_somebody_else_is_put_right() {
    let (bench, _, id, node) = stage().await;
    let seen = bench.create(&id, &node).await;
    let action = json!([{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200"}}]);
    bench.by_hand("elbv2", "ModifyListener", json!({"ListenerArn": seen.id(), "DefaultActions": action}));
    let drifted = bench.list(&id, Kind::Listener).await.remove(0);
    let now = bench.update(&id, &drifted, &node, &["defaultActions"]).await;
    assert_eq!(now, seen);
}

#[tokio::test(start_paused = true)]
async fn one_with_other_settings_is_found_by_its_port() {
    let (bench, balancer, id, node) = stage().await;
    let seen = bench.create(&id, &node).await;
    let other = plain(&bench, &balancer, &id, DefaultAction::RedirectToHttps);
    let (found, calls) = bench.counting(bench.create(&id, &other)).await;
    assert_eq!(found, seen);
    assert_eq!(calls, ["CreateListener", "DescribeListeners", "DescribeTags"]);
    bench.update(&id, &seen, &other, &["defaultActions"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_foreign_one_on_the_port_is_refused() {
    let (bench, balancer, id, node) = stage().await;
    let input = json!({"LoadBalancerArn": balancer, "Protocol": "HTTP", "Port": 80, "DefaultActions": not_found()});
    bench.by_hand("elbv2", "CreateListener", input);
    let before = existing(&bench, ITEM)[0].state.clone();
    let error = bench.try_create(&id, &node).await.unwrap_err();
    assert_eq!(error.class, Class::Foreign, "{error}");
    assert!(error.message.contains("port 80"), "{error}");
    assert_eq!(existing(&bench, ITEM)[0].state, before);
    assert_eq!(bench.list(&id, Kind::Listener).await, []);
}

/// From HTTP to HTTPS, the redirect takes the port that the listener is about to leave.
#[tokio::test(start_paused = true)]
async fn a_port_that_another_node_is_leaving_is_waited_for() {
    let (bench, balancer, id, node) = stage().await;
    let seen = bench.create(&id, &node).await;
    let redirect = NodeId::new("redirect-listener");
    let wanted = plain(&bench, &balancer, &redirect, DefaultAction::RedirectToHttps);
    let error = bench.try_create(&redirect, &wanted).await.unwrap_err();
    assert_eq!(error.class, Class::Conflict, "{error}");
    assert!(error.message.contains("listener of this stack"), "{error}");
    let secure = with(&node, |desired| {
        desired.port = 443;
        desired.protocol = https(&bench, "ELBSecurityPolicy-TLS13-1-2-2021-06");
    });
    bench.update(&id, &seen, &secure, &["port", "protocol"]).await;
    bench.create(&redirect, &wanted).await;
}

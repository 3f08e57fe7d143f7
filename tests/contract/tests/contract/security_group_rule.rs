//! What the driver of a security group rule promises.

use crate::bench::{Bench, Calls};
use crate::security_group::group;
use jenkinsstack_aws::Class;
use jenkinsstack_core::graph::{Node, NodeId};
use jenkinsstack_core::id::SecurityGroupId;
use jenkinsstack_core::input::Input;
use jenkinsstack_core::kind::security_group_rule::{self, Direction, Peer};
use jenkinsstack_core::kind::{Desired, Kind};
use jenkinsstack_core::owner::Owner;
use serde_json::json;
use std::time::Duration;

fn id() -> NodeId {
    NodeId::new("controller-security-group/443-to-internet")
}

/// The group that the rules are in.
async fn host(bench: &Bench) -> SecurityGroupId {
    let id = NodeId::new("controller-security-group");
    let seen = bench.create(&id, &group(bench, &id, "jks-controller")).await;
    bench.wait(Duration::from_secs(10)).await;
    seen.id().parse().unwrap()
}

fn cidr(block: &str) -> Peer {
    Peer::Cidr(block.to_owned())
}

fn node(bench: &Bench, group: &SecurityGroupId, direction: Direction, peer: Peer) -> Node {
    let group = Input::Known(group.clone());
    let description = "Jenkins team-a/ci: 443 to internet".into();
    let desired = security_group_rule::Desired { group, direction, ports: (443, 443), peer, description };
    bench.node(&id(), "0123", Desired::SecurityGroupRule(desired))
}

fn permissions() -> serde_json::Value {
    json!([{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}])
}

#[tokio::test(start_paused = true)]
async fn lives() {
    for (direction, way) in [(Direction::Ingress, "Ingress"), (Direction::Egress, "Egress")] {
        let bench = Bench::new().await;
        let group = host(&bench).await;
        let (authorize, revoke) = (format!("AuthorizeSecurityGroup{way}"), format!("RevokeSecurityGroup{way}"));
        let describe = "DescribeSecurityGroupRules";
        let calls = Calls {
            create: &[&authorize],
            again: &[&authorize, describe],
            read: &[describe],
            delete: &[describe, &revoke],
        };
        for peer in [cidr("0.0.0.0/0"), cidr("2001:db8::/32"), Peer::Group(Input::Known(group.clone()))] {
            bench.life(&id(), &node(&bench, &group, direction, peer), &calls).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn all_rules_and_groups_take_two_calls_to_list() {
    let bench = Bench::new().await;
    let group = host(&bench).await;
    bench.create(&id(), &node(&bench, &group, Direction::Egress, cidr("0.0.0.0/0"))).await;
    let other = NodeId::new("other");
    let mut peer = node(&bench, &group, Direction::Ingress, Peer::Group(Input::Known(group.clone())));
    peer.tags.extend(bench.owner.tags(&other, "installation-1"));
    bench.create(&other, &peer).await;
    let (found, made) = bench.counting(bench.list(&id(), Kind::SecurityGroupRule)).await;
    assert_eq!(found.len(), 1);
    let groups = made.iter().filter(|operation| operation.starts_with("DescribeSecurityGroup")).collect::<Vec<_>>();
    assert_eq!(groups, ["DescribeSecurityGroupRules", "DescribeSecurityGroups"]);
}

#[tokio::test(start_paused = true)]
async fn survives_a_lost_answer() {
    let bench = Bench::new().await;
    let group = host(&bench).await;
    let node = node(&bench, &group, Direction::Egress, cidr("0.0.0.0/0"));
    bench.lose(&id(), &node, "AuthorizeSecurityGroupEgress").await;
}

#[tokio::test(start_paused = true)]
async fn changes() {
    let bench = Bench::new().await;
    let group = host(&bench).await;
    let node = |peer| node(&bench, &group, Direction::Egress, peer);
    let with = |change: &dyn Fn(&mut security_group_rule::Desired), mut node: Node| {
        if let Desired::SecurityGroupRule(desired) = &mut node.desired {
            change(desired);
        }
        node
    };
    let seen = bench.create(&id(), &node(cidr("0.0.0.0/0"))).await;
    let seen = bench.update(&id(), &seen, &node(cidr("10.0.0.0/16")), &["peer"]).await;
    let seen = bench.update(&id(), &seen, &node(cidr("2001:db8::/32")), &["peer"]).await;
    let seen = bench.update(&id(), &seen, &node(Peer::Group(Input::Known(group.clone()))), &["peer"]).await;
    let other = with(&|desired| desired.description = "other".into(), node(cidr("10.0.0.0/16")));
    let mut other = with(&|desired| desired.ports = (80, 81), other);
    other.tags.insert("team".into(), "b".into());
    let seen = bench.update(&id(), &seen, &other, &["ports", "peer", "description", "tags"]).await;
    assert_eq!(bench.list(&id(), Kind::SecurityGroupRule).await, std::slice::from_ref(&seen));
    bench.by_hand("ec2", "DeleteTags", json!({"Resources": [seen.id()], "Tags": [{"Key": "team"}]}));
    let seen = bench.list(&id(), Kind::SecurityGroupRule).await.remove(0);
    bench.update(&id(), &seen, &other, &["tags"]).await;
}

#[tokio::test(start_paused = true)]
async fn an_equal_stray_of_our_group_becomes_ours() {
    let bench = Bench::new().await;
    let group = host(&bench).await;
    let stray = json!({"GroupId": group, "IpPermissions": permissions()});
    let stray = bench.by_hand("ec2", "AuthorizeSecurityGroupEgress", stray);
    let node = node(&bench, &group, Direction::Egress, cidr("0.0.0.0/0"));
    let seen = bench.create(&id(), &node).await;
    assert_eq!(json!(seen.id()), stray["SecurityGroupRules"][0]["SecurityGroupRuleId"]);
    let seen = bench.update(&id(), &seen, &node, &["description"]).await;
    assert_eq!(bench.list(&id(), Kind::SecurityGroupRule).await, [seen]);
}

#[tokio::test(start_paused = true)]
async fn an_equal_rule_of_another_node_goes_over() {
    let bench = Bench::new().await;
    let group = host(&bench).await;
    let mut before = node(&bench, &group, Direction::Egress, cidr("0.0.0.0/0"));
    let old = NodeId::new("old-name");
    before.tags.extend(bench.owner.tags(&old, "installation-1"));
    let rule = bench.create(&old, &before).await;
    let seen = bench.create(&id(), &node(&bench, &group, Direction::Egress, cidr("0.0.0.0/0"))).await;
    assert_eq!(seen.id(), rule.id());
    bench.delete(&old, &rule).await;
    assert_eq!(bench.list(&id(), Kind::SecurityGroupRule).await, [seen]);
}

#[tokio::test(start_paused = true)]
async fn a_foreign_one_is_refused() {
    let bench = Bench::new().await;
    let group = host(&bench).await;
    let other = Owner { cluster: "prod".into(), namespace: "team-b".into(), name: "ci".into() };
    let tags: Vec<_> = other.tags(&id(), "i").into_iter().map(|(k, v)| json!({"Key": k, "Value": v})).collect();
    let tags = json!([{"ResourceType": "security-group-rule", "Tags": tags}]);
    let theirs = json!({"GroupId": group, "IpPermissions": permissions(), "TagSpecifications": tags});
    bench.by_hand("ec2", "AuthorizeSecurityGroupEgress", theirs);
    let node = node(&bench, &group, Direction::Egress, cidr("0.0.0.0/0"));
    let error = bench.try_create(&id(), &node).await.unwrap_err();
    assert_eq!(error.class, Class::Foreign, "{error}");
    assert_eq!(bench.list(&id(), Kind::SecurityGroupRule).await, []);
}

//! What the driver of a security group promises.

use crate::bench::{Bench, Calls};
use jenkinsstack_aws::Class;
use jenkinsstack_core::graph::{Node, NodeId};
use jenkinsstack_core::kind::{Desired, Kind, Observed, security_group};
use jenkinsstack_core::observed::Seen;
use serde_json::{Value, json};

const NAME: &str = "jks-team-a-ci-controller-security-group-0123456789";

fn id() -> NodeId {
    NodeId::new("controller-security-group")
}

pub(crate) fn group(bench: &Bench, id: &NodeId, name: &str) -> Node {
    let vpc = bench.network.vpc.parse().unwrap();
    let desired = security_group::Desired { description: "Jenkins team-a/ci: controller".into(), vpc };
    bench.node(id, name, Desired::SecurityGroup(desired))
}

fn node(bench: &Bench) -> Node {
    group(bench, &id(), NAME)
}

fn ssh(from: &str) -> Value {
    json!([{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": from}]}])
}

fn strays(seen: &Seen) -> usize {
    match &seen.observed {
        Observed::SecurityGroup(group) => group.stray_rules.len(),
        _ => panic!("not a security group"),
    }
}

#[tokio::test(start_paused = true)]
async fn lives() {
    let bench = Bench::new().await;
    let calls = Calls {
        create: &["CreateSecurityGroup", "RevokeSecurityGroupEgress"],
        again: &["CreateSecurityGroup", "DescribeSecurityGroups"],
        read: &["DescribeSecurityGroups"],
        delete: &["DescribeSecurityGroups", "DeleteSecurityGroup"],
    };
    bench.life(&id(), &node(&bench), &calls).await;
}

#[tokio::test(start_paused = true)]
async fn survives_lost_answers() {
    for operation in ["CreateSecurityGroup", "RevokeSecurityGroupEgress"] {
        let bench = Bench::new().await;
        let node = node(&bench);
        let lost = jenkinsstack_cloud::faults::Rule::new(jenkinsstack_cloud::faults::Effect::Lose);
        let lost = lost.operation(operation).occurs(jenkinsstack_cloud::faults::Occurrence::First(1));
        bench.cloud.faults(|faults| faults.add(lost));
        let mut outcome = bench.try_create(&id(), &node).await;
        while outcome.as_ref().is_err_and(|error| error.class == Class::NotYet) {
            bench.wait(std::time::Duration::from_secs(5)).await;
            outcome = bench.try_create(&id(), &node).await;
        }
        assert_eq!(strays(&outcome.unwrap()), 0, "the rule that AWS put in is gone, too");
        let list = bench.list(&id(), Kind::SecurityGroup).await;
        assert_eq!(list.iter().map(strays).collect::<Vec<_>>(), [0]);
    }
}

#[tokio::test(start_paused = true)]
async fn strays_go() {
    let bench = Bench::new().await;
    let node = node(&bench);
    let seen = bench.create(&id(), &node).await;
    for (operation, permissions) in [
        ("AuthorizeSecurityGroupIngress", ssh("10.0.0.0/8")),
        ("AuthorizeSecurityGroupIngress", json!([{"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": seen.id()}]}])),
        ("AuthorizeSecurityGroupEgress", ssh("0.0.0.0/0")),
    ] {
        bench.by_hand("ec2", operation, json!({"GroupId": seen.id(), "IpPermissions": permissions}));
    }
    let seen = bench.list(&id(), Kind::SecurityGroup).await.remove(0);
    assert_eq!(strays(&seen), 3);
    assert_eq!(bench.read(&id(), &seen).await.as_ref(), Some(&seen));
    let seen = bench.update(&id(), &seen, &node, &["strayRules"]).await;
    assert_eq!(bench.list(&id(), Kind::SecurityGroup).await, [seen]);
}

#[tokio::test(start_paused = true)]
async fn strays_do_not_keep_two_groups_from_going() {
    let bench = Bench::new().await;
    let other = NodeId::new("file-system-security-group");
    let one = bench.create(&id(), &node(&bench)).await;
    let two = bench.create(&other, &group(&bench, &other, "jks-other")).await;
    bench.wait(std::time::Duration::from_secs(10)).await;
    for (of, to) in [(&one, &two), (&two, &one)] {
        let permissions =
            json!([{"IpProtocol": "tcp", "FromPort": 1, "ToPort": 2, "UserIdGroupPairs": [{"GroupId": to.id()}]}]);
        bench.by_hand(
            "ec2",
            "AuthorizeSecurityGroupIngress",
            json!({"GroupId": of.id(), "IpPermissions": permissions}),
        );
    }
    let blocked = bench.account.delete(bench.target(&id()), &one).await.unwrap_err();
    assert_eq!(blocked.class, Class::Conflict, "{blocked}");
    bench.delete(&other, &two).await;
    bench.delete(&id(), &one).await;
}

#[tokio::test(start_paused = true)]
async fn tags_are_mended() {
    let bench = Bench::new().await;
    let seen = bench.create(&id(), &node(&bench)).await;
    let doomed = json!([{"Key": "team"}, {"Key": "jenkinsstack.io/installation"}]);
    bench.by_hand("ec2", "DeleteTags", json!({"Resources": [seen.id()], "Tags": doomed}));
    bench.by_hand("ec2", "CreateTags", json!({"Resources": [seen.id()], "Tags": [{"Key": "theirs", "Value": "1"}]}));
    let seen = bench.list(&id(), Kind::SecurityGroup).await.remove(0);
    let seen = bench.update(&id(), &seen, &node(&bench), &["tags"]).await;
    assert_eq!(seen.tags.unwrap().get("theirs").map(String::as_str), Some("1"));
}

#[tokio::test(start_paused = true)]
async fn a_foreign_one_is_refused() {
    let bench = Bench::new().await;
    let input = json!({"GroupName": NAME, "Description": "theirs", "VpcId": bench.network.vpc});
    let theirs = bench.by_hand("ec2", "CreateSecurityGroup", input);
    bench.wait(std::time::Duration::from_secs(10)).await;
    let error = bench.try_create(&id(), &node(&bench)).await.unwrap_err();
    assert_eq!(error.class, Class::Foreign, "{error}");
    assert_eq!(bench.list(&id(), Kind::SecurityGroup).await, []);
    let rules = json!({"Filters": [{"Name": "group-id", "Values": [theirs["GroupId"]]}]});
    let rules = bench.by_hand("ec2", "DescribeSecurityGroupRules", rules);
    assert_eq!(rules["SecurityGroupRules"].as_array().map(Vec::len), Some(1));
}

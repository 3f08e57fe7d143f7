//! What the driver of a load balancer promises.

use crate::bench::Bench;
use crate::front::{BALANCER_NAME, balancer, balancer_node, group, zones};
use crate::home::existing;
use crate::security_group;
use jenkinsstack_aws::{Class, Deletion};
use jenkinsstack_cloud::faults::{Effect, Faults, Occurrence, Rule};
use jenkinsstack_core::graph::{Node, NodeId};
use jenkinsstack_core::input::Input;
use jenkinsstack_core::kind::load_balancer::Desired;
use jenkinsstack_core::kind::{Desired as Any, Kind, State};
use serde_json::json;
use std::time::Duration;

const ITEM: &str = "elasticloadbalancing:loadbalancer";
const READ: [&str; 3] = ["DescribeLoadBalancers", "DescribeLoadBalancerAttributes", "DescribeTags"];

fn with(node: &Node, change: impl FnOnce(&mut Desired)) -> Node {
    let mut node = node.clone();
    let Any::LoadBalancer(desired) = &mut node.desired else { panic!("a load balancer") };
    change(desired);
    node
}

#[tokio::test(start_paused = true)]
async fn it_lives_and_goes() {
    let bench = Bench::new().await;
    let group = group(&bench, "balancer").await;
    let (id, node) = balancer_node(&bench, &group);
    let (made, calls) = bench.counting(bench.create(&id, &node)).await;
    assert_eq!(calls, ["CreateLoadBalancer", "ModifyLoadBalancerAttributes"]);
    assert_eq!(bench.fields(&made, &node), []);
    assert_eq!(made.observed.state(), State::Settling("provisioning".into()));
    // The tagging API does not know it yet.
    let found = bench.restarted().await.observe(&bench.owner, Duration::ZERO).await;
    assert_eq!(found.snapshot.of(&id), std::slice::from_ref(&made));
    bench.wait(Duration::from_secs(300)).await;
    let (seen, calls) = bench.counting(bench.read(&id, &made)).await;
    let seen = seen.unwrap();
    assert_eq!((seen.observed.state(), calls), (State::Ready, READ.map(str::to_owned).to_vec()));
    let (again, calls) = bench.counting(bench.create(&id, &node)).await;
    assert_eq!(again, seen);
    assert_eq!(calls, ["CreateLoadBalancer", "ModifyLoadBalancerAttributes"]);
    assert_eq!(bench.list(&id, Kind::LoadBalancer).await, std::slice::from_ref(&seen));
    assert_eq!(existing(&bench, ITEM).len(), 1);
    let (deletion, calls) = bench.counting(bench.delete(&id, &seen)).await;
    assert_eq!(deletion, Deletion::Gone);
    assert_eq!(calls.last().map(String::as_str), Some("DeleteLoadBalancer"));
    assert_eq!(bench.read(&id, &seen).await, None);
    assert_eq!(bench.delete(&id, &seen).await, Deletion::Gone, "delete again");
    assert_eq!(bench.list(&id, Kind::LoadBalancer).await, []);
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_makes_no_second_one() {
    for operation in ["CreateLoadBalancer", "ModifyLoadBalancerAttributes"] {
        let bench = Bench::new().await;
        let group = group(&bench, "balancer").await;
        let (id, node) = balancer_node(&bench, &group);
        let lost = Rule::new(Effect::Lose).operation(operation).occurs(Occurrence::First(1));
        bench.cloud.faults(|faults| faults.add(lost));
        let seen = bench.create(&id, &node).await;
        assert_eq!(bench.fields(&seen, &node), []);
        assert_eq!(existing(&bench, ITEM).iter().map(|item| item.arn.clone()).collect::<Vec<_>>(), [seen.id()]);
    }
}

#[tokio::test(start_paused = true)]
async fn everything_but_the_scheme_changes_in_place() {
    let bench = Bench::new().await;
    let (id, node, seen) = balancer(&bench).await;
    let input = json!({"VpcId": bench.network.vpc, "CidrBlock": "10.0.200.0/24", "AvailabilityZone": "eu-central-1a"});
    let subnet = bench.by_hand("ec2", "CreateSubnet", input)["Subnet"]["SubnetId"].as_str().unwrap().to_owned();
    let second = group(&bench, "second").await;
    let moved = with(&node, |desired| {
        desired.subnets = zones(&[subnet.clone(), bench.network.public_subnets[1].clone()]);
    });
    let joined = with(&node, |desired| {
        desired.subnets.get_mut(&"eu-central-1a".parse().unwrap()).unwrap().insert(subnet.parse().unwrap());
    });
    assert_eq!(bench.fields(&seen, &joined), [], "it stands in one of them");
    let seen = bench.update(&id, &seen, &moved, &["subnets"]).await;
    let regrouped = with(&moved, |desired| desired.security_groups = vec![Input::Known(second.parse().unwrap())]);
    let seen = bench.update(&id, &seen, &regrouped, &["securityGroups"]).await;
    assert_eq!(existing(&bench, ITEM)[0].state["SecurityGroups"], json!([second]));
    let logging = with(&regrouped, |desired| {
        desired.attributes.insert("access_logs.s3.enabled".into(), "true".into());
        desired.attributes.insert("access_logs.s3.bucket".into(), "logs".into());
        desired.attributes.insert("access_logs.s3.prefix".into(), String::new());
    });
    let seen = bench.update(&id, &seen, &logging, &["attributes"]).await;
    let mut tagged = logging.clone();
    tagged.tags.insert("team".into(), "b".into());
    let seen = bench.update(&id, &seen, &tagged, &["tags"]).await;
    assert_eq!(existing(&bench, ITEM)[0].tags["team"], "b");
    let seen = bench.update(&id, &seen, &node, &["subnets", "securityGroups", "attributes", "tags"]).await;
    assert_eq!(bench.list(&id, Kind::LoadBalancer).await, [seen]);
}

#[tokio::test(start_paused = true)]
async fn deletion_protection_by_hand_is_taken_off() {
    let bench = Bench::new().await;
    let (id, node, seen) = balancer(&bench).await;
    let protect = || {
        let attributes = json!([{"Key": "deletion_protection.enabled", "Value": "true"}]);
        let input = json!({"LoadBalancerArn": seen.id(), "Attributes": attributes});
        bench.by_hand("elbv2", "ModifyLoadBalancerAttributes", input);
    };
    protect();
    let drifted = bench.read(&id, &seen).await.unwrap();
    assert_eq!(bench.update(&id, &drifted, &node, &["attributes"]).await, seen);
    protect();
    let (deletion, calls) = bench.counting(bench.delete(&id, &seen)).await;
    assert_eq!(deletion, Deletion::Gone);
    assert_eq!(calls[3..], ["DeleteLoadBalancer", "ModifyLoadBalancerAttributes", "DeleteLoadBalancer"]);
    assert_eq!(existing(&bench, ITEM).len(), 0);
}

#[tokio::test(start_paused = true)]
async fn one_with_other_settings_is_found_by_its_name() {
    let bench = Bench::new().await;
    let (id, node, seen) = balancer(&bench).await;
    let mut other = with(&node, |desired| {
        desired.attributes.insert("idle_timeout.timeout_seconds".into(), "60".into());
    });
    other.tags.insert("team".into(), "b".into());
    let (found, calls) = bench.counting(bench.create(&id, &other)).await;
    assert_eq!(
        (found, calls[0].as_str(), &calls[1..]),
        (seen.clone(), "CreateLoadBalancer", &READ.map(str::to_owned)[..])
    );
    bench.update(&id, &seen, &other, &["attributes", "tags"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_foreign_one_is_refused() {
    let bench = Bench::new().await;
    let group = group(&bench, "balancer").await;
    let (id, node) = balancer_node(&bench, &group);
    let input = json!({"Name": BALANCER_NAME, "Subnets": bench.network.public_subnets, "SecurityGroups": [group]});
    bench.by_hand("elbv2", "CreateLoadBalancer", input);
    let before = existing(&bench, ITEM)[0].state.clone();
    let error = bench.try_create(&id, &node).await.unwrap_err();
    assert_eq!(error.class, Class::Foreign, "{error}");
    assert_eq!(existing(&bench, ITEM)[0].state, before);
    assert_eq!(bench.list(&id, Kind::LoadBalancer).await, []);
}

#[tokio::test(start_paused = true)]
async fn another_clusters_are_not_looked_at_closely() {
    let bench = Bench::new().await;
    let group = group(&bench, "balancer").await;
    let tags = json!([
        {"Key": "jenkinsstack.io/cluster", "Value": "other"},
        {"Key": "jenkinsstack.io/stack", "Value": "team-a/ci"},
        {"Key": "jenkinsstack.io/resource", "Value": "load-balancer"},
    ]);
    let input = json!({
        "Name": BALANCER_NAME, "Subnets": bench.network.public_subnets, "SecurityGroups": [group], "Tags": tags,
    });
    bench.by_hand("elbv2", "CreateLoadBalancer", input);
    let account = bench.restarted().await;
    let (_, calls) = bench.counting(account.observe(&bench.owner, Duration::ZERO)).await;
    assert!(calls.iter().any(|call| call == "DescribeLoadBalancers"), "{calls:?}");
    assert!(!calls.iter().any(|call| call == "DescribeLoadBalancerAttributes"), "{calls:?}");
}

/// ELB learns of a new group late; one that stays unknown is told.
#[tokio::test(start_paused = true)]
async fn a_group_that_was_just_made_is_waited_for() {
    let bench = Bench::new().await;
    let group_id = NodeId::new("load-balancer-security-group");
    let made = bench.create(&group_id, &security_group::group(&bench, &group_id, "jks-team-a-ci-front")).await;
    let (id, node) = balancer_node(&bench, &made.id());
    let code = "InvalidSecurityGroup".to_owned();
    let unknown = Effect::Refuse { code, status: 400, message: "Security group is not valid".into() };
    bench.cloud.faults(|faults| faults.add(Rule::new(unknown).operation("CreateLoadBalancer")));
    assert_eq!(bench.try_create(&id, &node).await.unwrap_err().class, Class::NotYet);
    bench.wait(Duration::from_secs(200)).await;
    assert_eq!(bench.try_create(&id, &node).await.unwrap_err().class, Class::Invalid, "there is an end to it");
    bench.cloud.faults(Faults::clear);
    let (_, theirs) = balancer_node(&bench, "sg-0123456789abcdef0");
    assert_eq!(bench.try_create(&id, &theirs).await.unwrap_err().class, Class::Invalid, "nobody made it");
}

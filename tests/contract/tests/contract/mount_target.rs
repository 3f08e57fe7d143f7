//! What the driver of a mount target promises.

use crate::bench::Bench;
use crate::home::{existing, goes, home, id_of, listing, settled};
use jenkinsstack_aws::{Class, Deletion};
use jenkinsstack_cloud::faults::{Effect, Rule};
use jenkinsstack_core::diff::Change;
use jenkinsstack_core::graph::{Graph, Node, NodeId};
use jenkinsstack_core::input::Input;
use jenkinsstack_core::kind::mount_target::{Desired, NODE};
use jenkinsstack_core::kind::{Desired as Any, Kind, State};
use jenkinsstack_core::observed::{Seen, Snapshot};
use jenkinsstack_core::plan::{Action, Goal, plan};
use serde_json::json;
use std::time::Duration;

/// Calls of a deletion that nothing stands in the way of.
const DELETION: [&str; 4] =
    ["DescribeMountTargets", "DescribeMountTargetSecurityGroups", "GetResources", "DeleteMountTarget"];
const ITEM: &str = "elasticfilesystem:mount-target";

fn target(bench: &Bench, home: &Seen, subnet: &str, group: &str) -> (NodeId, Node) {
    let id = NodeId::new(NODE).of("eu-central-1a");
    let desired = Desired {
        file_system: Input::Known(id_of(home)),
        subnets: [subnet.parse().unwrap()].into(),
        security_group: Input::Known(group.parse().unwrap()),
    };
    let node = bench.node(&id, "unused", Any::MountTarget(desired));
    (id, node)
}

fn group(bench: &Bench, name: &str) -> String {
    let input = json!({"GroupName": name, "Description": name, "VpcId": bench.network.vpc});
    bench.by_hand("ec2", "CreateSecurityGroup", input)["GroupId"].as_str().unwrap().to_owned()
}

#[tokio::test(start_paused = true)]
async fn it_lives_and_goes() {
    let bench = Bench::new().await;
    let (_, _, home) = home(&bench).await;
    let subnet = bench.network.private_subnets[0].clone();
    let (first, second) = (group(&bench, "first"), group(&bench, "second"));
    bench.wait(Duration::from_secs(60)).await;
    let (id, node) = target(&bench, &home, &subnet, &first);
    let (made, calls) = bench.counting(bench.create(&id, &node)).await;
    assert_eq!(calls, ["CreateMountTarget"]);
    assert_eq!(bench.fields(&made, &node), []);
    let (polled, calls) = bench.counting(bench.read(&id, &made)).await;
    assert_eq!(
        (polled.unwrap().observed.state(), calls),
        (State::Pending("creating".into()), vec!["DescribeMountTargets".to_owned()])
    );
    let seen = settled(&bench, &id, &made).await;
    assert_eq!(seen.tags, None);
    let (again, calls) = bench.counting(bench.create(&id, &node)).await;
    assert_eq!(again, seen);
    assert_eq!(calls, ["CreateMountTarget", "DescribeMountTargets", "DescribeMountTargetSecurityGroups"]);
    assert_eq!(existing(&bench, ITEM).len(), 1);
    let (_, other) = target(&bench, &home, &subnet, &second);
    let seen = bench.update(&id, &seen, &other, &["securityGroups"]).await;
    assert_eq!(existing(&bench, ITEM)[0].state["SecurityGroups"], json!([second]));
    assert_eq!(bench.list(&id, Kind::MountTarget).await, std::slice::from_ref(&seen));
    goes(&bench, &id, &seen, &DELETION).await;
    assert_eq!(bench.list(&id, Kind::MountTarget).await, []);
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_makes_no_second_one() {
    let bench = Bench::new().await;
    let (_, _, home) = home(&bench).await;
    let group = group(&bench, "homes");
    bench.wait(Duration::from_secs(60)).await;
    let (id, node) = target(&bench, &home, &bench.network.private_subnets[0], &group);
    bench.cloud.faults(|faults| faults.add(Rule::new(Effect::Lose).operation("CreateMountTarget").nth(1)));
    let seen = bench.create(&id, &node).await;
    assert_eq!(existing(&bench, ITEM).iter().map(|item| item.id.clone()).collect::<Vec<_>>(), [seen.id()]);
}

/// Its interface is in use long before it is available: only an old one speaks for it.
#[tokio::test(start_paused = true)]
async fn a_listing_believes_interfaces_only_once_they_are_old() {
    let bench = Bench::new().await;
    let (_, _, home) = home(&bench).await;
    let group = group(&bench, "homes");
    bench.wait(Duration::from_secs(60)).await;
    let (id, node) = target(&bench, &home, &bench.network.private_subnets[0], &group);
    let made = bench.create(&id, &node).await;
    let observation = bench.restarted().await.observe(&bench.owner, Duration::ZERO).await;
    assert_eq!(observation.snapshot.of(&id)[0].observed.state(), State::Pending("creating".into()));
    assert!(listing(&bench).await.contains(&"DescribeMountTargets".to_owned()));
    bench.wait(Duration::from_secs(15 * 60)).await;
    let calls = listing(&bench).await;
    assert!(!calls.iter().any(|call| call.contains("MountTarget")), "{calls:?}");
    let seen = settled(&bench, &id, &made).await;
    assert_eq!(bench.list(&id, Kind::MountTarget).await, [seen]);
}

#[tokio::test(start_paused = true)]
async fn an_interface_that_outlives_its_mount_target_does_no_harm() {
    let bench = Bench::new().await;
    let (_, _, home) = home(&bench).await;
    let group = group(&bench, "homes");
    bench.wait(Duration::from_secs(60)).await;
    let (id, node) = target(&bench, &home, &bench.network.private_subnets[0], &group);
    let seen = bench.create(&id, &node).await;
    bench.wait(Duration::from_secs(15 * 60)).await;
    assert_eq!(bench.delete(&id, &seen).await, Deletion::InProgress);
    let restarted = bench.restarted().await;
    let shown = restarted.observe(&bench.owner, Duration::ZERO).await.snapshot.of(&id)[0].clone();
    assert_eq!(restarted.delete(bench.target(&id), &shown).await.unwrap(), Deletion::InProgress);
    bench.wait(Duration::from_secs(75)).await;
    assert_eq!(restarted.delete(bench.target(&id), &shown).await.unwrap(), Deletion::Gone);
}

#[tokio::test(start_paused = true)]
async fn another_subnet_of_the_zone_takes_its_place_once_it_is_gone() {
    let bench = Bench::new().await;
    let (home_id, home_node, home) = home(&bench).await;
    let group = group(&bench, "homes");
    let input = json!({"VpcId": bench.network.vpc, "CidrBlock": "10.0.200.0/24", "AvailabilityZone": "eu-central-1a"});
    let subnet = bench.by_hand("ec2", "CreateSubnet", input)["Subnet"]["SubnetId"].as_str().unwrap().to_owned();
    bench.wait(Duration::from_secs(60)).await;
    let (id, old) = target(&bench, &home, &bench.network.private_subnets[0], &group);
    let made = bench.create(&id, &old).await;
    let seen = settled(&bench, &id, &made).await;
    let (_, new) = target(&bench, &home, &subnet, &group);
    assert_eq!(bench.create(&id, &new).await, seen, "it counts as ours");
    assert!(matches!(new.desired.diff(&seen.observed), Ok(Some(Change::Replace { .. }))));
    let mut graph = Graph::default();
    graph.add(home_id, home_node);
    graph.add(id.clone(), new.clone());
    let installation = home.installation().unwrap().to_owned();
    let plan = plan(&graph, &Snapshot::from_iter([home.clone(), seen.clone()]), Goal::Run, &installation);
    let actions: Vec<&Action> = plan.steps.iter().map(|step| &step.action).collect();
    assert!(matches!(actions[..], [Action::Delete { .. }]), "{actions:?}");
    goes(&bench, &id, &seen, &DELETION).await;
    let now = bench.create(&id, &new).await;
    assert_eq!(bench.fields(&settled(&bench, &id, &now).await, &new), []);
}

#[tokio::test(start_paused = true)]
async fn what_is_in_the_way_is_named() {
    let bench = Bench::new().await;
    let (_, _, home) = home(&bench).await;
    let group = group(&bench, "homes");
    bench.wait(Duration::from_secs(60)).await;
    let vpc = bench.by_hand("ec2", "CreateVpc", json!({"CidrBlock": "10.9.0.0/16"}))["Vpc"]["VpcId"].clone();
    let input = json!({"VpcId": vpc, "CidrBlock": "10.9.0.0/24", "AvailabilityZone": "eu-central-1b"});
    let far = bench.by_hand("ec2", "CreateSubnet", input)["Subnet"]["SubnetId"].clone();
    bench.by_hand("efs", "CreateMountTarget", json!({"FileSystemId": home.id(), "SubnetId": far}));
    let (id, node) = target(&bench, &home, &bench.network.private_subnets[0], &group);
    let error = bench.try_create(&id, &node).await.unwrap_err();
    assert_eq!((error.class, error.code.as_deref()), (Class::Conflict, Some("MountTargetConflict")));
}

#[tokio::test(start_paused = true)]
async fn a_group_that_was_just_made_is_waited_for() {
    let bench = Bench::new().await;
    let (_, _, home) = home(&bench).await;
    let (id, node) = target(&bench, &home, &bench.network.private_subnets[0], "sg-0123456789abcdef0");
    assert_eq!(bench.try_create(&id, &node).await.unwrap_err().class, Class::NotYet);
}

//! What the driver of an access point promises.

use crate::bench::Bench;
use crate::home::{existing, goes, home, id_of, settled};
use jenkinsstack_aws::Class;
use jenkinsstack_cloud::faults::{Effect, Rule};
use jenkinsstack_core::diff::Change;
use jenkinsstack_core::graph::{Node, NodeId};
use jenkinsstack_core::id::FileSystemId;
use jenkinsstack_core::input::Input;
use jenkinsstack_core::kind::access_point::{Desired, Root};
use jenkinsstack_core::kind::{Desired as Any, Kind, State};
use serde_json::json;
use std::time::Duration;

const ITEM: &str = "elasticfilesystem:access-point";

fn point(bench: &Bench, home: FileSystemId) -> (NodeId, Node) {
    let id = NodeId::new("access-point");
    let root = Root { path: "/jenkins".into(), uid: 1000, gid: 1001, permissions: "0750".into() };
    let desired = Desired { file_system: Input::Known(home), root };
    let node = bench.node(&id, "a0b1c2d3e4f5061728394a5b6c7d8e9f", Any::AccessPoint(desired));
    (id, node)
}

#[tokio::test(start_paused = true)]
async fn it_lives_and_goes() {
    let bench = Bench::new().await;
    let (_, _, home) = home(&bench).await;
    let (id, node) = point(&bench, id_of(&home));
    let (made, calls) = bench.counting(bench.create(&id, &node)).await;
    assert_eq!(calls, ["CreateAccessPoint"]);
    assert_eq!(made.observed.state(), State::Pending("creating".into()));
    let seen = settled(&bench, &id, &made).await;
    assert_eq!(bench.fields(&seen, &node), []);
    let (again, calls) = bench.counting(bench.create(&id, &node)).await;
    assert_eq!(again, seen);
    assert_eq!(calls, ["CreateAccessPoint", "DescribeAccessPoints"]);
    let state = existing(&bench, ITEM)[0].state.clone();
    assert_eq!(state["PosixUser"]["Gid"], 1001);
    assert_eq!(
        state["RootDirectory"]["CreationInfo"],
        json!({"OwnerUid": 1000, "OwnerGid": 1001, "Permissions": "0750"})
    );
    let mut tagged = node.clone();
    tagged.tags.insert("team".into(), "b".into());
    let seen = bench.update(&id, &seen, &tagged, &["tags"]).await;
    bench.cloud.faults(|faults| faults.add(Rule::new(Effect::Short { items: 1 }).operation("DescribeAccessPoints")));
    bench.by_hand("efs", "CreateAccessPoint", json!({"ClientToken": "other", "FileSystemId": home.id()}));
    assert_eq!(bench.list(&id, Kind::AccessPoint).await, std::slice::from_ref(&seen));
    goes(&bench, &id, &seen, &["DescribeAccessPoints", "DeleteAccessPoint"]).await;
    assert_eq!(bench.list(&id, Kind::AccessPoint).await, []);
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_makes_no_second_one() {
    let bench = Bench::new().await;
    let (_, _, home) = home(&bench).await;
    let (id, node) = point(&bench, id_of(&home));
    let lost = Rule::new(Effect::Lose).operation("CreateAccessPoint").nth(1);
    bench.cloud.faults(|faults| faults.add(lost));
    let seen = bench.create(&id, &node).await;
    assert_eq!(existing(&bench, ITEM).iter().map(|item| item.id.clone()).collect::<Vec<_>>(), [seen.id()]);
}

#[tokio::test(start_paused = true)]
async fn it_stands_on_a_file_system_of_the_user() {
    let bench = Bench::new().await;
    let theirs = bench.by_hand("efs", "CreateFileSystem", json!({"CreationToken": "theirs"}));
    let theirs: FileSystemId = theirs["FileSystemId"].as_str().unwrap().parse().unwrap();
    bench.wait(Duration::from_secs(60)).await;
    let (id, node) = point(&bench, theirs);
    let seen = bench.create(&id, &node).await;
    let seen = settled(&bench, &id, &seen).await;
    assert_eq!(bench.list(&id, Kind::AccessPoint).await, [seen]);
}

#[tokio::test(start_paused = true)]
async fn another_root_is_refused() {
    let bench = Bench::new().await;
    let (_, _, home) = home(&bench).await;
    let (id, node) = point(&bench, id_of(&home));
    let input = json!({
        "ClientToken": "bare", "FileSystemId": home.id(),
        "Tags": node.tags.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect::<Vec<_>>(),
    });
    bench.by_hand("efs", "CreateAccessPoint", input);
    bench.wait(Duration::from_secs(60)).await;
    let bare = bench.list(&id, Kind::AccessPoint).await;
    assert!(matches!(node.desired.diff(&bare[0].observed), Ok(Some(Change::Refused { .. }))));
}

#[tokio::test(start_paused = true)]
async fn one_of_others_is_refused() {
    let bench = Bench::new().await;
    let (_, _, home) = home(&bench).await;
    let (id, node) = point(&bench, id_of(&home));
    bench.by_hand("efs", "CreateAccessPoint", json!({"ClientToken": node.name, "FileSystemId": home.id()}));
    assert_eq!(bench.try_create(&id, &node).await.unwrap_err().class, Class::Foreign);
}

//! What the driver of a file system promises.

use crate::bench::Bench;
use crate::home::{existing, goes, home, listing, settled, wanted};
use jenkinsstack_aws::Class;
use jenkinsstack_cloud::faults::{Effect, Faults, Occurrence, Rule};
use jenkinsstack_core::diff::Change;
use jenkinsstack_core::graph::Node;
use jenkinsstack_core::kind::file_system::{Desired, Lifecycle, Throughput};
use jenkinsstack_core::kind::{Desired as Any, Kind, State};
use serde_json::json;
use std::time::Duration;

const ITEM: &str = "elasticfilesystem:file-system";

fn with(node: &Node, change: impl FnOnce(&mut Desired)) -> Node {
    let mut node = node.clone();
    let Any::FileSystem(desired) = &mut node.desired else { panic!("a file system") };
    change(desired);
    node
}

#[tokio::test(start_paused = true)]
async fn it_lives_and_goes() {
    let bench = Bench::new().await;
    let (id, node) = wanted(&bench);
    let (made, calls) = bench.counting(bench.create(&id, &node)).await;
    assert_eq!(calls, ["CreateFileSystem"]);
    assert_eq!(made.observed.state(), State::Pending("creating".into()));
    let (polled, calls) = bench.counting(bench.read(&id, &made)).await;
    assert_eq!((polled.as_ref(), calls), (Some(&made), vec!["DescribeFileSystems".to_owned()]));
    let seen = settled(&bench, &id, &made).await;
    assert_eq!(bench.fields(&seen, &node), []);
    let (again, calls) = bench.counting(bench.create(&id, &node)).await;
    assert_eq!(again, seen);
    assert_eq!(calls, ["CreateFileSystem", "DescribeFileSystems", "DescribeLifecycleConfiguration"]);
    assert_eq!(bench.list(&id, Kind::FileSystem).await, std::slice::from_ref(&seen));
    assert_eq!(existing(&bench, ITEM).len(), 1);
    goes(&bench, &id, &seen, &["DescribeFileSystems", "DescribeLifecycleConfiguration", "DeleteFileSystem"]).await;
    assert_eq!(bench.list(&id, Kind::FileSystem).await, []);
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_makes_no_second_home() {
    let bench = Bench::new().await;
    let (id, node) = wanted(&bench);
    let lost = Rule::new(Effect::Lose).operation("CreateFileSystem").occurs(Occurrence::First(1));
    bench.cloud.faults(|faults| faults.add(lost));
    let seen = bench.create(&id, &node).await;
    let all = existing(&bench, ITEM);
    assert_eq!(all.iter().map(|item| item.id.clone()).collect::<Vec<_>>(), [seen.id()]);
}

#[tokio::test(start_paused = true)]
async fn every_setting_changes_in_place() {
    let bench = Bench::new().await;
    let (id, node, seen) = home(&bench).await;
    let rare = Lifecycle {
        to_ia: Some("AFTER_30_DAYS".into()),
        to_archive: Some("AFTER_90_DAYS".into()),
        to_primary: Some("AFTER_1_ACCESS".into()),
    };
    let moving = with(&node, |desired| desired.lifecycle = rare.clone());
    let seen = bench.update(&id, &seen, &moving, &["lifecyclePolicies"]).await;
    let state = existing(&bench, ITEM)[0].state.clone();
    let shown = json!([
        {"TransitionToIA": "AFTER_30_DAYS"}, {"TransitionToArchive": "AFTER_90_DAYS"},
        {"TransitionToPrimaryStorageClass": "AFTER_1_ACCESS"},
    ]);
    assert_eq!(state["LifecyclePolicies"], shown);
    let seen = bench.update(&id, &seen, &node, &["lifecyclePolicies"]).await;
    let mut tagged = node.clone();
    tagged.tags.insert("team".into(), "b".into());
    let seen = bench.update(&id, &seen, &tagged, &["tags"]).await;
    assert_eq!(existing(&bench, ITEM)[0].tags["team"], "b");
    assert_eq!(bench.list(&id, Kind::FileSystem).await, [seen]);
}

#[tokio::test(start_paused = true)]
async fn throughput_changes_once_a_day() {
    let bench = Bench::new().await;
    let (id, node, seen) = home(&bench).await;
    let provisioned = with(&node, |desired| desired.throughput = Throughput::Provisioned(64));
    let fields = bench.fields(&seen, &provisioned);
    let (now, calls) = bench.counting(bench.account.update(bench.target(&id), &seen, &provisioned, &fields)).await;
    assert_eq!(calls, ["UpdateFileSystem"]);
    assert_eq!(now.unwrap().observed.state(), State::Settling("updating".into()));
    let seen = settled(&bench, &id, &seen).await;
    assert_eq!(bench.fields(&seen, &provisioned), []);
    let state = existing(&bench, ITEM)[0].state.clone();
    assert_eq!(
        (&state["ThroughputMode"], &state["ProvisionedThroughputInMibps"]),
        (&json!("provisioned"), &json!(64.0))
    );
    let fields = bench.fields(&seen, &node);
    let (refused, calls) = bench.counting(bench.account.update(bench.target(&id), &seen, &node, &fields)).await;
    let error = refused.unwrap_err();
    assert_eq!((error.class, calls), (Class::NotYet, vec!["UpdateFileSystem".to_owned()]));
    assert!(error.message.contains("Wait until"), "{}", error.message);
    bench.wait(Duration::from_secs(24 * 60 * 60)).await;
    let now = bench.account.update(bench.target(&id), &seen, &node, &fields).await.unwrap();
    let now = settled(&bench, &id, &now).await;
    assert_eq!(bench.fields(&now, &node), []);
}

/// The Archive class needs elastic throughput first, and gives it up first.
#[tokio::test(start_paused = true)]
async fn throughput_and_transitions_change_in_the_order_that_efs_takes() {
    let bench = Bench::new().await;
    let (id, elastic) = wanted(&bench);
    let bursting = with(&elastic, |desired| desired.throughput = Throughput::Bursting);
    let archived = with(&elastic, |desired| desired.lifecycle.to_archive = Some("AFTER_90_DAYS".into()));
    let seen = bench.create(&id, &bursting).await;
    let mut seen = settled(&bench, &id, &seen).await;
    for (wanted, first) in [(&archived, "UpdateFileSystem"), (&bursting, "PutLifecycleConfiguration")] {
        let mut made = Vec::new();
        while !bench.fields(&seen, wanted).is_empty() {
            let fields = bench.fields(&seen, wanted);
            let (now, calls) = bench.counting(bench.account.update(bench.target(&id), &seen, wanted, &fields)).await;
            seen = settled(&bench, &id, &now.unwrap()).await;
            made.extend(calls);
        }
        assert_eq!((made.len(), made[0].as_str()), (2, first));
        bench.wait(Duration::from_secs(24 * 60 * 60)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_of_the_user_encrypts_it() {
    let bench = Bench::new().await;
    let key = bench.by_hand("kms", "CreateKey", json!({"Description": "homes"}))["KeyMetadata"]["Arn"].clone();
    let (id, node) = wanted(&bench);
    let with_key = with(&node, |desired| desired.kms_key = Some(key.as_str().unwrap().parse().unwrap()));
    let seen = bench.create(&id, &with_key).await;
    let seen = settled(&bench, &id, &seen).await;
    assert_eq!(bench.fields(&seen, &with_key), []);
    assert_eq!(existing(&bench, ITEM)[0].state["KmsKeyId"], key);
    let open = with(&node, |desired| desired.encrypted = false);
    assert!(matches!(open.desired.diff(&seen.observed), Ok(Some(Change::Refused { .. }))));
}

#[tokio::test(start_paused = true)]
async fn one_of_others_is_refused() {
    let bench = Bench::new().await;
    let (id, node) = wanted(&bench);
    bench.by_hand("efs", "CreateFileSystem", json!({"CreationToken": node.name, "Encrypted": true}));
    bench.wait(Duration::from_secs(60)).await;
    let error = bench.try_create(&id, &node).await.unwrap_err();
    assert_eq!(error.class, Class::Foreign);
    assert_eq!(bench.list(&id, Kind::FileSystem).await, []);
}

#[tokio::test(start_paused = true)]
async fn a_listing_reads_every_page_and_leaves_out_what_vanishes() {
    let bench = Bench::new().await;
    for number in 0..3 {
        bench.by_hand("efs", "CreateFileSystem", json!({"CreationToken": format!("other-{number}")}));
    }
    let (id, _, seen) = home(&bench).await;
    bench.cloud.faults(|faults| faults.add(Rule::new(Effect::Short { items: 1 }).operation("DescribeFileSystems")));
    assert_eq!(bench.list(&id, Kind::FileSystem).await, [seen]);
    bench.cloud.faults(Faults::clear);
    let gone = Effect::Refuse { code: "FileSystemNotFound".into(), status: 404, message: String::new() };
    bench.cloud.faults(|faults| faults.add(Rule::new(gone).operation("DescribeLifecycleConfiguration")));
    assert_eq!(bench.list(&id, Kind::FileSystem).await, []);
}

#[tokio::test(start_paused = true)]
async fn a_listing_takes_two_calls_a_home_that_is_backed_up() {
    let bench = Bench::new().await;
    assert_eq!(listing(&bench).await, ["DescribeAccessPoints", "DescribeFileSystems"]);
    let (_, _, seen) = home(&bench).await;
    bench.by_hand("efs", "PutBackupPolicy", json!({"FileSystemId": seen.id(), "BackupPolicy": {"Status": "ENABLED"}}));
    let calls = [
        "DescribeAccessPoints",
        "DescribeFileSystemPolicy",
        "DescribeFileSystems",
        "DescribeLifecycleConfiguration",
        "DescribeNetworkInterfaces",
    ];
    assert_eq!(listing(&bench).await, calls);
}

//! What the driver of a log group promises.

use crate::bench::{Bench, Calls};
use jenkinsstack_aws::Class;
use jenkinsstack_core::graph::{Node, NodeId};
use jenkinsstack_core::kind::{Desired, log_group};
use serde_json::json;

const NAME: &str = "/jenkinsstack/prod/team-a/ci";

fn id() -> NodeId {
    NodeId::new("log-group")
}

fn node(bench: &Bench, retention_days: i32, kms_key: Option<&str>) -> Node {
    let kms_key = kms_key.map(|key| key.parse().unwrap());
    bench.node(&id(), NAME, Desired::LogGroup(log_group::Desired { retention_days, kms_key }))
}

#[tokio::test(start_paused = true)]
async fn lives() {
    let bench = Bench::new().await;
    // Its name begins with ours.
    bench.by_hand("logs", "CreateLogGroup", json!({"logGroupName": format!("{NAME}-other")}));
    let calls = Calls {
        create: &["CreateLogGroup", "PutRetentionPolicy"],
        again: &["CreateLogGroup", "DescribeLogGroups", "ListTagsForResource"],
        read: &["DescribeLogGroups", "ListTagsForResource"],
        delete: &["DescribeLogGroups", "ListTagsForResource", "DeleteLogGroup"],
    };
    bench.life(&id(), &node(&bench, 30, None), &calls).await;
}

#[tokio::test(start_paused = true)]
async fn survives_lost_answers() {
    for operation in ["CreateLogGroup", "PutRetentionPolicy"] {
        let bench = Bench::new().await;
        bench.lose(&id(), &node(&bench, 30, None), operation).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_create_that_was_cut_short_is_finished() {
    let bench = Bench::new().await;
    let node = node(&bench, 30, None);
    bench.by_hand("logs", "CreateLogGroup", json!({"logGroupName": NAME, "tags": node.tags}));
    let seen = bench.create(&id(), &node).await;
    assert_eq!(bench.fields(&seen, &node), []);
    assert_eq!(bench.list(&id(), node.desired.kind()).await, [seen]);
}

#[tokio::test(start_paused = true)]
async fn changes() {
    let bench = Bench::new().await;
    let key = bench.by_hand("kms", "CreateKey", json!({}))["KeyMetadata"]["Arn"].as_str().unwrap().to_owned();
    let seen = bench.create(&id(), &node(&bench, 30, None)).await;
    let seen = bench.update(&id(), &seen, &node(&bench, 90, None), &["retentionInDays"]).await;
    let seen = bench.update(&id(), &seen, &node(&bench, 90, Some(&key)), &["kmsKeyId"]).await;
    let mut wanted = node(&bench, 7, None);
    wanted.tags.insert("team".into(), "b".into());
    let seen = bench.update(&id(), &seen, &wanted, &["retentionInDays", "kmsKeyId", "tags"]).await;
    assert_eq!(bench.list(&id(), wanted.desired.kind()).await, [seen]);
}

#[tokio::test(start_paused = true)]
async fn a_foreign_one_is_refused() {
    let bench = Bench::new().await;
    bench.by_hand("logs", "CreateLogGroup", json!({"logGroupName": NAME, "tags": {"team": "a"}}));
    let error = bench.try_create(&id(), &node(&bench, 30, None)).await.unwrap_err();
    assert_eq!(error.class, Class::Foreign);
    assert_eq!(bench.list(&id(), jenkinsstack_core::kind::Kind::LogGroup).await, []);
    let groups = bench.by_hand("logs", "DescribeLogGroups", json!({}));
    assert!(groups["logGroups"][0]["retentionInDays"].is_null(), "{groups}");
}

//! What the driver of a cluster promises.

use crate::bench::Bench;
use crate::compute::{CLUSTER_NAME, cluster_id as id, cluster_node, existing};
use jenkinsstack_aws::{Class, Deletion};
use jenkinsstack_cloud::faults::{Effect, Rule};
use jenkinsstack_core::kind::{Kind, State};
use jenkinsstack_core::observed::Seen;
use serde_json::json;
use std::time::Duration;

/// By then its capacity providers are attached, or detached.
const SETTLED: Duration = Duration::from_secs(30);

async fn made(bench: &Bench) -> Seen {
    let seen = bench.create(&id(), &cluster_node(bench)).await;
    bench.wait(SETTLED).await;
    bench.read(&id(), &seen).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn lives() {
    let bench = Bench::new().await;
    let node = cluster_node(&bench);
    let (seen, calls) = bench.counting(bench.create(&id(), &node)).await;
    assert_eq!(calls, ["CreateCluster"]);
    assert_eq!(seen.observed.state(), State::Pending("PROVISIONING".into()));
    bench.wait(SETTLED).await;
    let (again, calls) = bench.counting(bench.create(&id(), &node)).await;
    assert_eq!(calls, ["CreateCluster"]);
    assert_eq!((again.observed.state(), bench.fields(&again, &node)), (State::Ready, Vec::new()));
    let (read, calls) = bench.counting(bench.read(&id(), &again)).await;
    assert_eq!((read.as_ref(), calls), (Some(&again), vec!["DescribeClusters".to_owned()]));
    assert_eq!(bench.list(&id(), Kind::Cluster).await, std::slice::from_ref(&again));
    let (deletion, calls) = bench.counting(bench.delete(&id(), &again)).await;
    assert_eq!(
        (deletion, calls.as_slice()),
        (Deletion::InProgress, &["DescribeClusters".to_owned(), "DeleteCluster".to_owned()][..])
    );
    assert_eq!(bench.read(&id(), &again).await.map(|seen| seen.observed.state()), Some(State::Leaving));
    let leaving = bench.create(&id(), &node).await;
    assert_eq!(leaving.observed.state(), State::Leaving, "one that goes is waited for");
    bench.wait(SETTLED).await;
    assert_eq!(bench.read(&id(), &again).await, None);
    assert_eq!(bench.delete(&id(), &again).await, Deletion::Gone);
    assert_eq!(bench.list(&id(), Kind::Cluster).await, []);
    made(&bench).await;
    assert_eq!(existing(&bench, "ecs:cluster").len(), 1, "the name is free again");
}

#[tokio::test(start_paused = true)]
async fn one_that_is_too_new_to_be_seen_is_not_taken_for_gone() {
    let bench = Bench::new().await;
    bench.cloud.faults(|faults| faults.add(Rule::new(Effect::Stale { seconds: 30.0 })));
    bench.wait(SETTLED).await;
    let seen = bench.create(&id(), &cluster_node(&bench)).await;
    let error = bench.try_delete(&id(), &seen).await.unwrap_err();
    assert_eq!(error.class, Class::NotYet, "{error}");
    bench.wait(SETTLED * 2).await;
    assert_eq!(bench.delete(&id(), &seen).await, Deletion::InProgress);
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_is_found_again() {
    let bench = Bench::new().await;
    let node = cluster_node(&bench);
    bench.cloud.faults(|faults| faults.add(Rule::new(Effect::Lose).operation("CreateCluster").nth(1)));
    bench.create(&id(), &node).await;
    assert_eq!(existing(&bench, "ecs:cluster").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_differs_is_mended() {
    let bench = Bench::new().await;
    let seen = made(&bench).await;
    let providers = json!({"cluster": CLUSTER_NAME, "capacityProviders": ["FARGATE"], "defaultCapacityProviderStrategy": [
        {"capacityProvider": "FARGATE", "weight": 1},
    ]});
    bench.by_hand("ecs", "PutClusterCapacityProviders", providers);
    let arn = existing(&bench, "ecs:cluster")[0].arn.clone();
    bench.by_hand("ecs", "UntagResource", json!({"resourceArn": arn, "tagKeys": ["team"]}));
    bench.wait(SETTLED).await;
    let drifted = bench.read(&id(), &seen).await.unwrap();
    let mended = bench
        .update(
            &id(),
            &drifted,
            &cluster_node(&bench),
            &["capacityProviders", "defaultCapacityProviderStrategy", "tags"],
        )
        .await;
    assert_eq!(mended, seen);
    let other = bench.list(&id(), Kind::Cluster).await;
    assert_eq!(other, [seen]);
}

#[tokio::test(start_paused = true)]
async fn what_others_have_is_left_alone() {
    for input in [
        json!({"clusterName": CLUSTER_NAME}),
        json!({"clusterName": CLUSTER_NAME, "tags": [{"key": "jenkinsstack.io/cluster", "value": "prod"}]}),
    ] {
        let bench = Bench::new().await;
        bench.by_hand("ecs", "CreateCluster", input);
        bench.wait(SETTLED).await;
        let error = bench.try_create(&id(), &cluster_node(&bench)).await.unwrap_err();
        assert_eq!(error.class, Class::Foreign, "{error}");
        assert_eq!(bench.list(&id(), Kind::Cluster).await, []);
    }
}

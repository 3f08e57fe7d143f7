//! A film: a life can be taken up at every call.

use crate::stack::{REGION, Stack, cloud};
use jenkinsstack_cloud::Cloud;
use jenkinsstack_cloud::faults::When;
use serde_json::json;
use std::sync::Arc;

#[tokio::test(start_paused = true)]
async fn the_account_can_be_put_back_to_either_side_of_a_call() {
    let (cloud, network) = cloud(1);
    let stack = Stack::new(&cloud, &network, "a");
    let groups = |cloud: &Cloud| {
        let groups = cloud.ask(REGION, "logs", "DescribeLogGroups", json!({})).expect("groups");
        groups["logGroups"].as_array().map_or(0, Vec::len)
    };
    stack.call("logs", "CreateLogGroup", json!({"logGroupName": "before"})).await;
    cloud.film();
    stack.call("logs", "CreateLogGroup", json!({"logGroupName": "one"})).await;
    stack.call("logs", "DescribeLogGroups", json!({})).await;
    stack.wait(1).await;
    stack.call("logs", "DeleteLogGroup", json!({"logGroupName": "before"})).await;
    let frames = cloud.filmed();
    stack.call("logs", "CreateLogGroup", json!({"logGroupName": "later"})).await;
    assert!(cloud.filmed().is_empty());
    let told: Vec<_> = frames.iter().map(|frame| (frame.call, frame.when, frame.operation.as_str())).collect();
    assert_eq!(
        told,
        [
            (1, When::Before, "CreateLogGroup"),
            (1, When::After, "CreateLogGroup"),
            (2, When::Before, "DescribeLogGroups"),
            (3, When::Before, "DeleteLogGroup"),
            (3, When::After, "DeleteLogGroup"),
        ]
    );
    let same: Vec<bool> = frames.windows(2).map(|two| Arc::ptr_eq(&two[0].account, &two[1].account)).collect();
    assert_eq!(same, [false, true, false, false]);
    let (other, _) = self::cloud(1);
    let seen: Vec<usize> = frames
        .iter()
        .map(|frame| {
            other.restore(&frame.account);
            groups(&other)
        })
        .collect();
    assert_eq!(seen[..4], [1, 2, 2, 2]);
}

//! Tags of all kinds by ARN.

use super::common::Stage;
use crate::rule;
use serde_json::{Value, json};

fn tags(pairs: &[(&str, &str)]) -> Value {
    pairs.iter().map(|(key, value)| json!({"key": key, "value": value})).collect()
}

#[tokio::test(start_paused = true)]
async fn every_kind_is_tagged_by_its_arn() {
    rule!(
        "ECS",
        "Clusters, services, task definitions and tasks are tagged, untagged and read by ARN",
        "Amazon ECS API Reference, TagResource"
    );
    let stage = Stage::new().await;
    let web = stage.create(|_| ());
    stage.lab.wait(10).await;
    let task = stage.tasks("RUNNING")[0]["taskArn"].clone();
    for arn in [&web["clusterArn"], &web["serviceArn"], &web["taskDefinition"], &task] {
        stage.lab.ok("ecs", "TagResource", json!({"resourceArn": arn, "tags": tags(&[("a", "1"), ("b", "2")])}));
        stage.lab.ok("ecs", "TagResource", json!({"resourceArn": arn, "tags": tags(&[("a", "3")])}));
        stage.lab.ok("ecs", "UntagResource", json!({"resourceArn": arn, "tagKeys": ["b", "c"]}));
        let found = stage.lab.ok("ecs", "ListTagsForResource", json!({"resourceArn": arn}));
        assert_eq!(found["tags"], tags(&[("a", "3")]), "{arn}");
    }
}

#[tokio::test(start_paused = true)]
async fn only_what_is_there_has_tags() {
    rule!(
        "ECS",
        "TagResource refuses ARNs of nothing, of INACTIVE clusters, and of other services",
        "Amazon ECS API Reference, TagResource, InvalidParameterException"
    );
    let stage = Stage::new().await;
    let prefix = "arn:aws:ecs:eu-central-1:111122223333";
    for arn in [
        format!("{prefix}:service/ci/nowhere"),
        format!("{prefix}:cluster/nowhere"),
        format!("{prefix}:thing/x"),
        "arn:aws:s3:::bucket".to_owned(),
    ] {
        for (operation, input) in [
            ("TagResource", json!({"resourceArn": arn, "tags": tags(&[("a", "1")])})),
            ("UntagResource", json!({"resourceArn": arn, "tagKeys": ["a"]})),
            ("ListTagsForResource", json!({"resourceArn": arn})),
        ] {
            stage.lab.refused("ecs", operation, input, "InvalidParameterException");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_resource_has_at_most_fifty_tags() {
    rule!(
        "ECS",
        "A resource has at most 50 tags, no key twice, and none that begins with aws:",
        "Amazon ECS API Reference, Tag"
    );
    let stage = Stage::new().await;
    let many: Value = (0..51).map(|n| json!({"key": format!("k{n}"), "value": "x"})).collect();
    let bad = [many, tags(&[("a", "1"), ("a", "2")]), tags(&[("aws:x", "1")])];
    for tags in bad {
        let mut definition = stage.definition();
        definition["tags"] = tags.clone();
        stage.lab.refused("ecs", "RegisterTaskDefinition", definition, "InvalidParameterException");
        let input = json!({"clusterName": "other", "tags": tags});
        stage.lab.refused("ecs", "CreateCluster", input, "InvalidParameterException");
    }
    let arn = "arn:aws:ecs:eu-central-1:111122223333:cluster/ci";
    let most: Value = (0..50).map(|n| json!({"key": format!("k{n}"), "value": "x"})).collect();
    stage.lab.ok("ecs", "TagResource", json!({"resourceArn": arn, "tags": most}));
    stage.lab.refused(
        "ecs",
        "TagResource",
        json!({"resourceArn": arn, "tags": tags(&[("one", "more")])}),
        "InvalidParameterException",
    );
}

//! Tags.

use super::common::{access_point, described, file_system, made};
use crate::lab::Lab;
use crate::rule;
use serde_json::{Value, json};

fn tags(count: usize) -> Vec<Value> {
    (0..count).map(|number| json!({"Key": format!("key-{number}"), "Value": "x"})).collect()
}

#[tokio::test(start_paused = true)]
async fn the_name_is_a_tag() {
    rule!("EFS", "The name of a file system is its tag Name", "Amazon EFS API Reference, FileSystemDescription, Name");
    let lab = Lab::new();
    let id = made(&lab, json!({"Tags": [{"Key": "Name", "Value": "home"}]})).await;
    assert_eq!(described(&lab, &id)["Name"], "home");
    lab.ok("efs", "UntagResource", json!({"ResourceId": id, "TagKeys": ["Name"]}));
    assert!(described(&lab, &id)["Name"].is_null());
}

#[tokio::test(start_paused = true)]
async fn tags_of_file_systems_and_access_points_change() {
    rule!(
        "EFS",
        "Tags are added, overwritten and removed by id or ARN of a file system or access point",
        "Amazon EFS API Reference, TagResource, UntagResource, ListTagsForResource"
    );
    let lab = Lab::new();
    let fs = file_system(&lab).await;
    let point = access_point(&lab, &fs, "home", json!({"Path": "/home"}));
    let arn = described(&lab, &fs)["FileSystemArn"].clone();
    for resource in [arn, json!(point)] {
        for value in ["ci", "cd"] {
            lab.ok("efs", "TagResource", json!({"ResourceId": resource, "Tags": [{"Key": "team", "Value": value}]}));
        }
        let list = || lab.ok("efs", "ListTagsForResource", json!({"ResourceId": resource}))["Tags"].clone();
        assert_eq!(list(), json!([{"Key": "team", "Value": "cd"}]));
        lab.ok("efs", "UntagResource", json!({"ResourceId": resource, "TagKeys": ["team", "nothing"]}));
        assert_eq!(list(), json!([]));
    }
}

#[tokio::test(start_paused = true)]
async fn a_resource_has_at_most_fifty_tags() {
    rule!(
        "EFS",
        "More than 50 tags of a resource are refused",
        "Tagging AWS resources, Tag naming limits and requirements"
    );
    let lab = Lab::new();
    let id = file_system(&lab).await;
    lab.ok("efs", "TagResource", json!({"ResourceId": id, "Tags": tags(50)}));
    let more = json!({"ResourceId": id, "Tags": [{"Key": "one", "Value": "more"}]});
    lab.refused("efs", "TagResource", more, "BadRequest");
    lab.refused("efs", "CreateFileSystem", json!({"CreationToken": "b", "Tags": tags(51)}), "BadRequest");
}

#[tokio::test(start_paused = true)]
async fn reserved_and_repeated_keys_are_refused() {
    rule!("EFS", "Tag keys that begin with aws: or come twice are refused", "Amazon EFS API Reference, Tag, Key");
    let lab = Lab::new();
    let reserved = json!([{"Key": "aws:team", "Value": "ci"}]);
    let twice = json!([{"Key": "team", "Value": "ci"}, {"Key": "team", "Value": "cd"}]);
    for tags in [reserved, twice] {
        lab.refused("efs", "CreateFileSystem", json!({"CreationToken": "home", "Tags": tags}), "BadRequest");
    }
}

#[tokio::test(start_paused = true)]
async fn tags_of_nothing_are_not_found() {
    rule!("EFS", "Tags of an unknown resource are not found", "Amazon EFS API Reference, TagResource");
    let lab = Lab::new();
    for (id, code) in
        [("fs-0123456789abcdef0", "FileSystemNotFound"), ("fsap-0123456789abcdef0", "AccessPointNotFound")]
    {
        lab.refused("efs", "ListTagsForResource", json!({"ResourceId": id}), code);
    }
}

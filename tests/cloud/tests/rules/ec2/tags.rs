//! Tags.

use super::common::{described, lone_group, nothing, subnet, vpc};
use crate::lab::Lab;
use crate::rule;
use serde_json::{Value, json};

fn create(vpc: &str, specifications: Value) -> Value {
    json!({"VpcId": vpc, "GroupName": "a", "Description": "a", "TagSpecifications": specifications})
}

#[tokio::test(start_paused = true)]
async fn a_tag_specification_names_the_right_type() {
    rule!(
        "EC2",
        "A tag specification for another type than the created one is refused",
        "CreateSecurityGroupRequest$TagSpecifications; code observed (not documented)"
    );
    let lab = Lab::new();
    let vpc = vpc(&lab);
    let tags = json!([{"ResourceType": "instance", "Tags": [{"Key": "a", "Value": "b"}]}]);
    lab.refused("ec2", "CreateSecurityGroup", create(&vpc, tags), "InvalidParameterValue");
    let empty = json!([{"ResourceType": "security-group", "Tags": []}]);
    lab.refused("ec2", "CreateSecurityGroup", create(&vpc, empty), "InvalidParameterValue");
}

#[tokio::test(start_paused = true)]
async fn a_resource_has_fifty_tags() {
    rule!(
        "EC2",
        "A resource has at most 50 tags, in one call or over several",
        "Error codes for the Amazon EC2 API, TagLimitExceeded"
    );
    let lab = Lab::new();
    let id = lone_group(&lab).await;
    let tags = |range: std::ops::Range<u32>| {
        json!(range.map(|n| json!({"Key": format!("k{n}"), "Value": ""})).collect::<Vec<_>>())
    };
    lab.refused("ec2", "CreateTags", json!({"Resources": [id], "Tags": tags(0..51)}), "TagLimitExceeded");
    lab.ok("ec2", "CreateTags", json!({"Resources": [id], "Tags": tags(0..50)}));
    lab.ok("ec2", "CreateTags", json!({"Resources": [id], "Tags": tags(49..50)}));
    lab.refused("ec2", "CreateTags", json!({"Resources": [id], "Tags": tags(50..51)}), "TagLimitExceeded");
}

#[tokio::test(start_paused = true)]
async fn the_prefix_aws_is_reserved() {
    rule!(
        "EC2",
        "Tag keys that begin with aws: are reserved, and a key comes once in a request",
        "Tagging AWS resources, Tag naming limits and requirements"
    );
    let lab = Lab::new();
    let id = lone_group(&lab).await;
    for tags in [
        json!([{"Key": "aws:x", "Value": ""}]),
        json!([{"Key": "AWS:x", "Value": ""}]),
        json!([{"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}]),
    ] {
        lab.refused("ec2", "CreateTags", json!({"Resources": [id], "Tags": tags}), "InvalidParameterValue");
    }
}

#[tokio::test(start_paused = true)]
async fn tagging_is_all_or_nothing() {
    rule!(
        "EC2",
        "One unknown id fails the whole tagging call",
        "Error codes for the Amazon EC2 API, InvalidGroup.NotFound, InvalidID"
    );
    let lab = Lab::new();
    let id = lone_group(&lab).await;
    let tags = json!([{"Key": "a", "Value": "b"}]);
    let both = json!({"Resources": [id, nothing("sg")], "Tags": tags});
    lab.refused("ec2", "CreateTags", both, "InvalidGroup.NotFound");
    lab.refused("ec2", "CreateTags", json!({"Resources": ["jenkins"], "Tags": tags}), "InvalidID");
    assert_eq!(described(&lab, &id)["Tags"], json!([]));
}

#[tokio::test(start_paused = true)]
async fn a_tag_is_overwritten() {
    rule!(
        "EC2",
        "CreateTags overwrites the value of an existing key and leaves the others",
        "Amazon EC2 API Reference, CreateTags"
    );
    let lab = Lab::new();
    let id = lone_group(&lab).await;
    lab.ok(
        "ec2",
        "CreateTags",
        json!({"Resources": [id], "Tags": [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "1"}]}),
    );
    lab.ok("ec2", "CreateTags", json!({"Resources": [id], "Tags": [{"Key": "a", "Value": "2"}]}));
    let expected = json!([{"Key": "a", "Value": "2"}, {"Key": "b", "Value": "1"}]);
    assert_eq!(described(&lab, &id)["Tags"], expected);
}

#[tokio::test(start_paused = true)]
async fn a_tag_is_deleted_only_with_its_value() {
    rule!(
        "EC2",
        "DeleteTags with a value deletes the tag only if the value is equal; without one in any case; without tags all",
        "DeleteTagsRequest$Tags"
    );
    let lab = Lab::new();
    let id = lone_group(&lab).await;
    let tags = json!([{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "1"}, {"Key": "c", "Value": "1"}]);
    lab.ok("ec2", "CreateTags", json!({"Resources": [id], "Tags": tags}));
    let some = json!([{"Key": "a", "Value": "other"}, {"Key": "b"}, {"Key": "never"}]);
    lab.ok("ec2", "DeleteTags", json!({"Resources": [id], "Tags": some}));
    assert_eq!(described(&lab, &id)["Tags"], json!([{"Key": "a", "Value": "1"}, {"Key": "c", "Value": "1"}]));
    lab.ok("ec2", "DeleteTags", json!({"Resources": [id]}));
    assert_eq!(described(&lab, &id)["Tags"], json!([]));
}

#[tokio::test(start_paused = true)]
async fn tags_are_listed_across_types() {
    rule!(
        "EC2",
        "DescribeTags lists tags of all types, by resource, type, key and value",
        "Amazon EC2 API Reference, DescribeTags"
    );
    let lab = Lab::new();
    let vpc = vpc(&lab);
    let subnet = subnet(&lab, &vpc, "10.0.0.0/24");
    lab.ok("ec2", "CreateTags", json!({"Resources": [vpc, subnet], "Tags": [{"Key": "team", "Value": "ci"}]}));
    let filters = json!([{"Name": "resource-type", "Values": ["subnet"]}, {"Name": "key", "Values": ["team"]}]);
    let found = lab.ok("ec2", "DescribeTags", json!({"Filters": filters}));
    let expected = json!([{"Key": "team", "Value": "ci", "ResourceId": subnet, "ResourceType": "subnet"}]);
    assert_eq!(found["Tags"], expected);
}

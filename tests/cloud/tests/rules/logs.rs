//! Rules of `logs`.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "helpers of tests")]

use crate::efs::common::call_with;
use crate::lab::Lab;
use crate::rule;
use jenkinsstack_cloud::service::logs;
use jenkinsstack_cloud::world::{HOME_ACCOUNT, Place};
use serde_json::{Value, json};

const NAME: &str = "/jenkins/team-a";
const ARN: &str = "arn:aws:logs:eu-central-1:111122223333:log-group:/jenkins/team-a";

fn place() -> Place {
    Place { account: HOME_ACCOUNT.to_owned(), region: "eu-central-1".to_owned() }
}

fn group() -> Lab {
    let lab = Lab::new();
    lab.ok("logs", "CreateLogGroup", json!({"logGroupName": NAME}));
    lab
}

fn named(lab: &Lab, input: Value) -> Vec<String> {
    let groups = lab.ok("logs", "DescribeLogGroups", input)["logGroups"].as_array().cloned().expect("a list");
    groups.iter().map(|group| group["logGroupName"].as_str().expect("a name").to_owned()).collect()
}

fn described(lab: &Lab) -> Value {
    lab.ok("logs", "DescribeLogGroups", json!({"logGroupNamePrefix": NAME}))["logGroups"][0].clone()
}

#[tokio::test(start_paused = true)]
async fn a_log_group_is_made_once() {
    rule!(
        "CloudWatch Logs",
        "A log group that exists is refused, with whatever settings",
        "Amazon CloudWatch Logs API Reference, CreateLogGroup, ResourceAlreadyExistsException"
    );
    let lab = group();
    for input in [json!({"logGroupName": NAME}), json!({"logGroupName": NAME, "tags": {"team": "ci"}})] {
        let refusal = lab.refused("logs", "CreateLogGroup", input, "ResourceAlreadyExistsException");
        assert_eq!(refusal.message, "The specified log group already exists");
    }
}

#[tokio::test(start_paused = true)]
async fn a_log_group_has_two_arns() {
    rule!(
        "CloudWatch Logs",
        "A log group shows its ARN with :* as arn and without as logGroupArn",
        "Amazon CloudWatch Logs API Reference, LogGroup, arn"
    );
    let found = described(&group());
    assert_eq!(found["arn"], format!("{ARN}:*"));
    assert_eq!(found["logGroupArn"], ARN);
    assert_eq!(found["logGroupClass"], "STANDARD");
    assert!(found["retentionInDays"].is_null());
    assert!(found["kmsKeyId"].is_null());
}

#[tokio::test(start_paused = true)]
async fn names_are_checked() {
    rule!(
        "CloudWatch Logs",
        "A name with other characters than letters, digits and _ - / . #, or one that begins with aws/, is refused",
        "Amazon CloudWatch Logs API Reference, CreateLogGroup"
    );
    let lab = Lab::new();
    for name in ["jenkins team", "jenkins:a", "aws/jenkins"] {
        lab.refused("logs", "CreateLogGroup", json!({"logGroupName": name}), "InvalidParameterException");
    }
}

#[tokio::test(start_paused = true)]
async fn log_groups_are_found_by_prefix_not_by_name() {
    rule!(
        "CloudWatch Logs",
        "A prefix also finds log groups with longer names, in the order of their names",
        "Amazon CloudWatch Logs API Reference, DescribeLogGroups, logGroupNamePrefix"
    );
    let lab = group();
    lab.ok("logs", "CreateLogGroup", json!({"logGroupName": "/jenkins/team-ab"}));
    lab.ok("logs", "CreateLogGroup", json!({"logGroupName": "/other"}));
    assert_eq!(named(&lab, json!({"logGroupNamePrefix": NAME})), [NAME, "/jenkins/team-ab"]);
    assert_eq!(named(&lab, json!({"logGroupNamePattern": "am-ab"})), ["/jenkins/team-ab"]);
    let both = json!({"logGroupNamePrefix": "/", "logGroupNamePattern": "a"});
    lab.refused("logs", "DescribeLogGroups", both, "InvalidParameterException");
}

#[tokio::test(start_paused = true)]
async fn log_groups_come_in_pages_of_fifty() {
    rule!(
        "CloudWatch Logs",
        "Log groups come in pages of at most 50, and a page's token expires after 24 hours",
        "Amazon CloudWatch Logs API Reference, DescribeLogGroups, limit and nextToken"
    );
    let lab = Lab::new();
    for number in 0..51 {
        lab.ok("logs", "CreateLogGroup", json!({"logGroupName": format!("/jenkins/{number}")}));
    }
    let first = lab.ok("logs", "DescribeLogGroups", json!({}));
    assert_eq!(first["logGroups"].as_array().map(Vec::len), Some(50));
    let next = json!({"nextToken": first["nextToken"]});
    assert_eq!(named(&lab, next.clone()).len(), 1);
    lab.refused("logs", "DescribeLogGroups", json!({"limit": 51}), "InvalidParameterException");
    lab.wait(25 * 3600).await;
    lab.refused("logs", "DescribeLogGroups", next, "InvalidParameterException");
}

#[tokio::test(start_paused = true)]
async fn retention_is_set_apart_and_has_fixed_values() {
    rule!(
        "CloudWatch Logs",
        "Retention is one of 22 numbers of days, and none where it was not set or was deleted",
        "Amazon CloudWatch Logs API Reference, PutRetentionPolicy, retentionInDays"
    );
    let lab = group();
    lab.ok("logs", "PutRetentionPolicy", json!({"logGroupName": NAME, "retentionInDays": 30}));
    assert_eq!(described(&lab)["retentionInDays"], 30);
    let input = json!({"logGroupName": NAME, "retentionInDays": 31});
    lab.refused("logs", "PutRetentionPolicy", input, "InvalidParameterException");
    lab.ok("logs", "DeleteRetentionPolicy", json!({"logGroupName": NAME}));
    assert!(described(&lab)["retentionInDays"].is_null());
}

#[tokio::test(start_paused = true)]
async fn a_log_group_that_does_not_exist_is_not_found() {
    rule!(
        "CloudWatch Logs",
        "An unknown log group is not found by any operation but DescribeLogGroups, which finds nothing",
        "Amazon CloudWatch Logs API Reference, ResourceNotFoundException"
    );
    let lab = Lab::new();
    assert!(named(&lab, json!({"logGroupNamePrefix": NAME})).is_empty());
    for operation in ["DeleteLogGroup", "DeleteRetentionPolicy", "DisassociateKmsKey", "DescribeLogStreams"] {
        let refusal = lab.refused("logs", operation, json!({"logGroupName": NAME}), "ResourceNotFoundException");
        assert_eq!(refusal.message, "The specified log group does not exist.");
    }
    lab.refused("logs", "ListTagsForResource", json!({"resourceArn": ARN}), "ResourceNotFoundException");
}

#[tokio::test(start_paused = true)]
async fn tags_go_by_the_arn_without_a_star() {
    rule!(
        "CloudWatch Logs",
        "Tags are read and written by the ARN without :*, and are not part of the description",
        "Amazon CloudWatch Logs API Reference, LogGroup, logGroupArn"
    );
    let lab = Lab::new();
    lab.ok("logs", "CreateLogGroup", json!({"logGroupName": NAME, "tags": {"team": "ci", "a": "b"}}));
    lab.ok("logs", "TagResource", json!({"resourceArn": ARN, "tags": {"team": "cd"}}));
    lab.ok("logs", "UntagResource", json!({"resourceArn": ARN, "tagKeys": ["a", "nothing"]}));
    assert_eq!(lab.ok("logs", "ListTagsForResource", json!({"resourceArn": ARN}))["tags"], json!({"team": "cd"}));
    assert!(described(&lab)["tags"].is_null());
    let star = json!({"resourceArn": format!("{ARN}:*")});
    lab.refused("logs", "ListTagsForResource", star, "InvalidParameterException");
}

#[tokio::test(start_paused = true)]
async fn a_log_group_has_at_most_fifty_tags() {
    rule!(
        "CloudWatch Logs",
        "More than 50 tags of a log group are refused",
        "Amazon CloudWatch Logs API Reference, TagResource, TooManyTagsException"
    );
    let lab = group();
    let tags: Value =
        (0..50).map(|number| (format!("key-{number}"), json!("x"))).collect::<serde_json::Map<_, _>>().into();
    lab.ok("logs", "TagResource", json!({"resourceArn": ARN, "tags": tags}));
    let more = json!({"resourceArn": ARN, "tags": {"one": "more"}});
    lab.refused("logs", "TagResource", more, "TooManyTagsException");
    lab.refused(
        "logs",
        "TagResource",
        json!({"resourceArn": ARN, "tags": {"aws:team": "ci"}}),
        "InvalidParameterException",
    );
}

#[tokio::test(start_paused = true)]
async fn a_key_must_exist_and_be_named_by_arn() {
    rule!(
        "CloudWatch Logs",
        "A KMS key that does not exist, or is not named by its ARN, is refused",
        "Amazon CloudWatch Logs API Reference, AssociateKmsKey"
    );
    let lab = group();
    let create = json!({"logGroupName": "/other", "kmsKeyId": "alias/nobody"});
    lab.refused("logs", "CreateLogGroup", create, "InvalidParameterException");
    let input = json!({"logGroupName": NAME, "kmsKeyId": "1234abcd-12ab-34cd-56ef-1234567890ab"});
    let refusal = lab.refused("logs", "AssociateKmsKey", input, "InvalidParameterException");
    assert!(refusal.message.contains(ARN), "{}", refusal.message);
}

#[tokio::test(start_paused = true)]
async fn a_key_comes_and_goes_in_place() {
    rule!(
        "CloudWatch Logs",
        "A KMS key is associated and disassociated in place, and not while it is disabled",
        "Amazon CloudWatch Logs API Reference, AssociateKmsKey, DisassociateKmsKey"
    );
    let lab = group();
    let key = lab.ok("kms", "CreateKey", json!({}))["KeyMetadata"]["Arn"].clone();
    let associate = json!({"logGroupName": NAME, "kmsKeyId": key});
    lab.ok("logs", "AssociateKmsKey", associate.clone());
    assert_eq!(described(&lab)["kmsKeyId"], key);
    lab.ok("logs", "DisassociateKmsKey", json!({"logGroupName": NAME}));
    assert!(described(&lab)["kmsKeyId"].is_null());
    lab.ok("kms", "DisableKey", json!({"KeyId": key}));
    lab.refused("logs", "AssociateKmsKey", associate, "InvalidParameterException");
}

#[tokio::test(start_paused = true)]
async fn deletion_protection_holds_the_log_group() {
    rule!(
        "CloudWatch Logs",
        "A log group with deletion protection can't be deleted until it is switched off",
        "Amazon CloudWatch Logs API Reference, CreateLogGroup, deletionProtectionEnabled"
    );
    let lab = Lab::new();
    lab.ok("logs", "CreateLogGroup", json!({"logGroupName": NAME, "deletionProtectionEnabled": true}));
    lab.refused("logs", "DeleteLogGroup", json!({"logGroupName": NAME}), "ValidationException");
    let off = json!({"logGroupIdentifier": NAME, "deletionProtectionEnabled": false});
    lab.ok("logs", "PutLogGroupDeletionProtection", off);
    lab.ok("logs", "DeleteLogGroup", json!({"logGroupName": NAME}));
}

#[tokio::test(start_paused = true)]
async fn a_deleted_log_group_vanishes_in_steps() {
    rule!(
        "CloudWatch Logs",
        "A deleted log group is not found, though it may still be listed, and its name is blocked for a moment",
        "Amazon CloudWatch Logs API Reference, CreateLogGroup, OperationAbortedException"
    );
    let lab = group();
    lab.ok("logs", "DeleteLogGroup", json!({"logGroupName": NAME}));
    assert_eq!(named(&lab, json!({})), [NAME]);
    lab.refused("logs", "DeleteLogGroup", json!({"logGroupName": NAME}), "ResourceNotFoundException");
    lab.refused("logs", "CreateLogGroup", json!({"logGroupName": NAME}), "OperationAbortedException");
    assert!(!lab.cloud.with(|world| logs::exists(world.at(&place()), NAME)));
    lab.wait(10).await;
    assert!(named(&lab, json!({})).is_empty());
    lab.ok("logs", "CreateLogGroup", json!({"logGroupName": NAME}));
}

#[tokio::test(start_paused = true)]
async fn a_new_log_group_of_an_old_name_is_empty() {
    rule!(
        "CloudWatch Logs",
        "Deleting a log group deletes its streams, retention and tags",
        "Amazon CloudWatch Logs API Reference, DeleteLogGroup"
    );
    let lab = group();
    lab.ok("logs", "PutRetentionPolicy", json!({"logGroupName": NAME, "retentionInDays": 30}));
    lab.ok("logs", "CreateLogStream", json!({"logGroupName": NAME, "logStreamName": "jenkins"}));
    lab.ok("logs", "DeleteLogGroup", json!({"logGroupName": NAME}));
    lab.wait(10).await;
    lab.ok("logs", "CreateLogGroup", json!({"logGroupName": NAME}));
    assert!(described(&lab)["retentionInDays"].is_null());
    let streams = lab.ok("logs", "DescribeLogStreams", json!({"logGroupName": NAME}));
    assert_eq!(streams["logStreams"], json!([]));
}

#[tokio::test(start_paused = true)]
async fn a_log_stream_is_made_once() {
    rule!(
        "CloudWatch Logs",
        "A log stream that exists is refused, and one of an unknown group is not found",
        "Amazon CloudWatch Logs API Reference, CreateLogStream"
    );
    let lab = group();
    let input = json!({"logGroupName": NAME, "logStreamName": "jenkins/main/1"});
    lab.ok("logs", "CreateLogStream", input.clone());
    lab.refused("logs", "CreateLogStream", input, "ResourceAlreadyExistsException");
    let other = json!({"logGroupName": "/other", "logStreamName": "jenkins/main/1"});
    lab.refused("logs", "CreateLogStream", other, "ResourceNotFoundException");
}

#[tokio::test(start_paused = true)]
async fn events_are_in_order_and_not_too_old() {
    rule!(
        "CloudWatch Logs",
        "Events come in the order of their times; those older than 14 days or 2 hours ahead are left out, and the answer says so",
        "Amazon CloudWatch Logs API Reference, PutLogEvents"
    );
    let lab = group();
    let now = jenkinsstack_cloud::clock::SEEDED_EPOCH.0;
    let event = |time: u64, text: &str| json!({"timestamp": time, "message": text});
    let put = |events: Value| json!({"logGroupName": NAME, "logStreamName": "jenkins", "logEvents": events});
    lab.refused("logs", "PutLogEvents", put(json!([event(now, "a")])), "ResourceNotFoundException");
    lab.ok("logs", "CreateLogStream", json!({"logGroupName": NAME, "logStreamName": "jenkins"}));
    let reverse = put(json!([event(now + 1, "b"), event(now, "a")]));
    lab.refused("logs", "PutLogEvents", reverse, "InvalidParameterException");
    let day = 24 * 3600 * 1000;
    let events = json!([event(now - 15 * day, "old"), event(now, "a"), event(now + day, "new")]);
    let rejected = lab.ok("logs", "PutLogEvents", put(events))["rejectedLogEventsInfo"].clone();
    assert_eq!((&rejected["tooOldLogEventEndIndex"], &rejected["tooNewLogEventStartIndex"]), (&json!(1), &json!(2)));
    let found = lab.ok("logs", "FilterLogEvents", json!({"logGroupName": NAME}));
    assert_eq!(found["events"].as_array().map(Vec::len), Some(1));
}

#[tokio::test(start_paused = true)]
async fn reading_a_stream_ends_where_the_token_repeats() {
    rule!(
        "CloudWatch Logs",
        "Reading a stream has ended when the forward token is the one that was passed in",
        "Amazon CloudWatch Logs API Reference, GetLogEvents, nextForwardToken"
    );
    let lab = group();
    lab.cloud.with(|world| {
        let now = world.now;
        ["one", "two", "three"].map(|line| logs::put(world.at(&place()), NAME, "jenkins", line, now))
    });
    let input = |token: Value| json!({"logGroupName": NAME, "logStreamName": "jenkins", "startFromHead": true, "limit": 2, "nextToken": token});
    let first = lab.ok(
        "logs",
        "GetLogEvents",
        json!({"logGroupName": NAME, "logStreamName": "jenkins",
        "startFromHead": true, "limit": 2}),
    );
    assert_eq!(first["events"][0]["message"], "one");
    let second = lab.ok("logs", "GetLogEvents", input(first["nextForwardToken"].clone()));
    assert_eq!(second["events"].as_array().map(Vec::len), Some(1));
    let third = lab.ok("logs", "GetLogEvents", input(second["nextForwardToken"].clone()));
    assert_eq!(third["events"], json!([]));
    assert_eq!(third["nextForwardToken"], second["nextForwardToken"]);
    let last = lab.ok("logs", "GetLogEvents", json!({"logGroupName": NAME, "logStreamName": "jenkins", "limit": 1}));
    assert_eq!(last["events"][0]["message"], "three");
}

#[tokio::test(start_paused = true)]
async fn permissions_name_the_arn_with_a_star() {
    rule!(
        "CloudWatch Logs",
        "Permissions name a log group's ARN with :*, those for tags the ARN without, and a create call with tags needs both",
        "Amazon CloudWatch Logs API Reference, LogGroup, arn"
    );
    let lab = Lab::new();
    let create = json!({"logGroupName": NAME, "tags": {"team": "ci"}});
    let may = |arns: Value| json!([{"Effect": "Allow", "Action": "logs:*", "Resource": arns}]);
    let star = format!("{ARN}:*");
    for (arns, denied) in [(json!(ARN), "logs:CreateLogGroup"), (json!(star), "logs:TagResource")] {
        let answer = call_with(&lab, may(arns), "logs", "CreateLogGroup", create.clone()).await;
        let refusal = answer.expect_err("no permission");
        assert_eq!(refusal.code, "AccessDeniedException");
        assert!(refusal.message.contains(denied), "{}", refusal.message);
    }
    call_with(&lab, may(json!([ARN, star])), "logs", "CreateLogGroup", create).await.expect("permission");
}

//! Resource Groups Tagging API.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "helpers of tests")]

use crate::lab::Lab;
use crate::rule;
use serde_json::{Value, json};

/// ARN of a new target group with tags.
fn group(lab: &Lab, name: &str, tags: Value) -> String {
    let vpcs = lab.ok("ec2", "DescribeVpcs", json!({}))["Vpcs"].clone();
    let vpc = match vpcs[0]["VpcId"].as_str() {
        Some(vpc) => json!(vpc),
        None => lab.ok("ec2", "CreateVpc", json!({"CidrBlock": "10.0.0.0/16"}))["Vpc"]["VpcId"].clone(),
    };
    let mut input = json!({"Name": name, "Protocol": "HTTP", "Port": 8080, "VpcId": vpc, "TargetType": "ip"});
    if tags != json!([]) {
        input["Tags"] = tags;
    }
    let made = lab.ok("elbv2", "CreateTargetGroup", input);
    made["TargetGroups"][0]["TargetGroupArn"].as_str().expect("an ARN").to_owned()
}

fn tag(key: &str, value: &str) -> Value {
    json!({"Key": key, "Value": value})
}

#[track_caller]
fn found(lab: &Lab, input: Value) -> Vec<String> {
    let answer = lab.ok("resourcegroupstaggingapi", "GetResources", input);
    let list = answer["ResourceTagMappingList"].as_array().cloned().expect("a list");
    list.iter().map(|mapping| mapping["ResourceARN"].as_str().expect("an ARN").to_owned()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_fresh_resource_is_seen_late() {
    rule!(
        "Tagging",
        "A new resource appears in GetResources only after up to half a minute",
        "observed behaviour (not documented)"
    );
    let lab = Lab::new();
    let all: Vec<String> = (0..8).map(|n| group(&lab, &format!("ci-{n}"), json!([tag("stack", "a")]))).collect();
    assert!(found(&lab, json!({})).len() < all.len());
    lab.wait(45).await;
    assert_eq!(found(&lab, json!({})).len(), all.len());
}

#[tokio::test(start_paused = true)]
async fn a_deleted_resource_stays_listed_for_a_while() {
    rule!(
        "Tagging",
        "A deleted resource is still listed for up to half a minute",
        "observed behaviour (not documented)"
    );
    let lab = Lab::new();
    let all: Vec<String> = (0..8).map(|n| group(&lab, &format!("ci-{n}"), json!([tag("stack", "a")]))).collect();
    lab.wait(60).await;
    for arn in &all {
        lab.ok("elbv2", "DeleteTargetGroup", json!({"TargetGroupArn": arn}));
    }
    assert!(!found(&lab, json!({})).is_empty());
    lab.wait(45).await;
    assert_eq!(found(&lab, json!({})), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn filters_are_anded_and_their_values_ored() {
    rule!(
        "Tagging",
        "Tag filters must all fit; of one filter any value; a filter without values asks for the key",
        "Resource Groups Tagging API Reference, GetResources, TagFilters"
    );
    let lab = Lab::new();
    let one = group(&lab, "one", json!([tag("stack", "a"), tag("role", "web")]));
    let two = group(&lab, "two", json!([tag("stack", "b"), tag("role", "web")]));
    let three = group(&lab, "three", json!([tag("stack", "c")]));
    lab.wait(60).await;
    let by = |filters: Value| {
        let mut arns = found(&lab, json!({"TagFilters": filters}));
        arns.sort();
        arns
    };
    let sorted = |mut arns: Vec<&String>| {
        arns.sort();
        arns.into_iter().cloned().collect::<Vec<_>>()
    };
    assert_eq!(by(json!([{"Key": "stack", "Values": ["a", "b"]}])), sorted(vec![&one, &two]));
    let both = json!([{"Key": "stack", "Values": ["a", "c"]}, {"Key": "role"}]);
    assert_eq!(by(both), sorted(vec![&one]));
    assert_eq!(by(json!([{"Key": "stack"}])), sorted(vec![&one, &two, &three]));
    assert_eq!(by(json!([{"Key": "stack", "Values": ["z"]}])), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn types_narrow_the_listing() {
    rule!(
        "Tagging",
        "ResourceTypeFilters take a service or a service with a resource type, as in the ARN",
        "Resource Groups Tagging API Reference, GetResources, ResourceTypeFilters"
    );
    let lab = Lab::new();
    let arn = group(&lab, "ci", json!([tag("stack", "a")]));
    lab.wait(60).await;
    let by = |kind: &str| found(&lab, json!({"ResourceTypeFilters": [kind]}));
    assert_eq!(by("elasticloadbalancing"), std::slice::from_ref(&arn));
    assert_eq!(by("elasticloadbalancing:targetgroup"), [arn]);
    assert_eq!(by("elasticloadbalancing:target"), Vec::<String>::new());
    assert_eq!(by("ecs"), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn arns_exclude_everything_else() {
    rule!(
        "Tagging",
        "ResourceARNList can't be combined with filters or pages; ARNs of nothing are left out",
        "Resource Groups Tagging API Reference, GetResources, ResourceARNList"
    );
    let lab = Lab::new();
    let arn = group(&lab, "ci", json!([tag("stack", "a")]));
    lab.wait(60).await;
    let gone = arn.replace("/ci/", "/gone/");
    assert_eq!(found(&lab, json!({"ResourceARNList": [arn, gone]})), std::slice::from_ref(&arn));
    for other in [
        json!({"ResourceARNList": [arn], "ResourceTypeFilters": ["ecs"]}),
        json!({"ResourceARNList": [arn], "TagFilters": [{"Key": "stack"}]}),
        json!({"ResourceARNList": [arn], "ResourcesPerPage": 10}),
    ] {
        lab.refused("resourcegroupstaggingapi", "GetResources", other, "InvalidParameterException");
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_tagged_stays_with_an_empty_list() {
    rule!(
        "Tagging",
        "A resource that lost its last tag is listed with no tags; one that never had any is not listed",
        "Resource Groups Tagging API Reference, GetResources, TagFilters"
    );
    let lab = Lab::new();
    let arn = group(&lab, "ci", json!([tag("stack", "a")]));
    group(&lab, "plain", json!([]));
    lab.wait(60).await;
    lab.ok("elbv2", "RemoveTags", json!({"ResourceArns": [arn], "TagKeys": ["stack"]}));
    lab.wait(60).await;
    let answer = lab.ok("resourcegroupstaggingapi", "GetResources", json!({}));
    assert_eq!(answer["ResourceTagMappingList"], json!([{"ResourceARN": arn, "Tags": []}]));
}

#[tokio::test(start_paused = true)]
async fn pages_end_with_an_empty_token() {
    rule!(
        "Tagging",
        "The last page has an empty token; a token is good for its own request only, and for 15 minutes",
        "Resource Groups Tagging API Reference, GetResources, PaginationTokenExpiredException"
    );
    let lab = Lab::new();
    for name in ["one", "two", "three"] {
        group(&lab, name, json!([tag("stack", "a")]));
    }
    lab.wait(60).await;
    let call = |input: Value| lab.ok("resourcegroupstaggingapi", "GetResources", input);
    let first = call(json!({"ResourcesPerPage": 2}));
    let token = first["PaginationToken"].clone();
    let second = call(json!({"ResourcesPerPage": 2, "PaginationToken": token}));
    assert_eq!(second["ResourceTagMappingList"].as_array().map(Vec::len), Some(1));
    assert_eq!(second["PaginationToken"], "");
    let other = json!({"PaginationToken": token, "TagFilters": [{"Key": "stack"}]});
    lab.refused("resourcegroupstaggingapi", "GetResources", other, "InvalidParameterException");
    lab.wait(16 * 60).await;
    let late = json!({"ResourcesPerPage": 2, "PaginationToken": token});
    lab.refused("resourcegroupstaggingapi", "GetResources", late, "PaginationTokenExpiredException");
    lab.refused(
        "resourcegroupstaggingapi",
        "GetResources",
        json!({"ResourcesPerPage": 101}),
        "InvalidParameterException",
    );
}

#[tokio::test(start_paused = true)]
async fn iam_roles_are_never_listed() {
    rule!(
        "Tagging",
        "GetResources does not list IAM roles",
        "Services that support the Resource Groups Tagging API; observed behaviour (not documented)"
    );
    let lab = Lab::new();
    let trust = json!({
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}],
    });
    let role = json!({"RoleName": "ci", "AssumeRolePolicyDocument": trust.to_string(), "Tags": [tag("stack", "a")]});
    lab.ok("iam", "CreateRole", role);
    let arn = group(&lab, "ci", json!([tag("stack", "a")]));
    lab.wait(60).await;
    assert_eq!(found(&lab, json!({"TagFilters": [{"Key": "stack"}]})), [arn]);
}

#[tokio::test(start_paused = true)]
async fn tag_keys_are_listed_once() {
    rule!("Tagging", "GetTagKeys lists every key in use once", "Resource Groups Tagging API Reference, GetTagKeys");
    let lab = Lab::new();
    group(&lab, "one", json!([tag("stack", "a"), tag("role", "web")]));
    group(&lab, "two", json!([tag("stack", "b")]));
    lab.wait(60).await;
    assert_eq!(lab.ok("resourcegroupstaggingapi", "GetTagKeys", json!({}))["TagKeys"], json!(["role", "stack"]));
}

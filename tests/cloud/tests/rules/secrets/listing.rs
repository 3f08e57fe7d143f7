//! Listings and tags.

use super::{described, secret};
use crate::lab::Lab;
use crate::rule;
use serde_json::{Value, json};

/// Seconds after which a listing shows what there is.
const LATEST: u64 = 300;

async fn three() -> Lab {
    let lab = Lab::new();
    for (name, tag, value) in [("jenkins/a", "team", "ci"), ("jenkins/b", "team", "cd"), ("other", "owner", "ci")] {
        let input = json!({"Name": name, "Description": "The Admin", "Tags": [{"Key": tag, "Value": value}]});
        lab.ok("secretsmanager", "CreateSecret", input);
    }
    lab.wait(LATEST).await;
    lab
}

fn names(lab: &Lab, input: Value) -> Vec<String> {
    let list = lab.ok("secretsmanager", "ListSecrets", input)["SecretList"].as_array().cloned().expect("a list");
    list.iter().map(|entry| entry["Name"].as_str().expect("a name").to_owned()).collect()
}

fn filtered(lab: &Lab, filters: &[(&str, &[&str])]) -> Vec<String> {
    let filters: Vec<Value> = filters.iter().map(|(key, values)| json!({"Key": key, "Values": values})).collect();
    names(lab, json!({"Filters": filters, "SortBy": "name"}))
}

#[tokio::test(start_paused = true)]
async fn filters_match_prefixes() {
    rule!(
        "Secrets Manager",
        "Filters match prefixes, with case but for descriptions; several must all match, several values of one need not",
        "AWS Secrets Manager API Reference, Filter"
    );
    let lab = three().await;
    assert_eq!(filtered(&lab, &[("name", &["jenkins/"])]), ["jenkins/a", "jenkins/b"]);
    assert!(filtered(&lab, &[("name", &["Jenkins/"])]).is_empty());
    assert_eq!(filtered(&lab, &[("tag-key", &["own"])]), ["other"]);
    assert_eq!(filtered(&lab, &[("tag-key", &["team"]), ("tag-value", &["ci"])]), ["jenkins/a"]);
    assert_eq!(filtered(&lab, &[("name", &["jenkins/b", "other"])]), ["jenkins/b", "other"]);
    assert_eq!(filtered(&lab, &[("description", &["the admin"])]).len(), 3);
    assert_eq!(filtered(&lab, &[("all", &["CD"])]), ["jenkins/b"]);
}

#[tokio::test(start_paused = true)]
async fn filters_can_be_negated() {
    rule!(
        "Secrets Manager",
        "A filter value that begins with ! finds what does not match",
        "AWS Secrets Manager API Reference, Filter, Values"
    );
    let lab = three().await;
    assert_eq!(filtered(&lab, &[("name", &["!jenkins/"])]), ["other"]);
    assert_eq!(filtered(&lab, &[("tag-value", &["!ci"])]), ["jenkins/b"]);
}

#[tokio::test(start_paused = true)]
async fn secrets_come_in_pages() {
    rule!(
        "Secrets Manager",
        "Secrets come in pages of MaxResults, and a token of another listing is refused",
        "AWS Secrets Manager API Reference, ListSecrets, InvalidNextTokenException"
    );
    let lab = three().await;
    let first = lab.ok("secretsmanager", "ListSecrets", json!({"MaxResults": 2}));
    assert_eq!(names(&lab, json!({"NextToken": first["NextToken"]})).len(), 1);
    let other = json!({"NextToken": first["NextToken"], "Filters": [{"Key": "name", "Values": ["jenkins/"]}]});
    lab.refused("secretsmanager", "ListSecrets", other, "InvalidNextTokenException");
}

/// Seconds until the listing shows what `is_shown` tells; it must be the first to come, and stay.
async fn listed_after(lab: &Lab, is_shown: impl Fn(&Value) -> bool) -> u64 {
    let entries = || lab.ok("secretsmanager", "ListSecrets", json!({}))["SecretList"].clone();
    let mut seconds = 0;
    while !is_shown(&entries()) {
        assert!(seconds < LATEST, "{}", entries());
        lab.wait(1).await;
        seconds += 1;
    }
    lab.wait(LATEST).await;
    assert!(is_shown(&entries()), "{}", entries());
    seconds
}

#[tokio::test(start_paused = true)]
async fn listings_are_late_by_up_to_five_minutes() {
    rule!(
        "Secrets Manager",
        "ListSecrets may not show what came, changed or went in the last five minutes; DescribeSecret shows it at once",
        "AWS Secrets Manager API Reference, ListSecrets"
    );
    let mut late = Vec::new();
    let lab = Lab::new();
    for name in ["jenkins/admin", "jenkins/other", "jenkins/third"] {
        lab.ok("secretsmanager", "CreateSecret", json!({"Name": name, "SecretString": "one"}));
        let input = json!({"SecretId": name});
        let version = lab.ok("secretsmanager", "DescribeSecret", input.clone())["VersionIdsToStages"].clone();
        let of = |list: &Value| list.as_array().unwrap().iter().find(|entry| entry["Name"] == name).cloned();
        let came = listed_after(&lab, |list| of(list).is_some()).await;
        lab.ok("secretsmanager", "PutSecretValue", json!({"SecretId": name, "SecretString": "two"}));
        let changed = listed_after(&lab, |list| of(list).unwrap()["SecretVersionsToStages"] != version).await;
        lab.ok("secretsmanager", "DeleteSecret", json!({"SecretId": name, "ForceDeleteWithoutRecovery": true}));
        let went = listed_after(&lab, |list| of(list).is_none()).await;
        assert_eq!([changed, went], [came, came], "always as late");
        lab.refused("secretsmanager", "DescribeSecret", input, "ResourceNotFoundException");
        late.push(came);
    }
    assert!(late.iter().any(|seconds| *seconds > 60), "{late:?}");
}

#[tokio::test(start_paused = true)]
async fn deleted_secrets_are_listed_on_request() {
    rule!(
        "Secrets Manager",
        "Secrets marked for deletion are listed only with IncludePlannedDeletion",
        "AWS Secrets Manager API Reference, ListSecrets, IncludePlannedDeletion"
    );
    let lab = three().await;
    lab.ok("secretsmanager", "DeleteSecret", json!({"SecretId": "other"}));
    lab.wait(LATEST).await;
    assert_eq!(names(&lab, json!({})).len(), 2);
    assert_eq!(names(&lab, json!({"IncludePlannedDeletion": true})).len(), 3);
}

#[tokio::test(start_paused = true)]
async fn tags_are_added_and_removed() {
    rule!(
        "Secrets Manager",
        "Tags are added, overwritten, removed and part of the description; removing one that is not there is no fault",
        "AWS Secrets Manager API Reference, TagResource, UntagResource"
    );
    let lab = Lab::new();
    secret(&lab);
    for value in ["ci", "cd"] {
        let input = json!({"SecretId": "jenkins/admin", "Tags": [{"Key": "team", "Value": value}]});
        lab.ok("secretsmanager", "TagResource", input);
    }
    assert_eq!(described(&lab)["Tags"], json!([{"Key": "team", "Value": "cd"}]));
    let input = json!({"SecretId": "jenkins/admin", "TagKeys": ["team", "nothing"]});
    lab.ok("secretsmanager", "UntagResource", input);
    assert_eq!(described(&lab)["Tags"], json!([]));
}

#[tokio::test(start_paused = true)]
async fn tag_limits_hold() {
    rule!(
        "Secrets Manager",
        "More than 50 tags, a repeated key and one that begins with aws: are refused",
        "AWS Secrets Manager API Reference, CreateSecret, Tags"
    );
    let lab = Lab::new();
    let many: Vec<Value> = (0..51).map(|number| json!({"Key": format!("key-{number}"), "Value": "x"})).collect();
    let twice = json!([{"Key": "team", "Value": "ci"}, {"Key": "team", "Value": "cd"}]);
    for tags in [json!(many), twice, json!([{"Key": "aws:team", "Value": "ci"}])] {
        let input = json!({"Name": "jenkins/admin", "Tags": tags});
        lab.refused("secretsmanager", "CreateSecret", input, "InvalidParameterException");
    }
}

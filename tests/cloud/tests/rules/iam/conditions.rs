//! Condition operators, variables and wildcards.

use super::may;
use crate::rule;
use jenkinsstack_cloud::Ask;
use serde_json::{Value, json};

fn statement(condition: Value) -> Value {
    json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "ecs:*", "Resource": "*", "Condition": condition}]})
}

/// Whether the condition holds for a request with those values of the key.
fn holds(operator: &str, key: &str, wanted: Value, found: &[&str]) -> bool {
    let ask = found.iter().fold(Ask::new("ecs:CreateCluster", "*"), |ask, value| ask.when("ecs:k", *value));
    may(&statement(json!({operator: {key: wanted}})), &ask)
}

fn one(operator: &str, wanted: &str, found: &str) -> bool {
    holds(operator, "ecs:k", json!(wanted), &[found])
}

#[tokio::test(start_paused = true)]
async fn values_are_ored_and_negated_operators_nor_them() {
    rule!(
        "IAM",
        "Several values of a condition are ORed, those of a negated operator NORed",
        "AWS IAM User Guide, Conditions with multiple context keys or values"
    );
    let both = json!(["a", "b"]);
    assert!(holds("StringEquals", "ecs:k", both.clone(), &["b"]));
    assert!(!holds("StringEquals", "ecs:k", both.clone(), &["c"]));
    assert!(!holds("StringNotEquals", "ecs:k", both.clone(), &["b"]));
    assert!(holds("StringNotEquals", "ecs:k", both, &["c"]));
}

#[tokio::test(start_paused = true)]
async fn a_key_that_is_not_in_the_request_fails_all_but_negated_operators() {
    rule!(
        "IAM",
        "A missing context key fails a condition, fulfils a negated one, and fulfils any with IfExists",
        "AWS IAM User Guide, IAM JSON policy elements: Condition operators"
    );
    for operator in ["StringEquals", "StringLike", "ArnLike", "Bool", "NumericLessThan", "IpAddress"] {
        assert!(!holds(operator, "ecs:k", json!("1"), &[]), "{operator}");
        assert!(holds(&format!("{operator}IfExists"), "ecs:k", json!("1"), &[]), "{operator}");
    }
    for operator in ["StringNotEquals", "StringNotLike", "ArnNotLike", "NotIpAddress"] {
        assert!(holds(operator, "ecs:k", json!("1"), &[]), "{operator}");
    }
}

#[tokio::test(start_paused = true)]
async fn null_asks_whether_the_key_is_there() {
    rule!(
        "IAM",
        "Null true demands that the key is absent",
        "AWS IAM User Guide, Condition operator to check existence of condition keys"
    );
    assert!(holds("Null", "ecs:k", json!("true"), &[]));
    assert!(!holds("Null", "ecs:k", json!(true), &["x"]));
    assert!(holds("Null", "ecs:k", json!("false"), &["x"]));
    assert!(!holds("Null", "ecs:k", json!("false"), &[]));
}

#[tokio::test(start_paused = true)]
async fn for_all_values_holds_for_none() {
    rule!(
        "IAM",
        "ForAllValues demands that each value of the request fits, and holds where there is none",
        "AWS IAM User Guide, Set operators for multivalued context keys"
    );
    let all = |found: &[&str]| holds("ForAllValues:StringLike", "ecs:k", json!(["team", "stack*"]), found);
    assert!(all(&["team", "stack-1"]));
    assert!(!all(&["team", "other"]));
    assert!(all(&[]));
    assert!(!holds("ForAllValues:StringNotEquals", "ecs:k", json!(["x"]), &["x", "y"]));
}

#[tokio::test(start_paused = true)]
async fn for_any_value_does_not_hold_for_none() {
    rule!(
        "IAM",
        "ForAnyValue demands that one value of the request fits, and fails where there is none",
        "AWS IAM User Guide, Set operators for multivalued context keys"
    );
    let any = |found: &[&str]| holds("ForAnyValue:StringEquals", "ecs:k", json!(["team"]), found);
    assert!(any(&["other", "team"]));
    assert!(!any(&["other"]));
    assert!(!any(&[]));
}

#[tokio::test(start_paused = true)]
async fn text_is_compared_with_its_case_but_keys_are_not() {
    rule!(
        "IAM",
        "StringEquals minds case and takes * literally; names of context keys, tag keys too, are compared without case",
        "AWS IAM User Guide, IAM JSON policy elements: Condition; Tags for AWS resources"
    );
    assert!(!one("StringEquals", "Team", "team"));
    assert!(one("StringEqualsIgnoreCase", "Team", "team"));
    assert!(!one("StringNotEqualsIgnoreCase", "Team", "team"));
    assert!(!one("StringEquals", "te*", "team"));
    assert!(one("StringEquals", "te*", "te*"));
    assert!(holds("StringEquals", "ECS:K", json!("a"), &["a"]));
    let tagged = Ask::new("ecs:CreateCluster", "*").when("aws:ResourceTag/Team", "ci");
    assert!(may(&statement(json!({"StringEquals": {"aws:resourcetag/team": "ci"}})), &tagged));
}

#[tokio::test(start_paused = true)]
async fn wildcards_of_string_like() {
    rule!(
        "IAM",
        "StringLike knows * for any characters and ? for one",
        "AWS IAM User Guide, String condition operators"
    );
    assert!(one("StringLike", "jenkins/*/home", "jenkins/a/b/home"));
    assert!(one("StringLike", "v?.*", "v2.1"));
    assert!(!one("StringLike", "v?", "v"));
    assert!(!one("StringNotLike", "v*", "v2"));
}

#[tokio::test(start_paused = true)]
async fn the_parts_of_an_arn_are_compared_one_by_one() {
    rule!(
        "IAM",
        "ArnEquals and ArnLike are the same: each of the six parts of an ARN is compared with its own wildcards",
        "AWS IAM User Guide, Amazon Resource Name (ARN) condition operators"
    );
    let arn = "arn:aws:ecs:eu-central-1:111122223333:cluster/ci";
    for operator in ["ArnEquals", "ArnLike"] {
        assert!(one(operator, "arn:aws:ecs:*:*:cluster/*", arn), "{operator}");
        assert!(!one(operator, "arn:aws:*:cluster/*", arn), "{operator}");
        assert!(!one(operator, "arn:aws:ecs:*:111122223333:service/*", arn), "{operator}");
    }
    assert!(!one("ArnNotLike", "arn:aws:ecs:*:*:*", arn));
    assert!(!one("ArnLike", "arn:aws:ecs:*:*:*", "no-arn"));
}

#[tokio::test(start_paused = true)]
async fn numbers_dates_truth_and_addresses() {
    rule!(
        "IAM",
        "Numeric, date, Boolean and IP address operators compare by value",
        "AWS IAM User Guide, IAM JSON policy elements: Condition operators"
    );
    assert!(one("NumericLessThanEquals", "10", "9.5") && !one("NumericLessThan", "10", "10"));
    assert!(one("NumericEquals", "10", "10.0") && one("NumericNotEquals", "10", "11"));
    assert!(one("DateLessThan", "2026-01-01T00:00:00Z", "2025-12-31T23:59:59Z"));
    assert!(
        one("DateGreaterThanEquals", "2026-01-01", "1767225600") && !one("DateGreaterThan", "2026-01-01", "1767225600")
    );
    assert!(one("Bool", "true", "True") && !one("Bool", "true", "false"));
    assert!(one("IpAddress", "203.0.113.0/24", "203.0.113.9") && !one("IpAddress", "203.0.113.0/24", "203.0.114.9"));
    assert!(one("NotIpAddress", "2001:db8::/32", "203.0.113.9") && one("IpAddress", "2001:db8::/32", "2001:db8::1"));
    assert!(one("BinaryEquals", "QmluYXJ5", "QmluYXJ5") && !one("BinaryEquals", "QmluYXJ5", "qmluYXJ5"));
}

#[tokio::test(start_paused = true)]
async fn all_lines_of_a_condition_must_hold() {
    rule!(
        "IAM",
        "All operators and keys of a Condition must hold",
        "AWS IAM User Guide, Conditions with multiple context keys or values"
    );
    let policy = statement(json!({"StringEquals": {"ecs:a": "1", "ecs:b": "2"}, "Bool": {"ecs:c": "true"}}));
    let ask = Ask::new("ecs:CreateCluster", "*").when("ecs:a", "1").when("ecs:b", "2");
    assert!(!may(&policy, &ask));
    assert!(may(&policy, &ask.clone().when("ecs:c", "true")));
    assert!(!may(&policy, &Ask::new("ecs:CreateCluster", "*").when("ecs:a", "1").when("ecs:c", "true")));
}

#[tokio::test(start_paused = true)]
async fn variables_stand_for_values_of_the_request() {
    rule!(
        "IAM",
        "Variables are filled in from the request, their values are no wildcards, one without value fits nothing unless it has a default",
        "AWS IAM User Guide, IAM policy elements: Variables and tags"
    );
    let on = |resource: &str| {
        json!({"Version": "2012-10-17", "Statement":
        {"Effect": "Allow", "Action": "ecs:*", "Resource": resource}})
    };
    let cluster = |name: &str, team: Option<&str>| {
        let ask = Ask::new("ecs:DeleteCluster", format!("arn:aws:ecs:eu-central-1:111122223333:cluster/{name}"));
        team.into_iter().fold(ask, |ask, team| ask.when("aws:RequestTag/team", team))
    };
    let own = on("arn:aws:ecs:*:*:cluster/${aws:RequestTag/team}-*");
    assert!(may(&own, &cluster("ci-1", Some("ci"))));
    assert!(!may(&own, &cluster("web-1", Some("ci"))));
    assert!(!may(&own, &cluster("web-1", Some("*"))));
    assert!(!may(&own, &cluster("-1", None)));
    assert!(may(&on("arn:aws:ecs:*:*:cluster/${aws:RequestTag/team, 'all'}"), &cluster("all", None)));
    assert!(!may(&on("arn:aws:ecs:*:*:cluster/a${*}"), &cluster("ab", None)));
    assert!(may(&on("arn:aws:ecs:*:*:cluster/a${*}"), &cluster("a*", None)));
    let same = statement(json!({"StringEquals": {"aws:ResourceTag/team": "${aws:RequestTag/team}"}}));
    assert!(may(&same, &cluster("x", Some("ci")).when("aws:ResourceTag/team", "ci")));
    assert!(!may(&same, &cluster("x", Some("ci")).when("aws:ResourceTag/team", "web")));
}

#[tokio::test(start_paused = true)]
async fn global_keys_are_in_every_request() {
    rule!(
        "IAM",
        "Region, account, principal and time are in every request; IAM's own calls are made in us-east-1",
        "AWS IAM User Guide, AWS global condition context keys"
    );
    let ask = Ask::new("ecs:CreateCluster", "arn:aws:ecs:eu-central-1:111122223333:cluster/ci");
    for (operator, key, value) in [
        ("StringEquals", "aws:RequestedRegion", "eu-central-1"),
        ("StringEquals", "aws:PrincipalAccount", "111122223333"),
        ("StringEquals", "aws:ResourceAccount", "111122223333"),
        ("ArnEquals", "aws:PrincipalArn", "arn:aws:iam::111122223333:role/r"),
        ("StringLike", "aws:userid", "AROA*:s"),
        ("DateGreaterThan", "aws:CurrentTime", "2026-01-01T00:00:00Z"),
        ("Bool", "aws:SecureTransport", "true"),
    ] {
        let found = may(&statement(json!({operator: {key: value}})), &ask);
        assert_eq!(found, operator != "DateGreaterThan", "{key}");
    }
    let elsewhere = statement(json!({"StringNotEquals": {"aws:RequestedRegion": "eu-central-1"}}));
    assert!(!may(&elsewhere, &ask));
}

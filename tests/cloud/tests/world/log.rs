//! The log of calls: what it keeps, what it prints, what it counts.

use crate::stack::{CLIENT_SECRET, PASSWORD, REGION, Stack, cloud};
use jenkinsstack_cloud::calls::Outcome;
use jenkinsstack_cloud::{Reply, Request};
use serde_json::{Value, json};

#[tokio::test(start_paused = true)]
async fn no_secret_is_printed_and_none_is_forgotten() {
    let (cloud, network) = cloud(1);
    let stack = Stack::new(&cloud, &network, "a");
    stack.build().await;
    let printed = String::from_utf8(cloud.log(|log| log.bytes())).expect("text");
    for secret in [PASSWORD, CLIENT_SECRET] {
        assert!(!printed.contains(secret));
    }
    assert!(printed.contains(r#""SecretString":"***""#) && printed.contains(r#""ClientSecret":"***""#));
    let kept = cloud.log(|log| {
        let read = log.records().find(|record| record.operation == "GetSecretValue").expect("a read");
        read.output["SecretString"].clone()
    });
    assert_eq!(kept, PASSWORD);
}

#[tokio::test(start_paused = true)]
async fn a_record_says_who_did_what_to_what() {
    let (cloud, _) = cloud(1);
    let request = |operation: &str, input: Value| Request::root(REGION, "logs", operation, input).expect("logs");
    let group = json!({"logGroupName": "a"});
    cloud.call(request("CreateLogGroup", group.clone()));
    cloud.call(request("CreateLogGroup", group));
    let lines: Vec<Value> = cloud.log(|log| log.records().map(|record| record.json()).collect());
    let first = &lines[0];
    assert_eq!(
        (&first["number"], &first["service"], &first["operation"]),
        (&json!(1), &json!("logs"), &json!("CreateLogGroup"))
    );
    assert_eq!(
        (&first["access"], &first["region"], &first["outcome"]),
        (&json!("write"), &json!(REGION), &json!("ok"))
    );
    assert_eq!(first["principal"], "arn:aws:iam::111122223333:root");
    assert!(first["resources"][0].as_str().is_some_and(|arn| arn.contains(":log-group:a")), "{first}");
    assert_eq!(lines[1]["outcome"], "ResourceAlreadyExistsException");
}

#[tokio::test(start_paused = true)]
async fn counts_go_on_when_records_are_forgotten() {
    let (cloud, network) = cloud(1);
    cloud.log(|log| log.keep(10));
    let stack = Stack::new(&cloud, &network, "a");
    stack.build().await;
    let mark = cloud.log(|log| log.mark());
    stack.read().await;
    cloud.log(|log| {
        assert_eq!(log.records().count(), 10);
        assert!(log.total() > 60);
        let since = log.counts_since(&mark);
        assert_eq!((since.of("ec2", "DescribeVpcs"), since.writes), (1, 0));
        assert_eq!(since.reads, since.total());
        assert_eq!(log.counts().of("ec2", "DescribeVpcs"), 2);
        assert_eq!(log.writes_since(&mark).count(), 0);
    });
}

#[tokio::test(start_paused = true)]
async fn what_the_caller_never_learnt_is_in_the_log() {
    use jenkinsstack_cloud::faults::{Effect, Rule};
    let (cloud, _) = cloud(1);
    let make = |name: &str| {
        cloud.call(Request::root(REGION, "logs", "CreateLogGroup", json!({"logGroupName": name})).expect("logs"))
    };
    cloud.faults(|faults| faults.add(Rule::new(Effect::Lose).nth(1)));
    cloud.faults(|faults| faults.add(Rule::new(Effect::Reset).nth(1)));
    assert!(matches!((make("a"), make("b")), (Reply::Reset, Reply::Reset)));
    let outcomes: Vec<_> =
        cloud.log(|log| log.records().map(|record| (record.outcome.clone(), record.fault.clone())).collect());
    assert_eq!(
        outcomes,
        [(Outcome::Done, Some("reset after".into())), (Outcome::Unheard, Some("reset before".into()))]
    );
}

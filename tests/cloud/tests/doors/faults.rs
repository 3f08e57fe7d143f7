//! Every fault at the boundary, as the Rust SDK meets it at the door in this process.

use crate::clients::root_inside;
use aws_sdk_cloudwatchlogs::Client;
use aws_sdk_cloudwatchlogs::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use jenkinsstack_cloud::calls::Outcome;
use jenkinsstack_cloud::faults::{Effect, Occurrence, Rates, Rule};
use jenkinsstack_cloud::{Cloud, Settings};
use std::fmt::Debug;
use std::time::Duration;
use tokio::time::Instant;

const PATIENCE: Duration = Duration::from_secs(30);

/// An account whose calls fail by one rule.
fn cloud(rule: Rule) -> Cloud {
    let cloud = Cloud::new(Settings::default()).expect("a cloud");
    cloud.faults(|faults| faults.add(rule));
    cloud
}

/// A client that tries three times, each time as long as [`PATIENCE`].
fn patient(cloud: &Cloud) -> Client {
    let timeouts = TimeoutConfig::builder().operation_attempt_timeout(PATIENCE).build();
    Client::new(&root_inside(cloud).retry_config(RetryConfig::standard()).timeout_config(timeouts).build())
}

/// A client that tries once.
fn once(cloud: &Cloud) -> Client {
    Client::new(&root_inside(cloud).retry_config(RetryConfig::disabled()).build())
}

#[track_caller]
fn code<O: Debug, E: ProvideErrorMetadata + Debug, R: Debug>(answer: Result<O, SdkError<E, R>>) -> String {
    answer.expect_err("a refusal").code().unwrap_or("none").to_owned()
}

fn refuse(code: &str, status: u16) -> Effect {
    Effect::Refuse { code: code.to_owned(), status, message: String::new() }
}

/// What struck each call, and whether it was done.
fn calls(cloud: &Cloud) -> Vec<(String, Outcome)> {
    cloud.log(|log| {
        let seen = |record: &jenkinsstack_cloud::calls::Record| {
            (record.fault.clone().unwrap_or_default(), record.outcome.clone())
        };
        log.records().map(seen).collect()
    })
}

fn call(fault: &str, outcome: Outcome) -> (String, Outcome) {
    (fault.to_owned(), outcome)
}

#[tokio::test(start_paused = true)]
async fn any_code_comes_through() {
    let cloud = cloud(Rule::new(refuse("OperationAbortedException", 400)).nth(1));
    let logs = once(&cloud);
    let make = || logs.create_log_group().log_group_name("a").send();
    let error = make().await.expect_err("a refusal").into_service_error();
    assert!(error.is_operation_aborted_exception(), "{error:?}");
    make().await.expect("it was not done before");
}

#[tokio::test(start_paused = true)]
async fn a_server_error_before_the_deed_is_retried() {
    let cloud = cloud(Rule::new(refuse("ServiceUnavailableException", 503)).occurs(Occurrence::First(2)));
    patient(&cloud).create_log_group().log_group_name("a").send().await.expect("made by the third attempt");
    let outcomes: Vec<_> = calls(&cloud).into_iter().map(|(_, outcome)| outcome).collect();
    assert_eq!(
        outcomes,
        [
            Outcome::Refused("ServiceUnavailableException".into()),
            Outcome::Refused("ServiceUnavailableException".into()),
            Outcome::Done
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_makes_the_retry_meet_its_own_deed() {
    let cloud = cloud(Rule::new(Effect::Lose).nth(1));
    let answer = patient(&cloud).create_log_group().log_group_name("a").send().await;
    assert_eq!(code(answer), "ResourceAlreadyExistsException");
    let refused = Outcome::Refused("ResourceAlreadyExistsException".into());
    assert_eq!(calls(&cloud), [call("reset after", Outcome::Done), call("", refused)]);
}

#[tokio::test(start_paused = true)]
async fn a_broken_connection_is_retried() {
    let cloud = cloud(Rule::new(Effect::Reset).occurs(Occurrence::First(2)));
    patient(&cloud).create_log_group().log_group_name("a").send().await.expect("made by the third attempt");
    let broken = call("reset before", Outcome::Unheard);
    assert_eq!(calls(&cloud), [broken.clone(), broken, call("", Outcome::Done)]);

    cloud.faults(|faults| faults.add(Rule::new(Effect::Reset)));
    let error = once(&cloud).describe_log_groups().send().await.expect_err("no connection");
    assert!(matches!(&error, SdkError::DispatchFailure(failure) if failure.is_io()), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn silence_ends_with_the_clients_patience() {
    let cloud = cloud(Rule::new(Effect::Silence).nth(1));
    let began = Instant::now();
    let found = patient(&cloud).describe_log_groups().send().await.expect("the second attempt is answered");
    assert!(found.log_groups().is_empty());
    let took = began.elapsed();
    assert!(took >= PATIENCE && took < 2 * PATIENCE, "{took:?}");

    cloud.faults(|faults| faults.add(Rule::new(Effect::Silence)));
    let error = patient(&cloud).describe_log_groups().send().await.expect_err("no answer");
    assert!(matches!(error, SdkError::TimeoutError(_)), "{error:?}");
    assert_eq!(cloud.calls_made(), 2 + 3);
}

#[tokio::test(start_paused = true)]
async fn a_late_answer_is_waited_for_or_not() {
    let cloud = cloud(Rule::new(Effect::Delay { seconds: 20.0 }).nth(1));
    let began = Instant::now();
    patient(&cloud).create_log_group().log_group_name("a").send().await.expect("in time");
    assert_eq!((began.elapsed(), cloud.calls_made()), (Duration::from_secs(20), 1));

    cloud.faults(|faults| faults.add(Rule::new(Effect::Delay { seconds: 40.0 }).nth(1)));
    let answer = patient(&cloud).create_log_group().log_group_name("b").send().await;
    assert_eq!(code(answer), "ResourceAlreadyExistsException");
}

#[tokio::test(start_paused = true)]
async fn the_client_slows_down_where_buckets_are_empty() {
    let cloud = Cloud::new(Settings::default()).expect("a cloud");
    cloud.faults(|faults| faults.throttle(Rates::Aws));
    let logs = patient(&cloud);
    let began = Instant::now();
    for _ in 0..30 {
        logs.describe_log_groups().send().await.expect("an answer, if late");
    }
    // Ten at once, then ten a second.
    assert!(began.elapsed() >= Duration::from_secs(2), "{:?}", began.elapsed());
    let throttled = Outcome::Refused("ThrottlingException".into());
    assert!(
        calls(&cloud)
            .iter()
            .any(|(fault, outcome)| *fault == "refuse ThrottlingException before" && *outcome == throttled)
    );
}

#[tokio::test(start_paused = true)]
async fn a_read_may_be_of_the_past() {
    let cloud =
        cloud(Rule::new(Effect::Stale { seconds: 10.0 }).operation("DescribeLogGroups").occurs(Occurrence::First(2)));
    let logs = once(&cloud);
    let seen = || async { logs.describe_log_groups().send().await.expect("an answer").log_groups().len() };
    logs.create_log_group().log_group_name("a").send().await.expect("made");
    assert_eq!(seen().await, 0);
    tokio::time::advance(Duration::from_secs(11)).await;
    logs.create_log_group().log_group_name("b").send().await.expect("made");
    assert_eq!((seen().await, seen().await), (1, 2));
}

#[tokio::test(start_paused = true)]
async fn pages_may_be_short_empty_or_come_twice() {
    let cases = [
        (Effect::Short { items: 1 }, Occurrence::Every, 7, 7),
        (Effect::Empty, Occurrence::Nth(1), 2, 7),
        (Effect::Repeated, Occurrence::Nth(1), 2, 14),
    ];
    for (effect, when, pages, items) in cases {
        let cloud = Cloud::new(Settings::default()).expect("a cloud");
        let logs = once(&cloud);
        for n in 0..7 {
            logs.create_log_group().log_group_name(format!("group-{n}")).send().await.expect("made");
        }
        let name = format!("{effect:?}");
        cloud.faults(|faults| faults.add(Rule::new(effect).operation("DescribeLogGroups").occurs(when)));
        let mut listing = logs.describe_log_groups().into_paginator().send();
        let mut seen = Vec::new();
        while let Some(page) = listing.next().await {
            seen.push(page.expect("a page").log_groups().len());
        }
        assert_eq!((seen.len(), seen.iter().sum::<usize>()), (pages, items), "{name}: {seen:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn credentials_may_have_expired() {
    let cloud = cloud(Rule::new(Effect::Expire).nth(1));
    let logs = once(&cloud);
    let make = || logs.create_log_group().log_group_name("a").send();
    assert_eq!(code(make().await), "ExpiredTokenException");
    make().await.expect("it was not done before");
}

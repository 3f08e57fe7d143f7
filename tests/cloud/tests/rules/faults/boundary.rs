//! Before and after the deed: refusals, lost answers, late answers, old answers, dead processes.

use super::{REGION, answered, by_door, code, group, groups, lab, refuse};
use crate::lab::Lab;
use crate::rule;
use jenkinsstack_cloud::call::Access;
use jenkinsstack_cloud::calls::Outcome;
use jenkinsstack_cloud::faults::{Cut, Effect, Occurrence, Rule, When};
use jenkinsstack_cloud::{Refusal, Reply};
use serde_json::json;
use std::time::Duration;

#[tokio::test(start_paused = true)]
async fn a_refused_call_is_not_done() {
    rule!("Faults", "A call that is refused at the boundary changes nothing", "this cloud's own rule");
    let lab = lab(Rule::new(refuse("ServiceUnavailable", 503)).service("logs").operation("CreateLogGroup").nth(1));
    let refusal = answered(&lab.cloud, "logs", "CreateLogGroup", group("a")).expect_err("a refusal");
    assert_eq!((refusal.code.as_ref(), refusal.status), ("ServiceUnavailable", 503));
    assert!(groups(&lab).is_empty());
    assert_eq!(code(&lab.cloud, "logs", "CreateLogGroup", group("a")), "ok");
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_is_of_a_call_that_was_done() {
    rule!(
        "Faults",
        "A call whose answer is lost was done",
        "Amazon Builders' Library, Making retries safe with idempotent APIs"
    );
    let lab = lab(Rule::new(Effect::Lose).operation("CreateLogGroup").nth(1));
    assert!(matches!(by_door(&lab.cloud, "logs", "CreateLogGroup", group("a")), Reply::Reset));
    assert_eq!(groups(&lab), ["a"]);
    assert_eq!(code(&lab.cloud, "logs", "CreateLogGroup", group("a")), "ResourceAlreadyExistsException");
}

#[tokio::test(start_paused = true)]
async fn a_connection_can_break_before_the_call_is_done() {
    rule!(
        "Faults",
        "A connection that breaks says nothing of whether the call was done",
        "Amazon Builders' Library, Making retries safe with idempotent APIs"
    );
    let lab = lab(Rule::new(Effect::Reset).operation("CreateLogGroup").nth(1));
    assert!(matches!(by_door(&lab.cloud, "logs", "CreateLogGroup", group("a")), Reply::Reset));
    assert!(groups(&lab).is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_error_can_hide_a_call_that_was_done() {
    rule!(
        "Faults",
        "A server error (500) says nothing of whether the call was done",
        "Amazon Builders' Library, Making retries safe with idempotent APIs"
    );
    let effect = Effect::Misreport { code: "InternalFailure".into(), status: 500, message: String::new() };
    let lab = lab(Rule::new(effect).operation("CreateLogGroup").nth(1));
    let refusal = answered(&lab.cloud, "logs", "CreateLogGroup", group("a")).expect_err("a refusal");
    assert_eq!((refusal.code.as_ref(), refusal.status), ("InternalFailure", 500));
    assert_eq!(groups(&lab), ["a"]);
}

#[tokio::test(start_paused = true)]
async fn credentials_expire_in_the_words_of_each_family() {
    rule!(
        "Faults",
        "Temporary credentials that expired are refused by ExpiredToken, ExpiredTokenException or, at EC2, RequestExpired",
        "Common Error Types of each API reference; Error codes for the Amazon EC2 API"
    );
    let lab = lab(Rule::new(Effect::Expire));
    let said = |service, operation| code(&lab.cloud, service, operation, json!({}));
    assert_eq!(said("sts", "GetCallerIdentity"), "ExpiredToken");
    assert_eq!(said("logs", "DescribeLogGroups"), "ExpiredTokenException");
    assert_eq!(said("efs", "DescribeFileSystems"), "ExpiredTokenException");
    assert_eq!(said("ec2", "DescribeVpcs"), "RequestExpired");
}

#[tokio::test(start_paused = true)]
async fn an_answer_can_be_late() {
    rule!("Faults", "A late answer is of a call that was done at once", "this cloud's own rule");
    let lab = lab(Rule::new(Effect::Delay { seconds: 70.0 }).operation("CreateLogGroup"));
    let reply = by_door(&lab.cloud, "logs", "CreateLogGroup", group("a"));
    assert!(matches!(reply, Reply::Answer(Ok(_), delay) if delay == Duration::from_secs(70)), "{reply:?}");
    assert_eq!(groups(&lab), ["a"]);
}

#[tokio::test(start_paused = true)]
async fn a_read_can_be_of_the_past() {
    rule!(
        "Faults",
        "A read can answer as things stood some seconds ago",
        "Amazon EC2 Developer Guide, Eventual consistency"
    );
    let lab = lab(Rule::new(Effect::Stale { seconds: 10.0 }).access(Access::Read));
    let seen = || {
        let found = answered(&lab.cloud, "logs", "DescribeLogGroups", json!({})).expect("an answer");
        found["logGroups"].as_array().map_or(0, Vec::len)
    };
    lab.wait(60).await;
    lab.ok("logs", "CreateLogGroup", group("a"));
    lab.wait(6).await;
    lab.ok("logs", "CreateLogGroup", group("b"));
    assert_eq!(seen(), 0);
    lab.wait(5).await;
    assert_eq!(seen(), 1);
    lab.wait(4).await;
    assert_eq!(seen(), 1);
    lab.wait(1).await;
    assert_eq!(seen(), 2);
    // A write is always of the present.
    assert_eq!(code(&lab.cloud, "logs", "CreateLogGroup", group("b")), "ResourceAlreadyExistsException");
}

#[tokio::test(start_paused = true)]
async fn a_read_of_the_past_sees_states_as_they_were() {
    rule!(
        "Faults",
        "A read of the past sees a state that something has left since",
        "Amazon EC2 Developer Guide, Eventual consistency"
    );
    let lab = lab(Rule::new(Effect::Stale { seconds: 5.0 }).operation("DescribeFileSystems"));
    let made = lab.ok("efs", "CreateFileSystem", json!({"CreationToken": "home"}));
    let state = || {
        let found = answered(&lab.cloud, "efs", "DescribeFileSystems", json!({})).expect("an answer");
        found["FileSystems"][0]["LifeCycleState"].as_str().unwrap_or("nothing").to_owned()
    };
    assert_eq!(made["LifeCycleState"], "creating");
    let mut seen = vec![state()];
    for _ in 0..60 {
        lab.wait(1).await;
        let now = state();
        if seen.last() != Some(&now) {
            seen.push(now);
        }
    }
    assert_eq!(seen, ["nothing", "creating", "available"]);
}

#[tokio::test(start_paused = true)]
async fn a_rule_finds_its_calls() {
    rule!(
        "Faults",
        "A rule strikes by service, operation, resource, principal and access, and by count",
        "this cloud's own rule"
    );
    let lab = Lab::new();
    let rule = || Rule::new(refuse("Struck", 400));
    let struck_by = |rule: Rule, service: &str, operation: &str, input: serde_json::Value| {
        lab.cloud.faults(|faults| {
            faults.clear();
            faults.add(rule);
        });
        code(&lab.cloud, service, operation, input) == "Struck"
    };
    let all = || json!({});
    assert!(struck_by(rule().service("logs"), "logs", "DescribeLogGroups", all()));
    assert!(!struck_by(rule().service("efs"), "logs", "DescribeLogGroups", all()));
    assert!(struck_by(rule().operation("Describe*"), "logs", "DescribeLogGroups", all()));
    assert!(!struck_by(rule().operation("Describe"), "logs", "DescribeLogGroups", all()));
    assert!(struck_by(rule().resource("jks"), "logs", "CreateLogGroup", group("/jks/a")));
    assert!(!struck_by(rule().resource("other"), "logs", "CreateLogGroup", group("/jks/b")));
    // The ARN that IAM is asked about counts, though it is not in the input.
    assert!(struck_by(rule().resource(":log-group:/jks/c"), "logs", "CreateLogGroup", group("/jks/c")));
    assert!(struck_by(rule().principal(":root"), "logs", "DescribeLogGroups", all()));
    assert!(!struck_by(rule().principal(":role/"), "logs", "DescribeLogGroups", all()));
    assert!(!struck_by(rule().access(Access::Write), "logs", "DescribeLogGroups", all()));
    let pattern = |when: Occurrence| {
        lab.cloud.faults(|faults| {
            faults.clear();
            faults.add(rule().operation("DescribeLogGroups").occurs(when));
        });
        let each = |_| if code(&lab.cloud, "logs", "DescribeLogGroups", json!({})) == "ok" { '.' } else { 'x' };
        (0..6).map(each).collect::<String>()
    };
    assert_eq!(pattern(Occurrence::Every), "xxxxxx");
    assert_eq!(pattern(Occurrence::Nth(3)), "..x...");
    assert_eq!(pattern(Occurrence::First(2)), "xx....");
    assert_eq!(pattern(Occurrence::Each(2)), "xx.xx.");
    assert_eq!(pattern(Occurrence::Chance(0.0)), "......");
    assert_eq!(pattern(Occurrence::Chance(1.0)), "xxxxxx");
}

#[tokio::test(start_paused = true)]
async fn the_hand_of_the_test_is_not_struck() {
    rule!("Faults", "Calls of the test's own hand are neither struck nor counted", "this cloud's own rule");
    let lab = lab(Rule::new(Effect::Lose));
    lab.ok("logs", "CreateLogGroup", group("a"));
    assert_eq!(lab.cloud.calls_made(), 0);
    assert!(matches!(by_door(&lab.cloud, "logs", "CreateLogGroup", group("b")), Reply::Reset));
    assert_eq!(lab.cloud.calls_made(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_process_can_die_at_any_call() {
    rule!(
        "Faults",
        "A process can die before or after any one call, and nothing of it is heard again",
        "this cloud's own rule"
    );
    for (when, expected) in [(When::Before, vec!["a"]), (When::After, vec!["a", "b"])] {
        let lab = Lab::new();
        lab.cloud.faults(|faults| faults.cut(2, when, Cut::Dead));
        assert_eq!(code(&lab.cloud, "logs", "CreateLogGroup", group("a")), "ok");
        for name in ["b", "c"] {
            assert!(matches!(by_door(&lab.cloud, "logs", "CreateLogGroup", group(name)), Reply::Silence));
        }
        assert_eq!(groups(&lab), expected);
        let struck = lab.cloud.faults(|faults| faults.struck().cloned()).expect("a cut call");
        assert_eq!((struck.number, struck.operation.as_str()), (2, "CreateLogGroup"));
        lab.cloud.faults(|faults| faults.heal());
        assert_eq!(code(&lab.cloud, "logs", "CreateLogGroup", group("c")), "ok");
    }
}

#[tokio::test(start_paused = true)]
async fn a_cut_counts_from_its_mark_and_strikes_once() {
    rule!("Faults", "A cut strikes exactly the n-th call since the mark", "this cloud's own rule");
    let lab = Lab::new();
    let who = || by_door(&lab.cloud, "sts", "GetCallerIdentity", json!({}));
    who();
    lab.cloud.faults(|faults| {
        faults.mark();
        faults.cut(2, When::After, Cut::Refuse(Refusal::new("InternalFailure", "gone").status(500)));
    });
    let refused = |reply| matches!(reply, Reply::Answer(Err(_), _));
    assert_eq!([refused(who()), refused(who()), refused(who())], [false, true, false]);
    assert_eq!((lab.cloud.calls_made(), lab.cloud.faults(|faults| faults.calls())), (4, 3));
    let done = lab.cloud.log(|log| log.records().filter(|record| record.outcome == Outcome::Done).count());
    assert_eq!(done, 4);
}

#[tokio::test(start_paused = true)]
async fn a_test_can_wait_for_a_call() {
    rule!("Faults", "A test learns when the n-th call was made", "this cloud's own rule");
    let lab = Lab::new();
    let cloud = lab.cloud.clone();
    let caller = tokio::spawn(async move {
        for _ in 0..5 {
            tokio::time::sleep(Duration::from_secs(60)).await;
            by_door(&cloud, "sts", "GetCallerIdentity", json!({}));
        }
    });
    let started = tokio::time::Instant::now();
    lab.cloud.reached(3).await;
    assert_eq!(started.elapsed(), Duration::from_secs(180));
    caller.abort();
}

#[tokio::test(start_paused = true)]
async fn the_past_can_be_put_back() {
    rule!(
        "Faults",
        "A snapshot that is restored goes on as it went before, ids and times included",
        "this cloud's own rule"
    );
    let lab = Lab::new();
    lab.ok("logs", "CreateLogGroup", group("a"));
    let start = lab.cloud.snapshot();
    let life = || async {
        let made = lab.ok("efs", "CreateFileSystem", json!({"CreationToken": "home"}));
        lab.wait(100).await;
        (made, lab.ok("efs", "DescribeFileSystems", json!({})))
    };
    let first = life().await;
    lab.cloud.restore(&start);
    assert_eq!(lab.cloud.clock().now(), start.time());
    assert_eq!(lab.ok("efs", "DescribeFileSystems", json!({}))["FileSystems"], json!([]));
    assert_eq!(life().await, first);
    lab.cloud.reset();
    assert!(groups(&lab).is_empty());
}

#[tokio::test(start_paused = true)]
async fn all_that_is_due_comes_about() {
    rule!("Faults", "The clock can run on until nothing is due any more", "this cloud's own rule");
    let lab = Lab::new();
    lab.ok("efs", "CreateFileSystem", json!({"CreationToken": "home"}));
    assert!(lab.cloud.settle(Duration::from_secs(3600)).await);
    let found = lab.ok("efs", "DescribeFileSystems", json!({}));
    assert_eq!(found["FileSystems"][0]["LifeCycleState"], "available");
    assert!(lab.cloud.with(|world| world.next_due()).is_none(), "{REGION}");
}

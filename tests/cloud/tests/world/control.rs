//! The control API, without HTTP around it.

use crate::stack::{CLIENT_SECRET, PASSWORD, REGION, Stack, cloud};
use jenkinsstack_cloud::door::control::handle;
use jenkinsstack_cloud::{Cloud, Reply, Request};
use serde_json::{Value, json};
use std::time::Duration;

#[track_caller]
fn ok(cloud: &Cloud, method: &str, path: &str, body: &Value) -> Value {
    let (status, text) = handle(cloud, method, &format!("/_cloud/{path}"), body.to_string().as_bytes());
    assert_eq!(status, 200, "{method} {path}: {text}");
    serde_json::from_str(&text).expect("JSON")
}

fn get(cloud: &Cloud, path: &str) -> Value {
    ok(cloud, "GET", path, &Value::Null)
}

fn post(cloud: &Cloud, path: &str, body: Value) {
    assert_eq!(ok(cloud, "POST", path, &body), json!({}));
}

fn status(cloud: &Cloud, method: &str, path: &str, body: &str) -> (u16, String) {
    handle(cloud, method, &format!("/_cloud/{path}"), body.as_bytes())
}

fn make(cloud: &Cloud, name: &str) -> Reply {
    cloud.call(Request::root(REGION, "logs", "CreateLogGroup", json!({"logGroupName": name})).expect("logs"))
}

#[tokio::test(start_paused = true)]
async fn paths_that_are_none_and_bodies_that_do_not_fit_are_refused() {
    let (cloud, _) = cloud(1);
    assert_eq!(status(&cloud, "GET", "health", ""), (200, r#"{"status":"ok"}"#.to_owned()));
    for (method, path) in [("GET", "wealth"), ("POST", "health"), ("PUT", "faults"), ("DELETE", "items")] {
        assert_eq!(status(&cloud, method, path, "").0, 404, "{method} {path}");
    }
    for (path, body) in [
        ("faults", "{}"),
        ("faults", r#"{"effect": "explode"}"#),
        ("faults", r#"{"effect": "lose", "servce": "efs"}"#),
        ("time", r#"{"factor": 0}"#),
        ("time", r#"{"advance": -1}"#),
        ("time", "soon"),
        ("scripts", r#"{"": {}}"#),
        ("cut", r#"{"at": 1}"#),
        ("storm", r#"{"probability": 2}"#),
        ("accounts", r#"{"id": "12"}"#),
    ] {
        let (status, text) = status(&cloud, "POST", path, body);
        assert!(status == 400 && text.contains("error"), "{path} {body}: {status} {text}");
    }
    assert_eq!(status(&cloud, "GET", "calls?since=x", "").0, 400);
    assert_eq!(status(&cloud, "POST", "restore", r#"{"name": "none"}"#).0, 404);
    assert_eq!(status(&cloud, "GET", "oracle", "").0, 409);
}

#[tokio::test(start_paused = true)]
async fn every_path_that_the_help_tells_is_there() {
    let (cloud, _) = cloud(1);
    let (_, help) = status(&cloud, "GET", "help", "");
    let told: Vec<(&str, &str)> =
        help.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`')?.0.split_once(' ')).collect();
    assert!(told.len() > 20, "{told:?}");
    for (method, path) in told {
        let (_, text) = status(&cloud, method, path, "{}");
        assert!(!text.contains("there is no such path"), "{method} {path}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_help_shows_as_a_body_fits() {
    let (cloud, _) = cloud(1);
    let (_, help) = status(&cloud, "GET", "help", "");
    let mut fitted = 0;
    for line in help.lines().filter(|line| line.starts_with("| `POST")) {
        let parts: Vec<&str> = line.split('`').collect();
        let path = parts[1].trim_start_matches("POST ");
        // Words in capitals stand for something.
        for body in parts.iter().skip(3).step_by(2).filter(|body| serde_json::from_str::<Value>(body).is_ok()) {
            let (code, text) = status(&cloud, "POST", path, body);
            assert_eq!(code, 200, "POST {path} {body}: {text}");
            fitted += 1;
        }
    }
    assert!(fitted > 10, "{fitted}");
}

#[tokio::test(start_paused = true)]
async fn another_account_can_be_opened() {
    let (cloud, _) = cloud(1);
    let opened = ok(&cloud, "POST", "accounts", &json!({"id": "444455556666"}));
    assert_eq!(opened, json!({"accessKey": "AKIAROOT444455556666"}));
    let mut request = Request::root(REGION, "sts", "GetCallerIdentity", json!({})).expect("sts");
    request.credential.access_key = "AKIAROOT444455556666".to_owned();
    assert!(matches!(cloud.call(request), Reply::Answer(Ok(who), _) if who["Account"] == "444455556666"));
}

#[tokio::test(start_paused = true)]
async fn a_storm_strikes_some_calls() {
    let (cloud, _) = cloud(1);
    post(&cloud, "storm", json!({"probability": 0.5}));
    (0..100).for_each(|_| drop(make(&cloud, "a")));
    let struck: u64 = cloud.faults(|faults| faults.rules().map(|(_, struck)| struck).sum());
    // Four of the ten ways are of reads only.
    assert!((15..45).contains(&struck), "{struck}");
}

#[tokio::test(start_paused = true)]
async fn calls_are_lines_without_secrets() {
    let (cloud, network) = cloud(1);
    let stack = Stack::new(&cloud, &network, "a");
    stack.build().await;
    let (_, text) = status(&cloud, "GET", "calls", "");
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert!(lines.len() > 40 && !text.contains(PASSWORD) && !text.contains(CLIENT_SECRET));
    let (_, tail) = status(&cloud, "GET", &format!("calls?since={}", lines.len() - 2), "");
    assert_eq!(tail.lines().count(), 2);
    let items = get(&cloud, "items");
    assert!(items.as_array().is_some_and(|items| items.len() > 30));
    assert!(!items.to_string().contains(CLIENT_SECRET));
}

#[tokio::test(start_paused = true)]
async fn faults_come_and_go() {
    let (cloud, _) = cloud(1);
    let lose = json!({"service": "logs", "operation": "Create*", "when": {"nth": 1}, "effect": "lose"});
    post(&cloud, "faults", lose.clone());
    post(&cloud, "faults", json!([{"effect": {"refuse": {"code": "Nope"}}, "resource": "no", "when": "every"}]));
    assert!(matches!(make(&cloud, "a"), Reply::Reset));
    assert!(matches!(make(&cloud, "no"), Reply::Answer(Err(refusal), _) if refusal.code == "Nope"));
    let shown = get(&cloud, "faults");
    assert_eq!((&shown["rules"][0]["rule"], &shown["rules"][0]["struck"]), (&lose, &json!(1)));
    ok(&cloud, "DELETE", "faults", &Value::Null);
    assert!(matches!(make(&cloud, "no"), Reply::Answer(Ok(_), _)));
    post(&cloud, "rates", json!({"all": {"burst": 1.0, "refill": 0.5}}));
    assert!(matches!(make(&cloud, "b"), Reply::Answer(Ok(_), _)));
    assert!(matches!(make(&cloud, "c"), Reply::Answer(Err(_), _)));
    post(&cloud, "rates", json!("aws"));
    assert!(matches!(make(&cloud, "c"), Reply::Answer(Ok(_), _)));
    post(&cloud, "cut", json!({"at": 2, "when": "before", "how": "dead"}));
    assert!(matches!((make(&cloud, "d"), make(&cloud, "e")), (Reply::Answer(Ok(_), _), Reply::Silence)));
    assert_eq!(get(&cloud, "faults")["cut"], json!({"number": 2, "operation": "CreateLogGroup"}));
}

#[tokio::test(start_paused = true)]
async fn time_can_run_faster_and_jump() {
    let (cloud, _) = cloud(1);
    let now = || get(&cloud, "time")["milliseconds"].as_u64().expect("a number");
    let start = now();
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(now(), start + 1_000);
    post(&cloud, "time", json!({"factor": 60}));
    assert_eq!(now(), start + 1_000);
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(now(), start + 61_000);
    post(&cloud, "time", json!({"factor": 1}));
    assert_eq!(now(), start + 61_000);
    post(&cloud, "time", json!({"advance": 3600}));
    assert_eq!(now(), start + 3_661_000);
    cloud.ask(REGION, "efs", "CreateFileSystem", json!({"CreationToken": "t"})).expect("made");
    assert!(get(&cloud, "due")["next"].is_string());
    post(&cloud, "time", json!({"advance": 3600}));
    assert!(get(&cloud, "due")["next"].is_null());
    let found = cloud.ask(REGION, "efs", "DescribeFileSystems", json!({})).expect("found");
    assert_eq!(found["FileSystems"][0]["LifeCycleState"], "available");
}

#[tokio::test(start_paused = true)]
async fn the_account_can_be_put_aside_and_back() {
    let (cloud, _) = cloud(1);
    cloud.keep_as_start();
    let start = get(&cloud, "items");
    make(&cloud, "a");
    post(&cloud, "snapshot", json!({"name": "with a"}));
    let with_a = get(&cloud, "items");
    make(&cloud, "b");
    assert_ne!(get(&cloud, "items"), with_a);
    post(&cloud, "restore", json!({"name": "with a"}));
    assert_eq!(get(&cloud, "items"), with_a);
    post(&cloud, "reset", json!({}));
    assert_eq!(get(&cloud, "items"), start);
}

#[tokio::test(start_paused = true)]
async fn scripts_say_what_containers_do() {
    let (cloud, network) = cloud(1);
    post(&cloud, "scripts", json!({"jenkins/*": {"exit": {"code": 3, "after": 5.0}}}));
    Stack::new(&cloud, &network, "a").build().await;
    let tasks = cloud.ask(REGION, "ecs", "ListTasks", json!({"cluster": "a-cluster", "desiredStatus": "STOPPED"}));
    assert!(tasks.expect("a list")["taskArns"].as_array().is_some_and(|tasks| !tasks.is_empty()));
    ok(&cloud, "DELETE", "scripts", &Value::Null);
    assert!(cloud.with(|world| world.scripts.all().is_empty()));
}

#[tokio::test(start_paused = true)]
async fn the_judge_can_be_asked() {
    let (cloud, network) = cloud(1);
    let tags = json!({"cluster": "own/cluster", "stack": "own/stack", "resource": "own/resource"});
    post(&cloud, "oracle", json!({"tags": tags, "superseded": ["ecs:task-definition"], "secrets": {"pw": PASSWORD}}));
    let stack = Stack::new(&cloud, &network, "a");
    stack.build().await;
    let living = get(&cloud, "oracle?living=prod:ci%2Fa");
    assert_eq!(living["clean"], true, "{living}");
    post(&cloud, "rest", json!({}));
    assert!(get(&cloud, "oracle")["findings"]["orphans"].as_array().is_some_and(|orphans| orphans.len() > 10));
    make(&cloud, "left");
    let findings = &get(&cloud, "oracle?living=prod:ci%2Fa")["findings"];
    assert_eq!(findings["orphans"], json!([{"kind": "logs:log-group", "id": "left", "owner": null}]));
    assert_eq!(findings["restless"].as_array().map(Vec::len), Some(1));
}

//! Rules of `faults`: how AWS's calls fail, and that a fault strikes what it should and nothing else.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "helpers of tests")]

mod boundary;
mod pages;
mod throttling;

use crate::lab::Lab;
use jenkinsstack_cloud::faults::{Effect, Rule};
use jenkinsstack_cloud::{Answer, Cloud, Reply, Request};
use serde_json::{Value, json};

pub(crate) const REGION: &str = "eu-central-1";

/// A call by a door, as the home account's root-like key: faults strike it.
pub(crate) fn by_door(cloud: &Cloud, service: &str, operation: &str, input: Value) -> Reply {
    cloud.call(Request::root(REGION, service, operation, input).expect("a service of this cloud"))
}

/// A call by a door that must be answered.
#[track_caller]
pub(crate) fn answered(cloud: &Cloud, service: &str, operation: &str, input: Value) -> Answer {
    match by_door(cloud, service, operation, input) {
        Reply::Answer(answer, _) => answer,
        Reply::Reset => panic!("{operation}: the connection broke"),
        Reply::Silence => panic!("{operation}: there was no answer"),
    }
}

/// The code by which a call is refused, or `ok`.
#[track_caller]
pub(crate) fn code(cloud: &Cloud, service: &str, operation: &str, input: Value) -> String {
    answered(cloud, service, operation, input).map_or_else(|refusal| refusal.code.into_owned(), |_| "ok".to_owned())
}

/// A lab whose calls by a door fail by one rule.
fn lab(rule: Rule) -> Lab {
    let lab = Lab::new();
    lab.cloud.faults(|faults| faults.add(rule));
    lab
}

fn group(name: &str) -> Value {
    json!({"logGroupName": name})
}

fn groups(lab: &Lab) -> Vec<String> {
    let found = lab.ok("logs", "DescribeLogGroups", json!({}));
    let name = |group: &Value| group["logGroupName"].as_str().unwrap_or_default().to_owned();
    found["logGroups"].as_array().into_iter().flatten().map(name).collect()
}

fn refuse(code: &str, status: u16) -> Effect {
    Effect::Refuse { code: code.to_owned(), status, message: String::new() }
}

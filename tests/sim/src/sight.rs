//! What a stack has on AWS, resource by resource, as the account itself knows it.

use crate::life::Life;
use crate::spec::owner;
use jenkinsstack_cloud::oracle::Oracle;
use jenkinsstack_cloud::service::Item;
use jenkinsstack_core::owner::{TAG_CLUSTER, TAG_RESOURCE, TAG_STACK};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Member of a state with the resource's tags as a map.
const TAGS: &str = "#tags";
/// Member of a secret's state with its value.
const VALUE: &str = "#value";

/// The resources of a stack by node; tasks, which come and go, are left out.
#[derive(Clone, Debug, PartialEq)]
pub struct Sight(BTreeMap<String, Resource>);

/// One resource.
#[derive(Clone, Debug, PartialEq)]
pub struct Resource {
    /// Its kind in the tagging API's spelling.
    pub kind: &'static str,
    /// Its id.
    pub id: String,
    /// Its ARN; empty where it has none.
    pub arn: String,
    /// Its settings, with its tags as `#tags`, and a secret's value as `#value`.
    pub state: Value,
}

impl Sight {
    /// What the stack has now.
    pub fn of(life: &Life, oracle: &Oracle) -> Self {
        let things = oracle.things(&life.cloud);
        let homes: Vec<&str> = things.iter().filter(|item| is_ours(item)).map(|item| item.id.as_str()).collect();
        let ours = things.iter().filter_map(|item| Some((node(item, &homes)?, resource(life, item))));
        Self(ours.collect())
    }

    /// The resource of a node.
    pub fn node(&self, node: &str) -> Option<&Resource> {
        self.0.get(node)
    }

    /// All resources by node.
    pub fn all(&self) -> impl Iterator<Item = (&str, &Resource)> {
        self.0.iter().map(|(node, resource)| (node.as_str(), resource))
    }

    /// The value at `path` of a node's state; null where there is none.
    pub fn member(&self, node: &str, path: &str) -> Value {
        self.node(node).map(|resource| member(&resource.state, path)).unwrap_or_default()
    }
}

fn is_ours(item: &Item) -> bool {
    let tag = |key, value: &str| item.tags.get(key).is_some_and(|tag| tag == value);
    tag(TAG_CLUSTER, &owner().cluster) && tag(TAG_STACK, &owner().stack())
}

/// The node that an item is, if it is of the stack. Mount targets have no tags: they go by their file system.
fn node(item: &Item, homes: &[&str]) -> Option<String> {
    match item.kind {
        "ecs:task" => None,
        "elasticfilesystem:mount-target" => {
            let zone = item.state["AvailabilityZoneName"].as_str()?;
            homes.contains(&item.state["FileSystemId"].as_str()?).then(|| format!("mount-target/{zone}"))
        }
        _ => item.tags.get(TAG_RESOURCE).filter(|_| is_ours(item)).cloned(),
    }
}

fn resource(life: &Life, item: &Item) -> Resource {
    let mut state = item.state.clone();
    state[TAGS] = json!(item.tags);
    if item.kind == "secretsmanager:secret" {
        let read = life.by_hand("secretsmanager", "GetSecretValue", json!({"SecretId": item.arn}));
        state[VALUE] = read.map(|answer| answer["SecretString"].clone()).unwrap_or_default();
    }
    Resource { kind: item.kind, id: item.id.clone(), arn: item.arn.clone(), state }
}

/// The value at `path`: members by name and places by number, separated by `/`. Of a list, `*` shows that member of each,
/// in order; `name=value` takes the element with that member, and `=value` the element that is that text. A text is read
/// as JSON where the path goes on. Null where there is nothing.
pub fn member(value: &Value, path: &str) -> Value {
    let Some((step, rest)) = path.split_once('/').or_else(|| (!path.is_empty()).then_some((path, ""))) else {
        return value.clone();
    };
    match value {
        Value::Object(members) => members.get(step).map(|inner| member(inner, rest)).unwrap_or_default(),
        Value::String(text) => serde_json::from_str(text).map(|inner| member(&inner, path)).unwrap_or_default(),
        Value::Array(list) if step == "*" => every(list, rest),
        Value::Array(list) => element(list, step).map(|inner| member(inner, rest)).unwrap_or_default(),
        Value::Null | Value::Bool(_) | Value::Number(_) => Value::Null,
    }
}

fn every(list: &[Value], rest: &str) -> Value {
    let mut all: Vec<Value> = list.iter().map(|inner| member(inner, rest)).filter(|inner| !inner.is_null()).collect();
    all.sort_by_key(ToString::to_string);
    Value::Array(all)
}

fn element<'v>(list: &'v [Value], step: &str) -> Option<&'v Value> {
    match step.split_once('=') {
        None => list.get(step.parse::<usize>().ok()?),
        Some(("", text)) => list.iter().find(|inner| *inner == text),
        Some((name, text)) => list.iter().find(|inner| inner.get(name).is_some_and(|member| member == text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_leads_through_lists_and_texts() {
        let value = json!({"list": [{"k": "a", "v": 1}, {"k": "b", "v": 2}], "text": "{\"in\": [\"x\"]}"});
        for (path, expected) in [
            ("list/k=b/v", json!(2)),
            ("list/*/v", json!([1, 2])),
            ("list/0/v", json!(1)),
            ("text/in/=x", json!("x")),
            ("text/in/=y", Value::Null),
            ("none/at/all", Value::Null),
        ] {
            assert_eq!(member(&value, path), expected, "{path}");
        }
    }
}

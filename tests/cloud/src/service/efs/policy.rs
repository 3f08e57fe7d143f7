//! File system policies: their checks, the lockout check and the form in which they come back.

use super::file_system::{Policy, arn};
use super::{available, named, on_file_system, refusals};
use crate::call::{Access, Answer, Call, Operation, PrincipalKind, Refusal, nothing};
use crate::iam;
use serde_json::{Map, Value, json};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        name: "PutFileSystemPolicy",
        access: Access::Write,
        asks: |call| on_file_system(call, "PutFileSystemPolicy"),
        run: put,
    },
    Operation {
        name: "DescribeFileSystemPolicy",
        access: Access::Read,
        asks: |call| on_file_system(call, "DescribeFileSystemPolicy"),
        run: describe,
    },
    Operation {
        name: "DeleteFileSystemPolicy",
        access: Access::Write,
        asks: |call| on_file_system(call, "DeleteFileSystemPolicy"),
        run: delete,
    },
];

/// Elements that a policy and its statements may have ("IAM JSON policy elements reference").
const POLICY_ELEMENTS: [&str; 3] = ["Version", "Id", "Statement"];
const STATEMENT_ELEMENTS: [&str; 10] = [
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
    "Comment",
];

fn put(call: &mut Call<'_>) -> Answer {
    let id = available(call)?.id.clone();
    let arn = arn(call.peek(), &id);
    let policy = normal_form(call, &arn)?;
    let bypass = call.input["BypassPolicyLockoutSafetyCheck"].as_bool().unwrap_or_default();
    if !bypass && locks_out(call, &policy) {
        return Err(refusals::bad_policy(
            "The new policy will not allow you to update the file system policy in the future.",
        ));
    }
    let kept = iam::pinned(call.world, &policy);
    available(call)?.policy = Some(Policy { put: policy, kept });
    describe(call)
}

fn describe(call: &mut Call<'_>) -> Answer {
    let file_system = named(call.peek(), call.text("FileSystemId"))?;
    let policy = file_system.policy.as_ref().ok_or_else(|| refusals::no_policy(&file_system.id))?;
    let text = serde_json::to_string_pretty(&iam::shown(call.world, &policy.kept)).unwrap_or_default();
    Ok(json!({"FileSystemId": file_system.id, "Policy": text}))
}

fn delete(call: &mut Call<'_>) -> Answer {
    available(call)?.policy = None;
    nothing()
}

/// Whether the caller could not put a policy once this one is in force; an account's root always can.
fn locks_out(call: &Call<'_>, policy: &Value) -> bool {
    let PrincipalKind::Role { role, .. } = &call.principal.kind else { return false };
    let role = format!("arn:aws:iam::{}:role/{role}", call.principal.account);
    on_file_system(call, "PutFileSystemPolicy").into_iter().any(|ask| {
        let mut ask = ask.when("aws:SecureTransport", "true");
        ask.resource_policy = Some(policy.clone());
        !iam::allows(call.world, &role, &ask, call.now)
    })
}

/// The policy as it is kept and given back.
fn normal_form(call: &Call<'_>, arn: &str) -> Result<Value, Refusal> {
    let policy: Value = serde_json::from_str(call.text("Policy")).map_err(|_| malformed("it is not JSON"))?;
    let mut policy = elements(&policy, &POLICY_ELEMENTS)?;
    let version = policy.get("Version").map_or("2008-10-17", |version| version.as_str().unwrap_or_default());
    if !["2008-10-17", "2012-10-17"].contains(&version) {
        return Err(malformed("its version is unknown"));
    }
    let statements = match policy.get("Statement") {
        Some(Value::Array(list)) => list.clone(),
        Some(one @ Value::Object(_)) => vec![one.clone()],
        _ => Vec::new(),
    };
    if statements.is_empty() {
        return Err(malformed("it has no statement"));
    }
    let statements: Vec<Value> = statements.iter().map(|s| statement(call, arn, s)).collect::<Result<_, _>>()?;
    policy.insert("Statement".to_owned(), json!(statements));
    Ok(Value::Object(policy))
}

fn elements(value: &Value, known: &[&str]) -> Result<Map<String, Value>, Refusal> {
    let map = value.as_object().ok_or_else(|| malformed("it is not an object"))?;
    match map.keys().find(|key| !known.contains(&key.as_str())) {
        Some(key) => Err(malformed(&format!("unknown element {key}"))),
        None => Ok(map.clone()),
    }
}

fn malformed(why: &str) -> Refusal {
    refusals::bad_policy(format!("The policy is malformed: {why}."))
}

fn statement(call: &Call<'_>, arn: &str, statement: &Value) -> Result<Value, Refusal> {
    let mut map = elements(statement, &STATEMENT_ELEMENTS)?;
    if !matches!(map.get("Effect").and_then(Value::as_str), Some("Allow" | "Deny")) {
        return Err(malformed("a statement needs an Effect of Allow or Deny"));
    }
    check_actions(&map)?;
    check_resources(&map, arn)?;
    if !map.contains_key("Resource") && !map.contains_key("NotResource") {
        map.insert("Resource".to_owned(), json!(arn));
    }
    let name = if map.contains_key("NotPrincipal") { "NotPrincipal" } else { "Principal" };
    let principal = principals(call, map.get(name).unwrap_or(&Value::Null))?;
    map.insert(name.to_owned(), principal);
    for list in ["Action", "NotAction", "Resource", "NotResource"] {
        if let Some(value) = map.get_mut(list) {
            *value = single(value);
        }
    }
    Ok(Value::Object(map))
}

fn check_actions(map: &Map<String, Value>) -> Result<(), Refusal> {
    let actions = texts(map.get("Action").or(map.get("NotAction")).unwrap_or(&Value::Null));
    let is_ours = |action: &&str| *action == "*" || action.to_ascii_lowercase().starts_with("elasticfilesystem:");
    if actions.is_empty() || !actions.iter().all(is_ours) {
        return Err(malformed("a statement needs actions of elasticfilesystem"));
    }
    Ok(())
}

fn check_resources(map: &Map<String, Value>, arn: &str) -> Result<(), Refusal> {
    let resources = texts(map.get("Resource").unwrap_or(&Value::Null));
    if resources.iter().all(|resource| *resource == "*" || *resource == arn) {
        Ok(())
    } else {
        Err(malformed("a resource is not this file system"))
    }
}

/// Principals with account ids as ARNs, `"*"` as `{"AWS": "*"}`, and a single one without a list.
fn principals(call: &Call<'_>, value: &Value) -> Result<Value, Refusal> {
    if value == "*" {
        return Ok(json!({"AWS": "*"}));
    }
    let map = value.as_object().filter(|map| !map.is_empty()).ok_or_else(bad_principal)?;
    let mut result = Map::new();
    for (kind, value) in map {
        let names = texts(value);
        if names.is_empty() || !["AWS", "Service", "Federated"].contains(&kind.as_str()) {
            return Err(bad_principal());
        }
        let names: Vec<String> = match kind.as_str() {
            "AWS" => names.into_iter().map(|name| aws_principal(call, name)).collect::<Result<_, _>>()?,
            _ => names.into_iter().map(str::to_owned).collect(),
        };
        result.insert(kind.clone(), single(&json!(names)));
    }
    Ok(Value::Object(result))
}

fn aws_principal(call: &Call<'_>, name: &str) -> Result<String, Refusal> {
    if name == "*" {
        return Ok(name.to_owned());
    }
    if name.len() == 12 && name.chars().all(|c| c.is_ascii_digit()) {
        return Ok(format!("arn:aws:iam::{name}:root"));
    }
    if iam::principal_known(call.world, name, call.now) { Ok(name.to_owned()) } else { Err(bad_principal()) }
}

fn bad_principal() -> Refusal {
    refusals::bad_policy("Policy contains invalid Principal block.")
}

/// The text or texts of a policy element.
fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(list) => list.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

fn single(value: &Value) -> Value {
    match value.as_array().map(Vec::as_slice) {
        Some([one]) => one.clone(),
        _ => value.clone(),
    }
}

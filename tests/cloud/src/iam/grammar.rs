//! What IAM accepts as a policy document, and how it words what it does not.
//!
//! Sources: IAM User Guide, "Grammar of the IAM JSON policy language", "IAM JSON policy element reference"; the texts are
//! observed behaviour (not documented): identity policies and trust policies have different ones.

use super::condition::{Condition, texts};
use super::principal_known;
use crate::clock::Time;
use crate::world::World;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

type Checked<T> = Result<T, String>;

const SYNTAX: &str = "Syntax errors in policy.";
const LEGACY: &str = "The policy failed legacy parsing";
const SAME_SID: &str = "Statement IDs (SID) in a single policy must be unique.";
const BAD_SID: &str = "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression \
                       [0-9A-Za-z]*";
const STATEMENT: [&str; 9] =
    ["Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"];
/// What may be done in a trust policy ("IAM JSON policy elements: Principal"; Service Authorization Reference, STS).
const TRUST_ACTIONS: [&str; 6] = [
    "sts:assumerole",
    "sts:assumerolewithsaml",
    "sts:assumerolewithwebidentity",
    "sts:tagsession",
    "sts:setsourceidentity",
    "sts:setcontext",
];

/// Checks a policy for a role's permissions, inline or managed.
pub fn check_identity(text: &str) -> Checked<Value> {
    let document: Value = serde_json::from_str(text).map_err(|_| SYNTAX.to_owned())?;
    let top = document.as_object().ok_or(SYNTAX)?;
    known_members(top, &["Version", "Id", "Statement"]).map_err(|_| SYNTAX.to_owned())?;
    let statements = statements(&document).filter(|list| !list.is_empty()).ok_or(SYNTAX)?;
    if !["2012-10-17", "2008-10-17"].contains(&document["Version"].as_str().unwrap_or("2008-10-17")) {
        return Err(SYNTAX.to_owned());
    }
    for statement in &statements {
        identity_shape(statement)?;
    }
    if document["Version"] != "2012-10-17" {
        return Err("Policy document must be version 2012-10-17 or greater.".to_owned());
    }
    sids(&statements)?;
    for statement in &statements {
        require(statement, "Action", "Policy statement must contain actions.")?;
        require(statement, "Resource", "Policy statement must contain resources.")?;
    }
    for statement in &statements {
        elements(statement, "Action").iter().try_for_each(|action| check_action(action))?;
        elements(statement, "Resource").iter().try_for_each(|resource| check_resource(resource))?;
    }
    Ok(document)
}

/// Checks a trust policy; the roles and accounts it names must be visible.
pub fn check_trust(world: &World, text: &str, now: Time) -> Checked<Value> {
    let document: Value = serde_json::from_str(text).map_err(|_| "This policy contains invalid Json".to_owned())?;
    let top = document.as_object().ok_or("This policy contains invalid Json")?;
    known_members(top, &["Version", "Id", "Statement"])?;
    if !["2012-10-17", "2008-10-17"].contains(&document["Version"].as_str().unwrap_or("2008-10-17")) {
        return Err("The policy must contain a valid version string".to_owned());
    }
    let statements = statements(&document).unwrap_or_default();
    if statements.is_empty() {
        return Err("Could not parse the policy: Statement is empty!".to_owned());
    }
    for statement in &statements {
        trust_shape(statement)?;
    }
    sids(&statements)?;
    for statement in &statements {
        check_principals(world, statement, now)?;
        let fits = |action: &String| TRUST_ACTIONS.contains(&action.to_ascii_lowercase().as_str());
        if !elements(statement, "Action").iter().all(fits) {
            return Err("AssumeRole policy may only specify STS AssumeRole actions.".to_owned());
        }
    }
    Ok(document)
}

/// Characters that count against a limit: all but white space ("IAM and AWS STS quotas").
pub fn size(text: &str) -> usize {
    text.chars().filter(|c| !c.is_whitespace()).count()
}

fn statements(document: &Value) -> Option<Vec<&Map<String, Value>>> {
    match document.get("Statement")? {
        Value::Array(list) => list.iter().map(Value::as_object).collect(),
        single => single.as_object().map(|statement| vec![statement]),
    }
}

fn known_members(map: &Map<String, Value>, known: &[&str]) -> Checked<()> {
    map.keys().find(|key| !known.contains(&key.as_str())).map_or(Ok(()), |key| Err(format!("Unknown field {key}")))
}

fn identity_shape(statement: &Map<String, Value>) -> Checked<()> {
    known_members(statement, &STATEMENT).map_err(|_| SYNTAX.to_owned())?;
    if statement.contains_key("Principal") || statement.contains_key("NotPrincipal") {
        return Err("Policy document should not specify a principal.".to_owned());
    }
    let both = |name: &str| statement.contains_key(name) && statement.contains_key(&format!("Not{name}"));
    let text_lists = ["Action", "NotAction", "Resource", "NotResource"];
    let wrong_kind = text_lists.iter().any(|name| statement.get(*name).is_some_and(|value| strings(value).is_none()));
    let effect = statement.get("Effect").and_then(Value::as_str).ok_or(SYNTAX)?;
    if both("Action") || both("Resource") || wrong_kind || unknown_condition(statement).is_some() {
        return Err(SYNTAX.to_owned());
    }
    match effect {
        "Allow" | "Deny" => Ok(()),
        other if ["allow", "deny"].contains(&other.to_ascii_lowercase().as_str()) => Err(LEGACY.to_owned()),
        _ => Err(SYNTAX.to_owned()),
    }
}

fn trust_shape(statement: &Map<String, Value>) -> Checked<()> {
    known_members(statement, &STATEMENT)?;
    if let Some(name) = ["Resource", "NotResource"].iter().find(|name| statement.contains_key(**name)) {
        return Err(format!("Has prohibited field {name}"));
    }
    for name in ["Effect", "Action", "Principal"] {
        let there = statement.contains_key(name) || (name != "Effect" && statement.contains_key(&format!("Not{name}")));
        if !there {
            return Err(format!("Missing required field {name}"));
        }
    }
    let effect = statement.get("Effect").and_then(Value::as_str).unwrap_or_default();
    if !["Allow", "Deny"].contains(&effect) {
        return Err(format!("Invalid effect: {effect}"));
    }
    require(statement, "Action", "Missing required field Action cannot be empty!")?;
    unknown_condition(statement).map_or(Ok(()), |operator| Err(format!("Invalid Condition type : {operator}.")))
}

/// The first operator of the statement's conditions that can't be read.
fn unknown_condition(statement: &Map<String, Value>) -> Option<String> {
    let block = statement.get("Condition")?;
    let Some(block) = block.as_object() else { return Some(block.to_string()) };
    let bad = |operator: &str, lines: &Value| match lines.as_object() {
        Some(lines) => lines.iter().any(|(key, values)| Condition::new(operator, key, values, true).is_none()),
        None => true,
    };
    block.iter().find(|(operator, lines)| bad(operator, lines)).map(|(operator, _)| operator.clone())
}

fn sids(statements: &[&Map<String, Value>]) -> Checked<()> {
    let mut seen = BTreeSet::new();
    for sid in statements.iter().filter_map(|statement| statement.get("Sid")) {
        let sid = sid.as_str().ok_or(SYNTAX)?;
        if !sid.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Err(BAD_SID.to_owned());
        }
        if !sid.is_empty() && !seen.insert(sid) {
            return Err(SAME_SID.to_owned());
        }
    }
    Ok(())
}

fn strings(value: &Value) -> Option<Vec<String>> {
    texts(value).filter(|_| match value {
        Value::Array(list) => list.iter().all(Value::is_string),
        single => single.is_string(),
    })
}

/// The values of an element or its `Not` form.
fn elements(statement: &Map<String, Value>, name: &str) -> Vec<String> {
    let value = statement.get(name).or_else(|| statement.get(&format!("Not{name}")));
    value.and_then(strings).unwrap_or_default()
}

fn require(statement: &Map<String, Value>, name: &str, text: &str) -> Checked<()> {
    if elements(statement, name).is_empty() { Err(text.to_owned()) } else { Ok(()) }
}

fn check_action(action: &str) -> Checked<()> {
    let parts: Vec<&str> = action.split(':').collect();
    let vendor = parts[0];
    match parts.len() {
        1 if vendor == "*" => Ok(()),
        1 => Err("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.".to_owned()),
        2 if vendor.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.".contains(&b)) => Ok(()),
        2 => Err(format!("Vendor {vendor} is not valid")),
        _ => Err("Actions/Condition can contain only one colon.".to_owned()),
    }
}

fn check_resource(resource: &str) -> Checked<()> {
    let parts: Vec<&str> = resource.splitn(6, ':').collect();
    let service = parts.get(2).copied().unwrap_or_default();
    match parts.as_slice() {
        ["*"] => Ok(()),
        ["arn", partition, ..] if !["aws", "*"].contains(partition) => {
            let rest: Vec<&str> = (2..6).map(|i| parts.get(i).copied().unwrap_or("*")).collect();
            let arn = format!("arn:{partition}:{}", rest.join(":"));
            Err(format!("Partition \"{partition}\" is not valid for resource \"{arn}\"."))
        }
        ["arn", ..] if service.is_empty() || service.contains(['*', '?']) => {
            Err("Resource vendor must be fully qualified and cannot contain regexes.".to_owned())
        }
        ["arn", _, "iam", region, ..] if !region.is_empty() => {
            Err(format!("IAM resource {resource} cannot contain region information."))
        }
        ["arn", ..] => Ok(()),
        _ => Err(format!("Resource {resource} must be in ARN format or \"*\".")),
    }
}

fn check_principals(world: &World, statement: &Map<String, Value>, now: Time) -> Checked<()> {
    let value = statement.get("Principal").or_else(|| statement.get("NotPrincipal")).unwrap_or(&Value::Null);
    match value {
        Value::String(text) if text == "*" => Ok(()),
        Value::Object(kinds) if kinds.is_empty() => Err("Missing required field Principal cannot be empty!".to_owned()),
        Value::Object(kinds) => kinds.iter().try_for_each(|(kind, names)| {
            let names = strings(names).unwrap_or_default();
            names.iter().try_for_each(|name| check_principal(world, kind, name, now))
        }),
        other => Err(format!("Invalid principal in policy: {other}")),
    }
}

fn check_principal(world: &World, kind: &str, name: &str, now: Time) -> Checked<()> {
    let host = || name.contains('.') && name.bytes().all(|b| b.is_ascii_alphanumeric() || b".-/_".contains(&b));
    let (label, known) = match kind {
        "AWS" => ("AWS", principal_known(world, name, now)),
        "Service" => ("SERVICE", host() && (name.ends_with(".amazonaws.com") || name.ends_with(".aws.internal"))),
        "Federated" => ("FEDERATED", host() || name.starts_with("arn:aws:iam::")),
        other => (other, false),
    };
    if known { Ok(()) } else { Err(format!("Invalid principal in policy: \"{label}\":\"{name}\"")) }
}

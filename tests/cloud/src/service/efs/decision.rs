//! What a file system policy alone says to a client without IAM credentials, or to an account's root.

use serde_json::Value;
use std::collections::BTreeMap;

/// Who asks the policy for what.
pub(super) struct Client<'a> {
    /// ARN of the principal, or nothing for an anonymous NFS client.
    pub(super) principal: Option<&'a str>,
    /// Action with its prefix.
    pub(super) action: &'a str,
    /// Condition keys with their values.
    pub(super) context: &'a BTreeMap<String, String>,
}

/// What a policy says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Allowed,
    Denied,
    Silent,
}

/// What the policy says to the client.
pub(super) fn verdict(policy: &Value, client: &Client<'_>) -> Verdict {
    let speaks = |effect: &str| {
        let statements = policy["Statement"].as_array().into_iter().flatten();
        statements.filter(|statement| statement["Effect"] == effect).any(|statement| applies(statement, client))
    };
    if speaks("Deny") {
        Verdict::Denied
    } else if speaks("Allow") {
        Verdict::Allowed
    } else {
        Verdict::Silent
    }
}

/// The text or texts of a policy element.
pub(super) fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(list) => list.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

fn applies(statement: &Value, client: &Client<'_>) -> bool {
    is_for(statement, client.principal) && is_about(statement, client.action) && holds(statement, client)
}

fn is_for(statement: &Value, principal: Option<&str>) -> bool {
    let names = |value: &Value| {
        texts(&value["AWS"]).into_iter().any(|name| name == "*" || principal.is_some_and(|principal| name == principal))
    };
    match statement.get("NotPrincipal") {
        Some(excluded) => !names(excluded),
        None => names(&statement["Principal"]),
    }
}

fn is_about(statement: &Value, action: &str) -> bool {
    let has = |value: &Value| texts(value).into_iter().any(|pattern| matches_pattern(pattern, action, true));
    match statement.get("NotAction") {
        Some(excluded) => !has(excluded),
        None => has(&statement["Action"]),
    }
}

/// Whether all conditions hold. An operator that is not known here never lets an Allow pass, nor a Deny.
fn holds(statement: &Value, client: &Client<'_>) -> bool {
    let is_allow = statement["Effect"] == "Allow";
    let conditions = statement["Condition"].as_object().into_iter().flatten();
    let mut pairs = conditions.flat_map(|(operator, keys)| {
        keys.as_object().into_iter().flatten().map(move |(key, values)| (operator.as_str(), key, values))
    });
    pairs.all(|(operator, key, values)| {
        let found = client.context.iter().find(|(known, _)| known.eq_ignore_ascii_case(key)).map(|(_, value)| value);
        let wanted: Vec<String> = match values {
            Value::Bool(value) => vec![value.to_string()],
            other => texts(other).into_iter().map(str::to_owned).collect(),
        };
        condition(operator, found.map(String::as_str), &wanted).unwrap_or(!is_allow)
    })
}

fn condition(operator: &str, found: Option<&str>, wanted: &[String]) -> Option<bool> {
    let (base, if_exists) = match operator.strip_suffix("IfExists") {
        Some(base) => (base, true),
        None => (operator, false),
    };
    let any =
        |test: &dyn Fn(&str, &str) -> bool| found.is_some_and(|found| wanted.iter().any(|want| test(want, found)));
    let positive = |result: bool| result || (if_exists && found.is_none());
    let like = |want: &str, found: &str| matches_pattern(want, found, false);
    match base {
        "Bool" => Some(positive(any(&|want, found| want.eq_ignore_ascii_case(found)))),
        "StringEquals" => Some(positive(any(&|want, found| want == found))),
        "StringLike" | "ArnLike" | "ArnEquals" => Some(positive(any(&like))),
        "StringNotEquals" => Some(!any(&|want, found| want == found)),
        "StringNotLike" | "ArnNotLike" | "ArnNotEquals" => Some(!any(&like)),
        "Null" => Some(wanted.iter().any(|want| (want == "true") == found.is_none())),
        _ => None,
    }
}

/// Whether a text fits a pattern of `*` and `?`.
fn matches_pattern(pattern: &str, text: &str, ignore_case: bool) -> bool {
    let fold = |text: &str| if ignore_case { text.to_ascii_lowercase() } else { text.to_owned() };
    fits(fold(pattern).as_bytes(), fold(text).as_bytes())
}

fn fits(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern.split_first(), text.split_first()) {
        (None, None) => true,
        (Some((b'*', rest)), _) if fits(rest, text) => true,
        (Some((b'*', _)), Some((_, tail))) => fits(pattern, tail),
        (Some((b'?', rest)), Some((_, tail))) => fits(rest, tail),
        (Some((want, rest)), Some((found, tail))) => want == found && fits(rest, tail),
        (Some(_), None) | (None, Some(_)) => false,
    }
}

//! Fields in words. Of structured values only what differs is shown, of long ones the beginning.

use crate::diff::Field;
use serde_json::Value;

/// Longest value that is shown whole, in characters: what a line of a terminal holds beside a name.
const VALUE_LIMIT: usize = 100;
/// As many digits of a hash as people compare.
const HASH_DIGITS: usize = 8;

/// A line for each part of the field that differs: `name.part: from -> to`.
pub(super) fn lines(field: &Field) -> Vec<String> {
    let Field { name, from, to } = field;
    let mut lines = Vec::new();
    compare(name, &parse(from), &parse(to), &mut lines);
    if lines.is_empty() { vec![format!("{name}: {} -> {}", shown(&parse(from)), shown(&parse(to)))] } else { lines }
}

/// Lists and objects are shown as JSON in a [`Field`]; whatever else stands there is a text.
fn parse(text: &str) -> Value {
    let structured = text.starts_with(['{', '[']) || text == "null";
    let parsed = structured.then(|| serde_json::from_str(text).ok()).flatten();
    parsed.unwrap_or_else(|| Value::String(text.to_owned()))
}

fn compare(path: &str, from: &Value, to: &Value, lines: &mut Vec<String>) {
    match (from, to) {
        (from, to) if from == to => (),
        (Value::Object(before), Value::Object(now)) => {
            let keys: std::collections::BTreeSet<&String> = before.keys().chain(now.keys()).collect();
            for key in keys {
                let of = |object: &serde_json::Map<String, Value>| object.get(key).cloned().unwrap_or(Value::Null);
                compare(&format!("{path}.{key}"), &of(before), &of(now), lines);
            }
        }
        (Value::Array(before), Value::Array(now)) => match (&statements(before), &statements(now)) {
            (Some(before), Some(now)) => compare(path, before, now, lines),
            _ => lists(path, before, now, lines),
        },
        (from, to) => lines.push(format!("{path}: {} -> {}", shown(from), shown(to))),
    }
}

/// The statements of a policy by their ids, so that each is compared with itself.
fn statements(list: &[Value]) -> Option<Value> {
    let named = list.iter().map(|statement| Some((statement.get("Sid")?.as_str()?.to_owned(), statement.clone())));
    let named: Option<serde_json::Map<String, Value>> = named.collect();
    named.filter(|named| !named.is_empty() && named.len() == list.len()).map(Value::Object)
}

fn lists(path: &str, before: &[Value], now: &[Value], lines: &mut Vec<String>) {
    let gone =
        before.iter().filter(|value| !now.contains(value)).map(|value| format!("{path}: without {}", shown(value)));
    let new = now.iter().filter(|value| !before.contains(value)).map(|value| format!("{path}: with {}", shown(value)));
    let count = lines.len();
    lines.extend(gone.chain(new));
    if lines.len() == count {
        lines.push(format!("{path}: {} -> {}", shown(&before.to_vec().into()), shown(&now.to_vec().into())));
    }
}

fn shown(value: &Value) -> String {
    let text = match value {
        Value::Null => return "none".to_owned(),
        Value::String(text) if text.is_empty() => return "empty".to_owned(),
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    };
    let hash = text.len() >= 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let limit = if hash { HASH_DIGITS } else { VALUE_LIMIT };
    if text.chars().count() <= limit { text } else { text.chars().take(limit).chain(['…']).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_shown() {
        let policy = |resource: &str| {
            format!(
                r#"{{"p":{{"Statement":[{{"Sid":"A","Resource":["x"]}},{{"Sid":"B","Resource":["{resource}"]}}]}}}}"#
            )
        };
        for (name, from, to, expected) in [
            ("text", "a", "b", vec!["f: a -> b"]),
            ("nothing before", "null", "b", vec!["f: none -> b"]),
            ("an object", r#"{"a":"1","b":"2"}"#, r#"{"a":"1","b":"3"}"#, vec!["f.b: 2 -> 3"]),
            ("a set", r#"["a","b"]"#, r#"["b","c"]"#, vec!["f: without a", "f: with c"]),
            ("another order", r#"["a","b"]"#, r#"["b","a"]"#, vec![r#"f: ["a","b"] -> ["b","a"]"#]),
            (
                "a policy",
                &policy("y"),
                &policy("z"),
                vec!["f.p.Statement.B.Resource: without y", "f.p.Statement.B.Resource: with z"],
            ),
            ("a hash", &"a1".repeat(16), &"b2".repeat(16), vec!["f: a1a1a1a1… -> b2b2b2b2…"]),
            ("a number that looks like none", "12", "13", vec!["f: 12 -> 13"]),
        ] {
            let field = Field { name: "f", from: from.to_owned(), to: to.to_owned() };
            assert_eq!(lines(&field), expected, "{name}");
        }
    }
}

//! Condition operators.
//!
//! Sources: IAM User Guide, "IAM JSON policy elements: Condition operators", "Set operators for multivalued context
//! keys", "Conditions with multiple context keys or values" (values are ORed, of a negated operator NORed).

use super::pattern::Pattern;
use super::request::Request;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ipnet::IpNet;
use serde_json::Value;
use std::cmp::Ordering;

/// One line of a `Condition` block: operator, key, values.
#[derive(Clone, Debug)]
pub(super) struct Condition {
    quantifier: Option<Quantifier>,
    test: Test,
    negated: bool,
    if_exists: bool,
    key: String,
    values: Vec<Wanted>,
}

/// How the values of a key in the request count together.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Quantifier {
    All,
    Any,
}

/// What one value of the request is compared by.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Test {
    Text,
    TextAnyCase,
    Glob,
    Arn,
    Bool,
    Number(Compare),
    Date(Compare),
    Binary,
    Ip,
    Null,
}

/// The order that a number or date must have.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Compare {
    Equal,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
}

/// A value of the policy, as its operator wants it.
#[derive(Clone, Debug)]
enum Wanted {
    Text(Pattern),
    Arn(Vec<Pattern>),
}

/// Operator names without quantifier and `IfExists`: test and whether it is negated.
const OPERATORS: [(&str, Test, bool); 27] = [
    ("StringEquals", Test::Text, false),
    ("StringNotEquals", Test::Text, true),
    ("StringEqualsIgnoreCase", Test::TextAnyCase, false),
    ("StringNotEqualsIgnoreCase", Test::TextAnyCase, true),
    ("StringLike", Test::Glob, false),
    ("StringNotLike", Test::Glob, true),
    ("ArnEquals", Test::Arn, false),
    ("ArnLike", Test::Arn, false),
    ("ArnNotEquals", Test::Arn, true),
    ("ArnNotLike", Test::Arn, true),
    ("Bool", Test::Bool, false),
    ("Null", Test::Null, false),
    ("BinaryEquals", Test::Binary, false),
    ("IpAddress", Test::Ip, false),
    ("NotIpAddress", Test::Ip, true),
    ("NumericEquals", Test::Number(Compare::Equal), false),
    ("NumericNotEquals", Test::Number(Compare::Equal), true),
    ("NumericLessThan", Test::Number(Compare::Less), false),
    ("NumericLessThanEquals", Test::Number(Compare::LessEqual), false),
    ("NumericGreaterThan", Test::Number(Compare::Greater), false),
    ("NumericGreaterThanEquals", Test::Number(Compare::GreaterEqual), false),
    ("DateEquals", Test::Date(Compare::Equal), false),
    ("DateNotEquals", Test::Date(Compare::Equal), true),
    ("DateLessThan", Test::Date(Compare::Less), false),
    ("DateLessThanEquals", Test::Date(Compare::LessEqual), false),
    ("DateGreaterThan", Test::Date(Compare::Greater), false),
    ("DateGreaterThanEquals", Test::Date(Compare::GreaterEqual), false),
];

impl Condition {
    /// Reads one line; `None` for an operator that does not exist.
    pub(super) fn new(operator: &str, key: &str, values: &Value, variables: bool) -> Option<Self> {
        let (quantifier, rest) = match operator.split_once(':') {
            Some(("ForAllValues", rest)) => (Some(Quantifier::All), rest),
            Some(("ForAnyValue", rest)) => (Some(Quantifier::Any), rest),
            Some(_) => return None,
            None => (None, operator),
        };
        let (name, if_exists) = rest.strip_suffix("IfExists").map_or((rest, false), |name| (name, true));
        let (_, test, negated) = OPERATORS.iter().find(|(known, _, _)| *known == name)?;
        if *test == Test::Null && (if_exists || quantifier.is_some()) {
            return None;
        }
        let values = texts(values)?.iter().map(|text| test.wanted(text, variables)).collect();
        let key = key.to_ascii_lowercase();
        Some(Self { quantifier, test: *test, negated: *negated, if_exists, key, values })
    }

    /// Whether the request fulfils it.
    pub(super) fn holds(&self, request: &Request<'_>) -> bool {
        let found = request.values(&self.key);
        if self.test == Test::Null {
            return self.values.iter().any(|wanted| wanted.says(found.is_empty(), request));
        }
        if found.is_empty() {
            return match self.quantifier {
                Some(Quantifier::All) => true,
                Some(Quantifier::Any) => self.if_exists,
                None => self.if_exists || self.negated,
            };
        }
        let fulfils =
            |value: &String| self.values.iter().any(|wanted| self.fits(value, wanted, request)) != self.negated;
        match self.quantifier {
            Some(Quantifier::All) => found.iter().all(fulfils),
            Some(Quantifier::Any) | None => found.iter().any(fulfils),
        }
    }

    fn fits(&self, value: &str, wanted: &Wanted, request: &Request<'_>) -> bool {
        let pattern = match wanted {
            Wanted::Text(pattern) => pattern,
            Wanted::Arn(parts) => return arn_fits(parts, value, request),
        };
        match self.test {
            Test::Text | Test::Glob => pattern.matches(value, request),
            Test::TextAnyCase => pattern.matches_any_case(value, request),
            Test::Arn | Test::Null => false,
            Test::Bool => pattern.matches_any_case(value, request),
            test => pattern.text(request).is_some_and(|wanted| test.compares(value, &wanted)),
        }
    }
}

impl Wanted {
    fn says(&self, truth: bool, request: &Request<'_>) -> bool {
        matches!(self, Self::Text(pattern) if pattern.matches_any_case(if truth { "true" } else { "false" }, request))
    }
}

impl Test {
    fn wanted(self, text: &str, variables: bool) -> Wanted {
        match self {
            Self::Glob => Wanted::Text(Pattern::new(text, variables)),
            Self::Arn => Wanted::Arn(Pattern::new(text, variables).segments()),
            Self::Text | Self::TextAnyCase => Wanted::Text(Pattern::literal(text, variables)),
            _ => Wanted::Text(Pattern::literal(text, false)),
        }
    }

    fn compares(self, value: &str, wanted: &str) -> bool {
        match self {
            Self::Number(compare) => number(value).partial_cmp(&number(wanted)).is_some_and(|o| compare.allows(o)),
            Self::Date(compare) => date(value).zip(date(wanted)).is_some_and(|(a, b)| compare.allows(a.cmp(&b))),
            Self::Binary => STANDARD.decode(value).ok().is_some_and(|bytes| STANDARD.decode(wanted) == Ok(bytes)),
            Self::Ip => net(value).zip(net(wanted)).is_some_and(|(ip, range)| range.contains(&ip)),
            _ => false,
        }
    }
}

impl Compare {
    fn allows(self, order: Ordering) -> bool {
        match self {
            Self::Equal => order.is_eq(),
            Self::Less => order.is_lt(),
            Self::LessEqual => order.is_le(),
            Self::Greater => order.is_gt(),
            Self::GreaterEqual => order.is_ge(),
        }
    }
}

/// One text or a list of texts, numbers and booleans, which policies may write without quotes.
pub(super) fn texts(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::Array(list) => list.iter().map(scalar).collect(),
        single => scalar(single).map(|text| vec![text]),
    }
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn arn_fits(parts: &[Pattern], value: &str, request: &Request<'_>) -> bool {
    let found: Vec<&str> = value.splitn(6, ':').collect();
    found.len() == 6 && parts.iter().zip(found).all(|(part, text)| part.matches(text, request))
}

fn number(text: &str) -> f64 {
    text.trim().parse().unwrap_or(f64::NAN)
}

/// Milliseconds since 1970 of an ISO 8601 date or a number of seconds.
fn date(text: &str) -> Option<i64> {
    if let Ok(seconds) = text.parse::<i64>() {
        return Some(seconds * 1000);
    }
    let moment = text.parse::<jiff::Timestamp>().or_else(|_| format!("{text}T00:00:00Z").parse());
    moment.ok().map(jiff::Timestamp::as_millisecond)
}

fn net(text: &str) -> Option<IpNet> {
    text.parse().ok().or_else(|| text.parse::<std::net::IpAddr>().ok().map(IpNet::from))
}

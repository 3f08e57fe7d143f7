//! Conditions of rules, and whether a request meets them.

use super::network::{contains, list, texts};
use super::refusal::{not_here, validation};
use crate::call::Refusal;
use serde_json::{Value, json};
use std::net::IpAddr;

/// At most this many values in all conditions of a rule (quota "Condition values per rule").
const MAX_VALUES: usize = 5;
const MAX_LENGTH: usize = 128;
const METHOD_LENGTH: usize = 40;

/// One condition; it is met when one of its values fits.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Condition {
    /// The host, whatever its case.
    Host(Vec<String>),
    /// The path.
    Path(Vec<String>),
    /// The value of a header, whatever its case.
    Header { name: String, values: Vec<String> },
    /// Pairs of the query; a key may be absent.
    Query(Vec<(Option<String>, String)>),
    /// The method.
    Method(Vec<String>),
    /// The client's address, by CIDR block.
    Source(Vec<String>),
}

/// What conditions look at.
pub(super) struct Request<'a> {
    pub(super) host: &'a str,
    pub(super) path: &'a str,
    pub(super) query: &'a str,
    pub(super) source: Option<IpAddr>,
}

/// Reads and checks the conditions of a request.
pub(super) fn read(request: &Value) -> Result<Vec<Condition>, Refusal> {
    let conditions = list(request).iter().map(Condition::read).collect::<Result<Vec<_>, _>>()?;
    if conditions.is_empty() {
        return Err(validation("A condition must be specified"));
    }
    for (at, condition) in conditions.iter().enumerate() {
        let again = conditions.iter().take(at).any(|earlier| earlier.field() == condition.field());
        if again && !matches!(condition, Condition::Header { .. } | Condition::Query(_)) {
            let field = condition.field();
            return Err(validation(format!("A rule can only have one '{field}' condition")));
        }
    }
    if conditions.iter().map(Condition::count).sum::<usize>() > MAX_VALUES {
        return Err(validation("A rule can only have '5' condition values and regex values"));
    }
    Ok(conditions)
}

impl Condition {
    fn read(request: &Value) -> Result<Self, Refusal> {
        let Some(field) = request["Field"].as_str() else {
            return Err(validation("A condition field must be specified"));
        };
        let config_name = match field {
            "host-header" => "HostHeaderConfig",
            "path-pattern" => "PathPatternConfig",
            "http-header" => "HttpHeaderConfig",
            "query-string" => "QueryStringConfig",
            "http-request-method" => "HttpRequestMethodConfig",
            "source-ip" => "SourceIpConfig",
            _ => return Err(validation(format!("Condition field '{field}' must be one of the supported fields"))),
        };
        let config = &request[config_name];
        if !list(&request["RegexValues"]).is_empty() || !list(&config["RegexValues"]).is_empty() {
            return Err(not_here("A regular expression as condition value"));
        }
        let plain = texts(&request["Values"]);
        let legacy = matches!(field, "host-header" | "path-pattern");
        if !plain.is_empty() && config.is_object() {
            let both = format!("You cannot provide both Values and '{config_name}' for a condition of type '{field}'");
            return Err(validation(both));
        }
        if !plain.is_empty() && !legacy {
            return Err(validation(format!("You must provide '{config_name}' for a condition of type '{field}'")));
        }
        let values = if plain.is_empty() { texts(&config["Values"]) } else { plain };
        let condition = match field {
            "host-header" => Self::Host(values),
            "path-pattern" => Self::Path(values),
            "http-request-method" => Self::Method(values),
            "source-ip" => Self::Source(values),
            "query-string" => Self::Query(list(&config["Values"]).iter().map(pair).collect()),
            _ => {
                let name = config["HttpHeaderName"].as_str().unwrap_or_default().to_owned();
                Self::Header { name, values }
            }
        };
        condition.check()?;
        Ok(condition)
    }

    fn field(&self) -> &'static str {
        match self {
            Self::Host(_) => "host-header",
            Self::Path(_) => "path-pattern",
            Self::Header { .. } => "http-header",
            Self::Query(_) => "query-string",
            Self::Method(_) => "http-request-method",
            Self::Source(_) => "source-ip",
        }
    }

    fn count(&self) -> usize {
        match self {
            Self::Host(values) | Self::Path(values) | Self::Method(values) | Self::Source(values) => values.len(),
            Self::Header { values, .. } => values.len(),
            Self::Query(pairs) => pairs.len(),
        }
    }

    fn check(&self) -> Result<(), Refusal> {
        let field = self.field();
        if self.count() == 0 {
            return Err(validation(format!("A condition value must be specified for '{field}'")));
        }
        let all = |values: &[String], fits: fn(&str) -> bool| match values.iter().find(|value| !fits(value)) {
            Some(value) => Err(validation(format!("Condition value '{value}' is not valid for field '{field}'"))),
            None => Ok(()),
        };
        match self {
            Self::Host(values) => all(values, is_host),
            Self::Path(values) => all(values, is_path),
            Self::Method(values) => all(values, is_method),
            Self::Source(values) => all(values, |value| value.parse::<ipnet::IpNet>().is_ok()),
            Self::Header { name, .. } if name.is_empty() || name.eq_ignore_ascii_case("host") => {
                Err(validation(format!("HTTP header name '{name}' is not valid for field '{field}'")))
            }
            Self::Header { name, .. } if name.len() > METHOD_LENGTH => {
                Err(validation(format!("HTTP header name '{name}' cannot be longer than '40' characters")))
            }
            Self::Header { values, .. } => all(values, is_short),
            Self::Query(pairs) => pairs.iter().try_for_each(|(_, value)| all(std::slice::from_ref(value), is_short)),
        }
    }

    /// The condition as a Describe operation shows it: the legacy member beside the config, where there is one.
    pub(super) fn describe(&self) -> Value {
        let field = self.field();
        match self {
            Self::Host(values) => json!({"Field": field, "Values": values, "HostHeaderConfig": {"Values": values}}),
            Self::Path(values) => json!({"Field": field, "Values": values, "PathPatternConfig": {"Values": values}}),
            Self::Method(values) => json!({"Field": field, "HttpRequestMethodConfig": {"Values": values}}),
            Self::Source(values) => json!({"Field": field, "SourceIpConfig": {"Values": values}}),
            Self::Header { name, values } => {
                json!({"Field": field, "HttpHeaderConfig": {"HttpHeaderName": name, "Values": values}})
            }
            Self::Query(pairs) => {
                let pairs: Vec<Value> = pairs.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect();
                json!({"Field": field, "QueryStringConfig": {"Values": pairs}})
            }
        }
    }

    /// Whether a `GET` without further headers meets it.
    pub(super) fn is_met(&self, request: &Request<'_>) -> bool {
        match self {
            Self::Host(values) => {
                values.iter().any(|value| matches(&value.to_ascii_lowercase(), &request.host.to_ascii_lowercase()))
            }
            Self::Path(values) => values.iter().any(|value| matches(value, request.path)),
            Self::Method(values) => values.iter().any(|value| value == "GET"),
            Self::Source(values) => {
                request.source.is_some_and(|source| values.iter().any(|value| contains(value, source)))
            }
            Self::Header { .. } => false,
            Self::Query(pairs) => pairs.iter().any(|wanted| request.query.split('&').any(|given| fits(wanted, given))),
        }
    }
}

fn pair(value: &Value) -> (Option<String>, String) {
    (value["Key"].as_str().map(str::to_owned), value["Value"].as_str().unwrap_or_default().to_owned())
}

fn fits((key, value): &(Option<String>, String), given: &str) -> bool {
    let (given_key, given_value) = given.split_once('=').unwrap_or(("", given));
    let key_fits = key.as_ref().is_none_or(|key| matches(&key.to_ascii_lowercase(), &given_key.to_ascii_lowercase()));
    key_fits && matches(&value.to_ascii_lowercase(), &given_value.to_ascii_lowercase())
}

fn is_short(value: &str) -> bool {
    !value.is_empty() && value.len() <= MAX_LENGTH
}

/// At least one dot, only letters after the last one (API Reference, HostHeaderConditionConfig).
fn is_host(value: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-._*?".contains(c);
    let ends_well =
        value.rsplit_once('.').is_some_and(|(_, end)| !end.is_empty() && end.chars().all(|c| c.is_ascii_alphabetic()));
    is_short(value) && ends_well && value.chars().all(allowed)
}

fn is_path(value: &str) -> bool {
    is_short(value) && value.chars().all(|c| c.is_ascii_alphanumeric() || "_-.$/~\"'@:+&*?!,;=%()".contains(c))
}

fn is_method(value: &str) -> bool {
    let allowed = |c: char| c.is_ascii_uppercase() || c == '-' || c == '_';
    !value.is_empty() && value.len() <= METHOD_LENGTH && value.chars().all(allowed)
}

/// Whether a text fits a pattern with `*` for any characters and `?` for one.
fn matches(pattern: &str, text: &str) -> bool {
    let Some(first) = pattern.chars().next() else { return text.is_empty() };
    let rest = &pattern[first.len_utf8()..];
    match first {
        '*' => text.char_indices().any(|(at, _)| matches(rest, &text[at..])) || matches(rest, ""),
        _ => text.chars().next().is_some_and(|c| (first == '?' || first == c) && matches(rest, &text[c.len_utf8()..])),
    }
}

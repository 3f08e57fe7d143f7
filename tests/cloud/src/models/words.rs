//! What a client reads when its request does not fit the model, in the words of each family of services.
//!
//! JSON, REST and query services share one validator and so one form of text. EC2 has its own codes and texts
//! ("Error codes for the Amazon EC2 API"). Codes of type errors outside of EC2 are observed behaviour (not documented).

use super::api::Api;
use super::check::{Constraint, Fault, Step, Violation};
use super::shape::Protocol;
use crate::call::Refusal;
use crate::service::Service;

/// The refusal for a request with these violations (at least one).
pub(super) fn refusal(service: &Service, api: &Api, violations: &[Violation]) -> Refusal {
    let ec2 = api.protocol() == Protocol::Ec2;
    let serial = violations.iter().find(|violation| matches!(violation.fault, Fault::Unknown | Fault::Type { .. }));
    match (serial.or(violations.first()), ec2) {
        (Some(violation), true) => of_ec2(service, violation),
        (Some(violation), false) if serial.is_some() => serialization(service, api, violation),
        _ => constraints(service, violations),
    }
}

fn constraints(service: &Service, violations: &[Violation]) -> Refusal {
    let missing = violations.iter().any(|violation| violation.fault == Fault::Missing);
    let number = violations.len();
    let texts: Vec<String> = violations.iter().map(text).collect();
    let text =
        format!("{number} validation error{} detected: {}", if number == 1 { "" } else { "s" }, texts.join("; "));
    Refusal::new(if missing { service.missing } else { service.invalid }, text)
}

fn text(violation: &Violation) -> String {
    let path = dotted(&violation.path);
    let value = match (&violation.shown, &violation.fault) {
        (_, Fault::Missing) => "Value null".to_owned(),
        (Some(shown), _) => format!("Value '{shown}'"),
        (None, _) => "Value".to_owned(),
    };
    let constraint = match &violation.fault {
        Fault::Missing => "Member must not be null".to_owned(),
        Fault::Constraint(constraint) => wording(constraint),
        Fault::Parts(what, constraints) => {
            let all: Vec<String> = constraints.iter().map(wording).collect();
            format!("{what} must satisfy constraint: [{}]", all.join(", "))
        }
        Fault::Unknown | Fault::Type { .. } => "Member is not valid".to_owned(),
    };
    format!("{value} at '{path}' failed to satisfy constraint: {constraint}")
}

fn wording(constraint: &Constraint) -> String {
    match constraint {
        Constraint::LengthMin(n) => format!("Member must have length greater than or equal to {n}"),
        Constraint::LengthMax(n) => format!("Member must have length less than or equal to {n}"),
        Constraint::ValueMin(n) => format!("Member must have value greater than or equal to {n}"),
        Constraint::ValueMax(n) => format!("Member must have value less than or equal to {n}"),
        Constraint::Enum(values) => format!("Member must satisfy enum value set: [{}]", values.join(", ")),
        Constraint::Pattern(pattern) => format!("Member must satisfy regular expression pattern: {pattern}"),
    }
}

/// A request that can't be read as its shape. JSON services do so before they validate.
fn serialization(service: &Service, api: &Api, violation: &Violation) -> Refusal {
    let path = dotted(&violation.path);
    let text = match &violation.fault {
        Fault::Type { found, wanted } => format!("{found} can not be converted to {wanted} (at '{path}')"),
        _ => format!("Unrecognized member '{path}'"),
    };
    let code = match api.protocol() {
        Protocol::Json | Protocol::SmithyRpcV2Cbor => "SerializationException",
        Protocol::Query => "MalformedInput",
        Protocol::RestJson | Protocol::RestXml | Protocol::Ec2 => service.invalid,
    };
    Refusal::new(
        if violation.fault == Fault::Unknown && code == "MalformedInput" { service.invalid } else { code },
        text,
    )
}

fn of_ec2(service: &Service, violation: &Violation) -> Refusal {
    let name = parameter(&violation.path);
    let shown = violation.shown.as_deref().unwrap_or_default();
    let invalid = |expected: String| {
        let text = format!("Value ({shown}) for parameter {name} is invalid. {expected}");
        Refusal::new(service.invalid, text.trim_end().to_owned())
    };
    match &violation.fault {
        Fault::Missing => Refusal::new(service.missing, format!("The request must contain the parameter {name}")),
        Fault::Unknown => Refusal::new("UnknownParameter", format!("The parameter {name} is not recognized")),
        Fault::Type { wanted, .. } => {
            Refusal::new(service.invalid, format!("Invalid value for {name}. It must be {wanted}."))
        }
        Fault::Constraint(Constraint::Enum(_)) => invalid(String::new()),
        Fault::Constraint(constraint) => invalid(expected(constraint)),
        Fault::Parts(_, constraints) => invalid(constraints.first().map(expected).unwrap_or_default()),
    }
}

fn expected(constraint: &Constraint) -> String {
    match constraint {
        Constraint::LengthMin(n) => format!("Expecting at least {n}."),
        Constraint::LengthMax(n) => format!("Expecting at most {n}."),
        Constraint::ValueMin(n) => format!("Expecting a value greater than or equal to {n}."),
        Constraint::ValueMax(n) => format!("Expecting a value less than or equal to {n}."),
        Constraint::Enum(_) => String::new(),
        Constraint::Pattern(pattern) => format!("Expecting a value that matches {pattern}."),
    }
}

/// A path as the shared validator prints it: `tags.1.member.key`.
pub(super) fn dotted(path: &[Step]) -> String {
    let step = |step: &Step| match step {
        Step::Member(name, _) => lower(name),
        Step::Element(at) => format!("{at}.member"),
        Step::Key(key) => key.clone(),
    };
    path.iter().map(step).collect::<Vec<_>>().join(".")
}

/// A path as it is spelled in an EC2 request: `IpPermissions.1.FromPort`.
fn parameter(path: &[Step]) -> String {
    let step = |step: &Step| match step {
        Step::Member(_, name) => name.clone(),
        Step::Element(at) => at.to_string(),
        Step::Key(key) => key.clone(),
    };
    path.iter().map(step).collect::<Vec<_>>().join(".")
}

fn lower(name: &str) -> String {
    let mut chars = name.chars();
    chars.next().map(|first| first.to_lowercase().chain(chars).collect()).unwrap_or_default()
}

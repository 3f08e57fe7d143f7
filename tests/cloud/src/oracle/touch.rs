//! Writes on what is another's, and writes when there should be none.

use super::{Oracle, Touch};
use crate::calls::{Log, Mark, Record, Touched};
use crate::tags::Tags;

/// Operations that only use what they name: the new thing hangs on it, and it stays as it was.
const USES: [(&str, &str); 7] = [
    ("iam:PassRole", ""),
    ("ec2:CreateSecurityGroup", ":vpc/"),
    ("ec2:CreateSubnet", ":vpc/"),
    ("ec2:CreateRouteTable", ":vpc/"),
    ("ec2:CreateNetworkInterface", ":subnet/"),
    ("elasticfilesystem:CreateAccessPoint", ":file-system/"),
    ("elasticloadbalancing:CreateRule", ":listener/"),
];

/// Writes that were done on things without an owner's tags.
pub(super) fn foreign(oracle: &Oracle, log: &Log) -> Vec<Touch> {
    let writes = log.records().filter(|record| record.by_door && record.wrote());
    writes.flat_map(|record| touches(oracle, record)).collect()
}

/// Writes behind a mark, whatever came of them.
pub(super) fn writes(log: &Log, mark: &Mark) -> Vec<String> {
    log.writes_since(mark).map(ToString::to_string).collect()
}

fn touches(oracle: &Oracle, record: &Record) -> Vec<Touch> {
    let own = record.touched.first().and_then(|touched| touched.action.split(':').next()).unwrap_or_default();
    let asked_of_service = |touched: &&Touched| touched.action.split(':').next() == Some(own);
    let wrong = record.touched.iter().filter(asked_of_service).filter(|touched| is_foreign(oracle, touched));
    wrong
        .map(|touched| Touch {
            resource: touched.resource.clone(),
            action: touched.action.clone(),
            number: record.number,
            call: record.to_string(),
        })
        .collect()
}

fn is_foreign(oracle: &Oracle, touched: &Touched) -> bool {
    let Touched { action, resource, context: _, held } = touched;
    // CloudWatch Logs writes a group's ARN with all of its streams.
    let resource = resource.trim_end_matches(":*");
    if resource.contains('*') || USES.iter().any(|(use_of, part)| action == use_of && resource.contains(part)) {
        return false;
    }
    match held {
        Some(tags) if !tags.is_empty() => !is_owned(oracle, tags),
        // No tags: yet to be made, or a thing of others that has none.
        Some(_) | None => {
            oracle.before.contains(resource)
                || oracle.before.contains(&format!("{resource}:*"))
                || (held.is_some() && !makes(action))
        }
    }
}

fn is_owned(oracle: &Oracle, tags: &Tags) -> bool {
    oracle.scheme.owner(tags).is_some()
}

/// Whether an action is asked about things that are yet to be made.
fn makes(action: &str) -> bool {
    let operation = action.split_once(':').map_or(action, |(_, operation)| operation);
    ["Create", "Register", "Run"].iter().any(|verb| operation.starts_with(verb))
}

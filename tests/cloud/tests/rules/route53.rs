//! Rules of `route53`.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "helpers of tests")]

mod batches;
mod zones;

use crate::lab::Lab;
use serde_json::{Value, json};

/// A public hosted zone; its id without prefix.
#[track_caller]
pub(crate) fn zone(lab: &Lab, name: &str) -> String {
    let made = lab.ok("route53", "CreateHostedZone", json!({"Name": name, "CallerReference": name}));
    made["HostedZone"]["Id"].as_str().expect("an id").trim_start_matches("/hostedzone/").to_owned()
}

/// One change to a record with values.
pub(crate) fn change(action: &str, name: &str, kind: &str, values: &[&str]) -> Value {
    let values: Vec<Value> = values.iter().map(|value| json!({"Value": value})).collect();
    json!({"Action": action, "ResourceRecordSet": {"Name": name, "Type": kind, "TTL": 60, "ResourceRecords": values}})
}

/// A batch.
pub(crate) fn batch(zone: &str, changes: Value) -> Value {
    json!({"HostedZoneId": zone, "ChangeBatch": {"Changes": changes}})
}

/// Makes changes.
#[track_caller]
pub(crate) fn changed(lab: &Lab, zone: &str, changes: Value) -> Value {
    lab.ok("route53", "ChangeResourceRecordSets", batch(zone, changes))["ChangeInfo"].clone()
}

/// Names and types of a zone's records in the order of the listing, without its own.
#[track_caller]
pub(crate) fn records(lab: &Lab, zone: &str) -> Vec<(String, String)> {
    let all = lab.ok("route53", "ListResourceRecordSets", json!({"HostedZoneId": zone}))["ResourceRecordSets"].clone();
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let pairs = all.as_array().expect("records").iter().map(|record| (text(&record["Name"]), text(&record["Type"])));
    pairs.filter(|(_, kind)| kind != "SOA" && kind != "NS").collect()
}

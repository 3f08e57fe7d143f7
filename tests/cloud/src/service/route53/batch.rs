//! Change batches: all changes or none.

use super::name;
use super::record::{Alias, Data, Record};
use super::zone::{self, Zone};
use crate::call::{Access, Answer, Ask, Call, Operation, Refusal};
use crate::service::acm;
use serde_json::{Value, json};

pub(super) const OPERATIONS: &[Operation] =
    &[Operation { name: "ChangeResourceRecordSets", access: Access::Write, asks, run: change_resource_record_sets }];

/// Values and characters of values in one batch; UPSERT counts twice ("Quotas", Amazon Route 53 Developer Guide).
const MAX_VALUES: usize = 1000;
const MAX_CHARACTERS: usize = 32_000;

/// One question with the names, types and actions of the whole batch.
fn asks(call: &Call<'_>) -> Vec<Ask> {
    let changes = call.input["ChangeBatch"]["Changes"].as_array().cloned().unwrap_or_default();
    let mut asks = zone::on(call, "ChangeResourceRecordSets", "HostedZoneId");
    for change in &changes {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let name = super::normal(&text(&change["ResourceRecordSet"]["Name"]));
        let context = [
            ("route53:ChangeResourceRecordSetsNormalizedRecordNames", name.trim_end_matches('.').to_owned()),
            ("route53:ChangeResourceRecordSetsRecordTypes", text(&change["ResourceRecordSet"]["Type"])),
            ("route53:ChangeResourceRecordSetsActions", text(&change["Action"])),
        ];
        asks =
            asks.into_iter().map(|ask| context.iter().fold(ask, |ask, (key, value)| ask.when(*key, value))).collect();
    }
    asks
}

fn change_resource_record_sets(call: &mut Call<'_>) -> Answer {
    let mut zone = zone::named(call, "HostedZoneId")?.clone();
    let batch = &call.input["ChangeBatch"];
    let comment = batch["Comment"].as_str().map(str::to_owned);
    let mut changes = Vec::new();
    for change in batch["Changes"].as_array().into_iter().flatten() {
        let action = change["Action"].as_str().unwrap_or_default().to_owned();
        changes.push((Record::read(&change["ResourceRecordSet"], &action)?, action));
    }
    size(&changes)?;
    let mut faults = Vec::new();
    for (record, action) in &changes {
        faults.extend(apply(&mut zone, record, action));
    }
    faults.extend(changes.iter().filter_map(|(record, _)| untargeted(call, &zone, record)));
    faults.extend(own_records(&zone));
    if !faults.is_empty() {
        let text = format!("[{}]", faults.join(", "));
        return Err(Refusal::new("InvalidChangeBatch", text).with("messages", faults));
    }
    call.account().route53.zones.insert(zone.id.clone(), zone);
    let account = call.principal.account.clone();
    acm::records_changed(call.world, &account);
    let change = zone::changed(call, comment);
    Ok(json!({"ChangeInfo": change}))
}

fn size(changes: &[(Record, String)]) -> Result<(), Refusal> {
    let (mut values, mut characters) = (0, 0);
    for (record, action) in changes {
        let times = if action == "UPSERT" { 2 } else { 1 };
        let (count, length) = match &record.data {
            Data::Values { values, .. } => (values.len(), values.iter().map(String::len).sum()),
            Data::Alias(_) => (1, 0),
        };
        values += times * count;
        characters += times * length;
    }
    let over = |what: &str, most: usize| {
        Err(Refusal::new("InvalidChangeBatch", format!("[Number of {what} limit of {most} exceeded.]")))
    };
    match (values > MAX_VALUES, characters > MAX_CHARACTERS) {
        (true, _) => over("records", MAX_VALUES),
        (_, true) => over("characters", MAX_CHARACTERS),
        (false, false) => Ok(()),
    }
}

/// Makes one change, or says what is wrong with it.
fn apply(zone: &mut Zone, record: &Record, action: &str) -> Vec<String> {
    let named = format!("resource record set [name='{}', type='{}']", record.name, record.kind);
    let existing = zone.records.get(&record.key());
    match (action, existing) {
        ("DELETE", None) => return vec![format!("Tried to delete {named} but it was not found")],
        ("DELETE", Some(existing)) if !same(existing, record) => {
            return vec![format!("Tried to delete {named} but the values provided do not match the current values")];
        }
        ("DELETE", Some(_)) => {
            zone.records.remove(&record.key());
            return Vec::new();
        }
        ("CREATE", Some(_)) => return vec![format!("Tried to create {named} but it already exists")],
        _ => {}
    }
    let mut faults = record.faults();
    faults.extend(misplaced(zone, record));
    zone.records.insert(record.key(), record.clone());
    faults
}

/// Values are compared in any order.
fn same(existing: &Record, given: &Record) -> bool {
    match (&existing.data, &given.data) {
        (Data::Values { ttl, values }, Data::Values { ttl: other_ttl, values: others }) => {
            ttl == other_ttl && values.len() == others.len() && values.iter().all(|value| others.contains(value))
        }
        (one, other) => one == other,
    }
}

/// What is wrong with a record's name in this zone.
fn misplaced(zone: &Zone, record: &Record) -> Option<String> {
    let (name, kind) = (&record.name, &record.kind);
    if !name::lies_in(name, &zone.name) {
        return Some(format!("RRSet with DNS name {name} is not permitted in zone {}", zone.name));
    }
    if kind == "CNAME" && *name == zone.name {
        return Some(format!(
            "RRSet of type CNAME with DNS name {name} is not permitted at apex in zone {}",
            zone.name
        ));
    }
    let mut others = zone.records.values().filter(|other| other.name == *name && other.kind != *kind);
    if kind == "CNAME" && others.next().is_some() {
        return Some(format!(
            "RRSet of type CNAME with DNS name {name} is not permitted as it conflicts with other records with the \
             same DNS name in zone {}",
            zone.name
        ));
    }
    others.any(|other| other.kind == "CNAME").then(|| {
        format!(
            "RRSet of type {kind} with DNS name {name} is not permitted because a conflicting RRSet of type CNAME with \
             the same DNS name already exists in zone {}",
            zone.name
        )
    })
}

/// What is wrong with an alias's target: it must be a record of this zone, or a name of an AWS service.
fn untargeted(call: &Call<'_>, zone: &Zone, record: &Record) -> Option<String> {
    let Data::Alias(Alias { zone: target_zone, name, .. }) = &record.data else { return None };
    let kind = &record.kind;
    let tried = format!("Tried to create an alias that targets {name}, type {kind} in zone {target_zone}");
    let own = zone::state(call).is_some_and(|state| state.zones.contains_key(target_zone));
    if *target_zone == zone.id {
        let found = zone.records.values().any(|other| other.name == *name && other.kind == *kind);
        return (!found).then(|| format!("{tried}, but that target was not found"));
    }
    let service = !own && name.ends_with(".amazonaws.com.");
    (!service).then(|| format!("{tried}, but the alias target name does not lie within the target zone"))
}

/// A zone keeps its own SOA and NS records.
fn own_records(zone: &Zone) -> Vec<String> {
    let has = |kind: &str| zone.records.values().any(|record| record.name == zone.name && record.kind == kind);
    let mut faults = Vec::new();
    if !has("SOA") {
        faults.push("A HostedZone must contain exactly one SOA record.".to_owned());
    }
    if !has("NS") {
        faults.push("A HostedZone must contain at least one NS record for the zone itself.".to_owned());
    }
    faults
}

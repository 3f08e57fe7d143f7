//! Records: their form, their checks and their listing.

use super::name::{self, normal};
use super::zone::{self, bare};
use crate::call::{Access, Answer, Call, Operation, Refusal};
use serde_json::{Value, json};

pub(super) const OPERATIONS: &[Operation] = &[Operation {
    name: "ListResourceRecordSets",
    access: Access::Read,
    asks: |call| zone::on(call, "ListResourceRecordSets", "HostedZoneId"),
    run: list_resource_record_sets,
}];

/// Most records of one page (Route 53 API Reference, ListResourceRecordSets).
const PAGE: usize = 300;

/// A record set.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Name in normal form.
    pub name: String,
    /// Type, for example `CNAME`.
    pub kind: String,
    /// What it says.
    pub data: Data,
}

/// What a record says.
#[derive(Clone, Debug, PartialEq)]
pub enum Data {
    /// Values of its own.
    Values {
        /// Seconds for which resolvers keep it.
        ttl: u64,
        /// Values.
        values: Vec<String>,
    },
    /// Whatever another name says.
    Alias(Alias),
}

/// The target of an alias.
#[derive(Clone, Debug, PartialEq)]
pub struct Alias {
    /// Hosted zone id, the service's own for load balancers.
    pub zone: String,
    /// Name in normal form.
    pub name: String,
    /// Whether its health counts.
    pub health: bool,
}

impl Record {
    /// Its place in the zone.
    pub(super) fn key(&self) -> (String, String) {
        (name::order(&self.name), self.kind.clone())
    }

    /// As ListResourceRecordSets shows it.
    pub fn describe(&self) -> Value {
        match &self.data {
            Data::Values { ttl, values } => {
                let values: Vec<Value> = values.iter().map(|value| json!({"Value": value})).collect();
                json!({"Name": self.name, "Type": self.kind, "TTL": ttl, "ResourceRecords": values})
            }
            Data::Alias(Alias { zone, name, health }) => json!({
                "Name": self.name, "Type": self.kind,
                "AliasTarget": {"HostedZoneId": zone, "DNSName": name, "EvaluateTargetHealth": health},
            }),
        }
    }

    /// Reads a record set of a request. `action` is for the text only.
    pub(super) fn read(given: &Value, action: &str) -> Result<Self, Refusal> {
        let text = |member: &str| given[member].as_str().unwrap_or_default();
        let (raw, kind) = (text("Name"), text("Type").to_owned());
        let found = format!("in Change with [Action={action}, Name={raw}, Type={kind}, SetIdentifier=null]");
        if given["SetIdentifier"].is_string() {
            return Err(invalid("Routing policies are not part of this cloud."));
        }
        let expected =
            "Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or TrafficPolicyInstanceId]";
        let (alias, values) = (&given["AliasTarget"], given["ResourceRecords"].as_array());
        let data = match (alias.is_object(), given["TTL"].as_u64(), values) {
            (true, None, None) => Data::Alias(Alias::read(alias)),
            (false, Some(ttl), Some(values)) => Data::Values { ttl, values: texts(values) },
            (true, _, _) => {
                return Err(invalid(format!("Invalid request: {expected}, but found more than one {found}")));
            }
            (false, _, _) => return Err(invalid(format!("Invalid request: {expected}, but found none {found}"))),
        };
        Ok(Self { name: normal(raw), kind, data })
    }

    /// What is wrong with its values, in Route 53's words.
    pub(super) fn faults(&self) -> Vec<String> {
        let Data::Values { values, .. } = &self.data else { return Vec::new() };
        let mut faults: Vec<String> = values.iter().filter_map(|value| self.fault(value)).collect();
        for (index, value) in values.iter().enumerate() {
            if values[..index].contains(value) {
                faults.push(format!("Duplicate Resource Record: '{value}'"));
            }
        }
        if self.kind == "CNAME" && values.len() > 1 {
            faults.push(format!("Invalid Resource Record: 'More than one value for CNAME {}'", self.name));
        }
        faults
    }

    fn fault(&self, value: &str) -> Option<String> {
        let quoted = value.len() >= 2 && value.starts_with('"') && value.ends_with('"');
        let (code, text) = match self.kind.as_str() {
            "A" if value.parse::<std::net::Ipv4Addr>().is_err() => {
                ("ARRDATAIllegalIPv4Address", "Value is not a valid IPv4 address")
            }
            "AAAA" if value.parse::<std::net::Ipv6Addr>().is_err() => {
                ("AAAARRDATAIllegalIPv6Address", "Value is not a valid IPv6 address")
            }
            "TXT" if !quoted => ("InvalidCharacterString", "Value should be enclosed in quotation marks"),
            "CNAME" if !name::valid(value) => ("CNAMERRDATAInvalidDomainName", "Value is not a valid domain name"),
            _ => return None,
        };
        Some(format!("Invalid Resource Record: 'FATAL problem: {code} ({text}) encountered with '{value}''"))
    }
}

impl Alias {
    fn read(given: &Value) -> Self {
        let text = |member: &str| given[member].as_str().unwrap_or_default();
        Self {
            zone: bare(text("HostedZoneId")).to_owned(),
            name: normal(text("DNSName")),
            health: given["EvaluateTargetHealth"] == Value::Bool(true),
        }
    }
}

fn texts(values: &[Value]) -> Vec<String> {
    values.iter().map(|value| value["Value"].as_str().unwrap_or_default().to_owned()).collect()
}

fn invalid(text: impl Into<String>) -> Refusal {
    Refusal::new("InvalidInput", text)
}

/// Begins at a name, and a type if one is given; without an end of its own.
fn list_resource_record_sets(call: &mut Call<'_>) -> Answer {
    let limit = zone::page_size(call, PAGE)?;
    let zone = zone::named(call, "HostedZoneId")?;
    let (from, from_type) = (call.input["StartRecordName"].as_str(), call.text("StartRecordType"));
    if from.is_none() && !from_type.is_empty() {
        return Err(invalid("The StartRecordName parameter is required when StartRecordType is specified."));
    }
    let start = (from.map(|name| name::order(&normal(name))).unwrap_or_default(), from_type.to_owned());
    let rest: Vec<&Record> = zone.records.range(start..).map(|(_, record)| record).collect();
    let next = rest.get(limit);
    let shown: Vec<Value> = rest.iter().take(limit).map(|record| record.describe()).collect();
    Ok(json!({
        "ResourceRecordSets": shown, "IsTruncated": next.is_some(), "NextRecordName": next.map(|record| &record.name),
        "NextRecordType": next.map(|record| &record.kind), "MaxItems": limit.to_string(),
    }))
}

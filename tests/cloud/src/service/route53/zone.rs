//! Hosted zones.

use super::name::{self, normal};
use super::record::{Data, Record};
use super::{Change, State};
use crate::call::{Access, Answer, Ask, Call, Operation, Refusal, ask_any};
use crate::service::Item;
use crate::tags::Tags;
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub(super) const OPERATIONS: &[Operation] = &[
    Operation { name: "CreateHostedZone", access: Access::Write, asks: create_asks, run: create_hosted_zone },
    Operation {
        name: "GetHostedZone",
        access: Access::Read,
        asks: |call| on(call, "GetHostedZone", "Id"),
        run: get_hosted_zone,
    },
    Operation {
        name: "ListHostedZones",
        access: Access::Read,
        asks: |_| ask_any("route53:ListHostedZones"),
        run: list_hosted_zones,
    },
    Operation {
        name: "ListHostedZonesByName",
        access: Access::Read,
        asks: |_| ask_any("route53:ListHostedZonesByName"),
        run: list_hosted_zones_by_name,
    },
    Operation { name: "GetChange", access: Access::Read, asks: change_asks, run: get_change },
];

/// Hosted zones of an account ("Quotas", Amazon Route 53 Developer Guide).
const MAX_ZONES: usize = 500;

/// Most zones of one page (Route 53 API Reference, ListHostedZones).
const PAGE: usize = 100;

/// How long a change takes to reach all name servers, in seconds ("within 60 seconds", Route 53 API Reference,
/// ChangeResourceRecordSets).
const SPREADING: (f64, f64) = (15.0, 60.0);

/// A hosted zone.
#[derive(Clone, Debug)]
pub struct Zone {
    /// `Z…`, without `/hostedzone/`.
    pub id: String,
    /// Domain name in normal form.
    pub name: String,
    /// The reference it was created with.
    pub reference: String,
    /// Comment.
    pub comment: Option<String>,
    /// Region and id of the VPC of a private zone.
    pub vpc: Option<(String, String)>,
    /// Records by order of name and by type.
    pub records: BTreeMap<(String, String), Record>,
}

impl Zone {
    /// Whether only its VPC sees it.
    pub fn is_private(&self) -> bool {
        self.vpc.is_some()
    }

    fn describe(&self) -> Value {
        json!({
            "Id": format!("/hostedzone/{}", self.id), "Name": self.name, "CallerReference": self.reference,
            "Config": {"Comment": self.comment, "PrivateZone": self.is_private()},
            "ResourceRecordSetCount": self.records.len(),
        })
    }

    pub(super) fn item(&self) -> Item {
        let mut state = self.describe();
        state["ResourceRecordSets"] = self.records.values().map(Record::describe).collect();
        let arn = format!("arn:aws:route53:::hostedzone/{}", self.id);
        Item { kind: "route53:hostedzone", id: self.id.clone(), arn, tags: Tags::new(), state }
    }

    fn servers(&self) -> Vec<String> {
        let number = |salt: usize| self.id.bytes().fold(salt, |sum, b| (sum * 31 + usize::from(b)) % 1024);
        let server = |(index, top): (usize, &str)| {
            let top = if top == "co.uk" { "co.uk" } else { top };
            format!("ns-{}.awsdns-{:02}.{top}", number(index + 1) + index * 512, number(index + 7) % 64)
        };
        ["com", "net", "org", "co.uk"].into_iter().enumerate().map(server).collect()
    }

    /// The records that every zone has: NS and SOA.
    fn own_records(&self) -> [Record; 2] {
        let servers: Vec<String> = self.servers().into_iter().map(|server| format!("{server}.")).collect();
        let first = servers.first().cloned().unwrap_or_default();
        let soa = vec![format!("{first} awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400")];
        let record = |kind: &str, ttl, values| Record {
            name: self.name.clone(),
            kind: kind.to_owned(),
            data: Data::Values { ttl, values },
        };
        [record("NS", 172_800, servers), record("SOA", 900, soa)]
    }
}

/// The account's state, to read.
pub(super) fn state<'c>(call: &'c Call<'_>) -> Option<&'c State> {
    call.world.accounts.get(&call.principal.account).map(|account| &account.route53)
}

/// An id without the prefix that some clients leave on it.
pub(super) fn bare(id: &str) -> &str {
    id.rsplit('/').next().unwrap_or(id)
}

/// The zone that the call names in `member`.
pub(super) fn named<'c>(call: &'c Call<'_>, member: &str) -> Result<&'c Zone, Refusal> {
    let id = bare(call.text(member));
    let missing = || Refusal::new("NoSuchHostedZone", format!("No hosted zone found with ID: {id}")).status(404);
    state(call).and_then(|state| state.zones.get(id)).ok_or_else(missing)
}

/// The question about the zone that the call names in `member`.
pub(super) fn on(call: &Call<'_>, action: &str, member: &str) -> Vec<Ask> {
    let arn = format!("arn:aws:route53:::hostedzone/{}", bare(call.text(member)));
    vec![Ask::new(format!("route53:{action}"), arn)]
}

fn create_asks(call: &Call<'_>) -> Vec<Ask> {
    let mut asks = ask_any("route53:CreateHostedZone");
    if call.input["VPC"].is_object() {
        asks.push(Ask::new("ec2:DescribeVpcs", "*"));
    }
    asks
}

fn change_asks(call: &Call<'_>) -> Vec<Ask> {
    vec![Ask::new("route53:GetChange", format!("arn:aws:route53:::change/{}", bare(call.text("Id"))))]
}

/// Records a change and shows it.
pub(super) fn changed(call: &mut Call<'_>, comment: Option<String>) -> Value {
    let random = &mut call.world.random;
    let id = format!("C{}", random.text(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", 13));
    let in_sync = call.now + random.seconds(SPREADING.0, SPREADING.1);
    let change = Change { submitted: call.now, in_sync, comment };
    let shown = show_change(&id, &change, call);
    call.account().route53.changes.insert(id, change);
    shown
}

fn show_change(id: &str, change: &Change, call: &Call<'_>) -> Value {
    json!({
        "Id": format!("/change/{id}"), "Status": if change.in_sync <= call.now { "INSYNC" } else { "PENDING" },
        "SubmittedAt": change.submitted.seconds(), "Comment": change.comment,
    })
}

fn create_hosted_zone(call: &mut Call<'_>) -> Answer {
    let name = domain(call.text("Name"))?;
    let reference = call.text("CallerReference").to_owned();
    let vpc = vpc(call)?;
    let zones = state(call).map(|state| &state.zones);
    let zones = || zones.into_iter().flat_map(BTreeMap::values);
    if zones().any(|zone| zone.reference == reference) {
        let text = "A hosted zone has already been created with the specified caller reference.";
        return Err(Refusal::new("HostedZoneAlreadyExists", text).status(409));
    }
    if zones().any(|zone| vpc.is_some() && zone.vpc == vpc && zone.name == name) {
        let text = format!("The VPC is already associated with a hosted zone named {name}");
        return Err(Refusal::new("ConflictingDomainExists", text));
    }
    if zones().count() >= MAX_ZONES {
        return Err(Refusal::new("TooManyHostedZones", "Limits Exceeded: MAX_HOSTED_ZONES_BY_OWNER"));
    }
    let id = format!("Z{}", call.world.random.text(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", 13));
    let comment = call.input["HostedZoneConfig"]["Comment"].as_str().map(str::to_owned);
    let mut zone = Zone { id, name, reference, comment, vpc, records: BTreeMap::new() };
    zone.records = zone.own_records().into_iter().map(|record| (record.key(), record)).collect();
    let change = changed(call, None);
    let answer = json!({
        "HostedZone": zone.describe(), "ChangeInfo": change, "DelegationSet": {"NameServers": zone.servers()},
        "VPC": show_vpc(&zone), "Location": format!("https://route53.amazonaws.com/2013-04-01/hostedzone/{}", zone.id),
    });
    call.account().route53.zones.insert(zone.id.clone(), zone);
    Ok(answer)
}

fn domain(text: &str) -> Result<String, Refusal> {
    let name = normal(text);
    let top_level = name.trim_end_matches('.').split('.').count() < 2;
    if top_level || !name::valid(&name) {
        return Err(Refusal::new("InvalidDomainName", format!("{name} is not a valid domain name")));
    }
    Ok(name)
}

fn vpc(call: &Call<'_>) -> Result<Option<(String, String)>, Refusal> {
    let given = &call.input["VPC"];
    let text = |member: &str| given[member].as_str().unwrap_or_default().to_owned();
    let (region, id) = (text("VPCRegion"), text("VPCId"));
    if given.is_object() && !call.world.peek(&call.principal.account, &region).ec2.vpcs.contains_key(&id) {
        return Err(Refusal::new(
            "InvalidVPCId",
            format!("The VPC: {id} in region {region} that you provided is not authorized to make the association."),
        ));
    }
    if !given.is_object() && call.input["HostedZoneConfig"]["PrivateZone"] == Value::Bool(true) {
        let text = "When you're creating a private hosted zone, you must specify the VPC.";
        return Err(Refusal::new("InvalidInput", text));
    }
    Ok(given.is_object().then_some((region, id)))
}

fn show_vpc(zone: &Zone) -> Value {
    zone.vpc.as_ref().map_or(Value::Null, |(region, id)| json!({"VPCRegion": region, "VPCId": id}))
}

fn get_hosted_zone(call: &mut Call<'_>) -> Answer {
    let zone = named(call, "Id")?;
    if zone.is_private() {
        return Ok(json!({"HostedZone": zone.describe(), "VPCs": [show_vpc(zone)]}));
    }
    Ok(json!({"HostedZone": zone.describe(), "DelegationSet": {"NameServers": zone.servers()}}))
}

/// `MaxItems` comes as text.
pub(super) fn page_size(call: &Call<'_>, most: usize) -> Result<usize, Refusal> {
    let given = &call.input["MaxItems"];
    let Some(text) = given.as_str().map(str::to_owned).or_else(|| given.as_u64().map(|n| n.to_string())) else {
        return Ok(most);
    };
    let bad = || Refusal::new("InvalidInput", format!("MaxItems {text} is not a number greater than 0"));
    text.parse::<usize>().ok().filter(|n| *n > 0).map(|n| n.min(most)).ok_or_else(bad)
}

/// In the order of ids; `NextMarker` is the first zone of the next page.
fn list_hosted_zones(call: &mut Call<'_>) -> Answer {
    let limit = page_size(call, PAGE)?;
    let marker = call.text("Marker").to_owned();
    let private_only = call.text("HostedZoneType") == "PrivateHostedZone";
    let all = state(call).into_iter().flat_map(|state| state.zones.values());
    let rest: Vec<&Zone> =
        all.filter(|zone| zone.id.as_str() >= bare(&marker) && (zone.is_private() || !private_only)).collect();
    let next = rest.get(limit).map(|zone| zone.id.clone());
    let shown: Vec<Value> = rest.iter().take(limit).map(|zone| zone.describe()).collect();
    Ok(json!({
        "HostedZones": shown, "Marker": marker, "IsTruncated": next.is_some(), "NextMarker": next,
        "MaxItems": limit.to_string(),
    }))
}

/// In the order of reversed labels, beginning at a name, not only with that name.
fn list_hosted_zones_by_name(call: &mut Call<'_>) -> Answer {
    let limit = page_size(call, PAGE)?;
    let (from, from_id) = (call.input["DNSName"].as_str(), call.input["HostedZoneId"].as_str());
    if from.is_none() && from_id.is_some() {
        let text = "The DNSName parameter is required when HostedZoneId is specified.";
        return Err(Refusal::new("InvalidInput", text));
    }
    let start = (from.map(|name| name::order(&normal(name))).unwrap_or_default(), bare(from_id.unwrap_or_default()));
    let mut zones: Vec<&Zone> = state(call).into_iter().flat_map(|state| state.zones.values()).collect();
    zones.sort_by_key(|zone| (name::order(&zone.name), zone.id.clone()));
    zones.retain(|zone| (name::order(&zone.name), zone.id.as_str()) >= (start.0.clone(), start.1));
    let next = zones.get(limit);
    let shown: Vec<Value> = zones.iter().take(limit).map(|zone| zone.describe()).collect();
    Ok(json!({
        "HostedZones": shown, "DNSName": from, "HostedZoneId": from_id, "IsTruncated": next.is_some(),
        "NextDNSName": next.map(|zone| &zone.name), "NextHostedZoneId": next.map(|zone| &zone.id),
        "MaxItems": limit.to_string(),
    }))
}

fn get_change(call: &mut Call<'_>) -> Answer {
    let id = bare(call.text("Id"));
    let missing = || Refusal::new("NoSuchChange", format!("Could not find resource with ID: {id}")).status(404);
    let change = state(call).and_then(|state| state.changes.get(id)).ok_or_else(missing)?;
    Ok(json!({"ChangeInfo": show_change(id, change, call)}))
}

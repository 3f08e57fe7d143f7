//! Availability zones: three in every region.

use super::filter::{self, Listing, Row};
use super::{operation, refuse};
use crate::call::{Answer, Call, Operation, ask_any};
use crate::tags::Tags;
use serde_json::json;

pub(super) const OPERATIONS: &[Operation] = &[operation!(
    "DescribeAvailabilityZones",
    Read,
    |_| ask_any("ec2:DescribeAvailabilityZones"),
    describe_availability_zones
)];

const LISTING: Listing = Listing {
    kind: None,
    ids: "",
    filters: "Filters",
    names: &["group-name", "opt-in-status", "region-name", "state", "zone-id", "zone-name", "zone-type"],
    output: "AvailabilityZones",
};

/// A zone's letter and the number in its id; the two differ by account ("AZ IDs", AWS Regions and Availability Zones).
const ZONES: [(char, u8); 3] = [('a', 2), ('b', 3), ('c', 1)];

/// Names and ids of the zones of a region, for example `eu-central-1a` and `euc1-az2`.
pub fn zones(region: &str) -> Vec<(String, String)> {
    let short = short(region);
    ZONES.iter().map(|(letter, number)| (format!("{region}{letter}"), format!("{short}-az{number}"))).collect()
}

/// `eu-central-1` -> `euc1`, `ap-southeast-2` -> `apse2`.
fn short(region: &str) -> String {
    let mut parts = region.split('-');
    let area = parts.next().unwrap_or_default();
    let direction = parts.next().unwrap_or_default();
    let number = parts.next().unwrap_or_default();
    let word = |name: &str| name.chars().next().map(String::from).unwrap_or_default();
    let direction = match direction {
        "northeast" => "ne".to_owned(),
        "northwest" => "nw".to_owned(),
        "southeast" => "se".to_owned(),
        "southwest" => "sw".to_owned(),
        name => word(name),
    };
    format!("{area}{direction}{number}")
}

fn describe_availability_zones(call: &mut Call<'_>) -> Answer {
    let region = call.region.clone();
    let mut known = zones(&region);
    for (member, text) in [("ZoneNames", "availability zone"), ("ZoneIds", "availability zone ID")] {
        let asked = filter::texts(&call.input[member]);
        let names = |zone: &(String, String), asked: &String| zone.0 == *asked || zone.1 == *asked;
        if let Some(unknown) = asked.iter().find(|asked| !known.iter().any(|zone| names(zone, asked))) {
            return Err(refuse::invalid(format!("Invalid {text}: [{unknown}]")));
        }
        known.retain(|zone| asked.is_empty() || asked.iter().any(|asked| names(zone, asked)));
    }
    let rows = known.into_iter().map(|(name, id)| row(&region, name, id)).collect();
    let mut answer = filter::list(call, &LISTING, rows)?;
    if let Some(members) = answer.as_object_mut() {
        members.remove("NextToken");
    }
    Ok(answer)
}

fn row(region: &str, name: String, id: String) -> Row {
    let group = format!("{region}-zg-1");
    Row {
        tags: Tags::new(),
        facts: vec![
            ("group-name", group.clone()),
            ("opt-in-status", "opt-in-not-required".into()),
            ("region-name", region.into()),
            ("state", "available".into()),
            ("zone-id", id.clone()),
            ("zone-name", name.clone()),
            ("zone-type", "availability-zone".into()),
        ],
        shown: json!({
            "State": "available", "OptInStatus": "opt-in-not-required", "Messages": [], "RegionName": region,
            "ZoneName": name, "ZoneId": id, "GroupName": group, "NetworkBorderGroup": region,
            "ZoneType": "availability-zone",
        }),
        id: name,
    }
}

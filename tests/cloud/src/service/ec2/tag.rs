//! Tags of EC2 resources, in create calls and by CreateTags, DeleteTags, DescribeTags.

use super::filter::{self, Listing, Row};
use super::refuse::{self, Kind};
use super::{State, asks, operation};
use crate::call::{Answer, Ask, Call, Operation, Refusal, ask_any, nothing};
use crate::tags::{self, Spelling, Tags};
use serde_json::{Value, json};

pub(super) const OPERATIONS: &[Operation] = &[
    operation!("CreateTags", Write, |call| tagging(call, "CreateTags"), create_tags),
    operation!("DeleteTags", Write, |call| tagging(call, "DeleteTags"), delete_tags),
    operation!("DescribeTags", Read, |_| ask_any("ec2:DescribeTags"), describe_tags),
];

const LISTING: Listing = Listing {
    kind: None,
    ids: "",
    filters: "Filters",
    names: &["key", "resource-id", "resource-type", "value"],
    output: "Tags",
};

/// The tags that a create call gives its new resource of this kind.
pub(super) fn specified(call: &Call<'_>, kind: Kind) -> Result<Tags, Refusal> {
    let specifications = call.input["TagSpecifications"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut tags = Tags::new();
    for (index, specification) in specifications.iter().enumerate() {
        let given = specification["ResourceType"].as_str().unwrap_or_default();
        if given != kind.resource_type() {
            let text = format!("'{given}' is not a valid taggable resource type for this operation.");
            return Err(refuse::invalid(text));
        }
        if index > 0 {
            let text = "The same resource type may not be specified more than once in tag specifications";
            return Err(refuse::invalid(text));
        }
        tags = Spelling::Upper.read(&specification["Tags"]).map_err(refuse::bad_tags)?;
        if tags.is_empty() {
            return Err(refuse::invalid("Tag specification must have at least one tag"));
        }
    }
    Ok(tags)
}

/// Tags in the answer's form.
pub(super) fn shown(state: &State, id: &str) -> Value {
    Spelling::Upper.write(&state.tags(id))
}

fn tagging(call: &Call<'_>, action: &str) -> Vec<Ask> {
    let given = Spelling::Upper.read(&call.input["Tags"]).unwrap_or_default();
    let resources = filter::texts(&call.input["Resources"]);
    let known = resources.iter().filter_map(|id| Kind::of(id).map(|kind| (kind, id)));
    known.map(|(kind, id)| asks::on(call, action, kind, id).request_tags(&given)).collect()
}

fn resources(call: &Call<'_>) -> Result<Vec<String>, Refusal> {
    let ids = filter::texts(&call.input["Resources"]);
    if ids.is_empty() {
        return Err(refuse::missing_parameter("resourceIdSet"));
    }
    for id in &ids {
        let unknown = || Refusal::new("InvalidID", format!("The ID '{id}' is not valid"));
        let kind = Kind::of(id).ok_or_else(unknown)?;
        kind.well_formed(id)?;
        if !exists(&call.peek().ec2, kind, id) {
            return Err(kind.missing(id));
        }
    }
    Ok(ids)
}

fn exists(state: &State, kind: Kind, id: &str) -> bool {
    match kind {
        Kind::Vpc => state.vpcs.contains_key(id),
        Kind::Subnet => state.subnets.contains_key(id),
        Kind::InternetGateway => state.internet_gateways.contains_key(id),
        Kind::NatGateway => state.nat_gateways.contains_key(id),
        Kind::Address => state.addresses.contains_key(id),
        Kind::RouteTable => state.route_tables.contains_key(id),
        Kind::Group => state.groups.contains_key(id),
        Kind::Rule => state.rules.contains_key(id),
        Kind::Interface => state.interfaces.contains_key(id),
    }
}

fn create_tags(call: &mut Call<'_>) -> Answer {
    let ids = resources(call)?;
    let more = Spelling::Upper.read(&call.input["Tags"]).map_err(refuse::bad_tags)?;
    if more.is_empty() {
        return Err(refuse::missing_parameter("tagSet"));
    }
    let state = &mut call.regional().ec2;
    let mut merged = Vec::new();
    for id in ids {
        let mut union = state.tags(&id);
        tags::merge(&mut union, more.clone()).map_err(refuse::bad_tags)?;
        merged.push((id, union));
    }
    state.tags.extend(merged);
    nothing()
}

fn delete_tags(call: &mut Call<'_>) -> Answer {
    let ids = resources(call)?;
    let doomed = call.input["Tags"].as_array().cloned().unwrap_or_default();
    let reserved = |tag: &&Value| tag["Key"].as_str().is_some_and(|key| key.to_ascii_lowercase().starts_with("aws:"));
    if doomed.iter().find(reserved).is_some() {
        return Err(refuse::bad_tags(tags::TagFault::Reserved(String::new())));
    }
    let state = &mut call.regional().ec2;
    for id in ids {
        let mut left = state.tags(&id);
        left.retain(|key, value| !doomed.is_empty() && !doomed.iter().any(|tag| names(tag, key, value)));
        state.tags.remove(&id);
        state.tag(&id, left);
    }
    nothing()
}

/// A tag without a value names the key whatever its value; with one, only if it is equal.
fn names(tag: &Value, key: &str, value: &str) -> bool {
    tag["Key"] == *key && tag["Value"].as_str().is_none_or(|given| given == value)
}

fn describe_tags(call: &mut Call<'_>) -> Answer {
    let mut rows = Vec::new();
    for (id, tags) in &call.peek().ec2.tags {
        let kind = Kind::of(id).map(Kind::resource_type).unwrap_or_default();
        for (key, value) in tags {
            rows.push(Row {
                id: format!("{id} {key}"),
                tags: Tags::from([(key.clone(), value.clone())]),
                facts: vec![
                    ("key", key.clone()),
                    ("resource-id", id.clone()),
                    ("resource-type", kind.to_owned()),
                    ("value", value.clone()),
                ],
                shown: json!({"Key": key, "Value": value, "ResourceId": id, "ResourceType": kind}),
            });
        }
    }
    filter::list(call, &LISTING, rows)
}

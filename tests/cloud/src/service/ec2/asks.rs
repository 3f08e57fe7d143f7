//! Questions to IAM, as the Service Authorization Reference lists them for Amazon EC2.

use super::refuse::Kind;
use crate::call::{Ask, Call};
use crate::tags::Tags;

/// ARN of a resource of this kind; `*` as id for one that is yet to be made.
pub(super) fn arn(call: &Call<'_>, kind: Kind, id: &str) -> String {
    call.arn("ec2", &format!("{}/{id}", kind.resource_type()))
}

/// The question about an existing resource, with its tags and its VPC.
pub(super) fn on(call: &Call<'_>, action: &str, kind: Kind, id: &str) -> Ask {
    let state = &call.peek().ec2;
    let tags = state.tags(id);
    let mut ask = Ask::new(format!("ec2:{action}"), arn(call, kind, id)).resource_tags(&tags);
    for (key, value) in &tags {
        ask = ask.when(format!("ec2:ResourceTag/{key}"), value);
    }
    let vpc = match kind {
        Kind::Group => state.groups.get(id).map(|group| &group.vpc),
        Kind::Subnet => state.subnets.get(id).map(|subnet| &subnet.vpc),
        Kind::Interface => state.interfaces.get(id).map(|eni| &eni.vpc),
        Kind::RouteTable => state.route_tables.get(id).map(|table| &table.vpc),
        Kind::Vpc | Kind::InternetGateway | Kind::NatGateway | Kind::Address | Kind::Rule => None,
    };
    if let Some(vpc) = vpc {
        ask = ask.when("ec2:Vpc", arn(call, Kind::Vpc, vpc));
    }
    match kind.condition() {
        Some(key) => ask.when(key, id),
        None => ask,
    }
    .when("ec2:Region", call.region.clone())
}

/// The questions about a resource that is to be made, with the tags it gets.
pub(super) fn creates(call: &Call<'_>, action: &str, kind: Kind) -> Vec<Ask> {
    let tags = requested(call);
    let resource = arn(call, kind, "*");
    let create = Ask::new(format!("ec2:{action}"), resource.clone()).request_tags(&tags);
    let mut asks = vec![create.when("ec2:Region", call.region.clone())];
    if !tags.is_empty() {
        asks.push(Ask::new("ec2:CreateTags", resource).request_tags(&tags).when("ec2:CreateAction", action));
    }
    asks
}

/// The tags in the request's tag specifications, unchecked.
fn requested(call: &Call<'_>) -> Tags {
    let specifications = call.input["TagSpecifications"].as_array().into_iter().flatten();
    let tags = specifications.flat_map(|specification| specification["Tags"].as_array().into_iter().flatten());
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    tags.map(|tag| (text(&tag["Key"]), text(&tag["Value"]))).collect()
}

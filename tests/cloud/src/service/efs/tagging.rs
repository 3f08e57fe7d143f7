//! Tags of file systems and access points.

use super::access_point::ask_access_point;
use super::{ask_about, id_in, limit, page_of, refusals, tags_in};
use crate::call::{Access, Answer, Ask, Call, Operation, Refusal, nothing};
use crate::tags::{self, Spelling, Tags};
use crate::world::Region;
use serde_json::{Value, json};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation { name: "TagResource", access: Access::Write, asks: tag_asks, run: tag },
    Operation { name: "UntagResource", access: Access::Write, asks: untag_asks, run: untag },
    Operation {
        name: "ListTagsForResource",
        access: Access::Read,
        asks: |call| vec![ask_resource(call, "ListTagsForResource")],
        run: list,
    },
];

fn ask_resource(call: &Call<'_>, action: &str) -> Ask {
    let id = id_in(call.text("ResourceId"));
    if id.starts_with("fsap-") { ask_access_point(call, action, id) } else { ask_about(call, action, id) }
}

fn tag_asks(call: &Call<'_>) -> Vec<Ask> {
    let tags = Spelling::Upper.read(&call.input["Tags"]).unwrap_or_default();
    vec![ask_resource(call, "TagResource").request_tags(&tags)]
}

fn untag_asks(call: &Call<'_>) -> Vec<Ask> {
    let ask = ask_resource(call, "UntagResource");
    vec![keys(call).iter().fold(ask, |ask, key| ask.when("aws:TagKeys", key))]
}

fn keys(call: &Call<'_>) -> Vec<String> {
    let keys = call.input["TagKeys"].as_array();
    keys.into_iter().flatten().filter_map(|key| key.as_str().map(str::to_owned)).collect()
}

fn tags_of<'r>(region: &'r mut Region, named: &str) -> Result<&'r mut Tags, Refusal> {
    let id = id_in(named);
    if id.starts_with("fsap-") {
        let point = region.efs.access_points.get_mut(id);
        return point.map(|point| &mut point.tags).ok_or_else(|| refusals::no_access_point(id));
    }
    let file_system = region.efs.file_systems.get_mut(id);
    file_system.map(|file_system| &mut file_system.tags).ok_or_else(|| refusals::no_file_system(id))
}

fn tag(call: &mut Call<'_>) -> Answer {
    let (id, more) = (call.text("ResourceId").to_owned(), tags_in(call)?);
    tags::merge(tags_of(call.regional(), &id)?, more).map_err(refusals::tags)?;
    nothing()
}

fn untag(call: &mut Call<'_>) -> Answer {
    let (id, keys) = (call.text("ResourceId").to_owned(), keys(call));
    if let Some(key) = keys.iter().find(|key| key.to_ascii_lowercase().starts_with("aws:")) {
        return Err(refusals::tags(tags::TagFault::Reserved(key.clone())));
    }
    let tags = tags_of(call.regional(), &id)?;
    tags.retain(|key, _| !keys.contains(key));
    nothing()
}

fn list(call: &mut Call<'_>) -> Answer {
    let id = call.text("ResourceId").to_owned();
    let tags = tags_of(call.regional(), &id)?.clone();
    let all: Vec<(String, Value)> =
        tags.iter().map(|(key, value)| (key.clone(), json!({"Key": key, "Value": value}))).collect();
    let (page, next) = page_of(call, all, limit(call, "MaxResults"), "NextToken", "tags")?;
    Ok(json!({"Tags": page, "NextToken": next}))
}

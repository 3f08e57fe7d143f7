//! Tags of log groups.

use super::{ask_about, find, find_mut, name_in, refusals};
use crate::call::{Access, Answer, Ask, Call, Operation, Refusal, nothing};
use crate::tags::{self, Spelling};
use serde_json::json;

pub(super) const OPERATIONS: &[Operation] = &[
    Operation { name: "TagResource", access: Access::Write, asks: tag_asks, run: tag },
    Operation { name: "UntagResource", access: Access::Write, asks: untag_asks, run: untag },
    Operation {
        name: "ListTagsForResource",
        access: Access::Read,
        asks: |call| vec![ask_about(call, "ListTagsForResource", name_in(call.text("resourceArn")), "")],
        run: list,
    },
];

fn tag_asks(call: &Call<'_>) -> Vec<Ask> {
    let tags = Spelling::Map.read(&call.input["tags"]).unwrap_or_default();
    vec![ask_about(call, "TagResource", name_in(call.text("resourceArn")), "").request_tags(&tags)]
}

fn untag_asks(call: &Call<'_>) -> Vec<Ask> {
    let ask = ask_about(call, "UntagResource", name_in(call.text("resourceArn")), "");
    vec![keys(call).iter().fold(ask, |ask, key| ask.when("aws:TagKeys", key))]
}

fn keys(call: &Call<'_>) -> Vec<String> {
    let keys = call.input["tagKeys"].as_array();
    keys.into_iter().flatten().filter_map(|key| key.as_str().map(str::to_owned)).collect()
}

/// The group's name, if the ARN is one of a log group without the trailing `:*`.
fn tagged(call: &Call<'_>) -> Result<String, Refusal> {
    let arn = call.text("resourceArn");
    let prefix = call.arn("logs", "log-group:");
    match arn.strip_prefix(&prefix) {
        Some(name) if !name.ends_with(":*") => Ok(name.to_owned()),
        _ => Err(refusals::invalid(format!("The specified resource ARN '{arn}' is not valid."))),
    }
}

fn tag(call: &mut Call<'_>) -> Answer {
    let more = Spelling::Map.read(&call.input["tags"]).map_err(refusals::tags)?;
    let name = tagged(call)?;
    tags::merge(&mut find_mut(call.regional(), &name)?.tags, more).map_err(refusals::tags)?;
    nothing()
}

fn untag(call: &mut Call<'_>) -> Answer {
    let (name, keys) = (tagged(call)?, keys(call));
    find_mut(call.regional(), &name)?.tags.retain(|key, _| !keys.contains(key));
    nothing()
}

fn list(call: &mut Call<'_>) -> Answer {
    let name = tagged(call)?;
    Ok(json!({"tags": Spelling::Map.write(&find(call.peek(), &name)?.tags)}))
}

//! TagResource, UntagResource and ListTagsForResource, for all kinds by ARN.

use super::network::texts;
use super::refusals::{bad_tags, invalid};
use super::{asks, cluster, definition, services};
use crate::call::{Access, Answer, Ask, Call, Operation, Refusal, nothing};
use crate::tags::{self, Spelling, TagFault, Tags};
use serde_json::json;

pub(super) const OPERATIONS: &[Operation] = &[
    Operation { name: "TagResource", access: Access::Write, asks: ask_tag, run: tag },
    Operation { name: "UntagResource", access: Access::Write, asks: ask_untag, run: untag },
    Operation {
        name: "ListTagsForResource",
        access: Access::Read,
        asks: |call| vec![ask(call, "ecs:ListTagsForResource")],
        run: list,
    },
];

fn ask(call: &Call<'_>, action: &str) -> Ask {
    Ask::new(action, call.text("resourceArn")).resource_tags(&current(call))
}

fn ask_tag(call: &Call<'_>) -> Vec<Ask> {
    vec![ask(call, "ecs:TagResource").request_tags(&asks::tags(&call.input))]
}

fn ask_untag(call: &Call<'_>) -> Vec<Ask> {
    let keys = texts(&call.input["tagKeys"]);
    vec![keys.into_iter().fold(ask(call, "ecs:UntagResource"), |ask, key| ask.when("aws:TagKeys", key))]
}

/// Tags as they are, for conditions; none where nothing is.
fn current(call: &Call<'_>) -> Tags {
    let arn = call.text("resourceArn");
    let region = call.peek();
    let items = super::items(region);
    items.into_iter().find(|item| item.arn == arn).map(|item| item.tags).unwrap_or_default()
}

/// The tags of what an ARN names. Only ARNs of the long form, with the cluster's name, are known.
fn tags_of<'c>(call: &'c mut Call<'_>) -> Result<&'c mut Tags, Refusal> {
    let arn = call.text("resourceArn").to_owned();
    let missing =
        |what: &str| Err(invalid(format!("The specified {what} is inactive. Specify an active {what} and try again.")));
    let kind = arn.split(':').nth(5).and_then(|rest| rest.split('/').next()).unwrap_or_default();
    if !arn.starts_with(&call.arn("ecs", "")) {
        return Err(invalid("The specified resource ARN is invalid."));
    }
    match kind {
        "cluster" => cluster::tags_of(call, &arn).map_or_else(|| missing("cluster"), Ok),
        "service" => services::tags_of(call, &arn).map_or_else(|| missing("service"), Ok),
        "task-definition" => definition::tags_of(call, &arn).map_or_else(|| missing("task definition"), Ok),
        "task" => {
            let task = call.regional().ecs.tasks.values_mut().find(|task| task.arn == arn);
            task.map_or_else(|| missing("task"), |task| Ok(&mut task.tags))
        }
        _ => Err(invalid("The specified resource ARN is invalid.")),
    }
}

fn tag(call: &mut Call<'_>) -> Answer {
    let new = Spelling::Lower.read(&call.input["tags"]).map_err(bad_tags)?;
    tags::merge(tags_of(call)?, new).map_err(bad_tags)?;
    nothing()
}

/// Keys that are not there are passed over.
fn untag(call: &mut Call<'_>) -> Answer {
    let keys = texts(&call.input["tagKeys"]);
    if keys.iter().any(|key| key.starts_with("aws:")) {
        return Err(bad_tags(TagFault::Reserved(keys.join(", "))));
    }
    tags_of(call)?.retain(|key, _| !keys.contains(key));
    nothing()
}

fn list(call: &mut Call<'_>) -> Answer {
    let tags = tags_of(call)?;
    Ok(json!({"tags": Spelling::Lower.write(tags)}))
}

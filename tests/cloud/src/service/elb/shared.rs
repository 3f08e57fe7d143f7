//! What the operations of all kinds share: pages, names, ARNs, tags of create calls, questions to IAM.

use super::refusal::{self, validation};
use crate::call::{Answer, Ask, Call, Refusal};
use crate::page;
use crate::tags::{Spelling, Tags};
use serde_json::{Value, json};

/// Size of a page where none is asked for (API Reference, PageSize).
const PAGE: u64 = 400;
/// Longest name of a load balancer or target group.
const NAME: usize = 32;

/// One page of a listing: `items` are their keys and what is shown, `listing` is what was asked for.
pub(super) fn page(call: &Call<'_>, member: &str, listing: &str, items: Vec<(String, Value)>) -> Answer {
    let limit = call.input["PageSize"].as_u64().unwrap_or(PAGE) as usize;
    let marker = call.input["Marker"].as_str();
    let cut = page::cut(items, |item| item.0.clone(), limit, marker, listing, call.now);
    let (items, next) = cut.map_err(|page::BadToken| validation("The marker is not valid"))?;
    let shown: Vec<Value> = items.into_iter().map(|item| item.1).collect();
    Ok(match next {
        Some(next) => json!({member: shown, "NextMarker": next}),
        None => json!({member: shown}),
    })
}

/// Checks the name of a load balancer or target group.
pub(super) fn check_name(kind: &str, name: &str) -> Result<(), Refusal> {
    let fault = if name.is_empty() {
        "cannot be empty"
    } else if name.chars().count() > NAME {
        "cannot be longer than '32' characters"
    } else if name.starts_with('-') || name.ends_with('-') {
        "cannot begin or end with '-'"
    } else if !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
        "can only contain characters that are alphanumeric characters or hyphens (-)"
    } else {
        return Ok(());
    };
    Err(validation(format!("The {kind} name '{name}' {fault}")))
}

/// The tags of a create call.
pub(super) fn tags(call: &Call<'_>) -> Result<Tags, Refusal> {
    Spelling::Upper.read(&call.input["Tags"]).map_err(refusal::tags)
}

/// ARN in the caller's account and the call's region.
pub(super) fn arn(call: &Call<'_>, rest: &str) -> String {
    call.arn("elasticloadbalancing", rest)
}

/// The question to IAM about one resource, with its tags.
pub(super) fn ask_about(call: &Call<'_>, action: &str, arn: &str) -> Ask {
    let ask = Ask::new(format!("elasticloadbalancing:{action}"), arn);
    let Some(tags) = call.peek().elb.tags(arn) else { return ask };
    let own =
        |ask: Ask, (key, value): (&String, &String)| ask.when(format!("elasticloadbalancing:ResourceTag/{key}"), value);
    tags.iter().fold(ask.resource_tags(tags), own)
}

/// The questions to IAM for a create call: the create action about `about`, and tagging what will be `made`.
pub(super) fn ask_create(call: &Call<'_>, action: &str, about: &str, made: &str) -> Vec<Ask> {
    let requested = tags(call).unwrap_or_default();
    let mut asks = vec![ask_about(call, action, about).request_tags(&requested)];
    if !requested.is_empty() {
        let tagging = Ask::new("elasticloadbalancing:AddTags", made).request_tags(&requested);
        asks.push(tagging.when("elasticloadbalancing:CreateAction", action));
    }
    asks
}

/// The question to IAM about the resource whose ARN is in a member of the input.
pub(super) fn ask_member(call: &Call<'_>, action: &str, member: &str) -> Vec<Ask> {
    vec![ask_about(call, action, call.text(member))]
}

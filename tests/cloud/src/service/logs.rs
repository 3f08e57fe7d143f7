//! CloudWatch Logs: log groups with their retention, key, class and tags, their streams and what was written to them.
//!
//! Strict: names, retention values, the two ARN forms (with `:*` for most permissions, without for tags), keys, deletion
//! protection, and deletion in steps: a deleted group is still listed for a moment and its name is blocked for another.
//! Deliberately absent: metric, subscription and data protection filters, account-level policies, storage sizes, expiry of
//! events, and of filter patterns all but plain terms.

mod group;
mod refusals;
mod stream;
mod tagging;

use super::{Item, Service};
use crate::call::{Ask, Call, Refusal};
use crate::clock::Time;
use crate::page;
use crate::world::{Place, Region, World};
use serde_json::Value;
use std::collections::BTreeMap;

/// The service's table.
pub static SERVICE: Service = Service {
    model: "logs",
    signing: "logs",
    invalid: "InvalidParameterException",
    missing: "InvalidParameterException",
    denied: "AccessDeniedException",
    throttled: "ThrottlingException",
    operations: &[group::OPERATIONS, stream::OPERATIONS, tagging::OPERATIONS],
};

/// What it holds.
#[derive(Clone, Debug, Default)]
pub struct State {
    groups: BTreeMap<String, group::Group>,
}

/// What goes on by itself.
#[derive(Clone, Debug)]
pub enum Event {
    /// A deleted log group is no longer listed.
    Unlist(String),
    /// The name of a deleted log group is free again.
    Free(String),
}

/// Lets an event happen.
pub fn happen(world: &mut World, place: &Place, event: Event) {
    let groups = &mut world.at(place).logs.groups;
    match event {
        Event::Unlist(name) => {
            if let Some(group) = groups.get_mut(&name) {
                group.life = group.life.unlisted();
            }
        }
        Event::Free(name) => {
            groups.remove(&name);
        }
    }
}

/// What exists.
pub fn items(region: &Region) -> Vec<Item> {
    region.logs.groups.values().filter(|group| group.is_alive()).map(|group| group::item(region, group)).collect()
}

/// Whether a log group of that name exists.
pub fn exists(region: &Region, name: &str) -> bool {
    region.logs.groups.get(name).is_some_and(group::Group::is_alive)
}

/// Writes one line to a stream of a log group, as the `awslogs` driver does; the stream is made where there is none.
/// Nothing happens where there is no such group.
pub fn put(region: &mut Region, group: &str, stream: &str, line: &str, now: Time) {
    if let Some(group) = region.logs.groups.get_mut(group).filter(|group| group.is_alive()) {
        group.stream(stream, now).write(now.0, line, now);
    }
}

/// The lines of one stream, or of all streams of a group in the order of their names.
pub fn lines<'r>(region: &'r Region, group: &str, stream: Option<&str>) -> Vec<&'r str> {
    let Some(group) = region.logs.groups.get(group) else { return Vec::new() };
    let streams = group.streams.iter().filter(|(name, _)| stream.is_none_or(|wanted| wanted == *name));
    streams.flat_map(|(_, stream)| stream.lines()).collect()
}

/// The log group of that name, deleted ones not included.
fn find<'r>(region: &'r Region, name: &str) -> Result<&'r group::Group, Refusal> {
    region.logs.groups.get(name).filter(|group| group.is_alive()).ok_or_else(refusals::no_group)
}

/// The same to change.
fn find_mut<'r>(region: &'r mut Region, name: &str) -> Result<&'r mut group::Group, Refusal> {
    region.logs.groups.get_mut(name).filter(|group| group.is_alive()).ok_or_else(refusals::no_group)
}

/// The name in a log group's name or ARN, with or without `:*`.
fn name_in(text: &str) -> &str {
    let text = text.strip_suffix(":*").unwrap_or(text);
    text.split_once(":log-group:").map_or(text, |(_, name)| name)
}

/// The group that the request names by `logGroupName` or by `logGroupIdentifier`, one of which must be there.
fn group_name(call: &Call<'_>) -> Result<String, Refusal> {
    match (call.input["logGroupName"].as_str(), call.input["logGroupIdentifier"].as_str()) {
        (Some(name), None) => Ok(name.to_owned()),
        (None, Some(identifier)) => Ok(name_in(identifier).to_owned()),
        _ => Err(refusals::invalid("Specify either logGroupName or logGroupIdentifier.")),
    }
}

/// The question about one log group. Most actions see its ARN with what may follow the name, the tag actions without
/// (`LogGroup$arn` in the API model).
fn ask_about(call: &Call<'_>, action: &str, name: &str, rest: &str) -> Ask {
    let ask = Ask::new(format!("logs:{action}"), call.arn("logs", &format!("log-group:{name}{rest}")));
    match find(call.peek(), name) {
        Ok(group) => ask.resource_tags(&group.tags),
        Err(_) => ask,
    }
}

/// The question about the log group that the request names.
fn on_group(call: &Call<'_>, action: &str) -> Vec<Ask> {
    vec![ask_about(call, action, &group_name(call).unwrap_or_default(), ":log-stream:")]
}

/// The question about the log stream that the request names.
fn on_stream(call: &Call<'_>, action: &str) -> Vec<Ask> {
    let rest = format!(":log-stream:{}", call.text("logStreamName"));
    vec![ask_about(call, action, &group_name(call).unwrap_or_default(), &rest)]
}

/// One page of a listing that is in order already.
fn page_of(
    call: &Call<'_>,
    all: Vec<Value>,
    most: usize,
    listing: &str,
) -> Result<(Vec<Value>, Option<String>), Refusal> {
    let limit = call.input["limit"].as_u64().map_or(most, |asked| (asked as usize).clamp(1, most));
    let numbered = all.into_iter().enumerate().collect();
    let (page, next) =
        page::cut(numbered, |(i, _)| format!("{i:09}"), limit, call.input["nextToken"].as_str(), listing, call.now)
            .map_err(|_| refusals::invalid("The specified nextToken is invalid."))?;
    Ok((page.into_iter().map(|(_, value)| value).collect(), next))
}

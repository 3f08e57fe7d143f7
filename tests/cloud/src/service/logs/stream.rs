//! Log streams and their events.

use super::{find, find_mut, group_name, on_group, on_stream, page_of, refusals};
use crate::call::{Access, Answer, Call, Operation, Refusal, nothing};
use crate::clock::Time;
use crate::world::Region;
use serde_json::{Value, json};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        name: "CreateLogStream",
        access: Access::Write,
        asks: |call| on_stream(call, "CreateLogStream"),
        run: create,
    },
    Operation {
        name: "DescribeLogStreams",
        access: Access::Read,
        asks: |call| on_group(call, "DescribeLogStreams"),
        run: describe_some,
    },
    Operation { name: "PutLogEvents", access: Access::Write, asks: |call| on_stream(call, "PutLogEvents"), run: put },
    Operation { name: "GetLogEvents", access: Access::Read, asks: |call| on_stream(call, "GetLogEvents"), run: get },
    Operation {
        name: "FilterLogEvents",
        access: Access::Read,
        asks: |call| on_group(call, "FilterLogEvents"),
        run: filter,
    },
];

/// `DescribeLimit` and `EventsLimit` in the API model.
const STREAM_PAGE: usize = 50;
const EVENT_PAGE: usize = 10_000;
/// How far in the future and in the past an event may lie: `PutLogEvents` in the API model.
const TOO_NEW: u64 = 2 * 60 * 60 * 1000;
const TOO_OLD: u64 = 14 * 24 * 60 * 60 * 1000;

/// A log stream.
#[derive(Clone, Debug)]
pub(super) struct Stream {
    created: Time,
    events: Vec<Line>,
}

/// A log event.
#[derive(Clone, Debug)]
struct Line {
    at: u64,
    ingested: Time,
    text: String,
}

impl Stream {
    pub(super) fn new(created: Time) -> Self {
        Self { created, events: Vec::new() }
    }

    pub(super) fn write(&mut self, at: u64, text: &str, now: Time) {
        let place = self.events.partition_point(|event| event.at <= at);
        self.events.insert(place, Line { at, ingested: now, text: text.to_owned() });
    }

    pub(super) fn lines(&self) -> impl Iterator<Item = &str> {
        self.events.iter().map(|event| event.text.as_str())
    }

    fn last(&self) -> u64 {
        self.events.last().map_or(0, |event| event.at)
    }

    fn describe(&self, name: &str, group_arn: &str) -> Value {
        json!({
            "logStreamName": name,
            "creationTime": self.created.0,
            "firstEventTimestamp": self.events.first().map(|event| event.at),
            "lastEventTimestamp": self.events.last().map(|event| event.at),
            "lastIngestionTime": self.events.iter().map(|event| event.ingested.0).max(),
            "arn": format!("{group_arn}:log-stream:{name}"),
            "storedBytes": 0,
        })
    }
}

impl Line {
    fn describe(&self) -> Value {
        json!({"timestamp": self.at, "ingestionTime": self.ingested.0, "message": self.text})
    }

    fn is_between(&self, call: &Call<'_>) -> bool {
        call.input["startTime"].as_u64().is_none_or(|start| self.at >= start)
            && call.input["endTime"].as_u64().is_none_or(|end| self.at < end)
    }
}

fn create(call: &mut Call<'_>) -> Answer {
    let (group, name, now) = (group_name(call)?, call.text("logStreamName").to_owned(), call.now);
    let group = find_mut(call.regional(), &group)?;
    if group.streams.contains_key(&name) {
        return Err(refusals::stream_exists());
    }
    group.stream(&name, now);
    nothing()
}

fn describe_some(call: &mut Call<'_>) -> Answer {
    let group_name = group_name(call)?;
    let by_time = call.text("orderBy") == "LastEventTime";
    let prefix = call.input["logStreamNamePrefix"].as_str();
    if by_time && prefix.is_some() {
        return Err(refusals::invalid("Cannot order by LastEventTime with a logStreamNamePrefix."));
    }
    let region = call.peek();
    let arn = region.arn("logs", &format!("log-group:{group_name}"));
    let streams = find(region, &group_name)?.streams.iter();
    let mut streams: Vec<_> =
        streams.filter(|(name, _)| prefix.is_none_or(|prefix| name.starts_with(prefix))).collect();
    if by_time {
        streams.sort_by_key(|(_, stream)| stream.last());
    }
    if call.input["descending"].as_bool().unwrap_or_default() {
        streams.reverse();
    }
    let all = streams.into_iter().map(|(name, stream)| stream.describe(name, &arn)).collect();
    let (page, next) = page_of(call, all, STREAM_PAGE, &format!("streams {group_name}"))?;
    Ok(json!({"logStreams": page, "nextToken": next}))
}

fn put(call: &mut Call<'_>) -> Answer {
    let (group, name, now) = (group_name(call)?, call.text("logStreamName").to_owned(), call.now);
    let events: Vec<(u64, String)> = call.input["logEvents"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|event| {
            (event["timestamp"].as_u64().unwrap_or_default(), event["message"].as_str().unwrap_or_default().to_owned())
        })
        .collect();
    let group = find_mut(call.regional(), &group)?;
    let stream = group.streams.get_mut(&name).ok_or_else(refusals::no_stream)?;
    if !events.is_sorted_by_key(|(at, _)| *at) {
        return Err(refusals::invalid("Log events in a single PutLogEvents request must be in chronological order."));
    }
    let too_old = events.iter().filter(|(at, _)| *at + TOO_OLD < now.0).count();
    let too_new = events.iter().position(|(at, _)| *at > now.0 + TOO_NEW);
    for (at, text) in events.iter().take(too_new.unwrap_or(events.len())).skip(too_old) {
        stream.write(*at, text, now);
    }
    let old_end = (too_old > 0).then_some(too_old);
    let rejected = (too_new.is_some() || old_end.is_some())
        .then(|| json!({"tooNewLogEventStartIndex": too_new, "tooOldLogEventEndIndex": old_end}));
    Ok(json!({"nextSequenceToken": call.world.random.text(b"0123456789", 56), "rejectedLogEventsInfo": rejected}))
}

fn stream<'r>(region: &'r Region, group: &str, name: &str) -> Result<&'r Stream, Refusal> {
    find(region, group)?.streams.get(name).ok_or_else(refusals::no_stream)
}

/// Pages go both ways: `f/N` starts at the N-th event of the range, `b/N` ends before it.
fn get(call: &mut Call<'_>) -> Answer {
    let stream = stream(call.peek(), &group_name(call)?, call.text("logStreamName"))?;
    let events: Vec<&Line> = stream.events.iter().filter(|event| event.is_between(call)).collect();
    let limit = call.input["limit"].as_u64().map_or(EVENT_PAGE, |asked| (asked as usize).clamp(1, EVENT_PAGE));
    let (start, end) = match call.input["nextToken"].as_str() {
        None if call.input["startFromHead"].as_bool().unwrap_or_default() => (0, limit),
        None => (events.len().saturating_sub(limit), events.len()),
        Some(token) => range(token, limit)?,
    };
    let end = end.min(events.len());
    let start = start.min(end);
    let page: Vec<Value> = events.iter().take(end).skip(start).map(|event| event.describe()).collect();
    Ok(json!({
        "events": page,
        "nextForwardToken": format!("f/{end:056}/s"),
        "nextBackwardToken": format!("b/{start:056}/s"),
    }))
}

fn range(token: &str, limit: usize) -> Result<(usize, usize), Refusal> {
    let mut parts = token.split('/');
    let (way, at) = (parts.next(), parts.next().and_then(|at| at.parse::<usize>().ok()));
    match (way, at) {
        (Some("f"), Some(at)) => Ok((at, at.saturating_add(limit))),
        (Some("b"), Some(at)) => Ok((at.saturating_sub(limit), at)),
        _ => Err(refusals::invalid("The specified nextToken is invalid.")),
    }
}

fn filter(call: &mut Call<'_>) -> Answer {
    let group_name = group_name(call)?;
    let names: Option<Vec<&str>> =
        call.input["logStreamNames"].as_array().map(|list| list.iter().filter_map(Value::as_str).collect());
    let prefix = call.input["logStreamNamePrefix"].as_str();
    if names.is_some() && prefix.is_some() {
        return Err(refusals::invalid("Specify either logStreamNames or logStreamNamePrefix, not both."));
    }
    let terms: Vec<&str> = call.text("filterPattern").split_whitespace().map(|term| term.trim_matches('"')).collect();
    let is_wanted = |name: &str| {
        names.as_ref().is_none_or(|names| names.contains(&name)) && prefix.is_none_or(|prefix| name.starts_with(prefix))
    };
    let streams = find(call.peek(), &group_name)?.streams.iter().filter(|(name, _)| is_wanted(name));
    let mut found: Vec<(u64, Value)> = streams
        .flat_map(|(name, stream)| stream.events.iter().enumerate().map(move |(i, event)| (name, i, event)))
        .filter(|(_, _, event)| event.is_between(call) && terms.iter().all(|term| event.text.contains(term)))
        .map(|(name, i, event)| (event.at, with_stream(event, name, i)))
        .collect();
    found.sort_by_key(|(at, _)| *at);
    let all = found.into_iter().map(|(_, event)| event).collect();
    let (page, next) = page_of(call, all, EVENT_PAGE, &format!("events {group_name}"))?;
    Ok(json!({"events": page, "searchedLogStreams": [], "nextToken": next}))
}

fn with_stream(event: &Line, name: &str, index: usize) -> Value {
    let mut value = event.describe();
    value["logStreamName"] = json!(name);
    value["eventId"] = json!(format!("{:020}{index:036}", event.at));
    value
}

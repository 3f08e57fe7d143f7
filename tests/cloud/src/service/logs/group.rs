//! Log groups.

use super::stream::Stream;
use super::{ask_about, find, find_mut, name_in, on_group, page_of, refusals};
use crate::call::{Access, Answer, Ask, Call, Operation, Refusal, ask_any, nothing};
use crate::clock::Time;
use crate::service::{Item, kms};
use crate::tags::{Spelling, Tags};
use crate::world::{Event, Region};
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub(super) const OPERATIONS: &[Operation] = &[
    Operation { name: "CreateLogGroup", access: Access::Write, asks: create_asks, run: create },
    Operation {
        name: "DescribeLogGroups",
        access: Access::Read,
        asks: |_| ask_any("logs:DescribeLogGroups"),
        run: describe_some,
    },
    Operation {
        name: "PutRetentionPolicy",
        access: Access::Write,
        asks: |call| on_group(call, "PutRetentionPolicy"),
        run: put_retention,
    },
    Operation {
        name: "DeleteRetentionPolicy",
        access: Access::Write,
        asks: |call| on_group(call, "DeleteRetentionPolicy"),
        run: delete_retention,
    },
    Operation {
        name: "AssociateKmsKey",
        access: Access::Write,
        asks: |call| on_group(call, "AssociateKmsKey"),
        run: associate_key,
    },
    Operation {
        name: "DisassociateKmsKey",
        access: Access::Write,
        asks: |call| on_group(call, "DisassociateKmsKey"),
        run: disassociate_key,
    },
    Operation {
        name: "PutLogGroupDeletionProtection",
        access: Access::Write,
        asks: |call| on_group(call, "PutLogGroupDeletionProtection"),
        run: protect,
    },
    Operation {
        name: "DeleteLogGroup",
        access: Access::Write,
        asks: |call| on_group(call, "DeleteLogGroup"),
        run: delete,
    },
];

/// `DescribeLimit` in the API model.
const PAGE: usize = 50;
/// `PutRetentionPolicyRequest$retentionInDays` in the API model.
const RETENTIONS: [u64; 22] =
    [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];
/// Seconds for which a deleted group is still listed, and for which its name is blocked after that (observed order of
/// magnitude).
const LISTED: (f64, f64) = (0.0, 3.0);
const BLOCKED: (f64, f64) = (0.5, 4.0);

/// A log group.
#[derive(Clone, Debug)]
pub(super) struct Group {
    name: String,
    created: Time,
    retention: Option<u64>,
    key: Option<String>,
    class: String,
    protected: bool,
    pub(super) tags: Tags,
    pub(super) streams: BTreeMap<String, Stream>,
    pub(super) life: Life,
}

/// How far a log group is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Life {
    Alive,
    /// Deleted, but still in listings.
    Listed,
    /// Out of the listings, but its name can't be used yet.
    Blocked,
}

impl Life {
    pub(super) fn unlisted(self) -> Self {
        match self {
            Self::Alive => Self::Alive,
            Self::Listed | Self::Blocked => Self::Blocked,
        }
    }
}

impl Group {
    pub(super) fn is_alive(&self) -> bool {
        self.life == Life::Alive
    }

    /// The stream of that name, made if it was not there.
    pub(super) fn stream(&mut self, name: &str, now: Time) -> &mut Stream {
        self.streams.entry(name.to_owned()).or_insert_with(|| Stream::new(now))
    }
}

fn create_asks(call: &Call<'_>) -> Vec<Ask> {
    let tags = Spelling::Map.read(&call.input["tags"]).unwrap_or_default();
    let name = call.text("logGroupName");
    let mut asks = vec![ask_about(call, "CreateLogGroup", name, ":log-stream:").request_tags(&tags)];
    if !tags.is_empty() {
        asks.push(ask_about(call, "TagResource", name, "").request_tags(&tags));
    }
    asks
}

fn create(call: &mut Call<'_>) -> Answer {
    let tags = Spelling::Map.read(&call.input["tags"]).map_err(refusals::tags)?;
    let name = call.text("logGroupName").to_owned();
    if name.to_ascii_lowercase().starts_with("aws/") {
        return Err(refusals::invalid("Log groups starting with AWS/ are reserved for AWS."));
    }
    match call.peek().logs.groups.get(&name).map(|group| group.life) {
        Some(Life::Alive) => return Err(refusals::group_exists()),
        Some(Life::Listed | Life::Blocked) => return Err(refusals::aborted()),
        None => {}
    }
    let key = call.input["kmsKeyId"].as_str().map(|key| usable_key(call, &name, key)).transpose()?;
    let group = Group {
        name: name.clone(),
        created: call.now,
        retention: None,
        key,
        class: call.input["logGroupClass"].as_str().unwrap_or("STANDARD").to_owned(),
        protected: call.input["deletionProtectionEnabled"].as_bool().unwrap_or_default(),
        tags,
        streams: BTreeMap::new(),
        life: Life::Alive,
    };
    call.regional().logs.groups.insert(name, group);
    nothing()
}

/// The key's ARN; only ARNs are taken.
fn usable_key(call: &Call<'_>, group: &str, named: &str) -> Result<String, Refusal> {
    let key = Some(named).filter(|named| named.starts_with("arn:")).and_then(|named| kms::resolve(call.peek(), named));
    key.filter(|key| key.enabled)
        .map(|key| key.arn)
        .ok_or_else(|| refusals::no_key(&call.arn("logs", &format!("log-group:{group}"))))
}

fn describe_some(call: &mut Call<'_>) -> Answer {
    let (prefix, pattern) = (call.input["logGroupNamePrefix"].as_str(), call.input["logGroupNamePattern"].as_str());
    if prefix.is_some() && pattern.is_some() {
        return Err(refusals::invalid(
            "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.",
        ));
    }
    let identifiers: Option<Vec<&str>> = call.input["logGroupIdentifiers"]
        .as_array()
        .map(|list| list.iter().filter_map(Value::as_str).map(name_in).collect());
    let class = call.input["logGroupClass"].as_str();
    let region = call.peek();
    let matches = |group: &&Group| {
        group.life != Life::Blocked
            && prefix.is_none_or(|prefix| group.name.starts_with(prefix))
            && pattern.is_none_or(|pattern| group.name.contains(pattern))
            && class.is_none_or(|class| group.class == class)
            && identifiers.as_ref().is_none_or(|names| names.contains(&group.name.as_str()))
    };
    let all = region.logs.groups.values().filter(matches).map(|group| describe(region, group)).collect();
    let listing = format!("groups {} {}", prefix.unwrap_or_default(), pattern.unwrap_or_default());
    let (page, next) = page_of(call, all, PAGE, &listing)?;
    Ok(json!({"logGroups": page, "nextToken": next}))
}

fn named<'c>(call: &'c mut Call<'_>) -> Result<&'c mut Group, Refusal> {
    let name = super::group_name(call)?;
    find_mut(call.regional(), &name)
}

fn put_retention(call: &mut Call<'_>) -> Answer {
    let days = call.input["retentionInDays"].as_u64().unwrap_or_default();
    if !RETENTIONS.contains(&days) {
        let allowed = RETENTIONS.map(|days| days.to_string()).join(", ");
        return Err(refusals::invalid(format!(
            "1 validation error detected: Value '{days}' at 'retentionInDays' failed to satisfy constraint: Member must satisfy enum value set: [{allowed}]"
        )));
    }
    named(call)?.retention = Some(days);
    nothing()
}

fn delete_retention(call: &mut Call<'_>) -> Answer {
    named(call)?.retention = None;
    nothing()
}

fn associate_key(call: &mut Call<'_>) -> Answer {
    let name = super::group_name(call)?;
    find(call.peek(), &name)?;
    let key = usable_key(call, &name, call.text("kmsKeyId"))?;
    named(call)?.key = Some(key);
    nothing()
}

fn disassociate_key(call: &mut Call<'_>) -> Answer {
    named(call)?.key = None;
    nothing()
}

fn protect(call: &mut Call<'_>) -> Answer {
    let protected = call.input["deletionProtectionEnabled"].as_bool().unwrap_or_default();
    named(call)?.protected = protected;
    nothing()
}

fn delete(call: &mut Call<'_>) -> Answer {
    let group = named(call)?;
    if group.protected {
        return Err(refusals::protected());
    }
    group.life = Life::Listed;
    group.streams.clear();
    let name = group.name.clone();
    let place = call.regional().place();
    let listed = call.world.random.seconds(LISTED.0, LISTED.1);
    let blocked = call.world.random.seconds(BLOCKED.0, BLOCKED.1);
    call.world.after(listed, &place, Event::Logs(super::Event::Unlist(name.clone())));
    call.world.after(listed + blocked, &place, Event::Logs(super::Event::Free(name)));
    nothing()
}

fn arn(region: &Region, name: &str) -> String {
    region.arn("logs", &format!("log-group:{name}"))
}

/// A log group as `DescribeLogGroups` shows it.
fn describe(region: &Region, group: &Group) -> Value {
    let arn = arn(region, &group.name);
    json!({
        "logGroupName": group.name,
        "creationTime": group.created.0,
        "retentionInDays": group.retention,
        "metricFilterCount": 0,
        "arn": format!("{arn}:*"),
        "logGroupArn": arn,
        "storedBytes": 0,
        "kmsKeyId": group.key,
        "logGroupClass": group.class,
        "deletionProtectionEnabled": group.protected,
    })
}

pub(super) fn item(region: &Region, group: &Group) -> Item {
    Item {
        kind: "logs:log-group",
        id: group.name.clone(),
        arn: arn(region, &group.name),
        tags: group.tags.clone(),
        state: describe(region, group),
    }
}

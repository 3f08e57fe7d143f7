//! Resource Groups Tagging API: the resources of one region by their tags, seen late.
//!
//! It reads what all services hold through `service::items`, but not at once: a new resource, a changed tag or a
//! deletion shows up only after up to half a minute, per resource (observed behaviour, not documented; the API
//! Reference promises no time). IAM's resources never appear, and one that lost its last tag stays with an empty list.
//! Deliberately absent: TagResources and UntagResources, compliance with tag policies, and pages cut by TagsPerPage.

mod memory;

pub use memory::{State, remember};

use super::Service;
use crate::call::{Access, Answer, Call, Operation, Refusal, ask_any};
use crate::clock::Time;
use crate::tags::{Spelling, Tags};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;

/// How long a token is good for (API Reference, PaginationTokenExpiredException).
const TOKEN_LIFE: Duration = Duration::from_secs(15 * 60);
/// Resources a page where no number is asked for, and at most.
const PAGE: (u64, u64) = (50, 100);
/// ARNs or resource types that one call may name (API Reference, GetResources).
const MAX_NAMED: usize = 100;

/// The service's table.
pub static SERVICE: Service = Service {
    model: "resourcegroupstaggingapi",
    signing: "tagging",
    invalid: "InvalidParameterException",
    missing: "InvalidParameterException",
    denied: "AccessDeniedException",
    throttled: "ThrottledException",
    operations: &[OPERATIONS],
};

const OPERATIONS: &[Operation] = &[
    Operation { name: "GetResources", access: Access::Read, asks: |_| ask_any("tag:GetResources"), run: get_resources },
    Operation { name: "GetTagKeys", access: Access::Read, asks: |_| ask_any("tag:GetTagKeys"), run: get_tag_keys },
];

/// What a call asks for, checked.
struct Query {
    filters: Vec<(String, Vec<String>)>,
    types: Vec<String>,
    arns: Vec<String>,
    limit: usize,
}

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new("InvalidParameterException", message)
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

impl Query {
    fn read(input: &Value) -> Result<Self, Refusal> {
        let filters = input["TagFilters"].as_array().into_iter().flatten();
        let filter = |filter: &Value| match filter["Key"].as_str() {
            Some(key) if !key.is_empty() => Ok((key.to_owned(), texts(&filter["Values"]))),
            _ => Err(invalid("TagFilters must have a key")),
        };
        let filters = filters.map(filter).collect::<Result<Vec<_>, _>>()?;
        let (types, arns) = (texts(&input["ResourceTypeFilters"]), texts(&input["ResourceARNList"]));
        let paged = ["ResourcesPerPage", "TagsPerPage", "PaginationToken"].iter().any(|name| !input[name].is_null());
        if !arns.is_empty() && (!filters.is_empty() || !types.is_empty() || paged) {
            return Err(invalid("ResourceARNList cannot be combined with filters or pagination parameters"));
        }
        if types.len() > MAX_NAMED || arns.len() > MAX_NAMED {
            return Err(invalid("At most 100 resource types or ARNs can be specified"));
        }
        if let Some(arn) = arns.iter().find(|arn| !arn.starts_with("arn:")) {
            return Err(invalid(format!("{arn} is not a valid ARN")));
        }
        let (default, most) = PAGE;
        let limit = input["ResourcesPerPage"].as_u64().unwrap_or(default);
        let tags = input["TagsPerPage"].as_u64();
        if !(1..=most).contains(&limit) || tags.is_some_and(|tags| !(100..=500).contains(&tags)) {
            return Err(invalid("ResourcesPerPage must be between 1 and 100, TagsPerPage between 100 and 500"));
        }
        Ok(Self { filters, types, arns, limit: limit as usize })
    }

    /// All filters must fit; of one filter's values, any.
    fn fits(&self, arn: &str, tags: &Tags) -> bool {
        let Self { filters, types, arns, limit: _ } = self;
        let tagged = filters
            .iter()
            .all(|(key, values)| tags.get(key).is_some_and(|own| values.is_empty() || values.contains(own)));
        let typed = types.is_empty() || types.iter().any(|wanted| is_of_type(arn, wanted));
        tagged && typed && (arns.is_empty() || arns.iter().any(|named| named == arn))
    }

    /// What a token belongs to.
    fn listing(&self) -> String {
        format!("{:?} {:?}", self.filters, self.types)
    }
}

/// Whether an ARN is of a type such as `ecs` or `ecs:service`.
fn is_of_type(arn: &str, wanted: &str) -> bool {
    let mut parts = arn.splitn(6, ':').skip(2);
    let (service, resource) = (parts.next().unwrap_or_default(), parts.nth(2).unwrap_or_default());
    match wanted.split_once(':') {
        None => service == wanted,
        Some((of, kind)) => {
            let rest = resource.strip_prefix(kind);
            service == of && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', ':']))
        }
    }
}

fn get_resources(call: &mut Call<'_>) -> Answer {
    let query = Query::read(&call.input)?;
    let seen = call.peek().tagging.seen(call.now);
    let behind = open(call.input["PaginationToken"].as_str().unwrap_or_default(), &query.listing(), call.now)?;
    let behind = behind.unwrap_or_default();
    let mut found: Vec<(String, Tags)> =
        seen.into_iter().filter(|(arn, tags)| *arn > behind && query.fits(arn, tags)).collect();
    let limit = if query.arns.is_empty() { query.limit } else { MAX_NAMED };
    let more = found.len() > limit;
    found.truncate(limit);
    let last = found.last().filter(|_| more).map(|(arn, _)| arn.as_str());
    let token = last.map(|arn| seal(arn, &query.listing(), call.now)).unwrap_or_default();
    let shown: Vec<Value> =
        found.iter().map(|(arn, tags)| json!({"ResourceARN": arn, "Tags": Spelling::Upper.write(tags)})).collect();
    Ok(json!({"PaginationToken": token, "ResourceTagMappingList": shown}))
}

fn get_tag_keys(call: &mut Call<'_>) -> Answer {
    let seen = call.peek().tagging.seen(call.now);
    let keys: BTreeSet<&String> = seen.values().flat_map(Tags::keys).collect();
    Ok(json!({"PaginationToken": "", "TagKeys": keys}))
}

fn seal(last: &str, listing: &str, now: Time) -> String {
    URL_SAFE_NO_PAD.encode(format!("{}\n{listing}\n{last}", now.0))
}

/// The ARN behind which the page of a token starts; none for the first page.
fn open(token: &str, listing: &str, now: Time) -> Result<Option<String>, Refusal> {
    if token.is_empty() {
        return Ok(None);
    }
    let text = URL_SAFE_NO_PAD.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default();
    let mut parts = text.splitn(3, '\n');
    let made = parts.next().and_then(|made| made.parse().ok()).map(Time);
    match (made, parts.next(), parts.next()) {
        (Some(made), Some(of), Some(_)) if of == listing && now - made > TOKEN_LIFE => {
            Err(Refusal::new("PaginationTokenExpiredException", "The pagination token has expired"))
        }
        (Some(_), Some(of), Some(last)) if of == listing => Ok(Some(last.to_owned())),
        _ => Err(invalid("The pagination token is not valid for this request")),
    }
}
